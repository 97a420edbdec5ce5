use std::time::Duration;

use proptest::prelude::*;
use store::Timestamp;

use super::{Expression, Zone};

fn instant(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().expect("an instant");
    Timestamp::from_millis(instant.as_millisecond())
}

fn shown(at: Option<Timestamp>) -> String {
    let shown = |at: Timestamp| jiff::Timestamp::from_millisecond(at.millis()).expect("in range").to_string();
    at.map_or_else(|| "-".to_owned(), shown)
}

/// The next times after an instant, which a rate is counted from, too.
#[track_caller]
fn check(expression: &str, zone: &str, after: &str, wanted: &[&str]) {
    let parsed = Expression::parse(expression).expect(expression);
    let zone = Zone::named(zone).expect("a zone");
    let base = instant(after);
    let mut last = base;
    for wanted in wanted {
        let next = parsed.next(&zone, base, last);
        assert_eq!(shown(next), *wanted, "{expression}");
        last = next.unwrap_or(last);
    }
}

#[test]
fn expressions_are_due_when_they_say() {
    for (expression, wanted) in [
        ("rate(1 minute)", ["2026-11-24T09:31:15Z", "2026-11-24T09:32:15Z"]),
        ("rate(2 hours)", ["2026-11-24T11:30:15Z", "2026-11-24T13:30:15Z"]),
        ("rate(7 days)", ["2026-12-01T09:30:15Z", "2026-12-08T09:30:15Z"]),
        ("cron(* * * * ? *)", ["2026-11-24T09:31:00Z", "2026-11-24T09:32:00Z"]),
        ("cron(0/15 * * * ? *)", ["2026-11-24T09:45:00Z", "2026-11-24T10:00:00Z"]),
        ("cron(0 10 * * ? *)", ["2026-11-24T10:00:00Z", "2026-11-25T10:00:00Z"]),
        ("cron(15 12 ? * 2-6 *)", ["2026-11-24T12:15:00Z", "2026-11-25T12:15:00Z"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-11-24T18:00:00Z", "2026-11-25T18:00:00Z"]),
        ("cron(0 8 1 * ? *)", ["2026-12-01T08:00:00Z", "2027-01-01T08:00:00Z"]),
        ("cron(0/5 8-17 ? * sat *)", ["2026-11-28T08:00:00Z", "2026-11-28T08:05:00Z"]),
        ("cron(0 0 L * ? *)", ["2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z"]),
        ("cron(0 0 LW FEB,MAR ? *)", ["2027-02-26T00:00:00Z", "2027-03-31T00:00:00Z"]),
        ("cron(0 0 1W * ? *)", ["2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"]),
        ("cron(0 0 15W 5,8 ? *)", ["2027-05-14T00:00:00Z", "2027-08-16T00:00:00Z"]),
        ("cron(0 0 ? * 6L *)", ["2026-11-27T00:00:00Z", "2026-12-25T00:00:00Z"]),
        ("cron(0 0 ? * L *)", ["2026-11-28T00:00:00Z", "2026-12-05T00:00:00Z"]),
        ("cron(0 0 ? * 3#2 *)", ["2026-12-08T00:00:00Z", "2027-01-12T00:00:00Z"]),
        ("cron(0 0 ? * FRI-SUN *)", ["2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
        ("cron(0 0 30 2 ? *)", ["-", "-"]),
        ("cron(0 0 1 1 ? 2030-2031)", ["2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"]),
        ("cron(0 0 1 1 ? 2020)", ["-", "-"]),
        ("at(2026-11-24T09:30:16)", ["2026-11-24T09:30:16Z", "-"]),
        ("at(2026-11-24T09:30:15)", ["-", "-"]),
    ] {
        check(expression, "UTC", "2026-11-24T09:30:15Z", &wanted);
    }
}

#[test]
fn a_clock_that_is_set_skips_what_it_does_not_show_and_repeats_nothing() {
    // In Berlin 2:00 to 3:00 is missing on 2026-03-29 and comes twice on 2026-10-25.
    check("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T12:00:00Z", &["2026-03-30T00:30:00Z"]);
    check(
        "cron(30 2 * * ? *)",
        "Europe/Berlin",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    );
    check(
        "cron(0 9 * * ? *)",
        "America/New_York",
        "2026-03-07T00:00:00Z",
        &["2026-03-07T14:00:00Z", "2026-03-08T13:00:00Z"],
    );
    check("at(2026-03-29T02:30:00)", "Europe/Berlin", "2026-01-01T00:00:00Z", &["-"]);
    check("at(2026-10-25T02:30:00)", "Europe/Berlin", "2026-01-01T00:00:00Z", &["2026-10-25T00:30:00Z"]);
    // The day line.
    check("cron(0 0 1 * ? *)", "Pacific/Kiritimati", "2026-11-24T00:00:00Z", &["2026-11-30T10:00:00Z"]);
    check("cron(0 0 1 * ? *)", "Pacific/Pago_Pago", "2026-11-24T00:00:00Z", &["2026-12-01T11:00:00Z"]);
}

#[test]
fn what_is_no_expression_is_refused() {
    for text in [
        "",
        "rate",
        "rate()",
        "rate(5)",
        "rate(0 minutes)",
        "rate(-1 minutes)",
        "rate(1.5 hours)",
        "rate(5 seconds)",
        "rate(5 minutes",
        "Rate(5 minutes)",
        "cron(* * * * *)",
        "cron(* * * * * *)",
        "cron(* * ? * ? *)",
        "cron(60 * * * ? *)",
        "cron(* 24 * * ? *)",
        "cron(* * 0 * ? *)",
        "cron(* * 32 * ? *)",
        "cron(* * * 13 ? *)",
        "cron(* * ? * 8 *)",
        "cron(* * ? * 0 *)",
        "cron(* * ? * FOO *)",
        "cron(* * * * ? 1969)",
        "cron(* * * * ? 2200)",
        "cron(* * ? * 2#6 *)",
        "cron(*/0 * * * ? *)",
        "cron(? * * * ? *)",
        "cron(1- * * * ? *)",
        "cron(, * * * ? *)",
        "cron(* * * * ?)",
        "at(2026-11-24)",
        "at(2026-13-24T09:30:00)",
        "at(2026-11-24T09:30:00Z)",
        "every(5 minutes)",
    ] {
        assert!(Expression::parse(text).is_err(), "{text}");
    }
    assert!(Zone::named("Europe/Atlantis").is_none());
}

fn field(from: u16, to: u16) -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        (from..=to).prop_map(|value| value.to_string()),
        (from..=to, 1_u16..20).prop_map(|(value, step)| format!("{value}/{step}")),
        (from..=to, from..=to).prop_map(|(one, other)| format!("{},{}", one, other)),
    ]
}

proptest! {
    /// Between two times that are due there is none, and the second is due from every instant in between.
    #[test]
    fn the_next_time_is_the_first(
        minutes in field(0, 59), hours in field(0, 23), days in field(1, 28), months in field(1, 12),
        zone in prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("Australia/Lord_Howe"), Just("America/St_Johns")],
        start in 1_700_000_000_000_i64..1_900_000_000_000, between in 0.0..1.0_f64,
    ) {
        let text = format!("cron({minutes} {hours} {days} {months} ? *)");
        let expression = Expression::parse(&text).expect("an expression");
        let zone = Zone::named(zone).expect("a zone");
        let start = Timestamp::from_millis(start);
        let next = expression.next(&zone, start, start).expect("within a year or two");
        prop_assert!(next > start);
        prop_assert_eq!(next.millis() % 60_000, 0);
        let inside = start + Duration::from_millis((next.since(start).as_millis() as f64 * between) as u64);
        if inside < next {
            prop_assert_eq!(expression.next(&zone, start, inside), Some(next));
        }
    }

    #[test]
    fn any_text_is_an_expression_or_is_refused(text in "(cron|rate|at)\\([0-9*?/,LW# A-Z-]{0,16}\\)") {
        if let Ok(expression) = Expression::parse(&text) {
            let start = Timestamp::from_millis(1_764_000_000_000);
            prop_assert!(expression.next(&Zone::utc(), start, start).is_none_or(|next| next > start));
        }
    }
}
