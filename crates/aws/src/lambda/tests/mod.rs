//! The wire: signed requests through the whole face, and every byte of the answers' bodies.

mod callers;
mod functions;
mod runner;
mod versions;

use http::{Method, Request};
use http_body_util::BodyExt;
use services::{Options, Services};
use store::Store;

use crate::auth::{Instant, Signer, sign};
use crate::protocol::whole;
use crate::{Api, Peer};
use runner::Runner;

/// A face over a store in memory, at the time 0.
struct World {
    services: Services,
    api: Api,
}

/// An answer. Texts that are random are replaced: revisions by `UUID`, ids of URLs by `URLID`, signatures by `SEAL`.
struct Said {
    status: u16,
    headers: http::HeaderMap,
    body: String,
}

impl World {
    async fn new() -> World {
        World::with(Options::default()).await
    }

    async fn with(options: Options) -> World {
        let services = Services::open(Store::memory(), Runner::new(), options).await;
        let services = services.expect("the memory engine opens");
        let api = Api::new(services.clone(), crate::Options { authority: Some("localhost:4566".into()) });
        World { services, api }
    }

    /// `METHOD PATH [header:value].. [BODY]`, where a body begins with a brace or is the rest after ` | `.
    async fn ask(&self, line: &str) -> Said {
        let (head, body) = match line.split_once(" | ").or_else(|| line.split_once(" {")) {
            Some((head, rest)) if line.contains(" | ") => (head, rest.to_owned()),
            Some((head, rest)) => (head, format!("{{{rest}")),
            None => (line, String::new()),
        };
        let mut words = head.split(' ');
        let method: Method = words.next().and_then(|word| word.parse().ok()).expect("a method");
        let mut request = Request::builder().method(method).uri(words.next().expect("a path"));
        request = request.header("host", "localhost:4566");
        for (name, value) in words.filter_map(|word| word.split_once(':')) {
            request = request.header(name, value);
        }
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        let root = self.services.keys().root();
        let signer = Signer {
            access_key_id: root.id(),
            secret: root.secret(),
            session_token: None,
            region: "eu-central-1",
            service: "lambda",
        };
        sign(&mut parts, body.as_bytes(), &signer, Instant::now()).expect("it can be signed");
        let peer = Peer::Address(([127, 0, 0, 1], 1).into());
        let response = self.api.serve(Request::from_parts(parts, whole(body)), peer).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("it is in memory").to_bytes();
        let body = without_chance(std::str::from_utf8(&body).expect("JSON is UTF-8"));
        Said { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Asks one after the other; each answer is `STATUS BODY`, of errors `STATUS TYPE BODY`.
    async fn check(&self, cases: &[(&str, &str)]) {
        for (line, wanted) in cases {
            let said = self.ask(line).await;
            let error = said.headers.get("x-amzn-errortype").map(|kind| kind.to_str().expect("a name"));
            let parts =
                [Some(said.status.to_string().as_str()), error, Some(&said.body)].map(|part| part.map(str::to_owned));
            let text = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
            assert_eq!(text, *wanted, "{line}");
            self.services.functions().settled().await;
        }
    }

    /// A function `f` that runs, and whose version 1 has the alias `live`.
    async fn with_function() -> World {
        let world = World::new().await;
        for line in [CREATE, PUBLISH, ALIAS] {
            let said = world.ask(line).await;
            assert_eq!(said.status, 201, "{}", said.body);
            world.services.functions().settled().await;
        }
        world
    }
}

const CREATE: &str = r#"POST /2015-03-31/functions {"FunctionName":"f","Runtime":"python3.12","Handler":"app.handler","Role":"arn:aws:iam::000000000000:role/worker","Code":{"ZipFile":"b25l"}}"#;
const PUBLISH: &str = "POST /2015-03-31/functions/f/versions {}";
const ALIAS: &str = r#"POST /2015-03-31/functions/f/aliases {"Name":"live","FunctionVersion":"1"}"#;

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
