//! Conditions under which an object is read or written.

use store::Timestamp;

use super::Error;
use super::object::Object;

/// An entity tag in a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// `*`: any object at all.
    Any,
    /// Without quotes.
    Is(String),
}

impl Tag {
    fn fits(&self, object: &Object) -> bool {
        match self {
            Tag::Any => true,
            Tag::Is(etag) => *etag == object.etag,
        }
    }
}

/// Of a read, or of the source of a copy. Times have whole seconds.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    pub if_match: Option<Tag>,
    pub if_none_match: Option<Tag>,
    pub if_modified_since: Option<Timestamp>,
    pub if_unmodified_since: Option<Timestamp>,
}

impl Conditions {
    /// In the order of RFC 9110: a tag decides where there is one, else the time does.
    pub(super) fn check(&self, object: &Object, now: Timestamp) -> Result<(), Error> {
        let modified = seconds(object.stamp.modified());
        match (&self.if_match, self.if_unmodified_since) {
            (Some(tag), _) if !tag.fits(object) => return Err(Error::PreconditionFailed { condition: "If-Match" }),
            (None, Some(since)) if modified > seconds(since) => {
                return Err(Error::PreconditionFailed { condition: "If-Unmodified-Since" });
            }
            (Some(_) | None, _) => {}
        }
        let unchanged = match (&self.if_none_match, self.if_modified_since) {
            (Some(tag), _) => tag.fits(object),
            (None, Some(since)) => modified <= seconds(since) && since <= now,
            (None, None) => false,
        };
        match unchanged {
            true => Err(Error::NotModified { object: Box::new(object.clone()) }),
            false => Ok(()),
        }
    }
}

fn seconds(at: Timestamp) -> i64 {
    at.millis().div_euclid(1000)
}

/// Of a write: what must be there, or not.
#[derive(Debug, Clone, Default)]
pub struct WriteConditions {
    pub if_match: Option<Tag>,
    /// Nothing must be there.
    pub if_absent: bool,
}

impl WriteConditions {
    pub(super) fn check(&self, key: &str, current: Option<&Object>) -> Result<(), Error> {
        match (&self.if_match, current) {
            (Some(_), None) => return Err(Error::NoSuchKey { key: key.to_owned() }),
            (Some(tag), Some(object)) if !tag.fits(object) => {
                return Err(Error::PreconditionFailed { condition: "If-Match" });
            }
            (Some(_), Some(_)) | (None, _) => {}
        }
        match self.if_absent && current.is_some() {
            true => Err(Error::PreconditionFailed { condition: "If-None-Match" }),
            false => Ok(()),
        }
    }
}
