//! Bodies: bytes that are written once, read many times, and too large or too many for rows.
//!
//! Start reading at [`Blobs::put`] and [`Blobs::write`]. A blob is made first and kept second: `put` gives a [`BlobRef`],
//! and [`Tx::keep_blob`] makes it last, in the same commit as the row that names it. One that is never kept is gone with
//! the process that made it.
//!
//! Up to [`SMALL_BYTES_MAX`] the body is a row and costs no sync of its own. Larger ones are files: written, synced, renamed,
//! and their directory synced, before `put` returns.
//!
//! Always true:
//! - A blob that was kept is there and whole until [`Tx::drop_blob`] is committed, and [`GRACE`] longer, for those who
//!   still read it.
//! - Names carry the epoch of the process that made them, so the collector knows which unkept files nobody can keep any
//!   more: those of earlier epochs.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::disk::{Disk, DiskFile};
use crate::engine::{Order, Range};
use crate::error::{Error, from_io};
use crate::halt::Halt;
use crate::key::{Key, Parser, Space};
use crate::store::Inner;
use crate::tx::{Read, Tx};
use crate::wait;

/// Up to this size a body lives in the map.
pub const SMALL_BYTES_MAX: usize = 64 * 1024;

/// How long a dropped blob stays for those who learned of it before.
pub const GRACE: Duration = Duration::from_secs(300);

/// Files are spread over this many directories.
const DIRECTORIES: u64 = 256;
/// Garbage rows taken in one transaction.
const COLLECT_ROWS_MAX: usize = 256;
/// What a streamed read asks the disk for at a time.
const READ_BYTES: usize = 256 * 1024;

/// Names a blob. Rows hold it as text (`to_string`, [`BlobRef::parse`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlobRef {
    epoch: u64,
    number: u64,
    pub length: u64,
    pub sha256: [u8; 32],
    /// The body of a small one that is not in the map yet.
    unkept: Option<Bytes>,
}

impl BlobRef {
    /// Reads what `to_string` wrote.
    pub fn parse(text: &str) -> Option<BlobRef> {
        let mut parts = text.split('-');
        let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
        let (epoch, of_epoch, length) = (number()?, number()?, number()?);
        let sha256 = from_hex(parts.next()?)?;
        match parts.next() {
            None => Some(BlobRef { epoch, number: of_epoch, length, sha256, unkept: None }),
            Some(_) => None,
        }
    }

    fn is_small(&self) -> bool {
        self.length <= SMALL_BYTES_MAX as u64
    }

    fn row_key(&self) -> Vec<u8> {
        row_key(self.epoch, self.number)
    }
}

impl fmt::Display for BlobRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:x}-{:x}-{:x}-", self.epoch, self.number, self.length)?;
        self.sha256.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl Tx<'_> {
    /// Makes a blob last: call it in the transaction that writes its name into a row.
    pub fn keep_blob(&mut self, blob: &BlobRef) {
        let row = blob.unkept.clone().unwrap_or_default();
        self.put_bytes(Bytes::from(blob.row_key()), row);
    }

    /// Lets a blob go: call it in the transaction that deletes its name.
    pub fn drop_blob(&mut self, blob: &BlobRef) {
        self.delete(blob.row_key());
        if !blob.is_small() {
            let due = self.now() + GRACE;
            self.put(garbage_key(due, blob.epoch, blob.number), Vec::new());
        }
    }
}

/// Where the files are, and the numbers for new ones.
pub(crate) struct BlobFiles {
    pub(crate) disk: Arc<dyn Disk>,
    directory: PathBuf,
    epoch: u64,
    next: AtomicU64,
    halt: Arc<Halt>,
    /// The collector writes, a backup reads.
    collecting: RwLock<()>,
}

impl BlobFiles {
    pub(crate) fn open(disk: Arc<dyn Disk>, parent: &Path, epoch: u64, halt: Arc<Halt>) -> Result<BlobFiles, Error> {
        let directory = parent.join("blobs");
        let made = disk.create_dir(&directory).and_then(|()| {
            for number in 0..DIRECTORIES {
                disk.create_dir(&directory.join(format!("{number:02x}")))?;
            }
            disk.sync_dir(&directory)?;
            disk.sync_dir(parent)
        });
        made.map_err(|error| from_io("making the directories of the blobs", &error))?;
        Ok(BlobFiles { disk, directory, epoch, next: AtomicU64::new(0), halt, collecting: RwLock::new(()) })
    }

    fn directory_of(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{:02x}", number % DIRECTORIES))
    }

    fn path(&self, epoch: u64, number: u64) -> PathBuf {
        self.directory_of(number).join(file_name(epoch, number))
    }

