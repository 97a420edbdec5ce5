use std::sync::atomic::Ordering;
use std::time::Duration;

use store::key::Key;
use store::{Order, Read};

use super::*;
use crate::Options;
use crate::function::Destination;
use crate::function::concurrency::{self, Reservation};
use crate::function::event_config::{self, EventConfigChange};
use crate::invoke::fake::{World, id};

fn later(function: &str, document: &str) -> InvokeLater {
    InvokeLater {
        function: id(function),
        qualifier: None,
        document: Bytes::from(document.to_owned()),
        kind: "nought.invoke".into(),
        source: "test".into(),
        client_context: None,
        request_id: None,
        cause: Cause::default(),
    }
}

async fn send(world: &World, function: &str, document: &str) {
    world.services.invoke_later(later(function, document)).await.expect("the event is taken");
}

fn rows_of(world: &World, table: &[u8]) -> Vec<(Bytes, Bytes)> {
    let rows = world.services.store().read(|read| read.scan(Key::under(table).range(), Order::Forward, 1_000));
    rows.expect("rows read")
}

fn waiting(world: &World) -> usize {
    rows_of(world, &rows::events()).len()
}

async fn until_waiting(world: &World, wanted: usize) {
    let mut written = world.services.store().watch(&rows::events());
    while waiting(world) != wanted {
        written.changed().await;
    }
}

async fn reserve(world: &World, function: &str, executions: u32) {
    let id = id(function);
    let reservation = Reservation::of_all(executions);
    let set = world.services.functions().change(&id, |tx| concurrency::reserve(tx, &id, &reservation)).await;
    set.expect("1000 are there");
}

async fn configure(world: &World, function: &str, change: EventConfigChange) {
    let id = id(function);
    let set = world.services.functions().change(&id, |tx| event_config::put(tx, &id, None, &change)).await;
    set.expect("the function and its destinations are there");
}

fn to(function: &str) -> Option<Option<Destination>> {
    Some(Some(Destination::Function { id: id(function), qualifier: None }))
}

/// Moves the clock, and wakes the loop with an event for `n`.
async fn advance(world: &World, by: Duration) {
    world.clock.advance(by);
    send(world, "n", "nudge").await;
}

#[tokio::test]
async fn what_was_accepted_is_run_once_and_leaves_nothing() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    world.deploy("g").await;
    for number in 0..200 {
        send(&world, if number % 2 == 0 { "f" } else { "g" }, &number.to_string()).await;
    }
    let mut begun: Vec<usize> =
        world.runner.has_begun(200).await.iter().map(|text| text.parse().expect("a number")).collect();
    until_waiting(&world, 0).await;
    begun.sort_unstable();
    assert_eq!(begun, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_keeps_the_request_id_that_it_came_with() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    let known = RequestId("e1506fd5-9e7b-434f-bd42-4f8fa224b599".into());
    let sent = InvokeLater { request_id: Some(known.clone()), ..later("f", "wait") };
    assert_eq!(world.services.invoke_later(sent).await.expect("the event is taken"), known);
    world.runner.has_begun(1).await;
    let (key, row) = rows_of(&world, &rows::events()).remove(0);
    assert_eq!(rows::Waiting::parse(&key, &row).expect("it is an event").event.request_id, known.0);
    world.runner.gate.add_permits(1);
    until_waiting(&world, 0).await;
}

#[tokio::test]
async fn what_cannot_be_delivered_is_refused_at_once() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    let absent = world.services.invoke_later(later("absent", "x")).await;
    assert!(matches!(absent, Err(Error::Unroutable(Unroutable::Absent))));
    let large = world.services.invoke_later(later("f", &"x".repeat(PAYLOAD_BYTES_MAX + 1))).await;
    assert!(matches!(large, Err(Error::TooLarge { .. })));
    assert_eq!(waiting(&world), 0);
}

#[tokio::test]
async fn a_document_of_any_size_arrives_and_leaves_nothing() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    for bytes in [0, 1, 8 * 1024, 8 * 1024 + 1, PAYLOAD_BYTES_MAX] {
        let document = "x".repeat(bytes);
        send(&world, "f", &document).await;
        assert_eq!(world.runner.has_begun(1).await, [document]);
        until_waiting(&world, 0).await;
        world.runner.forget();
    }
    assert_eq!(rows_of(&world, &rows::documents()).len(), 0);
}

