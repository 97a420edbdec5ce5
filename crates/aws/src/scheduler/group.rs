//! Operations on groups.

use services::schedule::Name;
use services::schedule::group::{self, Group};

use super::name;
use super::refusal::{bad_token, refuse};
use super::tag::tags_of;
use crate::call::Call;
use crate::error::Error;
use crate::page;
use crate::shapes::scheduler as shapes;

/// Groups go at once, with all that is in them.
const ACTIVE: &str = "ACTIVE";

pub async fn create(
    call: Call,
    input: shapes::CreateScheduleGroupInput,
) -> Result<shapes::CreateScheduleGroupOutput, Error> {
    let id = name::group(&call, Some(&input.name))?;
    let (tags, token) = (tags_of(input.tags.as_deref().unwrap_or_default())?, input.client_token.as_deref());
    call.services.transact(|tx| group::create(tx, &id, &tags, token)).await.map_err(refuse)?;
    Ok(shapes::CreateScheduleGroupOutput { schedule_group_arn: name::group_arn(&call, &id.name) })
}

pub async fn get(call: Call, input: shapes::GetScheduleGroupInput) -> Result<shapes::GetScheduleGroupOutput, Error> {
    let id = name::group(&call, Some(&input.name))?;
    let group = call.services.store().read(|read| group::find(read, &id)).map_err(refuse)?;
    let created = seconds(&group);
    Ok(shapes::GetScheduleGroupOutput {
        arn: Some(name::group_arn(&call, &id.name)),
        name: Some(id.name.to_string()),
        state: Some(ACTIVE.to_owned()),
        creation_date: Some(created),
        last_modification_date: Some(created),
    })
}

pub async fn delete(
    call: Call,
    input: shapes::DeleteScheduleGroupInput,
) -> Result<shapes::DeleteScheduleGroupOutput, Error> {
    let id = name::group(&call, Some(&input.name))?;
    while !call.services.transact(|tx| group::delete(tx, &id)).await.map_err(refuse)? {}
    Ok(shapes::DeleteScheduleGroupOutput {})
}

pub async fn list(
    call: Call,
    input: shapes::ListScheduleGroupsInput,
) -> Result<shapes::ListScheduleGroupsOutput, Error> {
    let (size, after) = (page::size(input.max_results), page::after(input.next_token.as_deref()).map_err(bad_token)?);
    let (scope, prefix) = (name::scope(&call), input.name_prefix.as_deref().unwrap_or_default());
    let found = call.services.store().read(|read| group::list(read, &scope, prefix, after.as_deref(), size + 1));
    let (groups, next_token) = page::cut(found.map_err(refuse)?, size, |(name, _)| name.to_string());
    let schedule_groups = groups.iter().map(|(name, group)| listed(&call, name, group)).collect();
    Ok(shapes::ListScheduleGroupsOutput { next_token, schedule_groups })
}

fn listed(call: &Call, name: &Name, group: &Group) -> shapes::ScheduleGroupSummary {
    shapes::ScheduleGroupSummary {
        arn: Some(name::group_arn(call, name)),
        name: Some(name.to_string()),
        state: Some(ACTIVE.to_owned()),
        creation_date: Some(seconds(group)),
        last_modification_date: Some(seconds(group)),
    }
}

fn seconds(group: &Group) -> f64 {
    group.created().millis() as f64 / 1000.0
}
