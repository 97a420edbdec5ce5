use std::sync::atomic::Ordering;
use std::time::Duration;

use store::key::Key;
use store::{Order, Read};

use super::*;
use crate::Options;
use crate::function::concurrency::{self, Reservation};
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

/// Events and documents that wait, as rows.
fn waiting(world: &World) -> (usize, usize) {
    let count = |table: Vec<u8>| {
        let rows = world.services.store().read(|read| read.scan(Key::under(&table).range(), Order::Forward, 1_000));
        rows.expect("rows read").len()
    };
    (count(rows::events()), count(rows::documents()))
}

async fn until_waiting(world: &World, wanted: usize) {
    let mut written = world.services.store().watch(&rows::events());
    while waiting(world) != (wanted, wanted) {
        written.changed().await;
    }
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
    let rows = world.services.store().read(|read| read.scan(Key::under(&rows::events()).range(), Order::Forward, 1));
    let event = rows::decode(&rows.expect("rows read")[0].1).expect("it is an event");
    assert_eq!(event.request_id, known.0);
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
    assert_eq!(waiting(&world), (0, 0));
    send(&world, "f", &"x".repeat(PAYLOAD_BYTES_MAX)).await;
    world.runner.has_begun(1).await;
}

#[tokio::test]
async fn a_function_s_failure_settles_its_event_and_the_platform_s_is_tried_again() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    send(&world, "f", "error").await;
    world.runner.has_begun(1).await;
    until_waiting(&world, 0).await;

    world.runner.outages.store(1, Ordering::SeqCst);
    send(&world, "f", "again").await;
    world.runner.has_begun(2).await;
    // Not before its delay is over: another event is run first.
    send(&world, "f", "between").await;
    world.runner.has_begun(3).await;
    until_waiting(&world, 1).await;
    world.clock.advance(RETRY_FIRST);
    send(&world, "f", "nudge").await;
    let mut begun = world.runner.has_begun(5).await.split_off(3);
    begun.sort_unstable();
    assert_eq!(begun, ["again", "nudge"]);
    until_waiting(&world, 0).await;
}

#[tokio::test]
async fn waiting_for_concurrency_is_no_attempt_and_holds_up_nobody_else() {
    let world = World::new(Options::default()).await;
    for name in ["f", "g"] {
        world.deploy(name).await;
    }
    let id = id("f");
    let set = world.services.functions().change(&id, |tx| concurrency::reserve(tx, &id, &Reservation::of_all(1))).await;
    set.expect("1000 are there");
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
    assert_eq!(waiting(&world), (1, 1));
}

#[tokio::test]
async fn an_event_that_is_too_old_or_whose_function_is_gone_is_given_up() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    world.deploy("gone").await;
    for name in ["f", "gone"] {
        let id = id(name);
        let set =
            world.services.functions().change(&id, |tx| concurrency::reserve(tx, &id, &Reservation::of_all(0))).await;
        set.expect("1000 are there");
        send(&world, name, "never").await;
    }
    until_waiting(&world, 2).await;
    world.services.functions().delete(&id("gone"), None).await.expect("it is there");
    world.clock.advance(AGE_MAX + Duration::from_secs(1));
    let id = id("f");
    let set = world.services.functions().change(&id, |tx| concurrency::release(tx, &id)).await;
    set.expect("it is there");
    until_waiting(&world, 0).await;
    assert_eq!(world.runner.begun(), Vec::<String>::new());
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
