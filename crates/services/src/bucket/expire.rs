//! Deletes what lifecycle rules say is due.
//!
//! Start reading at [`Objects::run`]. Each bucket with rules has a row with the time of its next round: when its rules are
//! put, and at every midnight (UTC). A round reads the bucket a page at a time and deletes what it finds, with events
//! and locks as any delete; one that is interrupted begins again. Between rounds nothing is done.

use std::time::Duration;

use store::{Timestamp, Tx};
use tokio::sync::watch;

use super::create::{self, Bucket};
use super::lifecycle::{Lifecycle, next_round};
use super::list::{self, AfterUpload, AfterVersion, Listed, Query, What};
use super::notification::By;
use super::object::VersionId;
use super::{BucketName, Error, Notifier, ObjectKey, Objects, Origin, config, history, lock, rows, upload};
use crate::random;

/// Versions or uploads that are looked at in one read.
const PAGE_MAX: usize = 500;
/// Of these, deleted in one commit.
const TOGETHER_MAX: usize = 100;
/// The wait after a round that failed.
const RETRY: Duration = Duration::from_secs(60);

/// Something to be deleted, as it was when it was looked at.
enum Due {
    Current { key: String, sequence: u64 },
    LoneMarker { key: String, version: VersionId },
    Version { key: String, version: VersionId },
    Upload(upload::Name),
}

