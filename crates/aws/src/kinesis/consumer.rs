//! Consumers that register under a name. They read as all others do: there is no subscription yet.

use services::stream::data::{self, StreamId, StreamName, consumer};

use super::address::{self, consumer_arn};
use super::{count, refusal, seconds};
use crate::call::Call;
use crate::error::{self, Error};
use crate::shapes::kinesis as shapes;
use crate::shapes::kinesis::error::RESOURCE_IN_USE_EXCEPTION;

/// Source: API reference, ListStreamConsumers, `MaxResults` (read 2026-11-24).
const CONSUMERS_PAGE: usize = 100;

pub async fn register(
    call: Call,
    input: shapes::RegisterStreamConsumerInput,
) -> Result<shapes::RegisterStreamConsumerOutput, Error> {
    let id = address::stream(&call, None, Some(&input.stream_arn))?;
    let name = StreamName::parse(&input.consumer_name).map_err(|error| error::VALIDATION.with(error.to_string()))?;
    if input.tags.is_some_and(|tags| !tags.is_empty()) {
        return Err(error::NOT_IMPLEMENTED.with("Tags of consumers are not implemented."));
    }
    let registered = call.services.transact(|tx| consumer::register(tx, &id, &name)).await;
    let consumer = registered.map_err(|error| match error {
        data::Error::ConsumerExists => RESOURCE_IN_USE_EXCEPTION.with(format!(
            "Consumer {} under stream {} already exists for account {}.",
            name.as_str(),
            address::arn(&id),
            id.scope.account
        )),
        other => refusal::of(&id, other),
    })?;
    Ok(shapes::RegisterStreamConsumerOutput { consumer: show(&id, &consumer, "CREATING") })
}

fn show(id: &StreamId, consumer: &consumer::Consumer, status: &str) -> shapes::Consumer {
    shapes::Consumer {
        consumer_name: consumer.name.as_str().to_owned(),
        consumer_arn: consumer_arn(id, consumer),
        consumer_status: status.to_owned(),
        consumer_creation_timestamp: seconds(consumer.created),
    }
}

/// The consumer that a request names, by its ARN or by its stream's and its name.
fn named(stream: Option<&str>, name: Option<&str>, arn: Option<&str>) -> Result<(StreamId, String), Error> {
    match (arn, stream, name) {
        (Some(arn), _, _) => {
            let (id, name) = address::consumer_in_arn(arn).ok_or_else(|| address::bad_arn(arn))?;
            Ok((id, name.to_owned()))
        }
        (None, Some(stream), Some(name)) => {
            Ok((address::in_arn(stream).ok_or_else(|| address::bad_arn(stream))?, name.to_owned()))
        }
        (None, _, _) => {
            Err(refusal::invalid("Either ConsumerARN or both StreamARN and ConsumerName must be provided."))
        }
    }
}

/// Of the caller's own account alone.
fn own(call: &Call, id: &StreamId, name: &str) -> Result<(), Error> {
    if id.scope.account == call.account { Ok(()) } else { Err(refusal::no_such_consumer(id, name)) }
}

fn refused(id: &StreamId, name: &str, error: data::Error) -> Error {
    match error {
        data::Error::NoSuchConsumer => refusal::no_such_consumer(id, name),
        other => refusal::of(id, other),
    }
}

pub async fn describe(
    call: Call,
    input: shapes::DescribeStreamConsumerInput,
) -> Result<shapes::DescribeStreamConsumerOutput, Error> {
    let (stream, name) = (input.stream_arn.as_deref(), input.consumer_name.as_deref());
    let (id, name) = named(stream, name, input.consumer_arn.as_deref())?;
    own(&call, &id, &name)?;
    let found = call.services.store().read(|read| consumer::find(read, &id, &name));
    let consumer = found.map_err(|error| refused(&id, &name, error))?;
    let shown = show(&id, &consumer, "ACTIVE");
    Ok(shapes::DescribeStreamConsumerOutput {
        consumer_description: shapes::ConsumerDescription {
            consumer_name: shown.consumer_name,
            consumer_arn: shown.consumer_arn,
            consumer_status: shown.consumer_status,
            consumer_creation_timestamp: shown.consumer_creation_timestamp,
            stream_arn: address::arn(&id),
        },
    })
}

pub async fn deregister(call: Call, input: shapes::DeregisterStreamConsumerInput) -> Result<(), Error> {
    let (stream, name) = (input.stream_arn.as_deref(), input.consumer_name.as_deref());
    let (id, name) = named(stream, name, input.consumer_arn.as_deref())?;
    own(&call, &id, &name)?;
    let gone = call.services.transact(|tx| consumer::deregister(tx, &id, &name)).await;
    gone.map_err(|error| refused(&id, &name, error))
}

pub async fn list(
    call: Call,
    input: shapes::ListStreamConsumersInput,
) -> Result<shapes::ListStreamConsumersOutput, Error> {
    let id = address::stream(&call, None, Some(&input.stream_arn))?;
    let found: Result<_, data::Error> = call.services.store().read(|read| {
        let stream = data::find(read, &id)?;
        consumer::list(read, &stream)
    });
    let mut found = found.map_err(|error| refusal::of(&id, error))?;
    found.retain(|consumer| input.next_token.as_deref().is_none_or(|after| consumer.name.as_str() > after));
    let limit = count(input.max_results, CONSUMERS_PAGE);
    let more = found.len() > limit;
    found.truncate(limit);
    let next_token = found.last().filter(|_| more).map(|last| last.name.as_str().to_owned());
    let consumers = found.iter().map(|consumer| show(&id, consumer, "ACTIVE")).collect();
    Ok(shapes::ListStreamConsumersOutput { consumers: Some(consumers), next_token })
}
