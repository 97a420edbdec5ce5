//! What is told of an event once it is over, and to whom.

use bytes::Bytes;
use store::Timestamp;

use super::End;
use crate::bucket::BucketName;
use crate::bucket::notification::ObjectEvent;
use crate::function::{FunctionId, Qualifier};
use crate::name::Version;
use crate::queue::{QueueId, Received};

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

    /// What names a bucket as the source of an event.
    fn bucket(&self, name: &BucketName) -> Box<str>;

    /// A received message, as it stands in the event of a function.
    fn message(&self, queue: &QueueId, received: &Received) -> Bytes;

    /// The event of such messages.
    fn messages(&self, messages: &[Bytes]) -> Bytes;

    /// The ids of the messages that a function failed with, as its answer says; `None` if that says nothing that makes
    /// sense.
    fn failed_messages(&self, answer: &[u8]) -> Option<Vec<String>>;

    /// What names a queue as the source of an event.
    fn queue(&self, id: &QueueId) -> Box<str>;

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

#[derive(Debug)]
pub struct Response<'a> {
    pub version: Option<Version>,
    pub is_error: bool,
    pub document: &'a [u8],
}
