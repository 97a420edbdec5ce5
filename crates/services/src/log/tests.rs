use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use store::clock::ManualClock;
use store::{Order, Store, Timestamp};

use super::group::{self, Settings};
use super::put::{NewEvent, Rejected, put};
use super::read::{Follow, Place, Query, Streams, events, groups, streams};
use super::*;
use crate::invoke::fake;
use crate::run::{End, EnvironmentId, FunctionVersion, Kind, Observer as _, Report, RequestId, Trace};

const START: Timestamp = Timestamp::from_millis(1_764_000_000_000);

struct Log {
    store: Store,
    clock: Arc<ManualClock>,
}

impl Log {
    fn new() -> Log {
        let clock = Arc::new(ManualClock::at(START));
        Log { store: Store::memory_with(clock.clone(), 1), clock }
    }

    fn recorder(&self, function: &str, request: &str) -> Recorder {
        let trace = Trace { trace: [0x57; 16], span: [1; 8], parent: None, sampled: false };
        let version = Arc::new(FunctionVersion { kind: Kind::Component, ..fake::version(function, "r") });
        Recorder::new(self.store.clone(), version, RequestId(request.into()), trace, false)
    }

    /// One whole invocation in the environment `environment` that prints each of `output` a second after the last.
    fn invocation(&self, function: &str, request: &str, environment: &str, output: &[&str]) {
        let recorder = self.recorder(function, request);
        recorder.placed(&EnvironmentId(environment.into()), false);
        recorder.invoked();
        for text in output {
            self.clock.advance(Duration::from_secs(1));
            recorder.wrote(Bytes::copy_from_slice(text.as_bytes()));
        }
        end(&recorder, End::Ok, None);
    }

    fn query(&self, function: &str) -> Query {
        let id = fake::id(function);
        Query {
            group: function_group(&id.scope.account, &id.scope.region, &id.name),
            streams: Streams::All,
            from: Timestamp::from_millis(0),
            to: Timestamp::from_millis(i64::MAX),
            order: Order::Forward,
            beyond: None,
            limit: 1_000,
        }
    }

    fn texts(&self, query: &Query) -> Vec<String> {
        events(&self.store, query).expect("the journal reads").events.into_iter().map(|event| event.text).collect()
    }
}

fn end(recorder: &Recorder, end: End, error_message: Option<&str>) {
    let report = Report {
        init: Some(Duration::from_micros(100_000)),
        duration: Duration::from_micros(1_234),
        memory_peak_bytes: 34 * 1024 * 1024 + 1,
        end,
        ..Report::default()
    };
    recorder.end(&Ended { report: &report, error_message });
}

/// The log of one invocation that starts cold, writes these pieces, and ends so.
fn log_of(pieces: &[&[u8]], how: End, error_message: Option<&str>) -> String {
    let log = Log::new();
    let recorder = log.recorder("f", "r-1");
    recorder.placed(&EnvironmentId("e1".into()), true);
    recorder.wrote(Bytes::from_static(b"importing"));
    recorder.invoked();
    for piece in pieces {
        recorder.wrote(Bytes::copy_from_slice(piece));
    }
    end(&recorder, how, error_message);
    log.texts(&log.query("f")).concat()
}

/// What the function writes, how it ends, what its error says, and the log after START.
type Case = (&'static [&'static [u8]], End, Option<&'static str>, String);

const REPORT: &str = "REPORT RequestId: r-1\tDuration: 1.23 ms\tBilled Duration: 102 ms\tMemory Size: 128 MB\tMax Memory Used: 35 MB\tInit Duration: 100.00 ms\t";

#[test]
fn the_platform_s_lines_are_lambda_s() {
    let before = "INIT_START Runtime Version: python3.12\nimporting\nSTART RequestId: r-1 Version: $LATEST\n";
    let cases: [Case; 5] = [
        (&[], End::Ok, None, format!("END RequestId: r-1\n{REPORT}\n")),
        (&[b"a\nb", b"c\n", b"\n", b"d"], End::Error, None, format!("a\nbc\n\nd\nEND RequestId: r-1\n{REPORT}\n")),
        (
            &[],
            End::TimedOut,
            Some("ignored"),
            format!(
                "2025-11-24T16:00:00.000Z r-1 Task timed out after 3.00 seconds\n\nEND RequestId: r-1\n{REPORT}Status: timeout\n"
            ),
        ),
        (
            &[],
            End::Crashed("Runtime.ExitError".into()),
            Some("RequestId: r-1 Error: Runtime exited with error: exit status 1"),
            format!(
                "RequestId: r-1 Error: Runtime exited with error: exit status 1\nRuntime.ExitError\nEND RequestId: r-1\n{REPORT}Status: error\tError Type: Runtime.ExitError\n"
            ),
        ),
        (
            &[b"\xff\n"],
            End::Crashed("Runtime.OutOfMemory".into()),
            None,
            format!(
                "\u{fffd}\nRequestId: r-1 Error: Runtime.OutOfMemory\nEND RequestId: r-1\n{REPORT}Status: error\tError Type: Runtime.OutOfMemory\n"
            ),
        ),
    ];
    for (pieces, how, message, wanted) in cases {
        assert_eq!(log_of(pieces, how, message), format!("{before}{wanted}"));
    }
}

