//! Uploads in parts: begun, filled, completed or aborted.
//!
//! Start reading at [`create`], [`Objects::put_part`] and [`Objects::complete`]. A completed upload moves no bytes: the
//! object is made of its parts where they lie.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use store::{Order, Read, Timestamp, Tx};

use super::body::{BodyKey, Received};
use super::checksum::{self, Algorithm, Checksum, Method, OfPart};
use super::create::{self, Bucket};
use super::history::{self, Change, ChangeKind, drop_extent};
use super::object::{About, Data, Encryption, Extent, Object, Part, Stamp};
use super::put::{admitted, committed};
use super::rows::{self, Keyed};
use super::{BucketName, Error, Notifier, ObjectKey, Objects, WriteConditions};

// Source of the limits: S3 User Guide, "Amazon S3 multipart upload limits" (read 2026-11-24).
/// Highest number of a part, and so the most parts.
pub const PARTS_MAX: u32 = 10_000;
/// Smallest part but for the last (5 MiB).
pub const PART_BYTES_MIN: u64 = 5 * 1024 * 1024;

/// Parts that one transaction lets go when uploads are aborted with their bucket.
const ABORTED_PARTS_MAX: usize = 1_000;

/// Names an upload: when it began, and random bytes. Sorts by the former.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadId([u8; 24]);

impl UploadId {
    fn new(tx: &mut Tx) -> UploadId {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&tx.now().millis().max(0).to_be_bytes());
        bytes[8..].copy_from_slice(&tx.random());
        UploadId(bytes)
    }

    pub(super) fn of(bytes: Vec<u8>) -> Option<UploadId> {
        bytes.try_into().ok().map(UploadId)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn parse(text: &str) -> Result<UploadId, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(UploadId::of);
        bytes.ok_or_else(|| Error::NoSuchUpload { upload: text.to_owned() })
    }
}

impl std::fmt::Display for UploadId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// What was said when an upload began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    pub about: About,
    /// As its sender stated it; without, parts and whole get the default.
    pub algorithm: Option<Algorithm>,
    pub method: Method,
    pub encryption: Encryption,
    begun_millis: i64,
}

impl Upload {
    pub fn begun(&self) -> Timestamp {
        Timestamp::from_millis(self.begun_millis)
    }

    pub fn checksums(&self) -> Algorithm {
        self.algorithm.unwrap_or(checksum::DEFAULT)
    }
}

/// A part that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadedPart {
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    pub checksum: Checksum,
    modified_millis: i64,
    pub(super) extent: Option<Extent>,
}

impl UploadedPart {
    pub fn modified(&self) -> Timestamp {
        Timestamp::from_millis(self.modified_millis)
    }
}

/// An upload to begin.
#[derive(Debug, Clone)]
pub struct NewUpload {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub about: About,
    pub algorithm: Option<Algorithm>,
    /// `None` is the algorithm's default.
    pub method: Option<Method>,
    pub body_key: BodyKey,
}

/// An upload that is under way, as a request names it.
#[derive(Debug, Clone)]
pub struct Name {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub id: UploadId,
}

impl Name {
    fn gone(&self) -> Error {
        Error::NoSuchUpload { upload: self.id.to_string() }
    }

    /// The upload and its bucket.
    pub fn find(&self, read: &mut impl Read) -> Result<(Bucket, Upload), Error> {
        let bucket = create::existing(read, &self.bucket)?;
        let upload = rows::upload(read, &bucket, &self.key, &self.id)?.ok_or_else(|| self.gone())?;
        Ok((bucket, upload))
    }
}

/// A part as a completion lists it.
#[derive(Debug, Clone)]
pub struct ListedPart {
    pub number: u32,
    /// Without quotes.
    pub etag: String,
    pub checksum: Option<(Algorithm, String)>,
}

/// An upload to be completed.
#[derive(Clone)]
pub struct Complete {
    pub name: Name,
    pub parts: Vec<ListedPart>,
    pub conditions: WriteConditions,
    /// Of the whole, as the sender states it.
    pub checksum: Option<(Algorithm, String)>,
    pub size: Option<u64>,
    pub notifier: Notifier,
}

/// Begins an upload.
pub fn create(tx: &mut Tx, new: &NewUpload) -> Result<(UploadId, Upload), Error> {
    let bucket = create::existing(tx, &new.bucket)?;
    // Refused now and not when everything has been sent.
    admitted(tx, &bucket, &new.key, &new.about, &WriteConditions::default())?;
    let method = new.method.unwrap_or(match new.algorithm {
        Some(algorithm) => algorithm.default_method(),
        None => Method::FullObject,
    });
    let upload = Upload {
        about: new.about.clone(),
        algorithm: new.algorithm,
        method,
        encryption: new.body_key.encryption(),
        begun_millis: tx.now().millis(),
    };
    let id = UploadId::new(tx);
    rows::put_upload(tx, &bucket, &new.key, &id, &upload);
    Ok((id, upload))
}

