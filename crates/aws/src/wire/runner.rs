//! What runs functions in these tests: nothing does, their events say what is answered.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use services::run::{
    Answer, Body, BoxFuture, CodeId, End, EnvironmentId, Failure, Job, Kind, Output, PackageSettings, Payload,
    PrepareError, Prepared, Report, Revision, RunFunction,
};

use crate::protocol::whole;

/// Writes its event to its log and answers with it, or does what the event's text says: `raise`, `flood`, `break`.
///
/// Of packages, `component` is one and answers a request with what it was asked; `zip` is broken, `big` is too large and
/// `world` cannot run; any other is a process. For `nodejs22.x` none is ever ready.
pub struct Runner;

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
            b"component" => Ok(Prepared { kind: Kind::Component, notice: None }),
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
            job.observer.placed(&EnvironmentId("0123456789abcdef0123456789abcdef".into()), false);
            job.observer.invoked();
            let outcome = match job.payload {
                Payload::Event { document, .. } => {
                    job.observer.wrote(document.clone());
                    answer(document, job.client_context.as_ref().map(ToString::to_string))
                }
                Payload::Http(_) if job.function.kind == Kind::Process => {
                    Err(Failure::Platform("a process takes events".to_owned()))
                }
                Payload::Http(request) => echo(*request).await,
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

fn answer(document: Bytes, client_context: Option<String>) -> Result<Output, Failure> {
    let text = String::from_utf8_lossy(&document);
    let error = br#"{"errorMessage":"it raised","errorType":"Error"}"#;
    match client_context {
        Some(context) => Ok(Output::Document(context.into())),
        None if text.contains("raise") => Err(Failure::Function { document: Bytes::from_static(error) }),
        None if text.contains("flood") => Err(Failure::ResponseTooLarge { bytes: 9, bytes_max: 8 }),
        None if text.contains("break") => Err(Failure::Platform("broken".to_owned())),
        None => Ok(Output::Document(document)),
    }
}

async fn echo(request: Request<Body>) -> Result<Output, Failure> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_or_else(|_| Bytes::new(), |body| body.to_bytes());
    let text = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
    Ok(Output::Http(Box::new(Response::new(whole(text)))))
}
