//! Turns components into machine code when they are deployed: small ones well at once, large ones quickly first.
//!
//! A JavaScript or Python component carries its interpreter, and compiling that well takes two processors 13 to 15 s
//! (2026-11). So a large component is compiled with Winch, runs, and is compiled again with Cranelift behind
//! everything else; the better code takes the place of the first while invocations go on.
//!
//! Invariants:
//! - From the first success on, a component's code is on one shelf at least, until it is discarded.
//! - Compiling takes turns, and only compiling again is less urgent than the rest.

use std::sync::Arc;

use bytes::Bytes;
use rayon::{ThreadPool, ThreadPoolBuilder};
use services::run::{CodeId, PrepareError};
use tokio::sync::{Mutex, oneshot};

use super::cache::Cache;
use super::check;
use super::engine::{Effort, World};
use super::shelf::{AddError, OpenError, Shelf};

/// Size of the component from which it is compiled quickly first. Below it Cranelift takes less than a second.
const LARGE_BYTES: usize = 1 << 20;

/// How much the scheduler prefers everything else to compiling again.
const NICENESS: i32 = 10;

pub(super) struct Compiler {
    /// One component after the other, each on all threads.
    urgent: ThreadPool,
    turn: Arc<Mutex<()>>,
    /// One thread: the rest of the machine is for those who wait.
    pub(super) later: Arc<ThreadPool>,
}

impl Compiler {
    pub fn new() -> Result<Compiler, OpenError> {
        let later = threads("compile-again").num_threads(1).start_handler(|_| {
            // It may fail where a policy forbids it: then compiling again is as urgent as the rest.
            let _ = rustix::process::nice(NICENESS);
        });
        let failed = |error: rayon::ThreadPoolBuildError| OpenError::Engine(error.to_string());
        let urgent = threads("compile").build().map_err(failed)?;
        Ok(Compiler { urgent, turn: Arc::default(), later: Arc::new(later.build().map_err(failed)?) })
    }

    /// Compiles `wasm` for its world. The work goes on to its end when the caller goes away.
    pub async fn add(
        &self,
        shelves: &[Arc<Shelf>],
        cache: &Arc<Cache>,
        code: CodeId,
        wasm: Bytes,
    ) -> Result<(), PrepareError> {
        let work = Work::new(shelves, check::world(&wasm)?, code, cache.clone());
        let turn = self.turn.clone().lock_owned().await;
        if work.is_done() {
            return Ok(());
        }
        let later = self.later.clone();
        let (sender, receiver) = oneshot::channel();
        self.urgent.spawn(move || {
            let done = work.add(&wasm, &later);
            drop(turn);
            // The caller may have gone.
            let _ = sender.send(done);
        });
        receiver.await.unwrap_or_else(|_| Err(PrepareError::Unavailable("the compiler failed".to_owned())))
    }
}

/// One component and where its code goes.
struct Work {
    code: CodeId,
    full: Arc<Shelf>,
    quick: Option<Arc<Shelf>>,
    cache: Arc<Cache>,
}

impl Work {
    fn new(shelves: &[Arc<Shelf>], world: World, code: CodeId, cache: Arc<Cache>) -> Work {
        let find = |effort| shelves.iter().find(|shelf| shelf.world == world && shelf.effort == effort).cloned();
        Work {
            code,
            full: find(Effort::Full).expect("each world has its full shelf"),
            quick: find(Effort::Quick),
            cache,
        }
    }

    fn is_done(&self) -> bool {
        self.full.holds(&self.code) || self.quick.as_ref().is_some_and(|quick| quick.holds(&self.code))
    }

    fn add(self, wasm: &[u8], later: &ThreadPool) -> Result<(), PrepareError> {
        if let Some(quick) = self.quick.clone().filter(|_| wasm.len() >= LARGE_BYTES) {
            match quick.add(&self.code, wasm) {
                Ok(()) => {
                    self.improve_later(quick, wasm, later);
                    return Ok(());
                }
                // Winch does not know every instruction.
                Err(AddError::Compile(error)) => tracing::debug!("Winch refuses a component: {error:#}"),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.full.add(&self.code, wasm)?)
    }

    /// The component waits for its turn on disk, not in memory.
    fn improve_later(self, quick: Arc<Shelf>, wasm: &[u8], later: &ThreadPool) {
        if let Err(error) = quick.keep_source(&self.code, wasm) {
            tracing::warn!(%error, "a component stays as it was compiled quickly");
            return;
        }
        later.spawn_fifo(move || {
            if let Err(error) = self.improve(&quick) {
                tracing::warn!(%error, "a component stays as it was compiled quickly");
            }
        });
    }

    fn improve(&self, quick: &Shelf) -> Result<(), AddError> {
        let wasm = match quick.read_source(&self.code) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()), // Discarded.
            wasm => wasm.map_err(AddError::File)?,
        };
        self.full.add(&self.code, &wasm)?;
        // Whoever discards takes the quick code away first: where that is gone, the full code must go too.
        if !quick.remove(&self.code).map_err(AddError::File)? {
            self.full.remove(&self.code).map_err(AddError::File)?;
        }
        // Invocations keep what they have mapped; the next one maps the better code.
        self.cache.forget(&self.code);
        Ok(())
    }
}

fn threads(name: &'static str) -> ThreadPoolBuilder {
    ThreadPoolBuilder::new()
        .thread_name(move |index| format!("{name}-{index}"))
        // Without a handler a compiler that panics over one component would end the process.
        .panic_handler(|_| tracing::error!("the compiler panicked"))
}
