use std::sync::mpsc;

use serde_json::{Value, json};
use services::name::{AccountId, Region};

use super::on_disk;
use crate::Peer;
use crate::call::Call;
use crate::wire::{KEY, Wire};

const ARN: &str = "arn:aws:logs:eu-central-1:000000000000:log-group:app";

/// Operations in order, each with its input and what is answered: a document, or the error's text.
async fn check(cases: &[(&str, Value, Value)]) {
    let wire = Wire::new().await;
    for (operation, input, wanted) in cases {
        let line = format!("POST / x-amz-target:Logs_20140328.{operation} {input}");
        let said = wire.ask("logs", &line).await;
        let document: Value = serde_json::from_str(&said.body).unwrap_or_default();
        let told = match said.status {
            200 => document,
            status => {
                let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                json!(format!("{status} {}: {}", text("__type"), text("message")))
            }
        };
        assert_eq!(told, *wanted, "{operation} {input}");
    }
}

#[tokio::test]
async fn groups_are_made_kept_tagged_and_deleted() {
    let there = json!("400 ResourceAlreadyExistsException: The specified log group already exists");
    let missing = json!("400 ResourceNotFoundException: The specified log group does not exist.");
    let group = json!({"logGroupName": "app"});
    let described = json!({"logGroups": [{
        "logGroupName": "app", "creationTime": 0, "retentionInDays": 7, "metricFilterCount": 0,
        "arn": format!("{ARN}:*"), "storedBytes": 0, "logGroupClass": "STANDARD", "logGroupArn": ARN,
    }]});
    check(&[
        ("DeleteLogGroup", group.clone(), missing.clone()),
        ("CreateLogGroup", json!({"logGroupName": "app", "tags": {"a": "1"}}), json!({})),
        ("CreateLogGroup", group.clone(), there),
        ("PutRetentionPolicy", json!({"logGroupName": "app", "retentionInDays": 7}), json!({})),
        ("DescribeLogGroups", json!({}), described),
        ("TagResource", json!({"resourceArn": ARN, "tags": {"b": "2"}}), json!({})),
        ("UntagResource", json!({"resourceArn": ARN, "tagKeys": ["a"]}), json!({})),
        ("ListTagsForResource", json!({"resourceArn": ARN}), json!({"tags": {"b": "2"}})),
        ("ListTagsLogGroup", group.clone(), json!({"tags": {"b": "2"}})),
        ("DeleteLogGroup", group.clone(), json!({})),
        ("ListTagsLogGroup", group, missing),
        ("DescribeLogGroups", json!({}), json!({"logGroups": []})),
    ])
    .await;
}

#[tokio::test]
async fn streams_take_events_in_order_of_time() {
    let stream = json!({"logGroupName": "app", "logStreamName": "s"});
    let events = |events: Value| json!({"logGroupName": "app", "logStreamName": "s", "logEvents": events});
    let event = |at: i64| json!({"timestamp": at, "message": format!("at {at}")});
    let day = 24 * 3600 * 1000;
    let token = json!({"nextSequenceToken": "0".repeat(56)});
    let invalid = |text: &str| json!(format!("400 InvalidParameterException: {text}"));
    check(&[
        (
            "PutLogEvents",
            events(json!([event(0)])),
            json!("400 ResourceNotFoundException: The specified log group does not exist."),
        ),
        ("CreateLogGroup", json!({"logGroupName": "app"}), json!({})),
        (
            "PutLogEvents",
            events(json!([event(0)])),
            json!("400 ResourceNotFoundException: The specified log stream does not exist."),
        ),
        ("CreateLogStream", stream.clone(), json!({})),
        (
            "CreateLogStream",
            stream.clone(),
            json!("400 ResourceAlreadyExistsException: The specified log stream already exists"),
        ),
        (
            "PutLogEvents",
            events(json!([event(5), event(4)])),
            invalid("Log events in a single PutLogEvents request must be in chronological order."),
        ),
        (
            "PutLogEvents",
            events(json!([event(0), event(day + 1)])),
            invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours."),
        ),
        ("PutLogEvents", events(json!([event(0), event(7)])), token),
        (
            "GetLogEvents",
            json!({"logGroupName": "app", "logStreamName": "s", "startFromHead": true, "limit": 0}),
            json!(
                "400 InvalidParameterException: 1 validation error detected: Value '0' at 'limit' failed to satisfy \
                 constraint: Member must have value greater than or equal to 1"
            ),
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": "app", "filterPattern": "7"}),
            json!({"events": [{
                "logStreamName": "s", "timestamp": 7, "message": "at 7", "ingestionTime": 7,
                "eventId": "0000000000000001.0000000000000000.00000001",
            }], "searchedLogStreams": []}),
        ),
        ("DeleteLogStream", stream, json!({})),
        ("FilterLogEvents", json!({"logGroupName": "app"}), json!({"events": [], "searchedLogStreams": []})),
    ])
    .await;
}

#[tokio::test]
async fn who_reads_a_log_holds_up_nobody() {
    let wire = Wire::new().await;
    let known = wire.services.who(KEY, None, false).expect("it is the root's");
    let call = Call {
        services: wire.services.clone(),
        account: AccountId::default(),
        region: Region::parse("eu-central-1").expect("a region"),
        caller: known.principal,
        request_id: services::run::RequestId::draw(),
        authority: "localhost:4566".into(),
        headers: http::HeaderMap::new(),
        peer: Peer::Address(([203, 0, 113, 9], 50_000).into()),
    };
    let (sender, waited_for) = mpsc::channel();
    let reading = on_disk(|_, waited_for: mpsc::Receiver<u8>| Ok(waited_for.recv()))(call, waited_for);
    // On the one thread that this test has, nobody could send while it waits.
    let (read, sent) = tokio::join!(reading, async { sender.send(7) });
    assert_eq!((read.expect("it was read"), sent), (Ok(7), Ok(())));
}
