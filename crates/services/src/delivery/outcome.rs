//! What is told of an event once it is over, and to whom.

use bytes::Bytes;
use store::Timestamp;

use super::End;
use crate::bucket::BucketName;
use crate::bucket::notification::ObjectEvent;
use crate::function::{FunctionId, Qualifier};
use crate::mapping::Origin;
use crate::name::Version;
use crate::queue::{QueueId, Received};
use crate::stream::{Shard, data};
use crate::table;
use crate::table::stream::ChangeRecord;
use crate::topic::{Message, Signature, SubscriptionId, TopicId};

/// How the documents are written that the platform itself sends. Their form is the wire's matter: the face brings it.
///
/// Called within transactions, so what it writes depends on its arguments alone.
pub trait Envelopes: Send + Sync + 'static {
    /// The record of an asynchronous invocation, for a destination.
    fn record(&self, record: &Record<'_>) -> Bytes;

    /// The error of a function whose answer was too large.
    fn response_too_large(&self, bytes_max: u64) -> Bytes;

    /// What a change of an object is told as.
    fn object_event(&self, event: &ObjectEvent<'_>) -> Bytes;

    /// The detail of the event on a bus that tells of a change of an object: a JSON object.
    fn object_detail(&self, event: &ObjectEvent<'_>) -> String;

    /// What names a bucket as the source of an event.
    fn bucket(&self, name: &BucketName) -> Box<str>;

    /// A received message, as it stands in the event of a function.
    fn message(&self, queue: &QueueId, received: &Received) -> Bytes;

    /// The event of such messages.
    fn messages(&self, messages: &[Bytes]) -> Bytes;

    /// The ids of the messages that a function failed with, as its answer says; `None` if that says nothing that makes
    /// sense.
    fn failed_messages(&self, answer: &[u8]) -> Option<Vec<String>>;

    /// A change of an item, as it stands in the event of a function.
    fn change(&self, stream: &table::stream::Stream, sequence: &str, at: Timestamp, change: &ChangeRecord) -> Bytes;

    /// A record of a data stream, as it stands in the event of a function that has this role.
    fn datum(
        &self,
        stream: &data::Stream,
        shard: &Shard,
        sequence: &str,
        at: Timestamp,
        datum: &data::Datum,
        role: &str,
    ) -> Bytes;

    /// What names a stream as the source of an event.
    fn stream(&self, origin: &Origin) -> Box<str>;

    /// What is told of records that were given up.
    fn discarded(&self, discarded: &Discarded<'_>) -> Bytes;

    /// What names a queue as the source of an event.
    fn queue(&self, id: &QueueId) -> Box<str>;

    /// What names a topic.
    fn topic(&self, id: &TopicId) -> Box<str>;

    /// What names a subscription.
    fn subscription(&self, id: &SubscriptionId) -> Box<str>;

    /// What an HTTP endpoint is told to confirm its subscription.
    fn confirmation(&self, confirmation: &Confirmation<'_>, signed: Signed<'_>) -> Bytes;

    /// What is signed of that.
    fn confirmation_signed_text(&self, confirmation: &Confirmation<'_>) -> String;

    /// A message of a topic as queues and HTTP endpoints are told of it.
    fn notification(&self, notification: &Notification<'_>) -> Bytes;

    /// A message of a topic as the event of a function.
    fn topic_event(&self, notification: &Notification<'_>) -> Bytes;

    /// What is signed of a message with this body.
    fn signed_text(&self, topic: &TopicId, message: &Message, body: &str) -> String;

    /// What names a function as the source of an event.
    fn function(&self, id: &FunctionId, qualifier: Option<&Qualifier>) -> Box<str>;
}

/// An asynchronous invocation that is over.
#[derive(Debug)]
pub struct Record<'a> {
    pub at: Timestamp,
    pub request_id: &'a str,
    pub function: &'a FunctionId,
    /// As it was invoked.
    pub qualifier: Option<&'a Qualifier>,
    pub end: End,
    /// How often it was run.
    pub invoke_count: u32,
    pub request: &'a [u8],
    /// Of the last attempt, if there was one just before the end.
    pub response: Option<Response<'a>>,
}

/// Records of a stream that a function does not get any more.
#[derive(Debug)]
pub struct Discarded<'a> {
    pub at: Timestamp,
    /// Of the last attempt.
    pub request_id: Box<str>,
    pub function: &'a FunctionId,
    pub qualifier: Option<&'a Qualifier>,
    pub end: End,
    /// How often the function failed with them.
    pub invoke_count: u32,
    /// What failed, if the last attempt did.
    pub version: Option<Version>,
    pub origin: &'a Origin,
    pub shard: &'a Shard,
    /// Of the first and the last record.
    pub sequences: (&'a str, &'a str),
    pub arrivals: (Timestamp, Timestamp),
    pub count: usize,
}

/// A message of a topic for one subscriber.
#[derive(Debug)]
pub struct Notification<'a> {
    pub subscription: &'a SubscriptionId,
    /// The host by which the subscriber knows the platform.
    pub authority: &'a str,
    pub message: &'a Message,
    /// Of the message, for this subscriber.
    pub body: &'a str,
    /// In FIFO topics nothing is signed.
    pub signed: Option<Signed<'a>>,
}

/// How a subscription is confirmed.
#[derive(Debug)]
pub struct Confirmation<'a> {
    pub topic: &'a TopicId,
    /// The host by which the subscriber knows the platform.
    pub authority: &'a str,
    pub message_id: &'a str,
    pub token: &'a str,
    pub at: Timestamp,
}

/// A signature and what it was made with.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    pub with: Signature,
    pub text: &'a str,
    /// Names the certificate.
    pub fingerprint: &'a str,
}

#[derive(Debug)]
pub struct Response<'a> {
    pub version: Option<Version>,
    pub is_error: bool,
    pub document: &'a [u8],
}
