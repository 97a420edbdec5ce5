//! A whole server in this process: the floors joined, the port open, and the way it stops.
//!
//! Start at [`Server::start`]. This is the one place that knows every floor.

use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use aws::Api;
use runtime::Runtime;
use rustix::process::{Resource, getrlimit, setrlimit};
use services::Services;
use store::Store;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Settings;
use crate::edge::Edge;
use crate::front::{self, Limits};
use crate::gateway::{Gateway, Shared};
use crate::{cli, root_key};

/// Who a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For everyone who has a key.
    Serve,
    /// For this machine: the pair `test`/`test` is accepted from it, so nobody else may reach the port.
    Local,
}

pub struct Server {
    address: SocketAddr,
    settings: Settings,
    services: Services,
    stop: watch::Sender<bool>,
    front: JoinHandle<()>,
}

impl Server {
    pub async fn start(settings: &Settings, mode: Mode) -> Result<Server> {
        if mode == Mode::Local && !settings.listen.ip().is_loopback() {
            bail!(
                "{} can be reached from elsewhere, and dev and demo accept the key pair test/test: \
                 listen on 127.0.0.1, or use `nought serve`",
                settings.listen
            );
        }
        let root = root_key::from_environment()?;
        raise_file_limit();
        make_data_folder(&settings.data)?;
        let listener = TcpListener::bind(settings.listen).await.with_context(|| {
            format!("cannot listen on {}: is another server there? --listen takes another address", settings.listen)
        })?;
        let address = listener.local_addr()?;
        let limits = Limits::from(settings);
        let gateway = Gateway::new(egress(settings), limits);
        let runtime = start_runtime(settings, Arc::clone(&gateway)).await?;
        let services = open_services(settings, mode, root.clone(), runtime).await?;
        tell_root_key(&settings.data, &services, root.is_some())?;
        let edge = Edge::new(Api::new(services.clone(), aws::Options::default()), services.clone());
        gateway.open(Arc::new(edge.clone()));
        let (stop, mut stopping) = watch::channel(false);
        let front = tokio::spawn(async move {
            let stop = async move {
                // An error is a sender that is gone, which is a stop too.
                let _ = stopping.wait_for(|stop| *stop).await;
            };
            front::serve(listener, limits, Arc::new(edge), stop).await;
        });
        Ok(Server { address, settings: settings.clone(), services, stop, front })
    }

    /// `http://HOST:PORT`, as a client on this machine reaches it.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it keeps everything.
    pub fn data(&self) -> &Path {
        &self.settings.data
    }

    pub fn interpreters(&self) -> &[PathBuf] {
        &self.settings.interpreters
    }

    /// Serves until SIGTERM or SIGINT, then stops.
    pub async fn wait(self, asked: impl Future<Output = ()>) -> Result<()> {
        asked.await;
        self.stop().await
    }

    /// Takes no new connection, lets what runs finish within the grace, and writes what is in memory.
    pub async fn stop(self) -> Result<()> {
        let deadline = Instant::now() + self.settings.stop_grace;
        tracing::info!(grace_secs = self.settings.stop_grace.as_secs(), "stopping");
        self.stop.send_replace(true);
        self.front.await.context("the front broke down")?;
        self.services.stop(deadline.saturating_duration_since(Instant::now())).await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// The command `serve`.
pub async fn run(serving: cli::Serving) -> Result<()> {
    let settings = Settings::read(&serving, Path::new(crate::DATA_DEFAULT))?;
    let server = Server::start(&settings, Mode::Serve).await?;
    let asked = stop_asked_for()?;
    println!("listening on {}", server.endpoint());
    server.wait(asked).await
}

/// Listens for signals from now on; ready once the process is asked to stop. A second request ends it at once.
pub fn stop_asked_for() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot hear SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot hear SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            eprintln!("ended without waiting for what runs");
            std::process::exit(130);
        });
    })
}

/// To what the machine allows: every connection is a file, and the usual limit is for programs that have few.
fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays where it is");
    }
}

fn make_data_folder(data: &Path) -> Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("cannot make the data directory {}", data.display()))
}

fn egress(settings: &Settings) -> runtime::Egress {
    match settings.egress {
        cli::Egress::Open => runtime::Egress::Open,
        cli::Egress::None => runtime::Egress::None,
    }
}

async fn start_runtime(settings: &Settings, gateway: Arc<Gateway>) -> Result<Arc<Runtime>> {
    let options = runtime::Options {
        require_sandbox: settings.require_sandbox,
        strict_runtimes: settings.strict_runtimes,
        interpreter_dirs: settings.interpreters.clone(),
        egress: egress(settings),
        idle: settings.environments_idle,
        ..runtime::Options::new(settings.data.join("runtime"))
    };
    let runtime = Runtime::new(options, Arc::new(Shared(gateway))).await.context("cannot start the runtime")?;
    for missing in &runtime.doctor().missing {
        tracing::warn!(missing, "the sandbox is not whole on this machine");
    }
    Ok(runtime)
}

async fn open_services(
    settings: &Settings,
    mode: Mode,
    root: Option<services::identity::AccessKey>,
    runtime: Arc<Runtime>,
) -> Result<Services> {
    let store = Store::open(&settings.data, store::Options::default())
        .with_context(|| format!("cannot open the store in {}", settings.data.display()))?;
    let keys = services::identity::key::Options { root, test_on_loopback: mode == Mode::Local };
    let options = services::Options {
        keys,
        concurrency_max: settings.concurrency_max,
        log_retention: settings.log_retention,
        retry_scale: settings.retry_scale,
        outside: Some(Arc::new(runtime::Outside { functions: egress(settings) })),
        ..services::Options::default()
    };
    Services::open(store, runtime, Arc::new(aws::Envelopes), options).await.context("cannot start the services")
}

/// Shows a new root key, once, and says what it may do.
fn tell_root_key(data: &Path, services: &Services, from_environment: bool) -> Result<()> {
    let keys = services.keys();
    if !from_environment {
        root_key::leave(data, keys.root())?;
    }
    if let Some(key) = keys.new_root() {
        eprintln!("root access key, shown this once:");
        eprintln!("  AWS_ACCESS_KEY_ID={}", key.id());
        eprintln!("  AWS_SECRET_ACCESS_KEY={}", key.secret());
    }
    eprintln!("the root key may do everything: users and roles with rights of their own are not there yet");
    Ok(())
}
