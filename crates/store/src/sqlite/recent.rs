//! The last few committed batches, kept in memory.
//!
//! Laid over an older state of the table they make the newest one. So a reader keeps its read transaction, and with it its
//! page cache, over many commits instead of beginning another after each.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::engine::{Changes, Order, Range, Row, Version};
use crate::memory::entries;

/// A reader looks through this many at most. More would spare more beginnings and make every look longer.
const BATCHES_KEPT: usize = 16;
/// Of keys and values in them, about.
const BYTES_KEPT: usize = 4 * 1024 * 1024;
/// Bits of a filter for each key in it: of absent keys, one in sixteen seems to be there.
const FILTER_BITS_PER_KEY: usize = 16;

#[derive(Debug, Clone)]
struct Batch {
    version: Version,
    changes: Arc<Changes>,
    filter: Arc<Filter>,
    bytes: usize,
}

/// What is committed: as of one version, and what came shortly before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent {
    /// The last version that was committed.
    pub version: Version,
    /// Batches up to this one are not here any more.
    forgotten: Version,
    /// Oldest first.
    batches: VecDeque<Batch>,
    bytes: usize,
}

impl Recent {
    pub(super) fn starting_at(version: Version) -> Recent {
        Recent { version, forgotten: version, ..Recent::default() }
    }

    pub(super) fn push(&mut self, version: Version, changes: &Arc<Changes>) {
        let bytes = changes.iter().map(|(key, row)| key.len() + row.as_ref().map_or(0, |row| row.value.len())).sum();
        let filter = Arc::new(Filter::of(changes));
        self.version = version;
        self.bytes += bytes;
        self.batches.push_back(Batch { version, changes: changes.clone(), filter, bytes });
        while self.batches.len() > BATCHES_KEPT || self.bytes > BYTES_KEPT {
            let Some(oldest) = self.batches.pop_front() else { break };
            self.bytes -= oldest.bytes;
            self.forgotten = oldest.version;
        }
    }

    /// Whether the batches since that version are all here.
    pub(super) fn reaches_back_to(&self, version: Version) -> bool {
        self.forgotten <= version
    }

    fn since(&self, version: Version) -> impl DoubleEndedIterator<Item = &Batch> {
        self.batches.range(self.batches.partition_point(|batch| batch.version <= version)..)
    }

    /// What the batches since that version made of a key; `None` if they left it alone.
    pub(super) fn get(&self, since: Version, key: &[u8]) -> Option<&Option<Row>> {
        let hash = hash(key);
        let batches = self.since(since).rev().filter(|batch| batch.filter.may_have(hash));
        batches.into_iter().find_map(|batch| batch.changes.get(key))
    }

    /// What they made of a range.
    pub(super) fn within(&self, since: Version, range: &Range) -> Changes {
        let mut over = Changes::new();
        for batch in self.since(since) {
            let touched = entries(&batch.changes, range, Order::Forward);
            over.extend(touched.map(|(key, row): (&Bytes, _)| (key.clone(), row.clone())));
        }
        over
    }
}

/// Tells at once of most keys that a batch did not touch them.
#[derive(Debug)]
struct Filter {
    words: Vec<u64>,
}

impl Filter {
    fn of(changes: &Changes) -> Filter {
        let words = (changes.len() * FILTER_BITS_PER_KEY).div_ceil(64).next_power_of_two();
        let mut filter = Filter { words: vec![0; words] };
        for key in changes.keys() {
            let (word, bit) = filter.place(hash(key));
            filter.words[word] |= bit;
        }
        filter
    }

    fn may_have(&self, hash: u32) -> bool {
        let (word, bit) = self.place(hash);
        self.words[word] & bit != 0
    }

    fn place(&self, hash: u32) -> (usize, u64) {
        let hash = hash as usize;
        ((hash >> 6) & (self.words.len() - 1), 1 << (hash & 63))
    }
}

/// Not secret: who knows how to make keys collide makes reads look in vain, no more than without a filter.
fn hash(key: &[u8]) -> u32 {
    crc32fast::hash(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch that puts this one key, with its version as the value.
    fn batch(recent: &mut Recent, version: u64, key: &'static str) {
        let value = Bytes::from(version.to_string());
        let row = Row { version: Version(version), large: false, value };
        recent.push(Version(version), &Arc::new(Changes::from([(Bytes::from(key), Some(row))])));
    }

    #[test]
    fn the_newest_batch_after_a_state_has_the_last_word() {
        let mut recent = Recent::starting_at(Version(10));
        for (version, key) in [(11, "a"), (12, "b"), (13, "a"), (14, "c")] {
            batch(&mut recent, version, key);
        }
        // What is laid over a state of some version, for each key.
        for (since, expected) in [
            (10, [Some(13), Some(12), Some(14), None]),
            (12, [Some(13), None, Some(14), None]),
            (13, [None, None, Some(14), None]),
            (14, [None, None, None, None]),
            (15, [None, None, None, None]),
        ] {
            let since = Version(since);
            let all = recent.within(since, &Range { from: b"a".to_vec(), to: b"z".to_vec() });
            for (key, version) in ["a", "b", "c", "d"].into_iter().zip(expected) {
                let found = recent.get(since, key.as_bytes()).map(|row| row.as_ref().expect("puts only").version.0);
                assert_eq!(found, version, "{key} since {since:?}");
                assert_eq!(all.contains_key(key.as_bytes()), version.is_some(), "{key} since {since:?}, in a range");
            }
        }
    }

    #[test]
    fn a_state_is_too_old_once_a_batch_after_it_is_forgotten() {
        let mut recent = Recent::starting_at(Version(0));
        (1..=BATCHES_KEPT as u64).for_each(|version| batch(&mut recent, version, "a"));
        assert!(recent.reaches_back_to(Version(0)));
        batch(&mut recent, BATCHES_KEPT as u64 + 1, "a");
        assert!(!recent.reaches_back_to(Version(0)));
        assert!(recent.reaches_back_to(Version(1)));
    }
}
