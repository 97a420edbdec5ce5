//! The expression language: conditions, filters, key conditions, updates and projections.
//!
//! Start reading at [`Texts::parse`]. There is one tree for conditions ([`Condition`]) and one for updates ([`Update`]);
//! the legacy parameters are turned into the same trees by [`legacy`]. Texts of errors are DynamoDB's.

pub mod condition;
mod conditions;
pub mod keys;
pub mod legacy;
mod parse;
pub mod path;
mod reserved;
mod token;
pub mod update;
mod updates;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use condition::Condition;
pub use keys::KeyConditions;
pub use path::{Path, Projection};
pub use update::Update;

use super::error::{Error, invalid};
use super::value::Item;
use parse::{Class, Parser, Placeholders};

/// The expressions of one request, as texts, and what their placeholders stand for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Texts<'a> {
    pub update: Option<&'a str>,
    pub condition: Option<&'a str>,
    pub key_condition: Option<&'a str>,
    pub filter: Option<&'a str>,
    pub projection: Option<&'a str>,
    pub names: Option<&'a BTreeMap<String, String>>,
    pub values: Option<&'a Item>,
}

/// The expressions of one request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expressions {
    pub update: Option<Update>,
    pub condition: Option<Condition>,
    pub key_condition: Option<KeyConditions>,
    pub filter: Option<Condition>,
    pub projection: Option<Vec<Path>>,
}

impl<'a> Texts<'a> {
    /// Reads all expressions; every placeholder must be used by one of them.
    pub fn parse(&self) -> Result<Expressions, Error> {
        let mut placeholders = Placeholders { names: self.names, values: self.values, ..Placeholders::default() };
        let given = &mut placeholders;
        let update = read(self.update, "UpdateExpression", given, updates::update)?;
        let condition = read(self.condition, "ConditionExpression", given, conditions::condition)?;
        // The key condition is judged once all expressions are known to be in order.
        let key_condition = read(self.key_condition, "KeyConditionExpression", given, conditions::condition)?;
        let filter = read(self.filter, "FilterExpression", given, conditions::condition)?;
        let projection = read(self.projection, "ProjectionExpression", given, projection)?;
        let names = self.names.into_iter().flat_map(BTreeMap::keys);
        refuse_unused("ExpressionAttributeNames", names, &placeholders.used_names)?;
        let values = self.values.into_iter().flat_map(BTreeMap::keys);
        refuse_unused("ExpressionAttributeValues", values, &placeholders.used_values)?;
        let key_condition = key_condition.map(KeyConditions::from_condition).transpose()?;
        Ok(Expressions { update, condition, key_condition, filter, projection })
    }
}

fn read<'a, T>(
    text: Option<&'a str>,
    what: &str,
    placeholders: &mut Placeholders<'a>,
    parse: impl FnOnce(&mut Parser) -> Result<T, String>,
) -> Result<Option<T>, Error> {
    let Some(text) = text else { return Ok(None) };
    let parsed = Parser::new(text, placeholders).and_then(|mut parser| parse(&mut parser));
    parsed.map(Some).map_err(|fault| invalid(format!("Invalid {what}: {fault}")))
}

fn projection(parser: &mut Parser) -> Result<Vec<Path>, String> {
    let mut paths = vec![parser.path()?];
    while parser.takes(",") {
        paths.push(parser.path()?);
    }
    if let Some(clash) = path::clash(&paths.iter().collect::<Vec<_>>()) {
        parser.note(Class::Paths, || clash);
    }
    parser.finish()?;
    Ok(paths)
}

fn refuse_unused<'a>(
    what: &str,
    given: impl Iterator<Item = &'a String>,
    used: &BTreeSet<String>,
) -> Result<(), Error> {
    let unused: Vec<&str> = given.filter(|name| !used.contains(*name)).map(String::as_str).collect();
    match unused.is_empty() {
        true => Ok(()),
        false => {
            Err(invalid(format!("Value provided in {what} unused in expressions: keys: {{{}}}", unused.join(", "))))
        }
    }
}
