//! Reads condition, filter and key condition expressions.

use super::condition::{Comparator, Condition, Operand};
use super::parse::{Class, Parser};
use super::path::Path;
use super::token::Kind;
use crate::table::value::{TYPES, Type, Value};

/// Most operands of IN. Source: developer guide, "Comparison operator and function reference" (read 2026-11-24).
const IN_MAX: usize = 100;

pub(super) fn condition(parser: &mut Parser) -> Result<Condition, String> {
    let (condition, _) = any(parser)?;
    parser.finish()?;
    Ok(condition)
}

/// What was read, and whether it was in parentheses.
type Parsed = (Condition, bool);

fn any(parser: &mut Parser) -> Result<Parsed, String> {
    let first = all(parser)?;
    if !parser.is_keyword("OR") {
        return Ok(first);
    }
    let mut many = vec![first.0];
    while parser.takes_keyword("OR") {
        parser.count_operator()?;
        many.push(all(parser)?.0);
    }
    Ok((Condition::Any(many), false))
}

fn all(parser: &mut Parser) -> Result<Parsed, String> {
    let first = not(parser)?;
    if !parser.is_keyword("AND") {
        return Ok(first);
    }
    let mut many = vec![first.0];
    while parser.takes_keyword("AND") {
        parser.count_operator()?;
        many.push(not(parser)?.0);
    }
    Ok((Condition::All(many), false))
}

fn not(parser: &mut Parser) -> Result<Parsed, String> {
    if !parser.takes_keyword("NOT") {
        return primary(parser);
    }
    parser.count_operator()?;
    let (inner, _) = parser.nested(not)?;
    Ok((Condition::Not(Box::new(inner)), false))
}

fn primary(parser: &mut Parser) -> Result<Parsed, String> {
    if parser.takes("(") {
        let (inner, parenthesized) = parser.nested(any)?;
        parser.expect(")")?;
        if parenthesized {
            parser.note(Class::Parentheses, || "The expression has redundant parentheses;".to_owned());
        }
        return Ok((inner, true));
    }
    if is_function(parser) && parser.peek().text != "size" {
        let name = parser.next().text;
        let arguments = arguments(parser)?;
        // Where a comparison follows, the function was meant as an operand, which it cannot be.
        if comparison_follows(parser) {
            if known(name) {
                misused(parser, name);
            }
            return Ok((comparison(parser, Operand::Value(Value::Null))?, false));
        }
        return Ok((function(parser, name, arguments)?, false));
    }
    let size = is_function(parser);
    let first = operand(parser)?;
    if size && !comparison_follows(parser) {
        misused(parser, "size");
        return Ok((Condition::All(Vec::new()), false));
    }
    Ok((comparison(parser, first)?, false))
}

fn is_function(parser: &Parser) -> bool {
    let after = parser.peek_after();
    parser.peek().kind == Kind::Word && after.kind == Kind::Symbol && after.text == "("
}

fn comparison_follows(parser: &Parser) -> bool {
    let next = parser.peek();
    (next.kind == Kind::Symbol && Comparator::parse(next.text).is_some())
        || parser.is_keyword("BETWEEN")
        || parser.is_keyword("IN")
}

fn misused(parser: &mut Parser, name: &str) {
    parser.note(Class::MisusedFunction, || {
        format!("The function is not allowed to be used this way in an expression; function: {name}")
    });
}

