//! A bus's policy: who else may put events on it.

use store::Tx;

use super::{BusId, Error, change};
use crate::identity::Statement;

/// The whole policy as JSON. Source: EventBridge quotas, "Event bus policy size" (read 2026-11-24).
pub const POLICY_BYTES_MAX: usize = 10_240;

/// Puts a statement in the place of the one of the same id, or behind the others.
pub fn put(tx: &mut Tx, id: &BusId, statement: &Statement) -> Result<(), Error> {
    change(tx, id, |bus| {
        match bus.policy.iter_mut().find(|known| known.sid == statement.sid) {
            Some(known) => *known = statement.clone(),
            None => bus.policy.push(statement.clone()),
        }
        check(&bus.policy)
    })
}

/// Puts these statements in the place of all others.
pub fn replace(tx: &mut Tx, id: &BusId, statements: &[Statement]) -> Result<(), Error> {
    change(tx, id, |bus| {
        bus.policy = statements.to_vec();
        check(&bus.policy)
    })
}

pub fn remove(tx: &mut Tx, id: &BusId, sid: &str) -> Result<(), Error> {
    change(tx, id, |bus| {
        if bus.policy.is_empty() {
            return Err(Error::NoPolicy);
        }
        let before = bus.policy.len();
        bus.policy.retain(|statement| statement.sid.as_deref() != Some(sid));
        match bus.policy.len() == before {
            true => Err(Error::NoSuchStatement),
            false => Ok(()),
        }
    })
}

fn check(policy: &[Statement]) -> Result<(), Error> {
    let bytes = serde_json::to_string(policy).expect("statements are JSON").len();
    match bytes > POLICY_BYTES_MAX {
        true => Err(Error::PolicyTooLong { bytes }),
        false => Ok(()),
    }
}
