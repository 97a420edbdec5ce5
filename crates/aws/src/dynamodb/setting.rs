//! Tags and expiry of tables.

use services::table::TableId;

use super::{name, refusal};
use crate::call::Call;
use crate::error::{self, Error};
use crate::shapes::dynamodb::error::RESOURCE_NOT_FOUND_EXCEPTION;
use crate::shapes::dynamodb::{
    DescribeTimeToLiveInput, DescribeTimeToLiveOutput, ListTagsOfResourceInput, ListTagsOfResourceOutput, Tag,
    TagResourceInput, TimeToLiveDescription, UntagResourceInput, UpdateTimeToLiveInput, UpdateTimeToLiveOutput,
};

pub async fn tag_resource(call: Call, input: TagResourceInput) -> Result<(), Error> {
    let id = in_arn(&call, &input.resource_arn)?;
    let tags: Vec<(String, String)> = input.tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    call.services.tables().tag(&id, &tags, &[]).await.map_err(|error| missing(error, &input.resource_arn))
}

pub async fn untag_resource(call: Call, input: UntagResourceInput) -> Result<(), Error> {
    let id = in_arn(&call, &input.resource_arn)?;
    call.services.tables().tag(&id, &[], &input.tag_keys).await.map_err(|error| missing(error, &input.resource_arn))
}

pub async fn list_tags_of_resource(
    call: Call,
    input: ListTagsOfResourceInput,
) -> Result<ListTagsOfResourceOutput, Error> {
    let id = in_arn(&call, &input.resource_arn)?;
    let described = call.services.tables().describe(&id);
    let (table, _, _) = described.map_err(|error| missing(error, &input.resource_arn))?;
    let tags = table.settings.tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() });
    Ok(ListTagsOfResourceOutput { tags: Some(tags.collect()), next_token: None })
}

fn in_arn(call: &Call, arn: &str) -> Result<TableId, Error> {
    let id = name::in_arn(arn).ok_or_else(|| {
        error::VALIDATION.with(format!("Invalid TableArn: Invalid ResourceArn provided as input {arn}"))
    })?;
    match id.account == call.account {
        true => Ok(id),
        false => Err(call.denied("dynamodb:TagResource", arn)),
    }
}

fn missing(error: services::table::Error, arn: &str) -> Error {
    match error {
        services::table::Error::NoSuchTable { .. } => {
            RESOURCE_NOT_FOUND_EXCEPTION.with(format!("Requested resource not found: ResourcArn: {arn} not found"))
        }
        other => refusal::of_table(other),
    }
}

pub async fn update_time_to_live(call: Call, input: UpdateTimeToLiveInput) -> Result<UpdateTimeToLiveOutput, Error> {
    let id = name::table(&call, &input.table_name)?;
    let asked = input.time_to_live_specification;
    let tables = call.services.tables();
    tables.set_expiry(&id, &asked.attribute_name, asked.enabled).await.map_err(refusal::of_table)?;
    Ok(UpdateTimeToLiveOutput { time_to_live_specification: Some(asked) })
}

pub async fn describe_time_to_live(
    call: Call,
    input: DescribeTimeToLiveInput,
) -> Result<DescribeTimeToLiveOutput, Error> {
    let id = name::table(&call, &input.table_name)?;
    let (table, _, _) = call.services.tables().describe(&id).map_err(refusal::of_table)?;
    let expiry = table.settings.expiry.as_ref();
    let status = if expiry.is_some() { "ENABLED" } else { "DISABLED" };
    Ok(DescribeTimeToLiveOutput {
        time_to_live_description: Some(TimeToLiveDescription {
            time_to_live_status: Some(status.to_owned()),
            attribute_name: expiry.map(|expiry| expiry.attribute.clone()),
        }),
    })
}
