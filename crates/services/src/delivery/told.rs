//! Messages of topics: each is told to all who have subscribed.
//!
//! Those of standard topics are a feed: what a subscriber gets, a function's event or a queue's message, is written in
//! one commit with the message's end. Those of FIFO topics lie in order for each subscriber and are a log of the `cursor`:
//! queues take them in that order. What cannot be handed over goes to the subscription's queue for dead letters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use store::{Range, ShardId, Snapshot, Timestamp, Tx};
use tokio::sync::watch;

use super::cursor::{Batch, Cursor, Entry, Log, Partition, Passing, Policy};
use super::feed::{Feed, Feeder, PARALLEL_MAX, WRITTEN_BYTES_MAX};
use super::policy::{Backoff, Batching, Retry};
use super::receiver::may_run;
use super::{
    Answer, Cause, Delivered, End, Error, InvokeLater, News, Notification, PAYLOAD_BYTES_MAX, STORE_RETRY, Signed,
    Target, carry, emit,
};
use crate::function::{FunctionId, Qualifier, Unroutable};
use crate::name::FunctionName;
use crate::queue::{self, Attribute, NewMessage, QueueId, QueueName};
use crate::run::BoxFuture;
use crate::services::Services;
use crate::topic::ordered::{self, Ordered};
use crate::topic::post::{Post, What};
use crate::topic::subscription::{Protocol, Receiver};
use crate::topic::waiting::{self, Waiting};
use crate::topic::{self, Cache, Message, Place, Signature, Subscriber, Subscription, SubscriptionId};
use crate::trace;

/// Who asks for permission.
const SNS: &str = "sns.amazonaws.com";
/// What a component is told an event is.
const EVENT_KIND: &str = "aws.sns.notification";
/// What a row takes beside its document.
const OVERHEAD_BYTES: usize = 1_024;

/// Attributes that a message may take into a queue. With more the service delivers none of it.
///
/// Source: Amazon SNS developer guide, "Amazon SNS raw message delivery" (read 2026-11-24).
const RAW_ATTRIBUTES_MAX: usize = 10;

/// How queues are tried: for 23 days, ever later.
///
/// Source: Amazon SNS developer guide, "Amazon SNS message delivery retries": 100,015 attempts over 23 days (read
/// 2026-11-24).
const IN_ORDER: Retry = Retry {
    retries_max: Some(100_014),
    age_max: Some(Duration::from_secs(23 * 86_400)),
    after_failure: Backoff { first: Duration::from_secs(1), last: Duration::from_secs(20), jitter: true },
    after_outage: Backoff { first: Duration::from_secs(1), last: Duration::from_secs(20), jitter: true },
};

struct Told {
    services: Services,
    /// Held while subscribers are looked up.
    cache: Mutex<Cache>,
}

/// Why a subscriber does not get a message.
struct Refused(String);

/// The signatures of one message, by the protocol whose subscribers get another body, and of the body under "".
type Signatures = BTreeMap<String, String>;

impl Told {
    fn new(services: Services) -> Told {
        Told { services, cache: Mutex::default() }
    }

    async fn sign(&self, waiting: &Waiting) -> Result<Bytes, Error> {
        let services = &self.services;
        let (signature, subscribers) = services.store().read(|read| {
            let topic = match topic::find(read, &waiting.topic) {
                Ok(topic) => topic.settings.signature,
                Err(topic::Error::NoSuchTopic(_)) => Signature::default(),
                Err(error) => return Err(error),
            };
            Ok((topic, self.cache.lock().unwrap_or_else(PoisonError::into_inner).of(read, &waiting.topic)?))
        })?;
        if subscribers.iter().all(|subscriber| subscriber.subscription.settings.raw) {
            return Ok(Bytes::new());
        }
        let signer = services.signers().signer().await?;
        let message = &waiting.message;
        let bodies = Protocol::ALL.map(Protocol::as_str).map(|name| (name, message.bodies.get(name)));
        let bodies = bodies.into_iter().filter_map(|(name, body)| Some((name, body?))).chain([("", &message.body)]);
        let mut signatures = Signatures::new();
        for (name, body) in bodies {
            let text = services.envelopes().signed_text(&waiting.topic, message, body);
            signatures.insert(name.to_owned(), signer.sign(signature, &text)?);
        }
        let prepared = Prepared { with: signature, fingerprint: signer.fingerprint.clone(), signatures };
        Ok(serde_json::to_vec(&prepared).expect("texts are JSON").into())
    }

