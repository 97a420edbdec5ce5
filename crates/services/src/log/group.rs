//! Groups and streams that somebody made: their settings, and what was deleted of them.
//!
//! A group or stream needs no row to be written to by a function. A row is there for what the journal cannot tell: that
//! something was made before it was written to, how long it is kept, and from where on it is visible. The journal drops
//! records by age alone, so deleting hides: what was appended before is never shown again.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | GROUPS | group | [`GroupRow`] |
//! | STREAMS | group, stream | [`StreamRow`] |
//!
//! Both are layout 1, the only one so far.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::journal::Position;
use store::key::{Key, Parser, Space};
use store::{Order, Read, Store, Timestamp, Tx};

use super::name::Group;
use super::read::{self, Stream};
use crate::name::{AccountId, Region};
use crate::row::{self, Unreadable};

const GROUPS: Space = Space::new(0x0150);
const STREAMS: Space = Space::new(0x0151);
const LAYOUT: u8 = 1;

/// Tags of one group. Source: CloudWatch Logs API model, `Tags` (read 2026-11-24).
pub const TAGS_MAX: usize = 50;
/// Days that a group may be kept. Source: API reference, `PutRetentionPolicy` (read 2026-11-24).
pub const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
/// Rows of streams that are read at a time.
const PAGE_ROWS: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the log group is there already")]
    GroupExists,
    #[error("there is no such log group")]
    NoGroup,
    #[error("the log stream is there already")]
    StreamExists,
    #[error("there is no such log stream")]
    NoStream,
    #[error("a log group is not kept for {0} days")]
    Retention(u32),
    #[error("a log group has at most {TAGS_MAX} tags")]
    TooManyTags,
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// What is known of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub retention_days: Option<u32>,
    pub class: Option<String>,
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct GroupRow {
    /// When somebody made it; `None` for one that is deleted, or is there because a function wrote to it.
    created: Option<i64>,
    retention_days: Option<u32>,
    class: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    hidden: Option<Hidden>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct StreamRow {
    created: Option<i64>,
    hidden: Option<Hidden>,
}

/// The journal up to a place (included) and a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hidden {
    segment: u64,
    offset: u64,
    at: i64,
}

impl Hidden {
    fn until_now(store: &Store) -> Hidden {
        let Position { segment, offset } = store.journal().end();
        Hidden { segment, offset, at: store.clock().millis() }
    }

    /// Reading beyond this reads what is visible.
    pub fn place(&self) -> Position {
        Position { segment: self.segment, offset: self.offset }
    }

    pub fn covers(&self, position: Position) -> bool {
        position <= self.place()
    }

    /// Whether a stream whose newest event is of this time is hidden as a whole.
    pub fn covers_all(&self, newest: Timestamp) -> bool {
        newest.millis() <= self.at
    }

    pub fn since(&self) -> Timestamp {
        Timestamp::from_millis(self.at)
    }
}

impl GroupRow {
    pub fn hidden(&self) -> Option<Hidden> {
        self.hidden
    }

    pub fn created(&self) -> Option<Timestamp> {
        self.created.map(Timestamp::from_millis)
    }

    /// Events before this are too old to be shown.
    pub fn oldest(&self, now: Timestamp) -> Timestamp {
        match self.retention_days {
            Some(days) => now - days_long(days),
            None => Timestamp::from_millis(i64::MIN),
        }
    }

    pub fn settings(self) -> Settings {
        Settings { retention_days: self.retention_days, class: self.class, tags: self.tags }
    }
}

pub(super) fn days_long(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3600)
}

/// Makes a group.
pub async fn create(store: &Store, group: &Group, settings: &Settings) -> Result<(), Error> {
    check_tags(&settings.tags)?;
    if looked_for(store, group, is_there).await? {
        return Err(Error::GroupExists);
    }
    let now = store.clock().millis();
    let made = |tx: &mut Tx| {
        let mut row = group_row(tx, group)?;
        if row.created.is_some() {
            return Err(Error::GroupExists);
        }
        row.created = Some(now);
        row.class.clone_from(&settings.class);
        row.tags.clone_from(&settings.tags);
        put_group(tx, group, &row);
        Ok(())
    };
    store.transact(made).await
}

