//! What building and testing need beyond cargo: Debian packages, a Python environment, npm packages.
//!
//! As root missing packages are installed; an ordinary user is told what to install. Python and npm packages go
//! below the target folder, pinned, and are reused while their pins stay the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::{program, target};

/// A Debian package and how to see that it is there.
struct Package {
    name: &'static str,
    has: fn() -> bool,
}

const PACKAGES: [Package; 8] = [
    Package { name: "curl", has: || program::exists("curl") },
    Package { name: "nodejs", has: || program::exists("node") },
    Package { name: "npm", has: || program::exists("npm") },
    Package { name: "python3", has: || program::exists("python3") },
    Package { name: "python3-venv", has: || succeeds(Command::new("python3").args(["-c", "import ensurepip"])) },
    Package { name: "cargo-web", has: || wasip2_target() || Path::new("/usr/bin/cargo").exists() },
    Package { name: "rustc-web", has: || wasip2_target() || Path::new("/usr/bin/rustc").exists() },
    Package {
        name: "rust-web-src",
        has: || wasip2_target() || Path::new("/usr/lib/rustlib/src/rust/library/std/Cargo.toml").exists(),
    },
];

/// Installs missing Debian packages, or names them.
pub fn packages() -> Result<()> {
    let missing: Vec<_> = PACKAGES.iter().filter(|package| !(package.has)()).map(|package| package.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    ensure!(
        is_root() && program::exists("apt-get"),
        "the tests need packages that are not here: apt-get install --no-install-recommends {list}"
    );
    println!("installing {list}");
    let apt = |arguments: &[&str]| {
        program::quiet(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], missing.as_slice()].concat())?;
    Ok(())
}

pub fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .any(|line| line.strip_prefix("Uid:").is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0")))
    })
}

/// Whether rustup's own WebAssembly target is installed.
pub fn wasip2_target() -> bool {
    sysroot().is_ok_and(|sysroot| sysroot.join("lib/rustlib/wasm32-wasip2/lib").is_dir())
}

/// The folder of linkers that every rustup toolchain ships.
pub fn rustup_tools() -> Result<PathBuf> {
    let tools =
        sysroot()?.join("lib/rustlib").join(format!("{}-unknown-linux-gnu", std::env::consts::ARCH)).join("bin");
    ensure!(
        tools.join("wasm-component-ld").exists(),
        "no wasm-component-ld in {}: install Rust with rustup, or `rustup target add wasm32-wasip2`",
        tools.display()
    );
    Ok(tools)
}

/// A Python environment with exactly these requirements; made once per state of the file.
pub fn python_environment(name: &str, requirements: &Path) -> Result<PathBuf> {
    let pins = fs::read(requirements).with_context(|| format!("reading {}", requirements.display()))?;
    let home = target().join("tools").join(format!("python-{name}-{}", short_hash(&pins)));
    let done = home.join("done");
    if !done.exists() {
        println!("installing Python packages for {name}");
        program::quiet(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
        let mut pip = Command::new(home.join("bin/pip"));
        program::quiet(pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements))?;
        fs::write(done, "")?;
    }
    Ok(home)
}

/// Installs what the lock file in this folder (outside the tree) says; done once per state of the lock.
pub fn npm_install(folder: &Path) -> Result<()> {
    let lock = fs::read(folder.join("package-lock.json")).context("reading package-lock.json")?;
    let done = folder.join("node_modules/.done");
    if fs::read_to_string(&done).is_ok_and(|of| of == short_hash(&lock)) {
        return Ok(());
    }
    program::quiet(
        Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder),
    )?;
    fs::write(done, short_hash(&lock)).context("recording what was installed")
}

fn sysroot() -> Result<PathBuf> {
    let rustc = program::quiet(Command::new("rustc").args(["--print", "sysroot"]))?;
    match rustc.trim() {
        "" => bail!("rustc names no sysroot"),
        path => Ok(PathBuf::from(path)),
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn short_hash(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..6])
}