    fn tell(&self, tx: &mut Tx, subscriber: &Subscriber, message: &Message, prepared: &Prepared) -> Result<(), Error> {
        let (id, subscription) = (&subscriber.id, &subscriber.subscription);
        let teller = Teller { services: &self.services, id, subscription, message };
        let signed = prepared.of(message, subscription.endpoint.protocol);
        let told = match &subscription.endpoint.receiver {
            Receiver::Function { at, qualifier } => teller.invoke(tx, at, qualifier.as_deref(), signed)?,
            Receiver::Queue(at) => teller.enqueue(tx, at, signed)?,
            Receiver::Url => {
                teller.post(tx, signed);
                Ok(())
            }
        };
        match told {
            Ok(()) => Ok(()),
            Err(refused) => bury(tx, id, subscription, teller.for_queue(signed), &refused.0),
        }
    }
}

/// What is ready before the transaction.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
struct Prepared {
    with: Signature,
    fingerprint: String,
    signatures: Signatures,
}

impl Prepared {
    fn of(&self, message: &Message, protocol: Protocol) -> Option<Signed<'_>> {
        let name = if message.bodies.contains_key(protocol.as_str()) { protocol.as_str() } else { "" };
        let text = self.signatures.get(name)?;
        Some(Signed { with: self.with, text, fingerprint: &self.fingerprint })
    }
}

impl Feed for Told {
    type Item = Waiting;

    fn rows() -> Vec<u8> {
        waiting::all()
    }

    fn scan(read: &mut Snapshot, range: Range, limit: usize) -> Result<Vec<Waiting>, Error> {
        Ok(waiting::scan(read, range, limit)?)
    }

    fn key(waiting: &Waiting) -> Vec<u8> {
        waiting.key()
    }

    /// Messages are due at once, whatever the clock shows meanwhile.
    fn due(_: &Waiting) -> Timestamp {
        Timestamp::from_millis(i64::MIN)
    }

    fn shard(waiting: &Waiting) -> ShardId {
        ShardId::of(&waiting.lane_key())
    }

    fn bytes(waiting: &Waiting) -> usize {
        waiting.message.bytes()
    }

    fn pass_on(&self, tx: &mut Tx, waiting: &Waiting, delivered: &Delivered, room: &mut usize) -> Result<(), Error> {
        let Delivered::Done(signed) = delivered else { return Ok(()) }; // it is signed later
        let prepared: Prepared = serde_json::from_slice(&signed.document).unwrap_or_default();
        let subscribers = self.cache.lock().unwrap_or_else(PoisonError::into_inner).of(tx, &waiting.topic)?;
        let mut after = waiting.after.as_deref();
        for subscriber in subscribers.iter().filter(|subscriber| subscriber.wants(&waiting.message)) {
            let id = &*subscriber.id.id;
            if after.is_some_and(|after| id <= after) {
                continue;
            }
            let cost = waiting.message.bytes() + OVERHEAD_BYTES;
            if cost > *room && *room < WRITTEN_BYTES_MAX {
                after.into_iter().for_each(|after| waiting.go_on_after(tx, after));
                return Ok(());
            }
            *room = room.saturating_sub(cost);
            self.tell(tx, subscriber, &waiting.message, &prepared)?;
            after = Some(id);
        }
        waiting.delete(tx);
        Ok(())
    }
}

/// Signs what is to be told, before the commit that tells it.
struct Signing(Arc<Told>);

