//! Queues: cycles of send, receive and delete against the store alone and `moto_server`; idle long polls; a backlog.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use it::{Client, Nought};
use serde_json::{Value, json};
use store::{Error, Tx};

use crate::load::{Contestant, Rates, per_second, take_turns, times};
use crate::raw::{self, Raw};
use crate::{peer, process, promise};

const CLIENTS: u64 = 32;
const BATCH: u64 = 10;
const POLLS: u64 = 20;
const POLL: Duration = Duration::from_secs(10);
/// Of one processor, while twenty consumers wait.
const IDLE_CPU_MAX: f64 = 0.01;
const SMALL_BACKLOG: u64 = 5_000;
const BACKLOG_MB_MAX: f64 = 500.0;
const BODY: &str = "a message of common size, about an order of three bolts and eleven nuts for the workshop next door";

pub fn run() -> bool {
    process::print_load();
    cycles() & idle()
}

fn cycles() -> bool {
    let (nought, raw, moto) = (Nought::start(), Raw::open(), peer::moto());
    let (single, batch) = (create(nought.address(), "single"), create(nought.address(), "batch"));
    let mut contestants = vec![
        Contestant::new("nought, one by one", |time| cycle(nought.address(), &single, 1, time)),
        Contestant::new("the store, one by one", |time| {
            raw.per_second(CLIENTS, time, &[send::<1>, take::<1>, delete::<1>])
        }),
        Contestant::new("nought, tens", |time| cycle(nought.address(), &batch, BATCH, time)),
        Contestant::new("the store, tens", |time| {
            BATCH as f64 * raw.per_second(CLIENTS, time, &[send::<BATCH>, take::<BATCH>, delete::<BATCH>])
        }),
    ];
    if let Some(moto) = &moto {
        let (single, batch) = (create(moto.address, "single"), create(moto.address, "batch"));
        contestants.push(Contestant::new("moto, one by one", move |time| cycle(moto.address, &single, 1, time)));
        contestants.push(Contestant::new("moto, tens", move |time| cycle(moto.address, &batch, BATCH, time)));
    }
    let rates: Rates = take_turns(&contestants);
    let mut kept = true;
    for how in ["one by one", "tens"] {
        kept &= rates.promise(&format!("nought, {how}"), &format!("the store, {how}"), 0.5);
        if moto.is_some() {
            kept &= rates.promise(&format!("nought, {how}"), &format!("moto, {how}"), 5.0);
        }
    }
    kept
}

fn create(address: SocketAddr, name: &str) -> String {
    let made = Client::new(address).sqs("CreateQueue", &json!({"QueueName": name})).expect("a queue");
    made["QueueUrl"].as_str().expect("a URL").to_owned()
}

/// Messages per second that were sent, received and deleted.
fn cycle(address: SocketAddr, url: &str, batch: u64, time: Duration) -> f64 {
    per_second(CLIENTS, time, |_| {
        let mut client = Client::new(address);
        move |_| {
            send_messages(&mut client, url, batch);
            let receive = json!({"QueueUrl": url, "MaxNumberOfMessages": batch});
            let answer = client.sqs("ReceiveMessage", &receive).expect("an answer");
            let received = answer["Messages"].as_array().cloned().unwrap_or_default();
            delete_messages(&mut client, url, &received);
            received.len() as u64
        }
    })
}

fn send_messages(client: &mut Client, url: &str, batch: u64) {
    if batch == 1 {
        client.sqs("SendMessage", &json!({"QueueUrl": url, "MessageBody": BODY})).expect("sent");
        return;
    }
    let entries: Vec<Value> = (0..batch).map(|at| json!({"Id": at.to_string(), "MessageBody": BODY})).collect();
    client.sqs("SendMessageBatch", &json!({"QueueUrl": url, "Entries": entries})).expect("sent");
}

