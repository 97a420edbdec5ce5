//! PartiQL.

use std::collections::BTreeMap;

use services::table::{self, Consumed, Execute, Executed, Idempotency};

use super::attribute::{AttributeValue, attributes};
use super::capacity::{self, Told};
use super::item::returns_failed;
use super::{need, refusal};
use crate::call::Call;
use crate::error::{self, Error};
use crate::shapes::dynamodb::{
    BatchExecuteStatementInput, BatchExecuteStatementOutput, BatchStatementError, BatchStatementRequest,
    BatchStatementResponse, ConsumedCapacity, ExecuteStatementInput, ExecuteStatementOutput, ExecuteTransactionInput,
    ExecuteTransactionOutput, ItemResponse,
};

pub async fn execute_statement(call: Call, input: ExecuteStatementInput) -> Result<ExecuteStatementOutput, Error> {
    let execute = Execute {
        consistent: input.consistent_read.unwrap_or(false),
        limit: input.limit.and_then(|limit| usize::try_from(limit).ok()),
        token: input.next_token,
        returns_failed: returns_failed(input.return_values_on_condition_check_failure.as_deref()),
        ..execute(&call, input.statement, input.parameters)?
    };
    let executed = call.services.tables().execute(&execute).await.map_err(refusal::of_item)?;
    let asked = input.return_consumed_capacity.as_deref();
    let (last, token) = executed.last.unzip();
    Ok(ExecuteStatementOutput {
        consumed_capacity: capacity::consumed(asked, &executed.table, &executed.consumed, Told::Sum),
        items: Some(executed.items.into_iter().map(attributes).collect()),
        next_token: token,
        last_evaluated_key: last.map(attributes),
    })
}

/// A statement that reads eventually, its first page.
fn execute(call: &Call, statement: String, parameters: Option<Vec<AttributeValue>>) -> Result<Execute, Error> {
    let parameters = parameters.unwrap_or_default().into_iter().map(AttributeValue::value);
    Ok(Execute {
        account: call.account.clone(),
        region: call.region.clone(),
        statement,
        parameters: parameters.collect::<Result<_, _>>()?,
        consistent: false,
        limit: None,
        token: None,
        returns_failed: false,
    })
}

pub async fn batch_execute_statement(
    call: Call,
    input: BatchExecuteStatementInput,
) -> Result<BatchExecuteStatementOutput, Error> {
    let mut responses = Vec::new();
    let mut units = BTreeMap::new();
    for request in input.statements {
        match one_of_batch(&call, request).await {
            Ok(executed) => {
                add(&mut units, &executed);
                responses.push(BatchStatementResponse {
                    error: None,
                    table_name: Some(executed.table),
                    item: executed.items.into_iter().next().map(attributes),
                });
            }
            Err(fault) => responses.push(BatchStatementResponse { error: Some(fault), ..Default::default() }),
        }
    }
    let asked = input.return_consumed_capacity.as_deref();
    Ok(BatchExecuteStatementOutput { responses: Some(responses), consumed_capacity: told(asked, &units, Told::Sum) })
}

async fn one_of_batch(call: &Call, request: BatchStatementRequest) -> Result<Executed, BatchStatementError> {
    let refuse = |code: &str, message: String| BatchStatementError {
        code: Some(code.to_owned()),
        message: Some(message),
        item: None,
    };
    let need = need::statement_need(call, &request.statement);
    need.map_or(Ok(()), |need| call.may(&need)).map_err(|fault| refuse("AccessDenied", fault.message.into_owned()))?;
    let execute = Execute {
        consistent: request.consistent_read.unwrap_or(false),
        returns_failed: returns_failed(request.return_values_on_condition_check_failure.as_deref()),
        ..execute(call, request.statement, request.parameters)
            .map_err(|fault| refuse("ValidationError", fault.message.into_owned()))?
    };
    call.services.tables().execute_one(&execute).await.map_err(|fault| {
        let text = fault.to_string();
        match fault {
            table::Error::NoSuchTable { .. } => refuse("ResourceNotFound", "Requested resource not found".to_owned()),
            table::Error::NoSuchIndex { .. } => refuse("ResourceNotFound", text),
            table::Error::ConditionFailed { item } => {
                BatchStatementError { item: item.map(attributes), ..refuse("ConditionalCheckFailed", text) }
            }
            table::Error::DuplicateItem => refuse("DuplicateItem", text),
            table::Error::Invalid(_)
            | table::Error::TableExists { .. }
            | table::Error::InUse(_)
            | table::Error::Cancelled(_)
            | table::Error::TokenReused => refuse("ValidationError", text),
            table::Error::Backup(_)
            | table::Error::Stream(_)
            | table::Error::Unreadable(_)
            | table::Error::Store(_) => {
                tracing::error!(error = text, "a statement failed inside");
                refuse("InternalServerError", "Internal server error".to_owned())
            }
        }
    })
}

pub async fn execute_transaction(
    call: Call,
    input: ExecuteTransactionInput,
) -> Result<ExecuteTransactionOutput, Error> {
    let token = input.client_request_token.map(|token| {
        let request = format!("{:?}", input.transact_statements);
        Idempotency::new(call.account.clone(), call.region.clone(), token, request.as_bytes())
    });
    let mut executes = Vec::new();
    for statement in input.transact_statements {
        executes.push(Execute {
            consistent: true,
            returns_failed: returns_failed(statement.return_values_on_condition_check_failure.as_deref()),
            ..execute(&call, statement.statement, statement.parameters)?
        });
    }
    if executes.is_empty() {
        return Err(error::VALIDATION.with("TransactStatements must not be empty"));
    }
    let executed = call.services.tables().execute_all(&executes, token).await.map_err(refusal::of_item)?;
    let mut units = BTreeMap::new();
    executed.iter().for_each(|executed| add(&mut units, executed));
    let told_as = if executed.iter().any(|executed| executed.reads) { Told::Read } else { Told::Write };
    let asked = input.return_consumed_capacity.as_deref();
    Ok(ExecuteTransactionOutput {
        consumed_capacity: told(asked, &units, told_as),
        responses: Some(
            executed
                .into_iter()
                .map(|executed| ItemResponse { item: executed.items.into_iter().next().map(attributes) })
                .collect(),
        ),
    })
}

fn add(units: &mut BTreeMap<String, Consumed>, executed: &Executed) {
    units.entry(executed.table.clone()).or_default().merge(&executed.consumed);
}

fn told(asked: Option<&str>, units: &BTreeMap<String, Consumed>, told: Told) -> Option<Vec<ConsumedCapacity>> {
    asked.filter(|asked| *asked != "NONE")?;
    Some(units.iter().filter_map(|(name, units)| capacity::consumed(asked, name, units, told)).collect())
}
