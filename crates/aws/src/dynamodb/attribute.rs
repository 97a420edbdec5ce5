//! Attribute values as JSON has them: `{"S": "text"}`, `{"N": "1"}`, `{"L": [..]}`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use services::table::{Item, Number, Type, Value};

use crate::error::{self, Error};

/// A value, or what is wrong with it. A fault is told when the value is needed: other faults may go first.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeValue(pub Result<Value, String>);

/// Attributes as requests and answers carry them.
pub type Attributes = BTreeMap<String, AttributeValue>;

/// The item, or the first fault of its values.
pub fn item(attributes: Attributes) -> Result<Item, Error> {
    let values = attributes.into_iter().map(|(name, value)| Ok((name, value.0?)));
    values.collect::<Result<Item, String>>().map_err(|fault| error::VALIDATION.with(fault))
}

pub fn attributes(item: Item) -> Attributes {
    item.into_iter().map(|(name, value)| (name, AttributeValue(Ok(value)))).collect()
}

impl AttributeValue {
    pub fn value(self) -> Result<Value, Error> {
        self.0.map_err(|fault| error::VALIDATION.with(fault))
    }
}

impl<'de> Deserialize<'de> for AttributeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AttributeValue, D::Error> {
        deserializer.deserialize_map(OneOf)
    }
}

struct OneOf;

impl<'de> Visitor<'de> for OneOf {
    type Value = AttributeValue;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("an attribute value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AttributeValue, A::Error> {
        let mut found = None;
        let mut count = 0;
        while let Some(key) = map.next_key::<String>()? {
            let Some(kind) = Type::parse(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            count += 1;
            found = Some(read(kind, &mut map)?);
        }
        Ok(AttributeValue(match (found, count) {
            (Some(value), 1) => value,
            (None, _) | (Some(_), 0) => {
                Err("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes".to_owned())
            }
            (Some(_), _) => Err(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
                    .to_owned(),
            ),
        }))
    }
}

type Judged = Result<Value, String>;

fn read<'de, A: MapAccess<'de>>(kind: Type, map: &mut A) -> Result<Judged, A::Error> {
    Ok(match kind {
        Type::S => Ok(Value::Text(text(map.next_value()?)?)),
        Type::N => number(&text(map.next_value()?)?).map(Value::Number),
        Type::B => Ok(Value::Bytes(binary(&text(map.next_value()?)?)?)),
        Type::Bool => Ok(Value::Bool(boolean(map.next_value()?)?)),
        Type::Null => match boolean(map.next_value()?)? {
            true => Ok(Value::Null),
            false => {
                Err("One or more parameter values were invalid: Null attribute value types must have the value of true"
                    .to_owned())
            }
        },
        Type::L => map
            .next_value::<Vec<AttributeValue>>()?
            .into_iter()
            .map(|value| value.0)
            .collect::<Result<_, _>>()
            .map(Value::List),
        Type::M => {
            let entries = map.next_value::<Attributes>()?.into_iter();
            entries.map(|(name, value)| Ok((name, value.0?))).collect::<Result<_, _>>().map(Value::Map)
        }
        Type::SS => texts(members(map)?),
        Type::NS => numbers(members(map)?),
        Type::BS => {
            let encoded = members(map)?;
            let decoded = encoded.iter().map(|text| binary(text)).collect::<Result<Vec<Bytes>, A::Error>>()?;
            binaries(encoded, decoded)
        }
    })
}

fn members<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Vec<String>, A::Error> {
    map.next_value::<Vec<Json>>()?.into_iter().map(text).collect()
}

fn text<E: serde::de::Error>(json: Json) -> Result<String, E> {
    match json {
        Json::String(text) => Ok(text),
        other => Err(E::custom(unwanted(&other, "String"))),
    }
}

fn boolean<E: serde::de::Error>(json: Json) -> Result<bool, E> {
    match json {
        Json::Bool(given) => Ok(given),
        other => Err(E::custom(unwanted(&other, "Boolean"))),
    }
}

fn unwanted(json: &Json, wanted: &str) -> String {
    let token = match json {
        Json::String(_) => "STRING_VALUE",
        Json::Number(_) => "NUMBER_VALUE",
        Json::Bool(true) => "TRUE_VALUE",
        Json::Bool(false) => "FALSE_VALUE",
        Json::Null => "NULL_VALUE",
        Json::Array(_) | Json::Object(_) => return "Start of structure or map found where not expected.".to_owned(),
    };
    format!("{token} cannot be converted to {wanted}")
}

fn binary<E: serde::de::Error>(text: &str) -> Result<Bytes, E> {
    let decoded = STANDARD.decode(text).map(Bytes::from);
    decoded.map_err(|_| E::custom(format!("'{text}' can not be converted to a Blob: the text is not Base64")))
}

fn number(text: &str) -> Result<Number, String> {
    Number::parse(text).map_err(|error| error.to_string())
}

fn texts(given: Vec<String>) -> Judged {
    if given.is_empty() {
        return Err("One or more parameter values were invalid: An string set  may not be empty".to_owned());
    }
    let count = given.len();
    let set: BTreeSet<String> = given.iter().cloned().collect();
    match set.len() == count {
        true => Ok(Value::Texts(set)),
        false => Err(format!(
            "One or more parameter values were invalid: Input collection [{}] contains duplicates.",
            given.join(", ")
        )),
    }
}

fn numbers(given: Vec<String>) -> Judged {
    if given.is_empty() {
        return Err("One or more parameter values were invalid: An number set  may not be empty".to_owned());
    }
    let count = given.len();
    let set: BTreeSet<Number> = given.iter().map(|text| number(text)).collect::<Result<_, _>>()?;
    match set.len() == count {
        true => Ok(Value::Numbers(set)),
        false => Err("Input collection contains duplicates".to_owned()),
    }
}

fn binaries(encoded: Vec<String>, decoded: Vec<Bytes>) -> Judged {
    if decoded.is_empty() {
        return Err("One or more parameter values were invalid: Binary sets should not be empty".to_owned());
    }
    let count = decoded.len();
    let set: BTreeSet<Bytes> = decoded.into_iter().collect();
    match set.len() == count {
        true => Ok(Value::Binaries(set)),
        false => Err(format!(
            "One or more parameter values were invalid: Input collection [{}]of type BS contains duplicates.",
            encoded.join(", ")
        )),
    }
}

impl Serialize for AttributeValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Ok(value) => Shown(value).serialize(serializer),
            Err(fault) => Err(serde::ser::Error::custom(fault)),
        }
    }
}

