//! Waking those who wait for rows: after a commit, by log or key prefix.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::engine::Changes;
use crate::lock;

/// Who waits for what. Prefixes are found by length, so a commit costs the same for one watcher and for thousands.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    by_prefix: HashMap<Vec<u8>, watch::Sender<()>>,
    /// How many prefixes have each length.
    lengths: BTreeMap<usize, usize>,
}

/// Hears of commits that appended to a log, or wrote a key that is or continues a given one.
pub struct Watch {
    prefix: Vec<u8>,
    changes: watch::Receiver<()>,
    watchers: Arc<Watchers>,
}

impl Watch {
    pub(crate) fn new(watchers: &Arc<Watchers>, prefix: &[u8]) -> Watch {
        let mut waiting = lock(&watchers.0);
        let changes = match waiting.by_prefix.get(prefix) {
            Some(sender) => sender.subscribe(),
            None => {
                let (sender, changes) = watch::channel(());
                waiting.by_prefix.insert(prefix.to_vec(), sender);
                *waiting.lengths.entry(prefix.len()).or_default() += 1;
                changes
            }
        };
        drop(waiting);
        Watch { prefix: prefix.to_vec(), changes, watchers: watchers.clone() }
    }

    /// Returns once there was a commit since the watch was made, or since the last return. Commits while nobody waits
    /// are not missed; several make one return. Check what you wait for after making the watch and before waiting.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending::<()>().await; // unreachable while `self.watchers` holds the sender
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut waiting = lock(&self.watchers.0);
        if waiting.by_prefix.get(&self.prefix).is_some_and(|sender| sender.receiver_count() <= 1) {
            waiting.by_prefix.remove(&self.prefix);
            let length = self.prefix.len();
            if let Some(count) = waiting.lengths.get_mut(&length) {
                *count -= 1;
                if *count == 0 {
                    waiting.lengths.remove(&length);
                }
            }
        }
    }
}

impl Watchers {
    pub(crate) fn wake(&self, changes: &Changes) {
        let waiting = lock(&self.0);
        for key in changes.keys() {
            for &length in waiting.lengths.keys() {
                if let Some(sender) = key.get(..length).and_then(|prefix| waiting.by_prefix.get(prefix)) {
                    sender.send_replace(());
                }
            }
        }
    }
}
