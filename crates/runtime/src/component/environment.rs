//! The environment variables of a component: the function's own, and those that Lambda's runtimes set.
//!
//! Source of the reserved names: "Defined runtime environment variables", Lambda developer guide (read 2026-11-24).

use std::collections::BTreeMap;

use services::run::Job;

use super::GATEWAY;

/// Defaults that a function may override, then its own variables, then those that nobody may set.
pub(super) fn variables(job: &Job) -> Vec<(String, String)> {
    let own = job.function.environment.iter().map(|(name, value)| (name.clone(), value.clone()));
    let named = |(name, value): (&str, String)| (name.to_owned(), value);
    let variables: BTreeMap<String, String> =
        overridable().into_iter().map(named).chain(own).chain(reserved(job).into_iter().map(named)).collect();
    variables.into_iter().collect()
}

fn overridable() -> [(&'static str, String); 2] {
    [("AWS_ENDPOINT_URL", format!("http://{GATEWAY}")), ("TZ", ":UTC".to_owned())]
}

fn reserved(job: &Job) -> [(&'static str, String); 12] {
    let Job { function, credentials, .. } = job;
    [
        ("_HANDLER", function.handler.to_string()),
        ("_X_AMZN_TRACE_ID", trace_header(job)),
        ("AWS_REGION", function.region.to_string()),
        ("AWS_DEFAULT_REGION", function.region.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", function.version.to_string()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mib.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.to_string()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.to_string()),
        ("AWS_SESSION_TOKEN", credentials.session_token.to_string()),
    ]
}

/// `Root=1-<8 digits>-<24 digits>;Parent=<16 digits>;Sampled=<0 or 1>`
fn trace_header(job: &Job) -> String {
    let trace = &job.trace;
    let root = hex::encode(trace.trace);
    let (time, rest) = root.split_at(8);
    format!("Root=1-{time}-{rest};Parent={};Sampled={}", hex::encode(trace.span), u8::from(trace.sampled))
}
