//! Handing a document to whatever a target names, within the transaction of what causes it.
//!
//! A function is asked for permission and gets a row of its own, which its invocations then carry; a FIFO queue gets one
//! that is `outgoing`, and is tried as often as the target's policy says. What cannot be handed over now, and will not be
//! later either, is a dead letter.

use std::collections::BTreeMap;

use bytes::Bytes;
use store::{Timestamp, Tx};

use super::outgoing::Outgoing;
use super::{Cause, Error, InvokeLater, PAYLOAD_BYTES_MAX, emit};
use crate::bus::event::iso;
use crate::bus::rule::{Place, Receiver, Retry, Target};
use crate::bus::{self, BusId, BusName};
use crate::function::{FunctionId, Qualifier, Scope, Unroutable};
use crate::identity::{self, Context, Principal};
use crate::name::{AccountId, FunctionName, Region};
use crate::queue::{self, Attribute, AttributeValue, NewMessage, QueueId, QueueName};
use crate::services::Services;
use crate::topic::{self, TopicId, TopicName};
use crate::trace;

/// Buses that an event may pass through: with more it is taken for going round in circles.
const DEPTH_MAX: u32 = 16;

pub(super) struct Receivers {
    services: Services,
}

/// A document on its way to a target.
pub(super) struct Dispatch<'a> {
    pub to: Address<'a>,
    pub sender: Sender<'a>,
    pub document: Bytes,
    /// What it is and where it comes from, as functions are told.
    pub kind: &'a str,
    pub source: &'a str,
    pub cause: &'a Cause,
}

/// Where to, and what if that fails.
#[derive(Clone, Copy)]
pub(super) struct Address<'a> {
    pub arn: &'a str,
    pub receiver: &'a Receiver,
    /// The message group in a queue that keeps order.
    pub group: Option<&'a str>,
    pub retry: Option<&'a Retry>,
    pub dead_letter: Option<&'a Place>,
}

