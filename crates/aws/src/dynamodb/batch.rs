//! Many items at once: batches, where each item is on its own, and transactions, where all are one.

use std::collections::BTreeMap;

use services::table::{
    Action, BatchGet, BatchWrite, Consumed, Get, GetMany, Idempotency, Item, Table, TransactGet, TransactWrite, Write,
    Written, check_item,
};

use super::attribute::{attributes, item};
use super::capacity::{self, Told};
use super::expression::Given;
use super::item::returns_failed;
use super::{legacy, name, on_disk, refusal};
use crate::call::Call;
use crate::error::{self, Error};
use crate::shapes::dynamodb::{
    BatchGetItemInput, BatchGetItemOutput, BatchWriteItemInput, BatchWriteItemOutput, ConsumedCapacity,
    ItemCollectionMetrics, ItemResponse, KeysAndAttributes, TransactGetItemsInput, TransactGetItemsOutput,
    TransactWriteItem, TransactWriteItemsInput, TransactWriteItemsOutput,
};

/// Items of one batch. Source: API reference, BatchGetItem and BatchWriteItem (read 2026-11-24).
const GETS_MAX: usize = 100;
const WRITES_MAX: usize = 25;

pub async fn batch_get_item(call: Call, input: BatchGetItemInput) -> Result<BatchGetItemOutput, Error> {
    let named = |name: &String| format!("requestItems.{name}.member.keys");
    at_least_one(input.request_items.len())?;
    let count: usize = input.request_items.values().map(|many| many.keys.len()).sum();
    if let Some((name, _)) = input.request_items.iter().find(|(_, many)| many.keys.is_empty()) {
        return Err(Error::constraint("[]", &named(name), "Member must have length greater than or equal to 1"));
    }
    if count > GETS_MAX {
        return Err(invalid("Too many items requested for the BatchGetItem call"));
    }
    let mut batch = Vec::new();
    for (name, many) in &input.request_items {
        batch.push(get_many(&call, name, many.clone())?);
    }
    let tables = call.services.tables().clone();
    let got = on_disk(move || tables.batch_get(&BatchGet(batch))).await?.map_err(refusal::of_item)?;
    let asked = input.return_consumed_capacity.as_deref();
    let (mut responses, mut unprocessed, mut units) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let found = got.items.into_iter().zip(got.unprocessed).zip(got.consumed);
    for ((name, many), ((items, left), consumed)) in input.request_items.into_iter().zip(found) {
        units.extend(capacity::consumed(asked, &name, &consumed, Told::Sum));
        responses.insert(name.clone(), items.into_iter().map(attributes).collect());
        if !left.is_empty() {
            let keys = left.into_iter().map(attributes).collect();
            unprocessed.insert(name, KeysAndAttributes { keys, ..many });
        }
    }
    Ok(BatchGetItemOutput {
        responses: Some(responses),
        unprocessed_keys: Some(unprocessed),
        consumed_capacity: asked.is_some_and(|asked| asked != "NONE").then_some(units),
    })
}

fn get_many(call: &Call, name: &str, many: KeysAndAttributes) -> Result<GetMany, Error> {
    let given = Given {
        expressions: vec![("ProjectionExpression", many.projection_expression.as_deref())],
        legacy: vec![("AttributesToGet", many.attributes_to_get.is_some())],
        names: many.expression_attribute_names.as_ref(),
        values: None,
    };
    let projection = given.check()?.parse()?.projection;
    Ok(GetMany {
        table: name::table(call, name)?,
        projection: projection.or(legacy::attributes_to_get(many.attributes_to_get)?),
        keys: many.keys.into_iter().map(item).collect::<Result<_, _>>()?,
        consistent: many.consistent_read.unwrap_or(false),
    })
}

