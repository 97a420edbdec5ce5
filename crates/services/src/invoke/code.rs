//! Code that is ready on this machine: what another run of the process, or another node, prepared is prepared
//! again from its package when it is first needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::Error;
use crate::run::{CodeId, PrepareError};

/// One preparation for each code, whoever waits for it.
#[derive(Default)]
pub(crate) struct Preparing(Mutex<HashMap<CodeId, Attempt>>);

type Attempt = Arc<OnceCell<Result<(), PrepareError>>>;

impl Preparing {
    /// Runs `prepare`, or waits for the run that is under way. If that run is dropped the next one who waits takes over.
    pub async fn once<F>(&self, code: CodeId, prepare: impl FnOnce() -> F) -> Result<(), Error>
    where
        F: Future<Output = Result<(), PrepareError>>,
    {
        let attempt = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default().clone();
        let outcome = attempt.get_or_init(prepare).await.clone();
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.get(&code).is_some_and(|current| Arc::ptr_eq(current, &attempt)) {
            attempts.remove(&code);
        }
        Ok(outcome?)
    }
}
