//! The commit path: transactions gather in a batch while the batch before them is written and synced.
//!
//! Start reading at [`Committer::stage`] (what a transaction does) and [`write_batches`] (what the one writing thread
//! does). A transaction is validated where it is called, under the stage's lock, against the newest state: the table, the
//! batch being written, the batch that gathers. The thread takes whatever has gathered, writes it in one commit with one
//! sync, and only then is anything in it acknowledged. A lone transaction starts at once, on its caller's own thread if
//! that may block ([`Committer::write_here`]).
//!
//! Always true:
//! - Batches are written in order, one at a time, each atomically; so what was validated against a batch that fails is
//!   retried, never written.
//! - Nothing is answered, not even a conflict, before the batch on which the answer rests is durable. Only a refusal
//!   (too large, fenced, not a counter) may come sooner.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;

use crate::commit::{Check, Commit, Mutation, digest};
use crate::engine::{ApplyError, Changes, Engine, Limits, Order, Range, Row, State, Version};
use crate::error::{Error, show, unavailable};
use crate::halt::Halt;
use crate::key::Key;
use crate::memory::entries;
use crate::watch::Watchers;
use crate::{large, lock, shard};

/// Written batches kept for validation: a transaction rarely takes longer than this many.
const WRITTEN_KEPT: usize = 4;

/// How a batch ended.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Durable,
    Failed(Error),
    /// A batch before it failed, so what its transactions read was never there.
    Retry,
}

/// Learns how a batch ended.
pub(crate) struct Receipt(watch::Receiver<Option<Outcome>>);

impl Receipt {
    /// Of something that is durable already.
    fn of_the_past() -> Receipt {
        Receipt(watch::Sender::new(Some(Outcome::Durable)).subscribe())
    }

    pub(crate) async fn outcome(mut self) -> Outcome {
        match self.0.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Outcome::Retry),
            Err(_) => Outcome::Failed(Error::Unknown), // the writing thread is gone with the batch
        }
    }
}

pub(crate) enum Staged {
    /// In the batch: committed if the batch is.
    Accepted(Receipt),
    /// The whole of a batch that the caller has to write, see [`Committer::write_here`].
    Alone(Gathered),
    /// Something that was read has changed; the receipt tells when that is durable.
    Conflict(Receipt),
    /// The batch is as large as batches get: try again when this one has ended.
    Busy(Receipt),
}

/// A batch that nobody can join any more.
pub(crate) struct Gathered {
    changes: Arc<Changes>,
    version: Version,
}

/// What came of a transaction that ran in its turn.
pub(crate) enum Turn<T> {
    Ran(T, Receipt),
    /// As [`Staged::Busy`]; it did not run.
    Busy(Receipt),
}

pub(crate) struct Committer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    engine: Arc<dyn Engine>,
    limits: Limits,
    stage: Mutex<Stage>,
    work: Condvar,
    watchers: Arc<Watchers>,
    halt: Arc<Halt>,
    /// Batches that are durable.
    batches: AtomicU64,
}

struct Stage {
    gathering: Batch,
    /// What the thread is writing now. The table may or may not have it yet; it wins over the table either way.
    writing: Option<(Arc<Changes>, watch::Sender<Option<Outcome>>)>,
    /// The last few batches that were written, each with its highest version; oldest first.
    written: VecDeque<(Version, Arc<Changes>)>,
    /// Batches up to this version are not in `written` any more.
    forgotten: Version,
    /// The last version given to a transaction.
    version: Version,
    /// The writing thread wants to know when this many wait.
    wake_at: usize,
    /// Hashes of the keys that may have chunks, so that other writes need not look.
    large: HashSet<u64>,
    closed: bool,
}

struct Batch {
    changes: Changes,
    bytes: usize,
    /// How many transactions wait for it, with those that only read.
    waiting: usize,
    done: watch::Sender<Option<Outcome>>,
}

impl Batch {
    fn new() -> Batch {
        Batch { changes: Changes::new(), bytes: 0, waiting: 0, done: watch::Sender::new(None) }
    }
}

