//! Messages go out.

use std::sync::Arc;
use std::time::Duration;

use store::{Timestamp, Tx};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::RECEIVE_MAX;
use super::error::Error;
use super::fifo::{Also, Incoming};
use super::lane::{Ask, Left, Picked};
use super::message::{Message, Past};
use super::name::QueueId;
use super::queues::{Queue, Queues, UnderWay};
use super::receipt::Receipt;
use super::rows::{self, Content};
use super::send;

/// Picks of one receive that find nothing but messages that have to leave.
const ROUNDS_MAX: usize = 100;

/// What a consumer asks for.
#[derive(Debug, Clone, Default)]
pub struct Receive {
    /// At most [`RECEIVE_MAX`]; one without it.
    pub max: Option<usize>,
    /// Instead of the queue's own.
    pub visibility: Option<Duration>,
    /// Instead of the queue's own.
    pub wait: Option<Duration>,
    /// Of a FIFO queue: the same attempt gets the same messages.
    pub attempt: Option<String>,
}

/// A message that is given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub message: Message,
    pub receipt: String,
    /// How often it was received, this time included, and in the queue in which it became a dead letter.
    pub receives: u32,
    pub first_received: Timestamp,
    /// Its place in a FIFO queue.
    pub sequence: Option<u64>,
}

impl Queues {
    /// Takes messages; none after the wait if none came. Dropping the future gives back what it had taken.
    pub async fn receive(&self, id: &QueueId, ask: &Receive) -> Result<Vec<Received>, Error> {
        let row = self.store().read(|read| rows::existing(read, id))?;
        let wait = ask.wait.unwrap_or(row.settings.wait);
        let end = Instant::now() + wait;
        let received = self.receive_now(id, ask).await?;
        if !received.is_empty() || wait.is_zero() {
            return Ok(received);
        }
        let queue = self.queue(id, &row);
        let mut stop = self.stop();
        let _first = tokio::select! {
            first = queue.line.lock() => first,
            () = sleep_until(end) => return Ok(Vec::new()),
            _ = stop.wait_for(|stop| *stop) => return Ok(Vec::new()),
        };
        loop {
            let mut sent = self.store().watch(&queue.content.logs());
            let received = match self.receive_now(id, ask).await {
                Err(Error::TooManyInFlight) => Vec::new(),
                received => received?,
            };
            if !received.is_empty() {
                return Ok(received);
            }
            let elapsed = self.store().elapsed();
            let change = queue.next_change().map(|at| Instant::now() + at.saturating_sub(elapsed));
            tokio::select! {
                () = sent.changed() => {}
                () = queue.woken.notified() => {}
                () = sleep_until(change.unwrap_or(end)), if change.is_some() => {}
                () = sleep_until(end) => return Ok(Vec::new()),
                _ = stop.wait_for(|stop| *stop) => return Ok(Vec::new()),
            }
        }
    }

    /// Takes messages that are there.
    async fn receive_now(&self, id: &QueueId, ask: &Receive) -> Result<Vec<Received>, Error> {
        for _ in 0..ROUNDS_MAX {
            let picked = self.pick(id, ask)?;
            let only_left = picked.value.taken.is_empty();
            if picked.value.changes.is_nothing() {
                picked.queue.end(&picked.value.changes, true);
                return Ok(Vec::new());
            }
            let received = match self.give_out(picked).await {
                Err(Error::Changed) => continue,
                received => received?,
            };
            if !only_left || !received.is_empty() {
                return Ok(received);
            }
        }
        Ok(Vec::new())
    }

    fn pick(&self, id: &QueueId, ask: &Receive) -> Result<UnderWay<Picked>, Error> {
        self.with_lane(id, |lane, read, seen| {
            let dead_letters = match &seen.settings.redrive {
                Some(redrive) => rows::find(read, &redrive.queue)?.is_some(),
                None => false,
            };
            let asked = Ask {
                max: ask.max.unwrap_or(1).clamp(1, RECEIVE_MAX),
                visibility: ask.visibility.unwrap_or(seen.settings.visibility),
                attempt: ask.attempt.as_deref(),
                dead_letters,
            };
            lane.pick(read, seen, &asked)
        })
    }