impl Target<Feeder<Told>> for Signing {
    fn room(&self, (): &()) -> usize {
        usize::MAX
    }

    fn room_made(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn deliver(self: Arc<Self>, waiting: Arc<Waiting>) -> BoxFuture<'static, Delivered> {
        Box::pin(async move {
            match self.0.sign(&waiting).await {
                Ok(document) => Delivered::Done(Answer { document, ..Answer::default() }),
                Err(error) => {
                    tracing::error!(topic = %waiting.topic, %error, "a message cannot be signed yet");
                    tokio::time::sleep(STORE_RETRY).await;
                    Delivered::Broken
                }
            }
        })
    }
}

/// Tells the subscribers of standard topics until `stop` is true.
pub(super) async fn run(services: Services, stop: watch::Receiver<bool>) {
    let store = services.store().clone();
    let written = News::Rows(store.watch(&Told::rows()));
    let told = Arc::new(Told::new(services));
    let feeder = Feeder::new(store.clone(), told.clone());
    carry::carry(store, feeder, Arc::new(Signing(told)), PARALLEL_MAX, written, stop).await;
}

/// One message for one subscriber.
struct Teller<'a> {
    services: &'a Services,
    id: &'a SubscriptionId,
    subscription: &'a Subscription,
    message: &'a Message,
}

impl Teller<'_> {
    fn notification<'n>(&'n self, signed: Option<Signed<'n>>) -> Notification<'n> {
        Notification {
            subscription: self.id,
            authority: &self.subscription.authority,
            message: self.message,
            body: self.message.body_for(self.subscription.endpoint.protocol),
            signed,
        }
    }

    /// What a queue gets.
    fn for_queue(&self, signed: Option<Signed<'_>>) -> NewMessage {
        let notification = self.notification(signed);
        let (body, attributes): (String, BTreeMap<String, Attribute>) = match self.subscription.settings.raw {
            true => (notification.body.to_owned(), self.message.attributes.clone()),
            false => {
                let document = self.services.envelopes().notification(&notification);
                (String::from_utf8_lossy(&document).into_owned(), BTreeMap::new())
            }
        };
        NewMessage {
            body,
            attributes,
            trace_header: self.message.cause.trace.as_ref().map(trace::render_xray),
            group: self.message.group.clone(),
            deduplication_id: self.message.deduplication_id.clone(),
            sender: SNS.to_owned(),
            ..NewMessage::default()
        }
    }

    fn enqueue(&self, tx: &mut Tx, at: &Place, signed: Option<Signed<'_>>) -> Result<Result<(), Refused>, Error> {
        if self.subscription.settings.raw && self.message.attributes.len() > RAW_ATTRIBUTES_MAX {
            return Ok(Err(Refused(format!("A queue takes {RAW_ATTRIBUTES_MAX} attributes."))));
        }
        let Some(queue) = queue_at(at) else { return Ok(Err(Refused(format!("There is no queue {}.", at.name)))) };
        match queue::emit(tx, &queue, &self.for_queue(signed)) {
            Ok(_) => Ok(Ok(())),
            Err(queue::Error::Store(error)) => Err(error.into()),
            Err(error) => Ok(Err(Refused(error.to_string()))),
        }
    }

    fn invoke(
        &self,
        tx: &mut Tx,
        at: &Place,
        qualifier: Option<&str>,
        signed: Option<Signed<'_>>,
    ) -> Result<Result<(), Refused>, Error> {
        let absent = || Refused(format!("There is no function {}.", at.name));
        let Some((function, qualifier)) = function_at(at, qualifier) else { return Ok(Err(absent())) };
        match self.services.routes().resolve(&function, qualifier.as_ref(), 0) {
            Ok(_) | Err(Unroutable::Pending) => {}
            Err(Unroutable::Absent | Unroutable::Failed(_)) => return Ok(Err(absent())),
        }
        let envelopes = self.services.envelopes();
        let source = envelopes.topic(&self.id.topic);
        let arn = envelopes.function(&function, qualifier.as_ref());
        if !may_run(self.services, SNS, &source, (&function, qualifier.as_ref(), &arn)) {
            return Ok(Err(Refused(format!("The policy of {} does not let {source} run it.", at.name))));
        }
        let document = envelopes.topic_event(&self.notification(signed));
        if document.len() > PAYLOAD_BYTES_MAX {
            return Ok(Err(Refused("The event is too large.".to_owned())));
        }
        let later = InvokeLater {
            function,
            qualifier,
            document,
            kind: EVENT_KIND.into(),
            source,
            client_context: None,
            request_id: None,
            cause: Cause { depth: self.message.cause.depth + 1, ..self.message.cause.clone() },
        };
        emit(tx, &later).map(|_| Ok(()))
    }

    fn post(&self, tx: &mut Tx, signed: Option<Signed<'_>>) {
        let NewMessage { body: document, attributes, .. } = self.for_queue(signed);
        let message_id = self.message.id.clone();
        Post::put(tx, self.id, What::Notification { message_id, document, attributes });
    }
}

