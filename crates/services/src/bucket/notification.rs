//! Notifications: what changes in a bucket is told to functions, queues, topics and the default bus.
//!
//! Start reading at [`Notifications`] (who is told of what) and [`Notifier::tell`]. Whoever changes an object tells of
//! the [`Change`] in the same transaction.
//!
//! Always true:
//! - A change and its events commit together. A function's event is then a row of the delivery loop, a queue's and a
//!   topic's a message, a bus's an event that waits there.
//! - A function is run only while its policy lets S3 run it: asked when the configuration is put, and for every event.
//! - Policies of queues are not asked: queues do not enforce them yet, for anybody.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::{Timestamp, Tx};

use super::config::{self, Config};
use super::create::{self, Bucket};
use super::history::{Change, ChangeKind};
use super::{BucketName, Error, Versioning, rows};
use crate::bus::event::Event;
use crate::bus::{self, BusId, BusName};
use crate::delivery::{self, Cause, Envelopes, InvokeLater};
use crate::function::{self, FunctionId, Qualifier, Scope, permission};
use crate::identity::{self, Context, Principal, Request};
use crate::name::{AccountId, FunctionName, Malformed, Region};
use crate::queue::{self, NewMessage, QueueId, QueueName};
use crate::random;
use crate::run::{RequestId, Trace};
use crate::topic::{self, TopicId, TopicName};

/// As statements of functions and events of lifecycle rules name S3.
pub const S3: &str = "s3.amazonaws.com";

/// The subject of what is published on a topic.
const SUBJECT: &str = "Amazon S3 Notification";

/// What a component is told an event is.
const EVENT_KIND: &str = "aws.s3.object";

/// Whose events those on a bus are.
const BUS_SOURCE: &str = "aws.s3";

/// Who is told of what, in a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications(pub Vec<Subscription>);

impl Config for Notifications {
    const KIND: &'static str = "notifications";
}

/// A destination and what it is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    pub id: String,
    pub destination: Destination,
    pub events: Vec<Subscribed>,
    pub prefix: Option<String>,
    pub suffix: Option<String>,
}

/// Names of events that can be subscribed to. Those after `LifecycleExpiration` tell of what does not happen here.
///
/// Source: S3 User Guide, "Supported event types for SQS, SNS, and Lambda" (read 2026-11-24).
const NAMES: [&str; 27] = [
    "ObjectCreated:*",
    "ObjectCreated:Put",
    "ObjectCreated:Post",
    "ObjectCreated:Copy",
    "ObjectCreated:CompleteMultipartUpload",
    "ObjectRemoved:*",
    "ObjectRemoved:Delete",
    "ObjectRemoved:DeleteMarkerCreated",
    "ObjectTagging:*",
    "ObjectTagging:Put",
    "ObjectTagging:Delete",
    "LifecycleExpiration:*",
    "LifecycleExpiration:Delete",
    "LifecycleExpiration:DeleteMarkerCreated",
    "ReducedRedundancyLostObject",
    "ObjectRestore:*",
    "ObjectRestore:Post",
    "ObjectRestore:Completed",
    "ObjectRestore:Delete",
    "Replication:*",
    "Replication:OperationFailedReplication",
    "Replication:OperationMissedThreshold",
    "Replication:OperationReplicatedAfterThreshold",
    "Replication:OperationNotTracked",
    "LifecycleTransition",
    "IntelligentTiering",
    "ObjectAcl:Put",
];

/// The name of an event, or `Kind:*` for all of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed(String); // Invariant: one of `NAMES`.