#[test]
fn how_a_process_died_is_told_by_what_ran_it() {
    let log = Log::new();
    let process = Arc::new(fake::version("f", "r"));
    assert_eq!(process.kind, Kind::Process);
    let trace = Trace { trace: [0x57; 16], span: [1; 8], parent: None, sampled: true };
    let recorder = Recorder::new(log.store.clone(), process, RequestId("r-1".into()), trace, false);
    recorder.placed(&EnvironmentId("e1".into()), false);
    recorder.wrote(Bytes::from_static(b"its own words\n"));
    end(&recorder, End::Crashed("Runtime.ExitError".into()), Some("exit status 1"));
    let xray = "XRAY TraceId: 1-57575757-575757575757575757575757\tSegmentId: 0101010101010101\tSampled: true\t";
    assert_eq!(
        log.texts(&log.query("f")).concat(),
        format!("its own words\nEND RequestId: r-1\n{REPORT}Status: error\tError Type: Runtime.ExitError\n{xray}\n")
    );
}

#[test]
fn long_lines_are_cut_into_events_and_long_outputs_end() {
    let log = Log::new();
    let recorder = log.recorder("f", "r-1");
    recorder.placed(&EnvironmentId("e1".into()), false);
    recorder.wrote(Bytes::from(vec![b'x'; EVENT_BYTES_MAX + 10]));
    recorder.wrote(Bytes::from(vec![b'y'; OUTPUT_BYTES_MAX]));
    end(&recorder, End::Ok, None);
    let texts = log.texts(&log.query("f"));
    assert_eq!(texts[0].len(), EVENT_BYTES_MAX);
    assert!(texts[1].starts_with("xxxxxxxxxxyy") && texts[1].len() == EVENT_BYTES_MAX);
    let kept: usize = texts.iter().filter(|text| text.starts_with(['x', 'y'])).map(String::len).sum();
    let breaks = 1; // the one that ends the last line
    assert_eq!(kept, OUTPUT_BYTES_MAX + breaks);
    let cut = EVENT_BYTES_MAX + 10;
    assert!(
        texts.contains(&format!(
            "CUT RequestId: r-1 {cut} bytes of output were not kept: the limit is 10485760 bytes\n"
        ))
    );
}

#[tokio::test]
async fn the_tail_is_the_last_4_kib() {
    let log = Log::new();
    let recorder = log.recorder("f", "r-1");
    let tail = recorder.keep_tail();
    recorder.placed(&EnvironmentId("e1".into()), false);
    for _ in 0..10_000 {
        recorder.wrote(Bytes::from_static(b"123456789\n"));
    }
    end(&recorder, End::Ok, None);
    let tail = tail.ended().await;
    assert_eq!(tail.len(), TAIL_BYTES);
    assert!(tail.ends_with(format!("9\nEND RequestId: r-1\n{REPORT}\n").as_bytes()));

    let never = log.recorder("f", "r-2");
    let tail = never.keep_tail();
    end(&never, End::Ok, None);
    drop(never);
    assert!(tail.ended().await.is_empty(), "without an environment there is no log");
}

#[test]
fn pages_go_through_a_group_in_both_directions_without_gaps() {
    let log = Log::new();
    for number in 0..5 {
        log.invocation("f", &format!("r{number}"), "e1", &["a\n", "b\n"]);
        log.invocation("other", "r", "e9", &["never shown\n"]);
    }
    let whole = log.texts(&log.query("f"));
    assert_eq!(whole.len(), 5 * 5);
    for order in [Order::Forward, Order::Reverse] {
        for limit in [1, 2, 7, 25] {
            let mut query = Query { order, limit, ..log.query("f") };
            let mut seen = Vec::new();
            loop {
                let page = events(&log.store, &query).expect("the journal reads");
                let texts = page.events.iter().map(|event| event.text.clone());
                match order {
                    Order::Forward => seen.extend(texts),
                    Order::Reverse => drop(seen.splice(0..0, texts)),
                }
                let place = page.resume.expect("something was read");
                query.beyond = Place::parse(&place.to_string());
                assert_eq!(query.beyond, Some(place));
                if !page.more {
                    break;
                }
            }
            assert_eq!(seen, whole, "{order:?} by {limit}");
        }
    }
}

