//! Streams: create, describe, delete, list, and what may be changed of them.

use services::stream::data::{self, Mode, ON_DEMAND_SHARDS, SHARDS_MAX, Stream, StreamId, Way, consumer};
use services::stream::{Shard, shards};
use store::Timestamp;

use super::{address, count, refusal, seconds, shard};
use crate::call::Call;
use crate::error::{self, Error};
use crate::shapes::kinesis as shapes;

/// Streams of a page. Source: API reference, ListStreams, `Limit` (read 2026-11-24).
const STREAMS_PAGE: usize = 100;
/// Shards in a description. Source: API reference, DescribeStream, `Limit` (read 2026-11-24).
const SHARDS_PAGE: usize = 100;
/// Source: Kinesis quotas, "on-demand data streams" (read 2026-11-24).
const ON_DEMAND_STREAMS_MAX: i32 = 50;
/// Largest record, in KiB. Source: Kinesis quotas (read 2026-11-24).
const RECORD_KIB_MAX: i32 = 1_024;

pub async fn create(call: Call, input: shapes::CreateStreamInput) -> Result<(), Error> {
    let id = address::stream(&call, Some(&input.stream_name), None)?;
    let mode = input.stream_mode_details.as_ref().map_or(Mode::Provisioned, mode_of);
    let shards = match (mode, input.shard_count) {
        (Mode::Provisioned, Some(count)) => u64::try_from(count).unwrap_or(1),
        (Mode::Provisioned, None) => {
            return Err(error::VALIDATION.with("ShardCount is required when StreamMode is PROVISIONED."));
        }
        (Mode::OnDemand, None) => ON_DEMAND_SHARDS,
        (Mode::OnDemand, Some(_)) => {
            return Err(error::VALIDATION.with("ShardCount must not be specified when StreamMode is ON_DEMAND."));
        }
    };
    if input.warm_throughput_mi_bps.is_some() || input.record_distribution_strategy.is_some() {
        return Err(
            error::NOT_IMPLEMENTED.with("WarmThroughputMiBps and RecordDistributionStrategy are not implemented.")
        );
    }
    if input.max_record_size_in_ki_b.is_some_and(|kib| kib != RECORD_KIB_MAX) {
        return Err(error::NOT_IMPLEMENTED.with("Records of more than 1 MiB are not implemented."));
    }
    let tags = input.tags.unwrap_or_default();
    let created = call.services.transact(|tx| data::create(tx, &id, shards, mode, &tags)).await;
    created.map(drop).map_err(|error| refusal::of(&id, error))
}

pub async fn delete(call: Call, input: shapes::DeleteStreamInput) -> Result<(), Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let enforced = input.enforce_consumer_deletion.unwrap_or(false);
    let deleted = call.services.transact(|tx| data::delete(tx, &id, enforced)).await;
    deleted.map_err(|error| refusal::of(&id, error))
}

pub async fn list(call: Call, input: shapes::ListStreamsInput) -> Result<shapes::ListStreamsOutput, Error> {
    let limit = count(input.limit, STREAMS_PAGE);
    let after = input.next_token.or(input.exclusive_start_stream_name);
    let scope = address::scope(&call);
    let found = call.services.store().read(|read| data::list(read, &scope, after.as_deref(), limit + 1));
    let mut found = found.map_err(|error| Error::internal(&error))?;
    let more = found.len() > limit;
    found.truncate(limit);
    let names: Vec<String> = found.iter().map(|stream| stream.id.name.as_str().to_owned()).collect();
    let summary = |stream: &Stream| shapes::StreamSummary {
        stream_name: stream.id.name.as_str().to_owned(),
        stream_arn: address::arn(&stream.id),
        stream_status: ACTIVE.to_owned(),
        stream_mode_details: Some(mode(stream)),
        stream_creation_timestamp: Some(seconds(stream.created)),
    };
    Ok(shapes::ListStreamsOutput {
        next_token: names.last().cloned().filter(|_| more),
        stream_names: names,
        has_more_streams: more,
        stream_summaries: Some(found.iter().map(summary).collect()),
    })
}

const ACTIVE: &str = "ACTIVE";
const UNENCRYPTED: &str = "NONE";

/// A stream with its shards, and how many consumers it has.
fn look(call: &Call, id: &StreamId) -> Result<(Stream, Vec<Shard>, usize), Error> {
    let found: Result<_, data::Error> = call.services.store().read(|read| {
        let stream = data::find(read, id)?;
        let shards = shards(read, &stream.lane)?;
        let consumers = consumer::list(read, &stream)?.len();
        Ok((stream, shards, consumers))
    });
    found.map_err(|error| refusal::of(id, error))
}

pub async fn describe(call: Call, input: shapes::DescribeStreamInput) -> Result<shapes::DescribeStreamOutput, Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let (stream, mut found, _) = look(&call, &id)?;
    if let Some(after) = input.exclusive_start_shard_id.as_deref() {
        let after = address::shard_index(after).ok_or_else(|| refusal::no_such_shard(&id, after))?;
        found.retain(|shard| shard.index > after);
    }
    let limit = count(input.limit, SHARDS_PAGE);
    let more = found.len() > limit;
    found.truncate(limit);
    let described = shapes::StreamDescription {
        stream_name: id.name.as_str().to_owned(),
        stream_arn: address::arn(&id),
        stream_status: ACTIVE.to_owned(),
        stream_mode_details: Some(mode(&stream)),
        shards: shard::describe(&call, &stream, &found)?,
        has_more_shards: more,
        retention_period_hours: i32::try_from(stream.retention_hours).unwrap_or(i32::MAX),
        stream_creation_timestamp: seconds(stream.created),
        enhanced_monitoring: vec![shapes::EnhancedMetrics { shard_level_metrics: Some(Vec::new()) }],
        encryption_type: Some(UNENCRYPTED.to_owned()),
        ..shapes::StreamDescription::default()
    };
    Ok(shapes::DescribeStreamOutput { stream_description: described })
}

