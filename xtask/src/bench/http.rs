//! The measurements of the whole program over HTTP: builds Nought, the guests and the peers, then runs `crates/it/examples/bench`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Arguments, Name};
use crate::{guests, needs, program, root, target};

/// Runs the named measurements; returns those that missed a promise.
pub fn run(names: &[Name], arguments: &Arguments) -> Result<Vec<&'static str>> {
    let release = ["build", "--release", "--locked", "--package", "nought", "--package", "it"];
    program::run(program::cargo().args(release).args(["--bin", "nought", "--example", "bench"]))?;
    guests::run(&[], false)?;
    let mut missed = Vec::new();
    for &name in names {
        println!("--- {}", name.text());
        let mut bench = Command::new(target().join("release/examples/bench"));
        bench
            .arg(name.text())
            .args(name.count().map(|usual| arguments.count.unwrap_or(usual).to_string()))
            .env("NOUGHT_IT_BINARY", target().join("release/nought"))
            .env("NOUGHT_IT_GUESTS", guests::folder());
        if name == Name::Http {
            name_rivals(&mut bench, arguments.wasmtime.as_deref())?;
        }
        if matches!(name, Name::Objects | Name::Queues) {
            name_moto(&mut bench)?;
        }
        if program::run(&mut bench).is_err() {
            missed.push(name.text());
        }
    }
    Ok(missed)
}

fn name_rivals(bench: &mut Command, wasmtime: Option<&Path>) -> Result<()> {
    ensure!(program::exists("wrk"), "the load generator is not here: apt-get install wrk");
    bench.env("NOUGHT_BENCH_WORKERD", workerd()?);
    match wasmtime.map(Path::to_owned).or_else(wasmtime_on_path) {
        Some(path) => drop(bench.env("NOUGHT_BENCH_WASMTIME", path)),
        None => println!(
            "wasmtime is not here (cargo install --locked wasmtime-cli --version {}): not compared with",
            wasmtime_version()?
        ),
    }
    Ok(())
}

/// The moto that PyPI has, pinned in `xtask/peers`.
fn name_moto(bench: &mut Command) -> Result<()> {
    let environment = needs::python_environment("moto", &root().join("xtask/peers/moto.txt"))?;
    bench.env("NOUGHT_BENCH_MOTO", environment.join("bin/moto_server"));
    Ok(())
}

/// The workerd that npm has, pinned in `xtask/peers`.
fn workerd() -> Result<PathBuf> {
    let peers = target().join("tools/peers");
    fs::create_dir_all(&peers).context("making a folder for npm packages")?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(root().join("xtask/peers").join(file), peers.join(file)).with_context(|| format!("copying {file}"))?;
    }
    needs::npm_install(&peers)?;
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "64" };
    Ok(peers.join(format!("node_modules/@cloudflare/workerd-linux-{machine}/bin/workerd")))
}

fn wasmtime_on_path() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join("wasmtime")).find(|path| path.is_file())
}

/// The version that Nought is built with.
fn wasmtime_version() -> Result<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).context("reading Cargo.lock")?;
    let entry = lock.split("[[package]]").find(|entry| entry.contains("name = \"wasmtime\"\n"));
    let version = entry.and_then(|entry| entry.lines().find_map(|line| line.strip_prefix("version = ")));
    version.map(|version| version.trim_matches('"').to_owned()).context("Cargo.lock names no wasmtime")
}
