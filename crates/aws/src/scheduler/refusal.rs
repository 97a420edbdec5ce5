//! What refusals say.

use services::schedule;

use crate::error::Error;
use crate::page;
use crate::shapes::scheduler::error as kinds;

pub fn refuse(error: schedule::Error) -> Error {
    use schedule::Error as Why;
    match error {
        Why::NoSuchSchedule(name) => not_found(format!("Schedule {name} does not exist.")),
        Why::NoSuchGroup(name) => not_found(format!("Schedule group {name} does not exist.")),
        Why::ScheduleExists(name) => kinds::CONFLICT_EXCEPTION.with(format!("Schedule {name} already exists.")),
        Why::GroupExists(name) => kinds::CONFLICT_EXCEPTION.with(format!("Schedule group {name} already exists.")),
        Why::DefaultStays => invalid("Default schedule group cannot be deleted."),
        Why::TooManyGroups => kinds::SERVICE_QUOTA_EXCEEDED_EXCEPTION
            .with("The requested resource exceeds the maximum number of schedule groups allowed."),
        Why::TooManyTags => invalid("The number of tags exceeds the limit of 200."),
        Why::BadExpression => invalid("Invalid Schedule Expression."), // the handler knows which
        Why::BadZone => invalid("The ScheduleExpressionTimezone you specify is not a valid time zone."),
        Why::BeginsInThePast => invalid("The StartDate you specify cannot be earlier than 5 minutes ago."),
        Why::EndsBeforeItBegins => invalid("The StartDate you specify must come before the EndDate you specify."),
        Why::EndsInThePast => invalid("The EndDate you specify must be in the future."),
        Why::Unreadable(error) => Error::internal(&error),
        Why::Store(error) => Error::internal(&error),
    }
}

pub fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    kinds::VALIDATION_EXCEPTION.with(text)
}

fn not_found(text: String) -> Error {
    kinds::RESOURCE_NOT_FOUND_EXCEPTION.with(text)
}

pub fn bad_token(_: page::BadToken) -> Error {
    invalid("Invalid NextToken provided.")
}
