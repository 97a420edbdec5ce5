//! Handing a document to whatever a target names, within the transaction of what causes it.
//!
//! A function is asked for permission and gets a row of its own, which its invocations then carry; the retries of the
//! target are not needed for that. What cannot be handed over will not be later either: it is a dead letter.

use std::collections::BTreeMap;

use bytes::Bytes;
use store::Tx;

use super::{Cause, Error, InvokeLater, PAYLOAD_BYTES_MAX, emit};
use crate::bus::rule::{Place, Receiver, Target};
use crate::bus::{self, BusId, BusName};
use crate::function::{FunctionId, Qualifier, Scope, Unroutable};
use crate::identity::{self, Context, Principal};
use crate::name::{AccountId, FunctionName, Region};
use crate::queue::{self, Attribute, AttributeValue, NewMessage, QueueId, QueueName};
use crate::services::Services;
use crate::trace;

/// Who asks for permission.
const EVENTS_NAME: &str = "events.amazonaws.com";
const EVENTS: Principal = Principal::Service { name: EVENTS_NAME };

/// Buses that an event may pass through: with more it is taken for going round in circles.
const DEPTH_MAX: u32 = 16;

pub(super) struct Receivers {
    services: Services,
}

/// A document on its way to a target.
pub(super) struct Dispatch<'a> {
    pub target: &'a Target,
    pub rule_arn: &'a str,
    pub document: Bytes,
    /// What it is and where it comes from, as functions are told.
    pub kind: &'a str,
    pub source: &'a str,
    pub cause: &'a Cause,
}

/// Why a target does not get it, in the service's words.
struct Refused {
    code: &'static str,
    text: String,
}

impl Receivers {
    /// What a row takes beside its document.
    pub const OVERHEAD_BYTES: usize = 512;

    pub fn new(services: Services) -> Receivers {
        Receivers { services }
    }

    pub fn send(&self, tx: &mut Tx, dispatch: &Dispatch<'_>) -> Result<(), Error> {
        let sent = match &dispatch.target.receiver {
            Receiver::Function { at, qualifier } => self.invoke(tx, dispatch, at, qualifier.as_deref()),
            Receiver::Bus(at) => pass_to_bus(tx, dispatch, at),
            Receiver::Queue(at) => self.enqueue(tx, dispatch, at),
            Receiver::Unserved => Ok(Err(Refused {
                code: "NO_RESOURCE",
                text: "Nothing can be delivered to a target of this kind here yet.".to_owned(),
            })),
        };
        match sent? {
            Ok(()) => Ok(()),
            Err(refused) => self.bury(tx, dispatch, &refused),
        }
    }

    /// Sends what the target does not get to its queue for dead letters.
    ///
    /// Source for the attributes: EventBridge User Guide, "Using dead-letter queues" (read 2026-11-24).
    fn bury(&self, tx: &mut Tx, dispatch: &Dispatch<'_>, refused: &Refused) -> Result<(), Error> {
        let Refused { code, text } = refused;
        let (rule, target) = (dispatch.rule_arn, dispatch.target.arn.as_str());
        let Some(dead_letter) = &dispatch.target.dead_letter else {
            tracing::warn!(rule, target, code, text, "an event is dropped");
            return Ok(());
        };
        let facts = [("RULE_ARN", rule), ("TARGET_ARN", target), ("ERROR_CODE", code), ("ERROR_MESSAGE", text)];
        let attribute = |(name, value): (&str, &str)| {
            let value = AttributeValue::Text(value.to_owned());
            (name.to_owned(), Attribute { data_type: "String".to_owned(), value })
        };
        let attributes = facts.into_iter().map(attribute).collect();
        if let Err(refused) = self.write_to_queue(tx, dispatch, &dead_letter.queue, attributes)? {
            tracing::warn!(rule, target, code, text, why = refused.text, "a dead letter is dropped");
        }
        Ok(())
    }

    fn enqueue(&self, tx: &mut Tx, dispatch: &Dispatch<'_>, at: &Place) -> Result<Result<(), Refused>, Error> {
        self.write_to_queue(tx, dispatch, at, BTreeMap::new())
    }

