//! How asynchronous invocations of a function, of one of its versions or aliases are treated.
//!
//! A configuration counts for exactly the name that it was given to; the function's own is that of `$LATEST`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::{Read, Timestamp, Tx};

use super::{Error, FunctionId, Qualifier, Scope, rows};
use crate::name::{AccountId, FunctionName, Malformed, Region, Version};
use crate::queue::{self, QueueId, QueueName};
use crate::topic::{self, TopicId, TopicName};

/// Attempts after the first. Source: Lambda API model, `MaximumRetryAttempts` (read 2026-11-24).
pub const RETRIES_MAX: u32 = 2;
/// Source: Lambda API model, `MaximumEventAgeInSeconds` (read 2026-11-24).
pub const AGE_MIN: Duration = Duration::from_secs(60);
pub const AGE_MAX: Duration = Duration::from_secs(21_600);

/// What is set; the rest is as it is without a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventConfig {
    pub retries: Option<u32>,
    pub age: Option<Duration>,
    pub on_success: Option<Destination>,
    pub on_failure: Option<Destination>,
    pub modified: Timestamp,
}

/// Where the record of an event goes once it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "DestinationRow", into = "DestinationRow")]
pub enum Destination {
    Function { id: FunctionId, qualifier: Option<Qualifier> },
    Queue(QueueId),
    Topic(TopicId),
}

/// A change of some of it; `None` keeps what is there.
#[derive(Debug, Clone, Default)]
pub struct EventConfigChange {
    pub retries: Option<u32>,
    pub age: Option<Duration>,
    /// `Some(None)` takes the destination away.
    pub on_success: Option<Option<Destination>>,
    pub on_failure: Option<Option<Destination>>,
}

/// Sets the configuration anew, whatever was there.
pub fn put(
    tx: &mut Tx,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
    change: &EventConfigChange,
) -> Result<EventConfig, Error> {
    super::find(tx, id, qualifier)?;
    let empty = EventConfig { retries: None, age: None, on_success: None, on_failure: None, modified: tx.now() };
    write(tx, id, qualifier, empty, change)
}

/// Changes a configuration that is there.
pub fn update(
    tx: &mut Tx,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
    change: &EventConfigChange,
) -> Result<EventConfig, Error> {
    super::find(tx, id, qualifier)?;
    let before = find(tx, id, qualifier)?;
    write(tx, id, qualifier, before, change)
}

pub fn find(read: &mut impl Read, id: &FunctionId, qualifier: Option<&Qualifier>) -> Result<EventConfig, Error> {
    rows::event_config(read, id, &named(qualifier))?.ok_or(Error::NoEventConfig)
}

pub fn delete(tx: &mut Tx, id: &FunctionId, qualifier: Option<&Qualifier>) -> Result<(), Error> {
    rows::existing(tx, id)?;
    find(tx, id, qualifier)?;
    rows::delete_event_config(tx, id, &named(qualifier));
    Ok(())
}

/// All configurations of a function, by qualifier.
pub fn list(read: &mut impl Read, id: &FunctionId) -> Result<Vec<(Qualifier, EventConfig)>, Error> {
    rows::existing(read, id)?;
    rows::event_configs(read, id)
}

/// What a configuration is kept under: a name without a qualifier means `$LATEST`.
pub fn named(qualifier: Option<&Qualifier>) -> Qualifier {
    qualifier.cloned().unwrap_or(Qualifier::Version(Version::Latest))
}

fn write(
    tx: &mut Tx,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
    before: EventConfig,
    change: &EventConfigChange,
) -> Result<EventConfig, Error> {
    let config = EventConfig {
        retries: change.retries.or(before.retries),
        age: change.age.or(before.age),
        on_success: change.on_success.clone().unwrap_or(before.on_success),
        on_failure: change.on_failure.clone().unwrap_or(before.on_failure),
        modified: tx.now(),
    };
    for destination in config.on_success.iter().chain(&config.on_failure) {
        check(tx, id, destination)?;
    }
    rows::put_event_config(tx, id, &named(qualifier), &config);
    Ok(config)
}

