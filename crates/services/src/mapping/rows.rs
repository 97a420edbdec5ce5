//! How mappings lie in the store: `MAPPINGS account region uuid`. Layout 1, the only one so far.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Order, Read, Timestamp, Tx};

use super::{Error, Mapping, MappingId, Settings, Source, Start, StreamSettings, StreamSource};
use crate::function::{FunctionId, Qualifier, Scope};
use crate::name::{AccountId, FunctionName, Malformed, Region};
use crate::queue::{QueueId, QueueName};
use crate::row::{self, Unreadable};
use crate::stream::data::{StreamId, StreamName};
use crate::table::{TableId, TableName};

const MAPPINGS: Space = Space::new(0x0119);
const LAYOUT: u8 = 1;
const ROW: &str = "event source mapping";

/// Rows that are read at once.
const SCAN_ROWS: usize = 500;

/// Account, region and name.
type Named = [String; 3];

#[derive(Serialize, Deserialize)]
struct MappingRow {
    source: SourceRow,
    function: Named,
    qualifier: Option<String>,
    enabled: bool,
    batch_size: u32,
    window: Duration,
    filters: Vec<String>,
    answers_partly: bool,
    concurrency_max: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stream: Option<StreamRow>,
    tags: BTreeMap<String, String>,
    modified_millis: i64,
}

#[derive(Serialize, Deserialize)]
enum SourceRow {
    Queue(Named),
    /// The table, and when its stream began.
    Table(Named, i64),
    Data(Named),
}

#[derive(Serialize, Deserialize)]
struct StreamRow {
    start: StartRow,
    parallel: u32,
    bisects: bool,
    retries_max: Option<u32>,
    age_max: Option<Duration>,
    on_failure: Option<Named>,
}

#[derive(Serialize, Deserialize)]
enum StartRow {
    Oldest,
    Latest,
    SinceMillis(i64),
}

/// What every mapping's key begins with.
pub(crate) fn table() -> Vec<u8> {
    Key::global(MAPPINGS).build()
}

pub(super) fn find(read: &mut impl Read, id: &MappingId) -> Result<Option<Mapping>, Error> {
    Ok(read.get(&key(id))?.map(|row| decode(&row)).transpose()?)
}

pub(super) fn put(tx: &mut Tx, id: &MappingId, mapping: &Mapping) {
    tx.put(key(id), encode(mapping));
}

pub(super) fn delete(tx: &mut Tx, id: &MappingId) {
    tx.delete(key(id));
}

pub(super) fn list(read: &mut impl Read, scope: &Scope) -> Result<Vec<(MappingId, Mapping)>, Error> {
    under(read, Key::new(MAPPINGS, scope.account.as_str(), scope.region.as_str()))
}

/// Every mapping there is.
pub(crate) fn all(read: &mut impl Read) -> Result<Vec<(MappingId, Mapping)>, Error> {
    under(read, Key::global(MAPPINGS))
}

fn under(read: &mut impl Read, prefix: Key) -> Result<Vec<(MappingId, Mapping)>, Error> {
    let mut found = Vec::new();
    let mut range = prefix.range();
    loop {
        let page = read.scan(range.clone(), Order::Forward, SCAN_ROWS)?;
        for (key, row) in &page {
            found.push((parse_key(key).ok_or_else(|| unreadable("its key has another form"))?, decode(row)?));
        }
        match page.last() {
            Some((last, _)) if page.len() == SCAN_ROWS => range = range.after(last),
            Some(_) | None => return Ok(found),
        }
    }
}

fn key(id: &MappingId) -> Vec<u8> {
    Key::new(MAPPINGS, id.scope.account.as_str(), id.scope.region.as_str()).text(&id.uuid).build()
}

fn parse_key(key: &[u8]) -> Option<MappingId> {
    let (_, account, region, mut rest) = Parser::of(key)?;
    let scope = Scope { account: AccountId::parse(&account).ok()?, region: Region::parse(&region).ok()? };
    Some(MappingId { scope, uuid: rest.text()?.into() })
}

fn named(scope: &Scope, name: &str) -> Named {
    [scope.account.to_string(), scope.region.to_string(), name.to_owned()]
}