impl Subscribed {
    pub fn parse(name: &str) -> Option<Subscribed> {
        NAMES.contains(&name).then(|| Subscribed(name.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn takes(&self, event: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(kind) => event.starts_with(kind),
            None => self.0 == event,
        }
    }

    fn shares_with(&self, other: &Subscribed) -> bool {
        self.takes(&other.0) || other.takes(&self.0)
    }
}

impl Subscription {
    /// The default bus is told of everything that is told at all: rules choose there.
    pub fn to_bus(bucket: &Bucket) -> Subscription {
        let scope = Scope { account: bucket.account.clone(), region: bucket.region.clone() };
        let kinds = ["ObjectCreated:*", "ObjectRemoved:*", "ObjectTagging:*", "LifecycleExpiration:*"];
        Subscription {
            id: String::new(),
            destination: Destination::Bus(BusId { scope, name: BusName::default_bus() }),
            events: kinds.map(|kind| Subscribed(kind.to_owned())).into(),
            prefix: None,
            suffix: None,
        }
    }

    fn is_to_bus(&self) -> bool {
        matches!(self.destination, Destination::Bus(_))
    }

    fn takes(&self, event: &str, key: &str) -> bool {
        self.events.iter().any(|subscribed| subscribed.takes(event))
            && key.starts_with(self.prefix.as_deref().unwrap_or_default())
            && key.ends_with(self.suffix.as_deref().unwrap_or_default())
    }

    /// Whether there could be an event that both are told of.
    fn overlaps(&self, other: &Subscription) -> bool {
        let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        let (prefix, other_prefix) = (text(&self.prefix), text(&other.prefix));
        let (suffix, other_suffix) = (text(&self.suffix), text(&other.suffix));
        self.events.iter().any(|event| other.events.iter().any(|other| event.shares_with(other)))
            && (prefix.starts_with(&other_prefix) || other_prefix.starts_with(&prefix))
            && (suffix.ends_with(&other_suffix) || other_suffix.ends_with(&suffix))
    }
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub enum Destination {
    Function { id: FunctionId, qualifier: Option<Qualifier> },
    Queue(QueueId),
    Topic(TopicId),
    Bus(BusId),
}

impl Destination {
    fn scope(&self) -> &Scope {
        match self {
            Destination::Function { id, .. } => &id.scope,
            Destination::Queue(id) => &id.scope,
            Destination::Topic(id) => &id.scope,
            Destination::Bus(id) => &id.scope,
        }
    }
}

/// A destination in a row.
#[derive(Serialize, Deserialize)]
enum Stored {
    Function { account: String, region: String, name: String, qualifier: Option<String> },
    Queue { account: String, region: String, name: String },
    Topic { account: String, region: String, name: String },
    Bus { account: String, region: String, name: String },
}

impl TryFrom<Stored> for Destination {
    type Error = Malformed;

    fn try_from(row: Stored) -> Result<Destination, Malformed> {
        let scope = |account: &str, region: &str| {
            Ok(Scope { account: AccountId::parse(account)?, region: Region::parse(region)? })
        };
        Ok(match row {
            Stored::Function { account, region, name, qualifier } => Destination::Function {
                id: FunctionId { scope: scope(&account, &region)?, name: FunctionName::parse(&name)? },
                qualifier: qualifier.as_deref().map(Qualifier::parse).transpose()?,
            },
            Stored::Queue { account, region, name } => {
                Destination::Queue(QueueId { scope: scope(&account, &region)?, name: QueueName::parse(&name)? })
            }
            Stored::Topic { account, region, name } => {
                Destination::Topic(TopicId { scope: scope(&account, &region)?, name: TopicName::parse(&name)? })
            }
            Stored::Bus { account, region, name } => {
                Destination::Bus(BusId { scope: scope(&account, &region)?, name: BusName::parse(&name)? })
            }
        })
    }
}

impl From<Destination> for Stored {
    fn from(destination: Destination) -> Stored {
        let Scope { account, region } = destination.scope().clone();
        let (account, region) = (account.to_string(), region.to_string());
        match destination {
            Destination::Function { id, qualifier } => Stored::Function {
                account,
                region,
                name: id.name.to_string(),
                qualifier: qualifier.map(|qualifier| qualifier.to_string()),
            },
            Destination::Queue(id) => Stored::Queue { account, region, name: id.name.to_string() },
            Destination::Topic(id) => Stored::Topic { account, region, name: id.name.to_string() },
            Destination::Bus(id) => Stored::Bus { account, region, name: id.name.to_string() },
        }
    }
}

/// Why a configuration of notifications is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("the id is there twice")]
    SameId,
    /// `filtered` is whether either of them has a filter.
    #[error("two subscriptions are told of the same")]
    Overlap { filtered: bool, events: String },
    #[error("the destination is in another region than the bucket")]
    OtherRegion(Box<Destination>),
    #[error("the destination does not exist")]
    NoDestination(Box<Destination>),
    #[error("the destination lets S3 not in")]
    NotPermitted(Box<Destination>),
    #[error("a FIFO queue or topic takes no notifications")]
    Fifo(Box<Destination>),
}

/// Whether destinations are looked at when a configuration is put.
#[derive(Debug, Clone, Copy)]
pub enum Destinations<'a> {
    /// Those that are new are; queues among them are sent this.
    Checked {
        test_message: &'a str,
    },
    Skipped,
}

/// Who changes objects, as events about it say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub by: By,
    pub request_id: Box<str>,
    pub host_id: Box<str>,
    pub trace: Option<Trace>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    Caller {
        principal: Principal,
        address: Box<str>,
    },
    /// A lifecycle rule.
    Lifecycle,
}

