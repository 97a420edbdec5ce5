//! What consumers of a queue may see, and a memory of what they saw.
//!
//! Start reading at [`History::receive`]. Times are the consumers': a message is hidden at the earliest when it was asked
//! for, so a window that is broken by these times is broken by the server's as well.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

/// How far the server's clock, which has milliseconds, may be off.
const SLACK: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Standard,
    Fifo,
}

/// A message is known by its sender's group and its number in it, which is its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    pub group: u64,
    pub number: u64,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Deletion {
    None,
    Asked,
    Acknowledged,
}

/// The last time that a message was received.
struct Receipt {
    asked: Instant,
    id: String,
    times: u64,
    deletion: Deletion,
}

pub struct History {
    kind: Kind,
    visible_after: Duration,
    acknowledged: BTreeSet<Message>,
    receipts: BTreeMap<Message, Receipt>,
    /// What must not be, each in a sentence.
    pub broken: Vec<String>,
}

impl fmt::Display for Message {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}-{}", self.group, self.number)
    }
}

impl Message {
    pub fn parse(body: &str) -> Message {
        let (group, number) = body.split_once('-').expect("a body of ours");
        Message { group: group.parse().expect("a body of ours"), number: number.parse().expect("a body of ours") }
    }
}

impl History {
    pub fn new(kind: Kind, visible_after: Duration) -> History {
        History { kind, visible_after, acknowledged: BTreeSet::new(), receipts: BTreeMap::new(), broken: Vec::new() }
    }

    pub fn acknowledge(&mut self, message: Message) {
        self.acknowledged.insert(message);
    }

    /// Messages with their ids, in the order of one answer to a receive that was asked for at `asked`.
    pub fn receive(&mut self, messages: &[(Message, String)], asked: Instant) {
        if self.kind == Kind::Fifo {
            self.check_order(messages);
        }
        for (message, id) in messages {
            self.receive_one(*message, id, asked);
        }
    }

    fn receive_one(&mut self, message: Message, id: &str, asked: Instant) {
        let fresh = Receipt { asked, id: id.to_owned(), times: 1, deletion: Deletion::None };
        let Some(before) = self.receipts.insert(message, fresh) else { return };
        let visible = before.asked + self.visible_after;
        if before.deletion == Deletion::Acknowledged {
            self.broken.push(format!("message {message} came back to a {:?} queue after its deletion", self.kind));
        } else if Instant::now() + SLACK < visible {
            self.broken.push(format!("message {message} was with two consumers in one visibility window"));
        }
        if before.id != id {
            self.broken.push(format!("message {message} is there twice: {} and {id}", before.id));
        }
        if let Some(receipt) = self.receipts.get_mut(&message) {
            receipt.times += before.times;
        }
    }

    /// Of each group an answer holds what follows upon each other, and nothing before the deletion of all before it.
    fn check_order(&mut self, messages: &[(Message, String)]) {
        let mut last: BTreeMap<u64, u64> = BTreeMap::new();
        for (message, _) in messages {
            match last.insert(message.group, message.number) {
                Some(before) if message.number != before + 1 => {
                    self.broken.push(format!("message {message} came right after {before} of its group"));
                }
                Some(_) => {}
                None => self.check_all_before_deleted(*message),
            }
        }
    }

    fn check_all_before_deleted(&mut self, message: Message) {
        let from = Message { number: 1, ..message };
        let gone = |(_, receipt): &(&Message, &Receipt)| receipt.deletion != Deletion::None;
        let deleted = self.receipts.range(from..message).filter(gone).count() as u64;
        if deleted != message.number - 1 {
            self.broken.push(format!("message {message} came when {deleted} of those before it were deleted"));
        }
    }

    pub fn ask_deletion(&mut self, message: Message) {
        self.set(message, Deletion::Asked);
    }

    /// A deletion that came after the window may have met a message that another consumer had: it proves nothing.
    pub fn delete(&mut self, message: Message, asked: Instant) {
        if Instant::now() < asked + self.visible_after {
            self.set(message, Deletion::Acknowledged);
        }
    }

    fn set(&mut self, message: Message, deletion: Deletion) {
        if let Some(receipt) = self.receipts.get_mut(&message) {
            receipt.deletion = deletion;
        }
    }

    pub fn never_received(&self) -> Vec<Message> {
        self.acknowledged.iter().filter(|message| !self.receipts.contains_key(message)).copied().collect()
    }

    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.len() as u64
    }

    pub fn received(&self) -> u64 {
        self.receipts.values().map(|receipt| receipt.times).sum()
    }

    /// Receipts beyond the first of each message.
    pub fn again(&self) -> u64 {
        self.received() - self.receipts.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{History, Kind, Message};

    /// Steps `receive 0-1,0-2 SECONDS` (ago), `ask 0-1`, `delete 0-1 SECONDS` (after a receive so long ago); then how many sentences are broken.
    fn check(kind: Kind, steps: &str, broken: usize) {
        let mut history = History::new(kind, Duration::from_secs(30));
        let now = Instant::now();
        for step in steps.split(';') {
            let words: Vec<_> = step.split_whitespace().collect();
            match words[..] {
                ["receive", bodies, ago] => {
                    let messages: Vec<_> =
                        bodies.split(',').map(|body| (Message::parse(body), body.to_owned())).collect();
                    history.receive(&messages, now - Duration::from_secs(ago.parse().expect("seconds")));
                }
                ["twice", body, ago] => {
                    let asked = now - Duration::from_secs(ago.parse().expect("seconds"));
                    history.receive(&[(Message::parse(body), "another".to_owned())], asked);
                }
                ["ask", body] => history.ask_deletion(Message::parse(body)),
                ["delete", body, ago] => {
                    let asked = now - Duration::from_secs(ago.parse().expect("seconds"));
                    history.delete(Message::parse(body), asked);
                }
                _ => panic!("no step {step:?}"),
            }
        }
        assert_eq!(history.broken.len(), broken, "{steps}: {:?}", history.broken);
    }

    #[test]
    fn a_message_is_with_one_consumer_until_its_window_ends() {
        check(Kind::Standard, "receive 0-1 60; receive 0-1 0", 0);
        check(Kind::Standard, "receive 0-1 10; receive 0-1 0", 1);
        check(Kind::Standard, "receive 0-1 10; ask 0-1; receive 0-1 0", 1);
    }

    #[test]
    fn a_deleted_message_never_comes_back() {
        check(Kind::Standard, "receive 0-1 60; ask 0-1; receive 0-1 0", 0);
        check(Kind::Standard, "receive 0-1 20; delete 0-1 20; receive 0-1 0", 1);
        check(Kind::Standard, "receive 0-1 40; ask 0-1; delete 0-1 40; receive 0-1 0", 0);
    }

    #[test]
    fn a_message_is_there_once() {
        check(Kind::Standard, "receive 0-1 60; twice 0-1 0", 1);
    }

    #[test]
    fn a_group_keeps_its_order() {
        check(Kind::Fifo, "receive 0-1,0-2,7-1 0; ask 0-1; ask 0-2; receive 0-3 0", 0);
        check(Kind::Standard, "receive 0-2 0; receive 0-1 0", 0);
        check(Kind::Fifo, "receive 0-2 0", 1);
        check(Kind::Fifo, "receive 0-1 0; receive 0-2 0", 1);
        check(Kind::Fifo, "receive 0-1,0-3 0", 1);
        check(Kind::Fifo, "receive 0-2,0-1 0", 2);
    }
}
