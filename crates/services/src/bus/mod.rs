//! Buses: events come in, rules choose among them, targets get them.
//!
//! Start reading at [`Bus`], [`rule::Rule`] and [`rule::Target`]. An event comes in by [`put`]; the delivery loop takes
//! it from `waiting`, finds its rules by `matcher` and writes what each target gets. What that is, is in [`input`]; what
//! an event looks like, in [`event`]; events are kept by an [`archive`] and come again by a [`replay`]; who may do what on a bus, in [`permission`]; row layouts, in `rows`.
//!
//! Invariants:
//! - Every region has the bus `default`, with or without a row of its own; it cannot be deleted.
//! - A rule has a pattern that parses, a schedule that parses, or both.
//! - A bus with rules and a rule with targets are not deleted: nothing is left behind that nobody can name.
//! - Nothing here knows ARNs (they are text that is shown again) or AWS JSON, but for the event documents themselves:
//!   patterns and templates are about them.

pub mod archive;
pub mod event;
pub mod input;
pub(crate) mod matcher;
pub mod permission;
pub mod replay;
mod rows;
pub mod rule;
pub(crate) mod waiting;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::{Read, Timestamp, Tx};

use crate::function::Scope;
use crate::identity::Statement;
use crate::name::Malformed;
use crate::pattern;
use crate::row::Unreadable;
pub use waiting::put;

/// Buses of an account in a region. Source: EventBridge quotas, "Event buses" (read 2026-11-24).
pub const BUSES_MAX: usize = 100;
/// Source: EventBridge User Guide, "Tagging" (read 2026-11-24).
pub const TAGS_MAX: usize = 50;

pub const DEFAULT: &str = "default";

