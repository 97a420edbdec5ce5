//! Keys of items: what they may be, and where items lie in the store.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | ITEMS | table number, partition, sort key | the item (`layout`) |
//! | ENTRIES | table number, index number, partition, sort key of the index, key of the item | what the index holds of it |
//! | DUE | table number, expiry number, second, digest of the item's row key | the item's row key |
//!
//! A partition is the hash of its key and the key itself, so that items of one partition lie together, in the order of
//! their sort keys, and partitions in the order of their hashes, which parallel scans divide among them. Long partition
//! keys are hashed; sort keys are raw.

use sha2::{Digest, Sha256};
use store::Range;
use store::key::{Key, Space};

use super::error::{Error, invalid, parameter};
use super::schema::{Expiry, Index, KeyAttribute, KeySchema, Scalar, Table};
use super::value::{Item, Value};

const ITEMS: Space = Space::new(0x0210);
const ENTRIES: Space = Space::new(0x0211);
const DUE: Space = Space::new(0x0212);

/// Longest keys, in bytes. Source: DynamoDB quotas, "Partition and sort keys" (read 2026-11-24).
const PARTITION_BYTES_MAX: usize = 2048;
const SORT_BYTES_MAX: usize = 1024;
/// Longer partition keys are hashed, so that a row's key fits into the store even if every byte is escaped.
const RAW_PARTITION_BYTES_MAX: usize = 128;
/// Longer keys of items are hashed where they only tell entries of an index apart.
const RAW_TAIL_BYTES_MAX: usize = 64;

/// Why a key of an item or of a request is not one of the table.
///
/// The texts differ: an item that lacks its key is told which attribute, a key that does not fit is only told so.
pub(super) fn check_item(table: &Table, item: &Item) -> Result<(), Error> {
    for attribute in table.key.attributes() {
        let name = &attribute.name;
        match item.get(name) {
            None => return Err(parameter(format!("Missing the key {name} in the item"))),
            Some(value) if value.kind() != attribute.kind.kind() => {
                let (wanted, found) = (attribute.kind.kind().name(), value.kind().name());
                return Err(parameter(format!("Type mismatch for key {name} expected: {wanted} actual: {found}")));
            }
            Some(value) => check_empty(attribute, value)?,
        }
    }
    check_sizes(&table.key, item)?;
    check_index_keys(table, item)
}

/// A key as requests give it: all key attributes, and nothing else.
pub(super) fn check_key(table: &Table, key: &Item) -> Result<(), Error> {
    if key.len() != table.key.attributes().count() {
        return Err(mismatch());
    }
    for attribute in table.key.attributes() {
        match key.get(&attribute.name) {
            Some(value) if value.kind() == attribute.kind.kind() => check_empty(attribute, value)?,
            Some(_) | None => return Err(mismatch()),
        }
    }
    check_sizes(&table.key, key)
}

fn mismatch() -> Error {
    invalid("The provided key element does not match the schema")
}

fn check_empty(attribute: &KeyAttribute, value: &Value) -> Result<(), Error> {
    let kind = match value {
        Value::Text(text) if text.is_empty() => "string",
        Value::Bytes(bytes) if bytes.is_empty() => "binary",
        _ => return Ok(()),
    };
    Err(invalid(format!(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {kind} value. Key: {}",
        attribute.name
    )))
}

fn check_sizes(schema: &KeySchema, item: &Item) -> Result<(), Error> {
    let size = |attribute: &KeyAttribute| item.get(&attribute.name).map_or(0, Value::size);
    if size(&schema.partition) > PARTITION_BYTES_MAX {
        return Err(parameter(format!(
            "Size of hashkey has exceeded the maximum size limit of{PARTITION_BYTES_MAX} bytes"
        )));
    }
    match schema.sort.as_ref().map_or(0, size) > SORT_BYTES_MAX {
        true => Err(parameter(format!(
            "Aggregated size of all range keys has exceeded the size limit of {SORT_BYTES_MAX} bytes"
        ))),
        false => Ok(()),
    }
}

