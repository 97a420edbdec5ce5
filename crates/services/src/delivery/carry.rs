//! The loop: claims what is due, delivers it, settles it. The same for every source and every target.

use std::sync::Arc;
use std::time::Duration;

use store::{Store, Timestamp};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::{
    Ask, BYTES_MAX, Delivered, Error, GROUP_BYTES_MAX, GROUP_MAX, News, ROOM_CHECK, Release, STORE_RETRY, Settled,
    Source, Target,
};

/// Runs until `stop` is true; then nothing more is begun, and what has begun comes to its end.
pub(super) async fn carry<S: Source, T: Target<S>>(
    store: Store,
    source: S,
    target: Arc<T>,
    parallel_max: usize,
    mut news: News,
    mut stop: watch::Receiver<bool>,
) {
    let mut carrier = Carrier {
        store,
        source,
        target: target.clone(),
        parallel_max,
        under_way: JoinSet::new(),
        bytes: 0,
        over: Vec::new(),
        settling: JoinSet::new(),
    };
    loop {
        // Made before claiming, so that room that is made meanwhile is not missed.
        let room_made = target.room_made();
        let wake = carrier.begin().await;
        let room_made = wake.when_room_is_made.then_some(room_made);
        tokio::select! {
            () = carrier.go_on() => {}
            () = news.come() => {}
            () = either(wake.after.map(tokio::time::sleep)) => {}
            () = either(room_made) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    carrier.finish().await;
}

struct Carrier<S: Source, T> {
    store: Store,
    source: S,
    target: Arc<T>,
    parallel_max: usize,
    under_way: JoinSet<(Arc<S::Parcel>, Delivered)>,
    /// Of all parcels that are claimed.
    bytes: usize,
    /// Delivered, not settled yet.
    over: Vec<Settled<S::Parcel>>,
    /// At most one group: while it is written, the next one gathers.
    settling: JoinSet<(Group<S>, Result<(), Error>)>,
}

type Group<S> = Arc<[Settled<<S as Source>::Parcel>]>;

/// What the loop waits for when nothing that is under way ends and nothing is written.
struct Wake {
    after: Option<Duration>,
    when_room_is_made: bool,
}

impl<S: Source, T: Target<S>> Carrier<S, T> {
    /// Begins as many deliveries as there may be.
    async fn begin(&mut self) -> Wake {
        loop {
            let now = self.store.clock();
            let limit = match self.bytes < BYTES_MAX {
                true => self.parallel_max.saturating_sub(self.claimed()),
                false => 0,
            };
            if limit == 0 {
                return Wake { after: None, when_room_is_made: false }; // what is under way makes room here
            }
            let target = &self.target;
            let room = |lane: &S::Lane| target.room(lane);
            let claimed = match self.source.claim(&Ask { now, limit, room: &room }).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::error!(%error, "events wait: they cannot be read");
                    return Wake { after: Some(STORE_RETRY), when_room_is_made: false };
                }
            };
            if claimed.parcels.is_empty() {
                let until = |due: Timestamp| due.since(now).max(Duration::from_millis(1));
                let check = claimed.waits_for_room.then_some(ROOM_CHECK);
                let after = claimed.next_due.map(until).into_iter().chain(check).min();
                return Wake { after, when_room_is_made: claimed.waits_for_room };
            }
            for parcel in claimed.parcels {
                self.bytes += S::bytes(&parcel);
                let parcel = Arc::new(parcel);
                let delivering = match S::refused(&parcel) {
                    Some(end) => Box::pin(std::future::ready(Delivered::Refused(end))),
                    None => self.target.clone().deliver(parcel.clone()),
                };
                self.under_way.spawn(async move { (parcel, delivering.await) });
            }
        }
    }

    fn claimed(&self) -> usize {
        // A group that is being settled is not counted: it is over soon, and no delivery waits in it.
        self.under_way.len() + self.over.len()
    }

    /// Takes the next step with whatever ends first. Cancelling it loses nothing.
    async fn go_on(&mut self) {
        tokio::select! {
            Some(ended) = self.under_way.join_next() => {
                self.delivered(ended);
                while let Some(ended) = self.under_way.try_join_next() {
                    self.delivered(ended);
                }
            }
            Some(ended) = self.settling.join_next() => self.settled(ended, false),
            else => std::future::pending().await,
        }
        self.settle();
    }

    fn delivered(&mut self, ended: Result<(Arc<S::Parcel>, Delivered), JoinError>) {
        match ended {
            Ok((parcel, Delivered::Waits(until))) => self.release(&parcel, Release::Waits(until)),
            Ok((parcel, delivered)) => self.over.push(Settled { parcel, delivered }),
            Err(error) => tracing::error!(%error, "a delivery broke off: it is repeated at the next start"),
        }
    }

    /// Settles what is over, unless a group is being settled.
    fn settle(&mut self) {
        if self.over.is_empty() || !self.settling.is_empty() {
            return;
        }
        let mut bytes = 0;
        let fitting = self.over.iter().take(GROUP_MAX).take_while(|settled| {
            bytes += S::bytes(&settled.parcel) + settled.delivered.bytes();
            bytes <= GROUP_BYTES_MAX
        });
        let count = fitting.count().max(1);
        let group: Group<S> = self.over.drain(..count).collect();
        self.write(group, Duration::ZERO);
    }

    fn write(&mut self, group: Group<S>, after: Duration) {
        let settled = self.source.settle(group.clone());
        self.settling.spawn(async move {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            (group, settled.await)
        });
    }

    fn settled(&mut self, ended: Result<(Group<S>, Result<(), Error>), JoinError>, stopping: bool) {
        match ended {
            Ok((group, Ok(()))) => group.iter().for_each(|settled| self.release(&settled.parcel, Release::Settled)),
            // Another node owns them now, and delivers them again.
            Ok((group, Err(Error::Store(store::Error::Fenced { shard })))) => {
                tracing::warn!(?shard, "deliveries were not settled: they belong to another node");
                group.iter().for_each(|settled| self.release(&settled.parcel, Release::Settled));
            }
            Ok((group, Err(error))) if !stopping => {
                tracing::warn!(%error, "deliveries could not be settled yet");
                self.write(group, STORE_RETRY);
            }
            // Their rows stay, and the next start delivers them again.
            Ok((_, Err(error))) => tracing::warn!(%error, "deliveries are left to the next start"),
            Err(error) => tracing::error!(%error, "settling broke off: it is repeated at the next start"),
        }
    }

    fn release(&mut self, parcel: &S::Parcel, how: Release) {
        self.bytes = self.bytes.saturating_sub(S::bytes(parcel));
        self.source.release(parcel, how);
    }

    /// Lets what has begun end, and settles it.
    async fn finish(mut self) {
        while let Some(ended) = self.under_way.join_next().await {
            self.delivered(ended);
        }
        self.settle();
        while let Some(ended) = self.settling.join_next().await {
            self.settled(ended, true);
            self.settle();
        }
    }
}

/// Waits for ever if there is nothing to wait for.
async fn either(future: Option<impl Future<Output = ()>>) {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
