//! Object lock: versions that nobody may delete before their time.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::Timestamp;

use super::Error;
use super::object::Object;

/// Whether anybody may end a retention before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Those with the right to.
    Governance,
    Compliance,
}

/// Until when a version is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    pub mode: Mode,
    until_millis: i64,
}

impl Retention {
    pub fn new(mode: Mode, until: Timestamp) -> Retention {
        Retention { mode, until_millis: until.millis() }
    }

    pub fn until(&self) -> Timestamp {
        Timestamp::from_millis(self.until_millis)
    }
}

/// What a bucket gives to new versions that bring no retention of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultRetention {
    pub mode: Mode,
    pub period: Period,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    Days(u32),
    Years(u32),
}

impl DefaultRetention {
    pub(super) fn from(&self, now: Timestamp) -> Retention {
        let days = match self.period {
            Period::Days(days) => u64::from(days),
            Period::Years(years) => u64::from(years) * 365,
        };
        Retention::new(self.mode, now + Duration::from_secs(days * 24 * 3600))
    }
}

/// Whether a version may be deleted now. `bypass` is whether the caller may, and asks to, pass over governance mode.
pub(super) fn may_delete(object: &Object, now: Timestamp, bypass: bool) -> Result<(), Error> {
    let kept = match object.about.retention {
        Some(retention) if retention.until() > now => retention.mode == Mode::Compliance || !bypass,
        Some(_) | None => false,
    };
    match kept || object.about.legal_hold {
        true => Err(Error::Locked),
        false => Ok(()),
    }
}

/// Whether a retention may take the place of another.
pub(super) fn may_change(
    old: Option<Retention>,
    new: Option<Retention>,
    now: Timestamp,
    bypass: bool,
) -> Result<(), Error> {
    let Some(old) = old.filter(|old| old.until() > now) else { return Ok(()) };
    let longer = new.is_some_and(|new| new.until() >= old.until());
    let same_mode = new.is_some_and(|new| new.mode == old.mode || new.mode == Mode::Compliance);
    match old.mode {
        _ if longer && same_mode => Ok(()),
        Mode::Governance if bypass => Ok(()),
        Mode::Governance => Err(Error::Locked),
        Mode::Compliance => Err(Error::RetentionShortened),
    }
}
