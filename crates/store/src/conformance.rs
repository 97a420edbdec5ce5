//! What every engine must pass.
//!
//! Each test runs on all of [`engines`]. The central one is [`histories_are_serializable`]: random transactions run
//! concurrently, and each also appends to a log, which thereby lists them in commit order. Played back in that order on
//! a plain map, every one must have read what the map says.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use crate::clock::ManualClock;
use crate::engine::{ApplyError, Changes, Engine, Limits, State, Version};
use crate::key::{Key, Parser, Space};
use crate::shard::{self, NodeId, Proof, ShardId, Silence};
use crate::{Error, Options, Order, Range, Read, Store, counter, lock};

const SPACE: Space = Space::new(1);

struct World {
    engine: &'static str,
    store: Store,
    _directory: Option<tempfile::TempDir>,
}

fn engines() -> Vec<World> {
    let directory = tempfile::tempdir().expect("a directory");
    let sqlite = Store::open(directory.path(), Options::default()).expect("opened");
    vec![
        World { engine: "memory", store: Store::memory(), _directory: None },
        World { engine: "sqlite", store: sqlite, _directory: Some(directory) },
    ]
}

/// Runs a test on every engine, with several threads.
fn on_every_engine<F: Future<Output = ()>>(test: impl Fn(Store) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().expect("a runtime");
    for world in engines() {
        println!("engine: {}", world.engine);
        runtime.block_on(test(world.store.clone()));
    }
}

fn key(name: &str) -> Vec<u8> {
    Key::new(SPACE, "000000000000", "here").text(name).build()
}

fn everything() -> Range {
    Key::new(SPACE, "000000000000", "here").range()
}

async fn put(store: &Store, name: &str, value: &str) {
    let put = store.transact(|tx| {
        tx.put(key(name), value.into());
        Ok::<_, Error>(())
    });
    put.await.expect("committed");
}

fn get(store: &Store, name: &str) -> Option<String> {
    let value = store.read(|snapshot| snapshot.get(&key(name))).expect("read");
    value.map(|value| String::from_utf8_lossy(&value).into_owned())
}

#[test]
fn a_transaction_is_a_future_that_may_move_between_threads() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let store = Store::memory();
    let borrowed = b"borrowed".to_vec();
    let committed = send(store.transact(|tx| {
        tx.put(key("k"), borrowed.clone());
        tx.get(&key("k"))
    }));
    assert_eq!(crate::wait::for_it(committed), Ok(Some(Bytes::from(borrowed.clone()))));
}

#[test]
fn a_transaction_reads_its_own_writes_and_nobody_else_does_before_it_is_committed() {
    on_every_engine(async |store| {
        for name in ["a", "c", "e"] {
            put(&store, name, "old").await;
        }
        let names = |rows: Vec<(Bytes, Bytes)>| {
            let prefix = Key::new(SPACE, "000000000000", "here").build();
            rows.iter()
                .map(|(key, value)| {
                    let name = Parser::after(&prefix, key).and_then(|mut parts| parts.text()).expect("a name");
                    format!("{name}={}", String::from_utf8_lossy(value))
                })
                .collect::<Vec<_>>()
        };
        let seen = store.transact(|tx| {
            tx.put(key("b"), b"new".to_vec());
            tx.put(key("c"), b"new".to_vec());
            tx.delete(key("a"));
            let got = (tx.get(&key("a"))?, tx.get(&key("b"))?);
            let forward = names(tx.scan(everything(), Order::Forward, 2)?);
            let reverse = names(tx.scan(everything(), Order::Reverse, 2)?);
            let all = names(tx.scan(everything(), Order::Forward, 9)?);
            Ok::<_, Error>((got, forward, reverse, all, get(&store, "a"), get(&store, "b")))
        });
        let (got, forward, reverse, all, outside_a, outside_b) = seen.await.expect("committed");
        assert_eq!(got, (None, Some(Bytes::from_static(b"new"))));
        assert_eq!(forward, ["b=new", "c=new"]);
        assert_eq!(reverse, ["e=old", "c=new"]);
        assert_eq!(all, ["b=new", "c=new", "e=old"]);
        assert_eq!((outside_a.as_deref(), outside_b), (Some("old"), None));
        assert_eq!((get(&store, "a"), get(&store, "b").as_deref()), (None, Some("new")));
    });
}

