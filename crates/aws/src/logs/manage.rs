//! Making, keeping and deleting groups and streams.

use services::log::group::{self as rules, Settings};

use super::{group, invalid, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::logs as shapes;

pub async fn create_log_group(call: Call, input: shapes::CreateLogGroupRequest) -> Result<(), Error> {
    if input.kms_key_id.is_some() {
        return Err(invalid("The specified KMS Key Id could not be found."));
    }
    let settings =
        Settings { retention_days: None, class: input.log_group_class, tags: input.tags.unwrap_or_default() };
    let named = group::named(&call, &input.log_group_name);
    rules::create(call.services.store(), &named, &settings).await.map_err(refuse)
}

pub async fn delete_log_group(call: Call, input: shapes::DeleteLogGroupRequest) -> Result<(), Error> {
    rules::delete(call.services.store(), &group::named(&call, &input.log_group_name)).await.map_err(refuse)
}

pub async fn create_log_stream(call: Call, input: shapes::CreateLogStreamRequest) -> Result<(), Error> {
    let named = group::named(&call, &input.log_group_name);
    rules::create_stream(call.services.store(), &named, &input.log_stream_name).await.map_err(refuse)
}

pub async fn delete_log_stream(call: Call, input: shapes::DeleteLogStreamRequest) -> Result<(), Error> {
    let named = group::named(&call, &input.log_group_name);
    rules::delete_stream(call.services.store(), &named, &input.log_stream_name).await.map_err(refuse)
}

pub async fn put_retention_policy(call: Call, input: shapes::PutRetentionPolicyRequest) -> Result<(), Error> {
    let days = u32::try_from(input.retention_in_days).unwrap_or(0);
    rules::check_retention(days).map_err(refuse)?;
    keep(&call, &input.log_group_name, Some(days)).await
}

pub async fn delete_retention_policy(call: Call, input: shapes::DeleteRetentionPolicyRequest) -> Result<(), Error> {
    keep(&call, &input.log_group_name, None).await
}

async fn keep(call: &Call, name: &str, days: Option<u32>) -> Result<(), Error> {
    let set = |settings: &mut Settings| {
        settings.retention_days = days;
        Ok(())
    };
    rules::change(call.services.store(), &group::named(call, name), set).await.map_err(refuse)
}