    fn write_to_queue(
        &self,
        tx: &mut Tx,
        dispatch: &Dispatch<'_>,
        at: &Place,
        attributes: BTreeMap<String, Attribute>,
    ) -> Result<Result<(), Refused>, Error> {
        let absent = || Refused { code: "NO_RESOURCE", text: format!("There is no queue {}.", at.name) };
        let queue = scope(at).zip(QueueName::parse(&at.name).ok()).map(|(scope, name)| QueueId { scope, name });
        let Some(queue) = queue else { return Ok(Err(absent())) };
        let message = NewMessage {
            body: String::from_utf8_lossy(&dispatch.document).into_owned(),
            attributes,
            trace_header: dispatch.cause.trace.as_ref().map(trace::render_xray),
            sender: EVENTS_NAME.to_owned(),
            ..NewMessage::default()
        };
        match queue::emit(tx, &queue, &message) {
            Ok(_) => Ok(Ok(())),
            Err(queue::Error::Store(error)) => Err(error.into()),
            Err(error) => Ok(Err(Refused { code: "NO_RESOURCE", text: error.to_string() })),
        }
    }

    fn invoke(
        &self,
        tx: &mut Tx,
        dispatch: &Dispatch<'_>,
        at: &Place,
        qualifier: Option<&str>,
    ) -> Result<Result<(), Refused>, Error> {
        let absent = || Refused { code: "NO_RESOURCE", text: format!("Function not found: {}", dispatch.target.arn) };
        let Some((function, qualifier)) = function(at, qualifier) else { return Ok(Err(absent())) };
        match self.services.routes().resolve(&function, qualifier.as_ref(), 0) {
            Ok(_) | Err(Unroutable::Pending) => {}
            Err(Unroutable::Absent | Unroutable::Failed(_)) => return Ok(Err(absent())),
        }
        if !self.allowed(dispatch, &function, qualifier.as_ref()) {
            let text =
                format!("The resource policy of {} does not let {} invoke it.", dispatch.target.arn, dispatch.rule_arn);
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

    fn allowed(&self, dispatch: &Dispatch<'_>, function: &FunctionId, qualifier: Option<&Qualifier>) -> bool {
        let context = Context::default()
            .with("aws:SourceArn", dispatch.rule_arn)
            .with("aws:SourceAccount", function.scope.account.as_str());
        let request = identity::Request {
            action: "lambda:InvokeFunction",
            resource: &dispatch.target.arn,
            owner: &function.scope.account,
            context: &context,
        };
        identity::authorize(&EVENTS, &request, &self.services.routes().policy(function, qualifier)).allowed()
    }
}

/// The event goes on as it is.
fn pass_to_bus(tx: &mut Tx, dispatch: &Dispatch<'_>, at: &Place) -> Result<Result<(), Refused>, Error> {
    let cause = Cause { depth: dispatch.cause.depth + 1, ..dispatch.cause.clone() };
    if cause.depth > DEPTH_MAX {
        return Ok(Err(Refused { code: "INVALID_PARAMETER", text: format!("It has passed {DEPTH_MAX} buses.") }));
    }
    let bus = scope(at).zip(BusName::parse(&at.name).ok()).map(|(scope, name)| BusId { scope, name });
    match bus {
        Some(bus) => bus::put(tx, &bus, &dispatch.document, &cause).map(Ok).map_err(Error::from),
        None => Ok(Err(Refused { code: "NO_RESOURCE", text: format!("There is no bus {}.", dispatch.target.arn) })),
    }
}

fn function(at: &Place, qualifier: Option<&str>) -> Option<(FunctionId, Option<Qualifier>)> {
    let id = FunctionId { scope: scope(at)?, name: FunctionName::parse(&at.name).ok()? };
    Some((id, qualifier.map(Qualifier::parse).transpose().ok()?))
}

fn scope(at: &Place) -> Option<Scope> {
    Some(Scope { account: AccountId::parse(&at.account).ok()?, region: Region::parse(&at.region).ok()? })
}