#[test]
fn a_transaction_that_fails_writes_nothing() {
    on_every_engine(async |store| {
        let failed = store.transact(|tx| {
            tx.put(key("a"), b"1".to_vec());
            Err::<(), _>(Error::Unavailable("on purpose".to_owned()))
        });
        assert_eq!(failed.await, Err(Error::Unavailable("on purpose".to_owned())));
        assert_eq!(get(&store, "a"), None);
    });
}

#[test]
fn what_was_read_and_changed_meanwhile_is_read_again() {
    on_every_engine(async |store| {
        let mut attempts = Vec::new();
        let meddle = |store: &Store, attempt: usize| match attempt {
            // Once a key that was read is changed, once a key appears in a range that was read (a phantom).
            1 => crate::wait::for_it(put(store, "read", "changed")),
            2 => crate::wait::for_it(put(store, "range-2", "appeared")),
            _ => {}
        };
        let committed = store.transact(|tx| {
            let value = tx.get(&key("read"))?;
            let range = Range { from: key("range-1"), to: key("range-9") };
            let rows = tx.scan(range, Order::Forward, 10)?.len();
            attempts.push((value.is_some(), rows));
            // From the third attempt on it runs in its turn, where nobody can come between.
            meddle(&store, attempts.len());
            tx.put(key("written"), b"1".to_vec());
            Ok::<_, Error>(rows)
        });
        assert_eq!(committed.await, Ok(1));
        assert_eq!(attempts, [(false, 0), (true, 0), (true, 1)]);
    });
}

#[test]
fn only_what_was_read_conflicts() {
    on_every_engine(async |store| {
        let mut attempts = 0;
        let committed = store.transact(|tx| {
            attempts += 1;
            let range = Range { from: key("range-1"), to: key("range-9") };
            tx.scan(range, Order::Forward, 10)?;
            crate::wait::for_it(put(&store, "elsewhere", "changed"));
            tx.put(key("written"), b"1".to_vec());
            Ok::<_, Error>(())
        });
        committed.await.expect("committed");
        assert_eq!(attempts, 1);
    });
}

#[test]
fn time_and_random_numbers_are_the_same_in_all_attempts() {
    let clock = Arc::new(ManualClock::default());
    let store = Store::memory_with(clock.clone(), 7);
    let mut seen = Vec::new();
    let committed = store.transact(|tx| {
        tx.get(&key("read"))?;
        seen.push((tx.now(), tx.random(), tx.random()));
        if seen.len() < 3 {
            clock.advance(Duration::from_secs(1));
            crate::wait::for_it(put(&store, "read", "changed"));
        }
        tx.put(key("written"), b"1".to_vec());
        Ok::<_, Error>(())
    });
    crate::wait::for_it(committed).expect("committed");
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|stamp| *stamp == seen[0]));
    assert_ne!(seen[0].1, seen[0].2);
}

