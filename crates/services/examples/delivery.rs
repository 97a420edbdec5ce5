//! How fast asynchronous events are accepted and delivered, beside the store's own transactions on the same disk.
//!
//! Run by `cargo xtask bench delivery`. The function does nothing and runs in this process, so that what is measured is
//! the loop: a row for each event, its claim, the invocation's accounting and log, its settling. The parts of a round
//! run one after the other: transactions of the store, events accepted while nothing is delivered, and the delivery of
//! exactly these. Ratios are taken within a round, and their medians held against the promises.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use services::bucket::BucketName;
use services::bucket::notification::ObjectEvent;
use services::delivery::{Cause, Confirmation, Discarded, Envelopes, InvokeLater, Notification, Record, Signed};
use services::function::{Architecture, Create, FunctionId, Qualifier, Scope, Settings, Tracing};
use services::mapping::Origin;
use services::name::{AccountId, FunctionName, Region};
use services::queue::{QueueId, Received};
use services::run::{
    Answer, BoxFuture, CodeId, EnvironmentId, Job, Kind, Output, PackageSettings, PrepareError, Prepared, Report,
    Revision, RunFunction,
};
use services::stream::{Shard, data};
use services::table::stream::{ChangeRecord, Stream};
use services::topic::{Message, SubscriptionId, TopicId};
use services::{Options, Services};
use store::key::{Key, Space};
use store::{Read, Store, Timestamp};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const CLIENTS: usize = 128;
const ACCEPTED_MIN: f64 = 0.6;
const DELIVERED_MIN: f64 = 0.4;
const RAW: Space = Space::new(0x7FFF);

/// A function that does nothing.
#[derive(Default)]
struct Nothing {
    runs: Arc<AtomicU64>,
}

impl RunFunction for Nothing {
    fn prepare(&self, _: CodeId, _: Bytes, _: PackageSettings) -> BoxFuture<'_, Result<Prepared, PrepareError>> {
        Box::pin(std::future::ready(Ok(Prepared { kind: Kind::Component, notice: None })))
    }

    fn holds(&self, _: &CodeId) -> bool {
        true
    }

    fn run(&self, job: Job) -> BoxFuture<'static, Answer> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        job.observer.placed(&EnvironmentId("0123456789abcdef0123456789abcdef".into()), false);
        job.observer.invoked();
        let report = Box::pin(std::future::ready(Report::default()));
        Box::pin(std::future::ready(Answer { outcome: Ok(Output::Document(Bytes::from_static(b"null"))), report }))
    }

    fn retire(&self, _: &Revision) {}

    fn discard(&self, _: &CodeId) {}

    fn shut_down(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

struct Silent;

impl Envelopes for Silent {
    fn record(&self, _: &Record<'_>) -> Bytes {
        Bytes::new()
    }

    fn response_too_large(&self, _: u64) -> Bytes {
        Bytes::new()
    }

    fn object_event(&self, _: &ObjectEvent<'_>) -> Bytes {
        Bytes::new()
    }

    fn object_detail(&self, _: &ObjectEvent<'_>) -> String {
        "{}".to_owned()
    }

    fn bucket(&self, name: &BucketName) -> Box<str> {
        name.as_str().into()
    }

    fn function(&self, id: &FunctionId, _: Option<&Qualifier>) -> Box<str> {
        id.name.as_str().into()
    }

    fn message(&self, _: &QueueId, _: &Received) -> Bytes {
        Bytes::new()
    }

    fn messages(&self, _: &[Bytes]) -> Bytes {
        Bytes::new()
    }

    fn failed_messages(&self, _: &[u8]) -> Option<Vec<String>> {
        Some(Vec::new())
    }

    fn queue(&self, id: &QueueId) -> Box<str> {
        id.name.as_str().into()
    }

    fn change(&self, _: &Stream, _: &str, _: Timestamp, _: &ChangeRecord) -> Bytes {
        Bytes::new()
    }

    fn datum(&self, _: &data::Stream, _: &Shard, _: &str, _: Timestamp, _: &data::Datum, _: &str) -> Bytes {
        Bytes::new()
    }

    fn stream(&self, origin: &Origin) -> Box<str> {
        origin.lane().number.to_string().into()
    }

    fn discarded(&self, _: &Discarded<'_>) -> Bytes {
        Bytes::new()
    }

    fn topic(&self, id: &TopicId) -> Box<str> {
        id.name.as_str().into()
    }

    fn notification(&self, _: &Notification<'_>) -> Bytes {
        Bytes::new()
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

    fn topic_event(&self, _: &Notification<'_>) -> Bytes {
        Bytes::new()
    }

    fn signed_text(&self, _: &TopicId, _: &Message, _: &str) -> String {
        String::new()
    }
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let parent = arguments.next().ok_or("give a directory on the disk to measure")?;
    let rounds: usize = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let seconds: f64 = arguments.next().map_or(Ok(2.0), |text| text.parse())?;
    let directory = tempfile::tempdir_in(parent)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(directory.path(), rounds, Duration::from_secs_f64(seconds)))
}

async fn measure(directory: &std::path::Path, rounds: usize, time: Duration) -> Result<(), Failure> {
    let store = Store::open(&directory.join("store"), store::Options::default())?;
    let runner = Arc::new(Nothing::default());
    let function = function_id()?;
    deploy(&open(&store, &runner, 1).await?, &function).await?;
    let (mut accepted, mut delivered) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let rows = store.clone();
        let raw = per_second(time, move |client, number| {
            let store = rows.clone();
            async move { transaction(&store, client, number).await }
        })
        .await?;
        // No concurrency at all: what is accepted waits.
        let closed = open(&store, &runner, 0).await?;
        let (taken, takes, id) = (Instant::now(), closed.clone(), function.clone());
        let accepts = per_second(time, move |_, _| {
            let (services, later) = (takes.clone(), event(&id));
            async move { services.invoke_later(later).await.map(drop).map_err(Into::into) }
        })
        .await?;
        let waiting = accepts * taken.elapsed().as_secs_f64();
        closed.stop(Duration::ZERO).await;
        let before = runner.runs.load(Ordering::Relaxed);
        let begun = Instant::now();
        let serving = open(&store, &runner, 1_000).await?;
        let delivers = drained(&runner, before, waiting, begun).await;
        println!(
            "round {round}: {raw:.0} transactions/s, {accepts:.0} accepted/s, {delivers:.0} delivered/s, {:.0} MB resident",
            resident_mb()
        );
        serving.stop(Duration::from_secs(5)).await;
        accepted.push(accepts / raw);
        delivered.push(delivers / raw);
    }
    let kept = promise("accepted", accepted, ACCEPTED_MIN) & promise("delivered", delivered, DELIVERED_MIN);
    if kept { Ok(()) } else { Err("a ratio was missed".into()) }
}