/// Why an operation on buses and rules did not happen. One variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no bus {0}")]
    NoSuchBus(BusName),
    #[error("there is a bus {0} already")]
    BusExists(BusName),
    #[error("the default bus stays")]
    DefaultStays,
    #[error("the bus has rules")]
    BusHasRules,
    #[error("there is no rule {0}")]
    NoSuchRule(RuleId),
    #[error("the rule has targets")]
    RuleHasTargets,
    #[error("a rule needs a pattern or a schedule")]
    NothingToWaitFor,
    #[error("schedules are for the default bus")]
    ScheduleOffDefault,
    #[error("the schedule is no expression")]
    BadSchedule,
    #[error(transparent)]
    BadPattern(#[from] pattern::Invalid),
    /// Too many buses, rules or targets.
    #[error("the limit of {0} is reached")]
    TooMany(&'static str),
    #[error("more than {TAGS_MAX} tags")]
    TooManyTags,
    #[error("there is no archive {0}")]
    NoSuchArchive(RuleName),
    #[error("there is an archive {0} already")]
    ArchiveExists(RuleName),
    #[error("there is no replay {0}")]
    NoSuchReplay(RuleName),
    #[error("there is a replay {0} already")]
    ReplayExists(RuleName),
    #[error("the replay {0} is over")]
    ReplayIsOver(RuleName),
    #[error("an archive is replayed to its own bus")]
    OtherBus,
    #[error("the time to replay ends before it starts")]
    EndsBeforeItStarts,
    #[error("the bus has no policy")]
    NoPolicy,
    #[error("there is no statement of that id in the policy")]
    NoSuchStatement,
    #[error("a policy of {bytes} bytes: the limit is {}", permission::POLICY_BYTES_MAX)]
    PolicyTooLong { bytes: usize },
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A bus's name: 1 to 256 letters, digits and `/`, `.`, `-`, `_`.
///
/// Source: EventBridge API model, `EventBusName` (read 2026-11-24).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BusName(Box<str>); // Invariant: `parse` is the only constructor.

/// A rule's name: 1 to 64 letters, digits and `.`, `-`, `_`.
///
/// Source: EventBridge API model, `RuleName` (read 2026-11-24).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleName(Box<str>); // Invariant: `parse` is the only constructor.

impl BusName {
    pub fn parse(text: &str) -> Result<BusName, Malformed> {
        match (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte == b'/' || in_names(byte)) {
            true => Ok(BusName(text.into())),
            false => {
                Err(Malformed { given: text.to_owned(), wanted: "a bus name: 1 to 256 letters, digits, /, ., - or _" })
            }
        }
    }

    pub fn default_bus() -> BusName {
        BusName(DEFAULT.into())
    }

    pub fn is_default(&self) -> bool {
        &*self.0 == DEFAULT
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RuleName {
    pub fn parse(text: &str) -> Result<RuleName, Malformed> {
        match (1..=64).contains(&text.len()) && text.bytes().all(in_names) {
            true => Ok(RuleName(text.into())),
            false => {
                Err(Malformed { given: text.to_owned(), wanted: "a rule name: 1 to 64 letters, digits, ., - or _" })
            }
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for BusName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::fmt::Display for RuleName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

fn in_names(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BusId {
    pub scope: Scope,
    pub name: BusName,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId {
    pub bus: BusId,
    pub name: RuleName,
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scope = &self.bus.scope;
        write!(out, "{}/{}/{}/{}", scope.account, scope.region, self.bus.name, self.name)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bus {
    pub settings: Settings,
    pub tags: BTreeMap<String, String>,
    pub policy: Vec<Statement>,
    /// Not there for the default bus: it has always been.
    created_millis: Option<i64>,
    modified_millis: Option<i64>,
}

/// What a user sets. Nothing but the description has an effect yet; what is set is shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub description: Option<String>,
    pub kms_key: Option<String>,
    pub dead_letter: Option<String>,
    pub log_detail: Option<String>,
    pub log_level: Option<String>,
}

impl Bus {
    pub fn created(&self) -> Option<Timestamp> {
        self.created_millis.map(Timestamp::from_millis)
    }

    pub fn modified(&self) -> Option<Timestamp> {
        self.modified_millis.map(Timestamp::from_millis)
    }
}

pub fn create(tx: &mut Tx, id: &BusId, settings: &Settings, tags: &BTreeMap<String, String>) -> Result<(), Error> {
    if rows::bus(tx, id)?.is_some() {
        return Err(Error::BusExists(id.name.clone()));
    }
    check_tags(tags)?;
    if rows::bus_count(tx, &id.scope, BUSES_MAX)? >= BUSES_MAX {
        return Err(Error::TooMany("buses"));
    }
    let now = Some(tx.now().millis());
    let bus = Bus {
        settings: settings.clone(),
        tags: tags.clone(),
        policy: Vec::new(),
        created_millis: now,
        modified_millis: now,
    };
    rows::put_bus(tx, id, &bus);
    Ok(())
}

pub fn update(tx: &mut Tx, id: &BusId, settings: &Settings) -> Result<(), Error> {
    change(tx, id, |bus| {
        bus.settings = settings.clone();
        Ok(())
    })
}

/// A bus that is not there is as good as deleted.
pub fn delete(tx: &mut Tx, id: &BusId) -> Result<(), Error> {
    if id.name.is_default() {
        return Err(Error::DefaultStays);
    }
    if !rows::rules(tx, id, None, 1)?.is_empty() {
        return Err(Error::BusHasRules);
    }
    rows::delete_bus(tx, id);
    Ok(())
}

pub fn find(read: &mut impl Read, id: &BusId) -> Result<Bus, Error> {
    rows::bus(read, id)?.ok_or_else(|| Error::NoSuchBus(id.name.clone()))
}

/// Buses whose names begin so, by name, after `after`.
pub fn list(
    read: &mut impl Read,
    scope: &Scope,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(BusName, Bus)>, Error> {
    let mut buses = rows::buses(read, scope)?;
    let default = BusId { scope: scope.clone(), name: BusName::default_bus() };
    if !buses.iter().any(|(name, _)| name.is_default()) {
        buses.push((default.name.clone(), find(read, &default)?));
        buses.sort_by(|one, other| one.0.cmp(&other.0));
    }
    buses.retain(|(name, _)| name.0.starts_with(prefix) && after.is_none_or(|after| *name.0 > *after));
    buses.truncate(limit);
    Ok(buses)
}

pub fn tag(tx: &mut Tx, id: &BusId, tags: &BTreeMap<String, String>) -> Result<(), Error> {
    change(tx, id, |bus| {
        bus.tags.extend(tags.clone());
        check_tags(&bus.tags)
    })
}

pub fn untag(tx: &mut Tx, id: &BusId, keys: &[String]) -> Result<(), Error> {
    change(tx, id, |bus| {
        bus.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })
}

fn change(tx: &mut Tx, id: &BusId, change: impl FnOnce(&mut Bus) -> Result<(), Error>) -> Result<(), Error> {
    let mut bus = find(tx, id)?;
    change(&mut bus)?;
    bus.modified_millis = Some(tx.now().millis());
    rows::put_bus(tx, id, &bus);
    Ok(())
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    match tags.len() > TAGS_MAX {
        true => Err(Error::TooManyTags),
        false => Ok(()),
    }
}
