//! How queues are addressed: URLs and ARNs.

use services::function::Scope;
use services::name::{AccountId, Region};
use services::queue::{QueueId, QueueName};

use crate::call::Call;
use crate::error::Error;
use crate::shapes::sqs::error::INVALID_ADDRESS;

use super::refusal;

/// The queue of that name in the caller's account and region.
pub fn named(call: &Call, name: &str) -> Option<QueueId> {
    let scope = Scope { account: call.account.clone(), region: call.region.clone() };
    Some(QueueId { scope, name: QueueName::parse(name).ok()? })
}

/// The queue that a URL names by the end of its path, `/account/name`, whatever host it has.
pub fn of_url(call: &Call, url: &str) -> Result<QueueId, Error> {
    let invalid = || INVALID_ADDRESS.with(format!("The address {url} is not valid for this endpoint."));
    let path = url.split_once("://").map_or(url, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let mut parts = path.trim_end_matches('/').rsplit('/');
    let (Some(name), Some(account)) = (parts.next(), parts.next()) else { return Err(invalid()) };
    let account = AccountId::parse(account).map_err(|_| invalid())?;
    let scope = Scope { account, region: call.region.clone() };
    let name = QueueName::parse(name).map_err(|_| refusal::no_such_queue())?;
    // Another account's queues are none that this caller can see.
    match scope.account == call.account {
        true => Ok(QueueId { scope, name }),
        false => Err(refusal::no_such_queue()),
    }
}

/// The address that a client is told, on the host that it asked.
pub fn url(call: &Call, id: &QueueId) -> String {
    format!("http://{}/{}/{}", call.authority, id.scope.account, id.name)
}

pub fn arn(id: &QueueId) -> String {
    format!("arn:aws:sqs:{}:{}:{}", id.scope.region, id.scope.account, id.name)
}

pub fn of_arn(arn: &str) -> Option<QueueId> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", "aws", "sqs", region, account, name] = parts.as_slice() else { return None };
    Some(QueueId {
        scope: Scope { account: AccountId::parse(account).ok()?, region: Region::parse(region).ok()? },
        name: QueueName::parse(name).ok()?,
    })
}