/// Lets an upload and its parts go.
pub fn abort(tx: &mut Tx, name: &Name) -> Result<(), Error> {
    let (bucket, _) = name.find(tx)?;
    for (number, part) in rows::parts(tx, &bucket, &name.id, 0, PARTS_MAX as usize)? {
        drop_part(tx, &bucket, &name.id, number, &part)?;
    }
    rows::delete_upload(tx, &bucket, &name.key, &name.id);
    Ok(())
}

/// Lets some uploads of a bucket go; says whether there are more.
pub(super) fn abort_some(tx: &mut Tx, bucket: &Bucket) -> Result<bool, Error> {
    let mut room = ABORTED_PARTS_MAX;
    for (row_key, row) in tx.scan(Keyed::Uploads.beginning(bucket, ""), Order::Forward, ABORTED_PARTS_MAX)? {
        let (key, id, _) = rows::decode_upload(bucket, &row_key, &row)?;
        let parts = rows::parts(tx, bucket, &id, 0, room)?;
        for (number, part) in &parts {
            drop_part(tx, bucket, &id, *number, part)?;
        }
        room -= parts.len();
        if room == 0 {
            return Ok(true);
        }
        rows::delete_upload(tx, bucket, &ObjectKey::parse(&key)?, &id);
    }
    Ok(!tx.scan(Keyed::Uploads.beginning(bucket, ""), Order::Forward, 1)?.is_empty())
}

fn drop_part(tx: &mut Tx, bucket: &Bucket, id: &UploadId, number: u32, part: &UploadedPart) -> Result<(), Error> {
    part.extent.iter().try_for_each(|extent| drop_extent(tx, extent))?;
    rows::delete_part(tx, bucket, id, number);
    Ok(())
}

/// A page of the parts of an upload, by number.
pub struct PartPage {
    pub upload: Upload,
    pub parts: Vec<(u32, UploadedPart)>,
    pub more: bool,
}

/// The parts after number `after`.
pub fn parts(read: &mut impl Read, name: &Name, after: u32, max: usize) -> Result<PartPage, Error> {
    let (bucket, upload) = name.find(read)?;
    let mut parts = rows::parts(read, &bucket, &name.id, after, max + 1)?;
    let more = parts.len() > max;
    parts.truncate(max);
    Ok(PartPage { upload, parts, more })
}

impl Objects {
    /// The upload that a part is meant for: asked before the part is received.
    pub fn upload(&self, name: &Name) -> Result<Upload, Error> {
        self.store.read(|read| name.find(read)).map(|(_, upload)| upload)
    }

    /// Makes a body a part. One with the same number goes.
    pub async fn put_part(&self, name: Name, number: u32, mut received: Received) -> Result<UploadedPart, Error> {
        let store = self.store.clone();
        let committing = tokio::spawn(async move {
            let blob = received.fresh.take();
            let done = store
                .transact(|tx| {
                    let (bucket, upload) = name.find(tx)?;
                    received.key.check(&upload.encryption)?;
                    let part = UploadedPart {
                        size: received.size,
                        etag: hex::encode(received.md5),
                        checksum: received.checksum.clone(),
                        modified_millis: tx.now().millis(),
                        extent: received.extent.clone(),
                    };
                    if let Some(old) = rows::part(tx, &bucket, &name.id, number)? {
                        drop_part(tx, &bucket, &name.id, number, &old)?;
                    }
                    if let Some(blob) = &blob {
                        tx.keep_blob(blob);
                    }
                    rows::put_part(tx, &bucket, &name.id, number, &part);
                    Ok(part)
                })
                .await;
            if done.as_ref().is_err_and(|error| !matches!(error, Error::Store(store::Error::Unknown))) {
                received.fresh.give_up(blob);
            }
            done
        });
        committed(committing).await
    }

    /// Makes an object of an upload's parts. One that was completed before is answered again, for as long as its object
    /// is there. `None` instead of a change says so.
    pub async fn complete(&self, complete: Complete) -> Result<(Object, Option<Change>), Error> {
        let store = self.store.clone();
        committed(tokio::spawn(async move { store.transact(|tx| complete_now(tx, &complete)).await })).await
    }
}

