//! Objects on their way out: found, and read.

use std::ops::Range;

use store::Read;

use super::body::BodyKey;
use super::body::read::ObjectReader;
use super::create::{self, Bucket};
use super::object::{Data, Extent, Object, Part, VersionId};
use super::{BucketName, Conditions, Error, ObjectKey, Objects, history, rows};

/// Which object, and under which conditions.
#[derive(Debug, Clone)]
pub struct Find {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub version: Option<VersionId>,
    pub conditions: Conditions,
}

/// An object and where its bytes are, as of one state of the store.
#[derive(Debug, Clone)]
pub struct Found {
    pub bucket: Bucket,
    pub object: Object,
    /// Of a multipart object; empty for others.
    pub parts: Vec<Part>,
}

/// What of a body is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    All,
    /// `bytes=first-last`; `last` is included, and may lie behind the end.
    Bytes {
        first: u64,
        last: Option<u64>,
    },
    /// `bytes=-count`
    LastBytes {
        count: u64,
    },
    Part {
        number: u32,
    },
}

impl Found {
    /// The bytes that are wanted: from, and up to but not including.
    pub fn range(&self, wanted: &Wanted) -> Result<Range<u64>, Error> {
        let size = self.object.size;
        let unsatisfiable = Error::RangeNotSatisfiable { size };
        match *wanted {
            Wanted::All => Ok(0..size),
            Wanted::Bytes { first, .. } if first >= size => Err(unsatisfiable),
            Wanted::Bytes { first, last } => Ok(first..last.map_or(size, |last| last.saturating_add(1).min(size))),
            Wanted::LastBytes { count } if count == 0 || size == 0 => Err(unsatisfiable),
            Wanted::LastBytes { count } => Ok(size.saturating_sub(count)..size),
            Wanted::Part { number: 1 } if self.parts.is_empty() => Ok(0..size),
            Wanted::Part { number } => self.part_range(number),
        }
    }

    fn part_range(&self, number: u32) -> Result<Range<u64>, Error> {
        let mut at = 0;
        for (part, place) in self.parts.iter().zip(1..) {
            // Parts of an object are numbered from 1 on, whatever numbers they were uploaded with.
            if place == number {
                return Ok(at..at + part.size);
            }
            at += part.size;
        }
        Err(Error::NoSuchPart { parts: self.object.parts().unwrap_or(1) })
    }

    fn extents(&self) -> Vec<Extent> {
        match &self.object.data {
            Data::Empty => Vec::new(),
            Data::One(extent) => vec![extent.clone()],
            Data::Parts { .. } => self.parts.iter().filter_map(|part| part.extent.clone()).collect(),
        }
    }
}

impl Objects {
    /// Finds an object whose conditions hold.
    pub fn find(&self, find: &Find) -> Result<Found, Error> {
        let now = self.store.clock();
        self.store.read(|read| {
            let bucket = create::existing(read, &find.bucket)?;
            let object = history::object(read, &bucket, &find.key, find.version)?;
            find.conditions.check(&object, now)?;
            let parts = manifest(read, &bucket, &object)?;
            Ok(Found { bucket, object, parts })
        })
    }

    /// Reads a part of what was found. The key is the one that it is encrypted with.
    pub fn open(&self, found: &Found, range: &Range<u64>, key: &BodyKey) -> Result<ObjectReader, Error> {
        key.check(&found.object.encryption)?;
        Ok(ObjectReader::new(&self.store, &self.vault, key.clone(), found.extents(), range))
    }
}

fn manifest(read: &mut impl Read, bucket: &Bucket, object: &Object) -> Result<Vec<Part>, Error> {
    match &object.data {
        Data::Empty | Data::One(_) => Ok(Vec::new()),
        Data::Parts { manifest, .. } => rows::manifest(read, bucket, manifest),
    }
}
