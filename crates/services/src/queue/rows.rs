//! What a queue is on disk.
//!
//! | row | key after account and region | value |
//! |---|---|---|
//! | queue | name | [`Queue`] |
//! | log | content, log | how many messages were ever appended |
//! | message | content, log, number | head, then the body unless it is long |
//! | body | content, random number | a long message, head and body |
//! | flight | content, number | messages that one receive gave out, each with its deadline and count |
//! | removed | content | how many messages have left |
//! | seen | uid, number | what a FIFO queue was sent at one time, to know it again |
//! | garbage | content, without account and region | a content whose rows are to go |
//! | move | source, start, handle | [`super::move_task::Task`] |
//!
//! `content` names what a queue holds: a purge gives the queue another, and the old one goes in the background.
//! A message's row never changes. A receive writes one row, whatever it gives out; the row goes when the last of its
//! messages is deleted or received again.

use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Range, Read, Timestamp, Tx};

use super::error::Error;
use super::message::Message;
use super::name::QueueId;
use super::settings::Settings;
use crate::function::Scope;
use crate::row::{self, Unreadable};

const QUEUES: Space = Space::new(0x0160);
const MESSAGES: Space = Space::new(0x0161);
const BODIES: Space = Space::new(0x0162);
const FLIGHTS: Space = Space::new(0x0163);
const REMOVED: Space = Space::new(0x0164);
const SEEN: Space = Space::new(0x0165);
const GARBAGE: Space = Space::new(0x0166);
const MOVES: Space = Space::new(0x0167);

const QUEUE_LAYOUT: u8 = 1;
const MESSAGE_LAYOUT: u8 = 1;
const FLIGHT_LAYOUT: u8 = 2;
const SEEN_LAYOUT: u8 = 1;

/// Longest message within its log; longer ones have a row of their own.
const MESSAGE_BYTES_INLINE: usize = 32 * 1024;

/// A queue, as it is looked up by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Another for each queue that ever had the name.
    pub uid: u64,
    /// Another after each purge.
    pub content: u64,
    #[serde(with = "millis")]
    pub created: Timestamp,
    #[serde(with = "millis")]
    pub modified: Timestamp,
    #[serde(with = "millis")]
    pub purged: Timestamp,
    pub settings: Settings,
    #[serde(default)]
    pub tags: std::collections::BTreeMap<String, String>,
}

/// The logs of a queue: what may be received at once, and what was delayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Log {
    Now = 0,
    Later = 1,
}

/// A message's place in its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub log: Log,
    pub number: u64,
}

/// Where the rows of a content lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub scope: Scope,
    pub number: u64,
}

/// A message that a receive gave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flight {
    pub place: Place,
    /// As in [`Stored`].
    pub body: u64,
    pub receives: u32,
    pub sent: Timestamp,
    pub first_received: Timestamp,
    /// The last time.
    pub received: Timestamp,
    pub until: Timestamp,
}

/// What a FIFO queue was sent once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    #[serde(with = "millis")]
    pub until: Timestamp,
    pub messages: Vec<SeenMessage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenMessage {
    /// Of the deduplication id, and the group where that counts.
    pub hash: u64,
    pub hash_low: u64,
    pub id: String,
    pub number: u64,
}

fn in_scope(space: Space, scope: &Scope) -> Key {
    Key::new(space, scope.account.as_str(), scope.region.as_str())
}

pub fn queue(id: &QueueId) -> Vec<u8> {
    in_scope(QUEUES, &id.scope).text(id.name.as_str()).build()
}

/// Every queue of a scope; every queue of all without one.
pub fn queues(scope: Option<&Scope>) -> Range {
    scope.map_or_else(|| Key::global(QUEUES), |scope| in_scope(QUEUES, scope)).range()
}

pub fn queue_id(key: &[u8]) -> Result<QueueId, Unreadable> {
    let parse = || {
        let (_, account, region, mut rest) = Parser::of(key)?;
        QueueId::of_row(&[account, region, rest.text()?]).ok()
    };
    parse().ok_or_else(|| unreadable("queue", key))
}

pub fn encode_queue(queue: &Queue) -> Vec<u8> {
    row::encode(QUEUE_LAYOUT, queue)
}

pub fn decode_queue(row: &[u8]) -> Result<Queue, Unreadable> {
    row::decode("queue", QUEUE_LAYOUT, row)
}

/// The queue of that name.
pub fn find(read: &mut impl Read, id: &QueueId) -> Result<Option<Queue>, Error> {
    Ok(read.get(&queue(id))?.map(|row| decode_queue(&row)).transpose()?)
}

/// As [`find`], where it must be there.
pub fn existing(read: &mut impl Read, id: &QueueId) -> Result<Queue, Error> {
    find(read, id)?.ok_or_else(|| Error::NoSuchQueue(Box::new(id.clone())))
}

impl Content {
    pub fn of(id: &QueueId, queue: &Queue) -> Content {
        Content { scope: id.scope.clone(), number: queue.content }
    }

