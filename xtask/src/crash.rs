//! `cargo xtask crash`: kills a committing process again and again, and counts what it had acknowledged and is gone.
//!
//! The program that does it is `crates/it/src/bin/crash.rs`; it ends with simulated power losses.

use crate::{program, target};

/// Fails where anything acknowledged is lost, or where taking out a kind of sync would go unnoticed.
pub fn run(rounds: u64) -> anyhow::Result<()> {
    let scratch = target();
    std::fs::create_dir_all(&scratch)?;
    let crash = ["run", "--quiet", "--package", "it", "--bin", "crash", "--", "run"];
    program::run(program::cargo().args(crash).arg(rounds.to_string()).arg(scratch))
}
