//! The parameters that requests had before expressions, turned into the same trees.

use super::condition::{Comparator, Condition, Operand};
use super::keys::KeyConditions;
use super::path::Path;
use super::update::{self, Update};
use crate::table::error::{Error, invalid, parameter};
use crate::table::key::SortCondition;
use crate::table::value::{Type, Value};

/// `ComparisonOperator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    In,
    LessOrEqual,
    Less,
    GreaterOrEqual,
    Greater,
    Between,
    NotNull,
    Null,
    Contains,
    NotContains,
    BeginsWith,
}

const NAMES: [(Comparison, &str); 13] = [
    (Comparison::Equal, "EQ"),
    (Comparison::NotEqual, "NE"),
    (Comparison::In, "IN"),
    (Comparison::LessOrEqual, "LE"),
    (Comparison::Less, "LT"),
    (Comparison::GreaterOrEqual, "GE"),
    (Comparison::Greater, "GT"),
    (Comparison::Between, "BETWEEN"),
    (Comparison::NotNull, "NOT_NULL"),
    (Comparison::Null, "NULL"),
    (Comparison::Contains, "CONTAINS"),
    (Comparison::NotContains, "NOT_CONTAINS"),
    (Comparison::BeginsWith, "BEGINS_WITH"),
];

impl Comparison {
    pub fn parse(name: &str) -> Option<Comparison> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(comparison, _)| *comparison)
    }

    fn name(self) -> &'static str {
        NAMES.iter().find(|(known, _)| *known == self).map_or("", |(_, name)| name)
    }
}

/// A comparison of one attribute with some values.
#[derive(Debug, Clone)]
pub struct Test {
    pub comparison: Comparison,
    pub values: Vec<Value>,
}

/// What an attribute is expected to be: by a test, or by a value or its absence.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    pub test: Option<Comparison>,
    pub values: Option<Vec<Value>>,
    pub value: Option<Value>,
    pub exists: Option<bool>,
}

/// `AND` and `OR` between the conditions on several attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    All,
    Any,
}

/// How an attribute is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Put,
    Add,
    Delete,
}

pub fn expected(expected: Vec<(String, Expected)>, joined: Joined) -> Result<Condition, Error> {
    let conditions = expected.into_iter().map(|(name, expected)| expectation(name, expected));
    Ok(join(conditions.collect::<Result<_, _>>()?, joined))
}

pub fn filter(tests: Vec<(String, Test)>, joined: Joined) -> Result<Condition, Error> {
    let conditions = tests.into_iter().map(|(name, test)| condition(name, test));
    Ok(join(conditions.collect::<Result<_, _>>()?, joined))
}

fn join(conditions: Vec<Condition>, joined: Joined) -> Condition {
    match joined {
        Joined::All => Condition::All(conditions),
        Joined::Any => Condition::Any(conditions),
    }
}

fn expectation(name: String, expected: Expected) -> Result<Condition, Error> {
    let Expected { test, values, value, exists } = expected;
    let refuse = |text: &str| Err(parameter(format!("{text} for Attribute: {name}")));
    if let Some(comparison) = test {
        if exists.is_some() {
            return refuse("Exists and ComparisonOperator cannot be used together");
        }
        let values = match (values, value) {
            (Some(_), Some(_)) => return refuse("Value and AttributeValueList cannot be used together"),
            (Some(values), None) => values,
            (None, value) => value.into_iter().collect(),
        };
        return condition(name, Test { comparison, values });
    }
    if values.is_some() {
        return refuse("AttributeValueList can only be used with a ComparisonOperator");
    }
    match (exists.unwrap_or(true), value) {
        (true, Some(value)) => condition(name, Test { comparison: Comparison::Equal, values: vec![value] }),
        (true, None) if exists.is_some() => refuse("Value must be provided when Exists is true"),
        (true, None) => refuse("Value must be provided when Exists is null"),
        (false, None) => condition(name, Test { comparison: Comparison::Null, values: Vec::new() }),
        (false, Some(_)) => refuse("Value cannot be used when Exists is false"),
    }
}

/// Whether there are as many values as the comparison takes, of types that it takes.
fn check(test: &Test) -> Result<(), Error> {
    let name = test.comparison.name();
    let count_fits = match test.comparison {
        Comparison::Null | Comparison::NotNull => test.values.is_empty(),
        Comparison::Between => test.values.len() == 2,
        Comparison::In => !test.values.is_empty(),
        _ => test.values.len() == 1,
    };
    if !count_fits {
        return Err(parameter(format!("Invalid number of argument(s) for the {name} ComparisonOperator")));
    }
    let takes = |kind: Type| match test.comparison {
        Comparison::Equal | Comparison::NotEqual | Comparison::Null | Comparison::NotNull => true,
        Comparison::BeginsWith => matches!(kind, Type::S | Type::B),
        Comparison::Contains | Comparison::NotContains => {
            matches!(kind, Type::S | Type::N | Type::B | Type::Bool | Type::Null)
        }
        _ => kind.is_ordered(),
    };
    match test.values.iter().map(Value::kind).find(|kind| !takes(*kind)) {
        Some(kind) => {
            let kind = kind.name();
            Err(parameter(format!("ComparisonOperator {name} is not valid for {kind} AttributeValue type")))
        }
        None => check_kinds(test),
    }
}