impl Committer {
    pub(crate) fn start(engine: Arc<dyn Engine>, watchers: Arc<Watchers>, halt: Arc<Halt>) -> Result<Committer, Error> {
        let stage = Stage {
            gathering: Batch::new(),
            writing: None,
            written: VecDeque::new(),
            forgotten: engine.version()?,
            version: engine.version()?,
            wake_at: 1,
            large: large_keys(engine.as_ref())?,
            closed: false,
        };
        let limits = engine.limits();
        let batches = AtomicU64::new(0);
        let shared = Shared { engine, limits, stage: Mutex::new(stage), work: Condvar::new(), watchers, halt, batches };
        let shared = Arc::new(shared);
        let writer = shared.clone();
        let thread = std::thread::Builder::new()
            .name("store-commit".to_owned())
            .spawn(move || write_batches(&writer))
            .map_err(unavailable)?;
        Ok(Committer { shared, thread: Some(thread) })
    }

    /// Validates a transaction and puts it into the batch.
    pub(crate) fn stage(&self, commit: &Commit) -> Result<Staged, Error> {
        self.shared.check_room(commit)?;
        let mut stage = self.open_stage()?;
        if stage.is_busy(&self.shared.limits) {
            return Ok(Staged::Busy(stage.receipt()));
        }
        if let Some(broken) = self.shared.broken(&stage, commit)? {
            return Ok(Staged::Conflict(stage.receipt_of_change(broken)));
        }
        self.gather(&mut stage, commit)?;
        if stage.is_quiet() && may_block() {
            return Ok(Staged::Alone(stage.take()));
        }
        Ok(Staged::Accepted(self.accept(&stage)))
    }

    /// Writes a batch on this thread. A lone client is spared two changes of thread, a third of its time (2026-11).
    pub(crate) fn write_here(&self, batch: &Gathered) -> Outcome {
        let write = || {
            let result = self.shared.write(batch);
            self.shared.settle(batch, result).0
        };
        let outcome = match tokio::runtime::Handle::try_current() {
            Ok(_) => tokio::task::block_in_place(write),
            Err(_) => write(),
        };
        let mut stage = lock(&self.shared.stage);
        stage.wake_at = 1;
        if stage.gathering.waiting > 0 {
            self.shared.work.notify_one();
        }
        outcome
    }

    /// Runs a transaction on the newest state, while no other can change it, and puts what it wrote into the batch:
    /// in its turn, without checks.
    pub(crate) fn run<T>(&self, body: impl FnOnce(&mut dyn State) -> (T, Option<Commit>)) -> Result<Turn<T>, Error> {
        let mut stage = self.open_stage()?;
        if stage.is_busy(&self.shared.limits) {
            return Ok(Turn::Busy(stage.receipt()));
        }
        let mut newest = self.shared.newest(&stage);
        let (value, commit) = body(&mut newest);
        drop(newest);
        let receipt = match commit {
            Some(commit) => {
                self.shared.check_room(&commit)?;
                self.gather(&mut stage, &commit)?;
                self.accept(&stage)
            }
            None => stage.receipt_of_latest(),
        };
        Ok(Turn::Ran(value, receipt))
    }

    pub(crate) fn batches(&self) -> u64 {
        self.shared.batches.load(Ordering::Relaxed)
    }

    fn open_stage(&self) -> Result<MutexGuard<'_, Stage>, Error> {
        self.shared.halt.check()?;
        Ok(lock(&self.shared.stage))
    }

    fn gather(&self, stage: &mut Stage, commit: &Commit) -> Result<(), Error> {
        let version = Version(stage.version.0 + 1);
        let rows = self.shared.resolve(stage, commit, version)?;
        stage.version = version;
        for (key, row) in rows {
            if row.as_ref().is_some_and(|row| row.large) {
                stage.large.insert(hash_of(&key));
            }
            stage.gathering.bytes += key.len() + row.as_ref().map_or(0, |row| row.value.len());
            stage.gathering.changes.insert(key, row);
        }
        stage.gathering.waiting += 1;
        Ok(())
    }

    /// Leaves what has gathered to the writing thread.
    fn accept(&self, stage: &Stage) -> Receipt {
        if stage.gathering.waiting >= stage.wake_at {
            self.shared.work.notify_one();
        }
        stage.receipt()
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        lock(&self.shared.stage).closed = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writing thread of the store panicked");
        }
    }
}

impl Stage {
    /// Whether any batch after `as_of` touched what was read; `true` where that is not known.
    fn may_have_changed(&self, check: &Check, as_of: Version) -> bool {
        as_of < self.forgotten
            || touches(&self.gathering.changes, check)
            || self.writing.as_ref().is_some_and(|(changes, _)| touches(changes, check))
            || self.written.iter().any(|(version, changes)| *version > as_of && touches(changes, check))
    }

