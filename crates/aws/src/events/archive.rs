//! Operations on archives.

use services::bus::archive::{self, Archive, ArchiveId, Held, Settings};
use services::bus::{BusId, RuleName};

use super::name;
use super::refusal::{bad_token, invalid, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::page;
use crate::shapes::events as shapes;

/// An archive works as soon as it is there.
const ENABLED: &str = "ENABLED";

pub async fn create(call: Call, input: shapes::CreateArchiveRequest) -> Result<shapes::CreateArchiveResponse, Error> {
    let (id, bus) = (id(&call, &input.archive_name)?, name::bus_of_arn(&call, &input.event_source_arn)?);
    let settings = Settings {
        description: input.description,
        pattern: input.event_pattern.filter(|pattern| !pattern.is_empty()),
        retention_days: input.retention_days.map_or(0, i32::unsigned_abs),
        kms_key: input.kms_key_identifier,
    };
    let archive = call.services.transact(|tx| archive::create(tx, &id, &bus, &settings)).await.map_err(refuse)?;
    Ok(shapes::CreateArchiveResponse {
        archive_arn: Some(arn(&call, &id.name)),
        state: Some(ENABLED.to_owned()),
        state_reason: None,
        creation_time: Some(created(&archive)),
    })
}

pub async fn update(call: Call, input: shapes::UpdateArchiveRequest) -> Result<shapes::UpdateArchiveResponse, Error> {
    let id = id(&call, &input.archive_name)?;
    let change = |settings: &mut Settings| {
        let given = |new: &Option<String>, old: &mut Option<String>| {
            if new.is_some() {
                old.clone_from(new);
            }
        };
        given(&input.description, &mut settings.description);
        given(&input.event_pattern, &mut settings.pattern);
        given(&input.kms_key_identifier, &mut settings.kms_key);
        settings.retention_days = input.retention_days.map_or(settings.retention_days, i32::unsigned_abs);
    };
    let archive = call.services.transact(|tx| archive::update(tx, &id, change)).await.map_err(refuse)?;
    Ok(shapes::UpdateArchiveResponse {
        archive_arn: Some(arn(&call, &id.name)),
        state: Some(ENABLED.to_owned()),
        state_reason: None,
        creation_time: Some(created(&archive)),
    })
}

pub async fn delete(call: Call, input: shapes::DeleteArchiveRequest) -> Result<shapes::DeleteArchiveResponse, Error> {
    let id = id(&call, &input.archive_name)?;
    while !call.services.transact(|tx| archive::delete(tx, &id)).await.map_err(refuse)? {}
    Ok(shapes::DeleteArchiveResponse {})
}

pub async fn describe(
    call: Call,
    input: shapes::DescribeArchiveRequest,
) -> Result<shapes::DescribeArchiveResponse, Error> {
    let id = id(&call, &input.archive_name)?;
    let found = call.services.store().read(|read| Ok((archive::get(read, &id)?, archive::held(read, &id)?)));
    let (archive, Held { events, bytes }) = found.map_err(refuse)?;
    Ok(shapes::DescribeArchiveResponse {
        archive_arn: Some(arn(&call, &id.name)),
        archive_name: Some(id.name.to_string()),
        event_source_arn: Some(source(&call, &archive)),
        state: Some(ENABLED.to_owned()),
        state_reason: None,
        creation_time: Some(created(&archive)),
        retention_days: i32::try_from(archive.settings.retention_days).ok(),
        size_bytes: Some(bytes),
        event_count: Some(events),
        description: archive.settings.description,
        event_pattern: archive.settings.pattern,
        kms_key_identifier: archive.settings.kms_key,
    })
}

pub async fn list(call: Call, input: shapes::ListArchivesRequest) -> Result<shapes::ListArchivesResponse, Error> {
    if [input.name_prefix.is_some(), input.event_source_arn.is_some(), input.state.is_some()]
        .iter()
        .filter(|given| **given)
        .count()
        > 1
    {
        return Err(invalid(
            "At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.",
        ));
    }
    let (size, after) = (page::size(input.limit), page::after(input.next_token.as_deref()).map_err(bad_token)?);
    let BusId { scope, .. } = name::bus(&call, None)?;
    let wanted = |name: &RuleName, archive: &Archive| {
        name.as_str().starts_with(input.name_prefix.as_deref().unwrap_or_default())
            && input.event_source_arn.as_ref().is_none_or(|arn| *arn == source(&call, archive))
            && input.state.as_ref().is_none_or(|state| state == ENABLED)
            && after.as_deref().is_none_or(|after| name.as_str() > after)
    };
    let found = call.services.store().read(|read| {
        let mut archives = archive::list(read, &scope)?;
        archives.retain(|(name, archive)| wanted(name, archive));
        archives.truncate(size + 1);
        let held = |(name, archive): (RuleName, Archive)| {
            let held = archive::held(read, &ArchiveId { scope: scope.clone(), name: name.clone() })?;
            Ok((name, archive, held))
        };
        archives.into_iter().map(held).collect::<Result<Vec<_>, services::bus::Error>>()
    });
    let (archives, next_token) = page::cut(found.map_err(refuse)?, size, |(name, ..)| name.to_string());
    let listed = |(name, archive, held): (RuleName, Archive, Held)| shapes::Archive {
        archive_name: Some(name.to_string()),
        event_source_arn: Some(source(&call, &archive)),
        state: Some(ENABLED.to_owned()),
        state_reason: None,
        retention_days: i32::try_from(archive.settings.retention_days).ok(),
        size_bytes: Some(held.bytes),
        event_count: Some(held.events),
        creation_time: Some(created(&archive)),
    };
    let archives = archives.into_iter().map(listed).collect();
    Ok(shapes::ListArchivesResponse { archives: Some(archives), next_token })
}

fn id(call: &Call, name: &str) -> Result<ArchiveId, Error> {
    let rule = name::rule(call, None, name)?;
    Ok(ArchiveId { scope: rule.bus.scope, name: rule.name })
}

fn arn(call: &Call, name: &RuleName) -> String {
    call.arn("events", format_args!("archive/{name}"))
}

fn source(call: &Call, archive: &Archive) -> String {
    call.arn("events", format_args!("event-bus/{}", archive.bus))
}

fn created(archive: &Archive) -> f64 {
    archive.created().millis() as f64 / 1000.0
}
