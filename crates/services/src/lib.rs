//! What functions, and what calls them, ARE: rules and rows, with no wire format in sight.
//!
//! Start reading at [`Services`] (what faces hold), [`invoke`] (the hot path) and [`run`] (the border to whatever
//! executes code).
//!
//! Invariants:
//! - Nothing here knows HTTP servers, AWS JSON, signatures or WebAssembly. ARNs are text, but in `identity`: policies
//!   are written with them.
//! - Rows are private to this crate; faces call operations.
//! - Time and ids that end up in rows enter through `store::Tx`.

pub mod bucket;
pub mod bus;
pub mod delivery;
pub mod function;
pub mod identity;
pub mod invoke;
pub mod log;
pub mod mapping;
pub mod name;
pub mod outside;
pub mod pattern;
pub mod queue;
mod random;
mod row;
pub mod run;
pub mod schedule;
mod services;
pub mod stream;
pub mod table;
pub mod timer;
pub mod topic;
pub mod trace;
pub mod usage;

pub use services::{OpenError, Options, Services};
