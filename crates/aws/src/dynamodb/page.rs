//! Queries and scans.

use services::table::expression::{Condition, Path};
use services::table::{Item, Page, Query, Read, Scan, Segment, Select};
use store::Order;

use super::attribute::{self, attributes};
use super::capacity::{self, Told};
use super::expression::Given;
use super::{legacy, name, on_disk, refusal};
use crate::call::Call;
use crate::error::{self, Error};
use crate::shapes::dynamodb::{QueryInput, QueryOutput, ScanInput, ScanOutput};

pub async fn query(call: Call, input: QueryInput) -> Result<QueryOutput, Error> {
    let table = name::table(&call, &input.table_name)?;
    let given = Given {
        expressions: vec![
            ("ProjectionExpression", input.projection_expression.as_deref()),
            ("FilterExpression", input.filter_expression.as_deref()),
            ("KeyConditionExpression", input.key_condition_expression.as_deref()),
        ],
        legacy: vec![
            ("AttributesToGet", input.attributes_to_get.is_some()),
            ("QueryFilter", input.query_filter.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
            ("KeyConditions", input.key_conditions.is_some()),
        ],
        names: input.expression_attribute_names.as_ref(),
        values: input.expression_attribute_values,
    };
    let checked = given.check()?;
    let start = start(input.exclusive_start_key)?;
    let attributes_to_get = legacy::attributes_to_get(input.attributes_to_get)?;
    let filter = legacy::filter(input.query_filter, input.conditional_operator.as_deref())?;
    let key_conditions = legacy::key_conditions(input.key_conditions)?;
    let parsed = checked.parse()?;
    let legacy_projection = attributes_to_get.is_some();
    let projection = parsed.projection.or(attributes_to_get);
    let select = select(input.select.as_deref(), projection, legacy_projection, input.index_name.is_some())?;
    let Some(keys) = parsed.key_condition.or(key_conditions) else {
        return Err(invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ));
    };
    let query = Query {
        read: Read {
            table,
            index: input.index_name,
            filter: parsed.filter.or(filter),
            select,
            limit: limit(input.limit),
            start,
            consistent: input.consistent_read.unwrap_or(false),
        },
        keys,
        order: if input.scan_index_forward == Some(false) { Order::Reverse } else { Order::Forward },
    };
    let counts = query.read.select == Some(Select::Count);
    let tables = call.services.tables().clone();
    let page = on_disk(move || tables.query(&query)).await?.map_err(refusal::of_item)?;
    let asked = input.return_consumed_capacity.as_deref();
    Ok(QueryOutput {
        consumed_capacity: capacity::consumed(asked, &input.table_name, &page.consumed, Told::Sum),
        count: Some(number(page.count)),
        scanned_count: Some(number(page.scanned)),
        last_evaluated_key: page.last.clone().map(attributes),
        items: items(page, counts),
    })
}

pub async fn scan(call: Call, input: ScanInput) -> Result<ScanOutput, Error> {
    let table = name::table(&call, &input.table_name)?;
    let given = Given {
        expressions: vec![
            ("ProjectionExpression", input.projection_expression.as_deref()),
            ("FilterExpression", input.filter_expression.as_deref()),
        ],
        legacy: vec![
            ("AttributesToGet", input.attributes_to_get.is_some()),
            ("ScanFilter", input.scan_filter.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
        ],
        names: input.expression_attribute_names.as_ref(),
        values: input.expression_attribute_values,
    };
    let checked = given.check()?;
    let segment = segment(input.segment, input.total_segments)?;
    let start = start(input.exclusive_start_key)?;
    let attributes_to_get = legacy::attributes_to_get(input.attributes_to_get)?;
    let filter: Option<Condition> = legacy::filter(input.scan_filter, input.conditional_operator.as_deref())?;
    let parsed = checked.parse()?;
    let legacy_projection = attributes_to_get.is_some();
    let projection = parsed.projection.or(attributes_to_get);
    let select = select(input.select.as_deref(), projection, legacy_projection, input.index_name.is_some())?;
    let scan = Scan {
        read: Read {
            table,
            index: input.index_name,
            filter: parsed.filter.or(filter),
            select,
            limit: limit(input.limit),
            start,
            consistent: input.consistent_read.unwrap_or(false),
        },
        segment,
    };
    let counts = scan.read.select == Some(Select::Count);
    let tables = call.services.tables().clone();
    let page = on_disk(move || tables.scan(&scan)).await?.map_err(refusal::of_item)?;
    let asked = input.return_consumed_capacity.as_deref();
    Ok(ScanOutput {
        consumed_capacity: capacity::consumed(asked, &input.table_name, &page.consumed, Told::Sum),
        count: Some(number(page.count)),
        scanned_count: Some(number(page.scanned)),
        last_evaluated_key: page.last.clone().map(attributes),
        items: items(page, counts),
    })
}

fn items(page: Page, counts: bool) -> Option<Vec<attribute::Attributes>> {
    (!counts).then(|| page.items.into_iter().map(attributes).collect())
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn limit(limit: Option<i32>) -> Option<usize> {
    limit.and_then(|limit| usize::try_from(limit).ok())
}

/// A start key with a fault in it is not a key of the table, whatever the fault.
fn start(key: Option<attribute::Attributes>) -> Result<Option<Item>, Error> {
    key.map(|key| {
        attribute::item(key)
            .map_err(|fault| invalid(format!("The provided starting key is invalid: {}", fault.message)))
    })
    .transpose()
}

fn segment(number: Option<i32>, total: Option<i32>) -> Result<Option<Segment>, Error> {
    match (number, total) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(invalid(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
        )),
        (None, Some(_)) => Err(invalid(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
        )),
        (Some(number), Some(total)) if number >= total => Err(invalid(format!(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {number} is not less than TotalSegments: {total}"
        ))),
        // The model bounds both from below.
        (Some(number), Some(total)) => {
            Ok(Some(Segment { number: u64::from(number.unsigned_abs()), total: u64::from(total.unsigned_abs()) }))
        }
    }
}

fn select(
    asked: Option<&str>,
    paths: Option<Vec<Path>>,
    legacy: bool,
    of_index: bool,
) -> Result<Option<Select>, Error> {
    let given = if legacy { "AttributesToGet" } else { "ProjectionExpression" };
    let refuse = |choice: &str| Err(invalid(format!("Cannot specify the {given} when choosing to get {choice}")));
    match (asked, paths) {
        (None | Some("SPECIFIC_ATTRIBUTES"), Some(paths)) => Ok(Some(Select::Paths(paths))),
        (None, None) => Ok(None),
        (Some("SPECIFIC_ATTRIBUTES"), None) => Err(invalid(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        )),
        (Some("ALL_PROJECTED_ATTRIBUTES"), _) if !of_index => {
            Err(invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"))
        }
        (Some("COUNT"), Some(_)) => refuse("only the Count"),
        (Some(choice), Some(_)) => refuse(choice),
        (Some("COUNT"), None) => Ok(Some(Select::Count)),
        (Some("ALL_PROJECTED_ATTRIBUTES"), None) => Ok(Some(Select::Projected)),
        (Some(_), None) => Ok(Some(Select::All)),
    }
}

fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    error::VALIDATION.with(text)
}
