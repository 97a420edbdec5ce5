//! Listings: the keys of a bucket in their order, rolled up at a delimiter, a page at a time.
//!
//! Always true: a page costs as much as it shows. Keys that a common prefix stands for are stepped over with one seek.

use std::collections::VecDeque;

use bytes::Bytes;
use store::{Order, Range, Read};

use super::create::{self, Bucket};
use super::object::{Marker, Object, VersionId};
use super::rows::{self, Keyed, Older};
use super::upload::{Upload, UploadId};
use super::{BucketName, Error};

/// Rows that one read fetches: few after a seek, for there may be another one soon, more as it goes on.
const BATCH_FIRST: usize = 16;
const BATCH_MAX: usize = 1_000;

/// Which keys are listed, and how they are rolled up.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub prefix: String,
    pub delimiter: Option<String>,
    /// Most entries of the page: things and common prefixes together.
    pub max: usize,
}

impl Query {
    /// The common prefix that a key is rolled up into.
    fn rolled_up<'a>(&self, key: &'a str) -> Option<&'a str> {
        let delimiter = self.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
        let at = key[self.prefix.len()..].find(delimiter)?;
        Some(&key[..self.prefix.len() + at + delimiter.len()])
    }
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub entries: Vec<T>,
    pub prefixes: Vec<String>,
    pub more: bool,
}

impl<T> Page<T> {
    fn new() -> Page<T> {
        Page { entries: Vec::new(), prefixes: Vec::new(), more: false }
    }

    fn is_full(&self, max: usize) -> bool {
        self.entries.len() + self.prefixes.len() >= max
    }
}

/// The current objects of a bucket, after the key or common prefix `after`. A common prefix that `after` is itself is
/// not shown again.
pub fn objects(
    read: &mut impl Read,
    name: &BucketName,
    query: &Query,
    after: Option<&str>,
) -> Result<(Bucket, Page<(String, Object)>), Error> {
    let bucket = create::existing(read, name)?;
    let mut page = Page::new();
    let mut walk = Walk::new(&bucket, Keyed::Objects, &query.prefix);
    if let Some(after) = after {
        walk.seek(behind(&bucket, Keyed::Objects, query, after));
    }
    while query.max > 0
        && let Some((key, row)) = walk.next(read)?
    {
        if page.is_full(query.max) {
            page.more = true;
            break;
        }
        match query.rolled_up(&key) {
            Some(prefix) => {
                walk.seek(Keyed::Objects.behind_prefix(&bucket, prefix));
                page.prefixes.push(prefix.to_owned());
            }
            None => {
                let object = rows::decode_object(&row)?;
                page.entries.push((key, object));
            }
        }
    }
    Ok((bucket, page))
}

/// Where a listing goes on: behind a key, or behind all keys of a common prefix.
fn behind(bucket: &Bucket, table: Keyed, query: &Query, after: &str) -> Vec<u8> {
    let is_prefix = after.starts_with(&query.prefix) && query.rolled_up(after) == Some(after);
    match is_prefix {
        true => table.behind_prefix(bucket, after),
        false => table.behind(bucket, after),
    }
}

/// A version in a listing.
#[derive(Debug, Clone)]
pub struct Listed {
    pub key: String,
    pub newest: bool,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    Object(Box<Object>),
    Marker(Marker),
}

impl Listed {
    pub fn version(&self) -> VersionId {
        match &self.what {
            What::Object(object) => object.stamp.version,
            What::Marker(marker) => marker.stamp.version,
        }
    }
}

/// Where a listing of versions goes on.
#[derive(Debug, Clone)]
pub struct AfterVersion {
    pub key: String,
    /// Without one, behind all versions of the key.
    pub version: Option<VersionId>,
}

/// All versions of a bucket's keys: by key, newest first.
pub fn versions(
    read: &mut impl Read,
    name: &BucketName,
    query: &Query,
    after: Option<&AfterVersion>,
) -> Result<(Bucket, Page<Listed>), Error> {
    let bucket = create::existing(read, name)?;
    let mut page = Page::new();
    let mut walk = VersionWalk::new(&bucket, &query.prefix);
    if let Some(after) = after {
        walk.seek_behind(read, query, after)?;
    }
    while query.max > 0
        && let Some(listed) = walk.next(read)?
    {
        if page.is_full(query.max) {
            page.more = true;
            break;
        }
        match query.rolled_up(&listed.key) {
            Some(prefix) => {
                walk.seek_behind_prefix(prefix);
                page.prefixes.push(prefix.to_owned());
            }
            None => page.entries.push(listed),
        }
    }
    Ok((bucket, page))
}

/// Current objects and older versions, merged.
struct VersionWalk<'a> {
    bucket: &'a Bucket,
    current: Walk<'a>,
    older: Walk<'a>,
    /// What was taken last, to know whether the next one is the newest of its key.
    last: Option<String>,
}

impl<'a> VersionWalk<'a> {
    fn new(bucket: &'a Bucket, prefix: &str) -> VersionWalk<'a> {
        let current = Walk::new(bucket, Keyed::Objects, prefix);
        let older = Walk::new(bucket, Keyed::Older, prefix);
        VersionWalk { bucket, current, older, last: None }
    }

    fn next(&mut self, read: &mut impl Read) -> Result<Option<Listed>, Error> {
        let current_first = match (self.current.peek(read)?, self.older.peek(read)?) {
            (None, None) => return Ok(None),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(current), Some(older)) => current <= older,
        };
        let (key, what) = match current_first {
            true => {
                let Some((key, row)) = self.current.next(read)? else { return Ok(None) };
                (key, What::Object(Box::new(rows::decode_object(&row)?)))
            }
            false => {
                let Some((key, row)) = self.older.next(read)? else { return Ok(None) };
                let what = match rows::decode_older(&row)? {
                    Older::Object(object) => What::Object(object),
                    Older::Marker(marker) => What::Marker(marker),
                };
                (key, what)
            }
        };
        let newest = self.last.as_ref() != Some(&key);
        self.last = Some(key.clone());
        Ok(Some(Listed { key, newest, what }))
    }

