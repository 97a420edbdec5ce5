//! Operations on buses.

use serde::Serialize;
use services::bus::{self, Bus, BusId, BusName, Settings};
use services::identity::Statement;
use store::Timestamp;

use super::name;
use super::refusal::{bad_token, invalid, not_found, refuse};
use super::tag::tags_of;
use crate::call::Call;
use crate::error::Error;
use crate::page;
use crate::shapes::events as shapes;

pub async fn create(call: Call, input: shapes::CreateEventBusRequest) -> Result<shapes::CreateEventBusResponse, Error> {
    if let Some(source) = &input.event_source_name {
        return Err(not_found(format!("Event source {source} does not exist.")));
    }
    if input.name.contains('/') {
        return Err(invalid("Event bus name must not contain '/'."));
    }
    let id = name::bus(&call, Some(&input.name))?;
    let tags = tags_of(input.tags.as_deref().unwrap_or_default())?;
    let set = settings(&input.description, &input.kms_key_identifier, &input.dead_letter_config, &input.log_config);
    call.services.transact(|tx| bus::create(tx, &id, &set, &tags)).await.map_err(refuse)?;
    Ok(shapes::CreateEventBusResponse {
        event_bus_arn: Some(name::bus_arn(&call, &id.name)),
        description: input.description,
        kms_key_identifier: input.kms_key_identifier,
        dead_letter_config: input.dead_letter_config,
        log_config: input.log_config,
    })
}

pub async fn update(call: Call, input: shapes::UpdateEventBusRequest) -> Result<shapes::UpdateEventBusResponse, Error> {
    let id = name::bus(&call, input.name.as_deref())?;
    let set = settings(&input.description, &input.kms_key_identifier, &input.dead_letter_config, &input.log_config);
    call.services.transact(|tx| bus::update(tx, &id, &set)).await.map_err(refuse)?;
    Ok(shapes::UpdateEventBusResponse {
        arn: Some(name::bus_arn(&call, &id.name)),
        name: Some(id.name.to_string()),
        description: input.description,
        kms_key_identifier: input.kms_key_identifier,
        dead_letter_config: input.dead_letter_config,
        log_config: input.log_config,
    })
}

pub async fn delete(call: Call, input: shapes::DeleteEventBusRequest) -> Result<(), Error> {
    let id = name::bus(&call, Some(&input.name))?;
    call.services.transact(|tx| bus::delete(tx, &id)).await.map_err(refuse)
}

pub async fn describe(
    call: Call,
    input: shapes::DescribeEventBusRequest,
) -> Result<shapes::DescribeEventBusResponse, Error> {
    let id = name::bus(&call, input.name.as_deref())?;
    let found = call.services.store().read(|read| bus::find(read, &id)).map_err(refuse)?;
    let policy = policy(&found)?;
    let set = found.settings.clone();
    Ok(shapes::DescribeEventBusResponse {
        name: Some(id.name.to_string()),
        arn: Some(name::bus_arn(&call, &id.name)),
        policy,
        creation_time: found.created().map(seconds),
        last_modified_time: found.modified().map(seconds),
        description: set.description,
        kms_key_identifier: set.kms_key,
        dead_letter_config: set.dead_letter.map(|arn| shapes::DeadLetterConfig { arn: Some(arn) }),
        log_config: log_config(set.log_detail, set.log_level),
        managed_by: None,
    })
}

pub async fn list(call: Call, input: shapes::ListEventBusesRequest) -> Result<shapes::ListEventBusesResponse, Error> {
    let (size, after) = (page::size(input.limit), page::after(input.next_token.as_deref()).map_err(bad_token)?);
    let BusId { scope, .. } = name::bus(&call, None)?;
    let prefix = input.name_prefix.as_deref().unwrap_or_default();
    let found = call.services.store().read(|read| bus::list(read, &scope, prefix, after.as_deref(), size + 1));
    let (buses, next_token) = page::cut(found.map_err(refuse)?, size, |(name, _)| name.to_string());
    let buses: Result<Vec<_>, Error> = buses.iter().map(|(name, bus)| listed(&call, name, bus)).collect();
    Ok(shapes::ListEventBusesResponse { event_buses: Some(buses?), next_token })
}

fn listed(call: &Call, name: &BusName, bus: &Bus) -> Result<shapes::EventBus, Error> {
    Ok(shapes::EventBus {
        name: Some(name.to_string()),
        arn: Some(name::bus_arn(call, name)),
        description: bus.settings.description.clone(),
        policy: policy(bus)?,
        creation_time: bus.created().map(seconds),
        last_modified_time: bus.modified().map(seconds),
        managed_by: None,
    })
}

fn settings(
    description: &Option<String>,
    kms_key: &Option<String>,
    dead_letter: &Option<shapes::DeadLetterConfig>,
    log: &Option<shapes::LogConfig>,
) -> Settings {
    Settings {
        description: description.clone(),
        kms_key: kms_key.clone(),
        dead_letter: dead_letter.as_ref().and_then(|config| config.arn.clone()),
        log_detail: log.as_ref().and_then(|log| log.include_detail.clone()),
        log_level: log.as_ref().and_then(|log| log.level.clone()),
    }
}

fn log_config(include_detail: Option<String>, level: Option<String>) -> Option<shapes::LogConfig> {
    (include_detail.is_some() || level.is_some()).then_some(shapes::LogConfig { include_detail, level })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy<'a> {
    version: &'static str,
    statement: &'a [Statement],
}

fn policy(bus: &Bus) -> Result<Option<String>, Error> {
    if bus.policy.is_empty() {
        return Ok(None);
    }
    let policy = Policy { version: "2012-10-17", statement: &bus.policy };
    serde_json::to_string(&policy).map(Some).map_err(|error| Error::internal(&error))
}

/// A time as JSON protocols have it: seconds since 1970.
fn seconds(at: Timestamp) -> f64 {
    at.millis() as f64 / 1000.0
}