impl Objects {
    /// Keeps the rounds until `stop` is true.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut written = self.store.watch(&rows::rounds());
        loop {
            let next = self.due_rounds().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "lifecycle rules could not be looked at");
                Some(RETRY)
            });
            let wait = async {
                match next {
                    Some(next) => tokio::time::sleep(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wait => {}
                () = written.changed() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Does the rounds that are due; says how long the next one is away.
    pub(super) async fn due_rounds(&self) -> Result<Option<Duration>, Error> {
        let mut next: Option<Duration> = None;
        for (name, due) in self.store.read(|read| rows::all_rounds(read))? {
            let now = self.store.clock();
            let wait = match due <= now {
                false => due.since(now),
                true => match self.round(&name, now).await {
                    Ok(()) => self.end_round(&name).await?.map_or(RETRY, |due| due.since(self.store.clock())),
                    Err(error) => {
                        tracing::warn!(bucket = name.as_str(), %error, "a round of lifecycle rules is tried again");
                        RETRY
                    }
                },
            };
            next = Some(next.map_or(wait, |next| next.min(wait)));
        }
        Ok(next)
    }

    /// Says when the next one is; there is none where there are no rules.
    async fn end_round(&self, name: &BucketName) -> Result<Option<Timestamp>, Error> {
        self.store
            .transact(|tx| {
                let has_rules = match rows::bucket(tx, name)? {
                    Some(bucket) => config::find::<Lifecycle>(tx, &bucket)?.is_some(),
                    None => false,
                };
                let due = next_round(tx.now());
                match has_rules {
                    true => rows::put_round(tx, name, due),
                    false => rows::delete_round(tx, name),
                }
                Ok(has_rules.then_some(due))
            })
            .await
    }

    async fn round(&self, name: &BucketName, now: Timestamp) -> Result<(), Error> {
        let Some(bucket) = self.store.read(|read| rows::bucket(read, name))? else { return Ok(()) };
        let Some(rules) = self.store.read(|read| config::find::<Lifecycle>(read, &bucket))? else { return Ok(()) };
        self.versions_round(&bucket, &rules, now).await?;
        self.uploads_round(&bucket, &rules, now).await
    }

    async fn versions_round(&self, bucket: &Bucket, rules: &Lifecycle, now: Timestamp) -> Result<(), Error> {
        let query = Query { max: PAGE_MAX, ..Query::default() };
        let (mut after, mut trail) = (None, Trail::default());
        loop {
            let (_, page) = self.store.read(|read| list::versions(read, &bucket.name, &query, after.as_ref()))?;
            let due: Vec<Due> = page.entries.iter().filter_map(|listed| trail.judge(listed, rules, now)).collect();
            self.delete(bucket, &due).await?;
            match page.entries.last() {
                Some(last) if page.more => {
                    after = Some(AfterVersion { key: last.key.clone(), version: Some(last.version()) });
                }
                Some(_) | None => return Ok(()),
            }
        }
    }

    async fn uploads_round(&self, bucket: &Bucket, rules: &Lifecycle, now: Timestamp) -> Result<(), Error> {
        let query = Query { max: PAGE_MAX, ..Query::default() };
        let mut after = None;
        loop {
            let page = self.store.read(|read| list::uploads(read, &bucket.name, &query, after.as_ref()))?;
            let mut due = Vec::new();
            for (key, id, upload) in &page.entries {
                if rules.ends_upload(key, upload.begun(), now) {
                    let (bucket, key, id) = (bucket.name.clone(), ObjectKey::parse(key)?, id.clone());
                    due.push(Due::Upload(upload::Name { bucket, key, id }));
                }
            }
            self.delete(bucket, &due).await?;
            match page.entries.last() {
                Some((key, id, _)) if page.more => {
                    after = Some(AfterUpload { key: key.clone(), upload: Some(id.clone()) });
                }
                Some(_) | None => return Ok(()),
            }
        }
    }

    async fn delete(&self, bucket: &Bucket, due: &[Due]) -> Result<(), Error> {
        let request_id = random::uuid(random::bytes());
        let notifier = self.notifier(Origin {
            by: By::Lifecycle,
            request_id: request_id.clone(),
            host_id: request_id,
            trace: None,
        });
        for together in due.chunks(TOGETHER_MAX) {
            self.store
                .transact(|tx| {
                    let bucket = create::existing(tx, &bucket.name)?;
                    together.iter().try_for_each(|due| delete(tx, &bucket, due, &notifier))
                })
                .await?;
        }
        Ok(())
    }
}

/// What was seen of a key so far, newest first.
#[derive(Default)]
struct Trail {
    key: String,
    /// When the version came that took the place of the next one.
    successor: Option<Timestamp>,
    noncurrent: u32,
}

impl Trail {
    fn judge(&mut self, listed: &Listed, rules: &Lifecycle, now: Timestamp) -> Option<Due> {
        if self.key != listed.key {
            *self = Trail { key: listed.key.clone(), ..Trail::default() };
        }
        let (key, version) = (listed.key.clone(), listed.version());
        let (object, stamp) = match &listed.what {
            What::Object(object) => (Some(&**object), object.stamp),
            What::Marker(marker) => (None, marker.stamp),
        };
        let successor = self.successor.replace(stamp.modified());
        match (listed.newest, object, successor) {
            (true, Some(object), _) => {
                let due = rules.expiry(&key, object).is_some_and(|(due, _)| due <= now);
                due.then_some(Due::Current { key, sequence: stamp.sequence })
            }
            (true, None, _) => {
                rules.ends_marker(&key, stamp.modified(), now).then_some(Due::LoneMarker { key, version })
            }
            (false, object, Some(since)) => {
                let newer = self.noncurrent;
                self.noncurrent += 1;
                rules.ends_version(&key, object, since, newer, now).then_some(Due::Version { key, version })
            }
            // A version whose successor was not seen: the next round sees both.
            (false, _, None) => None,
        }
    }
}

/// Deletes what has not changed since, and is not locked.
fn delete(tx: &mut Tx, bucket: &Bucket, due: &Due, notifier: &Notifier) -> Result<(), Error> {
    let now = tx.now();
    let change = match due {
        Due::Current { key, sequence } => {
            let key = ObjectKey::parse(key)?;
            match rows::object(tx, bucket, &key)? {
                Some(object) if object.stamp.sequence == *sequence => history::mark(tx, bucket, &key)?,
                Some(_) | None => None,
            }
        }
        Due::LoneMarker { key, version } => {
            let key = ObjectKey::parse(key)?;
            match rows::object(tx, bucket, &key)?.is_none() && rows::has_one_older(tx, bucket, &key)? {
                true => history::erase(tx, bucket, &key, *version, |_| Ok(()))?,
                false => None,
            }
        }
        Due::Version { key, version } => {
            let erased = history::erase(tx, bucket, &ObjectKey::parse(key)?, *version, |object| {
                lock::may_delete(object, now, false)
            });
            match erased {
                Err(Error::Locked) => None,
                erased => erased?,
            }
        }
        Due::Upload(name) => match upload::abort(tx, name) {
            Ok(()) | Err(Error::NoSuchUpload { .. }) => None,
            Err(error) => return Err(error),
        },
    };
    match change {
        Some(change) => notifier.tell(tx, bucket, &change),
        None => Ok(()),
    }
}
