//! What the server counts about itself, as Prometheus reads it.
//!
//! Start at [`Metrics::record`] and [`Metrics::render`]. A label is never text that a client chose.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Upper bounds of the latency buckets, in microseconds: from a component's answer to a function's longest run.
const BUCKETS_MICROS: [u64; 16] = [
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    10_000_000,
    60_000_000,
    900_000_000,
];

/// Which request it was. Both texts are from the program's own tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    pub api: &'static str,
    pub operation: &'static str,
}

#[derive(Debug, Default)]
pub struct Metrics {
    served: Mutex<BTreeMap<Label, Served>>,
    running: AtomicI64,
}

#[derive(Debug, Default)]
struct Served {
    by_status: BTreeMap<u16, u64>,
    buckets: [u64; BUCKETS_MICROS.len()],
    total: Duration,
    count: u64,
}

/// A request that runs; counted until dropped.
pub struct Running<'a>(&'a Metrics);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A figure that lives elsewhere and is read when the metrics are.
pub struct Figure {
    pub name: &'static str,
    pub help: &'static str,
    pub kind: FigureKind,
    pub value: u64,
}

#[derive(Debug, Clone, Copy)]
pub enum FigureKind {
    Counter,
    Gauge,
}

impl Metrics {
    pub fn begin(&self) -> Running<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(self)
    }

    pub fn record(&self, label: Label, status: u16, took: Duration) {
        let mut served = self.served.lock().expect("no holder panics");
        let served = served.entry(label).or_default();
        *served.by_status.entry(status).or_default() += 1;
        served.total += took;
        served.count += 1;
        let micros = took.as_micros() as u64;
        if let Some(bucket) = BUCKETS_MICROS.iter().position(|bound| micros <= *bound) {
            served.buckets[bucket] += 1;
        }
    }

    /// The text exposition format, version 0.0.4.
    pub fn render(&self, figures: &[Figure]) -> String {
        let mut out = String::new();
        self.write_served(&mut out).expect("a String takes every write");
        write_figures(&mut out, figures).expect("a String takes every write");
        out
    }

    fn write_served(&self, out: &mut String) -> std::fmt::Result {
        let served = self.served.lock().expect("no holder panics");
        header(out, "nought_requests_total", "Requests by API, operation and HTTP status.", FigureKind::Counter)?;
        for (Label { api, operation }, served) in served.iter() {
            for (status, count) in &served.by_status {
                let labels = format!("api=\"{api}\",operation=\"{operation}\",status=\"{status}\"");
                writeln!(out, "nought_requests_total{{{labels}}} {count}")?;
            }
        }
        writeln!(out, "# HELP nought_request_seconds Time to the answer's head.")?;
        writeln!(out, "# TYPE nought_request_seconds histogram")?;
        for (Label { api, operation }, served) in served.iter() {
            let labels = format!("api=\"{api}\",operation=\"{operation}\"");
            let mut below = 0;
            for (bound, count) in BUCKETS_MICROS.iter().zip(served.buckets) {
                below += count;
                let seconds = *bound as f64 / 1e6;
                writeln!(out, "nought_request_seconds_bucket{{{labels},le=\"{seconds}\"}} {below}")?;
            }
            writeln!(out, "nought_request_seconds_bucket{{{labels},le=\"+Inf\"}} {}", served.count)?;
            writeln!(out, "nought_request_seconds_sum{{{labels}}} {}", served.total.as_secs_f64())?;
            writeln!(out, "nought_request_seconds_count{{{labels}}} {}", served.count)?;
        }
        header(out, "nought_requests_running", "Requests that have no answer yet.", FigureKind::Gauge)?;
        writeln!(out, "nought_requests_running {}", self.running.load(Ordering::Relaxed))
    }
}

fn write_figures(out: &mut String, figures: &[Figure]) -> std::fmt::Result {
    for Figure { name, help, kind, value } in figures {
        header(out, name, help, *kind)?;
        writeln!(out, "{name} {value}")?;
    }
    Ok(())
}

fn header(out: &mut String, name: &str, help: &str, kind: FigureKind) -> std::fmt::Result {
    let kind = match kind {
        FigureKind::Counter => "counter",
        FigureKind::Gauge => "gauge",
    };
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

#[cfg(test)]
mod tests {
    use super::{Label, Metrics};
    use std::time::Duration;

    #[test]
    fn a_bucket_counts_everything_below_its_bound() {
        let metrics = Metrics::default();
        let label = Label { api: "lambda", operation: "Invoke" };
        for millis in [1, 2, 40] {
            metrics.record(label, 200, Duration::from_millis(millis));
        }
        let text = metrics.render(&[]);
        for line in [
            "nought_requests_total{api=\"lambda\",operation=\"Invoke\",status=\"200\"} 3",
            "nought_request_seconds_bucket{api=\"lambda\",operation=\"Invoke\",le=\"0.001\"} 1",
            "nought_request_seconds_bucket{api=\"lambda\",operation=\"Invoke\",le=\"0.05\"} 3",
            "nought_request_seconds_count{api=\"lambda\",operation=\"Invoke\"} 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
