//! `ConsumedCapacity` and `ItemCollectionMetrics` of answers.

use std::collections::BTreeMap;

use services::Services;
use services::table::{Consumed, Item, Table};

use super::attribute::attributes;
use super::refusal;
use crate::error::Error;
use crate::shapes::dynamodb::{Capacity, ConsumedCapacity, ItemCollectionMetrics};

/// Whether units are told as read or as written ones beside their sum; only transactions do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Sum,
    Read,
    Write,
}

/// What is told of the units of one request: nothing, their sum, or the share of each index.
pub fn consumed(asked: Option<&str>, table: &str, units: &Consumed, told: Told) -> Option<ConsumedCapacity> {
    let detailed = match asked {
        Some("TOTAL") => false,
        Some("INDEXES") => true,
        Some(_) | None => return None,
    };
    let capacity = |units: f64| Capacity {
        capacity_units: Some(units),
        read_capacity_units: (told == Told::Read).then_some(units),
        write_capacity_units: (told == Told::Write).then_some(units),
    };
    let indexes = |shares: &BTreeMap<String, f64>| {
        let shares = shares.iter().map(|(name, units)| (name.clone(), capacity(*units)));
        Some(shares.collect::<BTreeMap<_, _>>()).filter(|shares| detailed && !shares.is_empty())
    };
    let Capacity { capacity_units, read_capacity_units, write_capacity_units } = capacity(units.total());
    Some(ConsumedCapacity {
        table_name: Some(table.to_owned()),
        capacity_units,
        read_capacity_units,
        write_capacity_units,
        table: detailed.then(|| capacity(units.table)),
        local_secondary_indexes: indexes(&units.local),
        global_secondary_indexes: indexes(&units.global),
    })
}

const GIGABYTE: i64 = 1 << 30;

/// The size of the partition that an item is in, rounded down and up; of tables with local indexes only.
pub fn collection(
    services: &Services,
    asked: Option<&str>,
    table: &Table,
    item: &Item,
) -> Result<Option<ItemCollectionMetrics>, Error> {
    if asked != Some("SIZE") {
        return Ok(None);
    }
    let Some(bytes) = services.tables().collection_bytes(table, item).map_err(refusal::of_item)? else {
        return Ok(None);
    };
    let whole = (bytes / GIGABYTE) as f64;
    let mut key = item.clone();
    key.retain(|name, _| *name == table.key.partition.name);
    Ok(Some(ItemCollectionMetrics {
        item_collection_key: Some(attributes(key)),
        size_estimate_range_gb: Some(vec![whole, whole + 1.0]),
    }))
}
