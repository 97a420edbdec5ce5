//! `nought invoke`: one event in, one answer out.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::Method;
use serde_json::json;

use crate::cli;
use crate::client::{Client, Encoded};

/// Answers of a function that failed carry this header.
const FUNCTION_ERROR: &str = "x-amz-function-error";

pub async fn run(command: cli::Invoke) -> Result<()> {
    let client = Client::new(&command.connection)?;
    let payload = payload(&command)?;
    let mut headers = vec![("x-amz-invocation-type", if command.later { "Event" } else { "RequestResponse" })];
    if command.log {
        headers.push(("x-amz-log-type", "Tail"));
    }
    let path = format!("/2015-03-31/functions/{}/invocations", Encoded(&command.function));
    let answer = client.call("lambda", Method::POST, &path, &headers, payload).await?;
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let tail = header("x-amz-log-result").and_then(|text| BASE64.decode(text).ok()).unwrap_or_default();
    let failed = header(FUNCTION_ERROR);
    let body = String::from_utf8_lossy(answer.body());
    match command.connection.json {
        true => println!(
            "{}",
            json!({
                "status": answer.status().as_u16(),
                "request_id": header("x-amzn-requestid"),
                "function_error": failed,
                "executed_version": header("x-amz-executed-version"),
                "payload": serde_json::from_str(&body).unwrap_or_else(|_| json!(body)),
                "log": command.log.then(|| String::from_utf8_lossy(&tail)),
            })
        ),
        false => {
            std::io::stderr().write_all(&tail)?;
            println!("{body}");
        }
    }
    match failed {
        Some(_) => bail!("{} failed: `nought logs {}` shows what it wrote", command.function, command.function),
        None => Ok(()),
    }
}

fn payload(command: &cli::Invoke) -> Result<Bytes> {
    let text = match (&command.file, command.payload.as_deref()) {
        (Some(file), _) => std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
        (None, Some("-")) => {
            let mut read = Vec::new();
            std::io::stdin().read_to_end(&mut read).context("cannot read standard input")?;
            read
        }
        (None, Some(text)) => text.as_bytes().to_owned(),
        (None, None) => b"{}".to_vec(),
    };
    Ok(text.into())
}
