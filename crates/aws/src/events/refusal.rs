//! What refusals say.

use services::bus;

use crate::error::{self, Error};
use crate::shapes::events::error as kinds;

pub fn refuse(error: bus::Error) -> Error {
    match error {
        bus::Error::NoSuchBus(name) => no_such_bus(name.as_str()),
        bus::Error::BusExists(name) => {
            kinds::RESOURCE_ALREADY_EXISTS_EXCEPTION.with(format!("Event bus {name} already exists."))
        }
        bus::Error::DefaultStays => invalid("Cannot delete event bus default."),
        bus::Error::BusHasRules => invalid("EventBus can't be deleted since it has rules."),
        bus::Error::NoSuchRule(rule) => {
            not_found(format!("Rule {} does not exist on EventBus {}.", rule.name, rule.bus.name))
        }
        bus::Error::RuleHasTargets => invalid("Rule can't be deleted since it has targets."),
        bus::Error::NothingToWaitFor => invalid("Parameter(s) EventPattern or ScheduleExpression must be specified."),
        bus::Error::ScheduleOffDefault => invalid("ScheduleExpression is supported only on the default event bus."),
        bus::Error::BadSchedule => invalid("Parameter ScheduleExpression is not valid."),
        bus::Error::BadPattern(reason) => bad_pattern(&reason),
        bus::Error::TooMany(_) => {
            kinds::LIMIT_EXCEEDED_EXCEPTION.with("The requested resource exceeds the maximum number allowed.")
        }
        bus::Error::TooManyTags => invalid("The number of tags exceeds the limit of 50."),
        bus::Error::NoSuchArchive(name) => not_found(format!("Archive {name} does not exist.")),
        bus::Error::ArchiveExists(name) => {
            kinds::RESOURCE_ALREADY_EXISTS_EXCEPTION.with(format!("Archive {name} already exists."))
        }
        bus::Error::NoSuchReplay(name) => not_found(format!("Replay {name} does not exist.")),
        bus::Error::ReplayExists(name) => {
            kinds::RESOURCE_ALREADY_EXISTS_EXCEPTION.with(format!("Replay {name} already exists."))
        }
        bus::Error::ReplayIsOver(name) => {
            kinds::ILLEGAL_STATUS_EXCEPTION.with(format!("Replay {name} is not in a valid state for this operation."))
        }
        bus::Error::OtherBus => bad_parameter("Destination.Arn", "Cross event bus replay is not permitted."),
        bus::Error::EndsBeforeItStarts => bad_parameter("EventEndTime", "EventStartTime must be before EventEndTime."),
        bus::Error::NoPolicy => not_found("EventBus does not have a policy."),
        bus::Error::NoSuchStatement => not_found("Statement with the provided id does not exist."),
        bus::Error::PolicyTooLong { .. } => {
            kinds::POLICY_LENGTH_EXCEEDED_EXCEPTION.with("The event bus policy is too long.")
        }
        bus::Error::Unreadable(error) => Error::internal(&error),
        bus::Error::Store(error) => Error::internal(&error),
    }
}

pub fn bad_pattern(reason: &services::pattern::Invalid) -> Error {
    kinds::INVALID_EVENT_PATTERN_EXCEPTION.with(format!("Event pattern is not valid. Reason: {reason}"))
}

pub fn no_such_bus(name: &str) -> Error {
    not_found(format!("Event bus {name} does not exist."))
}

pub fn bad_parameter(name: &str, reason: &str) -> Error {
    invalid(format!("Parameter {name} is not valid. Reason: {reason}"))
}

pub fn bad_arn(arn: &str) -> Error {
    invalid(format!("Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."))
}

pub fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    error::VALIDATION.with(text)
}

pub fn not_found(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    kinds::RESOURCE_NOT_FOUND_EXCEPTION.with(text)
}

pub fn bad_token(_: crate::page::BadToken) -> Error {
    invalid("Parameter NextToken is not valid.")
}
