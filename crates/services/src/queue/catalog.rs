//! Queues by name: made, changed, listed, emptied, deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use store::{Order, Range, Read, Timestamp, Tx};

use super::error::Error;
use super::lane::Counts;
use super::name::QueueId;
use super::queues::Queues;
use super::rows::{self, Content, Log};
use super::settings::Settings;
use crate::function::Scope;

/// Source: Amazon SQS API model, PurgeQueue (read 2026-11-24).
const PURGE_EVERY: Duration = Duration::from_secs(60);

/// Rows that are read at once.
const PAGE_ROWS: usize = 500;

/// A queue to be made.
#[derive(Debug, Clone)]
pub struct Create {
    pub settings: Settings,
    pub tags: BTreeMap<String, String>,
}

/// What became of a [`Create`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    Now,
    /// It was there, with these settings: the caller says whether they are what it wanted.
    Before(Box<Settings>),
}

/// A queue as it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    pub settings: Settings,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub tags: BTreeMap<String, String>,
}

/// A page of names, and whether there are more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub queues: Vec<QueueId>,
    pub more: bool,
}

impl Queues {
    /// Makes a queue, unless there is one of that name.
    pub async fn create(&self, id: &QueueId, create: Create) -> Result<Created, Error> {
        self.store()
            .transact(|tx| {
                if let Some(queue) = rows::find(tx, id)? {
                    return Ok(Created::Before(Box::new(queue.settings)));
                }
                check_redrive(tx, id, &create.settings)?;
                let queue = rows::Queue {
                    uid: rows::random_number(tx),
                    content: rows::random_number(tx),
                    created: tx.now(),
                    modified: tx.now(),
                    purged: Timestamp::from_millis(i64::MIN),
                    settings: create.settings.clone(),
                    tags: create.tags.clone(),
                };
                tx.put(rows::queue(id), rows::encode_queue(&queue));
                Ok(Created::Now)
            })
            .await
    }

    pub fn details(&self, id: &QueueId) -> Result<Details, Error> {
        let rows::Queue { settings, created, modified, tags, .. } =
            self.store().read(|read| rows::existing(read, id))?;
        Ok(Details { settings, created, modified, tags })
    }

    /// How many messages there are. Right when nothing is going on.
    pub async fn counts(&self, id: &QueueId) -> Result<Counts, Error> {
        self.expire(id).await?;
        let looked = self.with_lane(id, |lane, read, seen| lane.counts(read, seen))?;
        looked.queue.end(&Default::default(), true);
        Ok(looked.value)
    }

    /// Changes what a queue is set to. The rule may run several times.
    pub async fn change<E: From<Error> + From<store::Error>>(
        &self,
        id: &QueueId,
        mut rule: impl FnMut(&mut Settings) -> Result<(), E>,
    ) -> Result<(), E> {
        let changed: Result<(), E> = self
            .store()
            .transact(|tx| {
                let mut queue = rows::existing(tx, id)?;
                let redrive = queue.settings.redrive.clone();
                rule(&mut queue.settings)?;
                if queue.settings.redrive != redrive {
                    check_redrive(tx, id, &queue.settings)?;
                }
                queue.modified = tx.now();
                tx.put(rows::queue(id), rows::encode_queue(&queue));
                Ok(())
            })
            .await;
        changed
    }

    pub async fn tag(&self, id: &QueueId, rule: impl Fn(&mut BTreeMap<String, String>)) -> Result<(), Error> {
        self.store()
            .transact(|tx| {
                let mut queue = rows::existing(tx, id)?;
                rule(&mut queue.tags);
                tx.put(rows::queue(id), rows::encode_queue(&queue));
                Ok(())
            })
            .await
    }

