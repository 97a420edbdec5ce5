//! Conditions: the one tree into which condition, filter and key expressions, the legacy parameters and PartiQL are
//! read, and the one evaluator.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::path::Path;
use crate::table::number::Number;
use crate::table::value::{Item, Type, Value};

#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Operand, Comparator, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    Exists(Path),
    IsType(Path, Type),
    BeginsWith(Operand, Operand),
    Contains(Operand, Operand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparator {
    pub fn parse(symbol: &str) -> Option<Comparator> {
        Some(match symbol {
            "=" => Comparator::Equal,
            "<>" => Comparator::NotEqual,
            "<" => Comparator::Less,
            "<=" => Comparator::LessOrEqual,
            ">" => Comparator::Greater,
            ">=" => Comparator::GreaterOrEqual,
            _ => return None,
        })
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Comparator::Equal => "=",
            Comparator::NotEqual => "<>",
            Comparator::Less => "<",
            Comparator::LessOrEqual => "<=",
            Comparator::Greater => ">",
            Comparator::GreaterOrEqual => ">=",
        }
    }

    /// The comparator that says the same with its operands exchanged.
    pub fn turned(self) -> Comparator {
        match self {
            Comparator::Equal => Comparator::Equal,
            Comparator::NotEqual => Comparator::NotEqual,
            Comparator::Less => Comparator::Greater,
            Comparator::LessOrEqual => Comparator::GreaterOrEqual,
            Comparator::Greater => Comparator::Less,
            Comparator::GreaterOrEqual => Comparator::LessOrEqual,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    Path(Path),
    Value(Value),
    Size(Box<Operand>),
}

impl Operand {
    fn find<'a>(&'a self, item: &'a Item) -> Option<Cow<'a, Value>> {
        match self {
            Operand::Path(path) => path.find(item).map(Cow::Borrowed),
            Operand::Value(value) => Some(Cow::Borrowed(value)),
            Operand::Size(of) => {
                let measure = i64::try_from(of.find(item)?.measure()?).ok()?;
                Some(Cow::Owned(Value::Number(Number::from(measure))))
            }
        }
    }

    fn paths<'a>(&'a self, into: &mut Vec<&'a Path>) {
        match self {
            Operand::Path(path) => into.push(path),
            Operand::Value(_) => {}
            Operand::Size(of) => of.paths(into),
        }
    }
}

impl Condition {
    /// Whether an item meets it. No item is one without attributes.
    pub fn holds(&self, item: &Item) -> bool {
        match self {
            Condition::All(all) => all.iter().all(|condition| condition.holds(item)),
            Condition::Any(any) => any.iter().any(|condition| condition.holds(item)),
            Condition::Not(condition) => !condition.holds(item),
            Condition::Compare(one, comparator, two) => compare(one.find(item), *comparator, two.find(item)),
            Condition::Between(value, from, to) => {
                let at_least =
                    |one: &Operand, two: &Operand| compare(one.find(item), Comparator::GreaterOrEqual, two.find(item));
                at_least(value, from) && at_least(to, value)
            }
            Condition::In(value, among) => match value.find(item) {
                Some(value) => among.iter().any(|other| other.find(item).is_some_and(|other| other == value)),
                None => false,
            },
            Condition::Exists(path) => path.find(item).is_some(),
            Condition::IsType(path, kind) => path.find(item).is_some_and(|value| value.kind() == *kind),
            Condition::BeginsWith(value, start) => match (value.find(item), start.find(item)) {
                (Some(value), Some(start)) => value.begins_with(&start),
                _ => false,
            },
            Condition::Contains(value, part) => match (value.find(item), part.find(item)) {
                (Some(value), Some(part)) => value.contains(&part),
                _ => false,
            },
        }
    }

    /// All paths in it.
    pub fn paths(&self) -> Vec<&Path> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, into: &mut Vec<&'a Path>) {
        match self {
            Condition::All(many) | Condition::Any(many) => many.iter().for_each(|one| one.collect(into)),
            Condition::Not(one) => one.collect(into),
            Condition::Compare(one, _, two) | Condition::BeginsWith(one, two) | Condition::Contains(one, two) => {
                one.paths(into);
                two.paths(into);
            }
            Condition::Between(one, two, three) => [one, two, three].into_iter().for_each(|one| one.paths(into)),
            Condition::In(one, many) => {
                one.paths(into);
                many.iter().for_each(|one| one.paths(into));
            }
            Condition::Exists(path) | Condition::IsType(path, _) => into.push(path),
        }
    }
}

/// What is not there equals nothing, and differs from everything.
fn compare(one: Option<Cow<'_, Value>>, comparator: Comparator, two: Option<Cow<'_, Value>>) -> bool {
    let (one, two) = match (one, two) {
        (Some(one), Some(two)) => (one, two),
        (one, two) => return comparator == Comparator::NotEqual && (one.is_some() || two.is_some()),
    };
    match comparator {
        Comparator::Equal => one == two,
        Comparator::NotEqual => one != two,
        Comparator::Less => one.compare(&two) == Some(Ordering::Less),
        Comparator::LessOrEqual => matches!(one.compare(&two), Some(Ordering::Less | Ordering::Equal)),
        Comparator::Greater => one.compare(&two) == Some(Ordering::Greater),
        Comparator::GreaterOrEqual => matches!(one.compare(&two), Some(Ordering::Greater | Ordering::Equal)),
    }
}
