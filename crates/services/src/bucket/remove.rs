//! Objects deleted, one or many.

use store::Tx;

use super::create;
use super::history::{self, Change};
use super::object::VersionId;
use super::{BucketName, Error, Notifier, ObjectKey, Objects, WriteConditions, lock, rows};

/// One object to be deleted.
#[derive(Debug, Clone)]
pub struct Remove {
    pub key: ObjectKey,
    /// Without one the key is deleted: where the bucket keeps versions, it gets a delete marker.
    pub version: Option<VersionId>,
    pub conditions: WriteConditions,
    /// The caller may pass over retention in governance mode, and asks to.
    pub bypass_governance: bool,
}

/// Deletes of one request that are committed together.
const TOGETHER_MAX: usize = 250;

impl Objects {
    /// Deletes objects; says for each what came of it, in their order. `Ok(None)` where there was nothing to delete.
    pub async fn remove(
        &self,
        bucket: &BucketName,
        removes: &[Remove],
        notifier: &Notifier,
    ) -> Result<Vec<Result<Option<Change>, Error>>, Error> {
        let mut outcomes = Vec::with_capacity(removes.len());
        for together in removes.chunks(TOGETHER_MAX) {
            let done = self
                .store
                .transact(|tx| {
                    let mut outcomes = Vec::with_capacity(together.len());
                    for remove in together {
                        outcomes.push(settled(remove_one(tx, bucket, remove, notifier))?);
                    }
                    Ok::<_, Error>(outcomes)
                })
                .await?;
            outcomes.extend(done);
        }
        Ok(outcomes)
    }
}

/// What concerns one object is its own outcome; a store that fails, or a bucket that is not there, ends it all.
fn settled(outcome: Result<Option<Change>, Error>) -> Result<Result<Option<Change>, Error>, Error> {
    match outcome {
        Err(error @ (Error::Store(_) | Error::NoSuchBucket { .. })) => Err(error),
        outcome => Ok(outcome),
    }
}

fn remove_one(tx: &mut Tx, name: &BucketName, remove: &Remove, notifier: &Notifier) -> Result<Option<Change>, Error> {
    let bucket = create::existing(tx, name)?;
    if remove.conditions.if_match.is_some() {
        let found = match remove.version {
            None => rows::object(tx, &bucket, &remove.key)?,
            Some(version) => history::object(tx, &bucket, &remove.key, Some(version)).map(Some)?,
        };
        remove.conditions.check(remove.key.as_str(), found.as_ref())?;
    }
    let now = tx.now();
    let change = match remove.version {
        None => history::mark(tx, &bucket, &remove.key),
        Some(version) => history::erase(tx, &bucket, &remove.key, version, |object| {
            lock::may_delete(object, now, remove.bypass_governance)
        }),
    }?;
    if let Some(change) = &change {
        notifier.tell(tx, &bucket, change)?;
    }
    Ok(change)
}
