//! Timers as rows: what is due, in the order of time.
//!
//! `TIMERS due what`: nothing more is known of one. The first row says how long there is to sleep.

use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, ShardId, Timestamp, Tx};

use crate::bus::archive::ArchiveId;
use crate::bus::replay::ReplayId;
use crate::bus::{BusId, BusName, RuleId, RuleName};
use crate::function::Scope;
use crate::name::{AccountId, Region};
use crate::row::{self, Unreadable};
use crate::schedule::{GroupId, Name, ScheduleId};

const TIMERS: Space = Space::new(0x0310);

const LAYOUT: u8 = 1;

/// What is to happen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Rule(RuleId),
    Schedule(ScheduleId),
    Archive(ArchiveId),
    Replay(ReplayId),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Timer {
    pub due: Timestamp,
    pub what: What,
}

/// [`What`] as it is written.
#[derive(Serialize, Deserialize)]
enum Written {
    Rule { account: String, region: String, bus: String, rule: String },
    Schedule { account: String, region: String, group: String, schedule: String },
    Archive { account: String, region: String, archive: String },
    Replay { account: String, region: String, replay: String },
}

impl Timer {
    pub fn set(&self, tx: &mut Tx) {
        tx.put(self.key(), row::encode(LAYOUT, &self.what.written()));
    }

    pub fn unset(&self, tx: &mut Tx) {
        tx.delete(self.key());
    }

    /// Whether it has neither fired nor been unset.
    pub fn is_set(&self, read: &mut impl Read) -> Result<bool, store::Error> {
        Ok(read.get(&self.key())?.is_some())
    }

    pub fn key(&self) -> Vec<u8> {
        let what = serde_json::to_string(&self.what.written()).expect("names are JSON");
        Key::global(TIMERS).signed(self.due.millis()).text(&what).build()
    }

    /// What decides which node fires it.
    pub fn shard(&self) -> ShardId {
        ShardId::of(&Key::global(TIMERS).text(&self.what.to_string()).build())
    }

    fn parse(key: &[u8], row: &[u8]) -> Result<Timer, Unreadable> {
        let unreadable =
            || Unreadable { row: "timer", layout: Some(LAYOUT), reason: "its key has another form".to_owned() };
        let due = Parser::after(&all(), key).and_then(|mut rest| rest.signed()).ok_or_else(unreadable)?;
        let written: Written = row::decode("timer", LAYOUT, row)?;
        let what = What::read(&written).ok_or_else(unreadable)?;
        Ok(Timer { due: Timestamp::from_millis(due), what })
    }
}

impl What {
    fn written(&self) -> Written {
        match self {
            What::Rule(id) => Written::Rule {
                account: id.bus.scope.account.to_string(),
                region: id.bus.scope.region.to_string(),
                bus: id.bus.name.to_string(),
                rule: id.name.to_string(),
            },
            What::Schedule(id) => Written::Schedule {
                account: id.group.scope.account.to_string(),
                region: id.group.scope.region.to_string(),
                group: id.group.name.to_string(),
                schedule: id.name.to_string(),
            },
            What::Archive(id) => Written::Archive {
                account: id.scope.account.to_string(),
                region: id.scope.region.to_string(),
                archive: id.name.to_string(),
            },
            What::Replay(id) => Written::Replay {
                account: id.scope.account.to_string(),
                region: id.scope.region.to_string(),
                replay: id.name.to_string(),
            },
        }
    }

    fn read(written: &Written) -> Option<What> {
        match written {
            Written::Rule { account, region, bus, rule } => {
                let bus = BusId { scope: scope(account, region)?, name: BusName::parse(bus).ok()? };
                Some(What::Rule(RuleId { bus, name: RuleName::parse(rule).ok()? }))
            }
            Written::Schedule { account, region, group, schedule } => {
                let group = GroupId { scope: scope(account, region)?, name: Name::parse(group).ok()? };
                Some(What::Schedule(ScheduleId { group, name: Name::parse(schedule).ok()? }))
            }
            Written::Archive { account, region, archive } => {
                let name = RuleName::parse(archive).ok()?;
                Some(What::Archive(ArchiveId { scope: scope(account, region)?, name }))
            }
            Written::Replay { account, region, replay } => {
                let name = RuleName::parse(replay).ok()?;
                Some(What::Replay(ReplayId { scope: scope(account, region)?, name }))
            }
        }
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            What::Rule(id) => write!(out, "rule {id}"),
            What::Schedule(id) => write!(out, "schedule {id}"),
            What::Archive(id) => write!(out, "archive {id}"),
            What::Replay(id) => write!(out, "replay {id}"),
        }
    }
}

fn scope(account: &str, region: &str) -> Option<Scope> {
    Some(Scope { account: AccountId::parse(account).ok()?, region: Region::parse(region).ok()? })
}

/// The prefix of all timers.
pub(crate) fn all() -> Vec<u8> {
    Key::global(TIMERS).build()
}

/// The first timers of a range. What cannot be read is passed over.
pub(crate) fn scan(read: &mut impl Read, range: Range, limit: usize) -> Result<Vec<Timer>, store::Error> {
    let rows = read.scan(range, Order::Forward, limit)?;
    let timers = rows.iter().filter_map(|(key, row)| {
        Timer::parse(key, row).inspect_err(|error| tracing::error!(%error, "a timer cannot be read")).ok()
    });
    Ok(timers.collect())
}
