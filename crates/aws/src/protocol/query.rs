//! awsQuery: a form whose `Action` names the operation, XML answers.

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use serde_json::Value;
use services::run::{Body, RequestId};

use super::{respond, sender_or_receiver};
use crate::error::{self, Error};
use crate::operation::{Members, Received};
use crate::shape::{Described, Member, Output, Shape};
use crate::uri;

/// The parameters of a request: pairs of the query string, then of the body.
pub struct Form(Vec<(String, String)>);

impl Form {
    pub fn read(parts: &Parts, body: &[u8]) -> Form {
        let mut pairs = uri::pairs(parts.uri.query().unwrap_or_default());
        pairs.extend(uri::pairs(&String::from_utf8_lossy(body)));
        Form(pairs)
    }

    /// The first value of that name.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

pub fn read(members: &[Member], parts: &Parts, body: &[u8]) -> Result<Received, Error> {
    let form = Form::read(parts, body);
    let mut found = Members::new();
    for member in members {
        if let Some(text) = form.get(member.key) {
            found.insert(member.key.to_owned(), scalar(member.shape, text)?);
        }
    }
    Ok(Received { members: found, payload: Bytes::new() })
}

fn scalar(shape: &Shape, text: &str) -> Result<Value, Error> {
    let number =
        |value: Option<Value>| value.ok_or_else(|| error::MALFORMED_INPUT.with("Unexpected character in a number"));
    Ok(match shape {
        Shape::Integer(_) => number(text.parse::<i32>().ok().map(Value::from))?,
        Shape::Long(_) => number(text.parse::<i64>().ok().map(Value::from))?,
        Shape::Double(_) => number(text.parse::<f64>().ok().map(Value::from))?,
        Shape::Boolean => Value::Bool(text == "true"),
        Shape::Text(_) | Shape::Blob(_) => text.into(),
        // Written as `Name.member.1`; no operation that is here takes one.
        Shape::List { .. } | Shape::Map { .. } | Shape::Structure(_) => {
            return Err(error::MALFORMED_INPUT.with("Unexpected list element termination"));
        }
    })
}

pub fn write<O: Output>(
    namespace: &str,
    described: &Described,
    output: &O,
    request_id: &RequestId,
) -> Result<Response<Body>, Error> {
    let value = serde_json::to_value(output).map_err(|error| Error::internal(&error))?;
    let (name, id) = (described.name, &request_id.0);
    let mut xml = format!("<{name}Response xmlns=\"{namespace}\">\n  <{name}Result>");
    element(&mut xml, &value);
    xml.push_str(&format!(
        "</{name}Result>\n  <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  </ResponseMetadata>\n</{name}Response>\n"
    ));
    Ok(respond(200, "text/xml", xml))
}

fn element(xml: &mut String, value: &Value) {
    match value {
        Value::Null => {}
        Value::String(text) => xml.push_str(&escape(text)),
        Value::Bool(_) | Value::Number(_) => xml.push_str(&value.to_string()),
        Value::Array(values) => {
            for value in values {
                wrapped(xml, "member", value);
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                wrapped(xml, key, value);
            }
        }
    }
}

fn wrapped(xml: &mut String, name: &str, value: &Value) {
    xml.push_str(&format!("<{name}>"));
    element(xml, value);
    xml.push_str(&format!("</{name}>"));
}

pub fn write_error(namespace: &str, error: &Error, request_id: &RequestId) -> Response<Body> {
    let (code, status, id) = (error.kind.code, error.kind.status, &request_id.0);
    let (fault, message) = (sender_or_receiver(status), escape(&error.message));
    let xml = format!(
        "<ErrorResponse xmlns=\"{namespace}\">\n  <Error>\n    <Type>{fault}</Type>\n    <Code>{code}</Code>\n    \
         <Message>{message}</Message>\n  </Error>\n  <RequestId>{id}</RequestId>\n</ErrorResponse>\n"
    );
    respond(status, "text/xml", xml)
}

pub fn write_unknown(namespace: &str, form: Option<&Form>, request_id: &RequestId) -> Response<Body> {
    let parameter = |key: &str| form.and_then(|form| form.get(key));
    let error = match (parameter("Action"), parameter("Version")) {
        (Some(action), Some(version)) => {
            error::INVALID_ACTION.with(format!("Could not find operation {action} for version {version}"))
        }
        (Some(action), None) => {
            error::INVALID_ACTION.with(format!("The action {action} is not valid for this web service."))
        }
        (None, _) => error::MISSING_ACTION.with("The request is missing an action or a required parameter."),
    };
    write_error(namespace, &error, request_id)
}

/// Text as it stands inside an XML element.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
