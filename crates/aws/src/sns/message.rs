//! Messages as publishers write them.
//!
//! Limits: Amazon SNS API reference, Publish, and developer guide, "Amazon SNS message attributes" (read 2026-11-24).

use std::collections::BTreeMap;

use serde_json::Value;
use services::delivery::Cause;
use services::queue::{Attribute, AttributeValue};
use services::topic::{NewMessage, message::BODY_BYTES_MAX};

use super::refusal::{invalid, value};
use crate::call::{Call, caller_trace};
use crate::error::Error;
use crate::shape::Blob;
use crate::shapes::sns::{MessageAttributeValue, PublishBatchRequestEntry};

const SUBJECT_LETTERS_MAX: usize = 100;
const ATTRIBUTE_NAME_BYTES_MAX: usize = 256;
const ORDER_LETTERS_MAX: usize = 128;

/// What a message takes of the limit: its body and its attributes.
pub fn bytes_of(entry: &PublishBatchRequestEntry) -> usize {
    let one = |(name, value): (&String, &MessageAttributeValue)| {
        let text = value.string_value.as_ref().map_or(0, String::len);
        let binary = value.binary_value.as_ref().map_or(0, |Blob(bytes)| bytes.len());
        name.len() + value.data_type.as_ref().map_or(0, String::len) + text + binary
    };
    entry.message.len() + entry.message_attributes.iter().flatten().map(one).sum::<usize>()
}

/// The parts that need no look at the topic. `fifo` is whether it keeps order.
pub fn read(call: &Call, entry: PublishBatchRequestEntry, fifo: bool) -> Result<NewMessage, Error> {
    let bytes = bytes_of(&entry);
    check_subject(entry.subject.as_deref())?;
    if entry.message.is_empty() {
        return Err(invalid("Empty message"));
    }
    if bytes > BODY_BYTES_MAX {
        return Err(invalid("Message too long"));
    }
    check_order(&entry, fifo)?;
    let (body, bodies) = bodies(entry.message_structure.as_deref(), entry.message)?;
    Ok(NewMessage {
        subject: entry.subject,
        body,
        bodies,
        attributes: attributes(entry.message_attributes.unwrap_or_default())?,
        group: entry.message_group_id,
        deduplication_id: entry.message_deduplication_id,
        cause: Cause { trace: caller_trace(&call.headers), request: Some(call.request_id.clone()), depth: 0 },
    })
}

fn check_subject(subject: Option<&str>) -> Result<(), Error> {
    let Some(subject) = subject else { return Ok(()) };
    let begins = subject.chars().next().is_some_and(|first| !first.is_whitespace() && !first.is_control());
    let fits = subject.chars().count() <= SUBJECT_LETTERS_MAX && !subject.chars().any(char::is_control);
    match begins && fits {
        true => Ok(()),
        false => Err(invalid("Subject")),
    }
}

fn check_order(entry: &PublishBatchRequestEntry, fifo: bool) -> Result<(), Error> {
    let given = [
        ("MessageGroupId", entry.message_group_id.as_deref()),
        ("MessageDeduplicationId", entry.message_deduplication_id.as_deref()),
    ];
    if !fifo && entry.message_deduplication_id.is_some() {
        return Err(invalid(
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for \
             this topic type",
        ));
    }
    for (member, text) in given {
        let allowed = |text: &str| {
            (1..=ORDER_LETTERS_MAX).contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_graphic())
        };
        if text.is_some_and(|text| !allowed(text)) {
            return Err(invalid(format!(
                "{member} Reason: {member} can only include alphanumeric and punctuation characters. 1 to 128 in length"
            )));
        }
    }
    match fifo && entry.message_group_id.is_none() {
        true => Err(invalid("The MessageGroupId parameter is required for FIFO topics")),
        false => Ok(()),
    }
}

/// The body, and those for single protocols. Entries that are no texts are passed over.
fn bodies(structure: Option<&str>, message: String) -> Result<(String, BTreeMap<String, String>), Error> {
    match structure {
        None | Some("") => Ok((message, BTreeMap::new())),
        Some("json") => {
            let Ok(Value::Object(members)) = serde_json::from_str(&message) else {
                return Err(invalid("Message Structure - JSON message body failed to parse"));
            };
            let text = |(name, value): (String, Value)| match value {
                Value::String(text) => Some((name, text)),
                _ => None,
            };
            let mut bodies: BTreeMap<String, String> = members.into_iter().filter_map(text).collect();
            let body = bodies.remove("default");
            let body = body.ok_or_else(|| invalid("Message Structure - No default entry in JSON message body"))?;
            Ok((body, bodies))
        }
        Some(_) => Err(invalid("MessageStructure")),
    }
}

fn attributes(given: BTreeMap<String, MessageAttributeValue>) -> Result<BTreeMap<String, Attribute>, Error> {
    let read = |(name, given): (String, MessageAttributeValue)| {
        check_name(&name)?;
        let attribute = attribute(&name, given)?;
        Ok((name, attribute))
    };
    given.into_iter().map(read).collect()
}

fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    if name.len() > ATTRIBUTE_NAME_BYTES_MAX {
        return Err(value("Length of message attribute name must be less than 256 bytes."));
    }
    if name.starts_with('.') {
        return Err(value("Invalid message attribute name starting with character '.' was found."));
    }
    if name.ends_with('.') {
        return Err(value("Invalid message attribute name ending with character '.' was found."));
    }
    if let Some(letter) = name.chars().find(|letter| !allowed(*letter)) {
        return Err(value(format!(
            "Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. Can only include \
             alphanumeric characters, hyphens, underscores, or dots.",
            u32::from(letter)
        )));
    }
    match name.contains("..") {
        true => Err(value("Message attribute name can not have successive '.' character.")),
        false => Ok(()),
    }
}

fn attribute(name: &str, given: MessageAttributeValue) -> Result<Attribute, Error> {
    let data_type = given.data_type.unwrap_or_default();
    if data_type.is_empty() {
        return Err(value(format!("The message attribute '{name}' must contain non-empty message attribute type.")));
    }
    let base = data_type.split('.').next().unwrap_or_default();
    if !["Binary", "Number", "String"].contains(&base) {
        return Err(value(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes \
             is Binary, Number, and String."
        )));
    }
    let empty = || {
        value(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type \
             '{data_type}'."
        ))
    };
    let field = |field: &str| {
        value(format!("The message attribute '{name}' with type '{data_type}' must use field '{field}'."))
    };
    let read = match (base, given.string_value, given.binary_value) {
        (_, None, None) => return Err(empty()),
        ("Binary", _, Some(Blob(bytes))) if !bytes.is_empty() => AttributeValue::Binary(bytes.to_vec()),
        ("Binary", Some(_), None) => return Err(field("Binary")),
        ("String" | "Number", None, Some(_)) => return Err(field("String")),
        ("String" | "Number", Some(text), _) if !text.is_empty() => AttributeValue::Text(text),
        _ => return Err(empty()),
    };
    match &read {
        AttributeValue::Text(text) if base == "Number" && text.trim().parse::<f64>().is_err() => {
            Err(value(format!("Could not cast message attribute '{name}' value to number.")))
        }
        AttributeValue::Text(_) | AttributeValue::Binary(_) => Ok(Attribute { data_type, value: read }),
    }
}
