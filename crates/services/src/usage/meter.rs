//! Counting in memory, and committing what has gathered.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::{Read, Store, Timestamp};
use tokio::sync::{Notify, watch};

use super::{Counts, Error, minute, rows};
use crate::run::{FunctionVersion, Revision};

/// How many threads add at once without waiting for each other, about.
const SHARDS: usize = 16;
/// Rows in one commit.
const COMMIT_ROWS_MAX: usize = 512;
/// The wait after a commit that failed, such as on a full disk.
const RETRY: Duration = Duration::from_secs(5);

/// Gathers counts. Cheap to add to from many threads.
pub struct Meter {
    shards: [Mutex<Gathered>; SHARDS],
    /// Whether anything was added since the last flush.
    dirty: AtomicBool,
    added: Notify,
}

thread_local! {
    /// Each thread has its shard, so that a busy function does not make threads wait.
    static SHARD: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS
    };
}

type Gathered = HashMap<Revision, Lines>;

/// A function version's counts; rarely more than one minute between two flushes.
struct Lines {
    function: Arc<FunctionVersion>,
    minutes: Vec<(Timestamp, Counts)>,
}

impl Default for Meter {
    fn default() -> Meter {
        Meter { shards: std::array::from_fn(|_| Mutex::default()), dirty: AtomicBool::new(false), added: Notify::new() }
    }
}

impl Meter {
    pub fn add(&self, function: &Arc<FunctionVersion>, at: Timestamp, counts: &Counts) {
        self.gather(function, minute(at), counts);
        // Reading first keeps the cache line shared: it is written once per flush.
        if !self.dirty.load(Ordering::Relaxed) && !self.dirty.swap(true, Ordering::AcqRel) {
            self.added.notify_one();
        }
    }

    /// Commits what gathers, `interval` after the first of it, and sleeps while there is nothing; until `stop` is true.
    pub(crate) async fn run(&self, store: &Store, interval: Duration, mut stop: watch::Receiver<bool>) {
        let mut wait = interval;
        loop {
            tokio::select! {
                () = async { self.added.notified().await; tokio::time::sleep(wait).await } => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            // Not within the select: what has been taken must be committed or put back.
            wait = match self.flush(store).await {
                Ok(()) => interval,
                Err(error) => {
                    tracing::warn!(%error, "usage is kept in memory: it could not be committed");
                    RETRY
                }
            };
        }
    }

    /// Commits everything that was added before the call. What cannot be committed stays.
    pub async fn flush(&self, store: &Store) -> Result<(), Error> {
        self.dirty.store(false, Ordering::Release);
        let mut lines = self.take();
        while !lines.is_empty() {
            let group = lines.split_off(lines.len().saturating_sub(COMMIT_ROWS_MAX));
            if let Err(error) = commit(store, &group).await {
                lines.extend(group);
                self.put_back(&lines);
                return Err(error);
            }
        }
        Ok(())
    }

    fn take(&self) -> Vec<(Arc<FunctionVersion>, Timestamp, Counts)> {
        let gathered = self.shards.iter().flat_map(|shard| std::mem::take(&mut *lock(shard)));
        let line =
            |lines: Lines| lines.minutes.into_iter().map(move |(at, counts)| (lines.function.clone(), at, counts));
        gathered.flat_map(|(_, lines)| line(lines)).collect()
    }

    fn put_back(&self, lines: &[(Arc<FunctionVersion>, Timestamp, Counts)]) {
        for (function, at, counts) in lines {
            self.gather(function, *at, counts);
        }
        self.dirty.store(true, Ordering::Release);
        self.added.notify_one();
    }

    fn gather(&self, function: &Arc<FunctionVersion>, minute: Timestamp, counts: &Counts) {
        let mut gathered = lock(&self.shards[SHARD.with(|shard| *shard)]);
        match gathered.get_mut(&function.revision) {
            Some(lines) => match lines.minutes.iter_mut().find(|(at, _)| *at == minute) {
                Some((_, sum)) => sum.add(counts),
                None => lines.minutes.push((minute, *counts)),
            },
            None => {
                let lines = Lines { function: function.clone(), minutes: vec![(minute, *counts)] };
                gathered.insert(function.revision.clone(), lines);
            }
        }
    }
}

async fn commit(store: &Store, lines: &[(Arc<FunctionVersion>, Timestamp, Counts)]) -> Result<(), Error> {
    store
        .transact(|tx| {
            for (function, minute, counts) in lines {
                let key = rows::key(function, *minute);
                let mut sum = match tx.get(&key)? {
                    Some(row) => rows::decode_counts(&row)?,
                    None => Counts::default(),
                };
                sum.add(counts);
                tx.put(key, rows::encode(&sum));
            }
            Ok(())
        })
        .await
}

fn lock(shard: &Mutex<Gathered>) -> MutexGuard<'_, Gathered> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