#[test]
fn logs_are_numbered_in_commit_order_without_gaps() {
    on_every_engine(async |store| {
        let tasks = (0..8).map(|writer: u64| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..25u64 {
                    let value = [writer.to_be_bytes(), number.to_be_bytes()].concat();
                    let appended = store.transact(|tx| {
                        tx.append(key("log"), value.clone());
                        tx.append(key("log"), value.clone());
                        tx.add(key("count"), 2);
                        Ok::<_, Error>(())
                    });
                    appended.await.expect("committed");
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("no panic");
        }
        let log = Key::under(&key("log"));
        let rows = store.read(|snapshot| snapshot.scan(log.range(), Order::Forward, 1000)).expect("read");
        let mut latest = BTreeMap::new();
        for (expected, (entry, value)) in (0u64..).zip(&rows) {
            let number = Parser::after(&key("log"), entry).and_then(|mut parts| parts.number());
            assert_eq!(number, Some(expected));
            let (writer, number) = value.split_at(8);
            let before = latest.insert(writer.to_vec(), number.to_vec());
            assert!(before.is_none_or(|before| before.as_slice() <= number), "a writer's entries stay in order");
        }
        assert_eq!(rows.len(), 400);
        let count = store.read(|snapshot| snapshot.get(&key("count"))).expect("read");
        assert_eq!(count.and_then(|value| counter(&value)), Some(400));
    });
}

#[test]
fn blind_writes_cannot_be_read_in_their_transaction() {
    on_every_engine(async |store| {
        let refused = |result: Result<(), Error>| matches!(result, Err(Error::ReadAfterBlindWrite { .. }));
        let added = store.transact(|tx| {
            tx.add(key("n"), 1);
            tx.get(&key("n")).map(|_| ())
        });
        assert!(refused(added.await));
        let scanned = store.transact(|tx| {
            tx.add(key("n"), 1);
            tx.scan(everything(), Order::Forward, 1).map(|_| ())
        });
        assert!(refused(scanned.await));
        let appended = store.transact(|tx| {
            tx.append(key("log"), b"1".to_vec());
            tx.scan(Key::under(&key("log")).range(), Order::Forward, 1).map(|_| ())
        });
        assert!(refused(appended.await));
        let elsewhere = store.transact(|tx| {
            tx.append(key("log"), b"1".to_vec());
            tx.put(key("m"), 5i64.to_be_bytes().to_vec());
            tx.add(key("m"), 2);
            tx.get(&key("m"))
        });
        assert_eq!(elsewhere.await.map(|value| value.and_then(|value| counter(&value))), Ok(Some(7)));
        put(&store, "text", "not a counter").await;
        let text = store.transact(|tx| {
            tx.add(key("text"), 1);
            Ok(())
        });
        assert!(matches!(text.await, Err(Error::NotACounter { .. })));
    });
}

#[test]
fn large_values_come_back_whole_and_leave_nothing_behind() {
    on_every_engine(async |store| {
        let body = |length: usize, fill: u8| (0..length).map(|at| (at / 7) as u8 ^ fill).collect::<Vec<u8>>();
        let own_rows = || {
            let all = Range { from: Vec::new(), to: vec![0xFF] };
            store.read(|snapshot| Ok::<_, Error>(snapshot.scan(all, Order::Forward, 10_000)?.len())).expect("read")
        };
        let before = own_rows();
        for length in [65_536, 65_537, 200_000, 3, 1_000_000, 65_536 * 2] {
            let value = body(length, length as u8);
            let kept = store.transact(|tx| {
                tx.put(key("large"), value.clone());
                tx.get(&key("large"))
            });
            assert_eq!(kept.await.as_ref().map(Option::as_deref), Ok(Some(value.as_slice())), "in its transaction");
            let read = store.read(|snapshot| snapshot.get(&key("large"))).expect("read");
            assert_eq!(read.as_deref(), Some(value.as_slice()), "{length}");
            let scanned = store.read(|snapshot| snapshot.scan(everything(), Order::Forward, 2)).expect("read");
            assert_eq!(scanned.len(), 1);
            assert_eq!(scanned[0].1, value);
        }
        let deleted = store.transact(|tx| {
            tx.delete(key("large"));
            Ok::<_, Error>(())
        });
        deleted.await.expect("committed");
        assert_eq!(own_rows(), before);
    });
}

#[test]
fn what_is_too_large_is_refused_by_name() {
    on_every_engine(async |store| {
        let refused = async |key: Vec<u8>, value: Vec<u8>| {
            let put = store.transact(|tx| {
                tx.put(key.clone(), value.clone());
                Ok::<_, Error>(())
            });
            put.await.expect_err("refused").to_string()
        };
        assert_eq!(refused(vec![1; 2601], vec![]).await, "a key has 2601 bytes and the limit is 2600");
        let bytes = 64 * 1024 * 1024;
        assert_eq!(
            refused(vec![1], vec![0; bytes]).await,
            format!("a transaction has {} bytes and the limit is {bytes}", bytes + 1)
        );
    });
}

#[test]
fn a_fenced_transaction_happens_only_while_its_fence_holds() {
    on_every_engine(async |store| {
        let mine = ShardId(3);
        let fence = store.fence(mine);
        let write = async |value: &str| {
            let written = store.transact(|tx| {
                tx.fence(mine, fence);
                tx.put(key("owned"), value.into());
                Ok(())
            });
            written.await
        };
        assert_eq!(write("first").await, Ok(()));
        let taken = store.transact(|tx| shard::take(tx, mine, NodeId([9; 16]), Proof::ExclusiveLock));
        assert!(taken.await.expect("committed").expect("taken") > fence);
        assert_eq!(write("second").await, Err(Error::Fenced { shard: mine }));
        assert_eq!(get(&store, "owned").as_deref(), Some("first"));
    });
}

#[test]
fn a_shard_is_taken_only_from_a_node_that_was_silent_for_the_whole_lease() {
    on_every_engine(async |store| {
        let (owner, contender, at) = (NodeId([1; 16]), NodeId([2; 16]), ShardId(0));
        let beat = async || {
            let beaten = store.transact(|tx| {
                shard::beat(tx, owner);
                Ok::<_, Error>(())
            });
            beaten.await.expect("committed");
        };
        let count = || store.read(|snapshot| shard::heartbeat(snapshot, owner)).expect("read");
        let owned = store.transact(|tx| shard::take(tx, at, owner, Proof::ExclusiveLock));
        let first = owned.await.expect("committed").expect("taken");
        beat().await;

        let second = Duration::from_secs(1);
        let mut silence = Silence::from(count(), Duration::ZERO);
        assert_eq!(silence.observe(count(), shard::LEASE_TIME - second), None);
        beat().await;
        assert_eq!(silence.observe(count(), shard::LEASE_TIME), None, "it lives");
        assert_eq!(silence.observe(count(), shard::LEASE_TIME * 2 - second), None);
        let proof = silence.observe(count(), shard::LEASE_TIME * 2).expect("silent for the whole lease");

        beat().await; // at the last moment
        let late = store.transact(|tx| shard::take(tx, at, contender, proof));
        assert_eq!(late.await, Ok(None));
        let proof = Proof::Silence(count());
        let taken = store.transact(|tx| shard::take(tx, at, contender, proof));
        assert_eq!(taken.await.map(|fence| fence.is_some_and(|fence| fence > first)), Ok(true));
    });
}

#[test]
fn watchers_wake_after_the_commit_and_only_for_what_they_watch() {
    on_every_engine(async |store| {
        let mut log = store.watch(&key("log"));
        let mut other = store.watch(&key("other"));
        put(&store, "unrelated", "1").await;
        let appended = store.transact(|tx| {
            tx.append(key("log"), b"1".to_vec());
            Ok::<_, Error>(())
        });
        appended.await.expect("committed");
        log.changed().await;
        put(&store, "other", "1").await;
        other.changed().await;
        let (mut log, mut other) = (Box::pin(log.changed()), Box::pin(other.changed()));
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        assert!(log.as_mut().poll(&mut context).is_pending());
        assert!(other.as_mut().poll(&mut context).is_pending());
    });
}

// Histories.

type Seen = Vec<(Range, Vec<(Bytes, Bytes)>)>;

#[derive(Debug, Clone)]
enum Step {
    Get(u8),
    Scan(u8, u8, Order, usize),
    Put(u8, u64),
    Delete(u8),
    Add(u8),
}

/// Pseudo-random numbers (SplitMix64): the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Reads come first, so that a blind write is never read in its transaction.
    fn steps(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        for _ in 0..1 + self.below(3) {
            let (a, b) = (self.below(8) as u8, self.below(8) as u8);
            let order = if self.below(2) == 0 { Order::Forward } else { Order::Reverse };
            steps.push(match self.below(3) {
                0 => Step::Scan(a.min(b), a.max(b) + 1, order, 1 + self.below(4) as usize),
                _ => Step::Get(a),
            });
        }
        for _ in 0..self.below(4) {
            let at = self.below(8) as u8;
            steps.push(match self.below(4) {
                0 => Step::Delete(at),
                1 => Step::Add(at),
                _ => Step::Put(at, self.below(1 << 40)),
            });
        }
        steps
    }
}

