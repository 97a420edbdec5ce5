//! The store as others hold it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::clock::{Clock, ManualClock, Timestamp};
use crate::commit::Commit;
use crate::engine::{Engine, Limits};
use crate::error::Error;
use crate::halt::{self, Halt};
use crate::memory::Memory;
use crate::shard::{self, Fence, NodeId, ShardId};
use crate::stage::{Committer, Outcome, Staged};
use crate::tx::{Snapshot, Stamp, Tx};
use crate::watch::{Watch, Watchers};

/// How often a transaction is tried on a snapshot before it runs in its turn.
///
/// Measured (2026-11, 128 clients on one key): 48 k/s in turn against 2.7 k/s when every conflict is retried.
const OPTIMISTIC_ATTEMPTS: usize = 2;

/// An ordered map of bytes with serializable transactions. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) committer: Committer,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) limits: Limits,
    pub(crate) watchers: Arc<Watchers>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where random numbers come from: secret, drawn at the start.
    pub(crate) seed: [u8; 32],
    pub(crate) transactions: AtomicU64,
    pub(crate) fence: Fence,
}

/// What came of one attempt on a snapshot.
enum Attempt<T> {
    Done(T),
    ToCommit(T, Commit),
}

impl Store {
    /// A store in memory, for tests: it starts empty, at the time 0, and ends with its last clone.
    pub fn memory() -> Store {
        Store::memory_with(Arc::new(ManualClock::default()), 0)
    }

    /// A store in memory whose time and random numbers are given.
    pub fn memory_with(clock: Arc<dyn Clock>, seed: u64) -> Store {
        let seed = Sha256::digest(seed.to_be_bytes()).into();
        let halt = Halt::new(halt::abort());
        Store::start(Arc::new(Memory::default()), clock, seed, halt).expect("a map in memory does not fail")
    }

    pub(crate) fn start(
        engine: Arc<dyn Engine>,
        clock: Arc<dyn Clock>,
        seed: [u8; 32],
        halt: Arc<Halt>,
    ) -> Result<Store, Error> {
        let watchers = Arc::new(Watchers::default());
        let committer = Committer::start(engine.clone(), watchers.clone(), halt)?;
        let limits = engine.limits();
        let transactions = AtomicU64::new(0);
        let mut inner = Inner { committer, engine, limits, watchers, clock, seed, transactions, fence: Fence(0) };
        inner.fence = take_all_shards(&inner)?;
        Ok(Store(Arc::new(inner)))
    }

    /// Runs a transaction: `body` reads and writes through its `Tx`, and if it returns `Ok` all it wrote is committed and
    /// durable before this returns. If it returns an error nothing is written.
    ///
    /// `body` may run several times, so it must have no effect but through `Tx`. It is not async: see
    /// `docs/decisions/0001-sync-transactions.md`. Dropping the future does not undo what is already under way.
    pub async fn transact<T, E>(&self, mut body: impl FnMut(&mut Tx) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        let stamp = self.0.stamp();
        for _ in 0..OPTIMISTIC_ATTEMPTS {
            match self.0.attempt(&stamp, &mut body)? {
                Attempt::Done(value) => return Ok(value),
                Attempt::ToCommit(value, commit) => {
                    if self.0.commit(&commit).await? {
                        return Ok(value);
                    }
                }
            }
        }
        loop {
            let (value, receipt) = match self.0.attempt_in_turn(&stamp, &mut body)? {
                Ok(done) => done,
                Err(full) => {
                    full.outcome().await;
                    continue;
                }
            };
            match receipt.outcome().await {
                Outcome::Durable => return value,
                Outcome::Failed(error) => return Err(error.into()),
                Outcome::Retry => {}
            }
        }
    }

    /// Reads one consistent state. It holds that state back for as long as it runs, so keep it short.
    pub fn read<T, E>(&self, body: impl FnOnce(&mut Snapshot) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        body(&mut Snapshot::new(self.0.engine.snapshot()?, self.0.limits))
    }

    /// Hears of commits that append to this log, or write this key or one that continues it.
    pub fn watch(&self, log: &[u8]) -> Watch {
        Watch::new(&self.0.watchers, log)
    }

    /// The time, by the store's clock.
    pub fn clock(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// This node's proof that it owns the shard.
    pub fn fence(&self, _shard: ShardId) -> Fence {
        self.0.fence // one process has the whole store, so all its shards have one epoch
    }
}

impl Inner {
    fn stamp(&self) -> Stamp {
        let number = self.transactions.fetch_add(1, Ordering::Relaxed);
        Stamp { now: self.clock.now(), seed: self.seed, number }
    }

    /// Runs the body on a snapshot.
    fn attempt<T, E: From<Error>>(
        &self,
        stamp: &Stamp,
        body: &mut impl FnMut(&mut Tx) -> Result<T, E>,
    ) -> Result<Attempt<T>, E> {
        let mut snapshot = self.engine.snapshot()?;
        let mut tx = Tx::new(snapshot.as_mut(), self.limits, stamp, true);
        let value = body(&mut tx)?;
        let commit = tx.into_commit();
        match commit.only_reads() {
            true => Ok(Attempt::Done(value)), // one snapshot is one consistent state: nothing to validate
            false => Ok(Attempt::ToCommit(value, commit)),
        }
    }

    /// Whether it was committed; `false` after a conflict.
    async fn commit(&self, commit: &Commit) -> Result<bool, Error> {
        loop {
            match self.committer.stage(commit)? {
                Staged::Accepted(receipt) => match receipt.outcome().await {
                    Outcome::Durable => return Ok(true),
                    Outcome::Failed(error) => return Err(error),
                    Outcome::Retry => {}
                },
                Staged::Conflict(receipt) => {
                    receipt.outcome().await;
                    return Ok(false);
                }
                Staged::Busy(receipt) => {
                    receipt.outcome().await;
                }
            }
        }
    }

    /// Runs the body on the newest state, in its turn. An error of the body is a value here: it, too, is told only when
    /// what it saw is durable.
    #[expect(clippy::type_complexity, reason = "the pair lives between two lines")]
    fn attempt_in_turn<T, E: From<Error>>(
        &self,
        stamp: &Stamp,
        body: &mut impl FnMut(&mut Tx) -> Result<T, E>,
    ) -> Result<Result<(Result<T, E>, crate::stage::Receipt), crate::stage::Receipt>, Error> {
        self.committer.run(|state| {
            let mut tx = Tx::new(state, self.limits, stamp, false);
            let value = body(&mut tx);
            let commit = tx.into_commit();
            let wanted = value.is_ok() && !commit.only_reads();
            (value, wanted.then_some(commit))
        })
    }
}

/// The first transaction of a process, before anything else can run.
fn take_all_shards(inner: &Inner) -> Result<Fence, Error> {
    let stamp = inner.stamp();
    let node = NodeId(*inner.seed.first_chunk().expect("a seed has 32 bytes"));
    let run = inner.attempt_in_turn(&stamp, &mut |tx: &mut Tx| shard::take_all(tx, node))?;
    let Ok((fence, receipt)) = run else {
        return Err(Error::Unavailable("the store is in use before it is open".to_owned()));
    };
    match receipt.wait() {
        Outcome::Durable => fence,
        Outcome::Failed(error) => Err(error),
        Outcome::Retry => Err(Error::Unavailable("the first commit was undone".to_owned())),
    }
}
