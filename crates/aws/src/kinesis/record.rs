//! Records: put, and read.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use services::stream::data::{self, Datum, NewRecord, Placed, Stream, StreamId, parse};
use services::stream::{self, Bookmark, Numbering, Position, Shard};
use store::Timestamp;

use super::address::{self, shard_id};
use super::{refusal, seconds, shard};
use crate::bookmark;
use crate::call::Call;
use crate::dynamodb::on_disk;
use crate::error::{self, Error};
use crate::shape::Blob;
use crate::shapes::kinesis as shapes;
use crate::shapes::kinesis::error::EXPIRED_ITERATOR_EXCEPTION;

// Limits. Source: API reference, PutRecord, PutRecords, GetRecords, GetShardIterator (read 2026-11-24).
const RECORD_BYTES_MAX: usize = 1 << 20;
const REQUEST_BYTES_MAX: usize = 10 << 20;
const RECORDS_MAX: usize = 10_000;
const RECORDS_BYTES_MAX: usize = 10 << 20;
const ITERATOR_AGE_MAX: Duration = Duration::from_secs(5 * 60);

pub async fn put(call: Call, input: shapes::PutRecordInput) -> Result<shapes::PutRecordOutput, Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let new = new_record(input.partition_key, input.explicit_hash_key.as_deref(), input.data)?;
    let placed = place(&call, &id, &[new]).await?;
    let placed = placed.first().expect("each record is placed");
    Ok(shapes::PutRecordOutput {
        shard_id: shard_id(placed.shard.index),
        sequence_number: address::sequence(&placed.shard, placed.number),
        encryption_type: None,
    })
}

pub async fn put_many(call: Call, input: shapes::PutRecordsInput) -> Result<shapes::PutRecordsOutput, Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let new = input
        .records
        .into_iter()
        .map(|entry| new_record(entry.partition_key, entry.explicit_hash_key.as_deref(), entry.data));
    let new = new.collect::<Result<Vec<NewRecord>, Error>>()?;
    let bytes: usize = new.iter().map(|record| record.data.len() + record.key.len()).sum();
    if bytes > REQUEST_BYTES_MAX {
        return Err(refusal::invalid(format!("Records size exceeds {} MB limit", REQUEST_BYTES_MAX >> 20)));
    }
    let placed = place(&call, &id, &new).await?;
    let entry = |placed: &Placed| shapes::PutRecordsResultEntry {
        sequence_number: Some(address::sequence(&placed.shard, placed.number)),
        shard_id: Some(shard_id(placed.shard.index)),
        ..shapes::PutRecordsResultEntry::default()
    };
    Ok(shapes::PutRecordsOutput {
        failed_record_count: Some(0),
        records: placed.iter().map(entry).collect(),
        encryption_type: None,
    })
}

async fn place(call: &Call, id: &StreamId, new: &[NewRecord]) -> Result<Vec<Placed>, Error> {
    let placed = call.services.transact(|tx| data::put(tx, id, new)).await;
    placed.map_err(|error| refusal::of(id, error))
}

fn new_record(key: Option<String>, hash: Option<&str>, data: Blob) -> Result<NewRecord, Error> {
    let key = key.ok_or_else(|| {
        error::VALIDATION.with(
            "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be null",
        )
    })?;
    if data.0.len() + key.len() > RECORD_BYTES_MAX {
        return Err(error::VALIDATION.with(format!(
            "1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have length less than or equal to {RECORD_BYTES_MAX}"
        )));
    }
    let hash = hash.map(|text| {
        text.parse().map_err(|_| {
            refusal::invalid(format!(
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {text}"
            ))
        })
    });
    Ok(NewRecord { key, hash: hash.transpose()?, data: data.0 })
}

