//! Sends to FIFO queues: numbered, and each message once.
//!
//! Start reading at [`Queues::enqueue`]. Whoever sends puts its messages into the gate; whoever gets through the gate
//! first writes all that have gathered, in their order, in one commit. So a number is given out when all lower ones are
//! durable, and what is compared with earlier messages is durable too.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use store::{Order, Read, Tx, counter};
use tokio::sync::oneshot;

use super::DEDUPLICATION_TIME;
use super::error::Error;
use super::lane::Moment;
use super::message::{Message, NewMessage, Sent};
use super::name::QueueId;
use super::queues::{Queue, Queues};
use super::rows::{self, Log, Seen, SeenMessage};
use super::send::place;
use super::settings::{Extent, Settings};
use crate::random;

/// Rows that are read at once.
const PAGE_ROWS: usize = 256;

/// Sends that are written together.
const TOGETHER_MAX: usize = 256;

pub(super) enum Incoming {
    New(NewMessage),
    /// From another queue, with its id.
    Moved(Message),
}

/// What became of the messages, once it is known.
type Reply = oneshot::Receiver<Result<Vec<Result<Sent, Error>>, Error>>;

/// What else happens in the commit that sends.
pub(super) type Also = Box<dyn Fn(&mut Tx) -> Result<(), Error> + Send + Sync>;

#[derive(Default)]
pub(super) struct Gate {
    waiting: Mutex<VecDeque<Waiting>>,
    /// Read when the first message is sent, and again after a write that failed.
    state: tokio::sync::Mutex<Option<State>>,
}

struct Waiting {
    messages: Vec<Incoming>,
    also: Option<Also>,
    reply: oneshot::Sender<Result<Vec<Result<Sent, Error>>, Error>>,
}

/// What the queue has been sent.
#[derive(Default)]
struct State {
    number_next: u64,
    seen: HashMap<(u64, u64), Sent>,
    /// The rows of `seen`, oldest first.
    ages: VecDeque<Age>,
    row_next: u64,
}

struct Age {
    until: Duration,
    row: u64,
    hashes: Vec<(u64, u64)>,
}

/// What one commit sends.
struct Plan {
    answers: Vec<Vec<Result<Sent, Error>>>,
    seen: Seen,
    number_next: u64,
    rows_over: usize,
}

impl Queues {
    /// Sends to a FIFO queue, and does `also` in the same commit.
    pub(super) async fn enqueue(
        &self,
        id: &QueueId,
        messages: Vec<Incoming>,
        also: Option<Also>,
    ) -> Result<Vec<Result<Sent, Error>>, Error> {
        let answer = self.enter(id, messages, also)?;
        answer.await.unwrap_or(Err(Error::Store(store::Error::Unknown)))
    }

    /// Sends one message to a FIFO queue, and does `also` in the same commit. Messages go in the order of these calls,
    /// whenever what they return is waited for.
    pub(crate) fn hand_over(
        &self,
        id: &QueueId,
        message: NewMessage,
        also: impl Fn(&mut Tx) -> Result<(), Error> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Sent, Error>> + Send + 'static {
        let entered = self.enter(id, vec![Incoming::New(message)], Some(Box::new(also)));
        async move {
            let unknown = || Error::Store(store::Error::Unknown);
            let mut sent = entered?.await.unwrap_or_else(|_| Err(unknown()))?;
            sent.pop().unwrap_or_else(|| Err(unknown()))
        }
    }

    /// Puts messages into the gate and sees to it that somebody goes through.
    fn enter(&self, id: &QueueId, messages: Vec<Incoming>, also: Option<Also>) -> Result<Reply, Error> {
        let row = self.store().read(|read| rows::existing(read, id))?;
        let queue = self.queue(id, &row);
        let (reply, answer) = oneshot::channel();
        queue.gate.push(Waiting { messages, also, reply });
        let queues = self.clone();
        // Goes on if the sender does not: others' messages are written with it.
        tokio::spawn(async move { queues.pass(&queue).await });
        Ok(answer)
    }

    async fn pass(&self, queue: &Queue) {
        let mut state = queue.gate.state.lock().await;
        let batch = queue.gate.next_batch();
        if batch.is_empty() {
            return;
        }
        let written = self.write(queue, &mut state, &batch).await;
        match written {
            Ok(answers) => {
                for (waiting, answer) in batch.into_iter().zip(answers) {
                    let _ = waiting.reply.send(Ok(answer)); // the sender may be gone
                }
            }
            Err(error) => {
                *state = None;
                for waiting in batch {
                    let _ = waiting.reply.send(Err(error.clone()));
                }
            }
        }
    }

    async fn write(
        &self,
        queue: &Queue,
        slot: &mut Option<State>,
        batch: &[Waiting],
    ) -> Result<Vec<Vec<Result<Sent, Error>>>, Error> {
        let now = self.moment();
        let state = match slot {
            Some(state) => state,
            None => slot.insert(self.store().read(|read| State::load(read, queue, now))?),
        };
        let plan = self.store().transact(|tx| state.plan(tx, queue, batch, now)).await?;
        Ok(state.follow(plan, now))
    }
}

impl Gate {
    fn push(&self, waiting: Waiting) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(waiting);
    }

    /// What is written together; what does something else besides, by itself.
    fn next_batch(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let alone = waiting.front().is_some_and(|first| first.also.is_some());
        let plain = waiting.iter().take_while(|waiting| waiting.also.is_none()).count();
        let count = if alone { 1 } else { plain.min(TOGETHER_MAX) };
        waiting.drain(..count).collect()
    }
}

