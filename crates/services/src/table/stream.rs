//! Streams of tables: every change of an item, in the order of commits, for a day.
//!
//! Start reading at [`record`], which writes a change down in the commit that makes it. A stream has one open shard at a
//! time; [`roll`] closes it after [`SHARD_AGE_MAX`] and opens its child. Shards and records are those of `crate::stream`.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | TABLE_STREAMS | table name, millisecond of the beginning | [`Row`] |
//!
//! A record's payload is a layout byte, what happened, sixteen bytes that name the event, and the key, the new and the old
//! item, each with its length in four bytes, big-endian, or [`ABSENT`].

use std::time::Duration;

use bytes::{Buf, Bytes};
use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Order, Read, Timestamp, Tx};

use super::error::{Error, invalid};
use super::schema::{KeySchema, Settings, Table, TableId, TableName};
use super::value::{self, Item};
use super::{Tables, rows};
use super::{key, layout};
use crate::name::{AccountId, Region};
use crate::row::{self, Unreadable};
use crate::stream::{self, Kept, Lane, Record, Shard};

const STREAMS: Space = Space::new(0x0208);
const LAYOUT: u8 = 1;

/// How long records are kept. Source: developer guide, "Change data capture for DynamoDB Streams" (read 2026-11-24).
pub const RETENTION: Duration = Duration::from_secs(24 * 3600);
/// How long a shard is open. Source: as above, "DynamoDB Streams and AWS Lambda triggers": about four hours.
const SHARD_AGE_MAX: Duration = Duration::from_secs(4 * 3600);
/// Streams that are read at once.
const SCAN_ROWS: usize = 500;

/// What of an item a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum View {
    Keys,
    New,
    Old,
    Both,
}

/// The stream that a table has, or had last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableStream {
    /// When it began; it is called by that.
    pub began_millis: i64,
    pub view: View,
    pub enabled: bool,
    lane: u64,
    shard: u64,
    shard_began_millis: i64,
}

/// A stream, whether its table is still there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    pub table: TableId,
    pub began: Timestamp,
    pub lane: Lane,
    pub view: View,
    pub key: KeySchema,
    pub enabled: bool,
}

#[derive(Serialize, Deserialize)]
struct Row {
    lane: u64,
    view: View,
    key: KeySchema,
    enabled: bool,
}

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Insert,
    Modify,
    Remove,
    /// It was due.
    Expire,
}

/// A record, read.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeRecord {
    pub id: [u8; 16],
    pub event: Event,
    pub key: Item,
    pub new: Option<Item>,
    pub old: Option<Item>,
}

impl ChangeRecord {
    /// Bytes of all that the record holds of the item.
    pub fn size(&self) -> usize {
        value::size(&self.key) + [&self.new, &self.old].into_iter().flatten().map(value::size).sum::<usize>()
    }
}

/// Writes a change of an item down, if the table has a stream and anything has changed.
pub(super) fn record(tx: &mut Tx, table: &Table, key: &Item, old: Option<&Item>, new: Option<&Item>, expired: bool) {
    let Some(stream) = table.settings.stream.as_ref().filter(|stream| stream.enabled) else { return };
    let event = match (old, new) {
        _ if old == new => return,
        (None, _) => Event::Insert,
        (Some(_), Some(_)) => Event::Modify,
        (Some(_), None) if expired => Event::Expire,
        (Some(_), None) => Event::Remove,
    };
    let new = new.filter(|_| matches!(stream.view, View::New | View::Both));
    let old = old.filter(|_| matches!(stream.view, View::Old | View::Both));
    let payload = encode(event, tx.random(), &table.key_item(key), new, old);
    stream::append(tx, &stream.lane(&table.id), stream.shard, &payload);
}

const ABSENT: u32 = u32::MAX;

fn encode(event: Event, id: [u8; 16], key: &Item, new: Option<&Item>, old: Option<&Item>) -> Vec<u8> {
    let event = match event {
        Event::Insert => 0,
        Event::Modify => 1,
        Event::Remove => 2,
        Event::Expire => 3,
    };
    let mut out = vec![LAYOUT, event];
    out.extend_from_slice(&id);
    for item in [Some(key), new, old] {
        match item.map(layout::encode) {
            Some(item) => {
                out.extend_from_slice(&u32::try_from(item.len()).expect("items are small").to_be_bytes());
                out.extend_from_slice(&item);
            }
            None => out.extend_from_slice(&ABSENT.to_be_bytes()),
        }
    }
    out
}

/// A number that all changes of one partition of the table share.
pub(crate) fn spread(stream: &Stream, change: &ChangeRecord) -> u64 {
    change.key.get(&stream.key.partition.name).map_or(0, |value| key::hash(&key::ordered(value)))
}

