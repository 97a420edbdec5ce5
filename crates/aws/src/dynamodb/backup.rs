//! Copies of tables: backups, and tables that are restored from them or from a table's past.

use services::table::backup::{self, Backup, BackupId, Changed, Kind, ListBackups, Restore, Source};
use services::table::{self, HISTORY_DAYS_MAX, Reach, Table, TableId};
use store::Timestamp;

use super::table::{billing, created, describe_new, key_schema, on_demand, projection, seconds, throughput};
use super::{name, refusal};
use crate::call::Call;
use crate::error::{self, Error};
use crate::shapes::dynamodb::error::{
    BACKUP_IN_USE_EXCEPTION, BACKUP_NOT_FOUND_EXCEPTION, CONTINUOUS_BACKUPS_UNAVAILABLE_EXCEPTION,
    INVALID_RESTORE_TIME_EXCEPTION, POINT_IN_TIME_RECOVERY_UNAVAILABLE_EXCEPTION, TABLE_ALREADY_EXISTS_EXCEPTION,
    TABLE_IN_USE_EXCEPTION, TABLE_NOT_FOUND_EXCEPTION,
};
use crate::shapes::dynamodb::{
    BackupDescription, BackupDetails, BackupSummary, ContinuousBackupsDescription, CreateBackupInput,
    CreateBackupOutput, DeleteBackupInput, DeleteBackupOutput, DescribeBackupInput, DescribeBackupOutput,
    DescribeContinuousBackupsInput, DescribeContinuousBackupsOutput, GlobalSecondaryIndex, GlobalSecondaryIndexInfo,
    ListBackupsInput, ListBackupsOutput, LocalSecondaryIndex, LocalSecondaryIndexInfo, OnDemandThroughput,
    PointInTimeRecoveryDescription, ProvisionedThroughput, RestoreTableFromBackupInput, RestoreTableFromBackupOutput,
    RestoreTableToPointInTimeInput, RestoreTableToPointInTimeOutput, SSEDescription, SSESpecification,
    SourceTableDetails, SourceTableFeatureDetails, UpdateContinuousBackupsInput, UpdateContinuousBackupsOutput,
};

/// Backups of a page where the request names no limit. Source: API model, `BackupsInputLimit` (read 2026-11-24).
const PAGE_BACKUPS: usize = 100;

pub async fn create_backup(call: Call, input: CreateBackupInput) -> Result<CreateBackupOutput, Error> {
    let id = name::table(&call, &input.table_name)?;
    let backup = call.services.tables().back_up(&id, &input.backup_name).await.map_err(|error| refuse(error, ""))?;
    Ok(CreateBackupOutput { backup_details: Some(details(&backup, status(&backup))) })
}

pub async fn describe_backup(call: Call, input: DescribeBackupInput) -> Result<DescribeBackupOutput, Error> {
    let backup = call.services.tables().backup(&in_arn(&call, &input.backup_arn)?);
    let backup = backup.map_err(|error| refuse(error, &input.backup_arn))?;
    Ok(DescribeBackupOutput { backup_description: Some(description(&backup, status(&backup))) })
}

pub async fn delete_backup(call: Call, input: DeleteBackupInput) -> Result<DeleteBackupOutput, Error> {
    let deleted = call.services.tables().delete_backup(&in_arn(&call, &input.backup_arn)?).await;
    let backup = deleted.map_err(|error| refuse(error, &input.backup_arn))?;
    Ok(DeleteBackupOutput { backup_description: Some(description(&backup, "DELETED")) })
}

