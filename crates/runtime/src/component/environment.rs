//! The environment variables of a component: the function's own, and those that Lambda's runtimes set.
//!
//! Source of the reserved names: "Defined runtime environment variables", Lambda developer guide (read 2026-11-24).

use services::run::Job;

use super::GATEWAY;

/// A function's own variables come first: reserved names override them, as Lambda refuses them at configuration.
pub(super) fn variables(job: &Job) -> Vec<(String, String)> {
    let function = &job.function;
    let credentials = &job.credentials;
    let reserved = [
        ("AWS_REGION", function.region.to_string()),
        ("AWS_DEFAULT_REGION", function.region.to_string()),
        ("AWS_ENDPOINT_URL", format!("http://{GATEWAY}")),
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.to_string()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.to_string()),
        ("AWS_SESSION_TOKEN", credentials.session_token.to_string()),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_wasm".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", function.version.to_string()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mib.to_string()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("_HANDLER", function.handler.to_string()),
        ("_X_AMZN_TRACE_ID", trace_header(job)),
        ("TZ", ":UTC".to_owned()),
    ];
    let own = function.environment.iter().filter(|(name, _)| !reserved.iter().any(|(taken, _)| taken == name));
    own.map(|(name, value)| (name.clone(), value.clone()))
        .chain(reserved.iter().map(|(name, value)| ((*name).to_owned(), value.clone())))
        .collect()
}

/// `Root=1-<8 digits>-<24 digits>;Parent=<16 digits>;Sampled=<0 or 1>`
fn trace_header(job: &Job) -> String {
    let trace = &job.trace;
    let root = hex::encode(trace.trace);
    let (time, rest) = root.split_at(8);
    format!("Root=1-{time}-{rest};Parent={};Sampled={}", hex::encode(trace.span), u8::from(trace.sampled))
}
