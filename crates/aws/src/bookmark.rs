//! Shard iterators: where a reader stands, sealed, so that clients can neither read nor make them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use services::stream::Bookmark;

use crate::call::Call;
use crate::error::Error;

pub fn write(call: &Call, bookmark: &Bookmark) -> Result<String, Error> {
    let sealed = call.services.store().seal(bookmark.to_text().as_bytes());
    sealed.map(|sealed| STANDARD.encode(sealed)).map_err(|error| Error::internal(&error))
}

/// What `write` made in this account and region.
pub fn read(call: &Call, text: &str) -> Option<Bookmark> {
    let plain = call.services.store().unseal(&STANDARD.decode(text).ok()?).ok()?;
    let bookmark = Bookmark::parse(std::str::from_utf8(&plain).ok()?)?;
    (bookmark.lane.account == call.account && bookmark.lane.region == call.region).then_some(bookmark)
}
