//! Functions that are processes: a package's own bootstrap, or a handler on the host's Python or Node.
//!
//! Start reading at [`Processes::run`]. `pool` keeps warm environments, `environment` is one of them, `sandbox` is
//! what it lives in, `session` and `api` are how its runtime speaks to us.
//!
//! Invariants:
//! - An environment serves one invocation at a time, of one revision only.
//! - An invocation that is dropped takes its environment with it.
//! - An event is given to a second environment only when the first never saw it.

mod api;
mod environment;
mod failure;
mod interpreter;
mod invocation;
mod meter;
mod pool;
#[allow(unsafe_code, reason = "system calls that have no safe form; each block says why it is sound")]
mod sandbox;
mod session;
mod variables;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use services::run::{
    Answer, CodeId, Credentials, EnvironmentId, Failure, FunctionVersion, Gateway, Job, PrepareError, Revision,
};

use crate::options::{Egress, Options};
use crate::package;
use environment::{Environment, InitFailure, Served};
use failure::{Cause, InitPhase};
use interpreter::{Choice, Interpreter, Language};
use invocation::{Call, Run, failed, report_init};
use pool::{Lease, Pool};
use sandbox::message::Bind;
pub use sandbox::{Doctor, Tier, launcher_main};
use sandbox::{Sandboxes, Wanted};
use variables::RUNTIME_DIR;

/// How long a runtime may take to ask for its first event before the invocation starts.
///
/// Source: AWS Lambda developer guide, "Init phase" (read 2026-11-24).
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Our own runtimes, as written to `<dir>/runtime` at start.
const BOOTSTRAPS: [(&str, &str); 2] = [
    ("bootstrap.py", include_str!("bootstrap/python/bootstrap.py")),
    ("bootstrap.mjs", include_str!("bootstrap/node/bootstrap.mjs")),
];

pub struct Processes {
    dir: PathBuf,
    strict_runtimes: bool,
    egress: Egress,
    pythons: Vec<Interpreter>,
    nodes: Vec<Interpreter>,
    sandboxes: Arc<Sandboxes>,
    pool: Arc<Pool>,
    gateway: Arc<dyn Gateway>,
    reaper: tokio::task::JoinHandle<()>,
}

impl Processes {
    pub fn new(options: &Options, gateway: Arc<dyn Gateway>) -> io::Result<Processes> {
        raise_file_limit();
        let dir = prepare_dir(&options.dir)?;
        let mut dirs = vec![PathBuf::from("/usr/bin"), PathBuf::from("/usr/local/bin")];
        dirs.extend(options.interpreter_dirs.iter().cloned());
        let (pythons, nodes) = (interpreter::find(Language::Python, &dirs), interpreter::find(Language::Node, &dirs));
        let own = own_binds(&dir, pythons.iter().chain(&nodes));
        let pool = Arc::new(Pool::new(options.environments_max, options.idle));
        Ok(Processes {
            strict_runtimes: options.strict_runtimes,
            egress: options.egress,
            pythons,
            nodes,
            sandboxes: Arc::new(Sandboxes::new(options, &dir, own)?),
            reaper: tokio::spawn(reap(Arc::downgrade(&pool), options.idle)),
            pool,
            gateway,
            dir,
        })
    }

    /// Runs one real sandbox and says what this machine allows; then keeps some ready.
    pub async fn probe(&self) -> Doctor {
        let doctor = self.sandboxes.probe().await;
        if doctor.tier != Tier::None {
            self.sandboxes.replenish();
        }
        doctor
    }

    /// Unpacks a package; the notice says which interpreter will run it when it is not the exact one.
    pub async fn prepare(
        &self,
        code: CodeId,
        package: Bytes,
        runtime: &str,
        unpacked_bytes_max: u64,
    ) -> Result<Option<String>, PrepareError> {
        let choice = self.choose(runtime)?;
        let dir = self.dir.clone();
        let unpacked = move || package::unpack(&dir, &code, &package, unpacked_bytes_max);
        let done = tokio::task::spawn_blocking(unpacked).await;
        done.map_err(|error| PrepareError::Unavailable(error.to_string()))??;
        Ok(choice.and_then(|choice| choice.notice))
    }

    pub fn holds(&self, code: &CodeId) -> bool {
        package::tree(&self.dir, code).is_dir()
    }

    pub fn discard(&self, code: &CodeId) -> io::Result<()> {
        std::fs::remove_dir_all(package::tree(&self.dir, code))
    }

    pub fn retire(&self, revision: &Revision) {
        self.pool.retire(revision);
    }

