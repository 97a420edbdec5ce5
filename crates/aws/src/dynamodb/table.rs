//! Tables: create, describe, change, delete, list; and what belongs to the account.

use services::table::schema::Settings;
use services::table::stream::View;
use services::table::{
    AttributeDefinition, Billing, ChangeTable, Class, Counted, Index, IndexChange, KeyAttribute, KeyElement, KeySchema,
    NewIndex, NewProjection, NewTable, OnDemand, Projection, Reach, Scalar, Table, Throughput,
};
use store::Timestamp;

use super::{backup, name, refusal, stream};
use crate::call::Call;
use crate::error::{self, Error};
use crate::shapes::dynamodb as shapes;
use crate::shapes::dynamodb::{
    CreateTableInput, CreateTableOutput, DeleteTableInput, DeleteTableOutput, DescribeEndpointsRequest,
    DescribeEndpointsResponse, DescribeLimitsInput, DescribeLimitsOutput, DescribeTableInput, DescribeTableOutput,
    ListTablesInput, ListTablesOutput, TableDescription, UpdateTableInput, UpdateTableOutput,
};

/// Names of a page where the request names no limit. Source: API model, `ListTablesInputLimit` (read 2026-11-24).
const PAGE_NAMES: usize = 100;
/// Quotas that accounts begin with. Source: DynamoDB quotas (read 2026-11-24).
const ACCOUNT_UNITS_MAX: i64 = 80_000;
const TABLE_UNITS_MAX: i64 = 40_000;
/// What a new on-demand table takes at once, in reads and writes.
const WARM_UNITS: (i64, i64) = (12_000, 4_000);
/// How long clients may remember an endpoint, in minutes: as the service says.
const ENDPOINT_MINUTES: i64 = 1_440;