fn check_kinds(test: &Test) -> Result<(), Error> {
    let mut kinds = test.values.iter().map(Value::kind);
    let first = kinds.next();
    if kinds.any(|kind| Some(kind) != first) {
        return Err(parameter("AttributeValues inside AttributeValueList must be of same type"));
    }
    if test.comparison == Comparison::Between
        && let [from, to] = test.values.as_slice()
        && from.compare(to) == Some(std::cmp::Ordering::Greater)
    {
        return Err(invalid(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
        ));
    }
    Ok(())
}

fn condition(name: String, test: Test) -> Result<Condition, Error> {
    check(&test)?;
    let path = Path::attribute(name);
    let operand = || Operand::Path(path.clone());
    let mut values = test.values.into_iter().map(Operand::Value);
    let mut next = || values.next().unwrap_or(Operand::Value(Value::Null)); // their number was checked
    let not = |condition| Condition::Not(Box::new(condition));
    Ok(match test.comparison {
        Comparison::Equal => Condition::Compare(operand(), Comparator::Equal, next()),
        Comparison::NotEqual => Condition::Compare(operand(), Comparator::NotEqual, next()),
        Comparison::Less => Condition::Compare(operand(), Comparator::Less, next()),
        Comparison::LessOrEqual => Condition::Compare(operand(), Comparator::LessOrEqual, next()),
        Comparison::Greater => Condition::Compare(operand(), Comparator::Greater, next()),
        Comparison::GreaterOrEqual => Condition::Compare(operand(), Comparator::GreaterOrEqual, next()),
        Comparison::Between => Condition::Between(operand(), next(), next()),
        Comparison::BeginsWith => Condition::BeginsWith(operand(), next()),
        Comparison::Contains => Condition::Contains(operand(), next()),
        Comparison::NotContains => not(Condition::Contains(operand(), next())),
        Comparison::In => Condition::In(operand(), values.collect()),
        Comparison::NotNull => Condition::Exists(path),
        Comparison::Null => not(Condition::Exists(path)),
    })
}

/// `KeyConditions`.
pub fn key_conditions(tests: Vec<(String, Test)>) -> Result<KeyConditions, Error> {
    let mut conditions = KeyConditions::default();
    for (name, test) in tests {
        check(&test)?;
        let mut values = test.values.into_iter();
        let mut next = || values.next().unwrap_or(Value::Null); // their number was checked
        let condition = match test.comparison {
            Comparison::Equal => SortCondition::Equal(next()),
            Comparison::Less => SortCondition::Less(next()),
            Comparison::LessOrEqual => SortCondition::LessOrEqual(next()),
            Comparison::Greater => SortCondition::Greater(next()),
            Comparison::GreaterOrEqual => SortCondition::GreaterOrEqual(next()),
            Comparison::Between => SortCondition::Between(next(), next()),
            Comparison::BeginsWith => SortCondition::BeginsWith(next()),
            Comparison::NotEqual
            | Comparison::In
            | Comparison::NotNull
            | Comparison::Null
            | Comparison::Contains
            | Comparison::NotContains => {
                return Err(invalid("Attempted conditional constraint is not an indexable operation"));
            }
        };
        conditions.add(name, condition)?;
    }
    Ok(conditions)
}

/// `AttributeUpdates`.
pub fn update(changes: Vec<(String, Change, Option<Value>)>) -> Result<Update, Error> {
    let mut update = Update::default();
    for (name, change, value) in changes {
        let path = Path::attribute(name);
        match (change, value) {
            (Change::Put, Some(value)) => update.set.push((path, update::Operand::Value(value))),
            (Change::Delete, None) => update.remove.push(path),
            (Change::Put | Change::Add, None) => {
                return Err(parameter("Only DELETE action is allowed when no attribute value is specified"));
            }
            (Change::Add, Some(value @ Value::List(_))) => {
                let old = update::Operand::IfNotExists(
                    path.clone(),
                    Box::new(update::Operand::Value(Value::List(Vec::new()))),
                );
                let appended = update::Operand::ListAppend(Box::new(old), Box::new(update::Operand::Value(value)));
                update.set.push((path, appended));
            }
            (Change::Add, Some(value)) if value.kind() == Type::N || value.kind().is_set() => {
                update.add.push((path, value));
            }
            (Change::Add, Some(value)) => {
                let kind = value.kind().name();
                return Err(parameter(format!("ADD action is not supported for the type {kind}")));
            }
            (Change::Delete, Some(value)) if value.kind().is_set() => update.delete.push((path, value)),
            (Change::Delete, Some(value)) => {
                let kind = value.kind().name();
                return Err(parameter(format!("DELETE action with value is not supported for the type {kind}")));
            }
        }
    }
    Ok(update)
}
