//! Subscriptions as they are listed, shown and set.

use std::collections::BTreeMap;

use serde_json::Value;
use services::function::Scope;
use services::topic::filter::{Filter, Matching};
use services::topic::subscription::{self, DeadLetter, Endpoint, Protocol, Receiver, Settings, Subscription};
use services::topic::{self, Place, SubscriptionId, TopicId, retry};

use super::refusal::{invalid, of_filter, refuse};
use super::topic::{Change, PAGE, after, token};
use super::{address, attribute};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::sns as shapes;

pub async fn list_subscriptions(
    call: Call,
    input: shapes::ListSubscriptionsInput,
) -> Result<shapes::ListSubscriptionsResponse, Error> {
    let scope = Scope { account: call.account.clone(), region: call.region.clone() };
    let after = input.next_token.as_deref().map(after).transpose()?;
    let after = after.map(|arn| address::subscription(&call, &arn).map_err(|_| invalid("NextToken"))).transpose()?;
    let found = call.services.store().read(|read| subscription::list(read, &scope, after.as_ref(), PAGE + 1));
    let (subscriptions, next_token) = page(found.map_err(refuse)?);
    Ok(shapes::ListSubscriptionsResponse { subscriptions: Some(subscriptions), next_token })
}

pub async fn list_subscriptions_by_topic(
    call: Call,
    input: shapes::ListSubscriptionsByTopicInput,
) -> Result<shapes::ListSubscriptionsByTopicResponse, Error> {
    let topic = address::topic(&call, "TopicArn", &input.topic_arn)?;
    let after = input.next_token.as_deref().map(after).transpose()?;
    let after = after.as_deref().and_then(|arn| arn.rsplit(':').next());
    let found = call.services.store().read(|read| subscription::of_topic(read, &topic, after, PAGE + 1));
    let (subscriptions, next_token) = page(found.map_err(refuse)?);
    Ok(shapes::ListSubscriptionsByTopicResponse { subscriptions: Some(subscriptions), next_token })
}

/// Cuts what is too much for a page, and makes a token of the last one's ARN.
fn page(mut found: Vec<(SubscriptionId, Subscription)>) -> (Vec<shapes::Subscription>, Option<String>) {
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next_token = found.last().filter(|_| more).map(|(id, _)| token(&address::subscription_arn(id)));
    (found.iter().map(|(id, subscription)| listed(id, subscription)).collect(), next_token)
}

fn listed(id: &SubscriptionId, subscription: &Subscription) -> shapes::Subscription {
    let arn = match subscription.is_pending() {
        true => "PendingConfirmation".to_owned(),
        false => address::subscription_arn(id),
    };
    shapes::Subscription {
        subscription_arn: Some(arn),
        owner: Some(id.topic.scope.account.to_string()),
        protocol: Some(subscription.endpoint.protocol.as_str().to_owned()),
        endpoint: Some(subscription.endpoint.text.clone()),
        topic_arn: Some(address::arn(&id.topic)),
    }
}

pub async fn get_subscription_attributes(
    call: Call,
    input: shapes::GetSubscriptionAttributesInput,
) -> Result<shapes::GetSubscriptionAttributesResponse, Error> {
    let id = address::subscription(&call, &input.subscription_arn)?;
    let found = call.services.store().read(|read| Ok((subscription::find(read, &id)?, topic::find(read, &id.topic)?)));
    let (subscription, topic) = found.map_err(refuse)?;
    let attributes = shown(&id, &subscription, &topic.settings);
    Ok(shapes::GetSubscriptionAttributesResponse { attributes: Some(attributes) })
}

fn shown(id: &SubscriptionId, subscription: &Subscription, topic: &topic::Settings) -> BTreeMap<String, String> {
    let Subscription { endpoint, settings, .. } = subscription;
    let mut all = vec![
        ("SubscriptionArn", address::subscription_arn(id)),
        ("TopicArn", address::arn(&id.topic)),
        ("Owner", id.topic.scope.account.to_string()),
        ("Protocol", endpoint.protocol.as_str().to_owned()),
        ("Endpoint", endpoint.text.clone()),
        ("ConfirmationWasAuthenticated", subscription.authenticated.to_string()),
        ("PendingConfirmation", subscription.is_pending().to_string()),
        ("RawMessageDelivery", settings.raw.to_string()),
        ("SubscriptionPrincipal", subscription.principal.clone()),
    ];
    if let Some(filter) = &settings.filter {
        all.push(("FilterPolicy", filter.clone()));
        all.push(("FilterPolicyScope", scope_name(settings.filter_on).to_owned()));
    }
    if let Some(dead_letter) = &settings.dead_letter {
        all.push(("RedrivePolicy", dead_letter.text.clone()));
    }
    if let Some(policy) = &settings.delivery_policy {
        all.push(("DeliveryPolicy", policy.clone()));
    }
    if endpoint.receiver == Receiver::Url {
        let effective = attribute::effective_of_subscription(topic, settings.delivery_policy.as_deref());
        all.push(("EffectiveDeliveryPolicy", effective));
    }
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn scope_name(on: Matching) -> &'static str {
    match on {
        Matching::Attributes => "MessageAttributes",
        Matching::Body => "MessageBody",
    }
}

