//! The configuration of notifications.
//!
//! Texts of errors: as the service gives them, from threads about them (read 2026-11-24).

use s3s::dto;
use services::bucket::Notifier;
use services::bucket::config;
use services::bucket::notification::{
    By, Destination, Destinations, Invalid, Notifications, Origin, Subscribed, Subscription,
};
use services::function::{FunctionId, Qualifier, Scope};
use services::name::{AccountId, FunctionName, Region};

use super::bucket::{existing, name_of};
use super::event::test_message;
use super::face::{Answer, Ask};
use super::refusal::{Refusal, invalid_argument, malformed_xml, refusal};
use crate::call::caller_trace;
use crate::{lambda, sns, sqs};

/// Bytes of a prefix or suffix. Source: S3 User Guide, "Configuring event notifications using object key name filtering"
/// (read 2026-11-24).
const FILTER_BYTES_MAX: usize = 1_024;
const ID_CHARS_MAX: usize = 255;

impl<I> Ask<I> {
    /// For the changes that this request makes.
    pub fn notifier(&self) -> Notifier {
        let call = &self.passing.call;
        let (request_id, host_id) = self.passing.ids();
        let by = By::Caller { principal: call.caller.clone(), address: call.peer.ip().to_string().into() };
        self.services().objects().notifier(Origin {
            by,
            request_id,
            host_id: host_id.into(),
            trace: caller_trace(&self.headers),
        })
    }
}

pub async fn put_bucket_notification_configuration(
    ask: Ask<dto::PutBucketNotificationConfigurationInput>,
) -> Answer<dto::PutBucketNotificationConfigurationOutput> {
    let name = name_of(&ask.input.bucket)?;
    let given = &ask.input.notification_configuration;
    let to_bus = match given.event_bridge_configuration {
        Some(_) => Some(Subscription::to_bus(&existing(&ask, &ask.input.bucket)?)),
        None => None,
    };
    let functions = given
        .lambda_function_configurations
        .iter()
        .flatten()
        .map(|one| subscription(&one.id, &one.events, one.filter.as_ref(), function(&one.lambda_function_arn)?));
    let queues = given
        .queue_configurations
        .iter()
        .flatten()
        .map(|one| subscription(&one.id, &one.events, one.filter.as_ref(), queue(&one.queue_arn)?));
    let topics = given
        .topic_configurations
        .iter()
        .flatten()
        .map(|one| subscription(&one.id, &one.events, one.filter.as_ref(), topic(&one.topic_arn)?));
    let all = functions.chain(queues).chain(topics).chain(to_bus.map(Ok));
    let notifications = Notifications(all.collect::<Result<_, Refusal>>()?);
    let test_message = test_message(&ask, name.as_str());
    let destinations = match ask.input.skip_destination_validation {
        Some(true) => Destinations::Skipped,
        Some(false) | None => Destinations::Checked { test_message: &test_message },
    };
    let notifier = ask.notifier();
    ask.services().transact(|tx| notifier.configure(tx, &name, &notifications, destinations)).await?;
    Ok(dto::PutBucketNotificationConfigurationOutput::default().into())
}

fn subscription(
    id: &Option<String>,
    events: &[dto::Event],
    filter: Option<&dto::NotificationConfigurationFilter>,
    destination: Destination,
) -> Result<Subscription, Refusal> {
    if id.as_ref().is_some_and(|id| id.chars().count() > ID_CHARS_MAX) {
        return Err(refusal(400, "InvalidArgument", "ID length should not exceed allowed limit of 255"));
    }
    if events.is_empty() {
        return Err(malformed_xml());
    }
    let (prefix, suffix) = read_filter(filter)?;
    Ok(Subscription {
        id: id.clone().unwrap_or_default(),
        destination,
        events: events.iter().map(event).collect::<Result<_, _>>()?,
        prefix,
        suffix,
    })
}

fn event(event: &dto::Event) -> Result<Subscribed, Refusal> {
    let name: &str = event.as_ref();
    name.strip_prefix("s3:").and_then(Subscribed::parse).ok_or_else(|| {
        invalid_argument("Event", name, format!("The event '{name}' is not supported for notifications"))
    })
}

type Filter = (Option<String>, Option<String>);

fn read_filter(filter: Option<&dto::NotificationConfigurationFilter>) -> Result<Filter, Refusal> {
    let (mut prefix, mut suffix) = (None, None);
    let rules = filter.and_then(|filter| filter.key.as_ref()).and_then(|key| key.filter_rules.as_ref());
    for rule in rules.into_iter().flatten() {
        let name = rule.name.as_ref().map(dto::FilterRuleName::as_str).ok_or_else(malformed_xml)?;
        let value = rule.value.clone().unwrap_or_default();
        if value.len() > FILTER_BYTES_MAX {
            let text = "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation";
            return Err(invalid_argument("FilterRule.Value", &value, text));
        }
        let place = match name.to_ascii_lowercase().as_str() {
            "prefix" => &mut prefix,
            "suffix" => &mut suffix,
            _ => {
                let text = "filter rule name must be either prefix or suffix";
                return Err(invalid_argument("FilterRule.Name", name, text));
            }
        };
        if place.replace(value).is_some() {
            let name = name.to_ascii_lowercase();
            let text = format!("Cannot specify more than one {name} rule in a filter.");
            return Err(invalid_argument("FilterRule.Name", &name, text));
        }
    }
    Ok((prefix, suffix))
}

fn malformed_arn(name: &'static str, arn: &str) -> Refusal {
    invalid_argument(name, arn, "The ARN is not well formed")
}

