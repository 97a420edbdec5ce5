//! Reads statements into the trees of the expression language.

use std::collections::BTreeSet;

use store::Order;

use super::token::{Token, tokens};
use super::{Returning, Select, Statement};
use crate::table::error::{Error, invalid};
use crate::table::expression::condition::{Comparator, Condition, Operand};
use crate::table::expression::path::{Path, Step};
use crate::table::expression::update::{self, Update};
use crate::table::number::Number;
use crate::table::value::{Item, Type, Value};

/// Parentheses, lists and maps inside one another: bounds the stack.
const NESTING_MAX: usize = 64;

pub(super) fn statement(text: &str, parameters: &[Value]) -> Result<Statement, Error> {
    let tokens = tokens(text).ok_or_else(|| malformed("Invalid character"))?;
    let mut parser = Parser { tokens, at: 0, parameters, used: 0, nesting: 0 };
    let statement = parser.statement()?;
    parser.takes(";");
    if parser.peek() != &Token::End {
        return Err(malformed("Unexpected term"));
    }
    match parser.used == parameters.len() {
        true => Ok(statement),
        false => Err(invalid("Number of parameters in request and statement don't match.")),
    }
}

fn malformed(what: &str) -> Error {
    invalid(format!("Statement wasn't well formed, can't be processed: {what}"))
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    parameters: &'a [Value],
    used: usize,
    nesting: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at]
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn takes(&mut self, symbol: &str) -> bool {
        let is = matches!(self.peek(), Token::Symbol(found) if *found == symbol);
        if is {
            self.next();
        }
        is
    }

    fn expect(&mut self, symbol: &str) -> Result<(), Error> {
        match self.takes(symbol) {
            true => Ok(()),
            false => Err(malformed(&format!("Expected {symbol}"))),
        }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        if is {
            self.next();
        }
        is
    }

    fn expect_word(&mut self, word: &str) -> Result<(), Error> {
        match self.takes_word(word) {
            true => Ok(()),
            false => Err(malformed(&format!("Expected {word}"))),
        }
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err(malformed("Nested too deeply"));
        }
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    fn statement(&mut self) -> Result<Statement, Error> {
        if self.takes_word("SELECT") {
            return self.select().map(Statement::Select);
        }
        if self.takes_word("EXISTS") {
            self.expect("(")?;
            self.expect_word("SELECT")?;
            let select = self.select()?;
            self.expect(")")?;
            return Ok(Statement::Exists(select));
        }
        if self.takes_word("INSERT") {
            self.expect_word("INTO")?;
            let table = self.name()?;
            self.expect_word("VALUE")?;
            return match self.value()? {
                Value::Map(item) => Ok(Statement::Insert { table, item }),
                _ => Err(malformed("Expected a tuple")),
            };
        }
        if self.takes_word("UPDATE") {
            return self.update();
        }
        if self.takes_word("DELETE") {
            self.expect_word("FROM")?;
            let table = self.name()?;
            self.expect_word("WHERE")?;
            let condition = self.condition()?;
            let returning = self.returning()?;
            return Ok(Statement::Delete { table, condition, returning });
        }
        Err(malformed("Expected data manipulation"))
    }

    fn select(&mut self) -> Result<Select, Error> {
        let columns = match self.takes("*") {
            true => None,
            false => {
                let mut columns = vec![self.path()?];
                while self.takes(",") {
                    columns.push(self.path()?);
                }
                Some(columns)
            }
        };
        self.expect_word("FROM")?;
        let table = self.name()?;
        let index = if self.takes(".") { Some(self.name()?) } else { None };
        let condition = if self.takes_word("WHERE") { Some(self.condition()?) } else { None };
        let mut order = None;
        if self.takes_word("ORDER") {
            self.expect_word("BY")?;
            loop {
                self.name()?;
                if self.takes_word("DESC") {
                    order = Some(Order::Reverse);
                } else {
                    self.takes_word("ASC");
                    order = order.or(Some(Order::Forward));
                }
                if !self.takes(",") {
                    break;
                }
            }
        }
        Ok(Select { columns, table, index, condition, order })
    }

    fn update(&mut self) -> Result<Statement, Error> {
        let table = self.name()?;
        let mut update = Update::default();
        loop {
            if self.takes_word("SET") {
                loop {
                    self.assignment(&mut update)?;
                    if !self.takes(",") {
                        break;
                    }
                }
            } else if self.takes_word("REMOVE") {
                loop {
                    update.remove.push(self.path()?);
                    if !self.takes(",") {
                        break;
                    }
                }
            } else {
                break;
            }
        }
        if update == Update::default() {
            return Err(malformed("Expected SET or REMOVE"));
        }
        self.expect_word("WHERE")?;
        let condition = self.condition()?;
        let returning = self.returning()?;
        Ok(Statement::Update { table, update, condition, returning })
    }

    fn assignment(&mut self, update: &mut Update) -> Result<(), Error> {
        let path = self.path()?;
        self.expect("=")?;
        let of_set = ["set_add", "set_delete"].into_iter().find(|function| self.is_word(function));
        let Some(function) = of_set.filter(|_| self.tokens.get(self.at + 1) == Some(&Token::Symbol("("))) else {
            let value = self.sum()?;
            update.set.push((path, value));
            return Ok(());
        };
        self.next();
        self.expect("(")?;
        if self.path()? != path {
            return Err(malformed("A set function changes the attribute that it is assigned to"));
        }
        self.expect(",")?;
        let value = self.value()?;
        self.expect(")")?;
        match function {
            "set_add" => update.add.push((path, value)),
            _ => update.delete.push((path, value)),
        }
        Ok(())
    }

    fn sum(&mut self) -> Result<update::Operand, Error> {
        let first = self.assigned()?;
        if self.takes("+") {
            return Ok(update::Operand::Plus(Box::new(first), Box::new(self.assigned()?)));
        }
        if self.takes("-") {
            return Ok(update::Operand::Minus(Box::new(first), Box::new(self.assigned()?)));
        }
        Ok(first)
    }

    fn assigned(&mut self) -> Result<update::Operand, Error> {
        let called = self.tokens.get(self.at + 1) == Some(&Token::Symbol("("));
        if called && (self.is_word("list_append") || self.is_word("if_not_exists")) {
            let appends = self.is_word("list_append");
            self.next();
            self.expect("(")?;
            let first = self.nested(Self::sum)?;
            self.expect(",")?;
            let second = self.nested(Self::sum)?;
            self.expect(")")?;
            return match (appends, first) {
                (true, first) => Ok(update::Operand::ListAppend(Box::new(first), Box::new(second))),
                (false, update::Operand::Path(path)) => Ok(update::Operand::IfNotExists(path, Box::new(second))),
                (false, _) => Err(malformed("Expected a path")),
            };
        }
        match self.is_path() {
            true => self.path().map(update::Operand::Path),
            false => self.value().map(update::Operand::Value),
        }
    }

    fn returning(&mut self) -> Result<Returning, Error> {
        if !self.takes_word("RETURNING") {
            return Ok(Returning::Nothing);
        }
        let modified = self.takes_word("MODIFIED");
        if !modified {
            self.expect_word("ALL")?;
        }
        let new = self.takes_word("NEW");
        if !new {
            self.expect_word("OLD")?;
        }
        self.expect("*")?;
        Ok(match (modified, new) {
            (false, false) => Returning::AllOld,
            (false, true) => Returning::AllNew,
            (true, false) => Returning::ModifiedOld,
            (true, true) => Returning::ModifiedNew,
        })
    }

    fn condition(&mut self) -> Result<Condition, Error> {
        let mut many = vec![self.all()?];
        while self.takes_word("OR") {
            many.push(self.all()?);
        }
        Ok(one_or(many, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Error> {
        let mut many = vec![self.not()?];
        while self.takes_word("AND") {
            many.push(self.not()?);
        }
        Ok(one_or(many, Condition::All))
    }

    fn not(&mut self) -> Result<Condition, Error> {
        if self.takes_word("NOT") {
            return Ok(Condition::Not(Box::new(self.nested(Self::not)?)));
        }
        if self.takes("(") {
            let inner = self.nested(Self::condition)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let function = match (self.peek(), self.tokens.get(self.at + 1)) {
            (Token::Word(word), Some(Token::Symbol("("))) => word.to_ascii_lowercase(),
            _ => String::new(),
        };
        match function.as_str() {
            "begins_with" | "contains" | "attribute_type" => self.function(&function),
            _ => self.comparison(),
        }
    }

    fn function(&mut self, name: &str) -> Result<Condition, Error> {
        self.next();
        self.expect("(")?;
        let first = self.operand()?;
        self.expect(",")?;
        let second = self.operand()?;
        self.expect(")")?;
        match (name, first, second) {
            ("begins_with", first, second) => Ok(Condition::BeginsWith(first, second)),
            ("contains", first, second) => Ok(Condition::Contains(first, second)),
            (_, Operand::Path(path), Operand::Value(Value::Text(kind))) => Type::parse(&kind)
                .map(|kind| Condition::IsType(path, kind))
                .ok_or_else(|| malformed("Invalid attribute type name")),
            _ => Err(malformed("Expected a path and a type")),
        }
    }

    fn comparison(&mut self) -> Result<Condition, Error> {
        let first = self.operand()?;
        if self.takes_word("IS") {
            let not = self.takes_word("NOT");
            let Operand::Path(path) = first else { return Err(malformed("Expected a path")) };
            let is = if self.takes_word("MISSING") {
                Condition::Not(Box::new(Condition::Exists(path)))
            } else {
                self.expect_word("NULL")?;
                Condition::IsType(path, Type::Null)
            };
            return Ok(if not { Condition::Not(Box::new(is)) } else { is });
        }
        if self.takes_word("BETWEEN") {
            let from = self.operand()?;
            self.expect_word("AND")?;
            return Ok(Condition::Between(first, from, self.operand()?));
        }
        if self.takes_word("IN") {
            let end = if self.takes("[") { "]" } else { ")" };
            if end == ")" {
                self.expect("(")?;
            }
            let mut among = vec![self.operand()?];
            while self.takes(",") {
                among.push(self.operand()?);
            }
            self.expect(end)?;
            return Ok(Condition::In(first, among));
        }
        let Token::Symbol(symbol) = self.next() else { return Err(malformed("Expected a comparison")) };
        let symbol = if symbol == "!=" { "<>" } else { symbol };
        let comparator = Comparator::parse(symbol).ok_or_else(|| malformed("Expected a comparison"))?;
        Ok(Condition::Compare(first, comparator, self.operand()?))
    }

    fn operand(&mut self) -> Result<Operand, Error> {
        if self.is_word("size") && self.tokens.get(self.at + 1) == Some(&Token::Symbol("(")) {
            self.next();
            self.expect("(")?;
            let path = self.path()?;
            self.expect(")")?;
            return Ok(Operand::Size(Box::new(Operand::Path(path))));
        }
        match self.is_path() {
            true => self.path().map(Operand::Path),
            false => self.value().map(Operand::Value),
        }
    }

    fn is_path(&self) -> bool {
        match self.peek() {
            Token::Quoted(_) => true,
            Token::Word(word) => !["true", "false", "null"].iter().any(|literal| word.eq_ignore_ascii_case(literal)),
            _ => false,
        }
    }

    fn name(&mut self) -> Result<String, Error> {
        match self.next() {
            Token::Word(name) | Token::Quoted(name) => Ok(name),
            _ => Err(malformed("Expected a name")),
        }
    }

    fn path(&mut self) -> Result<Path, Error> {
        let mut path = Path::attribute(self.name()?);
        loop {
            if self.takes(".") {
                let name = self.name()?;
                path.rest.push(Step::Attribute(name));
            } else if self.takes("[") {
                let step = match self.next() {
                    Token::Number(digits) => digits.parse().map(Step::Index).ok(),
                    Token::Text(name) => Some(Step::Attribute(name)),
                    _ => None,
                };
                path.rest.push(step.ok_or_else(|| malformed("Expected an index"))?);
                self.expect("]")?;
            } else {
                return Ok(path);
            }
        }
    }

    fn value(&mut self) -> Result<Value, Error> {
        if self.takes("-") {
            return match self.next() {
                Token::Number(digits) => Ok(Value::Number(Number::parse(&format!("-{digits}"))?)),
                _ => Err(malformed("Expected a number")),
            };
        }
        match self.next() {
            Token::Text(text) => Ok(Value::Text(text)),
            Token::Number(digits) => Ok(Value::Number(Number::parse(&digits)?)),
            Token::Parameter => {
                let value = self.parameters.get(self.used).cloned();
                self.used += 1;
                value.ok_or_else(|| invalid("Number of parameters in request and statement don't match."))
            }
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
            Token::Word(word) if word.eq_ignore_ascii_case("null") => Ok(Value::Null),
            Token::Symbol("[") => self.nested(|parser| parser.values("]")).map(Value::List),
            Token::Symbol("{") => self.nested(Self::entries).map(Value::Map),
            Token::Symbol("<<") => set(self.nested(|parser| parser.values(">>"))?),
            _ => Err(malformed("Expected a value")),
        }
    }

    fn values(&mut self, end: &'static str) -> Result<Vec<Value>, Error> {
        let mut values = Vec::new();
        while !self.takes(end) {
            if !values.is_empty() {
                self.expect(",")?;
            }
            values.push(self.value()?);
        }
        Ok(values)
    }

    fn entries(&mut self) -> Result<Item, Error> {
        let mut entries = Item::new();
        while !self.takes("}") {
            if !entries.is_empty() {
                self.expect(",")?;
            }
            let (Token::Text(name) | Token::Quoted(name)) = self.next() else {
                return Err(malformed("Expected an attribute's name"));
            };
            self.expect(":")?;
            let value = self.value()?;
            entries.insert(name, value);
        }
        Ok(entries)
    }
}

fn one_or(mut many: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match many.len() {
        1 => many.remove(0),
        _ => join(many),
    }
}

/// A set of one of the three types that sets have.
fn set(values: Vec<Value>) -> Result<Value, Error> {
    let (mut texts, mut numbers, mut binaries) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let count = values.len();
    for value in values {
        match value {
            Value::Text(text) => drop(texts.insert(text)),
            Value::Number(number) => drop(numbers.insert(number)),
            Value::Bytes(bytes) => drop(binaries.insert(bytes)),
            _ => return Err(malformed("A set has texts, numbers or binaries")),
        }
    }
    match (texts.len(), numbers.len(), binaries.len()) {
        (found, 0, 0) if found == count && count > 0 => Ok(Value::Texts(texts)),
        (0, found, 0) if found == count && count > 0 => Ok(Value::Numbers(numbers)),
        (0, 0, found) if found == count && count > 0 => Ok(Value::Binaries(binaries)),
        _ => Err(malformed("A set is not empty, has members of one type and none twice")),
    }
}