/// Reads what `record` wrote.
pub fn parse(record: &Record) -> Result<ChangeRecord, Unreadable> {
    let mut rest = record.payload.clone();
    let head = rest.split_first_chunk::<18>().map(|(head, _)| *head).ok_or_else(|| unreadable("it ends too soon"))?;
    let event = match head {
        [LAYOUT, 0, ..] => Event::Insert,
        [LAYOUT, 1, ..] => Event::Modify,
        [LAYOUT, 2, ..] => Event::Remove,
        [LAYOUT, 3, ..] => Event::Expire,
        _ => return Err(unreadable("it has another layout")),
    };
    let mut id = [0; 16];
    id.copy_from_slice(&head[2..]);
    rest.advance(head.len());
    let key = take(&mut rest)?.ok_or_else(|| unreadable("it has no key"))?;
    Ok(ChangeRecord { id, event, key, new: take(&mut rest)?, old: take(&mut rest)? })
}

fn take(rest: &mut Bytes) -> Result<Option<Item>, Unreadable> {
    let length = rest.first_chunk::<4>().map(|length| u32::from_be_bytes(*length));
    let length = length.ok_or_else(|| unreadable("it ends too soon"))?;
    rest.advance(4);
    match length as usize {
        _ if length == ABSENT => Ok(None),
        length if length <= rest.len() => layout::decode(&rest.split_to(length)).map(Some),
        _ => Err(unreadable("it ends too soon")),
    }
}

impl TableStream {
    fn lane(&self, table: &TableId) -> Lane {
        Lane { account: table.account.clone(), region: table.region.clone(), number: self.lane }
    }
}

/// Gives a table a stream.
pub(super) fn begin(tx: &mut Tx, id: &TableId, key: &KeySchema, view: View) -> TableStream {
    let lane = Lane::draw(tx, &id.account, &id.region);
    let now_millis = tx.now().millis();
    let stream = TableStream {
        began_millis: now_millis,
        view,
        enabled: true,
        lane: lane.number,
        shard: 0,
        shard_began_millis: now_millis,
    };
    let retention_millis = i64::try_from(RETENTION.as_millis()).expect("it is a day");
    let owner_row = Some(row_key(id, now_millis));
    stream::keep(tx, &lane, &Kept { retention_millis, ended: false, owner_row });
    open_shard(tx, &lane, 0, Vec::new());
    put(tx, id, key, &stream);
    stream
}

fn open_shard(tx: &mut Tx, lane: &Lane, index: u64, parents: Vec<u64>) {
    let created_millis = tx.now().millis();
    stream::open(tx, lane, &Shard { index, parents, created_millis, closed_millis: None, hashes: None });
}

/// Switches the stream off: what is in it stays for as long as it would have.
pub(super) fn end(tx: &mut Tx, table: &Table) -> Result<Option<TableStream>, Error> {
    let Some(stream) = &table.settings.stream else { return Ok(None) };
    if !stream.enabled {
        return Ok(Some(stream.clone()));
    }
    let ended = TableStream { enabled: false, ..stream.clone() };
    stream::end(tx, &stream.lane(&table.id))?;
    put(tx, &table.id, &table.key, &ended);
    Ok(Some(ended))
}

/// Switches a table's stream on or off.
pub(super) fn set(tx: &mut Tx, table: &mut Table, wanted: Option<View>) -> Result<(), Error> {
    let name = table.id.name.as_str();
    let enabled = table.settings.stream.as_ref().is_some_and(|stream| stream.enabled);
    table.settings.stream = match (enabled, wanted) {
        (true, Some(_)) => return Err(invalid(format!("Table already has an enabled stream: TableName: {name}"))),
        (false, None) => return Err(invalid(format!("Table has no stream to disable: TableName: {name}"))),
        (true, None) => end(tx, table)?,
        (false, Some(view)) => Some(begin(tx, &table.id, &table.key, view)),
    };
    Ok(())
}

/// Opens a child of a shard that has been open for long.
pub(super) fn roll(tx: &mut Tx, table: &Table) -> Result<Option<Table>, Error> {
    let now = tx.now();
    let is_old = |stream: &&TableStream| {
        stream.enabled && now.since(Timestamp::from_millis(stream.shard_began_millis)) >= SHARD_AGE_MAX
    };
    let Some(stream) = table.settings.stream.as_ref().filter(is_old) else { return Ok(None) };
    let lane = stream.lane(&table.id);
    stream::close(tx, &lane, stream.shard)?;
    let child = stream.shard + 1;
    open_shard(tx, &lane, child, vec![stream.shard]);
    let stream = TableStream { shard: child, shard_began_millis: now.millis(), ..stream.clone() };
    Ok(Some(Table { settings: Settings { stream: Some(stream), ..table.settings.clone() }, ..table.clone() }))
}