    pub async fn shut_down(&self, grace: Duration) {
        self.reaper.abort();
        self.pool.empty(grace).await;
        self.sandboxes.stop();
    }

    /// One invocation, warm if an environment waits, else cold.
    pub async fn run(self: Arc<Self>, job: Job) -> Answer {
        let call = match Call::new(job) {
            Ok(call) => call,
            Err(failure) => return failed(failure),
        };
        while let Some(lease) = self.pool.take(&call.function.revision) {
            let run = Run::new(&call, None, lease.environment().meter.cpu());
            let observer = call.observer.clone();
            let id = lease.environment().id.clone();
            let delivered = || {
                observer.placed(&id, false);
                observer.invoked();
            };
            match lease.environment().invoke(&call, run.deadline(), delivered).await {
                Served::NotDelivered => {}
                served => return run.conclude(call, lease, served).await,
            }
        }
        match self.run_cold(call).await {
            Ok(answer) => answer,
            Err(failure) => failed(failure),
        }
    }

    async fn run_cold(&self, call: Call) -> Result<Answer, Failure> {
        let id = new_environment_id()?;
        call.observer.placed(&id, true);
        if let Some(notice) = &call.function.notice {
            call.observer.wrote(format!("WARNING {notice}\n").into());
        }
        let (started, lease) = self.environment(&id, &call.function, &call.credentials).await?;
        let ready = lease.environment().ready(started + INIT_TIMEOUT, &*call.observer).await;
        // Not before: making the next sandbox would slow this one down.
        self.sandboxes.replenish();
        let init_failure = match ready {
            Ok(()) => {
                let init = Some(started.elapsed());
                let run = Run::new(&call, init, Duration::ZERO);
                return Ok(run.begin(call, lease).await);
            }
            Err(failure) => failure,
        };
        let init = started.elapsed();
        report_init(&call, init, InitPhase::Init, &init_failure);
        drop(lease);
        if let InitFailure::Died(Cause::Ended(session::Ending::Broken { what })) = init_failure {
            return Err(Failure::Platform(format!("the sandbox could not be built: {what}")));
        }
        let run = Run::new(&call, Some(init), Duration::ZERO);
        if !may_start_again(&init_failure) {
            call.observer.invoked();
            return Ok(run.fail(&call, init_failure));
        }
        self.start_again(run, id, call).await
    }

    /// Lambda's second try: the invocation begins, and starting is part of it and of its time limit.
    async fn start_again(&self, run: Run, id: EnvironmentId, call: Call) -> Result<Answer, Failure> {
        call.observer.invoked();
        let (_, lease) = self.environment(&id, &call.function, &call.credentials).await?;
        let failure = match lease.environment().ready(run.deadline(), &*call.observer).await {
            Ok(()) => {
                let served = lease.environment().invoke(&call, run.deadline(), || ()).await;
                return Ok(run.conclude(call, lease, served).await);
            }
            Err(InitFailure::Died(Cause::TimedOut { .. })) => {
                InitFailure::Died(Cause::TimedOut { after: call.function.timeout })
            }
            Err(failure) => failure,
        };
        report_init(&call, run.started.elapsed(), InitPhase::Invoke, &failure);
        Ok(run.fail(&call, failure))
    }

    /// A new environment, and when its start began.
    async fn environment(
        &self,
        id: &EnvironmentId,
        function: &Arc<FunctionVersion>,
        credentials: &Credentials,
    ) -> Result<(Instant, Lease), Failure> {
        let platform = |error: io::Error| Failure::Platform(format!("no environment could be started: {error}"));
        let permit = self.pool.make_room().ok_or_else(|| {
            Failure::NoRoom("every environment of this machine is busy: try again, or raise the limit".to_owned())
        })?;
        let choice = self.choose(&function.runtime).map_err(|error| Failure::Platform(error.to_string()))?;
        let wanted = self.wanted(id, function, credentials, choice.map(|choice| choice.interpreter));
        let (begun, launched) = self.sandboxes.launch(wanted).await.map_err(platform)?;
        let environment =
            Environment::start(id.clone(), function, credentials.expires, &self.gateway, launched).map_err(platform)?;
        Ok((begun, self.pool.lease(&function.revision, environment, permit)))
    }

