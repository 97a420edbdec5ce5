//! All that faces hold: one handle to the rooms, the store and what runs in the background.

use std::sync::Arc;
use std::time::Duration;

use store::{Store, Timestamp, Tx};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use crate::bucket::Objects;
use crate::delivery::{self, Envelopes, InvokeLater};
use crate::function::{self, FunctionId, Functions, Route, Routes};
use crate::identity::key::Known;
use crate::identity::{self, Keys, Principal};
use crate::invoke::{self, Caller, Concurrency, Invoke, Invoked, Permit, Preparing, Throttle};
use crate::name::AccountId;
use crate::outside::Outside;
use crate::queue::Queues;
use crate::run::{Payload, RequestId, RunFunction};
use crate::stream;
use crate::table::{self, Tables};
use crate::topic::Signers;
use crate::usage::Meter;

/// How long the last rounds of a stop may take after its grace: ending environments, writing usage.
const STOP_TAIL: Duration = Duration::from_secs(5);

/// How often old logs are looked for: they go in segments of an hour.
const RETENTION_ROUND: Duration = Duration::from_secs(1800);

/// What the binary decides.
#[derive(Debug, Clone)]
pub struct Options {
    /// The account that the root key belongs to.
    pub account: AccountId,
    /// Invocations at once, over all functions.
    pub concurrency_max: u32,
    /// What a crash may cost of the usage.
    pub usage_flush: Duration,
    /// How long logs are kept; for ever without it.
    pub log_retention: Option<Duration>,
    pub keys: identity::key::Options,
    /// Times the delays and ages of asynchronous invocations: below 1, so that tests need not wait for minutes.
    pub retry_scale: f64,
    /// What sends requests to the outside. Without it HTTP endpoints are told of nothing.
    pub outside: Option<Arc<dyn Outside>>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            account: AccountId::default(),
            concurrency_max: function::account::CONCURRENCY_MAX,
            usage_flush: Duration::from_millis(100),
            log_retention: None,
            keys: identity::key::Options::default(),
            retry_scale: 1.0,
            outside: None,
        }
    }
}

/// Why the services did not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    Function(#[from] function::Error),
}

/// All rooms over one store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Services(Arc<Shared>);

struct Shared {
    store: Store,
    runner: Arc<dyn RunFunction>,
    envelopes: Arc<dyn Envelopes>,
    functions: Functions,
    tables: Tables,
    objects: Objects,
    keys: Keys,
    queues: Queues,
    signers: Signers,
    outside: Option<Arc<dyn Outside>>,
    meter: Meter,
    concurrency: Concurrency,
    preparing: Preparing,
    stop: watch::Sender<bool>,
    background: Mutex<JoinSet<()>>,
}

impl Services {
    /// Loads what is held in memory, goes on with what the last run left undone, and starts the background work.
    pub async fn open(
        store: Store,
        runner: Arc<dyn RunFunction>,
        envelopes: Arc<dyn Envelopes>,
        options: Options,
    ) -> Result<Services, OpenError> {
        let keys = Keys::open(&store, options.account.clone(), options.keys.clone()).await?;
        let functions = Functions::open(store.clone(), runner.clone())?;
        let stop = watch::Sender::new(false);
        let queues = Queues::new(store.clone(), stop.subscribe());
        let services = Services(Arc::new(Shared {
            functions,
            tables: Tables::open(store.clone()),
            objects: Objects::new(store.clone(), envelopes.clone()),
            signers: Signers::new(store.clone()),
            outside: options.outside.clone(),
            store,
            runner,
            envelopes,
            keys,
            queues,
            meter: Meter::default(),
            concurrency: Concurrency::new(options.concurrency_max),
            preparing: Preparing::default(),
            stop,
            background: Mutex::default(),
        }));
        services.start(&options).await;
        Ok(services)
    }

    async fn start(&self, options: &Options) {
        let mut background = self.0.background.lock().await;
        let (services, usage_flush) = (self.clone(), options.usage_flush);
        background.spawn(async move {
            services.meter().run(services.store(), usage_flush, services.stopped()).await;
        });
        background.spawn(delivery::run(self.clone(), options.retry_scale, self.stopped()));
        background.spawn(delivery::run_mappings(self.clone(), self.stopped()));
        background.spawn(delivery::run_streams(self.clone(), options.retry_scale, self.stopped()));
        background.spawn(self.queues().clone().run(self.stopped()));
        background.spawn(self.objects().clone().run(self.stopped()));
        background.spawn(table::run(self.tables().clone(), self.stopped()));
        background.spawn(table::run_jobs(self.tables().clone(), self.stopped()));
        background.spawn(stream::run(self.store().clone(), self.stopped()));
        if let Some(retention) = options.log_retention {
            background.spawn(drop_old_logs(self.store().clone(), retention, self.stopped()));
        }
    }

    pub fn store(&self) -> &Store {
        &self.0.store
    }

    pub fn functions(&self) -> &Functions {
        &self.0.functions
    }

    pub fn tables(&self) -> &Tables {
        &self.0.tables
    }

    pub fn objects(&self) -> &Objects {
        &self.0.objects
    }

