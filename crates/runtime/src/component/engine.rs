//! The wasmtime engines and what their guests may import.
//!
//! Two worlds, because support for concurrent tasks, which WASI 0.3 needs, halves the throughput of WASI 0.2
//! (15,000 against 20,400 requests/s for a stock hello world, measured 2026-11). Two of each, because code that Winch
//! compiled does not run in an engine of Cranelift's.
//!
//! Every setting here that is not wasmtime's default was measured; change one with a measurement beside it.

use std::hash::{DefaultHasher, Hash, Hasher};

use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy, WasmBacktraceDetails,
};

use super::environment;
use super::guest::Guest;

/// Address space of one linear memory: all that 32 bits can name, so that no access needs a bounds check.
const MEMORY_RESERVATION_BYTES: u64 = 4 << 30;
const MEMORY_GUARD_BYTES: u64 = 32 << 20;

/// Most elements of a table. Python components have tables of tens of thousands.
pub(super) const TABLE_ELEMENTS_MAX: usize = 100_000;
/// Core modules and tables in one component; a Python component has 14 modules.
const CORE_INSTANCES_PER_COMPONENT_MAX: u32 = 200;
const TABLES_PER_COMPONENT_MAX: u32 = 200;

/// Memory that a pool slot keeps between instances, where the kernel can tell which pages are dirty.
const MEMORY_KEEP_BYTES: usize = 1 << 20;
const TABLE_KEEP_BYTES: usize = 64 << 10;
const STACK_KEEP_BYTES: usize = 64 << 10;
/// Pool slots that stay mapped to the memory image of the component that used them last.
const WARM_SLOTS_MAX: u32 = 100;

/// Twice wasmtime's default: Winch keeps in stack frames what Cranelift keeps in registers.
const QUICK_STACK_BYTES: usize = 1 << 20;

/// Mappings that one instance may need, and those left to the rest of the process.
const MAPPINGS_PER_INSTANCE: usize = 12;
const MAPPINGS_SPARE: usize = 10_000;
/// The kernel's default of `vm.max_map_count`, for where `/proc` does not tell.
const MAPPINGS_MAX_DEFAULT: usize = 65_530;

/// Which generation of `wasi:http` a component speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum World {
    /// `wasi:http/incoming-handler@0.2.*`
    Two,
    /// `wasi:http/handler@0.3.*`
    Three,
}

/// How much is done for the speed of compiled code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// Cranelift.
    Full,
    /// Winch: compiles a JavaScript component in 2.7 s where Cranelift takes 15 (2026-11); its code is 1.6 times slower.
    Quick,
}

/// In the order in which code is looked for: what was compiled well comes first.
pub(super) const ENGINES: [(World, Effort); 4] = [
    (World::Three, Effort::Full),
    (World::Two, Effort::Full),
    (World::Three, Effort::Quick),
    (World::Two, Effort::Quick),
];

/// An engine and the host functions that its guests see.
pub(super) struct Host {
    pub engine: Engine,
    pub linker: Linker<Guest>,
}

impl Host {
    pub fn new(world: World, effort: Effort, instances_max: usize) -> wasmtime::Result<Host> {
        let engine = Engine::new(&config(world, effort, instances_max))?;
        let linker = linker(&engine, world)?;
        Ok(Host { engine, linker })
    }

    /// Names the directory of compiled code: changes with whatever makes compiled code unusable,
    /// which is wasmtime's version, its settings that reach into the code, and the processor's features.
    pub fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.engine.precompile_compatibility_hash().hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

fn config(world: World, effort: Effort, instances_max: usize) -> Config {
    let concurrent = world == World::Three;
    let mut config = Config::new();
    config
        .concurrency_support(concurrent)
        .wasm_component_model_async(concurrent)
        .epoch_interruption(true)
        .memory_init_cow(true)
        .memory_reservation(MEMORY_RESERVATION_BYTES)
        .memory_guard_size(MEMORY_GUARD_BYTES)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances_max)));
    if effort == Effort::Quick {
        config.strategy(Strategy::Winch).max_wasm_stack(QUICK_STACK_BYTES);
    }
    config
}

/// The settings of FACTS: N components, memories and stacks; 3N tables; 14N core instances.
fn pool(instances_max: usize) -> PoolingAllocationConfig {
    let count = instances_fitting(instances_max, mappings_max());
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(count)
        .total_memories(count)
        .total_stacks(count)
        .total_tables(3 * count)
        .total_core_instances(14 * count)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT_MAX)
        .max_tables_per_component(TABLES_PER_COMPONENT_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_unused_warm_slots(WARM_SLOTS_MAX);
    // Without PAGEMAP_SCAN (Linux 6.7) keeping pages costs more than returning them.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(MEMORY_KEEP_BYTES)
            .table_keep_resident(TABLE_KEEP_BYTES)
            .async_stack_keep_resident(STACK_KEEP_BYTES);
    }
    pool
}

/// How many instances each engine's pool may hold without running the process out of memory mappings.
fn instances_fitting(wanted: usize, mappings_max: usize) -> u32 {
    let fitting = mappings_max.saturating_sub(MAPPINGS_SPARE) / MAPPINGS_PER_INSTANCE / ENGINES.len();
    u32::try_from(wanted.min(fitting).max(1)).unwrap_or(u32::MAX)
}

fn mappings_max() -> usize {
    let text = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap_or_default();
    text.trim().parse().unwrap_or(MAPPINGS_MAX_DEFAULT)
}

/// All of `wasi:cli` beside the proxy world: JavaScript and Python components import files and sockets even where
/// they use none. They find no directory and reach no address.
fn linker(engine: &Engine, world: World) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    if world == World::Three {
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    }
    environment::add_to_linker(&mut linker, world)?;
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_never_outgrow_the_mappings_of_the_process() {
        for (wanted, mappings, expected) in
            [(1_000, 65_530, 1_000), (5_000, 65_530, 1_156), (5_000, 1_048_576, 5_000), (100, 5_000, 1), (0, 65_530, 1)]
        {
            assert_eq!(instances_fitting(wanted, mappings), expected, "{wanted} of {mappings}");
        }
    }
}
