//! Requests on their way to HTTP endpoints.
//!
//! `POSTS due id`: the [`Row`]. A request is tried as often as the policies of its subscription and topic say.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, ShardId, Timestamp, Tx};

use super::{Error, SubscriptionId, TopicId, TopicName};
use crate::function::Scope;
use crate::name::{AccountId, Region};
use crate::queue::Attribute;
use crate::row::{self, Unreadable};

const POSTS: Space = Space::new(0x032A);
const LAYOUT: u8 = 1;
const ROW: &str = "request to an endpoint";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    /// Account, region, topic and id.
    subscription: [String; 4],
    what: What,
    failures: u32,
}

/// What is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum What {
    /// How to confirm the subscription.
    Confirmation { message_id: String, token: String, at_millis: i64 },
    /// A message: its document is ready. Attributes are those of a raw one, for a dead letter.
    Notification { message_id: String, document: String, attributes: BTreeMap<String, Attribute> },
}

#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub due: Timestamp,
    id: [u8; 16],
    pub subscription: SubscriptionId,
    pub what: What,
    /// How often the endpoint has failed with it.
    pub failures: u32,
}

impl Post {
    pub(crate) fn put(tx: &mut Tx, subscription: &SubscriptionId, what: What) {
        let post = Post { due: tx.now(), id: tx.random(), subscription: subscription.clone(), what, failures: 0 };
        post.write(tx);
    }

    pub(crate) fn is_there(&self, read: &mut impl Read) -> Result<bool, Error> {
        Ok(read.get(&self.key())?.is_some())
    }

    pub(crate) fn delete(&self, tx: &mut Tx) {
        tx.delete(self.key());
    }

    /// Lets it wait, after so many failures.
    pub(crate) fn postpone(&self, tx: &mut Tx, due: Timestamp, failures: u32) {
        self.delete(tx);
        Post { due, failures, ..self.clone() }.write(tx);
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        Key::global(POSTS).signed(self.due.millis()).bytes(&self.id).build()
    }

    /// What decides which node sends it.
    pub(crate) fn shard(&self) -> ShardId {
        ShardId::of(&Key::global(POSTS).text(&self.subscription.id).build())
    }

    pub(crate) fn bytes(&self) -> usize {
        match &self.what {
            What::Confirmation { token, .. } => token.len(),
            What::Notification { document, .. } => document.len(),
        }
    }

    fn write(&self, tx: &mut Tx) {
        let SubscriptionId { topic, id } = &self.subscription;
        let texts = [topic.scope.account.as_str(), topic.scope.region.as_str(), topic.name.as_str(), id];
        let row = Row { subscription: texts.map(str::to_owned), what: self.what.clone(), failures: self.failures };
        tx.put(self.key(), row::encode(LAYOUT, &row));
    }

    fn parse(key: &[u8], bytes: &Bytes) -> Result<Post, Unreadable> {
        let unreadable = |reason: &str| Unreadable { row: ROW, layout: Some(LAYOUT), reason: reason.to_owned() };
        let place = Parser::after(&all(), key).and_then(|mut rest| Some((rest.signed()?, rest.bytes()?)));
        let place = place.and_then(|(due, id)| Some((Timestamp::from_millis(due), id.try_into().ok()?)));
        let (due, id) = place.ok_or_else(|| unreadable("its key has another form"))?;
        let Row { subscription: [account, region, name, subscription], what, failures } =
            row::decode(ROW, LAYOUT, bytes)?;
        let topic = || {
            let scope = Scope { account: AccountId::parse(&account).ok()?, region: Region::parse(&region).ok()? };
            Some(TopicId { scope, name: TopicName::parse(&name).ok()? })
        };
        let topic = topic().ok_or_else(|| unreadable("its topic has another form"))?;
        Ok(Post { due, id, subscription: SubscriptionId { topic, id: subscription.into() }, what, failures })
    }
}

/// The prefix of all requests.
pub(crate) fn all() -> Vec<u8> {
    Key::global(POSTS).build()
}

/// The first requests of a range, by when they are due. What cannot be read is passed over.
pub(crate) fn scan(read: &mut impl Read, range: Range, limit: usize) -> Result<Vec<Post>, Error> {
    let rows = read.scan(range, Order::Forward, limit)?;
    let posts = rows.iter().filter_map(|(key, row)| {
        Post::parse(key, row).inspect_err(|error| tracing::error!(%error, "an endpoint cannot be told")).ok()
    });
    Ok(posts.collect())
}
