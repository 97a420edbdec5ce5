//! Finds events again: pages of a group or of one stream, the streams there are, and what comes in from now on.
//!
//! Start reading at [`events`]. The journal is in the order in which records came in; events are sorted within a page.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use store::journal::{self, JournalWatch, Position};
use store::{Order, Store, Timestamp};

use super::name::{self, Group};
use super::record::Record;
use crate::function::settings::TIMEOUT_MAX;
use crate::name::{AccountId, Region};
use crate::run::RequestId;

/// Records that are read for one page.
const PAGE_RECORDS_MAX: usize = 1_000;
/// A record has the time at which it was begun; its events may be later by an invocation and its init.
const RECORD_TIME_MAX: Duration = TIMEOUT_MAX.saturating_add(Duration::from_secs(60));
/// What comes in together is given together.
const FOLLOW_PAUSE: Duration = Duration::from_millis(50);

/// One line, with what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub place: Place,
    pub at: Timestamp,
    pub stream: String,
    pub text: String,
    pub request_id: RequestId,
    pub trace: [u8; 16],
}

/// Where an event is: stays the same for as long as it is there, and grows in the order of coming in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    record: Position,
    event: u32,
}

impl Place {
    /// Reads what `Display` writes: the text of event ids and page tokens.
    pub fn parse(text: &str) -> Option<Place> {
        let mut parts = text.split('.');
        let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
        let place =
            Place { record: Position { segment: number()?, offset: number()? }, event: number()?.try_into().ok()? };
        parts.next().is_none().then_some(place)
    }

    /// The end of the journal as it is now: beyond it is only what comes later.
    pub fn end(store: &Store) -> Place {
        Place { record: store.journal().end(), event: u32::MAX }
    }

    /// Beyond all events of a record.
    fn past(record: Position, order: Order) -> Place {
        Place { record, event: if order == Order::Forward { u32::MAX } else { 0 } }
    }

    /// A position such that reading beyond it begins with what is beyond this place: with the rest of its record, if
    /// there is one.
    fn position(self, order: Order) -> Position {
        let Position { segment, offset } = self.record;
        match (order, offset) {
            _ if self == Place::past(self.record, order) => self.record,
            (Order::Forward, 0) => Position { segment: segment.saturating_sub(1), offset: u64::MAX },
            (Order::Forward, _) => Position { segment, offset: offset - 1 },
            (Order::Reverse, _) => Position { segment, offset: offset.saturating_add(1) },
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}.{:016x}.{:08x}", self.record.segment, self.record.offset, self.event)
    }
}

/// Which streams of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Streams {
    All,
    Prefix(String),
    Named(Vec<String>),
}

impl Streams {
    fn include(&self, stream: &str) -> bool {
        match self {
            Streams::All => true,
            Streams::Prefix(prefix) => stream.starts_with(prefix),
            Streams::Named(names) => names.iter().any(|name| name == stream),
        }
    }

    /// What all that are included begin with.
    fn common(&self) -> &str {
        match self {
            Streams::Prefix(prefix) => prefix,
            Streams::Named(names) if names.len() == 1 => &names[0],
            Streams::All | Streams::Named(_) => "",
        }
    }
}

/// What to read.
#[derive(Debug, Clone)]
pub struct Query {
    pub group: Group,
    pub streams: Streams,
    /// Times from `from` (included) to `to` (excluded).
    pub from: Timestamp,
    pub to: Timestamp,
    pub order: Order,
    /// Go on beyond this event: after it in forward order, before it in reverse.
    pub beyond: Option<Place>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In order of time, the earliest first, in either order of reading.
    pub events: Vec<Event>,
    /// Where to go on, now or when there is more.
    pub resume: Option<Place>,
    /// Whether there may be more now. A page may be empty and not the last.
    pub more: bool,
}

/// One page of events.
pub fn events(store: &Store, query: &Query) -> Result<Page, store::Error> {
    let prefix = query.group.journal_prefix() + query.streams.common();
    let read = store.journal().read(&journal::Query {
        stream_prefix: &prefix,
        from: query.from - RECORD_TIME_MAX,
        to: query.to,
        order: query.order,
        beyond: query.beyond.map(|place| place.position(query.order)),
        limit: query.limit.min(PAGE_RECORDS_MAX),
    })?;
    let resume = read.resume.map(|record| Place::past(record, query.order)).or(query.beyond);
    let mut page = Page { events: Vec::new(), resume, more: read.more };
    'records: for record in &read.records {
        for event in events_of(record, query) {
            if page.events.len() == query.limit {
                page.resume = page.events.last().map(|event| event.place);
                page.more = true;
                break 'records;
            }
            page.events.push(event);
        }
    }
    page.events.sort_by_key(|event| (event.at, event.place));
    Ok(page)
}

