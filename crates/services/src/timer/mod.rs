//! Time that makes things happen: when an expression is due next.
//!
//! Start reading at [`Expression`]; the six fields of `cron` are in `cron`.
//!
//! Always true: what is due next is computed from the expression, its zone and two instants, and from nothing else. No
//! clock is read here.

mod cron;
mod expression;

pub use expression::{Expression, Invalid, Zone};

#[cfg(test)]
mod tests;
