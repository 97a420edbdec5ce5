//! Updates: what is set, removed, added and deleted, and how it changes an item.
//!
//! Always true: all operands are read from the item as it was; list elements are removed at their places as they were.

use std::collections::BTreeSet;

use super::path::{Path, Step};
use crate::table::error::{Error, invalid};
use crate::table::number::Number;
use crate::table::value::{Item, Value};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Update {
    pub set: Vec<(Path, Operand)>,
    pub remove: Vec<Path>,
    pub add: Vec<(Path, Value)>,
    pub delete: Vec<(Path, Value)>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    Path(Path),
    Value(Value),
    IfNotExists(Path, Box<Operand>),
    ListAppend(Box<Operand>, Box<Operand>),
    Plus(Box<Operand>, Box<Operand>),
    Minus(Box<Operand>, Box<Operand>),
}

impl Update {
    /// All paths that it changes.
    pub fn targets(&self) -> impl Iterator<Item = &Path> {
        let set = self.set.iter().map(|(path, _)| path);
        let valued = self.add.iter().chain(&self.delete).map(|(path, _)| path);
        set.chain(&self.remove).chain(valued)
    }

    /// The item as it is afterwards.
    pub fn apply(&self, before: &Item) -> Result<Item, Error> {
        let mut item = before.clone();
        for (path, operand) in &self.set {
            put(&mut item, path, operand.find(before)?)?;
        }
        for (path, value) in &self.add {
            let sum = match path.find(before) {
                Some(old) => sum(old, value)?,
                None => value.clone(),
            };
            put(&mut item, path, sum)?;
        }
        for (path, value) in &self.delete {
            match path.find(before).map(|old| without(old, value)).transpose()? {
                Some(Some(rest)) => put(&mut item, path, rest)?,
                Some(None) => take(&mut item, path)?,
                None => {}
            }
        }
        // From the last place to the first, so that no removal moves what another one means.
        let mut removals: Vec<&Path> = self.remove.iter().collect();
        removals.sort_by(|one, two| two.rest.cmp(&one.rest));
        for path in removals {
            take(&mut item, path)?;
        }
        Ok(item)
    }
}

impl Operand {
    fn find(&self, item: &Item) -> Result<Value, Error> {
        match self {
            Operand::Path(path) => path.find(item).cloned().ok_or_else(|| {
                invalid("The provided expression refers to an attribute that does not exist in the item")
            }),
            Operand::Value(value) => Ok(value.clone()),
            Operand::IfNotExists(path, otherwise) => match path.find(item) {
                Some(value) => Ok(value.clone()),
                None => otherwise.find(item),
            },
            Operand::ListAppend(one, two) => match (one.find(item)?, two.find(item)?) {
                (Value::List(mut one), Value::List(two)) => {
                    one.extend(two);
                    Ok(Value::List(one))
                }
                _ => Err(wrong_type()),
            },
            Operand::Plus(one, two) => arithmetic(one.find(item)?, two.find(item)?, Number::plus),
            Operand::Minus(one, two) => arithmetic(one.find(item)?, two.find(item)?, Number::minus),
        }
    }
}

fn arithmetic(
    one: Value,
    two: Value,
    operation: impl Fn(Number, Number) -> Result<Number, crate::table::number::NumberError>,
) -> Result<Value, Error> {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => Ok(Value::Number(operation(one, two)?)),
        _ => Err(wrong_type()),
    }
}

fn sum(old: &Value, value: &Value) -> Result<Value, Error> {
    Ok(match (old, value) {
        (Value::Number(old), Value::Number(value)) => Value::Number(old.plus(*value)?),
        (Value::Texts(old), Value::Texts(more)) => Value::Texts(old.union(more).cloned().collect()),
        (Value::Numbers(old), Value::Numbers(more)) => Value::Numbers(old.union(more).copied().collect()),
        (Value::Binaries(old), Value::Binaries(more)) => Value::Binaries(old.union(more).cloned().collect()),
        _ => return Err(wrong_type()),
    })
}

/// A set without the members of another; `None` where nothing is left.
fn without(old: &Value, value: &Value) -> Result<Option<Value>, Error> {
    fn rest<T: Ord + Clone>(old: &BTreeSet<T>, less: &BTreeSet<T>, make: fn(BTreeSet<T>) -> Value) -> Option<Value> {
        let rest: BTreeSet<T> = old.difference(less).cloned().collect();
        (!rest.is_empty()).then(|| make(rest))
    }
    Ok(match (old, value) {
        (Value::Texts(old), Value::Texts(less)) => rest(old, less, Value::Texts),
        (Value::Numbers(old), Value::Numbers(less)) => rest(old, less, Value::Numbers),
        (Value::Binaries(old), Value::Binaries(less)) => rest(old, less, Value::Binaries),
        _ => return Err(wrong_type()),
    })
}

fn wrong_type() -> Error {
    invalid("An operand in the update expression has an incorrect data type")
}

fn no_such_path() -> Error {
    invalid("The document path provided in the update expression is invalid for update")
}

/// The list or map that holds the value at the end of a nested path, and its place in it.
fn parent<'a, 'p>(item: &'a mut Item, path: &'p Path, last: &mut Option<&'p Step>) -> Result<&'a mut Value, Error> {
    let Some((end, between)) = path.rest.split_last() else { return Err(no_such_path()) };
    *last = Some(end);
    let mut value = item.get_mut(&path.first).ok_or_else(no_such_path)?;
    for step in between {
        value = match (step, value) {
            (Step::Attribute(name), Value::Map(entries)) => entries.get_mut(name),
            (Step::Index(index), Value::List(values)) => values.get_mut(*index),
            (Step::Attribute(_) | Step::Index(_), _) => None,
        }
        .ok_or_else(no_such_path)?;
    }
    Ok(value)
}

fn put(item: &mut Item, path: &Path, value: Value) -> Result<(), Error> {
    if !path.is_nested() {
        item.insert(path.first.clone(), value);
        return Ok(());
    }
    let mut last = None;
    let parent = parent(item, path, &mut last)?;
    match (last, parent) {
        (Some(Step::Attribute(name)), Value::Map(entries)) => {
            entries.insert(name.clone(), value);
        }
        (Some(Step::Index(index)), Value::List(values)) => match values.get_mut(*index) {
            Some(place) => *place = value,
            None => values.push(value), // beyond the end is at the end
        },
        _ => return Err(no_such_path()),
    }
    Ok(())
}

fn take(item: &mut Item, path: &Path) -> Result<(), Error> {
    if !path.is_nested() {
        item.remove(&path.first);
        return Ok(());
    }
    let mut last = None;
    let parent = parent(item, path, &mut last)?;
    match (last, parent) {
        (Some(Step::Attribute(name)), Value::Map(entries)) => {
            entries.remove(name);
        }
        (Some(Step::Index(index)), Value::List(values)) => {
            if *index < values.len() {
                values.remove(*index);
            }
        }
        _ => return Err(no_such_path()),
    }
    Ok(())
}