    /// Tells when the change that broke a check is durable.
    fn receipt_of_change(&self, check: &Check) -> Receipt {
        match &self.writing {
            _ if touches(&self.gathering.changes, check) => self.receipt(),
            Some((changes, done)) if touches(changes, check) => Receipt(done.subscribe()),
            _ => Receipt::of_the_past(),
        }
    }

    /// Gives the batch that is forgotten instead, to be freed without the lock.
    fn remember(&mut self, version: Version, changes: Arc<Changes>) -> Option<Arc<Changes>> {
        self.written.push_back((version, changes));
        if self.written.len() <= WRITTEN_KEPT {
            return None;
        }
        let (version, changes) = self.written.pop_front()?;
        self.forgotten = version;
        Some(changes)
    }

    /// Whether the one transaction that has gathered is all there is to do.
    fn is_quiet(&self) -> bool {
        self.gathering.waiting == 1 && self.wake_at == 1 && self.writing.is_none()
    }

    /// Makes the batch that gathers the one being written.
    fn take(&mut self) -> Gathered {
        self.wake_at = usize::MAX;
        let batch = std::mem::replace(&mut self.gathering, Batch::new());
        let changes = Arc::new(batch.changes);
        self.writing = Some((changes.clone(), batch.done));
        Gathered { changes, version: self.version }
    }

    fn is_busy(&self, limits: &Limits) -> bool {
        self.gathering.bytes >= limits.fused_bytes_max
    }

    fn receipt(&self) -> Receipt {
        Receipt(self.gathering.done.subscribe())
    }

    /// Of the newest batch that has anything in it; of none at all, an answer at once.
    fn receipt_of_latest(&self) -> Receipt {
        match &self.writing {
            _ if self.gathering.waiting > 0 => self.receipt(),
            Some((_, done)) => Receipt(done.subscribe()),
            None => Receipt::of_the_past(),
        }
    }
}

impl Shared {
    fn check_room(&self, commit: &Commit) -> Result<(), Error> {
        let bytes = commit.checked_bytes(&self.limits)?;
        match !commit.grows() || self.engine.may_grow(bytes) {
            true => Ok(()),
            false => Err(Error::Full),
        }
    }

    /// The table under the batch being written under the batch that gathers.
    fn newest<'a>(&'a self, stage: &'a Stage) -> Newest<'a> {
        let writing = stage.writing.as_ref().map(|(changes, _)| changes.as_ref());
        let over = [writing, Some(&stage.gathering.changes)];
        Newest { version: stage.version, engine: self.engine.as_ref(), table: None, over }
    }

