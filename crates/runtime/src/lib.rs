//! Executes functions: WebAssembly components, and processes that speak the Lambda Runtime API.
//!
//! Start reading at [`Runtime`], which tells the two kinds apart; `component` and `process` run them, `package` reads
//! what is deployed.
//!
//! Invariants:
//! - Nothing here knows AWS request formats or rows: `services::run` is the only border.
//! - Code is named by its content, and what was prepared from it is never changed.

mod component;
pub mod egress;
mod options;
mod outside;
mod package;
mod process;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use services::run::{
    Answer, BoxFuture, CodeId, Gateway, Job, Kind, PackageSettings, PrepareError, Prepared, Revision, RunFunction,
};

pub use options::{Egress, Options};
pub use outside::Outside;
pub use process::{Doctor, Tier};

use component::Components;
use package::Package;
use process::Processes;

/// The first argument that turns the program into its own launcher.
pub const LAUNCHER_ARGUMENT: &str = "__launcher";

/// Why nothing can be executed on this machine. Shown to whoever starts it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the runtime's directory {dir} cannot be used: {error}")]
    Dir { dir: String, error: std::io::Error },
    #[error("a whole sandbox is required and this machine lacks some of it: {}", missing.join("; "))]
    Sandbox { missing: Vec<String> },
    #[error("WebAssembly cannot run here: {0}")]
    Components(String),
}

/// Runs both kinds of function.
pub struct Runtime {
    components: Arc<Components>,
    processes: Arc<Processes>,
    doctor: Doctor,
}

/// Starts sandboxes for the server. The program calls this first thing when its first argument is
/// [`LAUNCHER_ARGUMENT`]: before it has threads.
pub fn launcher_main() -> ! {
    process::launcher_main()
}

/// Runs one real sandbox in a directory of its own and says what this machine allows.
pub async fn doctor(options: &Options) -> Result<Doctor, StartError> {
    let processes = Processes::new(options, Arc::new(Nowhere)).map_err(|error| unusable(options, error))?;
    let doctor = processes.probe().await;
    processes.shut_down(Duration::ZERO).await;
    Ok(doctor)
}

impl Runtime {
    /// Prepares directories, finds interpreters and probes the sandbox.
    pub async fn new(options: Options, gateway: Arc<dyn Gateway>) -> Result<Arc<Runtime>, StartError> {
        let processes = Processes::new(&options, gateway.clone()).map_err(|error| unusable(&options, error))?;
        let doctor = processes.probe().await;
        if options.require_sandbox && !doctor.missing.is_empty() {
            return Err(StartError::Sandbox { missing: doctor.missing });
        }
        let components =
            Components::new(&options, gateway).map_err(|error| StartError::Components(error.to_string()))?;
        Ok(Arc::new(Runtime { components: Arc::new(components), processes: Arc::new(processes), doctor }))
    }

    /// What of the sandbox works here; what is missing is to be said at start.
    pub fn doctor(&self) -> &Doctor {
        &self.doctor
    }
}

impl RunFunction for Runtime {
    fn prepare(
        &self,
        code: CodeId,
        package: Bytes,
        settings: PackageSettings,
    ) -> BoxFuture<'_, Result<Prepared, PrepareError>> {
        Box::pin(async move {
            let PackageSettings { runtime, unpacked_bytes_max } = settings;
            match Package::read(&package, &runtime, unpacked_bytes_max)? {
                Package::Component(wasm) => {
                    let notice = self.components.prepare(code, wasm).await?;
                    Ok(Prepared { kind: Kind::Component, notice })
                }
                Package::Process => {
                    let notice = self.processes.prepare(code, package, &runtime, unpacked_bytes_max).await?;
                    Ok(Prepared { kind: Kind::Process, notice })
                }
            }
        })
    }

    fn holds(&self, code: &CodeId) -> bool {
        self.processes.holds(code) || self.components.holds(code)
    }

    fn run(&self, job: Job) -> BoxFuture<'static, Answer> {
        match job.function.kind {
            Kind::Component => self.components.run(job),
            Kind::Process => Box::pin(self.processes.clone().run(job)),
        }
    }

    fn retire(&self, revision: &Revision) {
        self.processes.retire(revision);
    }

    fn discard(&self, code: &CodeId) {
        if self.processes.holds(code)
            && let Err(error) = self.processes.discard(code)
        {
            tracing::warn!(code = hex::encode(code.0), %error, "unpacked code could not be deleted");
        }
        self.components.discard(code);
    }

    fn shut_down(&self, grace: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            tokio::join!(self.processes.shut_down(grace), self.components.shut_down(grace));
        })
    }
}

fn unusable(options: &Options, error: std::io::Error) -> StartError {
    StartError::Dir { dir: options.dir.display().to_string(), error }
}

/// The probe runs no function, so nothing calls out of it.
struct Nowhere;

impl Gateway for Nowhere {
    fn serve(
        &self,
        _: Box<dyn services::run::Connection>,
        _: Arc<services::run::FunctionVersion>,
    ) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}
