//! Reserved concurrency: executions that a function has for itself, and no more than those.

use store::{Read, Tx};

use super::{Error, FunctionId, account, rows};

/// Reserves so many executions; 0 stops the function from being invoked.
pub fn reserve(tx: &mut Tx, id: &FunctionId, executions: u32) -> Result<(), Error> {
    change(tx, id, Some(executions))
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
