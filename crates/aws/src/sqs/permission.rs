//! Permissions by label: statements of the queue's policy.
//!
//! They are stored and returned; deciding by them comes with the identities that they are about.

use serde_json::{Map, Value, json};
use services::queue;

use super::{address, refusal};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::sqs::{AddPermissionRequest, RemovePermissionRequest, error};

/// Actions that a permission may name. Not documented one by one: the API model says "the name of any action or *", and
/// the service refuses, for one, those of batches (cloudtools/awacs issue 34, read 2026-11-24).
const ACTIONS: [&str; 9] = [
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
];

/// Source of both: Amazon SQS API model, AddPermission (read 2026-11-24).
const ACTIONS_MAX: usize = 7;
const LABEL_LETTERS_MAX: usize = 80;

pub async fn add_permission(call: Call, input: AddPermissionRequest) -> Result<(), Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if !(1..=LABEL_LETTERS_MAX).contains(&input.label.len()) || !input.label.chars().all(allowed) {
        return Err(refusal::value(
            &input.label,
            "Label",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
        ));
    }
    if input.actions.is_empty() {
        return Err(refusal::missing("Actions"));
    }
    if input.actions.len() > ACTIONS_MAX {
        let count = input.actions.len();
        return Err(error::OVER_LIMIT.with(format!("{count} Actions were found, maximum allowed is {ACTIONS_MAX}.")));
    }
    if input.aws_account_ids.is_empty() {
        return Err(refusal::value("[]", "PrincipalId", "Unable to verify."));
    }
    if let Some(unknown) = input.actions.iter().find(|action| !ACTIONS.contains(&action.as_str())) {
        let reason = "Please refer to the appropriate WSDL for a list of valid actions.";
        return Err(refusal::value(format!("SQS:{unknown}"), "ActionName", reason));
    }
    let principals: Vec<String> = input.aws_account_ids.iter().map(|id| format!("arn:aws:iam::{id}:root")).collect();
    let actions: Vec<String> = input.actions.iter().map(|action| format!("SQS:{action}")).collect();
    let arn = address::arn(&id);
    let statement = json!({
        "Sid": input.label,
        "Effect": "Allow",
        "Principal": { "AWS": one_or_many(principals) },
        "Action": one_or_many(actions),
        "Resource": arn,
    });
    change(&call, &id, |policy| {
        if policy.iter().any(|known| known["Sid"] == input.label.as_str()) {
            return Err(refusal::value(&input.label, "Label", "Already exists."));
        }
        policy.push(statement.clone());
        Ok(())
    })
    .await
}

pub async fn remove_permission(call: Call, input: RemovePermissionRequest) -> Result<(), Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    change(&call, &id, |policy| {
        let before = policy.len();
        policy.retain(|known| known["Sid"] != input.label.as_str());
        match policy.len() < before {
            true => Ok(()),
            false => Err(refusal::value(&input.label, "Label", "can't find label on existing policy.")),
        }
    })
    .await
}

fn one_or_many(mut values: Vec<String>) -> Value {
    match values.len() {
        1 => Value::String(values.remove(0)),
        _ => values.into(),
    }
}

/// Changes the statements of the policy; a policy without any goes.
async fn change(
    call: &Call,
    id: &queue::QueueId,
    rule: impl Fn(&mut Vec<Value>) -> Result<(), Error>,
) -> Result<(), Error> {
    let queues = call.services.queues();
    let changed = queues.change(id, |settings| {
        let text = settings.policy.as_deref().unwrap_or("{}");
        let mut policy: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        let mut statements = match policy.remove("Statement") {
            Some(Value::Array(statements)) => statements,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        rule(&mut statements).map_err(super::queue::Change::Refused)?;
        settings.policy = (!statements.is_empty()).then(|| {
            policy.entry("Version").or_insert_with(|| "2012-10-17".into());
            policy.entry("Id").or_insert_with(|| format!("{}/SQSDefaultPolicy", address::arn(id)).into());
            policy.insert("Statement".to_owned(), statements.into());
            Value::Object(policy).to_string()
        });
        Ok(())
    });
    changed.await.map_err(|change| match change {
        super::queue::Change::Refused(error) => error,
        super::queue::Change::Queue(error) => refusal::of(error),
    })
}
