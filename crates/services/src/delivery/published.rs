//! Events on buses: each goes out to the targets of the rules that match it.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use store::{Range, ShardId, Snapshot, Timestamp, Tx};

use super::feed::Feed;
use super::receiver::{Address, Dispatch, Receivers, Sender};
use super::{Delivered, Error};
use crate::bus::archive;
use crate::bus::event::iso;
use crate::bus::input::Firing;
use crate::bus::matcher::Matchers;
use crate::bus::waiting::{self, Waiting};
use crate::services::Services;

pub(super) struct Published {
    receivers: Receivers,
    /// Held while one event is matched.
    matchers: Mutex<Matchers>,
}

impl Published {
    pub fn new(services: Services) -> Published {
        Published { receivers: Receivers::new(services), matchers: Mutex::default() }
    }
}

impl Feed for Published {
    type Item = Waiting;

    fn rows() -> Vec<u8> {
        waiting::all()
    }

    fn scan(read: &mut Snapshot, range: Range, limit: usize) -> Result<Vec<Waiting>, Error> {
        Ok(waiting::scan(read, range, limit)?)
    }

    fn key(waiting: &Waiting) -> Vec<u8> {
        waiting.place.key()
    }

    /// Events are due at once, whatever the clock shows meanwhile.
    fn due(_: &Waiting) -> Timestamp {
        Timestamp::from_millis(i64::MIN)
    }

    fn shard(waiting: &Waiting) -> ShardId {
        ShardId::of(&waiting::lane_key(&waiting.place.bus))
    }

    fn bytes(waiting: &Waiting) -> usize {
        waiting.document.len()
    }

    fn pass_on(&self, tx: &mut Tx, waiting: &Waiting, _: &Delivered, room: &mut usize) -> Result<(), Error> {
        let matcher = self.matchers.lock().unwrap_or_else(PoisonError::into_inner).of(tx, &waiting.place.bus)?;
        let event: Value = serde_json::from_slice(&waiting.document).unwrap_or_default();
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let received = iso(waiting.place.came);
        let mut after = waiting.after();
        if after.is_none() && event["replay-name"].is_null() {
            for archive in matcher.keeping(&event) {
                archive::keep(tx, archive, waiting.place.came, &waiting.place.id, &waiting.document);
                *room = room.saturating_sub(waiting.document.len());
            }
        }
        for (name, rule) in matcher.matching(&event) {
            if after.as_ref().is_some_and(|after| name <= after) || !waiting.is_for(&rule.arn) {
                continue;
            }
            let cost = rule.targets.len() * (waiting.document.len() + Receivers::OVERHEAD_BYTES);
            if cost > *room && *room < super::feed::WRITTEN_BYTES_MAX {
                after.into_iter().for_each(|after| waiting.go_on_after(tx, &after));
                return Ok(());
            }
            *room = room.saturating_sub(cost);
            let firing = Firing { rule_arn: &rule.arn, rule_name: name.as_str(), received: &received };
            for target in &rule.targets {
                self.receivers.send(
                    tx,
                    &Dispatch {
                        to: Address::of(target),
                        sender: Sender::Rule(&rule.arn),
                        document: target.input.render(&waiting.document, &firing),
                        kind: text("detail-type"),
                        source: text("source"),
                        cause: &waiting.head.cause,
                    },
                )?;
            }
            after = Some(name.clone());
        }
        waiting.delete(tx);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
