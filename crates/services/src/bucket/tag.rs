//! Tags of objects and buckets.

use std::collections::BTreeMap;

/// Most tags of an object. Source: S3 User Guide, "Categorizing your objects using tags" (read 2026-11-24).
pub const OBJECT_TAGS_MAX: usize = 10;
/// Most tags of a bucket. Source: S3 User Guide, "Using cost allocation S3 bucket tags" (read 2026-11-24).
pub const BUCKET_TAGS_MAX: usize = 50;
/// In characters. Source: as above.
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

/// Tags by key, which is unique.
pub type Tags = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    #[error("more than {max} tags")]
    TooMany { max: usize },
    #[error("the key {key:?} has 1 to {KEY_CHARS_MAX} letters, digits, spaces or + - = . _ : / @")]
    Key { key: String },
    #[error("the value {value:?} has up to {VALUE_CHARS_MAX} letters, digits, spaces or + - = . _ : / @")]
    Value { value: String },
    #[error("the key {key:?} is there twice")]
    Twice { key: String },
    #[error("keys that begin with aws: belong to the system")]
    System,
}

/// Checks tags and makes them a set.
pub fn parse(given: impl IntoIterator<Item = (String, String)>, max: usize) -> Result<Tags, TagError> {
    let mut tags = Tags::new();
    let mut count = 0;
    for (key, value) in given {
        count += 1;
        if !(1..=KEY_CHARS_MAX).contains(&key.chars().count()) || !key.chars().all(allowed) {
            return Err(TagError::Key { key });
        }
        if value.chars().count() > VALUE_CHARS_MAX || !value.chars().all(allowed) {
            return Err(TagError::Value { value });
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(TagError::System);
        }
        if tags.contains_key(&key) {
            return Err(TagError::Twice { key });
        }
        tags.insert(key, value);
    }
    match count > max {
        true => Err(TagError::TooMany { max }),
        false => Ok(tags),
    }
}

fn allowed(character: char) -> bool {
    character.is_alphanumeric() || character.is_whitespace() || "+-=._:/@".contains(character)
}
