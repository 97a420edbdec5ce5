//! Streams of tables: DynamoDB's second service, at the same address and in the same scope. What a stream is and does is
//! in `services::stream` and `services::table::stream`.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;
use std::time::Duration;

use serde::Serialize;
use services::stream::{self, Bookmark, Numbering, Position, Sequence, Shard};
use services::table::stream::{ChangeRecord, Event, ListStreams, Stream, View, parse};
use services::table::{TableId, TableName};
use store::{Snapshot, Timestamp};

use super::attribute::Entries;
use super::table::key_schema;
use super::{any, attribute, name, on_disk, refusal};
use crate::bookmark;
use crate::call::Call;
use crate::error::{self, Error};
use crate::operation::{Members, Row, Table};
use crate::shapes::dynamodbstreams as shapes;
use crate::shapes::dynamodbstreams::error::{
    EXPIRED_ITERATOR_EXCEPTION, RESOURCE_NOT_FOUND_EXCEPTION, TRIMMED_DATA_ACCESS_EXCEPTION,
};

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "dynamodb",
    service: &shapes::SERVICE,
    invalid: &error::VALIDATION,
    rows: vec![
        Row::new(&shapes::DESCRIBE_STREAM_OPERATION, "dynamodb:DescribeStream", in_arn, describe_stream),
        Row::new(&shapes::GET_RECORDS_OPERATION, "dynamodb:GetRecords", in_iterator, get_records),
        Row::new(&shapes::GET_SHARD_ITERATOR_OPERATION, "dynamodb:GetShardIterator", in_arn, get_shard_iterator),
        Row::new(&shapes::LIST_STREAMS_OPERATION, "dynamodb:ListStreams", any, list_streams),
    ],
});

// Limits. Source: API reference, ListStreams, DescribeStream, GetRecords, and developer guide (read 2026-11-24).
const STREAMS_MAX: usize = 100;
const SHARDS_MAX: usize = 100;
const RECORDS_MAX: usize = 1_000;
const RECORDS_BYTES_MAX: usize = 1 << 20;
const ITERATOR_AGE_MAX: Duration = Duration::from_secs(15 * 60);

fn in_arn(_: &Call, members: &Members) -> String {
    members.get("StreamArn").and_then(serde_json::Value::as_str).unwrap_or("*").to_owned()
}

fn in_iterator(_: &Call, members: &Members) -> String {
    let iterator = members.get("ShardIterator").and_then(serde_json::Value::as_str).unwrap_or_default();
    iterator.split_once(MARK).map_or("*", |(arn, _)| arn).to_owned()
}

/// What a stream is called: when it began.
pub fn label(began: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(began.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}

pub fn arn(table: &TableId, began: Timestamp) -> String {
    format!("{}/stream/{}", name::arn(table), label(began))
}

/// The table and the beginning in the ARN of a stream.
pub fn of_arn(arn: &str) -> Option<(TableId, Timestamp)> {
    let (table, label) = arn.split_once("/stream/")?;
    let began: jiff::Timestamp = format!("{label}Z").parse().ok()?;
    Some((name::in_arn(table)?, Timestamp::from_millis(began.as_millisecond())))
}

pub fn view_name(view: View) -> &'static str {
    match view {
        View::Keys => "KEYS_ONLY",
        View::New => "NEW_IMAGE",
        View::Old => "OLD_IMAGE",
        View::Both => "NEW_AND_OLD_IMAGES",
    }
}

/// The model names the four.
pub fn view(name: &str) -> View {
    match name {
        "KEYS_ONLY" => View::Keys,
        "NEW_IMAGE" => View::New,
        "OLD_IMAGE" => View::Old,
        _ => View::Both,
    }
}

/// Source for the form: answers of the service quoted in the developer guide (read 2026-11-24).
pub fn shard_id(stream: &Stream, shard: &Shard) -> String {
    let mark = (stream.lane.number >> 32) ^ shard.index;
    format!("shardId-{:020}-{:08x}", shard.created_millis, mark & 0xffff_ffff)
}

fn sequence(shard: &Shard, number: u64) -> String {
    let (created_millis, index) = (shard.created_millis, shard.index);
    Sequence { numbering: Numbering::Table, created_millis, index, number }.to_string()
}

fn no_such_stream(arn: &str) -> Error {
    RESOURCE_NOT_FOUND_EXCEPTION.with(format!("Requested resource not found: Stream: {arn} not found"))
}

fn existing(call: &Call, arn: &str) -> Result<Stream, Error> {
    let (table, began) = of_arn(arn)
        .filter(|(table, _)| table.account == call.account && table.region == call.region)
        .ok_or_else(|| error::VALIDATION.with(format!("Invalid StreamArn: {arn}")))?;
    let found = call.services.tables().stream(&table, began).map_err(refusal::of_table)?;
    found.ok_or_else(|| no_such_stream(arn))
}

