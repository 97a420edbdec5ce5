//! Groups and streams.

use services::function::{self, Scope};
use services::log::read::{self, Stream};
use services::log::{FUNCTION_GROUP_PREFIX, Group, function_group};

use super::invalid;
use crate::call::Call;
use crate::error::Error;
use crate::shapes::logs::error::RESOURCE_NOT_FOUND_EXCEPTION;
use crate::shapes::logs::{
    DescribeLogGroupsRequest, DescribeLogGroupsResponse, DescribeLogStreamsRequest, DescribeLogStreamsResponse,
    LogGroup, LogStream,
};

/// Entries of a page where the request names no limit. Source: CloudWatch Logs API model (read 2026-11-24).
const PAGE_ENTRIES: usize = 50;
/// Functions whose groups are looked for at once.
const FUNCTIONS_AT_ONCE: usize = 1_000;

/// The group that a request names; it must be there.
pub fn existing(call: &Call, name: Option<&str>, identifier: Option<&str>) -> Result<Group, Error> {
    let text = match (name, identifier) {
        (Some(_), Some(_)) => return Err(invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters.")),
        (None, None) => return Err(invalid("At least one of logGroupName or logGroupIdentifier must be specified.")),
        (Some(name), None) => name,
        (None, Some(identifier)) => in_arn(call, identifier)?,
    };
    let group = named(call, text);
    match begins(call, &group)? {
        Some(_) => Ok(group),
        None => Err(RESOURCE_NOT_FOUND_EXCEPTION.with("The specified log group does not exist.")),
    }
}

pub fn existing_stream(call: &Call, group: &Group, name: &str) -> Result<(), Error> {
    let streams = read::streams(call.services.store(), group, name).map_err(|error| Error::internal(&error))?;
    match streams.iter().any(|stream| stream.name == name) {
        true => Ok(()),
        false => Err(RESOURCE_NOT_FOUND_EXCEPTION.with("The specified log stream does not exist.")),
    }
}

/// The name in an identifier, which is an ARN or the name itself.
fn in_arn<'a>(call: &Call, identifier: &'a str) -> Result<&'a str, Error> {
    if !identifier.starts_with("arn:") {
        return Ok(identifier);
    }
    let here = call.arn("logs", "log-group:");
    match identifier.strip_prefix(here.as_str()) {
        Some(name) => Ok(name.strip_suffix(":*").unwrap_or(name)),
        None => Err(RESOURCE_NOT_FOUND_EXCEPTION.with("The specified log group does not exist.")),
    }
}

fn named(call: &Call, name: &str) -> Group {
    Group { account: call.account.clone(), region: call.region.clone(), name: name.to_owned() }
}

fn begins(call: &Call, group: &Group) -> Result<Option<i64>, Error> {
    let begins = read::begins(call.services.store(), group).map_err(|error| Error::internal(&error))?;
    Ok(begins.map(|begins| begins.millis()))
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
    let mut groups = Vec::new();
    for group in function_groups(&call)?.into_iter().filter(|group| wanted(&group.name)) {
        if let Some(begins) = begins(&call, &group)? {
            groups.push(described(&call, group, begins));
        }
        if groups.len() > limit {
            break;
        }
    }
    let next_token = match groups.len() > limit {
        true => {
            groups.truncate(limit);
            groups.last().and_then(|group| group.log_group_name.clone())
        }
        false => None,
    };
    Ok(DescribeLogGroupsResponse { log_groups: Some(groups), next_token })
}

/// Groups of the functions that there are and of those that have left a log, by name.
fn function_groups(call: &Call) -> Result<Vec<Group>, Error> {
    let scope = Scope { account: call.account.clone(), region: call.region.clone() };
    let mut groups = Vec::new();
    let mut after = None;
    loop {
        let page = call
            .services
            .store()
            .read(|read| function::list(read, &scope, after.as_ref(), FUNCTIONS_AT_ONCE))
            .map_err(|error| Error::internal(&error))?;
        groups.extend(page.iter().map(|(id, _)| function_group(&call.account, &call.region, &id.name)));
        match page.last() {
            Some((id, _)) if page.len() == FUNCTIONS_AT_ONCE => after = Some(id.name.clone()),
            Some(_) | None => break,
        }
    }
    let left = call.services.store().read(|read| services::log::left(read, &call.account, &call.region));
    groups.extend(left.map_err(|error| Error::internal(&error))?);
    debug_assert!(groups.iter().all(|group| group.name.starts_with(FUNCTION_GROUP_PREFIX)));
    groups.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    groups.dedup();
    Ok(groups)
}

fn described(call: &Call, group: Group, begins: i64) -> LogGroup {
    let arn = call.arn("logs", format_args!("log-group:{}", group.name));
    LogGroup {
        log_group_name: Some(group.name),
        creation_time: Some(begins),
        metric_filter_count: Some(0),
        arn: Some(format!("{arn}:*")),
        stored_bytes: Some(0),
        log_group_class: Some("STANDARD".to_owned()),
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
    let mut streams = read::streams(call.services.store(), &group, prefix).map_err(|error| Error::internal(&error))?;
    match by_time {
        true => streams.sort_by(|one, other| (one.last, &one.name).cmp(&(other.last, &other.name))),
        false => streams.sort_by(|one, other| one.name.cmp(&other.name)),
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
    let (first, last) = (stream.first.millis(), stream.last.millis());
    LogStream {
        log_stream_name: Some(stream.name.clone()),
        creation_time: Some(first),
        first_event_timestamp: Some(first),
        last_event_timestamp: Some(last),
        last_ingestion_time: Some(last),
        upload_sequence_token: None,
        arn: Some(call.arn("logs", format_args!("log-group:{}:log-stream:{}", group.name, stream.name))),
        // Deprecated for streams; always 0 since 2019.
        stored_bytes: Some(0),
    }
}

fn limit(given: Option<i32>) -> usize {
    given.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_ENTRIES)
}
