//! Whether the members of a request are what the model allows, in AWS's own words.
//!
//! Start reading at [`types`] (what JSON cannot express as the shape) and [`limits`] (what breaks a constraint).
//! Order: members as the model lists them, each before what is inside it; for one value the pattern or the enumeration
//! comes first, then the upper and the lower bound. AWS's own order differs between services and is not documented;
//! texts: answers of Lambda, STS and CloudWatch Logs quoted in public issue threads (read 2026-11-24).

use serde_json::{Map, Value};

use crate::shape::{Limits, Member, Older, Place, Shape, Text};

/// A value of the wrong JSON type: AWS's text for it.
pub fn types(members: &[Member], found: &Map<String, Value>) -> Result<(), String> {
    for member in members.iter().filter(|member| member.place == Place::Body) {
        if let Some(value) = found.get(member.key) {
            kind(member.shape, value)?;
        }
    }
    Ok(())
}

fn kind(shape: &Shape, value: &Value) -> Result<(), String> {
    let wanted = match (shape, value) {
        (_, Value::Null) => return Ok(()),
        (Shape::Text(_) | Shape::Blob(_), Value::String(_)) | (Shape::Boolean, Value::Bool(_)) => return Ok(()),
        (Shape::Integer(_) | Shape::Long(_), Value::Number(number)) if number.is_i64() => return whole(shape, number),
        (Shape::Double(_), Value::Number(_)) => return Ok(()),
        (Shape::List { element, .. }, Value::Array(values)) => {
            return values.iter().try_for_each(|value| kind(element, value));
        }
        (Shape::Map { value: inner, .. }, Value::Object(entries)) => {
            return entries.values().try_for_each(|value| kind(inner, value));
        }
        (Shape::Structure(members), Value::Object(found)) => return types(members, found),
        (Shape::List { .. } | Shape::Map { .. } | Shape::Structure(_), Value::Array(_) | Value::Object(_)) => {
            return Err("Unexpected value type in payload".to_owned());
        }
        (Shape::List { .. }, _) => return Err("Expected list or null".to_owned()),
        (Shape::Map { .. } | Shape::Structure(_), _) => return Err("Expected a structure or null".to_owned()),
        (Shape::Text(_), _) => "String",
        (Shape::Blob(_), _) => "Blob",
        (Shape::Boolean, _) => "Boolean",
        (Shape::Integer(_), _) => "Integer",
        (Shape::Long(_), _) => "Long",
        (Shape::Double(_), _) => "Double",
    };
    Err(match token(value) {
        Some(token) => format!("{token} cannot be converted to {wanted}"),
        None => "Start of structure or map found where not expected.".to_owned(),
    })
}

fn whole(shape: &Shape, number: &serde_json::Number) -> Result<(), String> {
    match (shape, number.as_i64()) {
        (Shape::Integer(_), Some(number)) if i32::try_from(number).is_err() => {
            Err("NUMBER_VALUE cannot be converted to Integer".to_owned())
        }
        _ => Ok(()),
    }
}

