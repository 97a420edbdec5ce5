//! Why a table operation did not happen.

use std::borrow::Cow;

use super::number::NumberError;
use super::value::Item;
use crate::row::Unreadable;

/// One variant for each thing the caller can do about it. Texts are DynamoDB's own where it has one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request breaks a rule; the text says which, in DynamoDB's words.
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    #[error("Requested resource not found: Table: {name} not found")]
    NoSuchTable { name: String },
    #[error("Requested resource not found")]
    NoSuchIndex { name: String },
    #[error("Table already exists: {name}")]
    TableExists { name: String },
    /// The table, or one of its indexes, is in a state that the change has to wait for.
    #[error("{0}")]
    InUse(Cow<'static, str>),
    #[error("The conditional request failed")]
    ConditionFailed { item: Option<Item> },
    /// A transaction did not happen; one entry for each of its actions, `None` for those that were in order.
    #[error("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes(.0))]
    Cancelled(Vec<Option<Reason>>),
    /// The idempotency token was used for something else.
    #[error("Request token used with different parameters: use a new one")]
    TokenReused,
    /// PartiQL INSERT found an item under the key.
    #[error("Duplicate primary key exists in table")]
    DuplicateItem,
    #[error(transparent)]
    Backup(#[from] super::backup::Error),
    #[error(transparent)]
    Stream(#[from] crate::stream::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Why one action of a transaction could not happen.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    pub code: &'static str,
    pub text: String,
    pub item: Option<Item>,
}

fn codes(reasons: &[Option<Reason>]) -> String {
    let codes: Vec<&str> = reasons.iter().map(|reason| reason.as_ref().map_or("None", |reason| reason.code)).collect();
    codes.join(", ")
}

impl From<NumberError> for Error {
    fn from(error: NumberError) -> Error {
        Error::Invalid(error.to_string().into())
    }
}

/// A rule that the request breaks.
pub(super) fn invalid(text: impl Into<Cow<'static, str>>) -> Error {
    Error::Invalid(text.into())
}

/// A rule whose text begins as most of DynamoDB's do.
pub(super) fn parameter(text: impl std::fmt::Display) -> Error {
    Error::Invalid(format!("One or more parameter values were invalid: {text}").into())
}
