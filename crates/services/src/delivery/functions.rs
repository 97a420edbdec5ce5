//! Functions as the target of batches that event source mappings read, from queues and streams alike.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Answer, Delivered, Envelopes, ROOM_PAUSE};
use crate::function::FunctionId;
use crate::invoke::{self, Invoke, Invoked, Permit};
use crate::mapping::Mapping;
use crate::run::{BoxFuture, Failure, Output, Payload};
use crate::services::Services;

/// Largest event, with some room for what is around the records.
///
/// Source: Lambda developer guide, "Using Lambda with Amazon SQS", 6 MB (read 2026-11-24).
pub(super) const BATCH_BYTES_MAX: usize = 6 * 1024 * 1024 - 1024;
/// How often a mapping is looked at again whose source or function is not there.
pub(super) const LOST_RETRY: Duration = Duration::from_secs(10);

/// What a function is run with at once.
pub(super) trait Batch: Send + Sync + 'static {
    fn mapping(&self) -> &Mapping;

    fn event(&self, envelopes: &dyn Envelopes) -> Event;

    /// Where a record is that the function names.
    fn place(&self, id: &str) -> Option<usize>;
}

/// A batch, written.
pub(super) struct Event {
    pub document: Bytes,
    /// What it is as a CloudEvent.
    pub kind: &'static str,
    pub source: Box<str>,
}

pub(super) struct Functions {
    services: Services,
}

impl Functions {
    pub fn new(services: Services) -> Functions {
        Functions { services }
    }

    /// How many batches could begin now.
    pub fn room_of(&self, function: &FunctionId) -> usize {
        match self.services.routes().resolve(function, None, 0) {
            Ok(route) => self.services.room(function, &route),
            Err(_) => 0,
        }
    }

    pub fn freed(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.services.concurrency().freed())
    }

    /// Takes the room at once; what it returns does the rest.
    pub fn run<B: Batch>(self: Arc<Self>, batch: Arc<B>) -> BoxFuture<'static, Delivered> {
        let admitted = self.admit(batch.mapping());
        Box::pin(async move {
            match admitted {
                Ok(permit) => self.invoke(&*batch, permit).await,
                Err(delivered) => delivered,
            }
        })
    }

    /// The room that the batch takes, by the loop itself, so that its next claim sees what is left.
    fn admit(&self, mapping: &Mapping) -> Result<Permit, Delivered> {
        let routed = self.services.routes().resolve(&mapping.function, mapping.qualifier.as_ref(), 0);
        let route = routed.map_err(|_| self.waits(LOST_RETRY))?;
        self.services.permit(&mapping.function, &route).map_err(|_| Delivered::Waits(None))
    }

    fn waits(&self, time: Duration) -> Delivered {
        Delivered::Waits(Some(self.services.store().clock() + time))
    }

    async fn invoke(&self, batch: &impl Batch, permit: Permit) -> Delivered {
        let Mapping { function, qualifier, .. } = batch.mapping();
        let Event { document, kind, source } = batch.event(self.services.envelopes());
        let invoke = Invoke {
            account: function.scope.account.clone(),
            region: function.scope.region.clone(),
            name: function.name.clone(),
            qualifier: qualifier.clone(),
            choice: None,
            payload: Payload::Event { document, kind: kind.into(), source },
            trace: None,
            client_context: None,
            request_id: None,
            tail: false,
        };
        match self.services.invoke_with(permit, invoke).await {
            Ok(invoked) => self.judge(batch, invoked),
            Err(invoke::Error::Throttled(_) | invoke::Error::Stopping) => Delivered::Waits(None),
            Err(invoke::Error::Unroutable(_)) => self.waits(LOST_RETRY),
            Err(error @ invoke::Error::NotPrepared(_)) => {
                tracing::error!(%function, %error, "a batch comes back later");
                Delivered::Broken
            }
        }
    }

    fn judge(&self, batch: &impl Batch, invoked: Invoked) -> Delivered {
        let mapping = batch.mapping();
        let answer = Answer {
            version: Some(invoked.executed_version),
            request_id: Some(invoked.request_id),
            ..Answer::default()
        };
        match invoked.answer.outcome {
            Ok(Output::Document(said)) if mapping.settings.answers_partly => self.partly(batch, &said, answer),
            Ok(Output::Document(_) | Output::Http(_)) => Delivered::Done(answer),
            // It may have been ended by the stop and not by itself: the next start runs it again.
            Err(_) if self.services.stopping() => Delivered::Waits(None),
            Err(Failure::Function { .. } | Failure::ResponseTooLarge { .. }) => Delivered::Failed(answer),
            Err(Failure::NoRoom(_)) => self.waits(ROOM_PAUSE),
            Err(Failure::Platform(error)) => {
                tracing::error!(function = %mapping.function, %error, "a batch comes back later");
                Delivered::Broken
            }
        }
    }

    /// What the function says that it failed with: it must be of this batch.
    ///
    /// Source: Lambda developer guide, "Success and failure conditions" of partial batch responses (read 2026-11-24).
    fn partly(&self, batch: &impl Batch, said: &[u8], answer: Answer) -> Delivered {
        let failed = self.services.envelopes().failed_messages(said);
        match failed.and_then(|ids| ids.iter().map(|id| batch.place(id)).collect::<Option<Vec<usize>>>()) {
            Some(failed) if failed.is_empty() => Delivered::Done(answer),
            Some(failed) => Delivered::Partly(failed),
            None => Delivered::Failed(answer),
        }
    }
}
