use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use services::run::{
    Answer, BoxFuture, CodeId, End, EnvironmentId, Failure, Job, Kind, Output, PackageSettings, Payload, PrepareError,
    Prepared, Report, Revision, RunFunction,
};

/// Answers with its event, or does what the event's text says: `raise`, `print`, `flood`, `break`.
/// Of packages, `zip` is broken, `big` is too large and `world` cannot run; for `nodejs22.x` none is ever ready.
pub struct Runner;

impl Runner {
    pub fn new() -> Arc<Runner> {
        Arc::new(Runner)
    }
}

impl RunFunction for Runner {
    fn prepare(
        &self,
        _: CodeId,
        package: Bytes,
        settings: PackageSettings,
    ) -> BoxFuture<'_, Result<Prepared, PrepareError>> {
        if &*settings.runtime == "nodejs22.x" {
            return Box::pin(std::future::pending());
        }
        let bytes_max = settings.unpacked_bytes_max;
        let outcome = match &*package {
            b"zip" => Err(PrepareError::BadArchive("no archive".to_owned())),
            b"big" => Err(PrepareError::TooLarge { bytes_max }),
            b"world" => Err(PrepareError::BadComponent("not a component".to_owned())),
            _ => Ok(Prepared { kind: Kind::Process, notice: None }),
        };
        Box::pin(std::future::ready(outcome))
    }

    fn holds(&self, _: &CodeId) -> bool {
        true
    }

    fn run(&self, job: Job) -> BoxFuture<'static, Answer> {
        Box::pin(async move {
            let Payload::Event { document, .. } = job.payload else { panic!("these tests send events") };
            job.observer.placed(&EnvironmentId("0".repeat(32).into()), false);
            job.observer.invoked();
            let text = String::from_utf8_lossy(&document).into_owned();
            if text.contains("print") {
                job.observer.wrote(Bytes::from_static(b"hello\n"));
            }
            let error = br#"{"errorMessage":"it raised","errorType":"Error"}"#;
            let outcome = match job.client_context {
                Some(context) => Ok(Output::Document(context.to_string().into())),
                None if text.contains("raise") => Err(Failure::Function { document: Bytes::from_static(error) }),
                None if text.contains("flood") => Err(Failure::ResponseTooLarge { bytes: 9, bytes_max: 8 }),
                None if text.contains("break") => Err(Failure::Platform("broken".to_owned())),
                None => Ok(Output::Document(document)),
            };
            let end = if outcome.is_ok() { End::Ok } else { End::Error };
            let report = Report { duration: Duration::from_millis(2), end, ..Report::default() };
            Answer { outcome, report: Box::pin(std::future::ready(report)) }
        })
    }

    fn retire(&self, _: &Revision) {}

    fn discard(&self, _: &CodeId) {}

    fn shut_down(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
