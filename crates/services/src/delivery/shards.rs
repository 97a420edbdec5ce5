//! Event source mappings of streams: the shards of streams as the cursor's log, and functions as its target.
//!
//! Start reading at [`Shards::partitions`]. A shard is read by as many partitions as the mapping says at once, each of
//! which takes the records whose keys fall to it; a shard that follows others is read once those are read to their end.
//!
//! Always true: what no filter wants is skipped without being delivered; it is looked at once, unless the process ends
//! before something behind it is passed.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use serde_json::Value;
use store::{Read, Snapshot, Tx, Watch};

use super::cursor::{self, Batch, Cursor, Entry, Log, Partition, Passing, Policy};
use super::functions::{self, BATCH_BYTES_MAX, Event, Functions};
use super::outcome::Discarded;
use super::policy::{Backoff, Batching, End, Retry};
use super::{Delivered, Envelopes, Error};
use crate::function;
use crate::mapping::{self, Mapping, MappingId, Origin, Source, StreamSettings};
use crate::pattern::Pattern;
use crate::queue::{self, NewMessage, QueueId};
use crate::run::BoxFuture;
use crate::services::Services;
use crate::stream::{self, Lane, Record, Shard};

/// Waits after the function failed; the documentation says only that they grow.
const AFTER_FAILURE: Backoff =
    Backoff { first: Duration::from_millis(500), last: Duration::from_secs(60), jitter: false };
const AFTER_OUTAGE: Backoff = Backoff { first: Duration::from_secs(1), last: Duration::from_secs(60), jitter: true };

/// Records that are looked at together.
const PAGE_RECORDS: usize = 500;
const PAGE_BYTES: usize = 1024 * 1024;

/// What the event of a batch is as a CloudEvent.
const KIND: &str = "nought.records";
/// Who sends what is told of discarded records.
const SENDER: &str = "lambda.amazonaws.com";

/// A record as it stands in the event.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    text: Bytes,
    sequence: String,
}

/// All partitions of the streams that are mapped.
pub(super) struct Shards {
    services: Services,
    /// Times every delay, so that tests need not wait.
    scale: f64,
    state: Mutex<State>,
}

struct State {
    /// The rows may be ahead of `mappings`.
    rows: Watch,
    is_new: bool,
    mappings: BTreeMap<MappingId, Arc<Mapped>>,
    readers: HashMap<Partition, Arc<Reader>>,
    gathered: HashMap<Partition, Gathered>,
    /// Partitions of closed shards that are read to their end.
    finished: HashSet<Partition>,
}

/// A mapping that is enabled.
struct Mapped {
    id: MappingId,
    mapping: Mapping,
    settings: StreamSettings,
    patterns: Vec<Pattern>,
    /// The function's, as it was when the mapping was read.
    role: String,
}

/// Reads a part of a shard for a mapping.
pub(super) struct Reader {
    mapped: Arc<Mapped>,
    origin: Origin,
    shard: Shard,
    part: u32,
}

/// What was read behind the checkpoint and waits to be a batch.
#[derive(Default)]
struct Gathered {
    entries: VecDeque<Entry<Piece>>,
    bytes: usize,
    /// Where to read on.
    next: u64,
}

fn partition(id: &MappingId, lane: &Lane, shard: &Shard, part: u32, parts: u32) -> Partition {
    let place = [lane.number, shard.index].map(u64::to_be_bytes).concat();
    let parts = [part, parts].map(u32::to_be_bytes).concat();
    Partition([id.uuid.as_bytes(), &place, &parts].concat().into())
}

/// Lets a new mapping begin where it wants to, in the transaction that makes it.
pub(crate) fn begin(tx: &mut Tx, id: &MappingId, origin: &Origin, settings: &StreamSettings) -> Result<(), Error> {
    let lane = origin.lane();
    for shard in stream::shards(tx, lane)? {
        let first = settings.start.position().resolve(tx, lane, shard.index)?;
        for part in 0..settings.parallel {
            let partition = partition(id, lane, &shard, part, settings.parallel);
            cursor::begin_after(tx, &partition, first.checked_sub(1));
        }
    }
    Ok(())
}

