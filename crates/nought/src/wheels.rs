//! Wheels for the host's Python, pinned by hash: fetched from PyPI once, and kept in the user's cache.
//!
//! Start at [`Requirements::fetch`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use aws::auth::sha256_hex;

use crate::package::interpreter;

/// The text of a requirements file in which every package has its version and its hashes. The first package is the one
/// that the others are for.
#[derive(Debug, Clone, Copy)]
pub struct Requirements(pub &'static str);

/// boto3, as the managed runtimes have it.
pub const BOTO3: Requirements = Requirements(include_str!("boto3.txt"));

/// The packages' files for one interpreter.
#[derive(Debug, Clone)]
pub struct Wheels {
    pub folder: PathBuf,
    /// Such as `python3.11`.
    pub runtime: String,
}

impl Requirements {
    /// Such as `pillow 11.3.0`.
    pub fn name(self) -> String {
        let pin = self.0.split_whitespace().find_map(|word| word.split_once("=="));
        let (package, version) = pin.expect("the requirements pin a package");
        format!("{package} {version}")
    }

    /// Finds the files where an earlier call left them, or fetches them with pip.
    pub fn fetch(self, interpreters: &[PathBuf]) -> Result<Wheels> {
        let python = python(interpreters)?;
        let runtime = interpreter::name_of(&python);
        let cache = cache_folder()?;
        let folder = cache.join(self.folder_name(&runtime));
        if !folder.exists() {
            println!("   fetching {} for {runtime} from PyPI, by its hash", self.name());
            let partial = tempfile::Builder::new().prefix("partial-").tempdir_in(&cache)?;
            self.install(&python, partial.path())?;
            // Another demo may have been faster: its copy is as good.
            match fs::rename(partial.path(), &folder) {
                Ok(()) => drop(partial.keep()),
                Err(_) if folder.exists() => {}
                Err(error) => return Err(error).with_context(|| format!("cannot make {}", folder.display())),
            }
        }
        Ok(Wheels { folder, runtime })
    }

    /// Fetches the wheels into a folder that has nothing else.
    pub fn install(self, python: &Path, target: &Path) -> Result<()> {
        let requirements = target.join("requirements.txt");
        fs::write(&requirements, self.0)?;
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
                bail!("{} has no pip: install it (Debian: apt install python3-pip) and try again", python.display())
            }
            false => {
                let last =
                    said.lines().rfind(|line| line.contains("ERROR")).or(said.lines().last()).unwrap_or_default();
                bail!("{} could not be fetched ({}): is there a network?", self.name(), last.trim())
            }
        }
    }

    /// Another text is another folder.
    fn folder_name(self, runtime: &str) -> String {
        let digest = sha256_hex(self.0.as_bytes());
        format!("{}-{runtime}-{}", self.name().replace(' ', "-"), &digest[..8])
    }
}

/// The Python whose packages functions can use.
pub fn python(interpreters: &[PathBuf]) -> Result<PathBuf> {
    interpreter::newest_python(interpreters).context(
        "this machine has no Python in /usr/bin or /usr/local/bin: install one (Debian: apt install python3 python3-pip)",
    )
}

fn cache_folder() -> Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).unwrap_or_else(std::env::temp_dir);
    let folder = base.join("nought");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

impl Wheels {
    /// Copies the packages into a folder that is there.
    pub fn copy_to(&self, target: &Path) -> Result<()> {
        copy_tree(&self.folder, target)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_of_boto3_is_pinned_by_its_hash() {
        assert_eq!(BOTO3.name(), "boto3 1.44.8");
        let mut packages = BOTO3.0.lines().filter(|line| !line.starts_with('#'));
        assert!(packages.all(|line| line.contains("==") && line.contains("--hash=sha256:")));
    }

    #[test]
    fn another_interpreter_or_another_text_is_another_folder() {
        let names = [
            BOTO3.folder_name("python3.11"),
            BOTO3.folder_name("python3.13"),
            Requirements("boto3==1.44.8").folder_name("python3.11"),
        ];
        assert!(names.iter().all(|name| name.starts_with("boto3-1.44.8-python3.1")), "{names:?}");
        assert_eq!(std::collections::BTreeSet::from(names).len(), 3);
    }
}
