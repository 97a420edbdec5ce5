//! Security Token Service: who a key belongs to.

use std::sync::LazyLock;

use crate::call::Call;
use crate::error::{Error, Kind};
use crate::operation::{Row, Table};
use crate::shapes::sts as shapes;

/// What Query services call a request that breaks a limit of the model.
static VALIDATION_ERROR: Kind = Kind { code: "ValidationError", status: 400, message: "message", typed: false };

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "sts",
    service: &shapes::SERVICE,
    invalid: &VALIDATION_ERROR,
    rows: vec![Row::new(
        &shapes::GET_CALLER_IDENTITY_OPERATION,
        "sts:GetCallerIdentity",
        |_, _| "*".to_owned(),
        get_caller_identity,
    )],
});

async fn get_caller_identity(
    call: Call,
    _: shapes::GetCallerIdentityRequest,
) -> Result<shapes::GetCallerIdentityResponse, Error> {
    let arn = call.caller.arn();
    // A session's user id is the role's id and the session's name; the root's is the account.
    let user_id = match arn.split_once(":assumed-role/") {
        Some((_, role_and_session)) => role_and_session.replace('/', ":"),
        None => call.account.to_string(),
    };
    Ok(shapes::GetCallerIdentityResponse {
        user_id: Some(user_id),
        account: Some(call.account.to_string()),
        arn: Some(arn),
    })
}
