use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use store::Store;
use tokio::sync::{Semaphore, watch};

use super::*;
use crate::function::alias::{self, AliasChange};
use crate::function::concurrency::Reservation;
use crate::function::url::{self, Auth, UrlChange};
use crate::function::{Create, Error, Functions, SettingsChange, Unroutable, UpdateCode, UpdateSettings, concurrency};
use crate::run::{
    Answer, BoxFuture, CodeId, Job, Kind, PackageSettings, PrepareError, Prepared, Revision, RunFunction,
};

/// Prepares a package as its text says: `zip`, `world` and `fail` end so, `slow` waits for the gate, others are well.
struct Runner {
    gate: Semaphore,
    heard: Mutex<Vec<String>>,
    /// How much was heard in all.
    told: watch::Sender<usize>,
}

impl Runner {
    fn new() -> Arc<Runner> {
        Arc::new(Runner { gate: Semaphore::new(0), heard: Mutex::default(), told: watch::Sender::new(0) })
    }

    /// What was retired and discarded since the last call.
    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().expect("no test panics within"))
    }

    /// Waits until so much was heard in all.
    async fn has_heard(&self, count: usize) {
        self.told.subscribe().wait_for(|told| *told >= count).await.expect("the sender is in self");
    }

    fn hear(&self, what: String) {
        self.heard.lock().expect("no test panics within").push(what);
        self.told.send_modify(|count| *count += 1);
    }
}

