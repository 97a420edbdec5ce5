//! Subscriptions begin, are confirmed and end.

use std::collections::BTreeMap;

use http::{Method, Response, Uri};

use services::Services;
use services::identity::Principal;
use services::run::{Body, RequestId};
use services::topic::subscription::{self, Endpoint, Protocol, Receiver, Settings, Subscribed, Subscription};
use services::topic::{Place, SubscriptionId, TopicId};

use super::refusal::{invalid, not_yet, refuse};
use super::subscription::apply_all;
use super::topic::Change;
use super::{VALIDATION_ERROR, address};
use crate::call::Call;
use crate::error::Error;
use crate::operation::Answering;
use crate::shape::Described;
use crate::shapes::sns as shapes;
use crate::{protocol, uri};

/// What is told of a subscription that is not confirmed, instead of its ARN.
const PENDING: &str = "pending confirmation";

pub async fn subscribe(call: Call, input: shapes::SubscribeInput) -> Result<shapes::SubscribeResponse, Error> {
    let endpoint = endpoint(&input.protocol, input.endpoint.as_deref().unwrap_or_default())?;
    if endpoint.receiver == Receiver::Url && !call.services.reaches_outside() {
        return Err(not_yet("Subscriptions of HTTP endpoints"));
    }
    let topic = address::topic(&call, "TopicArn", &input.topic_arn)?;
    check_kind(&topic, &endpoint)?;
    let attributes: BTreeMap<String, String> = input.attributes.unwrap_or_default();
    let authenticated = endpoint.receiver != Receiver::Url; // else who confirms it says so
    let new = Subscription {
        endpoint,
        principal: call.caller.arn(),
        by_function: matches!(call.caller, Principal::Function(_)),
        authority: call.authority.to_string(),
        authenticated,
        owner_ends: false,
        token: None,
        pending: false,
        settings: Settings::default(),
    };
    let apply = |settings: &mut Settings| {
        apply_all(settings, &topic, &new.endpoint, &attributes)
            .map_err(|wrong| Change::Refused(invalid(format!("Attributes Reason: {wrong}"))))
    };
    let subscribed = call.services.transact(|tx| subscription::subscribe(tx, &topic, &new, apply)).await;
    let Subscribed { id, subscription, .. } = subscribed.map_err(Change::error)?;
    let shown = match subscription.is_pending() && !input.return_subscription_arn.unwrap_or(false) {
        true => PENDING.to_owned(),
        false => address::subscription_arn(&id),
    };
    Ok(shapes::SubscribeResponse { subscription_arn: Some(shown) })
}

fn endpoint(protocol: &str, text: &str) -> Result<Endpoint, Error> {
    let place = |service: &str, wrong: &str| {
        let parts: Vec<&str> = text.split(':').collect();
        match parts.as_slice() {
            ["arn", partition, found, region, account, rest @ ..]
                if partition.starts_with("aws") && *found == service =>
            {
                let at = |name: &str| Place {
                    account: (*account).to_owned(),
                    region: (*region).to_owned(),
                    name: name.to_owned(),
                };
                match (service, rest) {
                    ("sqs", [name]) => Ok(Receiver::Queue(at(name))),
                    ("lambda", ["function", name]) => Ok(Receiver::Function { at: at(name), qualifier: None }),
                    ("lambda", ["function", name, qualifier]) => {
                        Ok(Receiver::Function { at: at(name), qualifier: Some((*qualifier).to_owned()) })
                    }
                    _ => Err(invalid(wrong)),
                }
            }
            _ => Err(invalid(wrong)),
        }
    };
    let (protocol, receiver) = match protocol {
        "lambda" => (Protocol::Lambda, place("lambda", "Lambda endpoint ARN")?),
        "sqs" => (Protocol::Sqs, place("sqs", "SQS endpoint ARN")?),
        "http" | "https" => match text.split_once("://") {
            Some((scheme, rest)) if scheme == protocol && !rest.is_empty() => match scheme {
                "http" => (Protocol::Http, Receiver::Url),
                _ => (Protocol::Https, Receiver::Url),
            },
            _ => return Err(invalid("Endpoint must match the specified protocol")),
        },
        "application" | "email" | "email-json" | "firehose" | "sms" => {
            return Err(not_yet(format!("Subscriptions with the protocol {protocol}")));
        }
        _ => return Err(invalid(format!("Amazon SNS does not support this protocol string: {protocol}"))),
    };
    Ok(Endpoint { protocol, text: text.to_owned(), receiver })
}