/// An event as its document tells it.
#[derive(Debug, Clone, Copy)]
pub struct ObjectEvent<'a> {
    pub at: Timestamp,
    pub name: &'static str,
    pub subscription: &'a str,
    pub bucket: &'a Bucket,
    pub change: &'a Change,
    pub origin: &'a Origin,
}

impl ObjectEvent<'_> {
    pub fn keeps_versions(&self) -> bool {
        self.bucket.versioning != Versioning::Off
    }
}

/// Tells of the changes that one request makes.
#[derive(Clone)]
pub struct Notifier {
    envelopes: Arc<dyn Envelopes>,
    origin: Origin,
}

impl Notifier {
    pub(super) fn new(envelopes: Arc<dyn Envelopes>, origin: Origin) -> Notifier {
        Notifier { envelopes, origin }
    }

    /// Puts the configuration. Subscriptions without an id are given one.
    pub fn configure(
        &self,
        tx: &mut Tx,
        name: &BucketName,
        config: &Notifications,
        destinations: Destinations<'_>,
    ) -> Result<(), Error> {
        let bucket = create::existing(tx, name)?;
        let mut config = config.clone();
        for subscription in &mut config.0 {
            if subscription.id.is_empty() && !subscription.is_to_bus() {
                subscription.id = random::uuid(tx.random()).into();
            }
        }
        check(&config)?;
        for Subscription { destination, .. } in &config.0 {
            if destination.scope().region != bucket.region {
                return Err(Invalid::OtherRegion(Box::new(destination.clone())).into());
            }
            let fifo = match destination {
                Destination::Queue(id) => id.name.is_fifo(),
                Destination::Topic(id) => id.name.is_fifo(),
                Destination::Function { .. } | Destination::Bus(_) => false,
            };
            if fifo {
                return Err(Invalid::Fifo(Box::new(destination.clone())).into());
            }
            if let Destinations::Checked { test_message } = destinations {
                self.try_out(tx, &bucket, destination, test_message)?;
            }
        }
        rows::put_config(tx, &bucket, Notifications::KIND, &config);
        Ok(())
    }

    fn try_out(&self, tx: &mut Tx, bucket: &Bucket, destination: &Destination, message: &str) -> Result<(), Error> {
        match destination {
            Destination::Function { id, qualifier } => match self.may_run(tx, bucket, id, qualifier.as_ref())? {
                Some(true) => Ok(()),
                Some(false) => Err(Invalid::NotPermitted(Box::new(destination.clone())).into()),
                None => Err(Invalid::NoDestination(Box::new(destination.clone())).into()),
            },
            Destination::Queue(id) => match send(tx, id, message.to_owned())? {
                true => Ok(()),
                false => Err(Invalid::NoDestination(Box::new(destination.clone())).into()),
            },
            Destination::Topic(id) => match self.publish(tx, id, message.to_owned())? {
                true => Ok(()),
                false => Err(Invalid::NoDestination(Box::new(destination.clone())).into()),
            },
            Destination::Bus(_) => Ok(()), // the default bus is always there
        }
    }