async fn list_streams(call: Call, input: shapes::ListStreamsInput) -> Result<shapes::ListStreamsOutput, Error> {
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(STREAMS_MAX).min(STREAMS_MAX);
    let table = input.table_name.as_deref().map(TableName::parse).transpose();
    let after = match input.exclusive_start_stream_arn.as_deref() {
        Some(arn) => Some(of_arn(arn).ok_or_else(|| error::VALIDATION.with(format!("Invalid StreamArn: {arn}")))?),
        None => None,
    };
    let ask = ListStreams {
        table: table.map_err(|error| error::VALIDATION.with(error.to_string()))?,
        after: after.map(|(table, began)| (table.name, began)),
    };
    let tables = call.services.tables();
    let (streams, more) = tables.streams(&call.account, &call.region, &ask, limit).map_err(refusal::of_table)?;
    let last = streams.last().filter(|_| more).map(|stream| arn(&stream.table, stream.began));
    let shown = streams.iter().map(|stream| shapes::Stream {
        stream_arn: Some(arn(&stream.table, stream.began)),
        table_name: Some(stream.table.name.as_str().to_owned()),
        stream_label: Some(label(stream.began)),
    });
    Ok(shapes::ListStreamsOutput { streams: Some(shown.collect()), last_evaluated_stream_arn: last })
}

async fn describe_stream(
    call: Call,
    input: shapes::DescribeStreamInput,
) -> Result<shapes::DescribeStreamOutput, Error> {
    let stream = existing(&call, &input.stream_arn)?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(SHARDS_MAX).min(SHARDS_MAX);
    let shown: Result<Vec<shapes::Shard>, stream::Error> = call.services.store().read(|read| {
        let shards = stream::shards(read, &stream.lane)?;
        let id_of = |index: u64| shards.iter().find(|shard| shard.index == index).map(|shard| shard_id(&stream, shard));
        shards.iter().map(|shard| describe_shard(read, &stream, shard, &id_of)).collect()
    });
    let mut shown = shown.map_err(inside)?;
    if let Some(filter) = &input.shard_filter {
        shown.retain(|shard| shard.parent_shard_id.is_some() && shard.parent_shard_id == filter.shard_id);
    }
    if let Some(after) = &input.exclusive_start_shard_id {
        let at = shown.iter().position(|shard| shard.shard_id.as_ref() == Some(after));
        shown.drain(..at.map_or(0, |at| at + 1));
    }
    let more = shown.len() > limit;
    shown.truncate(limit);
    let last = shown.last().and_then(|shard| shard.shard_id.clone()).filter(|_| more);
    let key_element = |element: crate::shapes::dynamodb::KeySchemaElement| shapes::KeySchemaElement {
        attribute_name: element.attribute_name,
        key_type: element.key_type,
    };
    let described = shapes::StreamDescription {
        stream_arn: Some(arn(&stream.table, stream.began)),
        stream_label: Some(label(stream.began)),
        stream_status: Some(if stream.enabled { "ENABLED" } else { "DISABLED" }.to_owned()),
        stream_view_type: Some(view_name(stream.view).to_owned()),
        creation_request_date_time: Some(stream.began.millis() as f64 / 1_000.0),
        table_name: Some(stream.table.name.as_str().to_owned()),
        key_schema: Some(key_schema(&stream.key).into_iter().map(key_element).collect()),
        shards: Some(shown),
        last_evaluated_shard_id: last,
    };
    Ok(shapes::DescribeStreamOutput { stream_description: Some(described) })
}

fn describe_shard(
    read: &mut Snapshot,
    stream: &Stream,
    shard: &Shard,
    id_of: &impl Fn(u64) -> Option<String>,
) -> Result<shapes::Shard, stream::Error> {
    let ending = match shard.is_open() {
        true => None,
        false => {
            let next = stream::next_number(read, &stream.lane, shard.index)?;
            Some(sequence(shard, next.saturating_sub(1)))
        }
    };
    Ok(shapes::Shard {
        shard_id: Some(shard_id(stream, shard)),
        sequence_number_range: Some(shapes::SequenceNumberRange {
            starting_sequence_number: Some(sequence(shard, 0)),
            ending_sequence_number: ending,
        }),
        parent_shard_id: shard.parents.first().and_then(|parent| id_of(*parent)),
    })
}

