//! How much work the wildcards of a field may be.
//!
//! A wildcard is matched by following all the places in it that the text so far can have led to. What counts is the
//! most places, over all wildcards of one field, that any text can lead to at once.
//!
//! Source: EventBridge User Guide, "Wildcards and event pattern complexity"; the bound was calibrated on patterns that
//! the service is reported to take and to refuse in public issue threads (read 2026-11-24).

use std::collections::{BTreeSet, HashSet};

use super::Invalid;
use super::compile::Fields;
use super::test::{Test, Wildcard};

const PLACES_MAX: usize = 10;
/// Sets of places that are looked at before the wildcards count as too complex.
const SETS_MAX: usize = 20_000;

const REASON: &str = "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character";

pub(super) fn check(alternatives: &[Fields]) -> Result<(), Invalid> {
    let too_complex = |tests: &Vec<Test>| {
        let wildcards: Vec<&Wildcard> = tests.iter().flat_map(wildcards).collect();
        !wildcards.is_empty() && !Places::new(&wildcards).few()
    };
    match alternatives.iter().flat_map(Fields::values).any(too_complex) {
        true => Err(Invalid { reason: REASON.to_owned(), place: None }),
        false => Ok(()),
    }
}

fn wildcards(test: &Test) -> Vec<&Wildcard> {
    match test {
        Test::Wildcard(wildcard) => vec![wildcard],
        Test::Not(tests) => tests.iter().flat_map(wildcards).collect(),
        _ => Vec::new(),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Step {
    Byte(u8),
    Star,
}

/// The wildcards with their quotation marks, as steps. A place is a wildcard and the number of steps taken in it.
struct Places(Vec<Vec<Step>>);

type Set = BTreeSet<(usize, usize)>;

impl Places {
    fn new(wildcards: &[&Wildcard]) -> Places {
        let steps = |wildcard: &&Wildcard| {
            let pieces = wildcard.0.iter().map(|piece| piece.bytes().map(Step::Byte).collect::<Vec<_>>());
            let inner = pieces.collect::<Vec<_>>().join(&Step::Star);
            [vec![Step::Byte(b'"')], inner, vec![Step::Byte(b'"')]].concat()
        };
        Places(wildcards.iter().map(steps).collect())
    }

    fn few(&self) -> bool {
        let bytes: BTreeSet<Option<u8>> = self.0.iter().flatten().map(byte).collect();
        let mut seen = HashSet::new();
        let mut pending: Vec<Set> = vec![(0..self.0.len()).map(|wildcard| (wildcard, 0)).collect()];
        while let Some(set) = pending.pop() {
            for &byte in &bytes {
                let next = self.after(&set, byte);
                if next.len() > PLACES_MAX || seen.len() > SETS_MAX {
                    return false;
                }
                if !next.is_empty() && seen.insert(next.clone()) {
                    pending.push(next);
                }
            }
        }
        true
    }

    /// Where a byte leads to; `None` is one that is in no wildcard.
    fn after(&self, set: &Set, read: Option<u8>) -> Set {
        let mut next = Set::new();
        for &(wildcard, taken) in set {
            let steps = &self.0[wildcard];
            if taken > 0 && steps[taken - 1] == Step::Star {
                next.insert((wildcard, taken));
            }
            if steps.get(taken).is_some_and(|step| byte(step) == read && read.is_some()) {
                next.insert((wildcard, taken + 1));
                if steps.get(taken + 1) == Some(&Step::Star) {
                    next.insert((wildcard, taken + 2)); // a star may stand for nothing
                }
            }
        }
        next
    }
}

fn byte(step: &Step) -> Option<u8> {
    match step {
        Step::Byte(byte) => Some(*byte),
        Step::Star => None,
    }
}
