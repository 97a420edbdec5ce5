//! The journal: records of many streams in the order of their coming (log lines, trace spans). Not part of the map.
//!
//! Start reading at [`Journal::append`] and [`Journal::read`]. Records go into segment files, one after the other; a stream
//! is only a name in its records, so any number of streams costs nothing. By convention a stream's name is its group,
//! a NUL and the rest: each block of a segment is indexed by group and time, so reading a group skips what has none of it.
//!
//! Always true:
//! - A record that was appended is read back at once, and is durable within [`SYNC_EVERY`]: that second is what a crash
//!   can take. What [`Journal::sync`] has returned for is durable.
//! - After a crash a segment ends with its last whole record.
//! - What is too old goes in whole segments ([`Journal::drop_before`]).

mod index;
mod read;
mod record;
mod streams;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use crate::clock::{Clock, Timestamp};
use crate::disk::{self, Disk, DiskFile};
use crate::error::{Error, from_io};
use crate::halt::Halt;
use crate::lock;
use index::Index;
use streams::Streams;

pub use read::{Page, Position, Query, Record};
pub use streams::Totals;

/// How long an appended record may stay unsynced.
pub const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Longest record (CloudWatch Logs takes events of 1 MiB; read 2026-11-24), and longest stream name.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;
pub const STREAM_BYTES_MAX: usize = 2048;

/// A segment is closed at this size, and when its hour is over.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
const SEGMENT_TIME: Duration = Duration::from_secs(3600);
/// Records wait in memory until there are this many bytes of them, or until the next sync.
const BUFFER_BYTES: usize = 64 * 1024;
/// While the disk is slow or full, this much waits; then appending waits for it, or is refused.
const BUFFER_BYTES_MAX: usize = 8 * 1024 * 1024;

pub struct Journal {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    clock: Arc<dyn Clock>,
    halt: Arc<Halt>,
    state: Mutex<State>,
    /// The file of the open segment. Taken before `state` by whoever writes, and held through a sync, which appending
    /// does not wait for.
    file: Mutex<Option<Box<dyn DiskFile>>>,
    appended: watch::Sender<()>,
}

struct State {
    /// By number, in the order of their making; the last one is open.
    segments: BTreeMap<u64, Segment>,
    /// The open segment's records that are not in its file yet: those being written, and those after them.
    writing: Bytes,
    buffer: Vec<u8>,
    /// Something was written to the file, or waits for it, since the last sync.
    dirty: bool,
}

struct Segment {
    /// `None` until it is needed, for those that were closed by an earlier process.
    index: Option<Arc<Index>>,
    /// Of the open segment; those of the others are in their files.
    streams: Streams,
    /// When it was begun.
    begun: Timestamp,
    /// Of whole records in the file.
    written: u64,
    last: Option<Timestamp>,
}

