//! Data streams: records that producers put, spread over shards by the hash of their keys.
//!
//! Start reading at [`create`] and [`put`](put()). Shards split and merge in `reshard`; who reads with a name of its own
//! is in [`consumer`]. Layouts are in `rows`.
//!
//! Invariants:
//! - The hashes of the open shards cover all hashes, each once.
//! - Records of one key are in the order of their commits, over all shards that their hash ever went to.
//! - Nothing here knows AWS JSON or ARNs (`aws::kinesis` translates).

pub mod consumer;
mod put;
mod reshard;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::{Read, Timestamp, Tx};

use super::{Kept, Lane, Shard};
use crate::function::Scope;
use crate::name::Malformed;
use crate::row::Unreadable;

pub use put::{Datum, NewRecord, Placed, hash_of, parse, put};
pub use reshard::{merge, set_count, split};
pub use rows::list;

// Limits. Source: Kinesis quotas and API reference (read 2026-11-24).
pub const RETENTION_HOURS_MIN: u32 = 24;
pub const RETENTION_HOURS_MAX: u32 = 8_760;
pub const SHARDS_MAX: usize = 500;
pub const TAGS_MAX: usize = 50;
/// Shards that a stream begins with whose capacity is on demand.
pub const ON_DEMAND_SHARDS: u64 = 4;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such stream")]
    NoSuchStream,
    #[error("there is a stream of that name")]
    Exists,
    #[error("there is no shard {0}")]
    NoSuchShard(u64),
    #[error("shard {0} is closed")]
    Closed(u64),
    #[error("the shards {0} and {1} are not neighbours")]
    NotAdjacent(u64, u64),
    #[error("{hash} does not part the hashes {} to {}", range.0, range.1)]
    BadSplit { hash: u128, range: (u128, u128) },
    #[error("from {from} shards to {to} is too far at once")]
    TooFar { from: usize, to: usize },
    #[error("a stream has at most {SHARDS_MAX} shards")]
    TooManyShards,
    #[error("the capacity of the stream is on demand")]
    OnDemand,
    #[error("{asked} hours is less than {RETENTION_HOURS_MIN}")]
    RetentionTooShort { asked: u32 },
    #[error("{asked} hours is not the other side of {kept}")]
    RetentionTheOtherWay { asked: u32, kept: u32 },
    #[error("a stream has at most {TAGS_MAX} tags")]
    TooManyTags,
    #[error("there is no such consumer")]
    NoSuchConsumer,
    #[error("there is a consumer of that name")]
    ConsumerExists,
    #[error("a stream has at most {} consumers", consumer::CONSUMERS_MAX)]
    TooManyConsumers,
    #[error("the stream has consumers")]
    HasConsumers,
    #[error(transparent)]
    Stream(#[from] super::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A stream's name: 1 to 128 letters, digits, `_`, `-` or `.`.
///
/// Source: Kinesis API model, `StreamName` (read 2026-11-24).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName(Box<str>); // Invariant: `parse` is the only constructor.

impl StreamName {
    pub fn parse(text: &str) -> Result<StreamName, Malformed> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        match (1..=128).contains(&text.len()) && text.bytes().all(allowed) {
            true => Ok(StreamName(text.into())),
            false => {
                Err(Malformed { given: text.to_owned(), wanted: "a stream name: 1 to 128 letters, digits, _, - or ." })
            }
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    pub scope: Scope,
    pub name: StreamName,
}

/// Who decides how many shards there are. Here nobody does it on demand: the mode is kept and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    Provisioned,
    OnDemand,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    pub id: StreamId,
    pub lane: Lane,
    pub created: Timestamp,
    pub mode: Mode,
    pub retention_hours: u32,
    pub tags: BTreeMap<String, String>,
}

/// Which way the retention goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

pub fn create(
    tx: &mut Tx,
    id: &StreamId,
    shards: u64,
    mode: Mode,
    tags: &BTreeMap<String, String>,
) -> Result<Stream, Error> {
    if rows::find(tx, id)?.is_some() {
        return Err(Error::Exists);
    }
    if shards > SHARDS_MAX as u64 {
        return Err(Error::TooManyShards);
    }
    check_tags(tags)?;
    let stream = Stream {
        id: id.clone(),
        lane: Lane::draw(tx, &id.scope.account, &id.scope.region),
        created: tx.now(),
        mode,
        retention_hours: RETENTION_HOURS_MIN,
        tags: tags.clone(),
    };
    let retention_millis = millis(stream.retention_hours);
    super::keep(tx, &stream.lane, &Kept { retention_millis, ended: false, owner_row: None });
    for (index, hashes) in (0..).zip(reshard::even(shards)) {
        let created_millis = tx.now().millis();
        let shard = Shard { index, parents: Vec::new(), created_millis, closed_millis: None, hashes: Some(hashes) };
        super::open(tx, &stream.lane, &shard);
    }
    rows::put(tx, &stream);
    Ok(stream)
}

pub fn find(read: &mut impl Read, id: &StreamId) -> Result<Stream, Error> {
    rows::find(read, id)?.ok_or(Error::NoSuchStream)
}

/// The stream, if it is there.
pub(crate) fn look(read: &mut impl Read, id: &StreamId) -> Result<Option<Stream>, Error> {
    rows::find(read, id)
}

/// Deletes a stream; its records go in the background.
pub fn delete(tx: &mut Tx, id: &StreamId, with_consumers: bool) -> Result<(), Error> {
    let stream = find(tx, id)?;
    let consumers = consumer::list(tx, &stream)?;
    if !consumers.is_empty() && !with_consumers {
        return Err(Error::HasConsumers);
    }
    consumers.iter().for_each(|consumer| consumer::delete(tx, &stream, &consumer.name));
    rows::delete(tx, id);
    super::end(tx, &stream.lane)?;
    // Nobody can read them any more.
    Ok(super::retain(tx, &stream.lane, 0)?)
}

pub fn set_retention(tx: &mut Tx, id: &StreamId, asked: u32, way: Way) -> Result<(), Error> {
    let mut stream = find(tx, id)?;
    let kept = stream.retention_hours;
    if asked < RETENTION_HOURS_MIN {
        return Err(Error::RetentionTooShort { asked });
    }
    let wrong = match way {
        Way::Up => asked < kept,
        Way::Down => asked > kept,
    };
    if wrong {
        return Err(Error::RetentionTheOtherWay { asked, kept });
    }
    stream.retention_hours = asked.min(RETENTION_HOURS_MAX);
    super::retain(tx, &stream.lane, millis(stream.retention_hours))?;
    rows::put(tx, &stream);
    Ok(())
}

pub fn set_mode(tx: &mut Tx, id: &StreamId, mode: Mode) -> Result<(), Error> {
    let stream = find(tx, id)?;
    rows::put(tx, &Stream { mode, ..stream });
    Ok(())
}

/// Adds and removes tags.
pub fn tag(tx: &mut Tx, id: &StreamId, rule: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), Error> {
    let mut stream = find(tx, id)?;
    rule(&mut stream.tags);
    check_tags(&stream.tags)?;
    rows::put(tx, &stream);
    Ok(())
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    if tags.len() > TAGS_MAX { Err(Error::TooManyTags) } else { Ok(()) }
}

fn millis(hours: u32) -> i64 {
    i64::try_from(Duration::from_secs(u64::from(hours) * 3_600).as_millis()).expect("it is at most a year")
}
