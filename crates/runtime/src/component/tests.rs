//! Invocations of the committed hello component, and of small ones that fail in every way.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::SystemTime;

use http::Request;
use http_body_util::{BodyExt, Empty};
use services::name::{AccountId, FunctionName, Region, Version};
use services::run::{
    Body, Connection, Credentials, End, EnvironmentId, Failure, FunctionVersion, Kind, Observer, Output, Payload,
    Report, RequestId, Revision, Trace,
};
use sha2::{Digest, Sha256};

use super::engine::Effort;
use super::*;
use crate::options::Egress;

const HELLO: &[u8] = include_bytes!("../../../../examples/guests/hello-rust/hello.wasm");

/// A component of the proxy world whose handler is `body`.
fn component(body: &str) -> Bytes {
    let text = format!(
        r#"(component
            (import "wasi:http/types@0.2.0" (instance $types
                (export "incoming-request" (type (sub resource)))
                (export "response-outparam" (type (sub resource)))))
            (alias export $types "incoming-request" (type $request))
            (alias export $types "response-outparam" (type $outparam))
            (core module $module
                (memory (export "memory") 1)
                (func (export "handle") (param i32 i32) {body}))
            (core instance $instance (instantiate $module))
            (func $handle (param "request" (own $request)) (param "response-out" (own $outparam))
                (canon lift (core func $instance "handle")))
            (instance $handler (export "handle" (func $handle)))
            (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))"#
    );
    wat::parse_str(text).expect("the component is well formed").into()
}

struct NoGateway;

