//! A native Lambda function: answers with its event and what the runtime told it of the invocation.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    if payload.get("do").and_then(Value::as_str) == Some("fail") {
        return Err("told to fail".into());
    }
    Ok(json!({
        "event": payload,
        "request_id": context.request_id,
        "arn": context.invoked_function_arn,
        "function": context.env_config.function_name,
        "memory": context.env_config.memory,
    }))
}
