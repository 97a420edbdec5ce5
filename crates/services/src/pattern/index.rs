//! Many patterns at once.
//!
//! Most rules ask for exact values, so an event is first looked up: every alternative of a pattern is kept under the
//! values of one of its fields, the one that fewest others share, and is only tried when the event has such a value.
//! Prefixes and suffixes are looked up in the same way, by each length that there is. An alternative without such a
//! field is always tried, on leaves that have been found already.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::event::{Fields, Paths};
use super::test::{Leaf, Test, micros};
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
    always: Vec<usize>,
}

/// Something an event must have, at a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Anchor {
    Text(usize, Box<str>),
    Number(usize, i64),
    Prefix(usize, Box<str>),
    Suffix(usize, Box<str>),
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
            *shared.entry(anchor).or_default() += 1;
        }
        for (number, (_, all)) in self.alternatives.iter().enumerate() {
            let most = |anchors: &Vec<Anchor>| anchors.iter().map(|anchor| shared[anchor]).max();
            let Some(anchors) = all.0.iter().filter_map(anchors).min_by_key(most) else {
                self.always.push(number);
                continue;
            };
            for anchor in anchors {
                match &anchor {
                    Anchor::Prefix(path, text) => drop(self.prefix_lengths.insert((*path, text.len()))),
                    Anchor::Suffix(path, text) => drop(self.suffix_lengths.insert((*path, text.len()))),
                    Anchor::Text(..) | Anchor::Number(..) => {}
                }
                self.kept.entry(anchor).or_default().push(number);
            }
        }
    }

    fn possible(&self, fields: &Fields<'_>) -> Vec<usize> {
        let mut possible = self.always.clone();
        let mut look_up = |anchor: Anchor| possible.extend(self.kept.get(&anchor).into_iter().flatten());
        for (path, found) in fields.0.iter().enumerate() {
            for leaf in found.iter().map(|found| found.leaf) {
                match leaf {
                    Leaf::Text(text) => {
                        look_up(Anchor::Text(path, text.into()));
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
                    Leaf::Truth(_) | Leaf::Null => {}
                }
            }
        }
        possible.sort_unstable();
        possible.dedup();
        possible
    }
}

/// What an event must have one of for this field to match; none where that cannot be looked up.
fn anchors(field: &Field) -> Option<Vec<Anchor>> {
    let anchor = |test: &Test| match test {
        Test::Text(text) => Some(Anchor::Text(field.path, text.clone())),
        Test::Number(number) => micros(number).map(|micros| Anchor::Number(field.path, micros)),
        Test::Prefix(text) => Some(Anchor::Prefix(field.path, text.clone())),
        Test::Suffix(text) => Some(Anchor::Suffix(field.path, text.clone())),
        Test::Truth(_)
        | Test::Null
        | Test::Folded(_)
        | Test::FoldedPrefix(_)
        | Test::FoldedSuffix(_)
        | Test::Wildcard(_)
        | Test::Range(_)
        | Test::Addresses(_)
        | Test::Not(_)
        | Test::Present
        | Test::Absent => None,
    };
    field.tests.iter().map(anchor).collect()
}
