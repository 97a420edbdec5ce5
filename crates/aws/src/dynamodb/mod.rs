//! DynamoDB: tables and items.
//!
//! Start reading at [`TABLE`]. How values travel is in `attribute`, which parameters may stand beside one another in
//! `expression`, what errors are called in `refusal`, the streams of tables in [`stream`]. What a table is and does is in `services::table`.

mod attribute;
mod backup;
mod batch;
mod capacity;
mod expression;
mod item;
mod legacy;
mod name;
mod need;
mod page;
mod refusal;
mod setting;
mod statement;
pub mod stream;
mod table;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde_json::Value;

pub use attribute::AttributeValue;

use crate::call::Call;
use crate::error::{self, Error};
use crate::operation::{Members, Row, Table};
use crate::shapes::dynamodb as shapes;

/// Largest request, in bytes. Source: API reference, BatchWriteItem and BatchGetItem (16 MB, read 2026-11-24).
const REQUEST_BYTES_MAX: usize = 16 << 20;

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "dynamodb",
    service: &shapes::SERVICE,
    invalid: &error::VALIDATION,
    rows: vec![
        Row::new(
            &shapes::BATCH_EXECUTE_STATEMENT_OPERATION,
            "dynamodb:PartiQLSelect",
            any,
            statement::batch_execute_statement,
        )
        .needing(need::of_none)
        .body_max(REQUEST_BYTES_MAX),
        Row::new(&shapes::EXECUTE_STATEMENT_OPERATION, "dynamodb:PartiQLSelect", any, statement::execute_statement)
            .needing(need::of_statement),
        Row::new(&shapes::EXECUTE_TRANSACTION_OPERATION, "dynamodb:PartiQLSelect", any, statement::execute_transaction)
            .needing(need::of_statements)
            .body_max(REQUEST_BYTES_MAX),
        Row::new(&shapes::BATCH_GET_ITEM_OPERATION, "dynamodb:BatchGetItem", any, batch::batch_get_item)
            .needing(need::of_batch_get),
        Row::new(&shapes::BATCH_WRITE_ITEM_OPERATION, "dynamodb:BatchWriteItem", any, batch::batch_write_item)
            .needing(need::of_batch_write)
            .body_max(REQUEST_BYTES_MAX),
        Row::new(&shapes::CREATE_BACKUP_OPERATION, "dynamodb:CreateBackup", named, backup::create_backup),
        Row::new(&shapes::DELETE_BACKUP_OPERATION, "dynamodb:DeleteBackup", in_backup_arn, backup::delete_backup),
        Row::new(&shapes::DESCRIBE_BACKUP_OPERATION, "dynamodb:DescribeBackup", in_backup_arn, backup::describe_backup),
        Row::new(
            &shapes::DESCRIBE_CONTINUOUS_BACKUPS_OPERATION,
            "dynamodb:DescribeContinuousBackups",
            named,
            backup::describe_continuous_backups,
        ),
        Row::new(&shapes::LIST_BACKUPS_OPERATION, "dynamodb:ListBackups", any, backup::list_backups),
        Row::new(
            &shapes::RESTORE_TABLE_FROM_BACKUP_OPERATION,
            "dynamodb:RestoreTableFromBackup",
            in_backup_arn,
            backup::restore_table_from_backup,
        ),
        Row::new(
            &shapes::RESTORE_TABLE_TO_POINT_IN_TIME_OPERATION,
            "dynamodb:RestoreTableToPointInTime",
            source,
            backup::restore_table_to_point_in_time,
        ),
        Row::new(
            &shapes::UPDATE_CONTINUOUS_BACKUPS_OPERATION,
            "dynamodb:UpdateContinuousBackups",
            named,
            backup::update_continuous_backups,
        ),
        Row::new(
            &shapes::DESCRIBE_CONTRIBUTOR_INSIGHTS_OPERATION,
            "dynamodb:DescribeContributorInsights",
            named,
            table::describe_contributor_insights,
        ),
        Row::new(
            &shapes::LIST_CONTRIBUTOR_INSIGHTS_OPERATION,
            "dynamodb:ListContributorInsights",
            any,
            table::list_contributor_insights,
        ),
        Row::new(
            &shapes::DESCRIBE_KINESIS_STREAMING_DESTINATION_OPERATION,
            "dynamodb:DescribeKinesisStreamingDestination",
            named,
            table::describe_kinesis_streaming_destination,
        ),
        Row::new(&shapes::CREATE_TABLE_OPERATION, "dynamodb:CreateTable", named, table::create_table),
        Row::new(&shapes::DELETE_ITEM_OPERATION, "dynamodb:DeleteItem", named, item::delete_item),
        Row::new(&shapes::DELETE_TABLE_OPERATION, "dynamodb:DeleteTable", named, table::delete_table),
        Row::new(&shapes::DESCRIBE_ENDPOINTS_OPERATION, "dynamodb:DescribeEndpoints", any, table::describe_endpoints),
        Row::new(&shapes::DESCRIBE_LIMITS_OPERATION, "dynamodb:DescribeLimits", any, table::describe_limits),
        Row::new(&shapes::DESCRIBE_TABLE_OPERATION, "dynamodb:DescribeTable", named, table::describe_table),
        Row::new(
            &shapes::DESCRIBE_TIME_TO_LIVE_OPERATION,
            "dynamodb:DescribeTimeToLive",
            named,
            setting::describe_time_to_live,
        ),
        Row::new(&shapes::GET_ITEM_OPERATION, "dynamodb:GetItem", named, item::get_item),
        Row::new(&shapes::LIST_TABLES_OPERATION, "dynamodb:ListTables", any, table::list_tables),
        Row::new(
            &shapes::LIST_TAGS_OF_RESOURCE_OPERATION,
            "dynamodb:ListTagsOfResource",
            in_arn,
            setting::list_tags_of_resource,
        ),
        Row::new(&shapes::PUT_ITEM_OPERATION, "dynamodb:PutItem", named, item::put_item),
        Row::new(&shapes::QUERY_OPERATION, "dynamodb:Query", named, page::query),
        Row::new(&shapes::SCAN_OPERATION, "dynamodb:Scan", named, page::scan),
        Row::new(&shapes::TAG_RESOURCE_OPERATION, "dynamodb:TagResource", in_arn, setting::tag_resource),
        Row::new(&shapes::TRANSACT_GET_ITEMS_OPERATION, "dynamodb:GetItem", any, batch::transact_get_items)
            .needing(need::of_transaction),
        Row::new(&shapes::TRANSACT_WRITE_ITEMS_OPERATION, "dynamodb:PutItem", any, batch::transact_write_items)
            .needing(need::of_transaction)
            .body_max(REQUEST_BYTES_MAX),
        Row::new(&shapes::UNTAG_RESOURCE_OPERATION, "dynamodb:UntagResource", in_arn, setting::untag_resource),
        Row::new(&shapes::UPDATE_ITEM_OPERATION, "dynamodb:UpdateItem", named, item::update_item),
        Row::new(&shapes::UPDATE_TABLE_OPERATION, "dynamodb:UpdateTable", named, table::update_table),
        Row::new(
            &shapes::UPDATE_TIME_TO_LIVE_OPERATION,
            "dynamodb:UpdateTimeToLive",
            named,
            setting::update_time_to_live,
        ),
    ],
});

/// The table that a request names, or the index that it reads.
fn named(call: &Call, members: &Members) -> String {
    let text = |key: &str| members.get(key).and_then(Value::as_str);
    let Some(name) = text("TableName") else { return "*".to_owned() };
    let table = need::arn(call, name);
    match text("IndexName") {
        Some(index) => format!("{table}/index/{index}"),
        None => table,
    }
}

fn in_arn(_: &Call, members: &Members) -> String {
    members.get("ResourceArn").and_then(Value::as_str).unwrap_or("*").to_owned()
}

fn in_backup_arn(_: &Call, members: &Members) -> String {
    members.get("BackupArn").and_then(Value::as_str).unwrap_or("*").to_owned()
}

/// The table whose past is restored.
fn source(call: &Call, members: &Members) -> String {
    let named = ["SourceTableName", "SourceTableArn"].into_iter().find_map(|key| members.get(key)?.as_str());
    named.map_or_else(|| "*".to_owned(), |name| need::arn(call, name))
}

fn any(_: &Call, _: &Members) -> String {
    "*".to_owned()
}

/// Runs what waits for the disk where that holds up nobody else.
pub(crate) async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(&error))
}
