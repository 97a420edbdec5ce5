//! What functions, and what calls them, ARE: rules and rows, with no wire format in sight.
//!
//! Start reading at [`run`] (the border to whatever executes code) and `function`.
//!
//! Invariants:
//! - Nothing here knows HTTP servers, AWS JSON, signatures, ARN text or WebAssembly.
//! - Rows are private to this crate; faces call operations.
//! - Time and ids enter through `store::Tx`.

pub mod name;
mod row;
pub mod run;