    /// Writes a pick. It goes on if nobody waits for it any more, and then gives back what was taken.
    async fn give_out(&self, picked: UnderWay<Picked>) -> Result<Vec<Received>, Error> {
        let (reply, answer) = oneshot::channel();
        let queues = self.clone();
        tokio::spawn(async move {
            let id = picked.queue.id.clone();
            let written = queues.write_pick(picked).await;
            if let Err(Ok(received)) = reply.send(written) {
                queues.give_back(&id, received).await;
            }
        });
        answer.await.unwrap_or(Err(Error::Store(store::Error::Unknown)))
    }

    async fn give_back(&self, id: &QueueId, received: Vec<Received>) {
        let again = received.into_iter().map(|received| (received.receipt, Duration::ZERO)).collect();
        if let Err(error) = self.change_visibility(id, again).await {
            tracing::warn!(queue = %id, %error, "messages of a consumer that has gone stay hidden for a while");
        }
    }

    async fn write_pick(&self, picked: UnderWay<Picked>) -> Result<Vec<Received>, Error> {
        let UnderWay { queue, value: picked } = picked;
        let picked = Arc::new(picked);
        let written = self.write_changes(&queue, &picked).await;
        queue.end(&picked.changes, written.is_ok());
        written?;
        let taken = match Arc::try_unwrap(picked) {
            Ok(picked) => picked.taken,
            Err(shared) => shared.taken.clone(),
        };
        Ok(taken
            .into_iter()
            .map(|taken| {
                let (uid, content) = (queue.uid, queue.content.number);
                let receipt = Receipt { uid, content, place: taken.place, receive: taken.receives };
                let past = taken.message.past;
                Received {
                    receipt: self.receipts().write(&receipt),
                    receives: taken.receives + past.map_or(0, |past| past.receives),
                    first_received: past.map_or(taken.first_received, |past| past.first_received),
                    sequence: queue.id.name.is_fifo().then_some(taken.place.number),
                    message: taken.message,
                }
            })
            .collect())
    }

    /// Writes what a pick has changed, dead letters in the same commit.
    async fn write_changes(&self, queue: &Arc<Queue>, picked: &Arc<Picked>) -> Result<(), Error> {
        if picked.dead.is_empty() {
            let write = |tx: &mut Tx| {
                queue.check(tx)?;
                picked.changes.write(tx, &queue.content);
                Ok(())
            };
            return self.store().transact(write).await;
        }
        let settings = self.store().read(|read| rows::existing(read, &queue.id))?.settings;
        match settings.redrive {
            Some(redrive) => {
                let now = self.store().clock();
                let dead = picked.dead.iter().map(|left| dead_letter(left, &queue.id, now)).collect();
                let (source, picked) = (queue.clone(), picked.clone());
                let also = move |tx: &mut Tx| {
                    source.check(tx)?;
                    picked.changes.write(tx, &source.content);
                    Ok(())
                };
                self.carry(dead, &redrive.queue, Box::new(also)).await
            }
            // The redrive policy went meanwhile: the messages come back when the lane is read anew.
            None => Err(Error::Changed),
        }
    }

    /// Sends messages as they are to another queue, and does `also` in the same commit.
    pub(super) async fn carry(&self, messages: Vec<Message>, target: &QueueId, also: Also) -> Result<(), Error> {
        if target.name.is_fifo() {
            let moved = messages.into_iter().map(Incoming::Moved).collect();
            return self.enqueue(target, moved, Some(also)).await.map(|_| ());
        }
        let write = |tx: &mut Tx| {
            also(tx)?;
            let into = Content::of(target, &rows::existing(tx, target)?);
            messages.iter().for_each(|message| send::append(tx, &into, message));
            Ok(())
        };
        self.store().transact(write).await
    }
}

/// A message as it is in the dead-letter queue: its age is counted on in a standard queue and anew in a FIFO queue, where
/// its id becomes its deduplication id. Receives are counted across queues.
///
/// Source: Amazon SQS developer guide, "Setting-up dead-letter queue retention" and "Learn how to configure a dead-letter
/// queue redrive" (read 2026-11-24); localstack/localstack pull request 10425 for the count (read 2026-11-24).
fn dead_letter(left: &Left, source: &QueueId, now: Timestamp) -> Message {
    let message = left.message.clone();
    let (sent, deduplication_id) = match source.name.is_fifo() {
        true => (now, Some(message.id.clone())),
        false => (message.sent, message.deduplication_id.clone()),
    };
    let past = match (message.past, left.past) {
        (Some(before), Some(here)) => Some(Past { receives: before.receives + here.receives, ..before }),
        (before, here) => before.or(here),
    };
    Message { sent, due: sent, deduplication_id, past, dead_letter_source: Some(source.clone()), ..message }
}
