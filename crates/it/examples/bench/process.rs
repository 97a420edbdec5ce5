//! What a process uses, by `/proc`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Of the clock that `/proc` counts in, by Linux's ABI.
const TICKS_PER_SECOND: f64 = 100.0;
const SAMPLE: Duration = Duration::from_millis(50);

pub fn resident_mb(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1000.0
}

/// User and system time so far.
pub fn cpu_seconds(id: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // Behind the name, which may hold spaces: state is the first field, the times are the 12th and 13th.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS_PER_SECOND
}

/// The most that a process had in memory of its own while something was done.
pub fn peak_mb(id: u32, work: impl FnOnce()) -> f64 {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0.0_f64;
            while !over.load(Ordering::Relaxed) {
                peak = peak.max(resident_mb(id));
                thread::sleep(SAMPLE);
            }
            peak
        });
        work();
        over.store(true, Ordering::Relaxed);
        watch.join().expect("it only reads")
    })
}

/// Tasks that wanted a processor over the last minute: figures of a busy machine are told with it.
pub fn print_load() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load of the machine at the start: {}", load.split_whitespace().next().unwrap_or("unknown"));
}