/// A value as it is written.
pub struct Shown<'a>(pub &'a Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        let kind = self.0.kind().name();
        match self.0 {
            Value::Text(text) => map.serialize_entry(kind, text)?,
            Value::Number(number) => map.serialize_entry(kind, &number.to_string())?,
            Value::Bytes(bytes) => map.serialize_entry(kind, &STANDARD.encode(bytes))?,
            Value::Bool(given) => map.serialize_entry(kind, given)?,
            Value::Null => map.serialize_entry(kind, &true)?,
            Value::List(values) => map.serialize_entry(kind, &Many(|| values.iter().map(Shown)))?,
            Value::Map(entries) => map.serialize_entry(kind, &Entries(entries))?,
            Value::Texts(texts) => map.serialize_entry(kind, texts)?,
            Value::Numbers(numbers) => map.serialize_entry(kind, &Many(|| numbers.iter().map(Number::to_string)))?,
            Value::Binaries(binaries) => {
                map.serialize_entry(kind, &Many(|| binaries.iter().map(|bytes| STANDARD.encode(bytes))))?;
            }
        }
        map.end()
    }
}

/// Attributes as they are written, by reference.
pub struct Entries<'a>(pub &'a Item);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, &Shown(value))?;
        }
        map.end()
    }
}

struct Many<F>(F);

impl<T: Serialize, I: Iterator<Item = T>, F: Fn() -> I> Serialize for Many<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for element in self.0() {
            list.serialize_element(&element)?;
        }
        list.end()
    }
}
