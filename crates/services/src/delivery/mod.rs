//! Carries events to what they trigger: the one loop for all sources.
//!
//! Start reading at [`InvokeLater`] (how an event comes in) and `carry` (the loop). Where parcels come from is `Source`,
//! where they go is `Target`, and how often and how long they are tried is a `policy`. There are three disciplines, each a
//! `Source`: the `bag` (attempts and a deadline for each event, settled in any order), the `cursor` (order and a
//! checkpoint for each partition) and the `feed` (rows that only lead to other rows: `published` events, messages of
//! topics that are `told`, `timers`, messages that are `outgoing` to FIFO queues, and `posts` to HTTP
//! endpoints). Asynchronous `invocations` are a bag whose target are functions; a service
//! that only wants a function to be run calls `emit` in its own transaction. Event source mappings are `mapped`: batches
//! that are received from queues, which keep the attempts and deadlines themselves, or read from `shards` by the cursor;
//! the target of both are `functions`.
//!
//! Invariants:
//! - An event is a row before it is acknowledged, and stays one until it is settled: delivery is at least once.
//! - What an event leads to (a record for its destination) is written in the commit that settles it.
//! - Waiting for concurrency, for the machine's room or for code that is being prepared is not an attempt.
//! - What waits costs nothing: the loop sleeps until a row is written, falls due, or room is made.
//! - Nothing here knows how a document is written: [`Envelopes`] brings that.

mod bag;
mod carry;
mod cause;
mod cursor;
mod feed;
mod functions;
mod invocations;
mod mapped;
mod outcome;
mod outgoing;
mod policy;
mod posts;
mod published;
mod receiver;
mod rows;
mod shards;
mod timers;
mod told;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use store::{Timestamp, Tx, Watch};
use tokio::sync::{Notify, watch};

pub use cause::Cause;
pub use outcome::{Confirmation, Discarded, Envelopes, Notification, Record, Response, Signed};
pub use policy::End;
pub(crate) use shards::{begin as begin_reading, forget as forget_reading, regroup as regroup_reading};

use crate::bus;
use crate::function::{FunctionId, Qualifier, Unroutable};
use crate::name::Version;
use crate::row::Unreadable;
use crate::run::{BoxFuture, RequestId};
use crate::services::Services;
use crate::{mapping, schedule, stream, table, topic};
use bag::Bag;
use cursor::Cursor;
use feed::{Commit, Feed, Feeder};
use invocations::Invocations;
use outgoing::{FifoQueues, Outgoings};
use posts::{Endpoints, Posts};
use published::Published;
use timers::Timers;

