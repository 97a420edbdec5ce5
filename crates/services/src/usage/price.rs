//! A price sheet, and what counts cost by it.

use serde::Deserialize;

use super::Counts;

const GIB_SECOND_MIB_MILLIS: f64 = 1024.0 * 1000.0;
const GB_BYTES: f64 = 1e9;

/// Prices, each for the unit in its name. What a sheet does not name is free.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PriceSheet {
    /// For show: `EUR`, `USD`.
    pub currency: String,
    pub million_requests: f64,
    /// Billed time and configured memory, as Lambda charges.
    pub gib_second: f64,
    /// Processor time that was really used.
    pub cpu_hour: f64,
    pub gb_in: f64,
    pub gb_out: f64,
}

/// What was used, by price.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    pub requests: f64,
    pub compute: f64,
    pub cpu: f64,
    pub traffic: f64,
}

impl Cost {
    pub fn total(&self) -> f64 {
        self.requests + self.compute + self.cpu + self.traffic
    }
}

impl PriceSheet {
    pub fn cost(&self, counts: &Counts) -> Cost {
        Cost {
            requests: amount(counts.requests) / 1e6 * self.million_requests,
            compute: gib_seconds(counts) * self.gib_second,
            cpu: amount(counts.cpu_micros) / 3.6e9 * self.cpu_hour,
            traffic: amount(counts.bytes_in) / GB_BYTES * self.gb_in
                + amount(counts.bytes_out) / GB_BYTES * self.gb_out,
        }
    }
}

/// Billed time multiplied by configured memory, in the unit that Lambda's price lists call GB-second.
pub fn gib_seconds(counts: &Counts) -> f64 {
    amount(counts.billed_mib_millis) / GIB_SECOND_MIB_MILLIS
}

/// Exact up to 2^53, and money is rounded long before.
fn amount(count: u64) -> f64 {
    count as f64
}
