//! One invocation: what a process gets of it, and what its end comes to.
//!
//! Start reading at [`Run::conclude`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use services::run::{
    Answer, Credentials, End, Failure, FunctionVersion, Job, Observer, Output, Payload, Report, RequestId, Trace,
};

use super::environment::{InitFailure, Served};
use super::failure::{self, Cause, InitPhase};
use super::pool::Lease;
use super::session::{self, RESPONSE_BYTES_MAX, Reply};

/// How long an answer waits for its runtime to ask for the next event, so that the caller's next request finds it warm.
const SETTLE_GRACE: Duration = Duration::from_millis(20);

/// An invocation as a process gets it.
pub struct Call {
    pub function: Arc<FunctionVersion>,
    pub qualifier: Option<Box<str>>,
    pub request_id: RequestId,
    pub trace: Trace,
    pub client_context: Option<Box<str>>,
    pub document: Bytes,
    pub credentials: Credentials,
    pub observer: Arc<dyn Observer>,
}

impl Call {
    pub fn new(job: Job) -> Result<Call, Failure> {
        let Job { function, qualifier, request_id, trace, payload, client_context, credentials, observer } = job;
        match payload {
            Payload::Event { document, .. } => {
                Ok(Call { function, qualifier, request_id, trace, client_context, document, credentials, observer })
            }
            Payload::Http(_) => Err(Failure::Platform("a process takes events, not HTTP requests".to_owned())),
        }
    }
}

/// One invocation on its way, for its report.
pub struct Run {
    pub started: Instant,
    pub init: Option<Duration>,
    timeout: Duration,
    /// CPU time that the environment had used before.
    pub cpu: Duration,
}

impl Run {
    /// Begins now. `cpu` is what the environment had used before.
    pub fn new(call: &Call, init: Option<Duration>, cpu: Duration) -> Run {
        Run { started: Instant::now(), init, timeout: call.function.timeout, cpu }
    }

    pub fn deadline(&self) -> Instant {
        self.started + self.timeout
    }

    /// The first invocation of an environment that has just come up.
    pub async fn begin(self, call: Call, lease: Lease) -> Answer {
        let observer = call.observer.clone();
        let served = lease.environment().invoke(&call, self.deadline(), || observer.invoked()).await;
        self.conclude(call, lease, served).await
    }

    /// Makes the answer. An environment that replied is watched until it waits again, and then kept.
    pub async fn conclude(self, call: Call, lease: Lease, served: Served) -> Answer {
        let reply = match served {
            Served::Replied(reply) => reply,
            Served::NotDelivered => return self.die(&call, &lease, &exited()),
            Served::Died(cause) => return self.die(&call, &lease, &cause),
        };
        let (outcome, end, bytes_out) = outcome(reply);
        let mut report = Report { end, bytes_out, ..self.report(&call, &lease) };
        let grace = Instant::now() + SETTLE_GRACE;
        if lease.environment().settle(grace.min(self.deadline()), &*call.observer).await {
            report.cpu = lease.environment().meter.cpu().saturating_sub(self.cpu);
            lease.give_back();
            return Answer { outcome, report: Box::pin(std::future::ready(report)) };
        }
        // It still works after its answer: the invocation, and its bill, go on in the background.
        let (finished, report_later) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let kept = lease.environment().settle(self.deadline(), &*call.observer).await;
            report.duration = self.started.elapsed();
            report.cpu = lease.environment().meter.cpu().saturating_sub(self.cpu);
            if kept {
                lease.give_back();
            }
            let _ = finished.send(report);
        });
        Answer { outcome, report: Box::pin(async move { report_later.await.unwrap_or_default() }) }
    }

    fn die(self, call: &Call, lease: &Lease, cause: &Cause) -> Answer {
        call.observer.wrote(cause.log_line(&call.request_id).into());
        let report = Report { end: end(cause), ..self.report(call, lease) };
        answer(Err(Failure::Function { document: cause.document(&call.request_id) }), report)
    }

    /// The runtime did not come up.
    pub fn fail(self, call: &Call, failure: InitFailure) -> Answer {
        let (told, end) = match &failure {
            InitFailure::Told(told) => (told.clone(), End::Error),
            InitFailure::Died(cause) => {
                call.observer.wrote(cause.log_line(&call.request_id).into());
                (cause.document(&call.request_id), end(cause))
            }
        };
        let report = Report {
            init: self.init,
            duration: self.started.elapsed(),
            bytes_in: call.document.len() as u64,
            end,
            ..Report::default()
        };
        answer(Err(Failure::Function { document: told }), report)
    }

    fn report(&self, call: &Call, lease: &Lease) -> Report {
        let meter = &lease.environment().meter;
        Report {
            init: self.init,
            duration: self.started.elapsed(),
            cpu: meter.cpu().saturating_sub(self.cpu),
            memory_peak_bytes: meter.peak_bytes(),
            bytes_in: call.document.len() as u64,
            bytes_out: 0,
            end: End::Ok,
        }
    }
}

fn outcome(reply: Reply) -> (Result<Output, Failure>, End, u64) {
    match reply {
        Reply::Answer(bytes) => {
            let length = bytes.len() as u64;
            (Ok(Output::Document(bytes)), End::Ok, length)
        }
        Reply::Error(document) => {
            let length = document.len() as u64;
            (Err(Failure::Function { document }), End::Error, length)
        }
        Reply::TooLarge { bytes } => {
            (Err(Failure::ResponseTooLarge { bytes, bytes_max: RESPONSE_BYTES_MAX }), End::Error, 0)
        }
    }
}

fn answer(outcome: Result<Output, Failure>, report: Report) -> Answer {
    Answer { outcome, report: Box::pin(std::future::ready(report)) }
}

/// An invocation that the machine could not do.
pub fn failed(failure: Failure) -> Answer {
    answer(Err(failure), Report { end: End::Error, ..Report::default() })
}

fn end(cause: &Cause) -> End {
    match cause {
        Cause::TimedOut { .. } => End::TimedOut,
        Cause::Ended(_) | Cause::OutOfMemory => End::Crashed(cause.kind().into()),
    }
}

fn exited() -> Cause {
    Cause::Ended(session::Ending::Exited { code: 0 })
}

/// The INIT_REPORT line of a start that failed.
pub fn report_init(call: &Call, took: Duration, phase: InitPhase, failure: &InitFailure) {
    let kind = match failure {
        InitFailure::Told(document) => failure::kind_of(document),
        InitFailure::Died(cause) => cause.kind().to_owned(),
    };
    call.observer.wrote(failure::init_report(took, phase, &kind).into());
}
