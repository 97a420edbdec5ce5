//! The sparse index of a segment: for each block of about 64 KiB, when and about whom its records are.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::record;
use crate::clock::Timestamp;

/// A block ends with the record that fills it.
const BLOCK_BYTES: u64 = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub from: u64,
    pub to: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    /// Hashes of the groups in it.
    groups: BTreeSet<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Index {
    pub blocks: Vec<Block>,
}

/// Which blocks may hold what is asked for.
pub(super) struct Filter {
    pub from: Timestamp,
    pub to: Timestamp,
    /// The hash of the group, where the whole group is known.
    pub group: Option<u32>,
}

impl Block {
    pub(super) fn may_hold(&self, filter: &Filter) -> bool {
        self.last >= filter.from
            && self.first < filter.to
            && filter.group.is_none_or(|group| self.groups.contains(&group))
    }
}

/// The group of a stream: its name up to the first NUL.
pub(super) fn group_of(stream: &str) -> u32 {
    let group = stream.split('\0').next().unwrap_or(stream);
    crc32fast::hash(group.as_bytes())
}

impl Index {
    /// Takes in a record of `length` bytes at the end of the segment.
    pub(super) fn add(&mut self, stream: &str, at: Timestamp, length: usize) {
        let end = self.length();
        let fits = self.blocks.last().is_some_and(|block| block.to - block.from < BLOCK_BYTES);
        if !fits {
            self.blocks.push(Block { from: end, to: end, first: at, last: at, groups: BTreeSet::new() });
        }
        let block = self.blocks.last_mut().expect("pushed above");
        block.to += length as u64;
        block.first = block.first.min(at);
        block.last = block.last.max(at);
        block.groups.insert(group_of(stream));
    }

    /// Of the records that are indexed, in bytes.
    pub(super) fn length(&self) -> u64 {
        self.blocks.last().map_or(0, |block| block.to)
    }

    pub(super) fn last(&self) -> Option<Timestamp> {
        self.blocks.iter().map(|block| block.last).max()
    }

    /// Of a segment that was not closed: up to its first cut or damaged record.
    pub(super) fn rebuild(content: &Bytes) -> Index {
        let mut index = Index::default();
        let mut offset = 0;
        while let Some(record) = record::decode(&content.slice(offset..)) {
            index.add(&record.stream, record.at, record.length);
            offset += record.length;
        }
        index
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        for block in &self.blocks {
            for number in
                [block.from, block.to, block.first.millis().cast_unsigned(), block.last.millis().cast_unsigned()]
            {
                bytes.extend_from_slice(&number.to_be_bytes());
            }
            bytes.extend_from_slice(&(block.groups.len() as u64).to_be_bytes());
            block.groups.iter().for_each(|group| bytes.extend_from_slice(&group.to_be_bytes()));
        }
        let sum = crc32fast::hash(&bytes[4..]);
        bytes[..4].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    /// `None` for what is cut off or damaged: the index is then rebuilt from the segment.
    pub(super) fn decode(bytes: &[u8]) -> Option<Index> {
        let (sum, mut rest) = bytes.split_first_chunk::<4>()?;
        if u32::from_be_bytes(*sum) != crc32fast::hash(rest) {
            return None;
        }
        let mut index = Index::default();
        while !rest.is_empty() {
            let mut number = || {
                let (number, after) = rest.split_first_chunk::<8>()?;
                rest = after;
                Some(u64::from_be_bytes(*number))
            };
            let (from, to, first, last, count) = (number()?, number()?, number()?, number()?, number()?);
            let (hashes, after) = rest.split_at_checked(usize::try_from(count).ok()?.checked_mul(4)?)?;
            rest = after;
            let time = |number: u64| Timestamp::from_millis(number.cast_signed());
            let groups = hashes.chunks_exact(4).map(|hash| u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]));
            index.blocks.push(Block { from, to, first: time(first), last: time(last), groups: groups.collect() });
        }
        Some(index)
    }
}
