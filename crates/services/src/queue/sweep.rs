//! What has to go without anybody's asking: messages that are too old, and what is left of queues and contents.

use std::time::Duration;

use store::{Order, Read, Tx};
use tokio::sync::watch;

use super::catalog::each;
use super::error::Error;
use super::lane::has_old;
use super::name::QueueId;
use super::queues::{Queues, UnderWay};
use super::rows::{self, Content};

/// How often old messages are looked for. A queue's retention is a minute or longer.
const ROUND: Duration = Duration::from_secs(60);

/// Rows that go in one commit.
const ROWS_MAX: usize = 500;

impl Queues {
    /// Sweeps until `stop` is true.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        self.resume_moves();
        loop {
            self.sweep().await;
            tokio::select! {
                () = tokio::time::sleep(ROUND) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn sweep(&self) {
        if let Err(error) = self.collect_garbage().await {
            tracing::warn!(%error, "what is left of deleted queues could not be cleared away");
        }
        let queues = self.with_old_messages();
        if let Err(error) = &queues {
            tracing::warn!(%error, "the queues could not be read");
        }
        for id in queues.unwrap_or_default() {
            if let Err(error) = self.expire(&id).await {
                tracing::warn!(queue = %id, %error, "old messages could not be deleted");
            }
        }
        self.open().iter().for_each(|queue| queue.rest());
    }

    /// The queues whose oldest message is too old. Reads rows, and keeps nothing of the others in memory.
    pub(super) fn with_old_messages(&self) -> Result<Vec<QueueId>, Error> {
        let mut all = Vec::new();
        self.store().read(|read| {
            each(read, rows::queues(None), |id, queue| {
                all.push((Content::of(&id, queue), queue.settings.clone(), id));
                true
            })
        })?;
        let now = self.moment().now;
        let mut old = Vec::new();
        for (content, settings, id) in all {
            if self.store().read(|read| has_old(read, &content, &settings, now))? {
                old.push(id);
            }
        }
        Ok(old)
    }

    /// Deletes the messages of a queue that are too old.
    pub(super) async fn expire(&self, id: &QueueId) -> Result<(), Error> {
        loop {
            let UnderWay { queue, value: changes } =
                self.with_lane(id, |lane, read, seen| lane.expire(read, seen, ROWS_MAX))?;
            if changes.deleted.is_empty() {
                queue.end(&changes, true);
                return Ok(());
            }
            let write = |tx: &mut Tx| {
                queue.check(tx)?;
                changes.write(tx, &queue.content);
                Ok(())
            };
            let written: Result<(), Error> = self.store().transact(write).await;
            queue.end(&changes, written.is_ok());
            written?;
        }
    }

    /// Deletes what is left of contents that are nobody's any more.
    pub(super) async fn collect_garbage(&self) -> Result<(), Error> {
        loop {
            let next = self.store().read(|read| read.scan(rows::garbage(), Order::Forward, 1))?;
            let Some((key, _)) = next.first() else { return Ok(()) };
            let content = rows::garbage_content(key)?;
            while !self.store().transact(|tx| clear(tx, &content)).await? {}
        }
    }
}

/// Deletes some rows of a content; says whether these were the last.
fn clear(tx: &mut Tx, content: &Content) -> Result<bool, Error> {
    for range in content.all() {
        let rows = tx.scan(range, Order::Forward, ROWS_MAX)?;
        if !rows.is_empty() {
            rows.into_iter().for_each(|(key, _)| tx.delete(key.to_vec()));
            return Ok(false);
        }
    }
    content.forget(tx);
    Ok(true)
}
