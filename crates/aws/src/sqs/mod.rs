//! SQS: what queues look like from outside. The rules are in `services::queue`.
//!
//! Start reading at [`TABLE`]. Clients speak JSON, or the Query protocol with the names in [`OLDER`]; one table serves
//! both. Queue addresses and ARNs are in `address`, attributes in `attribute`, AWS's texts for refusals in `refusal`.

pub(crate) mod address;
mod attribute;
mod batch;
mod digest;
mod message;
mod move_task;
mod permission;
mod queue;
mod receive;
mod refusal;
mod tag;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

pub use address::{arn as queue_arn, of_arn as queue_of_arn};
pub use message::sequence_number;
pub use receive::record;

use crate::call::Call;
use crate::operation::{Members, Row, Table};
use crate::shape::{Flattened, Older};
use crate::shapes::sqs as shapes;

/// Longest body of a request that sends messages: 1 MiB of text may be six times as long in JSON.
const SEND_BYTES_MAX: usize = 7 << 20;

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "sqs",
    service: &shapes::SERVICE,
    invalid: &refusal::INVALID_PARAMETER_VALUE,
    rows: vec![
        Row::new(&shapes::ADD_PERMISSION_OPERATION, "sqs:AddPermission", arn, permission::add_permission),
        Row::new(
            &shapes::CANCEL_MESSAGE_MOVE_TASK_OPERATION,
            "sqs:CancelMessageMoveTask",
            any,
            move_task::cancel_message_move_task,
        ),
        Row::new(
            &shapes::CHANGE_MESSAGE_VISIBILITY_OPERATION,
            "sqs:ChangeMessageVisibility",
            arn,
            receive::change_message_visibility,
        ),
        Row::new(
            &shapes::CHANGE_MESSAGE_VISIBILITY_BATCH_OPERATION,
            "sqs:ChangeMessageVisibility",
            arn,
            receive::change_message_visibility_batch,
        ),
        Row::new(&shapes::CREATE_QUEUE_OPERATION, "sqs:CreateQueue", named_arn, queue::create_queue),
        Row::new(&shapes::DELETE_MESSAGE_OPERATION, "sqs:DeleteMessage", arn, receive::delete_message),
        Row::new(&shapes::DELETE_MESSAGE_BATCH_OPERATION, "sqs:DeleteMessage", arn, receive::delete_message_batch),
        Row::new(&shapes::DELETE_QUEUE_OPERATION, "sqs:DeleteQueue", arn, queue::delete_queue),
        Row::new(&shapes::GET_QUEUE_ATTRIBUTES_OPERATION, "sqs:GetQueueAttributes", arn, queue::get_queue_attributes),
        Row::new(&shapes::GET_QUEUE_URL_OPERATION, "sqs:GetQueueUrl", named_arn, queue::get_queue_url),
        Row::new(
            &shapes::LIST_DEAD_LETTER_SOURCE_QUEUES_OPERATION,
            "sqs:ListDeadLetterSourceQueues",
            arn,
            queue::list_dead_letter_source_queues,
        ),
        Row::new(
            &shapes::LIST_MESSAGE_MOVE_TASKS_OPERATION,
            "sqs:ListMessageMoveTasks",
            source_arn,
            move_task::list_message_move_tasks,
        ),
        Row::new(&shapes::LIST_QUEUE_TAGS_OPERATION, "sqs:ListQueueTags", arn, tag::list_queue_tags),
        Row::new(&shapes::LIST_QUEUES_OPERATION, "sqs:ListQueues", any, queue::list_queues),
        Row::new(&shapes::PURGE_QUEUE_OPERATION, "sqs:PurgeQueue", arn, queue::purge_queue),
        Row::new(&shapes::RECEIVE_MESSAGE_OPERATION, "sqs:ReceiveMessage", arn, receive::receive_message)
            .ends_with_caller(),
        Row::new(&shapes::REMOVE_PERMISSION_OPERATION, "sqs:RemovePermission", arn, permission::remove_permission),
        Row::new(&shapes::SEND_MESSAGE_OPERATION, "sqs:SendMessage", arn, message::send_message)
            .body_max(SEND_BYTES_MAX),
        Row::new(&shapes::SEND_MESSAGE_BATCH_OPERATION, "sqs:SendMessage", arn, message::send_message_batch)
            .body_max(SEND_BYTES_MAX),
        Row::new(&shapes::SET_QUEUE_ATTRIBUTES_OPERATION, "sqs:SetQueueAttributes", arn, queue::set_queue_attributes),
        Row::new(
            &shapes::START_MESSAGE_MOVE_TASK_OPERATION,
            "sqs:StartMessageMoveTask",
            source_arn,
            move_task::start_message_move_task,
        ),
        Row::new(&shapes::TAG_QUEUE_OPERATION, "sqs:TagQueue", arn, tag::tag_queue),
        Row::new(&shapes::UNTAG_QUEUE_OPERATION, "sqs:UntagQueue", arn, tag::untag_queue),
    ],
});

