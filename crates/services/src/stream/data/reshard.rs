//! Shards that split and merge: those before are closed, those after have them as parents.

use store::Tx;

use super::{Error, Mode, SHARDS_MAX, Stream, StreamId, find};
use crate::stream::{self, Shard};

/// The hashes of so many shards, as even as can be.
pub(super) fn even(count: u64) -> impl Iterator<Item = (u128, u128)> {
    let count = u128::from(count.max(1));
    // 2^128 / count, without 2^128; of one shard it is not asked for.
    let size = (u128::MAX / count).wrapping_add(u128::from(u128::MAX % count == count - 1));
    (0..count).map(move |place| {
        let last = if place + 1 == count { u128::MAX } else { (place + 1) * size - 1 };
        (place * size, last)
    })
}

/// Parts a shard in two; the second begins with a hash.
pub fn split(tx: &mut Tx, id: &StreamId, index: u64, hash: u128) -> Result<(), Error> {
    let stream = provisioned(tx, id)?;
    let shards = stream::shards(tx, &stream.lane)?;
    let shard = open(&shards, index)?;
    let (first, last) = shard.hashes.unwrap_or_default();
    if hash <= first || hash > last {
        return Err(Error::BadSplit { hash, range: (first, last) });
    }
    if shards.iter().filter(|shard| shard.is_open()).count() >= SHARDS_MAX {
        return Err(Error::TooManyShards);
    }
    replace(tx, &stream, &shards, &[index], &[(first, hash - 1), (hash, last)])
}

/// Makes one shard of two neighbours.
pub fn merge(tx: &mut Tx, id: &StreamId, index: u64, other: u64) -> Result<(), Error> {
    let stream = provisioned(tx, id)?;
    let shards = stream::shards(tx, &stream.lane)?;
    let (one, two) = (open(&shards, index)?, open(&shards, other)?);
    let (mut low, mut high) = (one.hashes.unwrap_or_default(), two.hashes.unwrap_or_default());
    if low > high {
        (low, high) = (high, low);
    }
    if low.1.checked_add(1) != Some(high.0) {
        return Err(Error::NotAdjacent(index, other));
    }
    replace(tx, &stream, &shards, &[index, other], &[(low.0, high.1)])
}

/// Makes so many shards of equal size. Says how many there were.
pub fn set_count(tx: &mut Tx, id: &StreamId, count: usize) -> Result<usize, Error> {
    let stream = provisioned(tx, id)?;
    let shards = stream::shards(tx, &stream.lane)?;
    let before: Vec<u64> = shards.iter().filter(|shard| shard.is_open()).map(|shard| shard.index).collect();
    let from = before.len();
    if count > from * 2 || count * 2 < from {
        return Err(Error::TooFar { from, to: count });
    }
    if count > SHARDS_MAX {
        return Err(Error::TooManyShards);
    }
    let hashes: Vec<(u128, u128)> = even(count as u64).collect();
    if count != from {
        replace(tx, &stream, &shards, &before, &hashes)?;
    }
    Ok(from)
}

fn provisioned(tx: &mut Tx, id: &StreamId) -> Result<Stream, Error> {
    let stream = find(tx, id)?;
    match stream.mode {
        Mode::Provisioned => Ok(stream),
        Mode::OnDemand => Err(Error::OnDemand),
    }
}

fn open(shards: &[Shard], index: u64) -> Result<&Shard, Error> {
    let shard = shards.iter().find(|shard| shard.index == index).ok_or(Error::NoSuchShard(index))?;
    if shard.is_open() { Ok(shard) } else { Err(Error::Closed(index)) }
}

/// Closes shards and opens others for their hashes. Who puts records meanwhile has read the shards, and does it again.
fn replace(tx: &mut Tx, stream: &Stream, shards: &[Shard], old: &[u64], new: &[(u128, u128)]) -> Result<(), Error> {
    let mut next = shards.iter().map(|shard| shard.index + 1).max().unwrap_or(0);
    for index in old {
        stream::close(tx, &stream.lane, *index)?;
    }
    for &(first, last) in new {
        let meets = |shard: &&Shard| {
            old.contains(&shard.index) && shard.hashes.is_some_and(|(low, high)| low <= last && first <= high)
        };
        let parents = shards.iter().filter(meets).map(|shard| shard.index).collect();
        let created_millis = tx.now().millis();
        let shard = Shard { index: next, parents, created_millis, closed_millis: None, hashes: Some((first, last)) };
        stream::open(tx, &stream.lane, &shard);
        next += 1;
    }
    Ok(())
}
