//! A queue's attributes: texts by name, outside; settings, inside.
//!
//! Start reading at [`apply`] and [`shown`]. Ranges and names: Amazon SQS API model, SetQueueAttributes (read
//! 2026-11-24).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Value, json};
use services::queue::settings::{self, Extent, Fifo, Redrive, RedriveAllow, Settings};
use services::queue::{BODY_BYTES_MAX, Counts, Details, QueueId};

use super::{address, refusal};
use crate::error::Error;
use crate::shapes::sqs::error as kind;

/// Queues that a redrive allow policy may name.
const ALLOWED_SOURCES_MAX: usize = 10;

/// Sets attributes that a request names.
pub fn apply(attributes: &BTreeMap<String, String>, settings: &mut Settings) -> Result<(), Error> {
    attributes.iter().try_for_each(|(name, value)| apply_one(name, value, settings))?;
    // Text: an answer of the service in the documentation of cloudfoundry/csb-brokerpak-aws (read 2026-11-24).
    match settings.fifo {
        Some(Fifo { throughput_limit: Extent::Group, deduplication: Extent::Queue, .. }) => {
            Err(kind::INVALID_ATTRIBUTE_VALUE.with(
                "Invalid value for the parameter FifoThroughputLimit. Reason: To set FifoThroughputLimit to \
                 perMessageGroupId, the DeduplicationScope must be messageGroup.",
            ))
        }
        Some(_) | None => Ok(()),
    }
}

fn apply_one(name: &str, value: &str, settings: &mut Settings) -> Result<(), Error> {
    let wrong = || refusal::attribute_value(name);
    let within = |range: RangeInclusive<Duration>| {
        let time = Duration::from_secs(value.parse().map_err(|_| wrong())?);
        if range.contains(&time) { Ok(time) } else { Err(wrong()) }
    };
    let up_to = |max| within(Duration::ZERO..=max);
    let text = || (!value.is_empty()).then(|| value.to_owned());
    match name {
        "DelaySeconds" => settings.delay = up_to(settings::DELAY_MAX)?,
        "VisibilityTimeout" => settings.visibility = up_to(settings::VISIBILITY_MAX)?,
        "ReceiveMessageWaitTimeSeconds" => settings.wait = up_to(settings::WAIT_MAX)?,
        "MessageRetentionPeriod" => {
            settings.retention = within(settings::RETENTION_MIN..=settings::RETENTION_MAX)?;
        }
        "MaximumMessageSize" => {
            let bytes = value.parse().map_err(|_| wrong())?;
            let allowed = (settings::BODY_BYTES_MIN..=BODY_BYTES_MAX).contains(&bytes);
            settings.body_bytes_max = allowed.then_some(bytes).ok_or_else(wrong)?;
        }
        "Policy" => {
            let is_policy = value.is_empty() || serde_json::from_str::<Value>(value).is_ok_and(|it| it.is_object());
            settings.policy = if is_policy { text() } else { return Err(wrong()) };
        }
        "RedrivePolicy" => settings.redrive = if value.is_empty() { None } else { Some(redrive(value)?) },
        "RedriveAllowPolicy" => {
            settings.redrive_allow = if value.is_empty() { None } else { Some(redrive_allow(value)?) };
        }
        "KmsMasterKeyId" => {
            settings.kms_key = text();
            settings.managed_encryption &= settings.kms_key.is_none();
        }
        "KmsDataKeyReusePeriodSeconds" => {
            settings.kms_key_reuse = Some(within(settings::KEY_REUSE_MIN..=settings::KEY_REUSE_MAX)?);
        }
        "SqsManagedSseEnabled" => {
            settings.managed_encryption = flag(value).ok_or_else(wrong)?;
            if settings.managed_encryption {
                settings.kms_key = None;
            }
        }
        "FifoQueue" => match (flag(value), settings.fifo.is_some()) {
            (Some(true), true) => {}
            (Some(_), _) => return Err(refusal::attribute_name(name)),
            (None, _) => return Err(wrong()),
        },
        "ContentBasedDeduplication" => fifo(name, settings)?.by_content = flag(value).ok_or_else(wrong)?,
        "DeduplicationScope" => {
            fifo(name, settings)?.deduplication = extent(value, "queue", "messageGroup").ok_or_else(wrong)?;
        }
        "FifoThroughputLimit" => {
            fifo(name, settings)?.throughput_limit =
                extent(value, "perQueue", "perMessageGroupId").ok_or_else(wrong)?;
        }
        _ => return Err(refusal::attribute_name(name)),
    }
    Ok(())
}

fn fifo<'a>(name: &str, settings: &'a mut Settings) -> Result<&'a mut Fifo, Error> {
    let only = || {
        let text = format!("You can specify the {name} only when FifoQueue is set to true.");
        match name {
            "ContentBasedDeduplication" => refusal::attribute_name(name),
            _ => kind::INVALID_ATTRIBUTE_NAME.with(text),
        }
    };
    settings.fifo.as_mut().ok_or_else(only)
}

fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn extent(value: &str, queue: &str, group: &str) -> Option<Extent> {
    match value {
        _ if value == queue => Some(Extent::Queue),
        _ if value == group => Some(Extent::Group),
        _ => None,
    }
}

