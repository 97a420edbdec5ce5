//! Runs other programs and says clearly what failed.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Runs a program with its output on ours; anything but success is an error that names it.
pub fn run(command: &mut Command) -> Result<()> {
    let name = text(command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot start {name}"))?;
    match status.success() {
        true => Ok(()),
        false => bail!("failed ({status}): {name}"),
    }
}

/// Runs a program quietly; its output is shown only when it fails.
pub fn quiet(command: &mut Command) -> Result<String> {
    let name = text(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {name}"))?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(out),
        false => bail!("failed ({}): {name}\n{out}{}", output.status, String::from_utf8_lossy(&output.stderr)),
    }
}

/// One named part of a longer task, with its time.
pub fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("--- {name}");
    let start = Instant::now();
    work().with_context(|| name.to_owned())?;
    println!("    {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Whether a program is on the path.
pub fn exists(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|folder| folder.join(name).is_file()))
}

pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::root());
    command
}

fn text(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
