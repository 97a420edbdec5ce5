//! What an object is: its body's place and everything that is said about it.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use store::Timestamp;

use super::Error;
use super::checksum::{Algorithm, Checksum, Method};
use super::lock::Retention;
use super::tag::Tags;

/// Which version of a key. Objects that were written while the bucket kept no versions are the null version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionId {
    Null,
    /// The random bytes tell it apart from a guess; the sequence says where it lies.
    Number {
        sequence: u64,
        random: [u8; 16],
    },
}

impl VersionId {
    /// Reads what `to_string` wrote.
    pub fn parse(text: &str) -> Result<VersionId, Error> {
        if text == "null" {
            return Ok(VersionId::Null);
        }
        let malformed = || Error::MalformedVersion { version: text.to_owned() };
        let bytes: [u8; 24] =
            URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)?;
        let (sequence, random) = bytes.split_first_chunk::<8>().ok_or_else(malformed)?;
        let random = *random.first_chunk().ok_or_else(malformed)?;
        Ok(VersionId::Number { sequence: u64::from_be_bytes(*sequence), random })
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersionId::Null => out.write_str("null"),
            VersionId::Number { sequence, random } => {
                out.write_str(&URL_SAFE_NO_PAD.encode([sequence.to_be_bytes().as_slice(), random].concat()))
            }
        }
    }
}

/// When and as what something became the newest of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub version: VersionId,
    /// Grows from version to version of a key.
    pub sequence: u64,
    millis: i64,
}

impl Stamp {
    pub(super) fn new(version: VersionId, sequence: u64, at: Timestamp) -> Stamp {
        Stamp { version, sequence, millis: at.millis() }
    }

    pub fn modified(&self) -> Timestamp {
        Timestamp::from_millis(self.millis)
    }
}

/// What a sender says about an object beside its bytes: what a put, a copy and an upload in parts have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub headers: Headers,
    /// User metadata, by name in lower case.
    pub metadata: BTreeMap<String, String>,
    /// `None` is `STANDARD`.
    pub storage_class: Option<Box<str>>,
    /// Where a website sends who asks for this object.
    pub redirect: Option<Box<str>>,
    pub tags: Tags,
    pub retention: Option<Retention>,
    pub legal_hold: bool,
}

/// Standard headers, given back as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    pub content_type: Option<Box<str>>,
    pub cache_control: Option<Box<str>>,
    pub content_disposition: Option<Box<str>>,
    pub content_encoding: Option<Box<str>>,
    pub content_language: Option<Box<str>>,
    pub expires: Option<Box<str>>,
}

/// One version of a key that is an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    pub stamp: Stamp,
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    pub checksum: Option<Checksum>,
    pub about: About,
    pub encryption: Encryption,
    pub(super) data: Data,
    /// The upload in parts that made it.
    pub(super) upload: Option<String>,
}

impl Object {
    /// How many parts it was uploaded in; `None` for one that was put at once.
    pub fn parts(&self) -> Option<u32> {
        match self.data {
            Data::Empty | Data::One(_) => None,
            Data::Parts { count, .. } => Some(count),
        }
    }
}

/// A version that says that there is no object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    pub stamp: Stamp,
}

/// Whose key a body is encrypted with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    Platform,
    /// The sender's own, which is not kept; `md5` is that of the key, in base 64, and told to whoever asks.
    Customer {
        md5: String,
    },
}

/// Where a body is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Data {
    Empty,
    One(Extent),
    /// In a row of its own, which is read only by who reads the object.
    Parts {
        manifest: [u8; 16],
        count: u32,
    },
}

/// A run of bytes in one blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extent {
    pub blob: String,
    /// Of the plain text.
    pub size: u64,
    /// What its key is derived from.
    pub salt: [u8; 16],
}

/// A part of a multipart object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub number: u32,
    pub size: u64,
    /// Base 64; `None` where the object's checksum is of another kind.
    pub checksum: Option<(Algorithm, String)>,
    pub(super) extent: Option<Extent>,
}

/// The checksum of a part, as a reader of that part is told it.
pub fn part_checksum(part: &Part) -> Option<Checksum> {
    let (algorithm, value) = part.checksum.clone()?;
    Some(Checksum { algorithm, method: Method::FullObject, value })
}
