//! Reads update expressions.

use super::parse::{Class, Parser};
use super::path::{self, Path};
use super::token::Kind;
use super::update::{Operand, Update};
use crate::table::value::{Type, Value};

pub(super) fn update(parser: &mut Parser) -> Result<Update, String> {
    let mut update = Update::default();
    let mut seen = Vec::new();
    while parser.peek().kind != Kind::End {
        let word = parser.peek().text.to_ascii_uppercase();
        let Some(section) = ["SET", "REMOVE", "ADD", "DELETE"].into_iter().find(|section| *section == word) else {
            return Err(parser.syntax_error());
        };
        parser.next();
        if seen.contains(&section) {
            parser.note(Class::Section, || {
                format!("The \"{section}\" section can only be used once in an update expression;")
            });
        }
        seen.push(section);
        loop {
            match section {
                "SET" => set(parser, &mut update)?,
                "REMOVE" => update.remove.push(parser.path()?),
                "ADD" => {
                    if let Some(action) = valued(parser, "ADD", |kind| kind == Type::N || kind.is_set())? {
                        update.add.push(action);
                    }
                }
                _ => {
                    if let Some(action) = valued(parser, "DELETE", Type::is_set)? {
                        update.delete.push(action);
                    }
                }
            }
            parser.count_operator()?;
            if !parser.takes(",") {
                break;
            }
        }
    }
    if let Some(clash) = path::clash(&update.targets().collect::<Vec<_>>()) {
        parser.note(Class::Paths, || clash);
    }
    parser.finish()?;
    Ok(update)
}

fn set(parser: &mut Parser, update: &mut Update) -> Result<(), String> {
    let path = parser.path()?;
    parser.expect("=")?;
    let value = sum(parser)?;
    update.set.push((path, value));
    Ok(())
}

/// Makes one operand of two.
type Operation = fn(Box<Operand>, Box<Operand>) -> Operand;

/// One operand, or two with one sign between them.
fn sum(parser: &mut Parser) -> Result<Operand, String> {
    let first = operand(parser)?;
    let (sign, make): (&str, Operation) = if parser.takes("+") {
        ("+", Operand::Plus)
    } else if parser.takes("-") {
        ("-", Operand::Minus)
    } else {
        return Ok(first);
    };
    parser.count_operator()?;
    let second = operand(parser)?;
    for operand in [&first, &second] {
        refuse_type(parser, sign, operand, Type::N);
    }
    Ok(make(Box::new(first), Box::new(second)))
}

fn operand(parser: &mut Parser) -> Result<Operand, String> {
    match parser.peek().kind {
        Kind::Value => Ok(Operand::Value(parser.value())),
        Kind::Word if parser.peek_after().text == "(" => function(parser),
        Kind::Word | Kind::Name => Ok(Operand::Path(parser.path()?)),
        Kind::Symbol if parser.takes("(") => {
            let inner = parser.nested(sum)?;
            parser.expect(")")?;
            Ok(inner)
        }
        Kind::Digits | Kind::Symbol | Kind::Unknown | Kind::End => Err(parser.syntax_error()),
    }
}

fn function(parser: &mut Parser) -> Result<Operand, String> {
    let name = parser.next().text;
    parser.count_operator()?;
    parser.expect("(")?;
    let mut arguments = vec![parser.nested(sum)?];
    while parser.takes(",") {
        arguments.push(parser.nested(sum)?);
    }
    parser.expect(")")?;
    let nothing = Operand::Value(Value::Null);
    if !["if_not_exists", "list_append"].contains(&name) {
        let conditions =
            ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"];
        match conditions.contains(&name) {
            true => parser.note(Class::MisusedFunction, || {
                format!("The function is not allowed in an update expression; function: {name}")
            }),
            false => parser.note(Class::UnknownFunction, || format!("Invalid function name; function: {name}")),
        }
        return Ok(nothing);
    }
    let count = arguments.len();
    let mut arguments = arguments.into_iter();
    let (Some(first), Some(second), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        parser.note(Class::Operand, || {
            format!(
                "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: {count}"
            )
        });
        return Ok(nothing);
    };
    if name == "list_append" {
        for operand in [&first, &second] {
            refuse_type(parser, name, operand, Type::L);
        }
        return Ok(Operand::ListAppend(Box::new(first), Box::new(second)));
    }
    match first {
        Operand::Path(path) => Ok(Operand::IfNotExists(path, Box::new(second))),
        _ => {
            parser.note(Class::Operand, || {
                format!("Operator or function requires a document path; operator or function: {name}")
            });
            Ok(nothing)
        }
    }
}

/// What is known to be of another type before there is an item.
fn refuse_type(parser: &mut Parser, name: &str, operand: &Operand, wanted: Type) {
    let kind = match operand {
        Operand::Value(value) => value.kind(),
        Operand::Plus(..) | Operand::Minus(..) => Type::N,
        Operand::ListAppend(..) => Type::L,
        Operand::Path(_) | Operand::IfNotExists(..) => return,
    };
    if kind != wanted {
        parser.note(Class::Operand, || {
            format!(
                "Incorrect operand type for operator or function; operator or function: {name}, operand type: {}",
                kind.name()
            )
        });
    }
}

/// `path :value`, as ADD and DELETE take it.
fn valued(parser: &mut Parser, section: &str, allowed: impl Fn(Type) -> bool) -> Result<Option<(Path, Value)>, String> {
    let path = parser.path()?;
    if parser.peek().kind != Kind::Value {
        return Err(parser.syntax_error());
    }
    let undefined = !parser.is_defined_value();
    let value = parser.value();
    if undefined {
        return Ok(None);
    }
    if !allowed(value.kind()) {
        let kind = value.kind().long_name();
        parser.note(Class::Operand, || {
            format!(
                "Incorrect operand type for operator or function; operator: {section}, operand type: {kind}, typeSet: ALLOWED_FOR_{section}_OPERAND"
            )
        });
        return Ok(None);
    }
    Ok(Some((path, value)))
}
