//! Tables in memory, so that a request reads a table's row but does not parse it.
//!
//! Always true: who asks reads the row in its own transaction or snapshot, and gets the table that this row says. What is
//! kept here is only what rows of the same bytes said before.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use store::Read;

use super::error::Error;
use super::rows;
use super::schema::{Table, TableId};

/// Tables that are kept; beyond this all are forgotten and parsed again when they are asked for.
const KEPT_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Catalog(RwLock<HashMap<Vec<u8>, Parsed>>);

#[derive(Clone)]
struct Parsed {
    row: Bytes,
    table: Arc<Table>,
}

impl Catalog {
    pub fn find(&self, read: &mut impl Read, id: &TableId) -> Result<Option<Arc<Table>>, Error> {
        let key = rows::table_key(id);
        let Some(row) = read.get(&key)? else { return Ok(None) };
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known.filter(|known| known.row == row) {
            return Ok(Some(known.table));
        }
        let table = Arc::new(rows::decode_table(id, &row)?);
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, Parsed { row, table: table.clone() });
        Ok(Some(table))
    }

    /// A table whose items can be read and written: one that is being filled is not there yet.
    pub fn open(&self, read: &mut impl Read, id: &TableId) -> Result<Arc<Table>, Error> {
        let table = self.existing(read, id)?;
        match table.settings.loading {
            true => Err(Error::NoSuchTable { name: id.name.as_str().to_owned() }),
            false => Ok(table),
        }
    }

    /// The table, or the refusal that there is none.
    pub fn existing(&self, read: &mut impl Read, id: &TableId) -> Result<Arc<Table>, Error> {
        self.find(read, id)?.ok_or_else(|| Error::NoSuchTable { name: id.name.as_str().to_owned() })
    }
}
