//! What a queue is set to.
//!
//! The bounds are here with their source; faces refuse what lies outside, each in its own words.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::Timestamp;

use super::message::{BODY_BYTES_MAX, Message};
use super::name::{QueueId, in_row, in_row_many};

// Source of all: Amazon SQS API model, SetQueueAttributes (read 2026-11-24).
pub const VISIBILITY_MAX: Duration = Duration::from_secs(43_200);
pub const DELAY_MAX: Duration = Duration::from_secs(900);
pub const WAIT_MAX: Duration = Duration::from_secs(20);
pub const RETENTION_MIN: Duration = Duration::from_secs(60);
pub const RETENTION_MAX: Duration = Duration::from_secs(1_209_600);
pub const BODY_BYTES_MIN: usize = 1_024;
pub const RECEIVES_MAX: u32 = 1_000;
pub const KEY_REUSE_MIN: Duration = Duration::from_secs(60);
pub const KEY_REUSE_MAX: Duration = Duration::from_secs(86_400);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    #[serde(with = "seconds")]
    pub visibility: Duration,
    #[serde(with = "seconds")]
    pub retention: Duration,
    #[serde(with = "seconds")]
    pub delay: Duration,
    /// How long a receive waits that does not say.
    #[serde(with = "seconds")]
    pub wait: Duration,
    pub body_bytes_max: usize,
    /// As it was given; stored and returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redrive: Option<Redrive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redrive_allow: Option<RedriveAllow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "seconds_or_none")]
    pub kms_key_reuse: Option<Duration>,
    pub managed_encryption: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fifo: Option<Fifo>,
}

/// What only FIFO queues have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fifo {
    /// A message without a deduplication id is told by its body.
    pub by_content: bool,
    pub deduplication: Extent,
    pub throughput_limit: Extent,
}

/// What something holds for: the whole queue, or each group of messages by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extent {
    #[default]
    Queue,
    Group,
}

/// Messages that were received that often in vain go to another queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    #[serde(with = "in_row")]
    pub queue: QueueId,
    pub receives_max: u32,
}

/// Whose dead letters a queue takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RedriveAllow {
    Anyone,
    Nobody,
    Only(#[serde(with = "in_row_many")] Vec<QueueId>),
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            visibility: Duration::from_secs(30),
            retention: Duration::from_secs(345_600),
            delay: Duration::ZERO,
            wait: Duration::ZERO,
            body_bytes_max: BODY_BYTES_MAX,
            policy: None,
            redrive: None,
            redrive_allow: None,
            kms_key: None,
            kms_key_reuse: None,
            managed_encryption: true,
            fifo: None,
        }
    }
}

impl Settings {
    pub(super) fn allows_dead_letters_of(&self, source: &QueueId) -> bool {
        match &self.redrive_allow {
            None | Some(RedriveAllow::Anyone) => true,
            Some(RedriveAllow::Nobody) => false,
            Some(RedriveAllow::Only(sources)) => sources.contains(source),
        }
    }

    pub(super) fn is_too_old(&self, sent: Timestamp, now: Timestamp) -> bool {
        sent + self.retention <= now
    }

    pub(super) fn is_dead(&self, receives: u32) -> bool {
        self.redrive.as_ref().is_some_and(|redrive| receives >= redrive.receives_max)
    }

    pub(super) fn deduplication_id(&self, message: &Message) -> Option<String> {
        use sha2::{Digest, Sha256};
        let by_content = self.fifo.is_some_and(|fifo| fifo.by_content);
        let of_body = || by_content.then(|| hex::encode(Sha256::digest(message.body.as_bytes())));
        message.deduplication_id.clone().or_else(of_body)
    }
}

mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(time: &Duration, out: S) -> Result<S::Ok, S::Error> {
        time.as_secs().serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        Ok(Duration::from_secs(u64::deserialize(from)?))
    }
}

mod seconds_or_none {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(time: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
        time.map(|time| time.as_secs()).serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Duration::from_secs))
    }
}
