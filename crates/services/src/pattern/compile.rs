//! From the text of a pattern to tests on paths.
//!
//! Start reading at [`compile`]. An object nests paths; an array is the list of tests on one. `$or` is multiplied out:
//! what is compiled is a list of alternatives, each a conjunction. Where a path is named twice the last one counts.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::scan::{Number, Scanner, Token};
use super::test::{Addresses, NUMBER_MAX, Range, Test, Wildcard, fold, micros};
use super::{ALTERNATIVES_MAX, Invalid, complexity};

/// What one alternative asks of the leaves at each path.
pub(super) type Fields = BTreeMap<String, Vec<Test>>;

/// Names that are operators and therefore no fields inside `$or`.
const RESERVED: &[&str] = &[
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

const ONE_KEY: &str = "Only one key allowed in match expression";
const TOO_MANY: &str = "Too many elements in numeric expression";
pub(super) const BUT_VALUE: &str = "Value of anything-but must be an array or single string/number value.";

pub(super) const MIXED: &str =
    "Inside anything but list, either all values are number or string, mixed type is not supported";

pub(super) fn compile(text: &str) -> Result<Vec<Fields>, Invalid> {
    let mut compiler = Compiler { scan: Scanner::new(text) };
    if compiler.scan.next()? != Token::ObjectStart {
        return Err(compiler.scan.invalid("Filter is not an object"));
    }
    let alternatives = compiler.object(vec![Fields::new()], &mut Vec::new(), Inside::And)?;
    complexity::check(&alternatives)?;
    Ok(alternatives)
}

#[derive(Clone, Copy, PartialEq)]
enum Inside {
    And,
    Or,
}

struct Compiler<'a> {
    scan: Scanner<'a>,
}

