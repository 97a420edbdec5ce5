//! Condition blocks: `{"StringEquals": {"aws:SourceAccount": "000000000000"}}`.
//!
//! Start reading at [`Conditions::hold`]. Every operator and key of a block must hold; of a key's values one is
//! enough. A key that the request lacks fails a positive test and passes a negated one.
//!
//! Source: IAM User Guide, "Condition operators" and "Multivalued context keys" (read 2026-11-24).

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::pattern;
use super::policy::OneOrMany;

/// What is known about a request: values by key. Keys are compared without case.
#[derive(Debug, Clone, Default)]
pub struct Context(BTreeMap<String, Vec<String>>); // Invariant: keys are lower case.

impl Context {
    /// Adds one more value for a key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Context {
        self.0.entry(key.to_ascii_lowercase()).or_default().push(value.into());
        self
    }

    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conditions(BTreeMap<Operator, BTreeMap<String, OneOrMany>>);

impl Conditions {
    /// One condition; the operator as policies write it.
    pub fn one(operator: &str, key: &str, value: &str) -> Result<Conditions, UnknownOperator> {
        let operator = Operator::try_from(operator.to_owned())?;
        let keys = BTreeMap::from([(key.to_owned(), OneOrMany::One(value.to_owned()))]);
        Ok(Conditions(BTreeMap::from([(operator, keys)])))
    }

