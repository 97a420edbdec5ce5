//! What an environment uses: CPU time and memory, from its cgroup or from `/proc`.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::sandbox::Body;

/// How often memory is looked at while an invocation runs. The kernel's limit stands behind it where there is one.
const WATCH_INTERVAL: Duration = Duration::from_millis(100);

/// Processes of one sandbox that are looked at, against one that forks without end.
const PROCESSES_MAX: usize = 2_048;

pub struct Meter {
    body: Arc<Body>,
    pid: Option<u32>,
    peak_bytes: AtomicU64,
    looked: Mutex<Option<Instant>>,
    memory_bytes_max: u64,
}

impl Meter {
    pub fn new(body: Arc<Body>, memory_bytes_max: u64) -> Meter {
        let pid = body.pid();
        Meter { body, pid, peak_bytes: AtomicU64::new(0), looked: Mutex::new(None), memory_bytes_max }
    }

    /// CPU time of everything that has run in the sandbox.
    pub fn cpu(&self) -> Duration {
        let counted = self.body.group().and_then(|group| group.cpu());
        counted.unwrap_or_else(|| self.processes().iter().filter_map(|pid| cpu_of(*pid)).sum())
    }

    /// The most memory seen so far; looks again unless that was done a moment ago.
    pub fn peak_bytes(&self) -> u64 {
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_none_or(|looked| looked.elapsed() >= WATCH_INTERVAL) {
            self.look();
        }
        self.peak_bytes.load(Ordering::Relaxed)
    }

    /// Returns once the environment holds more memory than it may.
    pub async fn over_memory(&self) {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + WATCH_INTERVAL, WATCH_INTERVAL);
        loop {
            ticks.tick().await;
            if self.look() > self.memory_bytes_max {
                return;
            }
        }
    }

    /// Whether the kernel killed something inside for want of memory.
    pub fn ran_out(&self) -> bool {
        self.body.group().is_some_and(|group| group.ran_out())
    }

    fn look(&self) -> u64 {
        let held = match self.body.group() {
            Some(group) if self.body.memory_is_limited => group.held_bytes(),
            _ => None,
        };
        let bytes = held.unwrap_or_else(|| self.processes().iter().filter_map(|pid| proportional_bytes(*pid)).sum());
        self.peak_bytes.fetch_max(bytes, Ordering::Relaxed);
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        bytes
    }

    /// The init and everything below it.
    fn processes(&self) -> Vec<u32> {
        let mut found: Vec<u32> = self.pid.into_iter().collect();
        let mut at = 0;
        while at < found.len() && found.len() < PROCESSES_MAX {
            found.extend(children(found[at]));
            at += 1;
        }
        found
    }
}

fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()).collect()
}

fn proportional_bytes(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1_024)
}

/// User and system time, with that of children that were waited for.
fn cpu_of(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let ticks: u64 =
        stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(4).filter_map(|n| n.parse::<u64>().ok()).sum();
    // Linux reports clock ticks of 10 ms to programs, on every architecture that Nought runs on.
    Some(Duration::from_millis(ticks * 10))
}