pub async fn describe_summary(
    call: Call,
    input: shapes::DescribeStreamSummaryInput,
) -> Result<shapes::DescribeStreamSummaryOutput, Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let (stream, shards, consumers) = look(&call, &id)?;
    let open = shards.iter().filter(|shard| shard.is_open()).count();
    let described = shapes::StreamDescriptionSummary {
        stream_name: id.name.as_str().to_owned(),
        stream_arn: address::arn(&id),
        stream_status: ACTIVE.to_owned(),
        stream_mode_details: Some(mode(&stream)),
        retention_period_hours: i32::try_from(stream.retention_hours).unwrap_or(i32::MAX),
        stream_creation_timestamp: seconds(stream.created),
        enhanced_monitoring: vec![shapes::EnhancedMetrics { shard_level_metrics: Some(Vec::new()) }],
        encryption_type: Some(UNENCRYPTED.to_owned()),
        open_shard_count: i32::try_from(open).unwrap_or(i32::MAX),
        consumer_count: i32::try_from(consumers).ok(),
        max_record_size_in_ki_b: Some(RECORD_KIB_MAX),
        ..shapes::StreamDescriptionSummary::default()
    };
    Ok(shapes::DescribeStreamSummaryOutput { stream_description_summary: described })
}

pub async fn limits(call: Call, _: shapes::DescribeLimitsInput) -> Result<shapes::DescribeLimitsOutput, Error> {
    let scope = address::scope(&call);
    let counted: Result<_, data::Error> = call.services.store().read(|read| {
        let streams = data::list(read, &scope, None, usize::MAX)?;
        let (mut open, mut on_demand) = (0, 0);
        for stream in streams {
            open += shards(read, &stream.lane)?.iter().filter(|shard| shard.is_open()).count();
            on_demand += usize::from(stream.mode == Mode::OnDemand);
        }
        Ok((open, on_demand))
    });
    let (open, on_demand) = counted.map_err(|error| Error::internal(&error))?;
    Ok(shapes::DescribeLimitsOutput {
        shard_limit: i32::try_from(SHARDS_MAX).unwrap_or(i32::MAX),
        open_shard_count: i32::try_from(open).unwrap_or(i32::MAX),
        on_demand_stream_count: i32::try_from(on_demand).unwrap_or(i32::MAX),
        on_demand_stream_count_limit: ON_DEMAND_STREAMS_MAX,
        ..shapes::DescribeLimitsOutput::default()
    })
}

pub async fn increase_retention(call: Call, input: shapes::IncreaseStreamRetentionPeriodInput) -> Result<(), Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    set_retention(&call, &id, input.retention_period_hours, Way::Up).await
}

pub async fn decrease_retention(call: Call, input: shapes::DecreaseStreamRetentionPeriodInput) -> Result<(), Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    set_retention(&call, &id, input.retention_period_hours, Way::Down).await
}

async fn set_retention(call: &Call, id: &StreamId, hours: i32, way: Way) -> Result<(), Error> {
    let hours = u32::try_from(hours).unwrap_or(0);
    if hours > data::RETENTION_HOURS_MAX {
        return Err(refusal::invalid(format!(
            "Maximum allowed retention period is {} hours. Requested retention period ({hours} hours) is too long.",
            data::RETENTION_HOURS_MAX
        )));
    }
    let set = call.services.transact(|tx| data::set_retention(tx, id, hours, way)).await;
    set.map_err(|error| refusal::of(id, error))
}

pub async fn update_mode(call: Call, input: shapes::UpdateStreamModeInput) -> Result<(), Error> {
    let id = address::stream(&call, None, Some(&input.stream_arn))?;
    if input.warm_throughput_mi_bps.is_some() {
        return Err(error::NOT_IMPLEMENTED.with("WarmThroughputMiBps is not implemented."));
    }
    let mode = mode_of(&input.stream_mode_details);
    let set = call.services.transact(|tx| data::set_mode(tx, &id, mode)).await;
    set.map_err(|error| refusal::of(&id, error))
}

/// The model names the two.
fn mode_of(details: &shapes::StreamModeDetails) -> Mode {
    match details.stream_mode.as_str() {
        "ON_DEMAND" => Mode::OnDemand,
        _ => Mode::Provisioned,
    }
}

fn mode(stream: &Stream) -> shapes::StreamModeDetails {
    let name = match stream.mode {
        Mode::OnDemand => "ON_DEMAND",
        Mode::Provisioned => "PROVISIONED",
    };
    shapes::StreamModeDetails { stream_mode: name.to_owned() }
}

/// Whether a stream is the one that a request's time of creation means.
pub fn is_of(stream: &Stream, created: Option<f64>) -> bool {
    created.is_none_or(|created| (created as i64) == Timestamp::millis(stream.created) / 1_000)
}
