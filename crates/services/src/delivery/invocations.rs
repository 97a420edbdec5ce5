//! Asynchronous invocations: functions as the target of the bag, and the rules that it goes by.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use store::{Timestamp, Tx};

use super::bag::{Bag, Rules};
use super::outcome::{Record, Response};
use super::policy::{Backoff, End, Retry};
use super::rows::Waiting;
use super::{Answer, Cause, Delivered, Error, InvokeLater, ROOM_PAUSE, Target, emit};
use crate::function::event_config::{AGE_MAX, RETRIES_MAX};
use crate::function::{Destination, EventConfig, FunctionId, Qualifier, Unroutable};
use crate::invoke::{self, Invoke, Invoked, Permit};
use crate::queue::{self, Attribute, AttributeValue, NewMessage};
use crate::run::{BoxFuture, Failure, Output, Payload, RequestId};
use crate::services::Services;
use crate::{function, topic, trace};

/// Waits after a function failed. Source: Lambda developer guide, "Asynchronous invocation": "a one-minute wait between
/// the first two attempts, and two minutes between the second and third attempts" (read 2026-11-24).
const AFTER_FAILURE: Backoff =
    Backoff { first: Duration::from_secs(60), last: Duration::from_secs(120), jitter: false };
/// Waits after the platform failed. Source: as above, "from 1 second after the first attempt to a maximum of 5 minutes".
const AFTER_OUTAGE: Backoff = Backoff { first: Duration::from_secs(1), last: Duration::from_secs(300), jitter: true };

/// Source: Lambda developer guide, "Adding a dead-letter queue": the first 1 KB (read 2026-11-24).
const ERROR_CHARS_MAX: usize = 1_024;

/// Who sends records to queues.
const LAMBDA: &str = "lambda.amazonaws.com";
/// What the record of an invocation is as a CloudEvent.
const RECORD_KIND: &str = "nought.record";

pub(super) struct Invocations {
    services: Services,
    /// Times every delay and age, so that tests need not wait for minutes.
    scale: f64,
}

impl Invocations {
    pub fn new(services: Services, scale: f64) -> Invocations {
        Invocations { services, scale }
    }

    /// What is said before anything is run, or the room that it may take. Taken by the loop itself, so that its next
    /// claim sees what is left.
    fn admit(&self, waiting: &Waiting) -> Result<Permit, Delivered> {
        let function = &waiting.place.function;
        match self.services.routes().resolve(function, None, 0) {
            Ok(route) if route.reserved == Some(0) => Err(Delivered::Refused(End::TurnedOff)),
            Ok(route) => self.services.permit(function, &route).map_err(|_| Delivered::Waits(None)),
            Err(unroutable) => Err(self.unroutable(&unroutable)),
        }
    }

    fn unroutable(&self, unroutable: &Unroutable) -> Delivered {
        match unroutable {
            Unroutable::Pending => Delivered::Waits(Some(self.now() + ROOM_PAUSE)),
            Unroutable::Absent | Unroutable::Failed(_) => Delivered::Refused(End::Gone),
        }
    }

    async fn invoke(&self, waiting: &Waiting, permit: Permit) -> Result<Delivered, Error> {
        let function = &waiting.place.function;
        let qualifier = waiting.event.qualifier()?;
        let document = self.services.store().read(|read| waiting.document(read))?;
        let event = &waiting.event;
        let invoke = Invoke {
            account: function.scope.account.clone(),
            region: function.scope.region.clone(),
            name: function.name.clone(),
            qualifier: qualifier.clone(),
            choice: None,
            payload: Payload::Event { document, kind: event.kind.clone(), source: event.source.clone() },
            trace: event.cause.trace,
            client_context: event.client_context.clone(),
            request_id: Some(RequestId(event.request_id.clone())),
            tail: false,
        };
        Ok(match self.services.invoke_with(permit, invoke).await {
            Ok(invoked) => self.judge(function, qualifier.as_ref(), invoked),
            Err(invoke::Error::Throttled(_) | invoke::Error::Stopping) => Delivered::Waits(None),
            Err(invoke::Error::Unroutable(unroutable)) => self.unroutable(&unroutable),
            Err(error @ invoke::Error::NotPrepared(_)) => {
                tracing::error!(request_id = %event.request_id, %error, "an event is tried again later");
                Delivered::Broken
            }
        })
    }

