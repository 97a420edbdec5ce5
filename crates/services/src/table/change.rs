//! The one place where an item is changed.
//!
//! [`apply`] writes the item's row, its entries in the indexes, its due row, the counts, what it was for
//! the table's past and the record in the table's stream, in the transaction that it is given. [`Change`] is all that others need to know of it.

use bytes::Bytes;
use store::{Read, Tx};

use super::capacity::{Consumed, write_units};
use super::error::Error;
use super::history;
use super::key;
use super::layout;
use super::rows::{self, Counted};
use super::schema::{Index, Reach, Table};
use super::stream;
use super::value::{self, Item, Value};

/// An item as its row holds it, parsed when somebody looks.
pub(super) struct Stored {
    bytes: Bytes,
    item: Option<Item>,
}

impl Stored {
    pub fn get(read: &mut impl Read, row: &[u8]) -> Result<Option<Stored>, Error> {
        Ok(read.get(row)?.map(|bytes| Stored { bytes, item: None }))
    }

    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub fn size(&self) -> Result<usize, Error> {
        Ok(layout::stored_size(&self.bytes)?)
    }

    pub fn item(&mut self) -> Result<&Item, Error> {
        if self.item.is_none() {
            self.item = Some(layout::decode(&self.bytes)?);
        }
        Ok(self.item.get_or_insert_default())
    }

    pub fn into_item(mut self) -> Result<Item, Error> {
        self.item()?;
        Ok(self.item.unwrap_or_default())
    }
}

/// What happens to one item.
pub(super) struct Change<'a> {
    pub table: &'a Table,
    /// Its row key, and its key attributes or more.
    pub row: Vec<u8>,
    pub key: &'a Item,
    pub old: Option<&'a mut Stored>,
    pub new: Option<&'a Item>,
    /// It goes because it was due.
    pub expired: bool,
}

/// Writes a change; says what it takes.
pub(super) fn apply(tx: &mut Tx, change: Change) -> Result<Consumed, Error> {
    let Change { table, row, key, mut old, new, expired } = change;
    let old_size = old.as_ref().map(|old| old.size()).transpose()?;
    let new_size = new.map(value::size);
    let mut consumed = Consumed::default();
    consumed.add(None, write_units(old_size.unwrap_or(0).max(new_size.unwrap_or(0))));
    let settings = &table.settings;
    let looks_at_old = !table.indexes.is_empty() || settings.expiry.is_some() || settings.stream.is_some();
    let old_bytes = old.as_ref().filter(|_| settings.history.is_some()).map(|old| old.bytes().clone());
    let old_item = match &mut old {
        Some(old) if looks_at_old => Some(old.item()?),
        Some(_) | None => None,
    };
    let mut grown = bytes_of(new_size) - bytes_of(old_size);
    for index in &table.indexes {
        let by = enter(tx, table, index, old_item, new, &mut consumed)?;
        if index.reach == Reach::Local {
            grown += by;
        }
    }
    if table.reaching(Reach::Local).next().is_some()
        && let Some(partition) = key.get(&table.key.partition.name)
    {
        rows::count_collection(tx, table, partition, grown);
    }
    fall_due(tx, table, &row, old_item, new);
    if old_size.is_some() || new.is_some() {
        history::keep(tx, table, &row, old_bytes.as_ref())?;
    }
    stream::record(tx, table, key, old_item, new, expired);
    let items = i64::from(new.is_some()) - i64::from(old_size.is_some());
    rows::count(tx, table, 0, Counted { items, bytes: bytes_of(new_size) - bytes_of(old_size) });
    match new {
        Some(item) => tx.put(row, layout::encode(item)),
        None if old_size.is_some() => tx.delete(row),
        None => {}
    }
    Ok(consumed)
}

fn bytes_of(size: Option<usize>) -> i64 {
    size.and_then(|size| i64::try_from(size).ok()).unwrap_or(0)
}

/// Brings one index up to date; says by how many bytes it has grown.
fn enter(
    tx: &mut Tx,
    table: &Table,
    index: &Index,
    old: Option<&Item>,
    new: Option<&Item>,
    consumed: &mut Consumed,
) -> Result<i64, Error> {
    let entry = |item: &Item| Some((key::entry_row(table, index, item)?, index.projected(table, item)));
    let mut old = old.and_then(entry);
    let new = new.and_then(entry);
    // While an index is being filled, the old item may not be in it yet.
    if index.backfilling
        && let Some((row, _)) = &old
        && tx.get(row)?.is_none()
    {
        old = None;
    }
    if old == new {
        return Ok(0);
    }
    let size = |entry: &Option<(Vec<u8>, Item)>| entry.as_ref().map(|(_, item)| value::size(item));
    let (old_size, new_size) = (size(&old), size(&new));
    let moved = match (&old, &new) {
        (Some((old, _)), Some((new, _))) => old != new,
        _ => false,
    };
    let units = match moved {
        true => write_units(old_size.unwrap_or(0)) + write_units(new_size.unwrap_or(0)),
        false => write_units(old_size.unwrap_or(0).max(new_size.unwrap_or(0))),
    };
    consumed.add(Some(index), units);
    if let Some((row, _)) = &old
        && new.as_ref().is_none_or(|(new, _)| new != row)
    {
        tx.delete(row.clone());
    }
    let counted = Counted {
        items: i64::from(new_size.is_some()) - i64::from(old_size.is_some()),
        bytes: bytes_of(new_size) - bytes_of(old_size),
    };
    if let Some((row, item)) = new {
        tx.put(row, layout::encode(&item));
    }
    rows::count(tx, table, index.number, counted);
    Ok(counted.bytes)
}

/// Enters an item into an index that is being filled, unless it is in it already.
pub(super) fn backfill(tx: &mut Tx, table: &Table, index: &Index, item: &Item) -> Result<(), Error> {
    let Some(row) = key::entry_row(table, index, item) else { return Ok(()) };
    if tx.get(&row)?.is_some() {
        return Ok(());
    }
    let entry = index.projected(table, item);
    rows::count(tx, table, index.number, Counted { items: 1, bytes: bytes_of(Some(value::size(&entry))) });
    tx.put(row, layout::encode(&entry));
    Ok(())
}

fn fall_due(tx: &mut Tx, table: &Table, row: &[u8], old: Option<&Item>, new: Option<&Item>) {
    let Some(expiry) = &table.settings.expiry else { return };
    let due = |item: Option<&Item>| item.and_then(|item| table.expiry_of(item));
    let (old, new) = (due(old), due(new));
    if old == new {
        return;
    }
    if let Some(second) = old {
        tx.delete(key::due_row(table, expiry, second, row));
    }
    if let Some(second) = new {
        tx.put(key::due_row(table, expiry, second, row), row.to_vec());
    }
}

/// Lets an item fall due that was there before its table's items did.
pub(super) fn backfill_due(tx: &mut Tx, table: &Table, row: &[u8], item: &Item) {
    fall_due(tx, table, row, None, Some(item));
}

/// Whether a value may be kept: documents no deeper than they may be.
pub(super) fn check_depth(item: &Item) -> Result<(), Error> {
    match item.values().map(Value::depth).max().unwrap_or(0) > value::NESTING_MAX {
        true => Err(super::error::invalid("Nesting Levels have exceeded supported limits")),
        false => Ok(()),
    }
}
