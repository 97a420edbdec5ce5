//! Builds the guest functions of `examples/guests` into `<target>/guests`, each once per state of its sources.
//!
//! A guest is built from a copy, so nothing but sources is ever in the tree. `hello-rust` is also committed built,
//! because the demo must run without a WebAssembly toolchain; `SHA256SUMS` beside it ties it to its sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::{needs, program, root, target};

/// How a guest becomes what is deployed.
#[derive(Clone, Copy, PartialEq)]
enum Recipe {
    RustComponent,
    JavaScriptComponent,
    PythonComponent,
    NativeBootstrap,
}

const GUESTS: [(&str, Recipe); 8] = [
    ("hello-rust", Recipe::RustComponent),
    ("stock-rust", Recipe::RustComponent),
    ("behave-rust", Recipe::RustComponent),
    ("clock-rust", Recipe::RustComponent),
    ("hello-rust-p3", Recipe::RustComponent),
    ("hello-js", Recipe::JavaScriptComponent),
    ("hello-python", Recipe::PythonComponent),
    ("bootstrap-rust", Recipe::NativeBootstrap),
];

/// The guest whose component is committed.
const COMMITTED: &str = "hello-rust";

/// Builds the named guests, or all, where their sources have changed since they were last built.
pub fn run(names: &[String], check: bool) -> Result<()> {
    for name in names {
        ensure!(GUESTS.iter().any(|(known, _)| known == name), "no guest named {name:?} in examples/guests");
    }
    check_committed_sums()?;
    for (name, recipe) in GUESTS {
        let wanted = names.is_empty() || names.iter().any(|one| one == name);
        if wanted && !(check && name == COMMITTED) {
            build(name, recipe)?;
        }
    }
    if check {
        check_committed_rebuilds()?;
    }
    Ok(())
}

/// Where built guests are: `<name>.wasm`, or `<name>` for a native bootstrap.
pub fn folder() -> PathBuf {
    target().join("guests")
}

fn build(name: &str, recipe: Recipe) -> Result<()> {
    let out = folder().join(match recipe {
        Recipe::NativeBootstrap => name.to_owned(),
        _ => format!("{name}.wasm"),
    });
    let key = sources_hash(name)?;
    let key_file = folder().join(format!("{name}.key"));
    if out.exists() && fs::read_to_string(&key_file).is_ok_and(|built| built == key) {
        println!("{name}: built already");
        return Ok(());
    }
    println!("{name}: building");
    let copy = copy_sources(name)?;
    match recipe {
        Recipe::RustComponent => rust_component(&copy, name, &out),
        Recipe::JavaScriptComponent => javascript_component(&copy, &out),
        Recipe::PythonComponent => python_component(&copy, &out),
        Recipe::NativeBootstrap => native_bootstrap(&copy, &out),
    }
    .with_context(|| format!("guest {name}"))?;
    fs::write(key_file, key).context("recording what was built")
}

/// With rustup's wasm32-wasip2 target the usual way; else with Debian's compiler, which can build the standard
/// library for wasm32-unknown-unknown, and the component linker that rustup's toolchain ships.
fn rust_component(copy: &Path, name: &str, out: &Path) -> Result<()> {
    let built = folder().join("cargo");
    let mut cargo = if needs::wasip2_target() {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--locked", "--target", "wasm32-wasip2"]);
        cargo
    } else {
        let tools = needs::rustup_tools()?;
        let mut cargo = Command::new("/usr/bin/cargo");
        cargo
            .args(["build", "--release", "--locked", "-Zbuild-std=std,panic_abort"])
            .args(["--target", "wasm32-unknown-unknown"])
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", "/usr/bin/rustc")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", tools.join("wasm-component-ld"))
            .env("RUSTFLAGS", format!("-Clink-arg=--wasm-ld-path={}", tools.join("gcc-ld/wasm-ld").display()));
        cargo
    };
    program::quiet(clean(&mut cargo).current_dir(copy).env("CARGO_TARGET_DIR", &built))?;
    let target = if needs::wasip2_target() { "wasm32-wasip2" } else { "wasm32-unknown-unknown" };
    let wasm = built.join(target).join("release").join(format!("{}.wasm", name.replace('-', "_")));
    fs::copy(&wasm, out).with_context(|| format!("copying {}", wasm.display()))?;
    Ok(())
}

fn javascript_component(copy: &Path, out: &Path) -> Result<()> {
    needs::npm_install(copy)?;
    program::quiet(Command::new("node").arg("build.mjs").arg(out).current_dir(copy)).map(drop)
}

