//! Names and ARNs of streams, shards and consumers.

use services::function::Scope;
use services::name::{AccountId, Region};
use services::stream::data::consumer::Consumer;
use services::stream::data::{StreamId, StreamName};
use services::stream::{Numbering, Sequence, Shard};

use super::refusal;
use crate::call::Call;
use crate::error::{self, Error};

/// The stream that a request names, by its name or its ARN.
pub fn stream(call: &Call, name: Option<&str>, arn: Option<&str>) -> Result<StreamId, Error> {
    match (arn, name) {
        (Some(arn), _) => in_arn(arn).filter(|id| id.scope.account == call.account).ok_or_else(|| bad_arn(arn)),
        (None, Some(name)) => {
            let name = StreamName::parse(name).map_err(|error| error::VALIDATION.with(error.to_string()))?;
            Ok(StreamId { scope: scope(call), name })
        }
        (None, None) => Err(refusal::invalid("Either StreamName or StreamARN must be provided.")),
    }
}

pub fn scope(call: &Call) -> Scope {
    Scope { account: call.account.clone(), region: call.region.clone() }
}

pub fn bad_arn(arn: &str) -> Error {
    refusal::invalid(format!("Invalid ARN: {arn}"))
}

/// `arn:aws:kinesis:REGION:ACCOUNT:stream/NAME`.
pub fn in_arn(arn: &str) -> Option<StreamId> {
    let mut parts = arn.strip_prefix("arn:aws:kinesis:")?.splitn(3, ':');
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let scope = Scope { account: AccountId::parse(account).ok()?, region: Region::parse(region).ok()? };
    Some(StreamId { scope, name: StreamName::parse(resource.strip_prefix("stream/")?).ok()? })
}

pub fn arn(id: &StreamId) -> String {
    format!("arn:aws:kinesis:{}:{}:stream/{}", id.scope.region, id.scope.account, id.name.as_str())
}

pub fn consumer_arn(stream: &StreamId, consumer: &Consumer) -> String {
    format!("{}/consumer/{}:{}", arn(stream), consumer.name.as_str(), consumer.created.millis() / 1_000)
}

/// The stream and the name in the ARN of a consumer.
pub fn consumer_in_arn(arn: &str) -> Option<(StreamId, &str)> {
    let (stream, rest) = arn.split_once("/consumer/")?;
    Some((in_arn(stream)?, rest.split_once(':')?.0))
}

pub fn shard_id(index: u64) -> String {
    format!("shardId-{index:012}")
}

pub fn shard_index(id: &str) -> Option<u64> {
    let index = id.strip_prefix("shardId-")?.parse().ok()?;
    (shard_id(index) == id).then_some(index)
}

pub fn sequence(shard: &Shard, number: u64) -> String {
    let (created_millis, index) = (shard.created_millis, shard.index);
    Sequence { numbering: Numbering::Data, created_millis, index, number }.to_string()
}
