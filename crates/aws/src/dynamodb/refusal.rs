//! Why DynamoDB refuses, on the wire.

use serde_json::{Value as Json, json};
use services::table;

use super::attribute::Entries;
use crate::error::{self, Error};
use crate::shapes::dynamodb::error::{
    CONDITIONAL_CHECK_FAILED_EXCEPTION, DUPLICATE_ITEM_EXCEPTION, IDEMPOTENT_PARAMETER_MISMATCH_EXCEPTION,
    INTERNAL_SERVER_ERROR, RESOURCE_IN_USE_EXCEPTION, RESOURCE_NOT_FOUND_EXCEPTION, TRANSACTION_CANCELED_EXCEPTION,
};

/// Of operations on items, which do not say which table is missing.
pub fn of_item(error: table::Error) -> Error {
    match error {
        table::Error::NoSuchTable { .. } => RESOURCE_NOT_FOUND_EXCEPTION.with("Requested resource not found"),
        other => of_table(other),
    }
}

/// Of operations on tables.
pub fn of_table(error: table::Error) -> Error {
    let text = error.to_string();
    match error {
        table::Error::Invalid(text) => error::VALIDATION.with(text),
        table::Error::NoSuchTable { .. } | table::Error::NoSuchIndex { .. } => RESOURCE_NOT_FOUND_EXCEPTION.with(text),
        table::Error::TableExists { .. } | table::Error::InUse(_) => RESOURCE_IN_USE_EXCEPTION.with(text),
        table::Error::ConditionFailed { item } => {
            let refused = CONDITIONAL_CHECK_FAILED_EXCEPTION.with(text);
            match item {
                Some(item) => refused.field("Item", json!(Entries(&item))),
                None => refused,
            }
        }
        table::Error::Cancelled(reasons) => {
            let reasons: Vec<Json> = reasons.iter().map(|reason| cancellation(reason.as_ref())).collect();
            TRANSACTION_CANCELED_EXCEPTION.with(text).field("CancellationReasons", reasons)
        }
        table::Error::TokenReused => IDEMPOTENT_PARAMETER_MISMATCH_EXCEPTION.with(text),
        table::Error::DuplicateItem => DUPLICATE_ITEM_EXCEPTION.with(text),
        table::Error::Backup(_) | table::Error::Stream(_) | table::Error::Unreadable(_) | table::Error::Store(_) => {
            tracing::error!(error = text, "a request to a table failed inside");
            INTERNAL_SERVER_ERROR.with("Internal server error")
        }
    }
}

fn cancellation(reason: Option<&table::Reason>) -> Json {
    let Some(reason) = reason else { return json!({ "Code": "None" }) };
    let mut shown = json!({ "Code": reason.code, "Message": reason.text });
    if let Some(item) = &reason.item {
        shown["Item"] = json!(Entries(item));
    }
    shown
}
