//! Handing a document to whatever a target names, within the transaction of what causes it.
//!
//! A function is asked for permission and gets a row of its own, which its invocations then carry; the retries of the
//! target are not needed for that. What cannot be handed over will not be later either: it is a dead letter.

use bytes::Bytes;
use store::Tx;

use super::{Cause, Error, InvokeLater, PAYLOAD_BYTES_MAX, emit};
use crate::bus::rule::{Place, Receiver, Target};
use crate::bus::{self, BusId, BusName};
use crate::function::{FunctionId, Qualifier, Scope, Unroutable};
use crate::identity::{self, Context, Principal};
use crate::name::{AccountId, FunctionName, Region};
use crate::services::Services;

/// Who asks for permission.
const EVENTS: Principal = Principal::Service { name: "events.amazonaws.com" };

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
            Receiver::Queue(_) | Receiver::Unserved => Ok(Err(Refused {
                code: "NO_RESOURCE",
                text: "Nothing can be delivered to a target of this kind here yet.".to_owned(),
            })),
        };
        if let Err(Refused { code, text }) = sent? {
            let (rule, target) = (dispatch.rule_arn, &dispatch.target.arn);
            tracing::warn!(rule, target, code, text, "an event is dropped");
        }
        Ok(())
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
