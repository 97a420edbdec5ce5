//! Schedules: at some times, or again and again, a target gets a document.
//!
//! Start reading at [`Schedule`] and [`put`]; groups of schedules are in [`group`], when one is due next in `clock`, row
//! layouts in `rows`. A schedule that will fire has one timer; the delivery loop calls `fire` once its time has come.
//!
//! Invariants:
//! - A schedule has an expression that parses and a zone that there is, and lies in a group that exists.
//! - Every region has the group `default`, with or without a row of its own; it cannot be deleted.
//! - What fires, and when it fires next, are one commit: a time fires once, however late, and what was missed is not
//!   made up for.
//! - Nothing here knows ARNs: they are text that is shown again.

mod clock;
pub mod group;
mod rows;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::{Read, Timestamp, Tx};

use crate::bus::rule::{DeadLetter, Receiver, Retry};
use crate::function::Scope;
use crate::name::Malformed;
use crate::row::Unreadable;
use crate::timer::rows::{Timer, What};
use crate::timer::{Expression, Zone};
use clock::Clock;

/// Schedules of an account in a region (1,000,000), and groups (500).
///
/// Source: EventBridge Scheduler quotas (read 2026-11-24). Schedules are not counted: the number is a limit of the
/// service's own machines.
pub const GROUPS_MAX: usize = 500;
/// Tags of a group. Source: EventBridge Scheduler API model, `TagList` (read 2026-11-24).
pub const TAGS_MAX: usize = 200;
/// How long ago a schedule may begin. Source: the service's refusal, quoted in public issues (read 2026-11-24).
const START_PAST_MAX: Duration = Duration::from_secs(300);

pub const DEFAULT: &str = "default";

/// Why an operation on schedules did not happen. One variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no schedule {0}")]
    NoSuchSchedule(Name),
    #[error("there is a schedule {0} already")]
    ScheduleExists(Name),
    #[error("there is no group {0}")]
    NoSuchGroup(Name),
    #[error("there is a group {0} already")]
    GroupExists(Name),
    #[error("the default group stays")]
    DefaultStays,
    #[error("more than {GROUPS_MAX} groups")]
    TooManyGroups,
    #[error("more than {TAGS_MAX} tags")]
    TooManyTags,
    #[error("the expression is none")]
    BadExpression,
    #[error("there is no such time zone")]
    BadZone,
    #[error("it begins in the past")]
    BeginsInThePast,
    #[error("it ends before it begins")]
    EndsBeforeItBegins,
    #[error("it ends in the past")]
    EndsInThePast,
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The name of a schedule or of a group: 1 to 64 letters, digits and `.`, `-`, `_`.
///
/// Source: EventBridge Scheduler API model, `Name` (read 2026-11-24).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<str>); // Invariant: `parse` is the only constructor.

impl Name {
    pub fn parse(text: &str) -> Result<Name, Malformed> {
        let in_names = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        match (1..=64).contains(&text.len()) && text.bytes().all(in_names) {
            true => Ok(Name(text.into())),
            false => Err(Malformed { given: text.to_owned(), wanted: "a name: 1 to 64 letters, digits, ., - or _" }),
        }
    }

