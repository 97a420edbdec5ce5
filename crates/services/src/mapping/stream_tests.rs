//! Mappings of streams: what of a table's changes runs a function, and in which order.

use std::time::Duration;

use super::*;
use crate::Options;
use crate::invoke::fake::{World, id as function_id};
use crate::queue::{Create, QueueName, Receive};
use crate::table::stream::View;
use crate::table::{
    Action, AttributeDefinition, Billing, Class, Item, KeyElement, NewTable, Scalar, TableId, TableName, Value, Write,
};

/// A function `f`, and a table `tab` with a stream.
struct Setting {
    world: World,
    source: Source,
}

fn table_id() -> TableId {
    let Scope { account, region } = function_id("f").scope;
    TableId { account, region, name: TableName::parse("tab").expect("a name") }
}

fn queue_id() -> QueueId {
    QueueId { scope: function_id("f").scope, name: QueueName::parse("dead").expect("a name") }
}

async fn setting() -> Setting {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    let create = Create { settings: queue::Settings::default(), tags: BTreeMap::new() };
    world.services.queues().create(&queue_id(), create).await.expect("it is the first");
    let table = NewTable {
        id: table_id(),
        attributes: vec![AttributeDefinition { name: "id".to_owned(), kind: Scalar::S }],
        key: vec![KeyElement { name: "id".to_owned(), is_hash: true }],
        local: None,
        global: None,
        billing: Some(Billing::PayPerRequest),
        throughput: None,
        on_demand: None,
        class: Class::Standard,
        deletion_protection: false,
        encrypted: false,
        tags: Vec::new(),
        stream: Some(View::Both),
    };
    let made = world.services.tables().create(&table).await.expect("the definition is right");
    let began = made.settings.stream.as_ref().expect("it has one").began_millis;
    let source = StreamSource::Table { table: table_id(), began: Timestamp::from_millis(began) };
    Setting { world, source: Source::Stream(source) }
}

impl Setting {
    async fn map(&self, settings: Settings, stream: StreamSettings) -> Result<MappingId, Error> {
        let mapping = Mapping {
            source: self.source.clone(),
            function: function_id("f"),
            qualifier: None,
            settings: Settings { stream: Some(stream), ..settings },
            tags: BTreeMap::new(),
            modified: Timestamp::from_millis(0),
        };
        let scope = function_id("f").scope;
        self.world.services.transact(|tx| create(tx, &scope, &mapping)).await.map(|(id, _)| id)
    }

    /// Puts items with these keys, one after the other.
    async fn put(&self, ids: &[&str]) {
        for id in ids {
            let item = Item::from([("id".to_owned(), Value::Text((*id).to_owned()))]);
            let written = self.world.services.tables().write(&Write::new(table_id(), Action::Put(item))).await;
            written.expect("it is an item");
        }
    }

    async fn dead_letter(&self) -> String {
        let ask = Receive { wait: Some(Duration::from_secs(20)), ..Receive::default() };
        let received = self.world.services.queues().receive(&queue_id(), &ask).await.expect("it is there");
        received.first().map(|received| received.message.body.clone()).unwrap_or_default()
    }
}

#[tokio::test]
async fn changes_run_the_function_in_their_order_and_each_once() {
    let setting = setting().await;
    setting.put(&["a", "b"]).await;
    setting.map(Settings::default(), StreamSettings::default()).await.expect("both are there");
    assert_eq!(setting.world.runner.has_begun(1).await, ["a b"]);
    setting.put(&["c"]).await;
    assert_eq!(setting.world.runner.has_begun(2).await[1..], ["c"]);
}

#[tokio::test]
async fn a_mapping_of_the_latest_begins_behind_what_was_there() {
    let setting = setting().await;
    setting.put(&["a", "b"]).await;
    let latest = StreamSettings { start: Start::Latest, ..StreamSettings::default() };
    setting.map(Settings::default(), latest).await.expect("both are there");
    setting.put(&["c"]).await;
    assert_eq!(setting.world.runner.has_begun(1).await, ["c"]);
}

#[tokio::test]
async fn what_a_filter_does_not_want_runs_nothing() {
    let setting = setting().await;
    let filters = vec![r#"{"body":[{"prefix":"wanted"}]}"#.to_owned()];
    let settings = Settings { filters, ..Settings::default() };
    setting.map(settings, StreamSettings::default()).await.expect("both are there");
    setting.put(&["other", "wanted1", "another", "wanted2"]).await;
    let mut begun = setting.world.runner.has_begun(1).await.join(" ");
    for count in 2.. {
        if begun.contains("wanted2") {
            break;
        }
        begun = setting.world.runner.has_begun(count).await.join(" ");
    }
    assert_eq!(begun, "wanted1 wanted2");
}

#[tokio::test]
async fn a_record_that_the_function_fails_with_is_found_and_told_of() {
    let setting = setting().await;
    setting.put(&["a", "error", "b"]).await;
    let stream = StreamSettings {
        bisects: true,
        retries_max: Some(0),
        on_failure: Some(queue_id()),
        ..StreamSettings::default()
    };
    setting.map(Settings::default(), stream).await.expect("both are there");
    assert_eq!(setting.dead_letter().await, "RetriesExhausted 1 1");
    assert_eq!(setting.world.runner.has_begun(5).await, ["a error b", "a", "error b", "error", "b"]);
}

#[tokio::test]
async fn parts_of_a_shard_are_with_the_function_at_once() {
    let setting = setting().await;
    let ids: Vec<String> = (0..40).map(|number| format!("wait{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    setting.put(&ids).await;
    let stream = StreamSettings { parallel: 4, ..StreamSettings::default() };
    let settings = Settings { batch_size: STREAM_BATCH_SIZE, ..Settings::default() };
    setting.map(settings, stream).await.expect("both are there");
    let begun = setting.world.runner.has_begun(4).await;
    let mut words: Vec<&str> = begun.iter().flat_map(|batch| batch.split(' ')).collect();
    words.sort_unstable_by_key(|word| word.len() * 1_000 + word[4..].parse::<usize>().expect("a number"));
    assert_eq!(words, ids);
    setting.world.runner.gate.add_permits(4);
}

#[tokio::test]
async fn a_deleted_mapping_leaves_no_checkpoints_and_a_lost_stream_is_refused() {
    let setting = setting().await;
    setting.put(&["a"]).await;
    let latest = StreamSettings { start: Start::Latest, parallel: 3, ..StreamSettings::default() };
    let id = setting.map(Settings { enabled: false, ..Settings::default() }, latest).await.expect("both are there");
    let checkpoints = || {
        let range = store::key::Key::global(store::key::Space::new(0x0142)).range();
        let found: Result<_, store::Error> =
            setting.world.services.store().read(|read| read.scan(range, store::Order::Forward, 9));
        found.expect("memory is there").len()
    };
    assert_eq!(checkpoints(), 3);
    setting.world.services.transact(|tx| delete(tx, &id)).await.expect("it is there");
    assert_eq!(checkpoints(), 0);
    let gone = StreamSource::Table { table: table_id(), began: Timestamp::from_millis(1) };
    let lost = Setting { source: Source::Stream(gone), ..setting };
    let refused = lost.map(Settings::default(), StreamSettings::default()).await;
    assert!(matches!(refused, Err(Error::NoSuchStream)));
}
