//! Configurations of a bucket, each a row of its own: put, had and deleted whole.
//!
//! Start reading at [`Config`]. What a configuration does is with what it does it to: retention in `lock`, and so on.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{Read, Tx};

use super::create::{self, Bucket, Lock};
use super::history::{self, Change, ChangeKind};
use super::lock::{self, DefaultRetention, Retention};
use super::object::{Object, VersionId};
use super::tag::Tags;
use super::{BucketName, Error, Notifier, ObjectKey, rows};

/// A kind of configuration.
pub trait Config: Serialize + DeserializeOwned {
    const KIND: &'static str;
}

/// The configuration, or the refusal that there is none.
pub fn get<C: Config>(read: &mut impl Read, name: &BucketName) -> Result<C, Error> {
    let bucket = create::existing(read, name)?;
    find(read, &bucket)?.ok_or(Error::NoConfig { kind: C::KIND })
}

/// The configuration, if there is one.
pub fn find<C: Config>(read: &mut impl Read, bucket: &Bucket) -> Result<Option<C>, Error> {
    rows::config(read, bucket, C::KIND)
}

pub fn put<C: Config>(tx: &mut Tx, name: &BucketName, config: &C) -> Result<(), Error> {
    let bucket = create::existing(tx, name)?;
    rows::put_config(tx, &bucket, C::KIND, config);
    Ok(())
}

/// Deletes it; one that is not there is as good.
pub fn delete<C: Config>(tx: &mut Tx, name: &BucketName) -> Result<(), Error> {
    let bucket = create::existing(tx, name)?;
    rows::delete_config(tx, &bucket, C::KIND);
    Ok(())
}

/// Tags of the bucket itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketTags(pub Tags);

impl Config for BucketTags {
    const KIND: &'static str = "tags";
}

/// Who may be let in from outside, once policies and access control lists are there to let anyone in. A bucket that says
/// nothing has all of it on; `None` is one whose owner has deleted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicAccess(pub Option<PublicAccessBlock>);

impl Config for PublicAccess {
    const KIND: &'static str = "public access block";
}

/// Source: S3 User Guide, "Blocking public access to your Amazon S3 storage" (on by default since April 2023, read
/// 2026-11-24).
impl Default for PublicAccess {
    fn default() -> PublicAccess {
        PublicAccess(Some(PublicAccessBlock {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: true,
        }))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub ignore_public_acls: bool,
    pub block_public_policy: bool,
    pub restrict_public_buckets: bool,
}

/// How new objects are encrypted: by the platform's key, which is the only one. A bucket key has no effect on that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketEncryption {
    pub bucket_key: bool,
}

impl Config for BucketEncryption {
    const KIND: &'static str = "encryption";
}

/// Gives new versions a retention by default, or takes it away. A bucket that keeps versions can be given lock later.
pub fn set_lock(tx: &mut Tx, name: &BucketName, default: Option<DefaultRetention>) -> Result<(), Error> {
    let bucket = create::existing(tx, name)?;
    if bucket.lock == Lock::Off && bucket.versioning != create::Versioning::Enabled {
        return Err(Error::NoObjectLock);
    }
    rows::put_bucket(tx, &Bucket { lock: Lock::On { default }, ..bucket });
    Ok(())
}

/// A version of an object, as a request about its tags or its lock names it.
#[derive(Debug, Clone)]
pub struct At {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub version: Option<VersionId>,
}

impl At {
    pub fn find(&self, read: &mut impl Read) -> Result<(Bucket, Object), Error> {
        let bucket = create::existing(read, &self.bucket)?;
        let object = history::object(read, &bucket, &self.key, self.version)?;
        Ok((bucket, object))
    }
}

/// Gives an object tags, in place of those it has; none at all is a deletion.
pub fn tag_object(tx: &mut Tx, at: &At, tags: &Tags, notifier: &Notifier) -> Result<(Object, Change), Error> {
    let bucket = create::existing(tx, &at.bucket)?;
    let kind = if tags.is_empty() { ChangeKind::TagsDeleted } else { ChangeKind::TagsPut };
    let (object, change) = history::amend(tx, &bucket, &at.key, at.version, kind, |object| {
        object.about.tags.clone_from(tags);
        Ok(())
    })?;
    notifier.tell(tx, &bucket, &change)?;
    Ok((object, change))
}

/// Changes how long a version is kept. `bypass` is whether the caller may, and asks to, pass over governance mode.
pub fn retain(tx: &mut Tx, at: &At, retention: Option<Retention>, bypass: bool) -> Result<(Object, Change), Error> {
    let bucket = lockable(tx, at)?;
    let now = tx.now();
    if retention.is_some_and(|retention| retention.until() <= now) {
        return Err(Error::RetentionInThePast);
    }
    history::amend(tx, &bucket, &at.key, at.version, ChangeKind::Locked, |object| {
        lock::may_change(object.about.retention, retention, now, bypass)?;
        object.about.retention = retention;
        Ok(())
    })
}

pub fn hold(tx: &mut Tx, at: &At, on: bool) -> Result<(Object, Change), Error> {
    let bucket = lockable(tx, at)?;
    history::amend(tx, &bucket, &at.key, at.version, ChangeKind::Locked, |object| {
        object.about.legal_hold = on;
        Ok(())
    })
}

fn lockable(tx: &mut Tx, at: &At) -> Result<Bucket, Error> {
    let bucket = create::existing(tx, &at.bucket)?;
    match bucket.lock {
        Lock::Off => Err(Error::NoObjectLock),
        Lock::On { .. } => Ok(bucket),
    }
}
