//! The cursor discipline: partitions of records in order. A partition has a checkpoint; the batch behind it is delivered
//! as a whole, and nothing later before it is.
//!
//! A batch that fails is halved, if the policy says so, until the record that it fails with is alone; that one is tried
//! as often as the policy says and then passed over. Partitions do not hold up one another.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use store::key::{Key, Space};
use store::{Order, Range, Read, ShardId, Snapshot, Store, Timestamp, Tx};

use super::policy::{Batching, End, Next, Ready, Retry, Tries, Trouble};
use super::{Answer, Ask, Claimed, Delivered, Error, Release, Settled, Source};
use crate::row;
use crate::run::BoxFuture;

/// `CHECKPOINTS partition`: the [`Checkpoint`].
const CHECKPOINTS: Space = Space::new(0x0142);
const LAYOUT: u8 = 1;
const ROW: &str = "checkpoint";

/// Checkpoints that are deleted at once.
const FORGET_ROWS: usize = 500;

/// What names a partition, unique among all sources.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Partition(pub Box<[u8]>);

/// How the records of a partition are delivered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Policy {
    pub batching: Batching,
    pub retry: Retry,
    /// Whether a batch that fails is halved.
    pub bisects: bool,
}

/// Where ordered records lie.
pub(super) trait Log: Send + Sync + 'static {
    type Record: Send + Sync + 'static;

    fn partitions(&self, read: &mut Snapshot<'_>) -> Result<Vec<Partition>, Error>;

    fn policy(&self, partition: &Partition) -> Policy;

    /// The first records behind a number, or from the beginning.
    fn read(
        &self,
        read: &mut Snapshot<'_>,
        partition: &Partition,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry<Self::Record>>, Error>;

    /// Writes what it leads to that these records are passed, in the commit that moves the checkpoint behind them: a
    /// fan-out, or a word to the destination for failures.
    fn passed(
        &self,
        tx: &mut Tx,
        partition: &Partition,
        records: &[Entry<Self::Record>],
        passing: &Passing<'_>,
    ) -> Result<(), Error>;
}

/// How records are passed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passing<'a> {
    pub end: End,
    /// How often the target failed with them.
    pub failures: u32,
    /// Of the last attempt, if that one failed.
    pub answer: Option<&'a Answer>,
}

/// A record in its place.
#[derive(Debug, Clone)]
pub(super) struct Entry<Record> {
    /// Grows within a partition.
    pub number: u64,
    pub at: Timestamp,
    pub bytes: usize,
    pub record: Record,
}

/// Records of one partition that are delivered at once; there is at least one.
pub(super) struct Batch<Record> {
    pub partition: Partition,
    pub records: Vec<Entry<Record>>,
    checkpoint: Checkpoint,
    too_old: bool,
}

/// What went wrong with a batch.
enum Failing<'a> {
    Target(Option<&'a Answer>),
    Platform,
}

/// How far a partition has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Checkpoint {
    /// The last record that was passed.
    after: Option<u64>,
    /// Of the batch behind it, which is not to begin before `due_millis`.
    failures: u32,
    outages: u32,
    due_millis: i64,
    /// Where halves of batches end, the nearest last.
    ends: Vec<u64>,
}

pub(super) struct Cursor<L> {
    store: Store,
    log: Arc<L>,
    claimed: HashSet<Partition>,
    paused: HashMap<Partition, Timestamp>,
}

impl<L: Log> Cursor<L> {
    pub fn new(store: Store, log: Arc<L>) -> Cursor<L> {
        Cursor { store, log, claimed: HashSet::new(), paused: HashMap::new() }
    }

