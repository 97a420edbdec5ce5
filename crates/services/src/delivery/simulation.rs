//! Seeded histories of the loop with both disciplines, over stores and targets that fail: nothing is lost, nothing is
//! stuck, a partition keeps its order, and what is poisoned holds up nothing else.
//!
//! Time is tokio's, which stands still while anything can be done, so that hours of retries take moments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use store::key::{Key, Space};
use store::{Clock, Order, Read, Snapshot, Store, Timestamp, Tx};
use tokio::sync::watch;

use super::bag::{Bag, Rules};
use super::cursor::{Batch, Cursor, Entry, Log, Partition, Passing, Policy};
use super::policy::{Backoff, Batching, End, Retry};
use super::rows::{self, Waiting};
use super::*;
use crate::invoke::fake::id;

const SEEDS: u64 = 12;
const LOGS: Space = Space::new(0x7FFF);

/// Draws that a seed decides.
struct Chance(Mutex<u64>);

impl Chance {
    fn new(seed: u64) -> Arc<Chance> {
        Arc::new(Chance(Mutex::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)))
    }

    fn below(&self, bound: u64) -> u64 {
        let mut state = self.0.lock().expect("no test panics within");
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % bound
    }
}

/// Tokio's time, so that what sleeps and what falls due agree.
struct Paused(tokio::time::Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_764_000_000_000) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

fn store() -> Store {
    Store::memory_with(Arc::new(Paused(tokio::time::Instant::now())), 1)
}

/// A source whose store fails now and then, before and after it has committed.
struct Failing<S> {
    source: S,
    chance: Arc<Chance>,
}

fn outage() -> Error {
    store::Error::Unavailable("an outage".to_owned()).into()
}

impl<S: Source> Source for Failing<S>
where
    S::Lane: Sync,
{
    type Parcel = S::Parcel;
    type Lane = S::Lane;

    async fn claim(&mut self, ask: &Ask<'_, S::Lane>) -> Result<Claimed<S::Parcel>, Error> {
        match self.chance.below(10) {
            0 => Err(outage()),
            _ => self.source.claim(ask).await,
        }
    }

    fn settle(&self, group: Arc<[Settled<S::Parcel>]>) -> BoxFuture<'static, Result<(), Error>> {
        let (settled, fails) = (self.source.settle(group), self.chance.below(10) == 0);
        Box::pin(async move {
            match fails {
                true => Err(outage()),
                false => settled.await,
            }
        })
    }

    fn release(&mut self, parcel: &S::Parcel, how: Release) {
        self.source.release(parcel, how);
    }

    fn refused(parcel: &S::Parcel) -> Option<End> {
        S::refused(parcel)
    }

    fn bytes(parcel: &S::Parcel) -> usize {
        S::bytes(parcel)
    }
}

/// What was delivered, by its name, in order.
#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Seen {
    fn add(&self, name: &str) {
        self.0.lock().expect("no test panics within").push(name.to_owned());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().expect("no test panics within").clone()
    }
}

/// Fails by chance, and always with what is poisoned.
struct Fickle {
    store: Store,
    chance: Arc<Chance>,
    delivered: Seen,
    /// Batches as they came, for the order within a partition.
    attempts: Mutex<Vec<(Partition, Vec<String>)>>,
}

impl Fickle {
    fn new(store: &Store, chance: &Arc<Chance>) -> Arc<Fickle> {
        Arc::new(Fickle {
            store: store.clone(),
            chance: chance.clone(),
            delivered: Seen::default(),
            attempts: Mutex::default(),
        })
    }

    /// What happens by chance before anything is delivered.
    async fn mishap(&self) -> Option<Delivered> {
        tokio::time::sleep(Duration::from_millis(self.chance.below(20))).await;
        match self.chance.below(12) {
            0 => Some(Delivered::Broken),
            1 => Some(Delivered::Waits(None)),
            2 => Some(Delivered::Waits(Some(self.store.clock() + Duration::from_millis(50)))),
            _ => None,
        }
    }
}

impl Target<Failing<Bag>> for Fickle {
    fn room(&self, _: &FunctionId) -> usize {
        3
    }

    fn room_made(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn deliver(self: Arc<Self>, waiting: Arc<Waiting>) -> BoxFuture<'static, Delivered> {
        Box::pin(async move {
            if let Some(mishap) = self.mishap().await {
                return mishap;
            }
            let document = self.store.read(|read| waiting.document(read)).expect("it is there");
            let name = String::from_utf8_lossy(&document).into_owned();
            if name.contains("poison") {
                return Delivered::Failed(Answer::default());
            }
            self.delivered.add(&name);
            Delivered::Done(Answer::default())
        })
    }
}

const RETRY: Retry = Retry {
    retries_max: Some(2),
    age_max: Some(Duration::from_secs(21_600)),
    after_failure: Backoff { first: Duration::from_secs(60), last: Duration::from_secs(120), jitter: false },
    after_outage: Backoff { first: Duration::from_secs(1), last: Duration::from_secs(300), jitter: true },
};

