//! The bag discipline: events that wait for a function. Each has its own attempts and its own deadline; they are settled
//! in any order, and none holds up another function's.
//!
//! Functions take turns. Within a function a claim goes on behind the last one, so that a long backlog is read once;
//! every [`RESCAN`] it looks at everything again, for rows that were committed behind it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use store::key::Key;
use store::{Order, Range, Read, ShardId, Store, Timestamp, Tx};

use super::policy::{End, Next, Retry, Tries, Trouble};
use super::rows::{self, Place, Waiting};
use super::{Ask, Claimed, Delivered, Error, Release, Settled, Source};
use crate::function::FunctionId;
use crate::run::BoxFuture;

/// Taken of one function before the next one has its turn.
const TURN_MAX: usize = 64;
/// With fewer under way than this, everything is looked at every time.
const RESCAN_ALWAYS: usize = 16;
/// With more, so often; and what fell due within this time is looked at every time. Rows whose commit took its time lie
/// behind what was claimed meanwhile.
const RESCAN: Duration = Duration::from_secs(1);

/// What decides over the events of a bag.
pub(super) trait Rules: Send + Sync + 'static {
    fn retry(&self, waiting: &Waiting) -> Retry;

    /// Writes what the end of an event leads to, in the transaction that settles it.
    fn ended(&self, tx: &mut Tx, waiting: &Waiting, end: End, delivered: &Delivered) -> Result<(), Error>;
}

pub(super) struct Bag {
    store: Store,
    rules: Arc<dyn Rules>,
    /// Of functions of which something is under way, or that have to pause.
    lanes: HashMap<FunctionId, Lane>,
    /// Where the next round begins: behind the function that had the last turn.
    next_turn: Option<Vec<u8>>,
}

#[derive(Default)]
struct Lane {
    /// Claimed and not released. Only this process delivers, so that needs no row.
    claimed: HashSet<(Timestamp, [u8; 16])>,
    /// The key behind which the next claim looks.
    after: Option<Vec<u8>>,
    rescan: Timestamp,
    paused: Option<Timestamp>,
}

impl Bag {
    pub fn new(store: Store, rules: Arc<dyn Rules>) -> Bag {
        Bag { store, rules, lanes: HashMap::new(), next_turn: None }
    }

    /// Gives every function that has events one turn, beginning where the last round ended.
    fn round(&mut self, read: &mut impl Read, ask: &Ask<'_, FunctionId>) -> Result<Claimed<Waiting>, Error> {
        let mut claimed = Claimed::nothing();
        let all = Key::under(&rows::events()).range();
        let begin = self.next_turn.clone().unwrap_or_else(|| all.from.clone());
        let halves = [Range { from: begin.clone(), to: all.to }, Range { from: all.from, to: begin }];
        for mut rest in halves {
            while claimed.parcels.len() < ask.limit {
                let Some((key, _)) = read.scan(rest.clone(), Order::Forward, 1)?.pop() else { break };
                let function = match Place::parse(&key) {
                    Ok(place) => place.function,
                    Err(error) => {
                        tracing::error!(%error, "an event cannot be delivered");
                        rest = rest.after(&key);
                        continue;
                    }
                };
                self.turn(read, &function, ask, &mut claimed)?;
                rest.from = rows::lane_range(&function).to;
                self.next_turn = Some(rest.from.clone());
            }
        }
        Ok(claimed)
    }

    fn turn(
        &mut self,
        read: &mut impl Read,
        function: &FunctionId,
        ask: &Ask<'_, FunctionId>,
        claimed: &mut Claimed<Waiting>,
    ) -> Result<(), Error> {
        let mut lane = self.lanes.remove(function).unwrap_or_default();
        match lane.paused {
            Some(until) if until > ask.now => claimed.ask_again(until),
            Some(_) | None => {
                lane.paused = None;
                self.take(read, function, &mut lane, ask, claimed)?;
            }
        }
        if !lane.claimed.is_empty() || lane.paused.is_some() {
            self.lanes.insert(function.clone(), lane);
        }
        Ok(())
    }

    fn take(
        &self,
        read: &mut impl Read,
        function: &FunctionId,
        lane: &mut Lane,
        ask: &Ask<'_, FunctionId>,
        claimed: &mut Claimed<Waiting>,
    ) -> Result<(), Error> {
        let room = (ask.room)(function);
        let quota = room.min(TURN_MAX).min(ask.limit - claimed.parcels.len());
        let (range, skipped) = lane.range(function, ask.now);
        let mut taken = 0;
        // One more than the quota shows whether any had to be left.
        for (key, row) in read.scan(range, Order::Forward, skipped + quota + 1)? {
            let mut waiting = match Waiting::parse(&key, &row) {
                Ok(waiting) => waiting,
                Err(error) => {
                    tracing::error!(%error, "an event cannot be delivered");
                    continue;
                }
            };
            let (due, id) = (waiting.place.due, waiting.place.id);
            if lane.claimed.contains(&(due, id)) {
                continue;
            }
            if due > ask.now {
                claimed.ask_again(due);
                break;
            }
            let (retry, since) = (self.rules.retry(&waiting), waiting.event.tries().since);
            // What is too old needs no room: it is only settled.
            waiting.too_old = retry.is_too_old(since, ask.now);
            if !waiting.too_old {
                if taken == quota {
                    claimed.waits_for_room |= quota == room;
                    retry.expires(since).into_iter().for_each(|expires| claimed.ask_again(expires));
                    break;
                }
                taken += 1;
            }
            lane.claimed.insert((due, id));
            lane.after = Some(key.to_vec());
            claimed.parcels.push(waiting);
            if claimed.parcels.len() == ask.limit {
                break;
            }
        }
        if lane.claimed.len() > RESCAN_ALWAYS {
            claimed.ask_again(lane.rescan);
        }
        Ok(())
    }
}

