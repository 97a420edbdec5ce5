//! One environment's side of the Runtime API: what state its runtime is in, and the event that it holds.
//!
//! Start reading at [`Phase`]. `api` turns HTTP requests into calls here; `environment` waits on [`Session::phase`].
//!
//! Invariants:
//! - At most one event is with the runtime at a time.
//! - An event that was not taken was not seen by the function, and is not shown to it once its giver has given up.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::{mpsc, oneshot, watch};

/// Largest answer of a function: 6 MiB and 100 bytes.
///
/// Source: the Runtime API's own message, "Exceeded maximum allowed payload size (6291556 bytes)." (read 2026-11-24).
pub const RESPONSE_BYTES_MAX: u64 = 6_291_556;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The program runs and has not asked for an event yet.
    Starting,
    /// It waits for an event.
    Idle,
    /// It has one.
    Busy,
    /// It has answered and not asked for the next one yet.
    Answered,
    /// It said that it cannot start, and why.
    InitFailed(Bytes),
    Ended(Ending),
}

/// How an environment ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    Exited {
        code: i32,
    },
    Signaled {
        signal: i32,
    },
    NoProgram,
    NotExecutable {
        program: String,
        errno: i32,
    },
    /// The platform could not build the sandbox.
    Broken {
        what: String,
    },
}

/// An event on its way to the runtime.
pub struct Event {
    pub request_id: Box<str>,
    pub headers: HeaderMap,
    pub document: Bytes,
    /// Fires when the runtime gets the event. Whoever stops listening has taken the event back.
    pub taken: oneshot::Sender<()>,
    pub reply: oneshot::Sender<Reply>,
}

#[derive(Debug)]
pub enum Reply {
    Answer(Bytes),
    /// The error document, as the runtime wrote it.
    Error(Bytes),
    TooLarge {
        bytes: u64,
    },
}

/// Why a call of the runtime is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    WrongRequestId,
    WrongState,
}

pub struct Session {
    phase: watch::Sender<Phase>,
    to_runtime: mpsc::Sender<Event>,
    events: tokio::sync::Mutex<mpsc::Receiver<Event>>,
    current: Mutex<Option<Current>>,
    /// Whoever holds this reads the body of a call.
    pub bodies: tokio::sync::Mutex<()>,
    /// Calls of `next` that wait.
    asking: AtomicUsize,
}

/// A call of `next`, which its connection may end at any time: a runtime that no longer asks is not idle.
struct Asking<'a>(&'a Session);

struct Current {
    request_id: Box<str>,
    reply: oneshot::Sender<Reply>,
}

impl Session {
    pub fn new() -> Session {
        let (to_runtime, events) = mpsc::channel(1);
        Session {
            phase: watch::Sender::new(Phase::Starting),
            to_runtime,
            events: tokio::sync::Mutex::new(events),
            current: Mutex::new(None),
            bodies: tokio::sync::Mutex::default(),
            asking: AtomicUsize::new(0),
        }
    }

    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub fn is_idle(&self) -> bool {
        *self.phase.borrow() == Phase::Idle
    }

    /// Gives an idle runtime its event. False when it has one already.
    pub fn give(&self, event: Event) -> bool {
        self.to_runtime.try_send(event).is_ok()
    }

    /// `next`: waits for an event. Safe to drop while waiting.
    pub async fn next(&self) -> Result<Delivered, Refusal> {
        let ready = self.phase.send_if_modified(|phase| match phase {
            Phase::Starting | Phase::Answered => {
                *phase = Phase::Idle;
                true
            }
            Phase::Idle | Phase::Busy | Phase::InitFailed(_) | Phase::Ended(_) => false,
        });
        if !ready && !self.is_idle() {
            return Err(Refusal::WrongState);
        }
        let _asking = Asking::new(self);
        let mut events = self.events.lock().await;
        let (delivered, current) = loop {
            let Event { request_id, headers, document, taken, reply } =
                events.recv().await.ok_or(Refusal::WrongState)?;
            if taken.send(()).is_ok() {
                break (Delivered { headers, document }, Current { request_id, reply });
            }
        };
        *self.current() = Some(current);
        self.phase.send_modify(|phase| {
            if *phase == Phase::Idle {
                *phase = Phase::Busy;
            }
        });
        Ok(delivered)
    }

    /// Whether `request_id` is the event that the runtime holds.
    pub fn holds(&self, request_id: &str) -> Result<(), Refusal> {
        match &*self.current() {
            None => Err(Refusal::WrongState),
            Some(current) if *current.request_id != *request_id => Err(Refusal::WrongRequestId),
            Some(_) => Ok(()),
        }
    }

    /// `response` or `error`: the event is dealt with.
    pub fn reply(&self, request_id: &str, reply: Reply) -> Result<(), Refusal> {
        self.holds(request_id)?;
        let Some(current) = self.current().take() else { return Err(Refusal::WrongState) };
        // The phase first: who hears the reply then sees that it was given.
        self.phase.send_modify(|phase| {
            if *phase == Phase::Busy {
                *phase = Phase::Answered;
            }
        });
        // Nobody waits when the invocation was dropped meanwhile; its environment is about to be killed.
        let _ = current.reply.send(reply);
        Ok(())
    }

    /// `init/error`.
    pub fn fail_init(&self, document: Bytes) -> Result<(), Refusal> {
        let failed = self.phase.send_if_modified(|phase| match phase {
            Phase::Starting => {
                *phase = Phase::InitFailed(document);
                true
            }
            Phase::Idle | Phase::Busy | Phase::Answered | Phase::InitFailed(_) | Phase::Ended(_) => false,
        });
        if failed { Ok(()) } else { Err(Refusal::WrongState) }
    }

    /// The program is gone. What it said before stands.
    pub fn end(&self, ending: Ending) {
        self.phase.send_modify(|phase| {
            if !matches!(phase, Phase::InitFailed(_) | Phase::Ended(_)) {
                *phase = Phase::Ended(ending);
            }
        });
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Asking<'a> {
    fn new(session: &'a Session) -> Asking<'a> {
        session.asking.fetch_add(1, Ordering::SeqCst);
        Asking(session)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if self.0.asking.fetch_sub(1, Ordering::SeqCst) > 1 {
            return;
        }
        self.0.phase.send_if_modified(|phase| {
            let left = *phase == Phase::Idle;
            if left {
                *phase = Phase::Answered;
            }
            left
        });
    }
}

/// What `next` answers.
pub struct Delivered {
    pub headers: HeaderMap,
    pub document: Bytes,
}
