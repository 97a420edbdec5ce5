//! Events that have come in and not gone out yet.
//!
//! Accepting one is a blind write: it reads no rules. The delivery loop matches it and writes what its targets get.
//!
//! `WAITING account region bus time id`: the [`Head`], its length before it and the document behind it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, Timestamp, Tx};

use super::{BusId, BusName, Error, RuleName};
use crate::delivery::Cause;
use crate::function::Scope;
use crate::name::{AccountId, Region};
use crate::row::{self, Unreadable};

const WAITING: Space = Space::new(0x0303);

const LAYOUT: u8 = 1;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Head {
    pub cause: Cause,
    /// The last rule that has had it, where all at once would be too much for a commit.
    after: Option<String>,
    /// The ARNs of the rules that it is for; all if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rules: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub bus: BusId,
    pub came: Timestamp,
    pub id: [u8; 16],
}

#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub place: Place,
    pub head: Head,
    pub document: Bytes,
}

/// Writes an event down: once that is committed, it will reach its targets. On a bus that does not exist it is lost, as
/// in the service.
pub fn put(tx: &mut Tx, bus: &BusId, document: &Bytes, cause: &Cause) -> Result<(), Error> {
    put_for(tx, bus, document, cause, &[])
}

/// As [`put`], for these rules alone.
pub(super) fn put_for(
    tx: &mut Tx,
    bus: &BusId,
    document: &Bytes,
    cause: &Cause,
    rules: &[String],
) -> Result<(), Error> {
    if super::rows::bus(tx, bus)?.is_some() {
        let place = Place { bus: bus.clone(), came: tx.now(), id: tx.random() };
        let head = Head { cause: cause.clone(), after: None, rules: rules.to_vec() };
        Waiting { place, head, document: document.clone() }.write(tx);
    }
    Ok(())
}

impl Waiting {
    pub(crate) fn after(&self) -> Option<RuleName> {
        self.head.after.as_deref().and_then(|name| RuleName::parse(name).ok())
    }

    pub(crate) fn is_for(&self, rule_arn: &str) -> bool {
        self.head.rules.is_empty() || self.head.rules.iter().any(|rule| rule == rule_arn)
    }

    /// It has gone out to all rules up to this one.
    pub(crate) fn go_on_after(&self, tx: &mut Tx, rule: &RuleName) {
        let head = Head { after: Some(rule.to_string()), ..self.head.clone() };
        Waiting { head, ..self.clone() }.write(tx);
    }

    pub(crate) fn delete(&self, tx: &mut Tx) {
        tx.delete(self.place.key());
    }

    fn write(&self, tx: &mut Tx) {
        let head = row::encode(LAYOUT, &self.head);
        let length = u32::try_from(head.len()).expect("a head is short").to_be_bytes();
        tx.put(self.place.key(), [&length, head.as_slice(), &self.document].concat());
    }

    fn parse(key: &[u8], row: &Bytes) -> Result<Waiting, Unreadable> {
        let place = Place::parse(key).ok_or_else(|| unreadable("its key has another form"))?;
        let cut = || unreadable("it is too short");
        let length = u32::from_be_bytes(*row.first_chunk::<4>().ok_or_else(cut)?) as usize;
        let head = row::decode("event on a bus", LAYOUT, row.get(4..4 + length).ok_or_else(cut)?)?;
        Ok(Waiting { place, head, document: row.slice(4 + length..) })
    }
}

impl Place {
    pub(crate) fn key(&self) -> Vec<u8> {
        lane(&self.bus).signed(self.came.millis()).bytes(&self.id).build()
    }

    fn parse(key: &[u8]) -> Option<Place> {
        let (_, account, region, mut rest) = Parser::of(key)?;
        let scope = Scope { account: AccountId::parse(&account).ok()?, region: Region::parse(&region).ok()? };
        let bus = BusId { scope, name: BusName::parse(&rest.text()?).ok()? };
        Some(Place { bus, came: Timestamp::from_millis(rest.signed()?), id: rest.bytes()?.try_into().ok()? })
    }
}

/// The prefix of all events.
pub(crate) fn all() -> Vec<u8> {
    Key::global(WAITING).build()
}

/// What decides which node sends out the events of a bus.
pub(crate) fn lane_key(bus: &BusId) -> Vec<u8> {
    lane(bus).build()
}

/// Up to `limit` events of a range, by bus and then by time, each with its key. What cannot be read is passed over.
pub(crate) fn scan(read: &mut impl Read, range: Range, limit: usize) -> Result<Vec<Waiting>, Error> {
    let rows = read.scan(range, Order::Forward, limit)?;
    let waiting = rows.iter().filter_map(|(key, row)| {
        Waiting::parse(key, row).inspect_err(|error| tracing::error!(%error, "an event cannot be sent out")).ok()
    });
    Ok(waiting.collect())
}

fn lane(bus: &BusId) -> Key {
    Key::new(WAITING, bus.scope.account.as_str(), bus.scope.region.as_str()).text(bus.name.as_str())
}

fn unreadable(reason: &str) -> Unreadable {
    Unreadable { row: "event on a bus", layout: Some(LAYOUT), reason: reason.to_owned() }
}
