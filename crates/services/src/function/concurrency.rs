//! Reserved concurrency: executions that a function has for itself, and no more than those.

use store::{Read, Tx};

use super::{Error, FunctionId, account, rows};

/// So many executions out of all that may run at once.
#[derive(Debug, Clone, Copy)]
pub struct Reservation {
    /// 0 stops the function from being invoked.
    pub executions: u32,
    pub concurrency_max: u32,
}

#[cfg(test)]
impl Reservation {
    /// Out of as many as there are where the operator sets no limit.
    pub(crate) fn of_all(executions: u32) -> Reservation {
        Reservation { executions, concurrency_max: account::CONCURRENCY_MAX }
    }
}

/// Reserves executions, as long as enough are left to the functions without a reservation.
pub fn reserve(tx: &mut Tx, id: &FunctionId, reservation: &Reservation) -> Result<(), Error> {
    let before = account::usage(tx, &id.scope)?.reserved;
    change(tx, id, Some(reservation.executions))?;
    let after = account::usage(tx, &id.scope)?;
    // An account that may run less than the minimum can reserve nothing.
    let minimum = account::UNRESERVED_MIN.min(reservation.concurrency_max);
    match after.reserved > before && after.unreserved(reservation.concurrency_max) < minimum {
        true => Err(Error::TooMuchReserved { minimum }),
        false => Ok(()),
    }
}

/// Gives the reservation back: the function shares what is unreserved.
pub fn release(tx: &mut Tx, id: &FunctionId) -> Result<(), Error> {
    change(tx, id, None)
}

pub fn reserved(read: &mut impl Read, id: &FunctionId) -> Result<Option<u32>, Error> {
    Ok(rows::existing(read, id)?.reserved)
}

fn change(tx: &mut Tx, id: &FunctionId, reserved: Option<u32>) -> Result<(), Error> {
    let mut function = rows::existing(tx, id)?;
    account::change(tx, &id.scope, |usage| {
        let others = usage.reserved.saturating_sub(function.reserved.unwrap_or(0));
        usage.reserved = others.saturating_add(reserved.unwrap_or(0));
    })?;
    function.reserved = reserved;
    rows::put_function(tx, id, &function);
    Ok(())
}
