//! Queues: senders, and consumers of which some give up, on a standard queue and on groups of a FIFO queue.
//!
//! The rules of what may be received are in [`History`]; both queues are held against the same ones, the FIFO queue also
//! against its order.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::dice::Dice;
use super::history::{History, Kind, Message};
use super::objects::until_gone;
use super::{Findings, Load};
use crate::client::{Client, Failed};
use crate::nought::Nought;

const CONSUMERS: u64 = 2;
const SENDERS: u64 = 2;
const BATCH: u64 = 3;
/// Of both queues.
const VISIBLE_AFTER: Duration = Duration::from_secs(5);
/// A consumer gives up once in so many messages, and what it had comes back.
const GIVES_UP_ONCE_IN: u64 = 20;
/// Longest time in which the queues run empty at the end.
const DRAIN_MAX: Duration = Duration::from_secs(60);

pub struct Queues {
    standard: Line,
    fifo: Line,
}

/// One queue, its senders, and what its consumers saw.
struct Line {
    kind: Kind,
    url: String,
    /// How far each sender is; in a FIFO queue each has a group of its own.
    senders: Vec<Sender>,
    history: Mutex<History>,
}

struct Sender {
    id: u64,
    /// The last message that was acknowledged. In a FIFO queue the next one is sent until it is.
    sent: u64,
}

impl Queues {
    pub fn new() -> Queues {
        Queues { standard: Line::new(Kind::Standard), fifo: Line::new(Kind::Fifo) }
    }

    fn lines(&mut self) -> [&mut Line; 2] {
        [&mut self.standard, &mut self.fifo]
    }
}

impl Load for Queues {
    fn prepare(&mut self, nought: &Nought) {
        let mut client = Client::new(nought.address());
        for line in self.lines() {
            let mut attributes = json!({"VisibilityTimeout": VISIBLE_AFTER.as_secs().to_string()});
            if line.kind == Kind::Fifo {
                attributes["FifoQueue"] = json!("true");
            }
            let queue = json!({"QueueName": line.name(), "Attributes": attributes});
            let made = client.sqs("CreateQueue", &queue).expect("a queue");
            line.url = made["QueueUrl"].as_str().expect("a URL").to_owned();
        }
    }

    fn work(&mut self, address: SocketAddr, seed: u64) {
        std::thread::scope(|scope| {
            for line in self.lines() {
                let (kind, url, history) = (line.kind, &line.url, &line.history);
                for sender in &mut line.senders {
                    scope.spawn(move || {
                        let mut client = Client::new(address);
                        until_gone(|| sender.step(&mut client, kind, url, history));
                    });
                }
                for consumer in 0..CONSUMERS {
                    scope.spawn(move || {
                        let mut dice = Dice::new(seed.wrapping_add(consumer << 32));
                        let mut client = Client::new(address);
                        until_gone(|| consume(&mut client, || dice.once_in(GIVES_UP_ONCE_IN), url, history));
                    });
                }
            }
        });
    }

    fn check(&mut self, client: &mut Client, findings: &mut Findings) {
        for line in self.lines() {
            // At once, while what was given out before the kill must still be hidden.
            consume(client, || false, &line.url, &line.history).expect("it runs");
            let history = line.history.get_mut().expect("no consumer panics");
            for broken in history.broken.drain(..) {
                findings.check(false, || broken);
            }
        }
    }

    fn finish(&mut self, client: &mut Client, findings: &mut Findings) {
        for line in self.lines() {
            line.drain(client, findings);
            let history = line.history.get_mut().expect("no consumer panics");
            for body in history.never_received() {
                findings.check(false, || format!("message {body} was acknowledged and never received"));
            }
            findings.count("messages acknowledged", history.acknowledged());
            findings.count("messages received", history.received());
            findings.count("messages received again after their window", history.again());
        }
        self.check(client, findings);
    }
}

