//! Topics: what is published is told to all that have subscribed.
//!
//! Start reading at [`publish`] (a message comes in, within anybody's transaction) and [`subscription::Subscription`] (who
//! is told, and of what). Messages of a standard topic lie in `waiting` until the delivery loop has written what each
//! subscriber gets; those of a FIFO topic are written for each subscriber when they are published, so that their order
//! is kept (`ordered`). Which messages a subscriber wants is a [`filter`]; who has signed what is told, in [`sign`]; row
//! layouts are in `rows`.
//!
//! Invariants:
//! - A topic's kind, standard or FIFO, is that of its name and never changes.
//! - A subscription that is not confirmed is told nothing but how to confirm it.
//! - Numbers of messages on a FIFO topic grow in the order in which they were committed.
//! - Nothing here knows HTTP, ARNs (they are text that is shown again) or how a notification is written.

mod cache;
mod certificate;
pub mod filter;
pub mod message;
pub(crate) mod ordered;
pub(crate) mod post;
mod private_key;
mod publish;
pub mod retry;
mod rows;
pub mod sign;
pub mod subscription;
pub(crate) mod waiting;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::{Read, Tx};

use crate::function::Scope;
use crate::name::{AccountId, Malformed, Region};
use crate::row::Unreadable;
pub(crate) use cache::{Cache, Subscriber};
pub use message::{Message, NewMessage};
pub use publish::{Published, publish};
pub use sign::Signers;
pub use subscription::{Subscription, SubscriptionId};

/// Topics of an account in a region. Source of both: Amazon SNS quotas (read 2026-11-24).
pub const TOPICS_MAX: i64 = 100_000;
pub const FIFO_TOPICS_MAX: i64 = 1_000;
/// Subscriptions of a standard topic. The service's quota is 12.5 million; all of a topic that is used are in memory.
pub const SUBSCRIPTIONS_MAX: usize = 100_000;
/// Source: Amazon SNS quotas, FIFO topics (read 2026-11-24).
pub const FIFO_SUBSCRIPTIONS_MAX: usize = 100;
/// Source: Amazon SNS API reference, TagResource (read 2026-11-24).
pub const TAGS_MAX: usize = 50;

const NAME_LETTERS_MAX: usize = 256;
const FIFO_SUFFIX: &str = ".fifo";

/// Why an operation on topics did not happen. One variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no topic {0}")]
    NoSuchTopic(TopicId),
    #[error("there is no subscription {0}")]
    NoSuchSubscription(SubscriptionId),
    #[error("the token is none of this topic")]
    BadToken,
    /// Only its owner may end it.
    #[error("the subscription was confirmed so that only its owner ends it")]
    OwnerOnly,
    #[error("there is a topic of that name with other settings")]
    OtherSettings,
    #[error("there is a topic of that name with other tags")]
    OtherTags,
    #[error("the endpoint has subscribed already, with other settings")]
    SubscribedOtherwise,
    #[error("there are as many topics as there may be")]
    TooManyTopics,
    #[error("the topic has as many subscriptions as it may have")]
    TooManySubscriptions,
    #[error("more than {TAGS_MAX} tags")]
    TooManyTags,
    /// A message for a FIFO topic without a group.
    #[error("a message for a FIFO topic needs a group")]
    NoGroup,
    /// A message for a FIFO topic without anything to tell duplicates by.
    #[error("a message for a FIFO topic needs a deduplication id")]
    NoDeduplication,
    #[error("the signing key cannot be made or read: {0}")]
    Key(String),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Name of a topic: 1 to 256 letters, digits, `-` or `_`; names of FIFO topics, and no others, end with `.fifo`.
///
/// Source: Amazon SNS API reference, CreateTopic (read 2026-11-24).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicName(Box<str>); // Invariant: `parse` is the only constructor.

impl TopicName {
    pub fn parse(text: &str) -> Result<TopicName, Malformed> {
        let stem = text.strip_suffix(FIFO_SUFFIX).unwrap_or(text);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match !stem.is_empty() && text.len() <= NAME_LETTERS_MAX && stem.bytes().all(allowed) {
            true => Ok(TopicName(text.into())),
            false => Err(Malformed {
                given: text.to_owned(),
                wanted: "a topic name: 1 to 256 letters, digits, - or _, and .fifo at its end for a FIFO topic",
            }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO_SUFFIX)
    }
}

impl std::fmt::Display for TopicName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicId {
    pub scope: Scope,
    pub name: TopicName,
}

impl std::fmt::Display for TopicId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}/{}", self.scope.account, self.scope.region, self.name)
    }
}

/// Something in another room, as rows name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub account: String,
    pub region: String,
    pub name: String,
}

