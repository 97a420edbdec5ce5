//! What was used: counted per function version and minute, and priced by a sheet.
//!
//! Start reading at [`Meter`]: invocations add to it in memory, and what has gathered is committed in groups.
//! [`totals`] reads it back; [`price`] turns it into money.
//!
//! Invariants:
//! - Counts are whole numbers of the smallest unit: nothing is rounded twice.
//! - After a clean stop the rows are exact; after a crash they lack at most what one flush interval gathered.

mod meter;
pub mod price;
mod rows;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::{Order, Read, Timestamp};

pub use meter::Meter;

use crate::name::{AccountId, FunctionName, Region, Version};
use crate::row::Unreadable;
use crate::run::{End, Report};

/// Rows that are read at once.
const PAGE_ROWS: usize = 1_000;
const MINUTE_MILLIS: i64 = 60_000;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What was used within some span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Invocations that ran, well or not.
    pub requests: u64,
    pub billed_millis: u64,
    /// Billed time multiplied by the memory that the function is set to.
    pub billed_mib_millis: u64,
    pub cpu_micros: u64,
    pub init_micros: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub cold_starts: u64,
    /// Of the requests: how many ended in an error, a crash or at the deadline.
    pub errors: u64,
    /// Refused because of concurrency; not among the requests.
    pub throttles: u64,
}

impl Counts {
    pub fn of_invocation(report: &Report, memory_mib: u32) -> Counts {
        let billed_millis = billed(report).as_millis().try_into().unwrap_or(u64::MAX);
        Counts {
            requests: 1,
            billed_millis,
            billed_mib_millis: billed_millis.saturating_mul(memory_mib.into()),
            cpu_micros: micros(report.cpu),
            init_micros: micros(report.init.unwrap_or_default()),
            bytes_in: report.bytes_in,
            bytes_out: report.bytes_out,
            cold_starts: u64::from(report.init.is_some()),
            errors: u64::from(report.end != End::Ok),
            throttles: 0,
        }
    }

    pub const THROTTLED: Counts = Counts {
        requests: 0,
        billed_millis: 0,
        billed_mib_millis: 0,
        cpu_micros: 0,
        init_micros: 0,
        bytes_in: 0,
        bytes_out: 0,
        cold_starts: 0,
        errors: 0,
        throttles: 1,
    };

    pub fn add(&mut self, more: &Counts) {
        let pairs = [
            (&mut self.requests, more.requests),
            (&mut self.billed_millis, more.billed_millis),
            (&mut self.billed_mib_millis, more.billed_mib_millis),
            (&mut self.cpu_micros, more.cpu_micros),
            (&mut self.init_micros, more.init_micros),
            (&mut self.bytes_in, more.bytes_in),
            (&mut self.bytes_out, more.bytes_out),
            (&mut self.cold_starts, more.cold_starts),
            (&mut self.errors, more.errors),
            (&mut self.throttles, more.throttles),
        ];
        for (sum, part) in pairs {
            *sum = sum.saturating_add(part);
        }
    }
}

/// The time that is charged: init and duration together, rounded up to the millisecond, at least one.
///
/// Source: AWS Compute Blog, "AWS Lambda standardizes billing for INIT Phase" (in force since 2025-08-01; read
/// 2026-11-24); a log of December 2025 shows a duration of 5000.00 ms and an init of 578.07 ms billed as 5579 ms.
pub fn billed(report: &Report) -> Duration {
    let time = report.duration + report.init.unwrap_or_default();
    let millis = time.as_nanos().div_ceil(1_000_000).max(1);
    Duration::from_millis(millis.try_into().unwrap_or(u64::MAX))
}

/// What is asked of the counts: minutes that begin at `from` or later and before `to`.
#[derive(Debug, Clone)]
pub struct Query {
    pub account: AccountId,
    pub region: Region,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Only this function; all of them without it.
    pub function: Option<FunctionName>,
}

/// One function version in one minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub minute: Timestamp,
    pub function: FunctionName,
    pub version: Version,
    pub counts: Counts,
}

/// Gives every line within a query to `take`, in order of time.
pub fn each(read: &mut impl Read, query: &Query, mut take: impl FnMut(Line)) -> Result<(), Error> {
    let mut range = rows::range(query);
    loop {
        let page = read.scan(range.clone(), Order::Forward, PAGE_ROWS)?;
        for (key, row) in &page {
            let line = rows::decode(key, row)?;
            if query.function.as_ref().is_none_or(|function| *function == line.function) {
                take(line);
            }
        }
        match page.last() {
            Some((last, _)) if page.len() == PAGE_ROWS => range = range.after(last),
            Some(_) | None => return Ok(()),
        }
    }
}

/// Sums over a query's time, by function and version.
pub fn totals(read: &mut impl Read, query: &Query) -> Result<BTreeMap<(FunctionName, Version), Counts>, Error> {
    let mut totals = BTreeMap::<_, Counts>::new();
    each(read, query, |line| totals.entry((line.function, line.version)).or_default().add(&line.counts))?;
    Ok(totals)
}

/// The minute that an instant lies in.
fn minute(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis().div_euclid(MINUTE_MILLIS) * MINUTE_MILLIS)
}

fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