impl Gateway for NoGateway {
    fn serve(&self, _: Box<dyn Connection>, _: Arc<FunctionVersion>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

#[derive(Default)]
struct Recorder {
    placed: Mutex<Vec<(EnvironmentId, bool)>>,
    wrote: Mutex<Vec<u8>>,
}

impl Observer for Recorder {
    fn placed(&self, environment: &EnvironmentId, cold: bool) {
        self.placed.lock().expect("no test panics while it holds this").push((environment.clone(), cold));
    }

    fn invoked(&self) {}

    fn wrote(&self, bytes: Bytes) {
        self.wrote.lock().expect("no test panics while it holds this").extend_from_slice(&bytes);
    }
}

struct Bench {
    components: Components,
    observer: Arc<Recorder>,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench::with_instances(10)
    }

    fn with_instances(instances_max: usize) -> Bench {
        let dir = tempfile::tempdir().expect("there is a directory for temporary files");
        let options = Options { instances_max, egress: Egress::None, ..Options::new(dir.path()) };
        let components = Components::new(&options, Arc::new(NoGateway)).expect("the engines start");
        Bench { components, observer: Arc::default(), _dir: dir }
    }

    async fn deploy(&self, wasm: Bytes) -> Result<CodeId, PrepareError> {
        let code = CodeId(Sha256::digest(&wasm).into());
        self.components.prepare(code, wasm).await?;
        Ok(code)
    }

    fn job(&self, code: CodeId, payload: Payload) -> Job {
        Job {
            function: Arc::new(FunctionVersion {
                account: AccountId::default(),
                region: Region::parse("eu-central-1").expect("it is a region"),
                name: FunctionName::parse("hello").expect("it is a name"),
                version: Version::Latest,
                revision: Revision("1".into()),
                code,
                kind: Kind::Component,
                runtime: "provided.al2023".into(),
                handler: "bootstrap".into(),
                environment: BTreeMap::new(),
                memory_mib: 128,
                timeout: Duration::from_millis(300),
                ephemeral_mib: 512,
                notice: None,
            }),
            qualifier: None,
            request_id: RequestId("00000000-0000-4000-8000-000000000000".into()),
            trace: Trace { trace: [1; 16], span: [2; 8], parent: None, sampled: true },
            payload,
            client_context: None,
            credentials: Credentials {
                access_key_id: "id".into(),
                secret_access_key: "secret".into(),
                session_token: "token".into(),
                expires: SystemTime::now(),
            },
            observer: self.observer.clone(),
        }
    }

    async fn invoke(&self, code: CodeId, payload: Payload) -> (Result<String, String>, Report) {
        let answer = self.components.run(self.job(code, payload)).await;
        let outcome = match answer.outcome {
            Ok(Output::Document(document)) => Ok(text(&document)),
            Ok(Output::Http(response)) => {
                let status = response.status();
                match response.into_body().collect().await {
                    Ok(body) => Ok(format!("{} {}", status.as_u16(), text(&body.to_bytes()))),
                    Err(error) => Err(format!("{} then {error}", status.as_u16())),
                }
            }
            Err(Failure::Function { document }) => Err(text(&document)),
            Err(other) => Err(format!("{other:?}")),
        };
        (outcome, answer.report.await)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn event() -> Payload {
    Payload::Event { document: Bytes::from_static(b"{}"), kind: "nought.invoke".into(), source: "arn".into() }
}

fn get(uri: &str) -> Payload {
    let body: Body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    Payload::Http(Box::new(Request::get(uri).header("host", "example.com").body(body).expect("the request is legal")))
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_answers_http_requests_and_events() {
    let bench = Bench::new();
    let hello = bench.deploy(Bytes::from_static(HELLO)).await.expect("hello compiles");
    assert!(bench.components.holds(&hello));
    for (payload, expected) in [(get("/"), "200 hello"), (event(), "hello")] {
        let (outcome, report) = bench.invoke(hello, payload).await;
        assert_eq!(outcome.as_deref(), Ok(expected));
        assert_eq!(report.end, End::Ok);
        assert_eq!(report.bytes_out, 5);
        assert!(report.cpu > Duration::ZERO && report.memory_peak_bytes > 0, "{report:?}");
    }
    let placed = bench.observer.placed.lock().expect("no test panics while it holds this");
    let cold: Vec<bool> = placed.iter().map(|(_, cold)| *cold).collect();
    assert_eq!(cold, [true, false]);
    assert_eq!(placed[0].0, placed[1].0);
}

/// A component with a section of its own that nobody reads, which makes it a large one.
fn padded(component: &[u8]) -> Bytes {
    let padding = [&[3_u8][..], b"pad", &[0; 1 << 20]].concat();
    let mut section = vec![0];
    let mut length = padding.len();
    while length >= 0x80 {
        section.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    section.push(length as u8);
    [component, &section, &padding].concat().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_component_answers_as_it_was_compiled_quickly_and_as_it_was_compiled_again() {
    let bench = Bench::new();
    let code = bench.deploy(padded(HELLO)).await.expect("hello compiles");
    let mut answers = Vec::new();
    for _ in 0..2 {
        answers.push(bench.invoke(code, get("/")).await.0);
        bench.components.compiler.later.install(|| {}); // Waits for what is being compiled.
    }
    assert_eq!(answers, [Ok("200 hello".to_owned()), Ok("200 hello".to_owned())]);
    let efforts: Vec<Effort> =
        bench.components.room.shelves.iter().filter(|shelf| shelf.holds(&code)).map(|shelf| shelf.effort).collect();
    assert_eq!(efforts, [Effort::Full]);
    bench.components.discard(&code);
    assert!(!bench.components.holds(&code));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_component_that_is_discarded_before_it_is_compiled_again_stays_away() {
    let bench = Bench::new();
    let code = bench.deploy(padded(&component("unreachable"))).await.expect("the component compiles");
    bench.components.discard(&code);
    bench.components.compiler.later.install(|| {});
    assert!(!bench.components.holds(&code));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_fails_is_told_apart_by_how() {
    let bench = Bench::new();
    let id = "RequestId: 00000000-0000-4000-8000-000000000000";
    let cases = [
        (
            "unreachable",
            End::Crashed("Runtime.ExitError".into()),
            "Runtime.ExitError",
            "Error: Runtime exited with error: wasm trap: wasm `unreachable` instruction executed",
        ),
        ("(loop (br 0))", End::TimedOut, "Sandbox.Timedout", "Error: Task timed out after 0.30 seconds"),
        (
            "(drop (memory.grow (i32.const 4000))) unreachable",
            End::Crashed("Runtime.OutOfMemory".into()),
            "Runtime.OutOfMemory",
            "Error: Runtime exited with error: signal: killed",
        ),
        (
            "(call 0 (i32.const 0) (i32.const 0))",
            End::Crashed("Runtime.ExitError".into()),
            "Runtime.ExitError",
            "Error: Runtime exited with error: wasm trap: call stack exhausted",
        ),
        (
            "",
            End::Crashed("Runtime.ExitError".into()),
            "Runtime.ExitError",
            "Error: the component returned without setting a response",
        ),
    ];
    // Nothing is compiled again meanwhile, so the large ones run as they were compiled quickly.
    let (_hold, held) = std::sync::mpsc::channel::<()>();
    bench.components.compiler.later.spawn_fifo(move || {
        let _ = held.recv(); // Fails when the test ends.
    });
    for (body, end, error_type, message) in cases {
        let expected = format!(r#"{{"errorType":"{error_type}","errorMessage":"{id} {message}"}}"#);
        let small = component(body);
        for (size, wasm) in [("large", padded(&small)), ("small", small)] {
            let code = bench.deploy(wasm).await.expect("the component compiles");
            for payload in [get("/"), event()] {
                let (outcome, report) = bench.invoke(code, payload).await;
                assert_eq!(outcome, Err(expected.clone()), "{size} {body}");
                assert_eq!(report.end, end, "{size} {body}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_that_cannot_run_are_refused_with_the_reason() {
    let bench = Bench::new();
    let module = wat::parse_str("(module)").expect("the module is well formed");
    let foreign = wat::parse_str(r#"(component (import "acme:clouds/rain" (instance)))"#).expect("it is well formed");
    let command = wat::parse_str("(component)").expect("it is well formed");
    for (wasm, expected) in [
        (module, "is a WebAssembly module, not a component"),
        (foreign, "the component imports acme:clouds/rain, which Nought does not offer"),
        (command, "exports neither wasi:http/incoming-handler@0.2 nor wasi:http/handler@0.3"),
        (HELLO[..HELLO.len() / 2].to_vec(), "the WebAssembly file is damaged"),
        (b"\0asm\x0d\0\x01\0\xff\xff\xff".to_vec(), "the WebAssembly file is damaged"),
        (b"#!/bin/sh".to_vec(), "is not a WebAssembly component"),
        (Vec::new(), "is not a WebAssembly component"),
    ] {
        match bench.deploy(wasm.into()).await {
            Err(PrepareError::BadComponent(text)) => assert!(text.contains(expected), "{text:?} for {expected:?}"),
            other => panic!("{other:?} for {expected:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn discarded_code_is_gone_and_can_be_prepared_again() {
    let bench = Bench::new();
    let hello = bench.deploy(Bytes::from_static(HELLO)).await.expect("hello compiles");
    bench.components.discard(&hello);
    assert!(!bench.components.holds(&hello));
    let (outcome, _) = bench.invoke(hello, get("/")).await;
    assert!(outcome.is_err(), "{outcome:?}");
    bench.deploy(Bytes::from_static(HELLO)).await.expect("hello compiles");
    assert_eq!(bench.invoke(hello, get("/")).await.0.as_deref(), Ok("200 hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_ends_what_outlasts_its_grace() {
    let bench = Bench::new();
    let code = bench.deploy(component("(loop (br 0))")).await.expect("the component compiles");
    let running = tokio::spawn(bench.components.run(bench.job(code, get("/"))));
    while bench.components.room.stop.receiver_count() == 0 {
        tokio::task::yield_now().await;
    }
    bench.components.shut_down(Duration::ZERO).await;
    let answer = running.await.expect("the invocation does not panic");
    assert!(matches!(answer.outcome, Err(Failure::Platform(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_pool_is_refused_as_no_room() {
    let bench = Bench::with_instances(1);
    let endless = bench.deploy(component("(loop (br 0))")).await.expect("the component compiles");
    let hello = bench.deploy(Bytes::from_static(HELLO)).await.expect("hello compiles");
    let running = tokio::spawn(bench.components.run(bench.job(endless, get("/"))));
    while bench.components.room.stop.receiver_count() == 0 {
        tokio::task::yield_now().await;
    }
    let answer = bench.components.run(bench.job(hello, get("/"))).await;
    assert!(matches!(answer.outcome, Err(Failure::NoRoom(_))));
    assert_eq!(running.await.expect("the invocation does not panic").report.await.end, End::TimedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_an_invocation_ends_its_guest() {
    let bench = Bench::new();
    let endless = bench.deploy(component("(loop (br 0))")).await.expect("the component compiles");
    let running = tokio::spawn(bench.components.run(bench.job(endless, get("/"))));
    while bench.components.room.stop.receiver_count() == 0 {
        tokio::task::yield_now().await;
    }
    running.abort();
    bench.components.room.stop.closed().await;
}
/// A component that answers and then does `after`.
fn answering(after: &str) -> Bytes {
    let text = include_str!("answering.wat").rsplit_once("AFTER").map(|(head, tail)| [head, after, tail].concat());
    wat::parse_str(text.expect("it has a place for it")).expect("the component is well formed").into()
}

const FINISH: &str = "(call $finish (local.get $body) (i32.const 1) (local.get $trailers) (i32.const 0))";

#[tokio::test(flavor = "multi_thread")]
async fn trailers_follow_the_body() {
    let bench = Bench::new();
    let code = bench.deploy(answering(FINISH)).await.expect("the component compiles");
    let answer = bench.components.run(bench.job(code, get("/"))).await;
    let Ok(Output::Http(response)) = answer.outcome else { panic!("{:?}", answer.outcome.err()) };
    let body = response.into_body().collect().await.expect("the body is whole");
    let trailers = body.trailers().expect("there are trailers").clone();
    assert_eq!(body.to_bytes(), "hello");
    assert_eq!(trailers["x-end"], "yes");
    assert_eq!(answer.report.await.end, End::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_breaks_off_where_its_guest_died() {
    let bench = Bench::new();
    let code = bench.deploy(answering("unreachable")).await.expect("the component compiles");
    let (outcome, report) = bench.invoke(code, get("/")).await;
    let error = outcome.expect_err("the body is not whole");
    assert!(error.starts_with("200 then RequestId: 0") && error.contains("`unreachable`"), "{error}");
    assert_eq!(report.end, End::Crashed("Runtime.ExitError".into()));
    assert_eq!(report.bytes_out, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_body_early_ends_the_guest() {
    let bench = Bench::new();
    let code = bench.deploy(answering("(loop (br 0))")).await.expect("the component compiles");
    let mut job = bench.job(code, get("/"));
    Arc::get_mut(&mut job.function).expect("nobody else has it yet").timeout = Duration::from_secs(3600);
    let answer = bench.components.run(job).await;
    assert!(matches!(answer.outcome, Ok(Output::Http(_))));
    assert!(bench.components.room.stop.receiver_count() > 0, "the guest runs on");
    drop(answer.outcome);
    bench.components.room.stop.closed().await;
}
