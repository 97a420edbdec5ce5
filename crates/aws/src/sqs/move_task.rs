//! Redrive: messages of a dead-letter queue are moved back by a task.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use services::queue::{self, MoveStatus, MoveTask, QueueId, StartMove};

use super::{address, refusal};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::sqs::{
    CancelMessageMoveTaskRequest, CancelMessageMoveTaskResult, ListMessageMoveTasksRequest, ListMessageMoveTasksResult,
    ListMessageMoveTasksResultEntry, StartMessageMoveTaskRequest, StartMessageMoveTaskResult, error,
};

/// Source: Amazon SQS API model, StartMessageMoveTask (read 2026-11-24).
const PER_SECOND_MAX: u32 = 500;
/// Source: Amazon SQS API model, ListMessageMoveTasks (read 2026-11-24).
const LISTED_MAX: i32 = 10;

fn of_arn(call: &Call, arn: &str, parameter: &str) -> Result<QueueId, Error> {
    let absent = || {
        error::RESOURCE_NOT_FOUND_EXCEPTION
            .with(format!("The resource that you specified for the {parameter} parameter doesn't exist."))
    };
    let id = address::of_arn(arn).filter(|id| id.scope.account == call.account).ok_or_else(absent)?;
    match call.services.queues().details(&id) {
        Ok(_) => Ok(id),
        Err(queue::Error::NoSuchQueue(_)) => Err(absent()),
        Err(other) => Err(refusal::of(other)),
    }
}

pub async fn start_message_move_task(
    call: Call,
    input: StartMessageMoveTaskRequest,
) -> Result<StartMessageMoveTaskResult, Error> {
    let source = of_arn(&call, &input.source_arn, "SourceArn")?;
    let destination = input.destination_arn.map(|arn| of_arn(&call, &arn, "DestinationArn")).transpose()?;
    if destination.as_ref().is_some_and(|destination| destination.name.is_fifo() != source.name.is_fifo()) {
        return Err(refusal::invalid("Source and destination queues must be of the same type."));
    }
    let per_second_max = input.max_number_of_messages_per_second.map(|given| {
        let allowed = u32::try_from(given).ok().filter(|max| (1..=PER_SECOND_MAX).contains(max));
        allowed.ok_or_else(|| {
            refusal::value(given, "MaxNumberOfMessagesPerSecond", "Must be between 1 and 500, if provided.")
        })
    });
    let start = StartMove { source, destination, per_second_max: per_second_max.transpose()? };
    let handle = call.services.queues().start_move(&start).await.map_err(refusal::of)?;
    Ok(StartMessageMoveTaskResult { task_handle: Some(task_handle(&handle, &start.source)) })
}

/// A handle names the task and its source, so that nothing has to be searched for it.
fn task_handle(task: &str, source: &QueueId) -> String {
    STANDARD.encode(json!({ "taskId": task, "sourceArn": address::arn(source) }).to_string())
}

pub async fn cancel_message_move_task(
    call: Call,
    input: CancelMessageMoveTaskRequest,
) -> Result<CancelMessageMoveTaskResult, Error> {
    let wrong = || refusal::value(&input.task_handle, "TaskHandle", "The task handle is invalid.");
    let bytes = STANDARD.decode(&input.task_handle).map_err(|_| wrong())?;
    let handle: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    let (Some(task), Some(arn)) = (handle["taskId"].as_str(), handle["sourceArn"].as_str()) else {
        return Err(wrong());
    };
    let source = of_arn(&call, arn, "SourceArn")?;
    let moved = call.services.queues().cancel_move(&source, task).await.map_err(refusal::of)?;
    Ok(CancelMessageMoveTaskResult { approximate_number_of_messages_moved: Some(count(moved)) })
}

pub async fn list_message_move_tasks(
    call: Call,
    input: ListMessageMoveTasksRequest,
) -> Result<ListMessageMoveTasksResult, Error> {
    let source = of_arn(&call, &input.source_arn, "SourceArn")?;
    let max = input.max_results.unwrap_or(1);
    let limit = usize::try_from(max).ok().filter(|_| (1..=LISTED_MAX).contains(&max));
    let limit = limit.ok_or_else(|| refusal::value(max, "MaxResults", "Must be between 1 and 10, if provided."))?;
    let tasks = call.services.queues().moves(&source).map_err(refusal::of)?;
    Ok(ListMessageMoveTasksResult { results: Some(tasks.into_iter().take(limit).map(shown).collect()) })
}

fn shown(task: MoveTask) -> ListMessageMoveTasksResultEntry {
    let status = match &task.status {
        MoveStatus::Running => "RUNNING",
        MoveStatus::Completed => "COMPLETED",
        MoveStatus::Cancelled => "CANCELLED",
        MoveStatus::Failed(_) => "FAILED",
    };
    let failure_reason = match &task.status {
        MoveStatus::Failed(reason) => Some(reason.clone()),
        MoveStatus::Running | MoveStatus::Completed | MoveStatus::Cancelled => None,
    };
    ListMessageMoveTasksResultEntry {
        // Only a task that can be cancelled has one.
        task_handle: (task.status == MoveStatus::Running).then(|| task_handle(&task.handle, &task.source)),
        status: Some(status.to_owned()),
        source_arn: Some(address::arn(&task.source)),
        destination_arn: task.destination.as_ref().map(address::arn),
        max_number_of_messages_per_second: task.per_second_max.and_then(|max| i32::try_from(max).ok()),
        approximate_number_of_messages_moved: Some(count(task.moved)),
        approximate_number_of_messages_to_move: Some(count(task.to_move)),
        failure_reason,
        started_timestamp: Some(task.started.millis()),
    }
}

fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
