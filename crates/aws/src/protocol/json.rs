//! awsJson: a POST to `/` whose `X-Amz-Target` names the operation, documents both ways.

use std::borrow::Cow;

use bytes::Bytes;
use http::Response;
use http::header::HeaderValue;
use serde_json::{Map, Value, json};
use services::run::Body;

use super::{respond, sender_or_receiver};
use crate::check;
use crate::error::{self, Error};
use crate::operation::{Members, Received};
use crate::shape::{Member, Older, Output};

pub fn read(members: &[Member], body: &[u8]) -> Result<Received, Error> {
    let members = document(members, body)?;
    Ok(Received { members, payload: Bytes::new() })
}

/// The members of a JSON body. No body is an empty document, `null` is an absent member.
pub fn document(members: &[Member], body: &[u8]) -> Result<Members, Error> {
    let mut found = match body {
        b"" => Map::new(),
        _ => match serde_json::from_slice(body) {
            Ok(Value::Object(found)) => found,
            Ok(_) => return Err(error::SERIALIZATION.with("Unexpected value type in payload")),
            Err(error) => {
                return Err(error::SERIALIZATION.with(format!("Could not parse request body into json: {error}")));
            }
        },
    };
    found.values_mut().for_each(drop_nulls);
    found.retain(|_, value| !value.is_null());
    check::types(members, &found).map_err(|text| error::SERIALIZATION.with(text))?;
    Ok(found)
}

/// Nulls inside lists stay: they are elements that must not be null.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.values_mut().for_each(drop_nulls);
            entries.retain(|_, value| !value.is_null());
        }
        Value::Array(values) => values.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub fn write<O: Output>(version: &str, target: &str, output: &O) -> Result<Response<Body>, Error> {
    let body = serde_json::to_vec(output).map_err(|error| Error::internal(&error))?;
    // An operation without an output answers an empty document.
    let body = if body == b"null" { b"{}".to_vec() } else { body };
    Ok(answer(version, target, 200, body))
}

pub fn write_error(version: &str, target: &str, error: &Error) -> Response<Body> {
    let mut body = json!({ "__type": qualified(target, error.kind.code), error.kind.message: error.message });
    for (key, value) in &error.fields {
        body[*key] = value.clone();
    }
    answer(version, target, error.kind.status, body.to_string().into_bytes())
}

/// As [`write_error`], with the name from the Query protocol in a header: SDKs go by that one.
pub fn write_error_compatible(older: &Older, error: &Error) -> Response<Body> {
    let (query_code, modelled) = older.error(error.kind.code);
    let namespace = if modelled { older.model_namespace } else { "com.amazon.coral.service" };
    let kind = format!("{namespace}#{}", error.kind.code);
    let body = json!({ "__type": kind, error.kind.message: error.message });
    let mut response = respond(error.kind.status, content_type(older.json_version), body.to_string());
    let both = format!("{query_code};{}", sender_or_receiver(error.kind.status));
    if let Ok(both) = HeaderValue::from_str(&both) {
        response.headers_mut().insert("x-amzn-query-error", both);
    }
    response
}

pub fn write_unknown(version: &str, target: &str) -> Response<Body> {
    let body = json!({ "__type": qualified(target, error::UNKNOWN_OPERATION.code) });
    answer(version, target, error::UNKNOWN_OPERATION.status, body.to_string().into_bytes())
}

fn answer(version: &str, target: &str, status: u16, body: Vec<u8>) -> Response<Body> {
    let sum = namespace(target).is_some().then(|| crc32fast::hash(&body));
    let mut response = respond(status, content_type(version), body);
    if let Some(sum) = sum {
        response.headers_mut().insert("x-amz-crc32", sum.into());
    }
    response
}

/// Services that write a namespace before the names of their errors, and a checksum of every body.
fn namespace(target: &str) -> Option<&'static str> {
    match target {
        "DynamoDB_20120810" | "DynamoDBStreams_20120810" => Some("com.amazonaws.dynamodb.v20120810"),
        _ => None,
    }
}

/// Errors that belong to no service, and so not to a service's namespace.
const COMMON: [&str; 12] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteBody",
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "NotImplementedException",
    "RequestEntityTooLargeException",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
];

fn qualified(target: &str, code: &'static str) -> Cow<'static, str> {
    match namespace(target) {
        None => code.into(),
        Some(_) if code == error::VALIDATION.code => format!("com.amazon.coral.validate#{code}").into(),
        Some(_) if COMMON.contains(&code) => format!("com.amazon.coral.service#{code}").into(),
        Some(namespace) => format!("{namespace}#{code}").into(),
    }
}

fn content_type(version: &str) -> &'static str {
    match version {
        "1.0" => "application/x-amz-json-1.0",
        _ => "application/x-amz-json-1.1",
    }
}
