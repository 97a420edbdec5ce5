//! Messages of FIFO topics that a subscriber has not been told yet, in their order.
//!
//! `ORDERED account region topic subscription number`: the [`Message`].

use bytes::Bytes;
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, Tx};

use super::rows::named;
use super::{Error, Message, SubscriptionId, TopicId, TopicName};
use crate::function::Scope;
use crate::name::{AccountId, Region};
use crate::row::{self, Unreadable};

const ORDERED: Space = Space::new(0x0328);
const LAYOUT: u8 = 1;
const ROW: &str = "message for a subscriber";

pub(crate) struct Ordered {
    pub number: u64,
    pub message: Message,
    /// What its row takes.
    pub bytes: usize,
}

impl Ordered {
    pub(super) fn put(tx: &mut Tx, id: &SubscriptionId, number: u64, message: &Message) {
        tx.put(lane(id).number(number).build(), row::encode(LAYOUT, message));
    }

    pub(crate) fn delete(&self, tx: &mut Tx, id: &SubscriptionId) {
        tx.delete(lane(id).number(self.number).build());
    }
}

/// The prefix of all messages.
pub(crate) fn all() -> Vec<u8> {
    Key::global(ORDERED).build()
}

/// The prefix of those for one subscriber.
pub(crate) fn lane_key(id: &SubscriptionId) -> Vec<u8> {
    lane(id).build()
}

/// All subscribers for whom something is there: one look for each.
pub(crate) fn subscribers(read: &mut impl Read) -> Result<Vec<SubscriptionId>, Error> {
    let (mut found, mut rest) = (Vec::new(), Key::under(&all()).range());
    while let Some((key, _)) = read.scan(rest.clone(), Order::Forward, 1)?.pop() {
        match subscriber_of(&key) {
            Some(id) => {
                rest = Range { from: lane(&id).range().to, to: rest.to };
                found.push(id);
            }
            None => {
                tracing::error!(key = %key.escape_ascii(), "a message cannot be told: its key has another form");
                rest = rest.after(&key);
            }
        }
    }
    Ok(found)
}

/// The first messages for a subscriber behind a number, or from the beginning.
pub(crate) fn read(
    read: &mut impl Read,
    id: &SubscriptionId,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<Ordered>, Error> {
    let prefix = lane(id);
    let mut range = prefix.range();
    if let Some(number) = after {
        range = range.after(&prefix.clone().number(number).build());
    }
    let rows = read.scan(range, Order::Forward, limit)?;
    let parse = |(key, row): &(Bytes, Bytes)| {
        let unreadable =
            || Unreadable { row: ROW, layout: Some(LAYOUT), reason: "its key has another form".to_owned() };
        let number = Parser::after(&prefix.clone().build(), key).and_then(|mut rest| rest.number());
        let message = row::decode(ROW, LAYOUT, row)?;
        Ok(Ordered { number: number.ok_or_else(unreadable)?, message, bytes: row.len() })
    };
    rows.iter().map(parse).collect()
}

/// The subscriber that a key or a prefix of it names.
pub(crate) fn subscriber_of(key: &[u8]) -> Option<SubscriptionId> {
    let (_, account, region, mut rest) = Parser::of(key)?;
    let scope = Scope { account: AccountId::parse(&account).ok()?, region: Region::parse(&region).ok()? };
    let topic = TopicId { scope, name: TopicName::parse(&rest.text()?).ok()? };
    Some(SubscriptionId { topic, id: rest.text()?.into() })
}

fn lane(id: &SubscriptionId) -> Key {
    named(ORDERED, &id.topic).text(&id.id)
}
