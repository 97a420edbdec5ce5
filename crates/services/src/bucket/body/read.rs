//! A body on its way out: the parts of it that are wanted, decrypted piece by piece.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use store::Store;
use store::blob::BlobReader;

use super::chunk::{CHUNK_BYTES, Chunks, SEALED_BYTES};
use super::receive::on_disk;
use super::{BodyKey, Vault};
use crate::bucket::object::Extent;
use crate::bucket::{Error, history};

/// What is read and decrypted at a time, before it is sent.
const STEP_BYTES: usize = 256 * 1024;

/// Reads a part of a body. Its calls may wait for the disk.
pub struct ObjectReader {
    store: Store,
    vault: Vault,
    key: BodyKey,
    runs: VecDeque<Run>,
    open: Option<Open>,
}

/// A part of an extent that is wanted.
struct Run {
    extent: Extent,
    wanted: Range<u64>,
}

/// An extent that is being read.
struct Open {
    blob: BlobReader,
    chunks: Chunks,
    /// Sealed bytes that were read and are not opened.
    sealed: BytesMut,
    /// The next chunk.
    number: u64,
    wanted: Range<u64>,
    size: u64,
}

impl ObjectReader {
    /// `range` is of the extents one after the other.
    pub(in crate::bucket) fn new(
        store: &Store,
        vault: &Vault,
        key: BodyKey,
        extents: impl IntoIterator<Item = Extent>,
        range: &Range<u64>,
    ) -> ObjectReader {
        let (mut runs, mut at) = (VecDeque::new(), 0);
        for extent in extents {
            let here = at..at + extent.size;
            at = here.end;
            let wanted = here.start.max(range.start)..here.end.min(range.end);
            if wanted.start < wanted.end {
                let wanted = wanted.start - here.start..wanted.end - here.start;
                runs.push_back(Run { extent, wanted });
            }
        }
        ObjectReader { store: store.clone(), vault: vault.clone(), key, runs, open: None }
    }

    /// How much is still to come.
    pub fn remaining(&self) -> u64 {
        let open = self.open.iter().map(|open| open.wanted.end - open.wanted.start);
        let runs = self.runs.iter().map(|run| run.wanted.end - run.wanted.start);
        open.chain(runs).sum()
    }

    /// Whether nothing of it waits for the disk.
    fn is_quick(&self) -> bool {
        self.open.is_none() && self.runs.len() <= 1 && self.remaining() < CHUNK_BYTES
    }

    /// The next piece, of at most a chunk; `None` at the end.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot end with an error and be used with `?`")]
    pub fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(open) = &mut self.open {
                if let Some(piece) = open.next()? {
                    return Ok(Some(piece));
                }
                self.open = None;
            }
            let Some(run) = self.runs.pop_front() else { return Ok(None) };
            self.open = Some(self.open(run)?);
        }
    }

    fn open(&self, run: Run) -> Result<Open, Error> {
        let Run { extent, wanted } = run;
        let number = wanted.start / CHUNK_BYTES;
        let last = wanted.end.div_ceil(CHUNK_BYTES);
        let blob = history::blob_of(&extent)?;
        let blob = self.store.blobs().open_part(&blob, number * SEALED_BYTES..last * SEALED_BYTES)?;
        let chunks = Chunks::new(&self.vault.key(&self.key, &extent.salt));
        Ok(Open { blob, chunks, sealed: BytesMut::new(), number, wanted, size: extent.size })
    }

    /// Some pieces together, for fewer changes of thread.
    fn step(mut self: Box<Self>) -> Result<Stepped, Error> {
        let (mut pieces, mut bytes) = (Vec::new(), 0);
        while bytes < STEP_BYTES {
            let Some(piece) = self.next()? else { break };
            bytes += piece.len();
            pieces.push(piece);
        }
        Ok((pieces, self))
    }

    /// The pieces as they are asked for. One step is read ahead.
    pub fn stream(self) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
        let state = Streaming { ready: VecDeque::new(), reader: Reading::Here(Box::new(self)) };
        futures_util::stream::try_unfold(state, |state| state.next())
    }
}

impl Open {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.wanted.start >= self.wanted.end {
            return Ok(None);
        }
        let begins = self.number * CHUNK_BYTES;
        let length = CHUNK_BYTES.min(self.size - begins) as usize + super::chunk::TAG_BYTES;
        while self.sealed.len() < length {
            let Some(more) = self.blob.next()? else { return Err(damaged("it is too short")) };
            self.sealed.extend_from_slice(&more);
        }
        let mut chunk = self.sealed.split_to(length);
        let plain = self.chunks.open(self.number, &mut chunk).ok_or_else(|| damaged("a chunk does not open"))?;
        let from = (self.wanted.start - begins) as usize;
        let to = plain.min((self.wanted.end - begins) as usize);
        self.number += 1;
        self.wanted.start = begins + to as u64;
        Ok(Some(chunk.freeze().slice(from..to)))
    }
}

fn damaged(reason: &str) -> Error {
    Error::Store(store::Error::Damaged { place: "the body of an object", reason: reason.to_owned() })
}

/// Some pieces, and the reader of those after them.
type Stepped = (Vec<Bytes>, Box<ObjectReader>);

struct Streaming {
    ready: VecDeque<Bytes>,
    reader: Reading,
}

enum Reading {
    Here(Box<ObjectReader>),
    Ahead(tokio::task::JoinHandle<Result<Stepped, Error>>),
    Done,
}

impl Streaming {
    async fn next(mut self) -> Result<Option<(Bytes, Streaming)>, Error> {
        while self.ready.is_empty() {
            let (pieces, reader) = match self.reader {
                Reading::Here(reader) if reader.is_quick() => reader.step()?,
                Reading::Here(reader) => on_disk(move || reader.step()).await?,
                Reading::Ahead(job) => {
                    let gone = |error| Error::Store(store::Error::Unavailable(format!("reading ended early: {error}")));
                    job.await.map_err(gone)??
                }
                Reading::Done => return Ok(None),
            };
            self.reader = match reader.remaining() {
                0 => Reading::Done,
                _ => Reading::Ahead(tokio::task::spawn_blocking(move || reader.step())),
            };
            self.ready.extend(pieces);
        }
        Ok(self.ready.pop_front().map(|piece| (piece, self)))
    }
}