    /// What a transaction read and is not so any more. What no recent batch touched needs no look at the table.
    fn broken<'a>(&self, stage: &Stage, commit: &'a Commit) -> Result<Option<&'a Check>, Error> {
        let mut newest = self.newest(stage);
        for check in commit.checks.iter().filter(|check| stage.may_have_changed(check, commit.as_of)) {
            if !holds(check, &mut newest)? {
                return Ok(Some(check));
            }
        }
        Ok(None)
    }

    /// What a transaction's mutations mean for rows, given the newest state.
    fn resolve(&self, stage: &Stage, commit: &Commit, version: Version) -> Result<Vec<(Bytes, Option<Row>)>, Error> {
        let mut newest = self.newest(stage);
        shard::check_fences(&mut newest, &commit.fences)?;
        let mut rows = Vec::with_capacity(commit.mutations.len() + commit.appends.len());
        for (key, mutation) in &commit.mutations {
            if !stage.large.is_empty()
                && stage.large.contains(&hash_of(key))
                && let Some(old) = newest.get(key)?
            {
                let chunks = large::chunks_of(key, &old, self.limits.value_bytes_max)?;
                rows.extend(chunks.into_iter().map(|chunk| (chunk, None)));
            }
            match mutation {
                Mutation::Put(value) if value.len() > self.limits.value_bytes_max => {
                    let parts = large::split(key, value, version, self.limits.value_bytes_max);
                    rows.extend(parts.into_iter().map(|(key, row)| (key, Some(row))));
                }
                Mutation::Put(value) => rows.push((key.clone(), Some(plain(version, value.clone())))),
                Mutation::Delete => rows.push((key.clone(), None)),
                Mutation::Add(by) => {
                    let sum = counter(&mut newest, key)?.wrapping_add(*by);
                    rows.push((key.clone(), Some(plain(version, counter_value(sum)))));
                }
            }
        }
        for (log, values) in &commit.appends {
            let first = counter(&mut newest, log)?;
            for (number, value) in (first.cast_unsigned()..).zip(values) {
                let key = Key::under(log).number(number).build();
                rows.push((Bytes::from(key), Some(plain(version, value.clone()))));
            }
            let next = first + i64::try_from(values.len()).expect("a commit has fewer values than 2^63");
            rows.push((log.clone(), Some(plain(version, counter_value(next)))));
        }
        Ok(rows)
    }

    fn write(&self, batch: &Gathered) -> Result<(), ApplyError> {
        let result = match self.halt.check() {
            Ok(()) => self.engine.apply(&batch.changes, batch.version),
            Err(stopped) => Err(ApplyError::RolledBack(stopped)),
        };
        if let Err(ApplyError::Fatal(reason)) = &result {
            self.halt.stop(reason);
        }
        result
    }

    /// Tells how a batch ended; says how many gathered meanwhile.
    fn settle(&self, batch: &Gathered, result: Result<(), ApplyError>) -> (Outcome, usize) {
        let mut stage = lock(&self.stage);
        let done = stage.writing.take().map(|(_, done)| done);
        let mut forgotten = None;
        let outcome = match result {
            Ok(()) => {
                forgotten = stage.remember(batch.version, batch.changes.clone());
                Outcome::Durable
            }
            Err(error) => {
                let misled = std::mem::replace(&mut stage.gathering, Batch::new());
                misled.done.send_replace(Some(Outcome::Retry));
                Outcome::Failed(match error {
                    ApplyError::RolledBack(error) => error,
                    ApplyError::Fatal(_) => Error::Unknown,
                })
            }
        };
        let gathered = stage.gathering.waiting;
        drop(stage);
        if matches!(outcome, Outcome::Durable) {
            self.batches.fetch_add(1, Ordering::Relaxed);
            self.watchers.wake(&batch.changes);
        }
        if let Some(done) = done {
            done.send_replace(Some(outcome.clone()));
        }
        drop(forgotten);
        (outcome, gathered)
    }
}

/// Whether this thread may wait for the disk: no runtime drives other tasks on it, or one that can drive them elsewhere.
fn may_block() -> bool {
    let runtime = tokio::runtime::Handle::try_current();
    runtime.map_or(true, |runtime| runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread)
}

fn plain(version: Version, value: Bytes) -> Row {
    Row { version, large: false, value }
}

fn counter(state: &mut dyn State, key: &[u8]) -> Result<i64, Error> {
    match state.get(key)? {
        None => Ok(0),
        Some(row) => match <[u8; 8]>::try_from(row.value.as_ref()) {
            Ok(bytes) if !row.large => Ok(i64::from_be_bytes(bytes)),
            _ => Err(Error::NotACounter { key: show(key) }),
        },
    }
}

fn counter_value(value: i64) -> Bytes {
    Bytes::copy_from_slice(&value.to_be_bytes())
}

fn holds(check: &Check, newest: &mut dyn State) -> Result<bool, Error> {
    match check {
        Check::Key(key, version) => Ok(newest.get(key)?.map_or(Version(0), |row| row.version) == *version),
        Check::Range { range, order, limit, digest: read } => Ok(digest(&newest.scan(range, *order, *limit)?) == *read),
    }
}

fn touches(changes: &Changes, check: &Check) -> bool {
    match check {
        Check::Key(key, _) => changes.contains_key(key),
        Check::Range { range, .. } => entries(changes, range, Order::Forward).next().is_some(),
    }
}

