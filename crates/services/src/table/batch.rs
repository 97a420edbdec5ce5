//! Many items at once, each on its own: some may be done and others not.

use std::collections::BTreeMap;

use super::capacity::Consumed;
use super::error::Error;
use super::expression::Path;
use super::read::Get;
use super::schema::TableId;
use super::value::{self, Item};
use super::write::{Write, Written};
use super::{Tables, key};

/// Items that one answer holds, in bytes; keys of the rest come back. Source: API reference, BatchGetItem (16 MB, read
/// 2026-11-24).
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Keys to be looked up in one table.
#[derive(Debug, Clone)]
pub struct GetMany {
    pub table: TableId,
    pub keys: Vec<Item>,
    pub projection: Option<Vec<Path>>,
    pub consistent: bool,
}

#[derive(Debug, Clone)]
pub struct BatchGet(pub Vec<GetMany>);

/// For each table, in the order of the request.
#[derive(Debug, Clone, Default)]
pub struct BatchGot {
    pub items: Vec<Vec<Item>>,
    /// Keys that were not looked up, because the answer is full.
    pub unprocessed: Vec<Vec<Item>>,
    pub consumed: Vec<Consumed>,
}

/// Puts and deletes without conditions.
#[derive(Debug, Clone)]
pub struct BatchWrite(pub Vec<Write>);

#[derive(Debug, Clone)]
pub struct BatchWritten(pub Vec<Written>);

impl Tables {
    /// Reads all items of one state. Every table and key is checked before any is read. Blocks on the disk.
    pub fn batch_get(&self, batch: &BatchGet) -> Result<BatchGot, Error> {
        self.store.read(|read| {
            for many in &batch.0 {
                let table = self.catalog.open(read, &many.table)?;
                many.keys.iter().try_for_each(|key| key::check_key(&table, key))?;
                refuse_duplicates(many.keys.iter().map(|key| key::item_row(&table, key)))?;
            }
            let mut got = BatchGot::default();
            let mut bytes = 0;
            for many in &batch.0 {
                let (mut items, mut unprocessed, mut consumed) = (Vec::new(), Vec::new(), Consumed::default());
                for key in &many.keys {
                    if bytes >= ANSWER_BYTES_MAX {
                        unprocessed.push(key.clone());
                        continue;
                    }
                    let get = Get {
                        table: many.table.clone(),
                        key: key.clone(),
                        projection: many.projection.clone(),
                        consistent: many.consistent,
                    };
                    let one = self.get_in(read, &get)?;
                    consumed.merge(&one.consumed);
                    if let Some(item) = one.item {
                        bytes += value::size(&item);
                        items.push(item);
                    }
                }
                got.items.push(items);
                got.unprocessed.push(unprocessed);
                got.consumed.push(consumed);
            }
            Ok(got)
        })
    }

    /// Writes all items in one commit: what the service does item by item is done at once here.
    pub async fn batch_write(&self, batch: &BatchWrite) -> Result<BatchWritten, Error> {
        self.store
            .transact(|tx| {
                let mut rows: BTreeMap<TableNumber, Vec<Vec<u8>>> = BTreeMap::new();
                for write in &batch.0 {
                    let table = self.catalog.open(tx, &write.table)?;
                    match &write.action {
                        super::Action::Put(item) => key::check_item(&table, item)?,
                        _ => key::check_key(&table, write.key())?,
                    }
                    rows.entry(table.number).or_default().push(key::item_row(&table, write.key()));
                }
                rows.into_values().try_for_each(|rows| refuse_duplicates(rows.into_iter()))?;
                let written = batch.0.iter().map(|write| self.write_in(tx, write)).collect::<Result<_, _>>()?;
                Ok(BatchWritten(written))
            })
            .await
    }
}

type TableNumber = u64;

fn refuse_duplicates(rows: impl Iterator<Item = Vec<u8>>) -> Result<(), Error> {
    let mut rows: Vec<Vec<u8>> = rows.collect();
    rows.sort_unstable();
    match rows.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(super::error::invalid("Provided list of item keys contains duplicates")),
        false => Ok(()),
    }
}
