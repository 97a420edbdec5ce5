//! Names and ARNs of tables.

use services::name::{AccountId, Region};
use services::table::{TableId, TableName};

use crate::call::Call;
use crate::error::{self, Error};

/// The table that a request names, by its name or its ARN.
pub fn table(call: &Call, text: &str) -> Result<TableId, Error> {
    if text.starts_with("arn:") {
        return in_arn(text).filter(|id| id.account == call.account).ok_or_else(|| {
            error::VALIDATION.with(format!("Invalid TableArn: Invalid ResourceArn provided as input {text}"))
        });
    }
    if !(3..=255).contains(&text.len()) {
        return Err(
            error::VALIDATION.with("TableName must be at least 3 characters long and at most 255 characters long")
        );
    }
    let name = TableName::parse(text).map_err(|_| {
        Error::constraint(text, "tableName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
    })?;
    Ok(TableId { account: call.account.clone(), region: call.region.clone(), name })
}

/// `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`.
pub fn in_arn(arn: &str) -> Option<TableId> {
    let mut parts = arn.strip_prefix("arn:aws:dynamodb:")?.splitn(3, ':');
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    Some(TableId {
        account: AccountId::parse(account).ok()?,
        region: Region::parse(region).ok()?,
        name: TableName::parse(resource.strip_prefix("table/")?).ok()?,
    })
}

pub fn arn(id: &TableId) -> String {
    format!("arn:aws:dynamodb:{}:{}:table/{}", id.region, id.account, id.name.as_str())
}
