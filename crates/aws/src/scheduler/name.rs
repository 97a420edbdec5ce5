//! The names that schedules and groups go by.

use serde_json::Value;
use services::function::Scope;
use services::schedule::{DEFAULT, GroupId, Name, ScheduleId};

use super::refusal::invalid;
use crate::call::Call;
use crate::error::Error;
use crate::operation::Members;

pub fn scope(call: &Call) -> Scope {
    Scope { account: call.account.clone(), region: call.region.clone() }
}

pub fn parse(text: &str) -> Result<Name, Error> {
    Name::parse(text).map_err(|malformed| invalid(malformed.to_string()))
}

pub fn group(call: &Call, name: Option<&str>) -> Result<GroupId, Error> {
    Ok(GroupId { scope: scope(call), name: parse(name.unwrap_or(DEFAULT))? })
}

pub fn schedule(call: &Call, of: Option<&str>, name: &str) -> Result<ScheduleId, Error> {
    Ok(ScheduleId { group: group(call, of)?, name: parse(name)? })
}

pub fn group_arn(call: &Call, name: &Name) -> String {
    call.arn("scheduler", format_args!("schedule-group/{name}"))
}

pub fn schedule_arn(call: &Call, id: &ScheduleId) -> String {
    call.arn("scheduler", format_args!("schedule/{}/{}", id.group.name, id.name))
}

/// The group of an ARN: nothing else has tags.
pub fn group_of_arn(call: &Call, arn: &str) -> Result<GroupId, Error> {
    let prefix = call.arn("scheduler", "schedule-group/");
    match arn.strip_prefix(&prefix) {
        Some(name) => group(call, Some(name)),
        None => Err(invalid("Provided Arn is not in correct format.")),
    }
}

pub fn anything(_: &Call, _: &Members) -> String {
    "*".to_owned()
}

fn text<'a>(members: &'a Members, key: &str) -> Option<&'a str> {
    members.get(key).and_then(Value::as_str)
}

pub fn group_by_name(call: &Call, members: &Members) -> String {
    call.arn("scheduler", format_args!("schedule-group/{}", text(members, "Name").unwrap_or("*")))
}

/// The group is in the body, or in the query under one of two names.
pub fn schedule_by_name(call: &Call, members: &Members) -> String {
    let group = text(members, "GroupName").or_else(|| text(members, "groupName")).unwrap_or(DEFAULT);
    call.arn("scheduler", format_args!("schedule/{group}/{}", text(members, "Name").unwrap_or("*")))
}

pub fn tagged(_: &Call, members: &Members) -> String {
    text(members, "ResourceArn").unwrap_or("*").to_owned()
}
