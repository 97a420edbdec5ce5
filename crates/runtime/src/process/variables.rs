//! The environment variables of a function, as Lambda sets them.
//!
//! Source: AWS Lambda developer guide, "Defined runtime environment variables" (read 2026-11-24).

use std::collections::BTreeMap;

use services::run::{Credentials, EnvironmentId, FunctionVersion};

use super::interpreter::Language;
use super::sandbox::{GATEWAY_PORT, RUNTIME_API_PORT, TASK_ROOT};

/// Where our bootstraps lie, as the function sees it.
pub const RUNTIME_DIR: &str = "/var/runtime";

pub struct Subject<'a> {
    pub function: &'a FunctionVersion,
    pub credentials: &'a Credentials,
    pub environment: &'a EnvironmentId,
    pub language: Option<Language>,
    pub node_major: u32,
    /// Whether an HTTP proxy to the outside is offered at the gateway.
    pub egress: bool,
}

/// Defaults that a function may override, then its own variables, then those that nobody may set.
pub fn variables(subject: &Subject) -> Vec<(String, String)> {
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |rows: Vec<(&str, String)>| {
        variables.extend(rows.into_iter().map(|(name, value)| (name.to_owned(), value)));
    };
    set(overridable(subject));
    set(subject.function.environment.iter().map(|(name, value)| (name.as_str(), value.clone())).collect());
    set(reserved(subject));
    variables.into_iter().collect()
}

/// `2026/11/24/[7]0123...`: the name of the environment's log stream.
pub fn log_stream(function: &FunctionVersion, environment: &EnvironmentId) -> String {
    let day = jiff::Timestamp::now().strftime("%Y/%m/%d");
    format!("{day}/[{}]{}", function.version, environment.0)
}

fn overridable(subject: &Subject) -> Vec<(&'static str, String)> {
    let gateway = format!("http://127.0.0.1:{GATEWAY_PORT}");
    let mut rows = vec![
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("PATH", "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned()),
        (
            "LD_LIBRARY_PATH",
            "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib".to_owned(),
        ),
        ("AWS_ENDPOINT_URL", gateway.clone()),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
    ];
    if subject.egress {
        let local = "127.0.0.1,localhost".to_owned();
        rows.extend([
            ("HTTP_PROXY", gateway.clone()),
            ("HTTPS_PROXY", gateway.clone()),
            ("http_proxy", gateway.clone()),
            ("https_proxy", gateway),
            ("NO_PROXY", local.clone()),
            ("no_proxy", local),
        ]);
    }
    match subject.language {
        Some(Language::Python) => rows.push(("PYTHONPATH", format!("{RUNTIME_DIR}:{RUNTIME_DIR}/python"))),
        Some(Language::Node) => rows.push((
            "NODE_PATH",
            format!(
                "/opt/nodejs/node{}/node_modules:/opt/nodejs/node_modules:{RUNTIME_DIR}/node_modules:{RUNTIME_DIR}:{TASK_ROOT}",
                subject.node_major
            ),
        )),
        None => {}
    }
    rows
}

fn reserved(subject: &Subject) -> Vec<(&'static str, String)> {
    let Subject { function, credentials, .. } = subject;
    let mut rows = vec![
        ("_HANDLER", function.handler.to_string()),
        ("AWS_REGION", function.region.to_string()),
        ("AWS_DEFAULT_REGION", function.region.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", function.version.to_string()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mib.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream(function, subject.environment)),
        ("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{RUNTIME_API_PORT}")),
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.to_string()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.to_string()),
        ("AWS_SESSION_TOKEN", credentials.session_token.to_string()),
        ("LAMBDA_TASK_ROOT", TASK_ROOT.to_owned()),
        ("LAMBDA_RUNTIME_DIR", RUNTIME_DIR.to_owned()),
    ];
    // Only the managed runtimes have it; a bootstrap of one's own finds nothing there.
    if subject.language.is_some() {
        rows.push(("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", function.runtime)));
    }
    rows
}
