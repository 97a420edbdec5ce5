use std::time::Duration;

use super::*;
use crate::Options;
use crate::invoke::fake::{World, id as function_id};
use crate::queue::settings::Redrive;
use crate::queue::{Create, NewMessage, QueueName};

fn queue(name: &str) -> QueueId {
    QueueId { scope: function_id("f").scope, name: QueueName::parse(name).expect("a name") }
}

async fn with_queue(name: &str, settings: queue::Settings) -> World {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    make(&world, name, settings).await;
    world
}

async fn make(world: &World, name: &str, settings: queue::Settings) {
    let create = Create { settings, tags: BTreeMap::new() };
    world.services.queues().create(&queue(name), create).await.expect("it is the first");
}

fn to_f(name: &str, settings: Settings) -> Mapping {
    Mapping {
        source: Source::Queue(queue(name)),
        function: function_id("f"),
        qualifier: None,
        settings,
        tags: BTreeMap::new(),
        modified: Timestamp::from_millis(0),
    }
}

async fn map(world: &World, mapping: &Mapping) -> Result<MappingId, Error> {
    let scope = function_id("f").scope;
    world.services.transact(|tx| create(tx, &scope, mapping)).await.map(|(id, _)| id)
}

async fn send(world: &World, name: &str, body: &str) {
    let message = NewMessage {
        body: body.to_owned(),
        group: name.ends_with(".fifo").then(|| "g".to_owned()),
        deduplication_id: name.ends_with(".fifo").then(|| body.to_owned()),
        ..NewMessage::default()
    };
    let sent = world.services.queues().send(&queue(name), vec![message]).await.expect("the queue is there");
    assert!(sent.into_iter().all(|sent| sent.is_ok()));
}

async fn until_empty(world: &World, name: &str) {
    loop {
        let counts = world.services.queues().counts(&queue(name)).await.expect("it is there");
        if counts.visible + counts.in_flight + counts.delayed == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_message_runs_the_function_and_is_deleted() {
    let world = with_queue("jobs", queue::Settings::default()).await;
    map(&world, &to_f("jobs", Settings::default())).await.expect("both are there");
    for body in ["one", "two", "three"] {
        send(&world, "jobs", body).await;
        until_empty(&world, "jobs").await;
    }
    assert_eq!(world.runner.begun(), ["one", "two", "three"]);
}

#[tokio::test]
async fn what_a_filter_does_not_want_is_deleted_and_runs_nothing() {
    let world = with_queue("jobs", queue::Settings::default()).await;
    let filters = vec![r#"{"body":{"kind":["wanted"]}}"#.to_owned()];
    map(&world, &to_f("jobs", Settings { filters, ..Settings::default() })).await.expect("both are there");
    let wanted = r#"{"kind":"wanted"}"#;
    for body in [r#"{"kind":"other"}"#, "no json", wanted] {
        send(&world, "jobs", body).await;
        until_empty(&world, "jobs").await;
    }
    assert_eq!(world.runner.begun(), [wanted]);
}

#[tokio::test]
async fn a_mapping_has_no_more_under_way_than_it_may() {
    let world = with_queue("jobs", queue::Settings::default()).await;
    let settings = Settings { batch_size: 1, concurrency_max: Some(2), ..Settings::default() };
    map(&world, &to_f("jobs", settings)).await.expect("both are there");
    for number in 0..7 {
        send(&world, "jobs", &format!("wait {number}")).await;
    }
    world.runner.has_begun(2).await;
    let counts = world.services.queues().counts(&queue("jobs")).await.expect("it is there");
    assert_eq!((counts.in_flight, counts.visible), (2, 5));
    world.runner.gate.add_permits(7);
    world.runner.has_begun(7).await;
    until_empty(&world, "jobs").await;
}

#[tokio::test]
async fn a_message_that_the_function_fails_with_comes_back_and_ends_as_a_dead_letter() {
    let dead = Redrive { queue: queue("dead"), receives_max: 2 };
    let world = with_queue("dead", queue::Settings::default()).await;
    make(&world, "jobs", queue::Settings { redrive: Some(dead), ..queue::Settings::default() }).await;
    map(&world, &to_f("jobs", Settings::default())).await.expect("both are there");
    send(&world, "jobs", "error").await;
    world.runner.has_begun(1).await;
    for begun in [2, 3] {
        world.clock.advance(Duration::from_secs(31));
        send(&world, "jobs", "nudge").await;
        world.runner.has_begun(begun).await;
    }
    loop {
        let counts = world.services.queues().counts(&queue("dead")).await.expect("it is there");
        if counts.visible == 1 {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_disabled_delivers_nothing_until_it_is_enabled() {
    let world = with_queue("jobs", queue::Settings::default()).await;
    let disabled = Settings { enabled: false, ..Settings::default() };
    let id = map(&world, &to_f("jobs", disabled)).await.expect("both are there");
    send(&world, "jobs", "later").await;
    assert_eq!(world.runner.begun().len(), 0);
    world
        .services
        .transact(|tx| update(tx, &id, |mapping| mapping.settings.enabled = true))
        .await
        .expect("it is there");
    assert_eq!(world.runner.has_begun(1).await, ["later"]);
    until_empty(&world, "jobs").await;
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = with_queue("jobs", queue::Settings::default()).await;
    make(&world, "hasty", queue::Settings { visibility: Duration::from_secs(1), ..queue::Settings::default() }).await;
    make(&world, "line.fifo", queue::Settings { fifo: Some(Default::default()), ..queue::Settings::default() }).await;
    let plain = Settings::default();
    let window = Duration::from_secs(1);
    let refusal = async |name: &str, settings: &Settings| match map(&world, &to_f(name, settings.clone())).await {
        Ok(_) => "taken",
        Err(Error::NoWindow) => "no window",
        Err(Error::FifoWindow) => "window of a FIFO queue",
        Err(Error::FifoBatch) => "batch of a FIFO queue",
        Err(Error::BadFilter) => "bad filter",
        Err(Error::VisibilityTooShort { .. }) => "visibility",
        Err(Error::Queue(queue::Error::NoSuchQueue(_))) => "no queue",
        Err(Error::Exists { .. }) => "exists",
        Err(_) => "another",
    };
    for (name, settings, wanted) in [
        ("jobs", Settings { batch_size: 11, ..plain.clone() }, "no window"),
        ("line.fifo", Settings { window, ..plain.clone() }, "window of a FIFO queue"),
        ("line.fifo", Settings { batch_size: 11, ..plain.clone() }, "batch of a FIFO queue"),
        ("jobs", Settings { filters: vec!["{".to_owned()], ..plain.clone() }, "bad filter"),
        ("hasty", plain.clone(), "visibility"),
        ("absent", plain.clone(), "no queue"),
        ("jobs", plain.clone(), "taken"),
        ("jobs", plain.clone(), "exists"),
    ] {
        assert_eq!(refusal(name, &settings).await, wanted, "{name} {settings:?}");
    }
}
