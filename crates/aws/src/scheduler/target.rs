//! Targets: templates for what services take, and calls of their APIs (`arn:aws:scheduler:::aws-sdk:service:call`).

use serde::Deserialize;
use serde_json::Value;
use services::bus::rule::{DeadLetter, Place, Receiver, Retry};
use services::schedule::{EventHead, Target};

use super::refusal::invalid;
use crate::call::Call;
use crate::error::{self, Error};
use crate::events;
use crate::shapes::scheduler as shapes;

/// What a target has that names no policy of its own. Source: EventBridge Scheduler API reference, `RetryPolicy`
/// (read 2026-11-24).
const RETRIES: u32 = 185;
const AGE_SECS: u32 = 86_400;

/// What an ARN of a universal target begins with.
const UNIVERSAL: &str = "arn:aws:scheduler:::aws-sdk:";

/// Where something goes, and what of the input goes there.
struct Way {
    receiver: Receiver,
    document: Option<String>,
    group: Option<String>,
}

pub fn read(call: &Call, given: &shapes::Target) -> Result<Target, Error> {
    let group = given.sqs_parameters.as_ref().and_then(|parameters| parameters.message_group_id.clone());
    let way = match given.arn.strip_prefix(UNIVERSAL) {
        Some(called) => universal(call, called, given.input.as_deref())?,
        None => Way { receiver: receiver(&given.arn)?, document: None, group },
    };
    let head = given.event_bridge_parameters.as_ref();
    let event = head.map(|head| EventHead { detail_type: head.detail_type.clone(), source: head.source.clone() });
    match &way.receiver {
        Receiver::Bus(_) if event.is_none() => {
            return Err(invalid("EventBridgeParameters must be specified for an EventBridge target."));
        }
        Receiver::Bus(_) | Receiver::Function { .. } if !is_json(way.document.as_ref().or(given.input.as_ref())) => {
            return Err(invalid("The Input of this target must be a valid JSON."));
        }
        Receiver::Queue(queue) if queue.name.ends_with(".fifo") && way.group.is_none() => {
            return Err(invalid("SqsParameters must be specified for a FIFO queue."));
        }
        Receiver::Bus(_) | Receiver::Function { .. } | Receiver::Queue(_) | Receiver::Topic(_) => {}
        Receiver::Unserved => {
            return Err(error::NOT_IMPLEMENTED.with("Targets of this kind are not implemented."));
        }
    }
    let retry = given.retry_policy.as_ref();
    let number = |number: Option<i32>, default| Some(number.map_or(default, i32::unsigned_abs));
    let dead_letter = given.dead_letter_config.as_ref().and_then(|config| config.arn.as_deref());
    Ok(Target {
        arn: given.arn.clone(),
        role: given.role_arn.clone(),
        input: given.input.clone(),
        receiver: way.receiver,
        document: way.document,
        group: way.group,
        partition_key: given.kinesis_parameters.as_ref().map(|parameters| parameters.partition_key.clone()),
        event,
        dead_letter: dead_letter.map(dead_letter_queue).transpose()?,
        retry: Retry {
            attempts: number(retry.and_then(|retry| retry.maximum_retry_attempts), RETRIES),
            age_secs: number(retry.and_then(|retry| retry.maximum_event_age_in_seconds), AGE_SECS),
        },
    })
}

pub fn shown(target: Target) -> shapes::Target {
    let signed = |number: Option<u32>| number.and_then(|number| i32::try_from(number).ok());
    let is_universal = target.arn.starts_with(UNIVERSAL);
    let group = target.group.filter(|_| !is_universal);
    shapes::Target {
        arn: target.arn,
        role_arn: target.role,
        dead_letter_config: target.dead_letter.map(|queue| shapes::DeadLetterConfig { arn: Some(queue.arn) }),
        retry_policy: Some(shapes::RetryPolicy {
            maximum_event_age_in_seconds: signed(target.retry.age_secs),
            maximum_retry_attempts: signed(target.retry.attempts),
        }),
        input: target.input,
        event_bridge_parameters: target
            .event
            .map(|head| shapes::EventBridgeParameters { detail_type: head.detail_type, source: head.source }),
        event_bridge_put_events_v2_parameters: None,
        event_bridge_put_raw_events_parameters: None,
        kinesis_parameters: target.partition_key.map(|partition_key| shapes::KinesisParameters { partition_key }),
        sqs_parameters: group.map(|group| shapes::SqsParameters { message_group_id: Some(group) }),
    }
}

fn receiver(arn: &str) -> Result<Receiver, Error> {
    events::receiver(arn).map_err(|error| match error.kind == &error::NOT_IMPLEMENTED {
        true => error,
        false => invalid("Provided Arn is not in correct format."),
    })
}

fn dead_letter_queue(arn: &str) -> Result<DeadLetter, Error> {
    match receiver(arn)? {
        Receiver::Queue(queue) => Ok(DeadLetter { arn: arn.to_owned(), queue }),
        Receiver::Function { .. } | Receiver::Bus(_) | Receiver::Topic(_) | Receiver::Unserved => {
            Err(invalid("Provided Arn is not in correct format."))
        }
    }
}

fn is_json(text: Option<&String>) -> bool {
    // A keyword stands for a text, and may stand where a text would not be JSON.
    text.is_none_or(|text| text.contains("<aws.scheduler.") || serde_json::from_str::<Value>(text).is_ok())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage {
    queue_url: String,
    message_body: String,
    message_group_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Invoke {
    function_name: String,
    #[serde(default)]
    payload: Option<Value>,
}

/// A call of an API, as what it would do.
fn universal(call: &Call, called: &str, input: Option<&str>) -> Result<Way, Error> {
    let input = input.unwrap_or("{}");
    match called {
        "sqs:sendMessage" => {
            let send: SendMessage = request(input)?;
            let queue = queue_of_url(call, &send.queue_url);
            Ok(Way {
                receiver: Receiver::Queue(queue.ok_or_else(|| bad_request("QueueUrl is not a queue's URL"))?),
                document: Some(send.message_body),
                group: send.message_group_id,
            })
        }
        "lambda:invoke" => {
            let invoke: Invoke = request(input)?;
            let document = match invoke.payload {
                Some(Value::String(text)) => text,
                Some(other) => other.to_string(),
                None => "{}".to_owned(),
            };
            let arn = match invoke.function_name.starts_with("arn:") {
                true => invoke.function_name,
                false => call.arn("lambda", format_args!("function:{}", invoke.function_name)),
            };
            Ok(Way { receiver: receiver(&arn)?, document: Some(document), group: None })
        }
        other => Err(error::NOT_IMPLEMENTED.with(format!("The universal target {other} is not implemented."))),
    }
}

fn request<'a, T: Deserialize<'a>>(input: &'a str) -> Result<T, Error> {
    serde_json::from_str(input).map_err(|reason| bad_request(&reason.to_string()))
}

fn bad_request(reason: &str) -> Error {
    invalid(format!("Invalid RequestJson provided. Reason: {reason}"))
}

/// The last two parts of a queue's URL name it, whatever host it has.
fn queue_of_url(call: &Call, url: &str) -> Option<Place> {
    let mut parts = url.trim_end_matches('/').rsplit('/');
    let (name, account) = (parts.next()?, parts.next()?);
    Some(Place { account: account.to_owned(), region: call.region.to_string(), name: name.to_owned() })
}
