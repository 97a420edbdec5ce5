//! Which messages a subscriber wants: a pattern with limits of its own, on a message's attributes or on its body.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Message;
use crate::pattern::{self, Pattern};
use crate::queue::{Attribute, AttributeValue};

/// Source of all: Amazon SNS developer guide, "Filter policy constraints" (read 2026-11-24).
pub const POLICY_BYTES_MAX: usize = 262_144;
const KEYS_MAX: usize = 5;
const COMBINATIONS_MAX: u64 = 150;

const OR: &str = "$or";
/// The type of attributes whose text is a JSON array.
const ARRAY: &str = "String.Array";

/// What a filter is matched with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Matching {
    #[default]
    Attributes,
    Body,
}

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("it is no JSON object")]
    NotJson,
    #[error("it is longer than {POLICY_BYTES_MAX} bytes")]
    TooLong,
    #[error("attributes are not nested")]
    Nested,
    #[error("it has more than {KEYS_MAX} keys")]
    TooManyKeys,
    #[error("its values have more than {COMBINATIONS_MAX} combinations")]
    TooComplex,
    #[error(transparent)]
    Pattern(#[from] pattern::Invalid),
}

#[derive(Debug, Clone)]
pub struct Filter {
    pattern: Pattern,
    on: Matching,
}

impl Filter {
    pub fn parse(text: &str, on: Matching) -> Result<Filter, Invalid> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(Invalid::TooLong);
        }
        let Ok(Value::Object(members)) = serde_json::from_str(text) else { return Err(Invalid::NotJson) };
        if on == Matching::Attributes && is_nested(&members) {
            return Err(Invalid::Nested);
        }
        let pattern = Pattern::parse(text)?;
        let size = Size::of(&members, 1);
        match size {
            Size { keys, .. } if keys > KEYS_MAX => Err(Invalid::TooManyKeys),
            Size { combinations, .. } if combinations > COMBINATIONS_MAX => Err(Invalid::TooComplex),
            Size { .. } => Ok(Filter { pattern, on }),
        }
    }

    /// Whether a message whose body is this one for the subscriber is wanted.
    pub fn wants(&self, message: &Message, body: &str) -> bool {
        match self.on {
            Matching::Attributes => self.pattern.matches(&attributes(&message.attributes)),
            Matching::Body => {
                serde_json::from_str(body).is_ok_and(|body: Value| body.is_object() && self.pattern.matches(&body))
            }
        }
    }
}

/// Whether an object lies where the list of a key's values should be.
fn is_nested(members: &Map<String, Value>) -> bool {
    members.iter().any(|(name, value)| match (name.as_str(), value) {
        (OR, Value::Array(all)) => all.iter().filter_map(Value::as_object).any(is_nested),
        (_, value) => value.is_object(),
    })
}

struct Size {
    keys: usize,
    /// Of one value for each key; a key counts as often as it lies deep.
    combinations: u64,
}

impl Size {
    fn of(members: &Map<String, Value>, depth: u64) -> Size {
        let mut size = Size { keys: 0, combinations: 1 };
        for (name, value) in members {
            let of = match (name.as_str(), value) {
                (OR, Value::Array(all)) => Size::of_either(all, depth),
                (_, Value::Object(inner)) => Size::of(inner, depth + 1),
                (_, Value::Array(values)) => Size { keys: 1, combinations: values.len() as u64 * depth },
                _ => continue, // no pattern has it
            };
            size.keys += of.keys;
            size.combinations = size.combinations.saturating_mul(of.combinations);
        }
        size
    }

    fn of_either(all: &[Value], depth: u64) -> Size {
        let sizes = all.iter().filter_map(Value::as_object).map(|members| Size::of(members, depth));
        sizes.fold(Size { keys: 0, combinations: 0 }, |sum, one| Size {
            keys: sum.keys + one.keys,
            combinations: sum.combinations.saturating_add(one.combinations),
        })
    }
}

/// Attributes as the document that a filter is matched with. Bytes are in no filter.
fn attributes(all: &BTreeMap<String, Attribute>) -> Value {
    let value = |attribute: &Attribute| {
        let AttributeValue::Text(text) = &attribute.value else { return None };
        match attribute.data_type.as_str() {
            ARRAY => serde_json::from_str(text).ok().filter(Value::is_array),
            number if number.split('.').next() == Some("Number") => number_of(text),
            _ => Some(Value::String(text.clone())),
        }
    };
    Value::Object(all.iter().filter_map(|(name, one)| Some((name.clone(), value(one)?))).collect())
}

fn number_of(text: &str) -> Option<Value> {
    let exact = serde_json::from_str::<serde_json::Number>(text.trim()).ok();
    let number = exact.or_else(|| serde_json::Number::from_f64(text.trim().parse().ok()?));
    number.map(Value::Number)
}
