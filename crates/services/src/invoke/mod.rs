//! Invoking a function and waiting for its answer: the hot path.
//!
//! Start reading at [`find`], which resolves the name, and [`run`]: it takes a permit, makes sure that the code is
//! ready here, runs it, and accounts for it once its report is in. How many run at once is in `concurrency`, what is
//! accounted in `running`.
//!
//! Invariants:
//! - Nothing is written to the map: routes are in memory, usage and logs are gathered and written in groups.
//! - Every invocation that got a permit is counted, logged and gives the permit back exactly once, also when its
//!   caller goes away.

mod code;
mod concurrency;
#[cfg(test)]
pub(crate) mod fake;
mod running;

pub(crate) use code::Preparing;
pub(crate) use concurrency::{Concurrency, Permit};

use futures_util::FutureExt as _;

use crate::function::{self, FunctionId, Qualifier, Route, Scope, Unroutable};
use crate::log::{Recorder, Tail};
use crate::name::{AccountId, FunctionName, Region, Version};
use crate::run::{Answer, Failure, FunctionVersion, Job, PackageSettings, Payload, PrepareError, RequestId, Trace};
use crate::services::Services;
use crate::usage::Counts;
use crate::{random, trace};
use running::Running;

/// A request to run a function.
pub struct Invoke {
    pub account: AccountId,
    pub region: Region,
    pub name: FunctionName,
    pub qualifier: Option<Qualifier>,
    /// Chooses among the versions of a weighted alias, where the caller has looked at that version already; drawn where
    /// it has not. See [`choice`].
    pub choice: Option<u64>,
    pub payload: Payload,
    /// The caller's place in its trace; without one a trace begins here.
    pub trace: Option<Trace>,
    /// JSON that the caller sent beside the event.
    pub client_context: Option<Box<str>>,
    /// Given where the id is known to somebody already; drawn where it is not.
    pub request_id: Option<RequestId>,
    /// Whether the end of the log is wanted with the answer.
    pub tail: bool,
}

impl Invoke {
    fn function(&self) -> FunctionId {
        let scope = Scope { account: self.account.clone(), region: self.region.clone() };
        FunctionId { scope, name: self.name.clone() }
    }
}

/// An invocation that ran, well or not.
pub struct Invoked {
    pub answer: Answer,
    /// The version behind the name, whatever alias led to it.
    pub executed_version: Version,
    pub request_id: RequestId,
    pub trace: Trace,
    /// There if it was asked for.
    pub tail: Option<Tail>,
}

/// Why nothing ran. One variant for each thing the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing of that name, or it is not ready.
    #[error(transparent)]
    Unroutable(#[from] Unroutable),
    #[error("too much runs at once: {0:?}")]
    Throttled(Throttle),
    /// The code was ready once, and cannot be made ready on this machine now.
    #[error("the function's code cannot be made ready: {0}")]
    NotPrepared(#[from] PrepareError),
    #[error("the platform is stopping")]
    Stopping,
}

/// Which limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// The function's own: `ReservedFunctionConcurrentInvocationLimitExceeded`.
    Reserved,
    /// That of all functions without a reservation: `ConcurrentInvocationLimitExceeded`.
    Total,
}

/// What it means to whoever calls that too much runs at once.
#[derive(Debug)]
pub(crate) enum Caller {
    /// It is refused, and that is counted.
    IsRefused,
    /// It waited for its permit and has it.
    Has(Permit),
}

/// Draws what chooses among the versions of a weighted alias.
pub fn choice() -> u64 {
    u64::from_le_bytes(random::bytes())
}

/// Finds what is to be run, and runs it.
pub(crate) async fn invoke(services: &Services, invoke: Invoke, caller: Caller) -> Result<Invoked, Error> {
    run(services, find(services, &invoke)?, invoke, caller).await
}