pub async fn iterator(
    call: Call,
    input: shapes::GetShardIteratorInput,
) -> Result<shapes::GetShardIteratorOutput, Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let store = call.services.store();
    let found: Result<_, data::Error> = store.read(|read| {
        let stream = data::find(read, &id)?;
        let shards = stream::shards(read, &stream.lane)?;
        Ok((stream, shards))
    });
    let (stream, shards) = found.map_err(|error| refusal::of(&id, error))?;
    let shard = shards.iter().find(|shard| shard_id(shard.index) == input.shard_id);
    let shard = shard.ok_or_else(|| refusal::no_such_shard(&id, &input.shard_id))?;
    let position = position(&input, shard, &shards, store.clock())?;
    let resolved = store.read(|read| {
        let number = position.resolve(read, &stream.lane, shard.index)?;
        // What is older than all that is there begins with the oldest.
        Ok(number.max(stream::oldest_number(read, &stream.lane, shard.index)?))
    });
    let number = resolved.map_err(refusal::inside)?;
    let bookmark = Bookmark { lane: stream.lane.clone(), index: shard.index, number, issued: store.clock() };
    Ok(shapes::GetShardIteratorOutput { shard_iterator: Some(write(&call, &stream.id, &bookmark)?) })
}

fn position(
    input: &shapes::GetShardIteratorInput,
    shard: &Shard,
    shards: &[Shard],
    now: Timestamp,
) -> Result<Position, Error> {
    let kind = input.shard_iterator_type.as_str();
    let numbered = || {
        let text = input.starting_sequence_number.as_deref().ok_or_else(|| {
            refusal::invalid(format!("Must specify a StartingSequenceNumber for ShardIteratorType {kind}."))
        })?;
        let number = |shard: &Shard| Numbering::Data.parse(text, shard.created_millis, shard.index);
        number(shard).ok_or_else(|| match shards.iter().find(|other| number(other).is_some()) {
            Some(other) => refusal::invalid(format!(
                "Invalid StartingSequenceNumber. It encodes {}, while it was used in a call to {}",
                shard_id(other.index),
                shard_id(shard.index)
            )),
            None => refusal::invalid(format!(
                "StartingSequenceNumber {text} used in GetShardIterator on shard {} is invalid.",
                shard_id(shard.index)
            )),
        })
    };
    Ok(match kind {
        "TRIM_HORIZON" => Position::Oldest,
        "LATEST" => Position::Latest,
        "AT_SEQUENCE_NUMBER" => Position::At(numbered()?),
        "AFTER_SEQUENCE_NUMBER" => Position::After(numbered()?),
        _ => {
            let at = input.timestamp.map(shard::at).ok_or_else(|| {
                refusal::invalid("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP.")
            })?;
            if at > now {
                return Err(refusal::invalid(format!(
                    "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: {}, currentTimestampInMillis: {}",
                    at.millis(),
                    now.millis()
                )));
            }
            Position::Since(at)
        }
    })
}

fn write(call: &Call, id: &StreamId, bookmark: &Bookmark) -> Result<String, Error> {
    Ok(format!("{}.{}", bookmark::write(call, bookmark)?, URL_SAFE_NO_PAD.encode(id.name.as_str())))
}

/// The stream that an iterator is of, as it says.
pub fn stream_name(iterator: &str) -> Option<String> {
    let (_, name) = iterator.rsplit_once('.')?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(name).ok()?).ok()
}

