//! Getting one item, and reading many in the order of their keys.

use std::sync::Arc;

use bytes::Bytes;
use store::{Order, Range, Read as _, Snapshot};

use super::capacity::{Consumed, read_units};
use super::error::{Error, invalid, parameter};
use super::expression::keys::KeyRange;
use super::expression::{Condition, KeyConditions, Path, Projection};
use super::schema::{Index, KeySchema, Reach, Table, TableId};
use super::value::Item;
use super::{Tables, key, layout};

/// What one page reads at most, in bytes of items. Source: developer guide, "Paginating table query results" (1 MB;
/// read 2026-11-24).
const PAGE_BYTES_MAX: usize = 1 << 20;
/// Rows that are read at once: few at first, as they may be large.
const ROWS_FIRST: usize = 16;
const ROWS_MAX: usize = 512;

const BAD_START: &str = "The provided starting key is invalid";

#[derive(Debug, Clone)]
pub struct Get {
    pub table: TableId,
    pub key: Item,
    pub projection: Option<Vec<Path>>,
    pub consistent: bool,
}

#[derive(Debug, Clone)]
pub struct Got {
    pub item: Option<Item>,
    pub consumed: Consumed,
}

/// What of the items that are found is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Select {
    /// Everything, from the table if an index does not have it.
    All,
    /// What the index has; of a table, everything.
    Projected,
    Paths(Vec<Path>),
    Count,
}

/// What a query and a scan have in common.
#[derive(Debug, Clone)]
pub struct Read {
    pub table: TableId,
    pub index: Option<String>,
    pub filter: Option<Condition>,
    /// `None`: everything of a table, and what an index has.
    pub select: Option<Select>,
    pub limit: Option<usize>,
    pub start: Option<Item>,
    pub consistent: bool,
}

#[derive(Debug, Clone)]
pub struct Query {
    pub read: Read,
    pub keys: KeyConditions,
    pub order: Order,
}

#[derive(Debug, Clone)]
pub struct Scan {
    pub read: Read,
    pub segment: Option<Segment>,
}

/// One of the parts that a parallel scan is divided into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    pub number: u64,
    pub total: u64,
}

#[derive(Debug, Clone)]
pub struct Page {
    pub table: Arc<Table>,
    /// Empty where only a count was asked for.
    pub items: Vec<Item>,
    pub count: usize,
    pub scanned: usize,
    /// Where the next page begins, if there may be one.
    pub last: Option<Item>,
    pub consumed: Consumed,
}

impl Tables {
    pub fn get(&self, get: &Get) -> Result<Got, Error> {
        self.store.read(|read| self.get_in(read, get))
    }

    pub(super) fn get_in(&self, read: &mut impl store::Read, get: &Get) -> Result<Got, Error> {
        let table = self.catalog.open(read, &get.table)?;
        key::check_key(&table, &get.key)?;
        let row = read.get(&key::item_row(&table, &get.key))?;
        let mut consumed = Consumed::default();
        let size = row.as_ref().map(layout::stored_size).transpose()?.unwrap_or(0);
        consumed.add(None, read_units(size, get.consistent));
        let item = row.as_ref().map(layout::decode).transpose()?;
        let item = item.map(|item| match &get.projection {
            Some(paths) => Projection::new(paths).apply(&item),
            None => item,
        });
        Ok(Got { item, consumed })
    }

    /// Blocks on the disk for as long as a page takes.
    pub fn query(&self, query: &Query) -> Result<Page, Error> {
        self.store.read(|read| {
            let table = self.catalog.open(read, &query.read.table)?;
            let lane = Lane::find(&table, &query.read)?;
            let KeyRange { partition, sort } = query.keys.range(lane.schema())?;
            refuse_keys_in_filter(lane.schema(), query.read.filter.as_ref())?;
            let within = key::sorted_range(&key::partition(&table, lane.index, &partition), sort.as_ref());
            if let Some(start) = &query.read.start {
                let attribute = &lane.schema().partition.name;
                if start.get(attribute) != Some(&partition) {
                    return Err(outside());
                }
            }
            lane.read(read, within, query.order)
        })
    }

