//! What a target is sent: the event, a constant, a part of the event, or a template filled from it.
//!
//! Start reading at [`Input::render`]. Paths are the part of JSONPath that the service takes: names, indices, `*`.
//!
//! Source: EventBridge User Guide, "Input transformation" (read 2026-11-24).

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Input {
    #[default]
    Whole,
    Constant(String),
    Path(String),
    Template {
        paths: BTreeMap<String, String>,
        template: String,
    },
}

/// Why an input cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("the constant is not JSON")]
    NotJson,
    #[error("{0:?} is not a path")]
    BadPath(String),
    #[error("nothing is named {0}")]
    UnknownPlaceholder(String),
    #[error("{0} is only for templates that are an object")]
    OnlyInObjects(String),
    #[error("{0} is the platform's name")]
    ReservedName(String),
}

/// What templates may say about a rule's firing beside what is in the event.
#[derive(Debug, Clone, Copy)]
pub struct Firing<'a> {
    pub rule_arn: &'a str,
    pub rule_name: &'a str,
    /// When the event came in, as `2026-11-24T09:30:00Z`.
    pub received: &'a str,
}

const RULE_ARN: &str = "aws.events.rule-arn";
const RULE_NAME: &str = "aws.events.rule-name";
const RECEIVED: &str = "aws.events.event.ingestion-time";
/// The event without its detail.
const FRAME: &str = "aws.events.event";
const EVENT: &str = "aws.events.event.json";
const PREDEFINED: [&str; 5] = [RULE_ARN, RULE_NAME, RECEIVED, FRAME, EVENT];

impl Input {
    pub fn check(&self) -> Result<(), Invalid> {
        match self {
            Input::Whole => Ok(()),
            Input::Constant(text) => match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) => Ok(()),
                Err(_) => Err(Invalid::NotJson),
            },
            Input::Path(path) => steps(path).map(drop).ok_or_else(|| Invalid::BadPath(path.clone())),
            Input::Template { paths, template } => check_template(paths, template),
        }
    }

    /// The document for the target. A path that leads nowhere is `null`, in a template an empty text.
    pub fn render(&self, event: &Bytes, firing: &Firing<'_>) -> Bytes {
        let parsed = || serde_json::from_slice::<Value>(event).unwrap_or_default();
        match self {
            Input::Whole => event.clone(),
            Input::Constant(text) => Bytes::from(text.clone()),
            Input::Path(path) => follow(&parsed(), path).unwrap_or_default().to_string().into(),
            Input::Template { paths, template } => fill(paths, template, &parsed(), firing).into(),
        }
    }
}

fn check_template(paths: &BTreeMap<String, String>, template: &str) -> Result<(), Invalid> {
    if let Some(reserved) = paths.keys().find(|name| name.starts_with("aws.")) {
        return Err(Invalid::ReservedName(reserved.clone()));
    }
    if let Some(path) = paths.values().find(|path| steps(path).is_none()) {
        return Err(Invalid::BadPath(path.clone()));
    }
    let named = pieces(template).filter_map(|piece| match piece {
        Piece::Text(_) => None,
        Piece::Placeholder(name) => Some(name),
    });
    for name in named {
        if !paths.contains_key(name) && !PREDEFINED.contains(&name) {
            return Err(Invalid::UnknownPlaceholder(name.to_owned()));
        }
        if name == EVENT && !is_object(template) {
            return Err(Invalid::OnlyInObjects(name.to_owned()));
        }
    }
    Ok(())
}

fn is_object(template: &str) -> bool {
    template.trim_start().starts_with('{')
}

fn fill(paths: &BTreeMap<String, String>, template: &str, event: &Value, firing: &Firing<'_>) -> String {
    let (mut filled, mut quoted) = (String::with_capacity(template.len()), false);
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => {
                quoted = ends_quoted(text, quoted);
                filled.push_str(text);
            }
            Piece::Placeholder(name) => {
                let path = paths.get(name).map(|path| follow(event, path).unwrap_or(Value::String(String::new())));
                let value = path.unwrap_or_else(|| predefined(name, event, firing));
                filled.push_str(&inserted(&value, quoted));
            }
        }
    }
    filled
}

fn predefined(name: &str, event: &Value, firing: &Firing<'_>) -> Value {
    match name {
        RULE_ARN => firing.rule_arn.into(),
        RULE_NAME => firing.rule_name.into(),
        RECEIVED => firing.received.into(),
        EVENT => event.clone(),
        FRAME => {
            let mut frame = event.clone();
            if let Some(members) = frame.as_object_mut() {
                members.shift_remove("detail");
            }
            frame
        }
        _ => Value::String(String::new()),
    }
}

/// A value as it stands in the template: inside quotation marks without its own, an object or a list there without any.
fn inserted(value: &Value, quoted: bool) -> String {
    let text = value.to_string();
    match value {
        Value::String(_) if quoted => text[1..text.len() - 1].to_owned(),
        Value::Object(_) | Value::Array(_) if quoted => text.replace(['"', '\\'], ""),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) | Value::Array(_) => text,
    }
}

/// Whether a text that begins inside or outside of a JSON string ends inside of one.
fn ends_quoted(text: &str, mut quoted: bool) -> bool {
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    quoted
}

enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// A template in pieces: what stands in `<>` and is a name is a placeholder.
fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(open) = rest[from..].find('<').map(|at| from + at) {
            let name = &rest[open + 1..];
            let length = name.find(|letter: char| !letter.is_ascii_alphanumeric() && !"_-.".contains(letter));
            match length {
                Some(length) if length > 0 && name[length..].starts_with('>') => {
                    if open > 0 {
                        let (text, after) = rest.split_at(open);
                        rest = after;
                        return Some(Piece::Text(text));
                    }
                    let placeholder = &name[..length];
                    rest = &name[length + 1..];
                    return Some(Piece::Placeholder(placeholder));
                }
                _ => from = open + 1,
            }
        }
        Some(Piece::Text(std::mem::take(&mut rest)))
    })
}

enum Step<'a> {
    Name(Cow<'a, str>),
    Index(usize),
    All,
}

/// The steps of a path that begins at `$`; none where it is no path.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let length = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..length];
            match name {
                "" => return None,
                "*" => steps.push(Step::All),
                _ => steps.push(Step::Name(name.into())),
            }
            rest = &after[length..];
        } else {
            let (inner, after) = rest.strip_prefix('[')?.split_once(']')?;
            let name = ['\'', '"'].iter().find_map(|mark| inner.strip_prefix(*mark)?.strip_suffix(*mark));
            steps.push(match (inner, name) {
                ("*", _) => Step::All,
                (_, Some(name)) => Step::Name(name.into()),
                (number, None) => Step::Index(number.parse().ok()?),
            });
            rest = after;
        }
    }
    Some(steps)
}

/// What a path leads to: with a `*` in it, a list.
fn follow(event: &Value, path: &str) -> Option<Value> {
    let steps = steps(path)?;
    let many = steps.iter().any(|step| matches!(step, Step::All));
    let mut found = vec![event];
    for step in &steps {
        found = found
            .into_iter()
            .flat_map(|value| match (step, value) {
                (Step::Name(name), Value::Object(members)) => members.get(&**name).into_iter().collect(),
                (Step::Index(index), Value::Array(elements)) => elements.get(*index).into_iter().collect(),
                (Step::All, Value::Array(elements)) => elements.iter().collect(),
                (Step::All, Value::Object(members)) => members.values().collect(),
                _ => Vec::new(),
            })
            .collect();
    }
    match many {
        true => Some(found.into_iter().cloned().collect()),
        false => found.first().map(|value| (*value).clone()),
    }
}