/// Who sends it.
#[derive(Clone, Copy)]
pub(super) enum Sender<'a> {
    /// Functions decide whether they let it in.
    Rule(&'a str),
    /// It has a role of its own.
    Schedule { arn: &'a str, due: Timestamp },
}

/// Why a target does not get it, in the service's words.
pub(super) struct Refused {
    pub code: &'static str,
    pub text: String,
}

impl<'a> Address<'a> {
    pub fn of(target: &'a Target) -> Address<'a> {
        Address {
            arn: &target.arn,
            receiver: &target.receiver,
            group: target.group.as_deref(),
            retry: target.retry.as_ref(),
            dead_letter: target.dead_letter.as_ref().map(|dead_letter| &dead_letter.queue),
        }
    }
}

impl Sender<'_> {
    /// Who asks functions for permission.
    fn service(self) -> &'static str {
        match self {
            Sender::Rule(_) => "events.amazonaws.com",
            Sender::Schedule { .. } => "scheduler.amazonaws.com",
        }
    }

    /// What a dead letter says of who sent it, and to whom.
    ///
    /// Source: EventBridge User Guide, "Using dead-letter queues", and EventBridge Scheduler User Guide, "Configuring a
    /// dead-letter queue" (read 2026-11-24).
    fn facts(self, target: &str) -> Facts {
        let target = ("TARGET_ARN", target.to_owned());
        let facts = match self {
            Sender::Rule(arn) => vec![("RULE_ARN", arn.to_owned()), target],
            Sender::Schedule { arn, due } => vec![
                ("SCHEDULE_ARN", arn.to_owned()),
                ("SCHEDULED_TIME", iso(due)),
                target,
                ("IS_PAYLOAD_TRUNCATED", "false".to_owned()),
            ],
        };
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Attributes of a dead letter.
pub(super) type Facts = BTreeMap<String, String>;

impl Receivers {
    /// What a row takes beside its document.
    pub const OVERHEAD_BYTES: usize = 512;

    pub fn new(services: Services) -> Receivers {
        Receivers { services }
    }

    pub fn send(&self, tx: &mut Tx, dispatch: &Dispatch<'_>) -> Result<(), Error> {
        let sent = match dispatch.to.receiver {
            Receiver::Function { at, qualifier } => self.invoke(tx, dispatch, at, qualifier.as_deref()),
            Receiver::Bus(at) => pass_to_bus(tx, dispatch, at),
            Receiver::Queue(at) => enqueue(tx, dispatch, at),
            Receiver::Topic(at) => publish(tx, dispatch, at),
            Receiver::Unserved => Ok(Err(Refused {
                code: "NO_RESOURCE",
                text: "Nothing can be delivered to a target of this kind here yet.".to_owned(),
            })),
        };
        match sent? {
            Ok(()) => Ok(()),
            Err(refused) => {
                let Dispatch { to, sender, .. } = dispatch;
                bury(tx, to.dead_letter, &message(dispatch, Facts::new()), sender.facts(to.arn), &refused)
            }
        }
    }

    fn invoke(
        &self,
        tx: &mut Tx,
        dispatch: &Dispatch<'_>,
        at: &Place,
        qualifier: Option<&str>,
    ) -> Result<Result<(), Refused>, Error> {
        let arn = dispatch.to.arn;
        let absent = || Refused { code: "NO_RESOURCE", text: format!("Function not found: {arn}") };
        let Some((function, qualifier)) = function(at, qualifier) else { return Ok(Err(absent())) };
        match self.services.routes().resolve(&function, qualifier.as_ref(), 0) {
            Ok(_) | Err(Unroutable::Pending) => {}
            Err(Unroutable::Absent | Unroutable::Failed(_)) => return Ok(Err(absent())),
        }
        if let Sender::Rule(rule) = dispatch.sender
            && !may_run(&self.services, dispatch.sender.service(), rule, (&function, qualifier.as_ref(), arn))
        {
            let text = format!("The resource policy of {arn} does not let {rule} invoke it.");
            return Ok(Err(Refused { code: "NO_PERMISSIONS", text }));
        }
        if dispatch.document.len() > PAYLOAD_BYTES_MAX {
            return Ok(Err(Refused { code: "INVALID_PARAMETER", text: "The event is too large.".to_owned() }));
        }
        let later = InvokeLater {
            function,
            qualifier,
            document: dispatch.document.clone(),
            kind: dispatch.kind.into(),
            source: dispatch.source.into(),
            client_context: None,
            request_id: None,
            cause: Cause { depth: dispatch.cause.depth + 1, ..dispatch.cause.clone() },
        };
        emit(tx, &later).map(|_| Ok(()))
    }
}

/// Whether the policy of a function lets a service run it for something of its own.
pub(super) fn may_run(
    services: &Services,
    service: &'static str,
    source_arn: &str,
    (function, qualifier, arn): (&FunctionId, Option<&Qualifier>, &str),
) -> bool {
    let context =
        Context::default().with("aws:SourceArn", source_arn).with("aws:SourceAccount", function.scope.account.as_str());
    let request = identity::Request {
        action: "lambda:InvokeFunction",
        resource: arn,
        owner: &function.scope.account,
        context: &context,
    };
    let policy = services.routes().policy(function, qualifier);
    identity::authorize(&Principal::Service { name: service }, &request, &policy).allowed()
}

/// Sends what a target does not get to the queue for dead letters.
pub(super) fn bury(
    tx: &mut Tx,
    queue: Option<&Place>,
    letter: &NewMessage,
    mut facts: Facts,
    refused: &Refused,
) -> Result<(), Error> {
    let Refused { code, text } = refused;
    facts.insert("ERROR_CODE".to_owned(), (*code).to_owned());
    facts.insert("ERROR_MESSAGE".to_owned(), text.clone());
    let Some(place) = queue else {
        tracing::warn!(?facts, "an event is dropped");
        return Ok(());
    };
    let attributes = attributes(&facts);
    let letter = NewMessage { attributes, group: None, deduplication_id: None, ..letter.clone() };
    let sent = match queue_id(place) {
        Some(queue) => queue::emit(tx, &queue, &letter),
        None => return Ok(()), // no queue has such a name
    };
    match sent {
        Ok(_) => Ok(()),
        Err(queue::Error::Store(error)) => Err(error.into()),
        Err(why) => {
            tracing::warn!(?facts, %why, "a dead letter is dropped");
            Ok(())
        }
    }
}

fn message(dispatch: &Dispatch<'_>, facts: Facts) -> NewMessage {
    NewMessage {
        body: String::from_utf8_lossy(&dispatch.document).into_owned(),
        attributes: attributes(&facts),
        trace_header: dispatch.cause.trace.as_ref().map(trace::render_xray),
        group: dispatch.to.group.map(ToOwned::to_owned),
        sender: dispatch.sender.service().to_owned(),
        ..NewMessage::default()
    }
}

fn attributes(facts: &Facts) -> BTreeMap<String, Attribute> {
    let attribute =
        |text: &String| Attribute { data_type: "String".to_owned(), value: AttributeValue::Text(text.clone()) };
    facts.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn enqueue(tx: &mut Tx, dispatch: &Dispatch<'_>, at: &Place) -> Result<Result<(), Refused>, Error> {
    let absent = || Refused { code: "NO_RESOURCE", text: format!("There is no queue {}.", at.name) };
    let Some(queue) = queue_id(at) else { return Ok(Err(absent())) };
    let message = message(dispatch, Facts::new());
    let fifo = match queue::settings_of(tx, &queue) {
        Ok(settings) => settings.fifo,
        Err(queue::Error::Store(error)) => return Err(error.into()),
        Err(_) => return Ok(Err(absent())),
    };
    match fifo {
        None => match queue::emit(tx, &queue, &message) {
            Ok(_) => Ok(Ok(())),
            Err(queue::Error::Store(error)) => Err(error.into()),
            Err(_) => Ok(Err(absent())),
        },
        Some(fifo) if !fifo.by_content => Ok(Err(Refused {
            code: "INVALID_PARAMETER",
            text: "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                   explicitly"
                .to_owned(),
        })),
        Some(_) => {
            let facts = dispatch.sender.facts(dispatch.to.arn);
            Outgoing::put(tx, at, &message, facts, &dispatch.to);
            Ok(Ok(()))
        }
    }
}

fn publish(tx: &mut Tx, dispatch: &Dispatch<'_>, at: &Place) -> Result<Result<(), Refused>, Error> {
    let refused = |code, text: String| Ok(Err(Refused { code, text }));
    let topic = scope(at).zip(TopicName::parse(&at.name).ok()).map(|(scope, name)| TopicId { scope, name });
    let Some(topic) = topic else { return refused("NO_RESOURCE", format!("There is no topic {}.", at.name)) };
    if dispatch.document.len() > topic::message::BODY_BYTES_MAX {
        return refused("INVALID_PARAMETER", "The event is too large for a topic.".to_owned());
    }
    let message = topic::NewMessage {
        body: String::from_utf8_lossy(&dispatch.document).into_owned(),
        group: dispatch.to.group.map(ToOwned::to_owned),
        cause: Cause { depth: dispatch.cause.depth + 1, ..dispatch.cause.clone() },
        ..topic::NewMessage::default()
    };
    match topic::publish(tx, &topic, &message) {
        Ok(_) => Ok(Ok(())),
        Err(topic::Error::Store(error)) => Err(error.into()),
        Err(error @ topic::Error::NoSuchTopic(_)) => refused("NO_RESOURCE", error.to_string()),
        Err(error) => refused("INVALID_PARAMETER", error.to_string()),
    }
}

/// The event goes on as it is.
fn pass_to_bus(tx: &mut Tx, dispatch: &Dispatch<'_>, at: &Place) -> Result<Result<(), Refused>, Error> {
    let cause = Cause { depth: dispatch.cause.depth + 1, ..dispatch.cause.clone() };
    if cause.depth > DEPTH_MAX {
        return Ok(Err(Refused { code: "INVALID_PARAMETER", text: format!("It has passed {DEPTH_MAX} buses.") }));
    }
    let bus = scope(at).zip(BusName::parse(&at.name).ok()).map(|(scope, name)| BusId { scope, name });
    let absent = || Refused { code: "NO_RESOURCE", text: format!("There is no bus {}.", dispatch.to.arn) };
    let Some(bus) = bus else { return Ok(Err(absent())) };
    match bus::find(tx, &bus) {
        Ok(_) => bus::put(tx, &bus, &dispatch.document, &cause).map(Ok).map_err(Error::from),
        Err(bus::Error::NoSuchBus(_)) => Ok(Err(absent())),
        Err(error) => Err(error.into()),
    }
}

fn function(at: &Place, qualifier: Option<&str>) -> Option<(FunctionId, Option<Qualifier>)> {
    let id = FunctionId { scope: scope(at)?, name: FunctionName::parse(&at.name).ok()? };
    Some((id, qualifier.map(Qualifier::parse).transpose().ok()?))
}

pub(super) fn queue_id(at: &Place) -> Option<QueueId> {
    Some(QueueId { scope: scope(at)?, name: QueueName::parse(&at.name).ok()? })
}

fn scope(at: &Place) -> Option<Scope> {
    Some(Scope { account: AccountId::parse(&at.account).ok()?, region: Region::parse(&at.region).ok()? })
}
