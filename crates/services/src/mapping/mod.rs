//! Event source mappings: what is read from a source in batches, for a function to be run with.
//!
//! Start reading at [`Mapping`]. What carries the batches is `delivery::mapped` and `delivery::shards`; here is what a mapping is set to, and
//! what may not be. What only streams have is in `stream`, the layout in `rows`.
//!
//! Invariants:
//! - One function (version, alias) has at most one mapping to one source.
//! - A mapping outlives its function and its source: without them nothing is delivered.
//! - Nothing here knows ARNs or AWS JSON.

mod rows;
mod stream;
#[cfg(test)]
mod stream_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use store::{Read, Timestamp, Tx};

use crate::delivery;
use crate::function::{self, FunctionId, Qualifier, Scope};
use crate::pattern::Pattern;
use crate::queue::{self, QueueId};
use crate::random;
use crate::row::Unreadable;

pub(crate) use rows::{all, table};
pub use stream::{Origin, PARALLEL_MAX, STREAM_BATCH_SIZE, Start, StreamSettings, StreamSource};

// Source of all: Lambda API reference, CreateEventSourceMapping, and developer guide, "Using Lambda with Amazon SQS" and
// "Control which events Lambda sends to your function" (read 2026-11-24).
pub const BATCH_SIZE: u32 = 10;
/// Largest batch that needs no window, and largest one of a FIFO queue.
pub const BATCH_SIZE_PLAIN_MAX: u32 = 10;
pub const BATCH_SIZE_MAX: u32 = 10_000;
pub const WINDOW_MAX: Duration = Duration::from_secs(300);
pub const FILTERS_MAX: usize = 10;
pub const CONCURRENCY_MIN: u32 = 2;
pub const CONCURRENCY_MAX: u32 = 1_000;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such event source mapping")]
    NoSuchMapping,
    #[error("that source is mapped to that function already")]
    Exists { id: MappingId },
    #[error("the queue's visibility timeout is shorter than the function's timeout")]
    VisibilityTooShort { visibility: Duration, timeout: Duration },
    #[error("a batch of more than {BATCH_SIZE_PLAIN_MAX} needs a window")]
    NoWindow,
    #[error("batches of a FIFO queue have no window")]
    FifoWindow,
    #[error("a batch of a FIFO queue has at most {BATCH_SIZE_PLAIN_MAX} messages")]
    FifoBatch,
    #[error("there are more than {FILTERS_MAX} filters")]
    TooManyFilters,
    #[error("not a filter pattern")]
    BadFilter,
    #[error(transparent)]
    Function(#[from] function::Error),
    #[error(transparent)]
    Queue(#[from] queue::Error),
    #[error("there is no such stream")]
    NoSuchStream,
    #[error(transparent)]
    Table(#[from] crate::table::Error),
    #[error(transparent)]
    Data(#[from] crate::stream::data::Error),
    #[error(transparent)]
    Delivery(#[from] Box<delivery::Error>),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A mapping among those of an account and region: a UUID.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MappingId {
    pub scope: Scope,
    pub uuid: Box<str>,
}

/// Where batches come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Queue(QueueId),
    Stream(StreamSource),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub source: Source,
    pub function: FunctionId,
    pub qualifier: Option<Qualifier>,
    pub settings: Settings,
    pub tags: BTreeMap<String, String>,
    pub modified: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub enabled: bool,
    pub batch_size: u32,
    /// How long a batch that is not full waits for more.
    pub window: Duration,
    /// Patterns of which one must match; everything matches if there are none.
    pub filters: Vec<String>,
    /// Whether the function says which messages it failed with.
    pub answers_partly: bool,
    /// Batches that may be with the function at once.
    pub concurrency_max: Option<u32>,
    /// Of a stream, and of nothing else.
    pub stream: Option<StreamSettings>,
}

impl Mapping {
    /// They were parsed before the mapping was written down.
    pub(crate) fn patterns(&self) -> Vec<Pattern> {
        self.settings.filters.iter().filter_map(|filter| Pattern::parse(filter).ok()).collect()
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            enabled: true,
            batch_size: BATCH_SIZE,
            window: Duration::ZERO,
            filters: Vec::new(),
            answers_partly: false,
            concurrency_max: None,
            stream: None,
        }
    }
}

/// Whether anything is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Enabled,
    Disabled,
    /// Its function is not there.
    Stranded,
}

/// Maps a source to a function. Both must be there.
pub fn create(tx: &mut Tx, scope: &Scope, new: &Mapping) -> Result<(MappingId, Mapping), Error> {
    check(tx, new)?;
    if let Some((id, _)) = rows::list(tx, scope)?.into_iter().find(|(_, mapping)| same(mapping, new)) {
        return Err(Error::Exists { id });
    }
    function::tag::check(&new.tags)?;
    let id = MappingId { scope: scope.clone(), uuid: random::uuid(tx.random()) };
    let mapping = Mapping { modified: tx.now(), ..new.clone() };
    rows::put(tx, &id, &mapping);
    if let (Source::Stream(source), Some(settings)) = (&mapping.source, &mapping.settings.stream) {
        let origin = source.existing(tx)?;
        delivery::begin_reading(tx, &id, &origin, settings).map_err(told)?;
    }
    Ok((id, mapping))
}

pub fn find(read: &mut impl Read, id: &MappingId) -> Result<Mapping, Error> {
    rows::find(read, id)?.ok_or(Error::NoSuchMapping)
}

/// Changes a mapping; `rule` may run several times.
pub fn update(tx: &mut Tx, id: &MappingId, rule: impl FnOnce(&mut Mapping)) -> Result<Mapping, Error> {
    let before = find(tx, id)?;
    let mut mapping = before.clone();
    rule(&mut mapping);
    mapping.modified = tx.now();
    check(tx, &mapping)?;
    if !same(&mapping, &before)
        && let Some((id, _)) = rows::list(tx, &id.scope)?.into_iter().find(|(_, other)| same(other, &mapping))
    {
        return Err(Error::Exists { id });
    }
    if let (Source::Stream(source), Some(from), Some(to)) =
        (&mapping.source, &before.settings.stream, &mapping.settings.stream)
        && from.parallel != to.parallel
    {
        let origin = source.existing(tx)?;
        delivery::regroup_reading(tx, id, &origin, from.parallel, to.parallel).map_err(told)?;
    }
    rows::put(tx, id, &mapping);
    Ok(mapping)
}

/// Adds and removes tags.
pub fn tag(tx: &mut Tx, id: &MappingId, rule: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), Error> {
    let mut mapping = find(tx, id)?;
    rule(&mut mapping.tags);
    function::tag::check(&mapping.tags)?;
    rows::put(tx, id, &mapping);
    Ok(())
}

pub fn delete(tx: &mut Tx, id: &MappingId) -> Result<Mapping, Error> {
    let mapping = find(tx, id)?;
    rows::delete(tx, id);
    delivery::forget_reading(tx, id).map_err(told)?;
    Ok(mapping)
}

/// All mappings of an account and region, by UUID.
pub fn list(read: &mut impl Read, scope: &Scope) -> Result<Vec<(MappingId, Mapping)>, Error> {
    rows::list(read, scope)
}

pub fn state(read: &mut impl Read, mapping: &Mapping) -> Result<State, Error> {
    if !mapping.settings.enabled {
        return Ok(State::Disabled);
    }
    match function::find(read, &mapping.function, mapping.qualifier.as_ref()) {
        Ok(_) => Ok(State::Enabled),
        Err(function::Error::NoSuchFunction { .. }) => Ok(State::Stranded),
        Err(error) => Err(error.into()),
    }
}

fn same(one: &Mapping, other: &Mapping) -> bool {
    one.source == other.source && one.function == other.function && one.qualifier == other.qualifier
}

fn told(error: delivery::Error) -> Error {
    match error {
        delivery::Error::Store(error) => error.into(),
        other => Box::new(other).into(),
    }
}

fn check(read: &mut impl Read, mapping: &Mapping) -> Result<(), Error> {
    let settings = &mapping.settings;
    if settings.filters.len() > FILTERS_MAX {
        return Err(Error::TooManyFilters);
    }
    if settings.filters.iter().any(|filter| Pattern::parse(filter).is_err()) {
        return Err(Error::BadFilter);
    }
    match &mapping.source {
        Source::Queue(queue) => check_queue(read, mapping, queue),
        Source::Stream(source) => {
            function::find(read, &mapping.function, mapping.qualifier.as_ref())?;
            source.existing(read).map(drop)
        }
    }
}

fn check_queue(read: &mut impl Read, mapping: &Mapping, queue: &QueueId) -> Result<(), Error> {
    let settings = &mapping.settings;
    let is_fifo = queue.name.is_fifo();
    if is_fifo && !settings.window.is_zero() {
        return Err(Error::FifoWindow);
    }
    if is_fifo && settings.batch_size > BATCH_SIZE_PLAIN_MAX {
        return Err(Error::FifoBatch);
    }
    if settings.batch_size > BATCH_SIZE_PLAIN_MAX && settings.window.is_zero() {
        return Err(Error::NoWindow);
    }
    let (_, details) = function::find(read, &mapping.function, mapping.qualifier.as_ref())?;
    let visibility = queue::settings_of(read, queue)?.visibility;
    let timeout = details.settings.timeout;
    match visibility < timeout {
        true => Err(Error::VisibilityTooShort { visibility, timeout }),
        false => Ok(()),
    }
}