/// Lets other partitions go on where those before had come to; some records come again.
pub(crate) fn regroup(tx: &mut Tx, id: &MappingId, origin: &Origin, from: u32, to: u32) -> Result<(), Error> {
    let lane = origin.lane();
    for shard in stream::shards(tx, lane)? {
        let before = (0..from).map(|part| cursor::passed(tx, &partition(id, lane, &shard, part, from)));
        let least = before.collect::<Result<Vec<_>, _>>()?.into_iter().min().flatten();
        (0..to).for_each(|part| cursor::begin_after(tx, &partition(id, lane, &shard, part, to), least));
    }
    Ok(())
}

/// Forgets how far a mapping has come.
pub(crate) fn forget(tx: &mut Tx, id: &MappingId) -> Result<(), Error> {
    cursor::forget(tx, id.uuid.as_bytes())
}

impl Shards {
    pub fn new(services: Services, scale: f64) -> Shards {
        let state = State {
            rows: services.store().watch(&mapping::table()),
            is_new: true,
            mappings: BTreeMap::new(),
            readers: HashMap::new(),
            gathered: HashMap::new(),
            finished: HashSet::new(),
        };
        Shards { services, scale, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self, partition: &Partition) -> Option<Arc<Reader>> {
        self.state().readers.get(partition).cloned()
    }
}

impl State {
    /// Reads the mappings again, if they have changed.
    fn catch_up(&mut self, read: &mut Snapshot<'_>) -> Result<(), Error> {
        // Unconstrained: a task that has used up its share must not take that for nothing new.
        if tokio::task::unconstrained(self.rows.changed()).now_or_never().is_none() && !self.is_new {
            return Ok(());
        }
        self.is_new = true; // until it is done
        let rows = mapping::all(read).map_err(|error| Error::Mapping(Box::new(error)))?;
        let mut before = std::mem::take(&mut self.mappings);
        for (id, mapping) in rows.into_iter().filter(|(_, mapping)| mapping.settings.enabled) {
            let Some(settings) = mapping.settings.stream.clone() else { continue };
            let mapped = match before.remove(&id) {
                Some(mapped) if mapped.mapping == mapping => mapped,
                Some(_) | None => {
                    self.forget(&id);
                    let patterns = mapping.patterns();
                    let found = function::find(read, &mapping.function, mapping.qualifier.as_ref());
                    let role = found.map_or_else(|_| String::new(), |(_, details)| details.settings.role);
                    Arc::new(Mapped { id: id.clone(), mapping, settings, patterns, role })
                }
            };
            self.mappings.insert(id, mapped);
        }
        before.into_keys().for_each(|id| self.forget(&id));
        self.is_new = false;
        Ok(())
    }

    fn forget(&mut self, id: &MappingId) {
        let is_other = |partition: &Partition| !partition.0.starts_with(id.uuid.as_bytes());
        self.gathered.retain(|partition, _| is_other(partition));
        self.readers.retain(|partition, _| is_other(partition));
        self.finished.retain(is_other);
    }

    /// The partitions of a mapping that can be read.
    fn partitions_of(
        &mut self,
        services: &Services,
        read: &mut Snapshot<'_>,
        mapped: &Arc<Mapped>,
    ) -> Result<Vec<Partition>, Error> {
        let Source::Stream(source) = &mapped.mapping.source else { return Ok(Vec::new()) };
        let origin = source.find(read).map_err(|error| Error::Mapping(Box::new(error)))?;
        let Some(origin) = origin else { return Ok(Vec::new()) };
        let (mut found, mut unfinished) = (Vec::new(), HashSet::new());
        for shard in stream::shards(read, origin.lane())? {
            let follows = shard.parents.iter().any(|parent| unfinished.contains(parent));
            if follows {
                unfinished.insert(shard.index);
                continue;
            }
            for part in 0..mapped.settings.parallel {
                let partition = partition(&mapped.id, origin.lane(), &shard, part, mapped.settings.parallel);
                if self.finished.contains(&partition) {
                    continue;
                }
                let (mapped, origin) = (mapped.clone(), origin.clone());
                let reader = Arc::new(Reader { mapped, origin, shard: shard.clone(), part });
                self.readers.insert(partition.clone(), reader.clone());
                if !shard.is_open() {
                    let after = cursor::passed(read, &partition)?;
                    if self.gather(services, read, &partition, &reader, after, 1)?.is_empty() {
                        self.readers.remove(&partition);
                        self.gathered.remove(&partition);
                        self.finished.insert(partition);
                        continue;
                    }
                }
                unfinished.insert(shard.index);
                found.push(partition);
            }
        }
        Ok(found)
    }

