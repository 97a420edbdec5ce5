//! Reading the journal: block by block, forward or backward, skipping what cannot match.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::index::{Block, Filter, Index, group_of};
use super::streams::{Streams, Totals};
use super::{Journal, index_name, record, segment_name, streams_name};
use crate::clock::Timestamp;
use crate::disk;
use crate::engine::Order;
use crate::error::{Error, from_io};
use crate::lock;

/// A page looks through at most this much, so that a rare match does not hold the caller for long.
const SCAN_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Where a record is. Stays the same for as long as the record is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub segment: u64,
    pub offset: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub position: Position,
    pub at: Timestamp,
    pub stream: String,
    pub bytes: Bytes,
}

/// What to read.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    /// Streams whose names begin so. A group's name with its NUL reads the group, and is fast.
    pub stream_prefix: &'a str,
    /// Times from `from` (included) to `to` (excluded).
    pub from: Timestamp,
    pub to: Timestamp,
    pub order: Order,
    /// Go on beyond this record: after it in forward order, before it in reverse.
    pub beyond: Option<Position>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub records: Vec<Record>,
    /// Where to go on, now or once there is more; what was asked for if nothing was looked at.
    pub resume: Option<Position>,
    /// Whether there may be more now. A page may be empty and not the last.
    pub more: bool,
}

impl Journal {
    /// Where the journal ends now: reading forward beyond it gives only what comes later.
    pub fn end(&self) -> Position {
        let mut state = lock(&self.state);
        let segment = *state.segments.keys().last().expect("one segment is always open");
        let length = state.open().index.as_ref().map_or(0, |index| index.length());
        match length {
            0 => Position { segment: segment - 1, offset: u64::MAX },
            _ => Position { segment, offset: length - 1 },
        }
    }

    pub fn read(&self, query: &Query) -> Result<Page, Error> {
        let group = query.stream_prefix.contains('\0').then(|| group_of(query.stream_prefix));
        let filter = Filter { from: query.from, to: query.to, group };
        let mut page = Page { records: Vec::new(), resume: query.beyond, more: false };
        let mut scanned = 0;
        for number in self.segments_for(query) {
            let Some(index) = self.index_of(number)? else { continue };
            for block in in_order(&index.blocks, query.order).filter(|block| block.may_hold(&filter)) {
                if !reaches(number, block, query) {
                    continue;
                }
                if page.records.len() >= query.limit || scanned >= SCAN_BYTES_MAX {
                    page.more = true;
                    return Ok(page);
                }
                scanned += block.to - block.from;
                self.take_block(number, block, query, &mut page)?;
            }
        }
        Ok(page)
    }

    /// The streams whose names begin so, by name: all that have a record.
    pub fn streams(&self, prefix: &str) -> Result<Vec<(Box<str>, Totals)>, Error> {
        let mut found = Streams::default();
        let closed: Vec<u64> = {
            let mut state = lock(&self.state);
            found.merge(&state.open().streams, prefix);
            let open = state.segments.keys().last().copied();
            state.segments.keys().copied().filter(|number| Some(*number) != open).collect()
        };
        for number in closed {
            found.merge(&self.streams_of(number)?, prefix);
        }
        Ok(found.into_sorted())
    }

    /// Of a closed segment. None if it was dropped in the meantime.
    fn streams_of(&self, number: u64) -> Result<Streams, Error> {
        let found = disk::read(self.disk.as_ref(), &self.directory.join(streams_name(number))).ok();
        if let Some(streams) = found.and_then(|bytes| Streams::decode(&bytes)) {
            return Ok(streams);
        }
        match disk::read(self.disk.as_ref(), &self.directory.join(segment_name(number))) {
            Ok(content) => Ok(Streams::rebuild(&Bytes::from(content))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Streams::default()),
            Err(error) => Err(from_io("reading a journal segment", &error)),
        }
    }

    /// Adds what matches in a block, up to the limit.
    fn take_block(&self, number: u64, block: &Block, query: &Query, page: &mut Page) -> Result<(), Error> {
        let Some(content) = self.block_content(number, block)? else { return Ok(()) };
        let mut records = decode_block(number, block, &content);
        if query.order == Order::Reverse {
            records.reverse();
        }
        for record in records {
            if !is_beyond(record.position, query) {
                continue;
            }
            if page.records.len() >= query.limit {
                page.more = true;
                return Ok(());
            }
            page.resume = Some(record.position);
            let in_time = query.from <= record.at && record.at < query.to;
            if in_time && record.stream.starts_with(query.stream_prefix) {
                page.records.push(record);
            }
        }
        Ok(())
    }