    fn seek_behind_prefix(&mut self, prefix: &str) {
        self.current.seek(Keyed::Objects.behind_prefix(self.bucket, prefix));
        self.older.seek(Keyed::Older.behind_prefix(self.bucket, prefix));
    }

    fn seek_behind(&mut self, read: &mut impl Read, query: &Query, after: &AfterVersion) -> Result<(), Error> {
        let key = after.key.as_str();
        let Some(version) = after.version else {
            self.current.seek(behind(self.bucket, Keyed::Objects, query, key));
            self.older.seek(behind(self.bucket, Keyed::Older, query, key));
            return Ok(());
        };
        // The current object is the first of its key, so it is behind in any case.
        self.current.seek(Keyed::Objects.behind(self.bucket, key));
        self.last = Some(key.to_owned());
        let parsed = super::ObjectKey::parse(key)?;
        let current = rows::object(read, self.bucket, &parsed)?;
        let sequence = match version {
            _ if current.is_some_and(|object| object.stamp.version == version) => None,
            VersionId::Number { sequence, .. } => Some(sequence),
            VersionId::Null => rows::null_sequence(read, self.bucket, &parsed)?,
        };
        self.older.seek(match sequence {
            None => Keyed::Older.from(self.bucket, key),
            Some(sequence) => [rows::older_place(self.bucket, key, sequence).as_slice(), &[0]].concat(),
        });
        Ok(())
    }
}

/// Where a listing of uploads goes on.
#[derive(Debug, Clone)]
pub struct AfterUpload {
    pub key: String,
    pub upload: Option<UploadId>,
}

/// Uploads in parts that are under way: by key, oldest first.
pub fn uploads(
    read: &mut impl Read,
    name: &BucketName,
    query: &Query,
    after: Option<&AfterUpload>,
) -> Result<Page<(String, UploadId, Upload)>, Error> {
    let bucket = create::existing(read, name)?;
    let mut page = Page::new();
    let mut walk = Walk::new(&bucket, Keyed::Uploads, &query.prefix);
    match after {
        Some(AfterUpload { key, upload: Some(upload) }) => walk.seek(rows::behind_upload(&bucket, key, upload)),
        Some(AfterUpload { key, upload: None }) => walk.seek(behind(&bucket, Keyed::Uploads, query, key)),
        None => {}
    }
    while query.max > 0
        && let Some((key, row_key, row)) = walk.next_row(read)?
    {
        if page.is_full(query.max) {
            page.more = true;
            break;
        }
        match query.rolled_up(&key) {
            Some(prefix) => {
                walk.seek(Keyed::Uploads.behind_prefix(&bucket, prefix));
                page.prefixes.push(prefix.to_owned());
            }
            None => page.entries.push(rows::decode_upload(&bucket, &row_key, &row)?),
        }
    }
    Ok(page)
}

/// Goes over the rows of a table of a bucket whose keys begin with a prefix.
struct Walk<'a> {
    bucket: &'a Bucket,
    table: Keyed,
    rest: Range,
    batch: VecDeque<(String, Bytes, Bytes)>,
    batch_rows: usize,
}

impl<'a> Walk<'a> {
    fn new(bucket: &'a Bucket, table: Keyed, prefix: &str) -> Walk<'a> {
        let rest = table.beginning(bucket, prefix);
        Walk { bucket, table, rest, batch: VecDeque::new(), batch_rows: BATCH_FIRST }
    }

    /// Goes on at a place that is not before the current one.
    fn seek(&mut self, to: Vec<u8>) {
        self.batch.retain(|(_, row_key, _)| row_key.as_ref() >= to.as_slice());
        if self.batch.is_empty() {
            self.batch_rows = BATCH_FIRST;
            if to > self.rest.from {
                self.rest.from = to;
            }
        }
    }

    fn peek(&mut self, read: &mut impl Read) -> Result<Option<&str>, Error> {
        self.fill(read)?;
        Ok(self.batch.front().map(|(key, _, _)| key.as_str()))
    }

    fn next(&mut self, read: &mut impl Read) -> Result<Option<(String, Bytes)>, Error> {
        Ok(self.next_row(read)?.map(|(key, _, row)| (key, row)))
    }

    /// A key, the key of its row, and the row.
    fn next_row(&mut self, read: &mut impl Read) -> Result<Option<(String, Bytes, Bytes)>, Error> {
        self.fill(read)?;
        Ok(self.batch.pop_front())
    }

    fn fill(&mut self, read: &mut impl Read) -> Result<(), Error> {
        if !self.batch.is_empty() || self.rest.from >= self.rest.to {
            return Ok(());
        }
        let found = read.scan(self.rest.clone(), Order::Forward, self.batch_rows)?;
        match found.last() {
            Some((last, _)) if found.len() == self.batch_rows => self.rest = self.rest.clone().after(last),
            Some(_) | None => self.rest.from = self.rest.to.clone(),
        }
        self.batch_rows = (self.batch_rows * 4).min(BATCH_MAX);
        for (row_key, row) in found {
            self.batch.push_back((self.table.key_of(self.bucket, &row_key)?, row_key, row));
        }
        Ok(())
    }
}
