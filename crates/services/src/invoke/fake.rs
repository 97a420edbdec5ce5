//! A runner for tests: what it does is what the event's document says.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use store::clock::ManualClock;
use store::{Store, Timestamp};
use tokio::sync::{Semaphore, watch};

use crate::bucket::BucketName;
use crate::bucket::notification::ObjectEvent;
use crate::delivery::{Confirmation, Discarded, Envelopes, Notification, Record, Signed};
use crate::function::{Architecture, Create, FunctionId, Qualifier, Scope, Settings, Tracing};
use crate::invoke::{Invoke, Invoked};
use crate::mapping::Origin;
use crate::name::{AccountId, FunctionName, Region, Version};
use crate::queue::{QueueId, Received};
use crate::run::{
    Answer, BoxFuture, CodeId, End, EnvironmentId, Failure, FunctionVersion, Job, Kind, Observer, Output,
    PackageSettings, Payload, PrepareError, Prepared, Report, Revision, RunFunction,
};
use crate::services::{Options, Services};
use crate::stream::{Shard, data};
use crate::table::{self, stream::ChangeRecord};
use crate::topic::{Message, SubscriptionId, TopicId};

/// Runs documents as `runs` describes. Each invocation that is told to wait takes one permit from `gate`.
pub(crate) struct Fake {
    pub gate: Arc<Semaphore>,
    pub prepared: Mutex<HashSet<CodeId>>,
    pub prepares: AtomicUsize,
    /// What is left of it fails with the platform's fault.
    pub outages: Arc<AtomicUsize>,
    /// Documents in the order in which they were begun.
    begun: watch::Sender<Vec<String>>,
}

impl Fake {
    pub fn new() -> Arc<Fake> {
        Arc::new(Fake {
            gate: Arc::new(Semaphore::new(0)),
            prepared: Mutex::default(),
            prepares: AtomicUsize::new(0),
            outages: Arc::default(),
            begun: watch::Sender::default(),
        })
    }

    pub fn begun(&self) -> Vec<String> {
        self.begun.borrow().clone()
    }

    pub fn forget(&self) {
        self.begun.send_replace(Vec::new());
    }

    /// Waits until so many invocations have begun.
    pub async fn has_begun(&self, count: usize) -> Vec<String> {
        let mut begun = self.begun.subscribe();
        begun.wait_for(|begun| begun.len() >= count).await.expect("the sender is in self").clone()
    }
}

impl RunFunction for Fake {
    fn prepare(&self, code: CodeId, _: Bytes, _: PackageSettings) -> BoxFuture<'_, Result<Prepared, PrepareError>> {
        self.prepares.fetch_add(1, Ordering::SeqCst);
        self.prepared.lock().expect("no test panics within").insert(code);
        Box::pin(std::future::ready(Ok(Prepared { kind: Kind::Process, notice: None })))
    }

    fn holds(&self, code: &CodeId) -> bool {
        self.prepared.lock().expect("no test panics within").contains(code)
    }

    fn run(&self, job: Job) -> BoxFuture<'static, Answer> {
        let (gate, outages, begun) = (self.gate.clone(), self.outages.clone(), self.begun.clone());
        let Payload::Event { document, .. } = job.payload else {
            let failure = Err(Failure::Platform("only events".to_owned()));
            return Box::pin(std::future::ready(answer(failure, Report::default())));
        };
        let (text, observer) = (String::from_utf8_lossy(&document).into_owned(), job.observer);
        Box::pin(async move {
            begun.send_modify(|begun| begun.push(text.clone()));
            if outages.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                return answer(Err(Failure::Platform("an outage".to_owned())), Report::default());
            }
            runs(&*observer, &text, gate).await
        })
    }

    fn retire(&self, _: &Revision) {}

    fn discard(&self, code: &CodeId) {
        self.prepared.lock().expect("no test panics within").remove(code);
    }

    fn shut_down(&self, _: Duration) -> BoxFuture<'_, ()> {
        self.gate.add_permits(Semaphore::MAX_PERMITS / 2);
        Box::pin(std::future::ready(()))
    }
}

