//! Rows of events that wait for a function.
//!
//! - `EVENTS account region function due id`: the [`Event`], and behind it a document of up to [`INLINE_BYTES_MAX`].
//! - `DOCUMENTS account region id`: a document that is longer.
//!
//! Events of one function lie together, in the order in which they fall due.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Range, Read, Timestamp, Tx};

use super::policy::Tries;
use super::{Cause, Error, InvokeLater};
use crate::function::{FunctionId, Qualifier, Scope};
use crate::name::{AccountId, FunctionName, Region};
use crate::random;
use crate::row::{self, Unreadable};
use crate::run::RequestId;

const EVENTS: Space = Space::new(0x0140);
const DOCUMENTS: Space = Space::new(0x0141);

/// Layout 1 had every document in a row of its own; no release has written it.
const LAYOUT: u8 = 2;
const ROW: &str = "event";

/// Longer documents have their own row, so that looking for what is due does not read them.
const INLINE_BYTES_MAX: usize = 8 * 1024;

/// What an event's row says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Event {
    pub request_id: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
    pub kind: Box<str>,
    pub source: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_context: Option<Box<str>>,
    pub cause: Cause,
    pub received_millis: i64,
    /// How often the function has failed with it.
    pub failures: u32,
    /// How often the platform has failed with it.
    pub outages: u32,
    document_bytes: u64,
}

impl Event {
    pub fn tries(&self) -> Tries {
        let since = Timestamp::from_millis(self.received_millis);
        Tries { since, failures: self.failures, outages: self.outages }
    }

    pub fn qualifier(&self) -> Result<Option<Qualifier>, Unreadable> {
        let parsed = self.qualifier.as_deref().map(Qualifier::parse).transpose();
        parsed.map_err(|malformed| unreadable(malformed.to_string()))
    }
}

/// Where an event lies.
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

    pub fn key(&self) -> Vec<u8> {
        lane(&self.function).signed(self.due.millis()).bytes(&self.id).build()
    }

    fn document_key(&self) -> Vec<u8> {
        let scope = &self.function.scope;
        Key::new(DOCUMENTS, scope.account.as_str(), scope.region.as_str()).bytes(&self.id).build()
    }
}

/// An event with its place, and with its document where that lies beside it.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub place: Place,
    pub event: Event,
    document: Option<Bytes>,
    /// Seen when it was claimed: it is only settled.
    pub too_old: bool,
}

impl Waiting {
    pub fn parse(key: &[u8], row: &Bytes) -> Result<Waiting, Unreadable> {
        let place = Place::parse(key)?;
        let (event, document) = decode(row)?;
        Ok(Waiting { place, document: event.is_inline().then_some(document), event, too_old: false })
    }

    /// Of the event and its document, wherever that lies.
    pub fn bytes(&self) -> usize {
        usize::try_from(self.event.document_bytes).unwrap_or(usize::MAX)
    }

    pub fn document(&self, read: &mut impl Read) -> Result<Bytes, Error> {
        match &self.document {
            Some(document) => Ok(document.clone()),
            None => {
                let found = read.get(&self.place.document_key())?;
                Ok(found.ok_or_else(|| unreadable("its document is gone".to_owned()))?)
            }
        }
    }

    /// Lets it wait at another time, with what was tried so far.
    pub fn postpone(&self, tx: &mut Tx, due: Timestamp, tries: Tries) {
        let event = Event { failures: tries.failures, outages: tries.outages, ..self.event.clone() };
        tx.delete(self.place.key());
        let place = Place { due, ..self.place.clone() };
        tx.put(place.key(), encode(&event, self.document.as_deref().unwrap_or_default()));
    }

    pub fn delete(&self, tx: &mut Tx) {
        tx.delete(self.place.key());
        if !self.event.is_inline() {
            tx.delete(self.place.document_key());
        }
    }
}

impl Event {
    fn is_inline(&self) -> bool {
        self.document_bytes <= INLINE_BYTES_MAX as u64
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

/// What decides which node delivers the events of a function.
pub(super) fn lane_key(function: &FunctionId) -> Vec<u8> {
    lane(function).build()
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
        failures: 0,
        outages: 0,
        document_bytes: later.document.len() as u64,
    };
    match event.is_inline() {
        true => tx.put(place.key(), encode(&event, &later.document)),
        false => {
            tx.put(place.key(), encode(&event, &[]));
            tx.put(place.document_key(), later.document.to_vec());
        }
    }
    RequestId(request_id)
}

/// The row's usual form, the length of its JSON before it and the document behind it.
fn encode(event: &Event, document: &[u8]) -> Vec<u8> {
    let head = row::encode(LAYOUT, event);
    let length = u32::try_from(head.len()).expect("names and ids are short").to_be_bytes();
    [&length, head.as_slice(), document].concat()
}

fn decode(bytes: &Bytes) -> Result<(Event, Bytes), Unreadable> {
    let cut = || unreadable(format!("{} bytes are too few", bytes.len()));
    let length = u32::from_be_bytes(*bytes.first_chunk::<4>().ok_or_else(cut)?) as usize;
    let head = bytes.get(4..4 + length).ok_or_else(cut)?;
    Ok((row::decode(ROW, LAYOUT, head)?, bytes.slice(4 + length..)))
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