impl Journal {
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        parent: &Path,
        clock: Arc<dyn Clock>,
        halt: Arc<Halt>,
    ) -> Result<Journal, Error> {
        let directory = parent.join("journal");
        let failed = |error: io::Error| from_io("opening the journal", &error);
        disk.create_dir(&directory).and_then(|()| disk.sync_dir(parent)).map_err(failed)?;
        let segments = recover(disk.as_ref(), &directory).map_err(failed)?;
        let next = segments.keys().last().map_or(1, |last| last + 1);
        let mut state = State { segments, writing: Bytes::new(), buffer: Vec::new(), dirty: false };
        let file = begin_segment(disk.as_ref(), &directory, next).map_err(failed)?;
        state.segments.insert(next, Segment::new(clock.now()));
        let (state, file) = (Mutex::new(state), Mutex::new(Some(file)));
        Ok(Journal { disk, directory, clock, halt, state, file, appended: watch::Sender::new(()) })
    }

    /// Appends a record. Its own time is the first of those that it covers; it need not grow.
    pub fn append(&self, stream: &str, times: &RangeInclusive<Timestamp>, bytes: &[u8]) -> Result<(), Error> {
        let at = *times.start();
        self.halt.check()?;
        at_most("a journal record", bytes.len(), RECORD_BYTES_MAX)?;
        at_most("the name of a journal stream", stream.len(), STREAM_BYTES_MAX)?;
        if lock(&self.state).buffer.len() > BUFFER_BYTES_MAX {
            self.flush(&mut lock(&self.file))?; // waits for a slow disk; a full one refuses
        }
        let mut state = lock(&self.state);
        let before = state.buffer.len();
        record::encode(&mut state.buffer, stream, at, bytes);
        let length = state.buffer.len() - before;
        let open = state.open();
        Arc::make_mut(open.index.get_or_insert_default()).add(stream, at, length);
        open.streams.add(stream, times, bytes.len());
        open.last = open.last.max(Some(at));
        state.dirty = true;
        let flush = state.buffer.len() >= BUFFER_BYTES;
        drop(state);
        self.appended.send_replace(());
        if flush && let Ok(mut file) = self.file.try_lock() {
            self.flush(&mut file)?;
        }
        Ok(())
    }

    /// Makes durable what was appended before the call, and closes a segment that is long or old.
    pub fn sync(&self) -> Result<(), Error> {
        let mut file = lock(&self.file);
        let dirty = std::mem::take(&mut lock(&self.state).dirty);
        if dirty && let Err(error) = self.flush(&mut file).and_then(|()| self.sync_file(&mut file)) {
            lock(&self.state).dirty = true;
            return Err(error);
        }
        let (begun, written) = {
            let mut state = lock(&self.state);
            let open = state.open();
            (open.begun, open.written)
        };
        match written >= SEGMENT_BYTES || hour(begun) != hour(self.clock.now()) {
            true => self.roll(&mut file),
            false => Ok(()),
        }
    }

    /// Drops the closed segments whose last record is older than this; says how many.
    pub fn drop_before(&self, oldest: Timestamp) -> Result<usize, Error> {
        let _writer = lock(&self.file);
        let old: Vec<u64> = {
            let state = lock(&self.state);
            let open = state.segments.keys().last().copied();
            let old = |(_, segment): &(&u64, &Segment)| segment.last.is_none_or(|last| last < oldest);
            state
                .segments
                .iter()
                .filter(old)
                .map(|(number, _)| *number)
                .filter(|number| Some(*number) != open)
                .collect()
        };
        for number in &old {
            lock(&self.state).segments.remove(number);
            for name in [segment_name(*number), index_name(*number), streams_name(*number)] {
                match self.disk.remove(&self.directory.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(from_io("dropping a journal segment", &error));
                    }
                    _ => {}
                }
            }
        }
        Ok(old.len())
    }

    /// Hears of records appended from now on.
    pub fn watch(&self) -> JournalWatch {
        JournalWatch(self.appended.subscribe())
    }

    /// Copies all segments for a backup.
    pub(crate) fn copy_all(&self, to: &Path) -> Result<(), Error> {
        self.sync()?;
        let _writer = lock(&self.file);
        let failed = |error: io::Error| from_io("copying the journal", &error);
        let to = to.join("journal");
        std::fs::create_dir_all(&to).map_err(failed)?;
        for name in self.disk.list(&self.directory).map_err(failed)? {
            crate::blob::copy_synced(&self.directory.join(&name), &to.join(&name)).map_err(failed)?;
        }
        std::fs::File::open(&to).and_then(|directory| directory.sync_all()).map_err(failed)
    }

    /// Writes what is buffered. On failure it stays buffered, and the file ends with whole records.
    fn flush(&self, file: &mut MutexGuard<'_, Option<Box<dyn DiskFile>>>) -> Result<(), Error> {
        let file = file.as_mut().ok_or_else(|| Error::Unavailable("the journal has no open segment".to_owned()))?;
        let (writing, written) = {
            let mut state = lock(&self.state);
            state.writing = Bytes::from(std::mem::take(&mut state.buffer));
            (state.writing.clone(), state.open().written)
        };
        let result = file.write(&writing);
        let mut state = lock(&self.state);
        state.writing = Bytes::new();
        match result {
            Ok(()) => {
                state.open().written += writing.len() as u64;
                Ok(())
            }
            Err(error) => {
                let later = std::mem::take(&mut state.buffer);
                state.buffer = [writing.as_ref(), &later].concat();
                drop(state);
                if let Err(error) = file.truncate(written) {
                    self.halt.stop(&format!("the journal could not be cut to its last whole record: {error}"));
                }
                Err(from_io("writing the journal", &error))
            }
        }
    }

    fn sync_file(&self, file: &mut MutexGuard<'_, Option<Box<dyn DiskFile>>>) -> Result<(), Error> {
        let synced = file.as_mut().map_or(Ok(()), |file| file.sync());
        synced.map_err(|error| {
            self.halt.stop(&format!("syncing the journal failed: {error}"));
            Error::Unknown
        })
    }

    /// Closes the open segment and begins the next one. Appending waits meanwhile, so that records keep their places.
    fn roll(&self, file: &mut MutexGuard<'_, Option<Box<dyn DiskFile>>>) -> Result<(), Error> {
        let failed = |error: io::Error| from_io("beginning a journal segment", &error);
        let mut state = lock(&self.state);
        let number = *state.segments.keys().last().expect("one segment is always open");
        if !state.buffer.is_empty() {
            return Ok(()); // busy at this very moment: the next sync finds it a record or two longer
        }
        if state.open().written == 0 {
            state.open().begun = self.clock.now();
            return Ok(());
        }
        **file = Some(begin_segment(self.disk.as_ref(), &self.directory, number + 1).map_err(failed)?);
        let index = state.open().index.clone().unwrap_or_default();
        let streams = std::mem::take(&mut state.open().streams);
        state.segments.insert(number + 1, Segment::new(self.clock.now()));
        drop(state);
        // Without its indexes a segment is read through when they are needed: a loss of time only.
        let indexed = write_index(self.disk.as_ref(), &self.directory, &index_name(number), &index.encode());
        let listed = write_index(self.disk.as_ref(), &self.directory, &streams_name(number), &streams.encode());
        if let Err(error) = indexed.and(listed) {
            tracing::warn!(%error, "the index of a journal segment could not be written");
        }
        if let Some(closed) = lock(&self.state).segments.get_mut(&number) {
            closed.index = None; // read again from its file when it is needed
        }
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(error) = self.sync() {
            tracing::error!(%error, "the journal could not be synced at the end");
        }
    }
}

