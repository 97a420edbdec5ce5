//! Code that is ready on this machine: what another run of the process, or another node, prepared is prepared
//! again from its package when it is first needed.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::OnceCell;

use super::Error;
use crate::run::{CodeId, PrepareError};

/// Remembered as ready. What is forgotten is asked for again.
const READY_MAX: usize = 16_384;

/// Which code is ready, and one preparation for each that is not, whoever waits for it.
#[derive(Default)]
pub(crate) struct Preparing {
    /// Asking the runner looks at files: too slow for every invocation.
    ready: RwLock<HashSet<CodeId>>,
    attempts: Mutex<HashMap<CodeId, Attempt>>,
}

type Attempt = Arc<OnceCell<Result<(), PrepareError>>>;

impl Preparing {
    /// Whether the code was seen to be ready.
    pub fn is_ready(&self, code: &CodeId) -> bool {
        self.ready.read().unwrap_or_else(PoisonError::into_inner).contains(code)
    }

    pub fn is_seen(&self, code: CodeId) {
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        if ready.len() >= READY_MAX {
            ready.clear();
        }
        ready.insert(code);
    }

    /// The platform failed with it: the next invocation asks the runner.
    pub fn doubt(&self, code: &CodeId) {
        self.ready.write().unwrap_or_else(PoisonError::into_inner).remove(code);
    }

    /// Runs `prepare`, or waits for the run that is under way. If that run is dropped the next one who waits takes over.
    pub async fn once<F>(&self, code: CodeId, prepare: impl FnOnce() -> F) -> Result<(), Error>
    where
        F: Future<Output = Result<(), PrepareError>>,
    {
        let attempt = self.attempts.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default().clone();
        let outcome = attempt.get_or_init(prepare).await.clone();
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.get(&code).is_some_and(|current| Arc::ptr_eq(current, &attempt)) {
            attempts.remove(&code);
        }
        Ok(outcome?)
    }
}
