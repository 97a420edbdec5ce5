//! Messages are received, and settled by their receipts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use services::queue::settings::{VISIBILITY_MAX, WAIT_MAX};
use services::queue::{Attribute, AttributeValue, QueueId, RECEIVE_MAX, Receive, Received};

use super::{address, batch, digest, message, refusal};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::sqs::{
    ChangeMessageVisibilityBatchRequest, ChangeMessageVisibilityBatchResult, ChangeMessageVisibilityBatchResultEntry,
    ChangeMessageVisibilityRequest, DeleteMessageBatchRequest, DeleteMessageBatchResult, DeleteMessageBatchResultEntry,
    DeleteMessageRequest, Message, ReceiveMessageRequest, ReceiveMessageResult,
};

const VISIBILITY_WRONG: &str = "VisibilityTimeout must be an integer between 0 and 43200";

/// What a consumer may ask about a message. Source: Amazon SQS API model, ReceiveMessage (read 2026-11-24).
const ATTRIBUTES: [&str; 10] = [
    "All",
    "AWSTraceHeader",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
];

pub async fn receive_message(call: Call, input: ReceiveMessageRequest) -> Result<ReceiveMessageResult, Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let within = |given: Option<i32>, range: std::ops::RangeInclusive<i32>, parameter: &str, reason: &str| match given {
        Some(given) if !range.contains(&given) => Err(refusal::value(given, parameter, reason)),
        Some(_) | None => Ok(given),
    };
    let max = input.max_number_of_messages;
    let max = within(max, 1..=count(RECEIVE_MAX), "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")?;
    let wait = within(
        input.wait_time_seconds,
        0..=seconds_of(WAIT_MAX),
        "WaitTimeSeconds",
        "Must be >= 0 and <= 20, if provided.",
    )?;
    let visibility = within(
        input.visibility_timeout,
        0..=seconds_of(VISIBILITY_MAX),
        "VisibilityTimeout",
        "Must be >= 0 and <= 43200, if provided.",
    )?;
    let mut names: BTreeSet<String> = input.attribute_names.into_iter().flatten().collect();
    names.extend(input.message_system_attribute_names.into_iter().flatten());
    if let Some(unknown) = names.iter().find(|name| !ATTRIBUTES.contains(&name.as_str())) {
        return Err(refusal::attribute_name(unknown));
    }
    let ask = Receive {
        max: max.and_then(|max| usize::try_from(max).ok()),
        visibility: visibility.and_then(seconds),
        wait: wait.and_then(seconds),
        attempt: input.receive_request_attempt_id,
    };
    let received = call.services.queues().receive(&id, &ask).await.map_err(refusal::of)?;
    let wanted = input.message_attribute_names.unwrap_or_default();
    let messages = received.into_iter().map(|received| shown(received, &names, &wanted)).collect();
    Ok(ReceiveMessageResult { messages: batch::some(messages) })
}

fn shown(received: Received, names: &BTreeSet<String>, wanted: &[String]) -> Message {
    let attributes = system_attributes(&received, names);
    let Received { message, receipt, .. } = received;
    let matches = |name: &str| wanted.iter().any(|pattern| is_wanted(pattern, name));
    let user: BTreeMap<String, Attribute> = message.attributes.into_iter().filter(|(name, _)| matches(name)).collect();
    Message {
        message_id: Some(message.id),
        receipt_handle: Some(receipt),
        md5_of_body: Some(digest::of_text(&message.body)),
        body: Some(message.body),
        attributes: (!attributes.is_empty()).then_some(attributes),
        md5_of_message_attributes: digest::of_attributes(&user),
        message_attributes: (!user.is_empty())
            .then(|| user.iter().map(|(name, value)| (name.clone(), message::shown(value))).collect()),
    }
}

/// A received message as functions get it, within an event's `Records`.
///
/// Source: Lambda developer guide, "Using Lambda with Amazon SQS", example events (read 2026-11-24).
pub fn record(queue: &QueueId, received: &Received) -> Vec<u8> {
    let message = &received.message;
    let record = Record {
        message_id: &message.id,
        receipt_handle: &received.receipt,
        body: &message.body,
        attributes: system_attributes(received, &BTreeSet::from(["All".to_owned()])),
        message_attributes: message.attributes.iter().map(|(name, value)| (name.as_str(), recorded(value))).collect(),
        md5_of_message_attributes: digest::of_attributes(&message.attributes),
        md5_of_body: digest::of_text(&message.body),
        event_source: "aws:sqs",
        event_source_arn: address::arn(queue),
        aws_region: queue.scope.region.as_str(),
    };
    serde_json::to_vec(&record).expect("texts serialize")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    message_id: &'a str,
    receipt_handle: &'a str,
    body: &'a str,
    attributes: BTreeMap<String, String>,
    message_attributes: BTreeMap<&'a str, Recorded<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<String>,
    md5_of_body: String,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: String,
    aws_region: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Recorded<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    string_list_values: [(); 0],
    binary_list_values: [(); 0],
    data_type: &'a str,
}