pub async fn set_subscription_attributes(
    call: Call,
    input: shapes::SetSubscriptionAttributesInput,
) -> Result<(), Error> {
    let id = address::subscription(&call, &input.subscription_arn)?;
    let attributes = [(input.attribute_name, input.attribute_value.unwrap_or_default())].into();
    let apply = |subscription: &mut Subscription| {
        let Subscription { endpoint, settings, .. } = subscription;
        apply_all(settings, &id.topic, endpoint, &attributes).map_err(|wrong| Change::Refused(invalid(wrong)))
    };
    call.services.transact(|tx| subscription::set(tx, &id, apply)).await.map_err(Change::error)
}

/// Writes attributes into settings; what is wrong with one is said without the words before it.
///
/// What a filter is matched with comes first: it decides what the filter may be.
pub fn apply_all(
    settings: &mut Settings,
    topic: &TopicId,
    endpoint: &Endpoint,
    attributes: &BTreeMap<String, String>,
) -> Result<(), String> {
    let first = attributes.iter().filter(|(name, _)| *name == "FilterPolicyScope");
    let rest = attributes.iter().filter(|(name, _)| *name != "FilterPolicyScope");
    for (name, value) in first.chain(rest) {
        apply(settings, topic, endpoint, name, value)?;
    }
    let checked = settings.filter.as_deref().map(|text| Filter::parse(text, settings.filter_on));
    match checked {
        Some(Err(wrong)) => Err(of_filter(&wrong)),
        Some(Ok(_)) | None => Ok(()),
    }
}

fn apply(settings: &mut Settings, topic: &TopicId, endpoint: &Endpoint, name: &str, value: &str) -> Result<(), String> {
    match name {
        "FilterPolicyScope" => match value {
            "MessageAttributes" => settings.filter_on = Matching::Attributes,
            "MessageBody" => settings.filter_on = Matching::Body,
            _ => {
                return Err(format!(
                    "FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
                ));
            }
        },
        // An empty one is none.
        "FilterPolicy" => {
            let empty = value.is_empty()
                || serde_json::from_str(value).is_ok_and(|value: Value| value == serde_json::json!({}));
            settings.filter = (!empty).then(|| value.to_owned());
        }
        "RawMessageDelivery" => match value.to_ascii_lowercase().as_str() {
            "true" if endpoint.protocol == Protocol::Lambda => {
                return Err("Delivery protocol [lambda] does not support raw message delivery.".to_owned());
            }
            "true" => settings.raw = true,
            "false" => settings.raw = false,
            _ => return Err(format!("RawMessageDelivery: Invalid value [{value}]. Must be true or false.")),
        },
        "RedrivePolicy" => settings.dead_letter = dead_letter(topic, endpoint, value)?,
        "DeliveryPolicy" => match endpoint.receiver {
            Receiver::Url if value.is_empty() => settings.delivery_policy = None,
            Receiver::Url => {
                retry::check_of_subscription(value).map_err(|why| format!("DeliveryPolicy: {why}"))?;
                settings.delivery_policy = Some(value.to_owned());
            }
            Receiver::Function { .. } | Receiver::Queue(_) => {
                return Err(format!(
                    "Delivery protocol [{}] does not support delivery policies.",
                    endpoint.protocol.as_str()
                ));
            }
        },
        _ => return Err("AttributeName".to_owned()),
    }
    Ok(())
}

fn dead_letter(topic: &TopicId, endpoint: &Endpoint, text: &str) -> Result<Option<DeadLetter>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let Ok(Value::Object(members)) = serde_json::from_str(text) else {
        return Err("RedrivePolicy: failed to parse JSON.".to_owned());
    };
    if let Some(unknown) = members.keys().find(|name| *name != "deadLetterTargetArn") {
        return Err(format!("RedrivePolicy: invalid JSON. Attribute {unknown} is unknown."));
    }
    if members.is_empty() {
        return Ok(None);
    }
    let arn = members.get("deadLetterTargetArn").and_then(Value::as_str).unwrap_or_default();
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "sqs", region, account, name] = parts.as_slice() else {
        return Err("RedrivePolicy: deadLetterTargetArn is an invalid arn".to_owned());
    };
    let to_fifo = matches!(&endpoint.receiver, Receiver::Queue(at) if at.name.ends_with(".fifo"));
    if topic.name.is_fifo() && to_fifo != name.ends_with(".fifo") && to_fifo {
        return Err("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.".to_owned());
    }
    let queue = Place { account: (*account).to_owned(), region: (*region).to_owned(), name: (*name).to_owned() };
    Ok(Some(DeadLetter { text: text.to_owned(), queue }))
}
