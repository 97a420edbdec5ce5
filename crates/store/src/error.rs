//! Why the store did not do what it was asked.

use crate::shard::ShardId;

/// One variant for each thing the caller can do about it. Conflicts are not here: `transact` retries them itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The disk has no room. Nothing was changed; deletes may still work, and writes do again once there is space.
    #[error("the disk that holds the data directory is full: free some space and try again")]
    Full,
    /// A key, a value or a whole transaction is larger than the store takes.
    #[error("{what} has {given} bytes and the limit is {allowed}")]
    TooLarge { what: &'static str, given: usize, allowed: usize },
    /// The store cannot serve now. The text is for the log.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// Another node has taken over the shard: what the caller holds in memory for it is stale.
    #[error("shard {} belongs to another owner now", .shard.0)]
    Fenced { shard: ShardId },
    /// The transaction may or may not have been committed.
    #[error("the outcome of the transaction is not known")]
    Unknown,
    /// A stored value does not match its checksum: the disk returned something else than was written.
    #[error("damaged data in {place}: {reason}")]
    Damaged { place: &'static str, reason: String },
    /// A key to which this transaction added, or a log to which it appended, was read in the same transaction.
    /// Both are blind writes: their result is known only at the commit.
    #[error("a transaction cannot read what it changes blindly (key {key})")]
    ReadAfterBlindWrite { key: String },
    /// `add` or `append` met a value that is not a counter (8 bytes).
    #[error("the value under key {key} is not a counter")]
    NotACounter { key: String },
}

pub(crate) fn unavailable(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(error.to_string())
}

/// A file error, with a full disk told apart from the rest.
pub(crate) fn from_io(what: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full,
        _ => Error::Unavailable(format!("{what}: {error}")),
    }
}

/// Keys are bytes; messages show them with escapes.
pub(crate) fn show(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}
