//! Event source mappings: what a function is run with, in batches.
//!
//! A change holds once it is committed; its answer names the state that Lambda passes through, and the next look the one
//! that it leads to.

use std::time::Duration;

use services::function::{self, FunctionId, Qualifier, Scope};
use services::mapping::{
    self, BATCH_SIZE_MAX, Mapping, MappingId, Origin, PARALLEL_MAX, STREAM_BATCH_SIZE, Settings, Source, Start, State,
    StreamSettings, StreamSource, WINDOW_MAX,
};
use services::queue;
use store::Timestamp;

use super::arn::{self, Target};
use super::page;
use super::refusal::{conflict, invalid, not_found, not_yet, refuse};
use crate::call::Call;
use crate::dynamodb;
use crate::error::Error;
use crate::kinesis;
use crate::operation::Members;
use crate::shapes::lambda as shapes;
use crate::shapes::lambda::EventSourceMappingConfiguration as Shown;
use crate::sqs;

const REPORTS: &str = "ReportBatchItemFailures";

pub async fn create(call: Call, input: shapes::CreateEventSourceMappingRequest) -> Result<Shown, Error> {
    let unknown = [
        (input.self_managed_event_source.is_some(), "A self-managed event source"),
        (input.provisioned_poller_config.is_some(), "ProvisionedPollerConfig"),
        (input.kms_key_arn.is_some(), "KMSKeyArn"),
        (input.metrics_config.is_some(), "MetricsConfig"),
        (input.logging_config.is_some(), "LoggingConfig"),
        (input.tumbling_window_in_seconds.is_some_and(|seconds| seconds > 0), "TumblingWindowInSeconds"),
    ];
    if let Some((_, what)) = unknown.iter().find(|(given, _)| *given) {
        return Err(not_yet(what));
    }
    let arn = input.event_source_arn.as_deref();
    let source = source(arn.ok_or_else(|| invalid("Event source must be specified."))?)?;
    let mut settings = match &source {
        Source::Queue(_) if input.starting_position.is_some() => {
            return Err(invalid("StartingPosition is not valid for SQS event sources."));
        }
        Source::Queue(_) => Settings::default(),
        Source::Stream(source) => {
            let start = start(source, &input)?;
            let stream = StreamSettings { start, ..StreamSettings::default() };
            Settings { batch_size: STREAM_BATCH_SIZE, stream: Some(stream), ..Settings::default() }
        }
    };
    let target = Target::read(&call, &input.function_name, None)?;
    let asked = Asked {
        enabled: input.enabled,
        batch_size: input.batch_size,
        window: input.maximum_batching_window_in_seconds,
        filters: input.filter_criteria,
        answers: input.function_response_types,
        scaling: input.scaling_config,
        parallel: input.parallelization_factor,
        bisects: input.bisect_batch_on_function_error,
        retries: input.maximum_retry_attempts,
        age: input.maximum_record_age_in_seconds,
        destinations: input.destination_config,
    };
    asked.apply(&mut settings)?;
    let new = Mapping {
        source,
        function: target.id,
        qualifier: target.qualifier,
        settings,
        tags: input.tags.unwrap_or_default(),
        modified: call.services.store().clock(),
    };
    let scope = arn::scope(&call);
    let created = call.services.transact(|tx| mapping::create(tx, &scope, &new)).await;
    let (id, mapping) = created.map_err(|error| refused(&call, &new, error))?;
    Ok(shown(&id, &mapping, "Creating"))
}

pub async fn get(call: Call, input: shapes::GetEventSourceMappingRequest) -> Result<Shown, Error> {
    let id = id(&call, &input.uuid);
    let found: Result<_, mapping::Error> = call.services.store().read(|read| {
        let mapping = mapping::find(read, &id)?;
        let state = mapping::state(read, &mapping)?;
        Ok((mapping, state))
    });
    let (mapping, state) = found.map_err(|error| lost(&call, error))?;
    Ok(settled(&id, &mapping, state))
}

