//! Moves the write-ahead log into the map's file, on a thread of its own.
//!
//! A passive checkpoint alone never lets the log start over while there is load (1 GB in 6 s, measured 2026-11), so above
//! a size the thread makes it restart.

use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::read::Readers;
use crate::engine::Changes;
use crate::halt::Halt;
use crate::lock;

const PAGE_BYTES: u64 = 4096;
/// Pages that a changed row writes, at most, where nothing splits: one of the table, one of the index.
const PAGES_PER_ROW: u64 = 2;
/// How much less a row may be taken to write than that, after a look at what rows did write: neighbours share pages.
const LESS_MAX: f64 = 8.0;
/// What the next rows may write more than the last ones before the log is looked at too late.
const MARGIN: f64 = 1.25;
/// Looks at the log while it grows to the size at which it starts over.
const LOOKS: u64 = 4;

pub(super) struct Checkpointer {
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    halt: Arc<Halt>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<Pending>,
    work: Condvar,
    /// Held by the checkpoint that runs: a second one gets SQLITE_BUSY at once, whatever the busy timeout is.
    running: Mutex<()>,
}

struct Pending {
    /// An estimate from above of what was written since the last look.
    bytes: u64,
    /// Look at the log when it reaches this.
    look_at: u64,
    stopped: bool,
}

impl Checkpointer {
    pub(super) fn start(
        connection: Connection,
        readers: Arc<Readers>,
        wal_bytes: u64,
        halt: Arc<Halt>,
    ) -> std::io::Result<Checkpointer> {
        let pending = Pending { bytes: 0, look_at: wal_bytes / LOOKS, stopped: false };
        let shared = Arc::new(Shared { state: Mutex::new(pending), work: Condvar::new(), running: Mutex::default() });
        let (mine, its_readers, its_halt) = (shared.clone(), readers.clone(), halt.clone());
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || run(&mine, &connection, &its_readers, wal_bytes, &its_halt))?;
        Ok(Checkpointer { shared, readers, halt, thread: Mutex::new(Some(thread)) })
    }

    /// Has the log start over at once, for a writer that finds no room to make it longer. Says whether it does.
    pub(super) fn start_over(&self, writer: &Connection) -> bool {
        let _alone = lock(&self.shared.running);
        let moved = self.readers.drained(|| move_log(writer, "RESTART"));
        if let Err(error) = &moved {
            report(error, &self.halt);
        }
        moved.is_ok_and(|log| log.moved)
    }

    pub(super) fn wrote(&self, changes: &Changes) {
        let bytes = |(key, row): (&bytes::Bytes, &Option<crate::engine::Row>)| {
            PAGES_PER_ROW * PAGE_BYTES + (key.len() + row.as_ref().map_or(0, |row| row.value.len())) as u64
        };
        let mut pending = lock(&self.shared.state);
        pending.bytes += changes.iter().map(bytes).sum::<u64>();
        if pending.bytes >= pending.look_at {
            self.shared.work.notify_one();
        }
    }

    pub(super) fn stop(&self) {
        lock(&self.shared.state).stopped = true;
        self.shared.work.notify_one();
        if let Some(thread) = lock(&self.thread).take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpoint thread of the store panicked");
        }
    }
}

fn run(shared: &Shared, connection: &Connection, readers: &Readers, wal_bytes: u64, halt: &Halt) {
    let mut in_log_before = 0;
    while let Some(estimated) = wait_for_work(shared) {
        if halt.check().is_err() {
            return;
        }
        match checkpoint(shared, connection, readers, wal_bytes) {
            Ok(in_log) => {
                // A log that started over since the last look does not tell what was written.
                let written = in_log.checked_sub(in_log_before).unwrap_or(estimated);
                in_log_before = in_log;
                lock(&shared.state).look_at = look_at(wal_bytes / LOOKS, estimated, written);
            }
            Err(error) => report(&error, halt),
        }
    }
}

/// Gives the estimate of what was written since the last time.
fn wait_for_work(shared: &Shared) -> Option<u64> {
    let mut pending = lock(&shared.state);
    while pending.bytes < pending.look_at && !pending.stopped {
        pending = shared.work.wait(pending).unwrap_or_else(std::sync::PoisonError::into_inner);
    }
    let estimated = std::mem::take(&mut pending.bytes);
    (!pending.stopped).then_some(estimated)
}

/// At which estimate `bytes` are written, if the next rows write about as many pages as the last ones.
fn look_at(bytes: u64, estimated: u64, written: u64) -> u64 {
    let less = estimated as f64 / (written as f64 * MARGIN).max(1.0);
    (bytes as f64 * less.clamp(1.0, LESS_MAX)) as u64
}

/// Moves what can be moved without anybody waiting; then, if the log is long, the rest, so that it starts over. Says how
/// large it was.
fn checkpoint(
    shared: &Shared,
    connection: &Connection,
    readers: &Readers,
    wal_bytes: u64,
) -> Result<u64, rusqlite::Error> {
    let _alone = lock(&shared.running);
    let in_log = readers.drained(|| move_log(connection, "PASSIVE"))?.bytes;
    if in_log >= wal_bytes {
        readers.drained(|| move_log(connection, "RESTART"))?;
    }
    Ok(in_log)
}

struct Log {
    bytes: u64,
    /// Whether nothing kept the checkpoint from its end.
    moved: bool,
}

fn move_log(connection: &Connection, mode: &str) -> Result<Log, rusqlite::Error> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let (busy, pages) = (row.get::<_, bool>(0)?, row.get::<_, i64>(1)?);
        Ok(Log { bytes: pages.max(0).cast_unsigned() * PAGE_BYTES, moved: !busy })
    })
}

/// A checkpoint that did not happen is tried again after the next writes; a sync that failed ends the process.
fn report(error: &rusqlite::Error, halt: &Halt) {
    use rusqlite::ErrorCode::{DatabaseBusy, DiskFull};
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DiskFull) => tracing::warn!(%error, "the write-ahead log could not be moved yet"),
        _ => halt.stop(&format!("a checkpoint failed: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_look_comes_after_about_as_much_as_is_wanted() {
        const WANTED: u64 = 1000;
        // The estimate of the last rows, what they wrote, and the estimate at which to look again.
        for (estimated, written, look) in
            [(1000, 1000, 1000), (1000, 2000, 1000), (1000, 400, 2000), (1000, 1, 8000), (1000, 0, 8000), (0, 0, 1000)]
        {
            assert_eq!(look_at(WANTED, estimated, written), look, "{estimated} estimated, {written} written");
        }
    }
}
