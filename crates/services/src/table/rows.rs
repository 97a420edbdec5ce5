//! How tables lie in the store. Items and entries of indexes are in `key` and `layout`.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | TABLES | name | [`TableRow`] |
//! | COUNTS | table number, index number (0 is the table), what | a counter |
//! | COLLECTIONS | table number, partition | a counter: bytes of the partition, in the table and its local indexes |
//! | BACKFILLS | table name, table number, number of the index or expiry | where the next round begins |
//! | EXPIRING | table name | the table's number: its items fall due |
//! | DROPPED | id | [`Dropped`]: rows to be deleted |
//! | TOKENS | token | [`Token`] |
//! | TOKENS_DUE | (global) millisecond, row key of a token | nothing |
//!
//! All are layout 1, the only one so far.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, Timestamp, Tx};

use super::error::Error;
use super::history;
use super::key;
use super::schema::{Expiry, Index, KeySchema, Settings, Table, TableId, TableName};
use super::value::Value;
use crate::name::{AccountId, Region};
use crate::row::{self, Unreadable};

const TABLES: Space = Space::new(0x0200);
const COUNTS: Space = Space::new(0x0201);
const COLLECTIONS: Space = Space::new(0x0202);
const BACKFILLS: Space = Space::new(0x0203);
const DROPPED: Space = Space::new(0x0204);
const TOKENS: Space = Space::new(0x0205);
const TOKENS_DUE: Space = Space::new(0x0206);
const EXPIRING: Space = Space::new(0x0207);

const LAYOUT: u8 = 1;

/// A table beside its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TableRow {
    settings: Settings,
    number: u64,
    key: KeySchema,
    indexes: Vec<Index>,
    next_index: u64,
    created_millis: i64,
}

pub(super) fn table_key(id: &TableId) -> Vec<u8> {
    Key::new(TABLES, id.account.as_str(), id.region.as_str()).text(id.name.as_str()).build()
}

impl TableRow {
    pub fn table(self, id: &TableId) -> Table {
        Table {
            id: id.clone(),
            settings: self.settings,
            number: self.number,
            key: self.key,
            indexes: self.indexes,
            next_index: self.next_index,
            created: Timestamp::from_millis(self.created_millis),
        }
    }

    pub fn number(&self) -> u64 {
        self.number
    }
}

impl From<&Table> for TableRow {
    fn from(table: &Table) -> TableRow {
        TableRow {
            settings: table.settings.clone(),
            number: table.number,
            key: table.key.clone(),
            indexes: table.indexes.clone(),
            next_index: table.next_index,
            created_millis: table.created.millis(),
        }
    }
}

pub(super) fn decode_table(id: &TableId, bytes: &[u8]) -> Result<Table, Unreadable> {
    Ok(row::decode::<TableRow>("table", LAYOUT, bytes)?.table(id))
}

pub(super) fn put_table(tx: &mut Tx, table: &Table) {
    tx.put(table_key(&table.id), row::encode(LAYOUT, &TableRow::from(table)));
}

pub(super) fn delete_table(tx: &mut Tx, id: &TableId) {
    tx.delete(table_key(id));
    tx.delete(expiring_key(id));
}

