//! Tags: the user's own keys and values on a function.

use std::collections::BTreeMap;

use store::{Read, Tx};

use super::{Error, FunctionId, rows};

/// Source: Lambda developer guide, "Using tags on Lambda functions" (read 2026-11-24).
pub const TAGS_MAX: usize = 50;

/// Keys that begin so, in any case, are the platform's. Source: as above.
const RESERVED_PREFIX: &str = "aws:";

/// Adds tags; those of a known key replace their values.
pub fn add(tx: &mut Tx, id: &FunctionId, tags: &BTreeMap<String, String>) -> Result<(), Error> {
    let mut function = rows::existing(tx, id)?;
    function.tags.extend(tags.clone());
    check(&function.tags)?;
    rows::put_function(tx, id, &function);
    Ok(())
}

/// Removes tags by key. Unknown keys are as good as removed.
pub fn remove(tx: &mut Tx, id: &FunctionId, keys: &[String]) -> Result<(), Error> {
    let mut function = rows::existing(tx, id)?;
    function.tags.retain(|key, _| !keys.contains(key));
    rows::put_function(tx, id, &function);
    Ok(())
}

pub fn tags(read: &mut impl Read, id: &FunctionId) -> Result<BTreeMap<String, String>, Error> {
    Ok(rows::existing(read, id)?.tags)
}

pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    let reserved = |key: &String| key.to_ascii_lowercase().starts_with(RESERVED_PREFIX);
    if tags.keys().any(reserved) {
        return Err(Error::ReservedTag);
    }
    match tags.len() <= TAGS_MAX {
        true => Ok(()),
        false => Err(Error::TooManyTags),
    }
}
