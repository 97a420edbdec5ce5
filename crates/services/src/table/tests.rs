//! Tables on the memory store: histories against a plain model, and what goes on in the background.

mod copies;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use store::clock::ManualClock;
use store::{Order, Store, Timestamp};

use super::*;
use crate::name::{AccountId, Region};

fn id(name: &str) -> TableId {
    TableId {
        account: AccountId::default(),
        region: Region::parse("eu-central-1").expect("a region"),
        name: TableName::parse(name).expect("a table's name"),
    }
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

fn number(number: i64) -> Value {
    Value::Number(Number::from(number))
}

fn element(name: &str, is_hash: bool) -> KeyElement {
    KeyElement { name: name.to_owned(), is_hash }
}

fn index(name: &str, keys: [&str; 2], kind: &str) -> NewIndex {
    NewIndex {
        name: name.to_owned(),
        key: vec![element(keys[0], true), element(keys[1], false)],
        projection: NewProjection { kind: Some(kind.to_owned()), attributes: None },
        throughput: None,
        on_demand: None,
    }
}

/// A table with the keys `id` and `at`, and indexes on `at`, `extra`.
fn new_table() -> NewTable {
    let attribute = |name: &str, kind| AttributeDefinition { name: name.to_owned(), kind };
    NewTable {
        id: id("tab"),
        attributes: vec![attribute("id", Scalar::S), attribute("at", Scalar::N), attribute("extra", Scalar::S)],
        key: vec![element("id", true), element("at", false)],
        local: Some(vec![index("local", ["id", "extra"], "ALL")]),
        global: Some(vec![index("global", ["extra", "at"], "KEYS_ONLY")]),
        billing: Some(Billing::PayPerRequest),
        throughput: None,
        on_demand: None,
        class: Class::Standard,
        deletion_protection: false,
        encrypted: false,
        tags: Vec::new(),
        stream: None,
    }
}

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn of(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

type Model = BTreeMap<(String, i64), Item>;

fn read_all(tables: &Tables, index: Option<&str>) -> Vec<Item> {
    let (mut items, mut start) = (Vec::new(), None);
    loop {
        let read = Read {
            table: id("tab"),
            index: index.map(str::to_owned),
            filter: None,
            select: None,
            limit: Some(7),
            start,
            consistent: false,
        };
        let page = tables.scan(&Scan { read, segment: None }).expect("it can be read");
        items.extend(page.items);
        match page.last {
            Some(last) => start = Some(last),
            None => return items,
        }
    }
}

fn sorted(items: impl IntoIterator<Item = Item>) -> Vec<String> {
    let mut shown: Vec<String> = items.into_iter().map(|item| format!("{item:?}")).collect();
    shown.sort_unstable();
    shown
}

/// The table, its indexes and its counts say what the model says.
fn compare(tables: &Tables, model: &Model, indexes: &[(&str, bool)], seed: u64) {
    assert_eq!(sorted(read_all(tables, None)), sorted(model.values().cloned()), "seed {seed}");
    let (table, counted, of_indexes) = tables.describe(&id("tab")).expect("it is there");
    let bytes: usize = model.values().map(value::size).sum();
    let wanted = Counted { items: model.len() as i64, bytes: bytes as i64 };
    assert_eq!(counted, wanted, "seed {seed}");
    for (name, whole) in indexes {
        let keep = |item: &Item| {
            let mut item = item.clone();
            item.retain(|name, _| *whole || ["id", "at", "extra"].contains(&name.as_str()));
            item
        };
        let held: Vec<Item> = model.values().filter(|item| item.contains_key("extra")).map(keep).collect();
        let bytes: usize = held.iter().map(value::size).sum();
        let at = table.indexes.iter().position(|index| index.name == *name).expect("the index is there");
        let wanted = Counted { items: held.len() as i64, bytes: bytes as i64 };
        assert_eq!(of_indexes[at], wanted, "{name}, seed {seed}");
        assert_eq!(sorted(read_all(tables, Some(name))), sorted(held), "{name}, seed {seed}");
    }
}

/// One random change, in the table and in the model.
async fn step(tables: &Tables, model: &mut Model, dice: &mut Dice) {
    let (partition, at) = (format!("p{}", dice.roll(3)), dice.roll(8) as i64 - 4);
    let key = Item::from([("id".to_owned(), text(&partition)), ("at".to_owned(), number(at))]);
    let place = (partition, at);
    match dice.roll(4) {
        0 => {
            let written =
                tables.write(&Write { returns_old: true, ..Write::new(id("tab"), Action::Delete(key)) }).await;
            assert_eq!(written.expect("a delete is always right").old, model.remove(&place));
        }
        1 => {
            let update = expression::Texts {
                update: Some("SET seen = if_not_exists(seen, at_) REMOVE extra"),
                ..expression::Texts::default()
            };
            let update = update.parse().expect("it is right").update.expect("it was given");
            let written = tables.write(&Write::new(id("tab"), Action::Update { key, update })).await;
            match model.get_mut(&place) {
                Some(item) if item.contains_key("at_") || item.contains_key("seen") => {
                    let seen = item.get("seen").or(item.get("at_")).cloned().expect("one of the two is there");
                    item.insert("seen".to_owned(), seen);
                    item.remove("extra");
                    assert!(written.is_ok());
                }
                Some(_) | None => assert!(matches!(written, Err(Error::Invalid(_)))),
            }
        }
        _ => {
            let mut item = key;
            if dice.roll(3) > 0 {
                item.insert("extra".to_owned(), text(format!("o{}", dice.roll(4))));
            }
            if dice.roll(2) > 0 {
                item.insert("at_".to_owned(), text("x".repeat(dice.roll(40) as usize)));
            }
            let write = Write { returns_old: true, ..Write::new(id("tab"), Action::Put(item.clone())) };
            let written = tables.write(&write).await.expect("the item is right");
            assert_eq!(written.old, model.insert(place, item));
        }
    }
}

/// All changes in the table's stream, in order, a shard's before those of its children.
fn changes(store: &Store, tables: &Tables) -> Vec<stream::ChangeRecord> {
    let (table, _, _) = tables.describe(&id("tab")).expect("it is there");
    let began = Timestamp::from_millis(table.settings.stream.as_ref().expect("it has one").began_millis);
    let lane = tables.stream(&id("tab"), began).expect("memory works").expect("it is there").lane;
    let read: Result<_, crate::stream::Error> = store.read(|read| {
        let mut found = Vec::new();
        for shard in crate::stream::shards(read, &lane)? {
            found.extend(crate::stream::read(read, &lane, shard.index, 0, 10_000, usize::MAX)?);
        }
        Ok(found)
    });
    let records = read.expect("memory works");
    records.iter().map(|record| stream::parse(record).expect("it was written here")).collect()
}

#[tokio::test]
async fn who_replays_a_stream_has_the_table() {
    for seed in 1..=20 {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000_000_000)));
        let store = Store::memory_with(clock.clone(), seed);
        let tables = Tables::open(store.clone());
        let new = NewTable { stream: Some(stream::View::Both), ..new_table() };
        tables.create(&new).await.expect("the definition is right");
        let (mut model, mut dice) = (Model::new(), Dice::of(seed));
        for _ in 0..4 {
            for _ in 0..20 {
                step(&tables, &mut model, &mut dice).await;
            }
            clock.advance(Duration::from_secs(5 * 3_600)); // the shard is closed, and has a child
            while tables.work(true).await.expect("memory works") {}
        }
        let mut replica: BTreeMap<String, Item> = BTreeMap::new();
        for change in changes(&store, &tables) {
            let key = format!("{:?}", change.key);
            let before = match change.new {
                Some(new) => replica.insert(key, new),
                None => replica.remove(&key),
            };
            assert_eq!(before, change.old, "seed {seed}");
        }
        assert_eq!(sorted(replica.into_values()), sorted(read_all(&tables, None)), "seed {seed}");
    }
}

