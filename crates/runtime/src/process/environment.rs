//! One execution environment: a sandbox with a runtime in it, which serves one invocation at a time.
//!
//! Start reading at [`Environment::start`] and [`Environment::invoke`].
//!
//! Invariants:
//! - The environment ends with its value, and everything in it too.
//! - What the function writes is read only while somebody listens: between invocations it waits in the pipe.

use std::future::Future;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use services::run::{EnvironmentId, FunctionVersion, Gateway, Observer, Trace};
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::api;
use super::failure::Cause;
use super::invocation::Call;
use super::meter::Meter;
use super::sandbox::message::Notice;
use super::sandbox::{Body, Sandbox};
use super::session::{Ending, Event, Phase, Reply, Session};

/// One read of a function's output.
const LOG_BLOCK_BYTES: usize = 64 * 1024;

/// Reads of what is left in the pipe after an invocation: as much as a pipe holds, and more.
const LOG_BLOCKS_LEFT_MAX: usize = 16;

/// Connections to the platform that one environment may have open; further ones wait to be accepted. Ours.
const GATEWAY_CONNECTIONS_MAX: usize = 256;

/// An environment is not used any more when its credentials end this soon: the longest that an invocation may run.
///
/// Source: Lambda quotas, "Function timeout" (read 2026-11-24).
const EXPIRY_MARGIN: Duration = Duration::from_secs(900);

/// An idle runtime has its call for the next event open with us, and so gets it at once. Ours.
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the output of a dead environment may take to arrive.
const GONE_TIMEOUT: Duration = Duration::from_secs(5);

pub struct Environment {
    pub id: EnvironmentId,
    session: Arc<Session>,
    body: Arc<Body>,
    pub meter: Meter,
    /// When the session credentials in its variables end.
    expires: SystemTime,
    log: pipe::Receiver,
    tasks: Vec<JoinHandle<()>>,
}

/// Why a runtime did not come up.
#[derive(Debug, PartialEq, Eq)]
pub enum InitFailure {
    /// It said so itself; its error document.
    Told(Bytes),
    Died(Cause),
}

/// How an invocation left its environment.
#[derive(Debug)]
pub enum Served {
    /// The environment did not take the event: the function never saw it, and it can go to another.
    NotDelivered,
    Replied(Reply),
    Died(Cause),
}

impl Environment {
    /// Gives the sandbox's listeners their servers. The runtime inside is starting.
    pub fn start(
        id: EnvironmentId,
        function: &Arc<FunctionVersion>,
        expires: SystemTime,
        gateway: &Arc<dyn Gateway>,
        (sandbox, listeners, log): (Sandbox, Vec<TcpListener>, OwnedFd),
    ) -> std::io::Result<Environment> {
        let session = Arc::new(Session::new());
        let body = sandbox.body.clone();
        let mut tasks = vec![tokio::spawn(watch(sandbox, session.clone()))];
        let mut listeners = listeners.into_iter();
        if let (Some(runtime_api), Some(platform)) = (listeners.next(), listeners.next()) {
            let api = api::serve(runtime_api, session.clone());
            tasks.push(tokio::spawn(async move {
                // An accept error leaves the runtime without its API; the deadline then ends the environment.
                let _ = api.await;
            }));
            tasks.push(tokio::spawn(admit(platform, gateway.clone(), function.clone())));
        }
        let meter = Meter::new(body.clone(), u64::from(function.memory_mib) << 20);
        Ok(Environment { id, session, body, meter, expires, log: pipe::Receiver::from_owned_fd(log)?, tasks })
    }

    /// Whether the runtime inside waits for an event, with credentials that are still good.
    pub fn is_ready(&self) -> bool {
        self.session.is_idle() && SystemTime::now() + EXPIRY_MARGIN < self.expires
    }

    pub fn body(&self) -> &Arc<Body> {
        &self.body
    }