/// Largest event of an asynchronous invocation (1 MiB).
///
/// Source: Lambda quotas, "Invocation payload" (1 MB asynchronous since October 2025; read 2026-11-24).
pub const PAYLOAD_BYTES_MAX: usize = 1_048_576;
/// Nothing more is claimed while what is claimed takes this much.
const BYTES_MAX: usize = 256 * 1024 * 1024;
/// Parcels that are settled in one commit, and their size; a single one may be larger.
const GROUP_MAX: usize = 512;
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What waits for room is looked at again after this, should nothing that runs end before: a limit may have been raised.
const ROOM_CHECK: Duration = Duration::from_secs(1);
/// How long a function's events pause when the machine has no room for them, or its code is not ready.
const ROOM_PAUSE: Duration = Duration::from_millis(200);
/// The wait after the store could not be read or written.
const STORE_RETRY: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Unroutable(#[from] Unroutable),
    #[error("event of {given} bytes: the limit is {PAYLOAD_BYTES_MAX}")]
    TooLarge { given: usize },
    #[error(transparent)]
    Bus(#[from] bus::Error),
    #[error(transparent)]
    Table(#[from] table::Error),
    #[error(transparent)]
    Stream(#[from] stream::Error),
    #[error(transparent)]
    Mapping(Box<mapping::Error>),
    #[error(transparent)]
    Schedule(#[from] schedule::Error),
    #[error(transparent)]
    Topic(#[from] topic::Error),
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

/// Where parcels come from: a bag of events, a partition's batches. One loop owns a source; only what `settle` returns
/// runs beside it.
trait Source: Send + 'static {
    /// What is delivered at once, attempted as a whole and settled as a whole.
    type Parcel: Send + Sync + 'static;
    /// What parcels share a target's room with.
    type Lane;

    /// Up to `limit` parcels that are due, of one lane at most as many as it has room. They are the loop's until it
    /// releases them.
    fn claim(&mut self, ask: &Ask<'_, Self::Lane>)
    -> impl Future<Output = Result<Claimed<Self::Parcel>, Error>> + Send;

    /// Commits what became of a group of parcels, all or none: done, again later, or given up, as the source's policy
    /// says. What they lead to (destinations, dead letters, a fan-out) is written in the same commit.
    fn settle(&self, group: Arc<[Settled<Self::Parcel>]>) -> BoxFuture<'static, Result<(), Error>>;

    /// The parcel is not the loop's any more.
    fn release(&mut self, parcel: &Self::Parcel, how: Release);

    /// Why the parcel is not to be delivered any more, only settled.
    fn refused(parcel: &Self::Parcel) -> Option<End>;

    /// What the parcel takes in memory.
    fn bytes(parcel: &Self::Parcel) -> usize;
}

/// Why a parcel is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Release {
    Settled,
    /// It waits in its place again; with a time, its lane pauses until then.
    Waits(Option<Timestamp>),
}

/// What a claim asks for.
struct Ask<'a, Lane> {
    now: Timestamp,
    limit: usize,
    /// How many parcels of a lane could begin now.
    room: &'a (dyn Fn(&Lane) -> usize + Sync),
}

/// What a source gives, and when it is to be asked again although nothing was written.
struct Claimed<Parcel> {
    parcels: Vec<Parcel>,
    next_due: Option<Timestamp>,
    /// Parcels were left because there was no room for them.
    waits_for_room: bool,
}

impl<Parcel> Claimed<Parcel> {
    fn nothing() -> Claimed<Parcel> {
        Claimed { parcels: Vec::new(), next_due: None, waits_for_room: false }
    }

    /// At the latest then.
    fn ask_again(&mut self, at: Timestamp) {
        self.next_due = Some(self.next_due.map_or(at, |due| due.min(at)));
    }
}

/// Where parcels go.
trait Target<S: Source>: Send + Sync + 'static {
    /// How many parcels of a lane could begin now.
    fn room(&self, lane: &S::Lane) -> usize;

    /// Returns once a parcel could begin that could not before.
    fn room_made(&self) -> BoxFuture<'_, ()>;

    /// Takes the room at once; what it returns does the rest.
    fn deliver(self: Arc<Self>, parcel: Arc<S::Parcel>) -> BoxFuture<'static, Delivered>;
}

/// A parcel and what came of its delivery.
struct Settled<Parcel> {
    parcel: Arc<Parcel>,
    delivered: Delivered,
}

/// What came of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Delivered {
    /// The target took it.
    Done(Answer),
    /// The target took a batch but for these records of it, by their places from 0.
    Partly(Vec<usize>),
    /// The target failed: an attempt that counts.
    Failed(Answer),
    /// The platform failed: tried again, for as long as it is young enough.
    Broken,
    /// It was not attempted, and will not be.
    Refused(End),
    /// It could not begin, which is no attempt: see [`Release::Waits`].
    Waits(Option<Timestamp>),
}

impl Delivered {
    fn bytes(&self) -> usize {
        match self {
            Delivered::Done(answer) | Delivered::Failed(answer) => answer.document.len(),
            Delivered::Partly(_) | Delivered::Broken | Delivered::Refused(_) | Delivered::Waits(_) => 0,
        }
    }
}

/// What a function answered, well or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Answer {
    /// Empty where nobody wants to know.
    document: Bytes,
    version: Option<Version>,
    request_id: Option<RequestId>,
}

/// What tells the loop that its source may have more.
enum News {
    Rows(Watch),
    Either(Watch, Watch),
    Told(Arc<Notify>),
}

impl News {
    async fn come(&mut self) {
        match self {
            News::Rows(watch) => watch.changed().await,
            News::Either(one, other) => tokio::select! {
                () = one.changed() => {}
                () = other.changed() => {}
            },
            News::Told(told) => told.notified().await,
        }
    }
}

/// Delivers what there is until `stop` is true: then nothing more is begun, and what has begun ends. `retry_scale` times
/// all delays and ages.
pub(crate) async fn run(services: Services, retry_scale: f64, stop: watch::Receiver<bool>) {
    tokio::join!(
        feed(&services, Published::new(services.clone()), Commit, stop.clone()),
        feed(&services, Timers::new(services.clone()), Commit, stop.clone()),
        feed(&services, Outgoings, FifoQueues(services.clone()), stop.clone()),
        feed(&services, Posts { scale: retry_scale }, Endpoints(services.clone()), stop.clone()),
        told::run(services.clone(), stop.clone()),
        told::run_in_order(services.clone(), retry_scale, stop.clone()),
        invoke(services.clone(), retry_scale, stop),
    );
}

async fn invoke(services: Services, retry_scale: f64, stop: watch::Receiver<bool>) {
    let store = services.store().clone();
    let written = News::Rows(store.watch(&rows::events()));
    let parallel_max = parallel_max(&services);
    let invocations = Arc::new(Invocations::new(services, retry_scale));
    let bag = Bag::new(store.clone(), invocations.clone());
    carry::carry(store, bag, invocations, parallel_max, written, stop).await;
}

async fn feed<F: Feed, T: Target<Feeder<F>>>(services: &Services, feed: F, target: T, stop: watch::Receiver<bool>) {
    let store = services.store().clone();
    let written = News::Rows(store.watch(&F::rows()));
    let feeder = Feeder::new(store.clone(), Arc::new(feed));
    carry::carry(store, feeder, Arc::new(target), feed::PARALLEL_MAX, written, stop).await;
}

/// Delivers what event source mappings read until `stop` is true.
pub(crate) async fn run_mappings(services: Services, stop: watch::Receiver<bool>) {
    let (store, parallel_max) = (services.store().clone(), parallel_max(&services));
    let mapped = mapped::Mapped::new(services.clone());
    let news = News::Told(mapped.told());
    let functions = Arc::new(functions::Functions::new(services));
    carry::carry(store, mapped, functions, parallel_max, news, stop).await;
}

/// Delivers what event source mappings read from streams until `stop` is true.
pub(crate) async fn run_streams(services: Services, retry_scale: f64, stop: watch::Receiver<bool>) {
    let (store, parallel_max) = (services.store().clone(), parallel_max(&services));
    let news = News::Either(store.watch(&stream::records()), store.watch(&mapping::table()));
    let shards = Arc::new(shards::Shards::new(services.clone(), retry_scale));
    let target = Arc::new(shards::Target::new(services, shards.clone()));
    carry::carry(store.clone(), Cursor::new(store, shards), target, parallel_max, news, stop).await;
}

/// More cannot run, so more need not be claimed.
fn parallel_max(services: &Services) -> usize {
    usize::try_from(services.concurrency_max()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
