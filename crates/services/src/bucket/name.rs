//! Names of buckets and keys of objects.

use std::net::Ipv4Addr;

use super::Error;

/// Longest key, in bytes of UTF-8.
///
/// Source: S3 User Guide, "Naming Amazon S3 objects" (read 2026-11-24).
pub const KEY_BYTES_MAX: usize = 1024;

/// A bucket's name.
///
/// Source: S3 User Guide, "General purpose bucket naming rules" (read 2026-11-24).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketName(Box<str>); // Invariant: `parse` is the only constructor.

const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

impl BucketName {
    pub fn parse(text: &str) -> Result<BucketName, Error> {
        let letter_or_digit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let good = (3..=63).contains(&bytes.len())
            && bytes.iter().all(|&byte| letter_or_digit(byte) || byte == b'-' || byte == b'.')
            && [bytes.first(), bytes.last()].into_iter().flatten().all(|&byte| letter_or_digit(byte))
            && !text.contains("..")
            && text.parse::<Ipv4Addr>().is_err()
            && !RESERVED_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
            && !RESERVED_SUFFIXES.iter().any(|suffix| text.ends_with(suffix));
        match good {
            true => Ok(BucketName(text.into())),
            false => Err(Error::InvalidBucketName { name: text.to_owned() }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An object's key: any text of 1 to [`KEY_BYTES_MAX`] bytes. Slashes and dots in it mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(Box<str>); // Invariant: `parse` is the only constructor.

impl ObjectKey {
    pub fn parse(text: &str) -> Result<ObjectKey, Error> {
        match text.len() {
            1..=KEY_BYTES_MAX => Ok(ObjectKey(text.into())),
            given => Err(Error::KeyTooLong { given }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets_follow_the_rules() {
        let long = "a".repeat(63);
        for good in ["abc", "my.example.bucket", "2015-03-31", "0-0", long.as_str()] {
            assert!(BucketName::parse(good).is_ok(), "{good}");
        }
        let too_long = "a".repeat(64);
        let bad =
            ["ab", "Abc", "a_b", "-abc", "abc-", "a..b", "192.168.5.4", "xn--a", "abc-s3alias", too_long.as_str()];
        for bad in bad {
            assert!(BucketName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_any_text_of_up_to_1024_bytes() {
        let long = "é".repeat(512);
        for good in ["a", "/", "..", "a//b", "\0", long.as_str()] {
            assert!(ObjectKey::parse(good).is_ok(), "{good:?}");
        }
        let too_long = "é".repeat(513);
        assert!(ObjectKey::parse(&too_long).is_err());
        assert!(ObjectKey::parse("").is_err());
    }
}
