//! Messages are sent.
//!
//! Limits: Amazon SQS API model, SendMessage, and developer guide, "Amazon SQS message quotas" (read 2026-11-24). Texts
//! are not documented; the type of an attribute is refused as grafana/k6-jslib-aws pull request 65 quotes it (read
//! 2026-11-24).

use std::collections::BTreeMap;
use std::time::Duration;

use services::queue::settings::{DELAY_MAX, Settings};
use services::queue::{Attribute, AttributeValue, BODY_BYTES_MAX, NewMessage, Sent};

use super::{address, batch, digest, refusal};
use crate::call::Call;
use crate::error::Error;
use crate::shape::Blob;
use crate::shapes::sqs::{
    MessageAttributeValue, MessageSystemAttributeValue, SendMessageBatchRequest, SendMessageBatchRequestEntry,
    SendMessageBatchResult, SendMessageBatchResultEntry, SendMessageRequest, SendMessageResult, error,
};

const ATTRIBUTES_MAX: usize = 10;
const ATTRIBUTE_NAME_LETTERS_MAX: usize = 256;
const GROUP_LETTERS_MAX: usize = 128;
const TRACE_HEADER: &str = "AWSTraceHeader";
/// Sequence numbers have twenty digits.
const SEQUENCE_BASE: u64 = 10_000_000_000_000_000_000;

pub async fn send_message(call: Call, input: SendMessageRequest) -> Result<SendMessageResult, Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let settings = call.services.queues().details(&id).map_err(refusal::of)?.settings;
    let message = SendMessageBatchRequestEntry {
        id: String::new(),
        message_body: input.message_body,
        delay_seconds: input.delay_seconds,
        message_attributes: input.message_attributes,
        message_system_attributes: input.message_system_attributes,
        message_deduplication_id: input.message_deduplication_id,
        message_group_id: input.message_group_id,
    };
    let new = new_message(&call, &settings, message)?;
    let said = Said::of(&new);
    let mut sent = call.services.queues().send(&id, vec![new]).await.map_err(refusal::of)?;
    let sent = sent.pop().ok_or_else(|| Error::internal(&"a message was sent and nothing came of it"))?;
    let Sent { id, sequence } = sent.map_err(refusal::of)?;
    Ok(SendMessageResult {
        md5_of_message_body: Some(said.body),
        md5_of_message_attributes: said.attributes,
        md5_of_message_system_attributes: said.system_attributes,
        message_id: Some(id),
        sequence_number: sequence.map(sequence_number),
    })
}

pub async fn send_message_batch(call: Call, input: SendMessageBatchRequest) -> Result<SendMessageBatchResult, Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let settings = call.services.queues().details(&id).map_err(refusal::of)?.settings;
    batch::check("SendMessageBatchRequestEntry", input.entries.iter().map(|entry| entry.id.as_str()))?;
    let bytes: usize = input.entries.iter().map(bytes_of).sum();
    if bytes > BODY_BYTES_MAX {
        return Err(error::BATCH_REQUEST_TOO_LONG.with(format!(
            "Batch requests cannot be longer than {BODY_BYTES_MAX} bytes. You have sent {bytes} bytes."
        )));
    }
    let (mut successful, mut failed, mut ids, mut messages) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for entry in input.entries {
        let id = entry.id.clone();
        match new_message(&call, &settings, entry) {
            Ok(message) => {
                ids.push((id, Said::of(&message)));
                messages.push(message);
            }
            Err(error) => failed.push(batch::failed(id, &error)),
        }
    }
    if !messages.is_empty() {
        let sent = call.services.queues().send(&id, messages).await.map_err(refusal::of)?;
        for ((id, said), sent) in ids.into_iter().zip(sent) {
            match sent {
                Ok(sent) => successful.push(SendMessageBatchResultEntry {
                    id,
                    message_id: sent.id,
                    md5_of_message_body: said.body,
                    md5_of_message_attributes: said.attributes,
                    md5_of_message_system_attributes: said.system_attributes,
                    sequence_number: sent.sequence.map(sequence_number),
                }),
                Err(error) => failed.push(batch::failed(id, &refusal::of(error))),
            }
        }
    }
    Ok(SendMessageBatchResult { successful: batch::some(successful), failed: batch::some(failed) })
}

pub fn sequence_number(number: u64) -> String {
    SEQUENCE_BASE.saturating_add(number).to_string()
}

/// The digests by which a sender checks that it was understood.
struct Said {
    body: String,
    attributes: Option<String>,
    system_attributes: Option<String>,
}

