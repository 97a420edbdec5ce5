//! The embedded engine: one SQLite file.
//!
//! Start reading at [`Sqlite::apply`]. One connection writes, on the committer's thread; readers come from a pool; a thread
//! of its own moves the write-ahead log into the file (`checkpoint`).
//!
//! Settings and their reasons (measured 2026-11):
//! - WAL with `synchronous=FULL`: COMMIT returns after the sync, and readers see a commit no sooner.
//! - A rowid table with 4 KiB pages: as fast as WITHOUT ROWID at 300 B and twice as fast from 2 KB up.
//! - No checkpoint inside COMMIT: it stalls the committer.
//! - SQLite has no page checksums, so each value carries one (`row`).

mod checkpoint;
mod read;
mod recent;
mod reserve;
mod row;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::disk::Disk;
use crate::engine::{ApplyError, Changes, Engine, Limits, State, Version};
use crate::error::{Error, unavailable};
use crate::halt::Halt;
use crate::lock;
use checkpoint::Checkpointer;
use read::Readers;
use reserve::{Reserve, Room};

/// What this program writes, and the newest that it reads.
pub(crate) const FORMAT: i64 = 1;

/// A checkpoint holds the write lock for its last moments only; waiting longer than this means something is broken.
const BUSY_WAIT: Duration = Duration::from_secs(60);

/// Page cache of the writing connection.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS map (key BLOB NOT NULL UNIQUE, value BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT OR IGNORE INTO meta VALUES ('version', 0);
";

/// The version of the last batch that is in the state one reads.
const VERSION: &str = "SELECT value FROM meta WHERE name = 'version'";

#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("format {0}")]
    Newer(i64),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

pub(crate) struct Sqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Arc<Readers>,
    checkpointer: Checkpointer,
    reserve: Reserve,
    commit_delay: Duration,
}

/// How the engine is tuned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuning {
    /// The write-ahead log starts over once it is larger than this.
    pub wal_bytes: u64,
    /// Kept free, for deletes when the disk is full.
    pub reserve_bytes: u64,
    /// Added to each commit.
    pub commit_delay: Duration,
}