/// Words, each one step: `cold`, `wait`, `print:TEXT`, `big:BYTES`, `error`, `crash`, `timeout`.
async fn runs(observer: &dyn Observer, text: &str, gate: Arc<Semaphore>) -> Answer {
    let cold = text.contains("cold");
    observer.placed(&EnvironmentId("0123456789abcdef0123456789abcdef".into()), cold);
    if cold {
        observer.wrote(Bytes::from_static(b"starting"));
    }
    observer.invoked();
    let mut report = Report {
        init: cold.then_some(Duration::from_micros(100_500)),
        duration: Duration::from_micros(1_234),
        memory_peak_bytes: 35 * 1024 * 1024,
        bytes_in: text.len() as u64,
        ..Report::default()
    };
    let mut outcome = Ok(Output::Document(Bytes::from(text.to_owned())));
    let error = |message: &str| {
        let document = format!(r#"{{"errorMessage":"{message}","errorType":"Error"}}"#);
        Err(Failure::Function { document: document.into() })
    };
    for word in text.split(' ') {
        match word.split_once(':').unwrap_or((word, "")) {
            ("wait", _) => gate.acquire().await.expect("never closed").forget(),
            ("print", text) => observer.wrote(text.replace('|', "\n").into()),
            ("big", bytes) => observer.wrote(vec![b'x'; bytes.parse().expect("a number")].into()),
            ("error", _) => (outcome, report.end) = (error("it raised"), End::Error),
            ("crash", _) => {
                (outcome, report.end) = (error("exit status 1"), End::Crashed("Runtime.ExitError".into()));
            }
            ("timeout", _) => (outcome, report.end) = (error("timed out"), End::TimedOut),
            _ => {}
        }
    }
    match text.contains("late") {
        true => Answer {
            outcome,
            report: Box::pin(async move {
                gate.acquire().await.expect("never closed").forget();
                report
            }),
        },
        false => answer(outcome, report),
    }
}

fn answer(outcome: Result<Output, Failure>, report: Report) -> Answer {
    Answer { outcome, report: Box::pin(std::future::ready(report)) }
}

/// Documents that say little, for tests.
pub(crate) struct Plain;

impl Envelopes for Plain {
    fn record(&self, record: &Record<'_>) -> Bytes {
        let response = record.response.as_ref().map(|response| String::from_utf8_lossy(response.document));
        let request = String::from_utf8_lossy(record.request);
        format!("{:?}|{}|{request}|{}", record.end, record.invoke_count, response.unwrap_or_default()).into()
    }

    fn response_too_large(&self, bytes_max: u64) -> Bytes {
        format!("over {bytes_max} bytes").into()
    }

    fn object_event(&self, event: &ObjectEvent<'_>) -> Bytes {
        format!("{} {}", event.name, event.change.key.as_str()).into()
    }

    fn object_detail(&self, event: &ObjectEvent<'_>) -> String {
        serde_json::json!({ "key": event.change.key.as_str() }).to_string()
    }

    fn bucket(&self, name: &BucketName) -> Box<str> {
        name.as_str().into()
    }

    fn function(&self, id: &FunctionId, _: Option<&Qualifier>) -> Box<str> {
        id.name.as_str().into()
    }

    fn message(&self, _: &QueueId, received: &Received) -> Bytes {
        serde_json::json!({ "body": received.message.body, "messageId": received.message.id }).to_string().into()
    }

    /// The bodies as words.
    fn messages(&self, messages: &[Bytes]) -> Bytes {
        let parsed = messages.iter().filter_map(|message| serde_json::from_slice::<serde_json::Value>(message).ok());
        parsed.filter_map(|message| Some(message["body"].as_str()?.to_owned())).collect::<Vec<_>>().join(" ").into()
    }

    fn failed_messages(&self, _: &[u8]) -> Option<Vec<String>> {
        None
    }

    fn queue(&self, id: &QueueId) -> Box<str> {
        id.name.as_str().into()
    }

    /// The key's `id` is the body.
    fn change(&self, _: &table::stream::Stream, sequence: &str, _: Timestamp, change: &ChangeRecord) -> Bytes {
        let Some(table::Value::Text(id)) = change.key.get("id") else { return Bytes::new() };
        serde_json::json!({ "body": id, "sequence": sequence }).to_string().into()
    }

    /// The data is the body.
    fn datum(&self, _: &data::Stream, _: &Shard, sequence: &str, _: Timestamp, datum: &data::Datum, _: &str) -> Bytes {
        let body = String::from_utf8_lossy(&datum.data);
        serde_json::json!({ "body": body, "sequence": sequence }).to_string().into()
    }

    fn stream(&self, origin: &Origin) -> Box<str> {
        origin.lane().number.to_string().into()
    }

    fn discarded(&self, discarded: &Discarded<'_>) -> Bytes {
        format!("{:?} {} {}", discarded.end, discarded.invoke_count, discarded.count).into()
    }

    fn topic(&self, id: &TopicId) -> Box<str> {
        id.name.as_str().into()
    }

    fn notification(&self, notification: &Notification<'_>) -> Bytes {
        format!("told {}", notification.body).into()
    }

    fn subscription(&self, id: &SubscriptionId) -> Box<str> {
        id.id.clone()
    }

    fn confirmation(&self, confirmation: &Confirmation<'_>, _: Signed<'_>) -> Bytes {
        confirmation.token.to_owned().into()
    }

    fn confirmation_signed_text(&self, confirmation: &Confirmation<'_>) -> String {
        confirmation.token.to_owned()
    }

    fn topic_event(&self, notification: &Notification<'_>) -> Bytes {
        format!("{} of {}", notification.body, notification.subscription.topic.name).into()
    }

    fn signed_text(&self, _: &TopicId, _: &Message, body: &str) -> String {
        body.to_owned()
    }
}

/// Services over a store in memory at a given time, with the fake below them.
pub(crate) struct World {
    pub services: Services,
    pub runner: Arc<Fake>,
    pub clock: Arc<ManualClock>,
}

impl World {
    pub async fn new(options: Options) -> World {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_764_000_000_000)));
        World::over(Store::memory_with(clock.clone(), 1), clock, options).await
    }

    /// As after a restart on what an earlier world has left.
    pub async fn over(store: Store, clock: Arc<ManualClock>, options: Options) -> World {
        let runner = Fake::new();
        let services =
            Services::open(store, runner.clone(), Arc::new(Plain), options).await.expect("the memory engine opens");
        World { services, runner, clock }
    }

    pub async fn deploy(&self, name: &str) {
        let settings = Settings {
            runtime: "python3.12".to_owned(),
            role: "arn:aws:iam::000000000000:role/worker".to_owned(),
            handler: "app.handler".to_owned(),
            description: String::new(),
            timeout: Duration::from_secs(3),
            memory_mib: 128,
            ephemeral_mib: 512,
            environment: Default::default(),
            architecture: Architecture::X86_64,
            tracing: Tracing::PassThrough,
            dead_letter: None,
        };
        let package = Bytes::from(name.to_owned());
        let new = Create { settings, package, tags: Default::default(), publish: false };
        self.services.functions().create(&id(name), new).await.expect("the fake prepares everything");
        self.services.functions().settled().await;
    }

    pub async fn invoke(&self, name: &str, document: &str) -> Result<Invoked, crate::invoke::Error> {
        self.services.invoke(request(name, document)).await
    }
}

