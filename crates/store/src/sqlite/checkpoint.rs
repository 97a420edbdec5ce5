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
/// Pages that a changed row writes, about: one of the table, one of the index.
const PAGES_PER_ROW: u64 = 2;

pub(super) struct Checkpointer {
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    halt: Arc<Halt>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<Pending>,
    work: Condvar,
    /// Look at the log each time about this much was written.
    look_bytes: u64,
}

#[derive(Default)]
struct Pending {
    /// An estimate from above of what was written since the last look.
    bytes: u64,
    stopped: bool,
}

impl Checkpointer {
    pub(super) fn start(
        connection: Connection,
        readers: Arc<Readers>,
        wal_bytes: u64,
        halt: Arc<Halt>,
    ) -> std::io::Result<Checkpointer> {
        let shared = Shared { state: Mutex::default(), work: Condvar::new(), look_bytes: wal_bytes / 4 };
        let shared = Arc::new(shared);
        let (mine, its_readers, its_halt) = (shared.clone(), readers.clone(), halt.clone());
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || run(&mine, &connection, &its_readers, wal_bytes, &its_halt))?;
        Ok(Checkpointer { shared, readers, halt, thread: Mutex::new(Some(thread)) })
    }

    /// Has the log start over at once, for a writer that finds no room to make it longer. Says whether it does.
    pub(super) fn start_over(&self, writer: &Connection) -> bool {
        // Not PASSIVE, which gives way to a checkpoint under way on the other thread instead of waiting for it.
        let moved = self.readers.drained(|| frames(writer, "RESTART"));
        if let Err(error) = &moved {
            report(error, &self.halt);
        }
        moved.is_ok()
    }

    pub(super) fn wrote(&self, changes: &Changes) {
        let bytes = |(key, row): (&bytes::Bytes, &Option<crate::engine::Row>)| {
            PAGES_PER_ROW * PAGE_BYTES + (key.len() + row.as_ref().map_or(0, |row| row.value.len())) as u64
        };
        let mut pending = lock(&self.shared.state);
        pending.bytes += changes.iter().map(bytes).sum::<u64>();
        if pending.bytes >= self.shared.look_bytes {
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
    while wait_for_work(shared) {
        if halt.check().is_err() {
            return;
        }
        if let Err(error) = checkpoint(connection, readers, wal_bytes) {
            report(&error, halt);
        }
    }
}

fn wait_for_work(shared: &Shared) -> bool {
    let mut pending = lock(&shared.state);
    while pending.bytes < shared.look_bytes && !pending.stopped {
        pending = shared.work.wait(pending).unwrap_or_else(std::sync::PoisonError::into_inner);
    }
    pending.bytes = 0;
    !pending.stopped
}

/// Moves what can be moved without anybody waiting; then, if the log is long, the rest, so that it starts over.
fn checkpoint(connection: &Connection, readers: &Readers, wal_bytes: u64) -> Result<(), rusqlite::Error> {
    let in_log = readers.drained(|| frames(connection, "PASSIVE"))?;
    if in_log.max(0).cast_unsigned() * PAGE_BYTES >= wal_bytes {
        readers.drained(|| frames(connection, "RESTART"))?;
    }
    Ok(())
}

/// How many pages the log has.
fn frames(connection: &Connection, mode: &str) -> Result<i64, rusqlite::Error> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get(1))
}

/// A checkpoint that did not happen is tried again after the next writes; a sync that failed ends the process.
fn report(error: &rusqlite::Error, halt: &Halt) {
    use rusqlite::ErrorCode::{DatabaseBusy, DiskFull};
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DiskFull) => tracing::warn!(%error, "the write-ahead log could not be moved yet"),
        _ => halt.stop(&format!("a checkpoint failed: {error}")),
    }
}