fn recorded(attribute: &Attribute) -> Recorded<'_> {
    let (string_value, binary_value) = match &attribute.value {
        AttributeValue::Text(text) => (Some(text.as_str()), None),
        AttributeValue::Binary(bytes) => (None, Some(STANDARD.encode(bytes))),
    };
    Recorded {
        string_value,
        binary_value,
        string_list_values: [],
        binary_list_values: [],
        data_type: &attribute.data_type,
    }
}

/// `All`, `.*`, a name, or the beginning of names before `.*`.
fn is_wanted(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == "All" || pattern == name,
    }
}

fn system_attributes(received: &Received, names: &BTreeSet<String>) -> BTreeMap<String, String> {
    let message = &received.message;
    let all = [
        ("AWSTraceHeader", message.trace_header.clone()),
        ("ApproximateFirstReceiveTimestamp", Some(received.first_received.millis().to_string())),
        ("ApproximateReceiveCount", Some(received.receives.to_string())),
        ("DeadLetterQueueSourceArn", message.dead_letter_source.as_ref().map(address::arn)),
        ("MessageDeduplicationId", message.deduplication_id.clone()),
        ("MessageGroupId", message.group.clone()),
        ("SenderId", Some(message.sender.clone())),
        ("SentTimestamp", Some(message.sent.millis().to_string())),
        ("SequenceNumber", received.sequence.map(message::sequence_number)),
    ];
    let wanted = |name: &str| names.contains("All") || names.contains(name);
    let there = all.into_iter().filter(|(name, _)| wanted(name));
    there.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

pub async fn delete_message(call: Call, input: DeleteMessageRequest) -> Result<(), Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let receipt = input.receipt_handle;
    let results = call.services.queues().delete(&id, vec![receipt.clone()]).await.map_err(refusal::of)?;
    results.into_iter().collect::<Result<(), _>>().map_err(refusal::of_receipt(&receipt))
}

pub async fn delete_message_batch(
    call: Call,
    input: DeleteMessageBatchRequest,
) -> Result<DeleteMessageBatchResult, Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    call.services.queues().details(&id).map_err(refusal::of)?;
    batch::check("DeleteMessageBatchRequestEntry", input.entries.iter().map(|entry| entry.id.as_str()))?;
    let receipts: Vec<String> = input.entries.iter().map(|entry| entry.receipt_handle.clone()).collect();
    let results = call.services.queues().delete(&id, receipts).await.map_err(refusal::of)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (entry, result) in input.entries.into_iter().zip(results) {
        match result.map_err(refusal::of_receipt(&entry.receipt_handle)) {
            Ok(()) => successful.push(DeleteMessageBatchResultEntry { id: entry.id }),
            Err(error) => failed.push(batch::failed(entry.id, &error)),
        }
    }
    Ok(DeleteMessageBatchResult { successful: batch::some(successful), failed: batch::some(failed) })
}

pub async fn change_message_visibility(call: Call, input: ChangeMessageVisibilityRequest) -> Result<(), Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let visibility = visibility(input.visibility_timeout)?;
    let receipt = input.receipt_handle;
    let changed = call.services.queues().change_visibility(&id, vec![(receipt.clone(), visibility)]).await;
    let results = changed.map_err(refusal::of)?;
    results.into_iter().collect::<Result<(), _>>().map_err(refusal::of_receipt(&receipt))
}

pub async fn change_message_visibility_batch(
    call: Call,
    input: ChangeMessageVisibilityBatchRequest,
) -> Result<ChangeMessageVisibilityBatchResult, Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    call.services.queues().details(&id).map_err(refusal::of)?;
    let ids = input.entries.iter().map(|entry| entry.id.as_str());
    batch::check("ChangeMessageVisibilityBatchRequestEntry", ids)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    let (mut entries, mut deadlines) = (Vec::new(), Vec::new());
    for entry in input.entries {
        match visibility(entry.visibility_timeout.unwrap_or(0)) {
            Ok(visibility) => {
                deadlines.push((entry.receipt_handle.clone(), visibility));
                entries.push(entry);
            }
            Err(error) => failed.push(batch::failed(entry.id, &error)),
        }
    }
    let results = call.services.queues().change_visibility(&id, deadlines).await.map_err(refusal::of)?;
    for (entry, result) in entries.into_iter().zip(results) {
        match result.map_err(refusal::of_receipt(&entry.receipt_handle)) {
            Ok(()) => successful.push(ChangeMessageVisibilityBatchResultEntry { id: entry.id }),
            Err(error) => failed.push(batch::failed(entry.id, &error)),
        }
    }
    Ok(ChangeMessageVisibilityBatchResult { successful: batch::some(successful), failed: batch::some(failed) })
}

fn visibility(given: i32) -> Result<Duration, Error> {
    let time = seconds(given).filter(|time| *time <= VISIBILITY_MAX);
    time.ok_or_else(|| refusal::value(given, "VisibilityTimeout", VISIBILITY_WRONG))
}

fn seconds(given: i32) -> Option<Duration> {
    u64::try_from(given).ok().map(Duration::from_secs)
}

fn seconds_of(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}

fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
