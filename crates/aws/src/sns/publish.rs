//! Messages are published.

use std::collections::HashSet;

use services::topic::message::BODY_BYTES_MAX;
use services::topic::{self, NewMessage, Published, TopicId};

use super::refusal::{invalid, not_yet, refuse};
use super::{address, message};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::sns::{
    BatchResultErrorEntry, PublishBatchInput, PublishBatchRequestEntry, PublishBatchResponse, PublishBatchResultEntry,
    PublishInput, PublishResponse, error,
};
use crate::sqs;

/// Source of both: Amazon SNS API reference, PublishBatch (read 2026-11-24).
const ENTRIES_MAX: usize = 10;
const ID_LETTERS_MAX: usize = 80;

pub async fn publish(call: Call, input: PublishInput) -> Result<PublishResponse, Error> {
    let target = input.topic_arn.or(input.target_arn);
    let fifo = target.as_deref().is_some_and(|arn| arn.ends_with(".fifo"));
    let entry = PublishBatchRequestEntry {
        id: String::new(),
        message: input.message,
        subject: input.subject,
        message_structure: input.message_structure,
        message_attributes: input.message_attributes,
        message_deduplication_id: input.message_deduplication_id,
        message_group_id: input.message_group_id,
    };
    let new = message::read(&call, entry, fifo)?;
    if input.phone_number.is_some() {
        return Err(not_yet("Text messages"));
    }
    let Some(target) = target else {
        return Err(invalid("TopicArn or TargetArn Reason: no value for required parameter"));
    };
    if target.contains(":endpoint/") {
        return Err(invalid("TargetArn Reason: No endpoint found for the target arn specified"));
    }
    let id = address::topic(&call, "TopicArn", &target)?;
    let published = publish_all(&call, &id, &[new]).await?.pop();
    let Published { id, number } =
        published.ok_or_else(|| Error::internal(&"a message was published and nothing came of it"))?;
    Ok(PublishResponse { message_id: Some(id), sequence_number: number.map(sqs::sequence_number) })
}

pub async fn publish_batch(call: Call, input: PublishBatchInput) -> Result<PublishBatchResponse, Error> {
    let id = address::topic(&call, "TopicArn", &input.topic_arn)?;
    let entries = input.publish_batch_request_entries;
    check_batch(&entries)?;
    call.services.store().read(|read| topic::find(read, &id)).map_err(refuse)?;
    let (mut failed, mut ids, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        let id_of_entry = entry.id.clone();
        match message::read(&call, entry, id.name.is_fifo()) {
            Ok(message) => {
                ids.push(id_of_entry);
                messages.push(message);
            }
            Err(error) => failed.push(BatchResultErrorEntry {
                id: id_of_entry,
                code: error.kind.code.to_owned(),
                message: Some(error.message.into_owned()),
                sender_fault: error.kind.status < 500,
            }),
        }
    }
    let published = publish_all(&call, &id, &messages).await?;
    let successful = ids.into_iter().zip(published).map(|(id, published)| PublishBatchResultEntry {
        id: Some(id),
        message_id: Some(published.id),
        sequence_number: published.number.map(sqs::sequence_number),
    });
    Ok(PublishBatchResponse { successful: Some(successful.collect()), failed: Some(failed) })
}

async fn publish_all(call: &Call, id: &TopicId, messages: &[NewMessage]) -> Result<Vec<Published>, Error> {
    let publish_each = |tx: &mut store::Tx| messages.iter().map(|new| topic::publish(tx, id, new)).collect();
    call.services.transact(publish_each).await.map_err(refuse)
}

fn check_batch(entries: &[PublishBatchRequestEntry]) -> Result<(), Error> {
    if entries.is_empty() {
        return Err(error::EMPTY_BATCH_REQUEST_EXCEPTION.with("The batch request doesn't contain any entries."));
    }
    if entries.len() > ENTRIES_MAX {
        return Err(error::TOO_MANY_ENTRIES_IN_BATCH_REQUEST_EXCEPTION
            .with("The batch request contains more entries than permissible."));
    }
    let mut seen = HashSet::new();
    for PublishBatchRequestEntry { id, .. } in entries {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if !(1..=ID_LETTERS_MAX).contains(&id.len()) || !id.chars().all(allowed) {
            return Err(error::INVALID_BATCH_ENTRY_ID_EXCEPTION
                .with("The Id of a batch entry in a batch request doesn't abide by the specification."));
        }
        if !seen.insert(id) {
            return Err(error::BATCH_ENTRY_IDS_NOT_DISTINCT_EXCEPTION
                .with("Two or more batch entries in the request have the same Id."));
        }
    }
    match entries.iter().map(message::bytes_of).sum::<usize>() > BODY_BYTES_MAX {
        true => Err(error::BATCH_REQUEST_TOO_LONG_EXCEPTION
            .with("The length of all the batch messages put together is more than the limit.")),
        false => Ok(()),
    }
}