fn hash_of(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

fn large_keys(engine: &dyn Engine) -> Result<HashSet<u64>, Error> {
    /// Rows read at a time.
    const PAGE: usize = 64;
    let mut snapshot = engine.snapshot()?;
    let mut range = Key::under(&large::chunk_prefix()).range();
    range.from = large::chunk_prefix(); // the owner's key follows the prefix as it is, from its first byte on
    let mut found = HashSet::new();
    loop {
        let chunks = snapshot.scan(&range, Order::Forward, PAGE)?;
        let Some((last, _)) = chunks.last() else { return Ok(found) };
        found.extend(chunks.iter().filter_map(|(chunk, _)| large::owner_of_first(chunk)).map(hash_of));
        range = range.after(last);
    }
}

/// The newest state, for validation and for transactions that run in their turn.
struct Newest<'a> {
    version: Version,
    engine: &'a dyn Engine,
    /// Made at the first look at it: what only writes never looks.
    table: Option<Box<dyn State + 'a>>,
    /// From older to newer.
    over: [Option<&'a Changes>; 2],
}

impl<'a> Newest<'a> {
    fn table(&mut self) -> Result<&mut (dyn State + 'a), Error> {
        let table = match self.table.take() {
            Some(table) => table,
            None => self.engine.snapshot()?,
        };
        Ok(self.table.insert(table).as_mut())
    }
}

impl State for Newest<'_> {
    fn as_of(&self) -> Version {
        self.version
    }

    fn get(&mut self, key: &[u8]) -> Result<Option<Row>, Error> {
        match self.over.iter().rev().flatten().find_map(|changes| changes.get(key)) {
            Some(row) => Ok(row.clone()),
            None => self.table()?.get(key),
        }
    }

    fn scan(&mut self, range: &Range, order: Order, limit: usize) -> Result<Vec<(Bytes, Row)>, Error> {
        let mut over = Changes::new();
        for changes in self.over.iter().flatten() {
            over.extend(entries(changes, range, order).map(|(key, row)| (key.clone(), row.clone())));
        }
        let deleted = over.values().filter(|row| row.is_none()).count();
        let under = self.table()?.scan(range, order, limit.saturating_add(deleted))?;
        Ok(merge(under, over, order, limit))
    }
}

/// The first `limit` rows of `under` with `over` laid upon it. `under` must hold at least `limit` rows that `over` does
/// not delete, or all there are.
pub(crate) fn merge<T>(
    under: Vec<(Bytes, T)>,
    over: std::collections::BTreeMap<Bytes, Option<T>>,
    order: Order,
    limit: usize,
) -> Vec<(Bytes, T)> {
    if over.is_empty() {
        return under.into_iter().take(limit).collect();
    }
    let mut rows: std::collections::BTreeMap<Bytes, Option<T>> =
        under.into_iter().map(|(key, row)| (key, Some(row))).collect();
    rows.extend(over);
    let kept = rows.into_iter().filter_map(|(key, row)| row.map(|row| (key, row)));
    match order {
        Order::Forward => kept.take(limit).collect(),
        Order::Reverse => kept.rev().take(limit).collect(),
    }
}

/// The writing thread: takes what has gathered, writes it, tells how it ended, until the store is closed.
fn write_batches(shared: &Shared) {
    let mut pace = Pace::default();
    while let Some(batch) = next_batch(shared, &mut pace) {
        let begun = Instant::now();
        let result = shared.write(&batch);
        pace.took(begun.elapsed());
        pace.left_behind = shared.settle(&batch, result).1;
    }
}

/// How long to wait for company. Those who were just answered often come back at once; without waiting for them, two
/// halves of the clients would take turns, each waiting for the other's sync.
#[derive(Default)]
struct Pace {
    /// Of one commit, over the last few.
    mean: Duration,
    /// How many the last batch answered, and how many gathered meanwhile.
    answered: usize,
    left_behind: usize,
}

impl Pace {
    /// The part of a commit's time that may be spent on waiting.
    const PATIENCE: u32 = 8;

    fn took(&mut self, time: Duration) {
        self.mean = (self.mean * 7 + time) / 8;
    }

    /// After a batch of one nobody is waited for: a lone client never waits.
    fn wait(&self) -> (usize, Duration) {
        match self.answered {
            0 | 1 => (1, Duration::ZERO),
            answered => (answered + self.left_behind, self.mean / Self::PATIENCE),
        }
    }
}

fn next_batch(shared: &Shared, pace: &mut Pace) -> Option<Gathered> {
    let (company, patience) = pace.wait();
    let mut stage = lock(&shared.stage);
    stage.wake_at = company;
    if !patience.is_zero() {
        let alone = |stage: &mut Stage| stage.gathering.waiting < company && !stage.is_busy(&shared.limits);
        let waited = shared.work.wait_timeout_while(stage, patience, alone);
        stage = waited.unwrap_or_else(PoisonError::into_inner).0;
        stage.wake_at = 1;
    }
    while stage.gathering.waiting == 0 || stage.writing.is_some() {
        if stage.closed && stage.gathering.waiting == 0 {
            return None;
        }
        stage = shared.work.wait(stage).unwrap_or_else(PoisonError::into_inner);
    }
    pace.answered = stage.gathering.waiting;
    Some(stage.take())
}