/// Deletes a group, its settings and what was written to it until now.
pub async fn delete(store: &Store, group: &Group) -> Result<(), Error> {
    if !looked_for(store, group, is_there).await? {
        return Err(Error::NoGroup);
    }
    let hidden = Hidden::until_now(store);
    let deleted = |tx: &mut Tx| {
        for (name, _) in stream_rows(tx, group, "")? {
            tx.delete(stream_key(group, &name));
        }
        put_group(tx, group, &GroupRow { hidden: Some(hidden), ..GroupRow::default() });
        Ok(())
    };
    store.transact(deleted).await
}

/// Changes what is known of a group that is there.
pub async fn change(
    store: &Store,
    group: &Group,
    change: impl Fn(&mut Settings) -> Result<(), Error>,
) -> Result<(), Error> {
    if !looked_for(store, group, is_there).await? {
        return Err(Error::NoGroup);
    }
    let changed = |tx: &mut Tx| {
        let mut row = group_row(tx, group)?;
        let mut settings = row.clone().settings();
        change(&mut settings)?;
        check_tags(&settings.tags)?;
        (row.retention_days, row.class, row.tags) = (settings.retention_days, settings.class, settings.tags);
        put_group(tx, group, &row);
        Ok(())
    };
    store.transact(changed).await
}

pub fn settings(store: &Store, group: &Group) -> Result<Settings, Error> {
    match is_there(store, group)? {
        true => Ok(store.read(|read| group_row(read, group))?.settings()),
        false => Err(Error::NoGroup),
    }
}

pub fn check_retention(days: u32) -> Result<(), Error> {
    RETENTION_DAYS.contains(&days).then_some(()).ok_or(Error::Retention(days))
}

/// Whether a group was made, or has something that can be seen.
pub fn is_there(store: &Store, group: &Group) -> Result<bool, Error> {
    let row = store.read(|read| group_row(read, group))?;
    Ok(row.created.is_some() || read::has_records(store, group, &row)?)
}

pub async fn create_stream(store: &Store, group: &Group, stream: &str) -> Result<(), Error> {
    if !looked_for(store, group, is_there).await? {
        return Err(Error::NoGroup);
    }
    if looked_for_stream(store, group, stream).await? {
        return Err(Error::StreamExists);
    }
    let now = store.clock().millis();
    let made = |tx: &mut Tx| {
        let mut row = stream_row(tx, group, stream)?;
        if row.created.is_some() {
            return Err(Error::StreamExists);
        }
        row.created = Some(now);
        put_stream(tx, group, stream, &row);
        Ok(())
    };
    store.transact(made).await
}

/// Deletes a stream and what was written to it until now.
pub async fn delete_stream(store: &Store, group: &Group, stream: &str) -> Result<(), Error> {
    if !looked_for(store, group, is_there).await? {
        return Err(Error::NoGroup);
    }
    if !looked_for_stream(store, group, stream).await? {
        return Err(Error::NoStream);
    }
    let hidden = Hidden::until_now(store);
    let deleted = |tx: &mut Tx| {
        put_stream(tx, group, stream, &StreamRow { created: None, hidden: Some(hidden) });
        Ok(())
    };
    store.transact(deleted).await
}

/// Whether a stream was made, or has something that can be seen. Of one that was made its row tells, without a look at
/// the journal.
pub fn has_stream(store: &Store, group: &Group, stream: &str) -> Result<bool, Error> {
    if store.read(|read| stream_row(read, group, stream))?.created.is_some() {
        return Ok(true);
    }
    let streams = read::streams(store, group, stream)?;
    Ok(streams.first().is_some_and(|first| first.name == stream))
}

/// Looks at the journal where its waiting for the disk holds up nobody else.
async fn looked_for<T: Send + 'static>(
    store: &Store,
    group: &Group,
    look: impl FnOnce(&Store, &Group) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (store, group) = (store.clone(), group.clone());
    let looked = tokio::task::spawn_blocking(move || look(&store, &group)).await;
    looked.unwrap_or_else(|error| Err(store::Error::Unavailable(error.to_string()).into()))
}