    /// A failed sync ends the process: the kernel reports it once, and the next sync would seem to succeed.
    fn synced(&self, what: &str, result: io::Result<()>) -> Result<(), Error> {
        result.map_err(|error| {
            self.halt.stop(&format!("syncing {what} failed: {error}"));
            Error::Unknown
        })
    }
}

/// The blobs of a store. Its calls use the disk and may wait for it.
#[derive(Clone, Copy)]
pub struct Blobs<'a>(pub(crate) &'a Arc<Inner>);

impl<'a> Blobs<'a> {
    fn files(&self) -> &'a BlobFiles {
        &self.0.blobs
    }

    /// Makes a blob of a body that is in memory.
    pub fn put(&self, body: Bytes) -> Result<BlobRef, Error> {
        let mut writer = self.write();
        match body.len() <= SMALL_BYTES_MAX {
            true => Ok(writer.named(Sha256::digest(&body).into(), body.len() as u64, Some(body))),
            false => {
                writer.write(&body)?;
                writer.finish()
            }
        }
    }

    /// Makes a blob of a body that comes in pieces. At most [`SMALL_BYTES_MAX`] of it are held in memory.
    pub fn write(&self) -> BlobWriter {
        let number = self.files().next.fetch_add(1, Ordering::Relaxed);
        BlobWriter {
            store: self.0.clone(),
            number,
            length: 0,
            hash: Sha256::new(),
            held: BytesMut::new(),
            file: None,
            renamed: false,
        }
    }

    /// Deletes the file of a blob that was made and is never going to be kept. The next start would do it, too.
    pub fn discard(&self, blob: &BlobRef) -> Result<(), Error> {
        if blob.is_small() {
            return Ok(());
        }
        match self.files().disk.remove(&self.files().path(blob.epoch, blob.number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(from_io("deleting a blob", &error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The whole body, checked against its hash.
    pub fn read(&self, blob: &BlobRef) -> Result<Bytes, Error> {
        let mut reader = self.open(blob)?;
        let mut body = BytesMut::with_capacity(usize::try_from(blob.length).unwrap_or(0));
        while let Some(piece) = reader.next()? {
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }

    /// The body piece by piece.
    pub fn open(&self, blob: &BlobRef) -> Result<BlobReader, Error> {
        let source = self.source(blob)?;
        Ok(BlobReader { source, read: 0, end: blob.length, hash: Some(Sha256::new()), blob: blob.clone() })
    }

    /// A part of the body, piece by piece. It is not checked against the hash, which is that of the whole: for those who
    /// check their pieces themselves.
    pub fn open_part(&self, blob: &BlobRef, part: std::ops::Range<u64>) -> Result<BlobReader, Error> {
        let (read, end) = (part.start.min(blob.length), part.end.min(blob.length));
        Ok(BlobReader { source: self.source(blob)?, read, end, hash: None, blob: blob.clone() })
    }

    fn source(&self, blob: &BlobRef) -> Result<Source, Error> {
        let files = self.files();
        Ok(match (&blob.unkept, blob.is_small()) {
            (Some(body), _) => Source::Memory(body.clone()),
            (None, true) => match self.0.read(|snapshot| snapshot.get(&blob.row_key()))? {
                Some(body) => Source::Memory(body),
                None => return Err(gone(blob)),
            },
            (None, false) => {
                let path = files.path(blob.epoch, blob.number);
                match files.disk.length(&path) {
                    Ok(_) => Source::File(files.disk.clone(), path),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(gone(blob)),
                    Err(error) => return Err(from_io("opening a blob", &error)),
                }
            }
        })
    }

    /// The file of a blob, for those who can read it in place; `None` for one that lives in the map.
    pub fn path(&self, blob: &BlobRef) -> Option<PathBuf> {
        (!blob.is_small()).then(|| self.files().path(blob.epoch, blob.number))
    }
}

/// A blob that is being written. Dropped before [`BlobWriter::finish`] it leaves nothing.
pub struct BlobWriter {
    store: Arc<Inner>,
    number: u64,
    length: u64,
    hash: Sha256,
    /// The body, while it is small.
    held: BytesMut,
    file: Option<Box<dyn DiskFile>>,
    renamed: bool,
}

impl BlobWriter {
    fn files(&self) -> &BlobFiles {
        &self.store.blobs
    }

    pub fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.hash.update(piece);
        self.length += piece.len() as u64;
        if self.length <= SMALL_BYTES_MAX as u64 {
            self.held.extend_from_slice(piece);
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        let written = self.file().and_then(|file| {
            file.write(&held)?;
            file.write(piece)
        });
        written.map_err(|error| from_io("writing a blob", &error))
    }

    /// The blob, durable if it is a file.
    pub fn finish(mut self) -> Result<BlobRef, Error> {
        let sha256 = self.hash.clone().finalize().into();
        let length = self.length;
        let Some(mut file) = self.file.take() else {
            let body = std::mem::take(&mut self.held).freeze();
            return Ok(self.named(sha256, length, Some(body)));
        };
        self.files().synced("a blob", file.sync())?;
        let path = self.files().path(self.files().epoch, self.number);
        self.files().disk.rename(&self.unfinished(), &path).map_err(|error| from_io("naming a blob", &error))?;
        self.renamed = true;
        let directory = self.files().directory_of(self.number);
        self.files().synced("the directory of a blob", self.files().disk.sync_dir(&directory))?;
        Ok(self.named(sha256, length, None))
    }

    fn named(&mut self, sha256: [u8; 32], length: u64, unkept: Option<Bytes>) -> BlobRef {
        BlobRef { epoch: self.files().epoch, number: self.number, length, sha256, unkept }
    }

    fn unfinished(&self) -> PathBuf {
        self.files().path(self.files().epoch, self.number).with_extension("new")
    }

    fn file(&mut self) -> io::Result<&mut dyn DiskFile> {
        if self.file.is_none() {
            self.file = Some(self.files().disk.create(&self.unfinished())?);
        }
        Ok(self.file.as_mut().expect("made above").as_mut())
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if self.length > SMALL_BYTES_MAX as u64 && !self.renamed {
            // What stays behind after an error here is collected with the epoch.
            let _ = self.files().disk.remove(&self.unfinished());
        }
    }
}

/// A blob that is being read.
pub struct BlobReader {
    source: Source,
    read: u64,
    /// Where to stop.
    end: u64,
    /// Of what was read; `None` where not all of it is.
    hash: Option<Sha256>,
    blob: BlobRef,
}

enum Source {
    Memory(Bytes),
    File(Arc<dyn Disk>, PathBuf),
}

impl BlobReader {
    /// The next piece; `None` at the end, once a whole body has been checked against its hash.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot end with an error and be used with `?`")]
    pub fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.read >= self.end {
            let sha256: Option<[u8; 32]> = self.hash.clone().map(|hash| hash.finalize().into());
            return match sha256.is_none_or(|sha256| sha256 == self.blob.sha256) {
                true => Ok(None),
                false => Err(damaged(&self.blob, "its hash differs")),
            };
        }
        let left = usize::try_from(self.end - self.read).unwrap_or(usize::MAX);
        let piece = match &mut self.source {
            Source::Memory(body) => {
                let from = usize::try_from(self.read).unwrap_or(usize::MAX).min(body.len());
                body.slice(from..body.len().min(from.saturating_add(left)))
            }
            Source::File(disk, path) => {
                let mut buffer = vec![0; left.min(READ_BYTES)];
                let read = disk.read_at(path, self.read, &mut buffer).map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => gone(&self.blob),
                    _ => from_io("reading a blob", &error),
                })?;
                buffer.truncate(read);
                Bytes::from(buffer)
            }
        };
        if piece.is_empty() || piece.len() > left {
            return Err(damaged(&self.blob, "its length differs"));
        }
        self.read += piece.len() as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(&piece);
        }
        Ok(Some(piece))
    }
}

/// Deletes the files of dropped blobs that are due; says how many. Waits for no one: while a backup runs, nothing is done.
pub(crate) async fn collect(store: &Inner) -> Result<usize, Error> {
    let mut collected = 0;
    loop {
        let due = store.read(|snapshot| due_garbage(snapshot, store.clock.now()))?;
        let Some(removed) = remove_all(&store.blobs, &due)? else { return Ok(collected) };
        store
            .transact(|tx| {
                removed.iter().for_each(|(key, _)| tx.delete(key.to_vec()));
                Ok::<_, Error>(())
            })
            .await?;
        collected += removed.len();
        if removed.len() < COLLECT_ROWS_MAX {
            return Ok(collected);
        }
    }
}

/// `None` where there is nothing to do now.
fn remove_all<'a>(files: &BlobFiles, due: &'a [(Bytes, PathName)]) -> Result<Option<&'a [(Bytes, PathName)]>, Error> {
    let Ok(_alone) = files.collecting.try_write() else { return Ok(None) };
    for (_, name) in due {
        match files.disk.remove(&files.path(name.epoch, name.number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(from_io("deleting a blob", &error));
            }
            _ => {}
        }
    }
    Ok((!due.is_empty()).then_some(due))
}

