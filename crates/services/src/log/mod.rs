//! What functions wrote, and what the platform says of their invocations.
//!
//! Start reading at [`Recorder`], which hears one invocation, and at [`reader`](read), which finds events again. The lines
//! of the platform are in `line`, the layout of journal records in `record`, the names of groups and streams in `name`.
//! What people make, keep, delete and send themselves is in [`group`] and [`put`](put::put).
//!
//! Invariants:
//! - One invocation's events are in the order in which they came, under one stream: that of its environment.
//! - A function's event ends with its line break, and is at most [`EVENT_BYTES_MAX`] long.
//! - Writing a log never fails or delays an invocation.

mod calendar;
pub mod group;
mod line;
mod name;
pub mod put;
pub mod read;
mod record;
mod recorder;

pub use name::{FUNCTION_GROUP_PREFIX, Group, function_group};
pub use recorder::Tail;
pub(crate) use recorder::{Ended, Recorder};

/// Longest event; a longer line is cut into several.
///
/// Source: CloudWatch Logs quotas, "Event size" (256 KB before 2025, 1 MB since; read 2026-11-24). The older one
/// is what log shippers expect.
pub const EVENT_BYTES_MAX: usize = 262_144;

/// What is kept of one invocation's output (10 MiB).
pub const OUTPUT_BYTES_MAX: usize = 10 * 1024 * 1024;

/// What LogType=Tail gives. Source: Lambda API model, `Invoke$LogType` (read 2026-11-24).
pub const TAIL_BYTES: usize = 4_096;

#[cfg(test)]
mod tests;
