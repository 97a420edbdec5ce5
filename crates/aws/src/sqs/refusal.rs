//! What SQS says when it refuses, to the letter.
//!
//! The service does not document its texts. Those about receipts are quoted in aws/aws-sdk-js issue 1750 and
//! mapbox/ecs-watchbot issue 135 (read 2026-11-24); the others are as clients are known to see them.

use std::fmt::Display;

use services::queue;
use services::queue::settings::VISIBILITY_MAX;

use crate::error::{Error, Kind};
use crate::shapes::sqs::error as kind;

pub static INVALID_PARAMETER_VALUE: Kind =
    Kind { code: "InvalidParameterValue", status: 400, message: "message", typed: false };

pub fn no_such_queue() -> Error {
    kind::QUEUE_DOES_NOT_EXIST.with("The specified queue does not exist.")
}

pub fn missing(parameter: impl Display) -> Error {
    crate::error::MISSING_PARAMETER.with(format!("The request must contain the parameter {parameter}."))
}

/// `Value 11 for parameter MaxNumberOfMessages is invalid. Reason: ...`
pub fn value(value: impl Display, parameter: &str, reason: impl Display) -> Error {
    INVALID_PARAMETER_VALUE.with(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

pub fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    INVALID_PARAMETER_VALUE.with(text)
}

pub fn attribute_value(attribute: &str) -> Error {
    kind::INVALID_ATTRIBUTE_VALUE.with(format!("Invalid value for the parameter {attribute}."))
}

pub fn attribute_name(attribute: &str) -> Error {
    kind::INVALID_ATTRIBUTE_NAME.with(format!("Unknown Attribute {attribute}."))
}

/// A refusal of an operation on one queue.
pub fn of(error: queue::Error) -> Error {
    match error {
        queue::Error::NoSuchQueue(_) => no_such_queue(),
        queue::Error::TooManyInFlight => {
            kind::OVER_LIMIT.with("Too many messages in flight. Delete messages before receiving more.")
        }
        // Text: localstack/localstack issue 3956 (read 2026-11-24).
        queue::Error::HiddenTooLong { asked } => value(
            asked.as_secs(),
            "VisibilityTimeout",
            format!(
                "Total VisibilityTimeout for the message is beyond the limit [{} seconds]",
                VISIBILITY_MAX.as_secs()
            ),
        ),
        queue::Error::BadReceipt => kind::RECEIPT_HANDLE_IS_INVALID.with("The input receipt handle is invalid."),
        queue::Error::NotADeadLetterQueue => invalid("Source queue must be configured as a Dead Letter Queue."),
        queue::Error::MoveRunning => kind::UNSUPPORTED_OPERATION.with(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        ),
        queue::Error::NoSuchMove => kind::RESOURCE_NOT_FOUND_EXCEPTION
            .with("The resource that you specified for the TaskHandle parameter doesn't exist."),
        queue::Error::MoveEnded => kind::UNSUPPORTED_OPERATION.with("Only active tasks can be cancelled."),
        queue::Error::Recovering => crate::error::SERVICE_UNAVAILABLE
            .with("The service is temporarily unavailable. Please try again in a few seconds."),
        queue::Error::Exists(_)
        | queue::Error::NoDeadLetterQueue
        | queue::Error::DeadLetterKind
        | queue::Error::DeadLetterNotAllowed
        | queue::Error::PurgedRecently { .. }
        | queue::Error::ExpiredReceipt
        | queue::Error::NotInFlight
        | queue::Error::Fifo
        | queue::Error::Unordered
        | queue::Error::NoMoveTarget
        | queue::Error::Changed
        | queue::Error::Unreadable(_)
        | queue::Error::Store(_) => Error::internal(&error),
    }
}

/// As [`of`], where a receipt was given.
pub fn of_receipt(receipt: &str) -> impl Fn(queue::Error) -> Error + '_ {
    move |error| match error {
        // Text: localstack/localstack issue 3956 (read 2026-11-24).
        queue::Error::HiddenTooLong { asked } => value(
            asked.as_secs(),
            "VisibilityTimeout",
            format!(
                "Total VisibilityTimeout for the message is beyond the limit [{} seconds]",
                VISIBILITY_MAX.as_secs()
            ),
        ),
        queue::Error::BadReceipt => kind::RECEIPT_HANDLE_IS_INVALID
            .with(format!("The input receipt handle \"{receipt}\" is not a valid receipt handle.")),
        queue::Error::ExpiredReceipt => value(receipt, "ReceiptHandle", "The receipt handle has expired."),
        queue::Error::NotInFlight => {
            value(receipt, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
        }
        other => of(other),
    }
}

/// As [`of`], where settings with a redrive policy were given.
pub fn of_redrive(policy: &str) -> impl Fn(queue::Error) -> Error + '_ {
    move |error| {
        let refused = |reason: &str| value(policy, "RedrivePolicy", reason);
        match error {
            queue::Error::NoDeadLetterQueue => refused("Dead letter target does not exist."),
            queue::Error::DeadLetterKind => refused("Dead-letter queue must be same type of queue as the source."),
            queue::Error::DeadLetterNotAllowed => {
                refused("Queue does not have permission to set the dead letter target.")
            }
            other => of(other),
        }
    }
}