struct PathName {
    epoch: u64,
    number: u64,
}

fn due_garbage(read: &mut impl Read, now: Timestamp) -> Result<Vec<(Bytes, PathName)>, Error> {
    let prefix = garbage_prefix();
    let range = Range { from: prefix.clone().build(), to: prefix.clone().signed(now.millis()).build() };
    let rows = read.scan(range, Order::Forward, COLLECT_ROWS_MAX)?;
    let prefix = prefix.build();
    let named = rows.into_iter().filter_map(|(key, _)| {
        let mut parts = Parser::after(&prefix, &key)?;
        parts.signed()?;
        let name = PathName { epoch: parts.number()?, number: parts.number()? };
        Some((key, name))
    });
    Ok(named.collect())
}

/// Gives the files that an earlier process made and nobody kept to the collector; says how many.
pub(crate) fn sweep(store: &Inner) -> Result<usize, Error> {
    let mut swept = 0;
    for number in 0..DIRECTORIES {
        let directory = store.blobs.directory_of(number);
        let names = store.blobs.disk.list(&directory).map_err(|error| from_io("listing the blobs", &error))?;
        let mut unkept = Vec::new();
        for name in names {
            match name.strip_suffix(".new") {
                Some(stem) if parse_name(stem).is_some_and(|name| name.epoch < store.blobs.epoch) => {
                    let removed = store.blobs.disk.remove(&directory.join(&name));
                    removed.map_err(|error| from_io("deleting an unfinished blob", &error))?;
                }
                Some(_) => {}
                None => unkept.extend(parse_name(&name)),
            }
        }
        unkept.retain(|name| name.epoch < store.blobs.epoch);
        swept += give_to_collector(store, &unkept)?;
    }
    Ok(swept)
}