    fn judge(&self, function: &FunctionId, qualifier: Option<&Qualifier>, invoked: Invoked) -> Delivered {
        let config = self.services.routes().event_config(function, qualifier);
        let wanted = |destination: fn(&EventConfig) -> &Option<Destination>| {
            config.as_ref().is_some_and(|config| destination(config).is_some())
        };
        let version = Some(invoked.executed_version);
        let buried = || {
            let found = self.services.store().read(|read| function::find(read, function, qualifier));
            found.is_ok_and(|(_, details)| details.settings.dead_letter.is_some())
        };
        let failed = |document| match wanted(|config| &config.on_failure) || buried() {
            true => Delivered::Failed(Answer { document, version, request_id: None }),
            false => Delivered::Failed(Answer { version, ..Answer::default() }),
        };
        match invoked.answer.outcome {
            Ok(Output::Document(document)) if wanted(|config| &config.on_success) => {
                Delivered::Done(Answer { document, version, request_id: None })
            }
            Ok(Output::Document(_) | Output::Http(_)) => Delivered::Done(Answer { version, ..Answer::default() }),
            // It may have been ended by the stop and not by itself: the next start runs it again.
            Err(_) if self.services.stopping() => Delivered::Waits(None),
            Err(Failure::Function { document }) => failed(document),
            Err(Failure::ResponseTooLarge { bytes_max, .. }) => {
                failed(self.services.envelopes().response_too_large(bytes_max))
            }
            Err(Failure::NoRoom(_)) => Delivered::Waits(Some(self.now() + ROOM_PAUSE)),
            Err(Failure::Platform(error)) => {
                tracing::error!(request_id = %invoked.request_id.0, %error, "an event is tried again later");
                Delivered::Broken
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.services.store().clock()
    }

    fn config(&self, waiting: &Waiting) -> Option<Arc<EventConfig>> {
        let qualifier = waiting.event.qualifier().ok()?;
        self.services.routes().event_config(&waiting.place.function, qualifier.as_ref())
    }

    /// The record of an event, as it goes to a destination.
    fn record(&self, tx: &mut Tx, waiting: &Waiting, end: End, delivered: &Delivered) -> Result<bytes::Bytes, Error> {
        let request = waiting.document(tx)?;
        let qualifier = waiting.event.qualifier()?;
        let response = |answer: &Answer, is_error| (answer.version, is_error, answer.document.clone());
        let response = match delivered {
            Delivered::Done(answer) => Some(response(answer, false)),
            Delivered::Failed(answer) => Some(response(answer, true)),
            Delivered::Partly(_) | Delivered::Broken | Delivered::Refused(_) | Delivered::Waits(_) => None,
        };
        Ok(self.services.envelopes().record(&Record {
            at: tx.now(),
            request_id: &waiting.event.request_id,
            function: &waiting.place.function,
            qualifier: qualifier.as_ref(),
            end,
            invoke_count: waiting.event.failures + u32::from(response.is_some()),
            request: &request,
            response: response.as_ref().map(|(version, is_error, document)| Response {
                version: *version,
                is_error: *is_error,
                document,
            }),
        }))
    }
}

impl Invocations {
    /// Sends an event that has failed to the function's queue or topic for such events, with what failed beside it.
    ///
    /// Source: Lambda developer guide, "Adding a dead-letter queue" (read 2026-11-24).
    fn bury(&self, tx: &mut Tx, waiting: &Waiting, delivered: &Delivered) -> Result<(), Error> {
        let qualifier = waiting.event.qualifier()?;
        let dead_letter = match function::find(tx, &waiting.place.function, qualifier.as_ref()) {
            Ok((_, details)) => details.settings.dead_letter,
            Err(function::Error::Store(error)) => return Err(error.into()),
            Err(_) => None, // it is gone, and its settings with it
        };
        let Some(destination) = dead_letter else { return Ok(()) };
        let text = |data_type: &str, text: String| Attribute {
            data_type: data_type.to_owned(),
            value: AttributeValue::Text(text),
        };
        let mut attributes = BTreeMap::from([
            ("RequestID".to_owned(), text("String", waiting.event.request_id.to_string())),
            ("ErrorCode".to_owned(), text("Number", "200".to_owned())),
        ]);
        if let Delivered::Failed(answer) = delivered
            && let Some(message) = message_of(&answer.document)
        {
            attributes.insert("ErrorMessage".to_owned(), text("String", message));
        }
        let document = waiting.document(tx)?;
        self.tell(tx, waiting, &destination, document, attributes)
    }

    /// Sends what is told of an event to its destination.
    fn tell(
        &self,
        tx: &mut Tx,
        waiting: &Waiting,
        destination: &Destination,
        document: bytes::Bytes,
        attributes: BTreeMap<String, Attribute>,
    ) -> Result<(), Error> {
        let cause = Cause {
            trace: waiting.event.cause.trace,
            request: Some(RequestId(waiting.event.request_id.clone())),
            depth: waiting.event.cause.depth + 1,
        };
        let body = || String::from_utf8_lossy(&document).into_owned();
        let dropped = |error: &dyn std::fmt::Display| {
            tracing::warn!(request_id = %waiting.event.request_id, %error, "the record of an event is dropped");
            Ok(())
        };
        match destination {
            Destination::Function { id, qualifier } => {
                let told = InvokeLater {
                    function: id.clone(),
                    qualifier: qualifier.clone(),
                    document,
                    kind: RECORD_KIND.into(),
                    source: self
                        .services
                        .envelopes()
                        .function(&waiting.place.function, waiting.event.qualifier()?.as_ref()),
                    client_context: None,
                    request_id: None,
                    cause,
                };
                emit(tx, &told).map(drop)
            }
            Destination::Queue(id) => {
                let trace_header = cause.trace.as_ref().map(trace::render_xray);
                let sender = LAMBDA.to_owned();
                let message = NewMessage { body: body(), attributes, trace_header, sender, ..NewMessage::default() };
                match queue::emit(tx, id, &message) {
                    Ok(_) => Ok(()),
                    Err(queue::Error::Store(error)) => Err(error.into()),
                    Err(error) => dropped(&error),
                }
            }
            Destination::Topic(_) if document.len() > topic::message::BODY_BYTES_MAX => {
                dropped(&"it is too large for a topic")
            }
            Destination::Topic(id) => {
                let message = topic::NewMessage { body: body(), attributes, cause, ..topic::NewMessage::default() };
                match topic::publish(tx, id, &message) {
                    Ok(_) => Ok(()),
                    Err(topic::Error::Store(error)) => Err(error.into()),
                    Err(error) => dropped(&error),
                }
            }
        }
    }
}

/// The message of a function's error, as far as it is told.
fn message_of(error: &[u8]) -> Option<String> {
    let error: serde_json::Value = serde_json::from_slice(error).ok()?;
    let message: String = error["errorMessage"].as_str()?.chars().take(ERROR_CHARS_MAX).collect();
    (!message.is_empty()).then_some(message)
}

impl Rules for Invocations {
    fn retry(&self, waiting: &Waiting) -> Retry {
        let config = self.config(waiting);
        let retries = config.as_ref().and_then(|config| config.retries).unwrap_or(RETRIES_MAX);
        let age = config.as_ref().and_then(|config| config.age).unwrap_or(AGE_MAX);
        Retry {
            retries_max: Some(retries),
            age_max: Some(age.mul_f64(self.scale)),
            after_failure: AFTER_FAILURE.scaled(self.scale),
            after_outage: AFTER_OUTAGE.scaled(self.scale),
        }
    }

    fn ended(&self, tx: &mut Tx, waiting: &Waiting, end: End, delivered: &Delivered) -> Result<(), Error> {
        if !matches!(end, End::Delivered | End::Gone) {
            self.bury(tx, waiting, delivered)?;
        }
        let config = self.config(waiting);
        let destination = config.as_ref().and_then(|config| match end {
            End::Delivered => config.on_success.as_ref(),
            End::RetriesExhausted | End::TooOld | End::TurnedOff => config.on_failure.as_ref(),
            End::Gone => None,
        });
        let Some(destination) = destination else {
            if end != End::Delivered {
                let (function, request_id) = (&waiting.place.function, &waiting.event.request_id);
                tracing::warn!(%request_id, %function, ?end, "an event is dropped");
            }
            return Ok(());
        };
        let document = self.record(tx, waiting, end, delivered)?;
        self.tell(tx, waiting, destination, document, BTreeMap::new())
    }
}

impl Target<Bag> for Invocations {
    fn room(&self, function: &FunctionId) -> usize {
        match self.services.routes().resolve(function, None, 0) {
            Ok(route) if route.reserved != Some(0) => self.services.room(function, &route),
            Ok(_) | Err(_) => usize::MAX, // delivering it tells what becomes of it
        }
    }

    fn room_made(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.services.concurrency().freed())
    }

    fn deliver(self: Arc<Self>, waiting: Arc<Waiting>) -> BoxFuture<'static, Delivered> {
        let admitted = self.admit(&waiting);
        Box::pin(async move {
            let permit = match admitted {
                Ok(permit) => permit,
                Err(delivered) => return delivered,
            };
            match self.invoke(&waiting, permit).await {
                Ok(delivered) => delivered,
                Err(error) => {
                    tracing::error!(request_id = %waiting.event.request_id, %error, "an event cannot be read");
                    Delivered::Broken
                }
            }
        })
    }
}
