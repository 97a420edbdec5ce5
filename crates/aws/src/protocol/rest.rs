//! rest-json: method and path name the operation; members travel in path, query string, headers and a JSON body.

use bytes::Bytes;
use http::Response;
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use serde_json::{Value, json};
use services::run::Body;

use super::{json, respond, whole};
use crate::error::{self, Error};
use crate::operation::{Members, Received};
use crate::shape::{Described, Member, Output, Place, Shape};
use crate::uri;

pub fn read(members: &[Member], parts: &Parts, mut labels: Members, body: Bytes) -> Result<Received, Error> {
    let raw = members.iter().any(|member| member.place == Place::Payload);
    let has_body = members.iter().any(|member| member.place == Place::Body);
    let mut found = match raw || !has_body {
        true => Members::new(),
        false => json::document(members, &body)?,
    };
    let query = uri::pairs(parts.uri.query().unwrap_or_default());
    for member in members {
        let value = match member.place {
            Place::Body | Place::Payload | Place::Status => continue,
            Place::Label => labels.remove(member.key),
            Place::Query => located(member.shape, named(&query, member.key))?,
            Place::Header => {
                let values = parts.headers.get_all(member.key).iter();
                located(member.shape, values.filter_map(|value| value.to_str().ok()))?
            }
        };
        // What the model puts elsewhere is not taken from the body.
        match value {
            Some(value) => found.insert(member.key.to_owned(), value),
            None => found.remove(member.key),
        };
    }
    Ok(Received { members: found, payload: if raw { body } else { Bytes::new() } })
}

fn named<'a>(query: &'a [(String, String)], key: &'a str) -> impl Iterator<Item = &'a str> {
    query.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
}

/// A value from a header or the query string: text that the shape says how to read.
fn located<'a>(shape: &Shape, mut values: impl Iterator<Item = &'a str>) -> Result<Option<Value>, Error> {
    if let Shape::List { .. } = shape {
        let values: Vec<Value> = values.map(Value::from).collect();
        return Ok((!values.is_empty()).then_some(Value::Array(values)));
    }
    let Some(text) = values.next() else { return Ok(None) };
    let read = |value: Option<Value>, wanted| {
        value.ok_or_else(|| error::SERIALIZATION.with(format!("STRING_VALUE cannot be converted to {wanted}")))
    };
    Ok(Some(match shape {
        Shape::Integer(_) => read(text.parse::<i32>().ok().map(Value::from), "Integer")?,
        Shape::Long(_) => read(text.parse::<i64>().ok().map(Value::from), "Long")?,
        Shape::Double(_) => read(text.parse::<f64>().ok().map(Value::from), "Double")?,
        Shape::Boolean => read(text.parse::<bool>().ok().map(Value::from), "Boolean")?,
        Shape::Text(_) | Shape::Blob(_) | Shape::List { .. } | Shape::Map { .. } | Shape::Structure(_) => text.into(),
    }))
}

pub fn write<O: Output>(described: &Described, mut output: O) -> Result<Response<Body>, Error> {
    let payload = output.take_payload();
    if O::outside_body().is_empty() && payload.is_none() {
        let body = serde_json::to_vec(&output).map_err(|error| Error::internal(&error))?;
        return Ok(finish(described.status, body.into()));
    }
    let mut value = serde_json::to_value(&output).map_err(|error| Error::internal(&error))?;
    let mut status = described.status;
    let mut headers = Vec::new();
    for (place, key) in O::outside_body() {
        let taken = value.as_object_mut().and_then(|members| members.shift_remove(*key));
        match (place, taken) {
            (_, None) => {}
            (Place::Status, Some(code)) => {
                status = code.as_u64().and_then(|code| code.try_into().ok()).unwrap_or(status)
            }
            (_, Some(Value::String(text))) => headers.push((*key, text)),
            (_, Some(other)) => headers.push((*key, other.to_string())),
        }
    }
    let body = payload.unwrap_or_else(|| value.to_string().into());
    let mut response = finish(status, body);
    for (name, value) in headers {
        let name = HeaderName::try_from(name).map_err(|error| Error::internal(&error))?;
        let value = HeaderValue::from_str(&value).map_err(|error| Error::internal(&error))?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

fn finish(status: u16, body: Bytes) -> Response<Body> {
    match status {
        // By HTTP, 204 has no body.
        204 => {
            let mut response = respond(status, "application/json", Bytes::new());
            response.headers_mut().remove(http::header::CONTENT_TYPE);
            response
        }
        // An operation without an output serializes as `null` and answers nothing.
        _ if body == "null" => respond(status, "application/json", Bytes::new()),
        _ => respond(status, "application/json", body),
    }
}

pub fn write_error(error: &Error) -> Response<Body> {
    let mut body = json!({ error.kind.message: error.message });
    for (key, value) in &error.fields {
        body[*key] = json!(value);
    }
    if error.kind.typed {
        body["Type"] = json!(if error.kind.status < 500 { "User" } else { "Server" });
    }
    let mut response = respond(error.kind.status, "application/json", body.to_string());
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error.kind.code));
    response
}

/// What Lambda answers to a path that it does not have.
pub fn write_unknown() -> Response<Body> {
    let mut response = Response::new(whole("<UnknownOperationException/>\n"));
    *response.status_mut() = http::StatusCode::NOT_FOUND;
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error::UNKNOWN_OPERATION.code));
    response
}