impl Line {
    fn new(kind: Kind) -> Line {
        Line {
            kind,
            url: String::new(),
            senders: (0..SENDERS).map(|id| Sender { id, sent: 0 }).collect(),
            history: Mutex::new(History::new(kind, VISIBLE_AFTER)),
        }
    }

    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Standard => "crash",
            Kind::Fifo => "crash.fifo",
        }
    }

    /// Consumes until the queue says that it is empty.
    fn drain(&self, client: &mut Client, findings: &mut Findings) {
        let end = Instant::now() + DRAIN_MAX;
        let attributes = json!({"QueueUrl": self.url, "AttributeNames": ["All"]});
        loop {
            consume(client, || false, &self.url, &self.history).expect("it runs");
            let left = client.sqs("GetQueueAttributes", &attributes).expect("attributes");
            let count = |name: &str| left["Attributes"][name].as_str().map_or(0, |text| text.parse().unwrap_or(0));
            match count("ApproximateNumberOfMessages") + count("ApproximateNumberOfMessagesNotVisible") {
                0 => return,
                some if Instant::now() > end => {
                    return findings.check(false, || format!("{} still has {some} messages: {left}", self.name()));
                }
                _ => {}
            }
        }
    }
}

impl Sender {
    fn step(&mut self, client: &mut Client, kind: Kind, url: &str, history: &Mutex<History>) -> Result<(), Failed> {
        match kind {
            Kind::Standard => self.send_batch(client, url, history),
            Kind::Fifo => self.send_next(client, url, history),
        }
    }

    fn send_batch(&mut self, client: &mut Client, url: &str, history: &Mutex<History>) -> Result<(), Failed> {
        let numbers: Vec<u64> = (0..BATCH).map(|at| self.sent + 1 + at).collect();
        // Numbers whose end is not known are not used again.
        self.sent += BATCH;
        let entry = |number: &u64| json!({"Id": number.to_string(), "MessageBody": self.message(*number).to_string()});
        let entries: Vec<Value> = numbers.iter().map(entry).collect();
        let answer = client.sqs("SendMessageBatch", &json!({"QueueUrl": url, "Entries": entries}))?;
        assert_eq!(answer["Successful"].as_array().map(Vec::len), Some(BATCH as usize), "{answer}");
        let mut history = history.lock().expect("no consumer panics");
        numbers.iter().for_each(|number| history.acknowledge(self.message(*number)));
        Ok(())
    }

    fn send_next(&mut self, client: &mut Client, url: &str, history: &Mutex<History>) -> Result<(), Failed> {
        let message = self.message(self.sent + 1);
        let text = message.to_string();
        let send = json!({"QueueUrl": url, "MessageBody": text, "MessageGroupId": self.id.to_string(),
            "MessageDeduplicationId": text});
        client.sqs("SendMessage", &send)?;
        self.sent += 1;
        history.lock().expect("no consumer panics").acknowledge(message);
        Ok(())
    }

    fn message(&self, number: u64) -> Message {
        Message { group: self.id, number }
    }
}

/// Receives once, and deletes what came in its order, unless it gives up.
fn consume(
    client: &mut Client,
    mut gives_up: impl FnMut() -> bool,
    url: &str,
    history: &Mutex<History>,
) -> Result<(), Failed> {
    let asked = Instant::now();
    let receive = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1});
    let answer = client.sqs("ReceiveMessage", &receive)?;
    let received = answer["Messages"].as_array().cloned().unwrap_or_default();
    let text = |message: &Value, name: &str| message[name].as_str().expect("a text").to_owned();
    let messages: Vec<(Message, String)> =
        received.iter().map(|one| (Message::parse(&text(one, "Body")), text(one, "MessageId"))).collect();
    history.lock().expect("no consumer panics").receive(&messages, asked);
    for (raw, (message, _)) in received.iter().zip(&messages) {
        if gives_up() {
            return Ok(());
        }
        history.lock().expect("no consumer panics").ask_deletion(*message);
        client.sqs("DeleteMessage", &json!({"QueueUrl": url, "ReceiptHandle": text(raw, "ReceiptHandle")}))?;
        history.lock().expect("no consumer panics").delete(*message, asked);
    }
    Ok(())
}
