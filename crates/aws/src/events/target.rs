//! Operations on the targets of rules.

use services::bus::RuleName;
use services::bus::input::{Input, Invalid};
use services::bus::rule::{self, DeadLetter, Receiver, Retry, Target};

use super::name;
use super::refusal::{bad_arn, bad_token, invalid, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::page;
use crate::shapes::events as shapes;

pub async fn put(call: Call, input: shapes::PutTargetsRequest) -> Result<shapes::PutTargetsResponse, Error> {
    let id = name::rule(&call, input.event_bus_name.as_deref(), &input.rule)?;
    call.services.store().read(|read| rule::get(read, &id)).map_err(refuse)?;
    let targets = input.targets.iter().map(target).collect::<Result<Vec<_>, _>>()?;
    call.services.transact(|tx| rule::put_targets(tx, &id, &targets)).await.map_err(refuse)?;
    Ok(shapes::PutTargetsResponse { failed_entry_count: Some(0), failed_entries: Some(Vec::new()) })
}

pub async fn remove(call: Call, input: shapes::RemoveTargetsRequest) -> Result<shapes::RemoveTargetsResponse, Error> {
    let id = name::rule(&call, input.event_bus_name.as_deref(), &input.rule)?;
    let absent = call.services.transact(|tx| rule::remove_targets(tx, &id, &input.ids)).await.map_err(refuse)?;
    let failed = |target: String| shapes::RemoveTargetsResultEntry {
        error_code: Some("ResourceNotFoundException".to_owned()),
        error_message: Some(format!("Rule {} does not have a target with the Id {target}.", id.name)),
        target_id: Some(target),
    };
    let failed: Vec<_> = absent.into_iter().map(failed).collect();
    let count = i32::try_from(failed.len()).map_err(|error| Error::internal(&error))?;
    Ok(shapes::RemoveTargetsResponse { failed_entry_count: Some(count), failed_entries: Some(failed) })
}

pub async fn list(
    call: Call,
    input: shapes::ListTargetsByRuleRequest,
) -> Result<shapes::ListTargetsByRuleResponse, Error> {
    let (size, after) = (page::size(input.limit), page::after(input.next_token.as_deref()).map_err(bad_token)?);
    let id = name::rule(&call, input.event_bus_name.as_deref(), &input.rule)?;
    let mut targets = call.services.store().read(|read| rule::get(read, &id)).map_err(refuse)?.targets;
    if let Some(place) = after.and_then(|after| targets.iter().position(|target| target.id == after)) {
        targets.drain(..=place);
    }
    let (targets, next_token) = page::cut(targets, size, |target| target.id.clone());
    Ok(shapes::ListTargetsByRuleResponse { targets: Some(targets.into_iter().map(shown).collect()), next_token })
}

pub async fn rule_names(
    call: Call,
    input: shapes::ListRuleNamesByTargetRequest,
) -> Result<shapes::ListRuleNamesByTargetResponse, Error> {
    let (size, after) = (page::size(input.limit), page::after(input.next_token.as_deref()).map_err(bad_token)?);
    let bus = name::bus(&call, input.event_bus_name.as_deref())?;
    let after = after.and_then(|after| RuleName::parse(&after).ok());
    let arn = &input.target_arn;
    let found = call.services.store().read(|read| rule::names_by_target(read, &bus, arn, after.as_ref(), size + 1));
    let (names, next_token) = page::cut(found.map_err(refuse)?, size, RuleName::to_string);
    let names = names.iter().map(ToString::to_string).collect();
    Ok(shapes::ListRuleNamesByTargetResponse { rule_names: Some(names), next_token })
}

fn target(given: &shapes::Target) -> Result<Target, Error> {
    let receiver = name::receiver(&given.arn)?;
    let group = given.sqs_parameters.as_ref().and_then(|parameters| parameters.message_group_id.clone());
    if matches!(&receiver, Receiver::Queue(queue) if queue.name.ends_with(".fifo")) && group.is_none() {
        return Err(invalid(format!("Parameter(s) SqsParameters must be specified for target: {}.", given.id)));
    }
    let dead_letter = given.dead_letter_config.as_ref().and_then(|config| config.arn.as_deref());
    Ok(Target {
        id: given.id.clone(),
        arn: given.arn.clone(),
        receiver,
        role: given.role_arn.clone(),
        input: input(given)?,
        group,
        partition_key_path: given.kinesis_parameters.as_ref().map(|parameters| parameters.partition_key_path.clone()),
        dead_letter: dead_letter.map(dead_letter_queue).transpose()?,
        retry: given.retry_policy.as_ref().map(|retry| Retry {
            attempts: retry.maximum_retry_attempts.map(i32::unsigned_abs),
            age_secs: retry.maximum_event_age_in_seconds.map(i32::unsigned_abs),
        }),
    })
}

fn dead_letter_queue(arn: &str) -> Result<DeadLetter, Error> {
    match name::receiver(arn) {
        Ok(Receiver::Queue(queue)) => Ok(DeadLetter { arn: arn.to_owned(), queue }),
        Ok(_) | Err(_) => Err(bad_arn(arn)),
    }
}

fn input(given: &shapes::Target) -> Result<Input, Error> {
    let input = match (&given.input, &given.input_path, &given.input_transformer) {
        (None, None, None) => Input::Whole,
        (Some(text), None, None) => Input::Constant(text.clone()),
        (None, Some(path), None) => Input::Path(path.clone()),
        (None, None, Some(transformer)) => Input::Template {
            paths: transformer.input_paths_map.clone().unwrap_or_default(),
            template: transformer.input_template.clone(),
        },
        _ => {
            return Err(invalid(format!(
                "Only one of Input, InputPath, or InputTransformer must be provided for target {}.",
                given.id
            )));
        }
    };
    input.check().map_err(|reason| bad_input(&given.id, &reason))?;
    Ok(input)
}

fn bad_input(target: &str, reason: &Invalid) -> Error {
    invalid(match reason {
        Invalid::NotJson => format!("Input for target {target} is not a valid JSON text."),
        Invalid::BadPath(path) => format!("Invalid JSONPath {path} for target {target}."),
        Invalid::UnknownPlaceholder(name) => {
            format!("InputTemplate for target {target} contains invalid placeholder {name}.")
        }
        Invalid::OnlyInObjects(name) => {
            format!("InputTemplate for target {target} contains placeholder {name} valid only for JSON template.")
        }
        Invalid::ReservedName(name) => {
            format!("InputPathsMap for target {target} contains reserved key {name}.")
        }
    })
}

fn shown(target: Target) -> shapes::Target {
    let (input, input_path, input_transformer) = match target.input {
        Input::Whole => (None, None, None),
        Input::Constant(text) => (Some(text), None, None),
        Input::Path(path) => (None, Some(path), None),
        Input::Template { paths, template } => {
            let paths = (!paths.is_empty()).then_some(paths);
            (None, None, Some(shapes::InputTransformer { input_paths_map: paths, input_template: template }))
        }
    };
    let retry = |retry: Retry| shapes::RetryPolicy {
        maximum_retry_attempts: retry.attempts.and_then(|attempts| i32::try_from(attempts).ok()),
        maximum_event_age_in_seconds: retry.age_secs.and_then(|age| i32::try_from(age).ok()),
    };
    shapes::Target {
        id: target.id,
        arn: target.arn,
        role_arn: target.role,
        input,
        input_path,
        input_transformer,
        kinesis_parameters: target
            .partition_key_path
            .map(|partition_key_path| shapes::KinesisParameters { partition_key_path }),
        sqs_parameters: target.group.map(|group| shapes::SqsParameters { message_group_id: Some(group) }),
        dead_letter_config: target.dead_letter.map(|queue| shapes::DeadLetterConfig { arn: Some(queue.arn) }),
        retry_policy: target.retry.map(retry),
    }
}
