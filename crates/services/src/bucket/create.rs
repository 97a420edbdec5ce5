//! Buckets themselves: made, found, listed, deleted.

use serde::{Deserialize, Serialize};
use store::{Read, Timestamp, Tx};

use super::lock::DefaultRetention;
use super::{BucketName, Error, Objects, rows};
use crate::name::{AccountId, Region};

/// Most buckets of an account. Source: S3 User Guide, "General purpose bucket quotas" (10,000 by default, read
/// 2026-11-24).
pub const BUCKETS_MAX: usize = 10_000;

/// Whether a bucket keeps what is overwritten and deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Versioning {
    /// It never has.
    Off,
    Enabled,
    /// It has; what is written now is the null version.
    Suspended,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Bucket {
    pub name: BucketName,
    pub account: AccountId,
    pub region: Region,
    pub created: Timestamp,
    pub versioning: Versioning,
    pub lock: Lock,
    /// Tells it apart from an earlier bucket of that name.
    pub(super) id: [u8; 16],
}

/// Whether a bucket's versions can be locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lock {
    Off,
    /// Those that bring no retention of their own get the default, if there is one.
    On {
        default: Option<DefaultRetention>,
    },
}

/// A bucket's row.
#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    account: String,
    region: String,
    created_millis: i64,
    versioning: Versioning,
    lock: Lock,
    id: [u8; 16],
}

impl TryFrom<Stored> for Bucket {
    type Error = String;

    fn try_from(row: Stored) -> Result<Bucket, String> {
        Ok(Bucket {
            name: BucketName::parse(&row.name).map_err(|error| error.to_string())?,
            account: AccountId::parse(&row.account).map_err(|error| error.to_string())?,
            region: Region::parse(&row.region).map_err(|error| error.to_string())?,
            created: Timestamp::from_millis(row.created_millis),
            versioning: row.versioning,
            lock: row.lock,
            id: row.id,
        })
    }
}

impl From<Bucket> for Stored {
    fn from(bucket: Bucket) -> Stored {
        Stored {
            name: bucket.name.as_str().to_owned(),
            account: bucket.account.as_str().to_owned(),
            region: bucket.region.as_str().to_owned(),
            created_millis: bucket.created.millis(),
            versioning: bucket.versioning,
            lock: bucket.lock,
            id: bucket.id,
        }
    }
}

/// A bucket to be made.
#[derive(Debug, Clone)]
pub struct NewBucket {
    pub name: BucketName,
    pub account: AccountId,
    pub region: Region,
    pub object_lock: bool,
}

/// Which of an account's buckets are listed.
#[derive(Debug, Clone, Default)]
pub struct ListBuckets {
    pub prefix: String,
    pub region: Option<Region>,
    /// The last name of the page before.
    pub after: Option<String>,
    pub max: usize,
}

/// The bucket of that name, or the refusal that there is none.
pub fn existing(read: &mut impl Read, name: &BucketName) -> Result<Bucket, Error> {
    rows::bucket(read, name)?.ok_or_else(|| Error::NoSuchBucket { name: name.as_str().to_owned() })
}

/// Makes a bucket. One that the account has already is refused with [`Error::BucketAlreadyOwnedByYou`].
pub fn create(tx: &mut Tx, new: &NewBucket) -> Result<Bucket, Error> {
    let name = || new.name.as_str().to_owned();
    if let Some(found) = rows::bucket(tx, &new.name)? {
        return Err(match found.account == new.account {
            true => Error::BucketAlreadyOwnedByYou { name: name() },
            false => Error::BucketAlreadyExists { name: name() },
        });
    }
    if rows::owned_names(tx, &new.account, "", None, BUCKETS_MAX)?.len() == BUCKETS_MAX {
        return Err(Error::TooManyBuckets { max: BUCKETS_MAX });
    }
    let (versioning, lock) = match new.object_lock {
        true => (Versioning::Enabled, Lock::On { default: None }),
        false => (Versioning::Off, Lock::Off),
    };
    let bucket = Bucket {
        name: new.name.clone(),
        account: new.account.clone(),
        region: new.region.clone(),
        created: tx.now(),
        versioning,
        lock,
        id: tx.random(),
    };
    rows::put_bucket(tx, &bucket);
    Ok(bucket)
}

/// A page of an account's buckets, by name; and whether there are more.
pub fn list(read: &mut impl Read, account: &AccountId, query: &ListBuckets) -> Result<(Vec<Bucket>, bool), Error> {
    let mut found = Vec::new();
    let mut after = query.after.clone();
    loop {
        let names = rows::owned_names(read, account, &query.prefix, after.as_deref(), query.max + 1)?;
        let Some(last) = names.last() else { return Ok((found, false)) };
        after = Some(last.as_str().to_owned());
        for name in names {
            let bucket = existing(read, &name)?;
            if query.region.as_ref().is_some_and(|region| *region != bucket.region) {
                continue;
            }
            if found.len() == query.max {
                return Ok((found, true));
            }
            found.push(bucket);
        }
    }
}

pub fn set_versioning(tx: &mut Tx, name: &BucketName, versioning: Versioning) -> Result<(), Error> {
    let bucket = existing(tx, name)?;
    if bucket.lock != Lock::Off && versioning != Versioning::Enabled {
        return Err(Error::VersioningIsLocked);
    }
    rows::put_bucket(tx, &Bucket { versioning, ..bucket });
    Ok(())
}

impl Objects {
    /// Deletes an empty bucket, with the uploads in parts that nobody completed.
    pub async fn delete_bucket(&self, name: &BucketName) -> Result<(), Error> {
        loop {
            let done = self
                .store
                .transact(|tx| {
                    let bucket = existing(tx, name)?;
                    if !rows::is_empty(tx, &bucket)? {
                        return Err(Error::BucketNotEmpty { name: name.as_str().to_owned() });
                    }
                    let uploads_left = super::upload::abort_some(tx, &bucket)?;
                    if !uploads_left {
                        rows::delete_configs(tx, &bucket)?;
                        rows::delete_bucket(tx, &bucket);
                    }
                    Ok(!uploads_left)
                })
                .await?;
            if done {
                return Ok(());
            }
        }
    }
}
