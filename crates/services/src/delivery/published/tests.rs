use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use store::key::Key;
use store::{Order, Read};

use crate::Options;
use crate::bus::input::Input;
use crate::bus::rule::{self, Place, Receiver, Settings, Target};
use crate::bus::{self, BusId, BusName, RuleId, RuleName};
use crate::delivery::Cause;
use crate::function::permission;
use crate::identity::Statement;
use crate::identity::policy::Principals;
use crate::invoke::fake::{World, id};

const ARN: &str = "arn:aws:events:eu-central-1:000000000000:rule/r";

fn bus(name: &str) -> BusId {
    BusId { scope: id("f").scope, name: BusName::parse(name).expect("a name") }
}

fn rule(bus_name: &str, name: &str) -> RuleId {
    RuleId { bus: bus(bus_name), name: RuleName::parse(name).expect("a name") }
}

fn place(name: &str) -> Place {
    let scope = id("f").scope;
    Place { account: scope.account.to_string(), region: scope.region.to_string(), name: name.to_owned() }
}

fn target(id: &str, receiver: Receiver, input: Input) -> Target {
    Target {
        id: id.to_owned(),
        arn: format!("arn:{id}"),
        receiver,
        role: None,
        input,
        group: None,
        partition_key_path: None,
        dead_letter: None,
        retry: None,
    }
}

fn to_function(name: &str, input: Input) -> Target {
    let receiver = Receiver::Function { at: place(name), qualifier: None };
    Target { arn: format!("arn:aws:lambda:eu-central-1:000000000000:function:{name}"), ..target(name, receiver, input) }
}

/// A function that the rules of ARN may invoke.
async fn function(world: &World, name: &str) {
    world.deploy(name).await;
    let function = id(name);
    let resource = to_function(name, Input::Whole).arn;
    let statement =
        Statement::allow("rules", Principals::parse("events.amazonaws.com"), "lambda:InvokeFunction", &resource);
    let statement = statement.when("ArnLike", "AWS:SourceArn", ARN).expect("an operator");
    let add = |tx: &mut store::Tx| permission::add(tx, &function, None, &statement, None);
    world.services.functions().change(&function, add).await.expect("the function is there");
}

async fn put_rule(world: &World, rule_id: &RuleId, settings: Settings, targets: &[Target]) {
    let put = |tx: &mut store::Tx| {
        rule::put(tx, rule_id, ARN, &settings, &BTreeMap::new())?;
        rule::put_targets(tx, rule_id, targets)
    };
    world.services.transact(put).await.expect("a rule");
}

fn pattern(text: &str) -> Settings {
    Settings { pattern: Some(text.to_owned()), ..Settings::default() }
}

async fn publish(world: &World, bus_name: &str, event: &Value) {
    let (bus, document) = (bus(bus_name), Bytes::from(event.to_string()));
    let put = |tx: &mut store::Tx| bus::put(tx, &bus, &document, &Cause::default());
    world.services.transact(put).await.expect("the event is taken");
}

async fn until_empty(world: &World, table: &[u8]) {
    let mut written = world.services.store().watch(table);
    let read = || {
        world.services.store().read(|read| read.scan(Key::under(table).range(), Order::Forward, 1)).expect("rows read")
    };
    while !read().is_empty() {
        written.changed().await;
    }
}