impl Sqlite {
    /// Opens or makes the map in a directory that this process alone has.
    pub(crate) fn open(
        disk: &dyn Disk,
        directory: &Path,
        tuning: Tuning,
        halt: &Arc<Halt>,
    ) -> Result<Sqlite, OpenError> {
        let path = directory.join("map.sqlite");
        let writer = Connection::open(&path)?;
        writer.busy_timeout(BUSY_WAIT)?;
        writer.execute_batch(&format!(
            "PRAGMA page_size = 4096;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA wal_autocheckpoint = 0;
             PRAGMA journal_size_limit = {};
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -{WRITER_CACHE_KIB};",
            tuning.wal_bytes
        ))?;
        check_format(&writer)?;
        writer.execute_batch(SCHEMA)?;
        writer.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?1)", params![FORMAT])?;
        disk.sync_dir(directory)?; // SQLite syncs the directory for its journals, not for the file
        let version = writer.query_row(VERSION, [], |row| row.get::<_, i64>(0))?;
        let readers = Arc::new(Readers::new(&path, Version(version.cast_unsigned())));
        let mover = read::connect(&path)?;
        let checkpointer = Checkpointer::start(mover, readers.clone(), tuning.wal_bytes, halt.clone())?;
        let reserve = Reserve::open(&path, tuning.reserve_bytes);
        let commit_delay = tuning.commit_delay;
        Ok(Sqlite { path, writer: Mutex::new(writer), readers, checkpointer, reserve, commit_delay })
    }

    fn version_on_disk(&self) -> Result<Version, rusqlite::Error> {
        let version = lock(&self.writer).query_row(VERSION, [], |row| row.get::<_, i64>(0))?;
        Ok(Version(version.cast_unsigned()))
    }

    fn write(&self, writer: &Connection, changes: &Changes, version: Version) -> Result<(), rusqlite::Error> {
        let mut put = writer.prepare_cached(
            "INSERT INTO map (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?;
        let mut delete = writer.prepare_cached("DELETE FROM map WHERE key = ?1")?;
        for (key, row) in changes {
            match row {
                Some(row) => put.execute(params![key.as_ref(), row::encode(key, row)])?,
                None => delete.execute(params![key.as_ref()])?,
            };
        }
        writer
            .prepare_cached("UPDATE meta SET value = ?1 WHERE name = 'version'")?
            .execute(params![version.0.cast_signed()])?;
        Ok(())
    }

    fn apply_once(&self, changes: &Arc<Changes>, version: Version) -> Result<(), ApplyError> {
        let writer = lock(&self.writer);
        let begun = writer.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([]));
        if let Err(error) = begun.and_then(|_| self.write(&writer, changes, version)) {
            return Err(self.roll_back(&writer, &error));
        }
        if !self.commit_delay.is_zero() {
            std::thread::sleep(self.commit_delay);
        }
        match writer.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])) {
            Ok(_) => {
                self.readers.committed(version, changes);
                self.checkpointer.wrote(changes);
                Ok(())
            }
            // The log could not grow: its frames have no commit mark, and no sync was tried.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                Err(self.roll_back(&writer, &error))
            }
            Err(error) => Err(ApplyError::Fatal(format!("COMMIT failed: {error}"))),
        }
    }

    /// For the write that found none: the log starts over, and the reserve is given up.
    fn make_room(&self) -> bool {
        let started_over = self.checkpointer.start_over(&lock(&self.writer));
        self.reserve.release() || started_over
    }

    /// After an error before COMMIT: takes everything back.
    fn roll_back(&self, writer: &Connection, error: &rusqlite::Error) -> ApplyError {
        let full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
        if !writer.is_autocommit()
            && let Err(error) = writer.execute_batch("ROLLBACK")
        {
            return ApplyError::Fatal(format!("rolling back failed: {error}"));
        }
        match full {
            true => ApplyError::RolledBack(Error::Full),
            false => ApplyError::RolledBack(unavailable(error)),
        }
    }
}

impl Engine for Sqlite {
    fn limits(&self) -> Limits {
        crate::LIMITS
    }

    fn snapshot(&self) -> Result<Box<dyn State + '_>, Error> {
        Ok(Box::new(self.readers.begin()?))
    }

    fn apply(&self, changes: &Arc<Changes>, version: Version) -> Result<(), ApplyError> {
        match self.apply_once(changes, version) {
            Err(ApplyError::RolledBack(Error::Full)) if self.make_room() => self.apply_once(changes, version),
            done => done,
        }
    }

    fn may_grow(&self, bytes: usize) -> bool {
        let room = self.reserve.room_for(bytes, || {
            let writer = lock(&self.writer);
            let free = writer.query_row("PRAGMA freelist_count", [], |row| row.get::<_, i64>(0));
            free.unwrap_or(0).max(0).cast_unsigned() * 4096
        });
        if room == Room::NoMore {
            self.checkpointer.start_over(&lock(&self.writer));
        }
        room == Room::Enough
    }

    fn version(&self) -> Result<Version, Error> {
        self.version_on_disk().map_err(unavailable)
    }

    fn backup(&self, to: &Path) -> Result<(), Error> {
        let copy = to.join("map.sqlite");
        let reader = read::connect(&self.path).map_err(unavailable)?;
        reader.execute("VACUUM INTO ?1", params![copy.to_string_lossy()]).map_err(unavailable)?;
        let synced = std::fs::File::open(&copy).and_then(|file| file.sync_all());
        synced.map_err(|error| crate::error::from_io("syncing the backup", &error))
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.checkpointer.stop();
    }
}

fn check_format(connection: &Connection) -> Result<(), OpenError> {
    let known: bool =
        connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'", [], |row| row.get(0))?;
    if !known {
        return Ok(());
    }
    let found = connection
        .query_row("SELECT value FROM meta WHERE name = 'format'", [], |row| row.get::<_, i64>(0))
        .optional()?;
    match found {
        Some(found) if found > FORMAT => Err(OpenError::Newer(found)),
        _ => Ok(()),
    }
}
