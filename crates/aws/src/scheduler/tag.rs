//! Tags on groups.

use std::collections::BTreeMap;

use services::schedule::group;

use super::name;
use super::refusal::{invalid, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::scheduler as shapes;

pub async fn add(call: Call, input: shapes::TagResourceInput) -> Result<shapes::TagResourceOutput, Error> {
    let (id, tags) = (name::group_of_arn(&call, &input.resource_arn)?, tags_of(&input.tags)?);
    call.services.transact(|tx| group::tag(tx, &id, &tags)).await.map_err(refuse)?;
    Ok(shapes::TagResourceOutput {})
}

pub async fn remove(call: Call, input: shapes::UntagResourceInput) -> Result<shapes::UntagResourceOutput, Error> {
    let id = name::group_of_arn(&call, &input.resource_arn)?;
    call.services.transact(|tx| group::untag(tx, &id, &input.tag_keys)).await.map_err(refuse)?;
    Ok(shapes::UntagResourceOutput {})
}

pub async fn list(
    call: Call,
    input: shapes::ListTagsForResourceInput,
) -> Result<shapes::ListTagsForResourceOutput, Error> {
    let id = name::group_of_arn(&call, &input.resource_arn)?;
    let tags = call.services.store().read(|read| group::find(read, &id)).map_err(refuse)?.tags;
    let tags = tags.into_iter().map(|(key, value)| shapes::Tag { key, value }).collect();
    Ok(shapes::ListTagsForResourceOutput { tags: Some(tags) })
}

pub fn tags_of(tags: &[shapes::Tag]) -> Result<BTreeMap<String, String>, Error> {
    let map: BTreeMap<String, String> = tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    match map.len() < tags.len() {
        true => Err(invalid("Duplicate tag keys are not allowed.")),
        false => Ok(map),
    }
}
