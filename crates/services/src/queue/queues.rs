//! What is open of the queues: one lane for each queue that was used since the start.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use store::{Fence, ShardId, Snapshot, Store, Tx, Watch};
use tokio::sync::{Notify, watch};

use super::error::Error;
use super::fifo::Gate;
use super::lane::{Changes, Lane, Moment};
use super::name::QueueId;
use super::receipt::Receipts;
use super::rows::{self, Content};
use super::settings::Settings;

/// All queues. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Queues(Arc<Shared>);

struct Shared {
    store: Store,
    receipts: Receipts,
    open: Mutex<HashMap<QueueId, Arc<Queue>>>,
    stop: watch::Receiver<bool>,
}

/// A queue and what is in memory of it, for as long as it has the same content.
pub(super) struct Queue {
    pub id: QueueId,
    pub uid: u64,
    pub content: Content,
    store: Store,
    shard: ShardId,
    fence: Fence,
    /// `None` until it is used, and after a write that failed.
    lane: Mutex<Option<Lane>>,
    /// Receives that wait stand in line: the first one watches, and each message wakes one.
    pub line: tokio::sync::Mutex<()>,
    /// A message became visible without being sent.
    pub woken: Notify,
    /// Told of every change, for those who do not stand in line.
    changed: watch::Sender<()>,
    /// Sends to a FIFO queue, one batch after the other.
    pub gate: Gate,
}

/// A change of a lane that is being written. It must be ended.
pub(super) struct UnderWay<T> {
    pub queue: Arc<Queue>,
    pub value: T,
}

/// The queue as a look at its lane sees it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub content: &'a Content,
    pub settings: &'a Settings,
    pub now: Moment,
}

impl Queues {
    pub(crate) fn new(store: Store, stop: watch::Receiver<bool>) -> Queues {
        let receipts = Receipts::new(store.master_key_derive("queue receipts"));
        Queues(Arc::new(Shared { store, receipts, open: Mutex::default(), stop }))
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(super) fn receipts(&self) -> &Receipts {
        &self.0.receipts
    }

    pub(super) fn stop(&self) -> watch::Receiver<bool> {
        self.0.stop.clone()
    }

    pub(super) fn moment(&self) -> Moment {
        Moment { now: self.0.store.clock(), elapsed: self.0.store.elapsed() }
    }

    /// The queues that were used since the start.
    pub(super) fn open(&self) -> Vec<Arc<Queue>> {
        lock(&self.0.open).values().cloned().collect()
    }

    /// Forgets a queue that is gone or has another content.
    pub(super) fn close(&self, id: &QueueId) {
        let closed = lock(&self.0.open).remove(id);
        // Whoever waits at the old content looks at what there is now.
        if let Some(queue) = closed {
            queue.changed.send_replace(());
        }
    }

    /// What is in memory of a queue that was just read.
    pub(super) fn queue(&self, id: &QueueId, row: &rows::Queue) -> Arc<Queue> {
        let mut open = lock(&self.0.open);
        if let Some(queue) = open.get(id).filter(|queue| queue.content.number == row.content) {
            return queue.clone();
        }
        let content = Content::of(id, row);
        let shard = ShardId::of(&content.logs());
        let queue = Arc::new(Queue {
            id: id.clone(),
            uid: row.uid,
            store: self.0.store.clone(),
            shard,
            fence: self.0.store.fence(shard),
            content,
            lane: Mutex::default(),
            line: tokio::sync::Mutex::default(),
            woken: Notify::new(),
            changed: watch::Sender::new(()),
            gate: Gate::default(),
        });
        open.insert(id.clone(), queue.clone());
        queue
    }

    /// For a consumer that does not wait in line with receives.
    pub(crate) fn arrivals(&self, id: &QueueId) -> Result<Arrivals, Error> {
        let row = self.0.store.read(|read| rows::existing(read, id))?;
        let queue = self.queue(id, &row);
        let (sent, changed) = (self.0.store.watch(&queue.content.logs()), queue.changed.subscribe());
        Ok(Arrivals { queue, sent, changed })
    }

    /// Looks at a queue, or changes what is in memory of it. A change must be written and ended.
    pub(super) fn with_lane<T>(
        &self,
        id: &QueueId,
        body: impl FnOnce(&mut Lane, &mut Snapshot<'_>, Seen<'_>) -> Result<T, Error>,
    ) -> Result<UnderWay<T>, Error> {
        self.0.store.read(|read| {
            let row = rows::existing(read, id)?;
            let queue = self.queue(id, &row);
            let now = self.moment();
            let mut slot = lock(&queue.lane);
            let lane = match &mut *slot {
                Some(lane) => lane,
                None => slot.insert(Lane::load(read, &queue.content, row.settings.fifo.is_some(), now)?),
            };
            lane.begin()?;
            let result = body(lane, read, Seen { content: &queue.content, settings: &row.settings, now });
            match result {
                Ok(value) => {
                    drop(slot);
                    Ok(UnderWay { queue, value })
                }
                Err(error) => {
                    // The rules refuse before they change anything; a failed read may leave a change half done.
                    let whole = !matches!(error, Error::Store(_) | Error::Unreadable(_));
                    if lane.end(&Changes::default(), whole, now.elapsed) {
                        *slot = None;
                    }
                    Err(error)
                }
            }
        })
    }
}

/// Hears of messages that may be received, from the moment at which it is made.
pub(crate) struct Arrivals {
    queue: Arc<Queue>,
    sent: Watch,
    changed: watch::Receiver<()>,
}

impl Arrivals {
    /// Returns once there may be something to receive that was not there before.
    pub async fn any(&mut self) {
        let elapsed = self.queue.store.elapsed();
        let due = self.queue.next_change().map(|at| at.saturating_sub(elapsed));
        tokio::select! {
            () = self.sent.changed() => {}
            _ = self.changed.changed() => {}
            () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => {}
        }
    }
}

impl Queue {
    /// Within a transaction: the queue is still the one whose lane was changed, and this node owns its shard.
    pub fn check(&self, tx: &mut Tx) -> Result<rows::Queue, Error> {
        let row = rows::existing(tx, &self.id)?;
        if row.content != self.content.number {
            return Err(Error::Changed);
        }
        tx.fence(self.shard, self.fence);
        Ok(row)
    }

    /// A change of the lane is written, or failed to be.
    pub fn end(&self, changes: &Changes, written: bool) {
        let elapsed = self.store.elapsed();
        let mut slot = lock(&self.lane);
        if slot.as_mut().is_some_and(|lane| lane.end(changes, written, elapsed)) {
            *slot = None;
        }
        drop(slot);
        // A look that found nothing wakes nobody: who waits looks again and again.
        if !changes.is_nothing() || !written {
            self.woken.notify_one();
            self.changed.send_replace(());
        }
    }

    /// When something becomes visible without anybody's doing.
    pub fn next_change(&self) -> Option<std::time::Duration> {
        lock(&self.lane).as_ref().and_then(Lane::next_change)
    }

    pub fn rest(&self) {
        if let Some(lane) = lock(&self.lane).as_mut() {
            lane.rest();
        }
    }
}

/// A panic while a lock was held leaves a lane that the next write finds out about.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
