//! Event source mappings: batches of messages that are received from queues, for functions.
//!
//! Start reading at [`Mapped::claim`]. The queue keeps attempts, deadlines and dead letters; a batch that fails is left
//! alone, and its messages are visible again when their time is over.
//!
//! Always true:
//! - Nothing is received before there is room for it at the function and at the mapping.
//! - A mapping whose queue has nothing only waits: one look more for each message that comes.
//! - What is in one batch of a FIFO queue came with one receive, so that no group is with two batches.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::Value;
use store::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::functions::{self, BATCH_BYTES_MAX, Event, Functions, LOST_RETRY};
use super::policy::{Batching, End, Ready};
use super::{Ask, Claimed, Delivered, Envelopes, Error, ROOM_PAUSE, Release, STORE_RETRY, Settled, Source, Target};
use crate::function::{FunctionId, Unroutable};
use crate::mapping::{self, Mapping, MappingId};
use crate::pattern::Pattern;
use crate::queue::{self, Arrivals, QueueId, RECEIVE_MAX, Receive};
use crate::run::BoxFuture;
use crate::services::Services;

/// Receives at once of a mapping that begins, and of one with a long backlog: twice as many after each round of full ones.
///
/// Source of the first: Lambda developer guide, "Using Lambda with Amazon SQS", five concurrent batches (read 2026-11-24).
const RECEIVES_FIRST: usize = 5;
const RECEIVES_MAX: usize = 100;
/// The member of a message that filters look into. Source: as above, "Filtering with Amazon SQS".
const BODY: &str = "body";

/// What the event of a batch is as a CloudEvent.
const KIND: &str = "nought.messages";

/// All mappings that are enabled.
pub(super) struct Mapped {
    services: Services,
    lanes: BTreeMap<MappingId, Lane>,
    /// Batches that are with the function. A mapping that was disabled may have some.
    under_way: HashMap<MappingId, usize>,
    /// The rows may be ahead of `lanes`.
    changed: Arc<AtomicBool>,
    told: Arc<Notify>,
    /// Ends with this; waits for changes of the rows.
    _watching: JoinSet<()>,
    /// Which lane is first next time.
    turn: usize,
}

struct Lane {
    mapping: Arc<Mapping>,
    queue: QueueId,
    patterns: Arc<[Pattern]>,
    /// There may be something to receive.
    stirred: Arc<AtomicBool>,
    /// Sets `stirred`; at most one.
    waiting: JoinSet<()>,
    receives: usize,
    /// Received, for a batch that is not full yet.
    gathered: VecDeque<Item>,
    /// Batches that wait for room.
    ready: VecDeque<Arc<Batch>>,
    paused: Option<Timestamp>,
}

/// A message in hand.
#[derive(Debug, Clone)]
struct Item {
    id: String,
    receipt: String,
    /// As it stands in the event.
    text: Bytes,
    received: Timestamp,
    /// Others may have it from then on.
    expires: Timestamp,
}

/// Messages that one function gets with one event.
pub(super) struct Batch {
    id: MappingId,
    mapping: Arc<Mapping>,
    queue: QueueId,
    items: Vec<Item>,
    /// Others may have some of the messages from then on.
    expires: Timestamp,
}

/// What one receive of a lane gives.
struct Taken {
    full: bool,
    items: Vec<Item>,
}

/// What a claim is going to receive for one lane.
struct Plan {
    id: MappingId,
    mapping: Arc<Mapping>,
    queue: QueueId,
    patterns: Arc<[Pattern]>,
    count: usize,
    arrivals: Arrivals,
    visibility: Duration,
}

impl Mapped {
    pub fn new(services: Services) -> Mapped {
        let (changed, told) = (Arc::new(AtomicBool::new(true)), Arc::new(Notify::new()));
        let mut rows = services.store().watch(&mapping::table());
        let (set, tell) = (changed.clone(), told.clone());
        let mut watching = JoinSet::new();
        watching.spawn(async move {
            loop {
                rows.changed().await;
                set.store(true, Ordering::SeqCst);
                tell.notify_one();
            }
        });
        let (lanes, under_way) = (BTreeMap::new(), HashMap::new());
        Mapped { services, lanes, under_way, changed, told, _watching: watching, turn: 0 }
    }

