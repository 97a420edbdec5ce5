//! A stored value: checksum, version, value.
//!
//! The checksum covers the key too, so a value that turns up under another key is found out.

use bytes::Bytes;

use crate::engine::{Row, Version};
use crate::error::{Error, show};

const HEADER_BYTES: usize = 4 + 8;
/// In the version's highest bit: the value is in chunks. Versions count commits and do not get there.
const LARGE: u64 = 1 << 63;

pub(crate) fn encode(key: &[u8], row: &Row) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + row.value.len());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&(row.version.0 | if row.large { LARGE } else { 0 }).to_be_bytes());
    bytes.extend_from_slice(&row.value);
    let sum = checksum(key, &bytes[4..]);
    bytes[..4].copy_from_slice(&sum);
    bytes
}

pub(crate) fn decode(key: &[u8], bytes: &[u8]) -> Result<Row, Error> {
    let damaged = |reason: &str| Error::Damaged { place: "the map", reason: format!("{reason} (key {})", show(key)) };
    let (sum, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| damaged("a value is cut off"))?;
    let (version, value) = rest.split_first_chunk::<8>().ok_or_else(|| damaged("a value is cut off"))?;
    if *sum != checksum(key, rest) {
        return Err(damaged("a value does not match its checksum"));
    }
    let version = u64::from_be_bytes(*version);
    let row =
        Row { version: Version(version & !LARGE), large: version & LARGE != 0, value: Bytes::copy_from_slice(value) };
    Ok(row)
}

fn checksum(key: &[u8], rest: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(rest);
    hasher.finalize().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_noticed() {
        let row = Row { version: Version(7), large: false, value: Bytes::from_static(b"value") };
        let stored = encode(b"key", &row);
        assert_eq!(decode(b"key", &stored), Ok(row));
        for bit in 0..stored.len() * 8 {
            let mut flipped = stored.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(decode(b"key", &flipped), Err(Error::Damaged { .. })), "bit {bit}");
        }
        assert!(decode(b"other", &stored).is_err(), "a value under another key");
        assert!(decode(b"key", &stored[..11]).is_err(), "a cut value");
    }
}
