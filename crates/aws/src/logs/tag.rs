//! Tags of groups, in the newer form by ARN and the older by name.

use std::collections::BTreeMap;

use services::log::Group;
use services::log::group::{self as rules, Settings};

use super::{group, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::logs as shapes;

pub async fn tag_resource(call: Call, input: shapes::TagResourceRequest) -> Result<(), Error> {
    let group = by_arn(&call, &input.resource_arn)?;
    add(&call, &group, &input.tags).await
}

pub async fn untag_resource(call: Call, input: shapes::UntagResourceRequest) -> Result<(), Error> {
    let group = by_arn(&call, &input.resource_arn)?;
    remove(&call, &group, &input.tag_keys).await
}

pub fn list_tags_for_resource(
    call: Call,
    input: shapes::ListTagsForResourceRequest,
) -> Result<shapes::ListTagsForResourceResponse, Error> {
    let group = by_arn(&call, &input.resource_arn)?;
    Ok(shapes::ListTagsForResourceResponse { tags: Some(tags(&call, &group)?) })
}

pub async fn tag_log_group(call: Call, input: shapes::TagLogGroupRequest) -> Result<(), Error> {
    add(&call, &group::named(&call, &input.log_group_name), &input.tags).await
}

pub async fn untag_log_group(call: Call, input: shapes::UntagLogGroupRequest) -> Result<(), Error> {
    remove(&call, &group::named(&call, &input.log_group_name), &input.tags).await
}

pub fn list_tags_log_group(
    call: Call,
    input: shapes::ListTagsLogGroupRequest,
) -> Result<shapes::ListTagsLogGroupResponse, Error> {
    let group = group::named(&call, &input.log_group_name);
    Ok(shapes::ListTagsLogGroupResponse { tags: Some(tags(&call, &group)?) })
}

fn by_arn(call: &Call, arn: &str) -> Result<Group, Error> {
    Ok(group::named(call, group::in_arn(call, arn)?))
}

fn tags(call: &Call, group: &Group) -> Result<BTreeMap<String, String>, Error> {
    Ok(rules::settings(call.services.store(), group).map_err(refuse)?.tags)
}

async fn add(call: &Call, group: &Group, tags: &BTreeMap<String, String>) -> Result<(), Error> {
    let set = |settings: &mut Settings| {
        settings.tags.extend(tags.clone());
        Ok(())
    };
    rules::change(call.services.store(), group, set).await.map_err(refuse)
}

async fn remove(call: &Call, group: &Group, keys: &[String]) -> Result<(), Error> {
    let set = |settings: &mut Settings| {
        settings.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    };
    rules::change(call.services.store(), group, set).await.map_err(refuse)
}
