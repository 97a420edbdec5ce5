//! The one way in which signatures write time: `20261124T130000Z`.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// A second, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Timestamp);

impl Instant {
    pub fn now() -> Instant {
        Instant(Timestamp::now())
    }

    pub fn parse(text: &str) -> Option<Instant> {
        let civil = DateTime::strptime(FORMAT, text).ok()?;
        Some(Instant(civil.to_zoned(TimeZone::UTC).ok()?.timestamp()))
    }

    /// A `Date` header in the form of RFC 2822.
    pub fn parse_http(text: &str) -> Option<Instant> {
        jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(Instant)
    }

    pub fn date(self) -> String {
        self.0.strftime("%Y%m%d").to_string()
    }

    pub fn plus_minutes(self, minutes: i64) -> Instant {
        self.plus_seconds(minutes.saturating_mul(60))
    }

    /// Stays at the end of time where there is no later one.
    pub fn plus_seconds(self, seconds: i64) -> Instant {
        Instant(self.0.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0.strftime(FORMAT))
    }
}
