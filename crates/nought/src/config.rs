//! What a serving command goes by: flags and environment, else the configuration file, else the default.
//!
//! Start at [`Settings::read`]. A key that is not known, or a value that cannot be, is refused with the name of the
//! key and of the file.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::cli::{Egress, Serving};

const FILE_NAME: &str = "config.toml";
const PORT: u16 = 4566; // The port that serverless developers already have in their settings.
const CONNECTIONS_MAX: usize = 4096;
const CLIENT_TIMEOUT: Duration = Duration::from_secs(60); // nginx's client_header_timeout and client_body_timeout.
const STOP_GRACE: Duration = Duration::from_secs(30);
const ENVIRONMENTS_IDLE: Duration = Duration::from_secs(600);
/// Source: Lambda quotas, concurrent executions (read 2026-11-24).
const CONCURRENCY_MAX: u32 = 1000;
const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub egress: Egress,
    pub strict_runtimes: bool,
    pub require_sandbox: bool,
    /// Where interpreters are looked for, after /usr/bin and /usr/local/bin.
    pub interpreters: Vec<PathBuf>,
    pub environments_idle: Duration,
    /// Invocations at once, over all functions.
    pub concurrency_max: u32,
    /// For ever without it.
    pub log_retention: Option<Duration>,
    /// Times the delays and ages of asynchronous invocations; below 1 in tests.
    pub retry_scale: f64,
    pub connections_max: usize,
    /// Longest silence of a client that owes us bytes, or that we owe bytes and that does not take them.
    pub client_timeout: Duration,
    /// How long running invocations may take to finish once a stop is asked for.
    pub stop_grace: Duration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<SocketAddr>,
    function_egress: Option<Egress>,
    strict_runtimes: Option<bool>,
    require_sandbox: Option<bool>,
    #[serde(default)]
    interpreters: Vec<PathBuf>,
    environments_idle_secs: Option<u64>,
    concurrency_max: Option<u32>,
    log_retention_days: Option<u32>,
    retry_scale: Option<f64>,
    connections_max: Option<usize>,
    client_timeout_secs: Option<u64>,
    stop_grace_secs: Option<u64>,
}

impl Settings {
    /// `data_default` is where the command keeps its data if nothing names a directory.
    pub fn read(flags: &Serving, data_default: &Path) -> Result<Settings> {
        let data = flags.data.clone().unwrap_or_else(|| data_default.to_owned());
        let file = read_file(flags.config.as_deref(), &data)?;
        let seconds = |given: Option<u64>, default| given.map_or(default, Duration::from_secs);
        Ok(Settings {
            listen: flags.listen.or(file.listen).unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))),
            data,
            egress: flags.function_egress.or(file.function_egress).unwrap_or(Egress::Open),
            strict_runtimes: flags.strict_runtimes || file.strict_runtimes.unwrap_or(false),
            require_sandbox: flags.require_sandbox || file.require_sandbox.unwrap_or(false),
            interpreters: file.interpreters,
            environments_idle: seconds(file.environments_idle_secs, ENVIRONMENTS_IDLE),
            concurrency_max: file.concurrency_max.unwrap_or(CONCURRENCY_MAX),
            log_retention: file.log_retention_days.map(|days| DAY * days),
            retry_scale: file.retry_scale.unwrap_or(1.0),
            connections_max: file.connections_max.unwrap_or(CONNECTIONS_MAX),
            client_timeout: seconds(file.client_timeout_secs, CLIENT_TIMEOUT),
            stop_grace: seconds(file.stop_grace_secs, STOP_GRACE),
        })
    }
}

fn read_file(named: Option<&Path>, data: &Path) -> Result<File> {
    let path = named.map_or_else(|| data.join(FILE_NAME), Path::to_owned);
    if named.is_none() && !path.exists() {
        return Ok(File::default());
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let file = parse(&text).with_context(|| format!("in {}", path.display()))?;
    Ok(file)
}

fn parse(text: &str) -> Result<File> {
    let file: File = toml::from_str(text)?;
    let zero = [
        ("environments_idle_secs", file.environments_idle_secs),
        ("concurrency_max", file.concurrency_max.map(u64::from)),
        ("log_retention_days", file.log_retention_days.map(u64::from)),
        ("connections_max", file.connections_max.map(|count| count as u64)),
        ("client_timeout_secs", file.client_timeout_secs),
    ];
    if let Some((key, _)) = zero.into_iter().find(|(_, value)| *value == Some(0)) {
        bail!("{key} is 0: it must be at least 1");
    }
    if file.retry_scale.is_some_and(|scale| !(scale > 0.0 && scale <= 1.0)) {
        bail!("retry_scale must be above 0 and at most 1");
    }
    if let Some(path) = file.interpreters.iter().find(|path| !path.is_absolute()) {
        bail!("interpreters has {path:?}: give the absolute path of a directory");
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn check(text: &str, complaint: &str) {
        match parse(text) {
            Ok(_) => assert_eq!(complaint, "", "{text:?} was accepted"),
            Err(error) => {
                let shown = format!("{error:#}");
                assert!(!complaint.is_empty() && shown.contains(complaint), "{text:?} was refused with {shown:?}");
            }
        }
    }

    #[test]
    fn a_configuration_is_refused_by_the_name_of_its_wrong_key() {
        check("", "");
        check("listen = '127.0.0.1:0'\nfunction_egress = 'none'\nconnections_max = 10", "");
        check("lisen = '127.0.0.1:0'", "lisen");
        check("listen = 'everywhere'", "listen");
        check("function_egress = 'some'", "function_egress");
        check("client_timeout_secs = 0", "client_timeout_secs");
        check("log_retention_days = 0", "log_retention_days");
        check("interpreters = ['bin']", "interpreters");
        check("retry_scale = 0.01", "");
        check("retry_scale = 0.0", "retry_scale");
        check("retry_scale = nan", "retry_scale");
    }
}
