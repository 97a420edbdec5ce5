//! Putting records.

use std::collections::BTreeMap;

use bytes::{Buf, Bytes};
use md5::{Digest, Md5};
use store::Tx;

use super::{Error, StreamId, find};
use crate::row::Unreadable;
use crate::stream::{self, Record, Shard};

const LAYOUT: u8 = 1;

/// A record to be put.
#[derive(Debug, Clone)]
pub struct NewRecord {
    pub key: String,
    /// Where it goes, if not where its key's hash does.
    pub hash: Option<u128>,
    pub data: Bytes,
}

/// Where a record was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub shard: Shard,
    pub number: u64,
}

/// What a producer has put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datum {
    pub key: String,
    pub data: Bytes,
}

/// Source: Kinesis developer guide, "Partition key": MD5 (read 2026-11-24).
pub fn hash_of(key: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(key.as_bytes()).into())
}

/// Puts records, all or none, in their order.
pub fn put(tx: &mut Tx, id: &StreamId, records: &[NewRecord]) -> Result<Vec<Placed>, Error> {
    let stream = find(tx, id)?;
    let open: Vec<Shard> = stream::shards(tx, &stream.lane)?.into_iter().filter(Shard::is_open).collect();
    // All numbers are read before anything is appended: a log cannot be read behind a blind append.
    let mut next: BTreeMap<u64, u64> = BTreeMap::new();
    let mut placed = Vec::with_capacity(records.len());
    for record in records {
        let hash = record.hash.unwrap_or_else(|| hash_of(&record.key));
        let takes = |shard: &&Shard| shard.hashes.is_some_and(|(first, last)| (first..=last).contains(&hash));
        let shard = open.iter().find(takes).expect("the open shards cover all hashes").clone();
        let number = match next.get(&shard.index) {
            Some(number) => *number,
            None => stream::next_number(tx, &stream.lane, shard.index)?,
        };
        next.insert(shard.index, number + 1);
        placed.push(Placed { shard, number });
    }
    for (record, placed) in records.iter().zip(&placed) {
        stream::append(tx, &stream.lane, placed.shard.index, &encode(record));
    }
    Ok(placed)
}

/// A layout byte, the key's length in two bytes, big-endian, the key, the data.
fn encode(record: &NewRecord) -> Vec<u8> {
    let length = u16::try_from(record.key.len()).expect("keys are short").to_be_bytes();
    [&[LAYOUT], length.as_slice(), record.key.as_bytes(), &record.data].concat()
}

pub fn parse(record: &Record) -> Result<Datum, Unreadable> {
    let unreadable = |reason: &str| Unreadable { row: "datum", layout: Some(LAYOUT), reason: reason.to_owned() };
    let mut rest = record.payload.clone();
    let [LAYOUT, high, low] = *rest.first_chunk::<3>().ok_or_else(|| unreadable("it ends too soon"))? else {
        return Err(unreadable("it has another layout"));
    };
    rest.advance(3);
    let length = usize::from(u16::from_be_bytes([high, low]));
    if rest.len() < length {
        return Err(unreadable("it ends too soon"));
    }
    let key = String::from_utf8(rest.split_to(length).to_vec()).map_err(|error| unreadable(&error.to_string()))?;
    Ok(Datum { key, data: rest })
}