async fn get_shard_iterator(
    call: Call,
    input: shapes::GetShardIteratorInput,
) -> Result<shapes::GetShardIteratorOutput, Error> {
    let stream = existing(&call, &input.stream_arn)?;
    let store = call.services.store();
    let shards = store.read(|read| stream::shards(read, &stream.lane)).map_err(inside)?;
    let shard = shards.iter().find(|shard| shard_id(&stream, shard) == input.shard_id);
    let shard =
        shard.ok_or_else(|| RESOURCE_NOT_FOUND_EXCEPTION.with("Requested resource not found: Shard does not exist"))?;
    let position = position(&input, shard)?;
    let (number, oldest) = store
        .read(|read| {
            let number = position.resolve(read, &stream.lane, shard.index)?;
            Ok((number, stream::oldest_number(read, &stream.lane, shard.index)?))
        })
        .map_err(inside)?;
    if number < oldest {
        return Err(trimmed());
    }
    let bookmark = Bookmark { lane: stream.lane.clone(), index: shard.index, number, issued: store.clock() };
    let shard_iterator = Some(iterator(&call, &stream, &bookmark)?);
    Ok(shapes::GetShardIteratorOutput { shard_iterator })
}

fn position(input: &shapes::GetShardIteratorInput, shard: &Shard) -> Result<Position, Error> {
    let numbered = || {
        let text = input.sequence_number.as_deref().ok_or_else(|| {
            error::VALIDATION
                .with(format!("SequenceNumber must be specified for ShardIteratorType {}", input.shard_iterator_type))
        })?;
        let number = Numbering::Table.parse(text, shard.created_millis, shard.index);
        number.ok_or_else(|| error::VALIDATION.with(format!("Invalid SequenceNumber: {text}")))
    };
    Ok(match input.shard_iterator_type.as_str() {
        "TRIM_HORIZON" => Position::Oldest,
        "LATEST" => Position::Latest,
        "AT_SEQUENCE_NUMBER" => Position::At(numbered()?),
        "AFTER_SEQUENCE_NUMBER" => Position::After(numbered()?),
        _ => {
            let at = input.timestamp.ok_or_else(|| {
                error::VALIDATION.with("Timestamp must be specified for ShardIteratorType AT_TIMESTAMP")
            })?;
            Position::Since(Timestamp::from_millis((at * 1_000.0) as i64))
        }
    })
}

/// Between the stream's ARN and the rest of an iterator.
const MARK: &str = "|1|";

/// As the service writes them: the stream's ARN, a version, and what is nobody's business.
fn iterator(call: &Call, stream: &Stream, bookmark: &Bookmark) -> Result<String, Error> {
    Ok(format!("{}{MARK}{}", arn(&stream.table, stream.began), bookmark::write(call, bookmark)?))
}

async fn get_records(call: Call, input: shapes::GetRecordsInput) -> Result<shapes::GetRecordsOutput, Error> {
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(RECORDS_MAX);
    if limit > RECORDS_MAX {
        let constraint = format!("Member must have value less than or equal to {RECORDS_MAX}");
        return Err(Error::constraint(&limit.to_string(), "limit", &constraint));
    }
    let invalid = || error::VALIDATION.with("Invalid ShardIterator");
    let (arn, sealed) = input.shard_iterator.split_once(MARK).ok_or_else(invalid)?;
    let bookmark = bookmark::read(&call, sealed).ok_or_else(invalid)?;
    let (table, began) = of_arn(arn).ok_or_else(invalid)?;
    let store = call.services.store().clone();
    let now = store.clock();
    if now.since(bookmark.issued) > ITERATOR_AGE_MAX {
        return Err(EXPIRED_ITERATOR_EXCEPTION.with("Iterator expired"));
    }
    let stream = call.services.tables().stream(&table, began).map_err(refusal::of_table)?;
    let stream = stream.filter(|stream| stream.lane == bookmark.lane).ok_or_else(|| no_such_stream(arn))?;
    let (lane, index, from) = (bookmark.lane.clone(), bookmark.index, bookmark.number);
    let read = on_disk(move || {
        store.read(|read| {
            let Some(shard) = stream::shard(read, &lane, index)? else { return Ok(None) };
            let oldest = stream::oldest_number(read, &lane, index)?;
            let records = stream::read(read, &lane, index, from, limit, RECORDS_BYTES_MAX)?;
            let next =
                Bookmark { number: records.last().map_or(from, |last| last.number + 1), issued: now, ..bookmark };
            let ends = next.is_at_end(read, &shard)?;
            Ok(Some((shard, oldest, records, next, ends)))
        })
    });
    let Some((shard, oldest, records, next, ends)) = read.await?.map_err(inside)? else { return Err(trimmed()) };
    if from < oldest {
        return Err(trimmed());
    }
    let shown = records.iter().map(|record| {
        let change = parse(record).map_err(|error| inside(error.into()))?;
        Ok(show(&stream, &shard, record, change))
    });
    Ok(shapes::GetRecordsOutput {
        records: Some(shown.collect::<Result<_, Error>>()?),
        next_shard_iterator: if ends { None } else { Some(iterator(&call, &stream, &next)?) },
    })
}

