//! CloudWatch Logs: what functions wrote, and what others write.
//!
//! Start reading at [`TABLE`]. A group is there once somebody made it or its function has written something; groups are
//! found in `group` and made in `manage`, their tags are in `tag`, events in `event` and `put`, the patterns that choose
//! among events in `pattern`.

mod event;
mod group;
mod manage;
mod pattern;
mod put;
mod tag;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde_json::Value;
use services::run::BoxFuture;

use crate::call::Call;
use crate::error::{Error, Kind};
use crate::operation::{Members, Row, Table};
use crate::shapes::logs as shapes;

static INVALID: &Kind = &shapes::error::INVALID_PARAMETER_EXCEPTION;

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "logs",
    service: &shapes::SERVICE,
    invalid: INVALID,
    rows: vec![
        Row::new(&shapes::CREATE_LOG_GROUP_OPERATION, "logs:CreateLogGroup", group, manage::create_log_group),
        Row::new(&shapes::DELETE_LOG_GROUP_OPERATION, "logs:DeleteLogGroup", group, manage::delete_log_group),
        Row::new(&shapes::CREATE_LOG_STREAM_OPERATION, "logs:CreateLogStream", group, manage::create_log_stream),
        Row::new(&shapes::DELETE_LOG_STREAM_OPERATION, "logs:DeleteLogStream", stream, manage::delete_log_stream),
        Row::new(
            &shapes::PUT_RETENTION_POLICY_OPERATION,
            "logs:PutRetentionPolicy",
            group,
            manage::put_retention_policy,
        ),
        Row::new(
            &shapes::DELETE_RETENTION_POLICY_OPERATION,
            "logs:DeleteRetentionPolicy",
            group,
            manage::delete_retention_policy,
        ),
        Row::new(&shapes::TAG_RESOURCE_OPERATION, "logs:TagResource", tagged, tag::tag_resource),
        Row::new(&shapes::UNTAG_RESOURCE_OPERATION, "logs:UntagResource", tagged, tag::untag_resource),
        Row::new(
            &shapes::LIST_TAGS_FOR_RESOURCE_OPERATION,
            "logs:ListTagsForResource",
            tagged,
            on_disk(tag::list_tags_for_resource),
        ),
        Row::new(&shapes::TAG_LOG_GROUP_OPERATION, "logs:TagLogGroup", group, tag::tag_log_group),
        Row::new(&shapes::UNTAG_LOG_GROUP_OPERATION, "logs:UntagLogGroup", group, tag::untag_log_group),
        Row::new(
            &shapes::LIST_TAGS_LOG_GROUP_OPERATION,
            "logs:ListTagsLogGroup",
            group,
            on_disk(tag::list_tags_log_group),
        ),
        Row::new(&shapes::PUT_LOG_EVENTS_OPERATION, "logs:PutLogEvents", stream, on_disk(put::put_log_events))
            .body_max(put::BODY_BYTES_MAX),
        Row::new(
            &shapes::DESCRIBE_LOG_GROUPS_OPERATION,
            "logs:DescribeLogGroups",
            all_groups,
            on_disk(group::describe_log_groups),
        ),
        Row::new(
            &shapes::DESCRIBE_LOG_STREAMS_OPERATION,
            "logs:DescribeLogStreams",
            group,
            on_disk(group::describe_log_streams),
        ),
        Row::new(
            &shapes::FILTER_LOG_EVENTS_OPERATION,
            "logs:FilterLogEvents",
            group,
            on_disk(event::filter_log_events),
        ),
        Row::new(&shapes::GET_LOG_EVENTS_OPERATION, "logs:GetLogEvents", group, on_disk(event::get_log_events)),
    ],
});

/// A handler that reads the journal, where its waiting for the disk holds up nobody else.
fn on_disk<I: Send + 'static, O: Send + 'static>(
    work: fn(Call, I) -> Result<O, Error>,
) -> impl Fn(Call, I) -> BoxFuture<'static, Result<O, Error>> + Copy + Send + Sync {
    move |call, input| {
        let working = tokio::task::spawn_blocking(move || work(call, input));
        Box::pin(async move { working.await.unwrap_or_else(|error| Err(Error::internal(&error))) })
    }
}

fn all_groups(call: &Call, _: &Members) -> String {
    call.arn("logs", "log-group:*")
}

/// The group that a request names, by name or by ARN.
fn group(call: &Call, members: &Members) -> String {
    let text = |key: &str| members.get(key).and_then(Value::as_str);
    match (text("logGroupIdentifier"), text("logGroupName")) {
        (Some(arn), _) if arn.starts_with("arn:") => format!("{arn}:*"),
        (Some(name), _) | (None, Some(name)) => call.arn("logs", format_args!("log-group:{name}:*")),
        (None, None) => "*".to_owned(),
    }
}

/// The stream of a group.
fn stream(call: &Call, members: &Members) -> String {
    let text = |key: &str| members.get(key).and_then(Value::as_str).unwrap_or("*");
    call.arn("logs", format_args!("log-group:{}:log-stream:{}", text("logGroupName"), text("logStreamName")))
}

/// The resource whose tags a request is about.
fn tagged(_: &Call, members: &Members) -> String {
    members.get("resourceArn").and_then(Value::as_str).unwrap_or("*").to_owned()
}

fn refuse(error: services::log::group::Error) -> Error {
    use services::log::group::Error as Refused;
    use shapes::error::{RESOURCE_ALREADY_EXISTS_EXCEPTION, RESOURCE_NOT_FOUND_EXCEPTION};
    match error {
        Refused::GroupExists => RESOURCE_ALREADY_EXISTS_EXCEPTION.with("The specified log group already exists"),
        Refused::NoGroup => RESOURCE_NOT_FOUND_EXCEPTION.with("The specified log group does not exist."),
        Refused::StreamExists => RESOURCE_ALREADY_EXISTS_EXCEPTION.with("The specified log stream already exists"),
        Refused::NoStream => RESOURCE_NOT_FOUND_EXCEPTION.with("The specified log stream does not exist."),
        Refused::Retention(days) => INVALID.with(format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must \
             satisfy enum value set: {:?}",
            services::log::group::RETENTION_DAYS
        )),
        Refused::TooManyTags => {
            shapes::error::TOO_MANY_TAGS_EXCEPTION.with("The log group has more tags than are allowed.")
        }
        Refused::Store(error) => Error::internal(&error),
        Refused::Unreadable(error) => Error::internal(&error),
    }
}

fn invalid(text: &'static str) -> Error {
    INVALID.with(text)
}
