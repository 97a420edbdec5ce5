//! The documents that Lambda itself sends: records of asynchronous invocations.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::json;
use services::bucket::BucketName;
use services::bucket::notification::ObjectEvent;
use services::delivery::{self, Confirmation, Discarded, End, Notification, Record, Signed};
use services::function::{FunctionId, Qualifier};
use services::mapping::Origin;
use services::name::Version;
use services::queue::{QueueId, Received};
use services::stream::{Shard, data};
use services::table::stream::{ChangeRecord, Stream};
use services::topic::{Message, SubscriptionId, TopicId};
use store::Timestamp;

use super::configuration::iso;
use super::{arn, mapping};
use crate::{dynamodb, kinesis, s3, sns, sqs};

/// How `services` writes documents that go over the wire.
pub struct Envelopes;

impl delivery::Envelopes for Envelopes {
    /// Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations" (read 2026-11-24).
    fn record(&self, record: &Record<'_>) -> Bytes {
        let latest = Qualifier::Version(Version::Latest);
        let context = json!({
            "requestId": record.request_id,
            "functionArn": arn::of(record.function, Some(record.qualifier.unwrap_or(&latest))),
            "condition": condition(record.end),
            "approximateInvokeCount": record.invoke_count,
        });
        let response = record.response.as_ref().map_or_else(String::new, |response| {
            let mut context = json!({ "statusCode": 200 });
            if let Some(version) = response.version {
                context["executedVersion"] = json!(version.to_string());
            }
            if response.is_error {
                context["functionError"] = json!("Unhandled");
            }
            format!(r#","responseContext":{context},"responsePayload":{}"#, document(response.document))
        });
        let (at, request) = (iso(record.at.millis()), document(record.request));
        format!(
            r#"{{"version":"1.0","timestamp":"{at}","requestContext":{context},"requestPayload":{request}{response}}}"#
        )
        .into()
    }

    fn response_too_large(&self, bytes_max: u64) -> Bytes {
        let message = format!("Response payload size exceeded maximum allowed payload size ({bytes_max} bytes).");
        json!({ "errorMessage": message, "errorType": "Function.ResponseSizeTooLarge" }).to_string().into()
    }

    fn object_event(&self, event: &ObjectEvent<'_>) -> Bytes {
        s3::event::document(event).into()
    }

    fn object_detail(&self, event: &ObjectEvent<'_>) -> String {
        s3::event::detail(event)
    }

    fn bucket(&self, name: &BucketName) -> Box<str> {
        s3::event::arn(name).into()
    }

    fn message(&self, queue: &QueueId, received: &Received) -> Bytes {
        sqs::record(queue, received).into()
    }

    fn messages(&self, messages: &[Bytes]) -> Bytes {
        let sum: usize = messages.iter().map(|message| message.len() + 1).sum();
        let mut event = Vec::with_capacity(sum + 16);
        event.extend_from_slice(br#"{"Records":["#);
        for (place, message) in messages.iter().enumerate() {
            if place > 0 {
                event.push(b',');
            }
            event.extend_from_slice(message);
        }
        event.extend_from_slice(b"]}");
        event.into()
    }

    /// Source: Lambda developer guide, "Success and failure conditions" of partial batch responses (read 2026-11-24).
    fn failed_messages(&self, answer: &[u8]) -> Option<Vec<String>> {
        let answer = if answer.is_empty() { b"null" } else { answer };
        let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
        let failures = match &answer {
            serde_json::Value::Null => return Some(Vec::new()),
            serde_json::Value::Object(members) => members.get("batchItemFailures"),
            _ => return None,
        };
        let failed = |failure: &serde_json::Value| {
            failure.get("itemIdentifier")?.as_str().filter(|id| !id.is_empty()).map(str::to_owned)
        };
        match failures {
            None | Some(serde_json::Value::Null) => Some(Vec::new()),
            Some(serde_json::Value::Array(failures)) => failures.iter().map(failed).collect(),
            Some(_) => None,
        }
    }

    fn change(&self, stream: &Stream, sequence: &str, at: Timestamp, change: &ChangeRecord) -> Bytes {
        dynamodb::stream::told(stream, sequence, at, change).into()
    }

    fn datum(
        &self,
        stream: &data::Stream,
        shard: &Shard,
        sequence: &str,
        at: Timestamp,
        datum: &data::Datum,
        role: &str,
    ) -> Bytes {
        kinesis::record::told(stream, shard, sequence, at, datum, role).into()
    }

    fn stream(&self, origin: &Origin) -> Box<str> {
        mapping::stream_arn(origin).into()
    }

    /// Source: Lambda developer guide, "Retain discarded records for a DynamoDB event source" (read 2026-11-24).
    fn discarded(&self, discarded: &Discarded<'_>) -> Bytes {
        let condition = match discarded.end {
            End::TooOld => "RecordAgeExceeded",
            End::Delivered | End::RetriesExhausted | End::TurnedOff | End::Gone => "RetryAttemptsExhausted",
        };
        let context = json!({
            "requestId": discarded.request_id,
            "functionArn": arn::of(discarded.function, discarded.qualifier),
            "condition": condition,
            "approximateInvokeCount": discarded.invoke_count,
        });
        let response = discarded.version.map_or_else(String::new, |version| {
            let version = version.to_string();
            let context = json!({ "statusCode": 200, "executedVersion": version, "functionError": "Unhandled" });
            format!(r#","responseContext":{context}"#)
        });
        let (name, shard) = match discarded.origin {
            Origin::Table(stream) => ("DDBStreamBatchInfo", dynamodb::stream::shard_id(stream, discarded.shard)),
            Origin::Data(_) => ("KinesisBatchInfo", kinesis::address::shard_id(discarded.shard.index)),
        };
        // Those of tables are known to the second.
        let arrival = |at: Timestamp| match discarded.origin {
            Origin::Table(_) => format!("{}Z", &iso(at.millis())[..19]),
            Origin::Data(_) => iso(at.millis()),
        };
        let batch = json!({
            "shardId": shard,
            "startSequenceNumber": discarded.sequences.0,
            "endSequenceNumber": discarded.sequences.1,
            "approximateArrivalOfFirstRecord": arrival(discarded.arrivals.0),
            "approximateArrivalOfLastRecord": arrival(discarded.arrivals.1),
            "batchSize": discarded.count,
            "streamArn": mapping::stream_arn(discarded.origin),
        });
        let at = iso(discarded.at.millis());
        let text =
            format!(r#"{{"requestContext":{context}{response},"version":"1.0","timestamp":"{at}","{name}":{batch}}}"#);
        text.into()
    }

    fn queue(&self, id: &QueueId) -> Box<str> {
        sqs::queue_arn(id).into()
    }

    fn topic(&self, id: &TopicId) -> Box<str> {
        sns::address::arn(id).into()
    }

    fn subscription(&self, id: &SubscriptionId) -> Box<str> {
        sns::address::subscription_arn(id).into()
    }

    fn confirmation(&self, confirmation: &Confirmation<'_>, signed: Signed<'_>) -> Bytes {
        sns::notification::confirmation(confirmation, signed).into()
    }

    fn confirmation_signed_text(&self, confirmation: &Confirmation<'_>) -> String {
        sns::notification::confirmation_signed_text(confirmation)
    }

    fn notification(&self, notification: &Notification<'_>) -> Bytes {
        sns::notification::envelope(notification).into()
    }

    fn topic_event(&self, notification: &Notification<'_>) -> Bytes {
        sns::notification::event(notification).into()
    }

    fn signed_text(&self, topic: &TopicId, message: &Message, body: &str) -> String {
        sns::notification::signed_text(topic, message, body)
    }

    fn function(&self, id: &FunctionId, qualifier: Option<&Qualifier>) -> Box<str> {
        arn::of(id, qualifier).into()
    }
}

fn condition(end: End) -> &'static str {
    match end {
        End::Delivered => "Success",
        End::RetriesExhausted => "RetriesExhausted",
        End::TooOld => "EventAgeExceeded",
        End::TurnedOff => "ZeroReservedConcurrency",
        End::Gone => "FunctionNotFound", // nobody is told: the configuration went with the function
    }
}

/// A document within another: what is not JSON becomes a text.
fn document(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => Cow::Borrowed(text),
        Ok("") => Cow::Borrowed("null"),
        Ok(_) | Err(_) => Cow::Owned(json!(String::from_utf8_lossy(bytes)).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use services::delivery::{Envelopes as _, Response};
    use services::function::Scope;
    use services::name::{AccountId, FunctionName, Region};

    use super::*;

    #[test]
    fn a_record_is_written_as_lambda_writes_it() {
        let region = Region::parse("eu-central-1").expect("a region");
        let scope = Scope { account: AccountId::default(), region };
        let function = FunctionId { scope, name: FunctionName::parse("f").expect("a name") };
        let live = Qualifier::parse("live").expect("an alias");
        let check = |record: &Record<'_>, wanted: &str| {
            assert_eq!(std::str::from_utf8(&Envelopes.record(record)).expect("it is JSON"), wanted);
        };
        let mut record = Record {
            at: Timestamp::from_millis(1_573_755_365_568),
            request_id: "e4b46cbf",
            function: &function,
            qualifier: None,
            end: End::RetriesExhausted,
            invoke_count: 3,
            request: br#"{"a": [1]}"#,
            response: Some(Response { version: Some(Version::Latest), is_error: true, document: b"no json" }),
        };
        check(
            &record,
            r#"{"version":"1.0","timestamp":"2019-11-14T18:16:05.568Z","requestContext":{"requestId":"e4b46cbf","functionArn":"arn:aws:lambda:eu-central-1:000000000000:function:f:$LATEST","condition":"RetriesExhausted","approximateInvokeCount":3},"requestPayload":{"a": [1]},"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"responsePayload":"no json"}"#,
        );
        record = Record { end: End::Delivered, invoke_count: 1, qualifier: Some(&live), ..record };
        record.response = Some(Response { version: Some(Version::Number(1)), is_error: false, document: b"" });
        check(
            &record,
            r#"{"version":"1.0","timestamp":"2019-11-14T18:16:05.568Z","requestContext":{"requestId":"e4b46cbf","functionArn":"arn:aws:lambda:eu-central-1:000000000000:function:f:live","condition":"Success","approximateInvokeCount":1},"requestPayload":{"a": [1]},"responseContext":{"statusCode":200,"executedVersion":"1"},"responsePayload":null}"#,
        );
        record = Record { end: End::TooOld, invoke_count: 0, response: None, ..record };
        check(
            &record,
            r#"{"version":"1.0","timestamp":"2019-11-14T18:16:05.568Z","requestContext":{"requestId":"e4b46cbf","functionArn":"arn:aws:lambda:eu-central-1:000000000000:function:f:live","condition":"EventAgeExceeded","approximateInvokeCount":0},"requestPayload":{"a": [1]}}"#,
        );
    }
}