fn event_name(event: Event) -> &'static str {
    match event {
        Event::Insert => "INSERT",
        Event::Modify => "MODIFY",
        Event::Remove | Event::Expire => "REMOVE",
    }
}

const EVENT_VERSION: &str = "1.1";
const EVENT_SOURCE: &str = "aws:dynamodb";
/// Who deletes what is due.
const PRINCIPAL: &str = "dynamodb.amazonaws.com";

fn show(stream: &Stream, shard: &Shard, record: &stream::Record, change: ChangeRecord) -> shapes::Record {
    let size = i64::try_from(change.size()).ok();
    shapes::Record {
        event_id: Some(hex::encode(change.id)),
        event_name: Some(event_name(change.event).to_owned()),
        event_version: Some(EVENT_VERSION.to_owned()),
        event_source: Some(EVENT_SOURCE.to_owned()),
        aws_region: Some(stream.table.region.to_string()),
        user_identity: (change.event == Event::Expire)
            .then(|| shapes::Identity { principal_id: Some(PRINCIPAL.to_owned()), kind: Some("Service".to_owned()) }),
        dynamodb: Some(shapes::StreamRecord {
            approximate_creation_date_time: Some((record.at.millis() / 1_000) as f64),
            keys: Some(attribute::attributes(change.key)),
            new_image: change.new.map(attribute::attributes),
            old_image: change.old.map(attribute::attributes),
            sequence_number: Some(sequence(shard, record.number)),
            size_bytes: size,
            stream_view_type: Some(view_name(stream.view).to_owned()),
        }),
    }
}

/// A change as it stands in the event of a function.
///
/// Source: Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB", and developer guide, "DynamoDB Streams and
/// Time to Live" (read 2026-11-24).
pub fn told(stream: &Stream, sequence: &str, at: Timestamp, change: &ChangeRecord) -> Vec<u8> {
    let told = Told {
        event_id: hex::encode(change.id),
        event_name: event_name(change.event),
        event_version: EVENT_VERSION,
        event_source: EVENT_SOURCE,
        aws_region: stream.table.region.to_string(),
        dynamodb: ToldChange {
            at: at.millis() / 1_000,
            keys: Entries(&change.key),
            new: change.new.as_ref().map(Entries),
            old: change.old.as_ref().map(Entries),
            sequence,
            size: change.size(),
            view: view_name(stream.view),
        },
        user_identity: (change.event == Event::Expire).then_some(Who { principal: PRINCIPAL, kind: "Service" }),
        arn: arn(&stream.table, stream.began),
    };
    serde_json::to_vec(&told).expect("attributes are plain data and a Vec takes every write")
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(rename = "eventID")]
    event_id: String,
    #[serde(rename = "eventName")]
    event_name: &'a str,
    #[serde(rename = "eventVersion")]
    event_version: &'a str,
    #[serde(rename = "eventSource")]
    event_source: &'a str,
    #[serde(rename = "awsRegion")]
    aws_region: String,
    dynamodb: ToldChange<'a>,
    #[serde(rename = "userIdentity", skip_serializing_if = "Option::is_none")]
    user_identity: Option<Who>,
    #[serde(rename = "eventSourceARN")]
    arn: String,
}

#[derive(Serialize)]
struct ToldChange<'a> {
    #[serde(rename = "ApproximateCreationDateTime")]
    at: i64,
    #[serde(rename = "Keys")]
    keys: Entries<'a>,
    #[serde(rename = "NewImage", skip_serializing_if = "Option::is_none")]
    new: Option<Entries<'a>>,
    #[serde(rename = "OldImage", skip_serializing_if = "Option::is_none")]
    old: Option<Entries<'a>>,
    #[serde(rename = "SequenceNumber")]
    sequence: &'a str,
    #[serde(rename = "SizeBytes")]
    size: usize,
    #[serde(rename = "StreamViewType")]
    view: &'a str,
}

#[derive(Serialize)]
struct Who {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "principalId")]
    principal: &'static str,
}

fn trimmed() -> Error {
    TRIMMED_DATA_ACCESS_EXCEPTION.with("The operation attempted to read past the oldest stream record in a shard.")
}

fn inside(error: stream::Error) -> Error {
    refusal::of_table(error.into())
}
