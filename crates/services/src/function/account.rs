//! What an account has of functions in a region, and how much it may have.

use serde::{Deserialize, Serialize};
use store::{Read, Tx};

use super::{Error, Scope, rows};

/// All packages of an account in a region. Source: Lambda quotas, "Storage for uploaded functions" (75 GB, read 2026-11-24).
pub const CODE_BYTES_MAX: u64 = 80_530_636_800;
/// Executions at once, where the operator sets no other limit. Source: Lambda quotas, "Concurrent executions" (read 2026-11-24).
pub const CONCURRENCY_MAX: u32 = 1_000;
/// What reservations must leave to functions without one. Source: Lambda developer guide, "Configuring reserved
/// concurrency" (read 2026-11-24).
pub const UNRESERVED_MIN: u32 = 100;

/// Sums over an account's functions in a region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub functions: u64,
    /// Sizes of all versions' packages. A package counts as often as a version has it.
    pub code_bytes: u64,
    pub reserved: u32,
}

impl Usage {
    /// What reservations leave of the executions that may run at once.
    pub fn unreserved(&self, concurrency_max: u32) -> u32 {
        concurrency_max.saturating_sub(self.reserved)
    }
}

pub fn usage(read: &mut impl Read, scope: &Scope) -> Result<Usage, Error> {
    Ok(rows::usage(read, scope)?.unwrap_or_default())
}

/// Applies `change` to the sums and holds the code's size against its limit.
pub(super) fn change(tx: &mut Tx, scope: &Scope, change: impl FnOnce(&mut Usage)) -> Result<(), Error> {
    let before = usage(tx, scope)?;
    let mut after = before.clone();
    change(&mut after);
    if after.code_bytes > before.code_bytes && after.code_bytes > CODE_BYTES_MAX {
        return Err(Error::CodeStorageFull { bytes: after.code_bytes });
    }
    rows::put_usage(tx, scope, &after);
    Ok(())
}
