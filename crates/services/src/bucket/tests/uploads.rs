//! Uploads in parts.

use super::*;
use crate::bucket::upload::{self, Complete, ListedPart, Name, NewUpload, PART_BYTES_MIN};

async fn begin(bench: &Bench) -> Name {
    let new = NewUpload {
        bucket: bench.bucket.clone(),
        key: key_of("big"),
        about: About::default(),
        algorithm: None,
        method: None,
        body_key: BodyKey::Platform,
    };
    let (id, _) = bench.store.transact(|tx| upload::create(tx, &new)).await.expect("the bucket is there");
    Name { bucket: bench.bucket.clone(), key: key_of("big"), id }
}

async fn put(bench: &Bench, name: &Name, number: u32, body: &[u8]) -> ListedPart {
    let received = bench.receive(body).await;
    let part = bench.objects.put_part(name.clone(), number, received).await.expect("the upload is there");
    ListedPart { number, etag: part.etag, checksum: None }
}

async fn complete(bench: &Bench, name: &Name, parts: &[ListedPart]) -> Result<Object, Error> {
    let complete = Complete {
        name: name.clone(),
        parts: parts.to_vec(),
        conditions: WriteConditions::default(),
        checksum: None,
        size: None,
        notifier: bench.notifier(),
    };
    bench.objects.complete(complete).await.map(|(object, _)| object)
}

#[tokio::test]
async fn parts_become_one_object_with_the_checksum_of_the_whole() {
    let bench = Bench::new().await;
    let name = begin(&bench).await;
    let first = vec![b'a'; PART_BYTES_MIN as usize];
    let parts = [put(&bench, &name, 2, &first).await, put(&bench, &name, 7, b"end").await];
    put(&bench, &name, 9, b"not wanted").await;
    let object = complete(&bench, &name, &parts).await.expect("all is well");
    let whole = [first.as_slice(), b"end"].concat();
    assert_eq!(bench.read("big", None).expect("it is there").as_bytes(), whole);
    assert!(object.etag.ends_with("-2"), "{}", object.etag);
    assert_eq!(object.checksum, Some(bench.receive(&whole).await.checksum.clone()));
    assert_eq!(complete(&bench, &name, &parts).await.expect("it may be asked again"), object);
    bench.remove("big", None).await.expect("it is allowed");
    assert!(matches!(complete(&bench, &name, &parts).await, Err(Error::NoSuchUpload { .. })));
    bench.objects.delete_bucket(&bench.bucket).await.expect("nothing is left");
}

#[tokio::test]
async fn parts_that_do_not_fit_are_refused() {
    let bench = Bench::new().await;
    let name = begin(&bench).await;
    let parts = [put(&bench, &name, 1, b"small").await, put(&bench, &name, 2, b"end").await];
    assert!(matches!(complete(&bench, &name, &parts).await, Err(Error::PartTooSmall { number: 1, .. })));
    assert!(matches!(complete(&bench, &name, &[]).await, Err(Error::NoParts)));
    let turned = [parts[1].clone(), parts[0].clone()];
    assert!(matches!(complete(&bench, &name, &turned).await, Err(Error::InvalidPartOrder)));
    let other = ListedPart { etag: "0".repeat(32), ..parts[0].clone() };
    assert!(matches!(complete(&bench, &name, &[other]).await, Err(Error::InvalidPart { number: 1, .. })));
    let missing = ListedPart { number: 3, ..parts[0].clone() };
    assert!(matches!(complete(&bench, &name, &[missing]).await, Err(Error::InvalidPart { number: 3, .. })));
    complete(&bench, &name, &parts[..1]).await.expect("the last part may be small");
}

#[tokio::test]
async fn a_bucket_goes_with_the_uploads_that_nobody_completed() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        let name = begin(&bench).await;
        put(&bench, &name, 1, b"part").await;
    }
    bench.objects.delete_bucket(&bench.bucket).await.expect("there is no object");
}
