//! Lists of EventBridge and its Scheduler, which come in pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Most items of a page, and how many there are where nothing is asked for. Source: EventBridge API model, `LimitMax100`,
/// and Scheduler API model, `MaxResults` (read 2026-11-24).
const ITEMS_MAX: usize = 100;

/// A token that no list has made.
pub struct BadToken;

pub fn size(asked: Option<i32>) -> usize {
    asked.and_then(|asked| usize::try_from(asked).ok()).map_or(ITEMS_MAX, |asked| asked.min(ITEMS_MAX))
}

/// The name behind which a page begins.
pub fn after(token: Option<&str>) -> Result<Option<String>, BadToken> {
    let Some(token) = token else { return Ok(None) };
    let decoded = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.map(Some).ok_or(BadToken)
}

/// Cuts a list that was read with one item more than the page has; the token is made of the last one that stays.
pub fn cut<T>(mut items: Vec<T>, size: usize, name: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    if items.len() <= size {
        return (items, None);
    }
    items.truncate(size);
    let next = items.last().map(|last| URL_SAFE_NO_PAD.encode(name(last)));
    (items, next)
}