    /// Tells all that have subscribed to a change.
    pub(super) fn tell(&self, tx: &mut Tx, bucket: &Bucket, change: &Change) -> Result<(), Error> {
        let Some(name) = event_name(change.kind, &self.origin.by) else { return Ok(()) };
        let Some(config) = config::find::<Notifications>(tx, bucket)? else { return Ok(()) };
        for subscription in config.0.iter().filter(|subscription| subscription.takes(name, change.key.as_str())) {
            let (at, id, origin) = (tx.now(), subscription.id.as_str(), &self.origin);
            let event = ObjectEvent { at, name, subscription: id, bucket, change, origin };
            if let Destination::Bus(bus) = &subscription.destination {
                self.tell_bus(tx, bus, &event)?;
                continue;
            }
            let document = self.envelopes.object_event(&event);
            match &subscription.destination {
                Destination::Function { id, qualifier } => {
                    self.run_later(tx, bucket, id, qualifier.as_ref(), document)?;
                }
                Destination::Bus(_) => {} // told above: its document is another
                Destination::Queue(id) => {
                    if !send(tx, id, String::from_utf8_lossy(&document).into_owned())? {
                        tracing::warn!(bucket = bucket.name.as_str(), queue = %id, "no such queue: an event is dropped");
                    }
                }
                Destination::Topic(id) => {
                    if !self.publish(tx, id, String::from_utf8_lossy(&document).into_owned())? {
                        tracing::warn!(bucket = bucket.name.as_str(), topic = %id, "no such topic: an event is dropped");
                    }
                }
            }
        }
        Ok(())
    }

    fn tell_bus(&self, tx: &mut Tx, bus: &BusId, event: &ObjectEvent<'_>) -> Result<(), Error> {
        let detail = self.envelopes.object_detail(event);
        let event = Event {
            id: &random::uuid(tx.random()),
            detail_type: bus_kind(event.name),
            source: BUS_SOURCE,
            scope: &bus.scope,
            at: event.at,
            resources: &[self.envelopes.bucket(&event.bucket.name).into()],
            detail: &detail,
        };
        let document = event.document().expect("a detail is JSON");
        match bus::put(tx, bus, &document, &self.cause()) {
            Ok(()) => Ok(()),
            Err(bus::Error::Store(error)) => Err(error.into()),
            Err(error) => {
                tracing::error!(%error, "an event is dropped");
                Ok(())
            }
        }
    }

    fn run_later(
        &self,
        tx: &mut Tx,
        bucket: &Bucket,
        id: &FunctionId,
        qualifier: Option<&Qualifier>,
        document: Bytes,
    ) -> Result<(), Error> {
        if self.may_run(tx, bucket, id, qualifier)? != Some(true) {
            tracing::warn!(bucket = bucket.name.as_str(), function = %id, "S3 may not run it: an event is dropped");
            return Ok(());
        }
        let later = InvokeLater {
            function: id.clone(),
            qualifier: qualifier.cloned(),
            document,
            kind: EVENT_KIND.into(),
            source: self.envelopes.bucket(&bucket.name),
            client_context: None,
            request_id: None,
            cause: self.cause(),
        };
        match delivery::emit(tx, &later) {
            Ok(_) => Ok(()),
            Err(delivery::Error::Store(error)) => Err(error.into()),
            Err(error) => {
                tracing::error!(%error, function = %id, "an event is dropped");
                Ok(())
            }
        }
    }

    /// Publishes on a topic; says whether there is one.
    fn publish(&self, tx: &mut Tx, id: &TopicId, body: String) -> Result<bool, Error> {
        let subject = Some(SUBJECT.to_owned());
        let message = topic::NewMessage { subject, body, cause: self.cause(), ..topic::NewMessage::default() };
        match topic::publish(tx, id, &message) {
            Ok(_) => Ok(true),
            Err(topic::Error::Store(error)) => Err(error.into()),
            Err(_) => Ok(false),
        }
    }

