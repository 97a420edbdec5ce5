//! Configurations of asynchronous invocations: how often, how long, and who is told.

use std::time::Duration;

use services::function::event_config::{self, EventConfigChange};
use services::function::{self, Destination, EventConfig, FunctionId, Qualifier};

use super::arn::{self, Target};
use super::page;
use super::refusal::{invalid, not_found, not_yet, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::lambda as shapes;
use crate::{sns, sqs};

pub async fn put(
    call: Call,
    input: shapes::PutFunctionEventInvokeConfigRequest,
) -> Result<shapes::FunctionEventInvokeConfig, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let asked = Asked {
        retries: input.maximum_retry_attempts,
        age: input.maximum_event_age_in_seconds,
        destinations: input.destination_config.as_ref(),
    };
    let change = asked.change(&call, &target)?;
    let (id, qualifier) = (&target.id, target.qualifier.as_ref());
    let done = call.services.functions().change(id, |tx| event_config::put(tx, id, qualifier, &change)).await;
    let config = done.map_err(|error| refused(&call, &target, &asked, error))?;
    Ok(render(&call, id, &event_config::named(qualifier), &config))
}

pub async fn update(
    call: Call,
    input: shapes::UpdateFunctionEventInvokeConfigRequest,
) -> Result<shapes::FunctionEventInvokeConfig, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let asked = Asked {
        retries: input.maximum_retry_attempts,
        age: input.maximum_event_age_in_seconds,
        destinations: input.destination_config.as_ref(),
    };
    let change = asked.change(&call, &target)?;
    let (id, qualifier) = (&target.id, target.qualifier.as_ref());
    let done = call.services.functions().change(id, |tx| event_config::update(tx, id, qualifier, &change)).await;
    let config = done.map_err(|error| refused(&call, &target, &asked, error))?;
    Ok(render(&call, id, &event_config::named(qualifier), &config))
}

pub async fn get(
    call: Call,
    input: shapes::GetFunctionEventInvokeConfigRequest,
) -> Result<shapes::FunctionEventInvokeConfig, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let qualifier = target.qualifier.as_ref();
    let found = call.services.functions().read(|read| event_config::find(read, &target.id, qualifier));
    let config = found.map_err(|error| refused(&call, &target, &Asked::default(), error))?;
    Ok(render(&call, &target.id, &event_config::named(qualifier), &config))
}

pub async fn delete(call: Call, input: shapes::DeleteFunctionEventInvokeConfigRequest) -> Result<(), Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let (id, qualifier) = (&target.id, target.qualifier.as_ref());
    let deleted = call.services.functions().change(id, |tx| event_config::delete(tx, id, qualifier)).await;
    deleted.map_err(|error| refused(&call, &target, &Asked::default(), error))
}

pub async fn list(
    call: Call,
    input: shapes::ListFunctionEventInvokeConfigsRequest,
) -> Result<shapes::ListFunctionEventInvokeConfigsResponse, Error> {
    let target = Target::read(&call, &input.function_name, None)?;
    let size = page::size(input.max_items);
    let after = page::after(input.marker.as_deref(), |text| Some(text.to_owned()))?;
    let found = call.services.functions().read(|read| event_config::list(read, &target.id));
    let mut found = found.map_err(|error| refused(&call, &target, &Asked::default(), error))?;
    found.retain(|(qualifier, _)| after.as_ref().is_none_or(|after| qualifier.to_string() > *after));
    let (found, next_marker) = page::cut(found, size, |(qualifier, _)| qualifier.to_string());
    let shown = found.iter().map(|(qualifier, config)| render(&call, &target.id, qualifier, config));
    Ok(shapes::ListFunctionEventInvokeConfigsResponse {
        function_event_invoke_configs: Some(shown.collect()),
        next_marker,
    })
}

/// What a request sets.
#[derive(Default)]
struct Asked<'a> {
    retries: Option<i32>,
    age: Option<i32>,
    destinations: Option<&'a shapes::DestinationConfig>,
}