/// Deliveries per second, up to the last one of about `waiting`.
async fn drained(runner: &Nothing, before: u64, waiting: f64, begun: Instant) -> f64 {
    let mut last = (before, begun);
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let runs = runner.runs.load(Ordering::Relaxed);
        match runs > last.0 {
            true => last = (runs, Instant::now()),
            false if (runs - before) as f64 >= waiting * 0.99 || last.1.elapsed() > Duration::from_secs(2) => {
                return (runs - before) as f64 / (last.1 - begun).as_secs_f64();
            }
            false => {}
        }
    }
}

/// Runs `step` in so many clients at once, each one after the other; what all of them did per second.
async fn per_second<F>(time: Duration, step: impl Fn(u64, u64) -> F + Send + Sync + 'static) -> Result<f64, Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let (step, begun) = (Arc::new(step), Instant::now());
    let clients: Vec<_> = (0..CLIENTS as u64)
        .map(|client| {
            let step = step.clone();
            tokio::spawn(async move {
                let mut count = 0;
                while begun.elapsed() < time {
                    step(client, count).await?;
                    count += 1;
                }
                Ok::<u64, Failure>(count)
            })
        })
        .collect();
    let mut count = 0;
    for client in clients {
        count += client.await??;
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// One get, two puts and one delete of 300 bytes, as in the store's own measurement.
async fn transaction(store: &Store, client: u64, number: u64) -> Result<(), Failure> {
    let key = |number: u64| Key::global(RAW).number(client).number(number).build();
    store
        .transact(|tx| {
            tx.get(&key(number))?;
            tx.put(key(2 * number), vec![1; 300]);
            tx.put(key(2 * number + 1), vec![2; 300]);
            tx.delete(key(number / 2));
            Ok::<_, store::Error>(())
        })
        .await?;
    Ok(())
}

async fn open(store: &Store, runner: &Arc<Nothing>, concurrency_max: u32) -> Result<Services, Failure> {
    let options = Options { concurrency_max, ..Options::default() };
    Ok(Services::open(store.clone(), runner.clone(), Arc::new(Silent), options).await?)
}

async fn deploy(services: &Services, id: &FunctionId) -> Result<(), Failure> {
    let settings = Settings {
        runtime: "provided.al2023".to_owned(),
        role: "arn:aws:iam::000000000000:role/worker".to_owned(),
        handler: "bootstrap".to_owned(),
        description: String::new(),
        timeout: Duration::from_secs(3),
        memory_mib: 128,
        ephemeral_mib: 512,
        environment: Default::default(),
        architecture: Architecture::X86_64,
        tracing: Tracing::PassThrough,
        dead_letter: None,
    };
    let package = Bytes::from_static(b"nothing");
    let new = Create { settings, package, tags: Default::default(), publish: false };
    services.functions().create(id, new).await?;
    services.functions().settled().await;
    services.stop(Duration::ZERO).await;
    Ok(())
}

fn function_id() -> Result<FunctionId, Failure> {
    let scope = Scope { account: AccountId::default(), region: Region::parse("eu-central-1")? };
    Ok(FunctionId { scope, name: FunctionName::parse("nothing")? })
}

fn event(function: &FunctionId) -> InvokeLater {
    InvokeLater {
        function: function.clone(),
        qualifier: None,
        document: Bytes::from_static(br#"{"order": 1, "items": ["bolt", "nut"], "note": "a document of common size"}"#),
        kind: "nought.invoke".into(),
        source: "arn:aws:lambda:eu-central-1:000000000000:function:nothing".into(),
        client_context: None,
        request_id: None,
        cause: Cause::default(),
    }
}

fn promise(what: &str, mut ratios: Vec<f64>, least: f64) -> bool {
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    let kept = ratio >= least;
    println!("{what} / transactions: {ratio:.2} (at least {least}: {})", if kept { "kept" } else { "MISSED" });
    kept
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1000.0
}
