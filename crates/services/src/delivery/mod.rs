//! Carries events to what they trigger: the one loop for all sources.
//!
//! Start reading at [`InvokeLater`] (how an event comes in) and `carry` (how it goes out). Where items come from is
//! `Source`, where they go is `Target`; `events` is the first source, functions are the first target.
//!
//! Invariants:
//! - An event is a row before it is acknowledged, and stays one until it is settled: delivery is at least once.
//! - Waiting for concurrency, or for code that is being prepared, is not an attempt.
//! - What waits costs nothing: the loop sleeps until a row is written, falls due, or a permit is given back.
//!
//! This is the first form: an event whose function fails is settled after one attempt, with a line in the log of the
//! platform. Only when the platform itself fails is it tried again, with growing delays, until it is too old.

mod carry;
mod cause;
mod events;
mod invocations;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use store::{Timestamp, Tx};
use tokio::sync::watch;

pub use cause::Cause;

use crate::function::{FunctionId, Qualifier, Unroutable};
use crate::row::Unreadable;
use crate::run::{BoxFuture, RequestId};
use crate::services::Services;
use events::Events;
use invocations::Invocations;

/// Largest event of an asynchronous invocation (1 MiB).
///
/// Source: Lambda quotas, "Invocation payload" (1 MB asynchronous since October 2025; read 2026-11-24).
pub const PAYLOAD_BYTES_MAX: usize = 1_048_576;
/// An event is given up when it is older. Source: Lambda API model, `MaximumEventAgeInSeconds` (21,600 by default,
/// read 2026-11-24).
const AGE_MAX: Duration = Duration::from_secs(6 * 3600);
/// Deliveries at once: bounds memory to this many events.
const PARALLEL_MAX: usize = 64;
/// Delays after the platform failed: doubled with every attempt, from the first to the last.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LAST: Duration = Duration::from_secs(300);
/// What waits for room is looked at again after this, should nothing that runs end before: a limit may have been raised.
const ROOM_CHECK: Duration = Duration::from_secs(1);
/// The wait after the store could not be read or written.
const STORE_RETRY: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Unroutable(#[from] Unroutable),
    #[error("event of {given} bytes: the limit is {PAYLOAD_BYTES_MAX}")]
    TooLarge { given: usize },
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// An event for a function, to be run when there is room.
#[derive(Debug, Clone)]
pub struct InvokeLater {
    pub function: FunctionId,
    pub qualifier: Option<Qualifier>,
    pub document: Bytes,
    /// What the event is and where it comes from, as `run::Payload::Event` has them.
    pub kind: Box<str>,
    pub source: Box<str>,
    pub client_context: Option<Box<str>>,
    /// The id of the invocation to come, where somebody knows it already; drawn where nobody does.
    pub request_id: Option<RequestId>,
    pub cause: Cause,
}

/// Writes the event down; once this returns it will be run. The request id is that of the invocation to come.
pub(crate) async fn invoke_later(services: &Services, later: InvokeLater) -> Result<RequestId, Error> {
    match services.routes().resolve(&later.function, later.qualifier.as_ref(), 0) {
        Ok(_) | Err(Unroutable::Pending) => {}
        Err(error) => return Err(error.into()),
    }
    services.transact(|tx| emit(tx, &later)).await
}

/// Writes an event in the transaction of the change that causes it.
pub(crate) fn emit(tx: &mut Tx, later: &InvokeLater) -> Result<RequestId, Error> {
    match later.document.len() {
        given if given > PAYLOAD_BYTES_MAX => Err(Error::TooLarge { given }),
        _ => Ok(rows::put(tx, later)),
    }
}

/// Where items come from. One loop owns a source; only what `settle` returns runs beside it.
trait Source: Send {
    type Item: Send + Sync + 'static;

    /// Up to `limit` items that are due. Of one function at most as many as `room` says. They are the loop's until it
    /// releases them.
    fn claim(&mut self, now: Timestamp, limit: usize, room: &Room<'_>) -> Result<Claimed<Self::Item>, Error>;

    /// Commits what became of an item.
    fn settle(&self, item: &Self::Item, settlement: Settlement) -> BoxFuture<'static, Result<(), Error>>;

    /// The item is settled, or it waits in its place again.
    fn release(&mut self, item: &Self::Item);
}

type Room<'a> = dyn Fn(&FunctionId) -> usize + 'a;

/// What a source gives, and when it is to be asked again although nothing was written.
struct Claimed<Item> {
    items: Vec<Item>,
    next_due: Option<Timestamp>,
    /// Items were left because there was no room for them.
    waits_for_room: bool,
}

/// Where items go.
trait Target<Item>: Send + Sync + 'static {
    /// How many items of a function could begin now.
    fn room(&self, function: &FunctionId) -> usize;

    /// Returns once an item could begin that could not before.
    fn room_made(&self) -> BoxFuture<'_, ()>;

    fn deliver(self: Arc<Self>, item: Arc<Item>) -> BoxFuture<'static, Delivered>;
}

/// What came of one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivered {
    /// It is over, well or not.
    Over,
    /// It could not begin for want of room: it waits in its place.
    NoRoom,
    /// It could not begin yet and is to be tried again, at the earliest then.
    NotReady(Timestamp),
    /// The platform failed: an attempt, and another one at the earliest then.
    Failed(Timestamp),
}

/// What becomes of an item in its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settlement {
    Done,
    Again { at: Timestamp, attempted: bool },
}

/// Delivers asynchronous invocations until `stop` is true: then nothing more is begun, and what has begun ends.
pub(crate) async fn run(services: Services, stop: watch::Receiver<bool>) {
    let store = services.store().clone();
    let written = store.watch(&rows::events());
    let source = Events::new(store.clone());
    carry::carry(store, source, Arc::new(Invocations::new(services)), written, stop).await;
}

#[cfg(test)]
mod tests;
