//! Asynchronous invocations that wait: a bag. Items are settled in any order, and none holds up another function's.

use std::collections::HashSet;

use store::key::Key;
use store::{Order, Range, Read, Store, Timestamp};

use super::rows::{self, Event, Place};
use super::{Claimed, Error, Room, Settlement, Source};
use crate::function::FunctionId;
use crate::run::BoxFuture;

/// Taken of one function before the next one has its turn.
const TURN_MAX: usize = 16;

pub(super) struct Events {
    store: Store,
    /// Claimed and not released. Only this process delivers, so that needs no row.
    claimed: HashSet<Place>,
    /// Where the next round begins: behind the function that had the last turn.
    next_turn: Option<Vec<u8>>,
}

/// An event that is being delivered.
pub(super) struct Waiting {
    pub place: Place,
    pub event: Event,
}

impl Events {
    pub fn new(store: Store) -> Events {
        Events { store, claimed: HashSet::new(), next_turn: None }
    }

    /// Gives every function that has events one turn, beginning where the last round ended.
    fn round(&mut self, read: &mut impl Read, ask: &Ask<'_>) -> Result<Claimed<Waiting>, Error> {
        let mut claimed = Claimed { items: Vec::new(), next_due: None, waits_for_room: false };
        let all = Key::under(&rows::events()).range();
        let begin = self.next_turn.clone().unwrap_or_else(|| all.from.clone());
        let halves = [Range { from: begin.clone(), to: all.to }, Range { from: all.from, to: begin }];
        for mut rest in halves {
            while claimed.items.len() < ask.limit {
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
        ask: &Ask<'_>,
        claimed: &mut Claimed<Waiting>,
    ) -> Result<(), Error> {
        let room = (ask.room)(function);
        let quota = room.min(TURN_MAX).min(ask.limit - claimed.items.len());
        let mut taken = 0;
        // One more than the quota shows whether any had to be left.
        for (key, row) in read.scan(rows::lane_range(function), Order::Forward, self.claimed.len() + quota + 1)? {
            let (place, event) = match Place::parse(&key).and_then(|place| Ok((place, rows::decode(&row)?))) {
                Ok(waiting) => waiting,
                Err(error) => {
                    tracing::error!(%error, "an event cannot be delivered");
                    continue;
                }
            };
            if self.claimed.contains(&place) {
                continue;
            }
            if place.due > ask.now {
                claimed.next_due = Some(claimed.next_due.map_or(place.due, |due| due.min(place.due)));
                break;
            }
            if taken == quota {
                claimed.waits_for_room |= quota == room;
                break;
            }
            taken += 1;
            self.claimed.insert(place.clone());
            claimed.items.push(Waiting { place, event });
        }
        Ok(())
    }
}

/// What one claim asks for.
struct Ask<'a> {
    now: Timestamp,
    limit: usize,
    room: &'a Room<'a>,
}

impl Source for Events {
    type Item = Waiting;

    fn claim(&mut self, now: Timestamp, limit: usize, room: &Room<'_>) -> Result<Claimed<Waiting>, Error> {
        let store = self.store.clone();
        store.read(|read| self.round(read, &Ask { now, limit, room }))
    }

    fn settle(&self, item: &Waiting, settlement: Settlement) -> BoxFuture<'static, Result<(), Error>> {
        let (store, place, event) = (self.store.clone(), item.place.clone(), item.event.clone());
        Box::pin(async move {
            let settle = |tx: &mut store::Tx| {
                rows::settle(tx, &place, &event, settlement);
                Ok(())
            };
            store.transact(settle).await
        })
    }

    fn release(&mut self, item: &Waiting) {
        self.claimed.remove(&item.place);
    }
}
