//! `cargo xtask crash`: kill -9 under load and power loss, and the count of acknowledged commits that are gone.
//!
//! The program that does it is `crates/it/src/bin/crash.rs`: it kills copies of itself, and it has to be a release
//! build, which xtask is not. The tests run the same with fewer rounds.

use std::fs;

use anyhow::{Context, Result};

use crate::{program, target};

/// Runs this many rounds of kills, then the power losses. The disk is the one that holds the build's target folder.
pub fn run(rounds: u64) -> Result<()> {
    let scratch = target().join("crash");
    fs::create_dir_all(&scratch).context("making a folder for the stores")?;
    let mut cargo = program::cargo();
    cargo.args(["run", "--release", "--locked", "--package", "it", "--bin", "crash", "--", "run"]);
    program::run(cargo.arg(rounds.to_string()).arg(scratch))
}