/// See [`Journal::watch`].
pub struct JournalWatch(watch::Receiver<()>);

impl JournalWatch {
    /// Returns once something was appended since the watch was made or since the last return; `false` once the journal
    /// is closed.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

impl State {
    fn open(&mut self) -> &mut Segment {
        self.segments.values_mut().next_back().expect("one segment is always open")
    }
}

impl Segment {
    fn new(begun: Timestamp) -> Segment {
        Segment { index: None, streams: Streams::default(), begun, written: 0, last: None }
    }
}

/// Finds the segments of earlier processes, cuts torn ends, and gives those an index that were not closed.
fn recover(disk: &dyn Disk, directory: &Path) -> io::Result<BTreeMap<u64, Segment>> {
    let mut segments = BTreeMap::new();
    for name in disk.list(directory)? {
        let Some(number) = name.strip_suffix(".log").and_then(|stem| u64::from_str_radix(stem, 16).ok()) else {
            continue;
        };
        let path = directory.join(&name);
        let found = disk::read(disk, &directory.join(index_name(number))).ok();
        let length = disk.length(&path)?;
        let index = match found.and_then(|bytes| Index::decode(&bytes)) {
            Some(index) if index.length() == length => index,
            _ => recover_index(disk, directory, number)?,
        };
        if index.blocks.is_empty() {
            disk.remove(&path)?;
            continue;
        }
        let last = index.last();
        let (streams, begun, written) = (Streams::default(), Timestamp::default(), index.length());
        let segment = Segment { index: None, streams, begun, written, last };
        segments.insert(number, segment);
    }
    Ok(segments)
}

fn recover_index(disk: &dyn Disk, directory: &Path, number: u64) -> io::Result<Index> {
    let path = directory.join(segment_name(number));
    let content = Bytes::from(disk::read(disk, &path)?);
    let index = Index::rebuild(&content);
    if index.length() < content.len() as u64 {
        tracing::warn!(
            segment = number,
            bytes = content.len() as u64 - index.length(),
            "cut the torn end of the journal"
        );
        let mut file = disk.append(&path)?;
        file.truncate(index.length())?; // not synced: a torn end that comes back is cut again
    }
    if !index.blocks.is_empty() {
        write_index(disk, directory, &index_name(number), &index.encode())?;
        write_index(disk, directory, &streams_name(number), &Streams::rebuild(&content).encode())?;
    }
    Ok(index)
}

fn begin_segment(disk: &dyn Disk, directory: &Path, number: u64) -> io::Result<Box<dyn DiskFile>> {
    let path = directory.join(segment_name(number));
    let file = match disk.create(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mut file = disk.append(&path)?; // left by an attempt that failed after making it
            file.truncate(0)?;
            file
        }
        other => other?,
    };
    disk.sync_dir(directory)?;
    Ok(file)
}

fn write_index(disk: &dyn Disk, directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let (unfinished, path) = (directory.join("index.new"), directory.join(name));
    if disk.length(&unfinished).is_ok() {
        disk.remove(&unfinished)?;
    }
    let mut file = disk.create(&unfinished)?;
    file.write(content)?; // not synced: its checksum tells a torn one, which is made again
    disk.rename(&unfinished, &path)
}

fn segment_name(number: u64) -> String {
    format!("{number:016x}.log")
}

fn index_name(number: u64) -> String {
    format!("{number:016x}.index")
}

fn streams_name(number: u64) -> String {
    format!("{number:016x}.streams")
}

fn hour(at: Timestamp) -> i64 {
    at.millis().div_euclid(i64::try_from(SEGMENT_TIME.as_millis()).expect("an hour is not long"))
}

fn at_most(what: &'static str, given: usize, allowed: usize) -> Result<(), Error> {
    match given <= allowed {
        true => Ok(()),
        false => Err(Error::TooLarge { what, given, allowed }),
    }
}