fn comparison(parser: &mut Parser, first: Operand) -> Result<Condition, String> {
    let token = parser.peek();
    if let Some(comparator) = Comparator::parse(token.text).filter(|_| token.kind == Kind::Symbol) {
        parser.next();
        parser.count_operator()?;
        let second = operand(parser)?;
        if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
            ordered(parser, comparator.symbol(), &[&first, &second]);
        }
        distinct(parser, comparator.symbol(), &first, &[&second]);
        return Ok(Condition::Compare(first, comparator, second));
    }
    if parser.takes_keyword("BETWEEN") {
        parser.count_operator()?;
        let from = operand(parser)?;
        if !parser.takes_keyword("AND") {
            return Err(parser.syntax_error());
        }
        let to = operand(parser)?;
        ordered(parser, "BETWEEN", &[&first, &from, &to]);
        bounds(parser, &from, &to);
        distinct(parser, "BETWEEN", &first, &[&from, &to]);
        return Ok(Condition::Between(first, from, to));
    }
    if parser.takes_keyword("IN") {
        parser.count_operator()?;
        parser.expect("(")?;
        let mut among = vec![operand(parser)?];
        while parser.takes(",") {
            among.push(operand(parser)?);
        }
        parser.expect(")")?;
        if among.len() > IN_MAX {
            return Err(format!(
                "Invalid number of operands for operator or function; operator or function: IN, number of operands: {}",
                among.len()
            ));
        }
        distinct(parser, "IN", &first, &among.iter().collect::<Vec<_>>());
        return Ok(Condition::In(first, among));
    }
    Err(parser.syntax_error())
}

fn operand(parser: &mut Parser) -> Result<Operand, String> {
    let operand = match parser.peek().kind {
        Kind::Value => Operand::Value(parser.value()),
        Kind::Word if is_function(parser) => {
            let name = parser.next().text;
            let mut arguments = arguments(parser)?;
            match (name, arguments.len()) {
                ("size", 1) => {
                    let of = arguments.remove(0);
                    if let Operand::Value(value) = &of
                        && value.measure().is_none()
                    {
                        operand_type(parser, "size", value.kind());
                    }
                    Operand::Size(Box::new(of))
                }
                ("size", count) => {
                    operand_count(parser, "size", count);
                    Operand::Value(Value::Null)
                }
                (name, _) if known(name) => {
                    misused(parser, name);
                    Operand::Value(Value::Null)
                }
                (name, _) => {
                    unknown(parser, name);
                    Operand::Value(Value::Null)
                }
            }
        }
        Kind::Symbol if parser.peek().text == "(" => {
            parser.next();
            let inner = parser.nested(operand)?;
            parser.expect(")")?;
            inner
        }
        Kind::Word | Kind::Name => Operand::Path(parser.path()?),
        Kind::Digits | Kind::Symbol | Kind::Unknown | Kind::End => return Err(parser.syntax_error()),
    };
    Ok(operand)
}

fn arguments(parser: &mut Parser) -> Result<Vec<Operand>, String> {
    parser.count_operator()?;
    parser.expect("(")?;
    let mut found = vec![parser.nested(operand)?];
    while parser.takes(",") {
        found.push(parser.nested(operand)?);
    }
    parser.expect(")")?;
    Ok(found)
}

const FUNCTIONS: [(&str, usize); 6] = [
    ("attribute_exists", 1),
    ("attribute_not_exists", 1),
    ("attribute_type", 2),
    ("begins_with", 2),
    ("contains", 2),
    ("size", 1),
];

fn known(name: &str) -> bool {
    FUNCTIONS.iter().any(|(function, _)| *function == name)
}

fn unknown(parser: &mut Parser, name: &str) {
    parser.note(Class::UnknownFunction, || format!("Invalid function name; function: {name}"));
}

/// A function that is a condition. Where something is wrong with it, it is noted and the condition means nothing.
fn function(parser: &mut Parser, name: &str, arguments: Vec<Operand>) -> Result<Condition, String> {
    let nothing = Ok(Condition::All(Vec::new()));
    let Some((_, count)) = FUNCTIONS.iter().find(|(function, _)| *function == name) else {
        unknown(parser, name);
        return nothing;
    };
    if arguments.len() != *count {
        operand_count(parser, name, arguments.len());
        return nothing;
    }
    let mut arguments = arguments.into_iter();
    let (Some(first), second) = (arguments.next(), arguments.next()) else { return nothing };
    match (name, second) {
        ("attribute_exists", _) => match required_path(parser, name, first) {
            Some(path) => Ok(Condition::Exists(path)),
            None => nothing,
        },
        ("attribute_not_exists", _) => match required_path(parser, name, first) {
            Some(path) => Ok(Condition::Not(Box::new(Condition::Exists(path)))),
            None => nothing,
        },
        ("attribute_type", Some(second)) => {
            let path = required_path(parser, name, first);
            match (path, type_named(parser, second)) {
                (Some(path), Some(kind)) => Ok(Condition::IsType(path, kind)),
                _ => nothing,
            }
        }
        ("begins_with", Some(second)) => {
            for operand in [&first, &second] {
                if let Some(kind) = literal(operand).filter(|kind| !matches!(kind, Type::S | Type::B)) {
                    operand_type(parser, name, kind);
                }
            }
            distinct(parser, name, &first, &[&second]);
            Ok(Condition::BeginsWith(first, second))
        }
        ("contains", Some(second)) => {
            if let Some(kind) =
                literal(&first).filter(|kind| matches!(kind, Type::N | Type::Bool | Type::Null | Type::M))
            {
                operand_type(parser, name, kind);
            }
            distinct(parser, name, &first, &[&second]);
            Ok(Condition::Contains(first, second))
        }
        _ => nothing,
    }
}

