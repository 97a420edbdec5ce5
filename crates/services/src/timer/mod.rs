//! Time that makes things happen: when an expression is due next.
//!
//! Start reading at [`Expression`]; the six fields of `cron` are in `cron`. What waits for its time is a row (`rows`); the
//! delivery loop sleeps until the first is due.
//!
//! Always true:
//! - What is due next is computed from the expression, its zone and two instants, and from nothing else. No clock is
//!   read here.
//! - A timer fires in the commit that deletes its row: once, however late.

mod cron;
mod expression;
pub(crate) mod rows;

pub use expression::{Expression, Invalid, Zone};

#[cfg(test)]
mod tests;
