//! What streams do on their own: records go when their time is over, and with them shards and streams that have ended.

use std::time::Duration;

use store::{Order, Read, Store, Tx};
use tokio::sync::watch;

use super::rows::{self, Kept};
use super::{Error, Lane, Shard};

/// How often it is looked for records whose time is over.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Records that one transaction deletes.
const ROWS_AT_ONCE: usize = 256;

/// Runs until `stop` is true.
pub(crate) async fn run(store: Store, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = trim(&store, &stop).await {
            tracing::error!(%error, "old records of streams wait to be deleted");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Goes over all streams once.
pub(super) async fn trim(store: &Store, stop: &watch::Receiver<bool>) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = store.read(|read| rows::streams(read, after.as_deref()))?;
        let Some((last, ..)) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        for (_, lane, kept) in &page {
            while !*stop.borrow() && store.transact(|tx| trim_stream(tx, lane, kept)).await? {}
        }
    }
}

/// Does a part of what there is to do for a stream; whether there is more.
fn trim_stream(tx: &mut Tx, lane: &Lane, kept: &Kept) -> Result<bool, Error> {
    let shards = rows::shards(tx, lane)?;
    let mut left = shards.len();
    for shard in shards {
        match trim_shard(tx, lane, kept, &shard)? {
            Trimmed::More => return Ok(true),
            Trimmed::Gone => left -= 1,
            Trimmed::Stays => {}
        }
    }
    if left == 0 && kept.ended {
        rows::forget(tx, lane);
        if let Some(row) = &kept.owner_row {
            tx.delete(row.clone());
        }
    }
    Ok(false)
}

enum Trimmed {
    More,
    Gone,
    Stays,
}

fn trim_shard(tx: &mut Tx, lane: &Lane, kept: &Kept, shard: &Shard) -> Result<Trimmed, Error> {
    let oldest_millis = tx.now().millis() - kept.retention_millis;
    let found = tx.scan(rows::from(lane, shard.index, 0), Order::Forward, ROWS_AT_ONCE)?;
    let mut old = 0;
    for (key, value) in &found {
        if rows::record(lane, shard.index, key, value)?.at.millis() >= oldest_millis {
            break;
        }
        tx.delete(key.to_vec());
        old += 1;
    }
    let closed_long = shard.closed_millis.is_some_and(|closed| closed < oldest_millis);
    Ok(match old {
        ROWS_AT_ONCE => Trimmed::More,
        _ if closed_long && old == found.len() => {
            rows::delete_shard(tx, lane, shard.index);
            Trimmed::Gone
        }
        _ => Trimmed::Stays,
    })
}
