//! An invocation: find the component, start its guest, and hand on what it answers.
//!
//! The guest runs inside the caller's own future until its response begins; most guests are done by then. What is left
//! of one goes on as a task that ends with the body of the answer.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use http::Response;
use http::header::HOST;
use http::uri::{Authority, Scheme, Uri};
use http::{HeaderMap, Request};
use http_body::Body as _;
use http_body_util::{BodyExt, Empty};
use services::run::{Answer, Body, Failure, Job, Output, Payload, RequestId};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wasmtime_wasi_http::{Error, WasiBody};

use super::Room;
use super::answer::{Counted, GuestBody};
use super::cache::Loaded;
use super::call::{self, Head};
use super::crash::{Crash, error_document};
use super::drive::{Drive, Step};
use super::event::{self, Envelope, RESULT_BYTES_MAX, TRACEPARENT, Unread};
use super::guest::Guest;
use super::ledger::Ledger;

pub(super) async fn run(room: Arc<Room>, job: Job) -> Answer {
    let found = match room.cache.get(&room.shelves, job.function.code).await {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(function = %job.function.name, %error, "a component could not be loaded");
            let failure = Failure::Platform("the component could not be loaded".to_owned());
            return Answer { outcome: Err(failure), report: Ledger::open(None).1 };
        }
    };
    if found.init.is_some() {
        room.sweep_later();
    }
    job.observer.placed(&found.loaded.environment, found.init.is_some());
    job.observer.invoked();
    let (ledger, report) = Ledger::open(found.init);
    let outcome = invoke(&room, found.loaded, job, ledger).await;
    Answer { outcome, report }
}

async fn invoke(room: &Room, loaded: Arc<Loaded>, job: Job, ledger: Arc<Ledger>) -> Result<Output, Failure> {
    let engine = loaded.engine();
    let store = Guest::new(&job, &room.world, &ledger).into_store(engine);
    let (request_id, observer, limit) = (job.request_id.clone(), job.observer.clone(), job.function.timeout);
    let is_event = matches!(job.payload, Payload::Event { .. });
    let request = incoming(job, &ledger);

    let (head, coming) = oneshot::channel();
    let guest = Box::pin(call::serve(loaded, store, request, head, ledger.clone(), observer));
    let drive = Drive::new(guest, ledger.clone(), room, limit);
    let (response, rest) = begin(room.computing.handle(), drive, coming, &ledger).await.map_err(|crash| {
        ledger.guest_ended(Some(crash));
        ledger.crash().expect("it was just set").failure(&request_id)
    })?;

    let response = GuestBody::tie(response, ledger.clone(), request_id.clone(), rest);
    match is_event {
        false => Ok(Output::Http(Box::new(response))),
        true => document(response, &request_id, &ledger).await.map(Output::Document),
    }
}

/// Polls a guest until its response begins. What is left of it then runs on as a task.
async fn begin(
    computing: &Handle,
    mut drive: Drive,
    mut coming: oneshot::Receiver<Head>,
    ledger: &Ledger,
) -> Result<(Response<WasiBody>, Option<Task>), Crash> {
    let (head, step) = poll_fn(|context| {
        let step = Pin::new(&mut drive).poll(context);
        match (Pin::new(&mut coming).poll(context), step) {
            (Poll::Ready(head), step) => Poll::Ready((Some(head), step)),
            (Poll::Pending, Poll::Ready(step)) => Poll::Ready((None, Poll::Ready(step))),
            (Poll::Pending, Poll::Pending) => Poll::Pending,
        }
    })
    .await;
    let rest = match step {
        Poll::Ready(Step::Ended) => None,
        Poll::Ready(Step::Computes) => Some(Task::compute(computing, drive)),
        Poll::Pending => Some(Task::spawn(&Handle::current(), finish(drive, computing.clone()))),
    };
    let head = match head {
        Some(head) => head,
        None => coming.await,
    };
    match head {
        Ok(Ok(response)) => Ok((response, rest)),
        Ok(Err(code)) => Err(Crash::Declined(code)),
        Err(_) => Err(ledger.crash().cloned().unwrap_or(Crash::Silent)),
    }
}

/// Drives a guest to its end, and moves it when it computes.
async fn finish(mut drive: Drive, computing: Handle) {
    if (&mut drive).await == Step::Computes {
        Task::compute(&computing, drive).ended().await;
    }
}

/// A running guest. Dropping it ends the guest; [`Task::detach`] lets it finish by itself.
pub(super) struct Task(Option<JoinHandle<()>>);

impl Task {
    fn spawn(threads: &Handle, guest: impl Future<Output = ()> + Send + 'static) -> Task {
        Task(Some(threads.spawn(guest)))
    }

    fn compute(threads: &Handle, drive: Drive) -> Task {
        Task::spawn(threads, async {
            // It has moved already, so it can only end.
            let _ = drive.await;
        })
    }

    pub fn detach(mut self) {
        self.0 = None;
    }

    async fn ended(mut self) {
        if let Some(guest) = &mut self.0 {
            // An error means that it was aborted, which only this task's own end does.
            let _ = guest.await;
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(guest) = &self.0 {
            guest.abort();
        }
    }
}

/// The request that a guest sees: complete in its address, marked with the trace, counted.
fn incoming(job: Job, ledger: &Arc<Ledger>) -> Request<WasiBody> {
    let request = match job.payload {
        Payload::Http(request) => *request,
        Payload::Event { document, kind, source } => event::request(
            document,
            &Envelope {
                request_id: &job.request_id,
                kind: &kind,
                source: &source,
                client_context: job.client_context.as_deref(),
            },
        ),
    };
    let (mut parts, body) = request.into_parts();
    parts.headers.insert(TRACEPARENT, event::traceparent(&job.trace));
    parts.uri = absolute(parts.uri, &parts.headers);
    let body = match body.is_end_stream() {
        true => Empty::new().map_err(|never| match never {}).boxed_unsync(),
        false => Counted::new(body, ledger.clone()).map_err(|_| Error::ConnectionTerminated).boxed_unsync(),
    };
    Request::from_parts(parts, body)
}

/// WASI wants to know the authority; HTTP/1.1 has it in `Host` alone.
fn absolute(uri: Uri, headers: &HeaderMap) -> Uri {
    let mut parts = uri.clone().into_parts();
    let from_host = || headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let authority = parts.authority.take().or_else(from_host);
    parts.authority = Some(authority.unwrap_or_else(|| Authority::from_static("localhost")));
    parts.scheme = parts.scheme.or(Some(Scheme::HTTP));
    Uri::from_parts(parts).unwrap_or(uri)
}

async fn document(response: Response<Body>, request_id: &RequestId, ledger: &Ledger) -> Result<bytes::Bytes, Failure> {
    let status = response.status();
    let body = event::read(response.into_body()).await.map_err(|unread| match (unread, ledger.crash()) {
        (Unread::TooLarge { bytes }, _) => Failure::ResponseTooLarge { bytes, bytes_max: RESULT_BYTES_MAX },
        (Unread::Broken(_), Some(crash)) => crash.failure(request_id),
        (Unread::Broken(error), None) => {
            Failure::Function { document: error_document("Runtime.ExitError", &error.to_string()) }
        }
    });
    let result = body.and_then(|body| event::result(status, body));
    if result.is_err() {
        ledger.answered_with_error();
    }
    result
}
