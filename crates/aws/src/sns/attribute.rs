//! Attributes of topics.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use services::topic::{Counts, Extent, Settings, Signature, Topic, TopicId, retry};

use super::address;

/// Attributes that decide over nothing here and are shown as they were set.
const SHOWN: [&str; 20] = [
    "ApplicationFailureFeedbackRoleArn",
    "ApplicationSuccessFeedbackRoleArn",
    "ApplicationSuccessFeedbackSampleRate",
    "DataProtectionPolicy",
    "DisplayName",
    "FirehoseFailureFeedbackRoleArn",
    "FirehoseSuccessFeedbackRoleArn",
    "FirehoseSuccessFeedbackSampleRate",
    "HTTPFailureFeedbackRoleArn",
    "HTTPSuccessFeedbackRoleArn",
    "HTTPSuccessFeedbackSampleRate",
    "KmsMasterKeyId",
    "LambdaFailureFeedbackRoleArn",
    "LambdaSuccessFeedbackRoleArn",
    "LambdaSuccessFeedbackSampleRate",
    "Policy",
    "SQSFailureFeedbackRoleArn",
    "SQSSuccessFeedbackRoleArn",
    "SQSSuccessFeedbackSampleRate",
    "TracingConfig",
];

/// Source: Amazon SNS API reference, CreateTopic (read 2026-11-24).
const DISPLAY_NAME_LETTERS_MAX: usize = 100;

/// What is wrong with an attribute.
pub enum Wrong {
    Name,
    /// In words of its own.
    Value(String),
}

/// Writes one attribute into settings. What is empty is taken away.
pub fn apply(settings: &mut Settings, id: &TopicId, name: &str, value: &str) -> Result<(), Wrong> {
    let wrong = || Err(Wrong::Value(name.to_owned()));
    match name {
        "SignatureVersion" => match value {
            "1" => settings.signature = Signature::Sha1,
            "2" => settings.signature = Signature::Sha256,
            _ => return wrong(),
        },
        "ContentBasedDeduplication" if id.name.is_fifo() => match value.to_ascii_lowercase().as_str() {
            "true" => settings.by_content = true,
            "false" => settings.by_content = false,
            _ => return wrong(),
        },
        "FifoThroughputScope" if id.name.is_fifo() => match value {
            "Topic" => settings.extent = Extent::Topic,
            "MessageGroup" => settings.extent = Extent::Group,
            _ => return wrong(),
        },
        "DeliveryPolicy" if value.is_empty() => settings.delivery_policy = None,
        "DeliveryPolicy" => {
            retry::check_of_topic(value).map_err(|why| Wrong::Value(format!("DeliveryPolicy: {why}")))?;
            settings.delivery_policy = Some(value.to_owned());
        }
        _ if !SHOWN.contains(&name) => return Err(Wrong::Name),
        _ => {
            check(name, value)?;
            match value.is_empty() {
                true => drop(settings.shown.remove(name)),
                false => drop(settings.shown.insert(name.to_owned(), value.to_owned())),
            }
        }
    }
    Ok(())
}

fn check(name: &str, value: &str) -> Result<(), Wrong> {
    let wrong = |text: String| Err(Wrong::Value(text));
    match name {
        "DisplayName" if value.chars().count() > DISPLAY_NAME_LETTERS_MAX => wrong(name.to_owned()),
        "TracingConfig" if !["", "Active", "PassThrough"].contains(&value) => wrong(name.to_owned()),
        "Policy" if !value.is_empty() && !is_object(value) => wrong("Policy Error: null".to_owned()),
        _ => Ok(()),
    }
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}

