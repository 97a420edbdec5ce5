//! awsQuery: a form whose `Action` names the operation, XML answers.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use serde_json::Value;
use services::run::{Body, RequestId};

use super::{respond, sender_or_receiver};
use crate::error::{self, Error};
use crate::operation::{Members, Received};
use crate::shape::{Described, Flattened, MapNames, Member, Older, Output, Shape};
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

/// The names that members have in forms and XML.
#[derive(Clone, Copy)]
pub enum Names<'a> {
    /// Lists and maps in wrappers: `Tags.member.1.Key`, `Attributes.entry.1.key`.
    Wrapped(&'static [MapNames]),
    /// As a service once had them, for one operation.
    Older(&'static Older, &'a str),
}

impl Names<'_> {
    fn flattened(self, key: &str) -> Option<&'static Flattened> {
        match self {
            Names::Wrapped(_) => None,
            Names::Older(older, operation) => older.flattened(operation, key),
        }
    }

    fn map(self, key: &str) -> Option<&'static MapNames> {
        match self {
            Names::Wrapped(maps) => maps.iter().find(|names| names.member == key),
            Names::Older(..) => None,
        }
    }
}

/// Finds scalars, lists, maps and structures.
pub fn read(names: Names<'_>, members: &[Member], parts: &Parts, body: &[u8]) -> Result<Received, Error> {
    let pairs = Form::read(parts, body).0;
    // Of a name that is given twice the first counts.
    let sorted: BTreeMap<&str, &str> =
        pairs.iter().rev().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let reader = Reader { names, pairs: sorted };
    let mut found = reader.structure("", members)?;
    for member in members.iter().filter(|member| member.required) {
        if found.contains_key(member.key) {
            continue;
        }
        let by_path = matches!(names, Names::Older(older, _) if member.key == older.path_member);
        if by_path && parts.uri.path() != "/" {
            found.insert(member.key.to_owned(), parts.uri.path().into());
        } else if let Shape::List { .. } = member.shape {
            // A form cannot say that a list is empty.
            found.insert(member.key.to_owned(), Value::Array(Vec::new()));
        }
    }
    Ok(Received { members: found, payload: Bytes::new() })
}

struct Reader<'a> {
    names: Names<'a>,
    pairs: BTreeMap<&'a str, &'a str>,
}

impl Reader<'_> {
    /// The members that are there; `above` is empty or ends with a dot.
    fn structure(&self, above: &str, members: &[Member]) -> Result<Members, Error> {
        let mut found = Members::new();
        for member in members {
            let value = match (self.names.flattened(member.key), member.shape) {
                (Some(flat), Shape::List { element, .. }) => self.list(&format!("{above}{}", flat.name), element)?,
                (Some(Flattened { name, entry: Some((key, value)), .. }), Shape::Map { value: inner, .. }) => {
                    self.map(&format!("{above}{name}"), key, value, inner)?
                }
                (None, Shape::Map { value: inner, .. }) => {
                    let base = format!("{above}{}.entry", first_upper(member.key));
                    let (key, value) = self.names.map(member.key).map_or(("key", "value"), |map| (map.key, map.value));
                    self.map(&base, key, value, inner)?
                }
                (_, shape) => self.value(&format!("{above}{}", first_upper(member.key)), shape)?,
            };
            if let Some(value) = value {
                found.insert(member.key.to_owned(), value);
            }
        }
        Ok(found)
    }

    fn value(&self, path: &str, shape: &Shape) -> Result<Option<Value>, Error> {
        match shape {
            Shape::List { element, .. } => self.list(&format!("{path}.member"), element),
            Shape::Map { value, .. } => self.map(&format!("{path}.entry"), "key", "value", value),
            Shape::Structure(members) => {
                let found = self.structure(&format!("{path}."), members)?;
                Ok((!found.is_empty()).then_some(Value::Object(found)))
            }
            Shape::Text(_)
            | Shape::Blob(_)
            | Shape::Boolean
            | Shape::Integer(_)
            | Shape::Long(_)
            | Shape::Double(_) => self.pairs.get(path).map(|text| scalar(shape, text)).transpose(),
        }
    }

    fn list(&self, base: &str, element: &Shape) -> Result<Option<Value>, Error> {
        let mut values = Vec::new();
        for number in self.numbers(base) {
            // Something is there, so a structure without a known member is an empty one.
            let value = self.value(&format!("{base}.{number}"), element)?;
            values.push(value.unwrap_or_else(|| Value::Object(Members::new())));
        }
        Ok((!values.is_empty()).then_some(Value::Array(values)))
    }

    fn map(&self, base: &str, key: &str, value: &str, inner: &Shape) -> Result<Option<Value>, Error> {
        let mut entries = Members::new();
        for number in self.numbers(base) {
            let Some(name) = self.pairs.get(format!("{base}.{number}.{key}").as_str()) else { continue };
            if let Some(value) = self.value(&format!("{base}.{number}.{value}"), inner)? {
                entries.insert((*name).to_owned(), value);
            }
        }
        Ok((!entries.is_empty()).then_some(Value::Object(entries)))
    }

    /// The numbers of a list's elements, in their order.
    fn numbers(&self, base: &str) -> BTreeSet<u32> {
        let prefix = format!("{base}.");
        let range = self.pairs.range(prefix.as_str()..).map(|(name, _)| name);
        let within = range.map_while(|name| name.strip_prefix(prefix.as_str()));
        within.filter_map(|rest| rest.split('.').next()?.parse().ok()).collect()
    }
}

