//! Functions as the target of asynchronous invocations.

use std::sync::Arc;

use store::Timestamp;

use super::events::Waiting;
use super::{AGE_MAX, Delivered, Error, RETRY_FIRST, RETRY_LAST, ROOM_CHECK, Target, rows};
use crate::function::{FunctionId, Unroutable};
use crate::invoke::{self, Invoke};
use crate::run::{BoxFuture, Failure, Output, Payload, RequestId};
use crate::services::Services;

pub(super) struct Invocations {
    services: Services,
}

impl Invocations {
    pub fn new(services: Services) -> Invocations {
        Invocations { services }
    }

    async fn invoke(&self, waiting: &Waiting) -> Delivered {
        let now = self.services.store().clock();
        let id = &waiting.event.request_id;
        if now.since(waiting.event.received()) > AGE_MAX {
            tracing::warn!(request_id = %id, "an event is given up: it could not be delivered in {AGE_MAX:?}");
            return Delivered::Over;
        }
        let invoke = match self.read(waiting) {
            Ok(invoke) => invoke,
            Err(error) => {
                tracing::error!(request_id = %id, %error, "an event cannot be read");
                return failed(waiting, now);
            }
        };
        match self.services.invoke_waiting(invoke).await {
            Ok(invoked) => self.judge(waiting, invoked.answer.outcome),
            Err(invoke::Error::Throttled(_) | invoke::Error::Stopping) => Delivered::NoRoom,
            Err(invoke::Error::Unroutable(Unroutable::Pending)) => Delivered::NotReady(now + ROOM_CHECK),
            Err(error @ invoke::Error::Unroutable(Unroutable::Absent | Unroutable::Failed(_))) => {
                tracing::warn!(request_id = %id, %error, "an event is given up");
                Delivered::Over
            }
            Err(error @ invoke::Error::NotPrepared(_)) => {
                tracing::error!(request_id = %id, %error, "an event is tried again later");
                failed(waiting, now)
            }
        }
    }

    fn read(&self, waiting: &Waiting) -> Result<Invoke, Error> {
        let (place, event) = (&waiting.place, &waiting.event);
        let document = self.services.store().read(|read| rows::document(read, place))?;
        Ok(Invoke {
            account: place.function.scope.account.clone(),
            region: place.function.scope.region.clone(),
            name: place.function.name.clone(),
            qualifier: event.qualifier()?,
            choice: None,
            payload: Payload::Event { document, kind: event.kind.clone(), source: event.source.clone() },
            trace: event.cause.trace,
            client_context: event.client_context.clone(),
            request_id: Some(RequestId(event.request_id.clone())),
            tail: false,
        })
    }

    fn judge(&self, waiting: &Waiting, outcome: Result<Output, Failure>) -> Delivered {
        let (id, now) = (&waiting.event.request_id, self.services.store().clock());
        match outcome {
            Ok(_) => Delivered::Over,
            // It may have been ended by the stop and not by itself: the next start runs it again.
            Err(_) if self.services.stopping() => Delivered::NoRoom,
            Err(Failure::Function { .. }) => {
                tracing::warn!(request_id = %id, function = %waiting.place.function, "an event is given up: the function failed");
                Delivered::Over
            }
            Err(Failure::ResponseTooLarge { .. }) => Delivered::Over,
            Err(Failure::NoRoom(_)) => Delivered::NotReady(now + ROOM_CHECK),
            Err(Failure::Platform(error)) => {
                tracing::error!(request_id = %id, %error, "an event is tried again later");
                failed(waiting, now)
            }
        }
    }
}

impl Target<Waiting> for Invocations {
    fn room(&self, function: &FunctionId) -> usize {
        match self.services.routes().resolve(function, None, 0) {
            Ok(route) => self.services.room(function, &route),
            Err(_) => usize::MAX, // delivering it tells what becomes of it
        }
    }

    fn room_made(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.services.concurrency().freed())
    }

    fn deliver(self: Arc<Self>, item: Arc<Waiting>) -> BoxFuture<'static, Delivered> {
        Box::pin(async move { self.invoke(&item).await })
    }
}

fn failed(waiting: &Waiting, now: Timestamp) -> Delivered {
    let doublings = waiting.event.attempts.min(16);
    Delivered::Failed(now + RETRY_LAST.min(RETRY_FIRST * 2_u32.pow(doublings)))
}
