//! The compiled components of one engine: files of machine code, named by what they were compiled from.
//!
//! Invariants:
//! - A file in the directory is whole: it is written beside its place, synced and renamed.
//! - The directory is the platform's own and closed to others: what is mapped as code was compiled here.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use services::run::{CodeId, PrepareError};
use wasmtime::component::Component;
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre as ProxyPreTwo;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use super::check;
use super::engine::{ENGINES, Effort, Host, World};
use super::guest::Guest;

pub(super) type Pre = ProxyPre<Guest>;

/// One engine's compiled components on disk.
pub(super) struct Shelf {
    pub host: Host,
    pub world: World,
    pub effort: Effort,
    dir: PathBuf,
    /// Held for as long as the files of a quick shelf are of use.
    _claim: Option<File>,
}

impl Shelf {
    /// Opens the shelf below `dir` for what this engine can run. A quick one is opened empty: what is compiled quickly
    /// is on its way to be replaced, and the way ends with the process.
    pub fn open(dir: &Path, world: World, effort: Effort, instances_max: usize) -> Result<Shelf, OpenError> {
        let host = Host::new(world, effort, instances_max).map_err(|error| OpenError::Engine(format!("{error:#}")))?;
        let dir = dir.join(host.fingerprint());
        let mut shelf = Shelf { host, world, effort, dir, _claim: None };
        let at = shelf.dir.clone();
        let failed = |source| OpenError::Directory { dir: at.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&shelf.dir).map_err(failed)?;
        own(&shelf.dir.metadata().map_err(failed)?).map_err(failed)?;
        if effort == Effort::Quick {
            shelf._claim = Some(claim_and_empty(&shelf.dir).map_err(failed)?);
        }
        Ok(shelf)
    }

    pub fn holds(&self, code: &CodeId) -> bool {
        self.file(code).is_file()
    }

    /// Answers whether compiled code was there.
    pub fn remove(&self, code: &CodeId) -> io::Result<bool> {
        remove(&self.source(code))?;
        remove(&self.file(code))
    }

    /// Puts the component itself beside its compiled code, to be compiled again by this process: it needs no sync.
    pub fn keep_source(&self, code: &CodeId, wasm: &[u8]) -> io::Result<()> {
        fs::write(self.source(code), wasm)
    }

    pub fn read_source(&self, code: &CodeId) -> io::Result<Vec<u8>> {
        fs::read(self.source(code))
    }

    /// Maps a compiled component and links it. 0.26 ms for a small one whose file is in the page cache.
    pub fn load(&self, code: &CodeId) -> Result<Pre, LoadError> {
        let file = self.file(code);
        own(&file.metadata()?)?;
        self.load_file(&file).map_err(LoadError::Refused)
    }

    #[allow(unsafe_code, reason = "mapping compiled code has no safe form")]
    fn load_file(&self, file: &Path) -> wasmtime::Result<Pre> {
        // SAFETY: the file came out of `write`, whole and unchanged: it lies in a directory that only this user may
        // write, and belongs to this user (`own`).
        let component = unsafe { Component::deserialize_file(&self.host.engine, file)? };
        let pre = self.host.linker.instantiate_pre(&component)?;
        Ok(match self.world {
            World::Two => ProxyPre::P2(ProxyPreTwo::new(pre)?),
            World::Three => ProxyPre::P3(ServicePre::new(pre)?),
        })
    }

    /// Compiles, writes, and maps once to see that it fits the pool's limits and finds all its imports.
    pub fn add(&self, code: &CodeId, wasm: &[u8]) -> Result<(), AddError> {
        let compiled = self.host.engine.precompile_component(wasm).map_err(AddError::Compile)?;
        let beside = self.dir.join(format!(".{}", hex::encode(code.0)));
        write(&beside, &compiled).map_err(AddError::File)?;
        drop(compiled);
        let loaded = self.load_file(&beside).map(drop).map_err(AddError::Load);
        let published = loaded.and_then(|()| publish(&beside, &self.file(code)).map_err(AddError::File));
        if published.is_err() {
            // The error being reported matters more than a leftover, which the next attempt overwrites.
            let _ = fs::remove_file(&beside);
        }
        published
    }

    fn file(&self, code: &CodeId) -> PathBuf {
        self.dir.join(format!("{}.cwasm", hex::encode(code.0)))
    }

    fn source(&self, code: &CodeId) -> PathBuf {
        self.dir.join(format!("{}.wasm", hex::encode(code.0)))
    }
}

/// Opens all shelves. Winch does not know every processor; there, everything is compiled in full.
pub(super) fn open_all(dir: &Path, instances_max: usize) -> Result<Vec<Arc<Shelf>>, OpenError> {
    let mut shelves = Vec::new();
    for (world, effort) in ENGINES {
        match Shelf::open(dir, world, effort, instances_max) {
            Err(OpenError::Engine(error)) if effort == Effort::Quick => {
                tracing::warn!(error, "large components take long to deploy on this machine");
            }
            shelf => shelves.push(Arc::new(shelf?)),
        }
    }
    Ok(shelves)
}

/// Deletes what earlier versions of this program compiled: it cannot be used any more. Damage to this costs disk space
/// only, so errors are passed over.
pub(super) fn clear_others(dir: &Path, shelves: &[Arc<Shelf>]) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten().filter(|entry| shelves.iter().all(|shelf| shelf.dir != entry.path())) {
        let _ = fs::remove_dir_all(entry.path());
    }
}

/// Why components cannot run on this machine at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
    #[error("the directory for compiled code, {}, cannot be used: {source}", dir.display())]
    Directory { dir: PathBuf, source: io::Error },
}

/// Why compiled code could not be mapped.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error("the compiled code is not there or not ours: {0}")]
    File(#[from] io::Error),
    #[error("the engine refused the compiled code: {0:#}")]
    Refused(wasmtime::Error),
}

/// Why there is no compiled code.
#[derive(Debug, thiserror::Error)]
pub(super) enum AddError {
    #[error("the component cannot be compiled: {0:#}")]
    Compile(wasmtime::Error),
    /// It outgrows the engine's limits, or imports what is not there.
    #[error("the component cannot run here: {0:#}")]
    Load(wasmtime::Error),
    #[error("the compiled component could not be written on this machine: {0}")]
    File(io::Error),
}

impl From<AddError> for PrepareError {
    fn from(error: AddError) -> PrepareError {
        match error {
            AddError::Compile(_) | AddError::Load(_) => check::bad(error.to_string()),
            AddError::File(_) => PrepareError::Unavailable(error.to_string()),
        }
    }
}

/// Machine code is trusted by who could have written it.
fn own(metadata: &fs::Metadata) -> io::Result<()> {
    let ours = metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0;
    match ours {
        true => Ok(()),
        false => {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user, or others may write it"))
        }
    }
}

/// Leaves everything where another server has the shelf open: this one will be refused at the store.
fn claim_and_empty(dir: &Path) -> io::Result<File> {
    let claim = File::open(dir)?;
    if claim.try_lock().is_ok() {
        for entry in fs::read_dir(dir)? {
            fs::remove_file(entry?.path())?;
        }
    }
    Ok(claim)
}

fn remove(file: &Path) -> io::Result<bool> {
    match fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn write(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(place)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn publish(beside: &Path, place: &Path) -> io::Result<()> {
    fs::rename(beside, place)?;
    let dir = place.parent().expect("compiled code lies in a directory");
    File::open(dir)?.sync_all()
}
