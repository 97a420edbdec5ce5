//! The end of the process after a failed sync.
//!
//! After an I/O error in a commit or a sync nobody knows what is on the disk, and the kernel may report the error only
//! once. Going on could acknowledge writes that are gone, so the process stops; the next start reads what is there.

use std::sync::{Arc, OnceLock};

use crate::error::Error;

/// What to do then; tests record it instead of dying.
pub type OnFatal = Arc<dyn Fn(&str) + Send + Sync>;

pub(crate) struct Halt {
    reason: OnceLock<String>,
    on_fatal: OnFatal,
}

impl Halt {
    pub(crate) fn new(on_fatal: OnFatal) -> Arc<Halt> {
        Arc::new(Halt { reason: OnceLock::new(), on_fatal })
    }

    /// Stops the process. Where the handler returns (in tests), every later use of the store is refused.
    pub(crate) fn stop(&self, reason: &str) {
        if self.reason.set(reason.to_owned()).is_ok() {
            (self.on_fatal)(reason);
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.reason.get() {
            Some(reason) => Err(Error::Unavailable(format!("stopped after an I/O error: {reason}"))),
            None => Ok(()),
        }
    }
}

/// Says what happened and aborts.
pub(crate) fn abort() -> OnFatal {
    Arc::new(|reason| {
        eprintln!("nought stops: {reason}. What was acknowledged before is safe; check the disk, then start again.");
        std::process::abort()
    })
}
