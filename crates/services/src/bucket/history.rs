//! The versions of a key, and the one place where they change.
//!
//! Start reading at [`add`] (a new object), [`mark`] (a delete without a version) and [`erase`] (a delete of a version).
//! Rows of objects are written here and nowhere else. Each of these returns the [`Change`] that it made, which says all
//! that an event about it says, in the transaction that makes it.

use store::{Read, Tx};

use super::create::{Bucket, Versioning};
use super::object::{Data, Extent, Marker, Object, Stamp, VersionId};
use super::rows::{self, Older};
use super::{Error, ObjectKey};
use store::BlobRef;

/// What happened to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub kind: ChangeKind,
    pub key: ObjectKey,
    /// The version that was made, changed or deleted.
    pub version: VersionId,
    /// Orders the changes of a key.
    pub sequence: u64,
    /// Of an object; a delete marker has neither.
    pub size: Option<u64>,
    pub etag: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Put,
    Post,
    Copy,
    CompletedUpload,
    /// A version is gone for good; `marker` is whether it was a delete marker.
    Deleted {
        marker: bool,
    },
    MarkerMade,
    TagsPut,
    TagsDeleted,
    /// Retention or legal hold.
    Locked,
}

/// Makes an object the newest of its key. What it takes the place of becomes an older version, or goes.
pub(super) fn add(
    tx: &mut Tx,
    bucket: &Bucket,
    key: &ObjectKey,
    kind: ChangeKind,
    object: Unstamped,
) -> Result<(Object, Change), Error> {
    let current = rows::object(tx, bucket, key)?;
    let stamp = next_stamp(tx, bucket, key, current.as_ref())?;
    make_room(tx, bucket, key, current)?;
    let object = object(stamp);
    rows::put_object(tx, bucket, key, &object);
    let change = change_of(kind, key, &object, stamp.sequence);
    Ok((object, change))
}

/// Makes an object once it is known what version it is.
pub(super) type Unstamped<'a> = &'a dyn Fn(Stamp) -> Object;

/// Deletes a key: its object goes, or becomes an older version behind a delete marker. `None` where there was nothing
/// to do.
pub(super) fn mark(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey) -> Result<Option<Change>, Error> {
    let current = rows::object(tx, bucket, key)?;
    if bucket.versioning == Versioning::Off {
        let Some(object) = current else { return Ok(None) };
        let sequence = next_sequence(tx, Some(object.stamp.sequence));
        drop_data(tx, bucket, &object)?;
        rows::delete_object(tx, bucket, key);
        let change = Change { size: None, etag: None, ..change_of(DELETED, key, &object, sequence) };
        return Ok(Some(change));
    }
    let stamp = next_stamp(tx, bucket, key, current.as_ref())?;
    make_room(tx, bucket, key, current)?;
    rows::delete_object(tx, bucket, key);
    rows::put_older(tx, bucket, key, &Older::Marker(Marker { stamp }));
    if stamp.version == VersionId::Null {
        rows::put_null(tx, bucket, key, stamp.sequence);
    }
    let kind = ChangeKind::MarkerMade;
    let (key, version, sequence) = (key.clone(), stamp.version, stamp.sequence);
    Ok(Some(Change { kind, key, version, sequence, size: None, etag: None }))
}

const DELETED: ChangeKind = ChangeKind::Deleted { marker: false };

/// Deletes one version for good; the newest of those left is then the key's newest. `None` where it was not there.
/// `may` is asked before an object goes.
pub(super) fn erase(
    tx: &mut Tx,
    bucket: &Bucket,
    key: &ObjectKey,
    version: VersionId,
    may: impl FnOnce(&Object) -> Result<(), Error>,
) -> Result<Option<Change>, Error> {
    let Some((place, found)) = find(tx, bucket, key, version)? else { return Ok(None) };
    let kind = match &found {
        Older::Object(object) => {
            may(object)?;
            drop_data(tx, bucket, object)?;
            DELETED
        }
        Older::Marker(_) => ChangeKind::Deleted { marker: true },
    };
    match place {
        Place::Current => rows::delete_object(tx, bucket, key),
        Place::Older => rows::delete_older(tx, bucket, key, found.sequence()),
    }
    if version == VersionId::Null {
        rows::delete_null(tx, bucket, key);
    }
    promote(tx, bucket, key)?;
    let sequence = next_sequence(tx, Some(found.sequence()));
    Ok(Some(Change { kind, key: key.clone(), version, sequence, size: None, etag: None }))
}

