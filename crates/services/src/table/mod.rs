//! Tables: items with typed attributes under a partition key and, where there is one, a sort key.
//!
//! Start reading at [`Tables`] (what faces hold), [`schema`] (what a table is) and `change` (the one place where an item
//! is changed). Row layouts are in `rows`, `key` and `layout`; the expression language is in [`expression`], what is told
//! of changes in [`stream`]; copies and the past of tables are in [`backup`].
//!
//! Invariants:
//! - An item, its entries in all indexes, its due row, the counts of its table and the record in its
//!   stream change in one commit.
//! - A number is exact; equal items are equal rows.
//! - Nothing here knows HTTP, JSON or ARNs (`aws::dynamodb` translates). Texts of errors are DynamoDB's, because clients
//!   compare them.

mod background;
pub mod backup;
mod batch;
mod capacity;
mod catalog;
mod change;
mod define;
mod error;
pub mod expression;
mod history;
mod job;
mod key;
mod layout;
pub mod number;
mod partiql;
mod read;
mod rows;
pub mod schema;
pub mod stream;
#[cfg(test)]
mod tests;
mod transact;
pub mod value;
mod write;

use std::sync::Arc;

use store::Store;

pub use batch::{BatchGet, BatchGot, BatchWrite, BatchWritten, GetMany};
pub use capacity::Consumed;
pub use define::{
    AttributeDefinition, ChangeTable, IndexChange, KeyElement, NewIndex, NewProjection, NewTable, Tables as TablePage,
};
pub use error::{Error, Reason};
pub use key::SortCondition;
pub use number::{Number, NumberError};
pub use partiql::{Execute, Executed, Subject, Verb};
pub use read::{Get, Got, Page, Query, Read, Scan, Segment, Select};
pub use rows::Counted;
pub use schema::{
    Billing, Class, Index, KeyAttribute, KeySchema, OnDemand, Projection, Reach, Scalar, Table, TableId, TableName,
    Throughput,
};
pub use transact::{Idempotency, TransactGet, TransactWrite};
pub use value::{Item, Type, Value};
pub use write::{Action, Write, Written, check_item};

pub(crate) use background::run;
use catalog::Catalog;
pub use history::DAYS_MAX as HISTORY_DAYS_MAX;
pub(crate) use job::run as run_jobs;

/// Largest item, in bytes. Source: DynamoDB quotas, "Item size" (read 2026-11-24).
pub const ITEM_BYTES_MAX: usize = 400 * 1024;

/// All tables of one store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Tables {
    store: Store,
    catalog: Arc<Catalog>,
}

impl Tables {
    pub(crate) fn open(store: Store) -> Tables {
        Tables { store, catalog: Arc::default() }
    }
}
