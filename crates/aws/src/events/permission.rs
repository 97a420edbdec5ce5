//! PutPermission and RemovePermission: a bus's policy.

use serde::Deserialize;
use services::bus::permission;
use services::identity::Statement;
use services::identity::policy::{Principals, UnknownOperator};

use super::name;
use super::refusal::{invalid, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::events as shapes;

/// What may be allowed to others by a single statement.
const ACTIONS: [&str; 1] = ["events:PutEvents"];

pub async fn put(call: Call, input: shapes::PutPermissionRequest) -> Result<(), Error> {
    let id = name::bus(&call, input.event_bus_name.as_deref())?;
    let done = match &input.policy {
        Some(policy) => {
            let statements = statements(policy)?;
            call.services.transact(|tx| permission::replace(tx, &id, &statements)).await
        }
        None => {
            let statement = statement(&input, &name::bus_arn(&call, &id.name))?;
            call.services.transact(|tx| permission::put(tx, &id, &statement)).await
        }
    };
    done.map_err(refuse)
}

pub async fn remove(call: Call, input: shapes::RemovePermissionRequest) -> Result<(), Error> {
    let id = name::bus(&call, input.event_bus_name.as_deref())?;
    let done = match (input.remove_all_permissions, &input.statement_id) {
        (Some(true), _) => call.services.transact(|tx| permission::replace(tx, &id, &[])).await,
        (_, Some(sid)) => call.services.transact(|tx| permission::remove(tx, &id, sid)).await,
        (_, None) => return Err(invalid("Parameter(s) StatementId must be specified.")),
    };
    done.map_err(refuse)
}

/// One statement or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Statements {
    One(Box<Statement>),
    Many(Vec<Statement>),
}

#[derive(Deserialize)]
struct Policy {
    #[serde(rename = "Statement")]
    statement: Statements,
}

fn statements(policy: &str) -> Result<Vec<Statement>, Error> {
    let policy: Policy = serde_json::from_str(policy).map_err(|_| invalid("This policy contains invalid Json"))?;
    Ok(match policy.statement {
        Statements::One(statement) => vec![*statement],
        Statements::Many(statements) => statements,
    })
}

fn statement(input: &shapes::PutPermissionRequest, resource: &str) -> Result<Statement, Error> {
    let missing = |name: &str| invalid(format!("Parameter(s) {name} must be specified."));
    let action = input.action.as_deref().ok_or_else(|| missing("Action"))?;
    let principal = input.principal.as_deref().ok_or_else(|| missing("Principal"))?;
    let sid = input.statement_id.as_deref().ok_or_else(|| missing("StatementId"))?;
    if !ACTIONS.contains(&action) {
        return Err(invalid("Provided value in parameter 'action' is not supported."));
    }
    let principals = match principal {
        "*" => Principals::everyone(),
        account => Principals::parse(&format!("arn:aws:iam::{account}:root")),
    };
    let statement = Statement::allow(sid, principals, action, resource);
    match &input.condition {
        Some(condition) => {
            statement.when(&condition.kind, &condition.key, &condition.value).map_err(|UnknownOperator { .. }| {
                invalid("Provided value in parameter 'condition.type' is not supported.")
            })
        }
        None => Ok(statement),
    }
}
