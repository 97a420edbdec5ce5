//! How many invocations run at once: counted, limited, and given back when their report is in.
//!
//! A function with a reservation has a pool of that size to itself. All others share what reservations leave.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::Throttle;
use crate::function::FunctionId;

/// Pools of functions that run nothing are dropped when there are more than this.
const POOLS_KEPT_MAX: usize = 1_024;

/// The limiter. All its operations are short and none waits, but for those that say so.
pub(crate) struct Concurrency {
    total_max: u32,
    shared: Arc<Pool>,
    reserved: Mutex<HashMap<FunctionId, Arc<Pool>>>,
    freed: Arc<Freed>,
}

/// Told whenever a permit is given back while somebody waits for that.
#[derive(Debug, Default)]
struct Freed {
    running: AtomicU32,
    waiting: AtomicU32,
    told: Notify,
}

#[derive(Debug, Default)]
struct Pool(AtomicU32);

/// The right to run one invocation. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Permit {
    pool: Arc<Pool>,
    freed: Arc<Freed>,
}

impl Concurrency {
    pub fn new(total_max: u32) -> Concurrency {
        Concurrency { total_max, shared: Arc::default(), reserved: Mutex::default(), freed: Arc::default() }
    }

    pub fn total_max(&self) -> u32 {
        self.total_max
    }

    /// `reserved_total` is the sum of all reservations.
    pub fn acquire(
        &self,
        function: &FunctionId,
        reserved: Option<u32>,
        reserved_total: u32,
    ) -> Result<Permit, Throttle> {
        let (pool, max, refusal) = match reserved {
            Some(max) => (self.pool(function), max, Throttle::Reserved),
            None => (self.shared.clone(), self.total_max.saturating_sub(reserved_total), Throttle::Total),
        };
        match pool.0.fetch_add(1, Ordering::AcqRel) < max {
            true => {
                self.freed.running.fetch_add(1, Ordering::AcqRel);
                Ok(Permit { pool, freed: self.freed.clone() })
            }
            false => {
                pool.0.fetch_sub(1, Ordering::AcqRel);
                Err(refusal)
            }
        }
    }

    /// How many permits `acquire` would give now.
    pub fn room(&self, function: &FunctionId, reserved: Option<u32>, reserved_total: u32) -> u32 {
        let (pool, max) = match reserved {
            Some(max) => (self.pool(function), max),
            None => (self.shared.clone(), self.total_max.saturating_sub(reserved_total)),
        };
        max.saturating_sub(pool.0.load(Ordering::Acquire))
    }

    pub fn running(&self) -> u32 {
        self.freed.running.load(Ordering::Acquire)
    }

    /// Is over once a permit is given back after this call; it hears of that before it is first polled, too.
    pub fn freed(&self) -> impl Future<Output = ()> + '_ {
        let waiting = Waiting::new(&self.freed);
        let told = self.freed.told.notified();
        async move {
            told.await;
            drop(waiting);
        }
    }

    /// Waits until nothing runs.
    pub async fn idle(&self) {
        let _waiting = Waiting::new(&self.freed);
        loop {
            let told = self.freed.told.notified(); // before looking, so that nothing is missed
            if self.running() == 0 {
                return;
            }
            told.await;
        }
    }

    fn pool(&self, function: &FunctionId) -> Arc<Pool> {
        let mut pools = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(function) {
            return pool.clone();
        }
        if pools.len() >= POOLS_KEPT_MAX {
            pools.retain(|_, pool| Arc::strong_count(pool) > 1);
        }
        pools.entry(function.clone()).or_default().clone()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.pool.0.fetch_sub(1, Ordering::SeqCst);
        self.freed.running.fetch_sub(1, Ordering::SeqCst);
        if self.freed.waiting.load(Ordering::SeqCst) > 0 {
            self.freed.told.notify_waiters();
        }
    }
}

/// Counts a waiter for as long as it waits, also if its future is dropped.
struct Waiting<'a>(&'a Freed);

impl<'a> Waiting<'a> {
    fn new(freed: &'a Freed) -> Waiting<'a> {
        freed.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(freed)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoke::fake;

    #[test]
    fn reservations_are_kept_free_and_are_limits_too() {
        let concurrency = Concurrency::new(3);
        let (shared, reserved) = (fake::id("shared"), fake::id("reserved"));
        let take = |function: &FunctionId, own| concurrency.acquire(function, own, 2);
        let first = take(&shared, None).expect("one of three is not reserved");
        assert_eq!(take(&shared, None).err(), Some(Throttle::Total));
        let held = [take(&reserved, Some(2)), take(&reserved, Some(2))];
        assert!(held.iter().all(Result::is_ok));
        assert_eq!(take(&reserved, Some(2)).err(), Some(Throttle::Reserved));
        assert_eq!(take(&fake::id("off"), Some(0)).err(), Some(Throttle::Reserved));
        assert_eq!(concurrency.running(), 3);
        drop(first);
        assert_eq!(concurrency.room(&shared, None, 2), 1);
        drop(held);
        assert_eq!((concurrency.running(), take(&reserved, Some(2)).is_ok()), (0, true));
    }

    #[tokio::test]
    async fn who_waits_hears_of_the_last_permit() {
        let concurrency = Concurrency::new(1);
        concurrency.idle().await;
        let permit = concurrency.acquire(&fake::id("f"), None, 0).expect("there is room");
        tokio::join!(concurrency.idle(), concurrency.freed(), async { drop(permit) });
        assert_eq!(concurrency.running(), 0);
    }
}
