//! How buckets and objects lie in the store.
//!
//! | table | key | row |
//! |---|---|---|
//! | BUCKETS | (global) name | [`Bucket`] |
//! | OWNED | (global) account, name | nothing |
//! | CONFIGS | account, region, bucket, kind | a configuration |
//! | OBJECTS | account, region, bucket, key | [`Object`]: the current one |
//! | OLDER | account, region, bucket, key, newest first | [`Older`]: a version that is not current, or a delete marker |
//! | NULLS | account, region, bucket, key | the sequence of the null version, where it is among OLDER |
//! | UPLOADS | account, region, bucket, key, upload | [`Upload`] |
//! | PARTS | account, region, bucket, upload, number | [`UploadedPart`] |
//! | ROUNDS | (global) name | when lifecycle rules are looked at |
//! | MANIFESTS | account, region, bucket, manifest | the [`Part`]s of an object |
//!
//! A key sorts by the bytes of its UTF-8, as S3 lists them. All are layout 1, the only one so far.

use serde::{Serialize, de::DeserializeOwned};
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, Timestamp, Tx};

use super::create::Bucket;
use super::object::{Object, Part};
use super::upload::{Upload, UploadId, UploadedPart};
use super::{BucketName, Error, ObjectKey};
use crate::bucket::object::Marker;
use crate::name::AccountId;
use crate::row::{self, Unreadable};

const BUCKETS: Space = Space::new(0x0180);
const OWNED: Space = Space::new(0x0181);
const CONFIGS: Space = Space::new(0x0182);
const OBJECTS: Space = Space::new(0x0183);
const OLDER: Space = Space::new(0x0184);
const NULLS: Space = Space::new(0x0185);
const UPLOADS: Space = Space::new(0x0186);
const PARTS: Space = Space::new(0x0187);
const MANIFESTS: Space = Space::new(0x0188);
const ROUNDS: Space = Space::new(0x0189);

const LAYOUT: u8 = 1;

/// Above every byte that UTF-8 and the escapes of keys have.
const ABOVE: u8 = 0xFF;

/// A version that is not the current object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(super) enum Older {
    Object(Box<Object>),
    Marker(Marker),
}

impl Older {
    pub fn sequence(&self) -> u64 {
        match self {
            Older::Object(object) => object.stamp.sequence,
            Older::Marker(marker) => marker.stamp.sequence,
        }
    }
}

/// A table of things that lie under the keys of a bucket.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keyed {
    Objects,
    Older,
    Uploads,
}

impl Keyed {
    fn space(self) -> Space {
        match self {
            Keyed::Objects => OBJECTS,
            Keyed::Older => OLDER,
            Keyed::Uploads => UPLOADS,
        }
    }

    fn prefix(self, bucket: &Bucket) -> Key {
        within(self.space(), bucket)
    }

    /// All rows whose keys begin with `prefix`.
    pub fn beginning(self, bucket: &Bucket, prefix: &str) -> Range {
        let from = open(self.prefix(bucket), prefix);
        let to = [from.as_slice(), &[ABOVE]].concat();
        Range { from, to }
    }

    /// Where the rows of `key` begin.
    pub fn from(self, bucket: &Bucket, key: &str) -> Vec<u8> {
        self.prefix(bucket).text(key).build()
    }

    /// Behind the rows of `key`, and before those of the next one.
    pub fn behind(self, bucket: &Bucket, key: &str) -> Vec<u8> {
        let mut end = self.from(bucket, key);
        end.push(ABOVE);
        end
    }

    /// Behind the rows of every key that begins with `prefix`.
    pub fn behind_prefix(self, bucket: &Bucket, prefix: &str) -> Vec<u8> {
        self.beginning(bucket, prefix).to
    }

    pub fn key_of(self, bucket: &Bucket, row_key: &[u8]) -> Result<String, Error> {
        let prefix = self.prefix(bucket).build();
        let parsed = Parser::after(&prefix, row_key).and_then(|mut parts| parts.text());
        parsed.ok_or_else(|| unreadable("object", "its key has another form"))
    }
}

