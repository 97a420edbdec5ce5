//! The border between what a function is and what executes it.
//!
//! `services` owns the trait, `runtime` implements it, the binary joins them.
//! Start reading at [`RunFunction`].

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::name::{AccountId, FunctionName, Region, Version};
use crate::random;

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A request or response body on its way through: frames of bytes, then trailers, never all in memory.
pub type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, BodyError>;
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Executes functions. Neither rows nor AWS request formats pass through here.
pub trait RunFunction: Send + Sync + 'static {
    /// Checks a package and makes it ready to run (unpacked, compiled), beside the others of its kind.
    /// Safe to call again: the second call finds the work done.
    fn prepare(
        &self,
        code: CodeId,
        package: Bytes,
        settings: PackageSettings,
    ) -> BoxFuture<'_, Result<Prepared, PrepareError>>;

    /// Whether `prepare` has been done for this code on this machine and what it made is still there.
    fn holds(&self, code: &CodeId) -> bool;

    /// Runs one invocation to its end. Dropping the future, or the body of its answer, ends the invocation.
    fn run(&self, job: Job) -> BoxFuture<'static, Answer>;

    /// The function's code or configuration changed, or it is gone: ends the environments of this revision once idle.
    fn retire(&self, revision: &Revision);

    /// Deletes what `prepare` made for code that no version uses any more.
    fn discard(&self, code: &CodeId);

    /// Ends every environment; running invocations first get `grace` to finish.
    fn shut_down(&self, grace: Duration) -> BoxFuture<'_, ()>;
}

/// SHA-256 of a package's bytes: names code by what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CodeId(pub [u8; 32]);

/// What of a function's configuration decides how its package is read.
#[derive(Debug, Clone)]
pub struct PackageSettings {
    /// As the user wrote it: `python3.12`, `nodejs22.x`, `provided.al2023`.
    pub runtime: Box<str>,
    pub unpacked_bytes_max: u64,
}

/// How a package runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A WebAssembly component of the `wasi:http` proxy world.
    Component,
    /// A process that speaks the Lambda Runtime API.
    Process,
}

#[derive(Debug, Clone)]
pub struct Prepared {
    pub kind: Kind,
    /// Something that the user should know, such as "python3.14 is not on this machine, python3.11 runs it".
    pub notice: Option<String>,
}

/// Why a package cannot run. The texts are shown to the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// Not a zip archive, or a broken one.
    #[error("{0}")]
    BadArchive(String),
    /// A path that leaves the package (`../`, an absolute path, a symlink out).
    #[error("{0}")]
    UnsafePath(String),
    #[error("unpacked, the package is over {bytes_max} bytes")]
    TooLarge { bytes_max: u64 },
    /// A WebAssembly file that is not a component of a world that runs here.
    #[error("{0}")]
    BadComponent(String),
    /// The runtime's interpreter is not on this machine; the text says what to install.
    #[error("{0}")]
    NoInterpreter(String),
    /// The machine's fault: disk full, I/O error.
    #[error("{0}")]
    Unavailable(String),
}

/// Identifies one state of a function's code and configuration. Environments are reused within it, never across.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(pub Box<str>);

/// A version of a function as it is executed.
#[derive(Debug, Clone)]
pub struct FunctionVersion {
    pub account: AccountId,
    pub region: Region,
    pub name: FunctionName,
    pub version: Version,
    pub revision: Revision,
    pub code: CodeId,
    pub kind: Kind,
    pub runtime: Box<str>,
    pub handler: Box<str>,
    pub environment: BTreeMap<String, String>,
    pub memory_mib: u32,
    pub timeout: Duration,
    pub ephemeral_mib: u32,
    /// Shown once in the function's log when an environment starts (an interpreter that is not the exact one).
    pub notice: Option<String>,
}

