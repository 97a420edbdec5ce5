//! `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)` and `at(2026-11-24T09:00:00)`.
//!
//! Source: EventBridge User Guide, "Setting a schedule pattern", and EventBridge Scheduler User Guide, "Schedule types"
//! (read 2026-11-24).

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use store::Timestamp;

use super::cron::Cron;

/// Clocks are not set back by more: what is due after an instant shows no earlier time than the instant, less this.
///
/// Source: the IANA database; the line of the date is crossed forward only, or by skipping a day.
const SET_BACK_MAX: Duration = Duration::from_secs(3 * 3_600);

/// Not an expression of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a rate, cron or at expression")]
pub struct Invalid;

/// When something is due.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// Again and again, so long apart.
    Rate(Duration),
    /// Whenever the clock on the wall shows such a time.
    Cron(Cron),
    /// Once, when the clock on the wall shows this time.
    At(DateTime),
}

/// A clock on a wall: a zone of the IANA database.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    pub fn utc() -> Zone {
        Zone(TimeZone::UTC)
    }

    pub fn named(name: &str) -> Option<Zone> {
        TimeZone::get(name).ok().map(Zone)
    }

    /// When the clock shows this time: the first of two instants, or none where it skips the time.
    fn instant(&self, shown: DateTime) -> Option<Timestamp> {
        let ambiguous = self.0.to_ambiguous_timestamp(shown);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => None,
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                ambiguous.earlier().ok().map(|instant| Timestamp::from_millis(instant.as_millisecond()))
            }
        }
    }

    fn shows(&self, at: Timestamp) -> Option<DateTime> {
        Some(self.0.to_datetime(jiff::Timestamp::from_millisecond(at.millis()).ok()?))
    }
}

impl Expression {
    pub fn parse(text: &str) -> Result<Expression, Invalid> {
        let (kind, rest) = text.split_once('(').ok_or(Invalid)?;
        let inner = rest.strip_suffix(')').ok_or(Invalid)?;
        match kind {
            "rate" => rate(inner).map(Expression::Rate),
            "cron" => Cron::parse(inner).map(Expression::Cron),
            "at" => at(inner).map(Expression::At),
            _ => Err(Invalid),
        }
    }

    /// The first time after `after` at which it is due; a rate is counted from `base`, which is due itself. A time that
    /// the clock shows twice is due once, one that it skips is not.
    ///
    /// Source for both: EventBridge Scheduler User Guide, "Daylight saving time" (read 2026-11-24).
    pub fn next(&self, zone: &Zone, base: Timestamp, after: Timestamp) -> Option<Timestamp> {
        match self {
            Expression::Rate(_) if after < base => Some(base),
            Expression::Rate(every) => {
                let passed = after.since(base).as_nanos() / every.as_nanos();
                Some(base + every.saturating_mul(u32::try_from(passed + 1).ok()?))
            }
            Expression::Cron(cron) => {
                let from = zone.shows(after - SET_BACK_MAX)?;
                cron.shown_from(from).filter_map(|shown| zone.instant(shown)).find(|due| *due > after)
            }
            Expression::At(shown) => zone.instant(*shown).filter(|due| *due > after),
        }
    }
}

fn rate(text: &str) -> Result<Duration, Invalid> {
    let (number, unit) = text.split_once(' ').ok_or(Invalid)?;
    let seconds = match unit.trim() {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3_600,
        "day" | "days" => 86_400,
        _ => return Err(Invalid),
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = number.parse().ok().filter(|number| digits && *number > 0).ok_or(Invalid)?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

/// `yyyy-mm-ddThh:mm:ss`, to the second.
fn at(text: &str) -> Result<DateTime, Invalid> {
    let shape = |(wanted, found): (u8, u8)| match wanted {
        b'0' => found.is_ascii_digit(),
        _ => wanted == found,
    };
    let form = b"0000-00-00T00:00:00";
    match text.len() == form.len() && form.iter().copied().zip(text.bytes()).all(shape) {
        true => text.parse().map_err(|_| Invalid),
        false => Err(Invalid),
    }
}