/// Changes what is said about a version: its tags, its lock. Its bytes and its time stay.
pub(super) fn amend(
    tx: &mut Tx,
    bucket: &Bucket,
    key: &ObjectKey,
    version: Option<VersionId>,
    kind: ChangeKind,
    change: impl FnOnce(&mut Object) -> Result<(), Error>,
) -> Result<(Object, Change), Error> {
    let (place, mut object) = placed_object(tx, bucket, key, version)?;
    change(&mut object)?;
    match place {
        Place::Current => rows::put_object(tx, bucket, key, &object),
        Place::Older => rows::put_older(tx, bucket, key, &Older::Object(Box::new(object.clone()))),
    }
    let sequence = next_sequence(tx, Some(object.stamp.sequence));
    let change = change_of(kind, key, &object, sequence);
    Ok((object, change))
}

/// The current object, or the version asked for; a delete marker is refused.
pub(super) fn object(
    read: &mut impl Read,
    bucket: &Bucket,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Result<Object, Error> {
    placed_object(read, bucket, key, version).map(|(_, object)| object)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Current,
    Older,
}

fn placed_object(
    read: &mut impl Read,
    bucket: &Bucket,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Result<(Place, Object), Error> {
    let name = || key.as_str().to_owned();
    let Some(version) = version else {
        if let Some(object) = rows::object(read, bucket, key)? {
            return Ok((Place::Current, object));
        }
        let marked = match bucket.versioning {
            Versioning::Off => None,
            Versioning::Enabled | Versioning::Suspended => rows::newest_older(read, bucket, key)?,
        };
        return Err(match marked {
            Some(Older::Marker(marker)) => {
                Error::DeleteMarker { key: name(), version: marker.stamp.version, newest: true }
            }
            Some(Older::Object(_)) | None => Error::NoSuchKey { key: name() },
        });
    };
    match find(read, bucket, key, version)? {
        Some((place, Older::Object(object))) => Ok((place, *object)),
        Some((_, Older::Marker(_))) => Err(Error::DeleteMarker { key: name(), version, newest: false }),
        None => Err(Error::NoSuchVersion { key: name(), version: version.to_string() }),
    }
}

fn find(
    read: &mut impl Read,
    bucket: &Bucket,
    key: &ObjectKey,
    version: VersionId,
) -> Result<Option<(Place, Older)>, Error> {
    if let Some(current) = rows::object(read, bucket, key)?
        && current.stamp.version == version
    {
        return Ok(Some((Place::Current, Older::Object(Box::new(current)))));
    }
    let sequence = match version {
        VersionId::Number { sequence, .. } => Some(sequence),
        VersionId::Null => rows::null_sequence(read, bucket, key)?,
    };
    let Some(sequence) = sequence else { return Ok(None) };
    let found = rows::older(read, bucket, key, sequence)?.filter(|found| stamp_of(found).version == version);
    Ok(found.map(|found| (Place::Older, found)))
}

fn stamp_of(older: &Older) -> Stamp {
    match older {
        Older::Object(object) => object.stamp,
        Older::Marker(marker) => marker.stamp,
    }
}

/// Puts what a new version takes the place of where it belongs.
fn make_room(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey, current: Option<Object>) -> Result<(), Error> {
    let keeps_all = bucket.versioning == Versioning::Enabled;
    if !keeps_all && bucket.versioning == Versioning::Suspended {
        drop_older_null(tx, bucket, key)?;
    }
    match current {
        None => {}
        Some(object) if !keeps_all && object.stamp.version == VersionId::Null => drop_data(tx, bucket, &object)?,
        Some(object) => {
            if object.stamp.version == VersionId::Null {
                rows::put_null(tx, bucket, key, object.stamp.sequence);
            }
            rows::put_older(tx, bucket, key, &Older::Object(Box::new(object)));
        }
    }
    Ok(())
}

/// The null version is one: a new one takes the place of the old, wherever that is.
fn drop_older_null(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey) -> Result<(), Error> {
    let Some(sequence) = rows::null_sequence(tx, bucket, key)? else { return Ok(()) };
    if let Some(Older::Object(object)) = rows::older(tx, bucket, key, sequence)? {
        drop_data(tx, bucket, &object)?;
    }
    rows::delete_older(tx, bucket, key, sequence);
    rows::delete_null(tx, bucket, key);
    Ok(())
}

/// Makes the newest version current again where it is an object and nothing else is.
fn promote(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey) -> Result<(), Error> {
    if rows::object(tx, bucket, key)?.is_some() {
        return Ok(());
    }
    if let Some(Older::Object(object)) = rows::newest_older(tx, bucket, key)? {
        rows::delete_older(tx, bucket, key, object.stamp.sequence);
        if object.stamp.version == VersionId::Null {
            rows::delete_null(tx, bucket, key);
        }
        rows::put_object(tx, bucket, key, &object);
    }
    Ok(())
}

fn next_stamp(tx: &mut Tx, bucket: &Bucket, key: &ObjectKey, current: Option<&Object>) -> Result<Stamp, Error> {
    let newest = match (current, bucket.versioning) {
        (Some(object), _) => Some(object.stamp.sequence),
        (None, Versioning::Off) => None,
        (None, Versioning::Enabled | Versioning::Suspended) => {
            rows::newest_older(tx, bucket, key)?.map(|older| older.sequence())
        }
    };
    let sequence = next_sequence(tx, newest);
    let version = match bucket.versioning {
        Versioning::Enabled => VersionId::Number { sequence, random: tx.random() },
        Versioning::Off | Versioning::Suspended => VersionId::Null,
    };
    Ok(Stamp::new(version, sequence, tx.now()))
}

/// Above the one before, and as far above as the time has gone on, so that a key that was deleted goes on, too. There
/// is room for a million changes of a key in a millisecond.
fn next_sequence(tx: &Tx, before: Option<u64>) -> u64 {
    let by_time = tx.now().millis().max(0).unsigned_abs() << 20;
    before.map_or(by_time, |before| by_time.max(before + 1))
}

fn change_of(kind: ChangeKind, key: &ObjectKey, object: &Object, sequence: u64) -> Change {
    let (version, size, etag) = (object.stamp.version, Some(object.size), Some(object.etag.clone()));
    Change { kind, key: key.clone(), version, sequence, size, etag }
}

/// Lets an object's bytes go.
fn drop_data(tx: &mut Tx, bucket: &Bucket, object: &Object) -> Result<(), Error> {
    match &object.data {
        Data::Empty => Ok(()),
        Data::One(extent) => drop_extent(tx, extent),
        Data::Parts { manifest, .. } => {
            for part in rows::manifest(tx, bucket, manifest)? {
                part.extent.iter().try_for_each(|extent| drop_extent(tx, extent))?;
            }
            rows::delete_manifest(tx, bucket, manifest);
            Ok(())
        }
    }
}

pub(super) fn drop_extent(tx: &mut Tx, extent: &Extent) -> Result<(), Error> {
    tx.drop_blob(&blob_of(extent)?);
    Ok(())
}

pub(super) fn blob_of(extent: &Extent) -> Result<BlobRef, Error> {
    BlobRef::parse(&extent.blob).ok_or_else(|| rows::unreadable("object", "its blob's name has another form"))
}
