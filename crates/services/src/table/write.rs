//! Putting, updating and deleting one item.

use std::sync::Arc;

use store::Tx;

use super::capacity::Consumed;
use super::change::{self, Change, Stored};
use super::error::{Error, invalid, parameter};
use super::expression::{Condition, Update};
use super::schema::{Table, TableId};
use super::value::{self, Item};
use super::{ITEM_BYTES_MAX, Tables, key, rows};

/// A change of one item, to be made if a condition holds.
#[derive(Debug, Clone)]
pub struct Write {
    pub table: TableId,
    pub action: Action,
    pub condition: Option<Condition>,
    /// Whether the answer needs the item as it was.
    pub returns_old: bool,
    /// Whether a failed condition tells the item that failed it.
    pub returns_failed: bool,
}

#[derive(Debug, Clone)]
pub enum Action {
    /// The whole item.
    Put(Item),
    /// A key.
    Delete(Item),
    Update {
        key: Item,
        update: Update,
    },
    /// Nothing is changed; the condition is all.
    Check(Item),
}

/// What came of a write.
#[derive(Debug, Clone)]
pub struct Written {
    pub table: Arc<Table>,
    /// The item as it was, if it was asked for or was needed.
    pub old: Option<Item>,
    pub new: Option<Item>,
    pub consumed: Consumed,
}

impl Write {
    pub fn new(table: TableId, action: Action) -> Write {
        Write { table, action, condition: None, returns_old: false, returns_failed: false }
    }

    /// The key attributes, and of a new item all others as well.
    pub(super) fn key(&self) -> &Item {
        match &self.action {
            Action::Put(item) => item,
            Action::Delete(key) | Action::Check(key) | Action::Update { key, .. } => key,
        }
    }
}

impl Tables {
    pub async fn write(&self, write: &Write) -> Result<Written, Error> {
        self.store.transact(|tx| self.write_in(tx, write)).await
    }

    /// The bytes of a partition in a table and its local indexes; `None` where there are none.
    pub fn collection_bytes(&self, table: &Table, item: &Item) -> Result<Option<i64>, Error> {
        let local = table.reaching(super::Reach::Local).next().is_some();
        match item.get(&table.key.partition.name).filter(|_| local) {
            Some(partition) => self.store.read(|read| rows::collection_bytes(read, table, partition)).map(Some),
            None => Ok(None),
        }
    }

    /// One write in a transaction that may have others.
    pub(super) fn write_in(&self, tx: &mut Tx, write: &Write) -> Result<Written, Error> {
        let table = self.catalog.open(tx, &write.table)?;
        check(&table, write)?;
        let row = key::item_row(&table, write.key());
        let mut old = Stored::get(tx, &row)?;
        if let Some(condition) = &write.condition {
            let holds = match &mut old {
                Some(old) => condition.holds(old.item()?),
                None => condition.holds(&Item::new()),
            };
            if !holds {
                let item = match old.filter(|_| write.returns_failed) {
                    Some(old) => Some(old.into_item()?),
                    None => None,
                };
                return Err(Error::ConditionFailed { item });
            }
        }
        let new = match &write.action {
            Action::Put(item) => Some(item.clone()),
            Action::Delete(_) => None,
            Action::Update { key, update } => Some(updated(&table, old.as_mut(), key, update)?),
            Action::Check(_) => {
                let mut consumed = Consumed::default();
                let size = old.as_ref().map(Stored::size).transpose()?.unwrap_or(0);
                consumed.add(None, super::capacity::write_units(size));
                return Ok(Written { table, old: None, new: None, consumed });
            }
        };
        let change =
            Change { table: &table, row, key: write.key(), old: old.as_mut(), new: new.as_ref(), expired: false };
        let consumed = change::apply(tx, change)?;
        let old = match old.filter(|_| write.returns_old) {
            Some(old) => Some(old.into_item()?),
            None => None,
        };
        Ok(Written { table, old, new, consumed })
    }
}

/// What the table's schema says against a write.
fn check(table: &Table, write: &Write) -> Result<(), Error> {
    match &write.action {
        Action::Put(item) => key::check_item(table, item),
        Action::Delete(key) | Action::Check(key) => key::check_key(table, key),
        Action::Update { key, update } => {
            key::check_key(table, key)?;
            for path in update.targets() {
                if table.key.has(&path.first) {
                    return Err(parameter(format!(
                        "Cannot update attribute {}. This attribute is part of the key",
                        path.first
                    )));
                }
            }
            Ok(())
        }
    }
}

fn updated(table: &Table, old: Option<&mut Stored>, key: &Item, update: &Update) -> Result<Item, Error> {
    let new = match old {
        Some(old) => update.apply(old.item()?)?,
        None => update.apply(key)?,
    };
    if value::size(&new) > ITEM_BYTES_MAX {
        return Err(invalid("Item size to update has exceeded the maximum allowed size"));
    }
    change::check_depth(&new)?;
    key::check_item(table, &new)?;
    Ok(new)
}

/// What an item may be, whatever its table: faces ask before the table is looked for.
pub fn check_item(item: &Item) -> Result<(), Error> {
    change::check_depth(item)?;
    match value::size(item) > ITEM_BYTES_MAX {
        true => Err(invalid("Item size has exceeded the maximum allowed size")),
        false => Ok(()),
    }
}
