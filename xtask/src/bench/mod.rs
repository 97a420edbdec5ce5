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
        }
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let wanted = |name| arguments.name == Name::All || arguments.name == name;
    let requests = [Name::Http, Name::First, Name::Warm, Name::Native, Name::Idle];
    let requests: Vec<_> = requests.into_iter().filter(|name| wanted(*name)).map(Name::text).collect();
    let mut missed = Vec::new();
    if wanted(Name::Store) && store::run(store::Length::default()).is_err() {
        missed.push("store");
    }
    if wanted(Name::Delivery) && delivery::run().is_err() {
        missed.push("delivery");
    }
    if !requests.is_empty() {
        missed.extend(http::run(&requests, arguments.wasmtime.as_deref())?);
    }
    anyhow::ensure!(missed.is_empty(), "did not keep what it promises: {}", missed.join(", "));
    Ok(())
}