/// Sends what a subscriber does not get to its queue for dead letters.
pub(super) fn bury(
    tx: &mut Tx,
    id: &SubscriptionId,
    subscription: &Subscription,
    letter: NewMessage,
    why: &str,
) -> Result<(), Error> {
    let Some(dead_letter) = &subscription.settings.dead_letter else {
        tracing::warn!(subscription = %id, why, "a message is dropped");
        return Ok(());
    };
    let letter = NewMessage { group: None, deduplication_id: None, sender: SNS.to_owned(), ..letter };
    let sent = match queue_at(&dead_letter.queue) {
        Some(queue) => queue::emit(tx, &queue, &letter).map(drop),
        None => return Ok(()), // no queue has such a name
    };
    match sent {
        Ok(()) => Ok(()),
        Err(queue::Error::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::warn!(subscription = %id, why, %error, "a dead letter is dropped");
            Ok(())
        }
    }
}

fn queue_at(at: &Place) -> Option<QueueId> {
    Some(QueueId { scope: at.scope()?, name: QueueName::parse(&at.name).ok()? })
}

fn function_at(at: &Place, qualifier: Option<&str>) -> Option<(FunctionId, Option<Qualifier>)> {
    let id = FunctionId { scope: at.scope()?, name: FunctionName::parse(&at.name).ok()? };
    Some((id, qualifier.map(Qualifier::parse).transpose().ok()?))
}

/// Tells the subscribers of FIFO topics, each in order, until `stop` is true.
pub(super) async fn run_in_order(services: Services, retry_scale: f64, stop: watch::Receiver<bool>) {
    let store = services.store().clone();
    let written = News::Rows(store.watch(&ordered::all()));
    let retry = Retry {
        age_max: IN_ORDER.age_max.map(|age| age.mul_f64(retry_scale)),
        after_failure: IN_ORDER.after_failure.scaled(retry_scale),
        after_outage: IN_ORDER.after_outage.scaled(retry_scale),
        ..IN_ORDER
    };
    let log = Arc::new(InOrder { services: services.clone(), retry });
    let cursor = Cursor::new(store.clone(), log.clone());
    carry::carry(store, cursor, log, PARALLEL_MAX, written, stop).await;
}

/// What waits for the subscribers of FIFO topics.
struct InOrder {
    services: Services,
    retry: Retry,
}

impl Log for InOrder {
    type Record = Ordered;

    fn partitions(&self, read: &mut Snapshot<'_>) -> Result<Vec<Partition>, Error> {
        let found = ordered::subscribers(read)?;
        Ok(found.iter().map(|id| Partition(ordered::lane_key(id).into())).collect())
    }

    fn policy(&self, _: &Partition) -> Policy {
        Policy {
            batching: Batching {
                size_max: queue::RECEIVE_MAX,
                bytes_max: queue::BODY_BYTES_MAX,
                window: Duration::ZERO,
            },
            retry: self.retry.clone(),
            bisects: false,
        }
    }

