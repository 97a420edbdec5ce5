//! What goes by itself, and when. The day of the store's clock begins at its beginning.

use std::sync::Arc;
use std::time::Duration;

use store::clock::ManualClock;

use super::{Bench, key_of};
use crate::bucket::lifecycle::{self, Expiration, Filter, Form, Lifecycle, Noncurrent, Rule};
use crate::bucket::list::{self, Query, What};
use crate::bucket::{Error, Versioning, config, upload};

fn rule(prefix: &str) -> Rule {
    Rule {
        id: String::new(),
        enabled: true,
        filter: Filter { prefix: Some(prefix.to_owned()), ..Filter::default() },
        form: Form::One,
        expiration: None,
        noncurrent: None,
        abort_after_days: None,
    }
}

async fn put_rules(bench: &Bench, rules: Vec<Rule>) {
    let lifecycle = Lifecycle { rules, transition_minimum: None };
    let put = bench.store.transact(|tx| lifecycle::put(tx, &bench.bucket, &lifecycle)).await;
    put.expect("the bucket is there");
}

/// Keys with a `*` for each delete marker, versions newest first.
fn left(bench: &Bench) -> String {
    let query = Query { max: 1_000, ..Query::default() };
    let (_, page) = bench.store.read(|read| list::versions(read, &bench.bucket, &query, None)).expect("it is there");
    let names = page.entries.iter().map(|listed| match listed.what {
        What::Object(_) => listed.key.clone(),
        What::Marker(_) => format!("{}*", listed.key),
    });
    names.collect::<Vec<_>>().join(" ")
}

async fn days_pass(bench: &Bench, clock: &ManualClock, days: u32) {
    clock.advance(Duration::from_secs(24 * 3600) * days);
    bench.objects.due_rounds().await.expect("memory does not fail");
}

async fn bench() -> (Bench, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    (Bench::over(store::Store::memory_with(clock.clone(), 0), false).await, clock)
}

#[tokio::test]
async fn objects_go_at_the_midnight_after_their_days() {
    let (bench, clock) = bench().await;
    clock.advance(Duration::from_secs(3600));
    bench.put("logs/a", b"1").await;
    bench.put("logs/large", b"12345").await;
    bench.put("kept", b"1").await;
    let mut small = rule("logs/");
    small.filter.smaller_than = Some(5);
    put_rules(&bench, vec![Rule { expiration: Some(Expiration::Days(2)), ..small }]).await;
    days_pass(&bench, &clock, 2).await;
    assert_eq!(left(&bench), "kept logs/a logs/large");
    days_pass(&bench, &clock, 1).await;
    assert_eq!(left(&bench), "kept logs/large");
}

#[tokio::test]
async fn versions_go_behind_those_that_are_kept_and_lone_markers_after_them() {
    let (bench, clock) = bench().await;
    bench.set(Versioning::Enabled).await;
    for body in [b"1", b"2", b"3"] {
        bench.put("a", body).await;
    }
    bench.put("b", b"1").await;
    bench.remove("b", None).await.expect("it is there");
    let noncurrent = |keep| Some(Noncurrent { days: 1, keep });
    put_rules(
        &bench,
        vec![
            Rule { noncurrent: noncurrent(Some(1)), ..rule("a") },
            Rule { noncurrent: noncurrent(None), expiration: Some(Expiration::LoneMarkers), ..rule("b") },
        ],
    )
    .await;
    assert_eq!(left(&bench), "a a a b* b");
    days_pass(&bench, &clock, 1).await;
    assert_eq!(left(&bench), "a a b*");
    days_pass(&bench, &clock, 1).await;
    assert_eq!(left(&bench), "a a");
}

#[tokio::test]
async fn a_current_object_goes_behind_a_marker() {
    let (bench, clock) = bench().await;
    bench.set(Versioning::Enabled).await;
    bench.put("a", b"1").await;
    put_rules(&bench, vec![Rule { expiration: Some(Expiration::DateMillis(24 * 3600 * 1000)), ..rule("") }]).await;
    days_pass(&bench, &clock, 0).await;
    assert_eq!(left(&bench), "a");
    days_pass(&bench, &clock, 1).await;
    assert_eq!(left(&bench), "a* a");
}

#[tokio::test]
async fn uploads_that_nobody_completes_are_aborted() {
    let (bench, clock) = bench().await;
    let new = upload::NewUpload {
        bucket: bench.bucket.clone(),
        key: key_of("a"),
        about: Default::default(),
        algorithm: None,
        method: None,
        body_key: crate::bucket::body::BodyKey::Platform,
    };
    let (id, _) = bench.store.transact(|tx| upload::create(tx, &new)).await.expect("the bucket is there");
    let name = upload::Name { bucket: bench.bucket.clone(), key: key_of("a"), id };
    put_rules(&bench, vec![Rule { abort_after_days: Some(1), ..rule("") }]).await;
    days_pass(&bench, &clock, 0).await;
    bench.objects.upload(&name).expect("it is young");
    days_pass(&bench, &clock, 1).await;
    assert!(matches!(bench.objects.upload(&name), Err(Error::NoSuchUpload { .. })));
}

#[tokio::test]
async fn a_bucket_without_rules_is_not_looked_at() {
    let (bench, _) = bench().await;
    put_rules(&bench, vec![Rule { enabled: false, expiration: Some(Expiration::Days(1)), ..rule("") }]).await;
    assert!(bench.objects.due_rounds().await.expect("memory does not fail").is_some());
    bench.store.transact(|tx| lifecycle::delete(tx, &bench.bucket)).await.expect("the bucket is there");
    assert!(bench.objects.due_rounds().await.expect("memory does not fail").is_none());
    let found = bench.store.read(|read| config::get::<Lifecycle>(read, &bench.bucket));
    assert!(matches!(found, Err(Error::NoConfig { kind: "lifecycle" })));
}