    fn segments_for(&self, query: &Query) -> Vec<u64> {
        let state = lock(&self.state);
        let numbers = state.segments.iter().filter(|(_, segment)| segment.last.is_some_and(|last| last >= query.from));
        let numbers = numbers.map(|(number, _)| *number);
        match query.order {
            Order::Forward => numbers.filter(|n| query.beyond.is_none_or(|beyond| *n >= beyond.segment)).collect(),
            Order::Reverse => {
                numbers.rev().filter(|n| query.beyond.is_none_or(|beyond| *n <= beyond.segment)).collect()
            }
        }
    }

    /// `None` if the segment was dropped in the meantime.
    fn index_of(&self, number: u64) -> Result<Option<Arc<Index>>, Error> {
        match lock(&self.state).segments.get(&number) {
            None => return Ok(None),
            Some(segment) if segment.index.is_some() => return Ok(segment.index.clone()),
            Some(_) => {}
        }
        let failed = |error: io::Error| from_io("reading the index of a journal segment", &error);
        let found = disk::read(self.disk.as_ref(), &self.directory.join(index_name(number))).ok();
        let index = match found.and_then(|bytes| Index::decode(&bytes)) {
            Some(index) => index,
            None => {
                let content = disk::read(self.disk.as_ref(), &self.directory.join(segment_name(number)));
                Index::rebuild(&Bytes::from(content.map_err(failed)?))
            }
        };
        Ok(Some(Arc::new(index))) // not kept: old segments are read rarely, and their indexes would add up
    }

    /// The bytes of a block, from the file and from what waits for it. `None` if the segment was dropped.
    fn block_content(&self, number: u64, block: &Block) -> Result<Option<Bytes>, Error> {
        let (written, waiting) = {
            let state = lock(&self.state);
            let Some(segment) = state.segments.get(&number) else { return Ok(None) };
            let from = usize::try_from(block.from.max(segment.written) - segment.written).unwrap_or(usize::MAX);
            let to = usize::try_from(block.to.max(segment.written) - segment.written).unwrap_or(usize::MAX);
            let waiting = state.writing.iter().chain(&state.buffer).skip(from).take(to - from).copied();
            (segment.written, waiting.collect::<Vec<u8>>())
        };
        let in_file = usize::try_from(block.to.min(written).saturating_sub(block.from)).unwrap_or(0);
        let mut content = BytesMut::zeroed(in_file);
        match self.disk.read_at(&self.directory.join(segment_name(number)), block.from, &mut content) {
            Ok(read) => content.truncate(read),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(from_io("reading the journal", &error)),
        }
        content.extend_from_slice(&waiting);
        Ok(Some(content.freeze()))
    }
}

/// The records of a block. Damage ends the block, not the reading: what lies behind it is other people's log.
fn decode_block(number: u64, block: &Block, content: &Bytes) -> Vec<Record> {
    let mut records = Vec::new();
    let mut offset = 0;
    while offset < content.len() {
        let Some(record) = record::decode(&content.slice(offset..)) else {
            tracing::error!(segment = number, offset = block.from + offset as u64, "damaged journal record");
            break;
        };
        let position = Position { segment: number, offset: block.from + offset as u64 };
        records.push(Record { position, at: record.at, stream: record.stream, bytes: record.bytes });
        offset += record.length;
    }
    records
}

fn in_order<'a>(blocks: &'a [Block], order: Order) -> Box<dyn Iterator<Item = &'a Block> + 'a> {
    match order {
        Order::Forward => Box::new(blocks.iter()),
        Order::Reverse => Box::new(blocks.iter().rev()),
    }
}

fn is_beyond(position: Position, query: &Query) -> bool {
    match (query.beyond, query.order) {
        (None, _) => true,
        (Some(beyond), Order::Forward) => position > beyond,
        (Some(beyond), Order::Reverse) => position < beyond,
    }
}

/// Whether any of a block may lie beyond where the query starts.
fn reaches(segment: u64, block: &Block, query: &Query) -> bool {
    match query.order {
        Order::Forward => is_beyond(Position { segment, offset: block.to.saturating_sub(1) }, query),
        Order::Reverse => is_beyond(Position { segment, offset: block.from }, query),
    }
}
