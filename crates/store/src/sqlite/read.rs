//! Reader connections, and the snapshots they hold.
//!
//! Beginning and ending a read transaction costs system calls, and a connection that sees a new commit throws its page cache
//! away. So a reader keeps its transaction when it goes back to the pool, and what was committed since is laid over the state
//! it sees (`recent`), until that is too much. A kept transaction holds the write-ahead log back: the checkpointer ends those
//! that are idle.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use rusqlite::{Connection, OpenFlags, params};

use super::recent::Recent;
use super::{BUSY_WAIT, VERSION, row};
use crate::engine::{Changes, Order, Range, Row, State, Version};
use crate::error::{Error, unavailable};
use crate::lock;
use crate::stage::merge;

/// Connections kept for reuse; more are opened when more read at once, and closed again.
const KEPT: usize = 8;
/// Page cache of each. (Mapping the file instead cost more: 61 against 34 us of CPU for a transaction, measured 2026-11.)
const CACHE_KIB: i64 = 8 * 1024;

pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Reader>>,
    recent: Mutex<Arc<Recent>>,
    /// How many checkpoints want the log to start over (the thread for them, a writer without room): no transaction is
    /// kept meanwhile.
    draining: AtomicUsize,
}

struct Reader {
    connection: Connection,
    /// Exactly the version that its transaction sees; `None` outside of one.
    begun: Option<Version>,
}

/// A connection that reads, or moves the log.
pub(super) fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{CACHE_KIB};"
    ))?;
    Ok(connection)
}

impl Readers {
    pub(super) fn new(path: &Path, version: Version) -> Readers {
        Readers {
            path: path.to_owned(),
            idle: Mutex::default(),
            recent: Mutex::new(Arc::new(Recent::starting_at(version))),
            draining: AtomicUsize::new(0),
        }
    }

    /// From now on snapshots have this version.
    pub(super) fn committed(&self, version: Version, changes: &Arc<Changes>) {
        let mut recent = Recent::clone(&lock(&self.recent)); // one thread commits, so nothing is lost in between
        recent.push(version, changes);
        let before = std::mem::replace(&mut *lock(&self.recent), Arc::new(recent));
        drop(before); // without the lock
    }

    pub(super) fn begin(&self) -> Result<Snapshot<'_>, Error> {
        let recent = lock(&self.recent).clone();
        let kept = lock(&self.idle).pop();
        let mut reader = match kept {
            Some(reader) => reader,
            None => Reader { connection: connect(&self.path).map_err(unavailable)?, begun: None },
        };
        if reader.begun.is_some_and(|begun| !recent.reaches_back_to(begun)) {
            reader.end().map_err(unavailable)?;
        }
        Ok(Snapshot { readers: self, reader: Some(reader), recent })
    }

    /// Runs a checkpoint while no reader keeps a transaction that it does not use.
    pub(super) fn drained<T>(
        &self,
        checkpoint: impl FnOnce() -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error> {
        self.draining.fetch_add(1, Ordering::SeqCst);
        let ended = lock(&self.idle).iter_mut().try_for_each(Reader::end);
        let result = ended.and_then(|()| checkpoint());
        self.draining.fetch_sub(1, Ordering::SeqCst);
        result
    }

    /// Takes a reader back. One that cannot end its transaction is closed instead.
    fn take_back(&self, mut reader: Reader) {
        let mut idle = lock(&self.idle); // taken before looking, so that `drained` either is seen or sees the reader
        let kept = self.draining.load(Ordering::SeqCst) == 0 || reader.end().is_ok();
        if kept && idle.len() < KEPT {
            idle.push(reader);
        }
    }
}

impl Reader {
    fn begin(&mut self) -> Result<Version, rusqlite::Error> {
        self.connection.prepare_cached("BEGIN")?.execute([])?;
        let version = self.connection.prepare_cached(VERSION)?.query_row([], |row| row.get::<_, i64>(0));
        match version {
            Ok(version) => Ok(*self.begun.insert(Version(version.cast_unsigned()))),
            Err(error) => {
                self.connection.execute_batch("ROLLBACK")?;
                Err(error)
            }
        }
    }

    fn end(&mut self) -> Result<(), rusqlite::Error> {
        if self.begun.take().is_some() {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(())
    }
}

/// A read transaction, which begins with the first read, under what was committed since it began.
pub(super) struct Snapshot<'a> {
    readers: &'a Readers,
    reader: Option<Reader>, // Invariant: `Some` until `drop`.
    recent: Arc<Recent>,
}

impl Snapshot<'_> {
    /// A connection within its transaction, and the version that this one sees. It may be newer than `recent`, which then
    /// has nothing to lay over it.
    fn begun(&mut self) -> Result<(&Connection, Version), Error> {
        let reader = self.reader.as_mut().expect("the reader leaves in drop");
        let version = match reader.begun {
            Some(version) => version,
            None => reader.begin().map_err(unavailable)?,
        };
        Ok((&reader.connection, version))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.readers.take_back(reader);
        }
    }
}

impl State for Snapshot<'_> {
    fn as_of(&self) -> Version {
        self.recent.version
    }

    fn get(&mut self, key: &[u8]) -> Result<Option<Row>, Error> {
        let recent = self.recent.clone();
        let (connection, version) = self.begun()?;
        if let Some(row) = recent.get(version, key) {
            return Ok(row.clone());
        }
        let mut select = connection.prepare_cached("SELECT value FROM map WHERE key = ?1").map_err(unavailable)?;
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
        let recent = self.recent.clone();
        let (connection, version) = self.begun()?;
        let over = recent.within(version, range);
        let deleted = over.values().filter(|row| row.is_none()).count();
        let under = scan_table(connection, range, order, limit.saturating_add(deleted))?;
        Ok(merge(under, over, order, limit))
    }
}

fn scan_table(connection: &Connection, range: &Range, order: Order, limit: usize) -> Result<Vec<(Bytes, Row)>, Error> {
    let sql = match order {
        Order::Forward => "SELECT key, value FROM map WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3",
        Order::Reverse => "SELECT key, value FROM map WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3",
    };
    let mut select = connection.prepare_cached(sql).map_err(unavailable)?;
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
