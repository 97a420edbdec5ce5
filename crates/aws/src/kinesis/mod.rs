//! Kinesis: data streams as they look from outside. The rules are in `services::stream::data`.
//!
//! Start reading at [`TABLE`]. Names and ARNs are in `address`, AWS's texts for refusals in `refusal`.

pub mod address;
mod consumer;
pub mod record;
mod refusal;
mod shard;
mod stream;
mod tag;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde_json::Value;

use crate::call::Call;
use crate::error;
use crate::operation::{Members, Row, Table};
use crate::shapes::kinesis as shapes;

/// Longest request that puts records: 10 MiB, in base64. Source: API reference, PutRecords (read 2026-11-24).
const PUT_BYTES_MAX: usize = 15 << 20;

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "kinesis",
    service: &shapes::SERVICE,
    invalid: &error::VALIDATION,
    rows: [stream_rows(), record_rows(), tag_rows()].into_iter().flatten().collect(),
});

fn stream_rows() -> Vec<Row> {
    vec![
        Row::new(&shapes::CREATE_STREAM_OPERATION, "kinesis:CreateStream", arn, stream::create),
        Row::new(
            &shapes::DECREASE_STREAM_RETENTION_PERIOD_OPERATION,
            "kinesis:DecreaseStreamRetentionPeriod",
            arn,
            stream::decrease_retention,
        ),
        Row::new(&shapes::DELETE_STREAM_OPERATION, "kinesis:DeleteStream", arn, stream::delete),
        Row::new(&shapes::DESCRIBE_LIMITS_OPERATION, "kinesis:DescribeLimits", arn, stream::limits),
        Row::new(&shapes::DESCRIBE_STREAM_OPERATION, "kinesis:DescribeStream", arn, stream::describe),
        Row::new(
            &shapes::DESCRIBE_STREAM_SUMMARY_OPERATION,
            "kinesis:DescribeStreamSummary",
            arn,
            stream::describe_summary,
        ),
        Row::new(
            &shapes::INCREASE_STREAM_RETENTION_PERIOD_OPERATION,
            "kinesis:IncreaseStreamRetentionPeriod",
            arn,
            stream::increase_retention,
        ),
        Row::new(&shapes::LIST_STREAMS_OPERATION, "kinesis:ListStreams", arn, stream::list),
        Row::new(&shapes::UPDATE_STREAM_MODE_OPERATION, "kinesis:UpdateStreamMode", arn, stream::update_mode),
        Row::new(&shapes::LIST_SHARDS_OPERATION, "kinesis:ListShards", arn, shard::list),
        Row::new(&shapes::MERGE_SHARDS_OPERATION, "kinesis:MergeShards", arn, shard::merge),
        Row::new(&shapes::SPLIT_SHARD_OPERATION, "kinesis:SplitShard", arn, shard::split),
        Row::new(&shapes::UPDATE_SHARD_COUNT_OPERATION, "kinesis:UpdateShardCount", arn, shard::update_count),
    ]
}

fn record_rows() -> Vec<Row> {
    vec![
        Row::new(&shapes::GET_RECORDS_OPERATION, "kinesis:GetRecords", in_iterator, record::get),
        Row::new(&shapes::GET_SHARD_ITERATOR_OPERATION, "kinesis:GetShardIterator", arn, record::iterator),
        Row::new(&shapes::PUT_RECORD_OPERATION, "kinesis:PutRecord", arn, record::put).body_max(PUT_BYTES_MAX),
        Row::new(&shapes::PUT_RECORDS_OPERATION, "kinesis:PutRecords", arn, record::put_many).body_max(PUT_BYTES_MAX),
        Row::new(
            &shapes::DEREGISTER_STREAM_CONSUMER_OPERATION,
            "kinesis:DeregisterStreamConsumer",
            arn,
            consumer::deregister,
        ),
        Row::new(
            &shapes::DESCRIBE_STREAM_CONSUMER_OPERATION,
            "kinesis:DescribeStreamConsumer",
            arn,
            consumer::describe,
        ),
        Row::new(&shapes::LIST_STREAM_CONSUMERS_OPERATION, "kinesis:ListStreamConsumers", arn, consumer::list),
        Row::new(
            &shapes::REGISTER_STREAM_CONSUMER_OPERATION,
            "kinesis:RegisterStreamConsumer",
            arn,
            consumer::register,
        ),
    ]
}

fn tag_rows() -> Vec<Row> {
    vec![
        Row::new(&shapes::ADD_TAGS_TO_STREAM_OPERATION, "kinesis:AddTagsToStream", arn, tag::add),
        Row::new(&shapes::LIST_TAGS_FOR_RESOURCE_OPERATION, "kinesis:ListTagsForResource", arn, tag::list_of_resource),
        Row::new(&shapes::LIST_TAGS_FOR_STREAM_OPERATION, "kinesis:ListTagsForStream", arn, tag::list),
        Row::new(&shapes::REMOVE_TAGS_FROM_STREAM_OPERATION, "kinesis:RemoveTagsFromStream", arn, tag::remove),
        Row::new(&shapes::TAG_RESOURCE_OPERATION, "kinesis:TagResource", arn, tag::add_to_resource),
        Row::new(&shapes::UNTAG_RESOURCE_OPERATION, "kinesis:UntagResource", arn, tag::remove_from_resource),
    ]
}

/// What a request is about, by whichever member names it.
fn arn(call: &Call, members: &Members) -> String {
    let text = |key: &str| members.get(key).and_then(Value::as_str);
    let given = text("ConsumerARN").or(text("StreamARN")).or(text("ResourceARN"));
    match (given, text("StreamName")) {
        (Some(arn), _) => arn.to_owned(),
        (None, Some(name)) => call.arn("kinesis", format_args!("stream/{name}")),
        (None, None) => "*".to_owned(),
    }
}

/// The stream that an iterator is of.
fn in_iterator(call: &Call, members: &Members) -> String {
    let iterator = members.get("ShardIterator").and_then(Value::as_str).unwrap_or_default();
    match record::stream_name(iterator) {
        Some(name) => call.arn("kinesis", format_args!("stream/{name}")),
        None => "*".to_owned(),
    }
}

fn seconds(at: store::Timestamp) -> f64 {
    at.millis() as f64 / 1_000.0
}

/// A number of the model's, where a length is meant.
fn count(given: Option<i32>, most: usize) -> usize {
    given.and_then(|given| usize::try_from(given).ok()).map_or(most, |given| given.min(most))
}
