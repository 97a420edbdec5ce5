//! `cargo xtask bench delivery`: asynchronous events per second, beside the store's transactions.
//!
//! The measuring program is `crates/services/examples/delivery.rs`: it has to be a release build, which xtask is not.

use std::process::Command;

/// Fails where a ratio is missed. The disk that is measured is the one that holds the build's target folder.
pub fn run() -> anyhow::Result<()> {
    let target = crate::target();
    std::fs::create_dir_all(&target)?;
    let status = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--package", "services", "--example", "delivery", "--"])
        .arg(&target)
        .current_dir(crate::root())
        .status()?;
    anyhow::ensure!(status.success(), "the delivery loop missed a ratio, or did not run");
    Ok(())
}