fn required_path(parser: &mut Parser, name: &str, operand: Operand) -> Option<Path> {
    match operand {
        Operand::Path(path) => Some(path),
        Operand::Value(_) | Operand::Size(_) => {
            parser.note(Class::Operand, || {
                format!("Operator or function requires a document path; operator or function: {name}")
            });
            None
        }
    }
}

fn type_named(parser: &mut Parser, operand: Operand) -> Option<Type> {
    match operand {
        Operand::Value(Value::Text(name)) => {
            let kind = Type::parse(&name);
            if kind.is_none() {
                let all = TYPES.map(Type::name).join(",");
                parser.note(Class::Operand, || {
                    format!("Invalid attribute type name found; type: {name}, valid types: {{{all}}}")
                });
            }
            kind
        }
        Operand::Value(value) => {
            operand_type(parser, "attribute_type", value.kind());
            None
        }
        Operand::Path(_) | Operand::Size(_) => {
            parser.note(Class::Operand, || {
                "Operator or function requires an expression attribute value; operator or function: attribute_type"
                    .to_owned()
            });
            None
        }
    }
}

/// The type of an operand that is known before there is an item.
fn literal(operand: &Operand) -> Option<Type> {
    match operand {
        Operand::Value(value) => Some(value.kind()),
        Operand::Size(_) => Some(Type::N),
        Operand::Path(_) => None,
    }
}

fn ordered(parser: &mut Parser, operator: &str, operands: &[&Operand]) {
    for operand in operands {
        if let Some(kind) = literal(operand).filter(|kind| !kind.is_ordered()) {
            operand_type(parser, operator, kind);
        }
    }
}

fn bounds(parser: &mut Parser, from: &Operand, to: &Operand) {
    let (Operand::Value(from), Operand::Value(to)) = (from, to) else { return };
    let fault = match from.compare(to) {
        None => "same data type for lower and upper bounds",
        Some(std::cmp::Ordering::Greater) => "upper bound to be greater than or equal to lower bound",
        Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal) => return,
    };
    parser.note(Class::Operand, || {
        format!(
            "The BETWEEN operator requires {fault}; lower bound operand: AttributeValue: {}, upper bound operand: AttributeValue: {}",
            shown(from),
            shown(to)
        )
    });
}

fn shown(value: &Value) -> String {
    let content = match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bytes(bytes) => base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes),
        _ => String::new(),
    };
    format!("{{{}:{content}}}", value.kind().name())
}

fn distinct(parser: &mut Parser, operator: &str, first: &Operand, others: &[&Operand]) {
    let Operand::Path(path) = first else { return };
    if others.contains(&first) {
        parser.note(Class::Distinct, || {
            format!(
                "The first operand must be distinct from the remaining operands for this operator or function; operator: {operator}, first operand: {path}"
            )
        });
    }
}

fn operand_type(parser: &mut Parser, name: &str, kind: Type) {
    parser.note(Class::Operand, || {
        format!(
            "Incorrect operand type for operator or function; operator or function: {name}, operand type: {}",
            kind.name()
        )
    });
}

fn operand_count(parser: &mut Parser, name: &str, count: usize) {
    parser.note(Class::Operand, || {
        format!(
            "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: {count}"
        )
    });
}
