//! Events that somebody sends to a stream.

use std::time::Duration;

use store::{Store, Timestamp};

use super::group::{self, Error};
use super::name::Group;
use super::record::Builder;

/// How far from now an event may be, and how far apart those of one batch.
///
/// Source: CloudWatch Logs API reference, `PutLogEvents` (read 2026-11-24).
const PAST_MAX: Duration = Duration::from_secs(14 * 24 * 3600);
const FUTURE_MAX: Duration = Duration::from_secs(2 * 3600);
/// A journal record covers at most this time: readers look that far before the time they are asked for.
const RECORD_SPAN_MAX: Duration = Duration::from_secs(600);
/// And is written at this size: with one more event of the longest it is within what the journal takes.
const RECORD_BYTES: usize = 256 * 1024;

/// One event to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub at: Timestamp,
    pub text: String,
}

/// Which events were not taken, by their number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rejected {
    /// The first that is too new.
    pub too_new_from: Option<usize>,
    /// The first that is not older than a batch may reach back.
    pub too_old_until: Option<usize>,
    /// The first that is not older than the group keeps its events.
    pub expired_until: Option<usize>,
}

/// Appends events, in order of time, to a stream that is there. They are durable when this returns. Blocks.
pub fn put(store: &Store, group: &Group, stream: &str, events: &[NewEvent]) -> Result<Rejected, Error> {
    if !group::is_there(store, group)? {
        return Err(Error::NoGroup);
    }
    if !group::has_stream(store, group, stream)? {
        return Err(Error::NoStream);
    }
    let now = store.clock();
    let kept_since = store.read(|read| group::group_row(read, group))?.oldest(now);
    let first = |wanted: &dyn Fn(Timestamp) -> bool| events.iter().position(|event| wanted(event.at));
    let until = |oldest: Timestamp| match first(&|at| at >= oldest) {
        Some(0) => None,
        Some(number) => Some(number),
        None => Some(events.len()),
    };
    let rejected = Rejected {
        too_new_from: first(&|at| at > now + FUTURE_MAX),
        too_old_until: until(now - PAST_MAX),
        expired_until: until(kept_since),
    };
    let from = rejected.too_old_until.max(rejected.expired_until).unwrap_or(0);
    let to = rejected.too_new_from.unwrap_or(events.len()).max(from);
    let name = group.journal_prefix() + stream;
    let mut rest = &events[from..to];
    while let Some(first) = rest.first() {
        let mut record = Builder::new(first.at, &[0; 16], "", RECORD_BYTES);
        let mut taken = 0;
        for event in rest {
            if taken > 0 && (event.at.since(first.at) > RECORD_SPAN_MAX || record.len() >= RECORD_BYTES) {
                break;
            }
            record.event(event.at, |out| out.extend_from_slice(event.text.as_bytes()));
            taken += 1;
        }
        store.journal().append(&name, &record.times(), record.bytes())?;
        rest = &rest[taken..];
    }
    store.journal().sync()?;
    Ok(rejected)
}