    /// Names that begin with `prefix`, in order, after `after`.
    pub fn list(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listed, Error> {
        let wanted =
            |id: &QueueId| id.name.as_str().starts_with(prefix) && after.is_none_or(|after| id.name.as_str() > after);
        self.collect(scope, limit, |id, _| wanted(id))
    }

    /// Queues whose dead letters go to that one, in order, after `after`.
    pub fn dead_letter_sources(&self, id: &QueueId, after: Option<&str>, limit: usize) -> Result<Listed, Error> {
        self.store().read(|read| rows::existing(read, id))?;
        self.collect(&id.scope, limit, |source, queue| {
            after.is_none_or(|after| source.name.as_str() > after) && goes_to(queue, id)
        })
    }

    fn collect(
        &self,
        scope: &Scope,
        limit: usize,
        wanted: impl Fn(&QueueId, &rows::Queue) -> bool,
    ) -> Result<Listed, Error> {
        let mut queues = Vec::new();
        self.store().read(|read| {
            each(read, rows::queues(Some(scope)), |id, queue| {
                if queues.len() <= limit && wanted(&id, queue) {
                    queues.push(id);
                }
                queues.len() <= limit
            })
        })?;
        let more = queues.len() > limit;
        queues.truncate(limit);
        Ok(Listed { queues, more })
    }

    /// Deletes a queue and what is in it.
    pub async fn remove(&self, id: &QueueId) -> Result<(), Error> {
        self.store()
            .transact(|tx| {
                let queue = rows::existing(tx, id)?;
                Content::of(id, &queue).discard(tx);
                tx.delete(rows::queue(id));
                Ok::<_, Error>(())
            })
            .await?;
        self.close(id);
        Ok(())
    }

    /// Deletes what is in a queue, in flight or not.
    pub async fn purge(&self, id: &QueueId) -> Result<(), Error> {
        self.store()
            .transact(|tx| {
                let mut queue = rows::existing(tx, id)?;
                if queue.purged + PURGE_EVERY > tx.now() && queue.purged <= tx.now() {
                    return Err(Error::PurgedRecently { every: PURGE_EVERY });
                }
                let before = Content::of(id, &queue);
                before.discard(tx);
                queue.purged = tx.now();
                queue.content = rows::random_number(tx);
                if queue.settings.fifo.is_some()
                    && let Some(next) = tx.get(&before.log(Log::Now))?
                {
                    // Sequence numbers go on.
                    let after = Content::of(id, &queue);
                    tx.put(after.log(Log::Now), next.to_vec());
                    tx.put(after.removed(), next.to_vec());
                }
                tx.put(rows::queue(id), rows::encode_queue(&queue));
                Ok(())
            })
            .await?;
        self.close(id);
        Ok(())
    }
}

/// What a queue is set to, within a transaction of another room.
pub(crate) fn settings_of(read: &mut impl Read, id: &QueueId) -> Result<Settings, Error> {
    Ok(rows::existing(read, id)?.settings)
}

/// Whether the dead letters of `queue` go to `target`.
pub(super) fn goes_to(queue: &rows::Queue, target: &QueueId) -> bool {
    queue.settings.redrive.as_ref().is_some_and(|redrive| redrive.queue == *target)
}

/// Gives each queue of a range to `take`, until that says that it has enough.
pub(super) fn each(
    read: &mut impl Read,
    mut range: Range,
    mut take: impl FnMut(QueueId, &rows::Queue) -> bool,
) -> Result<(), Error> {
    loop {
        let page = read.scan(range.clone(), Order::Forward, PAGE_ROWS)?;
        for (key, row) in &page {
            if !take(rows::queue_id(key)?, &rows::decode_queue(row)?) {
                return Ok(());
            }
        }
        match page.last() {
            Some((last, _)) if page.len() == PAGE_ROWS => range = range.after(last),
            Some(_) | None => return Ok(()),
        }
    }
}

/// Whether dead letters may go where they are to go.
fn check_redrive(tx: &mut Tx, id: &QueueId, settings: &Settings) -> Result<(), Error> {
    let Some(redrive) = &settings.redrive else { return Ok(()) };
    let target = match redrive.queue == *id {
        true => settings.clone(),
        false => rows::find(tx, &redrive.queue)?.ok_or(Error::NoDeadLetterQueue)?.settings,
    };
    if redrive.queue.name.is_fifo() != id.name.is_fifo() {
        return Err(Error::DeadLetterKind);
    }
    match target.allows_dead_letters_of(id) {
        true => Ok(()),
        false => Err(Error::DeadLetterNotAllowed),
    }
}