impl RunFunction for Runner {
    fn prepare(
        &self,
        _: CodeId,
        package: Bytes,
        settings: PackageSettings,
    ) -> BoxFuture<'_, Result<Prepared, PrepareError>> {
        Box::pin(async move {
            match &*package {
                b"zip" => return Err(PrepareError::BadArchive("no zip".to_owned())),
                b"world" => return Err(PrepareError::BadComponent("another world".to_owned())),
                b"fail" => return Err(PrepareError::Unavailable("disk full".to_owned())),
                b"slow" => self.gate.acquire().await.expect("never closed").forget(),
                _ => {}
            }
            let notice = (&*settings.runtime == "python3.14").then(|| "python3.11 runs it".to_owned());
            Ok(Prepared { kind: Kind::Process, notice })
        })
    }

    fn holds(&self, _: &CodeId) -> bool {
        true
    }

    fn run(&self, _: Job) -> BoxFuture<'static, Answer> {
        panic!("these tests run nothing")
    }

    fn retire(&self, revision: &Revision) {
        let (_, version) = revision.0.split_once(':').expect("a build and a version");
        self.hear(format!("retire {version}"));
    }

    fn discard(&self, code: &CodeId) {
        let known = ["one", "two", "zip", "slow", "world"];
        let name = known.into_iter().find(|name| Sha256::digest(name).as_slice() == code.0);
        self.hear(format!("discard {}", name.unwrap_or("?")));
    }

    fn shut_down(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn new(package: &str) -> Create {
    Create { settings: settings(), package: Bytes::from(package.to_owned()), tags: BTreeMap::new(), publish: false }
}

fn code(package: &str, dry_run: bool) -> UpdateCode {
    let package = Bytes::from(package.to_owned());
    UpdateCode { package, architecture: None, revision: None, publish: false, dry_run }
}

fn open(store: &Store, runner: &Arc<Runner>) -> Functions {
    Functions::open(store.clone(), runner.clone()).expect("the memory engine opens")
}

fn latest(functions: &Functions, name: &str) -> String {
    shown(&functions.read(|read| super::super::find(read, &id(name), None)).expect("it is there"))
}

/// The memory of the version that runs under a name.
fn runs(functions: &Functions, name: &str) -> Result<u32, Unroutable> {
    let (target, qualifier) = named(name);
    functions.routes().resolve(&target, qualifier.as_ref(), 0).map(|route| route.version.memory_mib)
}

#[tokio::test]
async fn a_broken_package_is_refused_and_leaves_nothing() {
    let (store, runner) = (Store::memory(), Runner::new());
    let functions = open(&store, &runner);
    let refused = functions.create(&id("f"), new("zip")).await;
    assert!(matches!(refused, Err(Error::Package(PrepareError::BadArchive(_)))));
    assert_eq!(runs(&functions, "f"), Err(Unroutable::Absent));
    assert_eq!(runner.heard(), ["discard zip"]);
}

#[tokio::test]
async fn a_package_of_another_world_makes_a_failed_function() {
    let (store, runner) = (Store::memory(), Runner::new());
    let functions = open(&store, &runner);
    let created = functions.create(&id("f"), new("world")).await.expect("it shows later");
    assert_eq!(shown(&created), "$LATEST pending - set 128 runs -");
    functions.settled().await;
    assert_eq!(latest(&functions, "f"), "$LATEST failed - set 128 runs -");
    assert!(matches!(runs(&functions, "f"), Err(Unroutable::Failed(reason)) if reason.text == "another world"));
}

#[tokio::test]
async fn routes_show_a_change_before_it_is_acknowledged() {
    let (store, runner) = (Store::memory(), Runner::new());
    let functions = open(&store, &runner);
    functions.create(&id("f"), Create { publish: true, ..new("one") }).await.expect("a good package");
    functions.settled().await;
    assert_eq!((runs(&functions, "f"), runs(&functions, "f:1")), (Ok(128), Ok(128)));
    assert_eq!(runs(&functions, "f:live"), Err(Unroutable::Absent));

    let target = id("f");
    let live = super::alias("live");
    let point = |tx: &mut store::Tx| alias::create(tx, &target, &live, Version::Number(1), &AliasChange::default());
    functions.change(&target, point).await.expect("version 1 is there");
    assert_eq!(runs(&functions, "f:live"), Ok(128));

    functions
        .change(&target, |tx| concurrency::reserve(tx, &target, &Reservation::of_all(7)))
        .await
        .expect("there is room");
    assert_eq!(functions.routes().reserved(), 7);
    let made = functions.change(&target, |tx| url::create(tx, &target, Some(&live), Auth::None, &UrlChange::default()));
    let url = made.await.expect("it has none");
    let route = functions.routes().url(&url.id).expect("it is there at once");
    assert_eq!((&route.function, route.qualifier()), (&target, Some(Qualifier::Alias(live))));

    functions.delete(&target, None).await.expect("it is there");
    assert_eq!((runs(&functions, "f"), functions.routes().url(&url.id).is_none()), (Err(Unroutable::Absent), true));
    assert_eq!((functions.routes().reserved(), functions.routes().function_count()), (0, 0));
    assert_eq!(runner.heard(), ["retire $LATEST", "retire 1"]);
}

#[tokio::test]
async fn whoever_reads_a_change_before_it_is_acknowledged_finds_it_in_the_routes() {
    let (store, runner) = (Store::memory(), Runner::new());
    let functions = open(&store, &runner);
    let target = id("f");
    functions.create(&target, new("one")).await.expect("a good package");
    functions.settled().await;
    let _changing = functions.routes().changing(&target);
    store.transact(|tx| concurrency::reserve(tx, &target, &Reservation::of_all(7))).await.expect("there is room");
    let route = functions.routes().resolve(&target, None, 0).expect("it is active");
    assert_eq!(route.reserved, Some(7));
}

#[tokio::test]
async fn an_update_replaces_what_runs_once_it_is_settled() {
    let (store, runner) = (Store::memory(), Runner::new());
    let functions = open(&store, &runner);
    functions.create(&id("f"), new("one")).await.expect("a good package");
    functions.settled().await;
    let change =
        SettingsChange { memory_mib: Some(256), runtime: Some("python3.14".to_owned()), ..SettingsChange::default() };
    let update = UpdateSettings { change, revision: None };
    let updated = functions.update_settings(&id("f"), &update).await.expect("it is settled");
    assert_eq!(updated.update, Some(Update::InProgress));
    functions.settled().await;
    assert_eq!(runs(&functions, "f"), Ok(256));
    let (_, details) = functions.read(|read| super::super::find(read, &id("f"), None)).expect("it is there");
    assert_eq!(details.state, State::Active { notice: Some("python3.11 runs it".to_owned()) });
    assert_eq!(runner.heard(), ["retire $LATEST"]);

    functions.update_code(&id("f"), code("two", false)).await.expect("it is settled");
    functions.settled().await;
    assert_eq!(runner.heard(), ["retire $LATEST"]);
}

#[tokio::test(start_paused = true)]
async fn code_that_no_version_has_is_discarded_when_nothing_can_run_it_any_more() {
    let (store, runner) = (Store::memory(), Runner::new());
    let functions = open(&store, &runner);
    functions.create(&id("f"), new("one")).await.expect("a good package");
    functions.settled().await;
    let begin = tokio::time::Instant::now();
    functions.delete(&id("f"), None).await.expect("it is there");
    runner.has_heard(2).await;
    assert_eq!(runner.heard(), ["retire $LATEST", "discard one"]);
    assert!(begin.elapsed() >= Duration::from_secs(3 + 60), "an invocation may take 3 s");
}

#[tokio::test]
async fn code_that_is_unused_at_a_stop_is_discarded_at_the_next_start() {
    let (store, runner) = (Store::memory(), Runner::new());
    let functions = open(&store, &runner);
    for (name, package) in [("f", "one"), ("g", "two")] {
        functions.create(&id(name), new(package)).await.expect("a good package");
        functions.settled().await;
        functions.delete(&id(name), None).await.expect("it is there");
    }
    functions.create(&id("g"), new("two")).await.expect("the name is free");
    functions.settled().await;
    assert_eq!(runner.heard(), ["retire $LATEST", "retire $LATEST"]);
    let restarted = Runner::new();
    let _functions = open(&store, &restarted);
    restarted.has_heard(1).await;
    assert_eq!(restarted.heard(), ["discard one"]);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let (store, runner) = (Store::memory(), Runner::new());
    let functions = open(&store, &runner);
    functions.create(&id("f"), new("one")).await.expect("a good package");
    functions.settled().await;
    let (_, would) = functions.update_code(&id("f"), code("two", true)).await.expect("it would be well");
    assert_eq!(would.code.bytes, 3);
    assert_eq!(latest(&functions, "f"), "$LATEST active successful set 128 runs 128");
    assert!(functions.update_code(&id("f"), code("zip", true)).await.is_err());
    assert_eq!(runner.heard(), ["discard two", "discard zip"]);
}

#[tokio::test(start_paused = true)]
async fn a_preparation_that_takes_long_goes_on_after_the_answer() {
    let (store, runner) = (Store::memory(), Runner::new());
    let functions = open(&store, &runner);
    functions.create(&id("f"), new("slow")).await.expect("it is not known to be bad");
    assert_eq!(runs(&functions, "f"), Err(Unroutable::Pending));
    runner.gate.add_permits(1);
    functions.settled().await;
    assert_eq!(runs(&functions, "f"), Ok(128));
}

#[tokio::test]
async fn what_was_pending_at_a_stop_is_prepared_at_the_next_start() {
    let store = Store::memory();
    let stopped = open(&store, &Runner::new());
    write_pending(&stopped).await;
    let runner = Runner::new();
    let functions = open(&store, &runner);
    functions.settled().await;
    assert_eq!(runs(&functions, "f"), Ok(128));
}

/// A function as a crash between its row and its preparation leaves it.
async fn write_pending(functions: &Functions) {
    let body = Bytes::from_static(b"one");
    let blob = functions.0.store.blobs().put(body.clone()).expect("memory takes blobs");
    let code = super::super::Code { id: CodeId(Sha256::digest(&body).into()), bytes: 3 };
    let uploaded = super::super::package::Uploaded { code, blob };
    let create = |tx: &mut store::Tx| {
        super::super::lifecycle::create(tx, &id("f"), &settings(), &BTreeMap::new(), &uploaded, true)
    };
    functions.change(&id("f"), create).await.expect("there is none");
}