    /// Told when there may be something to claim.
    pub fn told(&self) -> Arc<Notify> {
        self.told.clone()
    }

    /// Reads the mappings again, if they have changed.
    fn catch_up(&mut self) -> Result<(), Error> {
        if !self.changed.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        let rows = match self.services.store().read(|read| mapping::all(read)) {
            Ok(rows) => rows,
            Err(error) => {
                self.changed.store(true, Ordering::SeqCst);
                return Err(store::Error::Unavailable(error.to_string()).into());
            }
        };
        let mut before = std::mem::take(&mut self.lanes);
        for (id, mapping) in rows.into_iter().filter(|(_, mapping)| mapping.settings.enabled) {
            let mapping::Source::Queue(queue) = &mapping.source else { continue };
            let queue = queue.clone();
            let lane = match before.remove(&id) {
                Some(lane) if *lane.mapping == mapping => lane,
                Some(lane) => lane.with(mapping),
                None => Lane::new(mapping, queue),
            };
            self.lanes.insert(id, lane);
        }
        before.into_values().for_each(|lane| self.give_back(lane));
        Ok(())
    }

    /// What a mapping has in hand that was disabled or deleted becomes visible at once.
    fn give_back(&self, lane: Lane) {
        let queue = lane.queue.clone();
        let ready = lane.ready.iter().flat_map(|batch| batch.items.iter());
        let receipts: Vec<(String, Duration)> =
            ready.chain(&lane.gathered).map(|item| (item.receipt.clone(), Duration::ZERO)).collect();
        if receipts.is_empty() {
            return;
        }
        let queues = self.services.queues().clone();
        tokio::spawn(async move {
            if let Err(error) = queues.change_visibility(&queue, receipts).await {
                tracing::warn!(%queue, %error, "messages of a mapping that has ended stay hidden for a while");
            }
        });
    }

    /// Gives out what is ready, and plans what is to be received, for each lane as much as it has room.
    fn plan(&mut self, ask: &Ask<'_, FunctionId>, claimed: &mut Claimed<Arc<Batch>>) -> Vec<Plan> {
        let mut ids: Vec<MappingId> = self.lanes.keys().cloned().collect();
        let first = self.turn.checked_rem(ids.len()).unwrap_or(0);
        ids.rotate_left(first);
        self.turn = self.turn.wrapping_add(1);
        let mut promised: HashMap<FunctionId, usize> = HashMap::new();
        let mut left = ask.limit;
        let mut plans = Vec::new();
        for id in ids {
            let Some(lane) = self.lanes.get_mut(&id) else { continue };
            if !lane.wants(ask.now, claimed) {
                continue;
            }
            let function = lane.mapping.function.clone();
            if let Err(unroutable) = self.services.routes().resolve(&function, lane.mapping.qualifier.as_ref(), 0) {
                lane.pause(ask.now + if unroutable == Unroutable::Pending { ROOM_PAUSE } else { LOST_RETRY }, claimed);
                continue;
            }
            let under_way = self.under_way.get(&id).copied().unwrap_or(0);
            let promised = promised.entry(function.clone()).or_default();
            let most = lane.mapping.settings.concurrency_max.map_or(usize::MAX, |max| max as usize);
            let room = (ask.room)(&function).saturating_sub(*promised);
            claimed.waits_for_room |= room == 0;
            let room = room.min(most.saturating_sub(under_way)).min(left);
            let given = lane.give(&id, ask.now, room, claimed);
            *self.under_way.entry(id.clone()).or_default() += given;
            let count = (room - given).min(lane.receives);
            (*promised, left) = (*promised + given + count, left - given - count);
            if count > 0 && lane.stirred.load(Ordering::SeqCst) {
                match lane.plan(&self.services, &id, count) {
                    Ok(plan) => plans.push(plan),
                    Err(error) => lane.stumble(&id, &error, ask.now, claimed),
                }
            }
        }
        plans
    }

