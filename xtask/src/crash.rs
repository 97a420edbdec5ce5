//! `cargo xtask crash`: kills under load again and again, and counts what had been acknowledged and is gone.
//!
//! The program that does it is `crates/it/src/bin/crash.rs`: first the whole server under the load of all its services,
//! then the store alone, and at its end simulated power losses.

use crate::{program, target};

/// How often the server is killed, and how often the store.
#[derive(clap::Args)]
pub struct Arguments {
    /// Kills of the whole server under load
    #[arg(long, default_value_t = 100)]
    server_rounds: u64,
    /// Kills of the store alone, before the power losses
    #[arg(long, default_value_t = 1000)]
    rounds: u64,
}

/// Fails where anything acknowledged is lost, or where taking out a kind of sync would go unnoticed.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let scratch = target();
    std::fs::create_dir_all(&scratch)?;
    program::run(program::cargo().args(["build", "--quiet", "--package", "nought", "--package", "it", "--bins"]))?;
    let crash = || std::process::Command::new(scratch.join("debug/crash"));
    let server = scratch.join("debug/nought");
    let rounds = arguments.server_rounds.to_string();
    program::run(crash().arg("services").arg(rounds).env("NOUGHT_IT_BINARY", server))?;
    program::run(crash().arg("run").arg(arguments.rounds.to_string()).arg(&scratch))
}