    /// The first records behind the checkpoint that the reader wants.
    fn gather(
        &mut self,
        services: &Services,
        read: &mut impl Read,
        partition: &Partition,
        reader: &Reader,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry<Piece>>, Error> {
        let gathered = self.gathered.entry(partition.clone()).or_default();
        gathered.pass(after);
        while gathered.entries.len() < limit && gathered.bytes < BATCH_BYTES_MAX {
            let (lane, index) = (reader.origin.lane(), reader.shard.index);
            let page = stream::read(read, lane, index, gathered.next, PAGE_RECORDS, PAGE_BYTES)?;
            let Some(last) = page.last() else { break };
            gathered.next = last.number + 1;
            for record in &page {
                if let Some(piece) = reader.piece(services.envelopes(), record) {
                    gathered.bytes += piece.text.len();
                    let (number, at, bytes) = (record.number, record.at, piece.text.len());
                    gathered.entries.push_back(Entry { number, at, bytes, record: piece });
                }
            }
        }
        Ok(gathered.entries.iter().take(limit).cloned().collect())
    }
}

impl Gathered {
    fn pass(&mut self, after: Option<u64>) {
        let Some(after) = after else { return };
        while let Some(entry) = self.entries.pop_front_if(|entry| entry.number <= after) {
            self.bytes -= entry.bytes;
        }
        self.next = self.next.max(after + 1);
    }
}

impl Reader {
    /// The record as it stands in the event, if this reader takes it.
    fn piece(&self, envelopes: &dyn Envelopes, record: &Record) -> Option<Piece> {
        let told = match self.origin.tell(envelopes, &self.shard, record, &self.mapped.role) {
            Ok(told) => told,
            Err(error) => {
                tracing::error!(mapping = %self.mapped.id.uuid, %error, "a record is passed over: it cannot be read");
                return None;
            }
        };
        let parts = u64::from(self.mapped.settings.parallel);
        let is_mine = told.spread % parts == u64::from(self.part);
        (is_mine && self.wants(&told.text)).then_some(Piece { text: told.text, sequence: told.sequence })
    }

    fn wants(&self, text: &[u8]) -> bool {
        let patterns = &self.mapped.patterns;
        if patterns.is_empty() {
            return true;
        }
        let Ok(event) = serde_json::from_slice::<Value>(text) else { return false };
        let event = self.origin.filtered(event);
        patterns.iter().any(|pattern| pattern.matches(&event))
    }
}

impl Log for Shards {
    type Record = Piece;

    fn partitions(&self, read: &mut Snapshot<'_>) -> Result<Vec<Partition>, Error> {
        let mut state = self.state();
        state.catch_up(read)?;
        let mappings: Vec<Arc<Mapped>> = state.mappings.values().cloned().collect();
        let mut found = Vec::new();
        for mapped in mappings {
            found.extend(state.partitions_of(&self.services, read, &mapped)?);
        }
        Ok(found)
    }

    fn policy(&self, partition: &Partition) -> Policy {
        let settings = self.reader(partition).map(|reader| reader.mapped.mapping.settings.clone()).unwrap_or_default();
        let stream = settings.stream.unwrap_or_default();
        Policy {
            batching: Batching {
                size_max: settings.batch_size as usize,
                bytes_max: BATCH_BYTES_MAX,
                window: settings.window,
            },
            retry: Retry {
                retries_max: stream.retries_max,
                age_max: stream.age_max,
                after_failure: AFTER_FAILURE.scaled(self.scale),
                after_outage: AFTER_OUTAGE.scaled(self.scale),
            },
            bisects: stream.bisects,
        }
    }