#[tokio::test]
async fn an_event_reaches_the_targets_of_the_rules_that_match() {
    let world = World::new(Options::default()).await;
    for name in ["f", "g", "h"] {
        function(&world, name).await;
    }
    let constant = Input::Constant("\"constant\"".to_owned());
    put_rule(&world, &rule("default", "a"), pattern(r#"{"n": [1, 2]}"#), &[to_function("f", Input::Whole)]).await;
    put_rule(&world, &rule("default", "b"), pattern(r#"{"n": [2]}"#), &[to_function("g", constant)]).await;
    let off = Settings { state: rule::State::Disabled, ..pattern(r#"{"n": [2]}"#) };
    put_rule(&world, &rule("default", "c"), off, &[to_function("h", Input::Whole)]).await;
    for n in [3, 1, 2] {
        publish(&world, "default", &json!({"n": n})).await;
    }
    let mut begun = world.runner.has_begun(3).await;
    begun.sort();
    assert_eq!(begun, ["\"constant\"", "{\"n\":1}", "{\"n\":2}"]);
    until_empty(&world, &bus::waiting::all()).await;
    assert_eq!(world.runner.begun().len(), 3);
}

#[tokio::test]
async fn a_rule_that_changes_counts_for_the_next_event() {
    let world = World::new(Options::default()).await;
    function(&world, "f").await;
    let target = [to_function("f", Input::Whole)];
    for n in [1, 2, 3] {
        put_rule(&world, &rule("default", "r"), pattern(&format!(r#"{{"n": [{n}]}}"#)), &target).await;
        for other in [1, 2, 3] {
            publish(&world, "default", &json!({"n": other})).await;
        }
        until_empty(&world, &bus::waiting::all()).await;
    }
    assert_eq!(world.runner.has_begun(3).await, ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"]);
}

#[tokio::test]
async fn a_function_that_does_not_let_the_rule_in_is_not_run() {
    let world = World::new(Options::default()).await;
    world.deploy("shut").await;
    function(&world, "open").await;
    let targets = ["shut", "absent", "open"].map(|name| to_function(name, Input::Whole));
    put_rule(&world, &rule("default", "r"), pattern(r#"{"n": [1]}"#), &targets).await;
    publish(&world, "default", &json!({"n": 1})).await;
    world.runner.has_begun(1).await;
    until_empty(&world, &bus::waiting::all()).await;
    assert_eq!(world.runner.begun().len(), 1);
}

#[tokio::test]
async fn an_event_goes_from_bus_to_bus_but_not_in_circles() {
    let world = World::new(Options::default()).await;
    function(&world, "f").await;
    let other = bus("other");
    let create = |tx: &mut store::Tx| bus::create(tx, &other, &bus::Settings::default(), &BTreeMap::new());
    world.services.transact(create).await.expect("a new bus");
    let to = |name: &str| target(name, Receiver::Bus(place(name)), Input::Whole);
    put_rule(&world, &rule("default", "r"), pattern(r#"{"n": [1]}"#), &[to("other"), to("nowhere")]).await;
    let back = [to("default"), to_function("f", Input::Whole)];
    put_rule(&world, &rule("other", "r"), pattern(r#"{"n": [1]}"#), &back).await;
    publish(&world, "default", &json!({"n": 1})).await;
    until_empty(&world, &bus::waiting::all()).await;
    // Each hop counts, there and back.
    assert_eq!(world.runner.has_begun(8).await.len(), 8);
}

#[tokio::test]
async fn an_event_on_no_bus_is_nobodys() {
    let world = World::new(Options::default()).await;
    publish(&world, "nowhere", &json!({"n": 1})).await;
    until_empty(&world, &bus::waiting::all()).await;
}

#[tokio::test]
async fn many_large_copies_go_out_in_several_commits() {
    let world = World::new(Options::default()).await;
    function(&world, "f").await;
    let target = [to_function("f", Input::Whole)];
    for number in 0..40 {
        put_rule(&world, &rule("default", &format!("r{number:02}")), pattern(r#"{"n": [1]}"#), &target).await;
    }
    publish(&world, "default", &json!({"n": 1, "text": "x".repeat(900_000)})).await;
    world.runner.has_begun(40).await;
    until_empty(&world, &bus::waiting::all()).await;
    assert_eq!(world.runner.begun().len(), 40);
}

#[tokio::test]
async fn a_schedule_fires_on_time_and_a_missed_time_once() {
    let world = World::new(Options::default()).await;
    function(&world, "f").await;
    let schedule = |text: &str| Settings { schedule: Some(text.to_owned()), ..Settings::default() };
    let input = Input::Path("$.time".to_owned());
    put_rule(&world, &rule("default", "r"), schedule("rate(5 minutes)"), &[to_function("f", input)]).await;
    for (seconds, wanted) in [(299, 0), (1, 1), (299, 1), (1, 2), (3_000, 3), (299, 3), (1, 4)] {
        world.clock.advance(Duration::from_secs(seconds));
        // The clock of the test moves and the sleep of the loop does not: an event that nobody wants wakes it.
        nudge(&world).await;
        assert_eq!(world.runner.has_begun(wanted).await.len(), wanted, "after {seconds} more");
    }
    let times = ["16:05:00", "16:10:00", "16:15:00", "17:05:00"].map(|time| format!("\"2025-11-24T{time}Z\""));
    assert_eq!(world.runner.begun(), times);
    let drop = |tx: &mut store::Tx| {
        rule::remove_targets(tx, &rule("default", "r"), &["f".to_owned()])?;
        rule::delete(tx, &rule("default", "r"))
    };
    world.services.transact(drop).await.expect("a rule without targets");
    until_empty(&world, &crate::timer::rows::all()).await;
}

/// Sets a timer that is due now and waits until it is gone: then all that were due before have fired.
async fn nudge(world: &World) {
    use crate::timer::rows::{Timer, What};
    let timer = Timer { due: world.services.store().clock(), what: What::Rule(rule("default", "none")) };
    let set = |tx: &mut store::Tx| {
        timer.set(tx);
        Ok::<_, store::Error>(())
    };
    world.services.transact(set).await.expect("a timer");
    let mut written = world.services.store().watch(&timer.key());
    while world.services.store().read(|read| timer.is_set(read)).expect("rows read") {
        written.changed().await;
    }
}
