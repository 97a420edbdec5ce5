//! A body on its way in: hashed, encrypted and written while it arrives.

use std::mem;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use md5::{Digest as _, Md5};
use store::blob::BlobWriter;
use store::{BlobRef, Store};

use super::chunk::{CHUNK_BYTES, Chunks, TAG_BYTES};
use super::{BodyKey, Vault};
use crate::bucket::checksum::{Algorithm, Checksum, Digest};
use crate::bucket::object::Extent;
use crate::bucket::{Error, Objects};
use crate::random;

/// What is gathered before it is hashed and written, away from where requests are served. Two of these are in memory.
const STEP_BYTES: usize = 512 * 1024;
/// Up to this size a body is done with on the spot: it goes into the map and waits for no disk.
const INLINE_BYTES_MAX: usize = CHUNK_BYTES as usize - TAG_BYTES;

/// What is known of a body before it comes.
#[derive(Debug, Clone)]
pub struct Plan {
    pub algorithm: Algorithm,
    pub key: BodyKey,
    /// As the sender states it.
    pub length: Option<u64>,
    pub bytes_min: u64,
    pub bytes_max: u64,
}

/// What a body must turn out to be.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    pub md5: Option<[u8; 16]>,
    /// Base 64, of the plan's algorithm.
    pub checksum: Option<String>,
}

/// A body that is written and durable, and that no row names yet.
pub struct Received {
    pub size: u64,
    pub md5: [u8; 16],
    pub checksum: Checksum,
    pub(in crate::bucket) key: BodyKey,
    pub(in crate::bucket) extent: Option<Extent>,
    pub(in crate::bucket) fresh: Fresh,
}

/// Deletes a blob that nothing came of.
pub(in crate::bucket) struct Fresh {
    store: Store,
    blob: Option<BlobRef>,
}

impl Fresh {
    /// The blob, for the transaction that keeps it. From here on it is not deleted; see [`Fresh::give_up`].
    pub fn take(&mut self) -> Option<BlobRef> {
        self.blob.take()
    }

    /// The transaction did not happen.
    pub fn give_up(&mut self, blob: Option<BlobRef>) {
        self.blob = blob;
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Some(blob) = self.blob.take()
            && let Err(error) = self.store.blobs().discard(&blob)
        {
            tracing::warn!(%error, "a body that nothing came of stays until the next start");
        }
    }
}

impl Objects {
    /// Takes in a body. `expected` is asked once it has come, so that it may come with its end.
    pub async fn receive<S, E>(
        &self,
        mut body: S,
        plan: Plan,
        expected: impl FnOnce() -> Result<Expected, Error>,
    ) -> Result<Received, Error>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        refuse_above(plan.bytes_max, plan.length.unwrap_or(0))?;
        let mut writing = Writing::Idle(Box::new(Writer::new(&self.store, &self.vault, &plan)));
        let (mut gathered, mut gathered_bytes, mut size) = (Vec::new(), 0, 0);
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| Error::Body(error.into()))?;
            size += piece.len() as u64;
            refuse_above(plan.bytes_max, size)?;
            gathered_bytes += piece.len();
            gathered.push(piece);
            if gathered_bytes >= STEP_BYTES {
                writing = writing.idle().await?.write(mem::take(&mut gathered));
                gathered_bytes = 0;
            }
        }
        if plan.length.is_some_and(|length| length != size) {
            return Err(Error::Incomplete);
        }
        if size < plan.bytes_min {
            return Err(Error::TooSmall { given: size, min: plan.bytes_min });
        }
        let expected = expected()?;
        let mut writer = writing.idle().await?.writer().await?;
        let finish = move || {
            gathered.iter().try_for_each(|piece| writer.write(piece))?;
            writer.finish(&expected, plan.key)
        };
        match size <= INLINE_BYTES_MAX as u64 {
            true => finish(),
            false => on_disk(finish).await,
        }
    }
}

fn refuse_above(max: u64, given: u64) -> Result<(), Error> {
    match given > max {
        true => Err(Error::TooLarge { given, max }),
        false => Ok(()),
    }
}

/// A writer here, or on a thread where it may wait for the disk.
enum Writing {
    Idle(Box<Writer>),
    Busy(tokio::task::JoinHandle<Result<Box<Writer>, Error>>),
}

impl Writing {
    async fn idle(self) -> Result<Writing, Error> {
        self.writer().await.map(Writing::Idle)
    }

    async fn writer(self) -> Result<Box<Writer>, Error> {
        match self {
            Writing::Idle(writer) => Ok(writer),
            Writing::Busy(job) => job.await.map_err(|error| ended(&error))?,
        }
    }

    /// Goes on writing elsewhere, while more comes in.
    fn write(self, pieces: Vec<Bytes>) -> Writing {
        match self {
            Writing::Busy(_) => self,
            Writing::Idle(mut writer) => Writing::Busy(tokio::task::spawn_blocking(move || {
                pieces.iter().try_for_each(|piece| writer.write(piece))?;
                Ok(writer)
            })),
        }
    }
}

/// Work that may wait for the disk, away from where requests are served.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ended(&error))?
}

fn ended(error: &tokio::task::JoinError) -> Error {
    Error::Store(store::Error::Unavailable(format!("work on a body ended early: {error}")))
}

struct Writer {
    store: Store,
    blob: BlobWriter,
    chunks: Chunks,
    salt: [u8; 16],
    /// The chunk that is filling up, and how many are written.
    chunk: Vec<u8>,
    written: u64,
    size: u64,
    md5: Md5,
    digest: Digest,
}

impl Writer {
    fn new(store: &Store, vault: &Vault, plan: &Plan) -> Writer {
        let salt = random::bytes();
        Writer {
            store: store.clone(),
            blob: store.blobs().write(),
            chunks: Chunks::new(&vault.key(&plan.key, &salt)),
            salt,
            chunk: Vec::new(),
            written: 0,
            size: 0,
            md5: Md5::new(),
            digest: Digest::new(plan.algorithm),
        }
    }

    fn write(&mut self, mut piece: &[u8]) -> Result<(), Error> {
        self.size += piece.len() as u64;
        self.md5.update(piece);
        self.digest.update(piece);
        while !piece.is_empty() {
            let room = CHUNK_BYTES as usize - self.chunk.len();
            let (now, later) = piece.split_at(room.min(piece.len()));
            self.chunk.extend_from_slice(now);
            piece = later;
            if self.chunk.len() == CHUNK_BYTES as usize {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.chunks.seal(self.written, &mut self.chunk);
        self.written += 1;
        self.blob.write(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }

    /// Checks the body before it is made durable; one that is not as expected leaves nothing.
    fn finish(mut self: Box<Self>, expected: &Expected, key: BodyKey) -> Result<Received, Error> {
        if !self.chunk.is_empty() {
            self.flush()?;
        }
        let (size, salt) = (self.size, self.salt);
        let md5 = self.md5.finalize().into();
        let checksum = self.digest.finish();
        if expected.md5.is_some_and(|expected| expected != md5) {
            return Err(Error::BadDigest);
        }
        if let Some(stated) = &expected.checksum
            && *stated != checksum.value
        {
            return Err(Error::BadChecksum { algorithm: checksum.algorithm });
        }
        let blob = match size {
            0 => None,
            _ => Some(self.blob.finish()?),
        };
        let extent = blob.as_ref().map(|blob| Extent { blob: blob.to_string(), size, salt });
        Ok(Received { size, md5, checksum, key, extent, fresh: Fresh { store: self.store, blob } })
    }
}
