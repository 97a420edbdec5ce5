//! EventBridge: buses, rules and their targets, archives and replays.
//!
//! Start reading at [`TABLE`]. Names and ARNs are read in [`name`]; each operation decodes, calls one rule of
//! `services::bus`, and encodes. What a refusal says is in [`refusal`].
//!
//! Source for texts that the model does not have: answers of the service quoted in public issue threads (read 2026-11-24).

mod archive;
mod bus;
mod event;
mod name;
mod pattern;
mod permission;
mod refusal;
mod replay;
mod rule;
mod tag;
mod target;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::error;
use crate::operation::{Row, Table};
use crate::shapes::events as shapes;
pub(crate) use name::receiver;
use name::{
    anything, archive_by_name, bus_by_name, bus_of_event, bus_of_rules, replay_by_name, rule_by_name, rule_of_targets,
    tagged,
};

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "events",
    service: &shapes::SERVICE,
    invalid: &error::VALIDATION,
    rows: buses().into_iter().chain(rules()).chain(archives()).collect(),
});

fn buses() -> Vec<Row> {
    vec![
        Row::new(&shapes::CREATE_EVENT_BUS_OPERATION, "events:CreateEventBus", bus_by_name, bus::create),
        Row::new(&shapes::UPDATE_EVENT_BUS_OPERATION, "events:UpdateEventBus", bus_by_name, bus::update),
        Row::new(&shapes::DELETE_EVENT_BUS_OPERATION, "events:DeleteEventBus", bus_by_name, bus::delete),
        Row::new(&shapes::DESCRIBE_EVENT_BUS_OPERATION, "events:DescribeEventBus", bus_by_name, bus::describe),
        Row::new(&shapes::LIST_EVENT_BUSES_OPERATION, "events:ListEventBuses", anything, bus::list),
        Row::new(&shapes::PUT_EVENTS_OPERATION, "events:PutEvents", event::bus_of_entries, event::put)
            .body_max(event::BODY_BYTES_MAX),
        Row::new(&shapes::PUT_PERMISSION_OPERATION, "events:PutPermission", bus_of_event, permission::put),
        Row::new(&shapes::REMOVE_PERMISSION_OPERATION, "events:RemovePermission", bus_of_event, permission::remove),
        Row::new(&shapes::TAG_RESOURCE_OPERATION, "events:TagResource", tagged, tag::add),
        Row::new(&shapes::UNTAG_RESOURCE_OPERATION, "events:UntagResource", tagged, tag::remove),
        Row::new(&shapes::LIST_TAGS_FOR_RESOURCE_OPERATION, "events:ListTagsForResource", tagged, tag::list),
    ]
}

fn rules() -> Vec<Row> {
    vec![
        Row::new(&shapes::PUT_RULE_OPERATION, "events:PutRule", rule_by_name, rule::put),
        Row::new(&shapes::DESCRIBE_RULE_OPERATION, "events:DescribeRule", rule_by_name, rule::describe),
        Row::new(&shapes::DELETE_RULE_OPERATION, "events:DeleteRule", rule_by_name, rule::delete),
        Row::new(&shapes::LIST_RULES_OPERATION, "events:ListRules", bus_of_rules, rule::list),
        Row::new(&shapes::ENABLE_RULE_OPERATION, "events:EnableRule", rule_by_name, rule::enable),
        Row::new(&shapes::DISABLE_RULE_OPERATION, "events:DisableRule", rule_by_name, rule::disable),
        Row::new(&shapes::TEST_EVENT_PATTERN_OPERATION, "events:TestEventPattern", anything, pattern::test),
        Row::new(&shapes::PUT_TARGETS_OPERATION, "events:PutTargets", rule_of_targets, target::put),
        Row::new(&shapes::REMOVE_TARGETS_OPERATION, "events:RemoveTargets", rule_of_targets, target::remove),
        Row::new(&shapes::LIST_TARGETS_BY_RULE_OPERATION, "events:ListTargetsByRule", rule_of_targets, target::list),
        Row::new(
            &shapes::LIST_RULE_NAMES_BY_TARGET_OPERATION,
            "events:ListRuleNamesByTarget",
            bus_of_rules,
            target::rule_names,
        ),
    ]
}

fn archives() -> Vec<Row> {
    vec![
        Row::new(&shapes::CREATE_ARCHIVE_OPERATION, "events:CreateArchive", archive_by_name, archive::create),
        Row::new(&shapes::UPDATE_ARCHIVE_OPERATION, "events:UpdateArchive", archive_by_name, archive::update),
        Row::new(&shapes::DELETE_ARCHIVE_OPERATION, "events:DeleteArchive", archive_by_name, archive::delete),
        Row::new(&shapes::DESCRIBE_ARCHIVE_OPERATION, "events:DescribeArchive", archive_by_name, archive::describe),
        Row::new(&shapes::LIST_ARCHIVES_OPERATION, "events:ListArchives", anything, archive::list),
        Row::new(&shapes::START_REPLAY_OPERATION, "events:StartReplay", replay_by_name, replay::start),
        Row::new(&shapes::CANCEL_REPLAY_OPERATION, "events:CancelReplay", replay_by_name, replay::cancel),
        Row::new(&shapes::DESCRIBE_REPLAY_OPERATION, "events:DescribeReplay", replay_by_name, replay::describe),
        Row::new(&shapes::LIST_REPLAYS_OPERATION, "events:ListReplays", anything, replay::list),
    ]
}