fn encode(mapping: &Mapping) -> Vec<u8> {
    let source = match &mapping.source {
        Source::Queue(queue) => SourceRow::Queue(named(&queue.scope, queue.name.as_str())),
        Source::Stream(StreamSource::Data(id)) => SourceRow::Data(named(&id.scope, id.name.as_str())),
        Source::Stream(StreamSource::Table { table, began }) => {
            let scope = Scope { account: table.account.clone(), region: table.region.clone() };
            SourceRow::Table(named(&scope, table.name.as_str()), began.millis())
        }
    };
    let Settings { enabled, batch_size, window, filters, answers_partly, concurrency_max, stream } =
        mapping.settings.clone();
    let row = MappingRow {
        source,
        function: named(&mapping.function.scope, mapping.function.name.as_str()),
        qualifier: mapping.qualifier.as_ref().map(ToString::to_string),
        enabled,
        batch_size,
        window,
        filters,
        answers_partly,
        concurrency_max,
        stream: stream.map(encode_stream),
        tags: mapping.tags.clone(),
        modified_millis: mapping.modified.millis(),
    };
    row::encode(LAYOUT, &row)
}

fn encode_stream(settings: StreamSettings) -> StreamRow {
    let StreamSettings { start, parallel, bisects, retries_max, age_max, on_failure } = settings;
    let start = match start {
        Start::Oldest => StartRow::Oldest,
        Start::Latest => StartRow::Latest,
        Start::Since(since) => StartRow::SinceMillis(since.millis()),
    };
    let on_failure = on_failure.map(|queue| named(&queue.scope, queue.name.as_str()));
    StreamRow { start, parallel, bisects, retries_max, age_max, on_failure }
}

fn decode(bytes: &[u8]) -> Result<Mapping, Unreadable> {
    let row: MappingRow = row::decode(ROW, LAYOUT, bytes)?;
    parse(row).map_err(|error| unreadable(&error.to_string()))
}

fn parse(row: MappingRow) -> Result<Mapping, Malformed> {
    let source = match &row.source {
        SourceRow::Queue(queue) => Source::Queue(parse_queue(queue)?),
        SourceRow::Table(table, began_millis) => {
            let Scope { account, region } = scope(table)?;
            let table = TableId { account, region, name: TableName::parse(&table[2])? };
            Source::Stream(StreamSource::Table { table, began: Timestamp::from_millis(*began_millis) })
        }
        SourceRow::Data(stream) => {
            let name = StreamName::parse(&stream[2])?;
            Source::Stream(StreamSource::Data(StreamId { scope: scope(stream)?, name }))
        }
    };
    Ok(Mapping {
        source,
        function: FunctionId { scope: scope(&row.function)?, name: FunctionName::parse(&row.function[2])? },
        qualifier: row.qualifier.as_deref().map(Qualifier::parse).transpose()?,
        settings: Settings {
            enabled: row.enabled,
            batch_size: row.batch_size,
            window: row.window,
            filters: row.filters,
            answers_partly: row.answers_partly,
            concurrency_max: row.concurrency_max,
            stream: row.stream.map(parse_stream).transpose()?,
        },
        tags: row.tags,
        modified: Timestamp::from_millis(row.modified_millis),
    })
}

fn parse_stream(row: StreamRow) -> Result<StreamSettings, Malformed> {
    let StreamRow { start, parallel, bisects, retries_max, age_max, on_failure } = row;
    let start = match start {
        StartRow::Oldest => Start::Oldest,
        StartRow::Latest => Start::Latest,
        StartRow::SinceMillis(millis) => Start::Since(Timestamp::from_millis(millis)),
    };
    let on_failure = on_failure.as_ref().map(parse_queue).transpose()?;
    Ok(StreamSettings { start, parallel, bisects, retries_max, age_max, on_failure })
}

fn parse_queue(queue: &Named) -> Result<QueueId, Malformed> {
    Ok(QueueId { scope: scope(queue)?, name: QueueName::parse(&queue[2])? })
}

fn scope(named: &Named) -> Result<Scope, Malformed> {
    Ok(Scope { account: AccountId::parse(&named[0])?, region: Region::parse(&named[1])? })
}

fn unreadable(reason: &str) -> Unreadable {
    Unreadable { row: ROW, layout: None, reason: reason.to_owned() }
}