#[tokio::test]
async fn random_histories_leave_tables_and_indexes_as_a_plain_model_says() {
    for seed in 1..=20 {
        let tables = Tables::open(Store::memory());
        tables.create(&new_table()).await.expect("the definition is right");
        let (mut model, mut dice) = (Model::new(), Dice::of(seed));
        for _ in 0..60 {
            step(&tables, &mut model, &mut dice).await;
        }
        compare(&tables, &model, &[("local", true), ("global", false)], seed);
    }
}

#[tokio::test]
async fn an_index_of_a_live_table_is_filled_while_items_change() {
    for seed in 1..=10 {
        let tables = Tables::open(Store::memory());
        tables.create(&NewTable { global: None, ..new_table() }).await.expect("the definition is right");
        let (mut model, mut dice) = (Model::new(), Dice::of(seed));
        for _ in 0..40 {
            step(&tables, &mut model, &mut dice).await;
        }
        let change = ChangeTable {
            indexes: vec![IndexChange::Create(index("later", ["extra", "at"], "ALL"))],
            ..ChangeTable::default()
        };
        tables.change(&id("tab"), &change).await.expect("the index is right");
        for _ in 0..15 {
            step(&tables, &mut model, &mut dice).await;
        }
        while tables.work(false).await.expect("memory works") {
            step(&tables, &mut model, &mut dice).await;
        }
        compare(&tables, &model, &[("later", true), ("local", true)], seed);
    }
}