fn cell(number: u8) -> Vec<u8> {
    Key::new(SPACE, "000000000000", "here").text("cell").number(number.into()).build()
}

fn history_log() -> Vec<u8> {
    key("history")
}

/// What a transaction did, as it was committed.
#[derive(Debug, Clone)]
struct Done {
    steps: Vec<Step>,
    seen: Seen,
    /// How many transactions came before it: its own number in the log, or for one that only reads, what it saw.
    place: u64,
}

fn run_steps(read: &mut impl Read, steps: &[Step]) -> Result<Seen, Error> {
    let mut seen = Vec::new();
    for step in steps {
        match *step {
            Step::Get(at) => {
                let row = read.get(&cell(at))?.map(|value| (Bytes::from(cell(at)), value));
                seen.push((Range::from(cell(at)..cell(at)), row.into_iter().collect()));
            }
            Step::Scan(from, to, order, limit) => {
                let range = Range::from(cell(from)..cell(to));
                seen.push((range.clone(), read.scan(range, order, limit)?));
            }
            Step::Put(..) | Step::Delete(_) | Step::Add(_) => {}
        }
    }
    Ok(seen)
}

async fn run_one(store: &Store, id: u64, steps: Vec<Step>) -> Done {
    let writes = steps.iter().any(|step| !matches!(step, Step::Get(_) | Step::Scan(..)));
    let attempt = async || {
        let attempt = store.transact(|tx| {
            let place = if writes { 0 } else { tx.get(&history_log())?.and_then(|n| counter(&n)).unwrap_or(0) };
            let seen = run_steps(tx, &steps)?;
            for step in &steps {
                match *step {
                    Step::Put(at, value) => tx.put(cell(at), value.to_be_bytes().to_vec()),
                    Step::Delete(at) => tx.delete(cell(at)),
                    Step::Add(at) => tx.add(cell(at), 1),
                    Step::Get(_) | Step::Scan(..) => {}
                }
            }
            if writes {
                tx.append(history_log(), id.to_be_bytes().to_vec());
            }
            Ok::<_, Error>((seen, place.cast_unsigned()))
        });
        attempt.await
    };
    let (seen, place) = loop {
        match attempt().await {
            Ok(done) => break done,
            Err(Error::Full) => {} // nothing of it was written: the engine in this test fails now and then
            Err(error) => panic!("{error}"),
        }
    };
    Done { steps, seen, place: if writes { u64::MAX } else { place } }
}

