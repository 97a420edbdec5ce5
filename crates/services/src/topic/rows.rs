//! How topics lie in the store.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | TOPICS | topic | [`Topic`] |
//! | COUNTS | kind | a counter: how many topics of the kind there are |
//! | SUBSCRIPTIONS | topic, id | [`Subscription`] |
//! | REVISIONS | topic | a counter: it changes with every subscription of the topic |
//! | SEQUENCES | topic | of a FIFO topic: the number of its next message |
//! | SEEN | topic, hash | of a FIFO topic: a message that it has had |
//! | SEEN_DUE | topic, time, hash | when that is forgotten |
//!
//! Messages that wait are in `waiting` and `ordered`. All are layout 1, the only one so far.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::key::{Key, Parser, Space};
use store::{Order, Read, Timestamp, Tx};

use super::{Error, Subscription, SubscriptionId, Topic, TopicId, TopicName};
use crate::function::Scope;
use crate::row::{self, Unreadable};

const TOPICS: Space = Space::new(0x0320);
const COUNTS: Space = Space::new(0x0321);
const SUBSCRIPTIONS: Space = Space::new(0x0322);
const REVISIONS: Space = Space::new(0x0323);
const SEQUENCES: Space = Space::new(0x0324);
const SEEN: Space = Space::new(0x0325);
const SEEN_DUE: Space = Space::new(0x0326);

const LAYOUT: u8 = 1;

/// What is remembered of a message on a FIFO topic.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Seen {
    pub until_millis: i64,
    pub id: String,
    pub number: u64,
}

pub(super) fn topic(read: &mut impl Read, id: &TopicId) -> Result<Option<Topic>, Error> {
    get(read, "topic", &named(TOPICS, id).build())
}

pub(super) fn put_topic(tx: &mut Tx, id: &TopicId, topic: &Topic) {
    tx.put(named(TOPICS, id).build(), row::encode(LAYOUT, topic));
}

pub(super) fn create_topic(tx: &mut Tx, id: &TopicId, topic: &Topic) {
    put_topic(tx, id, topic);
    tx.add(count_key(id), 1);
}

/// Numbers go on should there be a topic of that name again: queues compare them.
pub(super) fn delete_topic(tx: &mut Tx, id: &TopicId) {
    tx.delete(named(TOPICS, id).build());
    tx.add(count_key(id), -1);
    tx.add(named(REVISIONS, id).build(), 1);
}

/// How many topics of that kind there are.
pub(super) fn count(read: &mut impl Read, id: &TopicId) -> Result<i64, Error> {
    Ok(read.get(&count_key(id))?.and_then(|row| store::counter(&row)).unwrap_or(0))
}