    /// What all logs begin with.
    pub fn logs(&self) -> Vec<u8> {
        in_scope(MESSAGES, &self.scope).number(self.number).build()
    }

    pub fn log(&self, log: Log) -> Vec<u8> {
        Key::under(&self.logs()).number(log as u64).build()
    }

    pub fn message(&self, place: Place) -> Vec<u8> {
        Key::under(&self.log(place.log)).number(place.number).build()
    }

    /// The messages of a log from a number on.
    pub fn messages_from(&self, log: Log, number: u64) -> Range {
        let all = Key::under(&self.log(log)).range();
        Range { from: self.message(Place { log, number }), to: all.to }
    }

    /// The number of a message by its key.
    pub fn number(&self, log: Log, key: &[u8]) -> Result<u64, Unreadable> {
        let number = Parser::after(&self.log(log), key).and_then(|mut rest| rest.number());
        number.ok_or_else(|| unreadable("message", key))
    }

    fn body(&self, number: u64) -> Vec<u8> {
        in_scope(BODIES, &self.scope).number(self.number).number(number).build()
    }

    pub fn flight(&self, number: u64) -> Vec<u8> {
        in_scope(FLIGHTS, &self.scope).number(self.number).number(number).build()
    }

    pub fn flights(&self) -> Range {
        in_scope(FLIGHTS, &self.scope).number(self.number).range()
    }

    pub fn flight_number(&self, key: &[u8]) -> Result<u64, Unreadable> {
        let prefix = in_scope(FLIGHTS, &self.scope).number(self.number).build();
        let number = Parser::after(&prefix, key).and_then(|mut rest| rest.number());
        number.ok_or_else(|| unreadable("flight", key))
    }

    pub fn removed(&self) -> Vec<u8> {
        in_scope(REMOVED, &self.scope).number(self.number).build()
    }

    /// Everything that goes with the content.
    pub fn all(&self) -> [Range; 4] {
        [MESSAGES, BODIES, FLIGHTS, REMOVED].map(|space| {
            let prefix = in_scope(space, &self.scope).number(self.number);
            Range { from: prefix.clone().build(), to: prefix.range().to }
        })
    }

    fn garbage(&self) -> Vec<u8> {
        Key::global(GARBAGE)
            .text(self.scope.account.as_str())
            .text(self.scope.region.as_str())
            .number(self.number)
            .build()
    }

    /// Notes that the content is nobody's any more.
    pub fn discard(&self, tx: &mut Tx) {
        tx.put(self.garbage(), Vec::new());
    }

    /// Notes that the last row of the content has gone.
    pub fn forget(&self, tx: &mut Tx) {
        tx.delete(self.garbage());
    }
}

pub fn garbage() -> Range {
    Key::global(GARBAGE).range()
}

pub fn garbage_content(key: &[u8]) -> Result<Content, Unreadable> {
    let parse = || {
        let (_, account, region, mut rest) = Parser::of(key)?;
        let scope = Scope {
            account: crate::name::AccountId::parse(&account).ok()?,
            region: crate::name::Region::parse(&region).ok()?,
        };
        Some(Content { scope, number: rest.number()? })
    };
    parse().ok_or_else(|| unreadable("garbage", key))
}

/// A message and the number of its body's row; 0 where it has none.
#[derive(Debug, Clone)]
pub struct Stored {
    pub message: Message,
    pub body: u64,
}

/// The row of a message. A long one is put into a row of its own.
pub fn encode_message(tx: &mut Tx, content: &Content, message: &Message) -> Vec<u8> {
    let head = serde_json::to_vec(message).expect("messages are plain data");
    let length = u32::try_from(head.len()).expect("a message has at most 1 MiB").to_be_bytes();
    let parts = [length.as_slice(), &head, message.body.as_bytes()].concat();
    let body = match parts.len() <= MESSAGE_BYTES_INLINE {
        true => return [&[MESSAGE_LAYOUT], 0_u64.to_be_bytes().as_slice(), &parts].concat(),
        false => random_number(tx),
    };
    tx.put(content.body(body), parts);
    [&[MESSAGE_LAYOUT], body.to_be_bytes().as_slice()].concat()
}

/// A random number other than 0, the same in each attempt of a transaction.
pub fn random_number(tx: &mut Tx) -> u64 {
    u64::from_be_bytes(*tx.random().first_chunk().expect("16 bytes begin with 8")).max(1)
}

/// A message as its row says; a long one is read from its own row.
pub fn decode_message(read: &mut impl Read, content: &Content, row: &[u8]) -> Result<Stored, Error> {
    let (layout, rest) = row.split_first().ok_or_else(|| unreadable("message", row))?;
    if *layout != MESSAGE_LAYOUT {
        let reason = format!("this version of Nought reads layout {MESSAGE_LAYOUT}");
        return Err(Unreadable { row: "message", layout: Some(*layout), reason }.into());
    }
    let (body, parts) = rest.split_first_chunk::<8>().ok_or_else(|| unreadable("message", row))?;
    let body = u64::from_be_bytes(*body);
    let message = match body {
        0 => of_parts(parts)?,
        _ => of_parts(&read.get(&content.body(body))?.ok_or_else(|| unreadable("message", row))?)?,
    };
    Ok(Stored { message, body })
}