impl Asked<'_> {
    fn change(&self, call: &Call, target: &Target) -> Result<EventConfigChange, Error> {
        if self.retries.is_none() && self.age.is_none() && self.destinations.is_none() {
            return Err(invalid("You must specify at least one of error handling or destination setting."));
        }
        let change = EventConfigChange {
            // The model bounds both.
            retries: self.retries.and_then(|retries| u32::try_from(retries).ok()),
            age: self.age.and_then(|age| u64::try_from(age).ok()).map(Duration::from_secs),
            ..EventConfigChange::default()
        };
        let Some(config) = self.destinations else { return Ok(change) };
        call.services
            .functions()
            .read(|read| function::find(read, &target.id, target.qualifier.as_ref()))
            .map_err(|error| refused(call, target, self, error))?;
        let parse = |text: Option<&str>| text.map(|text| self.destination(call, text)).transpose();
        Ok(EventConfigChange {
            on_success: Some(parse(self.on_success())?),
            on_failure: Some(parse(config.on_failure.as_ref().and_then(|on| given(on.destination.as_deref())))?),
            ..change
        })
    }

    fn on_success(&self) -> Option<&str> {
        given(self.destinations?.on_success.as_ref()?.destination.as_deref())
    }

    fn on_failure(&self) -> Option<&str> {
        given(self.destinations?.on_failure.as_ref()?.destination.as_deref())
    }

    fn destination(&self, call: &Call, text: &str) -> Result<Destination, Error> {
        let service = text.split(':').nth(2).unwrap_or_default();
        match service {
            "lambda" => match Target::read(call, text, None) {
                Ok(Target { id, qualifier }) => Ok(Destination::Function { id, qualifier }),
                Err(_) => Err(wrong_destination(text)),
            },
            "sqs" => sqs::queue_of_arn(text).map(Destination::Queue).ok_or_else(|| wrong_destination(text)),
            "sns" => sns::address::of_arn(text).map(Destination::Topic).ok_or_else(|| wrong_destination(text)),
            "events" => Err(not_yet("A destination that is an event bus")),
            "s3" if self.on_success() != Some(text) => Err(not_yet("A destination that is a bucket")),
            _ => Err(self.invalid_config()),
        }
    }

    fn invalid_config(&self) -> Error {
        let shown = |name: &str, destination: Option<&str>| match destination {
            Some(destination) => format!("{name}(destination={destination})"),
            None => "null".to_owned(),
        };
        invalid(format!(
            "The provided destination config DestinationConfig(onSuccess={}, onFailure={}) is invalid.",
            shown("OnSuccess", self.on_success()),
            shown("OnFailure", self.on_failure())
        ))
    }
}

/// An empty destination is none.
fn given(destination: Option<&str>) -> Option<&str> {
    destination.filter(|destination| !destination.is_empty())
}

fn refused(call: &Call, target: &Target, asked: &Asked<'_>, error: function::Error) -> Error {
    match error {
        function::Error::NoSuchFunction { .. } => not_found("The function doesn't exist."),
        function::Error::NoEventConfig => {
            let arn = arn::arn(call, &target.id, Some(&event_config::named(target.qualifier.as_ref())));
            not_found(format!("The function {arn} doesn't have an EventInvokeConfig"))
        }
        function::Error::NoSuchDestination(destination) => {
            let is_meant = |text: &&str| matches!(asked.destination(call, text), Ok(parsed) if parsed == destination);
            let given = asked.on_success().filter(is_meant).or(asked.on_failure());
            wrong_destination(given.unwrap_or_default())
        }
        error => refuse(call, &target.id, error),
    }
}

fn wrong_destination(arn: &str) -> Error {
    invalid(format!("The destination ARN {arn} is invalid."))
}

fn render(
    call: &Call,
    id: &FunctionId,
    qualifier: &Qualifier,
    config: &EventConfig,
) -> shapes::FunctionEventInvokeConfig {
    let arn_of = |destination: &Option<Destination>| destination.as_ref().map(destination_arn);
    shapes::FunctionEventInvokeConfig {
        last_modified: Some(config.modified.millis() as f64 / 1000.0),
        function_arn: Some(arn::arn(call, id, Some(qualifier))),
        maximum_retry_attempts: config.retries.and_then(|retries| i32::try_from(retries).ok()),
        maximum_event_age_in_seconds: config.age.and_then(|age| i32::try_from(age.as_secs()).ok()),
        destination_config: Some(shapes::DestinationConfig {
            on_success: Some(shapes::OnSuccess { destination: arn_of(&config.on_success) }),
            on_failure: Some(shapes::OnFailure { destination: arn_of(&config.on_failure) }),
        }),
    }
}

pub fn destination_arn(destination: &Destination) -> String {
    match destination {
        Destination::Function { id, qualifier } => arn::of(id, qualifier.as_ref()),
        Destination::Queue(id) => sqs::queue_arn(id),
        Destination::Topic(id) => sns::address::arn(id),
    }
}
