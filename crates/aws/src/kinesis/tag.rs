//! Tags of streams, by either of the two ways that the service has for them.

use std::collections::BTreeMap;

use services::stream::data::{self, StreamId};

use super::{address, count, refusal};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::kinesis as shapes;

/// Source: API reference, ListTagsForStream, `Limit` (read 2026-11-24).
const TAGS_PAGE: usize = 50;

async fn change(call: &Call, id: &StreamId, add: &BTreeMap<String, String>, remove: &[String]) -> Result<(), Error> {
    let changed = call.services.transact(|tx| {
        data::tag(tx, id, |tags| {
            tags.retain(|key, _| !remove.contains(key));
            tags.extend(add.clone());
        })
    });
    changed.await.map_err(|error| refusal::of(id, error))
}

fn tags_of(call: &Call, id: &StreamId) -> Result<BTreeMap<String, String>, Error> {
    let found = call.services.store().read(|read| data::find(read, id));
    found.map(|stream| stream.tags).map_err(|error| refusal::of(id, error))
}

fn show(tags: BTreeMap<String, String>) -> Vec<shapes::Tag> {
    tags.into_iter().map(|(key, value)| shapes::Tag { key, value: Some(value) }).collect()
}

pub async fn add(call: Call, input: shapes::AddTagsToStreamInput) -> Result<(), Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    change(&call, &id, &input.tags, &[]).await
}

pub async fn remove(call: Call, input: shapes::RemoveTagsFromStreamInput) -> Result<(), Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    change(&call, &id, &BTreeMap::new(), &input.tag_keys).await
}

pub async fn list(call: Call, input: shapes::ListTagsForStreamInput) -> Result<shapes::ListTagsForStreamOutput, Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let mut tags = tags_of(&call, &id)?;
    tags.retain(|key, _| input.exclusive_start_tag_key.as_ref().is_none_or(|after| key > after));
    let limit = count(input.limit, TAGS_PAGE);
    let mut tags = show(tags);
    let has_more_tags = tags.len() > limit;
    tags.truncate(limit);
    Ok(shapes::ListTagsForStreamOutput { tags, has_more_tags })
}

pub async fn add_to_resource(call: Call, input: shapes::TagResourceInput) -> Result<(), Error> {
    let id = address::stream(&call, None, Some(&input.resource_arn))?;
    change(&call, &id, &input.tags, &[]).await
}

pub async fn remove_from_resource(call: Call, input: shapes::UntagResourceInput) -> Result<(), Error> {
    let id = address::stream(&call, None, Some(&input.resource_arn))?;
    change(&call, &id, &BTreeMap::new(), &input.tag_keys).await
}

pub async fn list_of_resource(
    call: Call,
    input: shapes::ListTagsForResourceInput,
) -> Result<shapes::ListTagsForResourceOutput, Error> {
    let id = address::stream(&call, None, Some(&input.resource_arn))?;
    Ok(shapes::ListTagsForResourceOutput { tags: Some(show(tags_of(&call, &id)?)) })
}