impl Compiler<'_> {
    /// Adds the fields of an object, whose start has been read, to every alternative.
    fn object(
        &mut self,
        mut rules: Vec<Fields>,
        path: &mut Vec<String>,
        inside: Inside,
    ) -> Result<Vec<Fields>, Invalid> {
        let mut empty = true;
        loop {
            let name = match self.scan.next()? {
                Token::Name(name) => name,
                _ if empty => return Err(self.scan.invalid("Empty objects are not allowed")),
                _ => return Ok(rules),
            };
            empty = false;
            if name == "$or" {
                rules = self.or(rules, path)?;
                continue;
            }
            if inside == Inside::Or && RESERVED.contains(&name.as_str()) {
                let reason = format!("{name} is Ruler reserved fieldName which cannot be used inside $or.");
                return Err(self.scan.invalid(reason));
            }
            match self.scan.next()? {
                Token::ObjectStart => {
                    path.push(name);
                    rules = self.object(rules, path, inside)?;
                    path.pop();
                }
                Token::ArrayStart => {
                    let name = path.iter().map(String::as_str).chain([name.as_str()]).collect::<Vec<_>>().join(".");
                    let tests = self.tests()?;
                    for fields in &mut rules {
                        fields.insert(name.clone(), tests.clone());
                    }
                }
                _ => return Err(self.scan.invalid(format!("\"{name}\" must be an object or an array"))),
            }
        }
    }

    /// Forks every alternative into one for each object of the array.
    fn or(&mut self, rules: Vec<Fields>, path: &mut Vec<String>) -> Result<Vec<Fields>, Invalid> {
        if self.scan.next()? != Token::ArrayStart {
            return Err(self.scan.invalid("It must be an Array followed with $or."));
        }
        let (mut forked, mut count) = (Vec::new(), 0);
        loop {
            match self.scan.next()? {
                Token::ArrayEnd => break,
                Token::ObjectStart => forked.extend(self.object(rules.clone(), path, Inside::Or)?),
                _ => return Err(self.scan.invalid("Only JSON object is allowed in array of $or relationship.")),
            }
            count += 1;
            if forked.len() > ALTERNATIVES_MAX {
                return Err(self
                    .scan
                    .invalid(format!("Rule is too complex - $or has over {ALTERNATIVES_MAX} combinations")));
            }
        }
        match count < 2 {
            true => Err(self.scan.invalid("There must have at least 2 Objects in $or relationship.")),
            false => Ok(forked),
        }
    }

    /// The tests of an array whose start has been read.
    fn tests(&mut self) -> Result<Vec<Test>, Invalid> {
        let mut tests = Vec::new();
        loop {
            tests.push(match self.scan.next()? {
                Token::ArrayEnd if tests.is_empty() => return Err(self.scan.invalid("Empty arrays are not allowed")),
                Token::ArrayEnd => return Ok(tests),
                Token::ObjectStart => self.expression()?,
                Token::Text(text) => exact(text),
                Token::Number(number) => Test::Number(number.value),
                Token::True => Test::Truth(true),
                Token::False => Test::Truth(false),
                Token::Null => Test::Null,
                Token::ObjectEnd | Token::ArrayStart | Token::Name(_) | Token::End => {
                    return Err(self.scan.invalid("Match value must be String, number, true, false, or null"));
                }
            });
        }
    }

    /// `{"operator": operand}`, whose start has been read.
    fn expression(&mut self) -> Result<Test, Invalid> {
        let Token::Name(operator) = self.scan.next()? else {
            return Err(self.scan.invalid("Match expression name not found"));
        };
        match operator.as_str() {
            "exactly" => {
                let text = self.text("exact match pattern must be a string")?;
                self.close(ONE_KEY).map(|()| Test::Text(text.into()))
            }
            "prefix" => self.affix("Prefix", "prefix", Test::Prefix, Test::FoldedPrefix),
            "suffix" => self.affix("Suffix", "suffix", Test::Suffix, Test::FoldedSuffix),
            "equals-ignore-case" => {
                let text = self.text("equals-ignore-case match pattern must be a string")?;
                self.close(ONE_KEY).map(|()| Test::Folded(fold(&text)))
            }
            "wildcard" => {
                let text = self.text("wildcard match pattern must be a string")?;
                let wildcard = self.wildcard(&text)?;
                self.close(ONE_KEY).map(|()| Test::Wildcard(wildcard))
            }
            "cidr" => {
                let text = self.text("prefix match pattern must be a string")?;
                let addresses = cidr(&text).map_err(nowhere)?;
                self.close(ONE_KEY).map(|()| Test::Addresses(addresses))
            }
            "exists" => {
                let test = match self.scan.next()? {
                    Token::True => Test::Present,
                    Token::False => Test::Absent,
                    _ => return Err(self.scan.invalid("exists match pattern must be either true or false.")),
                };
                self.close(ONE_KEY).map(|()| test)
            }
            "numeric" => {
                if self.scan.next()? != Token::ArrayStart {
                    return Err(self.scan.invalid("Value of numeric must be an array."));
                }
                let test = self.numeric()?;
                self.close(TOO_MANY).map(|()| test)
            }
            "anything-but" => self.anything_but(),
            _ => Err(self.scan.invalid(format!("Unrecognized match type {operator}"))),
        }
    }

    fn affix(
        &mut self,
        title: &str,
        name: &str,
        plain: fn(Box<str>) -> Test,
        folded: fn(Box<str>) -> Test,
    ) -> Result<Test, Invalid> {
        match self.scan.next()? {
            Token::Text(text) => {
                self.scan.read_on();
                self.close(ONE_KEY).map(|()| plain(text.into()))
            }
            Token::ObjectStart => {
                match self.scan.next()? {
                    Token::Name(operator) if operator == "equals-ignore-case" => {}
                    Token::Name(operator) => {
                        return Err(self.scan.invalid(format!("Unsupported {name} pattern: {operator}")));
                    }
                    _ => return Err(self.scan.invalid(format!("{title} expression name not found"))),
                }
                let text = self.text("equals-ignore-case match pattern must be a string")?;
                self.close(ONE_KEY)?;
                self.close(ONE_KEY).map(|()| folded(fold(&text)))
            }
            _ => Err(self.scan.invalid(format!("{name} match pattern must be a string"))),
        }
    }

    fn anything_but(&mut self) -> Result<Test, Invalid> {
        let mut token = self.scan.next()?;
        let kind = match token {
            Token::ObjectStart => {
                let Token::Name(operator) = self.scan.next()? else {
                    return Err(self.scan.invalid("Anything-But expression name not found"));
                };
                let Some(kind) = But::named(&operator) else {
                    return Err(self.scan.invalid(format!("Unsupported anything-but pattern: {operator}")));
                };
                token = self.scan.next()?;
                Some(kind)
            }
            _ => None,
        };
        let tests = match (kind, token) {
            (None, Token::ArrayStart) => self.but_values()?,
            (None, Token::Text(text)) => vec![Test::Text(text.into())],
            (None, Token::Number(number)) => vec![self.comparable(number).map_err(nowhere)?],
            (Some(kind), Token::ArrayStart) => self.but_texts(kind)?,
            (Some(kind), Token::Text(text)) => vec![self.but_text(kind, &text)?],
            (Some(kind), Token::Number(_)) => return Err(self.scan.invalid(kind.not_a_text())),
            _ => return Err(self.scan.invalid(BUT_VALUE)),
        };
        self.close(TOO_MANY)?;
        if kind.is_some() {
            self.close(TOO_MANY)?;
        }
        Ok(Test::Not(tests))
    }

    /// All texts or all numbers.
    fn but_values(&mut self) -> Result<Vec<Test>, Invalid> {
        let mut tests = Vec::new();
        let (mut texts, mut numbers) = (false, false);
        loop {
            match self.scan.next()? {
                Token::ArrayEnd => break,
                Token::Text(text) => {
                    texts = true;
                    tests.push(Test::Text(text.into()));
                }
                Token::Number(number) => {
                    numbers = true;
                    let test = self.comparable(number).map_err(|reason| self.scan.invalid(reason))?;
                    tests.push(test);
                }
                _ => {
                    let reason = "Inside anything but list, start|null|boolean is not supported.";
                    return Err(self.scan.invalid(reason));
                }
            }
        }
        match texts == numbers {
            true => Err(self.scan.invalid(MIXED)),
            false => Ok(tests),
        }
    }

    fn but_texts(&mut self, kind: But) -> Result<Vec<Test>, Invalid> {
        let mut tests = Vec::new();
        loop {
            match self.scan.next()? {
                Token::ArrayEnd => return Ok(tests),
                Token::Text(text) => tests.push(self.but_text(kind, &text)?),
                _ => return Err(self.scan.invalid(kind.not_a_text())),
            }
        }
    }

    fn but_text(&mut self, kind: But, text: &str) -> Result<Test, Invalid> {
        self.scan.read_on();
        match kind {
            But::Prefix | But::Suffix if text.is_empty() => Err(self.scan.invalid("Null prefix/suffix not allowed")),
            But::Prefix => Ok(Test::Prefix(text.into())),
            But::Suffix => Ok(Test::Suffix(text.into())),
            But::Folded => Ok(Test::Folded(fold(text))),
            But::Wildcard => self.wildcard(text).map(Test::Wildcard),
        }
    }

    /// One or two comparisons, whose array's start has been read.
    fn numeric(&mut self) -> Result<Test, Invalid> {
        let operator = match self.scan.next()? {
            Token::Text(operator) => operator,
            other => return Err(self.scan.invalid(format!("Invalid member in numeric match: {}", other.shown()))),
        };
        let value = self.scan.next()?;
        let named = if operator == "=" { "equals" } else { operator.as_str() };
        if !["=", "<", "<=", ">", ">="].contains(&operator.as_str()) {
            return Err(self.scan.invalid(format!("Unrecognized numeric range operator: {operator}")));
        }
        let Token::Number(number) = value else {
            return Err(self.scan.invalid(format!("Value of {named} must be numeric")));
        };
        let next = self.scan.next()?;
        let single = next == Token::ArrayEnd;
        if !single && !operator.starts_with('>') {
            return Err(self.scan.invalid(TOO_MANY));
        }
        let bound = bounded(&number).map_err(|reason| self.scan.invalid(reason))?;
        if operator == "=" {
            return Ok(Test::Number(number.value));
        }
        let limit = (NUMBER_MAX * 1e6) as i64;
        let range = match operator.as_str() {
            "<" => Range { from: -limit, to: bound - 1 },
            "<=" => Range { from: -limit, to: bound },
            _ => {
                let to = if single { limit } else { self.range_end(next, bound)? };
                Range { from: bound + i64::from(operator == ">"), to }
            }
        };
        Ok(Test::Range(range))
    }

    /// The upper end of a range that begins at `bottom`.
    fn range_end(&mut self, operator: Token, bottom: i64) -> Result<i64, Invalid> {
        let Token::Text(operator) = operator else {
            return Err(self.scan.invalid(format!("Bad value in numeric range: {}", operator.shown())));
        };
        self.scan.read_on();
        if operator != "<" && operator != "<=" {
            return Err(self.scan.invalid(format!("Bad numeric range operator: {operator}")));
        }
        let Token::Number(number) = self.scan.next()? else {
            return Err(self.scan.invalid(format!("Value of {operator} must be numeric")));
        };
        if self.scan.next()? != Token::ArrayEnd {
            return Err(self.scan.invalid("Too many terms in numeric range expression"));
        }
        let top = bounded(&number).map_err(|reason| self.scan.invalid(reason))?;
        match bottom >= top {
            true => Err(self.scan.invalid("Bottom must be less than top")),
            false => Ok(top - i64::from(operator == "<")),
        }
    }

    fn comparable(&self, number: Number) -> Result<Test, String> {
        bounded(&number).map(|_| Test::Number(number.value))
    }

    fn text(&mut self, refusal: &'static str) -> Result<String, Invalid> {
        match self.scan.next()? {
            Token::Text(text) => {
                self.scan.read_on();
                Ok(text)
            }
            _ => Err(self.scan.invalid(refusal)),
        }
    }

    fn close(&mut self, refusal: &'static str) -> Result<(), Invalid> {
        match self.scan.next()? {
            Token::ObjectEnd => Ok(()),
            _ => Err(self.scan.invalid(refusal)),
        }
    }

    fn wildcard(&self, text: &str) -> Result<Wildcard, Invalid> {
        wildcard(text).map_err(|reason| self.scan.invalid(reason))
    }
}

