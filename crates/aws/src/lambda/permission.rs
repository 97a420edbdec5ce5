//! Permissions: who else may call a function.

use serde::Serialize;
use services::function::{self, permission};
use services::identity::Statement;
use services::identity::policy::{Principals, UnknownOperator};

use super::arn::Target;
use super::refusal::{conflict, invalid, not_found, refuse, stale};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::lambda as shapes;

pub async fn add(call: Call, input: shapes::AddPermissionRequest) -> Result<shapes::AddPermissionResponse, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let statement = statement(&input, &target.arn(&call))?;
    let (id, qualifier) = (&target.id, target.qualifier.as_ref());
    let revision = input.revision_id.as_deref();
    let functions = call.services.functions();
    let added = functions.change(id, |tx| permission::add(tx, id, qualifier, &statement, revision)).await;
    added.map_err(|error| refused(&call, &target, &input.statement_id, error))?;
    Ok(shapes::AddPermissionResponse { statement: Some(text(&statement)?) })
}

pub async fn remove(call: Call, input: shapes::RemovePermissionRequest) -> Result<(), Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let (id, qualifier) = (&target.id, target.qualifier.as_ref());
    let revision = input.revision_id.as_deref();
    let functions = call.services.functions();
    let removed = functions.change(id, |tx| permission::remove(tx, id, qualifier, &input.statement_id, revision)).await;
    removed.map_err(|error| match error {
        function::Error::NoPolicy => not_found("No policy is associated with the given resource."),
        error => refused(&call, &target, &input.statement_id, error),
    })
}

pub async fn get(call: Call, input: shapes::GetPolicyRequest) -> Result<shapes::GetPolicyResponse, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let found = call.services.functions().read(|read| permission::policy(read, &target.id, target.qualifier.as_ref()));
    let (statements, revision) = found.map_err(|error| refuse(&call, &target.id, error))?;
    let policy = Policy { version: "2012-10-17", id: "default", statement: &statements };
    Ok(shapes::GetPolicyResponse { policy: Some(text(&policy)?), revision_id: Some(revision) })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy<'a> {
    version: &'static str,
    id: &'static str,
    statement: &'a [Statement],
}

fn text(document: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(document).map_err(|error| Error::internal(&error))
}

fn refused(call: &Call, target: &Target, sid: &str, error: function::Error) -> Error {
    match error {
        function::Error::StatementExists => conflict(format!(
            "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the existing statement."
        )),
        function::Error::NoSuchStatement => not_found(format!("Statement {sid} is not found in resource policy.")),
        function::Error::StaleRevision { .. } => stale("GetPolicy"),
        error => refuse(call, &target.id, error),
    }
}

/// The statement that a request describes, on this resource.
fn statement(input: &shapes::AddPermissionRequest, resource: &str) -> Result<Statement, Error> {
    if input.function_url_auth_type.is_some() && input.action != "lambda:InvokeFunctionUrl" {
        return Err(invalid("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"));
    }
    let via_url = input.invoked_via_function_url.map(|via| via.to_string());
    let conditions = [
        ("StringEquals", "AWS:SourceAccount", input.source_account.as_deref()),
        ("StringEquals", "aws:PrincipalOrgID", input.principal_org_id.as_deref()),
        ("StringEquals", "lambda:EventSourceToken", input.event_source_token.as_deref()),
        ("StringEquals", "lambda:FunctionUrlAuthType", input.function_url_auth_type.as_deref()),
        ("ArnLike", "AWS:SourceArn", input.source_arn.as_deref()),
        ("Bool", "lambda:InvokedViaFunctionUrl", via_url.as_deref()),
    ];
    let mut statement = Statement::allow(&input.statement_id, principal(&input.principal)?, &input.action, resource);
    for (operator, key, value) in conditions {
        if let Some(value) = value {
            statement =
                statement.when(operator, key, value).map_err(|error: UnknownOperator| Error::internal(&error))?;
        }
    }
    Ok(statement)
}

/// Everyone, a service, an account or an ARN. An account is written as its root's ARN, as the service does.
fn principal(text: &str) -> Result<Principals, Error> {
    let account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        _ if account => Ok(Principals::parse(&format!("arn:aws:iam::{text}:root"))),
        "*" => Ok(Principals::everyone()),
        _ if text.ends_with(".amazonaws.com") || text.starts_with("arn:") => Ok(Principals::parse(text)),
        _ => Err(invalid("The provided principal was invalid. Please check the principal and try again.")),
    }
}
