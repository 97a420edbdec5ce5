use std::time::Duration;

use store::Timestamp;

use super::Settings;
use super::Target;
use super::clock::Clock;
use crate::bus::rule::{Receiver, Retry};

fn settings(expression: &str, zone: &str) -> Settings {
    Settings {
        expression: expression.to_owned(),
        zone: zone.to_owned(),
        start_millis: None,
        end_millis: None,
        enabled: true,
        window_mins: None,
        deleted_when_over: false,
        description: None,
        kms_key: None,
        target: Target {
            arn: String::new(),
            role: String::new(),
            input: None,
            receiver: Receiver::Unserved,
            document: None,
            group: None,
            partition_key: None,
            event: None,
            dead_letter: None,
            retry: Retry { attempts: None, age_secs: None },
        },
    }
}

fn at(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().expect("a time");
    Timestamp::from_millis(instant.as_millisecond())
}

/// The times that follow `now`, each looked at when it has come.
fn times(settings: &Settings, now: &str, count: usize) -> Vec<String> {
    let mut clock = Clock::begin(settings, at(now), [0; 16]);
    let mut times = Vec::new();
    while let Some(next) = clock.filter(|_| times.len() < count) {
        times.push(crate::bus::event::iso(next.due()));
        clock = next.go_on(settings, next.fires(), [0; 16]);
    }
    times
}

#[test]
fn schedules_follow_their_expression_zone_and_dates() {
    let start = |text: &str, settings: Settings| Settings { start_millis: Some(at(text).millis()), ..settings };
    let end = |text: &str, settings: Settings| Settings { end_millis: Some(at(text).millis()), ..settings };
    let rate = settings("rate(1 hour)", "UTC");
    let cron = settings("cron(30 2 * * ? *)", "Europe/Berlin");
    let once = settings("at(2026-03-01T09:00:00)", "America/New_York");
    let now = "2026-03-01T10:15:00Z";
    for (settings, now, wanted) in [
        (rate.clone(), now, vec!["2026-03-01T11:15:00Z", "2026-03-01T12:15:00Z"]),
        (start("2026-03-02T00:00:00Z", rate.clone()), now, vec!["2026-03-02T00:00:00Z", "2026-03-02T01:00:00Z"]),
        (end("2026-03-01T12:00:00Z", rate.clone()), now, vec!["2026-03-01T11:15:00Z"]),
        (Settings { enabled: false, ..rate }, now, vec![]),
        // The clock skips half past two on the 29th, and shows it twice on the 25th of October.
        (cron.clone(), "2026-03-27T12:00:00Z", vec!["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"]),
        (cron, "2026-10-24T12:00:00Z", vec!["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        (once.clone(), now, vec!["2026-03-01T14:00:00Z"]),
        (once, "2026-03-01T15:00:00Z", vec![]),
    ] {
        assert_eq!(times(&settings, now, 2), wanted, "{} in {}", settings.expression, settings.zone);
    }
}

#[test]
fn a_window_moves_the_moment_and_not_the_time() {
    let settings = Settings { window_mins: Some(10), ..settings("rate(1 hour)", "UTC") };
    let now = at("2026-03-01T00:00:00Z");
    let due = at("2026-03-01T01:00:00Z");
    for (random, after) in [([0; 16], 0), ([255; 16], 600)] {
        let clock = Clock::begin(&settings, now, random).expect("it is on");
        assert_eq!((clock.due(), clock.fires()), (due, due + Duration::from_secs(after)));
    }
}

#[test]
fn times_that_were_missed_are_one() {
    let settings = settings("rate(1 minute)", "UTC");
    let first = Clock::begin(&settings, at("2026-03-01T00:00:00Z"), [0; 16]).expect("it is on");
    let next = first.go_on(&settings, at("2026-03-01T05:00:30Z"), [0; 16]).expect("it goes on");
    assert_eq!(next.due(), at("2026-03-01T05:01:00Z"));
}
