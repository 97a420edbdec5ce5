//! What one instance has: its clock, environment, output, way out, and how much memory it may take.
//!
//! Invariant: nothing of one invocation's `Guest` reaches another's.

use std::sync::Arc;

use services::run::Job;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::engine::TABLE_ELEMENTS_MAX;
use super::environment::Environment;
use super::ledger::Ledger;
use super::outgoing::{self, Outgoing};
use super::output::Output;

/// The data of one instance's store.
pub(super) struct Guest {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    outgoing: Outgoing,
    environment: Environment,
    limits: Limits,
}

/// Counts the bytes of all linear memories and refuses to grow past the function's memory.
struct Limits {
    bytes: u64,
    bytes_max: u64,
    ledger: Arc<Ledger>,
}

impl Guest {
    pub fn new(job: &Job, world: &outgoing::World, ledger: &Arc<Ledger>) -> Guest {
        let output = Output::new(job.observer.clone());
        let wasi = WasiCtx::builder().stdout(output.clone()).stderr(output).build();
        Guest {
            wasi,
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            environment: Environment::new(job),
            outgoing: Outgoing::new(world.clone(), job.function.clone()),
            limits: Limits { bytes: 0, bytes_max: u64::from(job.function.memory_mib) << 20, ledger: ledger.clone() },
        }
    }

    pub fn environment(&mut self) -> &mut Environment {
        &mut self.environment
    }

    /// A store for one instance, which yields at every tick of the epoch.
    pub fn into_store(self, engine: &wasmtime::Engine) -> Store<Guest> {
        let mut store = Store::new(engine, self);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store.limiter(|guest| &mut guest.limits);
        store
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outgoing }
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let bytes = self.bytes + (desired - current) as u64;
        if bytes > self.bytes_max {
            self.ledger.refused_memory();
            return Ok(false);
        }
        self.bytes = bytes;
        self.ledger.saw_memory(bytes);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }
}