async fn looked_for_stream(store: &Store, group: &Group, stream: &str) -> Result<bool, Error> {
    let stream = stream.to_owned();
    looked_for(store, group, move |store, group| has_stream(store, group, &stream)).await
}

pub(super) fn group_row(read: &mut impl Read, group: &Group) -> Result<GroupRow, Error> {
    let row = read.get(&group_key(group))?;
    Ok(row.map(|row| row::decode("log group", LAYOUT, &row)).transpose()?.unwrap_or_default())
}

/// The groups of a place that have a row, by name.
pub(super) fn group_rows(
    read: &mut impl Read,
    account: &AccountId,
    region: &Region,
) -> Result<Vec<(String, GroupRow)>, Error> {
    pages(read, &Key::new(GROUPS, account.as_str(), region.as_str()), "log group")
}

/// What deleting hid of a stream.
pub(super) fn hidden_of_stream(read: &mut impl Read, group: &Group, stream: &str) -> Result<Option<Hidden>, Error> {
    Ok(stream_row(read, group, stream)?.hidden)
}

/// Lays the rows of streams over what the journal knows of them.
pub(super) fn with_rows(
    read: &mut impl Read,
    group: &Group,
    prefix: &str,
    written: &mut BTreeMap<String, Stream>,
) -> Result<(), Error> {
    for (name, row) in stream_rows(read, group, prefix)? {
        if let Some(hidden) = row.hidden {
            match written.get_mut(&name) {
                Some(stream) if hidden.covers_all(stream.last.unwrap_or(hidden.since())) => {
                    written.remove(&name);
                }
                Some(stream) => stream.created = stream.created.max(hidden.since()),
                None => {}
            }
        }
        if let Some(created) = row.created.map(Timestamp::from_millis) {
            let fresh = || Stream { name: name.clone(), created, first: None, last: None };
            written.entry(name.clone()).or_insert_with(fresh).created = created;
        }
    }
    Ok(())
}

fn stream_rows(read: &mut impl Read, group: &Group, prefix: &str) -> Result<Vec<(String, StreamRow)>, Error> {
    let rows = pages(read, &of_group(group), "log stream")?;
    Ok(rows.into_iter().filter(|(name, _)| name.starts_with(prefix)).collect())
}

fn pages<T: serde::de::DeserializeOwned>(
    read: &mut impl Read,
    prefix: &Key,
    what: &'static str,
) -> Result<Vec<(String, T)>, Error> {
    let (mut range, mut found) = (prefix.range(), Vec::new());
    loop {
        let rows = read.scan(range.clone(), Order::Forward, PAGE_ROWS)?;
        for (key, value) in &rows {
            let name = Parser::after(&prefix.clone().build(), key).and_then(|mut key| key.text());
            let reason = || "its key has another form".to_owned();
            let name = name.ok_or_else(|| Unreadable { row: what, layout: Some(LAYOUT), reason: reason() })?;
            found.push((name, row::decode(what, LAYOUT, value)?));
        }
        match rows.last() {
            Some((last, _)) if rows.len() == PAGE_ROWS => range = range.after(last),
            _ => return Ok(found),
        }
    }
}

fn stream_row(read: &mut impl Read, group: &Group, stream: &str) -> Result<StreamRow, Error> {
    let row = read.get(&stream_key(group, stream))?;
    Ok(row.map(|row| row::decode("log stream", LAYOUT, &row)).transpose()?.unwrap_or_default())
}

fn put_group(tx: &mut Tx, group: &Group, row: &GroupRow) {
    tx.put(group_key(group), row::encode(LAYOUT, row));
}

fn put_stream(tx: &mut Tx, group: &Group, stream: &str, row: &StreamRow) {
    tx.put(stream_key(group, stream), row::encode(LAYOUT, row));
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    if tags.len() > TAGS_MAX { Err(Error::TooManyTags) } else { Ok(()) }
}

fn group_key(group: &Group) -> Vec<u8> {
    Key::new(GROUPS, group.account.as_str(), group.region.as_str()).text(&group.name).build()
}

fn of_group(group: &Group) -> Key {
    Key::new(STREAMS, group.account.as_str(), group.region.as_str()).text(&group.name)
}

fn stream_key(group: &Group, stream: &str) -> Vec<u8> {
    of_group(group).text(stream).build()
}