/// Key attributes of indexes may be missing from an item, but not be of another type, empty or too long.
fn check_index_keys(table: &Table, item: &Item) -> Result<(), Error> {
    for index in &table.indexes {
        for attribute in index.key.attributes().filter(|attribute| !table.key.has(&attribute.name)) {
            let Some(value) = item.get(&attribute.name) else { continue };
            let (name, wanted, found) = (&attribute.name, attribute.kind.kind().name(), value.kind().name());
            if wanted != found {
                let index = &index.name;
                return Err(parameter(format!(
                    "Type mismatch for Index Key {name} Expected: {wanted} Actual: {found} IndexName: {index}"
                )));
            }
            check_empty_index_key(index, attribute, value)?;
        }
        check_sizes(&index.key, item)?;
    }
    Ok(())
}

fn check_empty_index_key(index: &Index, attribute: &KeyAttribute, value: &Value) -> Result<(), Error> {
    let kind = match value {
        Value::Text(text) if text.is_empty() => "string",
        Value::Bytes(bytes) if bytes.is_empty() => "binary",
        _ => return Ok(()),
    };
    Err(invalid(format!(
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty {kind} value. IndexName: {}, IndexKey: {}",
        index.name, attribute.name
    )))
}

/// A key attribute's value as bytes that sort as DynamoDB sorts values of its type.
pub(super) fn ordered(value: &Value) -> Vec<u8> {
    match value {
        Value::Text(text) => text.as_bytes().to_vec(),
        Value::Number(number) => number.ordered(),
        Value::Bytes(bytes) => bytes.to_vec(),
        // Not a scalar: keys were checked before they come here.
        _ => Vec::new(),
    }
}

/// Where the hash of a partition key lies among all.
pub(super) fn hash(partition: &[u8]) -> u64 {
    let digest: [u8; 32] = Sha256::digest(partition).into();
    u64::from_be_bytes(*digest.first_chunk().expect("a SHA-256 has 32 bytes"))
}

/// Continues a key with a partition: the two forms have different tags, so a raw key is never taken for a hashed one.
fn with_partition(key: Key, value: &Value) -> Key {
    let raw = ordered(value);
    let key = key.number(hash(&raw));
    match raw.len() <= RAW_PARTITION_BYTES_MAX {
        true => key.bytes(&raw),
        false => key.text(&hex::encode(Sha256::digest(&raw))),
    }
}

fn with_key(key: Key, schema: &KeySchema, item: &Item) -> Option<Key> {
    let key = with_partition(key, item.get(&schema.partition.name)?);
    match &schema.sort {
        Some(sort) => Some(key.bytes(&ordered(item.get(&sort.name)?))),
        None => Some(key),
    }
}

/// Where the rows of a table, or of an index of it, lie.
pub(super) fn lane(table: &Table, index: Option<&Index>) -> Key {
    match index {
        None => scoped(ITEMS, table).number(table.number),
        Some(index) => entries(table, index.number),
    }
}

pub(super) fn entries(table: &Table, index_number: u64) -> Key {
    scoped(ENTRIES, table).number(table.number).number(index_number)
}

pub(super) fn all_entries(table: &Table) -> Key {
    scoped(ENTRIES, table).number(table.number)
}

pub(super) fn all_due(table: &Table) -> Key {
    scoped(DUE, table).number(table.number)
}

/// What falls due of a table since its expiry was switched on.
pub(super) fn due(table: &Table, expiry: &Expiry) -> Key {
    all_due(table).number(expiry.number)
}

fn scoped(space: Space, table: &Table) -> Key {
    Key::new(space, table.id.account.as_str(), table.id.region.as_str())
}

/// The row of an item whose key attributes have been checked.
pub(super) fn item_row(table: &Table, item: &Item) -> Vec<u8> {
    let key = with_key(lane(table, None), &table.key, item);
    key.expect("the key attributes of an item were checked before it is looked for").build()
}

/// The row of an item in an index; `None` if the index does not hold it.
pub(super) fn entry_row(table: &Table, index: &Index, item: &Item) -> Option<Vec<u8>> {
    if !index.holds(item) {
        return None;
    }
    let key = with_key(lane(table, Some(index)), &index.key, item)?;
    let whose: Vec<u8> = with_key(Key::under(&[]), &table.key, item)?.build();
    Some(
        match whose.len() <= RAW_TAIL_BYTES_MAX {
            true => key.bytes(&whose),
            false => key.text(&hex::encode(Sha256::digest(&whose))),
        }
        .build(),
    )
}