    /// Puts what was received into batches, and gives those out.
    fn take(&mut self, plan: Plan, taken: Vec<Result<Taken, queue::Error>>, claimed: &mut Claimed<Arc<Batch>>) {
        let Some(lane) = self.lanes.get_mut(&plan.id) else { return };
        let now = self.services.store().clock(); // what was received came after the claim had begun
        let mut full = true;
        for taken in taken {
            match taken {
                Ok(taken) => {
                    full &= taken.full;
                    lane.gather(&plan.id, taken.items, now);
                }
                Err(error) => lane.stumble(&plan.id, &error, now, claimed),
            }
        }
        lane.receives = match full {
            true => (lane.receives * 2).min(RECEIVES_MAX),
            false => RECEIVES_FIRST,
        };
        match full {
            true => self.told.notify_one(), // there is more, even if all of this has to wait or nobody wants it
            false if lane.paused.is_none() => lane.wait(plan.arrivals, self.told.clone()),
            false => {}
        }
        let given = lane.give(&plan.id, now, plan.count, claimed);
        *self.under_way.entry(plan.id).or_default() += given;
    }
}

impl Source for Mapped {
    type Parcel = Arc<Batch>;
    type Lane = FunctionId;

    async fn claim(&mut self, ask: &Ask<'_, FunctionId>) -> Result<Claimed<Arc<Batch>>, Error> {
        self.catch_up()?;
        let mut claimed = Claimed::nothing();
        let plans = self.plan(ask, &mut claimed);
        let services = self.services.clone();
        let receiving = plans.into_iter().map(|plan| async {
            let taken = join_all((0..plan.count).map(|_| plan.receive(&services))).await;
            (plan, taken)
        });
        let received = join_all(receiving).await;
        for (plan, taken) in received {
            self.take(plan, taken, &mut claimed);
        }
        Ok(claimed)
    }

    fn settle(&self, group: Arc<[Settled<Arc<Batch>>]>) -> BoxFuture<'static, Result<(), Error>> {
        let queues = self.services.queues().clone();
        Box::pin(async move {
            let mut done: BTreeMap<&QueueId, Vec<String>> = BTreeMap::new();
            for settled in group.iter() {
                done.entry(&settled.parcel.queue).or_default().extend(done_with(settled));
            }
            for (queue, receipts) in done.into_iter().filter(|(_, receipts)| !receipts.is_empty()) {
                match queues.delete(queue, receipts).await {
                    // A receipt whose time was over belongs to a message that others have got by now.
                    Ok(_) | Err(queue::Error::NoSuchQueue(_)) => {}
                    Err(queue::Error::Store(error)) => return Err(error.into()),
                    Err(error) => return Err(store::Error::Unavailable(error.to_string()).into()),
                }
            }
            Ok(())
        })
    }

    fn release(&mut self, batch: &Arc<Batch>, how: Release) {
        if let Some(under_way) = self.under_way.get_mut(&batch.id) {
            *under_way -= 1;
            if *under_way == 0 {
                self.under_way.remove(&batch.id);
            }
        }
        let Release::Waits(until) = how else { return };
        if let Some(lane) = self.lanes.get_mut(&batch.id) {
            lane.ready.push_front(batch.clone());
            lane.paused = lane.paused.max(until);
        }
    }

    fn refused(_: &Arc<Batch>) -> Option<End> {
        None // the queue decides over what is too old
    }

    fn bytes(batch: &Arc<Batch>) -> usize {
        batch.items.iter().map(|item| item.text.len()).sum()
    }
}