/// Names of tables after `after`, in order.
pub(super) fn table_names(
    read: &mut impl Read,
    account: &AccountId,
    region: &Region,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, Error> {
    let prefix = Key::new(TABLES, account.as_str(), region.as_str());
    let mut range = prefix.range();
    if let Some(name) = after {
        range = range.after(&prefix.clone().text(name).build());
    }
    let prefix = prefix.build();
    let found = read.scan(range, Order::Forward, limit)?;
    found
        .iter()
        .map(|(key, _)| {
            let name = Parser::after(&prefix, key).and_then(|mut rest| rest.text());
            Ok(name.ok_or_else(|| unreadable("table", "its key has another form"))?)
        })
        .collect()
}

/// Tables whose items fall due, after `after`.
pub(super) fn expiring(
    read: &mut impl Read,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<(Bytes, TableId)>, Error> {
    let range = Key::global(EXPIRING).range();
    let range = match after {
        Some(after) => range.after(after),
        None => range,
    };
    let found = read.scan(range, Order::Forward, limit)?;
    found
        .into_iter()
        .map(|(key, _)| {
            let id = Parser::of(&key).and_then(|(_, account, region, mut rest)| table_id(&account, &region, &mut rest));
            let id = id.ok_or_else(|| unreadable("expiring", "its key has another form"))?;
            Ok((key, id))
        })
        .collect()
}

fn expiring_key(id: &TableId) -> Vec<u8> {
    scoped(EXPIRING, id).text(id.name.as_str()).build()
}

/// The prefix of all, for who waits for one.
pub(super) fn all_expiring() -> Vec<u8> {
    Key::global(EXPIRING).build()
}

fn table_id(account: &str, region: &str, rest: &mut Parser) -> Option<TableId> {
    Some(TableId {
        account: AccountId::parse(account).ok()?,
        region: Region::parse(region).ok()?,
        name: TableName::parse(&rest.text()?).ok()?,
    })
}

/// What is counted of a table and of each of its indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    pub items: i64,
    pub bytes: i64,
}

const ITEMS: u64 = 0;
const BYTES: u64 = 1;

/// Number 0 is the table itself.
pub(super) fn count(tx: &mut Tx, table: &Table, index: u64, by: Counted) {
    for (what, by) in [(ITEMS, by.items), (BYTES, by.bytes)] {
        if by != 0 {
            tx.add(counts(table).number(index).number(what).build(), by);
        }
    }
}

pub(super) fn counted(read: &mut impl Read, table: &Table, index: u64) -> Result<Counted, Error> {
    let mut get = |what: u64| -> Result<i64, Error> {
        let found = read.get(&counts(table).number(index).number(what).build())?;
        Ok(found.and_then(|value| store::counter(&value)).unwrap_or(0))
    };
    Ok(Counted { items: get(ITEMS)?, bytes: get(BYTES)? })
}

fn counts(table: &Table) -> Key {
    scoped(COUNTS, &table.id).number(table.number)
}

pub(super) fn count_collection(tx: &mut Tx, table: &Table, partition: &Value, bytes: i64) {
    if bytes != 0 {
        tx.add(collection(table, partition), bytes);
    }
}

pub(super) fn collection_bytes(read: &mut impl Read, table: &Table, partition: &Value) -> Result<i64, Error> {
    let found = read.get(&collection(table, partition))?;
    Ok(found.and_then(|value| store::counter(&value)).unwrap_or(0))
}

fn collection(table: &Table, partition: &Value) -> Vec<u8> {
    let whose = key::partition(table, None, partition).build();
    collections(table).bytes(&<sha2::Sha256 as sha2::Digest>::digest(&whose)).build()
}

fn collections(table: &Table) -> Key {
    scoped(COLLECTIONS, &table.id).number(table.number)
}

/// Items that are still being entered into an index, or into what falls due: which of the two, its number says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Backfill {
    pub table: TableId,
    pub table_number: u64,
    pub number: u64,
}

/// The prefix of all, for who waits for one.
pub(super) fn backfills() -> Vec<u8> {
    Key::global(BACKFILLS).build()
}

pub(super) fn put_backfill(tx: &mut Tx, backfill: &Backfill, next: Vec<u8>) {
    tx.put(backfill_key(backfill), next);
}

pub(super) fn backfill_cursor(read: &mut impl Read, backfill: &Backfill) -> Result<Option<Bytes>, Error> {
    Ok(read.get(&backfill_key(backfill))?)
}

pub(super) fn delete_backfill(tx: &mut Tx, backfill: &Backfill) {
    tx.delete(backfill_key(backfill));
}

pub(super) fn first_backfill(read: &mut impl Read) -> Result<Option<Backfill>, Error> {
    let found = read.scan(Key::global(BACKFILLS).range(), Order::Forward, 1)?;
    let Some((key, _)) = found.first() else { return Ok(None) };
    let parsed = Parser::of(key).and_then(|(_, account, region, mut rest)| {
        let table = table_id(&account, &region, &mut rest)?;
        Some(Backfill { table, table_number: rest.number()?, number: rest.number()? })
    });
    Ok(Some(parsed.ok_or_else(|| unreadable("backfill", "its key has another form"))?))
}

fn backfill_key(backfill: &Backfill) -> Vec<u8> {
    let name = backfill.table.name.as_str();
    scoped(BACKFILLS, &backfill.table).text(name).number(backfill.table_number).number(backfill.number).build()
}

/// Writes down whether a table's items fall due.
pub(super) fn set_expiring(tx: &mut Tx, table: &Table) {
    let key = expiring_key(&table.id);
    match table.settings.expiry {
        Some(_) => tx.put(key, table.number.to_be_bytes().to_vec()),
        None => tx.delete(key),
    }
}

