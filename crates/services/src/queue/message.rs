//! What is sent, and what is kept of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::Timestamp;

use super::name::{QueueId, in_row_or_none};

/// Longest message, body and attributes together, in bytes (1 MiB).
///
/// Source: Amazon SQS quotas, message size (SendMessage in the API model, read 2026-11-24).
pub const BODY_BYTES_MAX: usize = 1_048_576;

/// A message as its sender makes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMessage {
    pub body: String,
    pub attributes: BTreeMap<String, Attribute>,
    /// The X-Ray trace header.
    pub trace_header: Option<String>,
    pub group: Option<String>,
    pub deduplication_id: Option<String>,
    /// Instead of the queue's own delay.
    pub delay: Option<Duration>,
    /// Who sends it, as consumers are told.
    pub sender: String,
}

/// A value with its type, such as `String` or `Number.money`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    #[serde(rename = "t")]
    pub data_type: String,
    #[serde(rename = "v")]
    pub value: AttributeValue,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttributeValue {
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "b", with = "base64_text")]
    Binary(Vec<u8>),
}

/// A message in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// A UUID.
    pub id: String,
    #[serde(skip)]
    pub body: String,
    #[serde(with = "super::rows::millis")]
    pub sent: Timestamp,
    /// Not to be received before.
    #[serde(with = "super::rows::millis")]
    pub due: Timestamp,
    pub sender: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduplication_id: Option<String>,
    /// The queue in which it became a dead letter.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "in_row_or_none")]
    pub dead_letter_source: Option<QueueId>,
    /// Of a dead letter: what became of it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<Past>,
}

/// How a message was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    pub receives: u32,
    #[serde(with = "super::rows::millis")]
    pub first_received: Timestamp,
}

/// What a sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub id: String,
    /// Its place in a FIFO queue.
    pub sequence: Option<u64>,
}

impl Message {
    pub(super) fn new(new: &NewMessage, id: String, now: Timestamp, delay: Duration) -> Message {
        Message {
            id,
            body: new.body.clone(),
            sent: now,
            due: now + new.delay.unwrap_or(delay),
            sender: new.sender.clone(),
            attributes: new.attributes.clone(),
            trace_header: new.trace_header.clone(),
            group: new.group.clone(),
            deduplication_id: new.deduplication_id.clone(),
            dead_letter_source: None,
            past: None,
        }
    }
}

mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], out: S) -> Result<S::Ok, S::Error> {
        STANDARD.encode(bytes).serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}
