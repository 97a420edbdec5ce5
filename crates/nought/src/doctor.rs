//! `nought doctor`: what of this machine can be used, and what to do about what cannot.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use runtime::Tier;
use serde_json::{Value, json};

use crate::cli;
use crate::package::interpreter;

/// Syncs that are timed.
const SYNCS: usize = 20;
/// Above this a commit takes long: the disk, or what is between it and us.
const SYNC_SLOW: Duration = Duration::from_millis(20);
/// Open files that a busy server wants: two for each connection, and what the store and functions hold.
const FILES_WANTED: u64 = 16 * 1024;
/// Memory mappings that a thousand WebAssembly instances want. Source: FACTS, "N at most (max_map_count - 10,000) / 12".
const MAPS_WANTED: u64 = 10_000 + 12 * 1_000;

/// One thing that was looked at.
struct Finding {
    name: &'static str,
    found: String,
    /// What is wrong and what to do, where something is.
    advice: Option<String>,
}

pub async fn run(command: &cli::Doctor) -> Result<()> {
    let mut findings = sandbox().await;
    findings.extend([python(), node(), disk(&command.data)?, files()?, maps()?]);
    match command.json {
        true => println!("{}", Value::Array(findings.iter().map(to_json).collect())),
        false => findings.iter().for_each(print),
    }
    Ok(())
}

async fn sandbox() -> Vec<Finding> {
    let name = "sandbox";
    let probed = async {
        let folder = tempfile::tempdir()?;
        Ok::<_, anyhow::Error>(runtime::doctor(&runtime::Options::new(folder.path())).await?)
    };
    match probed.await {
        Err(error) => vec![Finding { name, found: "cannot be tried".to_owned(), advice: Some(format!("{error:#}")) }],
        Ok(doctor) => {
            let tier = match doctor.tier {
                Tier::Full => "full: every namespace, and a user for each function",
                Tier::Rootless => "rootless: started by an ordinary user, through user namespaces",
                Tier::None => "none: no function runs as a process here; WebAssembly components do",
            };
            let missing = doctor.missing.into_iter().map(|missing| Finding {
                name,
                found: "missing".to_owned(),
                advice: Some(missing),
            });
            let tier = Finding { name, found: tier.to_owned(), advice: None };
            std::iter::once(tier).chain(missing).collect()
        }
    }
}

fn python() -> Finding {
    let (found, advice) = match interpreter::newest_python(&[]) {
        Some(python) => (python.display().to_string(), None),
        None => ("none".to_owned(), Some("Python functions need one in /usr/bin or /usr/local/bin".to_owned())),
    };
    Finding { name: "python", found, advice }
}

fn node() -> Finding {
    let found = ["/usr/bin/node", "/usr/local/bin/node"].into_iter().find(|path| Path::new(path).exists());
    let advice = "Node.js functions need it in /usr/bin or /usr/local/bin";
    match found {
        Some(path) => Finding { name: "node", found: format!("{path}, {}", interpreter::node_runtime()), advice: None },
        None => Finding { name: "node", found: "none".to_owned(), advice: Some(advice.to_owned()) },
    }
}

/// How long the disk takes to keep a little: every acknowledged write waits for this once.
fn disk(data: &Path) -> Result<Finding> {
    let folder = data.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let path = folder.join(".nought-doctor");
    let timed = (|| {
        let mut file = File::create(&path)?;
        let mut times = Vec::with_capacity(SYNCS);
        for _ in 0..SYNCS {
            let began = Instant::now();
            file.write_all(&[0; 512])?;
            file.sync_data()?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        Ok::<_, std::io::Error>((times[SYNCS / 2], times[SYNCS - 1]))
    })();
    drop(fs::remove_file(&path));
    let (median, worst) = timed.with_context(|| format!("cannot write in {}", folder.display()))?;
    let advice = (median > SYNC_SLOW).then(|| "the disk is slow to sync: writes wait for it".to_owned());
    let found = format!("sync {:.2} ms, at worst {:.2} ms", median.as_secs_f64() * 1e3, worst.as_secs_f64() * 1e3);
    Ok(Finding { name: "disk", found, advice })
}

/// The hard limit: the server raises its own to it.
fn files() -> Result<Finding> {
    let limits = fs::read_to_string("/proc/self/limits").context("cannot read /proc/self/limits")?;
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    let hard = line.split_whitespace().nth(4).unwrap_or("0");
    let enough = hard == "unlimited" || hard.parse::<u64>().is_ok_and(|hard| hard >= FILES_WANTED);
    let advice = (!enough).then(|| format!("allow {FILES_WANTED}: LimitNOFILE= in a unit, or ulimit -n"));
    Ok(Finding { name: "open files", found: hard.to_owned(), advice })
}

fn maps() -> Result<Finding> {
    let text = fs::read_to_string("/proc/sys/vm/max_map_count").context("cannot read vm.max_map_count")?;
    let count: u64 = text.trim().parse().context("vm.max_map_count is no number")?;
    let advice =
        (count < MAPS_WANTED).then(|| format!("sysctl vm.max_map_count={MAPS_WANTED}, for more instances at once"));
    Ok(Finding { name: "memory maps", found: count.to_string(), advice })
}

fn to_json(finding: &Finding) -> Value {
    json!({ "name": finding.name, "found": finding.found, "advice": finding.advice })
}

fn print(finding: &Finding) {
    match &finding.advice {
        None => println!("ok    {:<12} {}", finding.name, finding.found),
        Some(advice) => println!("look  {:<12} {}\n                   {advice}", finding.name, finding.found),
    }
}
