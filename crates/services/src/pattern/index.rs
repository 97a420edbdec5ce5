//! Many patterns at once.
//!
//! Most rules ask for exact values, so an event is first looked up: every alternative of a pattern is kept under the
//! values of one of its fields, the one that fewest others share, and is only tried when the event has such a value.
//! Prefixes and suffixes are looked up in the same way, by each length that there is; ranges of numbers are kept sorted
//! ([`Ranges`]). Where a field says what its value must not be, or asks for wildcards or addresses, there is still a value
//! that it must have. Only an alternative that may lack all of its fields is always tried, on leaves that have been found
//! already.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::event::{Fields, Paths};
use super::test::{Leaf, Test, fold, micros};
use super::{All, Field, Pattern};

/// Patterns with what they stand for.
#[derive(Debug)]
pub struct Index<T> {
    values: Vec<T>,
    paths: Paths,
    /// Each with the number of the value that it is for.
    alternatives: Vec<(usize, All)>,
    kept: HashMap<Anchor, Vec<usize>>,
    prefix_lengths: BTreeSet<(usize, usize)>,
    suffix_lengths: BTreeSet<(usize, usize)>,
    /// Paths at which case is ignored.
    folds: BTreeSet<usize>,
    ranges: BTreeMap<usize, Ranges>,
    always: Vec<usize>,
}

/// Ranges of numbers in millionths, each with its alternative, the lowest first.
#[derive(Debug, Default)]
struct Ranges {
    sorted: Vec<(i64, i64, usize)>,
    /// For the middle of each part that is halved on and on: the highest end in that part.
    ends: Vec<i64>,
}

/// Something an event must have, at a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Anchor {
    Text(usize, Box<str>),
    Number(usize, i64),
    Prefix(usize, Box<str>),
    Suffix(usize, Box<str>),
    Folded(usize, Box<str>),
    Truth(usize, bool),
    Null(usize),
    /// Any value at all.
    Present(usize),
    /// A number in a range; in a count of how many are alike, all ranges of a path are.
    Range(usize, i64, i64),
}

impl<T> Index<T> {
    pub fn new<'p>(patterns: impl IntoIterator<Item = (T, &'p Pattern)>) -> Index<T> {
        let mut index = Index {
            values: Vec::new(),
            paths: Paths::default(),
            alternatives: Vec::new(),
            kept: HashMap::new(),
            prefix_lengths: BTreeSet::new(),
            suffix_lengths: BTreeSet::new(),
            folds: BTreeSet::new(),
            ranges: BTreeMap::new(),
            always: Vec::new(),
        };
        for (value, pattern) in patterns {
            for all in &pattern.alternatives {
                let all = index.translate(all, &pattern.paths);
                index.alternatives.push((index.values.len(), all));
            }
            index.values.push(value);
        }
        index.keep();
        index
    }

    /// The values of all patterns that match, in the order in which they were given.
    pub fn matching(&self, event: &Value) -> impl Iterator<Item = &T> {
        let fields = Fields::of(event, &self.paths);
        let mut matching = BTreeSet::new();
        for alternative in self.possible(&fields) {
            let (value, all) = &self.alternatives[alternative];
            if !matching.contains(value) && fields.satisfy(all) {
                matching.insert(*value);
            }
        }
        matching.into_iter().map(|value| &self.values[value])
    }

    /// The same fields with this index's numbers for their paths.
    fn translate(&mut self, all: &All, paths: &Paths) -> All {
        let field = |field: &Field| {
            let path = paths.text(field.path).map(|path| self.paths.id(path));
            Field { path: path.expect("a pattern knows its paths"), tests: field.tests.clone() }
        };
        All(all.0.iter().map(field).collect())
    }

    fn keep(&mut self) {
        let mut shared: HashMap<Anchor, usize> = HashMap::new();
        for anchor in self.alternatives.iter().flat_map(|(_, all)| &all.0).filter_map(anchors).flatten() {
            *shared.entry(anchor.kind()).or_default() += 1;
        }
        for (number, (_, all)) in self.alternatives.iter().enumerate() {
            // Nearly every event has any value at all at a path that some do not.
            let most = |anchors: &Vec<Anchor>| {
                let vague = anchors.iter().any(|anchor| matches!(anchor, Anchor::Present(_)));
                (vague, anchors.iter().map(|anchor| shared[&anchor.kind()]).max())
            };
            let Some(anchors) = all.0.iter().filter_map(anchors).min_by_key(most) else {
                self.always.push(number);
                continue;
            };
            for anchor in anchors {
                match &anchor {
                    Anchor::Prefix(path, text) => drop(self.prefix_lengths.insert((*path, text.len()))),
                    Anchor::Suffix(path, text) => drop(self.suffix_lengths.insert((*path, text.len()))),
                    Anchor::Range(path, from, to) => {
                        self.ranges.entry(*path).or_default().sorted.push((*from, *to, number));
                        continue;
                    }
                    Anchor::Folded(path, _) => drop(self.folds.insert(*path)),
                    Anchor::Text(..)
                    | Anchor::Number(..)
                    | Anchor::Truth(..)
                    | Anchor::Null(_)
                    | Anchor::Present(_) => {}
                }
                self.kept.entry(anchor).or_default().push(number);
            }
        }
        self.ranges.values_mut().for_each(Ranges::settle);
    }

    fn possible(&self, fields: &Fields<'_>) -> Vec<usize> {
        let mut possible = self.always.clone();
        for (path, found) in fields.0.iter().enumerate() {
            let numbers = found.iter().filter_map(|found| match found.leaf {
                Leaf::Number(number) => micros(number),
                Leaf::Text(_) | Leaf::Truth(_) | Leaf::Null => None,
            });
            if let Some(ranges) = self.ranges.get(&path) {
                numbers.for_each(|number| ranges.with(number, &mut possible));
            }
            let mut look_up = |anchor: Anchor| possible.extend(self.kept.get(&anchor).into_iter().flatten());
            if !found.is_empty() {
                look_up(Anchor::Present(path));
            }
            for leaf in found.iter().map(|found| found.leaf) {
                match leaf {
                    Leaf::Text(text) => {
                        look_up(Anchor::Text(path, text.into()));
                        if self.folds.contains(&path) {
                            look_up(Anchor::Folded(path, fold(text)));
                        }
                        for (_, length) in self.prefix_lengths.range((path, 0)..=(path, text.len())) {
                            text.get(..*length).into_iter().for_each(|part| look_up(Anchor::Prefix(path, part.into())));
                        }
                        for (_, length) in self.suffix_lengths.range((path, 0)..=(path, text.len())) {
                            let part = text.get(text.len() - length..);
                            part.into_iter().for_each(|part| look_up(Anchor::Suffix(path, part.into())));
                        }
                    }
                    Leaf::Number(number) => {
                        micros(number).into_iter().for_each(|micros| look_up(Anchor::Number(path, micros)));
                    }
                    Leaf::Truth(truth) => look_up(Anchor::Truth(path, truth)),
                    Leaf::Null => look_up(Anchor::Null(path)),
                }
            }
        }
        possible.sort_unstable();
        possible.dedup();
        possible
    }
}

