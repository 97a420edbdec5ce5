//! What follows a function's name: a version, or an alias.

use std::fmt;

use crate::name::{Malformed, Version};

/// An alias of a function's version: 1 to 128 letters, digits, `-` or `_`, and not digits alone.
///
/// Source: Lambda API model, `Alias` (read 2026-11-24).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AliasName(Box<str>); // Invariant: `parse` is the only constructor.

impl AliasName {
    pub fn parse(text: &str) -> Result<AliasName, Malformed> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match (1..=128).contains(&text.len()) && text.bytes().all(allowed) && !digits {
            true => Ok(AliasName(text.into())),
            false => Err(Malformed {
                given: text.to_owned(),
                wanted: "an alias: 1 to 128 letters, digits, - or _, not digits alone",
            }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AliasName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Which of a function's versions is meant: one by its number, or the one that an alias chooses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Qualifier {
    Version(Version),
    Alias(AliasName),
}

impl Qualifier {
    pub fn parse(text: &str) -> Result<Qualifier, Malformed> {
        match Version::parse(text) {
            Ok(version) => Ok(Qualifier::Version(version)),
            Err(_) => AliasName::parse(text).map(Qualifier::Alias),
        }
    }
}

impl fmt::Display for Qualifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Qualifier::Version(version) => version.fmt(out),
            Qualifier::Alias(alias) => alias.fmt(out),
        }
    }
}