#[test]
fn events_are_found_by_stream_and_time() {
    let log = Log::new();
    log.invocation("f", "r1", "e1", &["a\n", "b\n"]);
    log.invocation("f", "r2", "e2", &["c\n"]);
    let only = |query: Query| {
        log.texts(&query).into_iter().filter(|text| text.len() == 2).collect::<String>().replace('\n', "")
    };
    let first = "2025/11/24/[$LATEST]e1";
    let cases = [
        (Streams::All, 0, 9, "abc"),
        (Streams::Prefix("2025/11/24/[$LATEST]e".to_owned()), 0, 9, "abc"),
        (Streams::Prefix(first.to_owned()), 0, 9, "ab"),
        (Streams::Named(vec![first.to_owned()]), 0, 9, "ab"),
        (Streams::Named(vec!["none".to_owned(), "2025/11/24/[$LATEST]e2".to_owned()]), 0, 9, "c"),
        (Streams::All, 2, 3, "b"),
        (Streams::All, 2, 9, "bc"),
        (Streams::All, 4, 9, ""),
    ];
    for (streams, from, to, wanted) in cases {
        let at = |second| START + Duration::from_secs(second);
        let found = only(Query { streams: streams.clone(), from: at(from), to: at(to), ..log.query("f") });
        assert_eq!(found, wanted, "{streams:?} from {from} to {to}");
    }
}

#[test]
fn streams_are_listed_by_name() {
    let log = Log::new();
    log.invocation("f", "r1", "e1", &["a\n", "b\n"]);
    log.invocation("f", "r2", "e2", &["c\n"]);
    log.invocation("f", "r3", "e1", &["d\n"]);
    let group = log.query("f").group;
    let found = streams(&log.store, &group, "2025/").expect("the journal reads");
    let seconds = |at: Option<Timestamp>| at.map(|at| at.since(START).as_secs());
    let shown: Vec<_> =
        found.iter().map(|found| (&found.name[20..], seconds(found.first), seconds(found.last))).collect();
    assert_eq!(shown, [("e1", Some(0), Some(4)), ("e2", Some(2), Some(3))]);
    assert_eq!(group::is_there(&log.store, &group), Ok(true));
    assert_eq!(group::is_there(&log.store, &log.query("never").group), Ok(false));
}

#[tokio::test]
async fn who_follows_sees_what_comes_after_the_end() {
    let log = Log::new();
    log.invocation("f", "r1", "e1", &["before\n"]);
    let query = Query { beyond: Some(Place::end(&log.store)), ..log.query("f") };
    let mut follow = Follow::new(log.store.clone(), query);
    let mut next = Box::pin(follow.next());
    assert!((&mut next).now_or_never().is_none());
    log.invocation("f", "r2", "e1", &["after\n"]);
    let seen = next.await.expect("the journal reads");
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|event| event.request_id.0.as_ref() == "r2" && event.trace == [0x57; 16]));
    assert_eq!(seen[1].text, "after\n");
}

#[test]
fn a_line_break_within_an_event_does_not_end_it() {
    let log = Log::new();
    let recorder = log.recorder("f", "r1");
    recorder.placed(&EnvironmentId("e".into()), false);
    for part in [&b"one\xff\x1e\n  two\xff"[..], b"\x1e\n  three\nfour\xff\x1e", b"\n", b"\nfive \xff\n\xff\x1e\nsix\n"]
    {
        recorder.wrote(Bytes::copy_from_slice(part));
    }
    end(&recorder, End::Ok, None);
    let texts = log.texts(&log.query("f"));
    let wanted = ["one\n  two\n  three\n", "four\n\n", "five \u{fffd}\n", "\nsix\n"];
    assert_eq!(texts[..4], wanted);
}