/// What AWS's parser calls a JSON token.
fn token(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(_) => Some("STRING_VALUE"),
        Value::Number(_) => Some("NUMBER_VALUE"),
        Value::Bool(true) => Some("TRUE_VALUE"),
        Value::Bool(false) => Some("FALSE_VALUE"),
        Value::Null => Some("NULL_VALUE"),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// The first member that must be there and is not, as the Query protocol names it: `Entry.1.Id`.
pub fn missing(members: &[Member], found: &Map<String, Value>, older: &Older, operation: &str) -> Option<String> {
    for member in members {
        let name = older.flattened(operation, member.key).map_or(member.name, |flat| flat.name);
        match (found.get(member.key), member.shape) {
            (None, _) if member.required => return Some(name.to_owned()),
            (Some(Value::Array(values)), Shape::List { element: Shape::Structure(inner), .. }) => {
                let within = |(index, value): (usize, &Value)| {
                    let inside = missing(inner, value.as_object()?, older, operation)?;
                    Some(format!("{name}.{}.{inside}", index + 1))
                };
                if let Some(path) = values.iter().enumerate().find_map(within) {
                    return Some(path);
                }
            }
            (Some(_) | None, _) => {}
        }
    }
    None
}

/// The text for all broken constraints, if there is one.
pub fn limits(members: &[Member], found: &Map<String, Value>) -> Result<(), String> {
    let mut broken = Vec::new();
    structure(members, found, "", &mut broken);
    match broken.len() {
        0 => Ok(()),
        1 => Err(format!("1 validation error detected: {}", broken[0])),
        count => Err(format!("{count} validation errors detected: {}", broken.join("; "))),
    }
}

fn structure(members: &[Member], found: &Map<String, Value>, above: &str, broken: &mut Vec<String>) {
    for member in members.iter().filter(|member| member.place != Place::Payload) {
        let path = format!("{above}{}", lower_first(member.name));
        match found.get(member.key).filter(|value| !value.is_null()) {
            Some(value) => at(member.shape, value, &path, broken),
            None if member.required => {
                broken.push(format!("Value null at '{path}' failed to satisfy constraint: Member must not be null"))
            }
            None => {}
        }
    }
}

fn at(shape: &Shape, value: &Value, path: &str, broken: &mut Vec<String>) {
    for constraint in constraints(shape, value) {
        let shown = match hides(shape) {
            true => "Value".to_owned(),
            false => format!("Value '{}'", shown(value)),
        };
        broken.push(format!("{shown} at '{path}' failed to satisfy constraint: {constraint}"));
    }
    match (shape, value) {
        (Shape::Structure(members), Value::Object(found)) => {
            structure(members, found, &format!("{path}."), broken);
        }
        (Shape::List { element: element @ Shape::Structure(_), .. }, Value::Array(values)) => {
            for (index, value) in values.iter().enumerate() {
                at(element, value, &format!("{path}.{}.member", index + 1), broken);
            }
        }
        _ => {}
    }
}

/// What a value breaks by itself; members of structures speak for themselves.
fn constraints(shape: &Shape, value: &Value) -> Vec<String> {
    match (shape, value) {
        (Shape::Text(text), Value::String(given)) => text_constraints(text, given),
        (Shape::Integer(limits) | Shape::Long(limits) | Shape::Double(limits), Value::Number(number)) => {
            bounds("value", limits, number.as_f64().unwrap_or_default())
        }
        (Shape::Blob(limits), Value::String(base64)) => bounds("length", limits, (base64.len() / 4 * 3) as f64),
        (Shape::List { element, limits }, Value::Array(values)) => {
            let mut all = bounds("length", limits, values.len() as f64);
            if values.iter().any(|value| breaks(element, value)) {
                all.push(format!("Member must satisfy constraint: [{}]", stated(element)));
            }
            all
        }
        (Shape::Map { key, value, .. }, Value::Object(entries)) => {
            let mut all = Vec::new();
            if entries.keys().any(|found| breaks(key, &Value::String(found.clone()))) {
                all.push(format!("Map keys must satisfy constraint: [{}]", stated(key)));
            }
            if entries.values().any(|found| breaks(value, found)) {
                all.push(format!("Map value must satisfy constraint: [{}]", stated(value)));
            }
            all
        }
        _ => Vec::new(),
    }
}

fn breaks(shape: &Shape, value: &Value) -> bool {
    value.is_null() || !constraints(shape, value).is_empty()
}

fn text_constraints(text: &Text, given: &str) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(pattern) = text.pattern.as_ref().filter(|pattern| !pattern.matches(given)) {
        all.push(matching(pattern.text));
    }
    if !text.values.is_empty() && !text.values.contains(&given) {
        all.push(one_of(text.values));
    }
    all.extend(bounds("length", &text.limits, given.encode_utf16().count() as f64));
    all
}

fn bounds(what: &str, limits: &Limits, given: f64) -> Vec<String> {
    let over = limits.max.filter(|max| given > *max).map(|max| at_most(what, max));
    let under = limits.min.filter(|min| given < *min).map(|min| at_least(what, min));
    over.into_iter().chain(under).collect()
}

/// All constraints of a list's or map's elements, broken or not: AWS names them together.
fn stated(shape: &Shape) -> String {
    let mut all = Vec::new();
    if let Shape::Text(text) = shape {
        all.extend(text.limits.max.map(|max| at_most("length", max)));
        all.extend(text.limits.min.map(|min| at_least("length", min)));
        all.extend(text.pattern.as_ref().map(|pattern| matching(pattern.text)));
        if !text.values.is_empty() {
            all.push(one_of(text.values));
        }
    }
    all.push("Member must not be null".to_owned());
    all.join(", ")
}

fn matching(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

fn one_of(values: &[&str]) -> String {
    format!("Member must satisfy enum value set: [{}]", values.join(", "))
}

fn at_most(what: &str, max: f64) -> String {
    format!("Member must have {what} less than or equal to {max}")
}

fn at_least(what: &str, min: f64) -> String {
    format!("Member must have {what} greater than or equal to {min}")
}

fn hides(shape: &Shape) -> bool {
    matches!(shape, Shape::Text(Text { hidden: true, .. }) | Shape::Map { hidden: true, .. })
}

/// A value as AWS prints it: `[a, b]`, `{k=v}`.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => format!("[{}]", values.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{key}={}", shown(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
