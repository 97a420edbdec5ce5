//! Opening a data directory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::clock::{Clock, SystemClock};
use crate::disk::{Disk, SystemDisk};
use crate::error::{Error, unavailable};
use crate::halt::{self, Halt, OnFatal};
use crate::seal::MasterKey;
use crate::sqlite::{self, Sqlite, Tuning};
use crate::store::{Parts, Store};

/// How a store is opened. The defaults are right but for tests and benchmarks.
#[derive(Clone)]
pub struct Options {
    pub clock: Arc<dyn Clock>,
    /// Writes the files of blobs and journal.
    pub disk: Arc<dyn Disk>,
    /// What to do after a failed sync: stop the process.
    pub on_fatal: OnFatal,
    /// The write-ahead log starts over above this size.
    pub wal_bytes: u64,
    /// Space kept for deletes when the disk is full.
    pub reserve_bytes: u64,
    /// Added to each sync of a commit, to see how a slower disk would do.
    pub commit_delay: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            clock: Arc::new(SystemClock::default()),
            disk: Arc::new(SystemDisk),
            on_fatal: halt::abort(),
            wal_bytes: 64 * 1024 * 1024, // above it a passive checkpoint never catches up (measured 2026-11)
            reserve_bytes: 16 * 1024 * 1024,
            commit_delay: Duration::ZERO,
        }
    }
}

/// Why a data directory was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{} is in use by another process: stop it first, or give another data directory", .directory.display())]
    InUse { directory: PathBuf },
    #[error(
        "the data directory has format {found}, and this version of Nought reads up to {known}: \
         use the version that wrote it, or a newer one"
    )]
    NewerFormat { found: i64, known: i64 },
    #[error(transparent)]
    Store(#[from] Error),
}

impl Store {
    /// Opens a data directory, or makes one. One process at a time can have it open.
    pub fn open(directory: &Path, options: Options) -> Result<Store, OpenError> {
        make_directory(directory)?;
        let lock = take_lock(directory)?;
        let halt = Halt::new(options.on_fatal);
        let master_key = MasterKey::open(options.disk.as_ref(), directory)?;
        let tuning = Tuning {
            wal_bytes: options.wal_bytes,
            reserve_bytes: options.reserve_bytes,
            commit_delay: options.commit_delay,
        };
        let engine = Sqlite::open(options.disk.as_ref(), directory, tuning, &halt).map_err(|error| match error {
            sqlite::OpenError::Newer(found) => OpenError::NewerFormat { found, known: sqlite::FORMAT },
            sqlite::OpenError::Sqlite(error) => OpenError::Store(unavailable(error)),
            sqlite::OpenError::Io(error) => OpenError::Store(crate::error::from_io("opening the map", &error)),
        })?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(unavailable)?;
        let parts = Parts {
            engine: Arc::new(engine),
            clock: options.clock,
            disk: options.disk,
            directory: directory.to_owned(),
            master_key,
            seed,
            halt,
            lock: Some(lock),
        };
        Ok(Store::start(parts)?)
    }
}

fn make_directory(directory: &Path) -> Result<(), Error> {
    let failed = |error: std::io::Error| crate::error::from_io("making the data directory", &error);
    if directory.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(directory).map_err(failed)?;
    if let Some(parent) = directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)?;
    }
    Ok(())
}

/// The lock goes with the process that holds it, however that ends.
fn take_lock(directory: &Path) -> Result<File, OpenError> {
    let failed = |error: std::io::Error| crate::error::from_io("locking the data directory", &error);
    let path = directory.join("lock");
    let file = File::options().write(true).create(true).truncate(false).open(path).map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::InUse { directory: directory.to_owned() }),
        Err(error) => Err(OpenError::Store(failed(error.into()))),
    }
}