    fn wanted(
        &self,
        id: &EnvironmentId,
        function: &FunctionVersion,
        credentials: &Credentials,
        interpreter: Option<Interpreter>,
    ) -> Wanted {
        let language = Language::of_runtime(&function.runtime).map(|(language, _)| language);
        let subject = variables::Subject {
            function,
            credentials,
            environment: id,
            language,
            node_major: interpreter.as_ref().map_or(0, |interpreter| interpreter.version.0),
            egress: self.egress == Egress::Open,
        };
        Wanted {
            code: Some(hex::encode(function.code.0)),
            programs: programs(language, interpreter.as_ref()),
            environment: variables::variables(&subject),
            memory_bytes: u64::from(function.memory_mib) << 20,
            tmp_bytes: u64::from(function.ephemeral_mib) << 20,
        }
    }

    fn choose(&self, runtime: &str) -> Result<Option<Choice>, PrepareError> {
        let Some((language, version)) = Language::of_runtime(runtime) else { return Ok(None) };
        let found = match language {
            Language::Python => &self.pythons,
            Language::Node => &self.nodes,
        };
        interpreter::choose(language, version, found, self.strict_runtimes)
            .map(Some)
            .map_err(PrepareError::NoInterpreter)
    }
}

/// A program that is not there will not be there the second time.
fn may_start_again(failure: &InitFailure) -> bool {
    use session::Ending::{Broken, Exited, NoProgram, NotExecutable, Signaled};
    match failure {
        InitFailure::Told(_) | InitFailure::Died(Cause::TimedOut { .. } | Cause::OutOfMemory) => true,
        InitFailure::Died(Cause::Ended(ending)) => match ending {
            Exited { .. } | Signaled { .. } => true,
            NoProgram | NotExecutable { .. } | Broken { .. } => false,
        },
    }
}

fn programs(language: Option<Language>, interpreter: Option<&Interpreter>) -> Vec<Vec<String>> {
    let program = interpreter.map(|interpreter| interpreter.program.display().to_string());
    match (language, program) {
        (Some(Language::Python), Some(program)) => vec![vec![program, format!("{RUNTIME_DIR}/bootstrap.py")]],
        (Some(Language::Node), Some(program)) => vec![vec![program, format!("{RUNTIME_DIR}/bootstrap.mjs")]],
        _ => ["/var/task/bootstrap", "/opt/bootstrap"].map(|program| vec![program.to_owned()]).to_vec(),
    }
}

fn new_environment_id() -> Result<EnvironmentId, Failure> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| Failure::Platform(error.to_string()))?;
    Ok(EnvironmentId(hex::encode(random).into()))
}

/// Our bootstraps, what is installed for all functions, and interpreters that are not in system directories.
fn own_binds<'a>(dir: &Path, interpreters: impl Iterator<Item = &'a Interpreter>) -> Vec<Bind> {
    let mut binds = vec![
        Bind { source: dir.join("runtime"), target: RUNTIME_DIR.into() },
        Bind { source: dir.join("python"), target: Path::new(RUNTIME_DIR).join("python") },
        // Node looks for packages in the folders above /var/task, for `import` and `require` alike.
        Bind { source: dir.join("nodejs/node_modules"), target: "/var/node_modules".into() },
    ];
    for prefix in interpreters.filter_map(|interpreter| interpreter.prefix.clone()) {
        if binds.iter().all(|bind| bind.target != prefix) {
            binds.push(Bind { source: prefix.clone(), target: prefix });
        }
    }
    binds
}

/// Our part of the runtime's directory: readable by sandboxes, free of what a crash left.
fn prepare_dir(dir: &Path) -> io::Result<PathBuf> {
    for folder in ["code", "python", "nodejs/node_modules", "runtime/python"] {
        std::fs::create_dir_all(dir.join(folder))?;
    }
    package::sweep(dir)?;
    for (name, text) in BOOTSTRAPS {
        let place = dir.join("runtime").join(name);
        std::fs::write(&place, text)?;
        std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o644))?;
    }
    for folder in ["code", "python", "nodejs/node_modules", "runtime", "runtime/python"] {
        std::fs::set_permissions(dir.join(folder), std::fs::Permissions::from_mode(0o755))?;
    }
    dir.canonicalize()
}

/// An environment takes about seven descriptors; the usual soft limit of 1,024 is for programs that use `select`.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Raising to one's own hard limit is always allowed.
    let _ = setrlimit(Resource::Nofile, limit);
}

async fn reap(pool: std::sync::Weak<Pool>, idle: Duration) {
    let mut ticks = tokio::time::interval((idle / 4).clamp(Duration::from_millis(10), Duration::from_secs(15)));
    loop {
        ticks.tick().await;
        match pool.upgrade() {
            Some(pool) => pool.reap(),
            None => return,
        }
    }
}