    fn cause(&self) -> Cause {
        Cause { trace: self.origin.trace, request: Some(RequestId(self.origin.request_id.clone())), depth: 0 }
    }

    /// Whether the function's policy lets S3 run it for this bucket; `None` where there is no such function.
    fn may_run(
        &self,
        tx: &mut Tx,
        bucket: &Bucket,
        id: &FunctionId,
        qualifier: Option<&Qualifier>,
    ) -> Result<Option<bool>, Error> {
        let policy = match permission::policy(tx, id, qualifier) {
            Ok((policy, _)) => policy,
            Err(function::Error::NoPolicy) => return Ok(Some(false)),
            Err(function::Error::Store(error)) => return Err(error.into()),
            Err(function::Error::Unreadable(error)) => return Err(error.into()),
            Err(_) => return Ok(None),
        };
        let context = Context::default()
            .with("aws:SourceArn", self.envelopes.bucket(&bucket.name))
            .with("aws:SourceAccount", bucket.account.as_str());
        let request = Request {
            action: "lambda:InvokeFunction",
            resource: &self.envelopes.function(id, qualifier),
            owner: &id.scope.account,
            context: &context,
        };
        Ok(Some(identity::authorize(&Principal::Service { name: S3 }, &request, &policy).allowed()))
    }
}

fn check(config: &Notifications) -> Result<(), Invalid> {
    for (at, one) in config.0.iter().enumerate() {
        for other in config.0[..at].iter().filter(|other| !one.is_to_bus() && !other.is_to_bus()) {
            if one.id == other.id {
                return Err(Invalid::SameId);
            }
            if one.overlaps(other) {
                let filtered = [one, other].iter().any(|one| one.prefix.is_some() || one.suffix.is_some());
                let events = other.events.iter().chain(&one.events).map(|event| format!("s3:{}", event.0));
                return Err(Invalid::Overlap { filtered, events: events.collect::<Vec<_>>().join(", ") });
            }
        }
    }
    Ok(())
}

/// What a change is called; nobody is told of a lock.
fn event_name(kind: ChangeKind, by: &By) -> Option<&'static str> {
    Some(match (kind, by) {
        (ChangeKind::Put, _) => "ObjectCreated:Put",
        (ChangeKind::Post, _) => "ObjectCreated:Post",
        (ChangeKind::Copy, _) => "ObjectCreated:Copy",
        (ChangeKind::CompletedUpload, _) => "ObjectCreated:CompleteMultipartUpload",
        (ChangeKind::Deleted { .. }, By::Caller { .. }) => "ObjectRemoved:Delete",
        (ChangeKind::MarkerMade, By::Caller { .. }) => "ObjectRemoved:DeleteMarkerCreated",
        (ChangeKind::Deleted { .. }, By::Lifecycle) => "LifecycleExpiration:Delete",
        (ChangeKind::MarkerMade, By::Lifecycle) => "LifecycleExpiration:DeleteMarkerCreated",
        (ChangeKind::TagsPut, _) => "ObjectTagging:Put",
        (ChangeKind::TagsDeleted, _) => "ObjectTagging:Delete",
        (ChangeKind::Locked, _) => return None,
    })
}

/// What events on a bus are called. Source: S3 User Guide, "Using EventBridge" (read 2026-11-24).
fn bus_kind(name: &str) -> &'static str {
    match name {
        "ObjectTagging:Put" => "Object Tags Added",
        "ObjectTagging:Delete" => "Object Tags Deleted",
        created if created.starts_with("ObjectCreated:") => "Object Created",
        _ => "Object Deleted",
    }
}

/// Sends to a queue; says whether there is one.
fn send(tx: &mut Tx, id: &QueueId, body: String) -> Result<bool, Error> {
    match queue::emit(tx, id, &NewMessage { body, sender: S3.to_owned(), ..NewMessage::default() }) {
        Ok(_) => Ok(true),
        Err(queue::Error::Store(error)) => Err(error.into()),
        Err(_) => Ok(false),
    }
}