/// The model: a plain map, one transaction after the other.
#[derive(Default, Clone)]
struct Model(BTreeMap<Vec<u8>, i64>);

impl Read for Model {
    fn get(&mut self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        Ok(self.0.get(key).map(|value| Bytes::copy_from_slice(&value.to_be_bytes())))
    }

    fn scan(&mut self, range: Range, order: Order, limit: usize) -> Result<Vec<(Bytes, Bytes)>, Error> {
        let within = self.0.iter().filter(|(key, _)| range.contains(key));
        let row = |(key, value): (&Vec<u8>, &i64)| {
            (Bytes::copy_from_slice(key), Bytes::copy_from_slice(&value.to_be_bytes()))
        };
        Ok(match order {
            Order::Forward => within.map(row).take(limit).collect(),
            Order::Reverse => within.rev().map(row).take(limit).collect(),
        })
    }
}

impl Model {
    fn apply(&mut self, steps: &[Step]) {
        for step in steps {
            match *step {
                Step::Put(at, value) => drop(self.0.insert(cell(at), value.cast_signed())),
                Step::Delete(at) => drop(self.0.remove(&cell(at))),
                Step::Add(at) => *self.0.entry(cell(at)).or_default() += 1,
                Step::Get(_) | Step::Scan(..) => {}
            }
        }
    }
}

#[test]
fn histories_are_serializable() {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).expect("random");
    for seed in [1, 2, u64::from_be_bytes(seed)] {
        println!("seed: {seed}");
        on_every_engine(|store| check_history(store, seed));
    }
}

