//! Why a guest ended without finishing, and the error document that says so in Lambda's words.

use std::time::Duration;

use services::run::{End, Failure, RequestId};
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

#[derive(Debug, Clone)]
pub(super) enum Crash {
    /// A trap, or a breach of the component model's rules. The text names it.
    Trapped(String),
    Exited(i32),
    OutOfMemory,
    TimedOut(Duration),
    /// It returned and set no response.
    Silent,
    /// It gave a `wasi:http` error code in place of a response.
    Declined(String),
    /// The pool of instances is used up.
    NoRoom(String),
    /// Nought shuts down.
    Stopped,
}

impl Crash {
    /// Tells from a failed call what went wrong. A guest that was refused memory usually traps next.
    pub fn of(error: &wasmtime::Error, memory_was_refused: bool) -> Crash {
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Crash::Exited(exit.0);
        }
        if let Some(limit) = error.downcast_ref::<PoolConcurrencyLimitError>() {
            return Crash::NoRoom(limit.to_string());
        }
        match error.downcast_ref::<Trap>() {
            _ if memory_was_refused => Crash::OutOfMemory,
            Some(trap) => Crash::Trapped(trap.to_string()),
            None => Crash::Trapped(error.root_cause().to_string()),
        }
    }

    /// `errorType` as in Lambda, or as close to it as there is.
    fn error_type(&self) -> &'static str {
        match self {
            Crash::TimedOut(_) => "Sandbox.Timedout",
            Crash::OutOfMemory => "Runtime.OutOfMemory",
            Crash::Declined(_) => "Runtime.HandlerError",
            Crash::Trapped(_) | Crash::Exited(_) | Crash::Silent | Crash::NoRoom(_) | Crash::Stopped => {
                "Runtime.ExitError"
            }
        }
    }

    fn text(&self) -> String {
        match self {
            Crash::Trapped(trap) => format!("Runtime exited with error: {trap}"),
            Crash::Exited(0) => "Runtime exited without providing a reason".to_owned(),
            Crash::Exited(status) => format!("Runtime exited with error: exit status {status}"),
            Crash::OutOfMemory => "Runtime exited with error: signal: killed".to_owned(),
            Crash::TimedOut(limit) => format!("Task timed out after {:.2} seconds", limit.as_secs_f64()),
            Crash::Silent => "the component returned without setting a response".to_owned(),
            Crash::Declined(code) => format!("the component answered with the error {code}"),
            Crash::NoRoom(limit) => limit.clone(),
            Crash::Stopped => "Nought is shutting down".to_owned(),
        }
    }

    pub fn failure(&self, request: &RequestId) -> Failure {
        match self {
            Crash::NoRoom(limit) => Failure::NoRoom(limit.clone()),
            Crash::Stopped => Failure::Platform(self.text()),
            _ => Failure::Function { document: error_document(self.error_type(), &self.message(request)) },
        }
    }

    /// What is told to whoever reads the body of an answer that broke off.
    pub fn message(&self, request: &RequestId) -> String {
        format!("RequestId: {} Error: {}", request.0, self.text())
    }

    pub fn end(&self) -> End {
        match self {
            Crash::TimedOut(_) => End::TimedOut,
            Crash::Declined(_) => End::Error,
            _ => End::Crashed(self.error_type().into()),
        }
    }
}

/// `{"errorType":..,"errorMessage":..}`
pub(super) fn error_document(error_type: &str, message: &str) -> bytes::Bytes {
    serde_json::json!({ "errorType": error_type, "errorMessage": message }).to_string().into()
}
