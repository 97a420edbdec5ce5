//! One item: put, get, update, delete.

use services::table::expression::{Projection, Update};
use services::table::{self, Action, Get, Item, Write, Written};

use super::attribute::{attributes, item};
use super::capacity::{self, Told};
use super::expression::Given;
use super::{legacy, name, refusal};
use crate::call::Call;
use crate::error::{self, Error};
use crate::shapes::dynamodb::{
    DeleteItemInput, DeleteItemOutput, GetItemInput, GetItemOutput, PutItemInput, PutItemOutput, UpdateItemInput,
    UpdateItemOutput,
};

pub async fn put_item(call: Call, input: PutItemInput) -> Result<PutItemOutput, Error> {
    let table = name::table(&call, &input.table_name)?;
    let given = Given {
        expressions: vec![("ConditionExpression", input.condition_expression.as_deref())],
        legacy: vec![
            ("Expected", input.expected.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
        ],
        names: input.expression_attribute_names.as_ref(),
        values: input.expression_attribute_values,
    };
    let checked = given.check()?;
    let item = item(input.item)?;
    let returns_old = returns_old(input.return_values.as_deref())?;
    table::check_item(&item).map_err(refusal::of_item)?;
    let expected = legacy::expected(input.expected, input.conditional_operator.as_deref())?;
    let condition = checked.parse()?.condition.or(expected);
    let write = Write {
        condition,
        returns_old,
        returns_failed: returns_failed(input.return_values_on_condition_check_failure.as_deref()),
        ..Write::new(table, Action::Put(item))
    };
    let written = call.services.tables().write(&write).await.map_err(refusal::of_item)?;
    let told = Told::Sum;
    let asked = input.return_consumed_capacity.as_deref();
    let key = written.new.as_ref().map(|item| written.table.key_item(item)).unwrap_or_default();
    Ok(PutItemOutput {
        consumed_capacity: capacity::consumed(asked, &input.table_name, &written.consumed, told),
        item_collection_metrics: capacity::collection(
            &call.services,
            input.return_item_collection_metrics.as_deref(),
            &written.table,
            &key,
        )?,
        attributes: written.old.map(attributes),
    })
}

pub async fn delete_item(call: Call, input: DeleteItemInput) -> Result<DeleteItemOutput, Error> {
    let table = name::table(&call, &input.table_name)?;
    let given = Given {
        expressions: vec![("ConditionExpression", input.condition_expression.as_deref())],
        legacy: vec![
            ("Expected", input.expected.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
        ],
        names: input.expression_attribute_names.as_ref(),
        values: input.expression_attribute_values,
    };
    let checked = given.check()?;
    let key = item(input.key)?;
    let returns_old = returns_old(input.return_values.as_deref())?;
    let expected = legacy::expected(input.expected, input.conditional_operator.as_deref())?;
    let condition = checked.parse()?.condition.or(expected);
    let write = Write {
        condition,
        returns_old,
        returns_failed: returns_failed(input.return_values_on_condition_check_failure.as_deref()),
        ..Write::new(table, Action::Delete(key.clone()))
    };
    let written = call.services.tables().write(&write).await.map_err(refusal::of_item)?;
    let asked = input.return_consumed_capacity.as_deref();
    Ok(DeleteItemOutput {
        consumed_capacity: capacity::consumed(asked, &input.table_name, &written.consumed, Told::Sum),
        item_collection_metrics: capacity::collection(
            &call.services,
            input.return_item_collection_metrics.as_deref(),
            &written.table,
            &key,
        )?,
        attributes: written.old.map(attributes),
    })
}

pub async fn update_item(call: Call, input: UpdateItemInput) -> Result<UpdateItemOutput, Error> {
    let table = name::table(&call, &input.table_name)?;
    let given = Given {
        expressions: vec![
            ("UpdateExpression", input.update_expression.as_deref()),
            ("ConditionExpression", input.condition_expression.as_deref()),
        ],
        legacy: vec![
            ("AttributeUpdates", input.attribute_updates.is_some()),
            ("Expected", input.expected.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
        ],
        names: input.expression_attribute_names.as_ref(),
        values: input.expression_attribute_values,
    };
    let checked = given.check()?;
    let key = item(input.key)?;
    let expected = legacy::expected(input.expected, input.conditional_operator.as_deref())?;
    let updates = legacy::updates(input.attribute_updates)?;
    let parsed = checked.parse()?;
    let update = parsed.update.or(updates).unwrap_or_default();
    let returns = input.return_values.as_deref().unwrap_or("NONE");
    let write = Write {
        condition: parsed.condition.or(expected),
        returns_old: matches!(returns, "ALL_OLD" | "UPDATED_OLD"),
        returns_failed: returns_failed(input.return_values_on_condition_check_failure.as_deref()),
        ..Write::new(table, Action::Update { key: key.clone(), update: update.clone() })
    };
    let written = call.services.tables().write(&write).await.map_err(refusal::of_item)?;
    let asked = input.return_consumed_capacity.as_deref();
    Ok(UpdateItemOutput {
        consumed_capacity: capacity::consumed(asked, &input.table_name, &written.consumed, Told::Sum),
        item_collection_metrics: capacity::collection(
            &call.services,
            input.return_item_collection_metrics.as_deref(),
            &written.table,
            &key,
        )?,
        attributes: returned(returns, &update, written).map(attributes),
    })
}

/// What an update answers of the item.
fn returned(returns: &str, update: &Update, written: Written) -> Option<Item> {
    let changed = |item: Option<Item>| {
        let changed = Projection::new(update.targets()).apply(&item?);
        Some(changed).filter(|changed| !changed.is_empty())
    };
    match returns {
        "ALL_OLD" => written.old,
        "ALL_NEW" => written.new,
        "UPDATED_OLD" => changed(written.old),
        "UPDATED_NEW" => changed(written.new),
        _ => None,
    }
}

pub async fn get_item(call: Call, input: GetItemInput) -> Result<GetItemOutput, Error> {
    let table = name::table(&call, &input.table_name)?;
    let given = Given {
        expressions: vec![("ProjectionExpression", input.projection_expression.as_deref())],
        legacy: vec![("AttributesToGet", input.attributes_to_get.is_some())],
        names: input.expression_attribute_names.as_ref(),
        values: None,
    };
    let checked = given.check()?;
    let key = item(input.key)?;
    let attributes_to_get = legacy::attributes_to_get(input.attributes_to_get)?;
    let projection = checked.parse()?.projection.or(attributes_to_get);
    let get = Get { table, key, projection, consistent: input.consistent_read.unwrap_or(false) };
    let got = call.services.tables().get(&get).map_err(refusal::of_item)?;
    let asked = input.return_consumed_capacity.as_deref();
    Ok(GetItemOutput {
        consumed_capacity: capacity::consumed(asked, &input.table_name, &got.consumed, Told::Sum),
        item: got.item.map(attributes),
    })
}

/// Put and delete know the old item only.
fn returns_old(returns: Option<&str>) -> Result<bool, Error> {
    match returns {
        None | Some("NONE") => Ok(false),
        Some("ALL_OLD") => Ok(true),
        Some(_) => Err(error::VALIDATION.with("Return values set to invalid value")),
    }
}

pub fn returns_failed(returns: Option<&str>) -> bool {
    returns == Some("ALL_OLD")
}
