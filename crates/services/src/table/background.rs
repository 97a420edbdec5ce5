//! What tables do on their own: rows of deleted tables and indexes go, new indexes are filled, items that are due are
//! deleted, tokens are forgotten, shards of streams are closed.
//!
//! All of it is rows, so a restart goes on where the last run stopped. The loop sleeps until a row of work is written; while
//! there are tables whose items fall due it looks at them every [`LOOK_EVERY`].

use std::time::Duration;

use store::{Order, Range, Read, Store, Timestamp, Tx, Watch};
use tokio::sync::watch;

use super::change::{self, Change, Stored};
use super::error::Error;
use super::rows::{self, Backfill};
use super::schema::TableId;
use super::{Tables, key, layout};

/// How soon after its second an item is deleted, if nothing else holds the loop up.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often forgotten tokens are looked for.
const TOKENS_EVERY: Duration = Duration::from_secs(60);
/// Rows that one transaction deletes or reads.
const ROWS_AT_ONCE: usize = 256;
/// Items are entered a few at once: they may be large, and who writes one of them meanwhile has them entered again.
const ITEMS_AT_ONCE: usize = 64;
/// The wait after the store could not be read or written.
const STORE_RETRY: Duration = Duration::from_secs(1);
/// Items that were due longer ago are kept. Source: developer guide, "Using time to live" (read 2026-11-24).
const DUE_SECONDS_MAX: i64 = 5 * 365 * 24 * 3600;

/// Runs until `stop` is true.
pub(crate) async fn run(tables: Tables, mut stop: watch::Receiver<bool>) {
    let store = tables.store.clone();
    let mut written = Written::watch(&store);
    let mut tokens_looked_at = None;
    loop {
        let now = store.clock();
        let forget = tokens_looked_at.is_none_or(|last: Timestamp| now.since(last) >= TOKENS_EVERY);
        if forget {
            tokens_looked_at = Some(now);
        }
        let wait = match tables.work(forget).await {
            Ok(true) => Duration::ZERO,
            Ok(false) if tables.anything_expires() => LOOK_EVERY,
            Ok(false) => TOKENS_EVERY,
            Err(error) => {
                tracing::error!(%error, "the background work on tables waits");
                STORE_RETRY
            }
        };
        if !rest(wait, written.changed(), &mut stop).await {
            return;
        }
    }
}

/// Between two steps of a loop: waits for the time or for work, whichever is first. False once the loop is to end.
pub(super) async fn rest(wait: Duration, work: impl Future<Output = ()>, stop: &mut watch::Receiver<bool>) -> bool {
    if *stop.borrow() {
        return false;
    }
    if wait.is_zero() {
        tokio::task::yield_now().await;
        return true;
    }
    tokio::select! {
        () = work => true,
        () = tokio::time::sleep(wait) => true,
        _ = stop.wait_for(|stop| *stop) => false,
    }
}

/// A row that makes an item fall due, and the item's own.
struct Due {
    row: Vec<u8>,
    item_row: Vec<u8>,
}

/// Hears of rows of work.
struct Written {
    dropped: Watch,
    backfills: Watch,
    expiring: Watch,
}

impl Written {
    fn watch(store: &Store) -> Written {
        Written {
            dropped: store.watch(&rows::dropped()),
            backfills: store.watch(&rows::backfills()),
            expiring: store.watch(&rows::all_expiring()),
        }
    }

    async fn changed(&mut self) {
        tokio::select! {
            () = self.dropped.changed() => {}
            () = self.backfills.changed() => {}
            () = self.expiring.changed() => {}
        }
    }
}

impl Tables {
    /// Does one step of each kind; whether there is more.
    pub(super) async fn work(&self, forget_tokens: bool) -> Result<bool, Error> {
        let mut more = self.drop_rows().await?;
        more |= self.fill().await?;
        more |= self.expire().await?;
        if forget_tokens {
            more |= self.forget_tokens().await?;
            self.roll_shards().await?;
        }
        Ok(more)
    }

    /// Whether items of any table fall due; an error is told by the work itself.
    fn anything_expires(&self) -> bool {
        self.store.read(|read| rows::expiring(read, None, 1)).is_ok_and(|found| !found.is_empty())
    }

    async fn drop_rows(&self) -> Result<bool, Error> {
        self.store
            .transact(|tx| {
                let Some((row, prefixes)) = rows::first_dropped(tx)? else { return Ok(false) };
                for prefix in prefixes {
                    let range = store::key::Key::under(&prefix).range();
                    let found = tx.scan(range, Order::Forward, ROWS_AT_ONCE)?;
                    if !found.is_empty() {
                        found.into_iter().for_each(|(key, _)| tx.delete(key.to_vec()));
                        return Ok(true);
                    }
                }
                tx.delete(row.to_vec());
                Ok(true)
            })
            .await
    }

