//! The store: one ordered map of bytes with serializable transactions that are on disk when they are acknowledged.
//!
//! Start reading at [`Store`] (what there is), [`Tx`] and [`Read`] (how rows are read and written) and [`key::Key`] (how
//! keys are made). How a commit comes about is in `stage.rs`; what an engine must promise, in `engine.rs`.
//!
//! ```
//! # async fn example() -> Result<(), store::Error> {
//! use store::{Read, Store, key::{Key, Space}};
//! const VISITS: Space = Space::new(9);
//! let store = Store::memory();
//! let key = Key::new(VISITS, "000000000000", "eu-central-1").text("front page").build();
//! let before = store
//!     .transact(|tx| {
//!         let before = tx.get(&key)?.and_then(|value| store::counter(&value)).unwrap_or(0);
//!         tx.put(key.clone(), (before + 1).to_be_bytes().to_vec());
//!         Ok::<_, store::Error>(before)
//!     })
//!     .await?;
//! # let _ = before; Ok(()) }
//! ```
//!
//! Always true:
//! - What was acknowledged is durable; what a reader sees is durable.
//! - Transactions are serializable, over any keys.
//! - Nothing here knows what a queue or a function is, or what a value means.

pub mod blob;
pub mod clock;
pub mod disk;
pub mod journal;
pub mod key;
pub mod shard;

mod backup;
mod commit;
#[cfg(test)]
mod conformance;
mod engine;
mod error;
mod halt;
mod keeper;
mod large;
mod memory;
mod open;
mod seal;
mod sqlite;
mod stage;
mod store;
#[cfg(test)]
mod tests;
mod tx;
mod wait;
mod watch;

pub use blob::{BlobRef, Blobs};
pub use clock::{Clock, Timestamp};
pub use engine::{Order, Range};
pub use error::Error;
pub use halt::OnFatal;
pub use journal::Journal;
pub use open::{OpenError, Options};
pub use shard::{Fence, ShardId};
pub use store::Store;
pub use tx::{Read, Snapshot, Tx, counter};
pub use watch::Watch;

/// The same for all engines, so that what fits into one fits into the other.
///
/// Source: 64 KiB rows and B-tree entries of PostgreSQL under 2.7 KB (measured 2026-11).
const LIMITS: engine::Limits = engine::Limits {
    key_bytes_max: 2_600,
    value_bytes_max: 64 * 1024,
    commit_bytes_max: 64 * 1024 * 1024,
    fused_bytes_max: 4 * 1024 * 1024,
};

/// Locks a mutex. A panic while it was held (a transaction's closure panicked) has left its content whole: nothing in
/// this crate is half-changed while foreign code runs.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
