//! Rules of buckets and objects, as scripts on the memory store.

mod lifecycle;
mod notifications;
mod objects;
mod uploads;

use std::sync::Arc;

use bytes::Bytes;
use store::Store;

use super::body::{BodyKey, Expected, Plan, Received};
use super::checksum::DEFAULT;
use super::create::{self, NewBucket};
use super::notification::By;
use super::object::{About, VersionId};
use super::put::Put;
use super::remove::Remove;
use super::{
    BucketName, Change, ChangeKind, Conditions, Error, Object, ObjectKey, Objects, Versioning, WriteConditions,
};
use super::{Notifier, Origin};
use crate::identity::Principal;
use crate::invoke::fake::Plain;
use crate::name::{AccountId, Region};

/// A bucket named `photos` and what can be done to it.
pub struct Bench {
    pub store: Store,
    pub objects: Objects,
    pub bucket: BucketName,
}

impl Bench {
    pub async fn new() -> Bench {
        Bench::with(false).await
    }

    pub async fn with(object_lock: bool) -> Bench {
        Bench::over(Store::memory(), object_lock).await
    }

    pub async fn over(store: Store, object_lock: bool) -> Bench {
        let bucket = BucketName::parse("photos").expect("a name");
        let region = Region::parse("eu-central-1").expect("a region");
        let new = NewBucket { name: bucket.clone(), account: AccountId::default(), region, object_lock };
        store.transact(|tx| create::create(tx, &new)).await.expect("it is the first");
        Bench { objects: Objects::new(store.clone(), Arc::new(Plain)), store, bucket }
    }

    pub fn notifier(&self) -> Notifier {
        let by = By::Caller { principal: Principal::Anonymous, address: "127.0.0.1".into() };
        self.objects.notifier(Origin { by, request_id: "1".into(), host_id: "2".into(), trace: None })
    }

    pub async fn set(&self, versioning: Versioning) {
        let set = self.store.transact(|tx| create::set_versioning(tx, &self.bucket, versioning)).await;
        set.expect("the bucket is there");
    }

    pub async fn receive(&self, body: &[u8]) -> Received {
        let plan = Plan { algorithm: DEFAULT, key: BodyKey::Platform, length: None, bytes_min: 0, bytes_max: u64::MAX };
        let pieces = body.chunks(1000).map(|piece| Ok::<_, Error>(Bytes::copy_from_slice(piece)));
        let pieces: Vec<_> = pieces.collect();
        let received = self.objects.receive(futures_util::stream::iter(pieces), plan, || Ok(Expected::default()));
        received.await.expect("memory takes bodies")
    }

    pub async fn put(&self, key: &str, body: &[u8]) -> (Object, Change) {
        self.put_if(key, body, WriteConditions::default()).await.expect("it can be put")
    }

    pub async fn put_if(&self, key: &str, body: &[u8], conditions: WriteConditions) -> Result<(Object, Change), Error> {
        let received = self.receive(body).await;
        let put = Put {
            bucket: self.bucket.clone(),
            key: key_of(key),
            about: About::default(),
            conditions,
            kind: ChangeKind::Put,
            notifier: self.notifier(),
        };
        self.objects.put(put, received).await
    }

    pub fn read(&self, key: &str, version: Option<VersionId>) -> Result<String, Error> {
        let find = super::get::Find {
            bucket: self.bucket.clone(),
            key: key_of(key),
            version,
            conditions: Conditions::default(),
        };
        let found = self.objects.find(&find)?;
        let mut reader = self.objects.open(&found, &(0..found.object.size), &BodyKey::Platform)?;
        let mut body = Vec::new();
        while let Some(piece) = reader.next()? {
            body.extend_from_slice(&piece);
        }
        Ok(String::from_utf8(body).expect("bodies of these tests are text"))
    }

    pub async fn remove(&self, key: &str, version: Option<VersionId>) -> Result<Option<Change>, Error> {
        let remove =
            Remove { key: key_of(key), version, conditions: WriteConditions::default(), bypass_governance: false };
        self.objects.remove(&self.bucket, &[remove], &self.notifier()).await?.pop().expect("one outcome for one")
    }
}

pub fn key_of(text: &str) -> ObjectKey {
    ObjectKey::parse(text).expect("a key")
}