    fn read(
        &self,
        read: &mut Snapshot<'_>,
        partition: &Partition,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry<Piece>>, Error> {
        let Some(reader) = self.reader(partition) else { return Ok(Vec::new()) };
        self.state().gather(&self.services, read, partition, &reader, after, limit)
    }

    fn passed(
        &self,
        tx: &mut Tx,
        partition: &Partition,
        records: &[Entry<Piece>],
        passing: &Passing<'_>,
    ) -> Result<(), Error> {
        let Some(reader) = self.reader(partition).filter(|_| passing.end != End::Delivered) else { return Ok(()) };
        let id = &reader.mapped.id.uuid;
        let Some(queue) = &reader.mapped.settings.on_failure else {
            tracing::warn!(mapping = %id, end = ?passing.end, count = records.len(), "records are dropped");
            return Ok(());
        };
        let document = self.services.envelopes().discarded(&reader.discarded(tx, records, passing));
        tell(tx, queue, &document, id)
    }
}

impl Reader {
    fn discarded<'a>(&'a self, tx: &mut Tx, records: &'a [Entry<Piece>], passing: &'a Passing<'_>) -> Discarded<'a> {
        let (first, last) = (&records[0], &records[records.len() - 1]);
        let drawn = crate::random::uuid(tx.random());
        let answer = passing.answer;
        Discarded {
            at: tx.now(),
            request_id: answer.and_then(|answer| answer.request_id.as_ref()).map_or(drawn, |id| id.0.clone()),
            function: &self.mapped.mapping.function,
            qualifier: self.mapped.mapping.qualifier.as_ref(),
            end: passing.end,
            invoke_count: passing.failures,
            version: answer.and_then(|answer| answer.version),
            origin: &self.origin,
            shard: &self.shard,
            sequences: (&first.record.sequence, &last.record.sequence),
            arrivals: (first.at, last.at),
            count: records.len(),
        }
    }
}

/// Sends a word of records that were given up.
fn tell(tx: &mut Tx, queue: &QueueId, document: &[u8], mapping: &str) -> Result<(), Error> {
    let body = String::from_utf8_lossy(document).into_owned();
    let message = NewMessage { body, sender: SENDER.to_owned(), ..NewMessage::default() };
    match queue::emit(tx, queue, &message) {
        Ok(_) => Ok(()),
        Err(queue::Error::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::warn!(mapping, %queue, %error, "records are dropped: their destination takes nothing");
            Ok(())
        }
    }
}

/// A batch with what it is read for.
struct ReadBatch {
    reader: Arc<Reader>,
    batch: Arc<Batch<Piece>>,
}

impl functions::Batch for ReadBatch {
    fn mapping(&self) -> &Mapping {
        &self.reader.mapped.mapping
    }

    fn event(&self, envelopes: &dyn Envelopes) -> Event {
        let texts: Vec<Bytes> = self.batch.records.iter().map(|entry| entry.record.text.clone()).collect();
        let source = envelopes.stream(&self.reader.origin);
        Event { document: envelopes.messages(&texts), kind: KIND, source }
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.batch.records.iter().position(|entry| entry.record.sequence == id)
    }
}

/// Functions, by the partitions that are read for them.
pub(super) struct Target {
    functions: Arc<Functions>,
    shards: Arc<Shards>,
}

impl Target {
    pub fn new(services: Services, shards: Arc<Shards>) -> Target {
        Target { functions: Arc::new(Functions::new(services)), shards }
    }
}

impl super::Target<Cursor<Shards>> for Target {
    fn room(&self, partition: &Partition) -> usize {
        let reader = self.shards.reader(partition);
        reader.map_or(0, |reader| self.functions.room_of(&reader.mapped.mapping.function))
    }

    fn room_made(&self) -> BoxFuture<'_, ()> {
        self.functions.freed()
    }

    fn deliver(self: Arc<Self>, batch: Arc<Batch<Piece>>) -> BoxFuture<'static, Delivered> {
        match self.shards.reader(&batch.partition) {
            Some(reader) => self.functions.clone().run(Arc::new(ReadBatch { reader, batch })),
            None => Box::pin(std::future::ready(Delivered::Waits(None))),
        }
    }
}