pub async fn list(
    call: Call,
    input: shapes::ListEventSourceMappingsRequest,
) -> Result<shapes::ListEventSourceMappingsResponse, Error> {
    let size = page::size_of(input.max_items, LIST_MAX);
    let after = page::after(input.marker.as_deref(), |text| Some(text.to_owned()))?;
    let source = input.event_source_arn.as_deref().map(source).transpose()?;
    let target = input.function_name.as_deref().map(|name| Target::read(&call, name, None)).transpose()?;
    let is_meant = |mapping: &Mapping| {
        source.as_ref().is_none_or(|source| mapping.source == *source)
            && target.as_ref().is_none_or(|target| {
                mapping.function == target.id && (target.qualifier.is_none() || mapping.qualifier == target.qualifier)
            })
    };
    let scope = arn::scope(&call);
    let found: Result<Vec<_>, mapping::Error> = call.services.store().read(|read| {
        let mut found = Vec::new();
        for (id, mapping) in mapping::list(read, &scope)? {
            if is_meant(&mapping) && after.as_ref().is_none_or(|after| *id.uuid > **after) {
                let state = mapping::state(read, &mapping)?;
                found.push((id, mapping, state));
            }
        }
        Ok(found)
    });
    let found = found.map_err(|error| lost(&call, error))?;
    let (found, next_marker) = page::cut(found, size, |(id, ..)| id.uuid.to_string());
    let shown = found.iter().map(|(id, mapping, state)| settled(id, mapping, *state));
    Ok(shapes::ListEventSourceMappingsResponse { event_source_mappings: Some(shown.collect()), next_marker })
}

/// Source: Lambda API reference, ListEventSourceMappings, `MaxItems` (read 2026-11-24).
const LIST_MAX: usize = 100;

pub async fn update(call: Call, input: shapes::UpdateEventSourceMappingRequest) -> Result<Shown, Error> {
    let id = id(&call, &input.uuid);
    let unknown = [
        (input.provisioned_poller_config.is_some(), "ProvisionedPollerConfig"),
        (input.kms_key_arn.is_some(), "KMSKeyArn"),
        (input.metrics_config.is_some(), "MetricsConfig"),
        (input.logging_config.is_some(), "LoggingConfig"),
        (input.tumbling_window_in_seconds.is_some_and(|seconds| seconds > 0), "TumblingWindowInSeconds"),
    ];
    if let Some((_, what)) = unknown.iter().find(|(given, _)| *given) {
        return Err(not_yet(what));
    }
    let before: Result<_, mapping::Error> = call.services.store().read(|read| mapping::find(read, &id));
    let before = before.map_err(|error| lost(&call, error))?;
    let target = input.function_name.as_deref().map(|name| Target::read(&call, name, None)).transpose()?;
    let asked = Asked {
        enabled: input.enabled,
        batch_size: input.batch_size,
        window: input.maximum_batching_window_in_seconds,
        filters: input.filter_criteria,
        answers: input.function_response_types,
        scaling: input.scaling_config,
        parallel: input.parallelization_factor,
        bisects: input.bisect_batch_on_function_error,
        retries: input.maximum_retry_attempts,
        age: input.maximum_record_age_in_seconds,
        destinations: input.destination_config,
    };
    asked.apply(&mut before.settings.clone())?;
    let mut wanted = before.clone();
    if let Some(target) = target {
        (wanted.function, wanted.qualifier) = (target.id, target.qualifier);
    }
    let updated = call
        .services
        .transact(|tx| {
            mapping::update(tx, &id, |mapping| {
                // Checked above; what it says depends on the request alone.
                let _ = asked.apply(&mut mapping.settings);
                (mapping.function, mapping.qualifier) = (wanted.function.clone(), wanted.qualifier.clone());
            })
        })
        .await;
    let mapping = updated.map_err(|error| refused(&call, &wanted, error))?;
    let state = match (before.settings.enabled, mapping.settings.enabled) {
        (false, true) => "Enabling",
        (true, false) => "Disabling",
        (true, true) => "Updating",
        (false, false) => "Disabled",
    };
    Ok(shown(&id, &mapping, state))
}

pub async fn delete(call: Call, input: shapes::DeleteEventSourceMappingRequest) -> Result<Shown, Error> {
    let id = id(&call, &input.uuid);
    let deleted = call.services.transact(|tx| mapping::delete(tx, &id)).await;
    let mapping = deleted.map_err(|error| lost(&call, error))?;
    Ok(shown(&id, &mapping, "Deleting"))
}

/// The resource of operations on a mapping.
pub fn resource(call: &Call, members: &Members) -> String {
    let uuid = members.get("UUID").and_then(serde_json::Value::as_str).unwrap_or("*");
    call.arn("lambda", format_args!("event-source-mapping:{uuid}"))
}

/// The mapping of an ARN.
pub fn of_arn(call: &Call, arn: &str) -> Option<MappingId> {
    let (_, uuid) = arn.split_once(":event-source-mapping:")?;
    Some(id(call, uuid))
}

