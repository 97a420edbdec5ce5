//! Requests as bytes, answers as bytes: what clients see of the whole face, over services in memory.
//!
//! Start reading at [`Wire::exchange`]; what it is used for is in `tests`. Functions are run by [`Echo`].

mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::json;
use services::identity::AccessKey;
use services::run::{
    Answer, Body, BoxFuture, CodeId, EnvironmentId, Failure, Job, Kind, Output, PackageSettings, Payload, PrepareError,
    Prepared, Report, Revision, RunFunction,
};
use services::{Services, identity};
use store::Store;

use crate::auth::{Instant, Signer, sign};
use crate::protocol::whole;
use crate::{Api, Options, Peer};

pub const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// The whole face, with a root key and no functions.
pub struct Wire {
    pub api: Api,
    pub services: Services,
}

impl Wire {
    pub async fn new() -> Wire {
        let root = AccessKey::parse(KEY, SECRET).expect("the pair is one");
        let keys = identity::key::Options { root: Some(root), test_on_loopback: false };
        let options = services::Options { keys, ..services::Options::default() };
        let services = Services::open(Store::memory(), Arc::new(Echo), options).await.expect("memory is there");
        Wire { api: Api::new(services.clone(), Options::default()), services }
    }

    /// Sends a request in the form of HTTP/1.1, signed for a service, and gives the answer in that form.
    ///
    /// A `Host` header is added. Of the answer, the request id is checked and left out, as are trace ids.
    pub async fn exchange(&self, service: &str, request: &str) -> String {
        let (mut parts, body) = read(request);
        let signer =
            Signer { access_key_id: KEY, secret: SECRET, session_token: None, region: "eu-central-1", service };
        sign(&mut parts, body.as_bytes(), &signer, Instant::now()).expect("the request can be signed");
        self.send(parts, body).await
    }

    /// As `exchange`, without a signature.
    pub async fn exchange_unsigned(&self, request: &str) -> String {
        let (parts, body) = read(request);
        self.send(parts, body).await
    }

    pub async fn send(&self, parts: Parts, body: String) -> String {
        let peer = Peer::Address(SocketAddr::from(([203, 0, 113, 9], 50_000)));
        shown(self.api.serve(Request::from_parts(parts, whole(body)), peer).await).await
    }

    /// Creates an active function that answers with its event, or is a component that answers with its request.
    pub async fn create_function(&self, name: &str, kind: &str) {
        let body = json!({
            "FunctionName": name,
            "Runtime": "provided.al2023",
            "Role": "arn:aws:iam::000000000000:role/any",
            "Handler": kind,
            "Code": { "ZipFile": base64_of(kind) }
        });
        let created = self.exchange("lambda", &format!("POST /2015-03-31/functions\n\n{body}")).await;
        assert!(created.starts_with("201"), "{created}");
        self.services.functions().settled().await;
    }
}

fn base64_of(text: &str) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text)
}

/// Takes apart `METHOD /target`, header lines, an empty line and a body.
pub fn read(request: &str) -> (Parts, String) {
    let (head, body) = request.split_once("\n\n").expect("an empty line ends the head");
    let mut lines = head.lines();
    let (method, target) =
        lines.next().and_then(|line| line.split_once(' ')).expect("the first line is METHOD /target");
    let mut built = Request::builder().method(method).uri(target).header("host", "localhost:4566");
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header is a name and a value");
        if name == "host" {
            built.headers_mut().expect("the request is one").remove(name);
        }
        built = built.header(name, value);
    }
    (built.body(()).expect("the request is one").into_parts().0, body.to_owned())
}

async fn shown(response: Response<Body>) -> String {
    let (parts, body) = response.into_parts();
    let id = parts.headers["x-amzn-requestid"].to_str().expect("an id is text");
    assert_eq!(id.len(), 36, "{id}");
    let shown =
        parts.headers.iter().filter(|(name, _)| !["x-amzn-requestid", "x-amzn-trace-id"].contains(&name.as_str()));
    let mut text = parts.status.as_u16().to_string();
    for (name, value) in shown {
        text.push_str(&format!("\n{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    }
    let body = body.collect().await.expect("the body is in memory").to_bytes();
    text + "\n\n" + &String::from_utf8_lossy(&body).replace(id, "REQUEST-ID")
}

/// Answers with what it is given. A package that holds `component` is one, any other is a process; an event that holds
/// `fail` makes it fail, and what it writes to its log is its event.
pub struct Echo;

impl RunFunction for Echo {
    fn prepare(&self, _: CodeId, package: Bytes, _: PackageSettings) -> BoxFuture<'_, Result<Prepared, PrepareError>> {
        let kind = if package == "component" { Kind::Component } else { Kind::Process };
        Box::pin(std::future::ready(Ok(Prepared { kind, notice: None })))
    }

    fn holds(&self, _: &CodeId) -> bool {
        true
    }

    fn run(&self, job: Job) -> BoxFuture<'static, Answer> {
        Box::pin(async move {
            job.observer.placed(&EnvironmentId("0123456789abcdef0123456789abcdef".into()), true);
            job.observer.invoked();
            let outcome = match job.payload {
                Payload::Event { document, .. } => {
                    job.observer.wrote(document.clone());
                    echo(document)
                }
                Payload::Http(_) if job.function.kind == Kind::Process => {
                    Err(Failure::Platform("a process takes events".to_owned()))
                }
                Payload::Http(request) => {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.map_or_else(|_| Bytes::new(), |body| body.to_bytes());
                    let text = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
                    Ok(Output::Http(Box::new(Response::new(whole(text)))))
                }
            };
            Answer { outcome, report: Box::pin(std::future::ready(Report::default())) }
        })
    }

    fn retire(&self, _: &Revision) {}

    fn discard(&self, _: &CodeId) {}

    fn shut_down(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn echo(document: Bytes) -> Result<Output, Failure> {
    match String::from_utf8_lossy(&document).contains("fail") {
        true => Err(Failure::Function { document: r#"{"errorMessage":"told to","errorType":"Error"}"#.into() }),
        false => Ok(Output::Document(document)),
    }
}
