//! The subscribers of topics as messages find them, kept until one of them changes.

use std::collections::HashMap;
use std::sync::Arc;

use store::Read;

use super::filter::Filter;
use super::{Error, Message, SUBSCRIPTIONS_MAX, Subscription, SubscriptionId, TopicId, rows};

/// Topics whose subscribers are kept; with more the one is dropped that was used longest ago.
const TOPICS_MAX: usize = 256;

/// A subscription that is confirmed.
pub(crate) struct Subscriber {
    pub id: SubscriptionId,
    pub subscription: Subscription,
    filter: Option<Filter>,
}

impl Subscriber {
    pub fn wants(&self, message: &Message) -> bool {
        let body = message.body_for(self.subscription.endpoint.protocol);
        self.filter.as_ref().is_none_or(|filter| filter.wants(message, body))
    }
}

#[derive(Default)]
pub(crate) struct Cache {
    kept: HashMap<TopicId, Kept>,
    uses: u64,
}

struct Kept {
    revision: i64,
    subscribers: Arc<Vec<Subscriber>>,
    used: u64,
}

impl Cache {
    /// The confirmed subscribers in this state of the store, by their ids.
    pub fn of(&mut self, read: &mut impl Read, topic: &TopicId) -> Result<Arc<Vec<Subscriber>>, Error> {
        self.uses += 1;
        let revision = rows::revision(read, topic)?;
        if let Some(kept) = self.kept.get_mut(topic)
            && kept.revision == revision
        {
            kept.used = self.uses;
            return Ok(kept.subscribers.clone());
        }
        let subscribers = Arc::new(load(read, topic)?);
        if self.kept.len() >= TOPICS_MAX
            && let Some(oldest) = self.kept.iter().min_by_key(|(_, kept)| kept.used).map(|(topic, _)| topic.clone())
        {
            self.kept.remove(&oldest);
        }
        let kept = Kept { revision, subscribers: subscribers.clone(), used: self.uses };
        self.kept.insert(topic.clone(), kept);
        Ok(subscribers)
    }
}

fn load(read: &mut impl Read, topic: &TopicId) -> Result<Vec<Subscriber>, Error> {
    let all = rows::subscriptions(read, topic, None, SUBSCRIPTIONS_MAX)?;
    let confirmed = all.into_iter().filter(|(_, subscription)| !subscription.is_pending());
    let subscriber = |(id, subscription): (Box<str>, Subscription)| Subscriber {
        id: SubscriptionId { topic: topic.clone(), id },
        filter: subscription.filter(),
        subscription,
    };
    Ok(confirmed.map(subscriber).collect())
}
