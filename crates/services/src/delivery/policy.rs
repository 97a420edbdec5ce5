//! How often, how long and in what portions something is delivered: policies as data, and the arithmetic on them.

use std::time::Duration;

use store::Timestamp;

/// When to try again, and when to give up.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Retry {
    /// Attempts after the first that failed; without a number until it is too old.
    pub retries_max: Option<u32>,
    /// From the moment at which it came; without one for ever.
    pub age_max: Option<Duration>,
    /// Waits after the target failed.
    pub after_failure: Backoff,
    /// Waits after the platform failed.
    pub after_outage: Backoff,
}

/// Delays that double from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Backoff {
    pub first: Duration,
    pub last: Duration,
    /// Half of each delay is left to chance, so that what failed together does not come back together.
    pub jitter: bool,
}

/// What was tried so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tries {
    /// When it came.
    pub since: Timestamp,
    /// How often the target has failed with it.
    pub failures: u32,
    /// How often the platform has failed with it.
    pub outages: u32,
}

/// What went wrong this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The target failed: an attempt that counts.
    Target,
    /// The platform failed: tried again until it is too old.
    Platform,
}

/// What becomes of what could not be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Again(Timestamp),
    Over(End),
}

/// How something came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Delivered,
    RetriesExhausted,
    /// It is too old, or would be at the next attempt.
    TooOld,
    /// The target takes nothing: a function whose reservation is zero.
    TurnedOff,
    /// The target is gone, and with it who would want to know.
    Gone,
}

impl Retry {
    pub fn is_too_old(&self, since: Timestamp, now: Timestamp) -> bool {
        self.age_max.is_some_and(|age_max| now.since(since) > age_max)
    }

    /// The first moment at which it is too old.
    pub fn expires(&self, since: Timestamp) -> Option<Timestamp> {
        Some(since + self.age_max? + Duration::from_millis(1))
    }

    /// `tries` are those before this one; `random` is spread evenly.
    pub fn next(&self, tries: &Tries, trouble: Trouble, now: Timestamp, random: u64) -> Next {
        let delay = match trouble {
            Trouble::Target if self.retries_max.is_some_and(|max| tries.failures >= max) => {
                return Next::Over(End::RetriesExhausted);
            }
            Trouble::Target => self.after_failure.delay(tries.failures, random),
            Trouble::Platform => self.after_outage.delay(tries.outages, random),
        };
        // Later than now, so that what is put back never lies before what was taken already.
        let at = now + delay.max(Duration::from_millis(1));
        match self.is_too_old(tries.since, at) {
            true => Next::Over(End::TooOld),
            false => Next::Again(at),
        }
    }
}

impl Backoff {
    /// The delay after so many earlier ones.
    pub fn delay(&self, earlier: u32, random: u64) -> Duration {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(earlier).unwrap_or(u32::MAX)).min(self.last);
        match self.jitter {
            true => doubled / 2 + (doubled / 2).mul_f64(random as f64 / u64::MAX as f64),
            false => doubled,
        }
    }

    pub fn scaled(self, scale: f64) -> Backoff {
        Backoff { first: self.first.mul_f64(scale), last: self.last.mul_f64(scale), ..self }
    }
}

/// How many records go to the target at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Batching {
    pub size_max: usize,
    pub bytes_max: usize,
    /// How long a batch that is not full waits for more.
    pub window: Duration,
}

/// Whether a batch can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    /// So many of the records.
    Now(usize),
    /// All that are there, once it is that late; more may come until then.
    At(Timestamp),
    /// There is nothing.
    Never,
}

impl Batching {
    /// `records` gives bytes and time of what is there, the oldest first.
    pub fn ready(&self, records: impl Iterator<Item = (usize, Timestamp)>, now: Timestamp) -> Ready {
        let (mut count, mut sum, mut oldest) = (0, 0, None);
        for (bytes, at) in records {
            // A record that is larger than a batch goes alone.
            if count == self.size_max || (count > 0 && sum + bytes > self.bytes_max) {
                return Ready::Now(count);
            }
            count += 1;
            sum += bytes;
            oldest = oldest.or(Some(at));
        }
        match oldest.map(|oldest| oldest + self.window) {
            None => Ready::Never,
            Some(end) if count < self.size_max && end > now => Ready::At(end),
            Some(_) => Ready::Now(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    const LAMBDA: Retry = Retry {
        retries_max: Some(2),
        age_max: Some(Duration::from_secs(21_600)),
        after_failure: Backoff { first: Duration::from_secs(60), last: Duration::from_secs(120), jitter: false },
        after_outage: Backoff { first: Duration::from_secs(1), last: Duration::from_secs(300), jitter: false },
    };

    #[test]
    fn a_target_that_fails_is_tried_after_one_minute_and_two_and_given_up() {
        let next = |failures| LAMBDA.next(&Tries { since: at(0), failures, outages: 9 }, Trouble::Target, at(10), 0);
        assert_eq!([0, 1, 2].map(next), [Next::Again(at(70)), Next::Again(at(130)), Next::Over(End::RetriesExhausted)]);
    }

    #[test]
    fn a_platform_that_fails_is_tried_ever_later_until_the_event_is_too_old() {
        let next =
            |outages, now| LAMBDA.next(&Tries { since: at(0), failures: 2, outages }, Trouble::Platform, at(now), 0);
        assert_eq!(next(0, 0), Next::Again(at(1)));
        assert_eq!(next(3, 0), Next::Again(at(8)));
        assert_eq!(next(60, 0), Next::Again(at(300)));
        assert_eq!(next(60, 21_299), Next::Again(at(21_599)));
        assert_eq!(next(60, 21_301), Next::Over(End::TooOld));
        assert!(!LAMBDA.is_too_old(at(0), at(21_600)) && LAMBDA.is_too_old(at(0), at(21_601)));
    }

    #[test]
    fn chance_takes_at_most_half_of_a_delay() {
        let backoff = Backoff { first: Duration::from_secs(8), last: Duration::from_secs(8), jitter: true };
        assert_eq!(backoff.delay(0, 0), Duration::from_secs(4));
        assert_eq!(backoff.delay(5, u64::MAX), Duration::from_secs(8));
    }

    #[test]
    fn a_batch_goes_when_it_is_full_or_its_window_is_over() {
        let batching = Batching { size_max: 3, bytes_max: 10, window: Duration::from_secs(5) };
        for (bytes, now, wanted) in [
            (&[][..], 9, Ready::Never),
            (&[1, 1], 0, Ready::At(at(5))),
            (&[1, 1], 5, Ready::Now(2)),
            (&[1, 1, 1], 0, Ready::Now(3)),
            (&[1, 1, 1, 1], 0, Ready::Now(3)),
            (&[6, 6], 0, Ready::Now(1)),
            (&[11, 1], 0, Ready::Now(1)),
        ] {
            let records = bytes.iter().map(|&bytes| (bytes, at(0)));
            assert_eq!(batching.ready(records, at(now)), wanted, "{bytes:?} at {now}");
        }
    }
}
