//! Packages: what a folder, a zip archive or a WebAssembly file is as a function.
//!
//! Start at [`Package::read`]. Flags decide first, then `nought.toml` in the folder, then what the files say (`guess`).
//!
//! Always true: the same files make the same bytes (`archive`), so code that did not change is not new code.

mod archive;
mod guess;
pub mod interpreter;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use serde::Deserialize;
use zip::ZipArchive;

pub use archive::is_left_out;

use crate::cli::PackageFlags;

/// The file in a function's folder that says what the flags would.
pub const MANIFEST: &str = "nought.toml";
/// Largest archive of an upload, in bytes. Source: Lambda quotas, deployment package, zipped (read 2026-11-24).
const ARCHIVE_BYTES_MAX: usize = 50 * 1024 * 1024;
/// Runtime of components and of native programs.
const NATIVE: &str = "provided.al2023";

/// A function as it is deployed.
#[derive(Debug, Clone)]
pub struct Package {
    pub name: String,
    pub runtime: String,
    pub handler: String,
    /// A zip archive.
    pub archive: Bytes,
    pub memory_mib: Option<u32>,
    pub timeout_secs: Option<u32>,
    pub environment: BTreeMap<String, String>,
    /// Whether the manifest asks for a public URL.
    pub url: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: Option<String>,
    runtime: Option<String>,
    handler: Option<String>,
    memory_mib: Option<u32>,
    timeout_secs: Option<u32>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    url: bool,
}

/// How code runs, as far as its files tell.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    runtime: String,
    handler: String,
}

impl Package {
    /// A component that is in memory already.
    pub fn component(name: &str, wasm: &[u8]) -> Result<Package> {
        let Entry { runtime, handler } = Entry::native("bootstrap");
        Ok(Package {
            name: name.to_owned(),
            runtime,
            handler,
            archive: archive::zip_one("bootstrap.wasm", wasm)?.into(),
            memory_mib: None,
            timeout_secs: None,
            environment: BTreeMap::new(),
            url: false,
        })
    }

    /// Reads everything under `path`; may take long, so not for an async thread.
    pub fn read(path: &Path, flags: &PackageFlags) -> Result<Package> {
        let path = path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?;
        let (manifest, archive, entry) = match path.is_dir() {
            true => read_folder(&path, flags)?,
            false => read_file(&path)?,
        };
        if archive.len() > ARCHIVE_BYTES_MAX {
            bail!(
                "{} makes an archive of {} bytes and the limit is {ARCHIVE_BYTES_MAX}: leave out what the function does not need",
                path.display(),
                archive.len()
            );
        }
        let runtime = flags.runtime.clone().or(manifest.runtime).or(entry.as_ref().map(|entry| entry.runtime.clone()));
        let handler = flags.handler.clone().or(manifest.handler).or(entry.map(|entry| entry.handler));
        let (Some(runtime), Some(handler)) = (runtime, handler) else {
            bail!("{}", cannot_tell(&path));
        };
        let mut environment = manifest.environment;
        environment.extend(flags.environment.iter().cloned());
        Ok(Package {
            name: flags.name.clone().or(manifest.name).map_or_else(|| name_of(&path), Ok)?,
            runtime,
            handler,
            archive: archive.into(),
            memory_mib: flags.memory.or(manifest.memory_mib),
            timeout_secs: flags.timeout.or(manifest.timeout_secs),
            environment,
            url: manifest.url,
        })
    }
}

type Read = (Manifest, Vec<u8>, Option<Entry>);

fn read_folder(path: &Path, flags: &PackageFlags) -> Result<Read> {
    let manifest = read_manifest(&path.join(MANIFEST))?;
    let mut files = archive::files(path)?;
    let known = (flags.runtime.is_some() || manifest.runtime.is_some())
        && (flags.handler.is_some() || manifest.handler.is_some());
    guess::rename_component(&mut files);
    let entry = guess::entry(&mut files.as_slice())?;
    if entry.is_none() && !known {
        bail!("{}", cannot_tell(path));
    }
    let archive = archive::zip(path, &files)?;
    Ok((manifest, archive, entry))
}

fn read_manifest(path: &Path) -> Result<Manifest> {
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).with_context(|| format!("in {}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Manifest::default()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn read_file(path: &Path) -> Result<Read> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (archive, entry) = match bytes.as_slice() {
        [b'P', b'K', ..] => {
            let archive = ZipArchive::new(Cursor::new(bytes.as_slice()));
            let entry = guess::entry(&mut archive.with_context(|| format!("{} is a broken zip", path.display()))?)?;
            (bytes, entry)
        }
        [0, b'a', b's', b'm', ..] => (archive::zip_one("bootstrap.wasm", &bytes)?, Some(Entry::native("bootstrap"))),
        _ => bail!("{} is neither a folder nor a zip archive nor a WebAssembly component", path.display()),
    };
    Ok((Manifest::default(), archive, entry))
}

fn name_of(path: &Path) -> Result<String> {
    let stem = match path.is_dir() {
        true => path.file_name(),
        false => path.file_stem(),
    };
    match stem.and_then(|stem| stem.to_str()) {
        Some(stem) => Ok(stem.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-', "_")),
        None => bail!("{} has no name that a function could have: give one with --name", path.display()),
    }
}

fn cannot_tell(path: &Path) -> String {
    format!(
        "cannot tell how {} runs: it has no bootstrap, *.wasm, lambda_function.py, app.py, index.js or the like. \
         Give --runtime and --handler, or write them into {MANIFEST}",
        path.display()
    )
}

impl Entry {
    fn native(handler: &str) -> Entry {
        Entry { runtime: NATIVE.to_owned(), handler: handler.to_owned() }
    }
}

/// A file of a folder and its name in the archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct PackedFile {
    name: String,
    path: PathBuf,
    executable: bool,
}

#[cfg(test)]
mod tests;