impl Said {
    fn of(message: &NewMessage) -> Said {
        let trace = message.trace_header.clone().map(|header| {
            let value = AttributeValue::Text(header);
            (TRACE_HEADER.to_owned(), Attribute { data_type: "String".to_owned(), value })
        });
        Said {
            body: digest::of_text(&message.body),
            attributes: digest::of_attributes(&message.attributes),
            system_attributes: trace.and_then(|(name, value)| digest::of_attributes([(&name, &value)])),
        }
    }
}

fn bytes_of(entry: &SendMessageBatchRequestEntry) -> usize {
    let one = |(name, value): (&String, &MessageAttributeValue)| {
        let text = value.string_value.as_ref().map_or(0, String::len);
        let binary = value.binary_value.as_ref().map_or(0, |Blob(bytes)| bytes.len());
        name.len() + value.data_type.as_ref().map_or(0, String::len) + text + binary
    };
    entry.message_body.len() + entry.message_attributes.iter().flatten().map(one).sum::<usize>()
}

/// The message, if this queue takes it.
fn new_message(call: &Call, settings: &Settings, entry: SendMessageBatchRequestEntry) -> Result<NewMessage, Error> {
    if entry.message_body.is_empty() {
        return Err(refusal::missing("MessageBody"));
    }
    if !entry.message_body.chars().all(is_allowed) {
        return Err(error::INVALID_MESSAGE_CONTENTS.with(
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to \
             #xFFFD | #x10000 to #x10FFFF.",
        ));
    }
    let bytes_max = settings.body_bytes_max;
    if bytes_of(&entry) > bytes_max {
        return Err(refusal::invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {bytes_max} bytes."
        )));
    }
    let attributes = attributes(entry.message_attributes.unwrap_or_default())?;
    let trace_header = trace_header(entry.message_system_attributes.unwrap_or_default())?;
    let delay = delay(settings, entry.delay_seconds)?;
    check_order(settings, entry.message_group_id.as_deref(), entry.message_deduplication_id.as_deref())?;
    Ok(NewMessage {
        body: entry.message_body,
        attributes,
        trace_header,
        group: entry.message_group_id,
        deduplication_id: entry.message_deduplication_id,
        delay,
        sender: sender(call),
    })
}

/// What consumers see as `SenderId`.
fn sender(call: &Call) -> String {
    let arn = call.caller.arn();
    match arn.split_once(":assumed-role/") {
        Some((_, role_and_session)) => role_and_session.replace('/', ":"),
        None => call.account.to_string(),
    }
}

/// Source: Amazon SQS API model, SendMessage (read 2026-11-24): the characters of XML 1.0.
fn is_allowed(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn delay(settings: &Settings, given: Option<i32>) -> Result<Option<Duration>, Error> {
    let Some(seconds) = given else { return Ok(None) };
    let delay = u64::try_from(seconds).ok().map(Duration::from_secs).filter(|delay| *delay <= DELAY_MAX);
    let delay =
        delay.ok_or_else(|| refusal::value(seconds, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."))?;
    match settings.fifo.is_some() {
        true if !delay.is_zero() => Err(refusal::value(
            seconds,
            "DelaySeconds",
            "The request include parameter that is not valid for this queue type.",
        )),
        // The queue's own delay holds for all its messages.
        true => Ok(None),
        false => Ok(Some(delay)),
    }
}

/// Group and deduplication id, as this kind of queue wants them.
fn check_order(settings: &Settings, group: Option<&str>, deduplication_id: Option<&str>) -> Result<(), Error> {
    for (parameter, given) in [("MessageGroupId", group), ("MessageDeduplicationId", deduplication_id)] {
        let allowed = |text: &str| {
            (1..=GROUP_LETTERS_MAX).contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_graphic())
        };
        if let Some(wrong) = given.filter(|text| !allowed(text)) {
            let reason =
                format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
            return Err(refusal::value(wrong, parameter, reason));
        }
    }
    match (settings.fifo, group, deduplication_id) {
        (Some(_), None, _) => Err(refusal::missing("MessageGroupId")),
        (Some(fifo), Some(_), None) if !fifo.by_content => Err(refusal::invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        )),
        (None, _, Some(id)) => Err(refusal::value(
            id,
            "MessageDeduplicationId",
            "The request includes a parameter that is not valid for this queue type.",
        )),
        (Some(_), Some(_), _) | (None, _, None) => Ok(()),
    }
}

fn attributes(given: BTreeMap<String, MessageAttributeValue>) -> Result<BTreeMap<String, Attribute>, Error> {
    if given.len() > ATTRIBUTES_MAX {
        return Err(refusal::invalid(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{ATTRIBUTES_MAX}].",
            given.len()
        )));
    }
    let read = |(name, value): (String, MessageAttributeValue)| {
        check_name(&name)?;
        let value = attribute(&name, value)?;
        Ok((name, value))
    };
    given.into_iter().map(read).collect()
}

fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let lower = name.to_ascii_lowercase();
    let refused = |reason: String| Err(refusal::invalid(reason));
    if name.is_empty() || name.len() > ATTRIBUTE_NAME_LETTERS_MAX {
        return refused("Message (user) attribute name must be between 1 and 256 characters long.".to_owned());
    }
    if !name.chars().all(allowed) || name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return refused(format!(
            "Message (user) attribute name '{name}' contains invalid characters. Attribute name can contain A-Z, a-z, 0-9, \
             underscore (_), hyphen (-), and period (.) characters."
        ));
    }
    if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        return refused(format!(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for \
             internal use: '{name}'."
        ));
    }
    Ok(())
}

fn attribute(name: &str, given: MessageAttributeValue) -> Result<Attribute, Error> {
    let data_type = given.data_type.unwrap_or_default();
    if data_type.is_empty() {
        return Err(refusal::invalid(format!(
            "Message (user) attribute '{name}' must contain a non-empty attribute type."
        )));
    }
    if given.string_list_values.is_some_and(|list| !list.is_empty())
        || given.binary_list_values.is_some_and(|list| !list.is_empty())
    {
        return Err(crate::shapes::sqs::error::UNSUPPORTED_OPERATION
            .with("Message attribute list values in SendMessage operation are not supported."));
    }
    let base = data_type.split('.').next().unwrap_or_default();
    let value = match base {
        "String" | "Number" => given.string_value.filter(|text| !text.is_empty()).map(AttributeValue::Text),
        "Binary" => given
            .binary_value
            .filter(|Blob(bytes)| !bytes.is_empty())
            .map(|Blob(bytes)| AttributeValue::Binary(bytes.to_vec())),
        _ => {
            return Err(refusal::invalid(format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported \
                 type prefixes: Binary, Number, String."
            )));
        }
    };
    let value = value.ok_or_else(|| {
        refusal::invalid(format!("Message (user) attribute '{name}' must contain a non-empty value of type '{base}'."))
    })?;
    match &value {
        AttributeValue::Text(text) if base == "Number" && text.trim().parse::<f64>().is_err() => {
            Err(refusal::invalid(format!("Can't cast the value of message (user) attribute '{name}' to a number.")))
        }
        AttributeValue::Text(text) if !text.chars().all(is_allowed) => Err(refusal::invalid(
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to \
             #xFFFD | #x10000 to #x10FFFF.",
        )),
        AttributeValue::Text(_) | AttributeValue::Binary(_) => Ok(Attribute { data_type, value }),
    }
}

fn trace_header(given: BTreeMap<String, MessageSystemAttributeValue>) -> Result<Option<String>, Error> {
    let mut header = None;
    for (name, value) in given {
        if name != TRACE_HEADER {
            return Err(refusal::invalid(format!(
                "Message system attribute name '{name}' is invalid. Valid names are: {TRACE_HEADER}."
            )));
        }
        match (value.data_type.as_deref(), value.string_value) {
            (Some("String"), Some(text)) if !text.is_empty() => header = Some(text),
            (Some("String"), _) => {
                return Err(refusal::invalid(format!(
                    "Message (system) attribute '{name}' must contain a non-empty value of type 'String'."
                )));
            }
            (_, _) => {
                return Err(refusal::invalid(format!(
                    "Message (system) attribute '{name}' has an invalid type: the data type must be String."
                )));
            }
        }
    }
    Ok(header)
}

/// As clients see it again.
pub fn shown(attribute: &Attribute) -> MessageAttributeValue {
    let (string_value, binary_value) = match &attribute.value {
        AttributeValue::Text(text) => (Some(text.clone()), None),
        AttributeValue::Binary(bytes) => (None, Some(Blob(bytes.clone().into()))),
    };
    MessageAttributeValue {
        string_value,
        binary_value,
        data_type: Some(attribute.data_type.clone()),
        ..MessageAttributeValue::default()
    }
}
