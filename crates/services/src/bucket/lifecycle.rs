//! Lifecycle rules: what of a bucket goes by itself, and when.
//!
//! Start reading at [`Lifecycle`]. What is due is found and deleted in `expire`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::{Timestamp, Tx};

use super::config::{self, Config};
use super::create::{self, Bucket};
use super::object::Object;
use super::tag::Tags;
use super::{BucketName, Error, Objects, rows};
use crate::random;

/// Source: S3 API reference, PutBucketLifecycleConfiguration (read 2026-11-24).
pub const RULES_MAX: usize = 1_000;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    pub rules: Vec<Rule>,
    /// A setting for transitions, of which there are none; it is shown.
    pub transition_minimum: Option<String>,
}

impl Config for Lifecycle {
    const KIND: &'static str = "lifecycle";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub id: String,
    pub enabled: bool,
    pub filter: Filter,
    pub form: Form,
    pub expiration: Option<Expiration>,
    pub noncurrent: Option<Noncurrent>,
    /// Of uploads that nobody completes.
    pub abort_after_days: Option<u32>,
}

/// How a filter was written: it is shown in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// A prefix on the rule itself, as it was done before there were filters.
    Prefix,
    One,
    And,
}

/// What a rule is about: that of which all holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    pub prefix: Option<String>,
    pub tags: Tags,
    pub larger_than: Option<u64>,
    pub smaller_than: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expiration {
    Days(u32),
    DateMillis(i64),
    /// Of delete markers behind which nothing is left.
    LoneMarkers,
}

/// When versions go that are not current any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noncurrent {
    pub days: u32,
    /// So many of the newest stay.
    pub keep: Option<u32>,
}

impl Filter {
    fn takes_key(&self, key: &str) -> bool {
        key.starts_with(self.prefix.as_deref().unwrap_or_default())
    }

    fn takes(&self, key: &str, object: &Object) -> bool {
        self.takes_key(key)
            && self.tags.iter().all(|(name, value)| object.about.tags.get(name) == Some(value))
            && self.larger_than.is_none_or(|size| object.size > size)
            && self.smaller_than.is_none_or(|size| object.size < size)
    }

    /// A delete marker has no tags and no size: rules that ask for any are not about it.
    fn takes_marker(&self, key: &str) -> bool {
        self.takes_key(key) && self.tags.is_empty() && self.larger_than.is_none() && self.smaller_than.is_none()
    }
}

impl Expiration {
    /// When something of that age goes.
    fn due(&self, modified: Timestamp) -> Option<Timestamp> {
        match self {
            Expiration::Days(days) => Some(days_after(modified, *days)),
            Expiration::DateMillis(millis) => Some(Timestamp::from_millis(*millis)),
            Expiration::LoneMarkers => None,
        }
    }
}

impl Lifecycle {
    fn enabled(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.enabled)
    }

    /// When a current object goes, and by which rule.
    pub fn expiry(&self, key: &str, object: &Object) -> Option<(Timestamp, &str)> {
        let rules = self.enabled().filter(|rule| rule.filter.takes(key, object));
        let due = rules.filter_map(|rule| Some((rule.expiration?.due(object.stamp.modified())?, rule.id.as_str())));
        due.min_by_key(|(due, _)| *due)
    }

    /// Whether a delete marker goes, should nothing be left behind it.
    pub(super) fn ends_marker(&self, key: &str, made: Timestamp, now: Timestamp) -> bool {
        self.enabled().filter(|rule| rule.filter.takes_marker(key)).any(|rule| match rule.expiration {
            Some(Expiration::LoneMarkers) => true,
            Some(expiration) => expiration.due(made).is_some_and(|due| due <= now),
            None => false,
        })
    }

    /// Whether a version goes that is not current since `since`, of which there are `newer` that are not current either.
    /// A delete marker has no object.
    pub(super) fn ends_version(
        &self,
        key: &str,
        object: Option<&Object>,
        since: Timestamp,
        newer: u32,
        now: Timestamp,
    ) -> bool {
        let takes = |filter: &Filter| match object {
            Some(object) => filter.takes(key, object),
            None => filter.takes_marker(key),
        };
        self.enabled().filter(|rule| takes(&rule.filter)).filter_map(|rule| rule.noncurrent).any(|noncurrent| {
            days_after(since, noncurrent.days) <= now && noncurrent.keep.is_none_or(|keep| newer >= keep)
        })
    }

    pub(super) fn ends_upload(&self, key: &str, begun: Timestamp, now: Timestamp) -> bool {
        let rules = self.enabled().filter(|rule| rule.filter.takes_marker(key));
        rules.filter_map(|rule| rule.abort_after_days).any(|days| days_after(begun, days) <= now)
    }
}

/// So many days later, at the midnight (UTC) that follows.
///
/// Source: S3 User Guide, "Lifecycle configuration elements" (read 2026-11-24).
fn days_after(at: Timestamp, days: u32) -> Timestamp {
    midnight_at_or_after(at + DAY * days)
}

fn midnight_at_or_after(at: Timestamp) -> Timestamp {
    let day = i64::try_from(DAY.as_millis()).expect("a day is short");
    let begun = at.millis().div_euclid(day) * day;
    Timestamp::from_millis(if begun == at.millis() { begun } else { begun + day })
}

/// When what is in a bucket is looked at again.
pub(super) fn next_round(now: Timestamp) -> Timestamp {
    midnight_at_or_after(now + Duration::from_millis(1))
}

/// Puts the rules, and has them looked at. Rules without an id are given one.
pub fn put(tx: &mut Tx, name: &BucketName, lifecycle: &Lifecycle) -> Result<(), Error> {
    let bucket = create::existing(tx, name)?;
    let mut lifecycle = lifecycle.clone();
    for rule in &mut lifecycle.rules {
        if rule.id.is_empty() {
            rule.id = random::uuid(tx.random()).into();
        }
    }
    rows::put_config(tx, &bucket, Lifecycle::KIND, &lifecycle);
    rows::put_round(tx, name, tx.now());
    Ok(())
}

pub fn delete(tx: &mut Tx, name: &BucketName) -> Result<(), Error> {
    config::delete::<Lifecycle>(tx, name)?;
    rows::delete_round(tx, name);
    Ok(())
}

impl Objects {
    /// When an object goes, and by which rule.
    pub fn expiry(&self, bucket: &Bucket, key: &str, object: &Object) -> Result<Option<(Timestamp, String)>, Error> {
        let lifecycle = self.store.read(|read| config::find::<Lifecycle>(read, bucket))?;
        let lifecycle = lifecycle.unwrap_or_default();
        Ok(lifecycle.expiry(key, object).map(|(due, rule)| (due, rule.to_owned())))
    }
}
