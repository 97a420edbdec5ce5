//! Rules: which events, or which times, and who gets them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::{Read, Timestamp, Tx};

use super::input::Input;
use super::{BusId, Error, RuleId, RuleName, check_tags, find, rows};
use crate::pattern::Pattern;
use crate::timer::rows::{Timer, What};
use crate::timer::{Expression, Zone};

/// Rules of a bus. The service's default is 300 (EventBridge quotas, "Number of rules", read 2026-11-24) and is raised on
/// request; matching is indexed, so more cost little.
pub const RULES_MAX: usize = 2_000;
/// Source: EventBridge quotas, "Targets per rule" (read 2026-11-24).
pub const TARGETS_MAX: usize = 5;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name elsewhere, as it is shown and told to targets.
    pub arn: String,
    pub settings: Settings,
    pub tags: BTreeMap<String, String>,
    /// By their ids, in the order in which they came.
    pub targets: Vec<Target>,
    /// While its schedule runs.
    clock: Option<Clock>,
}

/// A schedule that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Clock {
    /// What a rate is counted from.
    base_millis: i64,
    due_millis: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// As it was given: it parses.
    pub pattern: Option<String>,
    /// As it was given: it parses.
    pub schedule: Option<String>,
    pub state: State,
    pub description: Option<String>,
    pub role: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    #[default]
    Enabled,
    /// Enabled also for events that are only recorded as calls that read.
    EnabledWithReads,
    Disabled,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub id: String,
    pub arn: String,
    pub receiver: Receiver,
    pub role: Option<String>,
    pub input: Input,
    /// The message group in a queue that keeps order.
    pub group: Option<String>,
    pub partition_key_path: Option<String>,
    pub dead_letter: Option<DeadLetter>,
    pub retry: Option<Retry>,
}

/// What an ARN names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Receiver {
    Function {
        at: Place,
        qualifier: Option<String>,
    },
    Queue(Place),
    Bus(Place),
    Topic(Place),
    /// Something that nothing is delivered to yet.
    Unserved,
}

/// The queue for what a target does not get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    pub arn: String,
    pub queue: Place,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub account: String,
    pub region: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    pub attempts: Option<u32>,
    pub age_secs: Option<u32>,
}

/// Writes a rule in the place of the one of that name: what is not given is not kept, but targets and tags are. Tags
/// are those of a new rule.
pub fn put(
    tx: &mut Tx,
    id: &RuleId,
    arn: &str,
    settings: &Settings,
    tags: &BTreeMap<String, String>,
) -> Result<(), Error> {
    find(tx, &id.bus)?;
    check(id, settings)?;
    let known = rows::rule(tx, id)?;
    let before = known.as_ref().map(|rule| rule.settings.clone());
    let mut rule = match known {
        Some(known) => Rule { settings: settings.clone(), ..known },
        None => {
            check_tags(tags)?;
            if rows::rules(tx, &id.bus, None, RULES_MAX)?.len() >= RULES_MAX {
                return Err(Error::TooMany("rules"));
            }
            Rule {
                arn: arn.to_owned(),
                settings: settings.clone(),
                tags: tags.clone(),
                targets: Vec::new(),
                clock: None,
            }
        }
    };
    let runs_on = before.is_some_and(|before| before.schedule == settings.schedule && before.state == settings.state);
    if !runs_on {
        restart(tx, id, &mut rule);
    }
    rows::put_rule(tx, id, &rule);
    Ok(())
}

/// Begins the rule's schedule anew, or ends it.
fn restart(tx: &mut Tx, id: &RuleId, rule: &mut Rule) {
    if let Some(timer) = rule.timer(id) {
        timer.unset(tx);
    }
    let now = tx.now();
    rule.clock = rule.next(now, now).map(|due| Clock { base_millis: now.millis(), due_millis: due.millis() });
    if let Some(timer) = rule.timer(id) {
        timer.set(tx);
    }
}

impl Rule {
    fn timer(&self, id: &RuleId) -> Option<Timer> {
        let due = Timestamp::from_millis(self.clock?.due_millis);
        Some(Timer { due, what: What::Rule(id.clone()) })
    }

    /// When its schedule is due after a time, while it runs. A rate is due for the first time one period after its base.
    fn next(&self, base: Timestamp, after: Timestamp) -> Option<Timestamp> {
        let schedule = self.settings.schedule.as_deref().filter(|_| self.settings.state != State::Disabled)?;
        Expression::parse(schedule).ok()?.next(&Zone::utc(), base, after)
    }
}

/// The rule's time has come: its schedule goes on. Gives the rule, if it is to fire.
pub(crate) fn fire(tx: &mut Tx, id: &RuleId, due: Timestamp) -> Result<Option<Rule>, Error> {
    let Some(mut rule) = rows::rule(tx, id)? else { return Ok(None) };
    let Some(clock) = rule.clock.filter(|clock| clock.due_millis == due.millis()) else { return Ok(None) };
    // What was missed is not made up for: the next time lies ahead.
    let after = tx.now().max(due);
    let next = rule.next(Timestamp::from_millis(clock.base_millis), after);
    rule.clock = next.map(|due| Clock { due_millis: due.millis(), ..clock });
    if let Some(timer) = rule.timer(id) {
        timer.set(tx);
    }
    rows::put_clock(tx, id, &rule);
    Ok(Some(rule))
}