pub async fn list_backups(call: Call, input: ListBackupsInput) -> Result<ListBackupsOutput, Error> {
    let table = input.table_name.as_deref().map(|text| name::table(&call, text)).transpose()?;
    let list = ListBackups {
        account: call.account.clone(),
        region: call.region.clone(),
        table: table.map(|table| table.name.as_str().to_owned()),
        from: input.time_range_lower_bound.map(moment),
        to: input.time_range_upper_bound.map(moment),
        kind: match input.backup_type.as_deref() {
            Some("SYSTEM") => Some(Kind::System),
            Some("ALL") => None,
            // Those of the user are listed where nothing else is asked for; those of AWS Backup do not exist here.
            Some(_) | None => Some(Kind::User),
        },
        after: input.exclusive_start_backup_arn.as_deref().map(|arn| in_arn(&call, arn)).transpose()?,
        limit: input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_BACKUPS),
    };
    if input.backup_type.as_deref() == Some("AWS_BACKUP") {
        return Ok(ListBackupsOutput { backup_summaries: Some(Vec::new()), last_evaluated_backup_arn: None });
    }
    let (backups, more) = call.services.tables().backups(&list).map_err(|error| refuse(error, ""))?;
    Ok(ListBackupsOutput {
        last_evaluated_backup_arn: backups.last().filter(|_| more).map(|backup| arn(&backup.id)),
        backup_summaries: Some(backups.iter().map(summary).collect()),
    })
}

pub async fn restore_table_from_backup(
    call: Call,
    input: RestoreTableFromBackupInput,
) -> Result<RestoreTableFromBackupOutput, Error> {
    let restore = Restore {
        target: name::table(&call, &input.target_table_name)?,
        source: Source::Backup(in_arn(&call, &input.backup_arn)?),
        changed: changed(
            input.billing_mode_override.as_deref(),
            input.provisioned_throughput_override,
            input.on_demand_throughput_override,
            input.sse_specification_override,
            input.global_secondary_index_override,
            input.local_secondary_index_override,
        ),
    };
    let table = call.services.tables().restore(&restore).await.map_err(|error| refuse(error, &input.backup_arn))?;
    Ok(RestoreTableFromBackupOutput { table_description: Some(describe_new(&table)) })
}

pub async fn restore_table_to_point_in_time(
    call: Call,
    input: RestoreTableToPointInTimeInput,
) -> Result<RestoreTableToPointInTimeOutput, Error> {
    let given = [input.source_table_name.as_deref(), input.source_table_arn.as_deref()];
    let Some(source) = given.into_iter().flatten().next() else {
        return Err(error::VALIDATION.with("Either SourceTableName or SourceTableArn must be specified"));
    };
    let at = match (input.use_latest_restorable_time.unwrap_or(false), input.restore_date_time) {
        (true, None) => None,
        (false, Some(at)) => Some(moment(at)),
        (true, Some(_)) | (false, None) => {
            return Err(
                error::VALIDATION.with("Exactly one of UseLatestRestorableTime and RestoreDateTime must be specified")
            );
        }
    };
    let restore = Restore {
        target: name::table(&call, &input.target_table_name)?,
        source: Source::Past { table: name::table(&call, source)?, at },
        changed: changed(
            input.billing_mode_override.as_deref(),
            input.provisioned_throughput_override,
            input.on_demand_throughput_override,
            input.sse_specification_override,
            input.global_secondary_index_override,
            input.local_secondary_index_override,
        ),
    };
    let table = call.services.tables().restore(&restore).await.map_err(|error| refuse(error, ""))?;
    Ok(RestoreTableToPointInTimeOutput { table_description: Some(describe_new(&table)) })
}

fn changed(
    billing_mode: Option<&str>,
    units: Option<ProvisionedThroughput>,
    bounds: Option<OnDemandThroughput>,
    encryption: Option<SSESpecification>,
    global: Option<Vec<GlobalSecondaryIndex>>,
    local: Option<Vec<LocalSecondaryIndex>>,
) -> Changed {
    Changed {
        billing: billing_mode.map(billing),
        throughput: units.map(throughput),
        on_demand: bounds.map(on_demand),
        encrypted: encryption.and_then(|given| given.enabled),
        global: global.map(|indexes| indexes.into_iter().map(|index| index.index_name).collect()),
        local: local.map(|indexes| indexes.into_iter().map(|index| index.index_name).collect()),
    }
}

pub async fn describe_continuous_backups(
    call: Call,
    input: DescribeContinuousBackupsInput,
) -> Result<DescribeContinuousBackupsOutput, Error> {
    let id = name::table(&call, &input.table_name)?;
    let (table, _, _) = call.services.tables().describe(&id).map_err(|error| refuse(error, ""))?;
    Ok(DescribeContinuousBackupsOutput { continuous_backups_description: Some(continuous(&call, &table)) })
}