/// FIFO queues are for FIFO topics, and those are for queues.
fn check_kind(topic: &TopicId, endpoint: &Endpoint) -> Result<(), Error> {
    match &endpoint.receiver {
        Receiver::Queue(at) if at.name.ends_with(".fifo") && !topic.name.is_fifo() => Err(invalid(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
        )),
        Receiver::Function { .. } | Receiver::Url if topic.name.is_fifo() => {
            Err(invalid("Invalid parameter: Endpoint Reason: Please use FIFO SQS queue"))
        }
        Receiver::Queue(_) | Receiver::Function { .. } | Receiver::Url => Ok(()),
    }
}

pub async fn confirm_subscription(
    call: Call,
    input: shapes::ConfirmSubscriptionInput,
) -> Result<shapes::ConfirmSubscriptionResponse, Error> {
    let topic = address::topic(&call, "TopicArn", &input.topic_arn)?;
    let owner_ends = input.authenticate_on_unsubscribe.is_some_and(|given| given.eq_ignore_ascii_case("true"));
    let token = &input.token;
    let confirm = |tx: &mut store::Tx| subscription::confirm(tx, &topic, token, true, owner_ends);
    let id = call.services.transact(confirm).await.map_err(refuse)?;
    Ok(shapes::ConfirmSubscriptionResponse { subscription_arn: Some(address::subscription_arn(&id)) })
}

/// A subscription that is not there is as good as ended.
pub async fn unsubscribe(call: Call, input: shapes::UnsubscribeInput) -> Result<(), Error> {
    let id = address::subscription(&call, &input.subscription_arn)?;
    call.services.transact(|tx| subscription::unsubscribe(tx, &id, true)).await.map(drop).map_err(refuse)
}

/// A request without a signature, by a link in what an endpoint was told.
pub enum Link {
    Confirm { topic: TopicId, token: String, owner_ends: bool },
    Unsubscribe(SubscriptionId),
}

impl Link {
    /// The link that a request follows; none if it is none.
    pub fn read(method: &Method, uri: &Uri) -> Option<Link> {
        let pairs = uri::pairs(uri.query().filter(|_| *method == Method::GET && uri.path() == "/")?);
        let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match get("Action")? {
            "ConfirmSubscription" => Some(Link::Confirm {
                topic: address::of_arn(get("TopicArn")?)?,
                token: get("Token")?.to_owned(),
                owner_ends: get("AuthenticateOnUnsubscribe").is_some_and(|given| given.eq_ignore_ascii_case("true")),
            }),
            "Unsubscribe" => {
                let (topic, id) = get("SubscriptionArn")?.rsplit_once(':')?;
                Some(Link::Unsubscribe(SubscriptionId { topic: address::of_arn(topic)?, id: id.into() }))
            }
            _ => None,
        }
    }

    pub fn operation(&self) -> &'static Described {
        match self {
            Link::Confirm { .. } => &shapes::CONFIRM_SUBSCRIPTION_OPERATION,
            Link::Unsubscribe(_) => &shapes::UNSUBSCRIBE_OPERATION,
        }
    }

    pub async fn follow(self, services: &Services, request_id: &RequestId) -> Result<Response<Body>, Error> {
        let answering =
            Answering { protocol: shapes::SERVICE.protocol, invalid: &VALIDATION_ERROR, described: self.operation() };
        match self {
            Link::Confirm { topic, token, owner_ends } => {
                let confirm = |tx: &mut store::Tx| subscription::confirm(tx, &topic, &token, false, owner_ends);
                let id = services.transact(confirm).await.map_err(refuse)?;
                let subscription_arn = Some(address::subscription_arn(&id));
                protocol::write(answering, shapes::ConfirmSubscriptionResponse { subscription_arn }, request_id)
            }
            Link::Unsubscribe(id) => {
                services.transact(|tx| subscription::unsubscribe(tx, &id, false)).await.map_err(refuse)?;
                protocol::write(answering, (), request_id)
            }
        }
    }
}