    async fn fill(&self) -> Result<bool, Error> {
        let Some(backfill) = self.store.read(|read| rows::first_backfill(read))? else { return Ok(false) };
        self.store.transact(|tx| self.fill_in(tx, &backfill)).await
    }

    /// Enters the next items; after the last, an index can be read.
    fn fill_in(&self, tx: &mut Tx, backfill: &Backfill) -> Result<bool, Error> {
        let Some(cursor) = rows::backfill_cursor(tx, backfill)? else { return Ok(true) };
        let table = self.catalog.find(tx, &backfill.table)?.filter(|table| table.number == backfill.table_number);
        let index = table.as_ref().and_then(|table| table.indexes.iter().find(|index| index.number == backfill.number));
        let expiry = table.as_ref().and_then(|table| table.settings.expiry.as_ref());
        let expires = expiry.is_some_and(|expiry| expiry.number == backfill.number);
        let Some(table) = table.as_ref().filter(|_| index.is_some() || expires) else {
            rows::delete_backfill(tx, backfill); // what was to be filled is gone
            return Ok(true);
        };
        let range = Range { from: cursor.to_vec(), to: key::lane(table, None).range().to };
        let found = tx.scan(range.clone(), Order::Forward, ITEMS_AT_ONCE)?;
        for (row, value) in &found {
            let item = layout::decode(value)?;
            match index {
                Some(index) => change::backfill(tx, table, index, &item)?,
                None => change::backfill_due(tx, table, row, &item),
            }
        }
        match found.last() {
            Some((last, _)) if found.len() == ITEMS_AT_ONCE => {
                rows::put_backfill(tx, backfill, range.after(last).from);
            }
            Some(_) | None => {
                rows::delete_backfill(tx, backfill);
                let mut table = (**table).clone();
                let filled = table.indexes.iter_mut().find(|index| index.number == backfill.number);
                if let Some(index) = filled {
                    index.backfilling = false;
                    rows::put_table(tx, &table);
                }
            }
        }
        Ok(true)
    }

    /// Deletes what is due, of each table a few.
    async fn expire(&self) -> Result<bool, Error> {
        let (mut more, mut after) = (false, None);
        loop {
            let page = self.store.read(|read| rows::expiring(read, after.as_deref(), ROWS_AT_ONCE))?;
            for (_, id) in &page {
                more |= self.expire_table(id).await?;
            }
            match page.last() {
                Some((last, _)) if page.len() == ROWS_AT_ONCE => after = Some(last.clone()),
                Some(_) | None => return Ok(more),
            }
        }
    }

    async fn expire_table(&self, id: &TableId) -> Result<bool, Error> {
        // Looked at without a transaction first: nearly always nothing is due.
        match self.store.read(|read| self.due(read, id, self.store.clock(), 1))?.is_empty() {
            true => Ok(false),
            false => self.store.transact(|tx| self.expire_in(tx, id)).await,
        }
    }

    /// Rows of items that are due, with the items' rows.
    fn due(&self, read: &mut impl Read, id: &TableId, now: Timestamp, limit: usize) -> Result<Vec<Due>, Error> {
        let Some(table) = self.catalog.find(read, id)? else { return Ok(Vec::new()) };
        let Some(expiry) = &table.settings.expiry else { return Ok(Vec::new()) };
        let second = now.millis() / 1_000;
        let lane = key::due(&table, expiry);
        let range =
            Range { from: lane.clone().signed(second - DUE_SECONDS_MAX).build(), to: lane.signed(second).build() };
        let found = read.scan(range, Order::Forward, limit)?;
        Ok(found.into_iter().map(|(key, item_row)| Due { row: key.to_vec(), item_row: item_row.to_vec() }).collect())
    }

    fn expire_in(&self, tx: &mut Tx, id: &TableId) -> Result<bool, Error> {
        let now = tx.now();
        let due = self.due(tx, id, now, ITEMS_AT_ONCE)?;
        let Some(table) = self.catalog.find(tx, id)? else { return Ok(false) };
        for Due { row, item_row } in &due {
            match Stored::get(tx, item_row)? {
                Some(mut old) => {
                    let key = table.key_item(old.item()?);
                    let change = Change {
                        table: &table,
                        row: item_row.clone(),
                        key: &key,
                        old: Some(&mut old),
                        new: None,
                        expired: true,
                    };
                    change::apply(tx, change)?;
                }
                None => tx.delete(row.clone()),
            }
        }
        Ok(due.len() == ITEMS_AT_ONCE)
    }

    async fn forget_tokens(&self) -> Result<bool, Error> {
        self.store
            .transact(|tx| {
                let now = tx.now();
                let due = rows::tokens_due(tx, now, ROWS_AT_ONCE)?;
                for (row, token) in &due {
                    tx.delete(row.to_vec());
                    if rows::token_until(tx, token)?.is_some_and(|until| until <= now) {
                        tx.delete(token.clone());
                    }
                }
                Ok(due.len() == ROWS_AT_ONCE)
            })
            .await
    }
}