#[test]
fn groups_are_those_that_were_written_to() {
    let log = Log::new();
    log.invocation("loud", "r1", "e1", &["a\n"]);
    log.invocation("calm", "r2", "e2", &["b\n"]);
    log.invocation("loud", "r3", "e3", &["c\n"]);
    let Group { account, region, .. } = log.query("loud").group;
    let found = groups(&log.store, &account, &region).expect("the journal reads");
    let shown: Vec<_> = found.iter().map(|written| (&*written.group.name, written.bytes > 100)).collect();
    assert_eq!(shown, [("/aws/lambda/calm", true), ("/aws/lambda/loud", true)]);
    let elsewhere = crate::name::Region::parse("eu-west-3").expect("a region");
    assert_eq!(groups(&log.store, &account, &elsewhere).expect("the journal reads"), []);
}

const DAY: Duration = Duration::from_secs(24 * 3600);

fn at(at: Timestamp, text: &str) -> NewEvent {
    NewEvent { at, text: text.to_owned() }
}

impl Log {
    /// A group that somebody made, with a stream, and a query for all of it.
    async fn made(&self, name: &str) -> Query {
        let query = Query { group: Group { name: name.to_owned(), ..self.query("any").group }, ..self.query("any") };
        group::create(&self.store, &query.group, &Settings::default()).await.expect("made");
        group::create_stream(&self.store, &query.group, "s").await.expect("made");
        query
    }
}

#[tokio::test]
async fn what_is_deleted_is_never_seen_again_and_what_comes_after_is() {
    let log = Log::new();
    let query = log.made("app").await;
    let send = |text: &str| put(&log.store, &query.group, "s", &[at(log.store.clock(), text)]).expect("taken");
    send("before");
    group::delete_stream(&log.store, &query.group, "s").await.expect("deleted");
    assert_eq!(streams(&log.store, &query.group, ""), Ok(vec![]));
    assert_eq!(log.texts(&query), [""; 0]);
    log.clock.advance(Duration::from_secs(1));
    group::create_stream(&log.store, &query.group, "s").await.expect("made again");
    send("between");
    assert_eq!(log.texts(&query), ["between"]);
    group::delete(&log.store, &query.group).await.expect("deleted");
    assert_eq!(group::is_there(&log.store, &query.group), Ok(false));
    assert_eq!(put(&log.store, &query.group, "s", &[]), Err(group::Error::NoGroup));
    log.clock.advance(Duration::from_secs(1));
    log.made("app").await;
    send("after");
    assert_eq!(log.texts(&query), ["after"]);
    let names = |found: Vec<super::read::Found>| found.into_iter().map(|found| found.group.name).collect::<Vec<_>>();
    let (account, region) = (query.group.account.clone(), query.group.region.clone());
    assert_eq!(groups(&log.store, &account, &region).map(names), Ok(vec!["app".to_owned()]));
}

#[tokio::test]
async fn a_deleted_group_of_a_function_comes_back_with_its_next_invocation() {
    let log = Log::new();
    log.invocation("f", "r1", "e1", &["one\n"]);
    let query = log.query("f");
    group::delete(&log.store, &query.group).await.expect("deleted");
    assert_eq!(group::is_there(&log.store, &query.group), Ok(false));
    log.clock.advance(Duration::from_secs(1));
    log.invocation("f", "r2", "e1", &["two\n"]);
    assert!(log.texts(&query).contains(&"two\n".to_owned()));
    assert!(!log.texts(&query).contains(&"one\n".to_owned()));
}

#[tokio::test]
async fn events_too_old_or_too_new_are_told_and_the_others_taken() {
    let log = Log::new();
    let query = log.made("app").await;
    let now = log.store.clock();
    let hour = Duration::from_secs(3600);
    let batch = [at(now - 15 * DAY, "old"), at(now - hour, "good"), at(now + 3 * hour, "new")];
    let told = put(&log.store, &query.group, "s", &batch);
    let rejected = Rejected { too_new_from: Some(2), too_old_until: Some(1), expired_until: None };
    assert_eq!((told, log.texts(&query)), (Ok(rejected), vec!["good".to_owned()]));

    let keep = |settings: &mut Settings| {
        settings.retention_days = Some(1);
        Ok(())
    };
    group::change(&log.store, &query.group, keep).await.expect("changed");
    let told = put(&log.store, &query.group, "s", &[at(now - 2 * DAY, "expired")]);
    assert_eq!(told, Ok(Rejected { expired_until: Some(1), ..Rejected::default() }));
    log.clock.advance(DAY);
    assert_eq!(log.texts(&query), [""; 0], "what is older than the group keeps is not shown");
}