pub(crate) fn request(name: &str, document: &str) -> Invoke {
    let FunctionId { scope, name } = id(name);
    Invoke {
        account: scope.account,
        region: scope.region,
        name,
        qualifier: None,
        choice: None,
        payload: Payload::Event {
            document: Bytes::from(document.to_owned()),
            kind: "nought.invoke".into(),
            source: "test".into(),
        },
        trace: None,
        client_context: None,
        request_id: None,
        tail: false,
    }
}

pub(crate) fn id(name: &str) -> FunctionId {
    let region = Region::parse("eu-central-1").expect("a region");
    FunctionId {
        scope: Scope { account: AccountId::default(), region },
        name: FunctionName::parse(name).expect("a name"),
    }
}

pub(crate) fn version(name: &str, revision: &str) -> FunctionVersion {
    let FunctionId { scope, name } = id(name);
    FunctionVersion {
        account: scope.account,
        region: scope.region,
        name,
        version: Version::Latest,
        revision: Revision(revision.into()),
        code: CodeId([0; 32]),
        kind: Kind::Process,
        runtime: "python3.12".into(),
        handler: "app.handler".into(),
        environment: Default::default(),
        memory_mib: 128,
        timeout: Duration::from_secs(3),
        ephemeral_mib: 512,
        notice: None,
    }
}
