//! What items were: the past of tables that can be restored to a point in time.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | HISTORY | table number, history number, the rest of the item's row key, second | the item as it was before that second; empty where it was not there |
//!
//! Of each second in which an item changes, only what it was before its first change is kept: times are told to the
//! second. To know an item as it was at the end of a second, look for its first row after that second; if there is none,
//! it is now as it was then. Rows lie in the order of the items', so that a table and its past are read side by side.

use std::time::Duration;

use bytes::Bytes;
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, Timestamp, Tx};

use super::error::Error;
use super::key;
use super::schema::{History, Table};
use crate::row::Unreadable;

const HISTORY: Space = Space::new(0x0213);

/// How long the past is kept, in days, unless less is asked for. Source: API reference,
/// `PointInTimeRecoverySpecification` (read 2026-11-24).
pub const DAYS_MAX: i32 = 35;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The key component that a second is: a tag and eight bytes.
const SECOND_BYTES: usize = 9;

impl History {
    /// The first moment that can be restored.
    pub fn earliest(&self, now: Timestamp) -> Timestamp {
        let kept = DAY * self.days.unsigned_abs();
        // Changes in the second of switching on are not all known.
        let begun = Timestamp::from_millis((second(Timestamp::from_millis(self.since_millis)) + 1) * 1_000);
        begun.max(now - kept)
    }
}

pub(super) fn second(at: Timestamp) -> i64 {
    at.millis().div_euclid(1_000)
}

/// The rows of a table's past.
pub(super) fn lane(table: &Table, history: &History) -> Key {
    all(table).number(history.number)
}

pub(super) fn all(table: &Table) -> Key {
    Key::new(HISTORY, table.id.account.as_str(), table.id.region.as_str()).number(table.number)
}

/// Keeps what an item was before a change, if its table has a past.
pub(super) fn keep(tx: &mut Tx, table: &Table, row: &[u8], old: Option<&Bytes>) -> Result<(), Error> {
    let Some(history) = &table.settings.history else { return Ok(()) };
    let of_table = key::lane(table, None).build().len();
    let prefix = [lane(table, history).build().as_slice(), &row[of_table..]].concat();
    let key = Key::under(&prefix).signed(second(tx.now())).build();
    if tx.get(&key)?.is_none() {
        tx.put(key, old.map(|bytes| bytes.to_vec()).unwrap_or_default());
    }
    Ok(())
}

/// Calls `each` with every item, as its row had it at the end of a second, in the order of the rows.
pub(super) fn items_at(
    read: &mut impl Read,
    table: &Table,
    history: &History,
    second: i64,
    mut each: impl FnMut(&Bytes) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut present = Rows::under(&key::lane(table, None), 0);
    let mut past = Rows::under(&lane(table, history), SECOND_BYTES);
    loop {
        let (now, before) = (present.place(read)?, past.place(read)?);
        let Some(place) = [now.clone(), before].into_iter().flatten().min() else { return Ok(()) };
        let current = if now.as_ref() == Some(&place) { present.take() } else { None };
        let mut then = None;
        while past.place(read)?.as_ref() == Some(&place) {
            let Some((key, value)) = past.take() else { break };
            if then.is_none() && second_of(&key)? > second {
                then = Some(value);
            }
        }
        let was = match then {
            Some(value) => Some(value).filter(|value| !value.is_empty()),
            None => current.map(|(_, value)| value),
        };
        if let Some(value) = was {
            each(&value)?;
        }
    }
}

/// Calls `each` with every item as it is.
pub(super) fn items_now(
    read: &mut impl Read,
    table: &Table,
    mut each: impl FnMut(&Bytes) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut rows = Rows::under(&key::lane(table, None), 0);
    while rows.place(read)?.is_some() {
        if let Some((_, value)) = rows.take() {
            each(&value)?;
        }
    }
    Ok(())
}

/// Deletes rows that nobody can ask for any more, a few at a time; where the next call goes on, if not at the end.
pub(super) fn sweep(
    tx: &mut Tx,
    table: &Table,
    history: &History,
    from: Option<Vec<u8>>,
) -> Result<Option<Vec<u8>>, Error> {
    let needed = second(history.earliest(tx.now()));
    let all = lane(table, history).range();
    let range = Range { from: from.unwrap_or(all.from), to: all.to };
    let found = tx.scan(range.clone(), Order::Forward, ROWS_AT_ONCE)?;
    for (key, _) in &found {
        if second_of(key)? <= needed {
            tx.delete(key.to_vec());
        }
    }
    Ok(match found.last() {
        Some((last, _)) if found.len() == ROWS_AT_ONCE => Some(range.after(last).from),
        Some(_) | None => None,
    })
}

fn second_of(key: &[u8]) -> Result<i64, Unreadable> {
    let at = key.len().saturating_sub(SECOND_BYTES);
    let second = Parser::after(&[], &key[at..]).and_then(|mut rest| rest.signed());
    second.ok_or_else(|| Unreadable { row: "history", layout: None, reason: "its key has no second".to_owned() })
}

/// Rows that are read at once: they may be large.
const ROWS_AT_ONCE: usize = 64;

/// Rows one after the other.
struct Rows {
    range: Range,
    prefix_bytes: usize,
    suffix_bytes: usize,
    found: std::vec::IntoIter<(Bytes, Bytes)>,
    next: Option<(Bytes, Bytes)>,
    ended: bool,
}

impl Rows {
    fn under(lane: &Key, suffix_bytes: usize) -> Rows {
        let prefix_bytes = lane.clone().build().len();
        Rows {
            range: lane.range(),
            prefix_bytes,
            suffix_bytes,
            found: Vec::new().into_iter(),
            next: None,
            ended: false,
        }
    }

    /// The item that the next row is about: its key between prefix and suffix.
    fn place(&mut self, read: &mut impl Read) -> Result<Option<Bytes>, Error> {
        if self.next.is_none() {
            self.next = self.found.next();
        }
        if self.next.is_none() && !self.ended {
            let page = read.scan(self.range.clone(), Order::Forward, ROWS_AT_ONCE)?;
            self.ended = page.len() < ROWS_AT_ONCE;
            if let Some((last, _)) = page.last() {
                self.range = self.range.clone().after(last);
            }
            self.found = page.into_iter();
            self.next = self.found.next();
        }
        let key = self.next.as_ref().map(|(key, _)| key);
        Ok(key.map(|key| {
            key.slice(self.prefix_bytes..key.len().saturating_sub(self.suffix_bytes).max(self.prefix_bytes))
        }))
    }

    fn take(&mut self) -> Option<(Bytes, Bytes)> {
        self.next.take()
    }
}
