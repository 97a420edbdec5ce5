//! A full disk: what is kept free for it, and when writes go on.
//!
//! A file of fixed size holds space that nobody else can take. When the disk turns out full it is given up, so that deletes
//! still have room; transactions that grow the map are refused until there is space for the file again.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::lock;

/// A transaction writes its rows to the log and later to the file, in whole pages: this many times its size, at most,
/// and never less than [`ROOM_BYTES_MIN`].
const ROOM_PER_BYTE: u64 = 4;
const ROOM_BYTES_MIN: u64 = 1024 * 1024;
/// How often a full disk is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

pub(super) struct Reserve {
    directory: PathBuf,
    bytes: u64,
    given_up: Mutex<Option<Instant>>,
}

impl Reserve {
    /// On a disk that is already full the reserve is missing from the start.
    pub(super) fn open(directory: &Path, bytes: u64) -> Reserve {
        let reserve = Reserve { directory: directory.to_owned(), bytes, given_up: Mutex::new(None) };
        if !reserve.allocate() {
            reserve.release();
        }
        reserve
    }

    /// The disk is full: makes the reserved space available.
    pub(super) fn release(&self) {
        *lock(&self.given_up) = Some(Instant::now());
        if let Err(error) = std::fs::remove_file(self.path())
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the reserved space could not be given up");
        }
        tracing::warn!("the disk is full: writes are refused until there is space again");
    }

    /// Whether a transaction that grows the map by `bytes` may go on. `reusable` says how much of the map's file is free.
    pub(super) fn may_grow(&self, bytes: usize, reusable: impl FnOnce() -> u64) -> bool {
        let wanted = ROOM_BYTES_MIN.max(ROOM_PER_BYTE * bytes as u64);
        let mut given_up = lock(&self.given_up);
        match *given_up {
            None if self.room() >= wanted => true,
            None => {
                drop(given_up);
                self.release();
                false
            }
            Some(since) if since.elapsed() < LOOK_AGAIN => false,
            Some(_) if self.room() >= self.bytes + wanted && self.allocate() => {
                *given_up = None;
                tracing::info!("there is space again: writes go on");
                true
            }
            Some(_) => {
                *given_up = Some(Instant::now());
                reusable() > 2 * self.bytes
            }
        }
    }

    /// What the disk has free for us.
    fn room(&self) -> u64 {
        rustix::fs::statvfs(&self.directory).map_or(u64::MAX, |stat| stat.f_bavail * stat.f_frsize)
    }

    fn allocate(&self) -> bool {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(self.path());
        let allocated = file.and_then(|file| preallocate(&file, self.bytes));
        if allocated.is_err() {
            // A half-made reserve helps nobody; if it cannot be removed either, the next attempt completes it.
            let _ = std::fs::remove_file(self.path());
        }
        allocated.is_ok()
    }

    fn path(&self) -> PathBuf {
        self.directory.join("reserve")
    }
}

fn preallocate(file: &File, bytes: u64) -> std::io::Result<()> {
    Ok(rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes)?)
}