    fn read(
        &self,
        read: &mut Snapshot<'_>,
        partition: &Partition,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry<Ordered>>, Error> {
        let Some(id) = ordered::subscriber_of(&partition.0) else { return Ok(Vec::new()) };
        let found = ordered::read(read, &id, after, limit)?.into_iter();
        let entry = |record: Ordered| Entry {
            number: record.number,
            at: record.message.published(),
            bytes: record.bytes,
            record,
        };
        Ok(found.map(entry).collect())
    }

    fn passed(
        &self,
        tx: &mut Tx,
        partition: &Partition,
        records: &[Entry<Ordered>],
        passing: &Passing<'_>,
    ) -> Result<(), Error> {
        let Some(id) = ordered::subscriber_of(&partition.0) else { return Ok(()) };
        for entry in records {
            entry.record.delete(tx, &id);
        }
        let end = passing.end;
        if end != End::Delivered {
            tracing::warn!(subscription = %id, count = records.len(), ?end, "messages are dropped");
        }
        Ok(())
    }
}

impl InOrder {
    async fn hand_over(&self, id: &SubscriptionId, records: &[Entry<Ordered>]) -> Result<Delivered, Error> {
        let subscription = match self.services.store().read(|read| topic::subscription::find(read, id)) {
            Ok(subscription) => subscription,
            Err(topic::Error::NoSuchSubscription(_)) => return Ok(Delivered::Refused(End::Gone)),
            Err(error) => return Err(error.into()),
        };
        let Receiver::Queue(at) = &subscription.endpoint.receiver else { return Ok(Delivered::Refused(End::Gone)) };
        let messages: Vec<NewMessage> = records
            .iter()
            .map(|entry| {
                let message = &entry.record.message;
                Teller { services: &self.services, id, subscription: &subscription, message }.for_queue(None)
            })
            .collect();
        if self.send(at, &messages).await? {
            return Ok(Delivered::Done(Answer::default()));
        }
        // Nobody takes them: they are dead letters, in their order.
        if let Some(dead_letter) = &subscription.settings.dead_letter
            && self.send(&dead_letter.queue, &messages).await?
        {
            return Ok(Delivered::Done(Answer::default()));
        }
        Ok(Delivered::Refused(End::Gone))
    }

    /// Says whether there is a queue.
    async fn send(&self, at: &Place, messages: &[NewMessage]) -> Result<bool, Error> {
        let Some(queue) = queue_at(at) else { return Ok(false) };
        // A standard queue tells no duplicates.
        let plain = |message: &NewMessage| NewMessage { deduplication_id: None, ..message.clone() };
        let messages = match queue.name.is_fifo() {
            true => messages.to_vec(),
            false => messages.iter().map(plain).collect(),
        };
        let sent = self.services.queues().send(&queue, messages).await;
        match sent.and_then(|sent| sent.into_iter().collect::<Result<Vec<_>, _>>()) {
            Ok(_) => Ok(true),
            Err(queue::Error::NoSuchQueue(_)) => Ok(false),
            Err(queue::Error::Store(error)) => Err(error.into()),
            Err(error) => Err(store::Error::Unavailable(error.to_string()).into()),
        }
    }
}

impl Target<Cursor<InOrder>> for InOrder {
    fn room(&self, _: &Partition) -> usize {
        usize::MAX
    }

    fn room_made(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn deliver(self: Arc<Self>, batch: Arc<Batch<Ordered>>) -> BoxFuture<'static, Delivered> {
        Box::pin(async move {
            let Some(id) = ordered::subscriber_of(&batch.partition.0) else { return Delivered::Refused(End::Gone) };
            match self.hand_over(&id, &batch.records).await {
                Ok(delivered) => delivered,
                Err(error) => {
                    tracing::warn!(subscription = %id, %error, "messages are told later");
                    Delivered::Broken
                }
            }
        })
    }
}
