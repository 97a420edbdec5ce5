//! Where a reader of a shard stands.

use store::{Read, Timestamp};

use super::{Error, Lane, Shard, first_since, next_number, oldest_number};

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// With the oldest record that there is.
    Oldest,
    /// Behind the newest one.
    Latest,
    At(u64),
    After(u64),
    /// With the first record that is not older.
    Since(Timestamp),
}

impl Position {
    /// The number of the first record to be read.
    pub fn resolve(self, read: &mut impl Read, lane: &Lane, index: u64) -> Result<u64, Error> {
        match self {
            Position::Oldest => oldest_number(read, lane, index),
            Position::Latest => next_number(read, lane, index),
            Position::At(number) => Ok(number),
            Position::After(number) => Ok(number + 1),
            Position::Since(since) => first_since(read, lane, index, since),
        }
    }
}

/// What a client holds between two reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    pub lane: Lane,
    pub index: u64,
    /// Of the next record.
    pub number: u64,
    pub issued: Timestamp,
}

/// How many parts its text has.
const PARTS: usize = 6;

impl Bookmark {
    /// A plain text, to be sealed before it is given to anybody.
    pub fn to_text(&self) -> String {
        let Bookmark { lane, index, number, issued } = self;
        format!("{}:{}:{}:{index}:{number}:{}", lane.account, lane.region, lane.number, issued.millis())
    }

    pub fn parse(text: &str) -> Option<Bookmark> {
        let parts: Vec<&str> = text.split(':').collect();
        let [account, region, lane, index, number, issued]: [&str; PARTS] = parts.try_into().ok()?;
        Some(Bookmark {
            lane: Lane {
                account: crate::name::AccountId::parse(account).ok()?,
                region: crate::name::Region::parse(region).ok()?,
                number: lane.parse().ok()?,
            },
            index: index.parse().ok()?,
            number: number.parse().ok()?,
            issued: Timestamp::from_millis(issued.parse().ok()?),
        })
    }

    /// Whether nothing more can come after this position.
    pub fn is_at_end(&self, read: &mut impl Read, shard: &Shard) -> Result<bool, Error> {
        Ok(!shard.is_open() && self.number >= next_number(read, &self.lane, self.index)?)
    }
}
