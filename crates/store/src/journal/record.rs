//! How a record lies in a segment: length, checksum, time, stream, bytes.

use bytes::Bytes;

use crate::clock::Timestamp;

/// Length and checksum.
const FRAME_BYTES: usize = 4 + 4;
/// Time and the length of the stream's name.
const HEAD_BYTES: usize = 8 + 2;

/// A record as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    pub at: Timestamp,
    pub stream: String,
    pub bytes: Bytes,
    /// With its frame.
    pub length: usize,
}

/// `stream` has at most 65,535 bytes and `bytes` at most [`super::RECORD_BYTES_MAX`]; the caller has checked.
pub(super) fn encode(into: &mut Vec<u8>, stream: &str, at: Timestamp, bytes: &[u8]) {
    let start = into.len();
    let name_bytes = u16::try_from(stream.len()).expect("checked by the caller");
    let length = u32::try_from(HEAD_BYTES + stream.len() + bytes.len()).expect("checked by the caller");
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(&[0; 4]);
    into.extend_from_slice(&at.millis().to_be_bytes());
    into.extend_from_slice(&name_bytes.to_be_bytes());
    into.extend_from_slice(stream.as_bytes());
    into.extend_from_slice(bytes);
    let sum = crc32fast::hash(&into[start + FRAME_BYTES..]);
    into[start + 4..start + FRAME_BYTES].copy_from_slice(&sum.to_be_bytes());
}

/// The record at the start of `from`; `None` if it is cut off or damaged.
pub(super) fn decode(from: &Bytes) -> Option<Decoded> {
    let (length, rest) = from.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let content = rest.get(..length)?;
    if length < HEAD_BYTES || crc32fast::hash(content) != u32::from_be_bytes(*sum) {
        return None;
    }
    let (at, content) = content.split_first_chunk::<8>()?;
    let (name_bytes, content) = content.split_first_chunk::<2>()?;
    let name_bytes = usize::from(u16::from_be_bytes(*name_bytes));
    let stream = String::from_utf8(content.get(..name_bytes)?.to_vec()).ok()?;
    let from_start = FRAME_BYTES + HEAD_BYTES + name_bytes;
    Some(Decoded {
        at: Timestamp::from_millis(i64::from_be_bytes(*at)),
        stream,
        bytes: from.slice(from_start..FRAME_BYTES + length),
        length: FRAME_BYTES + length,
    })
}
