//! Log lines: events with fields, on standard error, gathered so that a busy server does not call the system per line.
//!
//! Start at [`start`]. Always true: a line is written at most [`DELAY`] after it was logged, and dropping [`Flush`]
//! writes what is left.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::cli::LogFormat;

/// How long a line may wait for company.
const DELAY: Duration = Duration::from_millis(50);
/// Lines that wait, in bytes; who logs more than this in one delay writes it out itself.
const WAITING_BYTES_MAX: usize = 256 * 1024;
/// What is logged when `NOUGHT_LOG` says nothing.
/// `s3s` logs every refusal as an error of its own, with what the client sent.
const LEVEL: &str = "info,s3s=off";
/// The same for commands that show their own work on the terminal.
const LEVEL_QUIET: &str = "warn,s3s=off";

/// Writes the waiting lines when dropped: hold it until the program ends.
pub struct Flush(Arc<Lines>);

impl Drop for Flush {
    fn drop(&mut self) {
        self.0.write_out();
    }
}

#[derive(Default)]
struct Lines {
    waiting: Mutex<Vec<u8>>,
    /// Told when the first line waits.
    first: Condvar,
}

impl Lines {
    fn write_out(&self) {
        let lines = std::mem::take(&mut *self.waiting.lock().expect("no holder panics"));
        // A closed standard error takes no line, and there is nowhere else to say so.
        drop(io::stderr().lock().write_all(&lines));
    }

    /// Runs on its own thread for as long as the program does.
    fn write_for_ever(&self) {
        loop {
            let waiting = self.waiting.lock().expect("no holder panics");
            drop(self.first.wait_while(waiting, |lines| lines.is_empty()).expect("no holder panics"));
            std::thread::sleep(DELAY);
            self.write_out();
        }
    }
}

#[derive(Clone)]
struct Writer(Arc<Lines>);

impl Write for Writer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.waiting.lock().expect("no holder panics");
        let (first, full) = (waiting.is_empty(), waiting.len() + line.len() > WAITING_BYTES_MAX);
        waiting.extend_from_slice(line);
        drop(waiting);
        match (full, first) {
            (true, _) => self.0.write_out(),
            (false, true) => self.0.first.notify_one(),
            (false, false) => {}
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Writer;

    fn make_writer(&'a self) -> Writer {
        self.clone()
    }
}

/// Sends log lines to standard error from now on. Called once.
pub fn start(format: LogFormat, quiet: bool) -> Flush {
    let lines = Arc::new(Lines::default());
    let level = if quiet { LEVEL_QUIET } else { LEVEL };
    let filter = EnvFilter::try_from_env("NOUGHT_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Writer(Arc::clone(&lines)));
    match format {
        LogFormat::Text => subscriber.with_ansi(false).init(),
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
    }
    let writing = Arc::clone(&lines);
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || writing.write_for_ever())
        .expect("a program that starts can start one thread");
    Flush(lines)
}