pub(super) fn topics(
    read: &mut impl Read,
    scope: &Scope,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<TopicName>, Error> {
    let prefix = scoped(TOPICS, scope);
    let mut range = prefix.range();
    if let Some(name) = after {
        range = range.after(&prefix.clone().text(name).build());
    }
    let rows = read.scan(range, Order::Forward, limit)?;
    let name = |key: &[u8]| Parser::after(&prefix.clone().build(), key)?.text();
    let parse = |name: String| TopicName::parse(&name).ok();
    rows.iter().map(|(key, _)| name(key).and_then(parse).ok_or_else(|| unreadable("topic"))).collect()
}

pub(super) fn subscription(read: &mut impl Read, id: &SubscriptionId) -> Result<Option<Subscription>, Error> {
    get(read, "subscription", &subscription_key(id))
}

pub(super) fn put_subscription(tx: &mut Tx, id: &SubscriptionId, subscription: &Subscription) {
    tx.put(subscription_key(id), row::encode(LAYOUT, subscription));
    tx.add(named(REVISIONS, &id.topic).build(), 1);
}

pub(super) fn delete_subscription(tx: &mut Tx, id: &SubscriptionId) {
    tx.delete(subscription_key(id));
    tx.add(named(REVISIONS, &id.topic).build(), 1);
}

/// Changes with every subscription of the topic.
pub(super) fn revision(read: &mut impl Read, topic: &TopicId) -> Result<i64, Error> {
    Ok(read.get(&named(REVISIONS, topic).build())?.and_then(|row| store::counter(&row)).unwrap_or(0))
}

/// Subscriptions of a topic by their ids, after `after`.
pub(super) fn subscriptions(
    read: &mut impl Read,
    topic: &TopicId,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(Box<str>, Subscription)>, Error> {
    let prefix = named(SUBSCRIPTIONS, topic);
    let mut range = prefix.range();
    if let Some(id) = after {
        range = range.after(&prefix.clone().text(id).build());
    }
    let rows = read.scan(range, Order::Forward, limit)?;
    let id = |key: &[u8]| Parser::after(&prefix.clone().build(), key)?.text();
    let parse = |(key, value): &(bytes::Bytes, bytes::Bytes)| {
        let id = id(key).ok_or_else(|| unreadable("subscription"))?;
        Ok((id.into(), row::decode("subscription", LAYOUT, value)?))
    };
    rows.iter().map(parse).collect()
}

pub(super) fn all_subscriptions(
    read: &mut impl Read,
    scope: &Scope,
    after: Option<&SubscriptionId>,
    limit: usize,
) -> Result<Vec<(SubscriptionId, Subscription)>, Error> {
    let prefix = scoped(SUBSCRIPTIONS, scope);
    let mut range = prefix.range();
    if let Some(id) = after {
        range = range.after(&subscription_key(id));
    }
    let rows = read.scan(range, Order::Forward, limit)?;
    let id = |key: &[u8]| {
        let mut parts = Parser::after(&prefix.clone().build(), key)?;
        let topic = TopicId { scope: scope.clone(), name: TopicName::parse(&parts.text()?).ok()? };
        Some(SubscriptionId { topic, id: parts.text()?.into() })
    };
    let parse = |(key, value): &(bytes::Bytes, bytes::Bytes)| {
        Ok((id(key).ok_or_else(|| unreadable("subscription"))?, row::decode("subscription", LAYOUT, value)?))
    };
    rows.iter().map(parse).collect()
}

/// Takes the next number of a FIFO topic.
pub(super) fn next_number(tx: &mut Tx, topic: &TopicId) -> Result<u64, Error> {
    let key = named(SEQUENCES, topic).build();
    let number = match tx.get(&key)? {
        Some(row) => row::decode("number of a topic's next message", LAYOUT, &row)?,
        None => 0,
    };
    tx.put(key, row::encode(LAYOUT, &(number + 1)));
    Ok(number)
}

pub(super) fn seen(read: &mut impl Read, topic: &TopicId, hash: &[u8]) -> Result<Option<Seen>, Error> {
    get(read, "message of a topic", &named(SEEN, topic).bytes(hash).build())
}

pub(super) fn put_seen(tx: &mut Tx, topic: &TopicId, hash: &[u8], seen: &Seen) {
    tx.put(named(SEEN, topic).bytes(hash).build(), row::encode(LAYOUT, seen));
    tx.put(named(SEEN_DUE, topic).signed(seen.until_millis).bytes(hash).build(), Vec::new());
}

/// Forgets up to `limit` messages whose time is over.
pub(super) fn forget_seen(tx: &mut Tx, topic: &TopicId, limit: usize) -> Result<(), Error> {
    let (prefix, now) = (named(SEEN_DUE, topic), tx.now());
    for (key, _) in tx.scan(prefix.range(), Order::Forward, limit)? {
        let mut parts = Parser::after(&prefix.clone().build(), &key).ok_or_else(|| unreadable("message of a topic"))?;
        let (Some(until), Some(hash)) = (parts.signed(), parts.bytes()) else {
            return Err(unreadable("message of a topic"));
        };
        if Timestamp::from_millis(until) > now {
            break;
        }
        tx.delete(key.to_vec());
        // It may have been had again since.
        if seen(tx, topic, &hash)?.is_some_and(|seen| seen.until_millis == until) {
            tx.delete(named(SEEN, topic).bytes(&hash).build());
        }
    }
    Ok(())
}

fn count_key(id: &TopicId) -> Vec<u8> {
    scoped(COUNTS, &id.scope).text(if id.name.is_fifo() { "fifo" } else { "standard" }).build()
}

fn subscription_key(id: &SubscriptionId) -> Vec<u8> {
    named(SUBSCRIPTIONS, &id.topic).text(&id.id).build()
}

pub(super) fn named(space: Space, topic: &TopicId) -> Key {
    scoped(space, &topic.scope).text(topic.name.as_str())
}

fn scoped(space: Space, scope: &Scope) -> Key {
    Key::new(space, scope.account.as_str(), scope.region.as_str())
}

fn get<T: DeserializeOwned>(read: &mut impl Read, row: &'static str, key: &[u8]) -> Result<Option<T>, Error> {
    read.get(key)?.map(|value| Ok(row::decode(row, LAYOUT, &value)?)).transpose()
}

fn unreadable(row: &'static str) -> Error {
    Unreadable { row, layout: Some(LAYOUT), reason: "its key has another form".to_owned() }.into()
}
