//! Groups and streams.

use services::log::Group;
use services::log::group;
use services::log::read::{self, Found, Stream};

use store::Timestamp;

use super::{invalid, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::logs::{
    DescribeLogGroupsRequest, DescribeLogGroupsResponse, DescribeLogStreamsRequest, DescribeLogStreamsResponse,
    LogGroup, LogStream,
};

/// Entries of a page where the request names no limit. Source: CloudWatch Logs API model (read 2026-11-24).
const PAGE_ENTRIES: usize = 50;

/// The group that a request names; it must be there.
pub fn existing(call: &Call, name: Option<&str>, identifier: Option<&str>) -> Result<Group, Error> {
    let text = match (name, identifier) {
        (Some(_), Some(_)) => return Err(invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters.")),
        (None, None) => return Err(invalid("At least one of logGroupName or logGroupIdentifier must be specified.")),
        (Some(name), None) => name,
        (None, Some(identifier)) => in_arn(call, identifier)?,
    };
    let group = named(call, text);
    match group::is_there(call.services.store(), &group).map_err(refuse)? {
        true => Ok(group),
        false => Err(refuse(group::Error::NoGroup)),
    }
}

/// Whether the group has each of these streams.
pub fn existing_streams(call: &Call, group: &Group, names: &[String]) -> Result<(), Error> {
    let common = if let [name] = names { name } else { "" };
    let streams = read::streams(call.services.store(), group, common).map_err(refuse)?;
    let is_there = |name: &String| streams.binary_search_by(|stream| stream.name.cmp(name)).is_ok();
    match names.iter().all(is_there) {
        true => Ok(()),
        false => Err(refuse(group::Error::NoStream)),
    }
}

/// The name in an identifier, which is an ARN or the name itself.
pub fn in_arn<'a>(call: &Call, identifier: &'a str) -> Result<&'a str, Error> {
    if !identifier.starts_with("arn:") {
        return Ok(identifier);
    }
    let here = call.arn("logs", "log-group:");
    match identifier.strip_prefix(here.as_str()) {
        Some(name) => Ok(name.strip_suffix(":*").unwrap_or(name)),
        None => Err(refuse(group::Error::NoGroup)),
    }
}

pub fn named(call: &Call, name: &str) -> Group {
    Group { account: call.account.clone(), region: call.region.clone(), name: name.to_owned() }
}

pub fn describe_log_groups(call: Call, input: DescribeLogGroupsRequest) -> Result<DescribeLogGroupsResponse, Error> {
    let (prefix, pattern) = (input.log_group_name_prefix.as_deref(), input.log_group_name_pattern.as_deref());
    if prefix.is_some() && pattern.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let limit = limit(input.limit);
    let after = input.next_token.as_deref().unwrap_or_default();
    let pattern = pattern.map(str::to_lowercase);
    let wanted = |name: &str| {
        name > after
            && prefix.is_none_or(|prefix| name.starts_with(prefix))
            && pattern.as_ref().is_none_or(|pattern| name.to_lowercase().contains(pattern))
    };
    let class = input.log_group_class.as_deref();
    let found = read::groups(call.services.store(), &call.account, &call.region).map_err(refuse)?.into_iter();
    let wanted = found.filter(|found| wanted(&found.group.name) && class.is_none_or(|class| class == class_of(found)));
    let mut groups: Vec<LogGroup> = wanted.take(limit + 1).map(|found| described(&call, found)).collect();
    let next_token = match groups.len() > limit {
        true => {
            groups.truncate(limit);
            groups.last().and_then(|group| group.log_group_name.clone())
        }
        false => None,
    };
    Ok(DescribeLogGroupsResponse { log_groups: Some(groups), next_token })
}

fn class_of(found: &Found) -> &str {
    found.settings.class.as_deref().unwrap_or("STANDARD")
}

fn described(call: &Call, found: Found) -> LogGroup {
    let arn = call.arn("logs", format_args!("log-group:{}", found.group.name));
    LogGroup {
        log_group_class: Some(class_of(&found).to_owned()),
        retention_in_days: found.settings.retention_days.and_then(|days| i32::try_from(days).ok()),
        log_group_name: Some(found.group.name),
        creation_time: Some(found.created.millis()),
        metric_filter_count: Some(0),
        arn: Some(format!("{arn}:*")),
        stored_bytes: Some(i64::try_from(found.bytes).unwrap_or(i64::MAX)),
        log_group_arn: Some(arn),
        ..LogGroup::default()
    }
}

pub fn describe_log_streams(call: Call, input: DescribeLogStreamsRequest) -> Result<DescribeLogStreamsResponse, Error> {
    let by_time = input.order_by.as_deref() == Some("LastEventTime");
    if by_time && input.log_stream_name_prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let group = existing(&call, input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    let prefix = input.log_stream_name_prefix.as_deref().unwrap_or_default();
    let mut streams = read::streams(call.services.store(), &group, prefix).map_err(refuse)?;
    if by_time {
        streams.sort_by(|one, other| (one.last, &one.name).cmp(&(other.last, &other.name)));
    }
    if input.descending == Some(true) {
        streams.reverse();
    }
    // The token names the last stream of the page before: new streams do not shift what follows it.
    let given = input.next_token.as_deref();
    let start = match given {
        Some(token) => streams.iter().position(|stream| stream.name == token).map(|place| place + 1),
        None => Some(0),
    };
    let start = start.ok_or_else(|| invalid("The specified nextToken is invalid."))?;
    let limit = limit(input.limit);
    let page = &streams[start..streams.len().min(start + limit)];
    let more = start + page.len() < streams.len();
    let next_token = page.last().filter(|_| more).map(|stream| stream.name.clone());
    Ok(DescribeLogStreamsResponse {
        log_streams: Some(page.iter().map(|stream| described_stream(&call, &group, stream)).collect()),
        next_token,
    })
}

fn described_stream(call: &Call, group: &Group, stream: &Stream) -> LogStream {
    LogStream {
        log_stream_name: Some(stream.name.clone()),
        creation_time: Some(stream.created.millis()),
        first_event_timestamp: stream.first.map(Timestamp::millis),
        last_event_timestamp: stream.last.map(Timestamp::millis),
        last_ingestion_time: stream.last.map(Timestamp::millis),
        upload_sequence_token: stream.last.map(|last| last.millis().to_string()),
        arn: Some(call.arn("logs", format_args!("log-group:{}:log-stream:{}", group.name, stream.name))),
        // Deprecated for streams; always 0 since 2019.
        stored_bytes: Some(0),
    }
}

fn limit(given: Option<i32>) -> usize {
    given.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_ENTRIES)
}
