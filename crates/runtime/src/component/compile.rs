//! Turns a component into a file of machine code, once, when it is deployed.
//!
//! Invariants:
//! - A file in the directory is whole: it is written beside its place, synced and renamed.
//! - The directory is the platform's own and closed to others: what is mapped as code was compiled here.
//! - Compiling runs on its own low-priority threads and takes turns: it never holds up an invocation.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};
use services::run::{CodeId, PrepareError};
use wasmtime::component::Component;
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre as ProxyPreTwo;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use super::check;
use super::engine::{Host, World};
use super::guest::Guest;

/// How much the scheduler prefers everything else to compiling.
const NICENESS: i32 = 5;

pub(super) type Pre = ProxyPre<Guest>;

/// One engine's compiled components on disk.
pub(super) struct Shelf {
    pub host: Host,
    world: World,
    dir: PathBuf,
}

impl Shelf {
    /// Opens the shelf below `dir` for what this engine can run.
    pub fn open(dir: &Path, world: World, instances_max: usize) -> Result<Shelf, OpenError> {
        let host = Host::new(world, instances_max).map_err(|error| OpenError::Engine(format!("{error:#}")))?;
        let dir = dir.join(host.fingerprint());
        let shelf = Shelf { host, world, dir };
        let failed = |source| OpenError::Directory { dir: shelf.dir.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&shelf.dir).map_err(failed)?;
        own(&shelf.dir.metadata().map_err(failed)?).map_err(failed)?;
        Ok(shelf)
    }

    pub fn holds(&self, code: &CodeId) -> bool {
        self.file(code).is_file()
    }

    pub fn remove(&self, code: &CodeId) -> io::Result<()> {
        match fs::remove_file(self.file(code)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
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
    fn add(&self, code: &CodeId, wasm: &[u8]) -> Result<(), PrepareError> {
        let compiled = self.host.engine.precompile_component(wasm).map_err(refused)?;
        let beside = self.dir.join(format!(".{}", hex::encode(code.0)));
        write(&beside, &compiled).map_err(unavailable)?;
        drop(compiled);
        let loaded = self.load_file(&beside).map(drop).map_err(refused);
        let published = loaded.and_then(|()| publish(&beside, &self.file(code)).map_err(unavailable));
        if published.is_err() {
            // The error being reported matters more than a leftover, which the next attempt overwrites.
            let _ = fs::remove_file(&beside);
        }
        published
    }

    fn file(&self, code: &CodeId) -> PathBuf {
        self.dir.join(format!("{}.cwasm", hex::encode(code.0)))
    }
}

/// Deletes what earlier versions of this program compiled: it cannot be used any more. Damage to this costs disk space
/// only, so errors are passed over.
pub(super) fn clear_others(dir: &Path, shelves: &[Arc<Shelf>]) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten().filter(|entry| shelves.iter().all(|shelf| shelf.dir != entry.path())) {
        let _ = fs::remove_dir_all(entry.path());
    }
}

/// Compiles components, one after the other, each on all of the pool's threads.
pub(super) struct Compiler {
    threads: ThreadPool,
    turn: tokio::sync::Mutex<()>,
}

impl Compiler {
    pub fn new() -> Result<Compiler, OpenError> {
        let threads = ThreadPoolBuilder::new()
            .thread_name(|index| format!("compile-{index}"))
            .start_handler(|_| {
                // It may fail where a policy forbids it: then compiling is as urgent as the rest.
                let _ = rustix::process::nice(NICENESS);
            })
            .build()
            .map_err(|error| OpenError::Engine(error.to_string()))?;
        Ok(Compiler { threads, turn: tokio::sync::Mutex::new(()) })
    }

    /// Compiles `wasm` onto the shelf of its world. The work goes on to its end when the caller goes away.
    pub async fn add(&self, shelves: &[Arc<Shelf>], code: CodeId, wasm: bytes::Bytes) -> Result<(), PrepareError> {
        let world = check::world(&wasm)?;
        let shelf = shelves.iter().find(|shelf| shelf.world == world).expect("there is a shelf for each world").clone();
        let _turn = self.turn.lock().await;
        if shelf.holds(&code) {
            return Ok(());
        }
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.threads.spawn(move || {
            // The caller may have gone.
            let _ = sender.send(shelf.add(&code, &wasm));
        });
        receiver.await.unwrap_or_else(|_| Err(PrepareError::Unavailable("the compiler failed".to_owned())))
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

fn refused(error: wasmtime::Error) -> PrepareError {
    check::bad(format!("the component cannot run here: {error:#}"))
}

fn unavailable(error: io::Error) -> PrepareError {
    PrepareError::Unavailable(format!("the compiled component could not be written on this machine: {error}"))
}
