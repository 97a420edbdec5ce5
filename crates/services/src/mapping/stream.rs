//! What a mapping of a stream has beside that of a queue: where its records come from, where it begins, and what becomes
//! of records that the function fails with.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use store::{Read, Timestamp};

use super::Error;
use crate::delivery::Envelopes;
use crate::queue::QueueId;
use crate::row::Unreadable;
use crate::stream::data;
use crate::stream::{Lane, Numbering, Position, Record, Sequence, Shard};
use crate::table::{self, TableId};

// Source of all: Lambda API reference, CreateEventSourceMapping (read 2026-11-24).
/// Records of a batch where nothing else is said.
pub const STREAM_BATCH_SIZE: u32 = 100;
pub const PARALLEL_MAX: u32 = 10;

/// A stream as a mapping names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamSource {
    Table { table: TableId, began: Timestamp },
    Data(data::StreamId),
}

/// A stream that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Table(table::stream::Stream),
    Data(data::Stream),
}

/// Where the first record comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Oldest,
    Latest,
    Since(Timestamp),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSettings {
    pub start: Start,
    /// Batches of one shard that may be with the function at once.
    pub parallel: u32,
    /// Whether a batch that fails is halved.
    pub bisects: bool,
    /// Attempts after the first; without a number for as long as the records are there.
    pub retries_max: Option<u32>,
    pub age_max: Option<Duration>,
    /// Where a word goes of records that are given up.
    pub on_failure: Option<QueueId>,
}

impl Default for StreamSettings {
    fn default() -> StreamSettings {
        StreamSettings {
            start: Start::Oldest,
            parallel: 1,
            bisects: false,
            retries_max: None,
            age_max: None,
            on_failure: None,
        }
    }
}

/// A record as it stands in an event.
pub(crate) struct Told {
    pub text: Bytes,
    pub sequence: String,
    /// The same for all records that must stay in order.
    pub spread: u64,
}

impl StreamSource {
    pub(crate) fn find(&self, read: &mut impl Read) -> Result<Option<Origin>, Error> {
        match self {
            StreamSource::Table { table, began } => Ok(table::stream::find(read, table, *began)?.map(Origin::Table)),
            StreamSource::Data(id) => Ok(data::look(read, id)?.map(Origin::Data)),
        }
    }

    pub(super) fn existing(&self, read: &mut impl Read) -> Result<Origin, Error> {
        self.find(read)?.ok_or(Error::NoSuchStream)
    }
}

impl Origin {
    pub fn lane(&self) -> &Lane {
        match self {
            Origin::Table(stream) => &stream.lane,
            Origin::Data(stream) => &stream.lane,
        }
    }

    /// `role` is the function's.
    pub(crate) fn tell(
        &self,
        envelopes: &dyn Envelopes,
        shard: &Shard,
        record: &Record,
        role: &str,
    ) -> Result<Told, Unreadable> {
        let (created_millis, index, number) = (shard.created_millis, shard.index, record.number);
        match self {
            Origin::Table(stream) => {
                let change = table::stream::parse(record)?;
                let sequence = Sequence { numbering: Numbering::Table, created_millis, index, number }.to_string();
                let text = envelopes.change(stream, &sequence, record.at, &change);
                Ok(Told { text, sequence, spread: table::stream::spread(stream, &change) })
            }
            Origin::Data(stream) => {
                let datum = data::parse(record)?;
                let sequence = Sequence { numbering: Numbering::Data, created_millis, index, number }.to_string();
                let text = envelopes.datum(stream, shard, &sequence, record.at, &datum, role);
                let spread = (data::hash_of(&datum.key) >> 64) as u64;
                Ok(Told { text, sequence, spread })
            }
        }
    }

    /// A record as filters look at it.
    pub(crate) fn filtered(&self, event: Value) -> Value {
        match self {
            Origin::Table(_) => event,
            Origin::Data(_) => decoded(event),
        }
    }
}

/// What filters of a data stream look at: its record alone, with data that is JSON.
///
/// Source: Lambda developer guide, "Using event filtering with a Kinesis event source" (read 2026-11-24).
fn decoded(mut event: Value) -> Value {
    let mut record = event.get_mut("kinesis").map(Value::take).unwrap_or_default();
    if let Some(data) = record.get_mut("data")
        && let Some(bytes) = data.as_str().and_then(|text| STANDARD.decode(text).ok())
        && let Ok(inner) = serde_json::from_slice(&bytes)
    {
        *data = inner;
    }
    record
}

impl Start {
    pub(crate) fn position(self) -> Position {
        match self {
            Start::Oldest => Position::Oldest,
            Start::Latest => Position::Latest,
            Start::Since(since) => Position::Since(since),
        }
    }
}
