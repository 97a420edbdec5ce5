//! Reading and writing: [`Tx`] inside a transaction, [`Snapshot`] without one, [`Read`] for code that serves both.

use std::collections::BTreeMap;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::commit::{Check, Commit, Mutation, digest};
use crate::engine::{Limits, Order, Range, State, Version};
use crate::error::{Error, show};
use crate::key::Key;
use crate::large;
use crate::memory::entries;
use crate::shard::{Fence, ShardId};
use crate::stage::merge;

/// Reads of one consistent state.
pub trait Read {
    fn get(&mut self, key: &[u8]) -> Result<Option<Bytes>, Error>;

    /// The first `limit` rows of a range, in the given order. For the next page go on with [`Range::after`] or
    /// [`Range::before`] the last key.
    fn scan(&mut self, range: Range, order: Order, limit: usize) -> Result<Vec<(Bytes, Bytes)>, Error>;
}

/// One consistent state of the whole map, as of the first read.
pub struct Snapshot<'a> {
    state: Box<dyn State + 'a>,
    limits: Limits,
}

impl<'a> Snapshot<'a> {
    pub(crate) fn new(state: Box<dyn State + 'a>, limits: Limits) -> Snapshot<'a> {
        Snapshot { state, limits }
    }
}

impl Read for Snapshot<'_> {
    fn get(&mut self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        match self.state.get(key)? {
            Some(row) => large::value_of(self.state.as_mut(), key, row, self.limits.value_bytes_max).map(Some),
            None => Ok(None),
        }
    }

    fn scan(&mut self, range: Range, order: Order, limit: usize) -> Result<Vec<(Bytes, Bytes)>, Error> {
        let rows = self.state.scan(&range, order, limit)?;
        rows.into_iter()
            .map(|(key, row)| {
                let value = large::value_of(self.state.as_mut(), &key, row, self.limits.value_bytes_max)?;
                Ok((key, value))
            })
            .collect()
    }
}

/// What stays the same over all attempts of one transaction: its time and its random numbers.
pub(crate) struct Stamp {
    pub now: Timestamp,
    pub seed: [u8; 32],
    pub number: u64,
}

