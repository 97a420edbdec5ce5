//! Streams: records in shards, in the order of their commits, each kept for a time.
//!
//! Start reading at [`append`] and [`read`]. What is here is one thing for all streams: shards, records, positions and
//! their retention. What a record holds is the matter of its stream: changes of items in `table::stream`, what producers
//! put in [`data`]. Row layouts are in `rows`, what the loop does on its own in `keep`.
//!
//! Invariants:
//! - A record's number is its place among all records that its shard ever had, counted from 0; numbers have no gaps.
//! - Nothing is appended to a shard that is closed: who appends has read, in the same transaction, that it is open.
//! - Records go when their retention is over, oldest first; a shard goes when it is closed and has none left.

pub mod data;
mod keep;
mod position;
mod rows;
mod sequence;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::{Order, Read, Timestamp, Tx};

use crate::name::{AccountId, Region};
use crate::row::Unreadable;

pub(crate) use keep::run;
pub use position::{Bookmark, Position};
pub(crate) use rows::{Kept, end, keep, records, retain};
pub use sequence::{Numbering, Sequence};

/// Records that are read at once.
const SCAN_ROWS: usize = 500;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Where a stream's rows lie. Its number is drawn: a stream of the same name that comes later has another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane {
    pub account: AccountId,
    pub region: Region,
    pub number: u64,
}

impl Lane {
    pub(crate) fn draw(tx: &mut Tx, account: &AccountId, region: &Region) -> Lane {
        let number = u64::from_be_bytes(*tx.random().first_chunk().expect("there are sixteen"));
        Lane { account: account.clone(), region: region.clone(), number }
    }
}

/// A part of a stream that is in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Counted from 0 within its stream.
    pub index: u64,
    /// The shards that it follows: their records come before its own.
    pub parents: Vec<u64>,
    pub created_millis: i64,
    /// Nothing is appended any more.
    pub closed_millis: Option<i64>,
    /// First and last of the hashes that go to it, where records go by their hash.
    pub hashes: Option<(u128, u128)>,
}

impl Shard {
    pub fn is_open(&self) -> bool {
        self.closed_millis.is_none()
    }
}

/// A record in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub number: u64,
    pub at: Timestamp,
    pub payload: Bytes,
}

/// Adds a shard to a stream.
pub(crate) fn open(tx: &mut Tx, lane: &Lane, shard: &Shard) {
    rows::put_shard(tx, lane, shard);
}

/// Nothing is appended to the shard any more.
pub(crate) fn close(tx: &mut Tx, lane: &Lane, index: u64) -> Result<(), Error> {
    if let Some(mut shard) = rows::shard(tx, lane, index)? {
        shard.closed_millis = Some(tx.now().millis());
        rows::put_shard(tx, lane, &shard);
    }
    Ok(())
}

pub fn shard(read: &mut impl Read, lane: &Lane, index: u64) -> Result<Option<Shard>, Error> {
    rows::shard(read, lane, index)
}

/// All shards that are still there, by their index.
pub fn shards(read: &mut impl Read, lane: &Lane) -> Result<Vec<Shard>, Error> {
    rows::shards(read, lane)
}

/// Appends a record without reading: its number is known once it is committed.
pub(crate) fn append(tx: &mut Tx, lane: &Lane, index: u64, payload: &[u8]) {
    let record = rows::encode(tx.now(), payload);
    tx.append(rows::log(lane, index), record);
}

/// The number that the next record gets.
pub fn next_number(read: &mut impl Read, lane: &Lane, index: u64) -> Result<u64, Error> {
    let found = read.get(&rows::log(lane, index))?;
    Ok(found.and_then(|value| store::counter(&value)).unwrap_or(0).cast_unsigned())
}

/// The number of the oldest record that is still there, or of the one to come.
pub fn oldest_number(read: &mut impl Read, lane: &Lane, index: u64) -> Result<u64, Error> {
    let next = next_number(read, lane, index)?;
    let first = read.scan(rows::from(lane, index, 0), Order::Forward, 1)?;
    match first.first() {
        Some((key, _)) => rows::number(lane, index, key),
        None => Ok(next),
    }
}

/// The newest record, if there is one.
pub fn newest(read: &mut impl Read, lane: &Lane, index: u64) -> Result<Option<Record>, Error> {
    let found = read.scan(rows::from(lane, index, 0), Order::Reverse, 1)?;
    found.into_iter().next().map(|(key, value)| rows::record(lane, index, &key, &value)).transpose()
}

/// Records from a number on, at most so many, and of so many bytes unless the first is larger.
pub fn read(
    read: &mut impl Read,
    lane: &Lane,
    index: u64,
    from: u64,
    count_max: usize,
    bytes_max: usize,
) -> Result<Vec<Record>, Error> {
    let mut records: Vec<Record> = Vec::new();
    let (mut from, mut bytes) = (from, 0);
    while records.len() < count_max {
        let wanted = SCAN_ROWS.min(count_max - records.len());
        let page = read.scan(rows::from(lane, index, from), Order::Forward, wanted)?;
        let is_last = page.len() < wanted;
        for (key, value) in page {
            let record = rows::record(lane, index, &key, &value)?;
            bytes += record.payload.len();
            if bytes > bytes_max && !records.is_empty() {
                return Ok(records);
            }
            from = record.number + 1;
            records.push(record);
        }
        if is_last {
            break;
        }
    }
    Ok(records)
}

/// The number of the first record that is not older; of the one to come if all are.
pub fn first_since(reader: &mut impl Read, lane: &Lane, index: u64, since: Timestamp) -> Result<u64, Error> {
    let (mut low, mut high) = (oldest_number(reader, lane, index)?, next_number(reader, lane, index)?);
    while low < high {
        let middle = low + (high - low) / 2;
        match read(reader, lane, index, middle, 1, usize::MAX)?.first() {
            Some(record) if record.at < since => low = record.number + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}