fn python_component(copy: &Path, out: &Path) -> Result<()> {
    let environment = needs::python_environment("componentize", &copy.join("requirements.txt"))?;
    program::quiet(
        Command::new(environment.join("bin/componentize-py"))
            .args(["-d", "../wit", "-w", "guest", "componentize", "app", "-o"])
            .arg(out)
            .current_dir(copy),
    )
    .map(drop)
}

fn native_bootstrap(copy: &Path, out: &Path) -> Result<()> {
    let built = folder().join("cargo");
    let mut cargo = program::cargo();
    cargo.args(["build", "--release", "--locked"]).current_dir(copy).env("CARGO_TARGET_DIR", &built);
    program::quiet(clean(&mut cargo))?;
    fs::copy(built.join("release/bootstrap"), out).context("copying the bootstrap")?;
    Ok(())
}

/// Takes out of the environment what the outer cargo set for itself.
fn clean(cargo: &mut Command) -> &mut Command {
    cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("LIBSQLITE3_FLAGS")
}

/// The sources of a guest, with the WIT beside them, in a folder where building leaves no trace in the tree.
fn copy_sources(name: &str) -> Result<PathBuf> {
    let sources = folder().join("sources");
    for part in [name, "wit"] {
        for (path, bytes) in files(part)? {
            let to = sources.join(part).join(path);
            fs::create_dir_all(to.parent().expect("a file is in a folder")).context("copying sources")?;
            fs::write(&to, bytes).context("copying sources")?;
        }
    }
    Ok(sources.join(name))
}

/// One hash over names and bytes of all that a guest is built from.
fn sources_hash(name: &str) -> Result<String> {
    let mut hash = Sha256::new();
    for (path, bytes) in files(name)?.into_iter().chain(files("wit")?) {
        hash.update(format!("{}  {}\n", hex::encode(Sha256::digest(&bytes)), path.display()));
    }
    Ok(hex::encode(hash.finalize()))
}

/// Sources below `examples/guests/<name>`, sorted, without what is built and what is installed.
fn files(name: &str) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let top = root().join("examples/guests").join(name);
    let mut found = Vec::new();
    let mut folders = vec![top.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match file_name.as_str() {
                "node_modules" | "target" | "__pycache__" | "SHA256SUMS" => {}
                _ if path.is_dir() => folders.push(path),
                _ if file_name.ends_with(".wasm") => {}
                _ => {
                    let bytes = fs::read(&path)?;
                    found.push((path.strip_prefix(&top).expect("it is below").to_owned(), bytes));
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The committed component belongs to the committed sources: each line of its `SHA256SUMS` is true.
fn check_committed_sums() -> Result<()> {
    let home = root().join("examples/guests").join(COMMITTED);
    let sums = fs::read_to_string(home.join("SHA256SUMS")).context("reading SHA256SUMS")?;
    for line in sums.lines() {
        let (hash, path) = line.split_once("  ").with_context(|| format!("not a line of SHA256SUMS: {line:?}"))?;
        let bytes = fs::read(home.join(path)).with_context(|| format!("reading {path}"))?;
        ensure!(
            hex::encode(Sha256::digest(&bytes)) == hash,
            "{COMMITTED}/{path} is not what its component was built from: run `cargo xtask guests --check`, copy the \
             rebuilt component over hello.wasm and renew SHA256SUMS (sha256sum Cargo.lock Cargo.toml hello.wasm src/lib.rs)"
        );
    }
    let sources = files(COMMITTED)?.len();
    ensure!(
        sums.lines().count() == sources + 1,
        "SHA256SUMS of {COMMITTED} must name its {sources} sources and hello.wasm"
    );
    Ok(())
}

/// Rebuilds the committed component. Compilers differ by machine, so its bytes may; that it behaves the same is
/// shown by the tests that run both.
fn check_committed_rebuilds() -> Result<()> {
    let _ = fs::remove_file(folder().join(format!("{COMMITTED}.key")));
    build(COMMITTED, Recipe::RustComponent)?;
    let rebuilt = fs::read(folder().join(format!("{COMMITTED}.wasm")))?;
    let committed = fs::read(root().join("examples/guests").join(COMMITTED).join("hello.wasm"))?;
    match rebuilt == committed {
        true => println!("{COMMITTED}: rebuilt, the same bytes as committed"),
        false => println!("{COMMITTED}: rebuilt, other bytes ({} against {})", rebuilt.len(), committed.len()),
    }
    Ok(())
}
