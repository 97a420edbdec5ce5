//! Replays: what an archive holds of some time comes to its bus once more.
//!
//! A replay that runs has one timer: each time it copies some events, until there are no more.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::{Range, Read, Timestamp, Tx};

use super::archive::{self, ArchiveId};
use super::{BusId, BusName, Error, RuleName, rows, waiting};
use crate::delivery::Cause;
use crate::function::Scope;
use crate::timer::rows::{Timer, What};

/// Events that one commit copies.
const COPIED_TOGETHER_MAX: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplayId {
    pub scope: Scope,
    pub name: RuleName,
}

impl std::fmt::Display for ReplayId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}/{}", self.scope.account, self.scope.region, self.name)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    pub settings: Settings,
    pub state: State,
    started_millis: i64,
    ended_millis: Option<i64>,
    /// When the last event came that has been copied.
    last_millis: Option<i64>,
    /// The key of that event.
    after: Option<Vec<u8>>,
    due_millis: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub description: Option<String>,
    /// An archive of the replay's account and region.
    pub archive: String,
    /// The ARNs of the rules that are to get the events; all of the bus if there are none.
    pub rules: Vec<String>,
    pub from_millis: i64,
    pub to_millis: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    Starting,
    Running,
    Completed,
    Cancelled,
}

impl Replay {
    pub fn started(&self) -> Timestamp {
        Timestamp::from_millis(self.started_millis)
    }

    pub fn ended(&self) -> Option<Timestamp> {
        self.ended_millis.map(Timestamp::from_millis)
    }

    pub fn last(&self) -> Option<Timestamp> {
        self.last_millis.map(Timestamp::from_millis)
    }

    fn timer(&self, id: &ReplayId) -> Timer {
        Timer { due: Timestamp::from_millis(self.due_millis), what: What::Replay(id.clone()) }
    }
}

/// Starts a replay to the bus that the archive is of.
pub fn start(tx: &mut Tx, id: &ReplayId, to: &BusId, settings: &Settings) -> Result<Replay, Error> {
    if rows::replay(tx, id)?.is_some() {
        return Err(Error::ReplayExists(id.name.clone()));
    }
    let of = archive::get(tx, &archive_of(id, settings)?)?;
    if of.bus != to.name.as_str() {
        return Err(Error::OtherBus);
    }
    if settings.from_millis >= settings.to_millis {
        return Err(Error::EndsBeforeItStarts);
    }
    let now = tx.now().millis();
    let replay = Replay {
        settings: settings.clone(),
        state: State::Starting,
        started_millis: now,
        ended_millis: None,
        last_millis: None,
        after: None,
        due_millis: now,
    };
    replay.timer(id).set(tx);
    rows::put_replay(tx, id, &replay);
    Ok(replay)
}

pub fn cancel(tx: &mut Tx, id: &ReplayId) -> Result<Replay, Error> {
    let replay = get(tx, id)?;
    match replay.state {
        State::Starting | State::Running => {
            replay.timer(id).unset(tx);
            let ended_millis = Some(tx.now().millis());
            let replay = Replay { state: State::Cancelled, ended_millis, ..replay };
            rows::put_replay(tx, id, &replay);
            Ok(replay)
        }
        State::Completed | State::Cancelled => Err(Error::ReplayIsOver(id.name.clone())),
    }
}

pub fn get(read: &mut impl Read, id: &ReplayId) -> Result<Replay, Error> {
    rows::replay(read, id)?.ok_or_else(|| Error::NoSuchReplay(id.name.clone()))
}

/// All replays, by name.
pub fn list(read: &mut impl Read, scope: &Scope) -> Result<Vec<(RuleName, Replay)>, Error> {
    rows::replays(read, scope)
}

/// The replay's timer has come: it goes on.
pub(crate) fn go_on(tx: &mut Tx, id: &ReplayId, due: Timestamp) -> Result<(), Error> {
    let Some(mut replay) = rows::replay(tx, id)? else { return Ok(()) };
    if replay.due_millis != due.millis() || !matches!(replay.state, State::Starting | State::Running) {
        return Ok(());
    }
    let from = archive_of(id, &replay.settings)?;
    let Some(of) = rows::archive(tx, &from)? else { return end(tx, id, replay) };
    let bus = BusId { scope: id.scope.clone(), name: BusName::parse(&of.bus).map_err(|_| Error::OtherBus)? };
    let whole = Range {
        from: rows::archived_from(&from, Timestamp::from_millis(replay.settings.from_millis)),
        to: rows::archived_from(&from, Timestamp::from_millis(replay.settings.to_millis.saturating_add(1))),
    };
    let rest = replay.after.as_ref().map_or(whole.clone(), |after| whole.after(after));
    let events = rows::archived(tx, &from, rest, COPIED_TOGETHER_MAX)?;
    for event in &events {
        let document = named(&event.document, id.name.as_str());
        waiting::put_for(tx, &bus, &document, &Cause::default(), &replay.settings.rules)?;
        replay.last_millis = Some(event.came.millis());
        replay.after = Some(event.key.clone());
    }
    if events.len() < COPIED_TOGETHER_MAX {
        return end(tx, id, replay);
    }
    replay.state = State::Running;
    replay.due_millis = (tx.now().max(due) + Duration::from_millis(1)).millis();
    replay.timer(id).set(tx);
    rows::put_replay(tx, id, &replay);
    Ok(())
}

fn end(tx: &mut Tx, id: &ReplayId, replay: Replay) -> Result<(), Error> {
    let ended_millis = Some(tx.now().millis());
    rows::put_replay(tx, id, &Replay { state: State::Completed, ended_millis, ..replay });
    Ok(())
}

fn archive_of(id: &ReplayId, settings: &Settings) -> Result<ArchiveId, Error> {
    let name = RuleName::parse(&settings.archive).map_err(|_| Error::OtherBus)?;
    Ok(ArchiveId { scope: id.scope.clone(), name })
}

/// The event with the name of its replay, which patterns can ask for.
fn named(document: &Bytes, name: &str) -> Bytes {
    match document.strip_prefix(b"{") {
        Some(rest) => [format!("{{\"replay-name\":\"{name}\",").as_bytes(), rest].concat().into(),
        None => document.clone(),
    }
}