/// Every member begins with a capital in the Query protocol.
fn first_upper(key: &str) -> String {
    let mut letters = key.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
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
    names: Names<'_>,
    described: &Described,
    output: &O,
    request_id: &RequestId,
) -> Result<Response<Body>, Error> {
    let value = serde_json::to_value(output).map_err(|error| Error::internal(&error))?;
    let (name, id) = (described.name, &request_id.0);
    let mut xml = format!("<{name}Response xmlns=\"{namespace}\">\n  ");
    // An operation without an output has no result.
    if !value.is_null() {
        xml.push_str(&format!("<{name}Result>"));
        element(&mut xml, &value, names);
        xml.push_str(&format!("</{name}Result>\n  "));
    }
    xml.push_str(&format!(
        "<ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  </ResponseMetadata>\n</{name}Response>\n"
    ));
    Ok(respond(200, "text/xml", xml))
}

fn element(xml: &mut String, value: &Value, names: Names<'_>) {
    match value {
        Value::Null => {}
        Value::String(text) => xml.push_str(&escape(text)),
        Value::Bool(_) | Value::Number(_) => xml.push_str(&value.to_string()),
        Value::Array(values) => {
            for value in values {
                wrapped(xml, "member", value, names);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                match (names.flattened(key), names.map(key), value) {
                    (Some(flat), _, _) => flattened(xml, flat, value, names),
                    (None, Some(map), Value::Object(entries)) => {
                        xml.push_str(&format!("<{key}>"));
                        entries
                            .iter()
                            .for_each(|(key, value)| entry(xml, "entry", (map.key, map.value), key, value, names));
                        xml.push_str(&format!("</{key}>"));
                    }
                    (None, _, _) => wrapped(xml, key, value, names),
                }
            }
        }
    }
}

fn flattened(xml: &mut String, flat: &Flattened, value: &Value, names: Names<'_>) {
    match (value, flat.entry) {
        (Value::Array(values), _) => values.iter().for_each(|value| wrapped(xml, flat.name, value, names)),
        (Value::Object(entries), Some(called)) => {
            entries.iter().for_each(|(key, value)| entry(xml, flat.name, called, key, value, names));
        }
        (other, _) => wrapped(xml, flat.name, other, names),
    }
}

/// An entry of a map.
fn entry(xml: &mut String, element: &str, called: (&str, &str), key: &str, value: &Value, names: Names<'_>) {
    let (key_name, value_name) = called;
    xml.push_str(&format!("<{element}><{key_name}>{}</{key_name}>", escape(key)));
    wrapped(xml, value_name, value, names);
    xml.push_str(&format!("</{element}>"));
}

fn wrapped(xml: &mut String, name: &str, value: &Value, names: Names<'_>) {
    xml.push_str(&format!("<{name}>"));
    element(xml, value, names);
    xml.push_str(&format!("</{name}>"));
}

pub fn write_error(namespace: &str, code: &str, error: &Error, request_id: &RequestId) -> Response<Body> {
    let (status, id) = (error.kind.status, &request_id.0);
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
    write_error(namespace, error.kind.code, &error, request_id)
}

/// Text as it stands inside an XML element.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
