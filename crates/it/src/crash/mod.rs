//! What a crash may take: nothing that was acknowledged.
//!
//! Three harnesses, all run by `cargo xtask crash` and, shorter, by the tests:
//! - [`kill`]: a process commits under load and is killed at a random instant; what it acknowledged is looked up.
//! - [`services`]: the real binary under load over HTTP, killed and started again on the same data.
//! - [`power`]: every write, rename and sync of a store is recorded ([`record`]; under SQLite by [`vfs`]), then the disk is
//!   rebuilt as a power loss at some instant would leave it, without what was not synced, and opened again.
//!
//! The last one also proves itself: with any one kind of sync taken out it must find a loss.

pub mod kill;
pub mod power;
pub mod record;
pub mod services;
pub mod vfs;