pub async fn create_table(call: Call, input: CreateTableInput) -> Result<CreateTableOutput, Error> {
    let stream = input.stream_specification.as_ref().map(stream_wanted).transpose()?.flatten();
    refuse_warm(input.warm_throughput.is_some())?;
    if input.resource_policy.is_some() {
        return Err(error::VALIDATION.with("ResourcePolicy is not supported: policies of tables are not implemented"));
    }
    let missing = |member: &str| {
        error::VALIDATION.with(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    };
    let new = NewTable {
        id: name::table(&call, &input.table_name)?,
        attributes: definitions(input.attribute_definitions.ok_or_else(|| missing("attributeDefinitions"))?),
        key: elements(input.key_schema.ok_or_else(|| missing("keySchema"))?)?,
        local: input
            .local_secondary_indexes
            .map(|indexes| {
                let each = indexes
                    .into_iter()
                    .map(|index| new_index(index.index_name, index.key_schema, index.projection, None, None));
                each.collect()
            })
            .transpose()?,
        global: input
            .global_secondary_indexes
            .map(|indexes| {
                let each = indexes.into_iter().map(|index| {
                    let (throughput, on_demand) = (index.provisioned_throughput, index.on_demand_throughput);
                    new_index(index.index_name, index.key_schema, index.projection, throughput, on_demand)
                });
                each.collect()
            })
            .transpose()?,
        billing: input.billing_mode.as_deref().map(billing),
        throughput: input.provisioned_throughput.map(throughput),
        on_demand: input.on_demand_throughput.map(on_demand),
        class: class(input.table_class.as_deref()).unwrap_or(Class::Standard),
        deletion_protection: input.deletion_protection_enabled.unwrap_or(false),
        encrypted: input.sse_specification.and_then(|given| given.enabled).unwrap_or(false),
        tags: input.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect(),
        stream,
    };
    let table = call.services.tables().create(&new).await.map_err(refusal::of_table)?;
    Ok(CreateTableOutput { table_description: Some(describe_new(&table)) })
}

/// There is nothing to warm up: what is told of it is what the service says of every table.
fn refuse_warm(given: bool) -> Result<(), Error> {
    match given {
        true => Err(error::VALIDATION.with("WarmThroughput is not supported: no table has to be warmed up")),
        false => Ok(()),
    }
}

/// A table that has just been made.
pub fn describe_new(table: &Table) -> TableDescription {
    let empty = vec![Counted::default(); table.indexes.len()];
    describe(table, "CREATING", Counted::default(), &empty)
}

/// Whether a stream is wanted, and with which view.
fn stream_wanted(given: &shapes::StreamSpecification) -> Result<Option<View>, Error> {
    let text = match (given.stream_enabled, given.stream_view_type.as_deref()) {
        (true, Some(view)) => return Ok(Some(stream::view(view))),
        (false, None) => return Ok(None),
        (true, None) => "If stream is being enabled then UpdateViewType is required",
        (false, Some(_)) => "If stream is being disabled, then UpdateViewType must not be specified",
    };
    Err(error::VALIDATION.with(format!("One or more parameter values were invalid: {text}")))
}

pub async fn describe_table(call: Call, input: DescribeTableInput) -> Result<DescribeTableOutput, Error> {
    let id = name::table(&call, &input.table_name)?;
    let (table, counted, of_indexes) = call.services.tables().describe(&id).map_err(refusal::of_table)?;
    Ok(DescribeTableOutput { table: Some(describe(&table, status(&table), counted, &of_indexes)) })
}

pub async fn update_table(call: Call, input: UpdateTableInput) -> Result<UpdateTableOutput, Error> {
    refuse_warm(input.warm_throughput.is_some())?;
    if input.replica_updates.is_some() {
        return Err(error::VALIDATION.with("ReplicaUpdates is not supported: global tables are not implemented"));
    }
    let id = name::table(&call, &input.table_name)?;
    let indexes = input.global_secondary_index_updates.unwrap_or_default().into_iter().map(index_change);
    let change = ChangeTable {
        attributes: definitions(input.attribute_definitions.unwrap_or_default()),
        billing: input.billing_mode.as_deref().map(billing),
        throughput: input.provisioned_throughput.map(throughput),
        on_demand: input.on_demand_throughput.map(on_demand),
        indexes: indexes.collect::<Result<_, _>>()?,
        class: class(input.table_class.as_deref()),
        deletion_protection: input.deletion_protection_enabled,
        encrypted: input.sse_specification.and_then(|given| given.enabled),
        stream: input.stream_specification.as_ref().map(stream_wanted).transpose()?,
    };
    if change == ChangeTable::default() {
        return Err(error::VALIDATION.with(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
        ));
    }
    let tables = call.services.tables();
    tables.change(&id, &change).await.map_err(refusal::of_table)?;
    let (table, counted, of_indexes) = tables.describe(&id).map_err(refusal::of_table)?;
    Ok(UpdateTableOutput { table_description: Some(describe(&table, "UPDATING", counted, &of_indexes)) })
}

pub async fn delete_table(call: Call, input: DeleteTableInput) -> Result<DeleteTableOutput, Error> {
    let id = name::table(&call, &input.table_name)?;
    let tables = call.services.tables();
    let (_, counted, of_indexes) = tables.describe(&id).map_err(refusal::of_table)?;
    let table = tables.delete(&id).await.map_err(refusal::of_table)?;
    Ok(DeleteTableOutput { table_description: Some(describe(&table, "DELETING", counted, &of_indexes)) })
}

pub async fn list_tables(call: Call, input: ListTablesInput) -> Result<ListTablesOutput, Error> {
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_NAMES);
    let after = input.exclusive_start_table_name.as_deref();
    let listed = call.services.tables().list(&call.account, &call.region, after, limit).map_err(refusal::of_table)?;
    Ok(ListTablesOutput {
        last_evaluated_table_name: listed.names.last().cloned().filter(|_| listed.more),
        table_names: Some(listed.names),
    })
}

pub async fn describe_limits(_: Call, _: DescribeLimitsInput) -> Result<DescribeLimitsOutput, Error> {
    Ok(DescribeLimitsOutput {
        account_max_read_capacity_units: Some(ACCOUNT_UNITS_MAX),
        account_max_write_capacity_units: Some(ACCOUNT_UNITS_MAX),
        table_max_read_capacity_units: Some(TABLE_UNITS_MAX),
        table_max_write_capacity_units: Some(TABLE_UNITS_MAX),
    })
}

pub async fn describe_endpoints(call: Call, _: DescribeEndpointsRequest) -> Result<DescribeEndpointsResponse, Error> {
    let here = shapes::Endpoint { address: call.authority.to_string(), cache_period_in_minutes: ENDPOINT_MINUTES };
    Ok(DescribeEndpointsResponse { endpoints: vec![here] })
}

