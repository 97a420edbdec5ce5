//! What an engine is: one ordered map with consistent snapshots and atomic, durable batches.
//!
//! Engines are dumb. Checks, counters, logs, chunks and fences are resolved above, in [`crate::stage`], into rows that are
//! put or deleted; an engine knows none of them. Anything that keeps the promises of [`Engine`] passes the conformance
//! suite in `conformance.rs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Error;

/// The commit that last changed a row: unique per commit and growing. Absent rows have version 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Version(pub u64);

/// A stored value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub version: Version,
    /// The value is the length of one that is kept in chunks (see [`crate::large`]).
    pub large: bool,
    pub value: Bytes,
}

/// Keys from `from` (included) to `to` (excluded).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    pub from: Vec<u8>,
    pub to: Vec<u8>,
}

impl Range {
    pub fn contains(&self, key: &[u8]) -> bool {
        self.from.as_slice() <= key && key < self.to.as_slice()
    }

    /// Goes on after `key`: the next page of a forward scan.
    #[must_use]
    pub fn after(mut self, key: &[u8]) -> Range {
        self.from = [key, &[0]].concat();
        self
    }

    /// Ends before `key`: the next page of a reverse scan.
    #[must_use]
    pub fn before(mut self, key: &[u8]) -> Range {
        self.to = key.to_vec();
        self
    }
}

impl From<std::ops::Range<Vec<u8>>> for Range {
    fn from(range: std::ops::Range<Vec<u8>>) -> Range {
        Range { from: range.start, to: range.end }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Forward,
    Reverse,
}

/// Rows to put, and keys to delete where there is none: the last word on each key, in key order.
pub(crate) type Changes = BTreeMap<Bytes, Option<Row>>;

/// How large things may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub key_bytes_max: usize,
    /// Of one row; larger values are cut into chunks of this size.
    pub value_bytes_max: usize,
    /// Of all keys and values of one transaction.
    pub commit_bytes_max: usize,
    /// Transactions are fused into one commit until it has this size.
    pub fused_bytes_max: usize,
}

/// One consistent state of the map.
pub(crate) trait State {
    /// A version up to which it certainly has every commit. It may have later ones.
    fn as_of(&self) -> Version;
    fn get(&mut self, key: &[u8]) -> Result<Option<Row>, Error>;
    fn scan(&mut self, range: &Range, order: Order, limit: usize) -> Result<Vec<(Bytes, Row)>, Error>;
}

/// Why a batch was not applied.
#[derive(Debug)]
pub(crate) enum ApplyError {
    /// Nothing of it is there, and the engine goes on.
    RolledBack(Error),
    /// It may or may not be there, and nothing the engine says afterwards can be trusted: the process must stop.
    Fatal(String),
}

pub(crate) trait Engine: Send + Sync + 'static {
    fn limits(&self) -> Limits;

    /// All batches that were acknowledged before the call, and of each other one everything or nothing.
    fn snapshot(&self) -> Result<Box<dyn State + '_>, Error>;

    /// Applies a batch atomically and returns once it is durable. `version` is the highest in it.
    /// Snapshots see it no sooner than it is durable. Called by one thread at a time.
    fn apply(&self, changes: &Arc<Changes>, version: Version) -> Result<(), ApplyError>;

    /// Whether there is room for a batch that grows the map by this much. What only deletes is never asked about.
    fn may_grow(&self, _bytes: usize) -> bool {
        true
    }

    /// The highest version that was ever applied.
    fn version(&self) -> Result<Version, Error>;

    /// Writes a copy of the whole map, as of one instant, into a directory.
    fn backup(&self, to: &Path) -> Result<(), Error>;
}
