//! Hears one invocation and writes its log: gathered in memory, appended to the journal at the end or every 64 KiB.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use store::{Store, Timestamp};
use tokio::sync::oneshot;

use super::record::Builder;
use super::{EVENT_BYTES_MAX, OUTPUT_BYTES_MAX, TAIL_BYTES, line, name};
use crate::run::{CONTINUED, End, EnvironmentId, FunctionVersion, Kind, Observer, Report, RequestId, Trace};

/// A record is appended to the journal once it has this size.
const RECORD_BYTES_MAX: usize = 64 * 1024;
/// What an invocation that prints nothing needs, without growing.
const RECORD_BYTES_FIRST: usize = 512;

/// The last 4 KiB of an invocation's log, once it has ended.
pub struct Tail(oneshot::Receiver<Bytes>);

impl Tail {
    /// Waits for the end of the invocation. Empty if it never came to a log.
    pub async fn ended(self) -> Bytes {
        self.0.await.unwrap_or_default()
    }
}

/// How an invocation ended, for its last lines.
pub(crate) struct Ended<'a> {
    pub report: &'a Report,
    /// What the error document says, where there is one.
    pub error_message: Option<&'a str>,
}

/// The observer that writes the log.
pub(crate) struct Recorder {
    store: Store,
    function: Arc<FunctionVersion>,
    request_id: RequestId,
    trace: Trace,
    /// Whether the trace came from outside: then the report names it.
    traced: bool,
    recording: Mutex<Recording>,
}

struct Recording {
    /// The journal's stream: known once there is an environment.
    stream: Option<String>,
    record: Builder,
    /// A line that has not ended yet.
    partial: Vec<u8>,
    kept_bytes: usize,
    cut_bytes: u64,
    tail: Option<TailBuffer>,
}

struct TailBuffer {
    bytes: Vec<u8>,
    wanted_by: oneshot::Sender<Bytes>,
}

impl Recorder {
    pub fn new(
        store: Store,
        function: Arc<FunctionVersion>,
        request_id: RequestId,
        trace: Trace,
        traced: bool,
    ) -> Recorder {
        let recording = Recording {
            stream: None,
            record: Builder::new(store.clock(), &trace.trace, &request_id.0, RECORD_BYTES_FIRST),
            partial: Vec::new(),
            kept_bytes: 0,
            cut_bytes: 0,
            tail: None,
        };
        Recorder { store, function, request_id, trace, traced, recording: Mutex::new(recording) }
    }

    /// Keeps the tail as well. To be called before the invocation begins.
    pub fn keep_tail(&self) -> Tail {
        let (wanted_by, tail) = oneshot::channel();
        self.lock().tail = Some(TailBuffer { bytes: Vec::new(), wanted_by });
        Tail(tail)
    }

    /// Writes the last lines. Nothing is written of an invocation that never had an environment.
    pub fn end(&self, ended: &Ended<'_>) {
        let now = self.store.clock();
        let mut recording = self.lock();
        if recording.stream.is_none() {
            return;
        }
        recording.end_line(now);
        self.end_lines(&mut recording, ended, now);
        self.append(&mut recording, now);
        if let Some(TailBuffer { mut bytes, wanted_by }) = recording.tail.take() {
            let tail = bytes.split_off(bytes.len().saturating_sub(TAIL_BYTES));
            let _ = wanted_by.send(tail.into()); // The caller may have gone.
        }
    }

    fn end_lines(&self, recording: &mut Recording, ended: &Ended<'_>, now: Timestamp) {
        let (id, function, report) = (&self.request_id.0, &*self.function, ended.report);
        let cut = recording.cut_bytes;
        if cut > 0 {
            recording.line(now, |out| line::cut(out, id, cut));
        }
        match &report.end {
            // What runs processes writes this line itself: it knows how and in which phase they died.
            _ if function.kind == Kind::Process => {}
            End::TimedOut => recording.line(now, |out| line::timed_out(out, id, function.timeout, now)),
            End::Crashed(kind) => recording.line(now, |out| line::crashed(out, id, kind, ended.error_message)),
            End::Ok | End::Error => {}
        }
        let trace = (self.traced || self.trace.sampled).then_some(&self.trace);
        recording.line(now, |out| line::end(out, id));
        recording.line(now, |out| line::report(out, id, function, report, trace));
    }

