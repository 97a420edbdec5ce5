//! Operations on replays.

use services::bus::replay::{self, Replay, ReplayId, Settings, State};
use services::bus::{self, BusId, RuleName};
use store::Timestamp;

use super::name;
use super::refusal::{bad_parameter, bad_token, invalid, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::page;
use crate::shapes::events as shapes;

pub async fn start(call: Call, input: shapes::StartReplayRequest) -> Result<shapes::StartReplayResponse, Error> {
    let id = id(&call, &input.replay_name)?;
    let archive = input.event_source_arn.strip_prefix(&call.arn("events", "archive/"));
    let archive = archive.ok_or_else(|| bad_parameter("EventSourceArn", "Must contain an archive ARN."))?;
    if !input.destination.arn.contains(":event-bus/") {
        return Err(bad_parameter("Destination.Arn", "Must contain an event bus ARN."));
    }
    let to = name::bus_of_arn(&call, &input.destination.arn)?;
    let millis = |seconds: f64| (seconds * 1000.0) as i64;
    let settings = Settings {
        description: input.description,
        archive: archive.to_owned(),
        rules: input.destination.filter_arns.unwrap_or_default(),
        from_millis: millis(input.event_start_time),
        to_millis: millis(input.event_end_time),
    };
    let started = call.services.transact(|tx| replay::start(tx, &id, &to, &settings)).await;
    let replay = started.map_err(|error| match error {
        bus::Error::NoSuchArchive(name) => bad_parameter("EventSourceArn", &format!("Archive {name} does not exist.")),
        other => refuse(other),
    })?;
    Ok(shapes::StartReplayResponse {
        replay_arn: Some(arn(&call, &id.name)),
        state: Some(shown(replay.state)),
        state_reason: None,
        replay_start_time: Some(seconds(replay.started())),
    })
}

pub async fn cancel(call: Call, input: shapes::CancelReplayRequest) -> Result<shapes::CancelReplayResponse, Error> {
    let id = id(&call, &input.replay_name)?;
    call.services.transact(|tx| replay::cancel(tx, &id)).await.map_err(refuse)?;
    Ok(shapes::CancelReplayResponse {
        replay_arn: Some(arn(&call, &id.name)),
        state: Some("CANCELLING".to_owned()),
        state_reason: None,
    })
}

pub async fn describe(
    call: Call,
    input: shapes::DescribeReplayRequest,
) -> Result<shapes::DescribeReplayResponse, Error> {
    let id = id(&call, &input.replay_name)?;
    let found = call.services.store().read(|read| {
        let replay = replay::get(read, &id)?;
        let archive = bus::archive::get(read, &archive_id(&id, &replay)?);
        Ok((replay, archive.map(|archive| archive.bus).ok()))
    });
    let (replay, bus) = found.map_err(refuse)?;
    let rules = replay.settings.rules.clone();
    let destination = bus.map(|bus| shapes::ReplayDestination {
        arn: call.arn("events", format_args!("event-bus/{bus}")),
        filter_arns: (!rules.is_empty()).then_some(rules),
    });
    let (started, ended, last) = (replay.started(), replay.ended(), replay.last());
    Ok(shapes::DescribeReplayResponse {
        replay_name: Some(id.name.to_string()),
        replay_arn: Some(arn(&call, &id.name)),
        state: Some(shown(replay.state)),
        state_reason: None,
        event_source_arn: Some(source(&call, &replay)),
        destination,
        event_start_time: Some(seconds(Timestamp::from_millis(replay.settings.from_millis))),
        event_end_time: Some(seconds(Timestamp::from_millis(replay.settings.to_millis))),
        event_last_replayed_time: last.map(seconds),
        replay_start_time: Some(seconds(started)),
        replay_end_time: ended.map(seconds),
        description: replay.settings.description,
    })
}

pub async fn list(call: Call, input: shapes::ListReplaysRequest) -> Result<shapes::ListReplaysResponse, Error> {
    let filters = [input.name_prefix.is_some(), input.event_source_arn.is_some(), input.state.is_some()];
    if filters.iter().filter(|given| **given).count() > 1 {
        return Err(invalid(
            "At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix.",
        ));
    }
    let (size, after) = (page::size(input.limit), page::after(input.next_token.as_deref()).map_err(bad_token)?);
    let BusId { scope, .. } = name::bus(&call, None)?;
    let mut replays = call.services.store().read(|read| replay::list(read, &scope)).map_err(refuse)?;
    replays.retain(|(name, replay)| {
        name.as_str().starts_with(input.name_prefix.as_deref().unwrap_or_default())
            && input.event_source_arn.as_ref().is_none_or(|arn| *arn == source(&call, replay))
            && input.state.as_ref().is_none_or(|state| *state == shown(replay.state))
            && after.as_deref().is_none_or(|after| name.as_str() > after)
    });
    let (replays, next_token) = page::cut(replays, size, |(name, _)| name.to_string());
    let replays = replays.iter().map(|(name, replay)| listed(&call, name, replay)).collect();
    Ok(shapes::ListReplaysResponse { replays: Some(replays), next_token })
}

fn listed(call: &Call, name: &RuleName, replay: &Replay) -> shapes::Replay {
    shapes::Replay {
        replay_name: Some(name.to_string()),
        event_source_arn: Some(source(call, replay)),
        state: Some(shown(replay.state)),
        state_reason: None,
        event_start_time: Some(seconds(Timestamp::from_millis(replay.settings.from_millis))),
        event_end_time: Some(seconds(Timestamp::from_millis(replay.settings.to_millis))),
        event_last_replayed_time: replay.last().map(seconds),
        replay_start_time: Some(seconds(replay.started())),
        replay_end_time: replay.ended().map(seconds),
    }
}

fn id(call: &Call, name: &str) -> Result<ReplayId, Error> {
    let rule = name::rule(call, None, name)?;
    Ok(ReplayId { scope: rule.bus.scope, name: rule.name })
}

fn archive_id(id: &ReplayId, replay: &Replay) -> Result<bus::archive::ArchiveId, bus::Error> {
    let name = RuleName::parse(&replay.settings.archive).map_err(|_| bus::Error::OtherBus)?;
    Ok(bus::archive::ArchiveId { scope: id.scope.clone(), name })
}

fn arn(call: &Call, name: &RuleName) -> String {
    call.arn("events", format_args!("replay/{name}"))
}

fn source(call: &Call, replay: &Replay) -> String {
    call.arn("events", format_args!("archive/{}", replay.settings.archive))
}

fn shown(state: State) -> String {
    match state {
        State::Starting => "STARTING",
        State::Running => "RUNNING",
        State::Completed => "COMPLETED",
        State::Cancelled => "CANCELLED",
    }
    .to_owned()
}

fn seconds(at: Timestamp) -> f64 {
    at.millis() as f64 / 1000.0
}
