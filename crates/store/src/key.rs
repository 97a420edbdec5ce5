//! Order-preserving tuple keys.
//!
//! A key is a table id, an account, a region and then components. The bytes sort as the tuples do: component by
//! component, texts and bytes in byte order, numbers by value, and a key before every key that continues it.
//!
//! ```
//! use store::key::{Key, Parser, Space};
//! const FUNCTIONS: Space = Space::new(7);
//! let prefix = Key::new(FUNCTIONS, "000000000000", "eu-central-1");
//! let key = prefix.clone().text("resize").number(3).build();
//! assert!(prefix.range().contains(&key));
//! let mut parts = Parser::after(&prefix.build(), &key).expect("the key continues the prefix");
//! assert_eq!((parts.text(), parts.number()), (Some("resize".to_owned()), Some(3)));
//! assert!(parts.is_end());
//! ```
//!
//! Encoding: a component is a tag byte and its content. Texts and bytes write 0x00 as 0x00 0xFF and end with 0x00 0x00;
//! numbers are eight big-endian bytes (with the sign bit turned for signed ones). Tags lie between 0x01 and 0xFE, so
//! everything under a prefix lies between `prefix 0x00` and `prefix 0xFF`.

use crate::engine::Range;

const TAG_BYTES: u8 = 0x10;
const TAG_TEXT: u8 = 0x20;
const TAG_NUMBER: u8 = 0x30;
const TAG_SIGNED: u8 = 0x38;
const TAG_END: u8 = 0xFF;

/// A table of the map. Rooms define theirs as constants; 0 is the store's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Space(u16); // Invariant: not 0, outside of this crate.

impl Space {
    /// Panics on 0 (at compile time, in a constant): that one belongs to the store.
    pub const fn new(id: u16) -> Space {
        assert!(id != 0, "space 0 is the store's own");
        Space(id)
    }

    /// The store's own rows: leases, the format, chunks of large values.
    pub(crate) const OWN: Space = Space(0);
}

/// Builds a key, component by component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    pub fn new(space: Space, account: &str, region: &str) -> Key {
        Key::global(space).text(account).text(region)
    }

    /// For rows that belong to the installation and to no account or region.
    pub fn global(space: Space) -> Key {
        Key(space.0.to_be_bytes().to_vec())
    }

    /// Continues a key that was built before.
    pub fn under(prefix: &[u8]) -> Key {
        Key(prefix.to_vec())
    }

    #[must_use]
    pub fn text(self, text: &str) -> Key {
        self.escaped(TAG_TEXT, text.as_bytes())
    }

    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Key {
        self.escaped(TAG_BYTES, bytes)
    }

    #[must_use]
    pub fn number(mut self, number: u64) -> Key {
        self.0.push(TAG_NUMBER);
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// A number that may be negative, such as a time. It sorts by value among signed numbers.
    #[must_use]
    pub fn signed(mut self, number: i64) -> Key {
        self.0.push(TAG_SIGNED);
        self.0.extend_from_slice(&(number.cast_unsigned() ^ (1 << 63)).to_be_bytes());
        self
    }

    pub fn build(self) -> Vec<u8> {
        self.0
    }

    /// Everything that continues this key, without the key itself.
    pub fn range(&self) -> Range {
        let bound = |last: u8| [self.0.as_slice(), &[last]].concat();
        Range { from: bound(0), to: bound(TAG_END) }
    }

    fn escaped(mut self, tag: u8, content: &[u8]) -> Key {
        self.0.push(tag);
        for &byte in content {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(0xFF);
            }
        }
        self.0.extend_from_slice(&[0, 0]);
        self
    }
}

/// Reads the components of a key in their order. `None` means that the key has another form.
#[derive(Debug, Clone)]
pub struct Parser<'a>(&'a [u8]);