fn complete_now(tx: &mut Tx, complete: &Complete) -> Result<(Object, Option<Change>), Error> {
    let name = &complete.name;
    let bucket = create::existing(tx, &name.bucket)?;
    let Some(upload) = rows::upload(tx, &bucket, &name.key, &name.id)? else {
        let made = rows::object(tx, &bucket, &name.key)?;
        let made = made.filter(|made| made.upload.as_deref() == Some(&name.id.to_string()));
        return made.map(|made| (made, None)).ok_or_else(|| name.gone());
    };
    let about = admitted(tx, &bucket, &name.key, &upload.about, &complete.conditions)?;
    let uploaded = rows::parts(tx, &bucket, &name.id, 0, PARTS_MAX as usize)?;
    let chosen = choose(&complete.parts, &uploaded, &upload)?;
    let whole = Whole::of(&chosen, &upload)?;
    whole.check(complete)?;
    for (number, part) in &uploaded {
        match chosen.iter().any(|(chosen, _)| chosen == number) {
            true => rows::delete_part(tx, &bucket, &name.id, *number),
            false => drop_part(tx, &bucket, &name.id, *number, part)?,
        }
    }
    rows::delete_upload(tx, &bucket, &name.key, &name.id);
    let manifest = tx.random();
    rows::put_manifest(tx, &bucket, &manifest, &whole.parts);
    let made = |stamp: Stamp| Object {
        stamp,
        size: whole.size,
        etag: whole.etag.clone(),
        checksum: whole.checksum.clone(),
        about: about.clone(),
        encryption: upload.encryption.clone(),
        data: Data::Parts { manifest, count: whole.count() },
        upload: Some(name.id.to_string()),
    };
    let (object, change) = history::add(tx, &bucket, &name.key, ChangeKind::CompletedUpload, &made)?;
    complete.notifier.tell(tx, &bucket, &change)?;
    Ok((object, Some(change)))
}

/// Finds the parts that a completion lists.
fn choose<'a>(
    listed: &[ListedPart],
    uploaded: &'a [(u32, UploadedPart)],
    upload: &Upload,
) -> Result<Vec<(u32, &'a UploadedPart)>, Error> {
    if listed.is_empty() {
        return Err(Error::NoParts);
    }
    if listed.windows(2).any(|pair| pair[0].number >= pair[1].number) {
        return Err(Error::InvalidPartOrder);
    }
    let mut chosen = Vec::with_capacity(listed.len());
    for want in listed {
        let invalid = || Error::InvalidPart { number: want.number, etag: want.etag.clone() };
        let at = uploaded.binary_search_by_key(&want.number, |(number, _)| *number).map_err(|_| invalid())?;
        let (number, part) = &uploaded[at];
        // An upload that stated none took parts with any.
        let checksum = upload.algorithm.is_none_or(|stated| part.checksum.algorithm == stated);
        let same = want
            .checksum
            .as_ref()
            .is_none_or(|(algorithm, value)| *algorithm == part.checksum.algorithm && *value == part.checksum.value);
        if part.etag != want.etag || !same || !checksum {
            return Err(invalid());
        }
        chosen.push((*number, part));
    }
    let (_, all_but_last) = chosen.split_last().expect("there is at least one");
    match all_but_last.iter().find(|(_, part)| part.size < PART_BYTES_MIN) {
        Some((number, part)) => {
            let (number, size, etag) = (*number, part.size, part.etag.clone());
            Err(Error::PartTooSmall { number, size, min: PART_BYTES_MIN, etag })
        }
        None => Ok(chosen),
    }
}

/// An object made of parts.
struct Whole {
    size: u64,
    etag: String,
    checksum: Option<Checksum>,
    parts: Vec<Part>,
}

impl Whole {
    fn of(chosen: &[(u32, &UploadedPart)], upload: &Upload) -> Result<Whole, Error> {
        let mut md5 = Md5::new();
        for (number, part) in chosen {
            let bytes = hex::decode(&part.etag);
            md5.update(bytes.map_err(|_| Error::InvalidPart { number: *number, etag: part.etag.clone() })?);
        }
        let etag = format!("{}-{}", hex::encode(md5.finalize()), chosen.len());
        let of_parts: Vec<OfPart> =
            chosen.iter().map(|(_, part)| OfPart { value: part.checksum.value.clone(), size: part.size }).collect();
        // Where none was stated it is that of the parts, if they have one in common that can be put together.
        let algorithm = chosen.first().map_or(upload.checksums(), |(_, part)| part.checksum.algorithm);
        let same = chosen.iter().all(|(_, part)| part.checksum.algorithm == algorithm);
        let checksum = same.then(|| checksum::of_parts(algorithm, upload.method, &of_parts)).flatten();
        let parts = chosen.iter().map(|(number, part)| Part {
            number: *number,
            size: part.size,
            checksum: Some((part.checksum.algorithm, part.checksum.value.clone())),
            extent: part.extent.clone(),
        });
        let size = chosen.iter().map(|(_, part)| part.size).sum();
        Ok(Whole { size, etag, checksum, parts: parts.collect() })
    }

    fn count(&self) -> u32 {
        u32::try_from(self.parts.len()).expect("there are at most 10,000 parts")
    }

    /// Against what the sender says of the whole.
    fn check(&self, complete: &Complete) -> Result<(), Error> {
        if let Some(stated) = complete.size
            && stated != self.size
        {
            return Err(Error::WrongSize { stated, size: self.size });
        }
        let Some((algorithm, stated)) = &complete.checksum else { return Ok(()) };
        let same = self.checksum.as_ref().is_some_and(|checksum| {
            // A composite one may be stated with or without the number of parts.
            checksum.algorithm == *algorithm
                && (checksum.value == *stated
                    || checksum.value.rsplit_once('-').is_some_and(|(value, _)| value == stated))
        });
        match same {
            true => Ok(()),
            false => Err(Error::BadChecksum { algorithm: *algorithm }),
        }
    }
}