#[tokio::test]
async fn what_a_deleted_table_leaves_is_deleted_row_by_row() {
    let store = Store::memory();
    let rows = |store: &Store| {
        let all = store::Range { from: vec![1], to: vec![0xFF] };
        store.read(|read| store::Read::scan(read, all, Order::Forward, 10_000)).map(|rows| rows.len()).expect("memory")
    };
    let tables = Tables::open(store.clone());
    let before = rows(&store);
    tables.create(&new_table()).await.expect("the definition is right");
    let (mut model, mut dice) = (Model::new(), Dice::of(7));
    for _ in 0..50 {
        step(&tables, &mut model, &mut dice).await;
    }
    tables.set_expiry(&id("tab"), "due", true).await.expect("it was off");
    tables.delete(&id("tab")).await.expect("it is there");
    while tables.work(true).await.expect("memory works") {}
    assert_eq!(rows(&store), before);
}

#[tokio::test]
async fn items_go_when_they_are_due_and_never_before() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000_000_000)));
    let tables = Tables::open(Store::memory_with(clock.clone(), 1));
    tables.create(&new_table()).await.expect("the definition is right");
    let put = async |name: &str, due: i64| {
        let item = [("id".to_owned(), text(name)), ("at".to_owned(), number(0)), ("due".to_owned(), number(due))];
        tables.write(&Write::new(id("tab"), Action::Put(item.into()))).await.expect("the item is right");
    };
    let names = || -> BTreeSet<String> {
        let items = read_all(&tables, None);
        items.iter().map(|item| format!("{:?}", item["id"])).collect()
    };
    put("before expiry was on", 1_000_010).await;
    tables.set_expiry(&id("tab"), "due", true).await.expect("it was off");
    put("soon", 1_000_005).await;
    put("put off", 1_000_005).await;
    put("put off", 1_000_100).await;
    put("long ago", 1).await;
    let work = async || while tables.work(true).await.expect("memory works") {};
    work().await;
    assert_eq!(names().len(), 3, "what was due when it was put is gone: {:?}", names());
    for (second, left) in [(4, 3), (5, 3), (6, 2), (11, 1), (99, 1), (101, 0)] {
        clock.set(Timestamp::from_millis(1_000_000_000) + Duration::from_secs(second));
        work().await;
        assert_eq!(names().len(), left, "after {second} s: {:?}", names());
    }
    let (_, counted, _) = tables.describe(&id("tab")).expect("it is there");
    assert_eq!(counted, Counted::default());
}

#[tokio::test]
async fn a_transaction_does_all_or_nothing_and_once_under_a_token() {
    let tables = Tables::open(Store::memory());
    tables.create(&new_table()).await.expect("the definition is right");
    let key = |name: &str| Item::from([("id".to_owned(), text(name)), ("at".to_owned(), number(0))]);
    let put = |name: &str| Write::new(id("tab"), Action::Put(key(name)));
    let absent = expression::Condition::Not(Box::new(expression::Condition::Exists(expression::Path::attribute("id"))));
    let first = TransactWrite { writes: vec![put("a"), put("b")], token: None };
    assert_eq!(tables.transact_write(&first).await.expect("it is right").len(), 2);
    let clash = Write { condition: Some(absent), ..put("a") };
    let second = TransactWrite { writes: vec![put("c"), clash], token: None };
    let refused = tables.transact_write(&second).await.expect_err("there is an a");
    assert_eq!(
        refused.to_string(),
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]"
    );
    assert_eq!(read_all(&tables, None).len(), 2);
    let token = |request: &[u8]| Idempotency::new(AccountId::default(), id("tab").region, "token".to_owned(), request);
    let third = TransactWrite { writes: vec![put("d")], token: Some(token(b"put d")) };
    tables.transact_write(&third).await.expect("it is right");
    tables.write(&Write::new(id("tab"), Action::Delete(key("d")))).await.expect("it is there");
    tables.transact_write(&third).await.expect("it was done");
    assert_eq!(read_all(&tables, None).len(), 2, "it was not done again");
    let other = TransactWrite { writes: vec![put("e")], token: Some(token(b"put e")) };
    assert!(matches!(tables.transact_write(&other).await, Err(Error::TokenReused)));
}