/// All attributes, as they are shown.
pub fn shown(id: &TopicId, topic: &Topic, counts: Counts) -> BTreeMap<String, String> {
    let settings = &topic.settings;
    let mut all: BTreeMap<String, String> = [
        ("TopicArn", address::arn(id)),
        ("Owner", id.scope.account.to_string()),
        ("DisplayName", String::new()),
        ("Policy", default_policy(id)),
        ("SubscriptionsConfirmed", counts.confirmed.to_string()),
        ("SubscriptionsPending", counts.pending.to_string()),
        ("SubscriptionsDeleted", topic.deleted.to_string()),
        ("EffectiveDeliveryPolicy", effective_delivery_policy(settings)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if id.name.is_fifo() {
        all.insert("FifoTopic".to_owned(), "true".to_owned());
        all.insert("ContentBasedDeduplication".to_owned(), settings.by_content.to_string());
        let extent = match settings.extent {
            Extent::Topic => "Topic",
            Extent::Group => "MessageGroup",
        };
        all.insert("FifoThroughputScope".to_owned(), extent.to_owned());
    }
    if settings.signature == Signature::Sha256 {
        all.insert("SignatureVersion".to_owned(), "2".to_owned());
    }
    all.extend(settings.delivery_policy.clone().map(|policy| ("DeliveryPolicy".to_owned(), policy)));
    all.extend(settings.shown.clone());
    all
}

/// What a topic's policy is until it is set: its owner may do everything.
pub fn default_policy(id: &TopicId) -> String {
    let actions = [
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    ];
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Effect": "Allow",
            "Sid": "__default_statement_ID",
            "Principal": { "AWS": "*" },
            "Action": actions.map(|action| format!("SNS:{action}")),
            "Resource": address::arn(id),
            "Condition": { "StringEquals": { "AWS:SourceOwner": id.scope.account.as_str() } },
        }],
    })
    .to_string()
}

/// How HTTP endpoints are tried: what is set, in the place of the defaults.
///
/// Source: Amazon SNS developer guide, "Creating an HTTP/S delivery policy" (read 2026-11-24).
fn effective_delivery_policy(settings: &Settings) -> String {
    let given = settings.delivery_policy.as_ref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut http = json!({
        "defaultHealthyRetryPolicy": healthy_retry_policy(),
        "disableSubscriptionOverrides": false,
        "defaultRequestPolicy": { "headerContentType": "text/plain; charset=UTF-8" },
    });
    if let Some(Value::Object(given)) = given.map(|given| given["http"].clone()) {
        overlay(&mut http, given);
    }
    json!({ "http": http }).to_string()
}

/// The same for a subscription: what its topic says, and in its place what it says itself.
pub fn effective_of_subscription(topic: &Settings, own: Option<&str>) -> String {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    let http =
        topic.delivery_policy.as_deref().and_then(parsed).map(|policy| policy["http"].clone()).unwrap_or_default();
    let mut policy = json!({ "healthyRetryPolicy": healthy_retry_policy(), "sicklyRetryPolicy": null });
    policy["throttlePolicy"] = http["defaultThrottlePolicy"].clone();
    policy["requestPolicy"] = json!({ "headerContentType": "text/plain; charset=UTF-8" });
    policy["guaranteed"] = json!(false);
    for (member, of_topic) in
        [("healthyRetryPolicy", "defaultHealthyRetryPolicy"), ("requestPolicy", "defaultRequestPolicy")]
    {
        if let (Some(known), Value::Object(given)) = (policy[member].as_object_mut(), http[of_topic].clone()) {
            known.extend(given);
        }
    }
    let overrides = http["disableSubscriptionOverrides"] != true;
    if let Some(Value::Object(given)) = own.filter(|_| overrides).and_then(parsed) {
        overlay(&mut policy, given);
    }
    policy.to_string()
}

fn healthy_retry_policy() -> Value {
    json!({
        "minDelayTarget": 20,
        "maxDelayTarget": 20,
        "numRetries": 3,
        "numMaxDelayRetries": 0,
        "numNoDelayRetries": 0,
        "numMinDelayRetries": 0,
        "backoffFunction": "linear",
    })
}

/// Members of objects one by one, everything else as it is.
fn overlay(known: &mut Value, given: Map<String, Value>) {
    for (name, value) in given {
        match (known[&name].as_object_mut(), value) {
            (Some(known), Value::Object(value)) => known.extend(value),
            (_, value) => known[&name] = value,
        }
    }
}