#[tokio::test]
async fn a_function_that_fails_is_run_twice_more_and_its_destination_is_told() {
    let world = World::new(Options::default()).await;
    for name in ["f", "n", "told"] {
        world.deploy(name).await;
    }
    configure(&world, "f", EventConfigChange { on_failure: to("told"), ..Default::default() }).await;
    send(&world, "f", "error").await;
    world.runner.has_begun(1).await;
    until_waiting(&world, 1).await;
    for (early, then, nudges) in [(59, 1, 0), (119, 1, 2)] {
        advance(&world, Duration::from_secs(early)).await;
        world.runner.has_begun(nudges + 2 + nudges / 2).await;
        advance(&world, Duration::from_secs(then)).await;
        world.runner.has_begun(nudges + 4 + nudges / 2).await;
    }
    let begun = world.runner.has_begun(8).await;
    until_waiting(&world, 0).await;
    let of = |begun: &[String]| begun.iter().filter(|text| *text != "nudge").cloned().collect::<Vec<_>>();
    assert_eq!(of(&begun[..2]), ["error"]);
    let record = r#"RetriesExhausted|3|error|{"errorMessage":"it raised","errorType":"Error"}"#;
    assert_eq!(of(&begun), ["error", "error", "error", record]);
}

#[tokio::test]
async fn a_configuration_says_who_is_told_of_what_and_how_often_it_is_tried() {
    let world = World::new(Options::default()).await;
    for name in ["f", "n", "told"] {
        world.deploy(name).await;
    }
    let both = EventConfigChange { on_success: to("told"), on_failure: to("told"), ..Default::default() };
    let minute = Some(Duration::from_secs(60));
    let cases = [
        (EventConfigChange { on_success: to("told"), ..Default::default() }, "ok", Some("Delivered|1|ok|ok")),
        (EventConfigChange { on_failure: to("told"), ..Default::default() }, "ok", None),
        (
            EventConfigChange { retries: Some(0), ..both.clone() },
            "error",
            Some(r#"RetriesExhausted|1|error|{"errorMessage":"it raised","errorType":"Error"}"#),
        ),
        (EventConfigChange { retries: Some(0), on_success: to("told"), ..Default::default() }, "error", None),
        // The next attempt would come too late, so it is not waited for.
        (
            EventConfigChange { age: minute.map(|age| age - Duration::from_secs(1)), ..both },
            "error",
            Some(r#"TooOld|1|error|{"errorMessage":"it raised","errorType":"Error"}"#),
        ),
    ];
    for (config, document, record) in cases {
        configure(&world, "f", config).await;
        world.runner.forget();
        send(&world, "f", document).await;
        let wanted: Vec<&str> = std::iter::once(document).chain(record).collect();
        assert_eq!(world.runner.has_begun(wanted.len()).await, wanted);
        until_waiting(&world, 0).await;
    }
}

#[tokio::test]
async fn what_the_platform_fails_with_is_tried_again_and_is_no_attempt() {
    let world = World::new(Options::default()).await;
    for name in ["f", "n"] {
        world.deploy(name).await;
    }
    configure(&world, "f", EventConfigChange { retries: Some(0), ..Default::default() }).await;
    world.runner.outages.store(1, Ordering::SeqCst);
    send(&world, "f", "again").await;
    world.runner.has_begun(1).await;
    until_waiting(&world, 1).await;
    // Not before its delay is over: another event is run first.
    advance(&world, Duration::from_millis(499)).await;
    world.runner.has_begun(2).await;
    advance(&world, Duration::from_millis(501)).await;
    let mut begun = world.runner.has_begun(4).await.split_off(2);
    begun.sort_unstable();
    assert_eq!(begun, ["again", "nudge"]);
    until_waiting(&world, 0).await;
}

#[tokio::test]
async fn a_function_that_is_turned_off_has_its_events_told_of_at_once() {
    let world = World::new(Options::default()).await;
    for name in ["f", "told"] {
        world.deploy(name).await;
    }
    configure(&world, "f", EventConfigChange { on_failure: to("told"), ..Default::default() }).await;
    reserve(&world, "f", 0).await;
    send(&world, "f", "never").await;
    assert_eq!(world.runner.has_begun(1).await, ["TurnedOff|0|never|"]);
    until_waiting(&world, 0).await;
}

#[tokio::test]
async fn a_backlog_without_room_does_not_keep_what_is_too_old() {
    let world = World::new(Options::default()).await;
    for name in ["f", "n", "told"] {
        world.deploy(name).await;
    }
    configure(&world, "f", EventConfigChange { on_failure: to("told"), ..Default::default() }).await;
    reserve(&world, "f", 1).await;
    send(&world, "f", "wait").await;
    world.runner.has_begun(1).await;
    send(&world, "f", "late").await;
    advance(&world, event_config::AGE_MAX + Duration::from_millis(1)).await;
    let mut begun = world.runner.has_begun(3).await.split_off(1);
    begun.sort_unstable();
    assert_eq!(begun, ["TooOld|0|late|", "nudge"]);
    world.runner.gate.add_permits(1);
    until_waiting(&world, 0).await;
}

#[tokio::test]
async fn a_long_backlog_of_one_function_does_not_hold_up_another() {
    let world = World::new(Options::default()).await;
    for name in ["f", "g"] {
        world.deploy(name).await;
    }
    reserve(&world, "f", 40).await;
    for number in 0..300 {
        send(&world, "f", &format!("wait {number}")).await;
    }
    world.runner.has_begun(40).await;
    send(&world, "g", "other").await;
    assert_eq!(world.runner.has_begun(41).await[40], "other");
    world.runner.gate.add_permits(300);
    let begun = world.runner.has_begun(301).await;
    until_waiting(&world, 0).await;
    let mut begun: Vec<&str> = begun.iter().map(String::as_str).collect();
    begun.sort_unstable();
    begun.dedup();
    assert_eq!(begun.len(), 301);
}

#[tokio::test]
async fn waiting_for_concurrency_is_no_attempt_and_holds_up_nobody_else() {
    let world = World::new(Options::default()).await;
    for name in ["f", "g"] {
        world.deploy(name).await;
    }
    reserve(&world, "f", 1).await;
    for number in 0..3 {
        send(&world, "f", &format!("wait {number}")).await;
    }
    world.runner.has_begun(1).await;
    send(&world, "g", "other").await;
    assert_eq!(world.runner.has_begun(2).await[1], "other");
    until_waiting(&world, 3).await;
    assert_eq!(world.services.running(), 1);
    world.runner.gate.add_permits(3);
    world.runner.has_begun(4).await;
    until_waiting(&world, 0).await;
}

#[tokio::test]
async fn an_event_that_was_under_way_when_the_process_died_is_run_by_the_next_one() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    send(&world, "f", "wait").await;
    world.runner.has_begun(1).await;
    // The first world is left as it is: nothing of it is ever settled.
    let next = World::over(world.services.store().clone(), world.clock.clone(), Options::default()).await;
    assert_eq!(next.runner.has_begun(1).await, ["wait"]);
    next.runner.gate.add_permits(1);
    until_waiting(&next, 0).await;
}

#[tokio::test]
async fn an_event_that_a_stop_ended_stays() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    send(&world, "f", "wait error").await;
    world.runner.has_begun(1).await;
    world.services.stop(Duration::ZERO).await;
    assert_eq!(waiting(&world), 1);
}

#[tokio::test]
async fn an_event_whose_function_is_gone_is_dropped() {
    let world = World::new(Options::default()).await;
    world.deploy("gone").await;
    reserve(&world, "gone", 1).await;
    send(&world, "gone", "wait").await;
    world.runner.has_begun(1).await;
    send(&world, "gone", "never").await;
    world.services.functions().delete(&id("gone"), None).await.expect("it is there");
    world.runner.gate.add_permits(1);
    until_waiting(&world, 0).await;
    assert_eq!(world.runner.begun(), ["wait"]);
}

#[test]
fn a_cause_reads_back_as_it_was_written() {
    let trace = crate::trace::parse_w3c("00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01");
    let cause = Cause { trace, request: Some(RequestId("r".into())), depth: 3 };
    for cause in [cause, Cause::default()] {
        let text = serde_json::to_string(&cause).expect("causes serialize");
        assert_eq!(serde_json::from_str::<Cause>(&text).expect("it was written by us"), cause);
    }
}
