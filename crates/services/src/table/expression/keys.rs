//! Key conditions: which partition of a table or index is read, and which part of it.

use super::condition::{Comparator, Condition, Operand};
use super::path::Path;
use crate::table::error::{Error, invalid, parameter};
use crate::table::key::{self, SortCondition};
use crate::table::schema::{KeyAttribute, KeySchema};
use crate::table::value::Value;

/// Conditions on attributes, each of which may be a key; invariant: no attribute is there twice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyConditions(Vec<(String, SortCondition)>);

/// What of a table or index is read.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyRange {
    pub partition: Value,
    pub sort: Option<SortCondition>,
}

impl KeyConditions {
    /// The conditions that an expression states.
    pub(super) fn from_condition(condition: Condition) -> Result<KeyConditions, Error> {
        let mut found = KeyConditions::default();
        found.collect(condition)?;
        Ok(found)
    }

    /// Adds a condition; another one on the same attribute is refused.
    pub fn add(&mut self, name: String, condition: SortCondition) -> Result<(), Error> {
        if self.0.iter().any(|(known, _)| *known == name) {
            return Err(invalid("KeyConditionExpressions must only contain one condition per key"));
        }
        self.0.push((name, condition));
        Ok(())
    }

    fn collect(&mut self, condition: Condition) -> Result<(), Error> {
        match condition {
            Condition::All(many) => many.into_iter().try_for_each(|one| self.collect(one)),
            Condition::Any(_) => Err(operator("OR")),
            Condition::Not(inner) => match *inner {
                Condition::Exists(_) => Err(operator("attribute_not_exists")),
                _ => Err(operator("NOT")),
            },
            Condition::In(..) => Err(operator("IN")),
            Condition::Exists(_) => Err(operator("attribute_exists")),
            Condition::IsType(..) => Err(operator("attribute_type")),
            Condition::Contains(..) => Err(operator("contains")),
            Condition::BeginsWith(one, two) => {
                let name = attribute(one)?;
                let value = value(two)?;
                self.add(name, SortCondition::BeginsWith(value))
            }
            Condition::Between(one, from, to) => {
                let name = attribute(one)?;
                let (from, to) = (value(from)?, value(to)?);
                self.add(name, SortCondition::Between(from, to))
            }
            Condition::Compare(one, comparator, two) => {
                let (one, comparator, two) = match one {
                    Operand::Value(_) => (two, comparator.turned(), one),
                    Operand::Path(_) | Operand::Size(_) => (one, comparator, two),
                };
                if comparator == Comparator::NotEqual {
                    return Err(operator("<>"));
                }
                let name = attribute(one)?;
                let value = value(two)?;
                let condition = match comparator {
                    Comparator::Equal => SortCondition::Equal(value),
                    Comparator::Less => SortCondition::Less(value),
                    Comparator::LessOrEqual => SortCondition::LessOrEqual(value),
                    Comparator::Greater => SortCondition::Greater(value),
                    Comparator::GreaterOrEqual => SortCondition::GreaterOrEqual(value),
                    Comparator::NotEqual => return Err(operator("<>")),
                };
                self.add(name, condition)
            }
        }
    }

    /// What they mean for a key.
    pub fn range(&self, schema: &KeySchema) -> Result<KeyRange, Error> {
        if self.0.is_empty() || self.0.len() > 2 {
            return Err(invalid("Conditions can be of length 1 or 2 only"));
        }
        let partition = self.on(&schema.partition)?.ok_or_else(|| missed(&schema.partition))?;
        let SortCondition::Equal(value) = partition else { return Err(invalid("Query key condition not supported")) };
        let sort = match &schema.sort {
            Some(attribute) => self.on(attribute)?,
            None => None,
        };
        if self.0.len() == 2 && sort.is_none() {
            return Err(match &schema.sort {
                Some(attribute) => missed(attribute),
                None => invalid("Query key condition not supported"),
            });
        }
        Ok(KeyRange { partition: value.clone(), sort: sort.cloned() })
    }

    fn on(&self, attribute: &KeyAttribute) -> Result<Option<&SortCondition>, Error> {
        let Some((name, condition)) = self.0.iter().find(|(name, _)| *name == attribute.name) else { return Ok(None) };
        for value in condition.values() {
            if !key::fits(attribute, value) {
                return Err(parameter("Condition parameter type does not match schema type"));
            }
            let empty = match value {
                Value::Text(text) if text.is_empty() => "string",
                Value::Bytes(bytes) if bytes.is_empty() => "binary",
                _ => continue,
            };
            return Err(invalid(format!(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {empty} value. Key: {name}"
            )));
        }
        if let SortCondition::BeginsWith(Value::Number(_)) = condition {
            return Err(parameter("ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"));
        }
        Ok(Some(condition))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

fn missed(attribute: &KeyAttribute) -> Error {
    invalid(format!("Query condition missed key schema element: {}", attribute.name))
}

fn operator(name: &str) -> Error {
    invalid(format!("Invalid operator used in KeyConditionExpression: {name}"))
}

fn attribute(operand: Operand) -> Result<String, Error> {
    match operand {
        Operand::Path(Path { first, rest }) if rest.is_empty() => Ok(first),
        Operand::Path(_) => Err(invalid("KeyConditionExpressions cannot have conditions on nested attributes")),
        Operand::Size(_) => Err(operator("size")),
        Operand::Value(_) => {
            Err(invalid("Invalid condition in KeyConditionExpression: No attribute name used in condition"))
        }
    }
}

fn value(operand: Operand) -> Result<Value, Error> {
    match operand {
        Operand::Value(value) => Ok(value),
        Operand::Path(_) => {
            Err(invalid("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"))
        }
        Operand::Size(_) => Err(operator("size")),
    }
}