fn delete_messages(client: &mut Client, url: &str, received: &[Value]) {
    match received {
        [] => {}
        [one] => {
            let delete = json!({"QueueUrl": url, "ReceiptHandle": one["ReceiptHandle"]});
            client.sqs("DeleteMessage", &delete).expect("deleted");
        }
        many => {
            let entry =
                |(at, one): (usize, &Value)| json!({"Id": at.to_string(), "ReceiptHandle": one["ReceiptHandle"]});
            let entries: Vec<Value> = many.iter().enumerate().map(entry).collect();
            client.sqs("DeleteMessageBatch", &json!({"QueueUrl": url, "Entries": entries})).expect("deleted");
        }
    }
}

/// What a send writes: the message, appended to its queue's log.
fn send<const BATCH: u64>(tx: &mut Tx, _: u64, _: u64) -> Result<(), Error> {
    (0..BATCH).for_each(|_| tx.append(raw::log("queue"), vec![1; 250]));
    Ok(())
}

/// What a receive writes: a row for each message that is with a consumer.
fn take<const BATCH: u64>(tx: &mut Tx, client: u64, number: u64) -> Result<(), Error> {
    (0..BATCH).for_each(|at| tx.put(raw::row("flight", client, number * BATCH + at), vec![2; 60]));
    Ok(())
}

/// What a deletion writes: neither the message nor that row is there any more.
fn delete<const BATCH: u64>(tx: &mut Tx, client: u64, number: u64) -> Result<(), Error> {
    for at in 0..BATCH {
        tx.delete(raw::row("flight", client, number * BATCH + at));
        tx.delete(raw::row("message", client, number * BATCH + at));
    }
    Ok(())
}

/// Consumers that wait for messages that do not come.
fn idle() -> bool {
    let nought = Nought::start();
    let url = create(nought.address(), "idle");
    let before = process::cpu_seconds(nought.id());
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..POLLS {
            scope.spawn(|| {
                let receive = json!({"QueueUrl": url, "WaitTimeSeconds": POLL.as_secs()});
                Client::new(nought.address()).sqs("ReceiveMessage", &receive).expect("an answer");
            });
        }
    });
    let used = (process::cpu_seconds(nought.id()) - before) / begun.elapsed().as_secs_f64();
    promise(&format!("processor while {POLLS} long polls wait"), used, "of one", used <= IDLE_CPU_MAX, "at most 0.01")
}

/// Cycles with so many messages waiting, against cycles with a few.
pub fn backlog(messages: u64) -> bool {
    process::print_load();
    let nought = Nought::start();
    let (few, many) = (create(nought.address(), "few"), create(nought.address(), "many"));
    let fill = |url: &str, count: u64| {
        let begun = Instant::now();
        times(CLIENTS, count / BATCH, |_| {
            let mut client = Client::new(nought.address());
            move |_| send_messages(&mut client, url, BATCH)
        });
        println!("{count} messages sent in {:.0} s", begun.elapsed().as_secs_f64());
    };
    fill(&few, SMALL_BACKLOG);
    fill(&many, messages);
    let nought = nought.again();
    let begun = Instant::now();
    let answer = Client::new(nought.address()).sqs("ReceiveMessage", &json!({"QueueUrl": many})).expect("an answer");
    println!("first receive after a restart: {:.1} ms", begun.elapsed().as_secs_f64() * 1000.0);
    assert!(answer["Messages"].is_array(), "{answer}");
    let names = ["few waiting", "many waiting"];
    let rates = take_turns(&[
        Contestant::new(names[0], |time| cycle(nought.address(), &few, BATCH, time)),
        Contestant::new(names[1], |time| cycle(nought.address(), &many, BATCH, time)),
    ]);
    let resident = process::resident_mb(nought.id());
    rates.promise(names[1], names[0], 0.8)
        & promise("memory with the backlog", resident, "MB", resident < BACKLOG_MB_MAX, "under 500 MB")
}
