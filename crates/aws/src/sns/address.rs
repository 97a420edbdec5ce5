//! How topics and subscriptions are addressed.

use services::function::Scope;
use services::name::{AccountId, Region};
use services::topic::{SubscriptionId, TopicId, TopicName};

use super::refusal::{invalid, no_such_subscription, no_such_topic};
use crate::call::Call;
use crate::error::Error;

/// `arn:aws:sns:region:account:name`
const TOPIC_PARTS: usize = 6;
const SUBSCRIPTION_PARTS: usize = 7;

pub fn arn(id: &TopicId) -> String {
    format!("arn:aws:sns:{}:{}:{}", id.scope.region, id.scope.account, id.name)
}

pub fn subscription_arn(id: &SubscriptionId) -> String {
    format!("{}:{}", arn(&id.topic), id.id)
}

/// The topic that an ARN names, wherever it is.
pub fn of_arn(arn: &str) -> Option<TopicId> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", "aws", "sns", region, account, name] = parts.as_slice() else { return None };
    let scope = Scope { account: AccountId::parse(account).ok()?, region: Region::parse(region).ok()? };
    Some(TopicId { scope, name: TopicName::parse(name).ok()? })
}

/// The caller's topic that an ARN names; `member` is what the request calls it.
pub fn topic(call: &Call, member: &str, arn: &str) -> Result<TopicId, Error> {
    let count = check_parts(member, arn)?;
    let topic = of_arn(arn).filter(|id| count == TOPIC_PARTS && id.scope.region == call.region);
    let topic = topic.ok_or_else(|| invalid(member))?;
    // Another account's topics are none that this caller can see.
    match topic.scope.account == call.account {
        true => Ok(topic),
        false => Err(no_such_topic()),
    }
}

pub fn subscription(call: &Call, arn: &str) -> Result<SubscriptionId, Error> {
    if check_parts("SubscriptionArn", arn)? != SUBSCRIPTION_PARTS {
        return Err(invalid("SubscriptionId"));
    }
    let (topic, id) = arn.rsplit_once(':').unwrap_or_default();
    let topic = of_arn(topic).filter(|topic| topic.scope.region == call.region);
    let topic = topic.ok_or_else(|| invalid("SubscriptionArn"))?;
    match topic.scope.account == call.account {
        true => Ok(SubscriptionId { topic, id: id.into() }),
        false => Err(no_such_subscription()),
    }
}

fn check_parts(member: &str, arn: &str) -> Result<usize, Error> {
    match arn.split(':').count() {
        count if count < TOPIC_PARTS => {
            Err(invalid(format!("{member} Reason: An ARN must have at least {TOPIC_PARTS} elements, not {count}")))
        }
        count => Ok(count),
    }
}
