//! Objects: their bytes, their versions, their listings.

use std::time::Duration;

use super::*;
use crate::bucket::list::{self, Query};
use crate::bucket::lock::{Mode, Retention};
use crate::bucket::{condition, config};

#[tokio::test]
async fn a_body_comes_back_as_it_was_and_in_any_part() {
    let bench = Bench::new().await;
    for size in [0, 1, 65_519, 65_520, 65_536, 65_537, 200_000, 2_000_000] {
        let body: Vec<u8> = (0..size).map(|index: u32| b'a' + (index % 23) as u8).collect();
        let (object, _) = bench.put("a", &body).await;
        assert_eq!(object.size, u64::from(size));
        assert_eq!(bench.read("a", None).expect("it is there").as_bytes(), body, "{size}");
        let find = crate::bucket::get::Find {
            bucket: bench.bucket.clone(),
            key: key_of("a"),
            version: None,
            conditions: Conditions::default(),
        };
        let found = bench.objects.find(&find).expect("it is there");
        let size = u64::from(size);
        for range in [0..1, 65_535..65_537, 65_536..65_540, 100_000..200_000, size.saturating_sub(3)..size] {
            let range = range.start.min(size)..range.end.min(size);
            let mut reader = bench.objects.open(&found, &range, &BodyKey::Platform).expect("it is ours");
            let mut part = Vec::new();
            while let Some(piece) = reader.next().expect("memory gives it back") {
                part.extend_from_slice(&piece);
            }
            assert_eq!(part, body[range.start as usize..range.end as usize], "{range:?} of {size}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_as_expected_leaves_nothing() {
    let bench = Bench::new().await;
    let body = vec![b'x'; 300_000];
    let plan = Plan { algorithm: DEFAULT, key: BodyKey::Platform, length: None, bytes_min: 0, bytes_max: u64::MAX };
    let stream = || futures_util::stream::iter([Ok::<_, Error>(Bytes::from(body.clone()))]);
    let expected = Expected { md5: Some([0; 16]), checksum: None };
    let refused = bench.objects.receive(stream(), plan.clone(), || Ok(expected)).await;
    assert!(matches!(refused, Err(Error::BadDigest)));
    let short = Plan { length: Some(300_001), ..plan.clone() };
    let refused = bench.objects.receive(stream(), short, || Ok(Expected::default())).await;
    assert!(matches!(refused, Err(Error::Incomplete)));
    let small = Plan { bytes_max: 299_999, ..plan };
    let refused = bench.objects.receive(stream(), small, || Ok(Expected::default())).await;
    assert!(matches!(refused, Err(Error::TooLarge { .. })));
}

#[tokio::test]
async fn a_bucket_that_keeps_versions_gives_back_each() {
    let bench = Bench::new().await;
    bench.put("a", b"null").await;
    bench.set(Versioning::Enabled).await;
    let (one, _) = bench.put("a", b"one").await;
    let marker = bench.remove("a", None).await.expect("it is allowed").expect("a marker is made");
    let (two, change) = bench.put("a", b"two").await;
    assert!(change.sequence > marker.sequence);
    assert_eq!(bench.read("a", None).expect("it is there"), "two");
    assert_eq!(bench.read("a", Some(one.stamp.version)).expect("it is kept"), "one");
    assert_eq!(bench.read("a", Some(VersionId::Null)).expect("it is kept"), "null");
    assert!(matches!(bench.read("a", Some(marker.version)), Err(Error::DeleteMarker { newest: false, .. })));

    bench.remove("a", Some(two.stamp.version)).await.expect("it is allowed");
    assert!(matches!(bench.read("a", None), Err(Error::DeleteMarker { newest: true, .. })));
    bench.remove("a", Some(marker.version)).await.expect("it is allowed");
    assert_eq!(bench.read("a", None).expect("it is the newest again"), "one");
    bench.remove("a", Some(one.stamp.version)).await.expect("it is allowed");
    assert_eq!(bench.read("a", None).expect("it is the newest again"), "null");
    bench.remove("a", Some(VersionId::Null)).await.expect("it is allowed");
    assert!(matches!(bench.read("a", None), Err(Error::NoSuchKey { .. })));
    bench.objects.delete_bucket(&bench.bucket).await.expect("nothing is left");
}

#[tokio::test]
async fn there_is_one_null_version() {
    let bench = Bench::new().await;
    bench.set(Versioning::Enabled).await;
    let (kept, _) = bench.put("a", b"kept").await;
    bench.set(Versioning::Suspended).await;
    bench.put("a", b"first").await;
    bench.put("a", b"second").await;
    bench.set(Versioning::Enabled).await;
    let (newest, _) = bench.put("a", b"newest").await;
    bench.set(Versioning::Suspended).await;
    bench.remove("a", None).await.expect("it is allowed");
    assert!(matches!(bench.read("a", Some(VersionId::Null)), Err(Error::DeleteMarker { .. })));
    bench.put("a", b"third").await;
    assert_eq!(bench.read("a", Some(VersionId::Null)).expect("it is there"), "third");
    assert_eq!(bench.read("a", Some(newest.stamp.version)).expect("it is kept"), "newest");
    assert_eq!(bench.read("a", Some(kept.stamp.version)).expect("it is kept"), "kept");
    let query = Query { max: 10, ..Query::default() };
    let page = bench.store.read(|read| list::versions(read, &bench.bucket, &query, None)).expect("it is there").1;
    let shown: Vec<bool> = page.entries.iter().map(|listed| listed.newest).collect();
    assert_eq!(shown, [true, false, false]);
}

#[tokio::test]
async fn writes_happen_under_their_conditions_only() {
    let bench = Bench::new().await;
    let absent = WriteConditions { if_absent: true, ..WriteConditions::default() };
    let is = |etag: &str| WriteConditions { if_match: Some(condition::Tag::Is(etag.to_owned())), if_absent: false };
    assert!(matches!(bench.put_if("a", b"1", is("x")).await, Err(Error::NoSuchKey { .. })));
    let (first, _) = bench.put_if("a", b"1", absent.clone()).await.expect("nothing is there");
    assert!(matches!(bench.put_if("a", b"2", absent).await, Err(Error::PreconditionFailed { .. })));
    assert!(matches!(bench.put_if("a", b"2", is("x")).await, Err(Error::PreconditionFailed { .. })));
    bench.put_if("a", b"2", is(&first.etag)).await.expect("it is that one");
    assert_eq!(bench.read("a", None).expect("it is there"), "2");
}

#[tokio::test]
async fn listings_roll_up_and_go_on_where_they_ended() {
    let bench = Bench::new().await;
    for key in ["a", "b/1", "b/2", "b/c/3", "b0", "c/", "c//", "\0", "é"] {
        bench.put(key, b"").await;
    }
    let check = |prefix: &str, delimiter: Option<&str>, after: Option<&str>, max: usize, wanted: &str| {
        let query = Query { prefix: prefix.to_owned(), delimiter: delimiter.map(str::to_owned), max };
        let page = bench.store.read(|read| list::objects(read, &bench.bucket, &query, after)).expect("it is there").1;
        let mut shown: Vec<&str> = page.entries.iter().map(|(key, _)| key.as_str()).collect();
        shown.extend(page.prefixes.iter().map(String::as_str));
        shown.sort_unstable();
        let more = if page.more { " .." } else { "" };
        assert_eq!(format!("{}{more}", shown.join(" ")), wanted, "{prefix} {delimiter:?} {after:?} {max}");
    };
    check("", None, None, 100, "\0 a b/1 b/2 b/c/3 b0 c/ c// é");
    check("", Some("/"), None, 100, "\0 a b/ b0 c/ é");
    check("", Some("/"), None, 3, "\0 a b/ ..");
    check("", Some("/"), Some("b/"), 2, "b0 c/ ..");
    check("", Some("/"), Some("c/"), 2, "é");
    check("b/", Some("/"), None, 100, "b/1 b/2 b/c/");
    check("b/", Some("/"), Some("b/1"), 1, "b/2 ..");
    check("b", None, Some("b/2"), 100, "b/c/3 b0");
    check("c/", Some("/"), None, 100, "c/ c//");
    check("x", None, None, 100, "");
    check("", None, None, 0, "");
}

#[tokio::test]
async fn a_locked_version_stays_until_its_time() {
    let bench = Bench::with(true).await;
    let (object, _) = bench.put("a", b"1").await;
    let at = config::At { bucket: bench.bucket.clone(), key: key_of("a"), version: None };
    let until = bench.store.clock() + Duration::from_secs(60);
    let retain = |mode, bypass| {
        let (store, at) = (bench.store.clone(), at.clone());
        async move { store.transact(|tx| config::retain(tx, &at, Some(Retention::new(mode, until)), bypass)).await }
    };
    retain(Mode::Governance, false).await.expect("it has none yet");
    let version = Some(object.stamp.version);
    assert!(matches!(bench.remove("a", version).await, Err(Error::Locked)));
    retain(Mode::Compliance, false).await.expect("compliance is more");
    assert!(matches!(retain(Mode::Governance, true).await, Err(Error::RetentionShortened)));
    bench.remove("a", None).await.expect("a marker deletes nothing");
}
