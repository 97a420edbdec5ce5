//! Mapped components, kept while they are in use.
//!
//! A mapped small component takes some 100 KB and mapping it again 0.3 ms, so this holds what was used lately and no
//! more: a thousand deployed functions cost nothing until they are called.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use services::run::{CodeId, EnvironmentId};
use tokio::sync::OnceCell;
use wasmtime::Engine;
use wasmtime_wasi_http::handler::ProxyPre;

use super::shelf::{LoadError, Pre, Shelf};

/// Mapped components at one time, unless more are running.
const LOADED_MAX: usize = 256;

/// A component that was not called for this long is unmapped.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(60);

pub(super) struct Loaded {
    pub pre: Pre,
    /// What logs call the environment: every instance of one mapping shares it.
    pub environment: EnvironmentId,
}

impl Loaded {
    pub fn engine(&self) -> &Engine {
        match &self.pre {
            ProxyPre::P2(pre) => pre.engine(),
            ProxyPre::P3(pre) => pre.engine(),
        }
    }
}

pub(super) struct Cache {
    slots: Mutex<HashMap<CodeId, Slot>>,
    epoch: Instant,
}

/// One component's place. Whoever comes first maps it, the others wait.
struct Slot {
    loaded: Arc<OnceCell<Arc<Loaded>>>,
    /// Milliseconds from the cache's epoch.
    used: AtomicU64,
}

/// A mapped component, and how long this caller took to map it.
pub(super) struct Found {
    pub loaded: Arc<Loaded>,
    pub init: Option<Duration>,
}

impl Cache {
    pub fn new() -> Cache {
        Cache { slots: Mutex::default(), epoch: Instant::now() }
    }

    /// Finds a component mapped, or maps it off the server's threads.
    pub async fn get(&self, shelves: &[Arc<Shelf>], code: CodeId) -> Result<Found, LoadError> {
        let cell = self.slot(code);
        if let Some(loaded) = cell.get() {
            return Ok(Found { loaded: loaded.clone(), init: None });
        }
        let mut init = None;
        let loaded = cell
            .get_or_try_init(|| async {
                let started = Instant::now();
                let loaded = load(shelves.to_vec(), code).await?;
                init = Some(started.elapsed());
                Ok::<_, LoadError>(Arc::new(loaded))
            })
            .await?
            .clone();
        Ok(Found { loaded, init })
    }

    pub fn forget(&self, code: &CodeId) {
        self.lock().remove(code);
    }

    /// Unmaps what was not used for [`IDLE_MAX`]. Answers whether anything is left.
    pub fn sweep(&self) -> bool {
        let now = self.millis();
        let idle = IDLE_MAX.as_millis() as u64;
        let mut slots = self.lock();
        let idling: Vec<CodeId> = slots
            .iter()
            .filter(|(_, slot)| now.saturating_sub(slot.used.load(Ordering::Relaxed)) >= idle)
            .map(|(code, _)| *code)
            .collect();
        let unmapped: Vec<Slot> = idling.iter().filter_map(|code| slots.remove(code)).collect();
        let more = !slots.is_empty();
        drop(slots);
        drop(unmapped);
        more
    }

    fn slot(&self, code: CodeId) -> Arc<OnceCell<Arc<Loaded>>> {
        let now = self.millis();
        let mut slots = self.lock();
        if let Some(slot) = slots.get(&code) {
            slot.used.store(now, Ordering::Relaxed);
            return slot.loaded.clone();
        }
        let displaced = match slots.len() >= LOADED_MAX {
            true => least_recent(&slots).and_then(|oldest| slots.remove(&oldest)),
            false => None,
        };
        let loaded = Arc::new(OnceCell::new());
        slots.insert(code, Slot { loaded: loaded.clone(), used: AtomicU64::new(now) });
        drop(slots);
        // Unmapping takes longer than a lock should be held.
        drop(displaced);
        loaded
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CodeId, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn least_recent(slots: &HashMap<CodeId, Slot>) -> Option<CodeId> {
    slots.iter().min_by_key(|(_, slot)| slot.used.load(Ordering::Relaxed)).map(|(code, _)| *code)
}

async fn load(shelves: Vec<Arc<Shelf>>, code: CodeId) -> Result<Loaded, LoadError> {
    let mapping = tokio::task::spawn_blocking(move || {
        let mut environment = [0; 16];
        getrandom::fill(&mut environment).map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(Loaded { pre: find(&shelves, &code)?, environment: EnvironmentId(hex::encode(environment).into()) })
    });
    mapping.await.unwrap_or_else(|error| Err(std::io::Error::other(error).into()))
}

/// Code that was compiled quickly is deleted once better code is there, maybe after the first look: hence the second.
fn find(shelves: &[Arc<Shelf>], code: &CodeId) -> Result<Pre, LoadError> {
    let look = || shelves.iter().find(|shelf| shelf.holds(code)).unwrap_or(&shelves[0]).load(code);
    match look() {
        Err(LoadError::File(_)) => look(),
        found => found,
    }
}