    pub fn routes(&self) -> &Routes {
        self.0.functions.routes()
    }

    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Who an access key belongs to. `loopback` is whether the peer's address is a loopback address.
    ///
    /// The credentials of a function are good for as long as there is a function of its name.
    pub fn who(&self, key: &str, session_token: Option<&str>, loopback: bool) -> Result<Known, identity::Error> {
        let known = self.keys().find(key, session_token, loopback, self.store().clock())?;
        match &known.principal {
            Principal::Function(session) if !self.routes().has(&session.function_id()) => {
                Err(identity::Error::BadToken)
            }
            Principal::Function(_) | Principal::Root { .. } | Principal::Anonymous | Principal::Service { .. } => {
                Ok(known)
            }
        }
    }

    pub fn queues(&self) -> &Queues {
        &self.0.queues
    }

    /// Who signs what topics tell.
    pub fn signers(&self) -> &Signers {
        &self.0.signers
    }

    pub fn meter(&self) -> &Meter {
        &self.0.meter
    }

    /// See [`Store::transact`].
    pub async fn transact<T, E>(&self, body: impl FnMut(&mut Tx) -> Result<T, E>) -> Result<T, E>
    where
        E: From<store::Error>,
    {
        self.0.store.transact(body).await
    }

    /// Runs a function and waits for its answer. One that was given an event runs to its end even if nobody waits any
    /// more, as in Lambda; one that talks HTTP ends with its caller.
    pub async fn invoke(&self, invoke: Invoke) -> Result<Invoked, invoke::Error> {
        let route = invoke::find(self, &invoke)?;
        self.invoke_found(route, invoke).await
    }

    /// As `invoke`, of code that was found just now.
    pub async fn invoke_found(&self, route: Route, invoke: Invoke) -> Result<Invoked, invoke::Error> {
        match &invoke.payload {
            Payload::Http(_) => invoke::run(self, route, invoke, Caller::IsRefused).await,
            Payload::Event { .. } => {
                let services = self.clone();
                let running =
                    tokio::spawn(async move { invoke::run(&services, route, invoke, Caller::IsRefused).await });
                match running.await {
                    Ok(invoked) => invoked,
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => Err(invoke::Error::Stopping), // cancelled: only the end of the process does that
                    },
                }
            }
        }
    }

    /// As `invoke`, for work that has waited for room.
    pub(crate) async fn invoke_with(&self, permit: Permit, invoke: Invoke) -> Result<Invoked, invoke::Error> {
        invoke::invoke(self, invoke, Caller::Has(permit)).await
    }

    /// Writes down that a function is to be run. Once this returns, it will be.
    pub async fn invoke_later(&self, later: InvokeLater) -> Result<RequestId, delivery::Error> {
        delivery::invoke_later(self, later).await
    }

    /// How many invocations may run at once, over all functions.
    pub fn concurrency_max(&self) -> u32 {
        self.0.concurrency.total_max()
    }

    /// How many invocations are running.
    pub fn running(&self) -> u32 {
        self.0.concurrency.running()
    }

    /// Takes no more work, gives running invocations `grace` to finish, ends the rest, and writes what is in memory.
    pub async fn stop(&self, grace: Duration) {
        self.0.stop.send_replace(true);
        let finished = tokio::time::timeout(grace, self.0.concurrency.idle()).await.is_ok();
        let left = if finished { Duration::ZERO } else { STOP_TAIL };
        self.0.runner.shut_down(Duration::ZERO).await;
        // Invocations that were ended just now still hand in their reports.
        let _ = tokio::time::timeout(left, self.0.concurrency.idle()).await;
        let mut background = self.0.background.lock().await;
        if tokio::time::timeout(STOP_TAIL, async { while background.join_next().await.is_some() {} }).await.is_err() {
            background.shutdown().await;
        }
        if let Err(error) = self.0.meter.flush(&self.0.store).await {
            tracing::error!(%error, "the usage of the last moments could not be written");
        }
    }

    pub(crate) fn runner(&self) -> &dyn RunFunction {
        &*self.0.runner
    }

    /// Whether requests can be sent to HTTP endpoints.
    pub fn reaches_outside(&self) -> bool {
        self.0.outside.is_some()
    }

    pub(crate) fn outside(&self) -> Option<&dyn Outside> {
        self.0.outside.as_deref()
    }

    pub(crate) fn envelopes(&self) -> &dyn Envelopes {
        &*self.0.envelopes
    }

    pub(crate) fn preparing(&self) -> &Preparing {
        &self.0.preparing
    }

    pub(crate) fn concurrency(&self) -> &Concurrency {
        &self.0.concurrency
    }

    pub(crate) fn permit(&self, id: &FunctionId, route: &Route) -> Result<Permit, Throttle> {
        self.0.concurrency.acquire(id, route.reserved, self.routes().reserved())
    }

    pub(crate) fn room(&self, id: &FunctionId, route: &Route) -> usize {
        let room = self.0.concurrency.room(id, route.reserved, self.routes().reserved());
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    pub(crate) fn stopping(&self) -> bool {
        *self.0.stop.borrow()
    }

    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.0.stop.subscribe()
    }
}

/// Drops what is older than `retention`, a segment at a time, until `stop` is true.
async fn drop_old_logs(store: Store, retention: Duration, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = drop_logs_before(&store, store.clock() - retention).await {
            tracing::warn!(%error, "old logs could not be dropped");
        }
        tokio::select! {
            () = tokio::time::sleep(RETENTION_ROUND) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn drop_logs_before(store: &Store, oldest: Timestamp) -> Result<usize, store::Error> {
    let journal = store.clone();
    let dropped = tokio::task::spawn_blocking(move || journal.journal().drop_before(oldest)).await;
    dropped.unwrap_or_else(|error| Err(store::Error::Unavailable(error.to_string())))
}
