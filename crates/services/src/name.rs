//! Names that cannot be wrong: parsed once at the edge, trusted below it.

use std::fmt;
use std::sync::Arc;

/// Why a text is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not {wanted}")]
pub struct Malformed {
    pub given: String,
    pub wanted: &'static str,
}

/// An account: twelve digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(Arc<str>); // Invariant: `parse` and `default` are the only constructors.

impl AccountId {
    pub fn parse(text: &str) -> Result<AccountId, Malformed> {
        match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Ok(AccountId(text.into())),
            false => Err(malformed(text, "an account id: twelve digits")),
        }
    }
}

/// The account that a lone installation has: `000000000000`.
impl Default for AccountId {
    fn default() -> AccountId {
        AccountId("000000000000".into())
    }
}

/// A region, such as `eu-central-1`: 1 to 32 lower-case letters, digits and dashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(Arc<str>); // Invariant: `parse` is the only constructor.

impl Region {
    pub fn parse(text: &str) -> Result<Region, Malformed> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        match (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            true => Ok(Region(text.into())),
            false => Err(malformed(text, "a region: 1 to 32 of a-z, 0-9 and -")),
        }
    }
}

/// A function's name: 1 to 64 letters, digits, `-` or `_`.
///
/// Source: Lambda API model, `FunctionName` (read 2026-11-24).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionName(Arc<str>); // Invariant: `parse` is the only constructor.

impl FunctionName {
    pub fn parse(text: &str) -> Result<FunctionName, Malformed> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            true => Ok(FunctionName(text.into())),
            false => Err(malformed(text, "a function name: 1 to 64 letters, digits, - or _")),
        }
    }
}

/// Which code of a function answers: the unpublished draft, or a published number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    Latest,
    Number(u64),
}

impl Version {
    pub fn parse(text: &str) -> Result<Version, Malformed> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text {
            "$LATEST" => Ok(Version::Latest),
            _ if digits => text.parse().map(Version::Number).map_err(|_| malformed(text, "a version number")),
            _ => Err(malformed(text, "a version: $LATEST or a number")),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::Latest => out.write_str("$LATEST"),
            Version::Number(number) => write!(out, "{number}"),
        }
    }
}

macro_rules! text {
    ($($name:ident)*) => {$(
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    )*};
}
text!(AccountId Region FunctionName);

fn malformed(given: &str, wanted: &'static str) -> Malformed {
    Malformed { given: given.to_owned(), wanted }
}