async fn check_history(store: Store, seed: u64) {
    const TASKS: u64 = 8;
    const EACH: u64 = 60;
    let done: Arc<Mutex<BTreeMap<u64, Done>>> = Arc::default();
    let tasks = (0..TASKS).map(|task| {
        let (store, done) = (store.clone(), done.clone());
        tokio::spawn(async move {
            let mut random = Random(seed.wrapping_mul(TASKS).wrapping_add(task));
            for number in 0..EACH {
                let id = task * EACH + number;
                let one = run_one(&store, id, random.steps()).await;
                lock(&done).insert(id, one);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("no panic");
    }
    let mut done = lock(&done).clone();
    let log = Key::under(&history_log()).range();
    let order = store.read(|snapshot| snapshot.scan(log, Order::Forward, 100_000)).expect("read");
    for (place, (_, id)) in (0u64..).zip(&order) {
        let id = u64::from_be_bytes(id.as_ref().try_into().expect("eight bytes"));
        let one = done.get_mut(&id).expect("what is in the log was done");
        assert_eq!(std::mem::replace(&mut one.place, place), u64::MAX, "committed once, seed {seed}");
    }
    let mut by_place: Vec<Done> = done.into_values().collect();
    by_place.sort_by_key(|one| (one.place, one.steps.iter().any(|s| !matches!(s, Step::Get(_) | Step::Scan(..)))));
    let mut model = Model::default();
    for one in &by_place {
        assert_ne!(one.place, u64::MAX, "in the log, seed {seed}: {one:?}");
        assert_eq!(run_steps(&mut model, &one.steps).as_ref(), Ok(&one.seen), "seed {seed}: {one:?}");
        model.apply(&one.steps);
    }
    let cells = Range::from(cell(0)..cell(9));
    let stored = store.read(|snapshot| snapshot.scan(cells.clone(), Order::Forward, 99)).expect("read");
    assert_eq!(Ok(stored), model.scan(cells, Order::Forward, 99));
}

// Failures, by an engine that fails as it is told.

#[derive(Default)]
struct Failing {
    memory: crate::memory::Memory,
    next: Mutex<Option<ApplyError>>,
    /// Every third batch takes a while and is then taken back.
    unreliable: AtomicBool,
    applied: AtomicU64,
}

impl Engine for Failing {
    fn limits(&self) -> Limits {
        self.memory.limits()
    }
    fn snapshot(&self) -> Result<Box<dyn State + '_>, Error> {
        self.memory.snapshot()
    }
    fn apply(&self, changes: &Arc<Changes>, version: Version) -> Result<(), ApplyError> {
        let number = self.applied.fetch_add(1, Ordering::SeqCst);
        if self.unreliable.load(Ordering::SeqCst) && number.is_multiple_of(3) {
            std::thread::yield_now();
            return Err(ApplyError::RolledBack(Error::Full));
        }
        match lock(&self.next).take() {
            Some(error) => Err(error),
            None => self.memory.apply(changes, version),
        }
    }
    fn version(&self) -> Result<Version, Error> {
        self.memory.version()
    }
    fn backup(&self, to: &std::path::Path) -> Result<(), Error> {
        self.memory.backup(to)
    }
}

fn failing_store() -> (Arc<Failing>, Store, Arc<Mutex<Vec<String>>>) {
    let engine = Arc::new(Failing::default());
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let listener = told.clone();
    let store = Store::start(crate::store::Parts {
        engine: engine.clone(),
        clock: Arc::new(ManualClock::default()),
        disk: Arc::new(crate::disk::MemoryDisk::default()),
        directory: "/".into(),
        master_key: crate::seal::MasterKey::fixed([0; 32]),
        seed: [0; 32],
        halt: crate::halt::Halt::new(Arc::new(move |reason| lock(&listener).push(reason.to_owned()))),
        lock: None,
    });
    (engine, store.expect("started"), told)
}

#[test]
fn histories_are_serializable_while_batches_fail() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().expect("a runtime");
    for seed in 1..4 {
        let (engine, store, _) = failing_store();
        engine.unreliable.store(true, Ordering::SeqCst);
        runtime.block_on(check_history(store, seed));
    }
}

#[test]
fn a_batch_that_is_taken_back_is_refused_and_the_next_one_happens() {
    let (engine, store, told) = failing_store();
    *lock(&engine.next) = Some(ApplyError::RolledBack(Error::Full));
    let write = || {
        crate::wait::for_it(store.transact(|tx| {
            let before = tx.get(&key("a"))?.and_then(|value| counter(&value)).unwrap_or(0);
            tx.put(key("a"), (before + 1).to_be_bytes().to_vec());
            Ok::<_, Error>(before)
        }))
    };
    assert_eq!(write(), Err(Error::Full));
    assert_eq!(write(), Ok(0));
    assert_eq!(write(), Ok(1));
    assert!(lock(&told).is_empty());
}

#[test]
fn after_a_failed_sync_the_outcome_is_unknown_and_nothing_is_acknowledged_any_more() {
    let (engine, store, told) = failing_store();
    *lock(&engine.next) = Some(ApplyError::Fatal("the disk is on fire".to_owned()));
    let write = || {
        crate::wait::for_it(store.transact(|tx| {
            tx.put(key("a"), b"1".to_vec());
            Ok::<_, Error>(())
        }))
    };
    assert_eq!(write(), Err(Error::Unknown));
    assert!(matches!(write(), Err(Error::Unavailable(_))));
    assert!(matches!(store.journal().append("s", &(store.clock()..=store.clock()), b"1"), Err(Error::Unavailable(_))));
    assert_eq!(*lock(&told), ["the disk is on fire"]);
}
