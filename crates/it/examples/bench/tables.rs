//! Tables: puts and conditional updates against the store alone, reads, and what an operation costs in a large table.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use it::{Client, Nought};
use serde_json::{Value, json};
use store::{Error, Read, Tx};

use crate::load::{Contestant, per_second, take_turns, times};
use crate::raw::{self, Raw};
use crate::samples::Samples;
use crate::{process, promise};

const CLIENTS: u64 = 64;
const ITEMS_SMALL: u64 = 10_000;
const QUERIED: u64 = 100;
const GETS: usize = 2000;
const GET_P50_MAX: Duration = Duration::from_micros(300);
const ITEM_BYTES: usize = 200;

pub fn run() -> bool {
    process::print_load();
    let (nought, raw) = (Nought::start(), Raw::open());
    let address = nought.address();
    create(address, "bench");
    fill(address, "bench", QUERIED * CLIENTS);
    let rates = take_turns(&[
        Contestant::new("PutItem", |time| put(address, "bench", time)),
        Contestant::new("the store, same rows", |time| raw.per_second(CLIENTS, time, &[rows])),
        Contestant::new("conditional UpdateItem", |time| update(address, time)),
        Contestant::new("GetItem", |time| get(address, "bench", QUERIED * CLIENTS, time)),
        Contestant::new("Query of 100", |time| query(address, time)),
    ]);
    let kept = rates.promise("PutItem", "the store, same rows", 0.5);
    kept & rates.promise("conditional UpdateItem", "the store, same rows", 0.5) & single(address)
}

/// One client that asks one question at a time.
fn single(address: SocketAddr) -> bool {
    let mut client = Client::new(address);
    let took = (0..GETS as u64).map(|number| {
        let begun = Instant::now();
        client.dynamodb("GetItem", &get_of("bench", number % QUERIED)).expect("an answer");
        begun.elapsed()
    });
    let samples = Samples::of(took.collect());
    samples.print("GetItem, one client");
    let p50 = samples.percentile(50);
    promise("GetItem, p50", p50.as_secs_f64() * 1000.0, "ms", p50 < GET_P50_MAX, "under 0.3 ms")
}

/// What operations cost in a table of so many items, against one of ten thousand.
pub fn growth(items: u64) -> bool {
    process::print_load();
    let nought = Nought::start();
    let address = nought.address();
    for (table, count) in [("small", ITEMS_SMALL), ("large", items)] {
        create(address, table);
        let begun = Instant::now();
        fill(address, table, count);
        println!("{count} items put in {:.0} s", begun.elapsed().as_secs_f64());
    }
    let rates = take_turns(&[
        Contestant::new("GetItem of few", |time| get(address, "small", ITEMS_SMALL, time)),
        Contestant::new("GetItem of many", |time| get(address, "large", items, time)),
        Contestant::new("PutItem to few", |time| put(address, "small", time)),
        Contestant::new("PutItem to many", |time| put(address, "large", time)),
    ]);
    let kept = rates.promise("GetItem of many", "GetItem of few", 1.0 / 1.5);
    let before = process::resident_mb(nought.id());
    let scanned = process::peak_mb(nought.id(), || scan(address, items));
    println!("memory before a scan {before:.1} MB, at most {scanned:.1} MB during it");
    kept & rates.promise("PutItem to many", "PutItem to few", 1.0 / 1.5)
}

fn create(address: SocketAddr, table: &str) {
    let input = json!({"TableName": table, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"}],
        "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}]});
    Client::new(address).dynamodb("CreateTable", &input).expect("a table");
}

/// Partitions of a hundred items each.
fn key(number: u64) -> Value {
    json!({"p": {"S": format!("p{}", number / QUERIED)}, "s": {"N": (number % QUERIED).to_string()}})
}

fn item(number: u64) -> Value {
    let mut item = key(number);
    item["v"] = json!({"N": "0"});
    item["text"] = json!({"S": "x".repeat(ITEM_BYTES)});
    item
}

fn fill(address: SocketAddr, table: &str, items: u64) {
    const BATCH: u64 = 25;
    times(CLIENTS, items.div_ceil(BATCH), |_| {
        let mut client = Client::new(address);
        move |batch| {
            let puts: Vec<_> = (batch * BATCH..((batch + 1) * BATCH).min(items))
                .map(|number| json!({"PutRequest": {"Item": item(number)}}))
                .collect();
            client.dynamodb("BatchWriteItem", &json!({"RequestItems": {table: puts}})).expect("written");
        }
    });
}

fn put(address: SocketAddr, table: &str, time: Duration) -> f64 {
    per_second(CLIENTS, time, |id| {
        let mut client = Client::new(address);
        move |number| {
            let put = json!({"TableName": table, "Item": item(id * QUERIED + number % QUERIED)});
            client.dynamodb("PutItem", &put).expect("written");
            1
        }
    })
}

/// Each client counts its own item up, on condition of what it was.
fn update(address: SocketAddr, time: Duration) -> f64 {
    per_second(CLIENTS, time, |id| {
        let mut client = Client::new(address);
        let mut own = key(id);
        own["p"] = json!({"S": "counted"});
        let mut item = own.clone();
        item["v"] = json!({"N": "0"});
        client.dynamodb("PutItem", &json!({"TableName": "bench", "Item": item})).expect("written");
        move |number| {
            let update = json!({"TableName": "bench", "Key": own, "UpdateExpression": "SET v = :new",
                "ConditionExpression": "v = :old", "ExpressionAttributeValues": {
                    ":old": {"N": number.to_string()}, ":new": {"N": (number + 1).to_string()}}});
            client.dynamodb("UpdateItem", &update).expect("written");
            1
        }
    })
}

fn get_of(table: &str, number: u64) -> Value {
    json!({"TableName": table, "Key": key(number)})
}

fn get(address: SocketAddr, table: &str, items: u64, time: Duration) -> f64 {
    per_second(CLIENTS, time, |id| {
        let mut client = Client::new(address);
        move |number| {
            // Far apart, so that no page of the map is asked for twice in a row.
            let any = (id * 7919 + number * 104_729) % items;
            let answer = client.dynamodb("GetItem", &get_of(table, any)).expect("an answer");
            assert!(answer["Item"].is_object(), "item {any} is there");
            1
        }
    })
}

fn query(address: SocketAddr, time: Duration) -> f64 {
    per_second(CLIENTS, time, |id| {
        let mut client = Client::new(address);
        let query = json!({"TableName": "bench", "KeyConditionExpression": "p = :p",
            "ExpressionAttributeValues": {":p": {"S": format!("p{id}")}}});
        move |_| {
            let answer = client.dynamodb("Query", &query).expect("an answer");
            assert_eq!(answer["Count"], json!(QUERIED));
            1
        }
    })
}

fn scan(address: SocketAddr, items: u64) {
    let (mut client, mut count) = (Client::new(address), 0);
    let mut scan = json!({"TableName": "large"});
    loop {
        let page = client.dynamodb("Scan", &scan).expect("a page");
        count += page["Count"].as_u64().expect("a count");
        match page.get("LastEvaluatedKey") {
            Some(last) => scan["ExclusiveStartKey"] = last.clone(),
            None => break,
        }
    }
    assert!(count >= items, "{count} of {items} items");
}

/// A put of an item: a look at the one before, and its row.
fn rows(tx: &mut Tx, client: u64, number: u64) -> Result<(), Error> {
    tx.get(&raw::row("item", client, number % QUERIED))?;
    tx.put(raw::row("item", client, number % QUERIED), vec![1; ITEM_BYTES + 60]);
    Ok(())
}