/// Deletes a message; `body` as in [`Stored`].
pub fn delete_message(tx: &mut Tx, content: &Content, place: Place, body: u64) {
    tx.delete(content.message(place));
    if body != 0 {
        tx.delete(content.body(body));
    }
}

fn of_parts(parts: &[u8]) -> Result<Message, Unreadable> {
    let read = || {
        let (length, rest) = parts.split_first_chunk::<4>()?;
        let (head, body) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let message: Message = serde_json::from_slice(head).ok()?;
        Some(Message { body: std::str::from_utf8(body).ok()?.to_owned(), ..message })
    };
    read().ok_or_else(|| unreadable("message", &parts[..parts.len().min(64)]))
}

/// Bytes of one entry of a flight row.
const FLIGHT_BYTES: usize = 1 + 2 * 8 + 4 + 4 * 8;

pub fn encode_flights(flights: &[Flight]) -> Vec<u8> {
    let mut row = Vec::with_capacity(1 + flights.len() * FLIGHT_BYTES);
    row.push(FLIGHT_LAYOUT);
    for flight in flights {
        row.push(flight.place.log as u8);
        row.extend_from_slice(&flight.place.number.to_be_bytes());
        row.extend_from_slice(&flight.body.to_be_bytes());
        row.extend_from_slice(&flight.receives.to_be_bytes());
        for at in [flight.sent, flight.first_received, flight.received, flight.until] {
            row.extend_from_slice(&at.millis().to_be_bytes());
        }
    }
    row
}

pub fn decode_flights(row: &[u8]) -> Result<Vec<Flight>, Unreadable> {
    let (layout, entries) = row.split_first().ok_or_else(|| unreadable("flight", row))?;
    let whole = *layout == FLIGHT_LAYOUT && entries.len().is_multiple_of(FLIGHT_BYTES);
    let flights = entries.chunks_exact(FLIGHT_BYTES).map(decode_flight).collect::<Option<Vec<_>>>();
    flights.filter(|_| whole).ok_or_else(|| unreadable("flight", row))
}

fn decode_flight(entry: &[u8]) -> Option<Flight> {
    let (log, rest) = entry.split_first()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let (body, rest) = rest.split_first_chunk::<8>()?;
    let (receives, rest) = rest.split_first_chunk::<4>()?;
    let at = |index: usize| {
        let bytes = rest.get(index * 8..index * 8 + 8)?;
        Some(Timestamp::from_millis(i64::from_be_bytes(bytes.try_into().ok()?)))
    };
    let log = match log {
        0 => Log::Now,
        1 => Log::Later,
        _ => return None,
    };
    Some(Flight {
        place: Place { log, number: u64::from_be_bytes(*number) },
        body: u64::from_be_bytes(*body),
        receives: u32::from_be_bytes(*receives),
        sent: at(0)?,
        first_received: at(1)?,
        received: at(2)?,
        until: at(3)?,
    })
}

pub fn seen(scope: &Scope, uid: u64, number: u64) -> Vec<u8> {
    in_scope(SEEN, scope).number(uid).number(number).build()
}

pub fn all_seen(scope: &Scope, uid: u64) -> Range {
    in_scope(SEEN, scope).number(uid).range()
}

pub fn seen_number(scope: &Scope, uid: u64, key: &[u8]) -> Result<u64, Unreadable> {
    let prefix = in_scope(SEEN, scope).number(uid).build();
    let number = Parser::after(&prefix, key).and_then(|mut rest| rest.number());
    number.ok_or_else(|| unreadable("seen", key))
}

pub fn encode_seen(seen: &Seen) -> Vec<u8> {
    row::encode(SEEN_LAYOUT, seen)
}

pub fn decode_seen(row: &[u8]) -> Result<Seen, Unreadable> {
    row::decode("seen", SEEN_LAYOUT, row)
}

pub fn moves_of(source: &QueueId) -> Range {
    in_scope(MOVES, &source.scope).text(source.name.as_str()).range()
}

pub fn moves() -> Range {
    Key::global(MOVES).range()
}

pub fn move_task(source: &QueueId, started: Timestamp, handle: &str) -> Vec<u8> {
    in_scope(MOVES, &source.scope).text(source.name.as_str()).signed(started.millis()).text(handle).build()
}

fn unreadable(row: &'static str, what: &[u8]) -> Unreadable {
    Unreadable { row, layout: None, reason: format!("{} has another form", what.escape_ascii()) }
}

/// [`Timestamp`] as milliseconds.
pub mod millis {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use store::Timestamp;

    pub fn serialize<S: Serializer>(at: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
        at.millis().serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        Ok(Timestamp::from_millis(i64::deserialize(from)?))
    }
}
