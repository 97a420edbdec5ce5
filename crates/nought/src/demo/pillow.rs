//! Pillow for the host's Python, fetched once from PyPI and pinned by hash, as its wheels differ with the interpreter.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cli::PackageFlags;
use crate::package::{Package, interpreter};

const REQUIREMENTS: &str = include_str!("../../../../examples/demo/shrink/requirements.txt");

/// Pillow's files for one interpreter.
#[derive(Debug, Clone)]
pub struct Pillow {
    folder: PathBuf,
    /// Such as `python3.11`.
    runtime: String,
}

/// Finds Pillow where an earlier demo left it, or fetches it with pip.
pub fn fetch(interpreters: &[PathBuf]) -> Result<Pillow> {
    let Some(python) = interpreter::newest_python(interpreters) else {
        bail!(
            "this machine has no Python in /usr/bin or /usr/local/bin: install one (Debian: apt install python3 python3-pip)"
        );
    };
    let runtime = interpreter::name_of(&python);
    let cache = cache_folder()?;
    let folder = cache.join(format!("{}-{runtime}", version()));
    if !folder.exists() {
        println!("   fetching {} for {runtime} from PyPI, by its hash", version());
        let partial = tempfile::Builder::new().prefix("partial-").tempdir_in(&cache)?;
        install(&python, partial.path())?;
        // Another demo may have been faster: its copy is as good.
        match fs::rename(partial.path(), &folder) {
            Ok(()) => drop(partial.keep()),
            Err(_) if folder.exists() => {}
            Err(error) => return Err(error).with_context(|| format!("cannot make {}", folder.display())),
        }
    }
    Ok(Pillow { folder, runtime })
}

fn cache_folder() -> Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).unwrap_or_else(std::env::temp_dir);
    let folder = base.join("nought");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// `pillow-11.3.0`, from the one line of the requirements that names it.
fn version() -> String {
    let line = REQUIREMENTS.lines().find(|line| line.contains("==")).expect("the requirements pin Pillow");
    line.trim_end_matches('\\').trim().replace("==", "-")
}

fn install(python: &Path, target: &Path) -> Result<()> {
    let requirements = target.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS)?;
    let output = Command::new(python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"])
        .args(["--retries", "1", "--timeout", "15"])
        .args(["--require-hashes", "--only-binary", ":all:", "--no-compile", "--root-user-action", "ignore"])
        .arg("--target")
        .arg(target)
        .arg("--requirement")
        .arg(&requirements)
        .output()
        .with_context(|| format!("cannot run {}", python.display()))?;
    fs::remove_file(&requirements)?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(()),
        false if said.contains("No module named pip") => {
            bail!(
                "{} has no pip: install it (Debian: apt install python3-pip) and run the demo again",
                python.display()
            )
        }
        false => {
            let last = said.lines().rfind(|line| line.contains("ERROR")).or(said.lines().last()).unwrap_or_default();
            bail!("Pillow could not be fetched ({}): is there a network?", last.trim())
        }
    }
}

impl Pillow {
    pub fn name(&self) -> String {
        version()
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The function's one file with Pillow beside it.
    pub fn package(&self, name: &str, source: &str) -> Result<Package> {
        let root = tempfile::tempdir()?;
        copy_tree(&self.folder, root.path())?;
        fs::write(root.path().join("lambda_function.py"), source)?;
        let flags = PackageFlags {
            name: Some(name.to_owned()),
            runtime: Some(self.runtime.clone()),
            memory: Some(512),
            timeout: Some(10),
            ..PackageFlags::default()
        };
        Package::read(root.path(), &flags)
    }
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => {
                fs::create_dir(&target)?;
                copy_tree(&entry.path(), &target)?;
            }
            false => drop(fs::copy(entry.path(), &target)?),
        }
    }
    Ok(())
}
