//! Work on the project itself: `cargo xtask <what>`.
//!
//! Start reading at [`Task`]; each task is one module.

mod bench;
mod crash;
mod guests;
mod needs;
mod program;
mod shapes;
mod test;
mod tidy;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Work on the project itself")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything: style, rules, unit tests, the whole program under SDKs and real functions.
    Test {
        /// Only integration tests whose name contains this.
        #[arg(long)]
        only: Option<String>,
    },
    /// What `.ci/run` calls: the same as `test`.
    Ci,
    /// Measures; docs/benchmarks.md has the figures and how they were taken.
    Bench(bench::Arguments),
    /// Kills the server and the store under load and simulates power losses; counts what was acknowledged and is gone.
    Crash(crash::Arguments),
    /// Builds the guest functions that tests and benchmarks run.
    Guests {
        /// Rebuild the committed one as well and compare.
        #[arg(long)]
        check: bool,
        /// Only these, by folder name.
        names: Vec<String>,
    },
    /// Generates the wire shapes of the AWS APIs from the excerpts of the service models.
    Shapes {
        /// Change nothing; fail if the committed shapes differ.
        #[arg(long)]
        check: bool,
        /// First trim fresh excerpts from this `botocore/data` folder.
        #[arg(long, value_name = "BOTOCORE_DATA")]
        from: Option<PathBuf>,
    },
    /// Checks what neither the compiler nor clippy can say.
    Tidy,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Test { only } => test::run(only.as_deref()),
        Task::Ci => test::run(None),
        Task::Crash(arguments) => crash::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Guests { check, names } => guests::run(&names, check),
        Task::Shapes { check, from } => {
            if let Some(data) = from {
                shapes::refresh(&data)?;
            }
            shapes::run(check)
        }
        Task::Tidy => tidy::run(),
    }
}

/// The repository's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository")
}

/// Where cargo puts what it builds; caches of ours live beside it.
fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(path) => std::path::absolute(path).expect("a target folder has a path"),
        None => root().join("target"),
    }
}
