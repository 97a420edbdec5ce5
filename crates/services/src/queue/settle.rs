//! Consumers settle what they received.

use std::time::Duration;

use store::Tx;

use super::error::Error;
use super::lane::{Changes, Lane, Moment};
use super::name::QueueId;
use super::queues::{Queues, UnderWay};
use super::receipt::Receipt;
use super::rows;

impl Queues {
    /// Deletes messages, in one commit; tells of each receipt.
    pub async fn delete(&self, id: &QueueId, receipts: Vec<String>) -> Result<Vec<Result<(), Error>>, Error> {
        let receipts = receipts.into_iter().map(|receipt| (receipt, ())).collect();
        self.settle(id, receipts, |lane, receipt, (), now, changes| lane.delete(receipt, now, changes)).await
    }

    /// Gives messages in flight other deadlines, counted from now, in one commit; tells of each receipt.
    pub async fn change_visibility(
        &self,
        id: &QueueId,
        deadlines: Vec<(String, Duration)>,
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let change = |lane: &mut Lane, receipt: &Receipt, visibility: Duration, now, changes: &mut Changes| {
            lane.change_visibility(receipt, now, visibility, changes)
        };
        self.settle(id, deadlines, change).await
    }

    async fn settle<T: Copy>(
        &self,
        id: &QueueId,
        receipts: Vec<(String, T)>,
        one: impl Fn(&mut Lane, &Receipt, T, Moment, &mut Changes) -> Result<(), Error>,
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let row = self.store().read(|read| rows::existing(read, id))?;
        let read_receipt = |text: &String| {
            self.receipts().read(text).filter(|receipt| receipt.uid == row.uid).ok_or(Error::BadReceipt)
        };
        let UnderWay { queue, value: (changes, results) } = self.with_lane(id, |lane, _, seen| {
            let mut changes = Changes::default();
            let mut settle = |receipt: Receipt, what: T| match receipt.content == seen.content.number {
                true => one(lane, &receipt, what, seen.now, &mut changes),
                // From before a purge: its message is gone.
                false => Ok(()),
            };
            let results: Vec<Result<(), Error>> =
                receipts.iter().map(|(text, what)| settle(read_receipt(text)?, *what)).collect();
            Ok((changes, results))
        })?;
        if changes.is_nothing() {
            queue.end(&changes, true);
            return Ok(results);
        }
        let store = self.store().clone();
        // Goes on if nobody waits for it any more: memory has changed already.
        let written = tokio::spawn(async move {
            let write = |tx: &mut Tx| {
                queue.check(tx)?;
                changes.write(tx, &queue.content);
                Ok(())
            };
            let written: Result<(), Error> = store.transact(write).await;
            queue.end(&changes, written.is_ok());
            written
        });
        match written.await.unwrap_or(Err(Error::Store(store::Error::Unknown))) {
            // Purged meanwhile: the messages are gone.
            Ok(()) | Err(Error::Changed) => Ok(results),
            Err(error) => Err(error),
        }
    }
}