/// The row that makes an item fall due.
pub(super) fn due_row(table: &Table, expiry: &Expiry, second: i64, item_row: &[u8]) -> Vec<u8> {
    due(table, expiry).signed(second).bytes(&Sha256::digest(item_row)[..16]).build()
}

/// Rows of one partition of the table or of an index.
pub(super) fn partition(table: &Table, index: Option<&Index>, value: &Value) -> Key {
    with_partition(lane(table, index), value)
}

/// The part of a lane that one segment of a parallel scan reads.
pub(super) fn segment(lane: &Key, segment: u64, total: u64) -> Range {
    let all = lane.range();
    // The first hash of a segment. In 128 bits: `segment` is below `total`, so the quotient fits.
    let first = |segment: u64| {
        let hash = (u128::from(segment) << 64) / u128::from(total.max(1));
        u64::try_from(hash).ok().map(|hash| lane.clone().number(hash).build())
    };
    let from = if segment == 0 { all.from } else { first(segment).unwrap_or(all.from) };
    let to = if segment + 1 >= total { all.to } else { first(segment + 1).unwrap_or(all.to) };
    Range { from, to }
}

/// A condition on the sort key, as bounds of rows.
#[derive(Debug, Clone, PartialEq)]
pub enum SortCondition {
    Equal(Value),
    Less(Value),
    LessOrEqual(Value),
    Greater(Value),
    GreaterOrEqual(Value),
    Between(Value, Value),
    BeginsWith(Value),
}

impl SortCondition {
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        let (one, two) = match self {
            SortCondition::Equal(value)
            | SortCondition::Less(value)
            | SortCondition::LessOrEqual(value)
            | SortCondition::Greater(value)
            | SortCondition::GreaterOrEqual(value)
            | SortCondition::BeginsWith(value) => (value, None),
            SortCondition::Between(from, to) => (from, Some(to)),
        };
        [Some(one), two].into_iter().flatten()
    }
}

/// The rows of a partition whose sort keys meet a condition.
pub(super) fn sorted_range(partition: &Key, condition: Option<&SortCondition>) -> Range {
    // The key's own row is part of its range where nothing follows it, as in tables without a sort key.
    let all = Range { from: partition.clone().build(), to: partition.range().to };
    let at = |value: &Value| partition.clone().bytes(&ordered(value)).build();
    let past = |value: &Value| {
        let mut end = at(value);
        end.push(0xFF); // beyond every row that continues the key
        end
    };
    match condition {
        None => all,
        Some(SortCondition::Equal(value)) => Range { from: at(value), to: past(value) },
        Some(SortCondition::Less(value)) => Range { from: all.from, to: at(value) },
        Some(SortCondition::LessOrEqual(value)) => Range { from: all.from, to: past(value) },
        Some(SortCondition::Greater(value)) => Range { from: past(value), to: all.to },
        Some(SortCondition::GreaterOrEqual(value)) => Range { from: at(value), to: all.to },
        Some(SortCondition::Between(from, to)) => Range { from: at(from), to: past(to) },
        Some(SortCondition::BeginsWith(value)) => {
            // The key without the two zeros that end it: what continues the text continues these bytes.
            let mut from = at(value);
            from.truncate(from.len() - 2);
            let to = successor(&from).unwrap_or(all.to);
            Range { from, to }
        }
    }
}

/// The least bytes that are greater than all that begin with `prefix`.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let end = prefix.iter().rposition(|byte| *byte != 0xFF)?;
    let mut next = prefix[..=end].to_vec();
    next[end] += 1;
    Some(next)
}

/// Whether a value can be a key attribute's.
pub(super) fn fits(attribute: &KeyAttribute, value: &Value) -> bool {
    matches!(
        (attribute.kind, value),
        (Scalar::S, Value::Text(_)) | (Scalar::N, Value::Number(_)) | (Scalar::B, Value::Bytes(_))
    )
}