/// What `anything-but` excludes beside plain values.
#[derive(Clone, Copy)]
enum But {
    Prefix,
    Suffix,
    Folded,
    Wildcard,
}

impl But {
    fn named(operator: &str) -> Option<But> {
        match operator {
            "prefix" => Some(But::Prefix),
            "suffix" => Some(But::Suffix),
            "equals-ignore-case" => Some(But::Folded),
            "wildcard" => Some(But::Wildcard),
            _ => None,
        }
    }

    fn not_a_text(self) -> &'static str {
        match self {
            But::Prefix | But::Suffix => "prefix/suffix match pattern must be a string",
            But::Folded => "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
            But::Wildcard => "wildcard match pattern must be a string",
        }
    }
}

/// A text that is an address matches the address, however it is written.
fn exact(text: String) -> Test {
    match text.parse::<IpAddr>() {
        Ok(address) => Test::Addresses(Addresses { from: address, to: address }),
        Err(_) => Test::Text(text.into()),
    }
}

/// Positions in messages count the quotation mark in front of the text.
fn wildcard(text: &str) -> Result<Wildcard, String> {
    let (mut pieces, mut piece) = (Vec::new(), String::new());
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match (letter, letters.peek().map(|(_, next)| *next)) {
            ('*', Some('*')) => return Err(format!("Consecutive wildcard characters at pos {}", at + 1)),
            ('*', _) => pieces.push(std::mem::take(&mut piece).into()),
            ('\\', Some(escaped @ ('*' | '\\'))) => {
                letters.next();
                piece.push(escaped);
            }
            ('\\', _) => return Err(format!("Invalid escape character at pos {}", at + 1)),
            _ => piece.push(letter),
        }
    }
    pieces.push(piece.into());
    Ok(Wildcard(pieces))
}

