//! Queues: a message stays until a consumer deletes it, or until it is too old.
//!
//! Start reading at [`emit`] (a message comes in, within anybody's transaction) and [`Queues`] (everything else). What a
//! queue is set to is in [`settings`]; what is held in memory for one, in `lane`: which messages are in flight
//! (`flights`), which come next in a standard queue (`bag`) and in a FIFO queue (`groups`). Row layouts are in `rows`.
//!
//! Invariants:
//! - Until its deadline passes, a received message is given to nobody else; a restart does not change that.
//! - What is in memory follows the rows and is changed only here, under the fence of the queue's shard. Anyone may
//!   append to a standard queue; only this module appends to a FIFO queue.
//! - In memory are the messages that were received and not deleted, those that are delayed, and some heads: never the
//!   backlog.
//! - Deadlines in memory are by a clock that does not jump; in rows they are times of day.
//! - Nothing here knows HTTP, JSON on the wire or ARNs.

mod bag;
mod catalog;
mod error;
mod fifo;
mod flights;
mod groups;
mod lane;
mod message;
mod move_task;
mod name;
mod queues;
mod receipt;
mod receive;
mod rows;
mod send;
pub mod settings;
mod settle;
mod sweep;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use catalog::settings_of;
pub use catalog::{Create, Created, Details, Listed};
pub use error::Error;
pub use lane::Counts;
pub use message::{Attribute, AttributeValue, BODY_BYTES_MAX, Message, NewMessage, Sent};
pub use move_task::{MoveStatus, MoveTask, StartMove};
pub use name::{QueueId, QueueName};
pub(crate) use queues::Arrivals;
pub use queues::Queues;
pub use receipt::Receipt;
pub use receive::{Receive, Received};
pub use send::emit;
pub use settings::Settings;

/// Messages of one queue that may be in flight.
///
/// Source: Amazon SQS API model, ChangeMessageVisibility (read 2026-11-24).
pub const IN_FLIGHT_MAX: usize = 120_000;

/// Messages that one receive takes.
///
/// Source: Amazon SQS API model, ReceiveMessage (read 2026-11-24).
pub const RECEIVE_MAX: usize = 10;

/// How long a FIFO queue knows what it was sent, and what it gave to a receive attempt.
///
/// Source: Amazon SQS API model, SendMessage, for the first; not documented for the second (read 2026-11-24).
pub const DEDUPLICATION_TIME: Duration = Duration::from_secs(300);
