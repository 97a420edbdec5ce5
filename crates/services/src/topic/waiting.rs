//! Messages of standard topics that not everybody has been told yet.
//!
//! `WAITING account region topic time id`: the [`Row`].

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, Timestamp, Tx};

use super::rows::named;
use super::{Error, Message, TopicId, TopicName};
use crate::function::Scope;
use crate::name::{AccountId, Region};
use crate::row::{self, Unreadable};

const WAITING: Space = Space::new(0x0327);
const LAYOUT: u8 = 1;
const ROW: &str = "message of a topic";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    message: Message,
    /// The last subscriber that has been told, where all at once would be too much for a commit.
    after: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub topic: TopicId,
    came: Timestamp,
    id: [u8; 16],
    pub message: Message,
    pub after: Option<String>,
}

impl Waiting {
    pub(super) fn put(tx: &mut Tx, topic: &TopicId, message: &Message) {
        let waiting =
            Waiting { topic: topic.clone(), came: tx.now(), id: tx.random(), message: message.clone(), after: None };
        waiting.write(tx);
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        named(WAITING, &self.topic).signed(self.came.millis()).bytes(&self.id).build()
    }

    /// What decides which node tells the subscribers of a topic.
    pub(crate) fn lane_key(&self) -> Vec<u8> {
        named(WAITING, &self.topic).build()
    }

    /// All subscribers up to this one have been told.
    pub(crate) fn go_on_after(&self, tx: &mut Tx, subscriber: &str) {
        Waiting { after: Some(subscriber.to_owned()), ..self.clone() }.write(tx);
    }

    pub(crate) fn delete(&self, tx: &mut Tx) {
        tx.delete(self.key());
    }

    fn write(&self, tx: &mut Tx) {
        let row = Row { message: self.message.clone(), after: self.after.clone() };
        tx.put(self.key(), row::encode(LAYOUT, &row));
    }

    fn parse(key: &[u8], row: &Bytes) -> Result<Waiting, Unreadable> {
        let unreadable = |reason: &str| Unreadable { row: ROW, layout: Some(LAYOUT), reason: reason.to_owned() };
        let (topic, came, id) = place(key).ok_or_else(|| unreadable("its key has another form"))?;
        let Row { message, after } = row::decode(ROW, LAYOUT, row)?;
        Ok(Waiting { topic, came, id, message, after })
    }
}

fn place(key: &[u8]) -> Option<(TopicId, Timestamp, [u8; 16])> {
    let (_, account, region, mut rest) = Parser::of(key)?;
    let scope = Scope { account: AccountId::parse(&account).ok()?, region: Region::parse(&region).ok()? };
    let topic = TopicId { scope, name: TopicName::parse(&rest.text()?).ok()? };
    Some((topic, Timestamp::from_millis(rest.signed()?), rest.bytes()?.try_into().ok()?))
}

/// The prefix of all messages.
pub(crate) fn all() -> Vec<u8> {
    Key::global(WAITING).build()
}

/// Up to `limit` messages of a range, by topic and then by time. What cannot be read is passed over.
pub(crate) fn scan(read: &mut impl Read, range: Range, limit: usize) -> Result<Vec<Waiting>, Error> {
    let rows = read.scan(range, Order::Forward, limit)?;
    let waiting = rows.iter().filter_map(|(key, row)| {
        Waiting::parse(key, row).inspect_err(|error| tracing::error!(%error, "a message cannot be told")).ok()
    });
    Ok(waiting.collect())
}
