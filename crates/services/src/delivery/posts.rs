//! HTTP endpoints that have subscribed to topics: a feed whose target are the endpoints.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use store::{Range, Read, ShardId, Snapshot, Timestamp, Tx};

use super::feed::{Feed, Feeder};
use super::told::bury;
use super::{Answer, Confirmation, Delivered, End, Error, STORE_RETRY, Signed, Target};
use crate::outside;
use crate::queue::NewMessage;
use crate::run::BoxFuture;
use crate::services::Services;
use crate::topic::post::{self, Post, What};
use crate::topic::retry::Policy;
use crate::topic::{self, Subscription, Topic};

/// How long an endpoint may take to answer.
///
/// Source: Amazon SNS developer guide, "Amazon SNS message delivery retries" (read 2026-11-24).
const TIMEOUT: Duration = Duration::from_secs(15);

const AGENT: &str = "Amazon Simple Notification Service Agent";

pub(super) struct Posts {
    /// Times every delay, so that tests need not wait.
    pub scale: f64,
}

impl Posts {
    /// It has failed: it waits, or is a dead letter.
    fn failed(&self, tx: &mut Tx, post: &Post) -> Result<(), Error> {
        let Some((topic, subscription)) = found(tx, post)? else { return Ok(()) };
        match policy(&topic, &subscription).retry.delay(post.failures) {
            Some(delay) => {
                let due = tx.now() + delay.mul_f64(self.scale).max(Duration::from_millis(1));
                post.postpone(tx, due, post.failures + 1);
                Ok(())
            }
            None => give_up(tx, post, &subscription),
        }
    }
}