/// The receipts of the messages that the function is done with.
fn done_with(settled: &Settled<Arc<Batch>>) -> Vec<String> {
    let items = settled.parcel.items.iter().enumerate();
    let receipts =
        |but: &[usize]| items.filter(|(place, _)| !but.contains(place)).map(|(_, item)| item.receipt.clone()).collect();
    match &settled.delivered {
        Delivered::Done(_) => receipts(&[]),
        Delivered::Partly(failed) => receipts(failed),
        Delivered::Failed(_) | Delivered::Broken | Delivered::Refused(_) | Delivered::Waits(_) => Vec::new(),
    }
}

impl Lane {
    fn new(mapping: Mapping, queue: QueueId) -> Lane {
        Lane {
            queue,
            patterns: mapping.patterns().into(),
            mapping: Arc::new(mapping),
            stirred: Arc::new(AtomicBool::new(true)),
            waiting: JoinSet::new(),
            receives: RECEIVES_FIRST,
            gathered: VecDeque::new(),
            ready: VecDeque::new(),
            paused: None,
        }
    }

    fn with(self, mapping: Mapping) -> Lane {
        let Lane { gathered, ready, queue, .. } = self;
        Lane { gathered, ready, ..Lane::new(mapping, queue) }
    }

    /// Whether anything can be done for it now.
    fn wants(&mut self, now: Timestamp, claimed: &mut Claimed<Arc<Batch>>) -> bool {
        if let Some(until) = self.paused.filter(|until| *until > now) {
            claimed.ask_again(until);
            return false;
        }
        self.paused = None;
        self.stirred.load(Ordering::SeqCst) || !self.gathered.is_empty() || !self.ready.is_empty()
    }

    fn pause(&mut self, until: Timestamp, claimed: &mut Claimed<Arc<Batch>>) {
        self.paused = self.paused.max(Some(until));
        claimed.ask_again(until);
    }

    /// The queue cannot be received from.
    fn stumble(&mut self, id: &MappingId, error: &queue::Error, now: Timestamp, claimed: &mut Claimed<Arc<Batch>>) {
        let retry = match error {
            queue::Error::NoSuchQueue(_) => LOST_RETRY,
            _ => {
                tracing::warn!(mapping = %id.uuid, %error, "messages wait: they cannot be received");
                STORE_RETRY
            }
        };
        self.pause(now + retry, claimed);
    }

    fn plan(&self, services: &Services, id: &MappingId, count: usize) -> Result<Plan, queue::Error> {
        let arrivals = services.queues().arrivals(&self.queue)?;
        let visibility = services.queues().details(&self.queue)?.settings.visibility;
        let (mapping, patterns, queue) = (self.mapping.clone(), self.patterns.clone(), self.queue.clone());
        Ok(Plan { id: id.clone(), mapping, queue, patterns, count, arrivals, visibility })
    }

    /// Nothing is to be received until something arrives.
    fn wait(&mut self, mut arrivals: Arrivals, told: Arc<Notify>) {
        self.stirred.store(false, Ordering::SeqCst);
        let stirred = self.stirred.clone();
        self.waiting = JoinSet::new();
        self.waiting.spawn(async move {
            arrivals.any().await;
            stirred.store(true, Ordering::SeqCst);
            told.notify_one();
        });
    }

    /// What one receive gave: batches of its own, or a part of one that waits for more.
    fn gather(&mut self, id: &MappingId, items: Vec<Item>, now: Timestamp) {
        match self.mapping.settings.window.is_zero() {
            true => {
                let mut items = items.into();
                while matches!(self.cut(id, &mut items, now), Ready::Now(_)) {}
                self.gathered.extend(items); // the clock was set back meanwhile
            }
            false => self.gathered.extend(items),
        }
    }