/// Nobody's accesses are ranked: insights are off, and cannot be switched on.
pub async fn describe_contributor_insights(
    call: Call,
    input: shapes::DescribeContributorInsightsInput,
) -> Result<shapes::DescribeContributorInsightsOutput, Error> {
    let id = name::table(&call, &input.table_name)?;
    let (table, _, _) = call.services.tables().describe(&id).map_err(refusal::of_item)?;
    if let Some(index) = input.index_name.as_deref().filter(|index| table.index(index).is_none()) {
        let text = format!("Requested resource not found: Index: {index} not found");
        return Err(shapes::error::RESOURCE_NOT_FOUND_EXCEPTION.with(text));
    }
    Ok(shapes::DescribeContributorInsightsOutput {
        table_name: Some(table.id.name.as_str().to_owned()),
        index_name: input.index_name,
        contributor_insights_status: Some("DISABLED".to_owned()),
        ..shapes::DescribeContributorInsightsOutput::default()
    })
}

/// Only what has been switched on is listed.
pub async fn list_contributor_insights(
    call: Call,
    input: shapes::ListContributorInsightsInput,
) -> Result<shapes::ListContributorInsightsOutput, Error> {
    if let Some(name) = input.table_name {
        call.services.tables().describe(&name::table(&call, &name)?).map_err(refusal::of_item)?;
    }
    Ok(shapes::ListContributorInsightsOutput { contributor_insights_summaries: Some(Vec::new()), next_token: None })
}

/// Changes are not sent to data streams.
pub async fn describe_kinesis_streaming_destination(
    call: Call,
    input: shapes::DescribeKinesisStreamingDestinationInput,
) -> Result<shapes::DescribeKinesisStreamingDestinationOutput, Error> {
    let id = name::table(&call, &input.table_name)?;
    let (table, _, _) = call.services.tables().describe(&id).map_err(refusal::of_table)?;
    Ok(shapes::DescribeKinesisStreamingDestinationOutput {
        table_name: Some(table.id.name.as_str().to_owned()),
        kinesis_data_stream_destinations: Some(Vec::new()),
    })
}

fn definitions(given: Vec<shapes::AttributeDefinition>) -> Vec<AttributeDefinition> {
    let each = given.into_iter().map(|given| AttributeDefinition {
        name: given.attribute_name,
        kind: Scalar::parse(&given.attribute_type).unwrap_or(Scalar::S), // the model names the three
    });
    each.collect()
}

fn elements(given: Vec<shapes::KeySchemaElement>) -> Result<Vec<KeyElement>, Error> {
    if given.len() > 2 {
        return Err(Error::constraint(
            &format!("{} elements", given.len()),
            "keySchema",
            "Member must have length less than or equal to 2",
        ));
    }
    let each =
        given.into_iter().map(|given| KeyElement { is_hash: given.key_type == "HASH", name: given.attribute_name });
    Ok(each.collect())
}

fn new_index(
    name: String,
    key: Vec<shapes::KeySchemaElement>,
    projection: shapes::Projection,
    units: Option<shapes::ProvisionedThroughput>,
    bounds: Option<shapes::OnDemandThroughput>,
) -> Result<NewIndex, Error> {
    let shapes::Projection { projection_type: kind, non_key_attributes: attributes } = projection;
    Ok(NewIndex {
        name,
        key: elements(key)?,
        projection: NewProjection { kind, attributes },
        throughput: units.map(throughput),
        on_demand: bounds.map(on_demand),
    })
}

fn index_change(given: shapes::GlobalSecondaryIndexUpdate) -> Result<IndexChange, Error> {
    match (given.create, given.update, given.delete) {
        (Some(create), None, None) => new_index(
            create.index_name,
            create.key_schema,
            create.projection,
            create.provisioned_throughput,
            create.on_demand_throughput,
        )
        .map(IndexChange::Create),
        (None, Some(update), None) => Ok(IndexChange::Update {
            name: update.index_name,
            throughput: update.provisioned_throughput.map(throughput),
            on_demand: update.on_demand_throughput.map(on_demand),
        }),
        (None, None, Some(delete)) => Ok(IndexChange::Delete { name: delete.index_name }),
        _ => Err(error::VALIDATION
            .with("One or more parameter values were invalid: One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null")),
    }
}