pub fn lost(call: &Call, error: mapping::Error) -> Error {
    match error {
        mapping::Error::NoSuchMapping => not_found("The resource you requested does not exist."),
        mapping::Error::Function(error) => {
            let nobody = services::name::FunctionName::parse("function")
                .map(|name| FunctionId { scope: arn::scope(call), name });
            nobody.map_or_else(|error| Error::internal(&error), |id| refuse(call, &id, error))
        }
        error => Error::internal(&error),
    }
}

fn id(call: &Call, uuid: &str) -> MappingId {
    MappingId { scope: arn::scope(call), uuid: uuid.into() }
}

/// What a request sets; the rest stays.
struct Asked {
    enabled: Option<bool>,
    batch_size: Option<i32>,
    window: Option<i32>,
    filters: Option<shapes::FilterCriteria>,
    answers: Option<Vec<String>>,
    scaling: Option<shapes::ScalingConfig>,
    // Of streams.
    parallel: Option<i32>,
    bisects: Option<bool>,
    retries: Option<i32>,
    age: Option<i32>,
    destinations: Option<shapes::DestinationConfig>,
}

impl Asked {
    /// The model bounds the numbers.
    fn apply(&self, settings: &mut Settings) -> Result<(), Error> {
        settings.enabled = self.enabled.unwrap_or(settings.enabled);
        if let Some(size) = self.batch_size.and_then(|size| u32::try_from(size).ok()) {
            settings.batch_size = size.clamp(1, BATCH_SIZE_MAX);
        }
        if let Some(seconds) = self.window.and_then(|seconds| u64::try_from(seconds).ok()) {
            settings.window = Duration::from_secs(seconds).min(WINDOW_MAX);
        }
        if let Some(criteria) = &self.filters {
            let filters = criteria.filters.iter().flatten();
            settings.filters = filters.map(|filter| filter.pattern.clone().unwrap_or_default()).collect();
        }
        if let Some(answers) = &self.answers {
            settings.answers_partly = answers.iter().any(|answer| answer == REPORTS);
        }
        if let Some(scaling) = &self.scaling {
            settings.concurrency_max = scaling.maximum_concurrency.and_then(|max| u32::try_from(max).ok());
        }
        match &mut settings.stream {
            Some(stream) => self.apply_to_stream(stream),
            None if self.destinations.as_ref().is_some_and(is_given) => Err(not_yet("DestinationConfig of a queue")),
            None => Ok(()),
        }
    }

    fn apply_to_stream(&self, settings: &mut StreamSettings) -> Result<(), Error> {
        if self.scaling.as_ref().is_some_and(|scaling| scaling.maximum_concurrency.is_some()) {
            return Err(invalid("MaximumConcurrency is not supported for this event source."));
        }
        if let Some(parallel) = self.parallel.and_then(|parallel| u32::try_from(parallel).ok()) {
            settings.parallel = parallel.clamp(1, PARALLEL_MAX);
        }
        settings.bisects = self.bisects.unwrap_or(settings.bisects);
        // -1 is without end.
        if let Some(retries) = self.retries {
            settings.retries_max = u32::try_from(retries).ok();
        }
        if let Some(age) = self.age {
            settings.age_max = match u64::try_from(age) {
                Ok(age) if age < AGE_SECONDS_MIN => {
                    return Err(invalid(format!(
                        "Maximum record age in seconds must be -1 or between {AGE_SECONDS_MIN} and 604800."
                    )));
                }
                age => age.ok().map(Duration::from_secs),
            };
        }
        if let Some(destinations) = &self.destinations {
            settings.on_failure = on_failure(destinations)?;
        }
        Ok(())
    }
}

/// Source: Lambda API reference, CreateEventSourceMapping, `MaximumRecordAgeInSeconds` (read 2026-11-24).
const AGE_SECONDS_MIN: u64 = 60;

fn on_failure(config: &shapes::DestinationConfig) -> Result<Option<queue::QueueId>, Error> {
    let given = config.on_failure.as_ref().and_then(|on| on.destination.as_deref());
    let Some(arn) = given.filter(|arn| !arn.is_empty()) else { return Ok(None) };
    match arn.split(':').nth(2).unwrap_or_default() {
        "sqs" => match sqs::queue_of_arn(arn) {
            Some(queue) if queue.name.is_fifo() => {
                Err(invalid("FIFO queues are not supported as an on-failure destination of an event source mapping."))
            }
            Some(queue) => Ok(Some(queue)),
            None => Err(invalid(format!("The destination ARN {arn} is invalid."))),
        },
        "sns" => Err(not_yet("A destination that is a topic")),
        "s3" => Err(not_yet("A destination that is a bucket")),
        _ => Err(invalid(format!("The destination ARN {arn} is invalid."))),
    }
}

