//! Messages on their way to FIFO queues, which only the queue's owner writes.
//!
//! `OUTGOING due id`: the [`Outgoing`]. The commit that puts the message into the queue deletes its row, so that it is
//! there once; until then it is tried as often and as long as its target's policy says.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, ShardId, Snapshot, Timestamp, Tx};

use super::feed::{Feed, Feeder};
use super::policy::{Backoff, End, Next, Retry, Tries, Trouble};
use super::receiver::{Address, Facts, Refused, bury, queue_id};
use super::{Answer, Delivered, Error, Target};
use crate::bus::rule::{self, Place};
use crate::queue::{self, NewMessage};
use crate::row::{self, Unreadable};
use crate::run::BoxFuture;
use crate::services::Services;

const OUTGOING: Space = Space::new(0x0311);

const LAYOUT: u8 = 1;

/// What a target has that names no policy of its own. Source: EventBridge User Guide, "How EventBridge retries delivering
/// events" (read 2026-11-24).
const RETRIES_MAX: u32 = 185;
const AGE_MAX: Duration = Duration::from_secs(86_400);
/// The service waits ever longer, with chance in it, and says no numbers; so these are ours.
const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), last: Duration::from_secs(300), jitter: true };

#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    due: Timestamp,
    id: [u8; 16],
    row: Row,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    queue: Place,
    body: String,
    group: Option<String>,
    trace_header: Option<String>,
    sender: String,
    dead_letter: Option<Place>,
    /// For the dead letter.
    facts: Facts,
    retries_max: u32,
    age_secs: u64,
    since_millis: i64,
    failures: u32,
}

impl Outgoing {
    /// Writes down that a message is to be in the queue.
    pub fn put(tx: &mut Tx, queue: &Place, message: &NewMessage, facts: Facts, to: &Address<'_>) {
        let policy = to.retry.cloned().unwrap_or(rule::Retry { attempts: None, age_secs: None });
        let row = Row {
            queue: queue.clone(),
            body: message.body.clone(),
            group: message.group.clone(),
            trace_header: message.trace_header.clone(),
            sender: message.sender.clone(),
            dead_letter: to.dead_letter.cloned(),
            facts,
            retries_max: policy.attempts.unwrap_or(RETRIES_MAX),
            age_secs: policy.age_secs.map_or(AGE_MAX.as_secs(), u64::from),
            since_millis: tx.now().millis(),
            failures: 0,
        };
        Outgoing { due: tx.now(), id: tx.random(), row }.write(tx);
    }

    fn write(&self, tx: &mut Tx) {
        tx.put(self.key(), row::encode(LAYOUT, &self.row));
    }

    fn key(&self) -> Vec<u8> {
        Key::global(OUTGOING).signed(self.due.millis()).bytes(&self.id).build()
    }

    fn parse(key: &[u8], row: &[u8]) -> Result<Outgoing, Unreadable> {
        let place = Parser::after(&Outgoings::rows(), key).and_then(|mut rest| Some((rest.signed()?, rest.bytes()?)));
        let place = place.and_then(|(due, id)| Some((Timestamp::from_millis(due), id.try_into().ok()?)));
        let (due, id) = place.ok_or_else(|| Unreadable {
            row: "outgoing message",
            layout: Some(LAYOUT),
            reason: "its key has another form".to_owned(),
        })?;
        Ok(Outgoing { due, id, row: row::decode("outgoing message", LAYOUT, row)? })
    }

    fn message(&self) -> NewMessage {
        NewMessage {
            body: self.row.body.clone(),
            group: self.row.group.clone(),
            trace_header: self.row.trace_header.clone(),
            sender: self.row.sender.clone(),
            ..NewMessage::default()
        }
    }

