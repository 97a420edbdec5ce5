//! Operations on schedules.

use services::schedule::{self, Name, Schedule, ScheduleId, Settings, Wanted};
use store::Timestamp;

use super::refusal::{bad_token, invalid, refuse};
use super::{name, target};
use crate::call::Call;
use crate::error::Error;
use crate::page;
use crate::shapes::scheduler as shapes;

/// The zone of a schedule that names none.
const ZONE: &str = "UTC";

pub async fn create(call: Call, input: shapes::CreateScheduleInput) -> Result<shapes::CreateScheduleOutput, Error> {
    let id = name::schedule(&call, input.group_name.as_deref(), &input.name)?;
    let token = input.client_token.clone();
    let settings = settings(
        &call,
        &Given {
            expression: input.schedule_expression,
            zone: input.schedule_expression_timezone,
            start: input.start_date,
            end: input.end_date,
            state: input.state,
            window: input.flexible_time_window,
            action: input.action_after_completion,
            description: input.description,
            kms_key: input.kms_key_arn,
            target: input.target,
        },
    )?;
    let arn = name::schedule_arn(&call, &id);
    let create = |tx: &mut store::Tx| schedule::create(tx, &id, &arn, &settings, token.as_deref());
    call.services.transact(create).await.map_err(|error| refuse_setting(&settings, error))?;
    Ok(shapes::CreateScheduleOutput { schedule_arn: arn })
}

pub async fn update(call: Call, input: shapes::UpdateScheduleInput) -> Result<shapes::UpdateScheduleOutput, Error> {
    let id = name::schedule(&call, input.group_name.as_deref(), &input.name)?;
    let settings = settings(
        &call,
        &Given {
            expression: input.schedule_expression,
            zone: input.schedule_expression_timezone,
            start: input.start_date,
            end: input.end_date,
            state: input.state,
            window: input.flexible_time_window,
            action: input.action_after_completion,
            description: input.description,
            kms_key: input.kms_key_arn,
            target: input.target,
        },
    )?;
    let updated = call.services.transact(|tx| schedule::update(tx, &id, &settings)).await;
    let schedule = updated.map_err(|error| refuse_setting(&settings, error))?;
    Ok(shapes::UpdateScheduleOutput { schedule_arn: schedule.arn })
}

pub async fn delete(call: Call, input: shapes::DeleteScheduleInput) -> Result<shapes::DeleteScheduleOutput, Error> {
    let id = name::schedule(&call, input.group_name.as_deref(), &input.name)?;
    call.services.transact(|tx| schedule::delete(tx, &id)).await.map_err(refuse)?;
    Ok(shapes::DeleteScheduleOutput {})
}

pub async fn get(call: Call, input: shapes::GetScheduleInput) -> Result<shapes::GetScheduleOutput, Error> {
    let id = name::schedule(&call, input.group_name.as_deref(), &input.name)?;
    let schedule = call.services.store().read(|read| schedule::find(read, &id)).map_err(refuse)?;
    let (creation_date, last_modification_date) = (seconds(schedule.created()), seconds(schedule.modified()));
    let Schedule { arn, settings, .. } = schedule;
    let date = |millis: Option<i64>| millis.map(|millis| seconds(Timestamp::from_millis(millis)));
    Ok(shapes::GetScheduleOutput {
        arn: Some(arn),
        group_name: Some(id.group.name.to_string()),
        name: Some(id.name.to_string()),
        schedule_expression: Some(settings.expression),
        start_date: date(settings.start_millis),
        end_date: date(settings.end_millis),
        description: settings.description,
        schedule_expression_timezone: Some(settings.zone),
        state: Some(state(settings.enabled)),
        creation_date: Some(creation_date),
        last_modification_date: Some(last_modification_date),
        kms_key_arn: settings.kms_key,
        target: Some(target::shown(settings.target)),
        flexible_time_window: Some(shapes::FlexibleTimeWindow {
            mode: if settings.window_mins.is_some() { "FLEXIBLE" } else { "OFF" }.to_owned(),
            maximum_window_in_minutes: settings.window_mins.and_then(|minutes| i32::try_from(minutes).ok()),
        }),
        action_after_completion: Some(if settings.deleted_when_over { "DELETE" } else { "NONE" }.to_owned()),
    })
}

