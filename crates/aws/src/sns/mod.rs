//! SNS: what topics look like from outside. The rules are in `services::topic`.
//!
//! Start reading at [`TABLE`]. ARNs are in `address`; attributes of topics in `attribute`, those of subscriptions in
//! `subscription`; what subscribers are told in `notification`; AWS's texts for refusals in `refusal`.

pub(crate) mod address;
mod attribute;
mod message;
pub(crate) mod notification;
mod permission;
mod publish;
mod refusal;
mod subscribe;
mod subscription;
mod tag;
#[cfg(test)]
mod tests;
mod topic;

use std::sync::LazyLock;

pub use notification::certificate;
pub(crate) use subscribe::Link;

use crate::call::Call;
use crate::error::Kind;
use crate::operation::{Members, Row, Table};
use crate::shapes::sns as shapes;

/// What Query services call a request that breaks a limit of the model.
static VALIDATION_ERROR: Kind = Kind { code: "ValidationError", status: 400, message: "message", typed: false };

/// Longest body of a request that publishes: 256 KiB may be three times as long in a form.
const PUBLISH_BYTES_MAX: usize = 1 << 20;

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "sns",
    service: &shapes::SERVICE,
    invalid: &VALIDATION_ERROR,
    rows: vec![
        Row::new(&shapes::ADD_PERMISSION_OPERATION, "sns:AddPermission", topic, permission::add_permission),
        Row::new(
            &shapes::CONFIRM_SUBSCRIPTION_OPERATION,
            "sns:ConfirmSubscription",
            topic,
            subscribe::confirm_subscription,
        ),
        Row::new(&shapes::CREATE_TOPIC_OPERATION, "sns:CreateTopic", named, topic::create_topic),
        Row::new(&shapes::DELETE_TOPIC_OPERATION, "sns:DeleteTopic", topic, topic::delete_topic),
        Row::new(
            &shapes::GET_SUBSCRIPTION_ATTRIBUTES_OPERATION,
            "sns:GetSubscriptionAttributes",
            of_subscription,
            subscription::get_subscription_attributes,
        ),
        Row::new(&shapes::GET_TOPIC_ATTRIBUTES_OPERATION, "sns:GetTopicAttributes", topic, topic::get_topic_attributes),
        Row::new(&shapes::LIST_SUBSCRIPTIONS_OPERATION, "sns:ListSubscriptions", any, subscription::list_subscriptions),
        Row::new(
            &shapes::LIST_SUBSCRIPTIONS_BY_TOPIC_OPERATION,
            "sns:ListSubscriptionsByTopic",
            topic,
            subscription::list_subscriptions_by_topic,
        ),
        Row::new(
            &shapes::LIST_TAGS_FOR_RESOURCE_OPERATION,
            "sns:ListTagsForResource",
            resource,
            tag::list_tags_for_resource,
        ),
        Row::new(&shapes::LIST_TOPICS_OPERATION, "sns:ListTopics", any, topic::list_topics),
        Row::new(&shapes::PUBLISH_OPERATION, "sns:Publish", published, publish::publish).body_max(PUBLISH_BYTES_MAX),
        Row::new(&shapes::PUBLISH_BATCH_OPERATION, "sns:Publish", topic, publish::publish_batch)
            .body_max(PUBLISH_BYTES_MAX),
        Row::new(&shapes::REMOVE_PERMISSION_OPERATION, "sns:RemovePermission", topic, permission::remove_permission),
        Row::new(
            &shapes::SET_SUBSCRIPTION_ATTRIBUTES_OPERATION,
            "sns:SetSubscriptionAttributes",
            of_subscription,
            subscription::set_subscription_attributes,
        ),
        Row::new(&shapes::SET_TOPIC_ATTRIBUTES_OPERATION, "sns:SetTopicAttributes", topic, topic::set_topic_attributes),
        Row::new(&shapes::SUBSCRIBE_OPERATION, "sns:Subscribe", topic, subscribe::subscribe),
        Row::new(&shapes::TAG_RESOURCE_OPERATION, "sns:TagResource", resource, tag::tag_resource),
        Row::new(&shapes::UNSUBSCRIBE_OPERATION, "sns:Unsubscribe", of_subscription, subscribe::unsubscribe),
        Row::new(&shapes::UNTAG_RESOURCE_OPERATION, "sns:UntagResource", resource, tag::untag_resource),
    ],
});

fn text(members: &Members, key: &str) -> Option<String> {
    members.get(key).and_then(|value| value.as_str()).map(str::to_owned)
}

fn topic(_: &Call, members: &Members) -> String {
    text(members, "TopicArn").unwrap_or_else(|| "*".to_owned())
}

/// The topic of that name.
fn named(call: &Call, members: &Members) -> String {
    call.arn("sns", text(members, "Name").unwrap_or_else(|| "*".to_owned()))
}

fn published(_: &Call, members: &Members) -> String {
    text(members, "TopicArn").or_else(|| text(members, "TargetArn")).unwrap_or_else(|| "*".to_owned())
}

/// A subscription's operations are allowed by its topic.
fn of_subscription(_: &Call, members: &Members) -> String {
    let arn = text(members, "SubscriptionArn");
    arn.and_then(|arn| arn.rsplit_once(':').map(|(topic, _)| topic.to_owned())).unwrap_or_else(|| "*".to_owned())
}

fn resource(_: &Call, members: &Members) -> String {
    text(members, "ResourceArn").unwrap_or_else(|| "*".to_owned())
}

fn any(_: &Call, _: &Members) -> String {
    "*".to_owned()
}