pub async fn update_continuous_backups(
    call: Call,
    input: UpdateContinuousBackupsInput,
) -> Result<UpdateContinuousBackupsOutput, Error> {
    let id = name::table(&call, &input.table_name)?;
    let wanted = input.point_in_time_recovery_specification;
    let days = match (wanted.point_in_time_recovery_enabled, wanted.recovery_period_in_days) {
        (true, days) => Some(days.unwrap_or(HISTORY_DAYS_MAX)),
        (false, None) => None,
        (false, Some(_)) => {
            return Err(error::VALIDATION
                .with("RecoveryPeriodInDays can only be specified when PointInTimeRecoveryEnabled is true"));
        }
    };
    let table = call.services.tables().set_history(&id, days).await.map_err(|error| match error {
        table::Error::InUse(text) => CONTINUOUS_BACKUPS_UNAVAILABLE_EXCEPTION.with(text),
        other => refuse(other, ""),
    })?;
    Ok(UpdateContinuousBackupsOutput { continuous_backups_description: Some(continuous(&call, &table)) })
}

/// Backups are always there to be asked for; the past is kept where it was switched on.
fn continuous(call: &Call, table: &Table) -> ContinuousBackupsDescription {
    let now = call.services.store().clock();
    let description = match &table.settings.history {
        None => PointInTimeRecoveryDescription {
            point_in_time_recovery_status: Some("DISABLED".to_owned()),
            ..PointInTimeRecoveryDescription::default()
        },
        Some(history) => {
            let earliest = history.earliest(now);
            PointInTimeRecoveryDescription {
                point_in_time_recovery_status: Some("ENABLED".to_owned()),
                recovery_period_in_days: Some(history.days),
                earliest_restorable_date_time: Some(created(earliest)),
                latest_restorable_date_time: Some(created(earliest.max(now))),
            }
        }
    };
    ContinuousBackupsDescription {
        continuous_backups_status: "ENABLED".to_owned(),
        point_in_time_recovery_description: Some(description),
    }
}

fn status(backup: &Backup) -> &'static str {
    match backup.available {
        true => "AVAILABLE",
        false => "CREATING",
    }
}

fn kind(backup: &Backup) -> String {
    match backup.kind {
        Kind::User => "USER",
        Kind::System => "SYSTEM",
    }
    .to_owned()
}

fn details(backup: &Backup, status: &str) -> BackupDetails {
    BackupDetails {
        backup_arn: arn(&backup.id),
        backup_name: backup.name.clone(),
        backup_size_bytes: Some(backup.counted.bytes),
        backup_status: status.to_owned(),
        backup_type: kind(backup),
        backup_creation_date_time: created(backup.created),
        backup_expiry_date_time: backup.expires.map(created),
    }
}

fn summary(backup: &Backup) -> BackupSummary {
    BackupSummary {
        table_name: Some(backup.id.table.name.as_str().to_owned()),
        table_id: Some(backup.table.settings.uuid.clone()),
        table_arn: Some(name::arn(&backup.id.table)),
        backup_arn: Some(arn(&backup.id)),
        backup_name: Some(backup.name.clone()),
        backup_creation_date_time: Some(created(backup.created)),
        backup_expiry_date_time: backup.expires.map(created),
        backup_status: Some(status(backup).to_owned()),
        backup_type: Some(kind(backup)),
        backup_size_bytes: Some(backup.counted.bytes),
    }
}

