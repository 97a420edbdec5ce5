//! What a transaction hands to the committer: what it read, and what it wants changed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;

use crate::engine::{Limits, Order, Range, Row, Version};
use crate::error::Error;
use crate::shard::{Fence, ShardId};

/// Something that was read and must still be so.
#[derive(Debug, Clone)]
pub(crate) enum Check {
    Key(Bytes, Version),
    /// The first `limit` rows of a range; `digest` is over their keys and versions.
    Range {
        range: Range,
        order: Order,
        limit: usize,
        digest: u64,
    },
}

#[derive(Debug, Clone)]
pub(crate) enum Mutation {
    Put(Bytes),
    Delete,
    Add(i64),
}

#[derive(Debug, Default)]
pub(crate) struct Commit {
    pub fences: Vec<(ShardId, Fence)>,
    /// What was read had every commit up to this one.
    pub as_of: Version,
    pub checks: Vec<Check>,
    pub mutations: BTreeMap<Bytes, Mutation>,
    /// By log, in the order of the calls. Sequence numbers are given in commit order, so a hot log has no conflicts.
    pub appends: BTreeMap<Bytes, Vec<Bytes>>,
}

impl Commit {
    /// Nothing to write and nothing to prove.
    pub(crate) fn only_reads(&self) -> bool {
        self.mutations.is_empty() && self.appends.is_empty() && self.fences.is_empty()
    }

    /// Whether the map may be larger afterwards.
    pub(crate) fn grows(&self) -> bool {
        let is_put = |mutation: &Mutation| match mutation {
            Mutation::Put(_) => true,
            Mutation::Delete | Mutation::Add(_) => false,
        };
        !self.appends.is_empty() || self.mutations.values().any(is_put)
    }

    /// Its size, which is within the limits.
    pub(crate) fn checked_bytes(&self, limits: &Limits) -> Result<usize, Error> {
        let mut total = 0;
        for (key, mutation) in &self.mutations {
            at_most("a key", key.len(), limits.key_bytes_max)?;
            total += key.len();
            if let Mutation::Put(value) = mutation {
                total += value.len();
            }
        }
        for (log, values) in &self.appends {
            at_most("the key of a log", log.len(), limits.key_bytes_max)?;
            for value in values {
                at_most("a value in a log", value.len(), limits.value_bytes_max)?;
                total += log.len() + value.len();
            }
        }
        at_most("a transaction", total, limits.commit_bytes_max)?;
        Ok(total)
    }
}

fn at_most(what: &'static str, given: usize, allowed: usize) -> Result<(), Error> {
    match given <= allowed {
        true => Ok(()),
        false => Err(Error::TooLarge { what, given, allowed }),
    }
}

/// Two reads of a range are the same if and only if (but for one chance in 2^64) their digests are.
pub(crate) fn digest(rows: &[(Bytes, Row)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (key, row) in rows {
        key.hash(&mut hasher);
        row.version.0.hash(&mut hasher);
    }
    rows.len().hash(&mut hasher);
    hasher.finish()
}
