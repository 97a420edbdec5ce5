//! `cargo xtask bench <name>`: builds what a measurement needs, runs it, and fails where a promise is not kept.
//!
//! The measuring programs are release builds of their own: `crates/store/examples/bench.rs`,
//! `crates/services/examples/delivery.rs` and `crates/it/examples/bench`.

mod delivery;
mod http;
mod store;

use std::path::PathBuf;

use clap::ValueEnum;

#[derive(clap::Args)]
pub struct Arguments {
    /// What to measure
    name: Name,
    /// The `wasmtime` program to compare with (wasmtime-cli of the version in Cargo.toml) [default: the one on the path]
    #[arg(long, value_name = "FILE")]
    wasmtime: Option<PathBuf>,
    /// How large what is measured is, in keys, messages, items, events or GiB [default: as the issue promises it]
    #[arg(long)]
    count: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Name {
    /// Everything, one after the other
    All,
    /// Commits per second, beside a bare SQLite loop
    Store,
    /// Asynchronous events accepted and delivered, beside the store's transactions
    Delivery,
    /// Requests per second of a hello world, beside plain hyper, workerd and `wasmtime serve`
    Http,
    /// First requests to 200 components
    First,
    /// Warm round trips of Python and Node
    Warm,
    /// First requests to native functions
    Native,
    /// Memory of 1,000 idle functions
    Idle,
    /// Objects per second, beside a plain file server, the store alone and `moto_server`
    Objects,
    /// Messages per second, beside the store alone and `moto_server`; what idle long polls cost
    Queues,
    /// Items per second, beside the store alone
    Tables,
    /// Asynchronous events of a component over HTTP, beside the store's transactions
    Events,
    /// From the acknowledgement of a change to the first line of the function that it triggers
    Latency,
    /// A list of 1,000 keys in a bucket of a million
    List,
    /// Memory while an object of 5 GiB goes up and comes down
    Memory,
    /// Messages per second with 5 million waiting
    QueueBacklog,
    /// Items per second in a table of 10 million
    TableGrowth,
    /// A million asynchronous events that wait
    EventBacklog,
}

impl Name {
    /// As the measuring program calls it.
    fn text(self) -> &'static str {
        match self {
            Name::All => "all",
            Name::Store => "store",
            Name::Delivery => "delivery",
            Name::Http => "http",
            Name::First => "first",
            Name::Warm => "warm",
            Name::Native => "native",
            Name::Idle => "idle",
            Name::Objects => "objects",
            Name::Queues => "queues",
            Name::Tables => "tables",
            Name::Events => "events",
            Name::Latency => "latency",
            Name::List => "list",
            Name::Memory => "memory",
            Name::QueueBacklog => "queue-backlog",
            Name::TableGrowth => "table-growth",
            Name::EventBacklog => "event-backlog",
        }
    }

    /// How large the thing is that it measures, where that is asked for.
    fn count(self) -> Option<u64> {
        match self {
            Name::List | Name::EventBacklog => Some(1_000_000),
            Name::Memory => Some(5),
            Name::QueueBacklog => Some(5_000_000),
            Name::TableGrowth => Some(10_000_000),
            Name::All | Name::Store | Name::Delivery => None,
            Name::Http | Name::First | Name::Warm | Name::Native | Name::Idle => None,
            Name::Objects | Name::Queues | Name::Tables | Name::Events | Name::Latency => None,
        }
    }
}

/// Those that need the whole program.
const SERVED: [Name; 15] = [
    Name::Http,
    Name::First,
    Name::Warm,
    Name::Native,
    Name::Idle,
    Name::Objects,
    Name::Queues,
    Name::Tables,
    Name::Events,
    Name::Latency,
    Name::List,
    Name::Memory,
    Name::QueueBacklog,
    Name::TableGrowth,
    Name::EventBacklog,
];

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let wanted = |name| arguments.name == Name::All || arguments.name == name;
    let served: Vec<_> = SERVED.into_iter().filter(|name| wanted(*name)).collect();
    let mut missed = Vec::new();
    if wanted(Name::Store) && store::run(store::Length::default()).is_err() {
        missed.push("store");
    }
    if wanted(Name::Delivery) && delivery::run().is_err() {
        missed.push("delivery");
    }
    if !served.is_empty() {
        missed.extend(http::run(&served, arguments)?);
    }
    anyhow::ensure!(missed.is_empty(), "did not keep what it promises: {}", missed.join(", "));
    Ok(())
}
