//! Tags on functions and event source mappings.

use std::collections::BTreeMap;

use services::function::{FunctionId, tag};

use super::arn::Target;
use super::mapping;
use super::refusal::{invalid, not_yet, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::lambda as shapes;

pub async fn add(call: Call, input: shapes::TagResourceRequest) -> Result<(), Error> {
    if let Some(id) = mapping::of_arn(&call, &input.resource) {
        let done =
            call.services.transact(|tx| services::mapping::tag(tx, &id, |tags| tags.extend(input.tags.clone()))).await;
        return done.map_err(|error| mapping::lost(&call, error));
    }
    let id = tagged(&call, &input.resource)?;
    let done = call.services.functions().change(&id, |tx| tag::add(tx, &id, &input.tags)).await;
    done.map_err(|error| refuse(&call, &id, error))
}

pub async fn remove(call: Call, input: shapes::UntagResourceRequest) -> Result<(), Error> {
    if let Some(id) = mapping::of_arn(&call, &input.resource) {
        let keep = |key: &String| !input.tag_keys.contains(key);
        let remove = |tags: &mut BTreeMap<String, String>| tags.retain(|key, _| keep(key));
        let done = call.services.transact(|tx| services::mapping::tag(tx, &id, remove)).await;
        return done.map_err(|error| mapping::lost(&call, error));
    }
    let id = tagged(&call, &input.resource)?;
    let done = call.services.functions().change(&id, |tx| tag::remove(tx, &id, &input.tag_keys)).await;
    done.map_err(|error| refuse(&call, &id, error))
}

pub async fn list(call: Call, input: shapes::ListTagsRequest) -> Result<shapes::ListTagsResponse, Error> {
    if let Some(id) = mapping::of_arn(&call, &input.resource) {
        let found = call.services.store().read(|read| services::mapping::find(read, &id));
        let tags = found.map_err(|error| mapping::lost(&call, error))?.tags;
        return Ok(shapes::ListTagsResponse { tags: Some(tags) });
    }
    let id = tagged(&call, &input.resource)?;
    let tags = call.services.functions().read(|read| tag::tags(read, &id));
    Ok(shapes::ListTagsResponse { tags: Some(tags.map_err(|error| refuse(&call, &id, error))?) })
}

/// The function of an ARN that may name other things, too.
fn tagged(call: &Call, resource: &str) -> Result<FunctionId, Error> {
    if !resource.contains(":function:") {
        return Err(not_yet("A resource of this kind"));
    }
    let target = Target::read(call, resource, None)?;
    match target.qualifier {
        None => Ok(target.id),
        Some(_) => Err(invalid(
            "Tags on function aliases and versions are not supported. Please specify either a function ARN or an event source mapping ARN.",
        )),
    }
}
