//! Errors as clients see them: a code that they branch on, a status and a text.
//!
//! A handler answers with one of its service's kinds: `error::RESOURCE_NOT_FOUND_EXCEPTION.with("Function not found: ..")`.
//! `protocol` writes it in the way of the service.

use std::borrow::Cow;

use serde_json::Value;

/// An error of a service, from its model. `typed` errors carry `Type: User` or `Type: Server` beside the message.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub code: &'static str,
    pub status: u16,
    /// Key of the text in the body: services disagree about its capital letter.
    pub message: &'static str,
    pub typed: bool,
}

impl Kind {
    pub fn with(&'static self, message: impl Into<Cow<'static, str>>) -> Error {
        Error { kind: self, message: message.into(), fields: Vec::new(), headers: Vec::new() }
    }
}

/// An operation did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub kind: &'static Kind,
    pub message: Cow<'static, str>,
    /// More members of the body, such as `Reason`.
    pub fields: Vec<(&'static str, Value)>,
    /// More headers, such as `Retry-After`.
    pub headers: Vec<(&'static str, String)>,
}

impl Error {
    pub fn field(mut self, key: &'static str, value: impl Into<Value>) -> Error {
        self.fields.push((key, value.into()));
        self
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Error {
        self.headers.push((name, value.into()));
        self
    }

    /// For the operator: what really happened. The caller learns only that it was not his fault.
    pub fn internal(cause: &dyn std::fmt::Display) -> Error {
        tracing::error!(%cause, "a request failed inside");
        INTERNAL_FAILURE.with("The request processing has failed because of an unknown error, exception or failure.")
    }

    /// A single limit that the model does not state, in the words of those that it does.
    pub fn constraint(value: &str, at: &str, constraint: &str) -> Error {
        VALIDATION.with(format!(
            "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: {constraint}"
        ))
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.kind.code, self.message)
    }
}

impl std::error::Error for Error {}

const fn plain(code: &'static str, status: u16) -> Kind {
    Kind { code, status, message: "message", typed: false }
}

// Errors that any operation may answer. Codes and statuses: "Common errors" in each service's API reference (read 2026-11-24).
pub static VALIDATION: Kind = plain("ValidationException", 400);
pub static SERIALIZATION: Kind = Kind { message: "Message", ..plain("SerializationException", 400) };
pub static UNKNOWN_OPERATION: Kind = plain("UnknownOperationException", 400);
pub static NOT_IMPLEMENTED: Kind = plain("NotImplementedException", 501);
pub static ACCESS_DENIED: Kind = Kind { message: "Message", ..plain("AccessDeniedException", 403) };
pub static INTERNAL_FAILURE: Kind = plain("InternalFailure", 500);
pub static SERVICE_UNAVAILABLE: Kind = plain("ServiceUnavailable", 503);
pub static REQUEST_ENTITY_TOO_LARGE: Kind = plain("RequestEntityTooLargeException", 413);
pub static BODY_UNREADABLE: Kind = plain("IncompleteBody", 400);

// Query protocol.
pub static INVALID_ACTION: Kind = plain("InvalidAction", 400);
pub static MISSING_ACTION: Kind = plain("MissingAction", 400);
pub static MISSING_PARAMETER: Kind = plain("MissingParameter", 400);
pub static MALFORMED_INPUT: Kind = plain("MalformedInput", 400);
