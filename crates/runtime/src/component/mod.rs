//! WebAssembly components: compiled when deployed, mapped when called, a fresh instance for every invocation.
//!
//! Start reading at [`Components`]; an invocation is [`run::run`], its settings are in [`engine`].
//!
//! Invariants:
//! - No two invocations share an instance, a store or a memory.
//! - What is mapped as code was compiled by this program, under a directory that nobody else may write.
//! - An invocation ends with its deadline, with its future, or with the body of its answer, whichever is first.
//! - A component that is not called takes disk space and nothing else.

mod answer;
mod cache;
mod call;
mod check;
mod compile;
mod crash;
mod drive;
mod engine;
mod environment;
mod event;
mod guest;
mod ledger;
mod outgoing;
mod output;
mod run;
mod shelf;
mod ticker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use services::run::{Answer, BoxFuture, CodeId, Gateway, Job, PrepareError};
use tokio::sync::watch;

use self::cache::Cache;
use self::compile::Compiler;
pub use self::shelf::OpenError;
use self::shelf::Shelf;
use self::ticker::Ticker;
use crate::options::Options;

/// Nought, as functions see it.
const GATEWAY: &str = "127.0.0.1:4566";

/// How long guests that were told to end may take.
const ENDING_MAX: Duration = Duration::from_secs(1);

/// Runs WebAssembly components.
pub struct Components {
    room: Arc<Room>,
    compiler: Compiler,
}

/// What every invocation needs.
struct Room {
    shelves: Vec<Arc<Shelf>>,
    cache: Arc<Cache>,
    ticker: Arc<Ticker>,
    computing: Computing,
    world: outgoing::World,
    /// Turns true to end all guests; every running guest listens.
    stop: watch::Sender<bool>,
    /// Whether a task is waiting to unmap idle components.
    sweeping: AtomicBool,
}

/// Threads for guests that compute for long. Dropping it does not wait for them.
struct Computing(Option<tokio::runtime::Runtime>);

impl Components {
    /// Starts the engines and opens the directory of compiled code.
    pub fn new(options: &Options, gateway: Arc<dyn Gateway>) -> Result<Components, OpenError> {
        let dir = options.dir.join("compiled");
        let shelves = shelf::open_all(&dir, options.instances_max)?;
        shelf::clear_others(&dir, &shelves);
        let engines = shelves.iter().map(|shelf| shelf.host.engine.clone()).collect();
        let threads = |error: std::io::Error| OpenError::Engine(error.to_string());
        let room = Room {
            shelves,
            cache: Arc::new(Cache::new()),
            ticker: Arc::new(Ticker::start(engines).map_err(threads)?),
            computing: Computing(Some(drive::computing_threads().map_err(threads)?)),
            world: outgoing::World { gateway, egress: options.egress },
            stop: watch::Sender::new(false),
            sweeping: AtomicBool::new(false),
        };
        Ok(Components { room: Arc::new(room), compiler: Compiler::new()? })
    }

    /// Compiles a component, unless that was done before. The answer's text is something the user should know.
    pub fn prepare(&self, code: CodeId, wasm: Bytes) -> BoxFuture<'_, Result<Option<String>, PrepareError>> {
        Box::pin(async move {
            if !self.holds(&code) {
                self.compiler.add(&self.room.shelves, &self.room.cache, code, wasm).await?;
            }
            Ok(None)
        })
    }

    pub fn holds(&self, code: &CodeId) -> bool {
        self.room.shelves.iter().any(|shelf| shelf.holds(code))
    }

    /// Deletes compiled code. Invocations that run it go on.
    pub fn discard(&self, code: &CodeId) {
        self.room.cache.forget(code);
        // The quick ones first, as compiling again expects.
        for shelf in self.room.shelves.iter().rev() {
            if let Err(error) = shelf.remove(code) {
                tracing::warn!(%error, "compiled code could not be deleted");
            }
        }
    }

    /// Runs one invocation. Dropping the future, or the body of its answer, ends it.
    pub fn run(&self, job: Job) -> BoxFuture<'static, Answer> {
        Box::pin(run::run(self.room.clone(), job))
    }

    /// Lets running guests finish for as long as `grace`, then ends them.
    pub async fn shut_down(&self, grace: Duration) {
        let stop = &self.room.stop;
        if tokio::time::timeout(grace, stop.closed()).await.is_err() {
            stop.send_replace(true);
            // Guests yield every 10 ms; one that waits in a host call is dropped with its future.
            let _ = tokio::time::timeout(ENDING_MAX, stop.closed()).await;
        }
    }
}

impl Room {
    /// Sees to it that what was mapped is unmapped when it has been idle.
    fn sweep_later(self: &Arc<Room>) {
        if self.sweeping.swap(true, Ordering::SeqCst) {
            return;
        }
        let room = Arc::downgrade(self);
        self.computing.handle().spawn(async move {
            loop {
                tokio::time::sleep(cache::IDLE_MAX).await;
                let Some(room) = room.upgrade() else { return };
                // The flag goes down first: whoever maps a component meanwhile starts the next task.
                room.sweeping.store(false, Ordering::SeqCst);
                if !room.cache.sweep() || room.sweeping.swap(true, Ordering::SeqCst) {
                    return;
                }
            }
        });
    }
}

impl Computing {
    fn handle(&self) -> &tokio::runtime::Handle {
        self.0.as_ref().expect("it is there until it is dropped").handle()
    }
}

impl Drop for Computing {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests;
