//! Environments that wait for work, by revision, and the count of all there are.
//!
//! Invariants:
//! - An environment is either here or in exactly one [`Lease`].
//! - A retired revision gets no environment back.
//! - No lock is held while anything waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use services::run::Revision;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::environment::Environment;
use super::sandbox::Body;

pub struct Pool {
    revisions: Mutex<HashMap<Revision, Shelf>>,
    room: Arc<Semaphore>,
    returned: Notify,
    idle_max: Duration,
}

/// What there is of one revision.
#[derive(Default)]
struct Shelf {
    idle: Vec<Idle>,
    busy: Vec<Weak<Body>>,
    retired: bool,
}

struct Idle {
    environment: Box<Environment>,
    permit: OwnedSemaphorePermit,
    since: Instant,
}

/// An environment in use. Goes back by [`Lease::give_back`]; dropped, it ends.
pub struct Lease {
    pool: Arc<Pool>,
    revision: Revision,
    held: Option<(Box<Environment>, OwnedSemaphorePermit)>,
}

impl Pool {
    pub fn new(environments_max: usize, idle_max: Duration) -> Pool {
        Pool {
            revisions: Mutex::default(),
            room: Arc::new(Semaphore::new(environments_max)),
            returned: Notify::new(),
            idle_max,
        }
    }

    /// The environment that was used last: the others then grow old and go.
    pub fn take(self: &Arc<Self>, revision: &Revision) -> Option<Lease> {
        let mut dead = Vec::new();
        let taken = {
            let mut revisions = self.revisions();
            let shelf = revisions.get_mut(revision)?;
            loop {
                match shelf.idle.pop() {
                    None => break None,
                    Some(idle) if !idle.environment.is_ready() => dead.push(idle),
                    Some(idle) => {
                        shelf.busy.push(Arc::downgrade(idle.environment.body()));
                        break Some((idle.environment, idle.permit));
                    }
                }
            }
        };
        taken.map(|held| Lease { pool: self.clone(), revision: revision.clone(), held: Some(held) })
    }

    /// Room for one more environment, at the cost of the one that has been idle longest if need be.
    pub fn make_room(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.room.clone().try_acquire_owned() {
            return Some(permit);
        }
        let evicted = {
            let mut revisions = self.revisions();
            let oldest = revisions
                .iter()
                .filter_map(|(revision, shelf)| Some((shelf.idle.first()?.since, revision.clone())))
                .min();
            let (_, revision) = oldest?;
            revisions.get_mut(&revision)?.idle.remove(0)
        };
        drop(evicted.environment);
        Some(evicted.permit)
    }

    pub fn lease(
        self: &Arc<Self>,
        revision: &Revision,
        environment: Environment,
        permit: OwnedSemaphorePermit,
    ) -> Lease {
        let body = Arc::downgrade(environment.body());
        self.revisions().entry(revision.clone()).or_default().busy.push(body);
        Lease { pool: self.clone(), revision: revision.clone(), held: Some((Box::new(environment), permit)) }
    }

    pub fn retire(&self, revision: &Revision) {
        let retired = {
            let mut revisions = self.revisions();
            let Some(shelf) = revisions.get_mut(revision) else { return };
            shelf.retired = true;
            let idle = std::mem::take(&mut shelf.idle);
            tidy(&mut revisions, revision);
            idle
        };
        drop(retired);
    }

    /// Ends environments that waited too long or died waiting.
    pub fn reap(&self) {
        let mut old = Vec::new();
        {
            let mut revisions = self.revisions();
            for shelf in revisions.values_mut() {
                let kept = std::mem::take(&mut shelf.idle);
                let (gone, kept) = kept
                    .into_iter()
                    .partition(|idle| idle.since.elapsed() >= self.idle_max || !idle.environment.is_ready());
                shelf.idle = kept;
                old.push(gone);
            }
            revisions.retain(|_, shelf| !(shelf.idle.is_empty() && shelf.busy.is_empty()));
        }
        drop::<Vec<Vec<Idle>>>(old);
    }

    /// Ends everything, and starts nothing more; what is busy first gets `grace`.
    pub async fn empty(&self, grace: Duration) {
        self.room.close();
        let drained = async {
            loop {
                let returned = self.returned.notified();
                if self.revisions().values().all(|shelf| shelf.busy.is_empty()) {
                    return;
                }
                returned.await;
            }
        };
        let _ = tokio::time::timeout(grace, drained).await;
        let shelves: Vec<Shelf> = self.revisions().drain().map(|(_, shelf)| shelf).collect();
        for body in shelves.iter().flat_map(|shelf| &shelf.busy).filter_map(Weak::upgrade) {
            body.kill();
        }
    }

    fn put(&self, revision: &Revision, body: &Arc<Body>, back: Option<Idle>) {
        let refused = {
            let mut revisions = self.revisions();
            // The shelf is gone when the server is stopping.
            let Some(shelf) = revisions.get_mut(revision) else { return };
            if let Some(at) = shelf.busy.iter().position(|busy| std::ptr::eq(busy.as_ptr(), Arc::as_ptr(body))) {
                shelf.busy.swap_remove(at);
            }
            let refused = match back {
                Some(idle) if !shelf.retired => {
                    shelf.idle.push(idle);
                    None
                }
                back => back,
            };
            tidy(&mut revisions, revision);
            refused
        };
        drop(refused);
        self.returned.notify_waiters();
    }

    fn revisions(&self) -> MutexGuard<'_, HashMap<Revision, Shelf>> {
        self.revisions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tidy(revisions: &mut HashMap<Revision, Shelf>, revision: &Revision) {
    if revisions.get(revision).is_some_and(|shelf| shelf.idle.is_empty() && shelf.busy.is_empty()) {
        revisions.remove(revision);
    }
}

impl Lease {
    pub fn environment(&self) -> &Environment {
        &self.held.as_ref().expect("a lease holds its environment until it is given back").0
    }

    /// The environment waits for the next invocation of its revision.
    pub fn give_back(mut self) {
        if let Some((environment, permit)) = self.held.take() {
            let body = environment.body().clone();
            self.pool.put(&self.revision, &body, Some(Idle { environment, permit, since: Instant::now() }));
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some((environment, permit)) = self.held.take() {
            let body = environment.body().clone();
            drop(environment);
            drop(permit);
            self.pool.put(&self.revision, &body, None);
        }
    }
}
