//! Archives: events of a bus that are kept, to be replayed.
//!
//! Invariants:
//! - An event is in an archive in the commit that sends it out; what is replayed is not archived again.
//! - An archive with a retention has one timer, which deletes what is too old.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::{Range, Read, Timestamp, Tx};

use super::{BusId, Error, RuleName, find, rows};
use crate::function::Scope;
use crate::pattern::Pattern;
use crate::timer::rows::{Timer, What};

/// Archives of an account in a region. Ours: the service bounds them with the rules of a bus, of which each is one.
pub const ARCHIVES_MAX: usize = 300;

/// How often what is too old is looked for.
const SWEEP: Duration = Duration::from_secs(3_600);
/// Events that one commit deletes.
const DELETED_TOGETHER_MAX: usize = 500;

const DAY: Duration = Duration::from_secs(86_400);

/// Names of archives and replays have the form of rules' names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArchiveId {
    pub scope: Scope,
    pub name: RuleName,
}

impl std::fmt::Display for ArchiveId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}/{}", self.scope.account, self.scope.region, self.name)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Archive {
    /// The bus whose events it keeps, in the archive's own account and region.
    pub bus: String,
    pub settings: Settings,
    created_millis: i64,
    /// When its timer is due.
    sweep_millis: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub description: Option<String>,
    /// As it was given: it parses. Without one all events are kept.
    pub pattern: Option<String>,
    /// Without end if it is 0.
    pub retention_days: u32,
    pub kms_key: Option<String>,
}

/// What an archive holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    pub events: i64,
    pub bytes: i64,
}

impl Archive {
    pub fn created(&self) -> Timestamp {
        Timestamp::from_millis(self.created_millis)
    }

    fn timer(&self, id: &ArchiveId) -> Option<Timer> {
        Some(Timer { due: Timestamp::from_millis(self.sweep_millis?), what: What::Archive(id.clone()) })
    }

    fn bus(&self, id: &ArchiveId) -> Option<BusId> {
        Some(BusId { scope: id.scope.clone(), name: super::BusName::parse(&self.bus).ok()? })
    }

    /// Sets the timer anew, if it is to have one.
    fn wait(&mut self, tx: &mut Tx, id: &ArchiveId, after: Duration) {
        if let Some(timer) = self.timer(id) {
            timer.unset(tx);
        }
        self.sweep_millis = (self.settings.retention_days > 0).then(|| (tx.now() + after).millis());
        if let Some(timer) = self.timer(id) {
            timer.set(tx);
        }
    }
}

pub fn create(tx: &mut Tx, id: &ArchiveId, bus: &BusId, settings: &Settings) -> Result<Archive, Error> {
    find(tx, bus)?;
    if rows::archive(tx, id)?.is_some() {
        return Err(Error::ArchiveExists(id.name.clone()));
    }
    check(settings)?;
    if rows::archives(tx, &id.scope)?.len() >= ARCHIVES_MAX {
        return Err(Error::TooMany("archives"));
    }
    let mut archive = Archive {
        bus: bus.name.to_string(),
        settings: settings.clone(),
        created_millis: tx.now().millis(),
        sweep_millis: None,
    };
    archive.wait(tx, id, SWEEP);
    put(tx, id, &archive);
    Ok(archive)
}

/// Changes what is given, and keeps the rest.
pub fn update(tx: &mut Tx, id: &ArchiveId, change: impl FnOnce(&mut Settings)) -> Result<Archive, Error> {
    let mut archive = get(tx, id)?;
    change(&mut archive.settings);
    check(&archive.settings)?;
    archive.wait(tx, id, SWEEP);
    put(tx, id, &archive);
    Ok(archive)
}

/// Deletes some of its events, and the archive once it has none. Says whether it is gone; until then it is to be called
/// again.
pub fn delete(tx: &mut Tx, id: &ArchiveId) -> Result<bool, Error> {
    let archive = get(tx, id)?;
    let some = rows::archived_keys(tx, rows::archived_range(id), DELETED_TOGETHER_MAX)?;
    let gone = some.len() < DELETED_TOGETHER_MAX;
    some.into_iter().for_each(|(key, _)| tx.delete(key));
    if gone {
        if let Some(timer) = archive.timer(id) {
            timer.unset(tx);
        }
        rows::delete_archive(tx, id);
        archive.bus(id).iter().for_each(|bus| rows::changed(tx, bus));
    }
    Ok(gone)
}

pub fn get(read: &mut impl Read, id: &ArchiveId) -> Result<Archive, Error> {
    rows::archive(read, id)?.ok_or_else(|| Error::NoSuchArchive(id.name.clone()))
}

pub fn held(read: &mut impl Read, id: &ArchiveId) -> Result<Held, Error> {
    let [events, bytes] = rows::held(read, id)?;
    Ok(Held { events, bytes })
}

/// All archives, by name.
pub fn list(read: &mut impl Read, scope: &Scope) -> Result<Vec<(RuleName, Archive)>, Error> {
    rows::archives(read, scope)
}

/// Keeps an event.
pub(crate) fn keep(tx: &mut Tx, id: &ArchiveId, came: Timestamp, event: &[u8; 16], document: &Bytes) {
    rows::put_archived(tx, id, came, event, document);
    let bytes = i64::try_from(document.len()).unwrap_or(i64::MAX);
    rows::hold(tx, id, [1, bytes]);
}

/// The archives of a bus that is matched, each with what it keeps.
pub(super) fn of_bus(read: &mut impl Read, bus: &BusId) -> Result<Vec<(ArchiveId, Option<Pattern>)>, Error> {
    let mut found = Vec::new();
    for (name, archive) in rows::archives(read, &bus.scope)? {
        if archive.bus == bus.name.as_str() {
            let pattern = archive.settings.pattern.as_deref().map(Pattern::parse).transpose()?;
            found.push((ArchiveId { scope: bus.scope.clone(), name }, pattern));
        }
    }
    Ok(found)
}

/// The archive's timer has come: what is too old goes.
pub(crate) fn sweep(tx: &mut Tx, id: &ArchiveId, due: Timestamp) -> Result<(), Error> {
    let Some(mut archive) = rows::archive(tx, id)? else { return Ok(()) };
    if archive.sweep_millis != Some(due.millis()) {
        return Ok(());
    }
    let oldest = tx.now() - DAY.saturating_mul(archive.settings.retention_days);
    let range = Range { to: rows::archived_from(id, oldest), ..rows::archived_range(id) };
    let old = rows::archived_keys(tx, range, DELETED_TOGETHER_MAX)?;
    let more = old.len() == DELETED_TOGETHER_MAX;
    let bytes: usize = old.iter().map(|(_, bytes)| bytes).sum();
    rows::hold(tx, id, [old.len(), bytes].map(|number| -i64::try_from(number).unwrap_or(0)));
    old.into_iter().for_each(|(key, _)| tx.delete(key));
    archive.wait(tx, id, if more { Duration::from_millis(1) } else { SWEEP });
    rows::put_archive(tx, id, &archive);
    Ok(())
}

fn put(tx: &mut Tx, id: &ArchiveId, archive: &Archive) {
    rows::put_archive(tx, id, archive);
    archive.bus(id).iter().for_each(|bus| rows::changed(tx, bus));
}

fn check(settings: &Settings) -> Result<(), Error> {
    match &settings.pattern {
        Some(pattern) => Ok(Pattern::parse(pattern).map(drop)?),
        None => Ok(()),
    }
}
