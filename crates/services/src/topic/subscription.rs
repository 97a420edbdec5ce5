//! Subscriptions: who is told of what is published on a topic, and of which messages.

use serde::{Deserialize, Serialize};
use store::{Read, Tx};

use super::filter::{Filter, Matching};
use super::post::{Post, What};
use super::{Error, FIFO_SUBSCRIPTIONS_MAX, Place, SUBSCRIPTIONS_MAX, TopicId, rows};
use crate::function::Scope;
use crate::random;

/// A subscription among all; `id` is a UUID.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId {
    pub topic: TopicId,
    pub id: Box<str>,
}

impl std::fmt::Display for SubscriptionId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.topic, self.id)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    pub endpoint: Endpoint,
    /// Who has subscribed, as a policy names him.
    pub principal: String,
    /// Whether that was a function.
    pub by_function: bool,
    /// The host by which the subscriber knows the platform: links in notifications lead there.
    pub authority: String,
    /// Whether it was confirmed by somebody who had signed the request.
    pub authenticated: bool,
    /// Whether only its owner may end it.
    pub owner_ends: bool,
    /// What confirms it, or has confirmed it.
    pub token: Option<String>,
    pub pending: bool,
    pub settings: Settings,
}

/// Who is told, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub protocol: Protocol,
    /// As it was given.
    pub text: String,
    pub receiver: Receiver,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    Lambda,
    Sqs,
    Http,
    Https,
}

impl Protocol {
    pub const ALL: [Protocol; 4] = [Protocol::Lambda, Protocol::Sqs, Protocol::Http, Protocol::Https];

    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Lambda => "lambda",
            Protocol::Sqs => "sqs",
            Protocol::Http => "http",
            Protocol::Https => "https",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Receiver {
    Function {
        at: Place,
        qualifier: Option<String>,
    },
    Queue(Place),
    /// The endpoint's text is its URL.
    Url,
}

/// What a user sets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether the message goes out as it is, without an envelope.
    pub raw: bool,
    /// The text of the filter: it parses.
    pub filter: Option<String>,
    pub filter_on: Matching,
    pub dead_letter: Option<DeadLetter>,
    /// As it was given, for HTTP.
    pub delivery_policy: Option<String>,
}

/// The queue for what a subscriber does not get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The policy as it was given.
    pub text: String,
    pub queue: Place,
}

impl Subscription {
    pub fn is_pending(&self) -> bool {
        self.pending
    }

    pub(crate) fn filter(&self) -> Option<Filter> {
        let text = self.settings.filter.as_deref()?;
        Filter::parse(text, self.settings.filter_on).ok()
    }
}

/// What came of a request to subscribe.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscribed {
    pub id: SubscriptionId,
    pub subscription: Subscription,
    /// Whether it was there before.
    pub known: bool,
}

/// Subscribes. An endpoint that has subscribed already stays as it is: `change` writes what is asked for into settings,
/// new ones or those that are there, and must change nothing in the latter.
pub fn subscribe<E: From<Error>>(
    tx: &mut Tx,
    topic: &TopicId,
    new: &Subscription,
    change: impl Fn(&mut Settings) -> Result<(), E>,
) -> Result<Subscribed, E> {
    super::find(tx, topic)?;
    let max = if topic.name.is_fifo() { FIFO_SUBSCRIPTIONS_MAX } else { SUBSCRIPTIONS_MAX };
    let all = rows::subscriptions(tx, topic, None, max)?;
    let count = all.len();
    let same = |other: &Subscription| {
        other.endpoint.protocol == new.endpoint.protocol && other.endpoint.text == new.endpoint.text
    };
    if let Some((id, known)) = all.into_iter().find(|(_, other)| same(other)) {
        let mut settings = known.settings.clone();
        change(&mut settings)?;
        return match settings == known.settings {
            true => {
                Ok(Subscribed { id: SubscriptionId { topic: topic.clone(), id }, subscription: known, known: true })
            }
            false => Err(Error::SubscribedOtherwise.into()),
        };
    }
    if count >= max {
        return Err(Error::TooManySubscriptions.into());
    }
    let id = SubscriptionId { topic: topic.clone(), id: random::uuid(tx.random()) };
    let mut subscription = new.clone();
    change(&mut subscription.settings)?;
    if subscription.endpoint.receiver == Receiver::Url {
        let (token, message_id, at_millis) = (draw_token(tx), random::uuid(tx.random()).into(), tx.now().millis());
        subscription.token = Some(token.clone());
        subscription.pending = true;
        Post::put(tx, &id, What::Confirmation { message_id, token, at_millis });
    }
    rows::put_subscription(tx, &id, &subscription);
    Ok(Subscribed { id, subscription, known: false })
}