    /// It has failed: it waits, or is a dead letter.
    fn failed(&self, tx: &mut Tx, trouble: Trouble) -> Result<(), Error> {
        let Row { retries_max, age_secs, since_millis, failures, .. } = self.row;
        let retry = Retry {
            retries_max: Some(retries_max),
            age_max: Some(Duration::from_secs(age_secs)),
            after_failure: BACKOFF,
            after_outage: BACKOFF,
        };
        let tries = Tries { since: Timestamp::from_millis(since_millis), failures, outages: failures };
        let random = u64::from_be_bytes(*tx.random().first_chunk().expect("there are sixteen"));
        match retry.next(&tries, trouble, tx.now(), random) {
            Next::Again(due) => {
                let row = Row { failures: failures + 1, ..self.row.clone() };
                Outgoing { due, row, ..self.clone() }.write(tx);
                Ok(())
            }
            Next::Over(End::TooOld) => self.give_up(tx, "MaximumEventAgeInSeconds"),
            Next::Over(_) => self.give_up(tx, "MaximumRetryAttempts"),
        }
    }

    fn give_up(&self, tx: &mut Tx, condition: &str) -> Result<(), Error> {
        let mut facts = self.row.facts.clone();
        facts.insert("EXHAUSTED_RETRY_CONDITION".to_owned(), condition.to_owned());
        facts.insert("RETRY_ATTEMPTS".to_owned(), self.row.failures.to_string());
        let refused = Refused { code: "INTERNAL_ERROR", text: "The queue could not be written to.".to_owned() };
        bury(tx, self.row.dead_letter.as_ref(), &self.message(), facts, &refused)
    }
}

pub(super) struct Outgoings;

impl Feed for Outgoings {
    type Item = Outgoing;

    fn rows() -> Vec<u8> {
        Key::global(OUTGOING).build()
    }

    fn scan(read: &mut Snapshot, range: Range, limit: usize) -> Result<Vec<Outgoing>, Error> {
        let rows = read.scan(range, Order::Forward, limit)?;
        let outgoing = rows.iter().filter_map(|(key, row)| {
            Outgoing::parse(key, row).inspect_err(|error| tracing::error!(%error, "a message cannot be sent")).ok()
        });
        Ok(outgoing.collect())
    }

    fn key(outgoing: &Outgoing) -> Vec<u8> {
        outgoing.key()
    }

    fn due(outgoing: &Outgoing) -> Timestamp {
        outgoing.due
    }

    fn shard(outgoing: &Outgoing) -> ShardId {
        ShardId::of(&Key::global(OUTGOING).text(&outgoing.row.queue.name).build())
    }

    fn bytes(outgoing: &Outgoing) -> usize {
        outgoing.row.body.len()
    }

    fn pass_on(&self, tx: &mut Tx, outgoing: &Outgoing, delivered: &Delivered, _: &mut usize) -> Result<(), Error> {
        if tx.get(&outgoing.key())?.is_none() {
            return Ok(()); // it is in the queue
        }
        tx.delete(outgoing.key());
        match delivered {
            Delivered::Refused(_) => {
                let text = format!("There is no queue {}.", outgoing.row.queue.name);
                let refused = Refused { code: "NO_RESOURCE", text };
                let Row { dead_letter, facts, .. } = &outgoing.row;
                bury(tx, dead_letter.as_ref(), &outgoing.message(), facts.clone(), &refused)
            }
            Delivered::Failed(_) => outgoing.failed(tx, Trouble::Target),
            Delivered::Done(_) | Delivered::Partly(_) | Delivered::Broken | Delivered::Waits(_) => {
                outgoing.failed(tx, Trouble::Platform)
            }
        }
    }
}

/// The queues, as the target of what goes out.
pub(super) struct FifoQueues(pub Services);

impl Target<Feeder<Outgoings>> for FifoQueues {
    fn room(&self, (): &()) -> usize {
        usize::MAX
    }

    fn room_made(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn deliver(self: Arc<Self>, outgoing: Arc<Outgoing>) -> BoxFuture<'static, Delivered> {
        let Some(queue) = queue_id(&outgoing.row.queue) else {
            return Box::pin(std::future::ready(Delivered::Refused(End::Gone)));
        };
        let key = outgoing.key();
        let sent = self.0.queues().hand_over(&queue, outgoing.message(), move |tx| {
            tx.delete(key.clone());
            Ok(())
        });
        Box::pin(async move {
            match sent.await {
                Ok(_) => Delivered::Done(Answer::default()),
                Err(queue::Error::NoSuchQueue(_)) => Delivered::Refused(End::Gone),
                Err(queue::Error::Store(_)) => Delivered::Broken,
                Err(_) => Delivered::Failed(Answer::default()),
            }
        })
    }
}
