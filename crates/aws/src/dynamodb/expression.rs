//! The expressions of a request: which parameters may stand beside one another, and what placeholders stand for.

use std::collections::BTreeMap;

use services::table::Item;
use services::table::expression::{Expressions, Texts};

use super::attribute::Attributes;
use super::refusal;
use crate::error::{self, Error};

/// What a request gives for its expressions.
#[derive(Default)]
pub struct Given<'a> {
    /// Names of expression parameters with their texts, in the order in which messages name them.
    pub expressions: Vec<(&'static str, Option<&'a str>)>,
    /// Names of legacy parameters, and whether they are there.
    pub legacy: Vec<(&'static str, bool)>,
    pub names: Option<&'a BTreeMap<String, String>>,
    pub values: Option<Attributes>,
}

/// Expressions whose parameters stand beside one another rightly; not read yet.
pub struct Checked<'a> {
    texts: Texts<'a>,
    values: Option<Item>,
}

impl<'a> Given<'a> {
    /// Checks what is given, not what it says.
    pub fn check(self) -> Result<Checked<'a>, Error> {
        let present: Vec<&str> =
            self.expressions.iter().filter(|(_, text)| text.is_some()).map(|(name, _)| *name).collect();
        let legacy: Vec<&str> = self.legacy.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        if !present.is_empty() && !legacy.is_empty() {
            return Err(invalid(format!(
                "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {{{}}} Expression parameters: {{{}}}",
                legacy.join(", "),
                present.join(", ")
            )));
        }
        self.check_names(present.is_empty())?;
        let text = |name: &str| self.expressions.iter().find(|(known, _)| *known == name).and_then(|(_, text)| *text);
        let texts = Texts {
            update: text("UpdateExpression"),
            condition: text("ConditionExpression"),
            key_condition: text("KeyConditionExpression"),
            filter: text("FilterExpression"),
            projection: text("ProjectionExpression"),
            names: self.names,
            values: None,
        };
        let values = self.values(present.is_empty())?;
        Ok(Checked { texts, values })
    }

    fn check_names(&self, without: bool) -> Result<(), Error> {
        let Some(names) = self.names else { return Ok(()) };
        if without {
            return Err(invalid("ExpressionAttributeNames can only be specified when using expressions"));
        }
        if names.is_empty() {
            return Err(invalid("ExpressionAttributeNames must not be empty"));
        }
        match names.keys().find(|key| !is_placeholder(key, '#')) {
            Some(key) => {
                Err(invalid(format!("ExpressionAttributeNames contains invalid key: Syntax error; key: \"{key}\"")))
            }
            None => Ok(()),
        }
    }

    fn values(self, without: bool) -> Result<Option<Item>, Error> {
        let Some(values) = self.values else { return Ok(None) };
        if without {
            // A projection has no values, so it is not among those that are missed.
            let missed: Vec<&str> =
                self.expressions.iter().map(|(name, _)| *name).filter(|name| *name != "ProjectionExpression").collect();
            let are = if missed.len() == 1 { "is" } else { "are" };
            return Err(invalid(format!(
                "ExpressionAttributeValues can only be specified when using expressions: {} {are} null",
                missed.join(" and ")
            )));
        }
        if values.is_empty() {
            return Err(invalid("ExpressionAttributeValues must not be empty"));
        }
        if let Some(key) = values.keys().find(|key| !is_placeholder(key, ':')) {
            return Err(invalid(format!(
                "ExpressionAttributeValues contains invalid key: Syntax error; key: \"{key}\""
            )));
        }
        let values = values.into_iter().map(|(key, value)| match value.0 {
            Ok(value) => Ok((key, value)),
            Err(fault) => {
                Err(invalid(format!("ExpressionAttributeValues contains invalid value: {fault} for key {key}")))
            }
        });
        values.collect::<Result<Item, Error>>().map(Some)
    }
}

impl Checked<'_> {
    /// Reads the expressions.
    pub fn parse(&self) -> Result<Expressions, Error> {
        Texts { values: self.values.as_ref(), ..self.texts }.parse().map_err(refusal::of_item)
    }
}

fn is_placeholder(key: &str, sign: char) -> bool {
    key.strip_prefix(sign)
        .is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    error::VALIDATION.with(text)
}
