//! Attribute values: the ten types, their sizes, order and limits.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::number::Number;

/// Levels of lists and maps inside one another. Source: DynamoDB quotas, "Nested depth of attributes" (read 2026-11-24).
pub const NESTING_MAX: usize = 32;

/// Bytes that a list or map has beside its elements, and each element beside its content.
///
/// Source: developer guide, "Item sizes and formats" (read 2026-11-24).
const DOCUMENT_BYTES: usize = 3;
const ELEMENT_BYTES: usize = 1;

/// Attributes by their names.
pub type Item = BTreeMap<String, Value>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Number(Number),
    Bytes(Bytes),
    Bool(bool),
    Null,
    List(Vec<Value>),
    Map(Item),
    // Invariant of the sets: not empty. Those who make one check it.
    Texts(BTreeSet<String>),
    Numbers(BTreeSet<Number>),
    Binaries(BTreeSet<Bytes>),
}

/// The type of a value, by DynamoDB's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    S,
    N,
    B,
    Bool,
    Null,
    L,
    M,
    SS,
    NS,
    BS,
}

/// All types in the order in which DynamoDB lists them.
pub const TYPES: [Type; 10] =
    [Type::B, Type::Null, Type::SS, Type::Bool, Type::L, Type::BS, Type::N, Type::NS, Type::S, Type::M];

impl Type {
    pub fn name(self) -> &'static str {
        match self {
            Type::S => "S",
            Type::N => "N",
            Type::B => "B",
            Type::Bool => "BOOL",
            Type::Null => "NULL",
            Type::L => "L",
            Type::M => "M",
            Type::SS => "SS",
            Type::NS => "NS",
            Type::BS => "BS",
        }
    }

    /// The long name that some messages use.
    pub fn long_name(self) -> &'static str {
        match self {
            Type::S => "STRING",
            Type::N => "NUMBER",
            Type::B => "BINARY",
            Type::Bool => "BOOLEAN",
            Type::Null => "NULL",
            Type::L => "LIST",
            Type::M => "MAP",
            Type::SS => "STRING_SET",
            Type::NS => "NUMBER_SET",
            Type::BS => "BINARY_SET",
        }
    }

    pub fn parse(name: &str) -> Option<Type> {
        TYPES.into_iter().find(|known| known.name() == name)
    }

    /// Whether values of the type have an order.
    pub fn is_ordered(self) -> bool {
        matches!(self, Type::S | Type::N | Type::B)
    }

    pub fn is_set(self) -> bool {
        matches!(self, Type::SS | Type::NS | Type::BS)
    }
}

impl Value {
    pub fn kind(&self) -> Type {
        match self {
            Value::Text(_) => Type::S,
            Value::Number(_) => Type::N,
            Value::Bytes(_) => Type::B,
            Value::Bool(_) => Type::Bool,
            Value::Null => Type::Null,
            Value::List(_) => Type::L,
            Value::Map(_) => Type::M,
            Value::Texts(_) => Type::SS,
            Value::Numbers(_) => Type::NS,
            Value::Binaries(_) => Type::BS,
        }
    }

    /// What the value adds to the size of an item, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Value::Text(text) => text.len(),
            Value::Number(number) => number.size(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Bool(_) | Value::Null => 1,
            Value::List(values) => {
                DOCUMENT_BYTES + values.iter().map(|value| ELEMENT_BYTES + value.size()).sum::<usize>()
            }
            Value::Map(entries) => {
                let entry = |(name, value): (&String, &Value)| ELEMENT_BYTES + name.len() + value.size();
                DOCUMENT_BYTES + entries.iter().map(entry).sum::<usize>()
            }
            Value::Texts(texts) => texts.iter().map(String::len).sum(),
            Value::Numbers(numbers) => numbers.iter().map(|number| number.size()).sum(),
            Value::Binaries(binaries) => binaries.iter().map(Bytes::len).sum(),
        }
    }

    /// How two values of one ordered type compare; `None` for all others.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Text(one), Value::Text(two)) => Some(one.as_bytes().cmp(two.as_bytes())),
            (Value::Number(one), Value::Number(two)) => Some(one.cmp(two)),
            (Value::Bytes(one), Value::Bytes(two)) => Some(one.cmp(two)),
            _ => None,
        }
    }

    pub fn begins_with(&self, start: &Value) -> bool {
        match (self, start) {
            (Value::Text(text), Value::Text(start)) => text.starts_with(start.as_str()),
            (Value::Bytes(bytes), Value::Bytes(start)) => bytes.starts_with(start),
            _ => false,
        }
    }

    /// Whether a text has a part, or a set or list an element.
    pub fn contains(&self, part: &Value) -> bool {
        match (self, part) {
            (Value::Text(text), Value::Text(part)) => text.contains(part.as_str()),
            (Value::Bytes(bytes), Value::Bytes(part)) => {
                part.is_empty() || bytes.windows(part.len()).any(|window| window == part.as_ref())
            }
            (Value::Texts(texts), Value::Text(text)) => texts.contains(text),
            (Value::Numbers(numbers), Value::Number(number)) => numbers.contains(number),
            (Value::Binaries(binaries), Value::Bytes(bytes)) => binaries.contains(bytes),
            (Value::List(values), part) => values.contains(part),
            _ => false,
        }
    }

    /// What `size()` says of it: characters and bytes of scalars, elements of sets and documents.
    pub fn measure(&self) -> Option<usize> {
        match self {
            Value::Text(text) => Some(text.len()),
            Value::Bytes(bytes) => Some(bytes.len()),
            Value::List(values) => Some(values.len()),
            Value::Map(entries) => Some(entries.len()),
            Value::Texts(texts) => Some(texts.len()),
            Value::Numbers(numbers) => Some(numbers.len()),
            Value::Binaries(binaries) => Some(binaries.len()),
            Value::Number(_) | Value::Bool(_) | Value::Null => None,
        }
    }

    /// Lists and maps from here to the innermost one.
    pub fn depth(&self) -> usize {
        match self {
            Value::List(values) => 1 + values.iter().map(Value::depth).max().unwrap_or(0),
            Value::Map(entries) => 1 + entries.values().map(Value::depth).max().unwrap_or(0),
            _ => 0,
        }
    }
}

/// The size of an item, in bytes: names and values.
pub fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value.size()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_what_the_guide_says() {
        let number = |text: &str| Value::Number(Number::parse(text).expect("a number"));
        let cases = [
            (Value::Text("héllo".to_owned()), 6),
            (number("0"), 1),
            (number("27"), 2),
            (number("-27"), 3),
            (number("27.1"), 3),
            (Value::Bool(true), 1),
            (Value::Null, 1),
            (Value::List(vec![]), 3),
            (Value::List(vec![Value::Null, Value::Text("ab".to_owned())]), 3 + 2 + 3),
            (Value::Map(Item::from([("k".to_owned(), Value::Null)])), 3 + 1 + 1 + 1),
            (Value::Texts(BTreeSet::from(["a".to_owned(), "bc".to_owned()])), 3),
        ];
        for (value, wanted) in cases {
            assert_eq!(value.size(), wanted, "{value:?}");
        }
    }
}