/// A transaction under way. It reads its own writes; nothing it writes is seen by others before it is committed.
///
/// Transactions are serializable: the outcome is as if they had run one after the other, in the order of their commits.
pub struct Tx<'a> {
    state: &'a mut dyn State,
    limits: Limits,
    stamp: &'a Stamp,
    draws: u64,
    commit: Commit,
    /// Whether reads are recorded: a transaction that runs in its turn has nothing to prove.
    records: bool,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(state: &'a mut dyn State, limits: Limits, stamp: &'a Stamp, records: bool) -> Tx<'a> {
        let commit = Commit { as_of: state.as_of(), ..Commit::default() };
        Tx { state, limits, stamp, draws: 0, commit, records }
    }

    pub(crate) fn into_commit(self) -> Commit {
        self.commit
    }

    /// Writes a value of up to 64 MiB. Above 64 KiB prefer a blob: this one is read and written as a whole.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.put_bytes(Bytes::from(key), Bytes::from(value));
    }

    pub fn delete(&mut self, key: Vec<u8>) {
        self.commit.mutations.insert(Bytes::from(key), Mutation::Delete);
    }

    /// Adds to a counter without reading it, so that transactions which add to the same one do not conflict. The value
    /// is 8 bytes, big-endian and signed; see [`counter`]. An absent counter is 0.
    pub fn add(&mut self, key: Vec<u8>, by: i64) {
        let key = Bytes::from(key);
        let folded = match self.commit.mutations.get(&key) {
            None => Mutation::Add(by),
            Some(Mutation::Add(before)) => Mutation::Add(before.wrapping_add(by)),
            Some(Mutation::Delete) => Mutation::Put(Bytes::copy_from_slice(&by.to_be_bytes())),
            Some(Mutation::Put(value)) => match counter(value) {
                Some(before) => Mutation::Put(Bytes::copy_from_slice(&before.wrapping_add(by).to_be_bytes())),
                None => Mutation::Add(by), // refused at the commit unless the stored value is a counter
            },
        };
        self.commit.mutations.insert(key, folded);
    }

    /// Appends to a log without reading it. The entry gets the log's next number, counted from 0 in the order of
    /// commits, and lies under `Key::under(log).number(n)`. A reader that sees entry n sees all below n.
    pub fn append(&mut self, log: Vec<u8>, value: Vec<u8>) {
        self.commit.appends.entry(Bytes::from(log)).or_default().push(Bytes::from(value));
    }

    /// Lets the transaction happen only while the caller owns the shard: otherwise it ends with [`Error::Fenced`].
    pub fn fence(&mut self, shard: ShardId, fence: Fence) {
        self.commit.fences.push((shard, fence));
    }

    /// The time of the transaction: the same in all its attempts.
    pub fn now(&self) -> Timestamp {
        self.stamp.now
    }

    /// Sixteen random bytes: the same ones, in the same order, in all attempts.
    pub fn random(&mut self) -> [u8; 16] {
        self.draws += 1;
        let place = [self.stamp.number.to_be_bytes(), self.draws.to_be_bytes()].concat();
        let hash: [u8; 32] = Sha256::new().chain_update(self.stamp.seed).chain_update(place).finalize().into();
        *hash.first_chunk().expect("a SHA-256 has 32 bytes")
    }

    pub(crate) fn put_bytes(&mut self, key: Bytes, value: Bytes) {
        self.commit.mutations.insert(key, Mutation::Put(value));
    }

    /// Refuses to read an entry of a log to which this transaction has appended.
    fn refuse_appended(&self, key: &[u8]) -> Result<(), Error> {
        let log = self.commit.appends.keys().find(|log| key.starts_with(log));
        log.map_or(Ok(()), |log| Err(blind(log)))
    }

    fn refuse_appended_within(&self, range: &Range) -> Result<(), Error> {
        let meets = |log: &&Bytes| {
            let entries = Key::under(log).range();
            range.from < entries.to && log.as_ref() < range.to.as_slice()
        };
        self.commit.appends.keys().find(meets).map_or(Ok(()), |log| Err(blind(log)))
    }

    fn written_within(&self, range: &Range) -> Result<BTreeMap<Bytes, Option<Bytes>>, Error> {
        let written = entries(&self.commit.mutations, range, Order::Forward);
        written
            .map(|(key, mutation)| match mutation {
                Mutation::Put(value) => Ok((key.clone(), Some(value.clone()))),
                Mutation::Delete => Ok((key.clone(), None)),
                Mutation::Add(_) => Err(blind(key)),
            })
            .collect()
    }
}

impl Read for Tx<'_> {
    fn get(&mut self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        match self.commit.mutations.get(key) {
            Some(Mutation::Put(value)) => return Ok(Some(value.clone())),
            Some(Mutation::Delete) => return Ok(None),
            Some(Mutation::Add(_)) => return Err(blind(key)),
            None => self.refuse_appended(key)?,
        }
        let row = self.state.get(key)?;
        if self.records {
            let version = row.as_ref().map_or(Version(0), |row| row.version);
            self.commit.checks.push(Check::Key(Bytes::copy_from_slice(key), version));
        }
        match row {
            Some(row) => large::value_of(self.state, key, row, self.limits.value_bytes_max).map(Some),
            None => Ok(None),
        }
    }

    fn scan(&mut self, range: Range, order: Order, limit: usize) -> Result<Vec<(Bytes, Bytes)>, Error> {
        self.refuse_appended_within(&range)?;
        let written = self.written_within(&range)?;
        let deleted = written.values().filter(|value| value.is_none()).count();
        let limit_under = limit.saturating_add(deleted);
        let rows = self.state.scan(&range, order, limit_under)?;
        if self.records {
            let digest = digest(&rows);
            self.commit.checks.push(Check::Range { range, order, limit: limit_under, digest });
        }
        let mut under = Vec::with_capacity(rows.len());
        for (key, row) in rows {
            let value = large::value_of(self.state, &key, row, self.limits.value_bytes_max)?;
            under.push((key, value));
        }
        Ok(merge(under, written, order, limit))
    }
}

/// The value of a counter that [`Tx::add`] keeps; `None` if these bytes are not a counter.
pub fn counter(value: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(value.try_into().ok()?))
}

fn blind(key: &[u8]) -> Error {
    Error::ReadAfterBlindWrite { key: show(key) }
}
