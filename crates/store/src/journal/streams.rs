//! What a segment has of each stream: when, and how much. Kept as records are appended, so that listing streams reads no
//! record.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use bytes::Bytes;

use super::record;
use crate::clock::Timestamp;

/// What the journal has of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// The earliest and the latest time that a record covers. Of records that only a recovery after a crash has counted,
    /// only the beginning is known.
    pub first: Timestamp,
    pub last: Timestamp,
    /// Of the records' contents.
    pub bytes: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Streams(HashMap<Box<str>, Totals>);

impl Totals {
    fn add(&mut self, other: &Totals) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.bytes += other.bytes;
    }
}

impl Streams {
    /// Takes in a record.
    pub fn add(&mut self, stream: &str, times: &RangeInclusive<Timestamp>, bytes: usize) {
        self.take(stream, &Totals { first: *times.start(), last: *times.end(), bytes: bytes as u64 });
    }

    /// Takes in what another segment has of the streams whose names begin so.
    pub fn merge(&mut self, other: &Streams, prefix: &str) {
        other.0.iter().filter(|(name, _)| name.starts_with(prefix)).for_each(|(name, totals)| self.take(name, totals));
    }

    fn take(&mut self, stream: &str, totals: &Totals) {
        match self.0.get_mut(stream) {
            Some(known) => known.add(totals),
            None => {
                self.0.insert(stream.into(), *totals);
            }
        }
    }

    /// By name.
    pub fn into_sorted(self) -> Vec<(Box<str>, Totals)> {
        let mut all: Vec<_> = self.0.into_iter().collect();
        all.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        all
    }

    /// Of a segment that was not closed: up to its first cut or damaged record.
    pub fn rebuild(content: &Bytes) -> Streams {
        let mut streams = Streams::default();
        let mut offset = 0;
        while let Some(record) = record::decode(&content.slice(offset..)) {
            streams.add(&record.stream, &(record.at..=record.at), record.bytes.len());
            offset += record.length;
        }
        streams
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        for (name, totals) in &self.0 {
            let length = u16::try_from(name.len()).expect("names of streams are shorter");
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(name.as_bytes());
            let times = [totals.first, totals.last].map(|time| time.millis().cast_unsigned());
            [times[0], times[1], totals.bytes].iter().for_each(|number| bytes.extend_from_slice(&number.to_be_bytes()));
        }
        let sum = crc32fast::hash(&bytes[4..]);
        bytes[..4].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    /// `None` for what is cut off or damaged: it is then rebuilt from the segment.
    pub fn decode(bytes: &[u8]) -> Option<Streams> {
        let (sum, mut rest) = bytes.split_first_chunk::<4>()?;
        if u32::from_be_bytes(*sum) != crc32fast::hash(rest) {
            return None;
        }
        let mut streams = Streams::default();
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (name, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            let (numbers, after) = after.split_first_chunk::<24>()?;
            let number = |at: usize| numbers[at..].first_chunk::<8>().map(|number| u64::from_be_bytes(*number));
            let time = |at: usize| number(at).map(|number| Timestamp::from_millis(number.cast_signed()));
            let totals = Totals { first: time(0)?, last: time(8)?, bytes: number(16)? };
            streams.0.insert(std::str::from_utf8(name).ok()?.into(), totals);
            rest = after;
        }
        Some(streams)
    }
}
