//! Messages come in.

use sha2::{Digest, Sha256};
use store::{Timestamp, Tx};

use super::message::{Message, NewMessage};
use super::ordered::Ordered;
use super::rows::{self, Seen};
use super::waiting::Waiting;
use super::{Error, Extent, FIFO_SUBSCRIPTIONS_MAX, SubscriptionId, Topic, TopicId};
use crate::queue::DEDUPLICATION_TIME;
use crate::random;

/// Messages that are forgotten with each one that comes, so that more never gather than come in their time.
const FORGOTTEN_AT_ONCE: usize = 4;

/// What a publisher is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub id: String,
    /// Its place on a FIFO topic.
    pub number: Option<u64>,
}

/// Publishes a message within a transaction: once that is committed, all who have subscribed by then will be told.
pub fn publish(tx: &mut Tx, id: &TopicId, new: &NewMessage) -> Result<Published, Error> {
    let topic = super::find(tx, id)?;
    let message = Message::new(new, random::uuid(tx.random()), tx.now());
    match id.name.is_fifo() {
        true => publish_in_order(tx, id, &topic, message),
        false => {
            let published = Published { id: message.id.clone(), number: None };
            Waiting::put(tx, id, &message);
            Ok(published)
        }
    }
}

/// Writes what each subscriber gets. What the topic has had within [`DEDUPLICATION_TIME`] is not told again: the
/// publisher is told what became of it then.
fn publish_in_order(tx: &mut Tx, id: &TopicId, topic: &Topic, mut message: Message) -> Result<Published, Error> {
    let group = message.group.clone().ok_or(Error::NoGroup)?;
    let by_content = || topic.settings.by_content.then(|| hex::encode(Sha256::digest(message.body.as_bytes())));
    let deduplication_id = message.deduplication_id.clone().or_else(by_content).ok_or(Error::NoDeduplication)?;
    let hash = hash(topic.settings.extent, &group, &deduplication_id);
    rows::forget_seen(tx, id, FORGOTTEN_AT_ONCE)?;
    let seen = rows::seen(tx, id, &hash)?;
    if let Some(seen) = seen.filter(|seen| Timestamp::from_millis(seen.until_millis) > tx.now()) {
        return Ok(Published { id: seen.id, number: Some(seen.number) });
    }
    let number = rows::next_number(tx, id)?;
    message.number = Some(number);
    message.deduplication_id = Some(deduplication_id);
    let until_millis = (tx.now() + DEDUPLICATION_TIME).millis();
    rows::put_seen(tx, id, &hash, &Seen { until_millis, id: message.id.clone(), number });
    for (subscription, found) in rows::subscriptions(tx, id, None, FIFO_SUBSCRIPTIONS_MAX)? {
        let body = message.body_for(found.endpoint.protocol);
        let filter = found.filter();
        if !found.is_pending() && filter.is_none_or(|filter| filter.wants(&message, body)) {
            Ordered::put(tx, &SubscriptionId { topic: id.clone(), id: subscription }, number, &message);
        }
    }
    Ok(Published { id: message.id, number: Some(number) })
}

fn hash(extent: Extent, group: &str, deduplication_id: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    if extent == Extent::Group {
        hash.update(group);
        hash.update([0]);
    }
    hash.update(deduplication_id);
    hash.finalize().into()
}