pub fn billing(mode: &str) -> Billing {
    match mode {
        "PAY_PER_REQUEST" => Billing::PayPerRequest,
        _ => Billing::Provisioned,
    }
}

fn class(name: Option<&str>) -> Option<Class> {
    name.map(|name| match name {
        "STANDARD_INFREQUENT_ACCESS" => Class::InfrequentAccess,
        _ => Class::Standard,
    })
}

pub fn throughput(given: shapes::ProvisionedThroughput) -> Throughput {
    Throughput { read_units: given.read_capacity_units, write_units: given.write_capacity_units }
}

pub fn on_demand(given: shapes::OnDemandThroughput) -> OnDemand {
    OnDemand { read_units_max: given.max_read_request_units, write_units_max: given.max_write_request_units }
}

/// While an index is being filled, its table is being updated.
fn status(table: &Table) -> &'static str {
    match table.indexes.iter().any(|index| index.backfilling) {
        _ if table.settings.loading => "CREATING",
        true => "UPDATING",
        false => "ACTIVE",
    }
}

pub fn seconds(millis: i64) -> f64 {
    millis as f64 / 1_000.0
}

fn describe(table: &Table, status: &str, counted: Counted, of_indexes: &[Counted]) -> TableDescription {
    let settings = &table.settings;
    let changed = &settings.throughput_changed;
    let of = |reach: Reach| {
        let paired = table.indexes.iter().zip(of_indexes).filter(move |(index, _)| index.reach == reach);
        paired.map(|(index, counted)| (index, *counted))
    };
    let local: Vec<_> = of(Reach::Local).map(|(index, counted)| describe_local(table, index, counted)).collect();
    let global: Vec<_> =
        of(Reach::Global).map(|(index, counted)| describe_global(table, status, index, counted)).collect();
    let on_demand = settings.billing == Billing::PayPerRequest;
    let began = settings.stream.as_ref().map(|stream| Timestamp::from_millis(stream.began_millis));
    TableDescription {
        attribute_definitions: Some(settings.attributes.iter().map(defined).collect()),
        table_name: Some(table.id.name.as_str().to_owned()),
        key_schema: Some(key_schema(&table.key)),
        table_status: Some(status.to_owned()),
        creation_date_time: Some(created(table.created)),
        provisioned_throughput: Some(shapes::ProvisionedThroughputDescription {
            last_increase_date_time: changed.raised_millis.map(seconds),
            last_decrease_date_time: changed.lowered_millis.map(seconds),
            ..provisioned(settings.throughput)
        }),
        table_size_bytes: Some(counted.bytes),
        item_count: Some(counted.items),
        table_arn: Some(name::arn(&table.id)),
        table_id: Some(settings.uuid.clone()),
        billing_mode_summary: (on_demand || settings.on_demand_since_millis.is_some()).then(|| {
            shapes::BillingModeSummary {
                billing_mode: Some(if on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" }.to_owned()),
                last_update_to_pay_per_request_date_time: settings.on_demand_since_millis.map(seconds),
            }
        }),
        local_secondary_indexes: Some(local).filter(|indexes| !indexes.is_empty()),
        global_secondary_indexes: Some(global).filter(|indexes| !indexes.is_empty()),
        sse_description: settings.encrypted.then(|| shapes::SSEDescription {
            status: Some("ENABLED".to_owned()),
            sse_type: Some("KMS".to_owned()),
            kms_master_key_arn: Some(format!(
                "arn:aws:kms:{}:{}:alias/aws/dynamodb",
                table.id.region, table.id.account
            )),
            ..shapes::SSEDescription::default()
        }),
        table_class_summary: (settings.class != Class::Standard || settings.class_changed_millis.is_some()).then(
            || {
                let name = match settings.class {
                    Class::Standard => "STANDARD",
                    Class::InfrequentAccess => "STANDARD_INFREQUENT_ACCESS",
                };
                shapes::TableClassSummary {
                    table_class: Some(name.to_owned()),
                    last_update_date_time: settings.class_changed_millis.map(seconds),
                }
            },
        ),
        deletion_protection_enabled: Some(settings.deletion_protection),
        on_demand_throughput: settings.on_demand.map(bounds),
        restore_summary: backup::restore_summary(table),
        warm_throughput: Some(warm(settings)),
        stream_specification: settings.stream.as_ref().filter(|stream| stream.enabled).map(|stream| {
            shapes::StreamSpecification {
                stream_enabled: true,
                stream_view_type: Some(stream::view_name(stream.view).to_owned()),
            }
        }),
        latest_stream_label: began.map(stream::label),
        latest_stream_arn: began.map(|began| stream::arn(&table.id, began)),
    }
}

/// What a table takes at once without warming up: no limit here, told as the service tells it of a new table. Source:
/// developer guide, "Understanding DynamoDB warm throughput" (read 2026-11-24).
fn warm(settings: &Settings) -> shapes::TableWarmThroughputDescription {
    let (read_units, write_units) = match settings.billing {
        Billing::PayPerRequest => WARM_UNITS,
        Billing::Provisioned => (settings.throughput.read_units, settings.throughput.write_units),
    };
    shapes::TableWarmThroughputDescription {
        read_units_per_second: Some(read_units),
        write_units_per_second: Some(write_units),
        status: Some("ACTIVE".to_owned()),
    }
}

pub fn created(at: Timestamp) -> f64 {
    seconds(at.millis())
}

fn defined(attribute: &KeyAttribute) -> shapes::AttributeDefinition {
    shapes::AttributeDefinition {
        attribute_name: attribute.name.clone(),
        attribute_type: attribute.kind.kind().name().to_owned(),
    }
}

pub fn key_schema(schema: &KeySchema) -> Vec<shapes::KeySchemaElement> {
    let kinds = ["HASH", "RANGE"];
    let each = schema.attributes().zip(kinds).map(|(attribute, kind)| shapes::KeySchemaElement {
        attribute_name: attribute.name.clone(),
        key_type: kind.to_owned(),
    });
    each.collect()
}

fn provisioned(throughput: Throughput) -> shapes::ProvisionedThroughputDescription {
    shapes::ProvisionedThroughputDescription {
        number_of_decreases_today: Some(0),
        read_capacity_units: Some(throughput.read_units),
        write_capacity_units: Some(throughput.write_units),
        ..shapes::ProvisionedThroughputDescription::default()
    }
}

pub fn bounds(on_demand: OnDemand) -> shapes::OnDemandThroughput {
    shapes::OnDemandThroughput {
        max_read_request_units: on_demand.read_units_max,
        max_write_request_units: on_demand.write_units_max,
    }
}

pub fn projection(projection: &Projection) -> shapes::Projection {
    let (kind, attributes) = match projection {
        Projection::All => ("ALL", None),
        Projection::KeysOnly => ("KEYS_ONLY", None),
        Projection::Include(names) => ("INCLUDE", Some(names.clone())),
    };
    shapes::Projection { projection_type: Some(kind.to_owned()), non_key_attributes: attributes }
}

fn index_arn(table: &Table, index: &Index) -> String {
    format!("{}/index/{}", name::arn(&table.id), index.name)
}

fn describe_local(table: &Table, index: &Index, counted: Counted) -> shapes::LocalSecondaryIndexDescription {
    shapes::LocalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(key_schema(&index.key)),
        projection: Some(projection(&index.projection)),
        index_size_bytes: Some(counted.bytes),
        item_count: Some(counted.items),
        index_arn: Some(index_arn(table, index)),
    }
}

fn describe_global(
    table: &Table,
    status: &str,
    index: &Index,
    counted: Counted,
) -> shapes::GlobalSecondaryIndexDescription {
    let own = match (index.backfilling, status) {
        (true, _) | (_, "CREATING") => "CREATING",
        (false, "DELETING") => "DELETING",
        (false, _) => "ACTIVE",
    };
    shapes::GlobalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(key_schema(&index.key)),
        projection: Some(projection(&index.projection)),
        index_status: Some(own.to_owned()),
        backfilling: index.backfilling.then_some(true),
        provisioned_throughput: Some(provisioned(index.throughput)),
        index_size_bytes: Some(counted.bytes),
        item_count: Some(counted.items),
        index_arn: Some(index_arn(table, index)),
        on_demand_throughput: index.on_demand.map(bounds),
        warm_throughput: None,
    }
}
