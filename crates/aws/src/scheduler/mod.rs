//! EventBridge Scheduler: schedules and their groups.
//!
//! Start reading at [`TABLE`]. Names and ARNs are read in [`name`], targets in [`target`]; each operation decodes, calls
//! one rule of `services::schedule`, and encodes. What a refusal says is in [`refusal`].
//!
//! Source for texts that the model does not have: answers of the service quoted in public issue threads, where there are
//! any (read 2026-11-24).

mod group;
mod name;
mod refusal;
mod schedule;
mod tag;
mod target;

use std::sync::LazyLock;

use crate::operation::{Row, Table};
use crate::shapes::scheduler as shapes;
use name::{anything, group_by_name, schedule_by_name, tagged};

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "scheduler",
    service: &shapes::SERVICE,
    invalid: &shapes::error::VALIDATION_EXCEPTION,
    rows: schedules().into_iter().chain(groups()).collect(),
});

fn schedules() -> Vec<Row> {
    vec![
        Row::new(&shapes::CREATE_SCHEDULE_OPERATION, "scheduler:CreateSchedule", schedule_by_name, schedule::create),
        Row::new(&shapes::GET_SCHEDULE_OPERATION, "scheduler:GetSchedule", schedule_by_name, schedule::get),
        Row::new(&shapes::UPDATE_SCHEDULE_OPERATION, "scheduler:UpdateSchedule", schedule_by_name, schedule::update),
        Row::new(&shapes::DELETE_SCHEDULE_OPERATION, "scheduler:DeleteSchedule", schedule_by_name, schedule::delete),
        Row::new(&shapes::LIST_SCHEDULES_OPERATION, "scheduler:ListSchedules", anything, schedule::list),
    ]
}

fn groups() -> Vec<Row> {
    vec![
        Row::new(
            &shapes::CREATE_SCHEDULE_GROUP_OPERATION,
            "scheduler:CreateScheduleGroup",
            group_by_name,
            group::create,
        ),
        Row::new(&shapes::GET_SCHEDULE_GROUP_OPERATION, "scheduler:GetScheduleGroup", group_by_name, group::get),
        Row::new(
            &shapes::DELETE_SCHEDULE_GROUP_OPERATION,
            "scheduler:DeleteScheduleGroup",
            group_by_name,
            group::delete,
        ),
        Row::new(&shapes::LIST_SCHEDULE_GROUPS_OPERATION, "scheduler:ListScheduleGroups", anything, group::list),
        Row::new(&shapes::TAG_RESOURCE_OPERATION, "scheduler:TagResource", tagged, tag::add),
        Row::new(&shapes::UNTAG_RESOURCE_OPERATION, "scheduler:UntagResource", tagged, tag::remove),
        Row::new(&shapes::LIST_TAGS_FOR_RESOURCE_OPERATION, "scheduler:ListTagsForResource", tagged, tag::list),
    ]
}