    /// Waits until the runtime asks for its first event.
    pub async fn ready(&self, deadline: Instant, observer: &dyn Observer) -> Result<(), InitFailure> {
        let started = Instant::now();
        let mut phase = self.session.phase();
        let settled = async {
            match phase.wait_for(|phase| *phase != Phase::Starting).await.map(|phase| phase.clone()) {
                Ok(Phase::InitFailed(document)) => Err(InitFailure::Told(document)),
                Ok(Phase::Ended(ending)) => Err(InitFailure::Died(self.cause(ending))),
                Ok(_) => Ok(()),
                Err(_) => Err(InitFailure::Died(Cause::Ended(Ending::Exited { code: 0 }))),
            }
        };
        let outcome = self.listen(observer, self.within(deadline, settled)).await;
        let outcome = outcome.unwrap_or_else(|cause| {
            Err(InitFailure::Died(cause.unwrap_or(Cause::TimedOut { after: started.elapsed() })))
        });
        if outcome.is_err() {
            self.end(observer).await;
        }
        outcome
    }

    /// Hands over the event and waits for the reply, or for the end of the environment.
    pub async fn invoke(&self, call: &Call, deadline: Instant, delivered: impl FnOnce()) -> Served {
        let (reply, replied) = oneshot::channel();
        let (taken, mut was_taken) = oneshot::channel();
        let event = Event {
            request_id: call.request_id.0.clone(),
            headers: headers(call, deadline),
            document: call.document.clone(),
            taken,
            reply,
        };
        if !self.session.give(event) {
            return Served::NotDelivered;
        }
        tokio::select! {
            biased;
            Ok(()) = &mut was_taken => delivered(),
            _ = self.ended() => return Served::NotDelivered,
            () = tokio::time::sleep(HANDOVER_TIMEOUT) => {
                was_taken.close();
                match was_taken.try_recv() {
                    Ok(()) => delivered(),
                    Err(_) => return Served::NotDelivered,
                }
            }
        }
        let observer = &*call.observer;
        let settled = async {
            tokio::select! {
                biased;
                Ok(reply) = replied => Served::Replied(reply),
                ended = self.ended() => Served::Died(self.cause(ended)),
            }
        };
        match self.listen(observer, self.within(deadline, settled)).await {
            Ok(Served::Replied(reply)) => Served::Replied(reply),
            Ok(other) => {
                self.end(observer).await;
                other
            }
            Err(cause) => {
                self.end(observer).await;
                Served::Died(cause.unwrap_or(Cause::TimedOut { after: call.function.timeout }))
            }
        }
    }

    /// After a reply, until the runtime asks for the next event. False when it died or did not ask in time.
    pub async fn settle(&self, deadline: Instant, observer: &dyn Observer) -> bool {
        let mut phase = self.session.phase();
        let settled = async {
            let settled = phase.wait_for(|phase| !matches!(phase, Phase::Busy | Phase::Answered)).await;
            settled.is_ok_and(|phase| *phase == Phase::Idle)
        };
        self.listen(observer, self.within(deadline, settled)).await.unwrap_or(false)
    }

    async fn ended(&self) -> Ending {
        let mut phase = self.session.phase();
        let ended = phase.wait_for(|phase| matches!(phase, Phase::Ended(_))).await.map(|phase| phase.clone());
        match ended {
            Ok(Phase::Ended(ending)) => ending,
            _ => Ending::Signaled { signal: libc::SIGKILL },
        }
    }

    fn cause(&self, ending: Ending) -> Cause {
        match self.meter.ran_out() {
            true => Cause::OutOfMemory,
            false => Cause::Ended(ending),
        }
    }