/// Where to go on, and what may be left out.
#[derive(Debug, Clone, Default)]
pub struct ListStreams {
    pub table: Option<TableName>,
    pub after: Option<(TableName, Timestamp)>,
}

impl Tables {
    /// Streams of an account and region in the order of their tables; whether there are more.
    pub fn streams(
        &self,
        account: &AccountId,
        region: &Region,
        ask: &ListStreams,
        limit: usize,
    ) -> Result<(Vec<Stream>, bool), Error> {
        self.store.read(|read| {
            let mut found = list(read, account, region, ask, limit + 1)?;
            let more = found.len() > limit;
            found.truncate(limit);
            Ok((found, more))
        })
    }

    /// The stream of a table that is called by this time.
    pub fn stream(&self, table: &TableId, began: Timestamp) -> Result<Option<Stream>, Error> {
        self.store.read(|read| find(read, table, began))
    }

    /// Rolls the shards of all tables that are due for it.
    pub(super) async fn roll_shards(&self) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = self.store.read(|read| all(read, after.as_deref()))?;
            for (_, stream) in page.iter().filter(|(_, stream)| stream.enabled) {
                self.store
                    .transact(|tx| {
                        if let Some(table) = self.catalog.find(tx, &stream.table)?
                            && let Some(rolled) = roll(tx, &table)?
                        {
                            rows::put_table(tx, &rolled);
                        }
                        Ok::<_, Error>(())
                    })
                    .await?;
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_ROWS => after = Some(last.clone()),
                Some(_) | None => return Ok(()),
            }
        }
    }
}

pub(crate) fn find(read: &mut impl Read, table: &TableId, began: Timestamp) -> Result<Option<Stream>, Error> {
    let key = row_key(table, began.millis());
    Ok(read.get(&key)?.map(|row| decode(&key, &row)).transpose()?)
}

fn list(
    read: &mut impl Read,
    account: &AccountId,
    region: &Region,
    ask: &ListStreams,
    limit: usize,
) -> Result<Vec<Stream>, Error> {
    let prefix = Key::new(STREAMS, account.as_str(), region.as_str());
    let mut range = match &ask.table {
        Some(table) => prefix.clone().text(table.as_str()).range(),
        None => prefix.range(),
    };
    if let Some((table, began)) = &ask.after {
        range = range.after(&prefix.text(table.as_str()).signed(began.millis()).build());
    }
    let found = read.scan(range, Order::Forward, limit)?;
    Ok(found.iter().map(|(key, row)| decode(key, row)).collect::<Result<_, _>>()?)
}

fn all(read: &mut impl Read, after: Option<&[u8]>) -> Result<Vec<(Bytes, Stream)>, Error> {
    let range = Key::global(STREAMS).range();
    let range = match after {
        Some(after) => range.after(after),
        None => range,
    };
    let found = read.scan(range, Order::Forward, SCAN_ROWS)?;
    found.into_iter().map(|(key, row)| decode(&key, &row).map(|stream| (key, stream)).map_err(Error::from)).collect()
}

fn put(tx: &mut Tx, id: &TableId, key: &KeySchema, stream: &TableStream) {
    let row = Row { lane: stream.lane, view: stream.view, key: key.clone(), enabled: stream.enabled };
    tx.put(row_key(id, stream.began_millis), row::encode(LAYOUT, &row));
}

fn row_key(id: &TableId, began_millis: i64) -> Vec<u8> {
    let scope = Key::new(STREAMS, id.account.as_str(), id.region.as_str());
    scope.text(id.name.as_str()).signed(began_millis).build()
}

fn decode(key: &[u8], row: &[u8]) -> Result<Stream, Unreadable> {
    let parsed = Parser::of(key).and_then(|(_, account, region, mut rest)| {
        let (account, region) = (AccountId::parse(&account).ok()?, Region::parse(&region).ok()?);
        let name = TableName::parse(&rest.text()?).ok()?;
        Some((TableId { account, region, name }, Timestamp::from_millis(rest.signed()?)))
    });
    let (table, began) = parsed.ok_or_else(|| unreadable("its key has another form"))?;
    let Row { lane, view, key, enabled } = row::decode("stream of a table", LAYOUT, row)?;
    let lane = Lane { account: table.account.clone(), region: table.region.clone(), number: lane };
    Ok(Stream { table, began, lane, view, key, enabled })
}

fn unreadable(reason: &str) -> Unreadable {
    Unreadable { row: "change record", layout: Some(LAYOUT), reason: reason.to_owned() }
}
