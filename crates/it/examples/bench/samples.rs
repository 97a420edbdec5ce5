//! Durations and their percentiles.

use std::time::Duration;

pub struct Samples(Vec<Duration>);

impl Samples {
    pub fn of(mut durations: Vec<Duration>) -> Samples {
        assert!(!durations.is_empty(), "nothing was measured");
        durations.sort_unstable();
        Samples(durations)
    }

    pub fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }

    pub fn print(&self, what: &str) {
        let millis = |percent| self.percentile(percent).as_secs_f64() * 1000.0;
        println!(
            "{what}: p50 {:.3} ms, p90 {:.3} ms, p99 {:.3} ms ({} samples)",
            millis(50),
            millis(90),
            millis(99),
            self.0.len()
        );
    }
}

/// The middle one.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