pub async fn batch_write_item(call: Call, input: BatchWriteItemInput) -> Result<BatchWriteItemOutput, Error> {
    at_least_one(input.request_items.len())?;
    if let Some((_, requests)) =
        input.request_items.iter().find(|(_, requests)| !(1..=WRITES_MAX).contains(&requests.len()))
    {
        return Err(error::VALIDATION.with(format!(
            "1 validation error detected: Value of {} requests at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]",
            requests.len()
        )));
    }
    if input.request_items.values().map(Vec::len).sum::<usize>() > WRITES_MAX {
        return Err(invalid("Too many items requested for the BatchWriteItem call"));
    }
    let mut batch = Vec::new();
    let mut names = Vec::new();
    for (name, requests) in input.request_items {
        let table = name::table(&call, &name)?;
        for request in requests {
            let action = match (request.put_request, request.delete_request) {
                (Some(put), None) => {
                    let item = item(put.item)?;
                    check_item(&item).map_err(refusal::of_item)?;
                    Action::Put(item)
                }
                (None, Some(delete)) => Action::Delete(item(delete.key)?),
                (None, None) | (Some(_), Some(_)) => {
                    return Err(invalid(
                        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
                    ));
                }
            };
            names.push(name.clone());
            batch.push(Write::new(table.clone(), action));
        }
    }
    let keys: Vec<Item> = batch.iter().map(key_of).collect();
    let written = call.services.tables().batch_write(&BatchWrite(batch)).await.map_err(refusal::of_item)?.0;
    let asked = input.return_consumed_capacity.as_deref();
    let metrics = input.return_item_collection_metrics.as_deref();
    Ok(BatchWriteItemOutput {
        consumed_capacity: by_table(asked, &names, &written, Told::Sum),
        item_collection_metrics: collections(&call, metrics, &names, &keys, &written)?,
        unprocessed_items: Some(BTreeMap::new()),
    })
}

/// Nothing asked for is not a batch.
fn at_least_one(count: usize) -> Result<(), Error> {
    match count {
        0 => Err(Error::constraint("{}", "requestItems", "Member must have length greater than or equal to 1")),
        _ => Ok(()),
    }
}

pub async fn transact_get_items(call: Call, input: TransactGetItemsInput) -> Result<TransactGetItemsOutput, Error> {
    let mut gets = Vec::new();
    let mut names = Vec::new();
    for wanted in input.transact_items {
        let get = wanted.get;
        let given = Given {
            expressions: vec![("ProjectionExpression", get.projection_expression.as_deref())],
            names: get.expression_attribute_names.as_ref(),
            ..Given::default()
        };
        let projection = given.check()?.parse()?.projection;
        let table = name::table(&call, &get.table_name)?;
        names.push(get.table_name);
        gets.push(Get { table, key: item(get.key)?, projection, consistent: true });
    }
    let tables = call.services.tables().clone();
    let got = on_disk(move || tables.transact_get(&TransactGet(gets))).await?.map_err(refusal::of_item)?;
    let consumed: Vec<&Consumed> = got.iter().map(|got| &got.consumed).collect();
    let asked = input.return_consumed_capacity.as_deref();
    Ok(TransactGetItemsOutput {
        consumed_capacity: summed(asked, &names, &consumed, Told::Read),
        responses: Some(got.into_iter().map(|got| ItemResponse { item: got.item.map(attributes) }).collect()),
    })
}

pub async fn transact_write_items(
    call: Call,
    input: TransactWriteItemsInput,
) -> Result<TransactWriteItemsOutput, Error> {
    let token = input.client_request_token.map(|token| {
        let request = format!("{:?}", input.transact_items);
        Idempotency::new(call.account.clone(), call.region.clone(), token, request.as_bytes())
    });
    let mut writes = Vec::new();
    let mut names = Vec::new();
    for asked in input.transact_items {
        let (name, write) = write(&call, asked)?;
        names.push(name);
        writes.push(write);
    }
    let keys: Vec<Item> = writes.iter().map(key_of).collect();
    let transaction = TransactWrite { writes, token };
    let written = call.services.tables().transact_write(&transaction).await.map_err(refusal::of_item)?;
    let asked = input.return_consumed_capacity.as_deref();
    let metrics = input.return_item_collection_metrics.as_deref();
    Ok(TransactWriteItemsOutput {
        consumed_capacity: by_table(asked, &names, &written, Told::Write),
        item_collection_metrics: collections(&call, metrics, &names, &keys, &written)?,
    })
}

