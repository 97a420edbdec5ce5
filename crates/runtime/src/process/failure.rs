//! What a failed invocation answers and logs, in Lambda's words.

use std::time::Duration;

use bytes::Bytes;
use services::run::RequestId;

use super::session::Ending;

/// Why an environment had to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    Ended(Ending),
    OutOfMemory,
    TimedOut { after: Duration },
}

impl Cause {
    pub fn kind(&self) -> &'static str {
        match self {
            Cause::Ended(Ending::Exited { .. } | Ending::Signaled { .. }) => "Runtime.ExitError",
            Cause::Ended(Ending::NoProgram | Ending::NotExecutable { .. }) => "Runtime.InvalidEntrypoint",
            Cause::Ended(Ending::Broken { .. }) => "Sandbox.Failure",
            Cause::OutOfMemory => "Runtime.OutOfMemory",
            Cause::TimedOut { .. } => "Sandbox.Timedout",
        }
    }

    fn message(&self) -> String {
        match self {
            Cause::Ended(Ending::Exited { code: 0 }) => "Runtime exited without providing a reason".to_owned(),
            Cause::Ended(Ending::Exited { code }) => format!("Runtime exited with error: exit status {code}"),
            Cause::Ended(Ending::Signaled { signal }) => {
                format!("Runtime exited with error: signal: {}", signal_name(*signal))
            }
            Cause::Ended(Ending::NoProgram) => {
                "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".to_owned()
            }
            Cause::Ended(Ending::NotExecutable { program, errno }) => {
                format!("fork/exec {program}: {}", errno_name(*errno))
            }
            Cause::Ended(Ending::Broken { what }) => format!("the sandbox could not be built: {what}"),
            Cause::OutOfMemory => "Runtime exited with error: signal: killed".to_owned(),
            Cause::TimedOut { after } => format!("Task timed out after {:.2} seconds", after.as_secs_f64()),
        }
    }

    /// The payload that the caller gets.
    pub fn document(&self, request_id: &RequestId) -> Bytes {
        let message = format!("RequestId: {} Error: {}", request_id.0, self.message());
        serde_json::json!({ "errorType": self.kind(), "errorMessage": message }).to_string().into()
    }

    /// The lines in the function's log.
    pub fn log_line(&self, request_id: &RequestId) -> String {
        match self {
            Cause::TimedOut { .. } => format!("{} {} {}\n\n", timestamp(), request_id.0, self.message()),
            Cause::Ended(_) | Cause::OutOfMemory => {
                format!("RequestId: {} Error: {}\n{}\n", request_id.0, self.message(), self.kind())
            }
        }
    }
}

/// Which attempt at starting a runtime an INIT_REPORT line is about: before the invocation, or again inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitPhase {
    Init,
    Invoke,
}

pub fn init_report(took: Duration, phase: InitPhase, kind: &str) -> String {
    let milliseconds = took.as_secs_f64() * 1_000.0;
    let phase = match phase {
        InitPhase::Init => "init",
        InitPhase::Invoke => "invoke",
    };
    match kind {
        "Sandbox.Timedout" => {
            format!("INIT_REPORT Init Duration: {milliseconds:.2} ms\tPhase: {phase}\tStatus: timeout\n")
        }
        _ => format!(
            "INIT_REPORT Init Duration: {milliseconds:.2} ms\tPhase: {phase}\tStatus: error\tError Type: {kind}\n"
        ),
    }
}

/// `errorType` of an error document that a runtime wrote, for the INIT_REPORT line.
pub fn kind_of(document: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Document {
        #[serde(rename = "errorType")]
        kind: String,
    }
    serde_json::from_slice::<Document>(document).map_or_else(|_| "Runtime.Unknown".to_owned(), |document| document.kind)
}

fn timestamp() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Signals and errors as Go names them, in which Lambda's own front end is written.
fn signal_name(signal: i32) -> String {
    let names = [
        (libc::SIGABRT, "aborted"),
        (libc::SIGBUS, "bus error"),
        (libc::SIGFPE, "floating point exception"),
        (libc::SIGHUP, "hangup"),
        (libc::SIGILL, "illegal instruction"),
        (libc::SIGINT, "interrupt"),
        (libc::SIGKILL, "killed"),
        (libc::SIGPIPE, "broken pipe"),
        (libc::SIGSEGV, "segmentation fault"),
        (libc::SIGSYS, "bad system call"),
        (libc::SIGTERM, "terminated"),
        (libc::SIGTRAP, "trace/breakpoint trap"),
    ];
    let known = names.into_iter().find(|(number, _)| *number == signal);
    known.map_or_else(|| format!("signal {signal}"), |(_, name)| name.to_owned())
}

fn errno_name(errno: i32) -> String {
    let names = [
        (libc::EACCES, "permission denied"),
        (libc::ENOENT, "no such file or directory"),
        (libc::ENOEXEC, "exec format error"),
        (libc::EISDIR, "is a directory"),
    ];
    let known = names.into_iter().find(|(number, _)| *number == errno);
    known.map_or_else(|| format!("errno {errno}"), |(_, name)| name.to_owned())
}