    /// Gives out batches that are ready, at most as many as there is room for.
    fn give(&mut self, id: &MappingId, now: Timestamp, room: usize, claimed: &mut Claimed<Arc<Batch>>) -> usize {
        let mut gathered = std::mem::take(&mut self.gathered);
        loop {
            match self.cut(id, &mut gathered, now) {
                Ready::Now(_) => {}
                Ready::At(at) => break claimed.ask_again(at),
                Ready::Never => break,
            }
        }
        self.gathered = gathered;
        self.ready.retain(|batch| batch.expires > now);
        let given = self.ready.len().min(room);
        claimed.parcels.extend(self.ready.drain(..given));
        given
    }

    /// Makes the next batch ready and says [`Ready::Now`], or says how long its messages wait for more.
    fn cut(&mut self, id: &MappingId, items: &mut VecDeque<Item>, now: Timestamp) -> Ready {
        let mapping = &self.mapping;
        let queue = &self.queue;
        let batching = Batching {
            size_max: mapping.settings.batch_size as usize,
            // Halves of a batch would overtake one another.
            bytes_max: if queue.name.is_fifo() { usize::MAX } else { BATCH_BYTES_MAX },
            window: mapping.settings.window,
        };
        let ready = batching.ready(items.iter().map(|item| (item.text.len(), item.received)), now);
        let Ready::Now(count) = ready else { return ready };
        let items: Vec<Item> = items.drain(..count).collect();
        let expires = items.iter().map(|item| item.expires).min().unwrap_or(now);
        self.ready.push_back(Arc::new(Batch {
            id: id.clone(),
            mapping: mapping.clone(),
            queue: queue.clone(),
            items,
            expires,
        }));
        ready
    }
}

impl Plan {
    /// Receives once. Messages that no filter wants are deleted.
    async fn receive(&self, services: &Services) -> Result<Taken, queue::Error> {
        let queue = &self.queue;
        let max = RECEIVE_MAX.min(self.mapping.settings.batch_size as usize);
        let ask = Receive { max: Some(max), wait: Some(Duration::ZERO), ..Receive::default() };
        let received = services.queues().receive(queue, &ask).await?;
        let now = services.store().clock();
        let full = received.len() == max;
        let (mut items, mut unwanted) = (Vec::new(), Vec::new());
        for received in received {
            let text = services.envelopes().message(queue, &received);
            match self.wants(&text) {
                true => items.push(Item {
                    id: received.message.id,
                    receipt: received.receipt,
                    text,
                    received: now,
                    expires: now + self.visibility,
                }),
                false => unwanted.push(received.receipt),
            }
        }
        if !unwanted.is_empty()
            && let Err(error) = services.queues().delete(queue, unwanted).await
        {
            tracing::warn!(mapping = %self.id.uuid, %error, "messages that no filter wants come back");
        }
        Ok(Taken { full, items })
    }

    fn wants(&self, text: &[u8]) -> bool {
        if self.patterns.is_empty() {
            return true;
        }
        let Ok(mut event) = serde_json::from_slice::<Value>(text) else { return false };
        // A body that is JSON is looked into.
        if let Some(body) = event.get_mut(BODY)
            && let Some(Ok(inner @ (Value::Object(_) | Value::Array(_)))) = body.as_str().map(serde_json::from_str)
        {
            *body = inner;
        }
        self.patterns.iter().any(|pattern| pattern.matches(&event))
    }
}

impl functions::Batch for Batch {
    fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    fn event(&self, envelopes: &dyn Envelopes) -> Event {
        let texts: Vec<Bytes> = self.items.iter().map(|item| item.text.clone()).collect();
        Event { document: envelopes.messages(&texts), kind: KIND, source: envelopes.queue(&self.queue) }
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }
}

impl Target<Mapped> for Functions {
    fn room(&self, function: &FunctionId) -> usize {
        self.room_of(function)
    }

    fn room_made(&self) -> BoxFuture<'_, ()> {
        self.freed()
    }

    fn deliver(self: Arc<Self>, batch: Arc<Arc<Batch>>) -> BoxFuture<'static, Delivered> {
        self.run(Arc::unwrap_or_clone(batch))
    }
}
