//! Sequence numbers: how a record's place is written, so that they grow with time over all shards of a stream.

/// How many digits there are, and what is in them.
///
/// Source: DynamoDB Streams API model (21 to 40 digits); Kinesis developer guide shows 56 (read 2026-11-24).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbering {
    /// The shard's milliseconds and fifteen digits of the number.
    Table,
    /// `49`, the shard's milliseconds, ten digits of its index, and the number.
    Data,
}

/// The place of a record, written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    pub numbering: Numbering,
    /// Of the shard.
    pub created_millis: i64,
    pub index: u64,
    pub number: u64,
}

const MILLIS_DIGITS: usize = 13;
const TABLE_DIGITS: usize = MILLIS_DIGITS + 15;
const DATA_HEAD: &str = "49";
const DATA_INDEX_DIGITS: usize = 10;
const DATA_DIGITS: usize = 56;

impl std::fmt::Display for Sequence {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Sequence { created_millis, index, number, .. } = self;
        match self.numbering {
            Numbering::Table => write!(out, "{created_millis:013}{number:015}"),
            Numbering::Data => write!(out, "{DATA_HEAD}{created_millis:013}{index:010}{number:031}"),
        }
    }
}

impl Numbering {
    /// The number of the record of a shard that a text means; `None` if it is none of that shard.
    pub fn parse(self, text: &str, created_millis: i64, index: u64) -> Option<u64> {
        let digits = match self {
            Numbering::Table => TABLE_DIGITS,
            Numbering::Data => DATA_DIGITS,
        };
        if text.len() != digits || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let tail = match self {
            Numbering::Table => MILLIS_DIGITS,
            Numbering::Data => DATA_HEAD.len() + MILLIS_DIGITS + DATA_INDEX_DIGITS,
        };
        let number = text[tail..].parse().ok()?;
        let sequence = Sequence { numbering: self, created_millis, index, number };
        (sequence.to_string() == text).then_some(number)
    }
}