/// Nothing where either is gone.
fn found(read: &mut impl Read, post: &Post) -> Result<Option<(Topic, Subscription)>, Error> {
    let id = &post.subscription;
    let found = topic::find(read, &id.topic).and_then(|topic| Ok((topic, topic::subscription::find(read, id)?)));
    match found {
        Ok(found) => Ok(Some(found)),
        Err(topic::Error::NoSuchTopic(_) | topic::Error::NoSuchSubscription(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn policy(topic: &Topic, subscription: &Subscription) -> Policy {
    let of_topic = topic.settings.delivery_policy.as_deref();
    Policy::of(of_topic, subscription.settings.delivery_policy.as_deref())
}

fn give_up(tx: &mut Tx, post: &Post, subscription: &Subscription) -> Result<(), Error> {
    match &post.what {
        What::Confirmation { .. } => Ok(()), // it stays unconfirmed
        What::Notification { document, attributes, .. } => {
            let letter = NewMessage { body: document.clone(), attributes: attributes.clone(), ..NewMessage::default() };
            bury(tx, &post.subscription, subscription, letter, "The endpoint did not take it.")
        }
    }
}

impl Feed for Posts {
    type Item = Post;

    fn rows() -> Vec<u8> {
        post::all()
    }

    fn scan(read: &mut Snapshot, range: Range, limit: usize) -> Result<Vec<Post>, Error> {
        Ok(post::scan(read, range, limit)?)
    }

    fn key(post: &Post) -> Vec<u8> {
        post.key()
    }

    fn due(post: &Post) -> Timestamp {
        post.due
    }

    fn shard(post: &Post) -> ShardId {
        post.shard()
    }

    fn bytes(post: &Post) -> usize {
        post.bytes()
    }

    fn pass_on(&self, tx: &mut Tx, post: &Post, delivered: &Delivered, _: &mut usize) -> Result<(), Error> {
        if !post.is_there(tx)? {
            return Ok(());
        }
        post.delete(tx);
        match delivered {
            Delivered::Done(_) | Delivered::Refused(End::Gone) => Ok(()),
            Delivered::Refused(_) => match found(tx, post)? {
                Some((_, subscription)) => give_up(tx, post, &subscription),
                None => Ok(()),
            },
            Delivered::Failed(_) | Delivered::Partly(_) => self.failed(tx, post),
            Delivered::Broken | Delivered::Waits(_) => {
                post.postpone(tx, tx.now() + STORE_RETRY, post.failures);
                Ok(())
            }
        }
    }
}

/// The endpoints, as the target of what is posted.
pub(super) struct Endpoints(pub Services);

impl Endpoints {
    async fn send(&self, post: &Post) -> Result<Delivered, Error> {
        let Some((topic, subscription)) = self.0.store().read(|read| found(read, post))? else {
            return Ok(Delivered::Refused(End::Gone));
        };
        let policy = policy(&topic, &subscription);
        let request = outside::Request {
            url: subscription.endpoint.text.clone(),
            headers: self.headers(post, &subscription, policy.content_type),
            body: self.document(post, &topic, &subscription).await?,
            by_function: subscription.by_function,
            timeout: TIMEOUT,
        };
        let id = &post.subscription;
        let answered = match self.0.outside() {
            Some(outside) => outside.post(request).await,
            None => Err("there is no way out".to_owned()),
        };
        Ok(match answered {
            Ok(200..=299) => Delivered::Done(Answer::default()),
            // What is wrong with the request stays wrong.
            Ok(status @ 400..=499) if status != 429 => {
                tracing::warn!(subscription = %id, status, "an endpoint refuses a message");
                Delivered::Refused(End::RetriesExhausted)
            }
            Ok(status) => {
                tracing::info!(subscription = %id, status, "an endpoint fails with a message");
                Delivered::Failed(Answer::default())
            }
            Err(why) => {
                tracing::info!(subscription = %id, why, "an endpoint is not reached");
                Delivered::Failed(Answer::default())
            }
        })
    }

    fn headers(&self, post: &Post, subscription: &Subscription, content_type: String) -> Vec<(&'static str, String)> {
        let id = &post.subscription;
        let (kind, message_id) = match &post.what {
            What::Confirmation { message_id, .. } => ("SubscriptionConfirmation", message_id),
            What::Notification { message_id, .. } => ("Notification", message_id),
        };
        let envelopes = self.0.envelopes();
        let mut headers = vec![
            ("content-type", content_type),
            ("user-agent", AGENT.to_owned()),
            ("x-amz-sns-message-type", kind.to_owned()),
            ("x-amz-sns-message-id", message_id.clone()),
            ("x-amz-sns-topic-arn", envelopes.topic(&id.topic).into()),
        ];
        if let What::Notification { .. } = &post.what {
            headers.push(("x-amz-sns-subscription-arn", envelopes.subscription(id).into()));
            if subscription.settings.raw {
                headers.push(("x-amz-sns-rawdelivery", "true".to_owned()));
            }
        }
        headers
    }

    async fn document(&self, post: &Post, topic: &Topic, subscription: &Subscription) -> Result<Bytes, Error> {
        match &post.what {
            What::Notification { document, .. } => Ok(document.clone().into()),
            What::Confirmation { message_id, token, at_millis } => {
                let (signer, envelopes) = (self.0.signers().signer().await?, self.0.envelopes());
                let confirmation = Confirmation {
                    topic: &post.subscription.topic,
                    authority: &subscription.authority,
                    message_id,
                    token,
                    at: Timestamp::from_millis(*at_millis),
                };
                let with = topic.settings.signature;
                let text = signer.sign(with, &envelopes.confirmation_signed_text(&confirmation))?;
                let signed = Signed { with, text: &text, fingerprint: &signer.fingerprint };
                Ok(envelopes.confirmation(&confirmation, signed))
            }
        }
    }
}

impl Target<Feeder<Posts>> for Endpoints {
    fn room(&self, (): &()) -> usize {
        usize::MAX
    }

    fn room_made(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn deliver(self: Arc<Self>, post: Arc<Post>) -> BoxFuture<'static, Delivered> {
        Box::pin(async move {
            match self.send(&post).await {
                Ok(delivered) => delivered,
                Err(error) => {
                    tracing::error!(subscription = %post.subscription, %error, "an endpoint is told later");
                    Delivered::Broken
                }
            }
        })
    }
}
