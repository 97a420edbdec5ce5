//! How queues are called.

use std::fmt;

use crate::function::Scope;
use crate::name::{AccountId, Malformed, Region};

/// Source: Amazon SQS API model, CreateQueue (read 2026-11-24).
const NAME_LETTERS_MAX: usize = 80;

const FIFO_SUFFIX: &str = ".fifo";

/// Name of a queue: 1 to 80 letters, digits, `-` or `_`; names of FIFO queues, and no others, end with `.fifo`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueName(Box<str>); // Invariant: `parse` is the only constructor.

impl QueueName {
    pub fn parse(text: &str) -> Result<QueueName, Malformed> {
        let stem = text.strip_suffix(FIFO_SUFFIX).unwrap_or(text);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match !stem.is_empty() && text.len() <= NAME_LETTERS_MAX && stem.bytes().all(allowed) {
            true => Ok(QueueName(text.into())),
            false => Err(Malformed {
                given: text.to_owned(),
                wanted: "a queue name: 1 to 80 letters, digits, - or _, and .fifo at its end for a FIFO queue",
            }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO_SUFFIX)
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A queue among all queues.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueId {
    pub scope: Scope,
    pub name: QueueName,
}

impl QueueId {
    /// As rows name a queue: account, region and name.
    pub(super) fn to_row(&self) -> [String; 3] {
        [self.scope.account.to_string(), self.scope.region.to_string(), self.name.to_string()]
    }

    pub(super) fn of_row([account, region, name]: &[String; 3]) -> Result<QueueId, Malformed> {
        let scope = Scope { account: AccountId::parse(account)?, region: Region::parse(region)? };
        Ok(QueueId { scope, name: QueueName::parse(name)? })
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}", self.scope.account, self.scope.region, self.name)
    }
}

/// Queues within rows.
pub(super) mod in_row {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::QueueId;

    pub fn serialize<S: Serializer>(id: &QueueId, out: S) -> Result<S::Ok, S::Error> {
        id.to_row().serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<QueueId, D::Error> {
        QueueId::of_row(&<[String; 3]>::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

/// As [`in_row`], where there may be none.
pub(super) mod in_row_or_none {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::QueueId;

    pub fn serialize<S: Serializer>(id: &Option<QueueId>, out: S) -> Result<S::Ok, S::Error> {
        id.as_ref().map(QueueId::to_row).serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<QueueId>, D::Error> {
        let row = Option::<[String; 3]>::deserialize(from)?;
        row.map(|row| QueueId::of_row(&row)).transpose().map_err(serde::de::Error::custom)
    }
}

/// As [`in_row`], for many.
pub(super) mod in_row_many {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::QueueId;

    pub fn serialize<S: Serializer>(ids: &[QueueId], out: S) -> Result<S::Ok, S::Error> {
        ids.iter().map(QueueId::to_row).collect::<Vec<_>>().serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<QueueId>, D::Error> {
        let rows = Vec::<[String; 3]>::deserialize(from)?;
        rows.iter().map(QueueId::of_row).collect::<Result<_, _>>().map_err(serde::de::Error::custom)
    }
}
