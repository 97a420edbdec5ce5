//! The feed discipline: rows whose delivery is to write other rows. Events on a bus become what their rules' targets get,
//! timers become what is due. Nothing is run, so nothing fails but the store; what is passed on then has a discipline of
//! its own. Messages for FIFO queues (`outgoing`) are the one feed with another target than the commit itself.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use store::key::Key;
use store::{Range, ShardId, Snapshot, Store, Timestamp, Tx};

use super::{Answer, Ask, Claimed, Delivered, End, Error, Release, Settled, Source, Target};
use crate::run::BoxFuture;
use crate::{bus, schedule, topic};

/// What one commit may write, in bytes: the store takes 64 MiB.
pub(super) const WRITTEN_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Items under way at once.
pub(super) const PARALLEL_MAX: usize = 512;
/// So often everything is looked at again, for rows that were committed before what is under way.
const RESCAN: Duration = Duration::from_millis(100);

/// The time of day may be set: so often it is looked at, whatever is due when.
const CLOCK_CHECK: Duration = Duration::from_secs(60);

/// Where rows come from and what they lead to.
pub(super) trait Feed: Send + Sync + 'static {
    type Item: Send + Sync + 'static;

    /// The prefix of its rows.
    fn rows() -> Vec<u8>;

    /// The first items of a range, due or not, in the order in which they fall due.
    fn scan(read: &mut Snapshot, range: Range, limit: usize) -> Result<Vec<Self::Item>, Error>;

    fn key(item: &Self::Item) -> Vec<u8>;
    fn due(item: &Self::Item) -> Timestamp;
    fn shard(item: &Self::Item) -> ShardId;
    fn bytes(item: &Self::Item) -> usize;

    /// Writes what an item leads to and deletes it, or lets it wait for another time. `room` is what may still be
    /// written; who needs more writes a part, and the item stays for the rest.
    fn pass_on(&self, tx: &mut Tx, item: &Self::Item, delivered: &Delivered, room: &mut usize) -> Result<(), Error>;
}

pub(super) struct Feeder<F> {
    store: Store,
    feed: Arc<F>,
    claimed: HashSet<Vec<u8>>,
    /// The key behind which the next claim looks.
    after: Option<Vec<u8>>,
    rescan: Timestamp,
}

impl<F: Feed> Feeder<F> {
    pub fn new(store: Store, feed: Arc<F>) -> Feeder<F> {
        Feeder { store, feed, claimed: HashSet::new(), after: None, rescan: Timestamp::default() }
    }

    /// Where to look now, and how many of the rows there may be under way.
    fn range(&mut self, now: Timestamp) -> (Range, usize) {
        let all = Key::under(&F::rows()).range();
        match self.after.as_ref().filter(|_| !self.claimed.is_empty() && now < self.rescan) {
            Some(after) => (all.after(after), 0),
            None => {
                self.rescan = now + RESCAN;
                (all, self.claimed.len())
            }
        }
    }
}

impl<F: Feed> Source for Feeder<F> {
    type Parcel = F::Item;
    type Lane = ();

    async fn claim(&mut self, ask: &Ask<'_, ()>) -> Result<Claimed<F::Item>, Error> {
        let (range, skipped) = self.range(ask.now);
        let limit = ask.limit;
        let found = self.store.read(|read| F::scan(read, range, limit + skipped))?;
        let mut claimed = Claimed::nothing();
        for item in found {
            let key = F::key(&item);
            if self.claimed.contains(&key) {
                continue;
            }
            if F::due(&item) > ask.now {
                claimed.ask_again(F::due(&item).min(ask.now + CLOCK_CHECK));
                break;
            }
            if claimed.parcels.len() == limit {
                break;
            }
            self.after = Some(key.clone());
            self.claimed.insert(key);
            claimed.parcels.push(item);
        }
        if !self.claimed.is_empty() {
            claimed.ask_again(self.rescan);
        }
        Ok(claimed)
    }

    fn settle(&self, group: Arc<[Settled<F::Item>]>) -> BoxFuture<'static, Result<(), Error>> {
        let (store, feed) = (self.store.clone(), self.feed.clone());
        Box::pin(async move {
            let mut shards: Vec<ShardId> = group.iter().map(|settled| F::shard(&settled.parcel)).collect();
            shards.sort_unstable();
            shards.dedup();
            store
                .transact(|tx| {
                    shards.iter().for_each(|&shard| tx.fence(shard, store.fence(shard)));
                    let mut room = WRITTEN_BYTES_MAX;
                    group.iter().try_for_each(|settled| pass_on(tx, &*feed, settled, &mut room))
                })
                .await
        })
    }

    fn refused(_: &F::Item) -> Option<End> {
        None
    }

    fn release(&mut self, item: &F::Item, _: Release) {
        self.claimed.remove(&F::key(item));
        if self.claimed.is_empty() {
            self.after = None;
        }
    }

    fn bytes(item: &F::Item) -> usize {
        F::bytes(item)
    }
}

/// Passes an item on, or gives it up: it would hold up all others.
fn pass_on<F: Feed>(tx: &mut Tx, feed: &F, settled: &Settled<F::Item>, room: &mut usize) -> Result<(), Error> {
    let item = &*settled.parcel;
    match feed.pass_on(tx, item, &settled.delivered, room) {
        Ok(()) => Ok(()),
        Err(
            Error::Store(error)
            | Error::Bus(bus::Error::Store(error))
            | Error::Schedule(schedule::Error::Store(error))
            | Error::Topic(topic::Error::Store(error)),
        ) => Err(error.into()),
        Err(error) => {
            tracing::error!(%error, "something cannot be passed on");
            tx.delete(F::key(item));
            Ok(())
        }
    }
}

/// The target of feeds that lead to rows alone: the commit that settles an item delivers it.
pub(super) struct Commit;

impl<F: Feed> Target<Feeder<F>> for Commit {
    fn room(&self, (): &()) -> usize {
        usize::MAX
    }

    fn room_made(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn deliver(self: Arc<Self>, _: Arc<F::Item>) -> BoxFuture<'static, Delivered> {
        Box::pin(std::future::ready(Delivered::Done(Answer::default())))
    }
}
