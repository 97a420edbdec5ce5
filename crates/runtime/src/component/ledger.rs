//! What one invocation took and how it ended.
//!
//! Whoever still has a part in an invocation (the guest, the body of its answer) holds the ledger; when the last lets
//! go, the report is sent. The counts live outside the guest's future, so that a guest that is dropped at its deadline
//! keeps them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use services::run::{BoxFuture, End, Report};
use tokio::sync::oneshot;

use super::crash::Crash;

pub(super) struct Ledger {
    started: Instant,
    init: Option<Duration>,
    cpu_nanos: AtomicU64,
    memory_peak_bytes: AtomicU64,
    memory_refused: AtomicBool,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    crash: OnceLock<Crash>,
    /// The answer was an error of the function's own making.
    erred: AtomicBool,
    /// When the guest ended.
    ended: OnceLock<Instant>,
    report: Mutex<Option<oneshot::Sender<Report>>>,
}

impl Ledger {
    /// Opens a ledger. `init` is the time it took to map the component, if that was for this invocation.
    pub fn open(init: Option<Duration>) -> (Arc<Ledger>, BoxFuture<'static, Report>) {
        let (sender, receiver) = oneshot::channel();
        let ledger = Ledger {
            started: Instant::now(),
            init,
            cpu_nanos: AtomicU64::new(0),
            memory_peak_bytes: AtomicU64::new(0),
            memory_refused: AtomicBool::new(false),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            crash: OnceLock::new(),
            erred: AtomicBool::new(false),
            ended: OnceLock::new(),
            report: Mutex::new(Some(sender)),
        };
        (Arc::new(ledger), Box::pin(async { receiver.await.unwrap_or_default() }))
    }

    pub fn started(&self) -> Instant {
        self.started
    }

    /// Adds CPU time and answers the total.
    pub fn spent_cpu(&self, time: Duration) -> Duration {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.cpu_nanos.fetch_add(nanos, Ordering::Relaxed) + nanos)
    }

    pub fn saw_memory(&self, bytes: u64) {
        self.memory_peak_bytes.fetch_max(bytes, Ordering::Relaxed);
    }

    pub fn refused_memory(&self) {
        self.memory_refused.store(true, Ordering::Relaxed);
    }

    pub fn memory_was_refused(&self) -> bool {
        self.memory_refused.load(Ordering::Relaxed)
    }

    pub fn took_in(&self, bytes: u64) {
        self.bytes_in.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn gave_out(&self, bytes: u64) {
        self.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn answered_with_error(&self) {
        self.erred.store(true, Ordering::Relaxed);
    }

    /// The guest is over. Must come before its store is dropped: that closes the body, and who reads the body's end
    /// then looks here whether it was a good one.
    pub fn guest_ended(&self, crash: Option<Crash>) {
        if let Some(crash) = crash {
            // The first reason stands.
            let _ = self.crash.set(crash);
        }
        let _ = self.ended.set(Instant::now());
    }

    pub fn crash(&self) -> Option<&Crash> {
        self.crash.get()
    }

    fn report(&self) -> Report {
        let ended = self.ended.get().copied().unwrap_or_else(Instant::now);
        Report {
            init: self.init,
            duration: ended - self.started,
            cpu: Duration::from_nanos(self.cpu_nanos.load(Ordering::Relaxed)),
            memory_peak_bytes: self.memory_peak_bytes.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            end: self.end(),
        }
    }

    fn end(&self) -> End {
        match self.crash.get() {
            Some(crash) => crash.end(),
            None if self.erred.load(Ordering::Relaxed) => End::Error,
            None => End::Ok,
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        let report = self.report();
        let sender = self.report.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // Nobody may be waiting for it.
            let _ = sender.send(report);
        }
    }
}