impl Lane {
    /// Where to look now, and how many rows there may be under way already.
    fn range(&mut self, function: &FunctionId, now: Timestamp) -> (Range, usize) {
        let all = rows::lane_range(function);
        match &self.after {
            Some(after) if self.claimed.len() > RESCAN_ALWAYS && now < self.rescan => {
                let recent = now - RESCAN;
                let from = Place { function: function.clone(), due: recent, id: [0; 16] }.key();
                match *after < from {
                    true => (all.after(after), 0),
                    false => {
                        let skipped = self.claimed.iter().filter(|(due, _)| *due >= recent).count();
                        (Range { from, to: all.to }, skipped)
                    }
                }
            }
            Some(_) | None => {
                self.rescan = now + RESCAN;
                (all, self.claimed.len())
            }
        }
    }
}

impl Source for Bag {
    type Parcel = Waiting;
    type Lane = FunctionId;

    async fn claim(&mut self, ask: &Ask<'_, FunctionId>) -> Result<Claimed<Waiting>, Error> {
        let store = self.store.clone();
        store.read(|read| self.round(read, ask))
    }

    fn settle(&self, group: Arc<[Settled<Waiting>]>) -> BoxFuture<'static, Result<(), Error>> {
        let (store, rules) = (self.store.clone(), self.rules.clone());
        Box::pin(async move {
            let mut fences: Vec<ShardId> =
                group.iter().map(|settled| ShardId::of(&rows::lane_key(&settled.parcel.place.function))).collect();
            fences.sort_unstable();
            fences.dedup();
            store
                .transact(|tx| {
                    fences.iter().for_each(|&shard| tx.fence(shard, store.fence(shard)));
                    group.iter().try_for_each(|settled| settle(tx, &*rules, settled))
                })
                .await
        })
    }

    fn release(&mut self, waiting: &Waiting, how: Release) {
        let function = &waiting.place.function;
        let Some(lane) = self.lanes.get_mut(function) else { return };
        lane.claimed.remove(&(waiting.place.due, waiting.place.id));
        if let Release::Waits(until) = how {
            lane.after = None; // it lies behind what was claimed since
            lane.paused = lane.paused.max(until);
        }
        if lane.claimed.is_empty() && lane.paused.is_none() {
            self.lanes.remove(function);
        }
    }

    fn refused(waiting: &Waiting) -> Option<End> {
        waiting.too_old.then_some(End::TooOld)
    }

    fn bytes(waiting: &Waiting) -> usize {
        waiting.bytes()
    }
}

fn settle(tx: &mut Tx, rules: &dyn Rules, settled: &Settled<Waiting>) -> Result<(), Error> {
    let (waiting, delivered) = (&*settled.parcel, &settled.delivered);
    let tries = waiting.event.tries();
    let trouble = match delivered {
        Delivered::Done(_) => return end(tx, rules, settled, End::Delivered),
        Delivered::Refused(reason) => return end(tx, rules, settled, *reason),
        Delivered::Failed(_) | Delivered::Partly(_) => Trouble::Target,
        Delivered::Broken | Delivered::Waits(_) => Trouble::Platform,
    };
    let random = u64::from_be_bytes(*tx.random().first_chunk().expect("there are sixteen"));
    match rules.retry(waiting).next(&tries, trouble, tx.now(), random) {
        Next::Over(reason) => end(tx, rules, settled, reason),
        Next::Again(at) => {
            let tries = match trouble {
                // The delays after outages begin anew once the target was reached.
                Trouble::Target => Tries { failures: tries.failures + 1, outages: 0, ..tries },
                Trouble::Platform => Tries { outages: tries.outages + 1, ..tries },
            };
            waiting.postpone(tx, at, tries);
            Ok(())
        }
    }
}

/// Ends an event for good. What it leads to may be impossible; it ends nevertheless, or it would hold up its group.
fn end(tx: &mut Tx, rules: &dyn Rules, settled: &Settled<Waiting>, end: End) -> Result<(), Error> {
    let waiting = &settled.parcel;
    match rules.ended(tx, waiting, end, &settled.delivered) {
        Ok(()) => {}
        Err(Error::Store(error)) => return Err(error.into()),
        Err(error) => {
            let request_id = &waiting.event.request_id;
            tracing::error!(%request_id, function = %waiting.place.function, %error, "an event's end is not told");
        }
    }
    waiting.delete(tx);
    Ok(())
}
