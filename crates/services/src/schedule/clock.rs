//! When a schedule is due next.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::Timestamp;

use super::Settings;
use crate::timer::{Expression, Zone};

/// The next time of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Clock {
    /// What a rate is counted from.
    base_millis: i64,
    /// The time that its expression says.
    due_millis: i64,
    /// Within its window.
    fires_millis: i64,
}

impl Clock {
    /// The first time of a schedule that is set now; none if it is off or has no time left.
    pub fn begin(settings: &Settings, now: Timestamp, random: [u8; 16]) -> Option<Clock> {
        let start = settings.start_millis.map_or(now, Timestamp::from_millis);
        Clock::after(settings, start, now, random)
    }

    /// The time after this one. What was missed is not made up for: it lies ahead.
    pub fn go_on(self, settings: &Settings, now: Timestamp, random: [u8; 16]) -> Option<Clock> {
        Clock::after(settings, Timestamp::from_millis(self.base_millis), now.max(self.due()), random)
    }

    fn after(settings: &Settings, base: Timestamp, after: Timestamp, random: [u8; 16]) -> Option<Clock> {
        if !settings.enabled {
            return None;
        }
        let expression = Expression::parse(&settings.expression).ok()?;
        let zone = Zone::named(&settings.zone)?;
        let due = match expression {
            // It has no use for the two dates.
            Expression::At(_) => expression.next(&zone, base, after),
            Expression::Rate(_) | Expression::Cron(_) => {
                let after = after.max(base - Duration::from_millis(1));
                let end = settings.end_millis.map(Timestamp::from_millis);
                expression.next(&zone, base, after).filter(|due| end.is_none_or(|end| *due <= end))
            }
        }?;
        let fires = due + within(settings.window_mins, random);
        Some(Clock { base_millis: base.millis(), due_millis: due.millis(), fires_millis: fires.millis() })
    }

    pub fn due(self) -> Timestamp {
        Timestamp::from_millis(self.due_millis)
    }

    pub fn fires(self) -> Timestamp {
        Timestamp::from_millis(self.fires_millis)
    }
}

/// Any moment of the window.
fn within(window_mins: Option<u32>, random: [u8; 16]) -> Duration {
    let window = Duration::from_secs(60 * u64::from(window_mins.unwrap_or(0)));
    let [a, b, c, d, ..] = random;
    let part = f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX);
    Duration::from_millis(u64::try_from(window.mul_f64(part).as_millis()).unwrap_or(0))
}