fn check(id: &RuleId, settings: &Settings) -> Result<(), Error> {
    if settings.pattern.is_none() && settings.schedule.is_none() {
        return Err(Error::NothingToWaitFor);
    }
    if let Some(schedule) = &settings.schedule {
        if !id.bus.name.is_default() {
            return Err(Error::ScheduleOffDefault);
        }
        match Expression::parse(schedule) {
            Ok(Expression::Rate(_)) if !singular(schedule) => return Err(Error::BadSchedule),
            Ok(Expression::Rate(_) | Expression::Cron(_)) => {}
            Ok(Expression::At(_)) | Err(_) => return Err(Error::BadSchedule),
        }
    }
    match &settings.pattern {
        Some(pattern) => Ok(Pattern::parse(pattern).map(drop)?),
        None => Ok(()),
    }
}

/// Whether a rate's unit has the number that its value asks for: rules are strict about it.
///
/// Source: EventBridge User Guide, "Rate expressions" (read 2026-11-24).
fn singular(rate: &str) -> bool {
    rate.starts_with("rate(1 ") != rate.ends_with("s)")
}

/// A rule that is not there is as good as deleted.
pub fn delete(tx: &mut Tx, id: &RuleId) -> Result<(), Error> {
    match rows::rule(tx, id)? {
        Some(rule) if !rule.targets.is_empty() => Err(Error::RuleHasTargets),
        Some(rule) => {
            if let Some(timer) = rule.timer(id) {
                timer.unset(tx);
            }
            rows::delete_rule(tx, id);
            Ok(())
        }
        None => Ok(()),
    }
}

pub fn get(read: &mut impl Read, id: &RuleId) -> Result<Rule, Error> {
    rows::rule(read, id)?.ok_or_else(|| Error::NoSuchRule(id.clone()))
}

/// Rules whose names begin so, by name, after `after`.
pub fn list(
    read: &mut impl Read,
    bus: &BusId,
    prefix: &str,
    after: Option<&RuleName>,
    limit: usize,
) -> Result<Vec<(RuleName, Rule)>, Error> {
    find(read, bus)?;
    let mut rules = rows::rules(read, bus, after, RULES_MAX)?;
    rules.retain(|(name, _)| name.as_str().starts_with(prefix));
    rules.truncate(limit);
    Ok(rules)
}

/// Names of rules that have this target, by name, after `after`.
pub fn names_by_target(
    read: &mut impl Read,
    bus: &BusId,
    arn: &str,
    after: Option<&RuleName>,
    limit: usize,
) -> Result<Vec<RuleName>, Error> {
    find(read, bus)?;
    let rules = rows::rules(read, bus, after, RULES_MAX)?.into_iter();
    let with = rules.filter(|(_, rule)| rule.targets.iter().any(|target| target.arn == arn));
    Ok(with.map(|(name, _)| name).take(limit).collect())
}

pub fn set_state(tx: &mut Tx, id: &RuleId, state: State) -> Result<(), Error> {
    find(tx, &id.bus)?;
    let mut rule = get(tx, id)?;
    if rule.settings.state != state {
        rule.settings.state = state;
        restart(tx, id, &mut rule);
        rows::put_rule(tx, id, &rule);
    }
    Ok(())
}

/// Adds targets; one of a known id takes the place of that one.
pub fn put_targets(tx: &mut Tx, id: &RuleId, targets: &[Target]) -> Result<(), Error> {
    change(tx, id, |rule| {
        for target in targets {
            match rule.targets.iter_mut().find(|known| known.id == target.id) {
                Some(known) => *known = target.clone(),
                None => rule.targets.push(target.clone()),
            }
        }
        match rule.targets.len() > TARGETS_MAX {
            true => Err(Error::TooMany("targets")),
            false => Ok(()),
        }
    })
}

/// Removes targets and gives the ids that were not there.
pub fn remove_targets(tx: &mut Tx, id: &RuleId, ids: &[String]) -> Result<Vec<String>, Error> {
    let mut absent = Vec::new();
    change(tx, id, |rule| {
        absent = ids.iter().filter(|id| !rule.targets.iter().any(|target| target.id == **id)).cloned().collect();
        rule.targets.retain(|target| !ids.contains(&target.id));
        Ok(())
    })?;
    Ok(absent)
}

pub fn tag(tx: &mut Tx, id: &RuleId, tags: &BTreeMap<String, String>) -> Result<(), Error> {
    change(tx, id, |rule| {
        rule.tags.extend(tags.clone());
        check_tags(&rule.tags)
    })
}

pub fn untag(tx: &mut Tx, id: &RuleId, keys: &[String]) -> Result<(), Error> {
    change(tx, id, |rule| {
        rule.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })
}

fn change(tx: &mut Tx, id: &RuleId, change: impl FnOnce(&mut Rule) -> Result<(), Error>) -> Result<(), Error> {
    find(tx, &id.bus)?;
    let mut rule = get(tx, id)?;
    change(&mut rule)?;
    rows::put_rule(tx, id, &rule);
    Ok(())
}