/// Where a mapping of a stream begins. Texts: answers of the service quoted in public code (read 2026-11-24).
fn start(source: &StreamSource, input: &shapes::CreateEventSourceMappingRequest) -> Result<Start, Error> {
    let at_time = match source {
        StreamSource::Table { .. } => false,
        StreamSource::Data(_) => true,
    };
    match (input.starting_position.as_deref(), input.starting_position_timestamp) {
        (None, _) => Err(invalid(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
        )),
        (Some("TRIM_HORIZON"), _) => Ok(Start::Oldest),
        (Some("LATEST"), _) => Ok(Start::Latest),
        (Some(_), _) if !at_time => Err(invalid(format!(
            "Unsupported starting position for arn type: {}",
            input.event_source_arn.as_deref().unwrap_or_default()
        ))),
        (Some(_), Some(seconds)) => Ok(Start::Since(Timestamp::from_millis((seconds * 1_000.0) as i64))),
        (Some(_), None) => Err(invalid("Need to specify a timestamp")),
    }
}

fn is_given(config: &shapes::DestinationConfig) -> bool {
    config.on_success.as_ref().is_some_and(|on| on.destination.is_some())
        || config.on_failure.as_ref().is_some_and(|on| on.destination.is_some())
}

fn source(arn: &str) -> Result<Source, Error> {
    let service = arn.split(':').nth(2).unwrap_or_default();
    match service {
        "sqs" => sqs::queue_of_arn(arn).map(Source::Queue).ok_or_else(|| unrecognized(arn)),
        "kinesis" if arn.contains("/consumer/") => Err(not_yet("A mapping of a stream's consumer")),
        "kinesis" => kinesis::address::in_arn(arn)
            .map(|id| Source::Stream(StreamSource::Data(id)))
            .ok_or_else(|| unrecognized(arn)),
        "dynamodb" => dynamodb::stream::of_arn(arn)
            .map(|(table, began)| Source::Stream(StreamSource::Table { table, began }))
            .ok_or_else(|| unrecognized(arn)),
        "kafka" | "mq" | "rds" => Err(not_yet("A mapping of such a source")),
        _ => Err(unrecognized(arn)),
    }
}

fn unrecognized(arn: &str) -> Error {
    invalid(format!("Unrecognized event source, must be kinesis, dynamodb stream or sqs. Unsupported source arn {arn}"))
}

/// Texts: answers of the service quoted in public issue threads (read 2026-11-24).
fn refused(call: &Call, wanted: &Mapping, error: mapping::Error) -> Error {
    let (kind, arn) = match &wanted.source {
        Source::Queue(queue) => ("SQS", sqs::queue_arn(queue)),
        Source::Stream(StreamSource::Table { table, began }) => ("dynamodb", dynamodb::stream::arn(table, *began)),
        Source::Stream(StreamSource::Data(id)) => ("kinesis", kinesis::address::arn(id)),
    };
    match error {
        mapping::Error::NoSuchMapping => lost(call, error),
        mapping::Error::Exists { id } => conflict(format!(
            "An event source mapping with {kind} arn (\" {arn} \") and function (\" {} \") already exists. Please update or delete the existing mapping with UUID {}",
            wanted.function.name, id.uuid
        )),
        mapping::Error::VisibilityTooShort { visibility, timeout } => invalid(format!(
            "Queue visibility timeout: {} seconds is less than Function timeout: {} seconds",
            visibility.as_secs(),
            timeout.as_secs()
        )),
        mapping::Error::NoWindow => {
            invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
        }
        mapping::Error::FifoWindow => invalid("Batching window is not supported for FIFO queues"),
        mapping::Error::FifoBatch => invalid("Maximum batch size must be less than or equal to 10 for FIFO queues"),
        mapping::Error::TooManyFilters => {
            invalid(format!("The number of filters exceeds the limit of {}.", mapping::FILTERS_MAX))
        }
        mapping::Error::BadFilter => invalid("Invalid filter pattern definition."),
        mapping::Error::Function(function::Error::NoSuchFunction { qualifier }) => {
            let qualifier: Option<&Qualifier> = qualifier.as_ref().or(wanted.qualifier.as_ref());
            not_found(format!("Function not found: {}", arn::arn(call, &wanted.function, qualifier)))
        }
        mapping::Error::Function(error) => refuse(call, &wanted.function, error),
        mapping::Error::Queue(queue::Error::NoSuchQueue(_)) => invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.",
        ),
        mapping::Error::NoSuchStream => match &wanted.source {
            Source::Stream(StreamSource::Data(id)) => {
                not_found(format!("Stream {} under account {} not found.", id.name.as_str(), id.scope.account))
            }
            Source::Stream(StreamSource::Table { .. }) | Source::Queue(_) => {
                invalid(format!("Stream not found: {arn}"))
            }
        },
        error => Error::internal(&error),
    }
}

