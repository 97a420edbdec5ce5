//! Queues themselves: made, found, listed, changed, emptied, deleted.

use services::queue::settings::{Fifo, Settings};
use services::queue::{self, Create, Created, Listed, QueueId};

use super::{address, attribute, refusal};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::sqs::{
    CreateQueueRequest, CreateQueueResult, DeleteQueueRequest, GetQueueAttributesRequest, GetQueueAttributesResult,
    GetQueueUrlRequest, GetQueueUrlResult, ListDeadLetterSourceQueuesRequest, ListDeadLetterSourceQueuesResult,
    ListQueuesRequest, ListQueuesResult, PurgeQueueRequest, SetQueueAttributesRequest, error,
};

/// Source: Amazon SQS API model, ListQueues (read 2026-11-24).
const LISTED_MAX: usize = 1_000;

const NAME_WRONG: &str = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
const FIFO_NAME_WRONG: &str = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, \
                               must end with .fifo suffix and be 1 to 80 in length.";

pub async fn create_queue(call: Call, input: CreateQueueRequest) -> Result<CreateQueueResult, Error> {
    let attributes = input.attributes.unwrap_or_default();
    let fifo = attributes.get("FifoQueue").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let id = address::named(&call, &input.queue_name)
        .filter(|id| id.name.is_fifo() == fifo)
        .ok_or_else(|| refusal::invalid(if fifo { FIFO_NAME_WRONG } else { NAME_WRONG }))?;
    let mut settings = Settings { fifo: fifo.then(Fifo::default), ..Settings::default() };
    attribute::apply(&attributes, &mut settings)?;
    let policy = attributes.get("RedrivePolicy").map_or("", String::as_str);
    let create = Create { settings, tags: input.tags.unwrap_or_default() };
    match call.services.queues().create(&id, create).await.map_err(refusal::of_redrive(policy))? {
        Created::Now => {}
        Created::Before(settings) => {
            for (name, value) in attributes {
                let mut wanted = (*settings).clone();
                attribute::apply(&[(name.clone(), value)].into(), &mut wanted)?;
                if wanted != *settings {
                    return Err(error::QUEUE_NAME_EXISTS.with(format!(
                        "A queue already exists with the same name and a different value for attribute {name}"
                    )));
                }
            }
        }
    }
    Ok(CreateQueueResult { queue_url: Some(address::url(&call, &id)) })
}

pub async fn get_queue_url(call: Call, input: GetQueueUrlRequest) -> Result<GetQueueUrlResult, Error> {
    let id = address::named(&call, &input.queue_name).ok_or_else(refusal::no_such_queue)?;
    if input.queue_owner_aws_account_id.is_some_and(|owner| owner != call.account.as_str()) {
        return Err(refusal::no_such_queue());
    }
    call.services.queues().details(&id).map_err(refusal::of)?;
    Ok(GetQueueUrlResult { queue_url: Some(address::url(&call, &id)) })
}

pub async fn get_queue_attributes(
    call: Call,
    input: GetQueueAttributesRequest,
) -> Result<GetQueueAttributesResult, Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let details = call.services.queues().details(&id).map_err(refusal::of)?;
    let names = input.attribute_names.unwrap_or_default();
    let counted = names.iter().any(|name| name == "All" || name.starts_with("Approximate"));
    let counts = match counted {
        true => call.services.queues().counts(&id).await.map_err(refusal::of)?,
        false => Default::default(),
    };
    let attributes = attribute::shown(&id, &details, counts, &names)?;
    Ok(GetQueueAttributesResult { attributes: (!attributes.is_empty()).then_some(attributes) })
}

pub async fn set_queue_attributes(call: Call, input: SetQueueAttributesRequest) -> Result<(), Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let attributes = input.attributes;
    let policy = attributes.get("RedrivePolicy").map_or("", String::as_str);
    let changed =
        call.services.queues().change(&id, |settings| attribute::apply(&attributes, settings).map_err(Change::Refused));
    changed.await.map_err(|change| match change {
        Change::Refused(error) => error,
        Change::Queue(error) => refusal::of_redrive(policy)(error),
    })
}

/// Why attributes were not set.
pub enum Change {
    Refused(Error),
    Queue(queue::Error),
}

impl From<queue::Error> for Change {
    fn from(error: queue::Error) -> Change {
        Change::Queue(error)
    }
}

impl From<store::Error> for Change {
    fn from(error: store::Error) -> Change {
        Change::Queue(error.into())
    }
}

pub async fn list_queues(call: Call, input: ListQueuesRequest) -> Result<ListQueuesResult, Error> {
    let scope = services::function::Scope { account: call.account.clone(), region: call.region.clone() };
    let limit = limit(input.max_results)?;
    let prefix = input.queue_name_prefix.unwrap_or_default();
    let after = input.next_token.as_deref().map(after).transpose()?;
    let listed = call.services.queues().list(&scope, &prefix, after.as_deref(), limit).map_err(refusal::of)?;
    // Without a limit of its own a request gets no token, as it was before there were any.
    let next_token = input.max_results.and_then(|_| token(&listed));
    let urls: Vec<String> = listed.queues.iter().map(|id| address::url(&call, id)).collect();
    Ok(ListQueuesResult { queue_urls: (!urls.is_empty()).then_some(urls), next_token })
}

pub async fn list_dead_letter_source_queues(
    call: Call,
    input: ListDeadLetterSourceQueuesRequest,
) -> Result<ListDeadLetterSourceQueuesResult, Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    let after = input.next_token.as_deref().map(after).transpose()?;
    let listed = call.services.queues().dead_letter_sources(&id, after.as_deref(), limit(input.max_results)?);
    let listed = listed.map_err(refusal::of)?;
    let next_token = input.max_results.and_then(|_| token(&listed));
    let queue_urls = listed.queues.iter().map(|id| address::url(&call, id)).collect();
    Ok(ListDeadLetterSourceQueuesResult { queue_urls, next_token })
}

fn limit(given: Option<i32>) -> Result<usize, Error> {
    match given {
        None => Ok(LISTED_MAX),
        Some(max) => usize::try_from(max)
            .ok()
            .filter(|max| (1..=LISTED_MAX).contains(max))
            .ok_or_else(|| refusal::value(max, "MaxResults", "MaxResults must be an integer between 1 and 1000.")),
    }
}

/// A token is the name of the last queue of a page.
fn token(listed: &Listed) -> Option<String> {
    let last: Option<&QueueId> = listed.queues.last().filter(|_| listed.more);
    last.map(|id| hex::encode(id.name.as_str()))
}

fn after(token: &str) -> Result<String, Error> {
    let bytes = hex::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    bytes.ok_or_else(|| refusal::invalid("Invalid or expired next token."))
}

pub async fn delete_queue(call: Call, input: DeleteQueueRequest) -> Result<(), Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    call.services.queues().remove(&id).await.map_err(refusal::of)
}

pub async fn purge_queue(call: Call, input: PurgeQueueRequest) -> Result<(), Error> {
    let id = address::of_url(&call, &input.queue_url)?;
    call.services.queues().purge(&id).await.map_err(|error| match error {
        queue::Error::PurgedRecently { every } => error::PURGE_QUEUE_IN_PROGRESS.with(format!(
            "Only one PurgeQueue operation on {} is allowed every {} seconds.",
            id.name,
            every.as_secs()
        )),
        other => refusal::of(other),
    })
}