/// Rows that nothing refers to any more: everything under these prefixes.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Dropped {
    prefixes: Prefixes,
}

type Prefixes = Vec<Vec<u8>>;

pub(super) fn dropped() -> Vec<u8> {
    Key::global(DROPPED).build()
}

/// Leaves all rows of a table for deletion.
pub(super) fn drop_table(tx: &mut Tx, table: &Table) {
    let lanes = [
        key::lane(table, None),
        key::all_entries(table),
        key::all_due(table),
        history::all(table),
        counts(table),
        collections(table),
        scoped(BACKFILLS, &table.id).text(table.id.name.as_str()).number(table.number),
    ];
    drop_prefixes(tx, lanes.map(Key::build).to_vec());
}

/// Leaves all that falls due for deletion: it no longer does.
pub(super) fn drop_due(tx: &mut Tx, table: &Table, expiry: &Expiry) {
    drop_prefixes(tx, vec![key::due(table, expiry).build()]);
}

/// Leaves all rows of an index for deletion.
pub(super) fn drop_index(tx: &mut Tx, table: &Table, index: &Index) {
    let lanes = [key::entries(table, index.number), counts(table).number(index.number)];
    drop_prefixes(tx, lanes.map(Key::build).to_vec());
}

pub(super) fn drop_prefixes(tx: &mut Tx, prefixes: Prefixes) {
    let id = tx.random();
    tx.put(Key::global(DROPPED).bytes(&id).build(), row::encode(LAYOUT, &Dropped { prefixes }));
}

/// The row of what waits for deletion, and the prefixes of the rows that it is about, if anything does.
pub(super) fn first_dropped(read: &mut impl Read) -> Result<Option<(Bytes, Prefixes)>, Error> {
    let found = read.scan(Key::global(DROPPED).range(), Order::Forward, 1)?;
    let Some((key, value)) = found.into_iter().next() else { return Ok(None) };
    let dropped: Dropped = row::decode("dropped", LAYOUT, &value)?;
    Ok(Some((key, dropped.prefixes)))
}

/// A transaction that was done under an idempotency token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Token {
    pub digest: [u8; 32],
    pub until_millis: i64,
}

pub(super) fn token(
    read: &mut impl Read,
    account: &AccountId,
    region: &Region,
    token: &str,
) -> Result<Option<Token>, Error> {
    match read.get(&token_key(account, region, token))? {
        Some(value) => Ok(Some(row::decode("token", LAYOUT, &value)?)),
        None => Ok(None),
    }
}

pub(super) fn put_token(tx: &mut Tx, account: &AccountId, region: &Region, token: &str, row: &Token) {
    let key = token_key(account, region, token);
    tx.put(Key::global(TOKENS_DUE).signed(row.until_millis).bytes(&key).build(), Vec::new());
    tx.put(key, row::encode(LAYOUT, row));
}

/// Tokens that were to be kept until then: the rows of both tables.
pub(super) fn tokens_due(read: &mut impl Read, now: Timestamp, limit: usize) -> Result<Vec<(Bytes, Vec<u8>)>, Error> {
    let prefix = Key::global(TOKENS_DUE);
    let range = Range { from: prefix.range().from, to: prefix.clone().signed(now.millis()).build() };
    let prefix = prefix.build();
    let found = read.scan(range, Order::Forward, limit)?;
    found
        .into_iter()
        .map(|(key, _)| {
            let token = Parser::after(&prefix, &key).and_then(|mut rest| rest.signed().and_then(|_| rest.bytes()));
            let token = token.ok_or_else(|| unreadable("token", "its key has another form"))?;
            Ok((key, token))
        })
        .collect()
}

/// When a token is to be forgotten, if it is still the one that was due then.
pub(super) fn token_until(read: &mut impl Read, key: &[u8]) -> Result<Option<Timestamp>, Error> {
    match read.get(key)? {
        Some(value) => {
            let token: Token = row::decode("token", LAYOUT, &value)?;
            Ok(Some(Timestamp::from_millis(token.until_millis)))
        }
        None => Ok(None),
    }
}

fn token_key(account: &AccountId, region: &Region, token: &str) -> Vec<u8> {
    Key::new(TOKENS, account.as_str(), region.as_str()).text(token).build()
}

fn scoped(space: Space, id: &TableId) -> Key {
    Key::new(space, id.account.as_str(), id.region.as_str())
}

fn unreadable(row: &'static str, reason: &str) -> Unreadable {
    Unreadable { row, layout: Some(LAYOUT), reason: reason.to_owned() }
}