fn function(arn: &str) -> Result<Destination, Refusal> {
    let parts: Vec<&str> = arn.split(':').collect();
    let (["arn", "aws", "lambda", region, account, "function", name], qualifier) = parts.split_at(parts.len().min(7))
    else {
        return Err(malformed_arn("CloudFunction", arn));
    };
    let parsed = || {
        let scope = Scope { account: AccountId::parse(account).ok()?, region: Region::parse(region).ok()? };
        let qualifier = match qualifier {
            [] => None,
            [qualifier] => Some(Qualifier::parse(qualifier).ok()?),
            _ => return None,
        };
        Some(Destination::Function { id: FunctionId { scope, name: FunctionName::parse(name).ok()? }, qualifier })
    };
    parsed().ok_or_else(|| malformed_arn("CloudFunction", arn))
}

fn queue(arn: &str) -> Result<Destination, Refusal> {
    sqs::address::of_arn(arn).map(Destination::Queue).ok_or_else(|| malformed_arn("Queue", arn))
}

fn topic(arn: &str) -> Result<Destination, Refusal> {
    sns::address::of_arn(arn).map(Destination::Topic).ok_or_else(|| malformed_arn("Topic", arn))
}

fn arn_of(destination: &Destination) -> String {
    match destination {
        Destination::Function { id, qualifier } => lambda::arn::of(id, qualifier.as_ref()),
        Destination::Queue(id) => sqs::address::arn(id),
        Destination::Topic(id) => sns::address::arn(id),
        Destination::Bus(id) => {
            format!("arn:aws:events:{}:{}:event-bus/{}", id.scope.region, id.scope.account, id.name)
        }
    }
}

pub fn refused(invalid: &Invalid) -> Refusal {
    let unable = |destination: &Destination, why: String| {
        invalid_argument(&arn_of(destination), &why, "Unable to validate the following destination configurations")
    };
    match invalid {
        Invalid::SameId => refusal(
            400,
            "InvalidArgument",
            "Same ID used for multiple configurations. IDs must be unique across all configurations",
        ),
        Invalid::Overlap { filtered: false, events } => invalid_argument(
            "Event",
            events,
            "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
        ),
        Invalid::Overlap { filtered: true, .. } => refusal(
            400,
            "InvalidArgument",
            "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are \
             overlapping for the same event type.",
        ),
        Invalid::OtherRegion(destination) => {
            let name = match &**destination {
                Destination::Function { .. } => "CloudFunction",
                Destination::Queue(_) => "Queue",
                Destination::Topic(_) => "Topic",
                Destination::Bus(_) => "EventBridge",
            };
            let text = "The notification destination service region is not valid for the bucket location constraint";
            invalid_argument(name, &arn_of(destination), text)
        }
        Invalid::NoDestination(destination) => {
            let why = match &**destination {
                Destination::Function { .. } => "The destination Lambda does not exist",
                Destination::Queue(_) => "The destination queue does not exist",
                Destination::Topic(_) => "The destination topic does not exist",
                Destination::Bus(_) => "The destination bus does not exist",
            };
            unable(destination, why.to_owned())
        }
        Invalid::NotPermitted(destination) => {
            let arn = arn_of(destination);
            unable(destination, format!("Not authorized to invoke function [{arn}]"))
        }
        Invalid::Fifo(destination) => {
            let (name, text) = match &**destination {
                Destination::Topic(_) => ("Topic", "FIFO SNS topics are not supported."),
                Destination::Queue(_) | Destination::Function { .. } | Destination::Bus(_) => {
                    ("Queue", "FIFO SQS queues are not supported.")
                }
            };
            invalid_argument(name, &arn_of(destination), text)
        }
    }
}

pub async fn get_bucket_notification_configuration(
    ask: Ask<dto::GetBucketNotificationConfigurationInput>,
) -> Answer<dto::GetBucketNotificationConfigurationOutput> {
    let bucket = existing(&ask, &ask.input.bucket)?;
    let found = ask.services().store().read(|read| config::find::<Notifications>(read, &bucket))?;
    let (mut functions, mut queues, mut topics, mut bus) = (Vec::new(), Vec::new(), Vec::new(), None);
    for one in found.unwrap_or_default().0 {
        let events = one.events.iter().map(|event| format!("s3:{}", event.as_str()).into()).collect();
        let (arn, filter, id) = (arn_of(&one.destination), told_filter(&one), Some(one.id));
        match one.destination {
            Destination::Function { .. } => {
                functions.push(dto::LambdaFunctionConfiguration { events, filter, id, lambda_function_arn: arn });
            }
            Destination::Queue(_) => queues.push(dto::QueueConfiguration { events, filter, id, queue_arn: arn }),
            Destination::Topic(_) => topics.push(dto::TopicConfiguration { events, filter, id, topic_arn: arn }),
            Destination::Bus(_) => bus = Some(dto::EventBridgeConfiguration::default()),
        }
    }
    Ok(dto::GetBucketNotificationConfigurationOutput {
        lambda_function_configurations: (!functions.is_empty()).then_some(functions),
        queue_configurations: (!queues.is_empty()).then_some(queues),
        topic_configurations: (!topics.is_empty()).then_some(topics),
        event_bridge_configuration: bus,
    }
    .into())
}

fn told_filter(subscription: &Subscription) -> Option<dto::NotificationConfigurationFilter> {
    let rule = |name: &'static str, value: &Option<String>| {
        value
            .clone()
            .map(|value| dto::FilterRule { name: Some(dto::FilterRuleName::from_static(name)), value: Some(value) })
    };
    let rules: Vec<_> =
        [rule("Prefix", &subscription.prefix), rule("Suffix", &subscription.suffix)].into_iter().flatten().collect();
    let key = dto::S3KeyFilter { filter_rules: Some(rules.clone()) };
    (!rules.is_empty()).then_some(dto::NotificationConfigurationFilter { key: Some(key) })
}
