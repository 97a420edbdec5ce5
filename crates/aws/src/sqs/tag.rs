//! Tags of queues.

use super::{address, refusal};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::sqs::{ListQueueTagsRequest, ListQueueTagsResult, TagQueueRequest, UntagQueueRequest};

/// The service only advises against more (API model, TagQueue, read 2026-11-24); what it refuses is not documented.
const TAGS_MAX: usize = 50;

pub async fn tag_queue(call: Call, input: TagQueueRequest) -> Result<(), Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let there = call.services.queues().details(&id).map_err(refusal::of)?.tags;
    let new = input.tags.keys().filter(|key| !there.contains_key(*key)).count();
    if input.tags.is_empty() {
        return Err(refusal::missing("Tags"));
    }
    if there.len() + new > TAGS_MAX {
        return Err(refusal::invalid(format!("Too many tags added for queue {}.", id.name)));
    }
    let add = |tags: &mut std::collections::BTreeMap<String, String>| tags.extend(input.tags.clone());
    call.services.queues().tag(&id, add).await.map_err(refusal::of)
}

pub async fn untag_queue(call: Call, input: UntagQueueRequest) -> Result<(), Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let remove = |tags: &mut std::collections::BTreeMap<String, String>| {
        tags.retain(|key, _| !input.tag_keys.contains(key));
    };
    call.services.queues().tag(&id, remove).await.map_err(refusal::of)
}

pub async fn list_queue_tags(call: Call, input: ListQueueTagsRequest) -> Result<ListQueueTagsResult, Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let tags = call.services.queues().details(&id).map_err(refusal::of)?.tags;
    Ok(ListQueueTagsResult { tags: (!tags.is_empty()).then_some(tags) })
}
