//! How rows are written: one byte of layout version, then JSON.
//!
//! A room's `rows.rs` holds its layouts and says which versions it still reads.

use serde::{Serialize, de::DeserializeOwned};

/// A row on disk that this program does not understand: a newer layout, or damage that the checksum did not see.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unreadable {row} row (layout {layout:?}): {reason}")]
pub struct Unreadable {
    pub row: &'static str,
    pub layout: Option<u8>,
    pub reason: String,
}

pub(crate) fn encode<T: Serialize>(layout: u8, row: &T) -> Vec<u8> {
    let mut bytes = vec![layout];
    serde_json::to_writer(&mut bytes, row).expect("rows are plain data and a Vec takes every write");
    bytes
}

pub(crate) fn decode<T: DeserializeOwned>(row: &'static str, layout: u8, bytes: &[u8]) -> Result<T, Unreadable> {
    let unreadable = |layout, reason: String| Unreadable { row, layout, reason };
    match bytes.split_first() {
        Some((found, json)) if *found == layout => {
            serde_json::from_slice(json).map_err(|error| unreadable(Some(*found), error.to_string()))
        }
        Some((found, _)) => Err(unreadable(Some(*found), format!("this version of Nought reads layout {layout}"))),
        None => Err(unreadable(None, "it is empty".to_owned())),
    }
}
