//! How the generated tables in `shapes` describe what a request may hold.
//!
//! Start reading at [`Input`] and [`Member`]. The tables are data: `check` reads them, `protocol` moves members
//! to and from the wire by them. Nothing here knows a particular service.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an operation receives. Implemented by generated code.
pub trait Input: DeserializeOwned + Send + 'static {
    fn members() -> &'static [Member];
    /// Takes the body as it came, where the operation has a member that is the whole body.
    fn set_payload(&mut self, _payload: Bytes) {}
}

/// What an operation answers. Implemented by generated code, and by `()` where there is nothing to say.
pub trait Output: Serialize + Send {
    /// Members that travel in the status line or in headers, by their key in the serialized form.
    fn outside_body() -> &'static [(Place, &'static str)] {
        &[]
    }
    /// The body, where a member is the whole of it.
    fn take_payload(&mut self) -> Option<Bytes> {
        None
    }
}

impl Output for () {}

/// One service as it is spoken to.
pub struct Service {
    pub protocol: Protocol,
    /// Operations that the service has elsewhere and Nought does not have: refused by name.
    pub others: &'static [Other],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    RestJson,
    Json {
        version: &'static str,
        target: &'static str,
    },
    Query {
        version: &'static str,
        namespace: &'static str,
        maps: &'static [MapNames],
    },
    /// JSON; or, where no header names the operation, the form that the service spoke before. [`Protocol::of`] tells.
    QueryCompatible {
        form: bool,
        older: &'static Older,
    },
}

/// A member that is a map: what the keys and values of its entries are called in a form.
#[derive(Debug, PartialEq, Eq)]
pub struct MapNames {
    pub member: &'static str,
    pub key: &'static str,
    pub value: &'static str,
}

impl Protocol {
    /// The protocol that a request to this service is in.
    pub fn of(self, parts: &http::request::Parts) -> Protocol {
        match self {
            Protocol::QueryCompatible { older, .. } => {
                Protocol::QueryCompatible { form: !parts.headers.contains_key("x-amz-target"), older }
            }
            Protocol::RestJson | Protocol::Json { .. } | Protocol::Query { .. } => self,
        }
    }
}

/// A service that speaks JSON, and still the Query protocol with the names that its members had there.
#[derive(Debug, PartialEq, Eq)]
pub struct Older {
    /// Of JSON.
    pub json_version: &'static str,
    pub target: &'static str,
    pub namespace: &'static str,
    /// Lists and maps that are written without a wrapper.
    pub flattened: &'static [Flattened],
    /// Before the names of errors of the model, in JSON.
    pub model_namespace: &'static str,
    /// Errors of the model, and what they are called in the Query protocol.
    pub errors: &'static [(&'static str, &'static str)],
    /// The member that the path gives where the form does not.
    pub path_member: &'static str,
}

/// A list or map without a wrapper: `Attribute.1.Name=..&Attribute.1.Value=..`.
#[derive(Debug, PartialEq, Eq)]
pub struct Flattened {
    /// The only operation for which it holds; empty for all.
    pub operation: &'static str,
    /// The member.
    pub key: &'static str,
    pub name: &'static str,
    /// Of a map: what its keys and values are called.
    pub entry: Option<(&'static str, &'static str)>,
}

impl Older {
    pub fn flattened(&self, operation: &str, key: &str) -> Option<&Flattened> {
        let fits = |one: &&Flattened| one.key == key && (one.operation.is_empty() || one.operation == operation);
        self.flattened.iter().find(fits)
    }

    /// What an error is called in the Query protocol, and whether it is one of the model.
    pub fn error(&self, code: &'static str) -> (&'static str, bool) {
        let found = self.errors.iter().find(|(json, _)| *json == code);
        found.map_or((code, false), |(_, query)| (*query, true))
    }
}

pub struct Other {
    pub name: &'static str,
    pub method: &'static str,
    pub path: &'static str,
}

/// An operation as the model describes it. `path` has labels: `/2015-03-31/functions/{FunctionName}`.
pub struct Described {
    pub name: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    pub status: u16,
}

/// A member of a structure. `name` is what validation messages call it, `key` what the wire calls it.
pub struct Member {
    pub name: &'static str,
    pub key: &'static str,
    pub place: Place,
    pub required: bool,
    pub shape: &'static Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Body,
    Label,
    Query,
    Header,
    Status,
    /// The member is the whole body, raw.
    Payload,
}

pub enum Shape {
    Text(Text),
    Boolean,
    Integer(Limits),
    Long(Limits),
    Double(Limits),
    Blob(Limits),
    List { element: &'static Shape, limits: Limits },
    Map { key: &'static Shape, value: &'static Shape, hidden: bool },
    Structure(&'static [Member]),
}

/// Bounds of a number, or of the length of a text, blob or list. Both ends are allowed values.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub min: Option<f64>,
    pub max: Option<f64>,
}

pub struct Text {
    pub pattern: Option<Pattern>,
    /// Empty where any text will do.
    pub values: &'static [&'static str],
    pub limits: Limits,
    /// Secret: messages do not repeat it.
    pub hidden: bool,
}

/// A regular expression in the model's dialect, which must match the whole text. Compiled at first use.
pub struct Pattern {
    pub text: &'static str,
    compiled: OnceLock<Option<fancy_regex::Regex>>,
}

impl Pattern {
    pub const fn new(text: &'static str) -> Pattern {
        Pattern { text, compiled: OnceLock::new() }
    }

    /// A pattern that does not compile matches everything; a test over all tables keeps that from happening.
    pub fn matches(&self, text: &str) -> bool {
        match self.compiled.get_or_init(|| self.compile()) {
            // The only error at run time is the backtracking limit: such a text is not what the pattern is for.
            Some(regex) => regex.is_match(text).unwrap_or(false),
            None => true,
        }
    }

    /// The model's `\d` and `\w` mean ASCII.
    fn compile(&self) -> Option<fancy_regex::Regex> {
        let ascii = self.text.replace("\\d", "[0-9]").replace("\\w", "[A-Za-z0-9_]");
        fancy_regex::Regex::new(&format!("^(?:{ascii})\\z")).ok()
    }

    #[cfg(test)]
    pub fn compiles(&self) -> bool {
        self.compile().is_some()
    }
}

/// Bytes that JSON carries as base64.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Blob(pub Bytes);

impl std::fmt::Debug for Blob {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Blob({} bytes)", self.0.len())
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Blob, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(|bytes| Blob(bytes.into())).map_err(serde::de::Error::custom)
    }
}
