//! One row for each minute and function version: `account region minute function version`.

use store::key::{Key, Parser, Space};
use store::{Range, Timestamp};

use super::{Counts, Line, Query, minute};
use crate::name::{FunctionName, Version};
use crate::row::{self, Unreadable};
use crate::run::FunctionVersion;

const USAGE: Space = Space::new(0x0130);

const LAYOUT: u8 = 1;

pub(super) fn key(function: &FunctionVersion, minute: Timestamp) -> Vec<u8> {
    Key::new(USAGE, function.account.as_str(), function.region.as_str())
        .signed(minute.millis())
        .text(function.name.as_str())
        .text(&function.version.to_string())
        .build()
}

pub(super) fn range(query: &Query) -> Range {
    let region = Key::new(USAGE, query.account.as_str(), query.region.as_str());
    // The first minute that begins at an instant or later.
    let first = |at: Timestamp| match minute(at) {
        begun if begun == at => at,
        begun => Timestamp::from_millis(begun.millis().saturating_add(super::MINUTE_MILLIS)),
    };
    let bound = |at| region.clone().signed(first(at).millis()).build();
    Range { from: bound(query.from), to: bound(query.to) }
}

pub(super) fn encode(counts: &Counts) -> Vec<u8> {
    row::encode(LAYOUT, counts)
}

pub(super) fn decode_counts(row: &[u8]) -> Result<Counts, Unreadable> {
    row::decode("usage", LAYOUT, row)
}

pub(super) fn decode(key: &[u8], row: &[u8]) -> Result<Line, Unreadable> {
    let counts = decode_counts(row)?;
    line(key, counts).ok_or_else(|| Unreadable {
        row: "usage",
        layout: Some(LAYOUT),
        reason: format!("its key {} has another form", key.escape_ascii()),
    })
}

fn line(key: &[u8], counts: Counts) -> Option<Line> {
    let (_, _, _, mut rest) = Parser::of(key)?;
    Some(Line {
        minute: Timestamp::from_millis(rest.signed()?),
        function: FunctionName::parse(&rest.text()?).ok()?,
        version: Version::parse(&rest.text()?).ok()?,
        counts,
    })
}