/// A record's events that a query wants, in the order of reading.
fn events_of(record: &journal::Record, query: &Query) -> Vec<Event> {
    let (Some((_, stream)), Some(parsed)) = (name::split(&record.stream), Record::parse(record.at, &record.bytes))
    else {
        return Vec::new();
    };
    if !query.streams.include(stream) {
        return Vec::new();
    }
    let is_beyond = |place: Place| match (query.beyond, query.order) {
        (None, _) => true,
        (Some(beyond), Order::Forward) => place > beyond,
        (Some(beyond), Order::Reverse) => place < beyond,
    };
    let placed = (0..).zip(parsed.events()).map(|(event, read)| (Place { record: record.position, event }, read));
    let wanted = placed.filter(|(place, (at, _))| is_beyond(*place) && query.from <= *at && *at < query.to);
    let mut events: Vec<Event> = wanted
        .map(|(place, (at, text))| Event {
            place,
            at,
            stream: stream.to_owned(),
            text: String::from_utf8_lossy(text).into_owned(),
            request_id: RequestId(parsed.request_id.into()),
            trace: parsed.trace,
        })
        .collect();
    if query.order == Order::Reverse {
        events.reverse();
    }
    events
}

/// A stream of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    pub name: String,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// A group that something was written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub group: Group,
    pub first: Timestamp,
    /// Of its records, as they lie in the journal.
    pub bytes: u64,
}

/// The streams of a group whose names begin so, by name.
pub fn streams(store: &Store, group: &Group, prefix: &str) -> Result<Vec<Stream>, store::Error> {
    let found = store.journal().streams(&(group.journal_prefix() + prefix))?.into_iter();
    let streams = found.filter_map(|(name, totals)| {
        let (_, name) = name::split(&name)?;
        Some(Stream { name: name.to_owned(), first: totals.first, last: totals.last })
    });
    Ok(streams.collect())
}

/// The groups of an account in a region, by name: all that have a log.
pub fn groups(store: &Store, account: &AccountId, region: &Region) -> Result<Vec<Written>, store::Error> {
    let place = name::place(account, region);
    let mut groups = BTreeMap::<String, Written>::new();
    for (name, totals) in store.journal().streams(&place)? {
        let Some(name) = name::split(&name).and_then(|(group, _)| group.strip_prefix(place.as_str())) else { continue };
        let group = groups.entry(name.to_owned()).or_insert_with(|| Written {
            group: Group { account: account.clone(), region: region.clone(), name: name.to_owned() },
            first: totals.first,
            bytes: 0,
        });
        group.first = group.first.min(totals.first);
        group.bytes += totals.bytes;
    }
    Ok(groups.into_values().collect())
}

/// When a group's log begins; `None` for one that has none.
pub fn begins(store: &Store, group: &Group) -> Result<Option<Timestamp>, store::Error> {
    let prefix = group.journal_prefix();
    let mut beyond = None;
    loop {
        let page = store.journal().read(&journal::Query {
            stream_prefix: &prefix,
            from: Timestamp::from_millis(i64::MIN),
            to: Timestamp::from_millis(i64::MAX),
            order: Order::Forward,
            beyond,
            limit: 1,
        })?;
        match page.records.first() {
            Some(record) => return Ok(Some(record.at)),
            None if page.more => beyond = page.resume,
            None => return Ok(None),
        }
    }
}

/// Events as they come in.
pub struct Follow {
    store: Store,
    query: Query,
    appended: JournalWatch,
}

impl Follow {
    /// Begins beyond `query.beyond`, or with the first event there is. The order is forward.
    pub fn new(store: Store, query: Query) -> Follow {
        let appended = store.journal().watch();
        Follow { store, query: Query { order: Order::Forward, ..query }, appended }
    }

    /// Waits until there is at least one event.
    pub async fn next(&mut self) -> Result<Vec<Event>, store::Error> {
        loop {
            let page = events(&self.store, &self.query)?;
            self.query.beyond = page.resume;
            if !page.events.is_empty() {
                return Ok(page.events);
            }
            if !page.more {
                self.appended.changed().await;
                tokio::time::sleep(FOLLOW_PAUSE).await;
            }
        }
    }
}