impl State {
    fn load(read: &mut impl Read, queue: &Queue, now: Moment) -> Result<State, Error> {
        let next = read.get(&queue.content.log(Log::Now))?.and_then(|row| counter(&row)).unwrap_or(0);
        let mut state = State { number_next: next.cast_unsigned(), ..State::default() };
        let mut range = rows::all_seen(&queue.id.scope, queue.uid);
        loop {
            let page = read.scan(range.clone(), Order::Forward, PAGE_ROWS)?;
            for (key, row) in &page {
                let number = rows::seen_number(&queue.id.scope, queue.uid, key)?;
                let seen = rows::decode_seen(row)?;
                state.row_next = number + 1;
                state.learn(&seen, number, now.elapsed_at(seen.until));
            }
            match page.last() {
                Some((last, _)) if page.len() == PAGE_ROWS => range = range.after(last),
                Some(_) | None => return Ok(state),
            }
        }
    }

    fn learn(&mut self, seen: &Seen, row: u64, until: Duration) {
        let mut hashes = Vec::with_capacity(seen.messages.len());
        for message in &seen.messages {
            let hash = (message.hash, message.hash_low);
            hashes.push(hash);
            self.seen.insert(hash, Sent { id: message.id.clone(), sequence: Some(message.number) });
        }
        self.ages.push_back(Age { until, row, hashes });
    }

    /// Writes what is new; repeatable.
    fn plan(&self, tx: &mut Tx, queue: &Queue, batch: &[Waiting], now: Moment) -> Result<Plan, Error> {
        let settings = queue.check(tx)?.settings;
        let over = self.ages.iter().take_while(|age| age.until <= now.elapsed);
        let mut plan = Plan {
            answers: Vec::with_capacity(batch.len()),
            seen: Seen { until: tx.now() + DEDUPLICATION_TIME, messages: Vec::new() },
            number_next: self.number_next,
            rows_over: 0,
        };
        let mut forgotten = std::collections::HashSet::new();
        for age in over {
            tx.delete(rows::seen(&queue.id.scope, queue.uid, age.row));
            forgotten.extend(age.hashes.iter().copied());
            plan.rows_over += 1;
        }
        for waiting in batch {
            let mut answers = Vec::with_capacity(waiting.messages.len());
            for incoming in &waiting.messages {
                let known = |hash: &(u64, u64)| self.seen.get(hash).filter(|_| !forgotten.contains(hash));
                answers.push(plan.take(tx, queue, &settings, incoming, known));
            }
            plan.answers.push(answers);
            if let Some(also) = &waiting.also {
                also(tx)?;
            }
        }
        if plan.number_next > self.number_next {
            tx.put(queue.content.log(Log::Now), plan.number_next.to_be_bytes().to_vec());
        }
        if !plan.seen.messages.is_empty() {
            tx.put(rows::seen(&queue.id.scope, queue.uid, self.row_next), rows::encode_seen(&plan.seen));
        }
        Ok(plan)
    }

    /// Takes in what has been written.
    fn follow(&mut self, plan: Plan, now: Moment) -> Vec<Vec<Result<Sent, Error>>> {
        self.number_next = plan.number_next;
        for age in self.ages.drain(..plan.rows_over) {
            age.hashes.iter().for_each(|hash| drop(self.seen.remove(hash)));
        }
        if !plan.seen.messages.is_empty() {
            self.learn(&plan.seen, self.row_next, now.elapsed + DEDUPLICATION_TIME);
            self.row_next += 1;
        }
        plan.answers
    }
}

impl Plan {
    fn take<'a>(
        &mut self,
        tx: &mut Tx,
        queue: &Queue,
        settings: &Settings,
        incoming: &Incoming,
        known: impl Fn(&(u64, u64)) -> Option<&'a Sent>,
    ) -> Result<Sent, Error> {
        let id = random::uuid(tx.random()).to_string();
        let (message, hash) = match incoming {
            Incoming::Moved(message) => (message.clone(), None),
            Incoming::New(new) => {
                let mut message = Message::new(new, id, tx.now(), settings.delay);
                let deduplication_id = settings.deduplication_id(&message).ok_or(Error::Unordered)?;
                let group = message.group.as_deref().ok_or(Error::Unordered)?;
                let hash = hash(settings, group, &deduplication_id);
                message.deduplication_id = Some(deduplication_id);
                (message, Some(hash))
            }
        };
        if let Some(hash) = &hash {
            let within = self.seen.messages.iter().find(|seen| (seen.hash, seen.hash_low) == *hash);
            let within = within.map(|seen| Sent { id: seen.id.clone(), sequence: Some(seen.number) });
            if let Some(sent) = known(hash).cloned().or(within) {
                return Ok(sent);
            }
        }
        let number = self.number_next;
        self.number_next += 1;
        let row = rows::encode_message(tx, &queue.content, &message);
        tx.put(queue.content.message(place(number)), row);
        if let Some((hash, hash_low)) = hash {
            self.seen.messages.push(SeenMessage { hash, hash_low, id: message.id.clone(), number });
        }
        Ok(Sent { id: message.id, sequence: Some(number) })
    }
}

/// Two messages are the same if and only if (but for one chance in 2^128) their hashes are.
fn hash(settings: &Settings, group: &str, deduplication_id: &str) -> (u64, u64) {
    let by_group = settings.fifo.is_some_and(|fifo| fifo.deduplication == Extent::Group);
    let mut hash = Sha256::new();
    if by_group {
        hash.update(group);
        hash.update([0]);
    }
    hash.update(deduplication_id);
    let hash: [u8; 32] = hash.finalize().into();
    let part = |at: usize| u64::from_be_bytes(std::array::from_fn(|index| hash[at + index]));
    (part(0), part(8))
}
