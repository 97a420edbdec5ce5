//! Tags on buses and rules.

use std::collections::BTreeMap;

use services::bus::{self, rule};

use super::name::Tagged;
use super::refusal::{invalid, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::events as shapes;

pub async fn add(call: Call, input: shapes::TagResourceRequest) -> Result<shapes::TagResourceResponse, Error> {
    let tags = tags_of(&input.tags)?;
    let done = match Tagged::read(&call, &input.resource_arn)? {
        Tagged::Bus(id) => call.services.transact(|tx| bus::tag(tx, &id, &tags)).await,
        Tagged::Rule(id) => call.services.transact(|tx| rule::tag(tx, &id, &tags)).await,
    };
    done.map_err(refuse)?;
    Ok(shapes::TagResourceResponse {})
}

pub async fn remove(call: Call, input: shapes::UntagResourceRequest) -> Result<shapes::UntagResourceResponse, Error> {
    let keys = &input.tag_keys;
    let done = match Tagged::read(&call, &input.resource_arn)? {
        Tagged::Bus(id) => call.services.transact(|tx| bus::untag(tx, &id, keys)).await,
        Tagged::Rule(id) => call.services.transact(|tx| rule::untag(tx, &id, keys)).await,
    };
    done.map_err(refuse)?;
    Ok(shapes::UntagResourceResponse {})
}

pub async fn list(
    call: Call,
    input: shapes::ListTagsForResourceRequest,
) -> Result<shapes::ListTagsForResourceResponse, Error> {
    let store = call.services.store();
    let tags = match Tagged::read(&call, &input.resource_arn)? {
        Tagged::Bus(id) => store.read(|read| bus::find(read, &id)).map(|bus| bus.tags),
        Tagged::Rule(id) => store.read(|read| rule::get(read, &id)).map(|rule| rule.tags),
    };
    let tags = tags.map_err(refuse)?.into_iter().map(|(key, value)| shapes::Tag { key, value }).collect();
    Ok(shapes::ListTagsForResourceResponse { tags: Some(tags) })
}

pub fn tags_of(tags: &[shapes::Tag]) -> Result<BTreeMap<String, String>, Error> {
    let map: BTreeMap<String, String> = tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    match map.len() < tags.len() {
        true => Err(invalid("Invalid parameter: Duplicated keys are not allowed.")),
        false => Ok(map),
    }
}
