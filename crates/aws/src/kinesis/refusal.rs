//! Why Kinesis refuses, on the wire. Texts: answers of the service quoted in public threads and code (read 2026-11-24).

use std::borrow::Cow;

use services::stream;
use services::stream::data::{self, StreamId};

use super::address::{arn, shard_id};
use crate::error::{self, Error};
use crate::shapes::kinesis::error::{
    INTERNAL_FAILURE_EXCEPTION, INVALID_ARGUMENT_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION, RESOURCE_IN_USE_EXCEPTION,
    RESOURCE_NOT_FOUND_EXCEPTION,
};

pub fn invalid(text: impl Into<Cow<'static, str>>) -> Error {
    INVALID_ARGUMENT_EXCEPTION.with(text)
}

pub fn no_such_shard(id: &StreamId, shard: &str) -> Error {
    RESOURCE_NOT_FOUND_EXCEPTION.with(format!(
        "Shard {shard} in stream {} under account {} does not exist",
        id.name.as_str(),
        id.scope.account
    ))
}

pub fn no_such_consumer(id: &StreamId, name: &str) -> Error {
    RESOURCE_NOT_FOUND_EXCEPTION.with(format!("Consumer {name}, account {} not found.", id.scope.account))
}

pub fn inside(error: stream::Error) -> Error {
    tracing::error!(%error, "a request to a stream failed inside");
    INTERNAL_FAILURE_EXCEPTION.with("Internal service failure.")
}

pub fn of(id: &StreamId, error: data::Error) -> Error {
    let (name, account) = (id.name.as_str(), &id.scope.account);
    match error {
        data::Error::NoSuchStream => {
            RESOURCE_NOT_FOUND_EXCEPTION.with(format!("Stream {name} under account {account} not found."))
        }
        data::Error::Exists => {
            RESOURCE_IN_USE_EXCEPTION.with(format!("Stream {name} under account {account} already exists."))
        }
        data::Error::NoSuchShard(index) => no_such_shard(id, &shard_id(index)),
        data::Error::Closed(index) => RESOURCE_IN_USE_EXCEPTION.with(format!(
            "Shard {} in stream {name} under account {account} has already been merged or split, and thus is not eligible for merging or splitting.",
            shard_id(index)
        )),
        data::Error::NotAdjacent(one, other) => invalid(format!(
            "Shards {} and {} in stream {name} under account {account} are not an adjacent pair of shards eligible for merging",
            shard_id(one),
            shard_id(other)
        )),
        data::Error::BadSplit { hash, range } => invalid(format!(
            "NewStartingHashKey {hash} used in SplitShard() on a shard in stream {name} under account {account} is not both greater than one plus the shard's StartingHashKey {} and less than the shard's EndingHashKey {}.",
            range.0, range.1
        )),
        data::Error::TooFar { from, to } if to > from => LIMIT_EXCEEDED_EXCEPTION.with(format!(
            "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: {from} Target shard count: {to}"
        )),
        data::Error::TooFar { from, to } => LIMIT_EXCEEDED_EXCEPTION.with(format!(
            "UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: {from} Target shard count: {to}"
        )),
        data::Error::TooManyShards => LIMIT_EXCEEDED_EXCEPTION.with(format!(
            "This request would exceed the shard limit for the account {account} in {}. Limit: {}.",
            id.scope.region,
            data::SHARDS_MAX
        )),
        data::Error::OnDemand => error::VALIDATION.with(format!(
            "Request is invalid. Stream {name} under account {account} is in On-Demand mode."
        )),
        data::Error::RetentionTooShort { asked } => invalid(format!(
            "Minimum allowed retention period is {} hours. Requested retention period ({asked} hours) is too short.",
            data::RETENTION_HOURS_MIN
        )),
        data::Error::RetentionTheOtherWay { asked, kept } if asked < kept => invalid(format!(
            "Requested retention period ({asked} hours) for stream {name} can not be shorter than existing retention period ({kept} hours). Use DecreaseRetentionPeriod API."
        )),
        data::Error::RetentionTheOtherWay { asked, kept } => invalid(format!(
            "Requested retention period ({asked} hours) for stream {name} can not be longer than existing retention period ({kept} hours). Use IncreaseRetentionPeriod API."
        )),
        data::Error::TooManyTags => invalid(format!(
            "Failed to add tags to stream {name} under account {account} because a given stream cannot have more than {} tags associated with it.",
            data::TAGS_MAX
        )),
        data::Error::NoSuchConsumer => no_such_consumer(id, ""),
        data::Error::ConsumerExists => RESOURCE_IN_USE_EXCEPTION.with(format!(
            "Consumer under stream {} already exists for account {account}.",
            arn(id)
        )),
        data::Error::TooManyConsumers => LIMIT_EXCEEDED_EXCEPTION.with(format!(
            "This request would exceed the limit of {} registered consumers for stream {name} under account {account}.",
            data::consumer::CONSUMERS_MAX
        )),
        data::Error::HasConsumers => RESOURCE_IN_USE_EXCEPTION.with(format!(
            "Stream {name} under account {account} has registered consumers and cannot be deleted without EnforceConsumerDeletion."
        )),
        data::Error::Stream(error) => inside(error),
        data::Error::Unreadable(error) => inside(error.into()),
        data::Error::Store(error) => inside(error.into()),
    }
}
