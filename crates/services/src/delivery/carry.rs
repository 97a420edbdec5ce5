//! The loop: claims what is due, delivers it, settles it.

use std::sync::Arc;
use std::time::Duration;

use store::{Store, Timestamp, Watch};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::{Delivered, PARALLEL_MAX, ROOM_CHECK, STORE_RETRY, Settlement, Source, Target};

/// What a task of the loop has come to.
enum Step<Item> {
    Delivered(Arc<Item>, Delivered),
    Settled(Arc<Item>),
    /// The store did not take it: once more.
    Unsettled(Arc<Item>, Settlement),
}

/// What the loop waits for when nothing that is under way ends and nothing is written.
struct Wake {
    after: Option<Duration>,
    when_room_is_made: bool,
}

/// Runs until `stop` is true; then nothing more is begun, and what has begun comes to its end.
pub(super) async fn carry<S: Source, T: Target<S::Item>>(
    store: Store,
    mut source: S,
    target: Arc<T>,
    mut written: Watch,
    mut stop: watch::Receiver<bool>,
) {
    let mut under_way = JoinSet::new();
    loop {
        // Made before claiming, so that room that is made meanwhile is not missed.
        let room_made = target.room_made();
        let wake = begin(&store, &mut source, &target, &mut under_way);
        let room_made = wake.when_room_is_made.then_some(room_made);
        tokio::select! {
            Some(ended) = under_way.join_next() => go_on(&mut source, &mut under_way, ended, false),
            () = written.changed() => {}
            () = either(wake.after.map(tokio::time::sleep)) => {}
            () = either(room_made) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    while let Some(ended) = under_way.join_next().await {
        go_on(&mut source, &mut under_way, ended, true);
    }
}

/// Begins as many deliveries as there may be.
fn begin<S: Source, T: Target<S::Item>>(
    store: &Store,
    source: &mut S,
    target: &Arc<T>,
    under_way: &mut JoinSet<Step<S::Item>>,
) -> Wake {
    let now = store.clock();
    loop {
        let limit = PARALLEL_MAX.saturating_sub(under_way.len());
        let claimed = match source.claim(now, limit, &|function| target.room(function)) {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(%error, "events wait: they cannot be read");
                return Wake { after: Some(STORE_RETRY), when_room_is_made: false };
            }
        };
        if claimed.items.is_empty() || limit == 0 {
            let until = |due: Timestamp| due.since(now).max(Duration::from_millis(1));
            let check = claimed.waits_for_room.then_some(ROOM_CHECK);
            let after = claimed.next_due.map(until).into_iter().chain(check).min();
            return Wake { after, when_room_is_made: claimed.waits_for_room };
        }
        for item in claimed.items {
            let (item, target) = (Arc::new(item), target.clone());
            under_way.spawn(async move {
                let delivered = target.deliver(item.clone()).await;
                Step::Delivered(item, delivered)
            });
        }
    }
}

/// Takes the next step with one item.
fn go_on<S: Source>(
    source: &mut S,
    under_way: &mut JoinSet<Step<S::Item>>,
    ended: Result<Step<S::Item>, JoinError>,
    stopping: bool,
) {
    match ended {
        Ok(Step::Delivered(item, delivered)) => match delivered {
            Delivered::Over => settle(source, under_way, item, Settlement::Done),
            Delivered::NotReady(at) => settle(source, under_way, item, Settlement::Again { at, attempted: false }),
            Delivered::Failed(at) => settle(source, under_way, item, Settlement::Again { at, attempted: true }),
            Delivered::NoRoom => source.release(&item),
        },
        Ok(Step::Settled(item)) => source.release(&item),
        Ok(Step::Unsettled(item, settlement)) if !stopping => settle(source, under_way, item, settlement),
        // Its row stays, and the next start delivers it again.
        Ok(Step::Unsettled(..)) => {}
        Err(error) => tracing::error!(%error, "a delivery broke off: it is repeated at the next start"),
    }
}

fn settle<S: Source>(source: &S, under_way: &mut JoinSet<Step<S::Item>>, item: Arc<S::Item>, settlement: Settlement) {
    let settled = source.settle(&item, settlement);
    under_way.spawn(async move {
        match settled.await {
            Ok(()) => Step::Settled(item),
            Err(error) => {
                tracing::warn!(%error, "a delivery could not be settled yet");
                tokio::time::sleep(STORE_RETRY).await;
                Step::Unsettled(item, settlement)
            }
        }
    });
}

/// Waits for ever if there is nothing to wait for.
async fn either(future: Option<impl Future<Output = ()>>) {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