/// The bytes of a text component before its end: what all texts share that begin so.
fn open(prefix: Key, text: &str) -> Vec<u8> {
    let mut bytes = prefix.text(text).build();
    bytes.truncate(bytes.len() - 2);
    bytes
}

fn within(space: Space, bucket: &Bucket) -> Key {
    Key::new(space, bucket.account.as_str(), bucket.region.as_str()).bytes(&bucket.id)
}

fn keyed(space: Space, bucket: &Bucket, key: &ObjectKey) -> Key {
    within(space, bucket).text(key.as_str())
}

pub(super) fn bucket(read: &mut impl Read, name: &BucketName) -> Result<Option<Bucket>, Error> {
    get(read, "bucket", Key::global(BUCKETS).text(name.as_str()))
}

pub(super) fn put_bucket(tx: &mut Tx, bucket: &Bucket) {
    tx.put(Key::global(BUCKETS).text(bucket.name.as_str()).build(), encode(bucket));
    tx.put(owned(&bucket.account).text(bucket.name.as_str()).build(), Vec::new());
}

pub(super) fn delete_bucket(tx: &mut Tx, bucket: &Bucket) {
    tx.delete(Key::global(BUCKETS).text(bucket.name.as_str()).build());
    tx.delete(owned(&bucket.account).text(bucket.name.as_str()).build());
}