pub async fn get(call: Call, input: shapes::GetRecordsInput) -> Result<shapes::GetRecordsOutput, Error> {
    let invalid = || refusal::invalid("Invalid ShardIterator.");
    let name = stream_name(&input.shard_iterator).ok_or_else(invalid)?;
    let (sealed, _) = input.shard_iterator.rsplit_once('.').ok_or_else(invalid)?;
    let bookmark = bookmark::read(&call, sealed).ok_or_else(invalid)?;
    let id = address::stream(&call, Some(&name), None)?;
    let store = call.services.store().clone();
    let now = store.clock();
    if now.since(bookmark.issued) > ITERATOR_AGE_MAX {
        return Err(EXPIRED_ITERATOR_EXCEPTION.with(format!(
            "Iterator expired. The iterator was created at time {} while right now it is {} which is further in the future than the tolerated delay of {} milliseconds.",
            written(bookmark.issued),
            written(now),
            ITERATOR_AGE_MAX.as_millis()
        )));
    }
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(RECORDS_MAX).min(RECORDS_MAX);
    let look = {
        let id = id.clone();
        move || store.read(|read| Page::read(read, &id, bookmark, limit, now))
    };
    let page = on_disk(look).await?.map_err(|error| refusal::of(&id, error))?;
    let shown = page.records.iter().map(|record| {
        let datum = parse(record).map_err(|error| refusal::inside(error.into()))?;
        Ok(shapes::Record {
            sequence_number: address::sequence(&page.shard, record.number),
            approximate_arrival_timestamp: Some(seconds(record.at)),
            data: Blob(datum.data),
            partition_key: Some(datum.key),
            encryption_type: None,
        })
    });
    let child = |shard: &Shard| shapes::ChildShard {
        shard_id: shard_id(shard.index),
        parent_shards: shard.parents.iter().map(|parent| shard_id(*parent)).collect(),
        hash_key_range: shard::hashes(shard),
    };
    Ok(shapes::GetRecordsOutput {
        records: shown.collect::<Result<_, Error>>()?,
        next_shard_iterator: if page.ends { None } else { Some(write(&call, &id, &page.next)?) },
        millis_behind_latest: i64::try_from(page.behind.as_millis()).ok(),
        child_shards: page.ends.then(|| page.children.iter().map(child).collect()),
    })
}

/// What one read of a shard gives.
struct Page {
    shard: Shard,
    records: Vec<stream::Record>,
    next: Bookmark,
    /// Nothing comes after it.
    ends: bool,
    children: Vec<Shard>,
    behind: Duration,
}

impl Page {
    fn read(
        read: &mut impl store::Read,
        id: &StreamId,
        from: Bookmark,
        limit: usize,
        now: Timestamp,
    ) -> Result<Page, data::Error> {
        let stream = data::find(read, id)?;
        let lane = &from.lane;
        let shard = stream::shard(read, lane, from.index)?.filter(|_| stream.lane == *lane);
        let shard = shard.ok_or(data::Error::NoSuchShard(from.index))?;
        let records = stream::read(read, lane, from.index, from.number, limit, RECORDS_BYTES_MAX)?;
        let number = records.last().map_or(from.number, |last| last.number + 1);
        let next = Bookmark { number, issued: now, ..from.clone() };
        let ends = next.is_at_end(read, &shard)?;
        let ahead = stream::read(read, lane, from.index, number, 1, usize::MAX)?;
        let behind = ahead.first().map_or(Duration::ZERO, |record| now.since(record.at));
        let follows = |child: &Shard| child.parents.contains(&shard.index);
        let children =
            if ends { stream::shards(read, lane)?.into_iter().filter(follows).collect() } else { Vec::new() };
        Ok(Page { shard, records, next, ends, children, behind })
    }
}

fn written(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
}

/// A record as it stands in the event of a function.
///
/// Source: Lambda developer guide, "Using Lambda to process records from Amazon Kinesis Data Streams" (read 2026-11-24).
pub fn told(stream: &Stream, shard: &Shard, sequence: &str, at: Timestamp, datum: &Datum, role: &str) -> Vec<u8> {
    let kinesis = json!({
        "kinesisSchemaVersion": "1.0",
        "partitionKey": datum.key,
        "sequenceNumber": sequence,
        "data": STANDARD.encode(&datum.data),
        "approximateArrivalTimestamp": seconds(at),
    });
    let told = json!({
        "kinesis": kinesis,
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("{}:{sequence}", shard_id(shard.index)),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role,
        "awsRegion": stream.id.scope.region.to_string(),
        "eventSourceARN": address::arn(&stream.id),
    });
    told.to_string().into_bytes()
}
