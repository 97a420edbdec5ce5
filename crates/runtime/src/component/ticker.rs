//! The clock that interrupts guests: raises the engines' epochs every 10 ms while guest code runs.
//!
//! A thread of its own, because it must tick while every other thread is busy. It sleeps for good when no guest has
//! run for a while, and the next guest wakes it: an idle platform costs no wake-ups.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// The time that a guest computes before it gives others a turn: twice this at most.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// Ticks without a guest after which the ticker sleeps. Waking it costs a guest about 5 us, so not at once.
const IDLE_TICKS_MAX: u32 = 50;

pub(super) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
    handle: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Guests being polled now.
    running: AtomicUsize,
    /// Whether any guest was polled since the last tick.
    touched: AtomicBool,
    asleep: AtomicBool,
    stop: AtomicBool,
}

/// Guest code runs while this lives.
pub(super) struct Turn<'a>(&'a Shared);

impl Ticker {
    pub fn start(engines: Vec<Engine>) -> std::io::Result<Ticker> {
        let shared = Arc::new(Shared::default());
        let ticking = shared.clone();
        let handle =
            std::thread::Builder::new().name("epoch-ticker".to_owned()).spawn(move || tick(&ticking, &engines))?;
        Ok(Ticker { shared, thread: handle.thread().clone(), handle: Some(handle) })
    }

    /// Announces guest code; the epochs rise until the answer is dropped.
    pub fn turn(&self) -> Turn<'_> {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        self.shared.touched.store(true, Ordering::Relaxed);
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Turn(&self.shared)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.thread.unpark();
        if let Some(handle) = self.handle.take() {
            // It panics never; and if it did, there is nothing left to stop.
            let _ = handle.join();
        }
    }
}

fn tick(shared: &Shared, engines: &[Engine]) {
    let mut idle_ticks = 0;
    while !shared.stop.load(Ordering::SeqCst) {
        std::thread::park_timeout(TICK);
        engines.iter().for_each(Engine::increment_epoch);
        let busy = shared.running.load(Ordering::SeqCst) > 0 || shared.touched.swap(false, Ordering::Relaxed);
        idle_ticks = if busy { 0 } else { idle_ticks + 1 };
        if idle_ticks >= IDLE_TICKS_MAX {
            sleep(shared);
            idle_ticks = 0;
        }
    }
}

/// Sets the flag first and looks for guests second, as guests count themselves first and look at the flag second:
/// one of the two sees the other.
fn sleep(shared: &Shared) {
    shared.asleep.store(true, Ordering::SeqCst);
    while shared.running.load(Ordering::SeqCst) == 0
        && !shared.touched.load(Ordering::Relaxed)
        && !shared.stop.load(Ordering::SeqCst)
    {
        std::thread::park();
    }
    shared.asleep.store(false, Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeping_ticker_wakes_for_a_guest_and_ends_when_dropped() {
        let ticker = Ticker::start(Vec::new()).expect("a thread starts");
        while !ticker.shared.asleep.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        let turn = ticker.turn();
        while ticker.shared.asleep.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        drop(turn);
        drop(ticker);
    }
}
