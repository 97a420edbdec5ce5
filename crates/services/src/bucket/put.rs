//! Objects on their way in: put, and copied.

use store::Tx;

use super::body::{BodyKey, Received};
use super::create::{self, Bucket, Lock};
use super::get::{Find, Found};
use super::history::{self, Change, ChangeKind};
use super::object::{About, Data, Object, Stamp, VersionId};
use super::{BucketName, Conditions, Error, Notifier, ObjectKey, Objects, WriteConditions};

/// Largest body of one put, or of one part (5 GiB).
///
/// Source: S3 User Guide, "Amazon S3 multipart upload limits" (read 2026-11-24).
pub const BODY_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

/// An object to be made of a body that has been received.
#[derive(Clone)]
pub struct Put {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub about: About,
    pub conditions: WriteConditions,
    pub kind: ChangeKind,
    pub notifier: Notifier,
}

/// What is copied.
#[derive(Debug, Clone)]
pub struct Source {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub version: Option<VersionId>,
    pub conditions: Conditions,
    pub body_key: BodyKey,
}

impl Objects {
    /// Makes an object. Once this has begun it is not undone by whoever waits for it going away.
    pub async fn put(&self, put: Put, mut received: Received) -> Result<(Object, Change), Error> {
        let store = self.store.clone();
        let committing = tokio::spawn(async move {
            let blob = received.fresh.take();
            let encryption = received.key.encryption();
            let made = |stamp: Stamp, about: About| Object {
                stamp,
                size: received.size,
                etag: hex::encode(received.md5),
                checksum: Some(received.checksum.clone()),
                about,
                encryption: encryption.clone(),
                data: received.extent.clone().map_or(Data::Empty, Data::One),
                upload: None,
            };
            let done = store
                .transact(|tx| {
                    let bucket = create::existing(tx, &put.bucket)?;
                    let about = admitted(tx, &bucket, &put.key, &put.about, &put.conditions)?;
                    if let Some(blob) = &blob {
                        tx.keep_blob(blob);
                    }
                    let (object, change) =
                        history::add(tx, &bucket, &put.key, put.kind, &|stamp| made(stamp, about.clone()))?;
                    put.notifier.tell(tx, &bucket, &change)?;
                    Ok((object, change))
                })
                .await;
            if done.as_ref().is_err_and(|error| !matches!(error, Error::Store(store::Error::Unknown))) {
                received.fresh.give_up(blob);
            }
            done
        });
        committed(committing).await
    }

    /// Finds what is to be copied, as its reader would. `now` is for its conditions.
    pub fn copied(&self, source: &Source) -> Result<Found, Error> {
        let find = Find {
            bucket: source.bucket.clone(),
            key: source.key.clone(),
            version: source.version,
            conditions: source.conditions.clone(),
        };
        let found = self.find(&find).map_err(|error| match error {
            // A copy has no way to say that nothing has changed.
            Error::NotModified { .. } => Error::PreconditionFailed { condition: "x-amz-copy-source-If-None-Match" },
            error => error,
        })?;
        source.body_key.check(&found.object.encryption)?;
        Ok(found)
    }
}

/// The outcome of a commit that goes on without whoever asked for it.
pub(super) async fn committed<T>(committing: tokio::task::JoinHandle<Result<T, Error>>) -> Result<T, Error> {
    committing.await.unwrap_or(Err(Error::Store(store::Error::Unknown)))
}

/// What is said about a new object, with the lock that its bucket gives it, if it may be written at all.
pub(super) fn admitted(
    tx: &mut Tx,
    bucket: &Bucket,
    key: &ObjectKey,
    about: &About,
    conditions: &WriteConditions,
) -> Result<About, Error> {
    let current = super::rows::object(tx, bucket, key)?;
    conditions.check(key.as_str(), current.as_ref())?;
    let mut about = about.clone();
    match bucket.lock {
        Lock::Off if about.retention.is_some() || about.legal_hold => return Err(Error::NoObjectLock),
        Lock::On { default: Some(default) } if about.retention.is_none() => {
            about.retention = Some(default.from(tx.now()));
        }
        Lock::Off | Lock::On { .. } => {}
    }
    if about.retention.is_some_and(|retention| retention.until() <= tx.now()) {
        return Err(Error::RetentionInThePast);
    }
    Ok(about)
}
