//! A full disk: what is kept free for it, and when writes go on.
//!
//! A file of fixed size holds space that nobody else can take. On a disk with too little room, transactions that grow the
//! map are refused; the file stays until a write that is not refused (a delete) finds no room at all, and gives its space
//! to that one. Growth is allowed again when there is room for both. From the first refusal on the log must be short: what
//! it holds moves to the map's file while there is room for that, and deletes then write into the log's own space.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::lock;

/// A transaction writes its rows to the log and later to the file, in whole pages: this many times its size, at most,
/// and never less than [`ROOM_BYTES_MIN`]. What the log holds already needs room in the file, too: without it the log could
/// never start over, and even deletes would come to an end.
const ROOM_PER_BYTE: u64 = 4;
const ROOM_BYTES_MIN: u64 = 1024 * 1024;
/// How often a full disk is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// For how long what was seen of a disk with room is believed: a look costs two system calls (5 % of a transaction). Who fills
/// it meanwhile makes a write find no room, and that write has the reserve.
const BELIEVED: Duration = Duration::from_millis(10);
/// What a transaction takes of the room that was seen, at least: a few pages in the log and in the file.
const TAKEN_BYTES_MIN: u64 = 64 * 1024;

pub(super) struct Reserve {
    directory: PathBuf,
    /// The map's write-ahead log.
    log: PathBuf,
    bytes: u64,
    growth: Mutex<Growth>,
}

enum Growth {
    /// There was room for this many bytes when the disk was looked at.
    Allowed { left: u64, seen: Instant },
    /// There was none when the disk was last looked at.
    Refused { seen: Instant },
}

/// What a transaction that grows the map is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    Enough,
    /// Too little, for the first time.
    NoMore,
    None,
}

impl Reserve {
    /// On a disk that is already full the reserve is missing from the start.
    pub(super) fn open(map: &Path, bytes: u64) -> Reserve {
        let directory = map.parent().unwrap_or(Path::new("."));
        let mut log = map.as_os_str().to_owned();
        log.push("-wal");
        let growth = Mutex::new(Growth::Allowed { left: 0, seen: Instant::now() });
        let reserve = Reserve { directory: directory.to_owned(), log: log.into(), bytes, growth };
        if !reserve.allocate() {
            let _ = refuse(&mut lock(&reserve.growth));
        }
        reserve
    }

    /// A write found no room: makes the reserved space available. Says whether there was any.
    pub(super) fn release(&self) -> bool {
        let _ = refuse(&mut lock(&self.growth));
        match std::fs::remove_file(self.path()) {
            Ok(()) => true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => {
                tracing::warn!(%error, "the reserved space could not be given up");
                false
            }
        }
    }

    /// Whether a transaction that grows the map by `bytes` may go on. `reusable` says how much of the map's file is free.
    pub(super) fn room_for(&self, bytes: usize, reusable: impl FnOnce() -> u64) -> Room {
        let taken = TAKEN_BYTES_MIN.max(ROOM_PER_BYTE * bytes as u64);
        let mut growth = lock(&self.growth);
        match &mut *growth {
            Growth::Allowed { left, seen } if *left >= taken && seen.elapsed() < BELIEVED => {
                *left -= taken;
                Room::Enough
            }
            Growth::Allowed { .. } => match self.room().checked_sub(self.wanted(bytes)) {
                Some(left) => {
                    *growth = Growth::Allowed { left, seen: Instant::now() };
                    Room::Enough
                }
                None => refuse(&mut growth),
            },
            Growth::Refused { seen } if seen.elapsed() < LOOK_AGAIN => Room::None,
            Growth::Refused { .. } if self.room() >= self.missing() + self.wanted(bytes) && self.allocate() => {
                *growth = Growth::Allowed { left: 0, seen: Instant::now() };
                tracing::info!("there is space again: writes go on");
                Room::Enough
            }
            Growth::Refused { seen } => {
                *seen = Instant::now();
                if reusable() > 2 * self.bytes { Room::Enough } else { Room::None }
            }
        }
    }

    /// The room without which a transaction that grows the map by `bytes` is refused.
    fn wanted(&self, bytes: usize) -> u64 {
        let log_bytes = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        log_bytes + ROOM_BYTES_MIN.max(ROOM_PER_BYTE * bytes as u64)
    }

    /// How much of the reserve is not there.
    fn missing(&self) -> u64 {
        match self.path().exists() {
            true => 0,
            false => self.bytes,
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

fn refuse(growth: &mut Growth) -> Room {
    let before = std::mem::replace(growth, Growth::Refused { seen: Instant::now() });
    match before {
        Growth::Allowed { .. } => {
            tracing::warn!("the disk is full: writes are refused until there is space again");
            Room::NoMore
        }
        Growth::Refused { .. } => Room::None,
    }
}

fn preallocate(file: &File, bytes: u64) -> std::io::Result<()> {
    Ok(rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes)?)
}