fn redrive(text: &str) -> Result<Redrive, Error> {
    let wrong = |reason: String| refusal::value(text, "RedrivePolicy", reason);
    let unsupported =
        || wrong("Amazon SQS can't create the redrive policy, as it's in an unsupported format.".to_owned());
    let policy: Value = serde_json::from_str(text).map_err(|_| unsupported())?;
    let policy = policy.as_object().ok_or_else(unsupported)?;
    let given = |key: &str| {
        policy.get(key).ok_or_else(|| wrong(format!("Redrive policy does not contain mandatory attribute: {key}.")))
    };
    let (target, receives) = (given("deadLetterTargetArn")?, given("maxReceiveCount")?);
    let receives_max = match receives {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let allowed =
        receives_max.and_then(|max| u32::try_from(max).ok()).filter(|max| (1..=settings::RECEIVES_MAX).contains(max));
    let receives_max = allowed.ok_or_else(|| {
        let shown = receives.as_str().map_or_else(|| receives.to_string(), str::to_owned);
        wrong(format!("Invalid value for maxReceiveCount: {shown}, valid values are from 1 to 1000 both inclusive."))
    })?;
    let arn = target.as_str().unwrap_or_default();
    let queue = address::of_arn(arn).ok_or_else(|| wrong("Invalid value for deadLetterTargetArn.".to_owned()))?;
    Ok(Redrive { queue, receives_max })
}

fn redrive_allow(text: &str) -> Result<RedriveAllow, Error> {
    let wrong = |reason: &str| refusal::value(text, "RedriveAllowPolicy", reason);
    let unsupported = || wrong("Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.");
    let policy: Value = serde_json::from_str(text).map_err(|_| unsupported())?;
    let sources = policy.get("sourceQueueArns");
    match (policy.get("redrivePermission").and_then(Value::as_str), sources) {
        (Some("allowAll"), None) => Ok(RedriveAllow::Anyone),
        (Some("denyAll"), None) => Ok(RedriveAllow::Nobody),
        (Some("allowAll" | "denyAll"), Some(_)) => Err(wrong(
            "Amazon SQS can't create the redrive allow policy, as sourceQueueArns is only allowed with byQueue.",
        )),
        (Some("byQueue"), Some(Value::Array(arns))) if (1..=ALLOWED_SOURCES_MAX).contains(&arns.len()) => {
            let queues = arns.iter().map(|arn| address::of_arn(arn.as_str()?)).collect::<Option<Vec<QueueId>>>();
            queues.map(RedriveAllow::Only).ok_or_else(unsupported)
        }
        _ => Err(unsupported()),
    }
}

/// What a client sees of a queue: everything that it asks for and that there is.
pub fn shown(
    id: &QueueId,
    details: &Details,
    counts: Counts,
    names: &[String],
) -> Result<BTreeMap<String, String>, Error> {
    let all = everything(id, details, counts);
    if let Some(unknown) = names.iter().find(|name| *name != "All" && !NAMES.contains(&name.as_str())) {
        return Err(refusal::attribute_name(unknown));
    }
    let everything = names.iter().any(|name| name == "All");
    let wanted = |name: &str| everything || names.iter().any(|wanted| wanted == name);
    Ok(all.into_iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.to_owned(), value)).collect())
}

const NAMES: [&str; 21] = [
    "Policy",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
    "ApproximateNumberOfMessagesDelayed",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

fn everything(id: &QueueId, details: &Details, counts: Counts) -> Vec<(&'static str, String)> {
    let settings = &details.settings;
    let seconds = |time: Duration| time.as_secs().to_string();
    let mut all = vec![
        ("QueueArn", address::arn(id)),
        ("ApproximateNumberOfMessages", counts.visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
        ("CreatedTimestamp", (details.created.millis() / 1_000).to_string()),
        ("LastModifiedTimestamp", (details.modified.millis() / 1_000).to_string()),
        ("VisibilityTimeout", seconds(settings.visibility)),
        ("MaximumMessageSize", settings.body_bytes_max.to_string()),
        ("MessageRetentionPeriod", seconds(settings.retention)),
        ("DelaySeconds", seconds(settings.delay)),
        ("ReceiveMessageWaitTimeSeconds", seconds(settings.wait)),
        ("SqsManagedSseEnabled", settings.managed_encryption.to_string()),
    ];
    all.extend(settings.policy.clone().map(|policy| ("Policy", policy)));
    all.extend(settings.redrive.as_ref().map(|redrive| {
        let policy =
            json!({ "deadLetterTargetArn": address::arn(&redrive.queue), "maxReceiveCount": redrive.receives_max });
        ("RedrivePolicy", policy.to_string())
    }));
    all.extend(settings.redrive_allow.as_ref().map(|allow| ("RedriveAllowPolicy", allow_policy(allow))));
    if let Some(key) = &settings.kms_key {
        all.push(("KmsMasterKeyId", key.clone()));
        all.push(("KmsDataKeyReusePeriodSeconds", seconds(settings.kms_key_reuse.unwrap_or(Duration::from_secs(300)))));
    }
    if let Some(fifo) = settings.fifo {
        let either = |extent: Extent, queue: &str, group: &str| match extent {
            Extent::Queue => queue.to_owned(),
            Extent::Group => group.to_owned(),
        };
        all.push(("FifoQueue", "true".to_owned()));
        all.push(("ContentBasedDeduplication", fifo.by_content.to_string()));
        all.push(("DeduplicationScope", either(fifo.deduplication, "queue", "messageGroup")));
        all.push(("FifoThroughputLimit", either(fifo.throughput_limit, "perQueue", "perMessageGroupId")));
    }
    all
}

fn allow_policy(allow: &RedriveAllow) -> String {
    match allow {
        RedriveAllow::Anyone => json!({ "redrivePermission": "allowAll" }),
        RedriveAllow::Nobody => json!({ "redrivePermission": "denyAll" }),
        RedriveAllow::Only(queues) => {
            let arns: Vec<String> = queues.iter().map(address::arn).collect();
            json!({ "redrivePermission": "byQueue", "sourceQueueArns": arns })
        }
    }
    .to_string()
}