fn cidr(text: &str) -> Result<Addresses, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let [address, bits] = parts[..] else { return Err("Malformed CIDR, one '/' required".to_owned()) };
    let bits: i64 = bits.parse().map_err(|_| "Malformed CIDR, mask bits must be an integer")?;
    let bits = u32::try_from(bits).map_err(|_| "Malformed CIDR, mask bits must not be negative")?;
    match address.parse().map_err(|_| format!("Nonstandard IP address: {address}"))? {
        IpAddr::V4(_) if bits > 31 => Err("IPv4 mask bits must be < 32".to_owned()),
        IpAddr::V6(_) if bits > 127 => Err("IPv6 mask bits must be < 128".to_owned()),
        IpAddr::V4(address) => {
            let (address, host) = (address.to_bits(), u32::MAX.checked_shr(bits).unwrap_or(0));
            let [from, to] = [address & !host, address | host].map(|bits| Ipv4Addr::from_bits(bits).into());
            Ok(Addresses { from, to })
        }
        IpAddr::V6(address) => {
            let (address, host) = (address.to_bits(), u128::MAX.checked_shr(bits).unwrap_or(0));
            let [from, to] = [address & !host, address | host].map(|bits| Ipv6Addr::from_bits(bits).into());
            Ok(Addresses { from, to })
        }
    }
}

fn bounded(number: &Number) -> Result<i64, String> {
    micros(&number.value).ok_or_else(|| "Value must be between -5.0E9 and 5.0E9, inclusive".to_owned())
}

/// The service names no place for these.
fn nowhere(reason: String) -> Invalid {
    Invalid { reason, place: None }
}
