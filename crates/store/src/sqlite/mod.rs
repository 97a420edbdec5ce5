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
mod reserve;
mod row;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use crate::engine::{ApplyError, Changes, Engine, Limits, Order, Range, Row, State, Version};
use crate::error::{Error, unavailable};
use crate::halt::Halt;
use crate::lock;
use checkpoint::Checkpointer;
use reserve::Reserve;

/// What this program writes, and the newest that it reads.
pub(crate) const FORMAT: i64 = 1;

/// Reader connections kept for reuse; more are opened when more read at once, and closed again.
const READERS_KEPT: usize = 8;

/// A checkpoint holds the write lock for its last moments only; waiting longer than this means something is broken.
const BUSY_WAIT: Duration = Duration::from_secs(60);

/// Page cache of the writing connection, and of each reader.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
const READER_CACHE_KIB: i64 = 4 * 1024;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS map (key BLOB NOT NULL UNIQUE, value BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT OR IGNORE INTO meta VALUES ('version', 0);
";

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
    readers: Mutex<Vec<Connection>>,
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
    pub(crate) fn open(directory: &Path, tuning: Tuning, halt: &Arc<Halt>) -> Result<Sqlite, OpenError> {
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
        std::fs::File::open(directory)?.sync_all()?; // SQLite syncs the directory for its journals, not for the file
        let checkpointer = Checkpointer::start(connect(&path)?, tuning.wal_bytes, halt.clone())?;
        let reserve = Reserve::open(directory, tuning.reserve_bytes);
        let commit_delay = tuning.commit_delay;
        Ok(Sqlite { path, writer: Mutex::new(writer), readers: Mutex::default(), checkpointer, reserve, commit_delay })
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

    /// After an error before COMMIT: takes everything back.
    fn roll_back(&self, writer: &Connection, error: &rusqlite::Error) -> ApplyError {
        let full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
        if !writer.is_autocommit()
            && let Err(error) = writer.execute_batch("ROLLBACK")
        {
            return ApplyError::Fatal(format!("rolling back failed: {error}"));
        }
        match full {
            true => {
                self.reserve.release();
                ApplyError::RolledBack(Error::Full)
            }
            false => ApplyError::RolledBack(unavailable(error)),
        }
    }
}

impl Engine for Sqlite {
    fn limits(&self) -> Limits {
        crate::LIMITS
    }

    fn snapshot(&self) -> Result<Box<dyn State + '_>, Error> {
        let kept = lock(&self.readers).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(&self.path).map_err(unavailable)?,
        };
        Ok(Box::new(SqliteState { engine: self, connection: Some(connection), begun: false }))
    }

    fn apply(&self, changes: &Changes, version: Version) -> Result<(), ApplyError> {
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

    fn may_grow(&self, bytes: usize) -> bool {
        self.reserve.may_grow(bytes, || {
            let writer = lock(&self.writer);
            let free = writer.query_row("PRAGMA freelist_count", [], |row| row.get::<_, i64>(0));
            free.unwrap_or(0).max(0).cast_unsigned() * 4096
        })
    }

    fn version(&self) -> Result<Version, Error> {
        let writer = lock(&self.writer);
        let version = writer.query_row("SELECT value FROM meta WHERE name = 'version'", [], |row| row.get::<_, i64>(0));
        Ok(Version(version.map_err(unavailable)?.cast_unsigned()))
    }

    fn backup(&self, to: &Path) -> Result<(), Error> {
        let copy = to.join("map.sqlite");
        let reader = connect(&self.path).map_err(unavailable)?;
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

/// A connection that reads, or moves the log.
fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{READER_CACHE_KIB};"
    ))?;
    Ok(connection)
}

/// A read transaction: it begins at the first read and ends in `drop`, for a pinned snapshot makes the log grow.
struct SqliteState<'a> {
    engine: &'a Sqlite,
    connection: Option<Connection>, // Invariant: `Some` until `drop`.
    begun: bool,
}

impl SqliteState<'_> {
    fn connection(&mut self) -> Result<&Connection, Error> {
        let connection = self.connection.as_ref().expect("the connection leaves in drop");
        if !self.begun {
            connection.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([])).map_err(unavailable)?;
            self.begun = true;
        }
        Ok(connection)
    }
}

impl State for SqliteState<'_> {
    fn get(&mut self, key: &[u8]) -> Result<Option<Row>, Error> {
        let mut select =
            self.connection()?.prepare_cached("SELECT value FROM map WHERE key = ?1").map_err(unavailable)?;
        let mut rows = select.query(params![key]).map_err(unavailable)?;
        match rows.next().map_err(unavailable)? {
            Some(found) => {
                let value = found.get_ref(0).and_then(|value| Ok(value.as_blob()?)).map_err(unavailable)?;
                row::decode(key, value).map(Some)
            }
            None => Ok(None),
        }
    }

    fn scan(&mut self, range: &Range, order: Order, limit: usize) -> Result<Vec<(Bytes, Row)>, Error> {
        let sql = match order {
            Order::Forward => "SELECT key, value FROM map WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3",
            Order::Reverse => "SELECT key, value FROM map WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3",
        };
        let mut select = self.connection()?.prepare_cached(sql).map_err(unavailable)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = select.query(params![range.from, range.to, limit]).map_err(unavailable)?;
        let mut found = Vec::new();
        while let Some(next) = rows.next().map_err(unavailable)? {
            let column = |index| next.get_ref(index).and_then(|value| Ok(value.as_blob()?)).map_err(unavailable);
            let key = Bytes::copy_from_slice(column(0)?);
            let row = row::decode(&key, column(1)?)?;
            found.push((key, row));
        }
        Ok(found)
    }
}

impl Drop for SqliteState<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let ended = match self.begun {
            true => connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])).map(|_| ()),
            false => Ok(()),
        };
        let mut readers = lock(&self.engine.readers);
        if ended.is_ok() && readers.len() < READERS_KEPT {
            readers.push(connection);
        }
    }
}