    /// Hands what has gathered to the journal. A record whose stream is not known yet stays.
    fn append(&self, recording: &mut Recording, now: Timestamp) {
        let Some(stream) = &recording.stream else { return };
        if !recording.record.is_empty() {
            let appended = self.store.journal().append(stream, &recording.record.times(), recording.record.bytes());
            complain(appended);
            recording.record.restart(now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Recording> {
        self.recording.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Recorder {
    fn placed(&self, environment: &EnvironmentId, cold: bool) {
        let now = self.store.clock();
        let mut recording = self.lock();
        recording.stream = Some(name::environment_stream(&self.function, environment, now));
        if cold {
            recording.line(now, |out| line::init_start(out, &self.function));
        }
    }

    fn invoked(&self) {
        let now = self.store.clock();
        let mut recording = self.lock();
        recording.end_line(now);
        recording.line(now, |out| line::start(out, &self.request_id.0, &self.function));
    }

    fn wrote(&self, bytes: Bytes) {
        let now = self.store.clock();
        let mut recording = self.lock();
        let kept = recording.keep(&bytes);
        // Pieces of an event's size keep records far below what the journal takes, however long a line is.
        for part in kept.split_inclusive(|byte| *byte == b'\n').flat_map(|line| line.chunks(EVENT_BYTES_MAX)) {
            recording.output(part, now);
            if recording.record.len() >= RECORD_BYTES_MAX {
                self.append(&mut recording, now);
            }
        }
    }
}

impl Recording {
    /// The part of the output that is within the limit; the rest is counted.
    fn keep<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (kept, cut) = bytes.split_at(bytes.len().min(OUTPUT_BYTES_MAX - self.kept_bytes));
        self.kept_bytes += kept.len();
        self.cut_bytes += cut.len() as u64;
        kept
    }

    /// Takes a line or a piece of one.
    fn output(&mut self, part: &[u8], now: Timestamp) {
        let mut rest = part;
        while self.partial.len() + rest.len() > EVENT_BYTES_MAX {
            let (fits, after) = rest.split_at(EVENT_BYTES_MAX - self.partial.len());
            self.partial.extend_from_slice(fits);
            self.emit_partial(now);
            rest = after;
        }
        let ends = rest.strip_suffix(b"\n").is_some_and(|line| !is_continued(&self.partial, line));
        match (self.partial.is_empty(), ends) {
            (true, true) => self.emit(now, rest),
            (false, true) => {
                self.partial.extend_from_slice(rest);
                self.emit_partial(now);
            }
            (_, false) => self.partial.extend_from_slice(rest),
        }
    }

    /// Ends a line that the function left open.
    fn end_line(&mut self, now: Timestamp) {
        if !self.partial.is_empty() {
            self.partial.push(b'\n');
            self.emit_partial(now);
        }
    }

    fn emit_partial(&mut self, now: Timestamp) {
        let mut partial = std::mem::take(&mut self.partial);
        self.emit(now, &partial);
        partial.clear();
        self.partial = partial;
    }

    fn emit(&mut self, now: Timestamp, text: &[u8]) {
        let text = self.record.event(now, |out| {
            for line in text.split_inclusive(|byte| *byte == b'\n') {
                match line.strip_suffix(b"\n").and_then(|line| line.strip_suffix(CONTINUED)) {
                    Some(line) => out.extend(line.iter().chain(b"\n")),
                    None => out.extend_from_slice(line),
                }
            }
        });
        if let Some(tail) = &mut self.tail {
            tail.push(text);
        }
    }

    fn line(&mut self, now: Timestamp, write: impl FnOnce(&mut Text<'_>) -> std::fmt::Result) {
        let text = self.record.event(now, |out| write(&mut Text(out)).expect("a Vec takes every write"));
        if let Some(tail) = &mut self.tail {
            tail.push(text);
        }
    }
}

/// Whether a line, of which the beginning is in `partial`, goes on after its break.
fn is_continued(partial: &[u8], line: &[u8]) -> bool {
    match CONTINUED.len().checked_sub(line.len()) {
        None | Some(0) => line.ends_with(CONTINUED),
        Some(before) => CONTINUED.ends_with(line) && partial.ends_with(&CONTINUED[..before]),
    }
}

impl TailBuffer {
    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        // Now and then, so that long outputs are not moved for every line.
        if self.bytes.len() > 16 * TAIL_BYTES {
            self.bytes.drain(..self.bytes.len() - TAIL_BYTES);
        }
    }
}

/// Says once that logs are lost, and once that they are kept again.
fn complain(appended: Result<(), store::Error>) {
    static LOSING: AtomicBool = AtomicBool::new(false);
    match appended {
        Ok(()) if !LOSING.load(Ordering::Relaxed) => {}
        Ok(()) => {
            LOSING.store(false, Ordering::Relaxed);
            tracing::info!("logs are written again");
        }
        Err(error) => {
            if !LOSING.swap(true, Ordering::Relaxed) {
                tracing::error!(%error, "logs are lost: the journal does not take them");
            }
        }
    }
}

/// Formats into bytes.
struct Text<'a>(&'a mut Vec<u8>);

impl std::fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write_all(text.as_bytes()).map_err(|_| std::fmt::Error)
    }
}