/// Names of an account's buckets that begin with `prefix`, after `after`, in order.
pub(super) fn owned_names(
    read: &mut impl Read,
    account: &AccountId,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<BucketName>, Error> {
    let all = owned(account);
    let from = open(all.clone(), prefix);
    let to = [from.as_slice(), &[ABOVE]].concat();
    let mut range = Range { from, to };
    if let Some(after) = after {
        range.from = range.from.max(all.clone().text(after).build());
        range.from.push(0);
    }
    let prefix = all.build();
    let found = read.scan(range, Order::Forward, limit)?;
    found
        .iter()
        .map(|(key, _)| {
            let name = Parser::after(&prefix, key).and_then(|mut parts| parts.text());
            BucketName::parse(&name.unwrap_or_default()).map_err(|_| unreadable("bucket", "its key has another form"))
        })
        .collect()
}

fn owned(account: &AccountId) -> Key {
    Key::global(OWNED).text(account.as_str())
}

pub(super) fn config<C: DeserializeOwned>(
    read: &mut impl Read,
    bucket: &Bucket,
    kind: &'static str,
) -> Result<Option<C>, Error> {
    get(read, kind, within(CONFIGS, bucket).text(kind))
}

pub(super) fn put_config<C: Serialize>(tx: &mut Tx, bucket: &Bucket, kind: &str, config: &C) {
    tx.put(within(CONFIGS, bucket).text(kind).build(), encode(config));
}

pub(super) fn delete_config(tx: &mut Tx, bucket: &Bucket, kind: &str) {
    tx.delete(within(CONFIGS, bucket).text(kind).build());
}

/// Of a bucket that is deleted.
pub(super) fn delete_configs(tx: &mut Tx, bucket: &Bucket) -> Result<(), Error> {
    for (key, _) in tx.scan(within(CONFIGS, bucket).range(), Order::Forward, usize::MAX)? {
        tx.delete(key.to_vec());
    }
    Ok(())
}

/// The prefix of all rounds.
pub(super) fn rounds() -> Vec<u8> {
    Key::global(ROUNDS).build()
}

pub(super) fn all_rounds(read: &mut impl Read) -> Result<Vec<(BucketName, Timestamp)>, Error> {
    let prefix = rounds();
    let found = read.scan(Key::global(ROUNDS).range(), Order::Forward, usize::MAX)?;
    found
        .iter()
        .map(|(key, row)| {
            let name = Parser::after(&prefix, key).and_then(|mut parts| parts.text()).unwrap_or_default();
            let name = BucketName::parse(&name).map_err(|_| unreadable("round", "its key has another form"))?;
            Ok((name, Timestamp::from_millis(decode("round", row)?)))
        })
        .collect()
}

pub(super) fn put_round(tx: &mut Tx, name: &BucketName, due: Timestamp) {
    tx.put(Key::global(ROUNDS).text(name.as_str()).build(), encode(&due.millis()));
}

pub(super) fn delete_round(tx: &mut Tx, name: &BucketName) {
    tx.delete(Key::global(ROUNDS).text(name.as_str()).build());
}

pub(super) fn object(read: &mut impl Read, bucket: &Bucket, key: &ObjectKey) -> Result<Option<Object>, Error> {
    get(read, "object", keyed(OBJECTS, bucket, key))
}

pub(super) fn put_object(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey, object: &Object) {
    tx.put(keyed(OBJECTS, bucket, key).build(), encode(object));
}

pub(super) fn delete_object(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey) {
    tx.delete(keyed(OBJECTS, bucket, key).build());
}

pub(super) fn decode_object(row: &[u8]) -> Result<Object, Error> {
    decode("object", row)
}

pub(super) fn older(
    read: &mut impl Read,
    bucket: &Bucket,
    key: &ObjectKey,
    sequence: u64,
) -> Result<Option<Older>, Error> {
    get(read, "version", older_key(bucket, key, sequence))
}

/// The newest of a key that is not its current object.
pub(super) fn newest_older(read: &mut impl Read, bucket: &Bucket, key: &ObjectKey) -> Result<Option<Older>, Error> {
    let found = read.scan(keyed(OLDER, bucket, key).range(), Order::Forward, 1)?;
    found.first().map(|(_, row)| decode_older(row)).transpose()
}

/// Whether exactly one version of a key is not current.
pub(super) fn has_one_older(read: &mut impl Read, bucket: &Bucket, key: &ObjectKey) -> Result<bool, Error> {
    Ok(read.scan(keyed(OLDER, bucket, key).range(), Order::Forward, 2)?.len() == 1)
}

pub(super) fn put_older(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey, older: &Older) {
    tx.put(older_key(bucket, key, older.sequence()).build(), encode(older));
}

pub(super) fn delete_older(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey, sequence: u64) {
    tx.delete(older_key(bucket, key, sequence).build());
}

pub(super) fn decode_older(row: &[u8]) -> Result<Older, Error> {
    decode("version", row)
}

/// Newest first.
fn older_key(bucket: &Bucket, key: &ObjectKey, sequence: u64) -> Key {
    keyed(OLDER, bucket, key).number(!sequence)
}

/// Where a version that is not current lies, for a listing that goes on behind it.
pub(super) fn older_place(bucket: &Bucket, key: &str, sequence: u64) -> Vec<u8> {
    Keyed::Older.prefix(bucket).text(key).number(!sequence).build()
}

pub(super) fn null_sequence(read: &mut impl Read, bucket: &Bucket, key: &ObjectKey) -> Result<Option<u64>, Error> {
    get(read, "null version", keyed(NULLS, bucket, key))
}

pub(super) fn put_null(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey, sequence: u64) {
    tx.put(keyed(NULLS, bucket, key).build(), encode(&sequence));
}

pub(super) fn delete_null(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey) {
    tx.delete(keyed(NULLS, bucket, key).build());
}

/// Whether any object or version is left.
pub(super) fn is_empty(read: &mut impl Read, bucket: &Bucket) -> Result<bool, Error> {
    for table in [OBJECTS, OLDER] {
        if !read.scan(within(table, bucket).range(), Order::Forward, 1)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn upload(
    read: &mut impl Read,
    bucket: &Bucket,
    key: &ObjectKey,
    id: &UploadId,
) -> Result<Option<Upload>, Error> {
    get(read, "upload", keyed(UPLOADS, bucket, key).bytes(id.bytes()))
}

pub(super) fn put_upload(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey, id: &UploadId, upload: &Upload) {
    tx.put(keyed(UPLOADS, bucket, key).bytes(id.bytes()).build(), encode(upload));
}

pub(super) fn delete_upload(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey, id: &UploadId) {
    tx.delete(keyed(UPLOADS, bucket, key).bytes(id.bytes()).build());
}

pub(super) fn decode_upload(bucket: &Bucket, row_key: &[u8], row: &[u8]) -> Result<(String, UploadId, Upload), Error> {
    let damaged = || unreadable("upload", "its key has another form");
    let prefix = Keyed::Uploads.prefix(bucket).build();
    let mut parts = Parser::after(&prefix, row_key).ok_or_else(damaged)?;
    let (key, id) = (parts.text().ok_or_else(damaged)?, parts.bytes().ok_or_else(damaged)?);
    let id = UploadId::of(id).ok_or_else(damaged)?;
    Ok((key, id, decode("upload", row)?))
}

/// Behind one upload of a key.
pub(super) fn behind_upload(bucket: &Bucket, key: &str, id: &UploadId) -> Vec<u8> {
    let mut end = Keyed::Uploads.prefix(bucket).text(key).bytes(id.bytes()).build();
    end.push(0);
    end
}

pub(super) fn part(
    read: &mut impl Read,
    bucket: &Bucket,
    id: &UploadId,
    number: u32,
) -> Result<Option<UploadedPart>, Error> {
    get(read, "part", uploaded(bucket, id).number(number.into()))
}

pub(super) fn put_part(tx: &mut Tx, bucket: &Bucket, id: &UploadId, number: u32, part: &UploadedPart) {
    tx.put(uploaded(bucket, id).number(number.into()).build(), encode(part));
}

pub(super) fn delete_part(tx: &mut Tx, bucket: &Bucket, id: &UploadId, number: u32) {
    tx.delete(uploaded(bucket, id).number(number.into()).build());
}

/// Parts after number `after`, in order.
pub(super) fn parts(
    read: &mut impl Read,
    bucket: &Bucket,
    id: &UploadId,
    after: u32,
    limit: usize,
) -> Result<Vec<(u32, UploadedPart)>, Error> {
    let all = uploaded(bucket, id);
    let prefix = all.clone().build();
    let range = all.range().after(&all.number(after.into()).build());
    let found = read.scan(range, Order::Forward, limit)?;
    found
        .iter()
        .map(|(key, row)| {
            let number = Parser::after(&prefix, key).and_then(|mut parts| parts.number());
            let number = number.and_then(|number| u32::try_from(number).ok());
            Ok((number.ok_or_else(|| unreadable("part", "its key has another form"))?, decode("part", row)?))
        })
        .collect()
}

fn uploaded(bucket: &Bucket, id: &UploadId) -> Key {
    within(PARTS, bucket).bytes(id.bytes())
}

pub(super) fn manifest(read: &mut impl Read, bucket: &Bucket, id: &[u8; 16]) -> Result<Vec<Part>, Error> {
    let found = get(read, "manifest", within(MANIFESTS, bucket).bytes(id))?;
    found.ok_or_else(|| unreadable("manifest", "it is not there"))
}

pub(super) fn put_manifest(tx: &mut Tx, bucket: &Bucket, id: &[u8; 16], parts: &[Part]) {
    tx.put(within(MANIFESTS, bucket).bytes(id).build(), encode(&parts));
}

pub(super) fn delete_manifest(tx: &mut Tx, bucket: &Bucket, id: &[u8; 16]) {
    tx.delete(within(MANIFESTS, bucket).bytes(id).build());
}

fn get<T: DeserializeOwned>(read: &mut impl Read, row: &'static str, key: Key) -> Result<Option<T>, Error> {
    read.get(&key.build())?.map(|bytes| decode(row, &bytes)).transpose()
}

fn encode<T: Serialize>(row: &T) -> Vec<u8> {
    row::encode(LAYOUT, row)
}

fn decode<T: DeserializeOwned>(row: &'static str, bytes: &[u8]) -> Result<T, Error> {
    Ok(row::decode(row, LAYOUT, bytes)?)
}

pub(super) fn unreadable(row: &'static str, reason: &str) -> Error {
    Error::Unreadable(Unreadable { row, layout: None, reason: reason.to_owned() })
}