    /// Blocks on the disk for as long as a page takes.
    pub fn scan(&self, scan: &Scan) -> Result<Page, Error> {
        self.store.read(|read| {
            let table = self.catalog.open(read, &scan.read.table)?;
            let lane = Lane::find(&table, &scan.read)?;
            let rows = key::lane(&table, lane.index);
            let segment = scan.segment.unwrap_or(Segment { number: 0, total: 1 });
            let within = key::segment(&rows, segment.number, segment.total);
            lane.read(read, within, Order::Forward)
        })
    }
}

/// What is read: a table or one of its indexes, for one request.
struct Lane<'a> {
    table: &'a Arc<Table>,
    index: Option<&'a Index>,
    request: &'a Read,
    select: Select,
}

/// What has been gathered of a page.
#[derive(Default)]
struct Gathered {
    items: Vec<Item>,
    count: usize,
    scanned: usize,
    bytes: usize,
    /// Bytes that were read from the table for an index that lacks them, and how often.
    fetched_units: f64,
}

impl<'a> Lane<'a> {
    fn find(table: &'a Arc<Table>, request: &'a Read) -> Result<Lane<'a>, Error> {
        let index = match &request.index {
            None => None,
            Some(name) => {
                let found = table.index(name).filter(|index| !index.backfilling);
                Some(found.ok_or_else(|| match table.index(name) {
                    Some(_) => invalid(format!("Cannot read from backfilling global secondary index: {name}")),
                    None => invalid(format!("The table does not have the specified index: {name}")),
                })?)
            }
        };
        let select = match (&request.select, index) {
            (Some(select), _) => select.clone(),
            (None, None) => Select::All,
            (None, Some(_)) => Select::Projected,
        };
        let lane = Lane { table, index, request, select };
        lane.check()?;
        Ok(lane)
    }

    fn check(&self) -> Result<(), Error> {
        let Some(index) = self.index else { return Ok(()) };
        if index.reach == Reach::Local {
            return Ok(());
        }
        if self.request.consistent {
            return Err(invalid("Consistent reads are not supported on global secondary indexes"));
        }
        let name = &index.name;
        match &self.select {
            Select::All if index.projection != super::schema::Projection::All => Err(parameter(format!(
                "Select type ALL_ATTRIBUTES is not supported for global secondary index {name} because its projection type is not ALL"
            ))),
            Select::Paths(paths) => {
                let missing: Vec<&str> = paths
                    .iter()
                    .map(|path| path.first.as_str())
                    .filter(|attribute| !index.projects(self.table, attribute))
                    .collect();
                match missing.is_empty() {
                    true => Ok(()),
                    false => Err(parameter(format!(
                        "Global secondary index {name} does not project [{}]",
                        missing.join(", ")
                    ))),
                }
            }
            Select::All | Select::Projected | Select::Count => Ok(()),
        }
    }

    fn schema(&self) -> &'a KeySchema {
        self.index.map_or(&self.table.key, |index| &index.key)
    }

    /// Key attributes of the lane: those of the table, and of the index.
    fn key_names(&self) -> impl Iterator<Item = &'a str> {
        let of_index = self.index.into_iter().flat_map(|index| index.key.attributes());
        self.table.key.attributes().chain(of_index).map(|attribute| attribute.name.as_str())
    }

    /// Whether an answer needs more than the index has.
    fn fetches(&self) -> bool {
        let Some(index) = self.index.filter(|index| index.reach == Reach::Local) else { return false };
        match &self.select {
            Select::All => index.projection != super::schema::Projection::All,
            Select::Paths(paths) => paths.iter().any(|path| !index.projects(self.table, &path.first)),
            Select::Projected | Select::Count => false,
        }
    }

    fn read(self, read: &mut Snapshot, within: Range, order: Order) -> Result<Page, Error> {
        let mut range = match &self.request.start {
            Some(start) => self.after(within, order, start)?,
            None => within,
        };
        let limit = self.request.limit.unwrap_or(usize::MAX);
        let mut gathered = Gathered::default();
        let mut last: Option<Bytes> = None;
        let mut more = false;
        'page: loop {
            let wanted = rows_at_once(&gathered).min(limit - gathered.scanned);
            let rows = read.scan(range.clone(), order, wanted)?;
            let found = rows.len();
            for (key, value) in rows {
                let size = layout::stored_size(&value)?;
                if gathered.bytes + size > PAGE_BYTES_MAX && gathered.scanned > 0 {
                    more = true;
                    break 'page;
                }
                range = match order {
                    Order::Forward => range.after(&key),
                    Order::Reverse => range.before(&key),
                };
                gathered.bytes += size;
                gathered.scanned += 1;
                self.take(read, &value, &mut gathered)?;
                last = Some(value);
            }
            if gathered.scanned == limit {
                more = true;
                break;
            }
            if found < wanted {
                break;
            }
        }
        let last = match last.filter(|_| more) {
            Some(row) => Some(self.key_of(&layout::decode(&row)?)),
            None => None,
        };
        let mut consumed = Consumed::default();
        consumed.add(self.index, read_units(gathered.bytes, self.request.consistent));
        if gathered.fetched_units > 0.0 {
            consumed.add(None, gathered.fetched_units);
        }
        let Gathered { items, count, scanned, .. } = gathered;
        Ok(Page { table: self.table.clone(), items, count, scanned, last, consumed })
    }

    /// Looks at one item: whether it is in the answer, and what of it.
    fn take(&self, read: &mut Snapshot, row: &Bytes, gathered: &mut Gathered) -> Result<(), Error> {
        if self.request.filter.is_none() && self.select == Select::Count {
            gathered.count += 1;
            return Ok(());
        }
        let mut item = layout::decode(row)?;
        if self.fetches() {
            let whole = read.get(&key::item_row(self.table, &item))?;
            if let Some(whole) = whole {
                let size = layout::stored_size(&whole)?;
                gathered.fetched_units += read_units(size, self.request.consistent);
                item = layout::decode(&whole)?;
            }
        }
        if self.request.filter.as_ref().is_some_and(|filter| !filter.holds(&item)) {
            return Ok(());
        }
        gathered.count += 1;
        match &self.select {
            Select::All | Select::Projected => gathered.items.push(item),
            Select::Paths(paths) => gathered.items.push(Projection::new(paths).apply(&item)),
            Select::Count => {}
        }
        Ok(())
    }

    fn key_of(&self, item: &Item) -> Item {
        let found = self.key_names().filter_map(|name| item.get_key_value(name));
        found.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The range after an exclusive start key, which must be a key of this lane.
    fn after(&self, within: Range, order: Order, start: &Item) -> Result<Range, Error> {
        let mut names: Vec<&str> = self.key_names().collect();
        names.sort_unstable();
        names.dedup();
        let of_index = self.index.into_iter().flat_map(|index| index.key.attributes());
        let fits = |attribute: &super::schema::KeyAttribute| {
            start.get(&attribute.name).is_some_and(|value| key::fits(attribute, value))
        };
        if start.len() != names.len() || !self.table.key.attributes().chain(of_index).all(fits) {
            return Err(match self.index {
                Some(_) => invalid(BAD_START),
                None => invalid(format!("{BAD_START}: The provided key element does not match the schema")),
            });
        }
        let row = match self.index {
            Some(index) => key::entry_row(self.table, index, start).ok_or_else(|| invalid(BAD_START))?,
            None => key::item_row(self.table, start),
        };
        let range = match order {
            Order::Forward if row < within.from => return Err(outside()),
            Order::Reverse if row >= within.to => return Err(outside()),
            Order::Forward => within.after(&row),
            Order::Reverse => within.before(&row),
        };
        match range.from <= range.to {
            true => Ok(range),
            false => Err(outside()),
        }
    }
}

fn outside() -> Error {
    invalid("The provided starting key is outside query boundaries based on provided conditions")
}

fn rows_at_once(gathered: &Gathered) -> usize {
    match gathered.bytes.checked_div(gathered.scanned) {
        None => ROWS_FIRST,
        Some(each) => ((PAGE_BYTES_MAX.saturating_sub(gathered.bytes)) / each.max(1) + 1).clamp(1, ROWS_MAX),
    }
}

/// A filter of a query is for attributes that its keys do not decide already.
fn refuse_keys_in_filter(schema: &KeySchema, filter: Option<&Condition>) -> Result<(), Error> {
    let paths = filter.map(Condition::paths).unwrap_or_default();
    match paths.iter().find(|path| schema.has(&path.first)) {
        Some(path) => Err(invalid(format!(
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: {}",
            path.first
        ))),
        None => Ok(()),
    }
}
