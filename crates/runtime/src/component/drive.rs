//! Polls a guest: counts its CPU time, ends it at its deadline, and takes it off the server's threads when it computes
//! for long.
//!
//! A tokio worker looks at its sockets only every 61 polls; with guests that use up their 10 ms each time, a request
//! would wait for more than a second. So a guest that has used [`CPU_MAX`] moves to threads of its own, which the
//! kernel schedules behind the server's.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::Room;
use super::crash::Crash;
use super::ledger::Ledger;
use super::ticker::Ticker;

/// CPU time that a guest may use on the server's threads: two turns.
const CPU_MAX: Duration = Duration::from_millis(20);

/// How much the scheduler prefers the server's threads to those of long-running guests.
const NICENESS: i32 = 5;

pub(super) type GuestFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a polled guest came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Ended,
    /// It computes: poll it further on [`computing_threads`].
    Computes,
}

pub(super) struct Drive {
    /// Gone once it has ended.
    guest: Option<GuestFuture>,
    ledger: Arc<Ledger>,
    ticker: Arc<Ticker>,
    limit: Duration,
    deadline: Instant,
    stop: watch::Receiver<bool>,
    /// Comes to the reason to end the guest before it is done. Made when it is first waited for.
    end: Option<Pin<Box<dyn Future<Output = Crash> + Send>>>,
    moved: bool,
}

impl Drive {
    pub fn new(guest: GuestFuture, ledger: Arc<Ledger>, room: &Room, limit: Duration) -> Drive {
        Drive {
            guest: Some(guest),
            ticker: room.ticker.clone(),
            limit,
            deadline: ledger.started() + limit,
            ledger,
            stop: room.stop.subscribe(),
            end: None,
            moved: false,
        }
    }

    fn poll_guest(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(guest) = &mut self.guest else { return Poll::Ready(()) };
        let _turn = self.ticker.turn();
        guest.as_mut().poll(context)
    }

    /// Reads the clock as well as a timer: busy workers are late to run timers.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Crash> {
        if Instant::now() >= self.deadline {
            return Poll::Ready(Crash::TimedOut(self.limit));
        }
        let Drive { limit, deadline, stop, end, .. } = self;
        end.get_or_insert_with(|| Box::pin(end_early(*deadline, *limit, stop.clone()))).as_mut().poll(context)
    }
}

async fn end_early(deadline: Instant, limit: Duration, mut stop: watch::Receiver<bool>) -> Crash {
    tokio::select! {
        () = tokio::time::sleep_until(deadline.into()) => Crash::TimedOut(limit),
        // An error means that everything is being dropped.
        _ = stop.wait_for(|stop| *stop) => Crash::Stopped,
    }
}

impl Future for Drive {
    type Output = Step;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Step> {
        let before = thread_cpu();
        let polled = self.poll_guest(context);
        let cpu = self.ledger.spent_cpu(thread_cpu().saturating_sub(before));
        if polled.is_ready() {
            self.guest = None;
            return Poll::Ready(Step::Ended);
        }
        if let Poll::Ready(crash) = self.poll_end(context) {
            self.ledger.guest_ended(Some(crash));
            self.guest = None;
            return Poll::Ready(Step::Ended);
        }
        if cpu > CPU_MAX && !self.moved {
            self.moved = true;
            return Poll::Ready(Step::Computes);
        }
        Poll::Pending
    }
}

/// CPU time of this thread: about 0.3 us a reading.
#[allow(unsafe_code, reason = "the standard library does not read this clock")]
fn thread_cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live timespec, which is all that the call writes.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    debug_assert_eq!(failed, 0, "every Linux has this clock");
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Threads for guests that compute, one a core. They sleep while there are none.
pub(super) fn computing_threads() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("guest")
        .on_thread_start(|| {
            // It may fail where a policy forbids it: then these threads are as urgent as the server's.
            let _ = rustix::process::nice(NICENESS);
        })
        .enable_all()
        .build()
}