/// How each event ended.
#[derive(Default)]
struct Ends(Mutex<BTreeMap<String, End>>);

impl Rules for Ends {
    fn retry(&self, _: &Waiting) -> Retry {
        RETRY
    }

    fn ended(&self, tx: &mut Tx, waiting: &Waiting, end: End, _: &Delivered) -> Result<(), Error> {
        let name = String::from_utf8_lossy(&waiting.document(tx)?).into_owned();
        self.0.lock().expect("no test panics within").insert(name, end);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn every_event_of_a_bag_comes_to_its_own_end_whatever_fails() {
    for seed in 0..SEEDS {
        let (store, chance, ends) = (store(), Chance::new(seed), Arc::new(Ends::default()));
        let target = Fickle::new(&store, &chance);
        let source = Failing { source: Bag::new(store.clone(), ends.clone()), chance: chance.clone() };
        let (stop, stopped) = watch::channel(false);
        let written = store.watch(&rows::events());
        let carried =
            tokio::spawn(carry::carry(store.clone(), source, target.clone(), 16, News::Rows(written), stopped));
        let mut wanted = BTreeMap::new();
        for number in 0..150 {
            let poisoned = chance.below(10) == 0;
            let name = format!("{} {number}", if poisoned { "poison" } else { "event" });
            let function = format!("f{}", chance.below(4));
            let later = InvokeLater {
                function: id(&function),
                qualifier: None,
                document: Bytes::from(name.clone()),
                kind: "test".into(),
                source: "test".into(),
                client_context: None,
                request_id: None,
                cause: Cause::default(),
            };
            store.transact(|tx| emit(tx, &later)).await.expect("the memory engine takes it");
            wanted.insert(name, if poisoned { End::RetriesExhausted } else { End::Delivered });
        }
        until_empty(&store, Key::under(&rows::events()).range()).await;
        assert_eq!(*ends.0.lock().expect("no test panics within"), wanted, "seed {seed}");
        let delivered: BTreeSet<String> = target.delivered.all().into_iter().collect();
        let healthy = wanted.into_iter().filter(|(_, end)| *end == End::Delivered).map(|(name, _)| name);
        assert_eq!(delivered, healthy.collect(), "seed {seed}");
        stop.send_replace(true);
        carried.await.expect("the loop ends when it is told to");
    }
}

async fn until_empty(store: &Store, range: store::Range) {
    loop {
        let left = store.read(|read| read.scan(range.clone(), Order::Forward, 1)).expect("rows read");
        if left.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await; // tokio's time: it passes as soon as nothing can be done
    }
}

/// Records in logs of the store, one for each partition.
struct Logs {
    partitions: Vec<Partition>,
    policy: Policy,
}

fn log_of(partition: &Partition) -> Vec<u8> {
    Key::global(LOGS).text("records").bytes(&partition.0).build()
}

fn passed_of(partition: &Partition) -> Key {
    Key::global(LOGS).text("passed").bytes(&partition.0)
}

impl Log for Logs {
    type Record = String;

    fn partitions(&self, _: &mut Snapshot<'_>) -> Result<Vec<Partition>, Error> {
        Ok(self.partitions.clone())
    }

    fn policy(&self, _: &Partition) -> Policy {
        self.policy.clone()
    }

    fn read(
        &self,
        read: &mut Snapshot<'_>,
        partition: &Partition,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry<String>>, Error> {
        let log = Key::under(&log_of(partition));
        let first = after.map_or(0, |after| after + 1);
        let mut range = log.range();
        range.from = log.number(first).build();
        let rows = read.scan(range, Order::Forward, limit)?;
        Ok((first..)
            .zip(rows)
            .map(|(number, (_, row))| {
                let text = String::from_utf8_lossy(&row).into_owned();
                let (at, name) = text.split_once(' ').expect("a time and a name");
                let at = Timestamp::from_millis(at.parse().expect("a time"));
                Entry { number, at, bytes: name.len(), record: name.to_owned() }
            })
            .collect())
    }

    fn passed(
        &self,
        tx: &mut Tx,
        partition: &Partition,
        records: &[Entry<String>],
        passing: &Passing<'_>,
    ) -> Result<(), Error> {
        for entry in records {
            let text = format!("{:?} {}", passing.end, entry.record);
            tx.append(passed_of(partition).build(), text.into_bytes());
        }
        Ok(())
    }
}

impl Target<Failing<Cursor<Logs>>> for Fickle {
    fn room(&self, _: &Partition) -> usize {
        1
    }

    fn room_made(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn deliver(self: Arc<Self>, batch: Arc<Batch<String>>) -> BoxFuture<'static, Delivered> {
        Box::pin(async move {
            if let Some(mishap) = self.mishap().await {
                return mishap;
            }
            let names: Vec<String> = batch.records.iter().map(|entry| entry.record.clone()).collect();
            let poisoned: Vec<usize> = (0..names.len()).filter(|&place| names[place].contains("poison")).collect();
            self.attempts.lock().expect("no test panics within").push((batch.partition.clone(), names));
            match poisoned.is_empty() {
                true => Delivered::Done(Answer::default()),
                false if self.chance.below(2) == 0 => Delivered::Partly(poisoned),
                false => Delivered::Failed(Answer::default()),
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_passes_every_record_in_order_and_gives_up_the_poisoned_ones_alone() {
    for seed in 0..SEEDS {
        let (store, chance) = (store(), Chance::new(seed + 100));
        let partitions: Vec<Partition> = (0..3_u8).map(|number| Partition([number].into())).collect();
        let batching = Batching { size_max: 8, bytes_max: 1_000, window: Duration::from_millis(500) };
        let policy = Policy { batching, retry: RETRY, bisects: true };
        let logs = Arc::new(Logs { partitions: partitions.clone(), policy });
        let target = Fickle::new(&store, &chance);
        let source = Failing { source: Cursor::new(store.clone(), logs), chance: chance.clone() };
        let (stop, stopped) = watch::channel(false);
        let written = store.watch(&Key::global(LOGS).text("records").build());
        let carried =
            tokio::spawn(carry::carry(store.clone(), source, target.clone(), 16, News::Rows(written), stopped));
        let mut wanted: BTreeMap<&Partition, Vec<String>> = BTreeMap::new();
        for number in 0..120 {
            let partition = &partitions[usize::try_from(chance.below(3)).expect("it is small")];
            let poisoned = chance.below(12) == 0;
            let name = format!("{}{number}", if poisoned { "poison" } else { "record" });
            let row = format!("{} {name}", store.clock().millis()).into_bytes();
            let appended = store.transact(|tx| {
                tx.append(log_of(partition), row.clone());
                Ok::<_, store::Error>(())
            });
            appended.await.expect("the memory engine takes it");
            let end = if poisoned { End::RetriesExhausted } else { End::Delivered };
            wanted.entry(partition).or_default().push(format!("{end:?} {name}"));
        }
        for (partition, wanted) in &wanted {
            let mut passed = Vec::new();
            while passed.len() < wanted.len() {
                tokio::time::sleep(Duration::from_secs(1)).await; // tokio's time, as above
                let rows = store.read(|read| read.scan(passed_of(partition).range(), Order::Forward, 1_000));
                let rows = rows.expect("rows read").into_iter();
                passed = rows.map(|(_, row)| String::from_utf8_lossy(&row).into_owned()).collect();
            }
            assert_eq!(&passed, wanted, "seed {seed}, in order and each once");
        }
        stop.send_replace(true);
        carried.await.expect("the loop ends when it is told to");
        keeps_order(&target.attempts.lock().expect("no test panics within"));
    }
}

/// Within a partition, batches are in order, and one that begins earlier than another never comes after it.
fn keeps_order(attempts: &[(Partition, Vec<String>)]) {
    let mut begun: BTreeMap<&Partition, u64> = BTreeMap::new();
    for (partition, names) in attempts {
        let numbers: Vec<u64> = names.iter().map(|name| name[6..].parse().expect("a number")).collect();
        let before = begun.insert(partition, numbers[0]).unwrap_or(0);
        assert!(numbers.is_sorted() && before <= numbers[0], "{names:?} after {before}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_that_are_too_old_are_passed_without_being_delivered() {
    let store = store();
    let partition = Partition([0].into());
    let batching = Batching { size_max: 8, bytes_max: 1_000, window: Duration::ZERO };
    let policy = Policy { batching, retry: RETRY, bisects: false };
    let logs = Arc::new(Logs { partitions: vec![partition.clone()], policy });
    let mut source = Cursor::new(store.clone(), logs);
    for (at, name) in [(0, "record1"), (1, "record2"), (store.clock().millis(), "record3")] {
        let row = format!("{at} {name}").into_bytes();
        let appended = store.transact(|tx| {
            tx.append(log_of(&partition), row.clone());
            Ok::<_, store::Error>(())
        });
        appended.await.expect("the memory engine takes it");
    }
    let ask = Ask { now: store.clock(), limit: 10, room: &|_: &Partition| 1 };
    let mut claimed = source.claim(&ask).await.expect("rows read");
    let batch = claimed.parcels.pop().expect("there are records");
    assert_eq!((Cursor::<Logs>::refused(&batch), batch.records.len()), (Some(End::TooOld), 2));
    let again = source.claim(&ask).await.expect("rows read");
    assert!(again.parcels.is_empty(), "a partition has one batch at a time");
    let settled = Settled { parcel: Arc::new(batch), delivered: Delivered::Refused(End::TooOld) };
    let group: Arc<[_]> = [settled].into();
    source.settle(group.clone()).await.expect("the memory engine takes it");
    source.release(&group[0].parcel, Release::Settled);
    let rest = source.claim(&ask).await.expect("rows read").parcels.pop().expect("one is young");
    assert_eq!(rest.records[0].record, "record3");
}
