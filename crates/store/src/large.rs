//! Values too large for one row, cut into chunks.
//!
//! The row under the value's own key then holds the length; the chunks lie in the store's own space, under keys made of
//! the value's key and the chunk's number. They are written and deleted with their row, never alone.

use bytes::{Bytes, BytesMut};

use crate::engine::{Row, State, Version};
use crate::error::{Error, show};
use crate::key::{Key, Space};

/// The key of one chunk. The number has a fixed width, so no two values share a chunk's key.
fn chunk_key(key: &[u8], number: u32) -> Bytes {
    let mut chunk = chunk_prefix();
    chunk.extend_from_slice(key);
    chunk.extend_from_slice(&number.to_be_bytes());
    Bytes::from(chunk)
}

/// Where all chunks lie.
pub(crate) fn chunk_prefix() -> Vec<u8> {
    Key::global(Space::OWN).text("chunk").build()
}

/// The key of the value to which a chunk belongs, if it is the value's first chunk.
pub(crate) fn owner_of_first(chunk: &[u8]) -> Option<&[u8]> {
    chunk.strip_prefix(chunk_prefix().as_slice())?.strip_suffix(&0u32.to_be_bytes())
}

/// The rows that hold a large value: its chunks, then its own row.
pub(crate) fn split(key: &Bytes, value: &Bytes, version: Version, chunk_bytes: usize) -> Vec<(Bytes, Row)> {
    let chunks = (0..value.len().div_ceil(chunk_bytes)).map(|number| {
        let end = value.len().min((number + 1) * chunk_bytes);
        let value = value.slice(number * chunk_bytes..end);
        (chunk_key(key, index(number)), Row { version, large: false, value })
    });
    let length = Bytes::copy_from_slice(&(value.len() as u64).to_be_bytes());
    chunks.chain([(key.clone(), Row { version, large: true, value: length })]).collect()
}

/// The chunks that a stored row owns; none for an ordinary row.
pub(crate) fn chunks_of(key: &[u8], row: &Row, chunk_bytes: usize) -> Result<Vec<Bytes>, Error> {
    match row.large {
        true => Ok((0..length(key, row)?.div_ceil(chunk_bytes)).map(|n| chunk_key(key, index(n))).collect()),
        false => Ok(Vec::new()),
    }
}

/// The whole value of a row that was read from `state`.
pub(crate) fn value_of(state: &mut dyn State, key: &[u8], row: Row, chunk_bytes: usize) -> Result<Bytes, Error> {
    if !row.large {
        return Ok(row.value);
    }
    let length = length(key, &row)?;
    let mut whole = BytesMut::with_capacity(length);
    for chunk in chunks_of(key, &row, chunk_bytes)? {
        match state.get(&chunk)? {
            Some(part) if part.version == row.version => whole.extend_from_slice(&part.value),
            _ => return Err(damaged(key, "a chunk is missing")),
        }
    }
    match whole.len() == length {
        true => Ok(whole.freeze()),
        false => Err(damaged(key, "its chunks have another length")),
    }
}

fn length(key: &[u8], row: &Row) -> Result<usize, Error> {
    let bytes = <[u8; 8]>::try_from(row.value.as_ref()).map_err(|_| damaged(key, "its length is unreadable"))?;
    usize::try_from(u64::from_be_bytes(bytes)).map_err(|_| damaged(key, "its length is impossible"))
}

fn index(number: usize) -> u32 {
    u32::try_from(number).expect("a commit has at most 64 MiB, so a value has few chunks")
}

fn damaged(key: &[u8], reason: &str) -> Error {
    Error::Damaged { place: "a large value", reason: format!("{reason} (key {})", show(key)) }
}