/// One invocation, whatever its cause.
pub struct Job {
    pub function: Arc<FunctionVersion>,
    /// The alias or version in the request, for the ARN that the function sees; `None` where it named none.
    pub qualifier: Option<Box<str>>,
    pub request_id: RequestId,
    pub trace: Trace,
    pub payload: Payload,
    /// JSON as the caller sent it, already decoded from base64.
    pub client_context: Option<Box<str>>,
    /// Session credentials of the function, for an environment that starts now.
    pub credentials: Credentials,
    pub observer: Arc<dyn Observer>,
}

/// Unique per invocation: a version 4 UUID in its usual text form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(pub Box<str>);

impl RequestId {
    /// Draws a new one.
    pub fn draw() -> RequestId {
        RequestId(random::uuid(random::bytes()))
    }
}

/// Where an invocation stands in a distributed trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    pub trace: [u8; 16],
    /// The span of this invocation.
    pub span: [u8; 8],
    /// The caller's span, if it named one.
    pub parent: Option<[u8; 8]>,
    pub sampled: bool,
}

pub enum Payload {
    /// A JSON document. A component gets it as a POST to `/` with CloudEvents headers from `kind` and `source`.
    Event { document: Bytes, kind: Box<str>, source: Box<str> },
    /// An HTTP request as it came in. Only components take it: `aws` turns it into an event for processes.
    Http(Box<http::Request<Body>>),
}

#[derive(Debug, Clone)]
pub struct Credentials {
    pub access_key_id: Arc<str>,
    pub secret_access_key: Arc<str>,
    pub session_token: Arc<str>,
    pub expires: SystemTime,
}

/// What a runtime writes before a line break that does not end a log event. Ours; no text in UTF-8 has it.
pub const CONTINUED: &[u8] = b"\xff\x1e";

/// Hears what happens during an invocation, in order. Calls must not block.
pub trait Observer: Send + Sync {
    /// Called once, before anything else: the environment that serves this invocation, and whether it starts for it.
    fn placed(&self, environment: &EnvironmentId, cold: bool);
    /// The environment is up and the function is about to see the event (the START line is due).
    fn invoked(&self);
    /// Bytes that the function wrote to standard output or error, as they came: not split into lines. A line break after
    /// [`CONTINUED`] is within a log event; any other ends it.
    fn wrote(&self, bytes: Bytes);
}

/// Names an execution environment for logs: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnvironmentId(pub Box<str>);

pub struct Answer {
    pub outcome: Result<Output, Failure>,
    /// Ready when the invocation has ended; for a streamed body that is after its last frame.
    pub report: BoxFuture<'static, Report>,
}

pub enum Output {
    Document(Bytes),
    Http(Box<http::Response<Body>>),
}

/// Why there is no output. One variant for each thing the caller can do about it.
#[derive(Debug, Clone)]
pub enum Failure {
    /// The function failed: it raised, exited, ran out of time or memory. `document` is its error JSON
    /// (`errorMessage`, `errorType`, `stackTrace` where there is one).
    Function { document: Bytes },
    /// The function answered more than `bytes_max`.
    ResponseTooLarge { bytes: u64, bytes_max: u64 },
    /// The machine has no room for another environment now.
    NoRoom(String),
    /// The platform's own fault.
    Platform(String),
}

/// What an invocation took, for the REPORT line and the bill.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Present when an environment started for this invocation.
    pub init: Option<Duration>,
    pub duration: Duration,
    pub cpu: Duration,
    pub memory_peak_bytes: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub end: End,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum End {
    #[default]
    Ok,
    /// The function answered with an error of its own making.
    Error,
    TimedOut,
    /// The environment died or was killed; `errorType`, such as `Runtime.ExitError` or `Runtime.OutOfMemory`.
    Crashed(Box<str>),
}

/// Takes connections that running functions open to the platform (`127.0.0.1:4566` as they see it).
pub trait Gateway: Send + Sync + 'static {
    /// Serves the connection until it closes. `from` is the function at its other end.
    fn serve(&self, connection: Box<dyn Connection>, from: Arc<FunctionVersion>) -> BoxFuture<'static, ()>;
}

/// A byte stream both ways.
pub trait Connection: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Connection for T {}
