//! What a process's document becomes as an HTTP response.
//!
//! Source: "Response payload format", Lambda developer guide (read 2026-11-24): a document without `statusCode` is
//! the body of a 200; what cannot be an HTTP response is a 502.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE, TRANSFER_ENCODING};
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use services::run::Body;

use crate::protocol::{respond, whole};

/// A document that describes a response.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    status_code: Value,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// Framing belongs to the server.
const NOT_THEIRS: [HeaderName; 3] = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];

pub fn response(document: &Bytes) -> Response<Body> {
    match serde_json::from_slice::<Value>(document) {
        Ok(Value::Object(members)) if members.contains_key("statusCode") => {
            described(Value::Object(members)).unwrap_or_else(bad_gateway)
        }
        Ok(_) => respond(200, "application/json", document.clone()),
        Err(_) => bad_gateway(),
    }
}

/// What is answered when the function failed, or said something that is no HTTP response.
pub fn bad_gateway() -> Response<Body> {
    respond(502, "application/json", "Internal Server Error")
}

fn described(document: Value) -> Option<Response<Body>> {
    let described: Described = serde_json::from_value(document).ok()?;
    let body = match described.body {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if described.is_base64_encoded == Some(true) => STANDARD.decode(text).ok()?.into(),
        Some(Value::String(text)) => text.into(),
        Some(other) => other.to_string().into(),
    };
    let mut response = Response::new(whole(body));
    *response.status_mut() = status(&described.status_code)?;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in described.headers.unwrap_or_default() {
        let name = HeaderName::try_from(name.to_ascii_lowercase()).ok()?;
        if !NOT_THEIRS.contains(&name) {
            response.headers_mut().insert(name, HeaderValue::from_str(&text(&value)).ok()?);
        }
    }
    for cookie in described.cookies.unwrap_or_default() {
        response.headers_mut().append(SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
    }
    Some(response)
}

/// A number, or a text that is one; only final statuses can be answered.
fn status(value: &Value) -> Option<StatusCode> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let status = StatusCode::from_u16(number.try_into().ok()?).ok()?;
    (!status.is_informational() && number < 600).then_some(status)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