fn check(read: &mut impl Read, id: &FunctionId, destination: &Destination) -> Result<(), Error> {
    match destination {
        Destination::Function { id: other, .. } if other == id => Err(Error::DestinationIsItself),
        Destination::Function { id: other, qualifier } => match super::find(read, other, qualifier.as_ref()) {
            Ok(_) => Ok(()),
            Err(Error::NoSuchFunction { .. }) => Err(Error::NoSuchDestination(destination.clone())),
            Err(error) => Err(error),
        },
        // What keeps order takes no records.
        Destination::Queue(other) if other.name.is_fifo() => Err(Error::NoSuchDestination(destination.clone())),
        Destination::Topic(other) if other.name.is_fifo() => Err(Error::NoSuchDestination(destination.clone())),
        Destination::Queue(other) => match queue::settings_of(read, other) {
            Ok(_) => Ok(()),
            Err(queue::Error::Store(error)) => Err(error.into()),
            Err(_) => Err(Error::NoSuchDestination(destination.clone())),
        },
        Destination::Topic(other) => match topic::find(read, other) {
            Ok(_) => Ok(()),
            Err(topic::Error::Store(error)) => Err(error.into()),
            Err(_) => Err(Error::NoSuchDestination(destination.clone())),
        },
    }
}

/// A configuration as its row has it.
#[derive(Serialize, Deserialize)]
pub(super) struct EventConfigRow {
    retries: Option<u32>,
    age: Option<Duration>,
    on_success: Option<DestinationRow>,
    on_failure: Option<DestinationRow>,
    #[serde(with = "rows::millis")]
    modified: Timestamp,
}

#[derive(Serialize, Deserialize)]
enum DestinationRow {
    Function { account: String, region: String, name: String, qualifier: Option<String> },
    Queue { account: String, region: String, name: String },
    Topic { account: String, region: String, name: String },
}

impl EventConfig {
    pub(super) fn to_row(&self) -> EventConfigRow {
        let destination = |given: &Option<Destination>| given.as_ref().map(DestinationRow::of);
        EventConfigRow {
            retries: self.retries,
            age: self.age,
            on_success: destination(&self.on_success),
            on_failure: destination(&self.on_failure),
            modified: self.modified,
        }
    }
}

impl EventConfigRow {
    pub(super) fn parse(self) -> Result<EventConfig, Malformed> {
        Ok(EventConfig {
            retries: self.retries,
            age: self.age,
            on_success: self.on_success.map(DestinationRow::parse).transpose()?,
            on_failure: self.on_failure.map(DestinationRow::parse).transpose()?,
            modified: self.modified,
        })
    }
}

impl TryFrom<DestinationRow> for Destination {
    type Error = Malformed;

    fn try_from(row: DestinationRow) -> Result<Destination, Malformed> {
        row.parse()
    }
}

impl From<Destination> for DestinationRow {
    fn from(destination: Destination) -> DestinationRow {
        DestinationRow::of(&destination)
    }
}

impl DestinationRow {
    fn of(destination: &Destination) -> DestinationRow {
        let texts = |scope: &Scope| (scope.account.to_string(), scope.region.to_string());
        match destination {
            Destination::Function { id, qualifier } => {
                let (account, region) = texts(&id.scope);
                let qualifier = qualifier.as_ref().map(ToString::to_string);
                DestinationRow::Function { account, region, name: id.name.to_string(), qualifier }
            }
            Destination::Queue(id) => {
                let (account, region) = texts(&id.scope);
                DestinationRow::Queue { account, region, name: id.name.to_string() }
            }
            Destination::Topic(id) => {
                let (account, region) = texts(&id.scope);
                DestinationRow::Topic { account, region, name: id.name.to_string() }
            }
        }
    }

    fn parse(self) -> Result<Destination, Malformed> {
        let scope = |account: &str, region: &str| {
            Ok(Scope { account: AccountId::parse(account)?, region: Region::parse(region)? })
        };
        Ok(match self {
            DestinationRow::Function { account, region, name, qualifier } => Destination::Function {
                id: FunctionId { scope: scope(&account, &region)?, name: FunctionName::parse(&name)? },
                qualifier: qualifier.as_deref().map(Qualifier::parse).transpose()?,
            },
            DestinationRow::Queue { account, region, name } => {
                Destination::Queue(QueueId { scope: scope(&account, &region)?, name: QueueName::parse(&name)? })
            }
            DestinationRow::Topic { account, region, name } => {
                Destination::Topic(TopicId { scope: scope(&account, &region)?, name: TopicName::parse(&name)? })
            }
        })
    }
}
