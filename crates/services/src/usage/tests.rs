use std::sync::Arc;
use std::time::Duration;

use store::{Store, Timestamp};

use super::price::{PriceSheet, gib_seconds};
use super::*;
use crate::invoke::fake;

#[test]
fn init_is_billed_and_a_begun_millisecond_is_a_whole_one() {
    let cases = [(0, 0, 1), (1, 0, 1), (1_000, 0, 1), (1_001, 0, 2), (5_000_000, 578_070, 5_579), (1_500, 1_500, 3)];
    for (duration, init, wanted) in cases {
        let report = Report {
            duration: Duration::from_micros(duration),
            init: (init > 0).then_some(Duration::from_micros(init)),
            ..Report::default()
        };
        assert_eq!(billed(&report), Duration::from_millis(wanted), "{duration} us after an init of {init} us");
    }
}

#[tokio::test]
async fn what_was_added_is_found_by_minute_and_function_and_flushes_add_up() {
    let store = Store::memory();
    let meter = Meter::default();
    let (resize, mail) = (Arc::new(fake::version("resize", "r1")), Arc::new(fake::version("mail", "r2")));
    let report = Report { duration: Duration::from_micros(1_500), cpu: Duration::from_micros(9), ..Report::default() };
    let counts = Counts::of_invocation(&report, 256);
    for (function, second) in [(&resize, 0), (&resize, 59), (&mail, 59), (&resize, 60), (&mail, 121)] {
        meter.add(function, at(second), &counts);
        meter.flush(&store).await.expect("the memory engine takes it");
    }
    meter.add(&resize, at(61), &Counts::THROTTLED);
    meter.flush(&store).await.expect("the memory engine takes it");

    let cases = [
        (0, 180, None, "mail requests=2 throttles=0, resize requests=3 throttles=1"),
        (0, 60, None, "mail requests=1 throttles=0, resize requests=2 throttles=0"),
        (1, 180, None, "mail requests=1 throttles=0, resize requests=1 throttles=1"),
        (0, 180, Some("mail"), "mail requests=2 throttles=0"),
        (240, 300, None, ""),
    ];
    for (from, to, function, wanted) in cases {
        let query = Query {
            account: resize.account.clone(),
            region: resize.region.clone(),
            from: at(from),
            to: at(to),
            function: function.map(|name| FunctionName::parse(name).expect("a name")),
        };
        let totals = store.read(|read| totals(read, &query)).expect("rows read");
        let shown: Vec<String> = totals
            .iter()
            .map(|((name, _), sum)| format!("{name} requests={} throttles={}", sum.requests, sum.throttles))
            .collect();
        assert_eq!(shown.join(", "), wanted, "{from} to {to}");
    }
}

#[test]
fn a_sheet_prices_as_lambda_s_example_does() {
    // The pricing page's example of 3 million requests of 120 ms at 1536 MB, without its free tier.
    let counts = Counts {
        requests: 3_000_000,
        billed_millis: 360_000_000,
        billed_mib_millis: 360_000_000 * 1536,
        ..Counts::default()
    };
    let sheet = PriceSheet { million_requests: 0.20, gib_second: 0.000_016_666_7, ..PriceSheet::default() };
    assert_eq!(gib_seconds(&counts), 540_000.0);
    assert_eq!(format!("{:.2}", sheet.cost(&counts).compute), "9.00");
    assert_eq!(format!("{:.2}", sheet.cost(&counts).total()), "9.60");
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}
