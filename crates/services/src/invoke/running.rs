//! One invocation from its permit to its report: accounted for exactly once.

use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;

use super::concurrency::Permit;
use crate::log::{Ended, Recorder};
use crate::run::{End, Failure, FunctionVersion, Observer, Output, Report};
use crate::services::Services;
use crate::usage::Counts;

/// What the log and the bill say of an invocation whose caller went away: dropping it ended it.
const CANCELLED: &str = "Nought.Cancelled";

pub(super) struct Running {
    begun: Instant,
    /// Taken when it is settled.
    rest: Option<Rest>,
}

struct Rest {
    services: Services,
    function: Arc<FunctionVersion>,
    recorder: Arc<Recorder>,
    /// Given back last, so that nothing is accounted for after "nothing runs" was seen.
    permit: Permit,
}

impl Running {
    pub fn new(services: Services, function: Arc<FunctionVersion>, permit: Permit, recorder: Recorder) -> Running {
        let rest = Rest { services, function, recorder: Arc::new(recorder), permit };
        Running { begun: Instant::now(), rest: Some(rest) }
    }

    pub fn observer(&self) -> Arc<dyn Observer> {
        self.rest.as_ref().expect("taken only when it ends").recorder.clone()
    }

    /// `message` is what the error document says, where there is one.
    pub fn settle(mut self, report: &Report, message: Option<&str>) {
        if let Some(rest) = self.rest.take() {
            rest.settle(report, message);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take() {
            let end = End::Crashed(CANCELLED.into());
            let report = Report { duration: self.begun.elapsed(), end, ..Report::default() };
            rest.settle(&report, None);
        }
    }
}

impl Rest {
    fn settle(self, report: &Report, message: Option<&str>) {
        self.recorder.end(&Ended { report, error_message: message });
        let counts = Counts::of_invocation(report, self.function.memory_mib);
        self.services.meter().add(&self.function, self.services.store().clock(), &counts);
        drop(self.permit);
    }
}

/// The `errorMessage` of a failed function.
pub(super) fn error_message(outcome: &Result<Output, Failure>) -> Option<String> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(rename = "errorMessage")]
        error_message: String,
    }
    match outcome {
        Err(Failure::Function { document }) => {
            serde_json::from_slice(document).ok().map(|document: Document| document.error_message)
        }
        Err(Failure::ResponseTooLarge { .. } | Failure::NoRoom(_) | Failure::Platform(_)) | Ok(_) => None,
    }
}