impl<'a> Parser<'a> {
    /// The components after a prefix; `None` where the key does not continue it.
    pub fn after(prefix: &[u8], key: &'a [u8]) -> Option<Parser<'a>> {
        key.strip_prefix(prefix).map(Parser)
    }

    /// The components after space, account and region, and these three.
    pub fn of(key: &'a [u8]) -> Option<(Space, String, String, Parser<'a>)> {
        let (space, rest) = key.split_at_checked(2)?;
        let mut parser = Parser(rest);
        let space = Space(u16::from_be_bytes([space[0], space[1]]));
        Some((space, parser.text()?, parser.text()?, parser))
    }

    pub fn text(&mut self) -> Option<String> {
        let mut ahead = self.clone();
        let text = String::from_utf8(ahead.escaped(TAG_TEXT)?).ok()?;
        *self = ahead;
        Some(text)
    }

    pub fn bytes(&mut self) -> Option<Vec<u8>> {
        self.escaped(TAG_BYTES)
    }

    pub fn number(&mut self) -> Option<u64> {
        self.eight(TAG_NUMBER).map(u64::from_be_bytes)
    }

    pub fn signed(&mut self) -> Option<i64> {
        self.eight(TAG_SIGNED).map(|bytes| (u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed())
    }

    pub fn is_end(&self) -> bool {
        self.0.is_empty()
    }

    fn eight(&mut self, tag: u8) -> Option<[u8; 8]> {
        let (bytes, rest) = self.0.strip_prefix(&[tag])?.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn escaped(&mut self, tag: u8) -> Option<Vec<u8>> {
        let mut rest = self.0.strip_prefix(&[tag])?;
        let mut content = Vec::new();
        loop {
            match rest {
                [0, 0, after @ ..] => {
                    self.0 = after;
                    return Some(content);
                }
                [0, 0xFF, after @ ..] => {
                    content.push(0);
                    rest = after;
                }
                [byte, after @ ..] if *byte != 0 => {
                    content.push(*byte);
                    rest = after;
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
    enum Part {
        Bytes(Vec<u8>),
        Text(String),
        Number(u64),
        Signed(i64),
    }

    fn part() -> impl Strategy<Value = Part> {
        // Few different bytes, so that zeros and common prefixes turn up often.
        let byte = prop_oneof![Just(0u8), Just(1), Just(0xFE), Just(0xFF), any::<u8>()];
        prop_oneof![
            prop::collection::vec(byte, 0..5).prop_map(Part::Bytes),
            "[\0ab\u{ff}]{0,4}".prop_map(Part::Text),
            any::<u64>().prop_map(Part::Number),
            any::<i64>().prop_map(Part::Signed),
        ]
    }

    fn parts() -> impl Strategy<Value = Vec<Part>> {
        prop::collection::vec(part(), 0..5)
    }

    fn key_of(parts: &[Part]) -> Key {
        parts.iter().fold(Key::global(Space::new(1)), |key, part| match part {
            Part::Bytes(bytes) => key.bytes(bytes),
            Part::Text(text) => key.text(text),
            Part::Number(number) => key.number(*number),
            Part::Signed(number) => key.signed(*number),
        })
    }

    proptest! {
        #[test]
        fn keys_sort_as_their_tuples_do(a in parts(), b in parts()) {
            prop_assert_eq!(key_of(&a).build().cmp(&key_of(&b).build()), a.cmp(&b));
        }

        #[test]
        fn what_was_built_is_parsed(parts in parts()) {
            let key = key_of(&parts).build();
            let prefix = Key::global(Space::new(1)).build();
            let mut parser = Parser::after(&prefix, &key).expect("its own prefix");
            for part in &parts {
                let parsed = match part {
                    Part::Bytes(_) => parser.bytes().map(Part::Bytes),
                    Part::Text(_) => parser.text().map(Part::Text),
                    Part::Number(_) => parser.number().map(Part::Number),
                    Part::Signed(_) => parser.signed().map(Part::Signed),
                };
                prop_assert_eq!(parsed.as_ref(), Some(part));
            }
            prop_assert!(parser.is_end());
        }

        #[test]
        fn a_range_holds_what_continues_its_key_and_nothing_else(prefix in parts(), other in parts()) {
            let continues = other.len() > prefix.len() && other.starts_with(&prefix);
            prop_assert_eq!(key_of(&prefix).range().contains(&key_of(&other).build()), continues);
        }

        #[test]
        fn any_bytes_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let mut parser = Parser::after(&[], &bytes).expect("the empty prefix");
            while parser.bytes().is_some() || parser.text().is_some() || parser.number().is_some() || parser.signed().is_some() {}
        }
    }
}