    fn batch(
        &self,
        read: &mut Snapshot<'_>,
        partition: &Partition,
        now: Timestamp,
    ) -> Result<Result<Batch<L::Record>, Option<Timestamp>>, Error> {
        let checkpoint = Checkpoint::read(read, partition)?;
        let due = Timestamp::from_millis(checkpoint.due_millis);
        if due > now {
            return Ok(Err(Some(due)));
        }
        let policy = self.log.policy(partition);
        let mut records = self.log.read(read, partition, checkpoint.after, policy.batching.size_max)?;
        let old = records.iter().take_while(|entry| policy.retry.is_too_old(entry.at, now)).count();
        let too_old = old > 0;
        let half = checkpoint.ends.last().copied();
        let whole = records.iter().take_while(|entry| half.is_none_or(|end| entry.number <= end)).count();
        let count = match policy.batching.ready(records.iter().map(|entry| (entry.bytes, entry.at)), now) {
            _ if too_old => old,
            Ready::Never => return Ok(Err(None)),
            _ if half.is_some() => whole, // it was a batch before
            Ready::At(at) => return Ok(Err(Some(at))),
            Ready::Now(count) => count,
        };
        records.truncate(count);
        match records.is_empty() {
            true => Ok(Err(None)),
            false => Ok(Ok(Batch { partition: partition.clone(), records, checkpoint, too_old })),
        }
    }
}

impl<L: Log> Source for Cursor<L> {
    type Parcel = Batch<L::Record>;
    type Lane = Partition;

    async fn claim(&mut self, ask: &Ask<'_, Partition>) -> Result<Claimed<Batch<L::Record>>, Error> {
        self.paused.retain(|_, until| *until > ask.now);
        let mut claimed = Claimed::nothing();
        let store = self.store.clone();
        let batches = store.read(|read| {
            for partition in self.log.partitions(read)? {
                if self.claimed.contains(&partition) || claimed.parcels.len() == ask.limit {
                    continue;
                }
                if let Some(until) = self.paused.get(&partition) {
                    claimed.ask_again(*until);
                    continue;
                }
                match self.batch(read, &partition, ask.now)? {
                    Ok(_) if (ask.room)(&partition) == 0 => claimed.waits_for_room = true,
                    Ok(batch) => claimed.parcels.push(batch),
                    Err(due) => due.into_iter().for_each(|due| claimed.ask_again(due)),
                }
            }
            Ok::<_, Error>(claimed)
        })?;
        self.claimed.extend(batches.parcels.iter().map(|batch| batch.partition.clone()));
        Ok(batches)
    }

    fn settle(&self, group: Arc<[Settled<Batch<L::Record>>]>) -> BoxFuture<'static, Result<(), Error>> {
        let (store, log) = (self.store.clone(), self.log.clone());
        Box::pin(async move {
            store
                .transact(|tx| {
                    group.iter().try_for_each(|settled| {
                        let shard = ShardId::of(&settled.parcel.partition.0);
                        tx.fence(shard, store.fence(shard));
                        settle(tx, &*log, &settled.parcel, &settled.delivered)
                    })
                })
                .await
        })
    }

    fn release(&mut self, batch: &Batch<L::Record>, how: Release) {
        self.claimed.remove(&batch.partition);
        if let Release::Waits(Some(until)) = how {
            self.paused.insert(batch.partition.clone(), until);
        }
    }

    fn bytes(batch: &Batch<L::Record>) -> usize {
        batch.records.iter().map(|entry| entry.bytes).sum()
    }

    fn refused(batch: &Batch<L::Record>) -> Option<End> {
        batch.too_old.then_some(End::TooOld)
    }
}

fn settle<L: Log>(tx: &mut Tx, log: &L, batch: &Batch<L::Record>, delivered: &Delivered) -> Result<(), Error> {
    let (partition, records) = (&batch.partition, &batch.records[..]);
    let mut checkpoint = batch.checkpoint.clone();
    let passing = |end| Passing { end, failures: batch.checkpoint.failures, answer: None };
    match delivered {
        Delivered::Done(_) => checkpoint.pass(tx, log, partition, records, &passing(End::Delivered))?,
        Delivered::Refused(end) => checkpoint.pass(tx, log, partition, records, &passing(*end))?,
        Delivered::Partly(failed) => {
            let first = failed.iter().min().copied().unwrap_or(0).min(records.len() - 1);
            if first > 0 {
                checkpoint.pass(tx, log, partition, &records[..first], &passing(End::Delivered))?;
            }
            checkpoint.fail(tx, log, partition, &records[first..], Failing::Target(None))?;
        }
        Delivered::Failed(answer) => checkpoint.fail(tx, log, partition, records, Failing::Target(Some(answer)))?,
        Delivered::Broken | Delivered::Waits(_) => checkpoint.fail(tx, log, partition, records, Failing::Platform)?,
    }
    tx.put(partition.key(), row::encode(LAYOUT, &checkpoint));
    Ok(())
}