/// As long as those of the service: 272 hexadecimal digits.
fn draw_token(tx: &mut Tx) -> String {
    let bytes: Vec<u8> = (0..9).flat_map(|_| tx.random()).take(136).collect();
    hex::encode(bytes)
}

/// Confirms the subscription that has this token. One that is confirmed already stays as it is.
pub fn confirm(
    tx: &mut Tx,
    topic: &TopicId,
    token: &str,
    authenticated: bool,
    owner_ends: bool,
) -> Result<SubscriptionId, Error> {
    super::find(tx, topic)?;
    let all = rows::subscriptions(tx, topic, None, SUBSCRIPTIONS_MAX)?;
    let found = all.into_iter().find(|(_, subscription)| subscription.token.as_deref() == Some(token));
    let Some((id, mut subscription)) = found else { return Err(Error::BadToken) };
    let id = SubscriptionId { topic: topic.clone(), id };
    if subscription.pending {
        subscription.pending = false;
        subscription.authenticated = authenticated;
        subscription.owner_ends = owner_ends;
        rows::put_subscription(tx, &id, &subscription);
    }
    Ok(id)
}

/// Ends a subscription; gives it, if there was one.
pub fn unsubscribe(tx: &mut Tx, id: &SubscriptionId, by_owner: bool) -> Result<Option<Subscription>, Error> {
    let Some(subscription) = rows::subscription(tx, id)? else { return Ok(None) };
    if subscription.owner_ends && !by_owner {
        return Err(Error::OwnerOnly);
    }
    rows::delete_subscription(tx, id);
    if let Some(mut topic) = rows::topic(tx, &id.topic)? {
        topic.deleted += 1;
        rows::put_topic(tx, &id.topic, &topic);
    }
    Ok(Some(subscription))
}

pub fn find(read: &mut impl Read, id: &SubscriptionId) -> Result<Subscription, Error> {
    rows::subscription(read, id)?.ok_or_else(|| Error::NoSuchSubscription(id.clone()))
}

pub fn set<E: From<Error>>(
    tx: &mut Tx,
    id: &SubscriptionId,
    change: impl FnOnce(&mut Subscription) -> Result<(), E>,
) -> Result<(), E> {
    let mut subscription = find(tx, id)?;
    change(&mut subscription)?;
    rows::put_subscription(tx, id, &subscription);
    Ok(())
}

/// Subscriptions of one topic, after the one of that id.
pub fn of_topic(
    read: &mut impl Read,
    topic: &TopicId,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(SubscriptionId, Subscription)>, Error> {
    super::find(read, topic)?;
    let found = rows::subscriptions(read, topic, after, limit)?;
    Ok(found.into_iter().map(|(id, one)| (SubscriptionId { topic: topic.clone(), id }, one)).collect())
}

/// All subscriptions, by topic, after one of them.
pub fn list(
    read: &mut impl Read,
    scope: &Scope,
    after: Option<&SubscriptionId>,
    limit: usize,
) -> Result<Vec<(SubscriptionId, Subscription)>, Error> {
    rows::all_subscriptions(read, scope, after, limit)
}
