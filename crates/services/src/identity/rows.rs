//! Rows of access keys.

use serde::{Deserialize, Serialize};
use store::key::{Key, Space};

use crate::name::AccountId;
use crate::row::{self, Unreadable};

const ACCESS_KEYS: Space = Space::new(0x0120);

const LAYOUT: u8 = 1;

#[derive(Serialize, Deserialize)]
struct AccessKeyRow {
    id: String,
    /// Hexadecimal of the sealed secret.
    sealed: String,
}

/// Keys belong to an account in every region.
pub(super) fn root_key(account: &AccountId) -> Vec<u8> {
    Key::new(ACCESS_KEYS, account.as_str(), "").text("root").build()
}

pub(super) fn encode(id: &str, sealed: &[u8]) -> Vec<u8> {
    row::encode(LAYOUT, &AccessKeyRow { id: id.to_owned(), sealed: hex::encode(sealed) })
}

pub(super) fn decode(bytes: &[u8]) -> Result<(String, Vec<u8>), Unreadable> {
    let row: AccessKeyRow = row::decode("access key", LAYOUT, bytes)?;
    match hex::decode(&row.sealed) {
        Ok(sealed) => Ok((row.id, sealed)),
        Err(error) => Err(Unreadable { row: "access key", layout: Some(LAYOUT), reason: error.to_string() }),
    }
}