impl Place {
    pub(crate) fn scope(&self) -> Option<Scope> {
        Some(Scope { account: AccountId::parse(&self.account).ok()?, region: Region::parse(&self.region).ok()? })
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    pub settings: Settings,
    pub tags: BTreeMap<String, String>,
    /// Subscriptions that were ended.
    pub deleted: u64,
}

/// What a user sets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub signature: Signature,
    /// Of a FIFO topic: messages without a deduplication id are told apart by what they say.
    pub by_content: bool,
    /// Of a FIFO topic: within what a deduplication id says that two messages are one.
    pub extent: Extent,
    /// How HTTP endpoints are tried: as it was given, it parses.
    pub delivery_policy: Option<String>,
    /// What decides over nothing here and is shown again, by the names that the service has for it.
    pub shown: BTreeMap<String, String>,
}

/// Which digest of a notification is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signature {
    #[default]
    Sha1,
    Sha256,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extent {
    #[default]
    Topic,
    Group,
}

/// How many subscriptions a topic has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub confirmed: usize,
    pub pending: usize,
}

/// Makes a topic. One that is there already with the same settings is as good as made: `change` writes what is asked
/// for into settings, those of a new topic or those that are there.
pub fn create<E: From<Error>>(
    tx: &mut Tx,
    id: &TopicId,
    change: impl Fn(&mut Settings) -> Result<(), E>,
    tags: &BTreeMap<String, String>,
) -> Result<(), E> {
    let known = rows::topic(tx, id)?;
    let mut settings = known.as_ref().map(|topic| topic.settings.clone()).unwrap_or_default();
    change(&mut settings)?;
    match known {
        Some(known) if known.settings != settings => Err(Error::OtherSettings.into()),
        Some(known) if tags.iter().any(|(key, value)| known.tags.get(key) != Some(value)) => {
            Err(Error::OtherTags.into())
        }
        Some(_) => Ok(()),
        None => {
            check_tags(tags)?;
            let max = if id.name.is_fifo() { FIFO_TOPICS_MAX } else { TOPICS_MAX };
            if rows::count(tx, id)? >= max {
                return Err(Error::TooManyTopics.into());
            }
            rows::create_topic(tx, id, &Topic { settings, tags: tags.clone(), deleted: 0 });
            Ok(())
        }
    }
}

/// Deletes a topic and its subscriptions; one that is not there is as good as deleted.
pub fn delete(tx: &mut Tx, id: &TopicId) -> Result<(), Error> {
    if rows::topic(tx, id)?.is_some() {
        for (subscription, _) in rows::subscriptions(tx, id, None, SUBSCRIPTIONS_MAX)? {
            rows::delete_subscription(tx, &SubscriptionId { topic: id.clone(), id: subscription });
        }
        rows::delete_topic(tx, id);
    }
    Ok(())
}

pub fn find(read: &mut impl Read, id: &TopicId) -> Result<Topic, Error> {
    rows::topic(read, id)?.ok_or_else(|| Error::NoSuchTopic(id.clone()))
}

pub fn counts(read: &mut impl Read, id: &TopicId) -> Result<Counts, Error> {
    let all = rows::subscriptions(read, id, None, SUBSCRIPTIONS_MAX)?;
    let pending = all.iter().filter(|(_, subscription)| subscription.is_pending()).count();
    Ok(Counts { confirmed: all.len() - pending, pending })
}

/// Names of topics, after `after`.
pub fn list(read: &mut impl Read, scope: &Scope, after: Option<&str>, limit: usize) -> Result<Vec<TopicName>, Error> {
    rows::topics(read, scope, after, limit)
}

/// Changes settings, unless the change is refused with an error of the caller's.
pub fn set<E: From<Error>>(
    tx: &mut Tx,
    id: &TopicId,
    change: impl FnOnce(&mut Settings) -> Result<(), E>,
) -> Result<(), E> {
    let mut topic = find(tx, id)?;
    change(&mut topic.settings)?;
    rows::put_topic(tx, id, &topic);
    Ok(())
}

pub fn tag(tx: &mut Tx, id: &TopicId, tags: &BTreeMap<String, String>) -> Result<(), Error> {
    let mut topic = find(tx, id)?;
    topic.tags.extend(tags.clone());
    check_tags(&topic.tags)?;
    rows::put_topic(tx, id, &topic);
    Ok(())
}

pub fn untag(tx: &mut Tx, id: &TopicId, keys: &[String]) -> Result<(), Error> {
    let mut topic = find(tx, id)?;
    topic.tags.retain(|key, _| !keys.contains(key));
    rows::put_topic(tx, id, &topic);
    Ok(())
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    match tags.len() > TAGS_MAX {
        true => Err(Error::TooManyTags),
        false => Ok(()),
    }
}
