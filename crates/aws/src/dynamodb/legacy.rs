//! The parameters that requests had before expressions.

use std::collections::BTreeMap;

use services::table::expression::legacy::{self, Change, Comparison, Expected, Joined, Test};
use services::table::expression::{Condition, KeyConditions, Path, Update};

use super::refusal;
use crate::error::{self, Error};
use crate::shapes::dynamodb::{self as shapes, AttributeValueUpdate, ExpectedAttributeValue};

/// Attributes that a request has conditions on, as `Expected` and filters have them.
type Tests = BTreeMap<String, shapes::Condition>;

pub fn expected(
    expected: Option<BTreeMap<String, ExpectedAttributeValue>>,
    operator: Option<&str>,
) -> Result<Option<Condition>, Error> {
    let joined = joined(operator, expected.as_ref().map(BTreeMap::len))?;
    let Some(expected) = expected.filter(|expected| !expected.is_empty()) else { return Ok(None) };
    let expected = expected.into_iter().map(|(name, given)| {
        let values = given.attribute_value_list.map(|list| list.into_iter().map(|value| value.value()).collect());
        let expected = Expected {
            test: given.comparison_operator.as_deref().map(comparison).transpose()?,
            values: values.transpose()?,
            value: given.value.map(|value| value.value()).transpose()?,
            exists: given.exists,
        };
        Ok((name, expected))
    });
    legacy::expected(expected.collect::<Result<_, Error>>()?, joined).map(Some).map_err(refusal::of_item)
}

pub fn filter(tests: Option<Tests>, operator: Option<&str>) -> Result<Option<Condition>, Error> {
    let joined = joined(operator, tests.as_ref().map(BTreeMap::len))?;
    let Some(given) = tests.filter(|tests| !tests.is_empty()) else { return Ok(None) };
    legacy::filter(all(given)?, joined).map(Some).map_err(refusal::of_item)
}

pub fn key_conditions(tests: Option<Tests>) -> Result<Option<KeyConditions>, Error> {
    let Some(given) = tests else { return Ok(None) };
    legacy::key_conditions(all(given)?).map(Some).map_err(refusal::of_item)
}

fn all(given: Tests) -> Result<Vec<(String, Test)>, Error> {
    let tests = given.into_iter().map(|(name, condition)| {
        let values = condition.attribute_value_list.unwrap_or_default().into_iter().map(|value| value.value());
        let test =
            Test { comparison: comparison(&condition.comparison_operator)?, values: values.collect::<Result<_, _>>()? };
        Ok((name, test))
    });
    tests.collect()
}

fn comparison(name: &str) -> Result<Comparison, Error> {
    Comparison::parse(name).ok_or_else(|| {
        let all = "[IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]";
        Error::constraint(name, "comparisonOperator", &format!("Member must satisfy enum value set: {all}"))
    })
}

/// How the conditions on `count` attributes are joined.
fn joined(operator: Option<&str>, count: Option<usize>) -> Result<Joined, Error> {
    let refuse = |text: &'static str| Err(error::VALIDATION.with(text));
    match (operator, count) {
        (None, _) => Ok(Joined::All),
        (Some(_), None) => refuse("ConditionalOperator cannot be used without Filter or Expected"),
        (Some(_), Some(0 | 1)) => {
            refuse("ConditionalOperator can only be used when Filter or Expected has two or more elements")
        }
        (Some("OR"), Some(_)) => Ok(Joined::Any),
        (Some(_), Some(_)) => Ok(Joined::All),
    }
}

pub fn updates(updates: Option<BTreeMap<String, AttributeValueUpdate>>) -> Result<Option<Update>, Error> {
    let Some(updates) = updates else { return Ok(None) };
    let changes = updates.into_iter().map(|(name, given)| {
        let change = match given.action.as_deref() {
            None | Some("PUT") => Change::Put,
            Some("ADD") => Change::Add,
            Some("DELETE") => Change::Delete,
            Some(other) => {
                let constraint = "Member must satisfy enum value set: [ADD, PUT, DELETE]";
                return Err(Error::constraint(other, &format!("attributeUpdates.{name}.member.action"), constraint));
            }
        };
        Ok((name, change, given.value.map(|value| value.value()).transpose()?))
    });
    legacy::update(changes.collect::<Result<_, Error>>()?).map(Some).map_err(refusal::of_item)
}

/// `AttributesToGet`: whole attributes, each once.
pub fn attributes_to_get(names: Option<Vec<String>>) -> Result<Option<Vec<Path>>, Error> {
    let Some(names) = names else { return Ok(None) };
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            return Err(error::VALIDATION.with(format!(
                "One or more parameter values were invalid: Duplicate value in attribute name: {name}"
            )));
        }
    }
    Ok(Some(names.into_iter().map(Path::attribute).collect()))
}
