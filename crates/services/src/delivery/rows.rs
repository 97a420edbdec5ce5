//! Rows of events that wait.
//!
//! An event is two rows, so that looking for what is due does not read documents:
//! - `EVENTS account region function due id`: the [`Event`].
//! - `DOCUMENTS account region id`: the document, as it came.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Range, Read, Timestamp, Tx};

use super::{Cause, Error, InvokeLater, Settlement};
use crate::function::{FunctionId, Qualifier, Scope};
use crate::name::{AccountId, FunctionName, Region};
use crate::random;
use crate::row::{self, Unreadable};
use crate::run::RequestId;

const EVENTS: Space = Space::new(0x0140);
const DOCUMENTS: Space = Space::new(0x0141);

const LAYOUT: u8 = 1;
const ROW: &str = "event";

/// What an event's row says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Event {
    pub request_id: Box<str>,
    pub qualifier: Option<String>,
    pub kind: Box<str>,
    pub source: Box<str>,
    pub client_context: Option<Box<str>>,
    pub cause: Cause,
    pub received_millis: i64,
    /// Attempts that failed.
    pub attempts: u32,
}

impl Event {
    pub fn received(&self) -> Timestamp {
        Timestamp::from_millis(self.received_millis)
    }

    pub fn qualifier(&self) -> Result<Option<Qualifier>, Unreadable> {
        let parsed = self.qualifier.as_deref().map(Qualifier::parse).transpose();
        parsed.map_err(|malformed| unreadable(malformed.to_string()))
    }
}

/// Where an event lies. Events of one function lie together, in order of the time at which they fall due.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub function: FunctionId,
    pub due: Timestamp,
    pub id: [u8; 16],
}

impl Place {
    pub fn parse(key: &[u8]) -> Result<Place, Unreadable> {
        place(key).ok_or_else(|| unreadable(format!("its key {} has another form", key.escape_ascii())))
    }

    fn key(&self) -> Vec<u8> {
        lane(&self.function).signed(self.due.millis()).bytes(&self.id).build()
    }

    fn document_key(&self) -> Vec<u8> {
        let scope = &self.function.scope;
        Key::new(DOCUMENTS, scope.account.as_str(), scope.region.as_str()).bytes(&self.id).build()
    }
}

/// The prefix of all events.
pub(super) fn events() -> Vec<u8> {
    Key::global(EVENTS).build()
}

/// The prefix of all documents.
#[cfg(test)]
pub(super) fn documents() -> Vec<u8> {
    Key::global(DOCUMENTS).build()
}

/// All events of one function.
pub(super) fn lane_range(function: &FunctionId) -> Range {
    lane(function).range()
}

/// Writes an event that is due now. A request id that nobody knows yet is drawn in the transaction.
pub(super) fn put(tx: &mut Tx, later: &InvokeLater) -> RequestId {
    let (id, now) = (tx.random(), tx.now());
    let given = later.request_id.as_ref().map(|given| given.0.clone());
    let request_id = given.unwrap_or_else(|| random::uuid(tx.random()));
    let place = Place { function: later.function.clone(), due: now, id };
    let event = Event {
        request_id: request_id.clone(),
        qualifier: later.qualifier.as_ref().map(ToString::to_string),
        kind: later.kind.clone(),
        source: later.source.clone(),
        client_context: later.client_context.clone(),
        cause: later.cause.clone(),
        received_millis: now.millis(),
        attempts: 0,
    };
    tx.put(place.key(), row::encode(LAYOUT, &event));
    tx.put(place.document_key(), later.document.to_vec());
    RequestId(request_id)
}

pub(super) fn decode(row: &[u8]) -> Result<Event, Unreadable> {
    row::decode(ROW, LAYOUT, row)
}

pub(super) fn document(read: &mut impl Read, place: &Place) -> Result<Bytes, Error> {
    Ok(read.get(&place.document_key())?.ok_or_else(|| unreadable("its document is gone".to_owned()))?)
}

pub(super) fn settle(tx: &mut Tx, place: &Place, event: &Event, settlement: Settlement) {
    tx.delete(place.key());
    match settlement {
        Settlement::Done => tx.delete(place.document_key()),
        Settlement::Again { at, attempted } => {
            let event = Event { attempts: event.attempts + u32::from(attempted), ..event.clone() };
            tx.put(Place { due: at, ..place.clone() }.key(), row::encode(LAYOUT, &event));
        }
    }
}

fn lane(function: &FunctionId) -> Key {
    let scope = &function.scope;
    Key::new(EVENTS, scope.account.as_str(), scope.region.as_str()).text(function.name.as_str())
}

fn place(key: &[u8]) -> Option<Place> {
    let (_, account, region, mut rest) = Parser::of(key)?;
    let scope = Scope { account: AccountId::parse(&account).ok()?, region: Region::parse(&region).ok()? };
    let function = FunctionId { scope, name: FunctionName::parse(&rest.text()?).ok()? };
    let due = Timestamp::from_millis(rest.signed()?);
    Some(Place { function, due, id: rest.bytes()?.try_into().ok()? })
}

fn unreadable(reason: String) -> Unreadable {
    Unreadable { row: ROW, layout: Some(LAYOUT), reason }
}
