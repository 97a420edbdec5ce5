//! Why a queue operation did not happen.

use std::time::Duration;

use super::name::QueueId;
use super::settings::VISIBILITY_MAX;
use crate::row::Unreadable;

/// One variant for each thing a caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("no queue named {0}: create it first, or check the region in the request")]
    NoSuchQueue(Box<QueueId>),
    /// A queue of that name has other settings.
    #[error("there is a queue {0} with other settings")]
    Exists(Box<QueueId>),
    #[error("the queue that dead letters are to go to does not exist")]
    NoDeadLetterQueue,
    #[error("a queue and its dead-letter queue must both be standard or both FIFO")]
    DeadLetterKind,
    #[error("the dead-letter queue does not take messages from this queue")]
    DeadLetterNotAllowed,
    #[error("a purge is allowed every {every:?}")]
    PurgedRecently { every: Duration },
    /// Not a receipt of this queue.
    #[error("this is not a receipt for a message of this queue")]
    BadReceipt,
    /// A receipt whose time is over: another consumer may have the message by now.
    #[error("the receipt has expired")]
    ExpiredReceipt,
    /// The message is gone, or nobody holds it.
    #[error("the message is not in flight")]
    NotInFlight,
    /// Longer than a message may stay hidden since it was received.
    #[error("the message would be hidden longer than {VISIBILITY_MAX:?} since it was received: ask for less")]
    HiddenTooLong { asked: Duration },
    #[error("too many messages of the queue are in flight: delete some first")]
    TooManyInFlight,
    /// A FIFO queue is appended to by its owner alone.
    #[error("a FIFO queue takes messages through its owner")]
    Fifo,
    /// A message for a FIFO queue without a group or without anything to tell duplicates by.
    #[error("a message for a FIFO queue needs a group and a deduplication id")]
    Unordered,
    #[error("no queue has that one as its dead-letter queue")]
    NotADeadLetterQueue,
    #[error("messages are being moved out of that queue already")]
    MoveRunning,
    /// A dead letter that was sent to its queue directly, and a task without a destination.
    #[error("it is not known where the message came from")]
    NoMoveTarget,
    #[error("no such move task")]
    NoSuchMove,
    #[error("the move task is not running")]
    MoveEnded,
    /// The queue was purged or deleted meanwhile: the operation is tried on what there is now.
    #[error("the queue has changed")]
    Changed,
    /// What is in memory is being rebuilt after a write that failed.
    #[error("the queue is being recovered: try again")]
    Recovering,
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}
