//! CloudWatch Logs: what functions wrote, read only.
//!
//! Start reading at [`TABLE`]. A group is there once its function has written something; groups are found in `group`,
//! events in `event`, the patterns that choose among them in `pattern`.

mod event;
mod group;
mod pattern;

use std::sync::LazyLock;

use serde_json::Value;

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
        Row::new(
            &shapes::DESCRIBE_LOG_GROUPS_OPERATION,
            "logs:DescribeLogGroups",
            all_groups,
            group::describe_log_groups,
        ),
        Row::new(
            &shapes::DESCRIBE_LOG_STREAMS_OPERATION,
            "logs:DescribeLogStreams",
            group,
            group::describe_log_streams,
        ),
        Row::new(&shapes::FILTER_LOG_EVENTS_OPERATION, "logs:FilterLogEvents", group, event::filter_log_events),
        Row::new(&shapes::GET_LOG_EVENTS_OPERATION, "logs:GetLogEvents", group, event::get_log_events),
    ],
});

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

fn invalid(text: &'static str) -> Error {
    INVALID.with(text)
}
