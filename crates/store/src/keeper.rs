//! What the store does on its own, on one thread: it syncs the journal and collects the garbage of blobs.
//!
//! It sleeps while there is nothing to do.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::blob;
use crate::error::{Error, unavailable};
use crate::journal::SYNC_EVERY;
use crate::store::Inner;
use crate::wait;

const COLLECT_EVERY: Duration = Duration::from_secs(60);

pub(crate) struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(crate) fn start(store: Arc<Inner>) -> Result<Keeper, Error> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("store-keeper".to_owned())
            .spawn(move || keep(&store, &stopped))
            .map_err(unavailable)?;
        Ok(Keeper { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the keeper thread of the store panicked");
        }
    }
}

fn keep(store: &Arc<Inner>, stopped: &Receiver<()>) {
    log("sweeping unkept blobs", blob::sweep(store).map(|_| ()));
    let mut collected = Instant::now();
    while matches!(stopped.recv_timeout(SYNC_EVERY), Err(RecvTimeoutError::Timeout)) {
        log("syncing the journal", store.journal.sync());
        if collected.elapsed() >= COLLECT_EVERY {
            collected = Instant::now();
            log("collecting dropped blobs", wait::for_it(blob::collect(store)).map(|_| ()));
        }
    }
}

/// These are tried again in their time.
fn log(what: &str, result: Result<(), Error>) {
    if let Err(error) = result {
        tracing::warn!(%error, "{what} failed");
    }
}