/// Those that have no row get a garbage row. One that was just dropped may get a second one, which does no harm.
fn give_to_collector(store: &Inner, names: &[PathName]) -> Result<usize, Error> {
    let kept = |name: &PathName| store.read(|snapshot| snapshot.get(&row_key(name.epoch, name.number)));
    let mut unkept = Vec::new();
    for name in names {
        if kept(name)?.is_none() {
            unkept.push(name);
        }
    }
    if !unkept.is_empty() {
        wait::for_it(store.transact(|tx| {
            let due = tx.now() + GRACE;
            unkept.iter().for_each(|name| tx.put(garbage_key(due, name.epoch, name.number), Vec::new()));
            Ok::<_, Error>(())
        }))?;
    }
    Ok(unkept.len())
}

/// Files with other names are not ours.
fn parse_name(name: &str) -> Option<PathName> {
    let (epoch, number) = name.split_once('-')?;
    Some(PathName { epoch: u64::from_str_radix(epoch, 16).ok()?, number: u64::from_str_radix(number, 16).ok()? })
}

/// Copies the files of all blobs that the copied map names, for a backup. The collector stands still meanwhile.
pub(crate) fn copy_all(store: &Inner, copy_map: impl FnOnce() -> Result<(), Error>, to: &Path) -> Result<(), Error> {
    let files = &store.blobs;
    let _still = files.collecting.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    copy_map()?;
    let failed = |error: io::Error| from_io("copying the blobs", &error);
    let directory = to.join("blobs");
    std::fs::create_dir_all(&directory).map_err(failed)?;
    for number in 0..DIRECTORIES {
        let (from, to) = (files.directory_of(number), directory.join(format!("{number:02x}")));
        std::fs::create_dir_all(&to).map_err(failed)?;
        for name in files.disk.list(&from).map_err(failed)? {
            if !name.ends_with(".new") {
                copy_synced(&from.join(&name), &to.join(&name)).map_err(failed)?;
            }
        }
        std::fs::File::open(&to).and_then(|directory| directory.sync_all()).map_err(failed)?;
    }
    std::fs::File::open(&directory).and_then(|directory| directory.sync_all()).map_err(failed)
}

/// Copies a file, durably. One that is gone in the meantime was not needed.
pub(crate) fn copy_synced(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::copy(from, to) {
        Ok(_) => std::fs::File::open(to)?.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn row_key(epoch: u64, number: u64) -> Vec<u8> {
    Key::global(Space::OWN).text("blob").number(epoch).number(number).build()
}

fn garbage_prefix() -> Key {
    Key::global(Space::OWN).text("garbage")
}

fn garbage_key(due: Timestamp, epoch: u64, number: u64) -> Vec<u8> {
    garbage_prefix().signed(due.millis()).number(epoch).number(number).build()
}

fn file_name(epoch: u64, number: u64) -> String {
    format!("{epoch:x}-{number:x}")
}

fn gone(blob: &BlobRef) -> Error {
    Error::Damaged { place: "the blobs", reason: format!("{blob} is not there: it was dropped, or its file is lost") }
}

fn damaged(blob: &BlobRef, reason: &str) -> Error {
    Error::Damaged { place: "the blobs", reason: format!("{blob}: {reason}") }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}
