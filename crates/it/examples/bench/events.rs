//! Asynchronous events of a real component over HTTP: how many are accepted and how many delivered per second, beside
//! the store's own transactions.
//!
//! What is accepted while the function may not run is delivered once it may: the parts of a round come one after the
//! other. `crates/services/examples/delivery.rs` measures the loop alone, without HTTP and without a component.

use std::time::{Duration, Instant};

use it::{Client, Nought};
use serde_json::json;

use crate::load::{ROUNDS, TURN, per_second, times};
use crate::raw::{self, Raw};
use crate::samples::median;
use crate::{process, promise};

const CLIENTS: u64 = 64;
const RAW_CLIENTS: u64 = 128;
const ACCEPTED_MIN: f64 = 0.6;
const DELIVERED_MIN: f64 = 0.4;
/// Memory that a backlog may add, whatever its size.
const BACKLOG_MB_MAX: f64 = 64.0;
const DRAINED_PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);
const INVOKE: &str = "/2015-03-31/functions/nothing/invocations";
const LIMIT: &str = "/2017-10-31/functions/nothing/concurrency";
const EVENT: (&str, &str) = ("x-amz-invocation-type", "Event");

pub fn run() -> bool {
    process::print_load();
    let (nought, raw) = (Nought::start(), Raw::open());
    nought.deploy(&it::component("hello-rust"), "nothing", &[]);
    let (mut accepted, mut delivered) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let transactions = raw.per_second(RAW_CLIENTS, TURN, &[raw::transaction]);
        close(&nought);
        let before = runs(&nought);
        let begun = Instant::now();
        let accepts = per_second(CLIENTS, TURN, |_| {
            let mut client = Client::new(nought.address());
            move |number| {
                accept(&mut client, number);
                1
            }
        });
        let waiting = (accepts * begun.elapsed().as_secs_f64()) as u64;
        let delivers = drain(&nought, before, waiting);
        println!("round {round}: {transactions:.0} transactions/s, {accepts:.0} accepted/s, {delivers:.0} delivered/s");
        accepted.push(accepts / transactions);
        delivered.push(delivers / transactions);
    }
    let (accepted, delivered) = (median(accepted), median(delivered));
    let bound = |least: f64| format!("at least {least}");
    promise("accepted / transactions", accepted, "times", accepted >= ACCEPTED_MIN, &bound(ACCEPTED_MIN))
        & promise("delivered / transactions", delivered, "times", delivered >= DELIVERED_MIN, &bound(DELIVERED_MIN))
}

/// A backlog of so many events: the rate over its halves, and memory.
pub fn backlog(events: u64) -> bool {
    process::print_load();
    let nought = Nought::start();
    nought.deploy(&it::component("hello-rust"), "nothing", &[]);
    close(&nought);
    let begun = Instant::now();
    times(CLIENTS, events, |_| {
        let mut client = Client::new(nought.address());
        move |number| accept(&mut client, number)
    });
    println!("{events} events accepted in {:.0} s", begun.elapsed().as_secs_f64());
    let before = process::resident_mb(nought.id());
    let mut halves = [0.0; 2];
    let peak = process::peak_mb(nought.id(), || {
        open(&nought);
        halves[0] = until(&nought, events / 2);
        halves[1] = until(&nought, events);
    });
    let rates = [events / 2, events - events / 2].map(|count| count as f64);
    let (first, second) = (rates[0] / halves[0], rates[1] / halves[1]);
    println!("delivered per second: first half {first:.0}, second half {second:.0}");
    let steady = promise("second half / first half", second / first, "times", second / first >= 0.8, "at least 0.8");
    let added = peak - before;
    steady & promise("memory that draining adds", added, "MB", added < BACKLOG_MB_MAX, "under 64 MB")
}

fn accept(client: &mut Client, number: u64) {
    let event = json!({"order": number, "items": ["bolt", "nut"], "note": "a document of common size"});
    client.lambda("POST", INVOKE, &[EVENT], &event).expect("accepted");
}

/// From now on events wait.
fn close(nought: &Nought) {
    let none = json!({"ReservedConcurrentExecutions": 0});
    Client::new(nought.address()).lambda("PUT", LIMIT, &[], &none).expect("a limit");
}

fn open(nought: &Nought) {
    Client::new(nought.address()).call("lambda", "DELETE", LIMIT, &[], b"").expect("no limit");
}

/// Deliveries per second of what waits.
fn drain(nought: &Nought, before: u64, waiting: u64) -> f64 {
    open(nought);
    waiting as f64 / until(nought, before + waiting)
}

/// Seconds until the function has run so often.
fn until(nought: &Nought, count: u64) -> f64 {
    let begun = Instant::now();
    let mut last = (runs(nought), Instant::now());
    loop {
        let now = runs(nought);
        if now >= count {
            return begun.elapsed().as_secs_f64();
        }
        if now > last.0 {
            last = (now, Instant::now());
        }
        assert!(last.1.elapsed() < DRAINED_PATIENCE, "{now} of {count} events came, and no more");
        std::thread::sleep(LOOK);
    }
}

/// How often the function has run, by the server's own count, which is at most 100 ms behind.
fn runs(nought: &Nought) -> u64 {
    let span = json!({"from_millis": 0, "to_millis": u64::from(u32::MAX) * 1000});
    let body = span.to_string();
    let json = [("content-type", "application/json")];
    let answer = Client::new(nought.address()).call("nought", "POST", "/_nought/usage", &json, body.as_bytes());
    let lines: serde_json::Value = serde_json::from_slice(&answer.expect("an answer").body).expect("counts");
    let counts = lines.as_array().expect("lines").iter().filter(|line| line["function"] == "nothing");
    counts.filter_map(|line| line["counts"]["requests"].as_u64()).sum()
}