/// The code that an invocation is of.
pub(crate) fn find(services: &Services, invoke: &Invoke) -> Result<Route, Error> {
    if services.stopping() {
        return Err(Error::Stopping);
    }
    let choice = invoke.choice.unwrap_or_else(choice);
    Ok(services.routes().resolve(&invoke.function(), invoke.qualifier.as_ref(), choice)?)
}

/// Runs one invocation up to its answer, of the code that was found for it. Its report comes in later, for a streamed
/// answer after the last frame.
pub(crate) async fn run(services: &Services, route: Route, invoke: Invoke, caller: Caller) -> Result<Invoked, Error> {
    if services.stopping() {
        return Err(Error::Stopping);
    }
    let now = services.store().clock();
    let permit = match caller {
        Caller::Has(permit) => permit,
        Caller::IsRefused => services.permit(&invoke.function(), &route).map_err(|throttle| {
            services.meter().add(&route.version, now, &Counts::THROTTLED);
            Error::Throttled(throttle)
        })?,
    };
    make_ready(services, &route.version).await?;

    let request_id = invoke.request_id.unwrap_or_else(RequestId::draw);
    let trace = trace::enter(invoke.trace.as_ref(), now);
    let recorder = Recorder::new(
        services.store().clone(),
        route.version.clone(),
        request_id.clone(),
        trace,
        invoke.trace.is_some(),
    );
    let tail = invoke.tail.then(|| recorder.keep_tail());
    let running = Running::new(services.clone(), route.version.clone(), permit, recorder);
    let job = Job {
        function: route.version.clone(),
        qualifier: invoke.qualifier.map(|qualifier| qualifier.to_string().into()),
        request_id: request_id.clone(),
        trace,
        payload: invoke.payload,
        client_context: invoke.client_context,
        credentials: services.keys().sessions().credentials(&route.version, route.role.as_deref(), now),
        observer: running.observer(),
    };
    let answer = services.runner().run(job).await;
    if let Err(Failure::Platform(_)) = &answer.outcome {
        services.preparing().doubt(&route.version.code);
    }
    let answer = running.account_for(answer);
    Ok(Invoked { answer, executed_version: route.version.version, request_id, trace, tail })
}

/// Prepares code that this machine does not hold, once for all that wait for it.
async fn make_ready(services: &Services, function: &FunctionVersion) -> Result<(), Error> {
    let code = function.code;
    if services.preparing().is_ready(&code) {
        return Ok(());
    }
    if services.runner().holds(&code) {
        services.preparing().is_seen(code);
        return Ok(());
    }
    let prepare = || async {
        let unavailable = |error: function::Error| PrepareError::Unavailable(error.to_string());
        let package = services.functions().package(&code).await.map_err(unavailable)?;
        let package = package.ok_or_else(|| PrepareError::Unavailable("the package is gone".to_owned()))?;
        let settings =
            PackageSettings { runtime: function.runtime.clone(), unpacked_bytes_max: function::UNPACKED_BYTES_MAX };
        services.runner().prepare(code, package, settings).await.map(drop)
    };
    services.preparing().once(code, prepare).await?;
    services.preparing().is_seen(code);
    Ok(())
}

impl Running {
    /// Settles at once if the report is there, else when it comes. The answer's own report follows that.
    fn account_for(self, answer: Answer) -> Answer {
        let Answer { outcome, mut report } = answer;
        let message = running::error_message(&outcome);
        match (&mut report).now_or_never() {
            Some(report) => {
                self.settle(&report, message.as_deref());
                Answer { outcome, report: Box::pin(std::future::ready(report)) }
            }
            None => {
                let (done, seen) = tokio::sync::oneshot::channel();
                tokio::spawn(async move {
                    let report = report.await;
                    self.settle(&report, message.as_deref());
                    let _ = done.send(report); // Callers seldom wait for it.
                });
                Answer { outcome, report: Box::pin(seen.map(Result::unwrap_or_default)) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
