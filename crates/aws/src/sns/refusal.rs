//! What SNS says when it refuses, to the letter.
//!
//! The service does not document its texts: they are as clients are known to see them in public issue threads, such as
//! terraform-provider-aws pull request 22282 and terraform-aws-sns-topic issue 48 (read 2026-11-24).

use std::fmt::Display;

use services::topic::{self, filter};

use crate::error::{self, Error};
use crate::shapes::sns::error as kind;

/// `Invalid parameter: Topic Name`
pub fn invalid(what: impl Display) -> Error {
    kind::INVALID_PARAMETER_EXCEPTION.with(format!("Invalid parameter: {what}"))
}

/// Of a message's attributes.
pub fn value(text: impl Into<String>) -> Error {
    kind::INVALID_PARAMETER_VALUE_EXCEPTION.with(text.into())
}

pub fn no_such_topic() -> Error {
    kind::NOT_FOUND_EXCEPTION.with("Topic does not exist")
}

pub fn no_such_subscription() -> Error {
    kind::NOT_FOUND_EXCEPTION.with("Subscription does not exist")
}

pub fn not_yet(what: impl Display) -> Error {
    error::NOT_IMPLEMENTED.with(format!("{what} are not implemented."))
}

pub fn refuse(error: topic::Error) -> Error {
    match error {
        topic::Error::NoSuchTopic(_) => no_such_topic(),
        topic::Error::NoSuchSubscription(_) => no_such_subscription(),
        topic::Error::BadToken => invalid("Token"),
        topic::Error::OwnerOnly => kind::AUTHORIZATION_ERROR_EXCEPTION.with("Not authorized"),
        topic::Error::OtherSettings => invalid("Attributes Reason: Topic already exists with different attributes"),
        topic::Error::OtherTags => invalid("Tags Reason: Topic already exists with different tags"),
        topic::Error::SubscribedOtherwise => {
            invalid("Attributes Reason: Subscription already exists with different attributes")
        }
        topic::Error::TooManyTopics => {
            kind::TOPIC_LIMIT_EXCEEDED_EXCEPTION.with("The account already has the maximum number of topics")
        }
        topic::Error::TooManySubscriptions => kind::SUBSCRIPTION_LIMIT_EXCEEDED_EXCEPTION
            .with("The topic already has the maximum number of subscriptions"),
        topic::Error::TooManyTags => {
            kind::TAG_LIMIT_EXCEEDED_EXCEPTION.with("Could not complete request: tag quota of per resource exceeded")
        }
        topic::Error::NoGroup => invalid("The MessageGroupId parameter is required for FIFO topics"),
        topic::Error::NoDeduplication => invalid(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        ),
        topic::Error::Key(_) | topic::Error::Unreadable(_) | topic::Error::Store(_) => Error::internal(&error),
    }
}

/// What is wrong with a filter, without the words before it.
pub fn of_filter(invalid: &filter::Invalid) -> String {
    match invalid {
        filter::Invalid::NotJson => "FilterPolicy: failed to parse JSON.".to_owned(),
        filter::Invalid::TooLong => "FilterPolicy: Filter policy is too long".to_owned(),
        filter::Invalid::Nested => {
            "FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy".to_owned()
        }
        filter::Invalid::TooManyKeys => "FilterPolicy: Filter policy can not have more than 5 keys".to_owned(),
        filter::Invalid::TooComplex => "FilterPolicy: Filter policy is too complex".to_owned(),
        filter::Invalid::Pattern(error) => format!("FilterPolicy: {error}"),
    }
}
