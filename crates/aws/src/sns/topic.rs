//! Topics themselves: made, found, listed, changed, deleted.

use services::function::Scope;
use services::topic::{self, Settings, TopicId, TopicName};

use super::attribute::{self, Wrong};
use super::refusal::{invalid, refuse};
use super::{address, tag};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::sns as shapes;

/// Source: Amazon SNS API reference, ListTopics (read 2026-11-24).
pub const PAGE: usize = 100;

const FIFO_NAME_WRONG: &str = "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase \
                               ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 \
                               characters long.";

pub async fn create_topic(call: Call, input: shapes::CreateTopicInput) -> Result<shapes::CreateTopicResponse, Error> {
    let mut attributes = input.attributes.unwrap_or_default();
    if let Some(policy) = input.data_protection_policy.filter(|policy| !policy.is_empty()) {
        attributes.insert("DataProtectionPolicy".to_owned(), policy);
    }
    let fifo = attributes.remove("FifoTopic").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let name = TopicName::parse(&input.name).ok().filter(|name| name.is_fifo() == fifo);
    let name = name.ok_or_else(|| match fifo {
        true => shapes::error::INVALID_PARAMETER_EXCEPTION.with(FIFO_NAME_WRONG),
        false => invalid("Topic Name"),
    })?;
    let scope = Scope { account: call.account.clone(), region: call.region.clone() };
    let id = TopicId { scope, name };
    let apply_all = |settings: &mut Settings| {
        attributes.iter().try_for_each(|(name, value)| {
            attribute::apply(settings, &id, name, value).map_err(|wrong| {
                Change::Refused(invalid(match wrong {
                    Wrong::Name => format!("Attributes Reason: Unknown attribute {name}"),
                    Wrong::Value(text) => format!("Attributes Reason: {text}"),
                }))
            })
        })
    };
    let tags = tag::tags_of(input.tags.as_deref().unwrap_or_default())?;
    call.services.transact(|tx| topic::create(tx, &id, apply_all, &tags)).await.map_err(Change::error)?;
    Ok(shapes::CreateTopicResponse { topic_arn: Some(address::arn(&id)) })
}

pub async fn delete_topic(call: Call, input: shapes::DeleteTopicInput) -> Result<(), Error> {
    let id = address::topic(&call, "TopicArn", &input.topic_arn)?;
    call.services.transact(|tx| topic::delete(tx, &id)).await.map_err(refuse)
}

pub async fn list_topics(call: Call, input: shapes::ListTopicsInput) -> Result<shapes::ListTopicsResponse, Error> {
    let scope = Scope { account: call.account.clone(), region: call.region.clone() };
    let after = input.next_token.as_deref().map(after).transpose()?;
    let mut names =
        call.services.store().read(|read| topic::list(read, &scope, after.as_deref(), PAGE + 1)).map_err(refuse)?;
    let more = names.len() > PAGE;
    names.truncate(PAGE);
    let next_token = names.last().filter(|_| more).map(|name| token(name.as_str()));
    let arn = |name| shapes::Topic { topic_arn: Some(address::arn(&TopicId { scope: scope.clone(), name })) };
    Ok(shapes::ListTopicsResponse { topics: Some(names.into_iter().map(arn).collect()), next_token })
}

/// A token is what the last one of a page is called.
pub fn token(last: &str) -> String {
    hex::encode(last)
}

pub fn after(token: &str) -> Result<String, Error> {
    let bytes = hex::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    bytes.ok_or_else(|| invalid("NextToken"))
}

pub async fn get_topic_attributes(
    call: Call,
    input: shapes::GetTopicAttributesInput,
) -> Result<shapes::GetTopicAttributesResponse, Error> {
    let id = address::topic(&call, "TopicArn", &input.topic_arn)?;
    let found = call.services.store().read(|read| Ok((topic::find(read, &id)?, topic::counts(read, &id)?)));
    let (topic, counts) = found.map_err(refuse)?;
    Ok(shapes::GetTopicAttributesResponse { attributes: Some(attribute::shown(&id, &topic, counts)) })
}

pub async fn set_topic_attributes(call: Call, input: shapes::SetTopicAttributesInput) -> Result<(), Error> {
    let id = address::topic(&call, "TopicArn", &input.topic_arn)?;
    let value = input.attribute_value.unwrap_or_default();
    let apply = |settings: &mut Settings| {
        attribute::apply(settings, &id, &input.attribute_name, &value).map_err(|wrong| match wrong {
            Wrong::Name => Change::Refused(invalid("AttributeName")),
            Wrong::Value(text) => Change::Refused(invalid(text)),
        })
    };
    call.services.transact(|tx| topic::set(tx, &id, apply)).await.map_err(Change::error)
}

/// Why attributes were not set.
pub enum Change {
    Refused(Error),
    Topic(topic::Error),
}

impl Change {
    pub fn error(self) -> Error {
        match self {
            Change::Refused(error) => error,
            Change::Topic(error) => refuse(error),
        }
    }
}

impl From<topic::Error> for Change {
    fn from(error: topic::Error) -> Change {
        Change::Topic(error)
    }
}

impl From<store::Error> for Change {
    fn from(error: store::Error) -> Change {
        Change::Topic(error.into())
    }
}