    /// Adds all of another block's conditions.
    #[must_use]
    pub fn and(mut self, other: Conditions) -> Conditions {
        for (operator, keys) in other.0 {
            self.0.entry(operator).or_default().extend(keys);
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether these conditions come out the same for requests that differ in nothing but keys other than `key`.
    pub(super) fn look_only_at(&self, key: &str) -> bool {
        let named = |name: &str, wanted: &OneOrMany| name.eq_ignore_ascii_case(key) && !wanted.has_variables();
        self.0.values().flatten().all(|(name, wanted)| named(name, wanted))
    }

    pub(super) fn hold(&self, context: &Context) -> bool {
        self.0.iter().all(|(operator, keys)| keys.iter().all(|(key, wanted)| operator.holds(key, wanted, context)))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a condition operator")]
pub struct UnknownOperator(String);

/// An operator's name, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Operator {
    over: Option<Over>,
    test: Test,
    if_exists: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Over {
    Any,
    All,
}

/// How one value of the request is compared with one of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Test {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    ArnEquals,
    ArnLike,
    ArnNotEquals,
    ArnNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    Bool,
    IpAddress,
    NotIpAddress,
    Null,
}

const TESTS: [(&str, Test); 20] = [
    ("StringEquals", Test::StringEquals),
    ("StringNotEquals", Test::StringNotEquals),
    ("StringEqualsIgnoreCase", Test::StringEqualsIgnoreCase),
    ("StringNotEqualsIgnoreCase", Test::StringNotEqualsIgnoreCase),
    ("StringLike", Test::StringLike),
    ("StringNotLike", Test::StringNotLike),
    ("ArnEquals", Test::ArnEquals),
    ("ArnLike", Test::ArnLike),
    ("ArnNotEquals", Test::ArnNotEquals),
    ("ArnNotLike", Test::ArnNotLike),
    ("NumericEquals", Test::NumericEquals),
    ("NumericNotEquals", Test::NumericNotEquals),
    ("NumericLessThan", Test::NumericLessThan),
    ("NumericLessThanEquals", Test::NumericLessThanEquals),
    ("NumericGreaterThan", Test::NumericGreaterThan),
    ("NumericGreaterThanEquals", Test::NumericGreaterThanEquals),
    ("Bool", Test::Bool),
    ("IpAddress", Test::IpAddress),
    ("NotIpAddress", Test::NotIpAddress),
    ("Null", Test::Null),
];

impl Operator {
    fn holds(self, key: &str, wanted: &OneOrMany, context: &Context) -> bool {
        let given = context.get(key);
        let fits = |value: &String| self.test.fits(value, wanted, context);
        match (given, self.test, self.over) {
            (_, Test::Null, _) => wanted.iter().any(|wanted| wanted == if given.is_none() { "true" } else { "false" }),
            (None, _, Some(Over::Any)) => false,
            (None, _, Some(Over::All)) => true,
            (None, test, None) => self.if_exists || test.negated(),
            (Some(values), _, Some(Over::All)) => values.iter().all(fits),
            // Of several values without a quantifier, a negated test wants all to differ and a positive one any to fit.
            (Some(values), test, None) if test.negated() => values.iter().all(fits),
            (Some(values), _, None | Some(Over::Any)) => values.iter().any(fits),
        }
    }
}

impl Test {
    /// A negated test holds for a value that fits none of the policy's values.
    fn negated(self) -> bool {
        matches!(
            self,
            Test::StringNotEquals
                | Test::StringNotEqualsIgnoreCase
                | Test::StringNotLike
                | Test::ArnNotEquals
                | Test::ArnNotLike
                | Test::NumericNotEquals
                | Test::NotIpAddress
        )
    }

    fn fits(self, value: &str, wanted: &OneOrMany, context: &Context) -> bool {
        let mut wanted = wanted.iter().filter_map(|wanted| pattern::substitute(wanted, context));
        self.negated() != wanted.any(|wanted| self.compare(value, &wanted))
    }

    fn compare(self, value: &str, wanted: &str) -> bool {
        let number = |compare: fn(f64, f64) -> bool| match (value.parse(), wanted.parse()) {
            (Ok(value), Ok(wanted)) => compare(value, wanted),
            _ => false,
        };
        match self {
            Test::StringEquals | Test::StringNotEquals => value == unescaped(wanted),
            Test::StringEqualsIgnoreCase | Test::StringNotEqualsIgnoreCase => {
                value.to_lowercase() == unescaped(wanted).to_lowercase()
            }
            Test::StringLike | Test::StringNotLike => pattern::like(wanted, value),
            Test::ArnEquals | Test::ArnLike | Test::ArnNotEquals | Test::ArnNotLike => pattern::arn_like(wanted, value),
            Test::NumericEquals | Test::NumericNotEquals => number(|value, wanted| value == wanted),
            Test::NumericLessThan => number(|value, wanted| value < wanted),
            Test::NumericLessThanEquals => number(|value, wanted| value <= wanted),
            Test::NumericGreaterThan => number(|value, wanted| value > wanted),
            Test::NumericGreaterThanEquals => number(|value, wanted| value >= wanted),
            Test::Bool => value.eq_ignore_ascii_case(wanted),
            Test::IpAddress | Test::NotIpAddress => within(value, wanted).unwrap_or(false),
            Test::Null => false,
        }
    }
}

/// `${*}` and its like name the character itself, in tests without wildcards too.
fn unescaped(wanted: &str) -> String {
    wanted.replace("${*}", "*").replace("${?}", "?").replace("${$}", "$")
}

/// Whether an address lies in a block such as `203.0.113.0/24`; a lone address is a block of one.
fn within(address: &str, block: &str) -> Option<bool> {
    let (network, length) = match block.split_once('/') {
        Some((network, length)) => (network, Some(length.parse::<u32>().ok()?)),
        None => (block, None),
    };
    let same = |address: u128, network: u128, width: u32| {
        let length = length.unwrap_or(width);
        let shift = width.checked_sub(length)?;
        Some(shift == width || address >> shift == network >> shift)
    };
    match (address.parse().ok()?, network.parse().ok()?) {
        (IpAddr::V4(address), IpAddr::V4(network)) => same(u32::from(address).into(), u32::from(network).into(), 32),
        (IpAddr::V6(address), IpAddr::V6(network)) => same(address.into(), network.into(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Some(false),
    }
}

impl TryFrom<String> for Operator {
    type Error = UnknownOperator;

    fn try_from(text: String) -> Result<Operator, UnknownOperator> {
        let (over, rest) = match text.split_once(':') {
            Some(("ForAnyValue", rest)) => (Some(Over::Any), rest),
            Some(("ForAllValues", rest)) => (Some(Over::All), rest),
            Some(_) => return Err(UnknownOperator(text)),
            None => (None, text.as_str()),
        };
        let (name, if_exists) = match rest.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        match TESTS.iter().find(|(known, _)| *known == name) {
            Some((_, Test::Null)) if if_exists => Err(UnknownOperator(text)),
            Some((_, test)) => Ok(Operator { over, test: *test, if_exists }),
            None => Err(UnknownOperator(text)),
        }
    }
}

impl From<Operator> for String {
    fn from(operator: Operator) -> String {
        let over = match operator.over {
            Some(Over::Any) => "ForAnyValue:",
            Some(Over::All) => "ForAllValues:",
            None => "",
        };
        let (name, _) = TESTS.iter().find(|(_, test)| *test == operator.test).expect("the table names every test");
        format!("{over}{name}{}", if operator.if_exists { "IfExists" } else { "" })
    }
}
