//! What a table is: its name, its keys, its indexes and its settings.
//!
//! Start reading at [`Table`]. A [`Table`] is made by `define` and has passed its rules: every key attribute has a type,
//! index names are unique, local indexes share the table's partition key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::Timestamp;

use super::stream::TableStream;
use super::value::{Item, Type, Value};
use crate::name::{AccountId, Malformed, Region};

/// A table's name: 3 to 255 letters, digits, `_`, `-` or `.`.
///
/// Source: DynamoDB API model, `TableName` (read 2026-11-24).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName(Box<str>); // Invariant: `parse` is the only constructor.

impl TableName {
    pub fn parse(text: &str) -> Result<TableName, Malformed> {
        match is_name(text) {
            true => Ok(TableName(text.into())),
            false => {
                Err(Malformed { given: text.to_owned(), wanted: "a table name: 3 to 255 letters, digits, _, - or ." })
            }
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text can name a table or an index.
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (3..=255).contains(&text.len()) && text.bytes().all(allowed)
}

/// Which table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableId {
    pub account: AccountId,
    pub region: Region,
    pub name: TableName,
}

/// The type of a key attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scalar {
    S,
    N,
    B,
}

impl Scalar {
    pub fn parse(name: &str) -> Option<Scalar> {
        [Scalar::S, Scalar::N, Scalar::B].into_iter().find(|scalar| scalar.kind().name() == name)
    }

    pub fn kind(self) -> Type {
        match self {
            Scalar::S => Type::S,
            Scalar::N => Type::N,
            Scalar::B => Type::B,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAttribute {
    pub name: String,
    pub kind: Scalar,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySchema {
    pub partition: KeyAttribute,
    pub sort: Option<KeyAttribute>,
}

impl KeySchema {
    pub fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        [Some(&self.partition), self.sort.as_ref()].into_iter().flatten()
    }

    pub fn has(&self, name: &str) -> bool {
        self.attributes().any(|attribute| attribute.name == name)
    }
}

/// What of an item an index holds beside the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Projection {
    All,
    KeysOnly,
    Include(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// Shares the table's partition key; consistent reads are allowed.
    Local,
    Global,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub name: String,
    /// Names its rows; never given again within the table.
    pub number: u64,
    pub reach: Reach,
    pub key: KeySchema,
    pub projection: Projection,
    /// Items that were there before the index are still being entered.
    pub backfilling: bool,
    pub throughput: Throughput,
    pub on_demand: Option<OnDemand>,
}

impl Index {
    /// Whether the index holds an attribute of its items.
    pub fn projects(&self, table: &Table, name: &str) -> bool {
        match &self.projection {
            Projection::All => true,
            Projection::KeysOnly => self.key.has(name) || table.key.has(name),
            Projection::Include(names) => {
                self.key.has(name) || table.key.has(name) || names.iter().any(|projected| projected == name)
            }
        }
    }

    /// What the index holds of an item.
    pub fn projected(&self, table: &Table, item: &Item) -> Item {
        let kept = item.iter().filter(|(name, _)| self.projects(table, name));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Whether the item has all key attributes of the index: others are not in it.
    pub fn holds(&self, item: &Item) -> bool {
        self.key
            .attributes()
            .all(|attribute| item.get(&attribute.name).is_some_and(|value| value.kind() == attribute.kind.kind()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Throughput {
    pub read_units: i64,
    pub write_units: i64,
}

/// Upper bounds of an on-demand table; -1 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDemand {
    pub read_units_max: Option<i64>,
    pub write_units_max: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Billing {
    #[default]
    Provisioned,
    PayPerRequest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Class {
    #[default]
    Standard,
    InfrequentAccess,
}

/// A table as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub id: TableId,
    pub settings: Settings,
    /// Names the table's rows: a table of the same name that comes later has another one.
    pub number: u64,
    pub key: KeySchema,
    pub indexes: Vec<Index>,
    /// The number that the next index gets.
    pub next_index: u64,
    pub created: Timestamp,
}

/// What may be changed at any time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Settings {
    pub uuid: String,
    /// As they were defined, in their order; key attributes of the table and its indexes.
    pub attributes: Vec<KeyAttribute>,
    pub billing: Billing,
    /// When the table was last switched to pay per request.
    pub on_demand_since_millis: Option<i64>,
    pub throughput: Throughput,
    pub on_demand: Option<OnDemand>,
    pub class: Class,
    pub class_changed_millis: Option<i64>,
    pub throughput_changed: ThroughputChanged,
    pub deletion_protection: bool,
    pub encrypted: bool,
    pub tags: BTreeMap<String, String>,
    pub expiry: Option<Expiry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<TableStream>,
    /// Its past can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// It is being filled: it is there, but takes and shows no items.
    #[serde(default)]
    pub loading: bool,
    /// What it was made of, if it was restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
}

/// What items were is kept for some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Names its rows; another one each time that it is switched on.
    pub number: u64,
    pub since_millis: i64,
    pub days: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The time that its items are of.
    pub at_millis: i64,
    /// The name of its source.
    pub table: String,
    /// The backup of that, if it was one.
    pub backup: Option<String>,
}

/// Items fall due at the second that an attribute says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiry {
    pub attribute: String,
    /// Names the rows of what is due; another one each time that expiry is switched on.
    pub number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ThroughputChanged {
    pub raised_millis: Option<i64>,
    pub lowered_millis: Option<i64>,
    pub lowered_today: i64,
}

impl Table {
    pub fn index(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|index| index.name == name)
    }

    pub fn reaching(&self, reach: Reach) -> impl Iterator<Item = &Index> {
        self.indexes.iter().filter(move |index| index.reach == reach)
    }

    /// The item's key attributes alone.
    pub fn key_item(&self, item: &Item) -> Item {
        let kept = self.key.attributes().filter_map(|attribute| item.get_key_value(&attribute.name));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// When an item falls due, in seconds since 1970; `None` if never.
    pub fn expiry_of(&self, item: &Item) -> Option<i64> {
        match item.get(&self.settings.expiry.as_ref()?.attribute)? {
            Value::Number(number) => number.as_whole(),
            _ => None,
        }
    }
}