const fn list(key: &'static str, name: &'static str) -> Flattened {
    Flattened { operation: "", key, name, entry: None }
}

const fn map(key: &'static str, name: &'static str) -> Flattened {
    Flattened { operation: "", key, name, entry: Some(("Name", "Value")) }
}

const fn tags(key: &'static str) -> Flattened {
    Flattened { operation: "", key, name: "Tag", entry: Some(("Key", "Value")) }
}

const fn of(operation: &'static str, key: &'static str, name: &'static str) -> Flattened {
    Flattened { operation, key, name, entry: None }
}

/// The Query protocol of SQS. Source: service model of botocore 1.29, the last one with that protocol.
pub static OLDER: Older = Older {
    json_version: "1.0",
    target: "AmazonSQS",
    namespace: "http://queue.amazonaws.com/doc/2012-11-05/",
    flattened: &[
        list("AWSAccountIds", "AWSAccountId"),
        list("Actions", "ActionName"),
        list("AttributeNames", "AttributeName"),
        list("BinaryListValues", "BinaryListValue"),
        list("Failed", "BatchResultErrorEntry"),
        list("MessageAttributeNames", "MessageAttributeName"),
        list("MessageSystemAttributeNames", "MessageSystemAttributeName"),
        list("Messages", "Message"),
        list("QueueUrls", "QueueUrl"),
        list("Results", "ListMessageMoveTasksResultEntry"),
        list("StringListValues", "StringListValue"),
        list("TagKeys", "TagKey"),
        list("queueUrls", "QueueUrl"),
        map("Attributes", "Attribute"),
        map("MessageAttributes", "MessageAttribute"),
        map("MessageSystemAttributes", "MessageSystemAttribute"),
        tags("Tags"),
        tags("tags"),
        of("ChangeMessageVisibilityBatch", "Entries", "ChangeMessageVisibilityBatchRequestEntry"),
        of("ChangeMessageVisibilityBatch", "Successful", "ChangeMessageVisibilityBatchResultEntry"),
        of("DeleteMessageBatch", "Entries", "DeleteMessageBatchRequestEntry"),
        of("DeleteMessageBatch", "Successful", "DeleteMessageBatchResultEntry"),
        of("SendMessageBatch", "Entries", "SendMessageBatchRequestEntry"),
        of("SendMessageBatch", "Successful", "SendMessageBatchResultEntry"),
    ],
    model_namespace: "com.amazonaws.sqs",
    errors: &[
        ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
        ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
        ("InvalidAddress", "InvalidAddress"),
        ("InvalidAttributeName", "InvalidAttributeName"),
        ("InvalidAttributeValue", "InvalidAttributeValue"),
        ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
        ("InvalidMessageContents", "InvalidMessageContents"),
        ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
        ("OverLimit", "OverLimit"),
        ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"),
        ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
        ("QueueNameExists", "QueueAlreadyExists"),
        ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
        ("ResourceNotFoundException", "ResourceNotFoundException"),
        ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
        ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
    ],
    path_member: "QueueUrl",
};

/// The queue that a URL names.
fn arn(call: &Call, members: &Members) -> String {
    let url = members.get("QueueUrl").and_then(|url| url.as_str()).unwrap_or_default();
    match address::of_url(call, url) {
        Ok(id) => address::arn(&id),
        Err(_) => "*".to_owned(),
    }
}

/// The queue of that name.
fn named_arn(call: &Call, members: &Members) -> String {
    call.arn("sqs", members.get("QueueName").and_then(|name| name.as_str()).unwrap_or("*"))
}

fn source_arn(_: &Call, members: &Members) -> String {
    members.get("SourceArn").and_then(|arn| arn.as_str()).unwrap_or("*").to_owned()
}

fn any(_: &Call, _: &Members) -> String {
    "*".to_owned()
}