pub fn stream_arn(origin: &Origin) -> String {
    match origin {
        Origin::Table(stream) => dynamodb::stream::arn(&stream.table, stream.began),
        Origin::Data(stream) => kinesis::address::arn(&stream.id),
    }
}

fn settled(id: &MappingId, mapping: &Mapping, state: State) -> Shown {
    match state {
        State::Enabled => shown(id, mapping, "Enabled"),
        State::Disabled => shown(id, mapping, "Disabled"),
        State::Stranded => Shown {
            state_transition_reason: Some("The function does not exist".to_owned()),
            ..shown(id, mapping, "Disabled")
        },
    }
}

fn shown(id: &MappingId, mapping: &Mapping, state: &str) -> Shown {
    let MappingId { scope: Scope { account, region }, uuid } = id;
    let arn = match &mapping.source {
        Source::Queue(queue) => sqs::queue_arn(queue),
        Source::Stream(StreamSource::Table { table, began }) => dynamodb::stream::arn(table, *began),
        Source::Stream(StreamSource::Data(id)) => kinesis::address::arn(id),
    };
    let settings = &mapping.settings;
    let filter = |pattern: &String| shapes::Filter { pattern: Some(pattern.clone()) };
    let shown = Shown {
        uuid: Some(uuid.to_string()),
        batch_size: i32::try_from(settings.batch_size).ok(),
        maximum_batching_window_in_seconds: i32::try_from(settings.window.as_secs()).ok(),
        event_source_arn: Some(arn),
        filter_criteria: (!settings.filters.is_empty())
            .then(|| shapes::FilterCriteria { filters: Some(settings.filters.iter().map(filter).collect()) }),
        function_arn: Some(arn::of(&mapping.function, mapping.qualifier.as_ref())),
        last_modified: Some(mapping.modified.millis() as f64 / 1000.0),
        state: Some(state.to_owned()),
        state_transition_reason: Some("USER_INITIATED".to_owned()),
        function_response_types: Some(match settings.answers_partly {
            true => vec![REPORTS.to_owned()],
            false => Vec::new(),
        }),
        scaling_config: settings
            .concurrency_max
            .map(|max| shapes::ScalingConfig { maximum_concurrency: i32::try_from(max).ok() }),
        event_source_mapping_arn: Some(format!("arn:aws:lambda:{region}:{account}:event-source-mapping:{uuid}")),
        ..Shown::default()
    };
    match &settings.stream {
        Some(stream) => shown_of_stream(stream, shown),
        None => shown,
    }
}

fn shown_of_stream(settings: &StreamSettings, shown: Shown) -> Shown {
    let (position, timestamp) = match settings.start {
        Start::Oldest => ("TRIM_HORIZON", None),
        Start::Latest => ("LATEST", None),
        Start::Since(since) => ("AT_TIMESTAMP", Some(since.millis() as f64 / 1_000.0)),
    };
    let without_end = |number: Option<i32>| Some(number.unwrap_or(-1));
    let age = settings.age_max.and_then(|age| i32::try_from(age.as_secs()).ok());
    Shown {
        starting_position: Some(position.to_owned()),
        starting_position_timestamp: timestamp,
        parallelization_factor: i32::try_from(settings.parallel).ok(),
        bisect_batch_on_function_error: Some(settings.bisects),
        maximum_retry_attempts: without_end(settings.retries_max.and_then(|retries| i32::try_from(retries).ok())),
        maximum_record_age_in_seconds: without_end(age),
        tumbling_window_in_seconds: Some(0),
        destination_config: Some(shapes::DestinationConfig {
            on_failure: Some(shapes::OnFailure { destination: settings.on_failure.as_ref().map(sqs::queue_arn) }),
            on_success: None,
        }),
        state_transition_reason: Some("User action".to_owned()),
        ..shown
    }
}
