//! Why an operation on buckets or objects did not happen.

use super::checksum::Algorithm;
use super::object::{Object, VersionId};
use crate::row::Unreadable;

/// One variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{name:?} is not a bucket name: 3 to 63 of a-z, 0-9, - and ., beginning and ending with a letter or digit")]
    InvalidBucketName { name: String },
    #[error("a key has 1 to {} bytes, not {given}", super::name::KEY_BYTES_MAX)]
    KeyTooLong { given: usize },
    #[error("there is no bucket {name:?}")]
    NoSuchBucket { name: String },
    #[error("the bucket {name:?} is yours already")]
    BucketAlreadyOwnedByYou { name: String },
    #[error("the bucket {name:?} is somebody else's")]
    BucketAlreadyExists { name: String },
    #[error("an account has at most {max} buckets")]
    TooManyBuckets { max: usize },
    #[error("the bucket {name:?} holds objects or versions of them: delete these first")]
    BucketNotEmpty { name: String },
    /// A bucket with object lock cannot do without versions.
    #[error("a bucket with object lock keeps its versions")]
    VersioningIsLocked,
    #[error("there is no object {key:?}")]
    NoSuchKey { key: String },
    /// The version asked for is, or the newest version is, a delete marker.
    #[error("the object {key:?} is deleted")]
    DeleteMarker { key: String, version: VersionId, newest: bool },
    #[error("the object {key:?} has no version {version:?}")]
    NoSuchVersion { key: String, version: String },
    #[error("{version:?} is not a version id")]
    MalformedVersion { version: String },
    #[error("there is no multipart upload {upload:?}: it was completed or aborted, or was never there")]
    NoSuchUpload { upload: String },
    /// A condition does not hold. `condition` is the header's name.
    #[error("the condition {condition} does not hold")]
    PreconditionFailed { condition: &'static str },
    /// The reader has what he asks for.
    #[error("the object has not changed")]
    NotModified { object: Box<Object> },
    #[error("the object of {size} bytes has no such range")]
    RangeNotSatisfiable { size: u64 },
    #[error("the object has {parts} parts")]
    NoSuchPart { parts: u32 },
    #[error("a body has at most {max} bytes, not {given}")]
    TooLarge { given: u64, max: u64 },
    #[error("this body has at least {min} bytes, not {given}")]
    TooSmall { given: u64, min: u64 },
    #[error("the body ended before the length that was stated")]
    Incomplete,
    /// The body could not be read, or was not what its signature says. The text is the reader's own.
    #[error("the body could not be read: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("the MD5 of the body differs from the one stated")]
    BadDigest,
    #[error("the {algorithm} of the body differs from the one stated")]
    BadChecksum { algorithm: Algorithm },
    #[error("a part was not uploaded, or its ETag or checksum differs")]
    InvalidPart { number: u32, etag: String },
    #[error("parts are completed in ascending order")]
    InvalidPartOrder,
    #[error("part {number} has {size} bytes; all but the last have at least {min}")]
    PartTooSmall { number: u32, size: u64, min: u64, etag: String },
    #[error("an upload is completed with at least one part")]
    NoParts,
    #[error("the size of the whole differs from the one stated")]
    WrongSize { stated: u64, size: u64 },
    /// The object is protected by retention or a legal hold.
    #[error("the object is protected by object lock")]
    Locked,
    #[error("the bucket has no object lock")]
    NoObjectLock,
    #[error("the retention of an object in compliance mode is only made longer")]
    RetentionShortened,
    #[error("the object has no retention")]
    NoRetention,
    #[error("a retention ends in the future")]
    RetentionInThePast,
    /// The object was encrypted with its owner's key, which is needed again.
    #[error("the object is encrypted with a key of its owner: state it")]
    CustomerKeyNeeded,
    #[error("the object is not encrypted with a key of its owner")]
    CustomerKeyNotNeeded,
    #[error("this is not the key that the object is encrypted with")]
    WrongCustomerKey,
    /// The bucket has no configuration of that kind.
    #[error("the bucket has no {kind} configuration")]
    NoConfig { kind: &'static str },
    #[error(transparent)]
    Notifications(#[from] super::notification::Invalid),
    #[error(transparent)]
    Tags(#[from] super::tag::TagError),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}
