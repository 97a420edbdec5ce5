//! Requests as bytes, answers as bytes: what clients see of the whole face, over services in memory at the time 0.
//!
//! The one harness for every API's tests. Start reading at [`Wire`]: requests in the form of HTTP/1.1 go to
//! [`Wire::exchange`] and come back in that form; requests of one line go to [`Wire::ask`], documents to an operation of
//! an API of the kind `X-Amz-Target` to [`Wire::call`]. Functions are run by [`Runner`](runner::Runner).

mod runner;
mod tests;

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use services::identity::AccessKey;
use services::{Services, identity};
use store::Store;

use self::runner::Runner;
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

/// An answer. As text it is in the form of HTTP/1.1, its request id replaced and trace ids left out.
pub struct Said {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Wire {
    pub async fn new() -> Wire {
        Wire::with(services::Options::default()).await
    }

    /// As `new`, with other limits. The root key is always [`KEY`].
    pub async fn with(options: services::Options) -> Wire {
        let root = AccessKey::parse(KEY, SECRET).expect("the pair is one");
        let keys = identity::key::Options { root: Some(root), test_on_loopback: false };
        let options = services::Options { keys, ..options };
        let services = Services::open(Store::memory(), Arc::new(Runner), Arc::new(crate::Envelopes), options)
            .await
            .expect("memory is there");
        let api = Api::new(services.clone(), Options { authority: Some("localhost:4566".into()) });
        Wire { api, services }
    }

    /// Sends a request in the form of HTTP/1.1, signed for a service, and gives the answer in that form.
    ///
    /// A `Host` header is added. Of the answer, the request id is checked and left out, as are trace ids.
    pub async fn exchange(&self, service: &str, request: &str) -> String {
        let (parts, body) = read(request);
        self.send_signed(service, parts, body).await.to_string()
    }

    /// As `exchange`, without a signature.
    pub async fn exchange_unsigned(&self, request: &str) -> String {
        let (parts, body) = read(request);
        self.send(parts, body).await.to_string()
    }

    /// Sends a signed request of one line: `METHOD PATH [header:value].. [BODY]`, where a body begins with a brace or
    /// is the rest after ` | `. Of the answer's body, what is random is replaced, as `without_chance` does.
    pub async fn ask(&self, service: &str, line: &str) -> Said {
        let (parts, body) = read_line(line);
        let said = self.send_signed(service, parts, body).await;
        Said { body: without_chance(&said.body), ..said }
    }

    /// Asks one after the other; each answer is `STATUS BODY`, of errors `STATUS TYPE BODY`.
    pub async fn check(&self, service: &str, cases: &[(&str, &str)]) {
        for (line, wanted) in cases {
            let said = self.ask(service, line).await;
            let error = said.headers.get("x-amzn-errortype").map(|kind| kind.to_str().expect("a name"));
            let status = said.status.to_string();
            let parts = [Some(&*status), error, Some(&*said.body)];
            let text = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
            assert_eq!(text, *wanted, "{line}");
            self.services.functions().settled().await;
        }
    }

    /// Calls an operation by its target, as `sqs` and `AmazonSQS.SendMessage`, with a document; gives the status and
    /// the document of the answer.
    pub async fn call(&self, service: &str, target: &str, document: Value) -> (u16, Value) {
        let (parts, _) = read(&format!("POST /\nx-amz-target: {target}\n\n"));
        let said = self.send_signed(service, parts, document.to_string()).await;
        let document = serde_json::from_str(&said.body).unwrap_or_else(|_| panic!("{target}: {said}"));
        (said.status, document)
    }

    async fn send_signed(&self, service: &str, mut parts: Parts, body: String) -> Said {
        let signer =
            Signer { access_key_id: KEY, secret: SECRET, session_token: None, region: "eu-central-1", service };
        sign(&mut parts, body.as_bytes(), &signer, Instant::now()).expect("the request can be signed");
        self.send(parts, body).await
    }

    /// Sends a request as it is.
    pub async fn send(&self, parts: Parts, body: String) -> Said {
        let peer = Peer::Address(SocketAddr::from(([203, 0, 113, 9], 50_000)));
        let answer = self.api.serve(Request::from_parts(parts, whole(body)), peer).await;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.expect("the body is in memory").to_bytes();
        Said {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
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

impl Display for Said {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let id = self.headers["x-amzn-requestid"].to_str().expect("an id is text");
        assert_eq!(id.len(), 36, "{id}");
        write!(to, "{}", self.status)?;
        for (name, value) in &self.headers {
            if !["x-amzn-requestid", "x-amzn-trace-id"].contains(&name.as_str()) {
                write!(to, "\n{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
            }
        }
        write!(to, "\n\n{}", self.body.replace(id, "REQUEST-ID"))
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

/// Takes apart a request of one line, as [`Wire::ask`] does.
fn read_line(line: &str) -> (Parts, String) {
    let (head, body) = match line.split_once(" | ").or_else(|| line.split_once(" {")) {
        Some((head, rest)) if line.contains(" | ") => (head, rest.to_owned()),
        Some((head, rest)) => (head, format!("{{{rest}")),
        None => (line, String::new()),
    };
    let mut words = head.split(' ');
    let (method, target) = words.next().zip(words.next()).expect("a line begins with METHOD PATH");
    let headers = words.filter_map(|word| word.split_once(':')).map(|(name, value)| format!("\n{name}: {value}"));
    let (parts, _) = read(&format!("{method} {target}{}\n\n", headers.collect::<String>()));
    (parts, body)
}

/// Random texts replaced: revisions by `UUID`, ids of URLs by `URLID`, signatures by `SEAL`.
fn without_chance(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let token: &str =
            &rest[..rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').unwrap_or(rest.len())];
        let uuid = token.len() == 36 && token.matches('-').count() == 4;
        out.push_str(match token.len() {
            _ if uuid => "UUID",
            32 => "URLID",
            64 if out.ends_with("signature=") => "SEAL",
            _ => token,
        });
        rest = &rest[token.len()..];
        if let Some(letter) = rest.chars().next() {
            out.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    out
}
