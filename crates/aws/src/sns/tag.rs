//! Tags of topics.

use std::collections::BTreeMap;

use services::topic;

use super::address;
use super::refusal::{invalid, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::sns as shapes;

pub async fn tag_resource(call: Call, input: shapes::TagResourceRequest) -> Result<shapes::TagResourceResponse, Error> {
    let id = address::topic(&call, "ResourceArn", &input.resource_arn)?;
    let tags = tags_of(&input.tags)?;
    call.services.transact(|tx| topic::tag(tx, &id, &tags)).await.map_err(refuse_resource)?;
    Ok(shapes::TagResourceResponse {})
}

pub async fn untag_resource(
    call: Call,
    input: shapes::UntagResourceRequest,
) -> Result<shapes::UntagResourceResponse, Error> {
    let id = address::topic(&call, "ResourceArn", &input.resource_arn)?;
    call.services.transact(|tx| topic::untag(tx, &id, &input.tag_keys)).await.map_err(refuse_resource)?;
    Ok(shapes::UntagResourceResponse {})
}

pub async fn list_tags_for_resource(
    call: Call,
    input: shapes::ListTagsForResourceRequest,
) -> Result<shapes::ListTagsForResourceResponse, Error> {
    let id = address::topic(&call, "ResourceArn", &input.resource_arn)?;
    let found = call.services.store().read(|read| topic::find(read, &id)).map_err(refuse_resource)?;
    let tags = found.tags.into_iter().map(|(key, value)| shapes::Tag { key, value }).collect();
    Ok(shapes::ListTagsForResourceResponse { tags: Some(tags) })
}

pub fn tags_of(tags: &[shapes::Tag]) -> Result<BTreeMap<String, String>, Error> {
    let map: BTreeMap<String, String> = tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    match map.len() < tags.len() {
        true => Err(invalid("Duplicated keys are not allowed.")),
        false => Ok(map),
    }
}

fn refuse_resource(error: topic::Error) -> Error {
    match error {
        topic::Error::NoSuchTopic(_) => shapes::error::RESOURCE_NOT_FOUND_EXCEPTION.with("Resource does not exist"),
        other => refuse(other),
    }
}
