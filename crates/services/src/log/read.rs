//! Finds events again: pages of a group or of one stream, the streams there are, and what comes in from now on.
//!
//! Start reading at [`events`]. The journal is in the order in which records came in; events are sorted within a page.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use store::journal::{self, JournalWatch, Position};
use store::{Order, Store, Timestamp};

use super::group::{self, Error, GroupRow, Hidden, Settings};
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
pub fn events(store: &Store, query: &Query) -> Result<Page, Error> {
    let row = store.read(|read| group::group_row(read, &query.group))?;
    let prefix = query.group.journal_prefix() + query.streams.common();
    let from = query.from.max(row.oldest(store.clock()));
    let read = store.journal().read(&journal::Query {
        stream_prefix: &prefix,
        from: from - RECORD_TIME_MAX,
        to: query.to,
        order: query.order,
        beyond: query.beyond.map(|place| place.position(query.order)),
        limit: query.limit.min(PAGE_RECORDS_MAX),
    })?;
    let resume = read.resume.map(|record| Place::past(record, query.order)).or(query.beyond);
    let mut page = Page { events: Vec::new(), resume, more: read.more };
    let mut visible = Visible { store, group: &query.group, row: &row, streams: HashMap::new() };
    'records: for record in &read.records {
        if !visible.shows(record)? {
            continue;
        }
        for event in events_of(record, query).into_iter().filter(|event| event.at >= from) {
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

/// What of a group's records was not deleted.
struct Visible<'a> {
    store: &'a Store,
    group: &'a Group,
    row: &'a GroupRow,
    /// What deleting hid of each stream that was met.
    streams: HashMap<String, Option<Hidden>>,
}

impl Visible<'_> {
    fn shows(&mut self, record: &journal::Record) -> Result<bool, Error> {
        if self.row.hidden().is_some_and(|hidden| hidden.covers(record.position)) {
            return Ok(false);
        }
        let Some((_, stream)) = name::split(&record.stream) else { return Ok(false) };
        let hidden = match self.streams.get(stream) {
            Some(hidden) => *hidden,
            None => {
                let hidden = self.store.read(|read| group::hidden_of_stream(read, self.group, stream))?;
                self.streams.insert(stream.to_owned(), hidden);
                hidden
            }
        };
        Ok(hidden.is_none_or(|hidden| !hidden.covers(record.position)))
    }
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
    pub created: Timestamp,
    /// Of its events, if it has any.
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

/// A group that was made, or that something was written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub group: Group,
    pub created: Timestamp,
    /// Of its records, as they lie in the journal.
    pub bytes: u64,
    pub settings: Settings,
}

/// The streams of a group whose names begin so, by name.
pub fn streams(store: &Store, group: &Group, prefix: &str) -> Result<Vec<Stream>, Error> {
    let row = store.read(|read| group::group_row(read, group))?;
    let mut streams = BTreeMap::new();
    for (name, totals) in store.journal().streams(&(group.journal_prefix() + prefix))? {
        let Some((_, name)) = name::split(&name) else { continue };
        if row.hidden().is_some_and(|hidden| hidden.covers_all(totals.last)) {
            continue;
        }
        let since = row.hidden().map_or(totals.first, |hidden| totals.first.max(hidden.since()));
        let (first, last) = (Some(since), Some(totals.last));
        streams.insert(name.to_owned(), Stream { name: name.to_owned(), created: since, first, last });
    }
    store.read(|read| group::with_rows(read, group, prefix, &mut streams))?;
    Ok(streams.into_values().collect())
}

/// The groups of an account in a region, by name.
pub fn groups(store: &Store, account: &AccountId, region: &Region) -> Result<Vec<Found>, Error> {
    let place = name::place(account, region);
    let rows = store.read(|read| group::group_rows(read, account, region))?;
    let mut rows: BTreeMap<String, GroupRow> = rows.into_iter().collect();
    let mut written = BTreeMap::<String, (Timestamp, u64)>::new();
    for (name, totals) in store.journal().streams(&place)? {
        let Some(name) = name::split(&name).and_then(|(group, _)| group.strip_prefix(place.as_str())) else { continue };
        let hidden = rows.get(name).and_then(GroupRow::hidden);
        if hidden.is_some_and(|hidden| hidden.covers_all(totals.last)) {
            continue;
        }
        let since = hidden.map_or(totals.first, |hidden| totals.first.max(hidden.since()));
        let (first, bytes) = written.entry(name.to_owned()).or_insert((since, 0));
        *first = since.min(*first);
        *bytes += totals.bytes;
    }
    for (name, row) in &rows {
        if let Some(created) = row.created() {
            written.entry(name.clone()).or_insert((created, 0)).0 = created;
        }
    }
    let found = written.into_iter().map(|(name, (created, bytes))| {
        let settings = rows.remove(&name).map(GroupRow::settings).unwrap_or_default();
        let group = Group { account: account.clone(), region: region.clone(), name };
        Found { group, created, bytes, settings }
    });
    Ok(found.collect())
}

/// Whether a group has a record that was not deleted.
pub(super) fn has_records(store: &Store, group: &Group, row: &GroupRow) -> Result<bool, Error> {
    let prefix = group.journal_prefix();
    let mut beyond = row.hidden().map(|hidden| hidden.place());
    loop {
        let page = store.journal().read(&journal::Query {
            stream_prefix: &prefix,
            from: Timestamp::from_millis(i64::MIN),
            to: Timestamp::from_millis(i64::MAX),
            order: Order::Forward,
            beyond,
            limit: 1,
        })?;
        match page.more {
            _ if !page.records.is_empty() => return Ok(true),
            true => beyond = page.resume,
            false => return Ok(false),
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
    pub async fn next(&mut self) -> Result<Vec<Event>, Error> {
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
