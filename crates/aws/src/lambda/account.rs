//! What an account may have of functions.

use services::function::{self, PACKAGE_BYTES_MAX, UNPACKED_BYTES_MAX, account};

use super::arn;
use crate::call::Call;
use crate::error::Error;
use crate::shapes::lambda as shapes;

pub async fn settings(
    call: Call,
    _: shapes::GetAccountSettingsRequest,
) -> Result<shapes::GetAccountSettingsResponse, Error> {
    let scope = arn::scope(&call);
    let usage = call.services.functions().read(|read| account::usage(read, &scope));
    let usage = usage.map_err(|error: function::Error| Error::internal(&error))?;
    let concurrency_max = call.services.concurrency_max();
    let bytes = |bytes: u64| i64::try_from(bytes).ok();
    Ok(shapes::GetAccountSettingsResponse {
        account_limit: Some(shapes::AccountLimit {
            total_code_size: bytes(account::CODE_BYTES_MAX),
            code_size_unzipped: bytes(UNPACKED_BYTES_MAX),
            code_size_zipped: bytes(PACKAGE_BYTES_MAX),
            concurrent_executions: i32::try_from(concurrency_max).ok(),
            unreserved_concurrent_executions: i32::try_from(usage.unreserved(concurrency_max)).ok(),
        }),
        account_usage: Some(shapes::AccountUsage {
            total_code_size: bytes(usage.code_bytes),
            function_count: bytes(usage.functions),
        }),
    })
}