    /// Runs `work` against the clock (`Err(None)`) and the memory limit.
    async fn within<T>(&self, deadline: Instant, work: impl Future<Output = T>) -> Result<T, Option<Cause>> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = tokio::time::sleep_until(deadline.into()) => Err(None),
            () = self.meter.over_memory() => Err(Some(Cause::OutOfMemory)),
        }
    }

    /// Passes on what the function writes until `work` is done, and then what it had written by then.
    async fn listen<T>(&self, observer: &dyn Observer, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => {
                    self.drain(observer);
                    return done;
                }
                readable = self.log.readable() => {
                    if readable.is_err() || matches!(self.read_block(observer), Ok(0)) {
                        return work.await;
                    }
                }
            }
        }
    }

    fn drain(&self, observer: &dyn Observer) {
        for _ in 0..LOG_BLOCKS_LEFT_MAX {
            if !matches!(self.read_block(observer), Ok(read) if read > 0) {
                return;
            }
        }
    }

    /// Zero bytes mean that nobody can write any more.
    fn read_block(&self, observer: &dyn Observer) -> std::io::Result<usize> {
        let mut block = BytesMut::with_capacity(LOG_BLOCK_BYTES);
        let read = self.log.try_read_buf(&mut block)?;
        if read > 0 {
            observer.wrote(block.freeze());
        }
        Ok(read)
    }

    /// Kills what is left and passes on its last words.
    async fn end(&self, observer: &dyn Observer) {
        self.body.kill();
        let _ = tokio::time::timeout(GONE_TIMEOUT, self.body.gone()).await;
        self.drain(observer);
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.body.kill();
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Tells the session how its program ended.
async fn watch(sandbox: Sandbox, session: Arc<Session>) {
    let ending = match sandbox.notice().await {
        Ok(Some(Notice::Exited { code })) => Ending::Exited { code },
        Ok(Some(Notice::Signaled { signal })) => Ending::Signaled { signal },
        Ok(Some(Notice::NoProgram)) => Ending::NoProgram,
        Ok(Some(Notice::NotExecutable { program, errno })) => Ending::NotExecutable { program, errno },
        Ok(Some(Notice::Broken { what })) => Ending::Broken { what },
        Ok(Some(Notice::Ready)) => Ending::Broken { what: "the sandbox spoke out of turn".to_owned() },
        Ok(None) => Ending::Signaled { signal: libc::SIGKILL },
        Err(error) => Ending::Broken { what: error.to_string() },
    };
    session.end(ending);
}

/// Hands the function's connections to the platform's gateway.
async fn admit(listener: TcpListener, gateway: Arc<dyn Gateway>, function: Arc<FunctionVersion>) {
    let opened = listener.set_nonblocking(true).and_then(|()| tokio::net::TcpListener::from_std(listener));
    let Ok(listener) = opened else { return };
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let connection = api::next_connection(&listener).await;
        connections.spawn(gateway.serve(Box::new(connection), function.clone()));
        api::make_room(&mut connections, GATEWAY_CONNECTIONS_MAX).await;
    }
}

fn headers(call: &Call, deadline: Instant) -> HeaderMap {
    let until = SystemTime::now() + deadline.saturating_duration_since(Instant::now());
    let deadline_ms = until.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut rows = vec![
        ("lambda-runtime-aws-request-id", call.request_id.0.to_string()),
        ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", arn(call)),
        ("lambda-runtime-trace-id", trace_header(&call.trace)),
    ];
    if let Some(context) = &call.client_context {
        rows.push(("lambda-runtime-client-context", context.to_string()));
    }
    let rows = rows.into_iter().filter_map(|(name, value)| {
        // A client context with line breaks cannot be a header; JSON does not need them.
        let value = HeaderValue::from_bytes(value.replace(['\r', '\n'], " ").as_bytes()).ok()?;
        Some((HeaderName::from_static(name), value))
    });
    rows.collect()
}

fn arn(call: &Call) -> String {
    let FunctionVersion { account, region, name, .. } = &*call.function;
    let qualifier = call.qualifier.as_deref().map(|qualifier| format!(":{qualifier}")).unwrap_or_default();
    format!("arn:aws:lambda:{region}:{account}:function:{name}{qualifier}")
}

fn trace_header(trace: &Trace) -> String {
    let id = hex::encode(trace.trace);
    let (time, rest) = id.split_at(8);
    format!("Root=1-{time}-{rest};Parent={};Sampled={}", hex::encode(trace.span), u8::from(trace.sampled))
}
