//! `cargo xtask bench store`: commits per second, beside a bare SQLite loop.
//!
//! The measuring program is `crates/store/examples/bench.rs`: it has to be a release build, which xtask is not.

use std::process::Command;

/// Rounds over all parts, seconds of each, and seconds of the load under which the write-ahead log is watched.
#[derive(Debug, Clone, Copy)]
pub struct Length {
    pub rounds: u32,
    pub seconds: f64,
    pub load_seconds: u32,
}

impl Default for Length {
    fn default() -> Length {
        Length { rounds: 15, seconds: 0.4, load_seconds: 60 }
    }
}

/// Fails where a ratio is missed. The disk that is measured is the one that holds the build's target folder.
pub fn run(length: Length) -> anyhow::Result<()> {
    let target = crate::target();
    std::fs::create_dir_all(&target)?;
    let status = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--package", "store", "--example", "bench", "--"])
        .arg(&target)
        .args([length.rounds.to_string(), length.seconds.to_string(), length.load_seconds.to_string()])
        .current_dir(crate::root())
        .status()?;
    anyhow::ensure!(status.success(), "the store missed a ratio, or did not run");
    Ok(())
}
