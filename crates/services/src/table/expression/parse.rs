//! What the parsers of all expressions share: tokens, placeholders, paths, and which of several faults is told.
//!
//! A syntax error ends the parsing. Every other fault is noted, and the gravest is told at the end: DynamoDB looks for one
//! kind of fault after the other, not for the leftmost.

use std::collections::{BTreeMap, BTreeSet};

use super::path::{Path, Step};
use super::reserved::is_reserved;
use super::token::{Kind, Token, tokens};
use crate::table::value::{Item, Value};

/// Longest expression, in bytes. Source: DynamoDB quotas, "Expression parameters" (read 2026-11-24).
const EXPRESSION_BYTES_MAX: usize = 4096;
/// Most operators and functions in one expression. Same source.
const OPERATORS_MAX: usize = 300;
/// Parentheses and NOTs inside one another: bounds the stack.
const NESTING_MAX: usize = 64;

/// What `#name` and `:value` stand for, and which of them were used.
#[derive(Debug, Default)]
pub(super) struct Placeholders<'a> {
    pub names: Option<&'a BTreeMap<String, String>>,
    pub values: Option<&'a Item>,
    pub used_names: BTreeSet<String>,
    pub used_values: BTreeSet<String>,
}

/// Kinds of faults; those that are told first stand first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Parentheses,
    Section,
    UnknownFunction,
    MisusedFunction,
    Reserved,
    Undefined,
    Operand,
    Paths,
    Distinct,
}

pub(super) struct Parser<'a, 'p> {
    tokens: Vec<Token<'a>>,
    at: usize,
    text: &'a str,
    placeholders: &'p mut Placeholders<'a>,
    fault: Option<(Class, String)>,
    operators: usize,
    nesting: usize,
}

impl<'a, 'p> Parser<'a, 'p> {
    pub fn new(text: &'a str, placeholders: &'p mut Placeholders<'a>) -> Result<Parser<'a, 'p>, String> {
        if text.trim().is_empty() {
            return Err("The expression can not be empty;".to_owned());
        }
        if text.len() > EXPRESSION_BYTES_MAX {
            return Err(format!(
                "Expression size has exceeded the maximum allowed size; expression size: {}",
                text.len()
            ));
        }
        Ok(Parser { tokens: tokens(text), at: 0, text, placeholders, fault: None, operators: 0, nesting: 0 })
    }

    /// The gravest fault, once the text is at its end.
    pub fn finish(&mut self) -> Result<(), String> {
        if self.peek().kind != Kind::End {
            return Err(self.syntax_error());
        }
        match self.fault.take() {
            Some((_, fault)) => Err(fault),
            None => Ok(()),
        }
    }

    pub fn peek(&self) -> Token<'a> {
        self.tokens[self.at]
    }

    pub fn peek_after(&self) -> Token<'a> {
        self.tokens[(self.at + 1).min(self.tokens.len() - 1)]
    }

    pub fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    /// Takes a symbol, if it is next.
    pub fn takes(&mut self, symbol: &str) -> bool {
        let found = self.peek();
        let is = found.kind == Kind::Symbol && found.text == symbol;
        if is {
            self.next();
        }
        is
    }

    pub fn expect(&mut self, symbol: &str) -> Result<(), String> {
        match self.takes(symbol) {
            true => Ok(()),
            false => Err(self.syntax_error()),
        }
    }

    pub fn is_keyword(&self, word: &str) -> bool {
        let found = self.peek();
        found.kind == Kind::Word && found.text.eq_ignore_ascii_case(word)
    }

    pub fn takes_keyword(&mut self, word: &str) -> bool {
        let is = self.is_keyword(word);
        if is {
            self.next();
        }
        is
    }

    /// The next token should not be there: it, with its neighbours.
    pub fn syntax_error(&self) -> String {
        let token = self.peek();
        let shown = if token.kind == Kind::End { "<EOF>" } else { token.text };
        let from = self.at.checked_sub(1).map_or(token.start, |before| self.tokens[before].start);
        let after = self.peek_after();
        let to = if after.kind == Kind::End { token.end().min(self.text.len()) } else { after.end() };
        let near = if token.kind == Kind::End { self.text[from..].trim_end() } else { &self.text[from..to] };
        format!("Syntax error; token: \"{shown}\", near: \"{near}\"")
    }

    pub fn note(&mut self, class: Class, fault: impl FnOnce() -> String) {
        if self.fault.as_ref().is_none_or(|(known, _)| class < *known) {
            self.fault = Some((class, fault()));
        }
    }

    /// Counts an operator or function.
    pub fn count_operator(&mut self) -> Result<(), String> {
        self.operators += 1;
        match self.operators > OPERATORS_MAX {
            true => {
                Err(format!("The expression contains too many operators or functions; the limit is {OPERATORS_MAX}"))
            }
            false => Ok(()),
        }
    }

    pub fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err(format!("The expression is nested too deeply; the limit is {NESTING_MAX}"));
        }
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    pub fn path(&mut self) -> Result<Path, String> {
        let mut path = Path::attribute(self.name()?);
        loop {
            if self.takes(".") {
                let name = self.name()?;
                path.rest.push(Step::Attribute(name));
            } else if self.takes("[") {
                let token = self.peek();
                let index = (token.kind == Kind::Digits).then(|| token.text.parse().ok()).flatten();
                let Some(index) = index else { return Err(self.syntax_error()) };
                self.next();
                self.expect("]")?;
                path.rest.push(Step::Index(index));
            } else {
                return Ok(path);
            }
        }
    }

    fn name(&mut self) -> Result<String, String> {
        let token = self.peek();
        match token.kind {
            Kind::Word => {
                if is_reserved(token.text) {
                    self.note(Class::Reserved, || {
                        format!("Attribute name is a reserved keyword; reserved keyword: {}", token.text)
                    });
                }
                self.next();
                Ok(token.text.to_owned())
            }
            Kind::Name => {
                self.next();
                self.placeholders.used_names.insert(token.text.to_owned());
                match self.placeholders.names.and_then(|names| names.get(token.text)) {
                    Some(name) => Ok(name.clone()),
                    None => {
                        self.note(Class::Undefined, || {
                            format!(
                                "An expression attribute name used in the document path is not defined; attribute name: {}",
                                token.text
                            )
                        });
                        Ok(token.text.to_owned())
                    }
                }
            }
            Kind::Value | Kind::Digits | Kind::Symbol | Kind::Unknown | Kind::End => Err(self.syntax_error()),
        }
    }

    pub fn is_defined_value(&self) -> bool {
        let token = self.peek();
        self.placeholders.values.is_some_and(|values| values.contains_key(token.text))
    }

    /// The value that the next token stands for. An undefined one is noted and taken for NULL.
    pub fn value(&mut self) -> Value {
        let token = self.next();
        self.placeholders.used_values.insert(token.text.to_owned());
        match self.placeholders.values.and_then(|values| values.get(token.text)) {
            Some(value) => value.clone(),
            None => {
                self.note(Class::Undefined, || {
                    format!(
                        "An expression attribute value used in expression is not defined; attribute value: {}",
                        token.text
                    )
                });
                Value::Null
            }
        }
    }
}
