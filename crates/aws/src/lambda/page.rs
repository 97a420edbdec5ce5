//! Lists that come in pages: how many at once, and where the next one begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::refusal::invalid;
use crate::error::Error;

/// Most items of a page, whatever is asked for. Source: Lambda API reference, `MaxItems` (read 2026-11-24).
const ITEMS_MAX: usize = 50;

/// The number of items to answer with.
pub fn size(asked: Option<i32>) -> usize {
    size_of(asked, ITEMS_MAX)
}

/// As [`size`], where an operation has another limit.
pub fn size_of(asked: Option<i32>, most: usize) -> usize {
    asked.and_then(|asked| usize::try_from(asked).ok()).map_or(most, |asked| asked.min(most))
}

/// A marker that leads to what comes after `last`.
pub fn marker(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

/// What `marker` was made of, read by `parse`.
pub fn after<T>(marker: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Error> {
    let Some(marker) = marker.filter(|marker| !marker.is_empty()) else { return Ok(None) };
    let decoded = URL_SAFE_NO_PAD.decode(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.as_deref().and_then(parse) {
        Some(last) => Ok(Some(last)),
        None => Err(invalid("Invalid value for Marker: use the NextMarker of the page before.")),
    }
}

/// Cuts a list that was read with one item more than the page has; the marker is made of the last item that stays.
pub fn cut<T>(mut items: Vec<T>, size: usize, name: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    if items.len() <= size {
        return (items, None);
    }
    items.truncate(size);
    let next = items.last().map(|last| marker(&name(last)));
    (items, next)
}
