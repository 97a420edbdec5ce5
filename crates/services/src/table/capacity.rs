//! What requests consume, in capacity units.
//!
//! Source: DynamoDB developer guide, "Read and write operations" (read 2026-11-24): a unit reads 4 KB consistently, or
//! twice as much eventually, and writes 1 KB; a transaction takes twice as many.

use std::collections::BTreeMap;

use super::schema::{Index, Reach};

const READ_UNIT_BYTES: usize = 4096;
const WRITE_UNIT_BYTES: usize = 1024;

/// Units that one request took of a table and of its indexes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Consumed {
    pub table: f64,
    pub local: BTreeMap<String, f64>,
    pub global: BTreeMap<String, f64>,
}

impl Consumed {
    pub fn total(&self) -> f64 {
        self.table + self.local.values().sum::<f64>() + self.global.values().sum::<f64>()
    }

    /// Adds what an index took, or without one the table.
    pub(super) fn add(&mut self, index: Option<&Index>, units: f64) {
        match index.map(|index| (index.reach, index.name.clone())) {
            None => self.table += units,
            Some((Reach::Local, name)) => *self.local.entry(name).or_default() += units,
            Some((Reach::Global, name)) => *self.global.entry(name).or_default() += units,
        }
    }

    pub fn merge(&mut self, other: &Consumed) {
        self.table += other.table;
        for (mine, theirs) in [(&mut self.local, &other.local), (&mut self.global, &other.global)] {
            for (name, units) in theirs {
                *mine.entry(name.clone()).or_default() += units;
            }
        }
    }

    #[must_use]
    pub(super) fn times(mut self, factor: f64) -> Consumed {
        self.table *= factor;
        self.local.values_mut().chain(self.global.values_mut()).for_each(|units| *units *= factor);
        self
    }
}

/// Units for reading so many bytes. Nothing found is one read, too.
pub(super) fn read_units(bytes: usize, consistent: bool) -> f64 {
    let units = bytes.div_ceil(READ_UNIT_BYTES).max(1) as f64;
    if consistent { units } else { units / 2.0 }
}

pub(super) fn write_units(bytes: usize) -> f64 {
    bytes.div_ceil(WRITE_UNIT_BYTES).max(1) as f64
}