pub async fn list(call: Call, input: shapes::ListSchedulesInput) -> Result<shapes::ListSchedulesOutput, Error> {
    let (size, after) = (page::size(input.max_results), page::after(input.next_token.as_deref()).map_err(bad_token)?);
    let both = |after: String| {
        let (group, name) = after.split_once('/')?;
        Some((Name::parse(group).ok()?, Name::parse(name).ok()?))
    };
    let wanted = Wanted {
        group: input.group_name.as_deref().map(name::parse).transpose()?,
        prefix: input.name_prefix.as_deref().unwrap_or_default(),
        enabled: input.state.map(|state| state == "ENABLED"),
        after: after.and_then(both),
    };
    let scope = name::scope(&call);
    let found = call.services.store().read(|read| schedule::list(read, &scope, &wanted, size + 1));
    let token = |(id, _): &(ScheduleId, Schedule)| format!("{}/{}", id.group.name, id.name);
    let (schedules, next_token) = page::cut(found.map_err(refuse)?, size, token);
    Ok(shapes::ListSchedulesOutput { next_token, schedules: schedules.into_iter().map(listed).collect() })
}

fn listed((id, schedule): (ScheduleId, Schedule)) -> shapes::ScheduleSummary {
    shapes::ScheduleSummary {
        name: Some(id.name.to_string()),
        group_name: Some(id.group.name.to_string()),
        state: Some(state(schedule.settings.enabled)),
        creation_date: Some(seconds(schedule.created())),
        last_modification_date: Some(seconds(schedule.modified())),
        target: Some(shapes::TargetSummary { arn: schedule.settings.target.arn }),
        arn: Some(schedule.arn),
    }
}

/// What creating and updating have in common.
struct Given {
    expression: String,
    zone: Option<String>,
    start: Option<f64>,
    end: Option<f64>,
    state: Option<String>,
    window: shapes::FlexibleTimeWindow,
    action: Option<String>,
    description: Option<String>,
    kms_key: Option<String>,
    target: shapes::Target,
}

fn settings(call: &Call, given: &Given) -> Result<Settings, Error> {
    let window_mins = match (given.window.mode.as_str(), given.window.maximum_window_in_minutes) {
        ("FLEXIBLE", Some(minutes)) => Some(minutes.unsigned_abs()),
        ("FLEXIBLE", None) => {
            return Err(invalid("MaximumWindowInMinutes must be specified when FlexibleTimeWindow Mode is FLEXIBLE."));
        }
        (_, Some(_)) => {
            return Err(invalid("MaximumWindowInMinutes must not be specified when FlexibleTimeWindow Mode is OFF."));
        }
        (_, None) => None,
    };
    let millis = |seconds: f64| (seconds * 1000.0) as i64;
    Ok(Settings {
        expression: given.expression.clone(),
        zone: given.zone.clone().unwrap_or_else(|| ZONE.to_owned()),
        start_millis: given.start.map(millis),
        end_millis: given.end.map(millis),
        enabled: given.state.as_deref() != Some("DISABLED"),
        window_mins,
        deleted_when_over: given.action.as_deref() == Some("DELETE"),
        description: given.description.clone(),
        kms_key: given.kms_key.clone(),
        target: target::read(call, &given.target)?,
    })
}

fn refuse_setting(settings: &Settings, error: schedule::Error) -> Error {
    match error {
        schedule::Error::BadExpression => invalid(format!("Invalid Schedule Expression {}.", settings.expression)),
        other => refuse(other),
    }
}

fn state(enabled: bool) -> String {
    if enabled { "ENABLED" } else { "DISABLED" }.to_owned()
}

/// A time as JSON protocols have it: seconds since 1970.
fn seconds(at: Timestamp) -> f64 {
    at.millis() as f64 / 1000.0
}