/// One action of a transaction, and the table as the request names it.
fn write(call: &Call, asked: TransactWriteItem) -> Result<(String, Write), Error> {
    let TransactWriteItem { condition_check, put, delete, update } = asked;
    match (condition_check, put, delete, update) {
        (Some(check), None, None, None) => {
            let given = Given {
                expressions: vec![("ConditionExpression", Some(check.condition_expression.as_str()))],
                names: check.expression_attribute_names.as_ref(),
                values: check.expression_attribute_values,
                ..Given::default()
            };
            let condition = given.check()?.parse()?.condition;
            let table = name::table(call, &check.table_name)?;
            let returns_failed = returns_failed(check.return_values_on_condition_check_failure.as_deref());
            let action = Action::Check(item(check.key)?);
            Ok((check.table_name, Write { condition, returns_failed, ..Write::new(table, action) }))
        }
        (None, Some(put), None, None) => {
            let given = Given {
                expressions: vec![("ConditionExpression", put.condition_expression.as_deref())],
                names: put.expression_attribute_names.as_ref(),
                values: put.expression_attribute_values,
                ..Given::default()
            };
            let condition = given.check()?.parse()?.condition;
            let table = name::table(call, &put.table_name)?;
            let returns_failed = returns_failed(put.return_values_on_condition_check_failure.as_deref());
            let item = item(put.item)?;
            check_item(&item).map_err(refusal::of_item)?;
            Ok((put.table_name, Write { condition, returns_failed, ..Write::new(table, Action::Put(item)) }))
        }
        (None, None, Some(delete), None) => {
            let given = Given {
                expressions: vec![("ConditionExpression", delete.condition_expression.as_deref())],
                names: delete.expression_attribute_names.as_ref(),
                values: delete.expression_attribute_values,
                ..Given::default()
            };
            let condition = given.check()?.parse()?.condition;
            let table = name::table(call, &delete.table_name)?;
            let returns_failed = returns_failed(delete.return_values_on_condition_check_failure.as_deref());
            let action = Action::Delete(item(delete.key)?);
            Ok((delete.table_name, Write { condition, returns_failed, ..Write::new(table, action) }))
        }
        (None, None, None, Some(update)) => {
            let given = Given {
                expressions: vec![
                    ("UpdateExpression", Some(update.update_expression.as_str())),
                    ("ConditionExpression", update.condition_expression.as_deref()),
                ],
                names: update.expression_attribute_names.as_ref(),
                values: update.expression_attribute_values,
                ..Given::default()
            };
            let parsed = given.check()?.parse()?;
            let table = name::table(call, &update.table_name)?;
            let returns_failed = returns_failed(update.return_values_on_condition_check_failure.as_deref());
            let action = Action::Update { key: item(update.key)?, update: parsed.update.unwrap_or_default() };
            let write = Write { condition: parsed.condition, returns_failed, ..Write::new(table, action) };
            Ok((update.table_name, write))
        }
        _ => Err(invalid("TransactItems can only contain one of Check, Put, Update or Delete")),
    }
}

/// The item whose partition a write is in; more than a key does no harm.
fn key_of(write: &Write) -> Item {
    match &write.action {
        Action::Put(item) => item.clone(),
        Action::Delete(key) | Action::Check(key) | Action::Update { key, .. } => key.clone(),
    }
}

fn by_table(asked: Option<&str>, names: &[String], written: &[Written], told: Told) -> Option<Vec<ConsumedCapacity>> {
    let consumed: Vec<&Consumed> = written.iter().map(|written| &written.consumed).collect();
    summed(asked, names, &consumed, told)
}

/// One entry for each table, in the order of their names.
fn summed(asked: Option<&str>, names: &[String], consumed: &[&Consumed], told: Told) -> Option<Vec<ConsumedCapacity>> {
    let mut tables: BTreeMap<&str, Consumed> = BTreeMap::new();
    for (name, units) in names.iter().zip(consumed) {
        tables.entry(name).or_default().merge(units);
    }
    asked.filter(|asked| *asked != "NONE")?;
    Some(tables.into_iter().filter_map(|(name, units)| capacity::consumed(asked, name, &units, told)).collect())
}

/// The partitions that were written to, each once, for each table.
fn collections(
    call: &Call,
    asked: Option<&str>,
    names: &[String],
    keys: &[Item],
    written: &[Written],
) -> Result<Option<BTreeMap<String, Vec<ItemCollectionMetrics>>>, Error> {
    let mut found: BTreeMap<String, Vec<ItemCollectionMetrics>> = BTreeMap::new();
    for ((name, key), written) in names.iter().zip(keys).zip(written) {
        let table: &Table = &written.table;
        if let Some(metrics) = capacity::collection(&call.services, asked, table, key)? {
            let known = found.entry(name.clone()).or_default();
            if !known.contains(&metrics) {
                known.push(metrics);
            }
        }
    }
    Ok(Some(found).filter(|found| !found.is_empty()))
}

fn invalid(text: &'static str) -> Error {
    error::VALIDATION.with(text)
}