impl Checkpoint {
    fn read(read: &mut impl Read, partition: &Partition) -> Result<Checkpoint, Error> {
        match read.get(&partition.key())? {
            Some(found) => Ok(row::decode(ROW, LAYOUT, &found)?),
            None => Ok(Checkpoint::default()),
        }
    }

    fn pass<L: Log>(
        &mut self,
        tx: &mut Tx,
        log: &L,
        partition: &Partition,
        records: &[Entry<L::Record>],
        passing: &Passing<'_>,
    ) -> Result<(), Error> {
        match log.passed(tx, partition, records, passing) {
            Ok(()) => {}
            Err(Error::Store(error)) => return Err(error.into()),
            // It is passed nevertheless, or it would hold up its partition.
            Err(error) => tracing::error!(%error, "the end of records is not told"),
        }
        let last = records.last().map(|entry| entry.number);
        self.ends.retain(|end| Some(*end) > last);
        *self = Checkpoint { after: last, ends: std::mem::take(&mut self.ends), ..Checkpoint::default() };
        Ok(())
    }

    fn fail<L: Log>(
        &mut self,
        tx: &mut Tx,
        log: &L,
        partition: &Partition,
        records: &[Entry<L::Record>],
        failing: Failing<'_>,
    ) -> Result<(), Error> {
        let (trouble, answer) = match failing {
            Failing::Target(answer) => (Trouble::Target, answer),
            Failing::Platform => (Trouble::Platform, None),
        };
        let policy = log.policy(partition);
        let oldest = records.first().map_or(tx.now(), |entry| entry.at);
        let tries = Tries { since: oldest, failures: self.failures, outages: self.outages };
        if trouble == Trouble::Target && policy.bisects && records.len() > 1 {
            // Halving is no attempt: the half gets all of its own.
            let last = records[records.len() - 1].number;
            if self.ends.last() != Some(&last) {
                self.ends.push(last);
            }
            self.ends.push(records[records.len() / 2 - 1].number);
            return Ok(());
        }
        let random = u64::from_be_bytes(*tx.random().first_chunk().expect("there are sixteen"));
        match policy.retry.next(&tries, trouble, tx.now(), random) {
            Next::Over(end) => {
                let failures = self.failures + u32::from(trouble == Trouble::Target);
                self.pass(tx, log, partition, records, &Passing { end, failures, answer })?;
            }
            Next::Again(at) => {
                self.due_millis = at.millis();
                match trouble {
                    Trouble::Target => (self.failures, self.outages) = (self.failures + 1, 0),
                    Trouble::Platform => self.outages += 1,
                }
            }
        }
        Ok(())
    }
}

/// Lets a partition begin behind a record, or with the first one.
pub(super) fn begin_after(tx: &mut Tx, partition: &Partition, after: Option<u64>) {
    tx.put(partition.key(), row::encode(LAYOUT, &Checkpoint { after, ..Checkpoint::default() }));
}

/// The last record that a partition has passed.
pub(super) fn passed(read: &mut impl Read, partition: &Partition) -> Result<Option<u64>, Error> {
    Ok(Checkpoint::read(read, partition)?.after)
}

/// Forgets how far all partitions have come whose names begin like this.
pub(super) fn forget(tx: &mut Tx, prefix: &[u8]) -> Result<(), Error> {
    let mut from = Key::global(CHECKPOINTS).bytes(prefix).build();
    from.truncate(from.len() - 2); // the end of the name
    let to = [from.as_slice(), &[0xFF]].concat();
    loop {
        let found = tx.scan(Range { from: from.clone(), to: to.clone() }, Order::Forward, FORGET_ROWS)?;
        found.iter().for_each(|(key, _)| tx.delete(key.to_vec()));
        if found.len() < FORGET_ROWS {
            return Ok(());
        }
    }
}

impl Partition {
    fn key(&self) -> Vec<u8> {
        Key::global(CHECKPOINTS).bytes(&self.0).build()
    }
}
