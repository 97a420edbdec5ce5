//! What one leaf of an event must be like.

use std::net::IpAddr;

use serde_json::Number;

/// Numbers are compared within this distance from 0, inclusive, and to six digits behind the point.
///
/// Source: EventBridge User Guide, "Numeric matching" (read 2026-11-24).
pub(super) const NUMBER_MAX: f64 = 5e9;
const MICROS: f64 = 1e6;

/// A value in an event that has none below it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Leaf<'a> {
    Text(&'a str),
    Number(&'a Number),
    Truth(bool),
    Null,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Text(Box<str>),
    Number(Number),
    Truth(bool),
    Null,
    Prefix(Box<str>),
    Suffix(Box<str>),
    /// What ignores case is kept folded.
    Folded(Box<str>),
    FoldedPrefix(Box<str>),
    FoldedSuffix(Box<str>),
    Wildcard(Wildcard),
    Range(Range),
    Addresses(Addresses),
    /// None of these holds.
    Not(Vec<Test>),
    /// There is a leaf at all.
    Present,
    /// There is no leaf: holds for none, see `event`.
    Absent,
}

/// Numbers in millionths.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Range {
    pub from: i64,
    pub to: i64,
}

/// All addresses of one family between two, inclusive.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Addresses {
    pub from: IpAddr,
    pub to: IpAddr,
}

/// A text with `*`s: the pieces between them, of which there are at least one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wildcard(pub Vec<Box<str>>);

impl Test {
    pub fn holds(&self, leaf: Leaf<'_>) -> bool {
        let text = |test: &dyn Fn(&str) -> bool| matches!(leaf, Leaf::Text(found) if test(found));
        match self {
            Test::Text(wanted) => text(&|found| found == &**wanted),
            Test::Number(wanted) => matches!(leaf, Leaf::Number(found) if same_number(found, wanted)),
            Test::Truth(wanted) => leaf == Leaf::Truth(*wanted),
            Test::Null => leaf == Leaf::Null,
            Test::Prefix(prefix) => text(&|found| found.starts_with(&**prefix)),
            Test::Suffix(suffix) => text(&|found| found.ends_with(&**suffix)),
            Test::Folded(wanted) => text(&|found| folded(found).eq(wanted.chars())),
            Test::FoldedPrefix(prefix) => text(&|found| starts_with(folded(found), prefix.chars())),
            Test::FoldedSuffix(suffix) => text(&|found| fold(found).ends_with(&**suffix)),
            Test::Wildcard(wildcard) => text(&|found| wildcard.fits(found)),
            Test::Range(range) => matches!(leaf, Leaf::Number(found) if range.holds(found)),
            Test::Addresses(range) => text(&|found| range.hold(found)),
            Test::Not(tests) => !tests.iter().any(|test| test.holds(leaf)),
            Test::Present => true,
            Test::Absent => false,
        }
    }
}

impl Range {
    fn holds(&self, number: &Number) -> bool {
        micros(number).is_some_and(|micros| (self.from..=self.to).contains(&micros))
    }
}

impl Addresses {
    fn hold(&self, text: &str) -> bool {
        text.parse::<IpAddr>()
            .is_ok_and(|address| address.is_ipv4() == self.from.is_ipv4() && (self.from..=self.to).contains(&address))
    }
}

impl Wildcard {
    fn fits(&self, text: &str) -> bool {
        let [first, middle @ .., last] = &*self.0 else {
            return self.0.first().is_some_and(|only| &**only == text);
        };
        let Some(mut rest) = text.strip_prefix(&**first) else { return false };
        for piece in middle {
            let Some((_, after)) = rest.split_once(&**piece) else { return false };
            rest = after;
        }
        rest.ends_with(&**last)
    }
}

/// A number in millionths; none where it is too far from 0 to be compared.
pub(super) fn micros(number: &Number) -> Option<i64> {
    let value = number.as_f64()?;
    // Exact: the product is below 2^53.
    (value.abs() <= NUMBER_MAX).then(|| (value * MICROS).round() as i64)
}

/// Numbers that cannot be compared, such as account ids, are equal if they are written alike.
fn same_number(one: &Number, other: &Number) -> bool {
    match (micros(one), micros(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// A text in which letters that differ in case alone are the same.
pub(super) fn fold(text: &str) -> Box<str> {
    folded(text).collect::<String>().into()
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

fn starts_with(mut text: impl Iterator<Item = char>, mut prefix: impl Iterator<Item = char>) -> bool {
    prefix.all(|wanted| text.next() == Some(wanted))
}
