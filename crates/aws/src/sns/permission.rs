//! Permissions by label: statements of the topic's policy.
//!
//! They are stored and returned; deciding by them comes with the identities that they are about.

use serde_json::{Map, Value, json};
use services::topic::{self, Settings, TopicId};

use super::refusal::invalid;
use super::topic::Change;
use super::{address, attribute};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::sns::{AddPermissionInput, RemovePermissionInput};

/// Actions that a permission may name. Source: Amazon SNS developer guide, "Amazon SNS actions in access control
/// policies" (read 2026-11-24).
const ACTIONS: [&str; 9] = [
    "AddPermission",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "Publish",
    "Receive",
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
];

pub async fn add_permission(call: Call, input: AddPermissionInput) -> Result<(), Error> {
    let id = address::topic(&call, "TopicArn", &input.topic_arn)?;
    if input.label.is_empty() {
        return Err(invalid("Label"));
    }
    if input.aws_account_id.is_empty() {
        return Err(invalid("AWSAccountId"));
    }
    if input.action_name.is_empty() {
        return Err(invalid("ActionName"));
    }
    if input.action_name.iter().any(|action| !ACTIONS.contains(&action.as_str())) {
        return Err(invalid("Policy statement action out of service scope!"));
    }
    let principals: Vec<String> = input.aws_account_id.iter().map(|id| format!("arn:aws:iam::{id}:root")).collect();
    let actions: Vec<String> = input.action_name.iter().map(|action| format!("SNS:{action}")).collect();
    let statement = json!({
        "Sid": input.label,
        "Effect": "Allow",
        "Principal": { "AWS": one_or_many(principals) },
        "Action": one_or_many(actions),
        "Resource": address::arn(&id),
    });
    change(&call, &id, |policy| {
        if policy.iter().any(|known| known["Sid"] == input.label.as_str()) {
            return Err(invalid("Statement already exists"));
        }
        policy.push(statement.clone());
        Ok(())
    })
    .await
}

/// A label that is not there is as good as removed.
pub async fn remove_permission(call: Call, input: RemovePermissionInput) -> Result<(), Error> {
    let id = address::topic(&call, "TopicArn", &input.topic_arn)?;
    change(&call, &id, |policy| {
        policy.retain(|known| known["Sid"] != input.label.as_str());
        Ok(())
    })
    .await
}

fn one_or_many(mut values: Vec<String>) -> Value {
    match values.len() {
        1 => Value::String(values.remove(0)),
        _ => values.into(),
    }
}

/// Changes the statements of the policy.
async fn change(call: &Call, id: &TopicId, rule: impl Fn(&mut Vec<Value>) -> Result<(), Error>) -> Result<(), Error> {
    let change = |settings: &mut Settings| {
        let text = settings.shown.get("Policy").cloned().unwrap_or_else(|| attribute::default_policy(id));
        let mut policy: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
        let mut statements = match policy.remove("Statement") {
            Some(Value::Array(statements)) => statements,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        rule(&mut statements).map_err(Change::Refused)?;
        policy.insert("Statement".to_owned(), statements.into());
        settings.shown.insert("Policy".to_owned(), Value::Object(policy).to_string());
        Ok(())
    };
    call.services.transact(|tx| topic::set(tx, id, change)).await.map_err(Change::error)
}
