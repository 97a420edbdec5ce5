//! What is published, and what is kept of it until everybody has been told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::Timestamp;

use super::subscription::Protocol;
use crate::delivery::Cause;
use crate::queue::Attribute;

/// Longest message, body and attributes together, in bytes (256 KiB).
///
/// Source: Amazon SNS API reference, Publish (read 2026-11-24).
pub const BODY_BYTES_MAX: usize = 262_144;

/// A message as its publisher makes it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewMessage {
    pub subject: Option<String>,
    pub body: String,
    /// What subscribers of a protocol get instead of the body, by the protocol's name.
    pub bodies: BTreeMap<String, String>,
    pub attributes: BTreeMap<String, Attribute>,
    pub group: Option<String>,
    pub deduplication_id: Option<String>,
    pub cause: Cause,
}

/// A message on a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// A UUID.
    pub id: String,
    pub published_millis: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub body: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bodies: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduplication_id: Option<String>,
    /// On a FIFO topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    #[serde(default)]
    pub cause: Cause,
}

impl Message {
    pub(super) fn new(new: &NewMessage, id: Box<str>, now: Timestamp) -> Message {
        Message {
            id: id.into(),
            published_millis: now.millis(),
            subject: new.subject.clone(),
            body: new.body.clone(),
            bodies: new.bodies.clone(),
            attributes: new.attributes.clone(),
            group: new.group.clone(),
            deduplication_id: new.deduplication_id.clone(),
            number: None,
            cause: new.cause.clone(),
        }
    }

    pub fn published(&self) -> Timestamp {
        Timestamp::from_millis(self.published_millis)
    }

    /// What subscribers of a protocol get.
    pub fn body_for(&self, protocol: Protocol) -> &str {
        self.bodies.get(protocol.as_str()).unwrap_or(&self.body)
    }

    /// About what it takes in a row.
    pub fn bytes(&self) -> usize {
        self.body.len() + self.bodies.values().map(String::len).sum::<usize>()
    }
}