fn description(backup: &Backup, status: &str) -> BackupDescription {
    let table = &backup.table;
    let settings = &table.settings;
    let units = |units: table::Throughput| ProvisionedThroughput {
        read_capacity_units: units.read_units,
        write_capacity_units: units.write_units,
    };
    let local = table.reaching(Reach::Local).map(|index| LocalSecondaryIndexInfo {
        index_name: Some(index.name.clone()),
        key_schema: Some(key_schema(&index.key)),
        projection: Some(projection(&index.projection)),
    });
    let global = table.reaching(Reach::Global).map(|index| GlobalSecondaryIndexInfo {
        index_name: Some(index.name.clone()),
        key_schema: Some(key_schema(&index.key)),
        projection: Some(projection(&index.projection)),
        provisioned_throughput: Some(units(index.throughput)),
        on_demand_throughput: None,
    });
    let (local, global): (Vec<_>, Vec<_>) = (local.collect(), global.collect());
    let mode = match settings.billing {
        table::Billing::Provisioned => "PROVISIONED",
        table::Billing::PayPerRequest => "PAY_PER_REQUEST",
    };
    BackupDescription {
        backup_details: Some(details(backup, status)),
        source_table_details: Some(SourceTableDetails {
            table_name: table.id.name.as_str().to_owned(),
            table_id: settings.uuid.clone(),
            table_arn: Some(name::arn(&table.id)),
            table_size_bytes: Some(backup.counted.bytes),
            key_schema: key_schema(&table.key),
            table_creation_date_time: created(table.created),
            provisioned_throughput: units(settings.throughput),
            on_demand_throughput: settings.on_demand.map(super::table::bounds),
            item_count: Some(backup.counted.items),
            billing_mode: Some(mode.to_owned()),
        }),
        source_table_feature_details: Some(SourceTableFeatureDetails {
            local_secondary_indexes: Some(local).filter(|indexes| !indexes.is_empty()),
            global_secondary_indexes: Some(global).filter(|indexes| !indexes.is_empty()),
            sse_description: settings
                .encrypted
                .then(|| SSEDescription { status: Some("ENABLED".to_owned()), ..SSEDescription::default() }),
            ..SourceTableFeatureDetails::default()
        }),
    }
}

/// A time as requests have it, in seconds.
fn moment(at: f64) -> Timestamp {
    Timestamp::from_millis((at * 1_000.0) as i64)
}

fn arn(id: &BackupId) -> String {
    backup_arn(&id.table, &id.id)
}

pub fn backup_arn(table: &TableId, id: &str) -> String {
    format!("{}/backup/{id}", name::arn(table))
}

/// `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/backup/ID`.
fn in_arn(call: &Call, arn: &str) -> Result<BackupId, Error> {
    let parsed = arn.split_once("/backup/").and_then(|(table, id)| Some((name::in_arn(table)?, id)));
    match parsed.filter(|(table, _)| table.account == call.account) {
        Some((table, id)) => Ok(BackupId { table, id: id.to_owned() }),
        None => Err(error::VALIDATION.with(format!("Invalid BackupArn: Invalid ResourceArn provided as input {arn}"))),
    }
}

/// These operations have errors of their own for what others call by another name.
fn refuse(error: table::Error, arn: &str) -> Error {
    let text = error.to_string();
    match error {
        table::Error::NoSuchTable { name } => TABLE_NOT_FOUND_EXCEPTION.with(format!("Table not found: {name}")),
        table::Error::TableExists { .. } => TABLE_ALREADY_EXISTS_EXCEPTION.with(text),
        table::Error::InUse(_) => TABLE_IN_USE_EXCEPTION.with(text),
        table::Error::Backup(backup::Error::NoSuchBackup) => {
            BACKUP_NOT_FOUND_EXCEPTION.with(format!("Backup not found: {arn}"))
        }
        table::Error::Backup(backup::Error::BackupInUse) => BACKUP_IN_USE_EXCEPTION.with(text),
        table::Error::Backup(backup::Error::NoPast { .. }) => POINT_IN_TIME_RECOVERY_UNAVAILABLE_EXCEPTION.with(text),
        table::Error::Backup(backup::Error::OutsidePast) => INVALID_RESTORE_TIME_EXCEPTION.with(text),
        other => refusal::of_table(other),
    }
}

/// What of a restored table tells where it is from.
pub fn restore_summary(table: &Table) -> Option<crate::shapes::dynamodb::RestoreSummary> {
    let restored = table.settings.restored.as_ref()?;
    let source = table::TableName::parse(&restored.table).ok()?;
    let source = TableId { name: source, ..table.id.clone() };
    Some(crate::shapes::dynamodb::RestoreSummary {
        source_backup_arn: restored.backup.as_deref().map(|id| backup_arn(&source, id)),
        source_table_arn: Some(name::arn(&source)),
        restore_date_time: seconds(restored.at_millis),
        restore_in_progress: table.settings.loading,
    })
}