    pub fn default_group() -> Name {
        Name(DEFAULT.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId {
    pub scope: Scope,
    pub name: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScheduleId {
    pub group: GroupId,
    pub name: Name,
}

impl std::fmt::Display for ScheduleId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let GroupId { scope, name } = &self.group;
        write!(out, "{}/{}/{name}/{}", scope.account, scope.region, self.name)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its name elsewhere, as it is shown and told to targets.
    pub arn: String,
    pub settings: Settings,
    /// Who asks for the same thing twice gives the same token.
    token: Option<String>,
    created_millis: i64,
    modified_millis: i64,
    /// While it will fire.
    clock: Option<Clock>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// As it was given: it parses.
    pub expression: String,
    /// As it was given: there is such a zone.
    pub zone: String,
    pub start_millis: Option<i64>,
    pub end_millis: Option<i64>,
    pub enabled: bool,
    /// How long after its time it may fire at the latest: any moment until then.
    pub window_mins: Option<u32>,
    /// Whether it goes once it will not fire any more.
    pub deleted_when_over: bool,
    pub description: Option<String>,
    pub kms_key: Option<String>,
    pub target: Target,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// As it was given, like the input.
    pub arn: String,
    pub role: String,
    pub input: Option<String>,
    pub receiver: Receiver,
    /// What it gets, where that is a part of the input; the input otherwise.
    pub document: Option<String>,
    /// The message group in a queue that keeps order.
    pub group: Option<String>,
    pub partition_key: Option<String>,
    /// Of the event on a bus.
    pub event: Option<EventHead>,
    pub dead_letter: Option<DeadLetter>,
    pub retry: Retry,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventHead {
    pub detail_type: String,
    pub source: String,
}

impl Schedule {
    pub fn created(&self) -> Timestamp {
        Timestamp::from_millis(self.created_millis)
    }

    pub fn modified(&self) -> Timestamp {
        Timestamp::from_millis(self.modified_millis)
    }

    fn timer(&self, id: &ScheduleId) -> Option<Timer> {
        Some(Timer { due: self.clock?.fires(), what: What::Schedule(id.clone()) })
    }
}

/// Makes a schedule. The one that the same token made is left as it is.
pub fn create(tx: &mut Tx, id: &ScheduleId, arn: &str, settings: &Settings, token: Option<&str>) -> Result<(), Error> {
    group::find(tx, &id.group)?;
    if let Some(known) = rows::schedule(tx, id)? {
        return match token.is_some() && known.token.as_deref() == token {
            true => Ok(()),
            false => Err(Error::ScheduleExists(id.name.clone())),
        };
    }
    check(settings, tx.now())?;
    let now = tx.now().millis();
    let token = token.map(ToOwned::to_owned);
    let schedule = Schedule {
        arn: arn.to_owned(),
        settings: settings.clone(),
        token,
        created_millis: now,
        modified_millis: now,
        clock: None,
    };
    begin(tx, id, schedule);
    Ok(())
}

/// Sets everything anew: what is not given is not kept.
pub fn update(tx: &mut Tx, id: &ScheduleId, settings: &Settings) -> Result<Schedule, Error> {
    group::find(tx, &id.group)?;
    let known = find(tx, id)?;
    let begins_as_before = known.settings.start_millis == settings.start_millis;
    check(
        &Settings { start_millis: settings.start_millis.filter(|_| !begins_as_before), ..settings.clone() },
        tx.now(),
    )?;
    unset(tx, id, &known);
    let schedule = Schedule { settings: settings.clone(), modified_millis: tx.now().millis(), clock: None, ..known };
    begin(tx, id, schedule.clone());
    Ok(schedule)
}

pub fn delete(tx: &mut Tx, id: &ScheduleId) -> Result<(), Error> {
    group::find(tx, &id.group)?;
    let known = find(tx, id)?;
    unset(tx, id, &known);
    rows::delete_schedule(tx, id);
    Ok(())
}

pub fn find(read: &mut impl Read, id: &ScheduleId) -> Result<Schedule, Error> {
    rows::schedule(read, id)?.ok_or_else(|| Error::NoSuchSchedule(id.name.clone()))
}

/// What is listed.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'a> {
    pub group: Option<Name>,
    pub prefix: &'a str,
    pub enabled: Option<bool>,
    /// The last one that has been listed: its group and its name.
    pub after: Option<(Name, Name)>,
}

/// Up to `limit` schedules, by group and name.
pub fn list(
    read: &mut impl Read,
    scope: &Scope,
    wanted: &Wanted<'_>,
    limit: usize,
) -> Result<Vec<(ScheduleId, Schedule)>, Error> {
    if let Some(name) = &wanted.group {
        group::find(read, &GroupId { scope: scope.clone(), name: name.clone() })?;
    }
    let fits = |id: &ScheduleId, schedule: &Schedule| {
        id.name.as_str().starts_with(wanted.prefix)
            && wanted.enabled.is_none_or(|enabled| schedule.settings.enabled == enabled)
    };
    rows::schedules(read, scope, wanted.group.as_ref(), wanted.after.as_ref(), limit, fits)
}

/// A schedule whose time has come.
pub(crate) struct Fired {
    pub schedule: Schedule,
    /// The time that it fires for.
    pub due: Timestamp,
}

/// The timer of a schedule has come: what is to happen now. Sets its next time, or ends it.
pub(crate) fn fire(tx: &mut Tx, id: &ScheduleId, timer: Timestamp) -> Result<Option<Fired>, Error> {
    let Some(mut schedule) = rows::schedule(tx, id)? else { return Ok(None) };
    let Some(clock) = schedule.clock.filter(|clock| clock.fires() == timer) else { return Ok(None) };
    let fired = Fired { schedule: schedule.clone(), due: clock.due() };
    let random = tx.random();
    schedule.clock = clock.go_on(&schedule.settings, tx.now(), random);
    match schedule.timer(id) {
        Some(timer) => timer.set(tx),
        None if schedule.settings.deleted_when_over => {
            rows::delete_schedule(tx, id);
            return Ok(Some(fired));
        }
        None => {}
    }
    rows::put_schedule(tx, id, &schedule);
    Ok(Some(fired))
}

fn begin(tx: &mut Tx, id: &ScheduleId, mut schedule: Schedule) {
    let random = tx.random();
    schedule.clock = Clock::begin(&schedule.settings, tx.now(), random);
    if let Some(timer) = schedule.timer(id) {
        timer.set(tx);
    }
    rows::put_schedule(tx, id, &schedule);
}

fn unset(tx: &mut Tx, id: &ScheduleId, schedule: &Schedule) {
    if let Some(timer) = schedule.timer(id) {
        timer.unset(tx);
    }
}

fn check(settings: &Settings, now: Timestamp) -> Result<(), Error> {
    let expression = Expression::parse(&settings.expression).map_err(|_| Error::BadExpression)?;
    Zone::named(&settings.zone).ok_or(Error::BadZone)?;
    if let Expression::At(_) = expression {
        return Ok(()); // it has no use for the two dates
    }
    let (start, end) = (settings.start_millis, settings.end_millis);
    if start.is_some_and(|start| start < (now - START_PAST_MAX).millis()) {
        return Err(Error::BeginsInThePast);
    }
    if end.is_some_and(|end| end < now.millis()) {
        return Err(Error::EndsInThePast);
    }
    match start.zip(end).is_some_and(|(start, end)| end <= start) {
        true => Err(Error::EndsBeforeItBegins),
        false => Ok(()),
    }
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    match tags.len() > TAGS_MAX {
        true => Err(Error::TooManyTags),
        false => Ok(()),
    }
}
