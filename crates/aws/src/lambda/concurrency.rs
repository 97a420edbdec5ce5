//! Reserved concurrency.

use services::function::concurrency::{self, Reservation};

use super::arn::Target;
use super::refusal::refuse;
use crate::call::Call;
use crate::error::Error;
use crate::shapes::lambda as shapes;

const FUNCTIONS_ONLY: &str = "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.";

pub async fn put(call: Call, input: shapes::PutFunctionConcurrencyRequest) -> Result<shapes::Concurrency, Error> {
    let id = Target::whole(&call, &input.function_name, FUNCTIONS_ONLY)?;
    let given = input.reserved_concurrent_executions;
    let reservation = Reservation {
        executions: u32::try_from(given).unwrap_or(0), // the model refuses negative numbers
        concurrency_max: call.services.concurrency_max(),
    };
    let done = call.services.functions().change(&id, |tx| concurrency::reserve(tx, &id, &reservation)).await;
    done.map_err(|error| refuse(&call, &id, error))?;
    Ok(shapes::Concurrency { reserved_concurrent_executions: Some(given) })
}

pub async fn get(
    call: Call,
    input: shapes::GetFunctionConcurrencyRequest,
) -> Result<shapes::GetFunctionConcurrencyResponse, Error> {
    let id = Target::whole(&call, &input.function_name, FUNCTIONS_ONLY)?;
    let found = call.services.functions().read(|read| concurrency::reserved(read, &id));
    let reserved = found.map_err(|error| refuse(&call, &id, error))?;
    Ok(shapes::GetFunctionConcurrencyResponse {
        reserved_concurrent_executions: reserved.and_then(|reserved| i32::try_from(reserved).ok()),
    })
}

pub async fn delete(call: Call, input: shapes::DeleteFunctionConcurrencyRequest) -> Result<(), Error> {
    let id = Target::whole(&call, &input.function_name, FUNCTIONS_ONLY)?;
    let done = call.services.functions().change(&id, |tx| concurrency::release(tx, &id)).await;
    done.map_err(|error| refuse(&call, &id, error))
}