impl Anchor {
    fn kind(&self) -> Anchor {
        match self {
            Anchor::Range(path, ..) => Anchor::Range(*path, i64::MIN, i64::MAX),
            other => other.clone(),
        }
    }
}

impl Ranges {
    fn settle(&mut self) {
        self.sorted.sort_unstable();
        self.ends = vec![i64::MIN; self.sorted.len()];
        self.highest(0, self.sorted.len());
    }

    /// Writes down the highest end of a part, and of all parts of it.
    fn highest(&mut self, from: usize, to: usize) -> i64 {
        if from >= to {
            return i64::MIN;
        }
        let middle = usize::midpoint(from, to);
        let below = self.highest(from, middle).max(self.highest(middle + 1, to));
        self.ends[middle] = below.max(self.sorted[middle].1);
        self.ends[middle]
    }

    /// The alternatives whose ranges have the number in them.
    fn with(&self, number: i64, found: &mut Vec<usize>) {
        let mut parts = vec![(0, self.sorted.len())];
        while let Some((from, to)) = parts.pop() {
            let middle = usize::midpoint(from, to);
            if from >= to || self.ends[middle] < number {
                continue;
            }
            let (first, last, alternative) = self.sorted[middle];
            parts.push((from, middle));
            if first <= number {
                parts.push((middle + 1, to));
                found.extend((number <= last).then_some(alternative));
            }
        }
    }
}

/// What an event must have one of for this field to match; none where that cannot be looked up.
fn anchors(field: &Field) -> Option<Vec<Anchor>> {
    let anchor = |test: &Test| match test {
        Test::Text(text) => Some(Anchor::Text(field.path, text.clone())),
        Test::Number(number) => micros(number).map(|micros| Anchor::Number(field.path, micros)),
        Test::Prefix(text) => Some(Anchor::Prefix(field.path, text.clone())),
        Test::Suffix(text) => Some(Anchor::Suffix(field.path, text.clone())),
        Test::Truth(truth) => Some(Anchor::Truth(field.path, *truth)),
        Test::Null => Some(Anchor::Null(field.path)),
        Test::Folded(text) => Some(Anchor::Folded(field.path, text.clone())),
        Test::Range(range) => Some(Anchor::Range(field.path, range.from, range.to)),
        Test::Not(_)
        | Test::Present
        | Test::FoldedPrefix(_)
        | Test::FoldedSuffix(_)
        | Test::Wildcard(_)
        | Test::Addresses(_) => Some(Anchor::Present(field.path)),
        Test::Absent => None,
    };
    field.tests.iter().map(anchor).collect()
}
