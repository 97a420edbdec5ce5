//! How streams lie in the store.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | STREAMS | stream number | [`Kept`] |
//! | SHARDS | stream number, index | [`Shard`] |
//! | RECORDS | stream number, index | the log: how many records it ever had; under it number and record |
//!
//! A record is a layout byte, its milliseconds in eight bytes, big-endian, and what its stream put there. All are layout
//! 1, the only one so far.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, Timestamp, Tx};

use super::{Error, Lane, Record, SCAN_ROWS, Shard};
use crate::name::{AccountId, Region};
use crate::row::{self, Unreadable};

const STREAMS: Space = Space::new(0x0220);
const SHARDS: Space = Space::new(0x0221);
const RECORDS: Space = Space::new(0x0222);

const LAYOUT: u8 = 1;

/// What is known of every stream, whatever its records are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub retention_millis: i64,
    /// The stream gets no more shards: it goes with the last of them, and with it the row of its owner, if that stays so
    /// long.
    pub ended: bool,
    pub owner_row: Option<Vec<u8>>,
}

/// Everything of all streams, for who waits for records.
pub(crate) fn records() -> Vec<u8> {
    Key::global(RECORDS).build()
}

/// Lets a stream's records be kept for as long as it says.
pub(crate) fn keep(tx: &mut Tx, lane: &Lane, kept: &Kept) {
    tx.put(scoped(STREAMS, lane).build(), row::encode(LAYOUT, kept));
}

/// Changes how long a stream's records are kept.
pub(crate) fn retain(tx: &mut Tx, lane: &Lane, retention_millis: i64) -> Result<(), Error> {
    if let Some(kept) = kept(tx, lane)? {
        keep(tx, lane, &Kept { retention_millis, ..kept });
    }
    Ok(())
}

/// The stream gets no more shards, and those that are open are closed.
pub(crate) fn end(tx: &mut Tx, lane: &Lane) -> Result<(), Error> {
    for shard in shards(tx, lane)?.into_iter().filter(Shard::is_open) {
        put_shard(tx, lane, &Shard { closed_millis: Some(tx.now().millis()), ..shard });
    }
    if let Some(kept) = kept(tx, lane)? {
        keep(tx, lane, &Kept { ended: true, ..kept });
    }
    Ok(())
}

pub(super) fn kept(read: &mut impl Read, lane: &Lane) -> Result<Option<Kept>, Error> {
    let found = read.get(&scoped(STREAMS, lane).build())?;
    Ok(found.map(|bytes| row::decode("stream", LAYOUT, &bytes)).transpose()?)
}

pub(super) fn forget(tx: &mut Tx, lane: &Lane) {
    tx.delete(scoped(STREAMS, lane).build());
}

/// Streams after `after`, with the keys of their rows.
pub(super) fn streams(read: &mut impl Read, after: Option<&[u8]>) -> Result<Vec<(Bytes, Lane, Kept)>, Error> {
    let range = Key::global(STREAMS).range();
    let range = match after {
        Some(after) => range.after(after),
        None => range,
    };
    let found = read.scan(range, Order::Forward, SCAN_ROWS)?;
    found
        .into_iter()
        .map(|(key, value)| {
            let lane = Parser::of(&key).and_then(|(_, account, region, mut rest)| {
                let (account, region) = (AccountId::parse(&account).ok()?, Region::parse(&region).ok()?);
                Some(Lane { account, region, number: rest.number()? })
            });
            let lane = lane.ok_or_else(|| unreadable("stream", "its key has another form"))?;
            Ok((key, lane, row::decode("stream", LAYOUT, &value)?))
        })
        .collect()
}

pub(super) fn put_shard(tx: &mut Tx, lane: &Lane, shard: &Shard) {
    tx.put(shard_key(lane, shard.index), row::encode(LAYOUT, shard));
}

pub(super) fn shard(read: &mut impl Read, lane: &Lane, index: u64) -> Result<Option<Shard>, Error> {
    let found = read.get(&shard_key(lane, index))?;
    Ok(found.map(|bytes| row::decode("shard", LAYOUT, &bytes)).transpose()?)
}

pub(super) fn shards(read: &mut impl Read, lane: &Lane) -> Result<Vec<Shard>, Error> {
    let mut range = scoped(SHARDS, lane).range();
    let mut shards = Vec::new();
    loop {
        let page = read.scan(range.clone(), Order::Forward, SCAN_ROWS)?;
        for (_, value) in &page {
            shards.push(row::decode("shard", LAYOUT, value)?);
        }
        match page.last() {
            Some((last, _)) if page.len() == SCAN_ROWS => range = range.after(last),
            Some(_) | None => return Ok(shards),
        }
    }
}

/// Deletes a shard that has no records any more.
pub(super) fn delete_shard(tx: &mut Tx, lane: &Lane, index: u64) {
    tx.delete(shard_key(lane, index));
    tx.delete(log(lane, index));
}

fn shard_key(lane: &Lane, index: u64) -> Vec<u8> {
    scoped(SHARDS, lane).number(index).build()
}

pub(super) fn log(lane: &Lane, index: u64) -> Vec<u8> {
    scoped(RECORDS, lane).number(index).build()
}

/// The rows of a shard's records from a number on.
pub(super) fn from(lane: &Lane, index: u64, number: u64) -> Range {
    let log = Key::under(&log(lane, index));
    Range { from: log.clone().number(number).build(), to: log.range().to }
}

pub(super) fn encode(at: Timestamp, payload: &[u8]) -> Vec<u8> {
    [&[LAYOUT], at.millis().to_be_bytes().as_slice(), payload].concat()
}

pub(super) fn number(lane: &Lane, index: u64, key: &[u8]) -> Result<u64, Error> {
    let number = Parser::after(&log(lane, index), key).and_then(|mut rest| rest.number());
    Ok(number.ok_or_else(|| unreadable("record", "its key has another form"))?)
}

pub(super) fn record(lane: &Lane, index: u64, key: &[u8], value: &Bytes) -> Result<Record, Error> {
    let at = value.strip_prefix(&[LAYOUT]).and_then(|rest| rest.first_chunk::<8>());
    let at = at.ok_or_else(|| unreadable("record", "it has another layout, or ends too soon"))?;
    let at = Timestamp::from_millis(i64::from_be_bytes(*at));
    Ok(Record { number: number(lane, index, key)?, at, payload: value.slice(9..) })
}

fn scoped(space: Space, lane: &Lane) -> Key {
    Key::new(space, lane.account.as_str(), lane.region.as_str()).number(lane.number)
}

fn unreadable(row: &'static str, reason: &str) -> Unreadable {
    Unreadable { row, layout: Some(LAYOUT), reason: reason.to_owned() }
}
