//! How buses lie in the store.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | BUSES | bus | [`Bus`] |
//! | RULES | bus, rule | [`Rule`] with its targets |
//! | REVISIONS | bus | a counter: it changes with every rule of the bus |
//! | ARCHIVES | archive | [`Archive`] |
//! | ARCHIVED | archive, time, id | an event's document |
//! | HELD | archive, 0 or 1 | counters of events and bytes |
//! | REPLAYS | replay | [`Replay`] |
//!
//! Events that wait are in `waiting`. All are layout 1, the only one so far.

use serde::de::DeserializeOwned;
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, Timestamp, Tx};

use super::archive::{ARCHIVES_MAX, Archive, ArchiveId};
use super::replay::{Replay, ReplayId};
use super::rule::Rule;
use super::{Bus, BusId, BusName, Error, RuleId, RuleName};
use crate::function::Scope;
use crate::row::{self, Unreadable};

const BUSES: Space = Space::new(0x0300);
const RULES: Space = Space::new(0x0301);
const REVISIONS: Space = Space::new(0x0302);

const ARCHIVES: Space = Space::new(0x0304);
const ARCHIVED: Space = Space::new(0x0305);
const HELD: Space = Space::new(0x0306);
const REPLAYS: Space = Space::new(0x0307);

const LAYOUT: u8 = 1;

/// Replays that are listed. Ours: the service forgets them after 90 days.
const REPLAYS_MAX: usize = 10_000;

/// The default bus is there without a row.
pub(super) fn bus(read: &mut impl Read, id: &BusId) -> Result<Option<Bus>, Error> {
    let row = get(read, "bus", &bus_key(id))?;
    Ok(row.or_else(|| id.name.is_default().then(Bus::default)))
}

pub(super) fn put_bus(tx: &mut Tx, id: &BusId, bus: &Bus) {
    tx.put(bus_key(id), row::encode(LAYOUT, bus));
}

pub(super) fn delete_bus(tx: &mut Tx, id: &BusId) {
    tx.delete(bus_key(id));
}

pub(super) fn bus_count(read: &mut impl Read, scope: &Scope, limit: usize) -> Result<usize, Error> {
    Ok(read.scan(scoped(BUSES, scope).range(), Order::Forward, limit)?.len())
}

/// All buses that have a row, by name.
pub(super) fn buses(read: &mut impl Read, scope: &Scope) -> Result<Vec<(BusName, Bus)>, Error> {
    let prefix = scoped(BUSES, scope);
    let rows = read.scan(prefix.range(), Order::Forward, super::BUSES_MAX + 1)?;
    let bus = |(key, value): &(bytes::Bytes, bytes::Bytes)| {
        let name = last_text(&prefix.clone().build(), key).and_then(|name| BusName::parse(&name).ok());
        Ok((name.ok_or_else(|| unreadable("bus"))?, row::decode("bus", LAYOUT, value)?))
    };
    rows.iter().map(bus).collect()
}

pub(super) fn rule(read: &mut impl Read, id: &RuleId) -> Result<Option<Rule>, Error> {
    get(read, "rule", &rule_key(id))
}

pub(super) fn put_rule(tx: &mut Tx, id: &RuleId, rule: &Rule) {
    tx.put(rule_key(id), row::encode(LAYOUT, rule));
    tx.add(revision_key(&id.bus), 1);
}

/// Writes a rule of which nothing has changed that decides over events.
pub(super) fn put_clock(tx: &mut Tx, id: &RuleId, rule: &Rule) {
    tx.put(rule_key(id), row::encode(LAYOUT, rule));
}

pub(super) fn delete_rule(tx: &mut Tx, id: &RuleId) {
    tx.delete(rule_key(id));
    tx.add(revision_key(&id.bus), 1);
}

/// Changes with every rule of the bus.
pub(super) fn revision(read: &mut impl Read, bus: &BusId) -> Result<i64, Error> {
    Ok(read.get(&revision_key(bus))?.and_then(|row| store::counter(&row)).unwrap_or(0))
}

/// Rules of a bus by name, after `after`.
pub(super) fn rules(
    read: &mut impl Read,
    bus: &BusId,
    after: Option<&RuleName>,
    limit: usize,
) -> Result<Vec<(RuleName, Rule)>, Error> {
    let prefix = named(RULES, bus);
    let mut range = prefix.range();
    if let Some(name) = after {
        range = range.after(&prefix.clone().text(name.as_str()).build());
    }
    let rows = read.scan(range, Order::Forward, limit)?;
    let rule = |(key, value): &(bytes::Bytes, bytes::Bytes)| {
        let name = last_text(&prefix.clone().build(), key).and_then(|name| RuleName::parse(&name).ok());
        Ok((name.ok_or_else(|| unreadable("rule"))?, row::decode("rule", LAYOUT, value)?))
    };
    rows.iter().map(rule).collect()
}

/// Something else has changed that decides over events of the bus.
pub(super) fn changed(tx: &mut Tx, bus: &BusId) {
    tx.add(revision_key(bus), 1);
}

pub(super) fn archive(read: &mut impl Read, id: &ArchiveId) -> Result<Option<Archive>, Error> {
    get(read, "archive", &archive_key(id))
}

pub(super) fn put_archive(tx: &mut Tx, id: &ArchiveId, archive: &Archive) {
    tx.put(archive_key(id), row::encode(LAYOUT, archive));
}

/// Its events are gone already.
pub(super) fn delete_archive(tx: &mut Tx, id: &ArchiveId) {
    tx.delete(archive_key(id));
    HELD_COUNTERS.iter().for_each(|number| tx.delete(held_key(id, *number)));
}

pub(super) fn archives(read: &mut impl Read, scope: &Scope) -> Result<Vec<(RuleName, Archive)>, Error> {
    named_rows(read, "archive", scoped(ARCHIVES, scope), ARCHIVES_MAX)
}

pub(super) fn replay(read: &mut impl Read, id: &ReplayId) -> Result<Option<Replay>, Error> {
    get(read, "replay", &replay_key(id))
}

pub(super) fn put_replay(tx: &mut Tx, id: &ReplayId, replay: &Replay) {
    tx.put(replay_key(id), row::encode(LAYOUT, replay));
}

pub(super) fn replays(read: &mut impl Read, scope: &Scope) -> Result<Vec<(RuleName, Replay)>, Error> {
    named_rows(read, "replay", scoped(REPLAYS, scope), REPLAYS_MAX)
}

fn named_rows<T: DeserializeOwned>(
    read: &mut impl Read,
    row: &'static str,
    prefix: Key,
    limit: usize,
) -> Result<Vec<(RuleName, T)>, Error> {
    let rows = read.scan(prefix.range(), Order::Forward, limit)?;
    let parse = |(key, value): &(bytes::Bytes, bytes::Bytes)| {
        let name = last_text(&prefix.clone().build(), key).and_then(|name| RuleName::parse(&name).ok());
        Ok((name.ok_or_else(|| unreadable(row))?, row::decode(row, LAYOUT, value)?))
    };
    rows.iter().map(parse).collect()
}

/// An event in an archive.
pub(super) struct Archived {
    pub key: Vec<u8>,
    pub came: Timestamp,
    pub document: bytes::Bytes,
}

pub(super) fn put_archived(tx: &mut Tx, id: &ArchiveId, came: Timestamp, event: &[u8; 16], document: &bytes::Bytes) {
    tx.put(archived_key(id).signed(came.millis()).bytes(event).build(), document.to_vec());
}

pub(super) fn archived(
    read: &mut impl Read,
    id: &ArchiveId,
    range: Range,
    limit: usize,
) -> Result<Vec<Archived>, Error> {
    let prefix = archived_key(id).build();
    let parse = |(key, document): (bytes::Bytes, bytes::Bytes)| {
        let came = Parser::after(&prefix, &key).and_then(|mut rest| rest.signed());
        let came = Timestamp::from_millis(came.ok_or_else(|| unreadable("archived event"))?);
        Ok(Archived { key: key.to_vec(), came, document })
    };
    read.scan(range, Order::Forward, limit)?.into_iter().map(parse).collect()
}

/// Keys of archived events, each with the length of its document.
pub(super) fn archived_keys(read: &mut impl Read, range: Range, limit: usize) -> Result<Vec<(Vec<u8>, usize)>, Error> {
    let rows = read.scan(range, Order::Forward, limit)?;
    Ok(rows.into_iter().map(|(key, document)| (key.to_vec(), document.len())).collect())
}

pub(super) fn archived_range(id: &ArchiveId) -> Range {
    archived_key(id).range()
}

/// Where events lie that came then.
pub(super) fn archived_from(id: &ArchiveId, from: Timestamp) -> Vec<u8> {
    archived_key(id).signed(from.millis()).build()
}

/// What [`hold`] counts.
const HELD_COUNTERS: [u64; 2] = [0, 1];

/// Counts events and bytes that come or go.
pub(super) fn hold(tx: &mut Tx, id: &ArchiveId, by: [i64; 2]) {
    HELD_COUNTERS.iter().zip(by).for_each(|(number, by)| tx.add(held_key(id, *number), by));
}

pub(super) fn held(read: &mut impl Read, id: &ArchiveId) -> Result<[i64; 2], Error> {
    let mut held = [0; 2];
    for (number, held) in HELD_COUNTERS.iter().zip(&mut held) {
        *held = read.get(&held_key(id, *number))?.and_then(|row| store::counter(&row)).unwrap_or(0);
    }
    Ok(held)
}

fn archive_key(id: &ArchiveId) -> Vec<u8> {
    scoped(ARCHIVES, &id.scope).text(id.name.as_str()).build()
}

fn archived_key(id: &ArchiveId) -> Key {
    scoped(ARCHIVED, &id.scope).text(id.name.as_str())
}

fn held_key(id: &ArchiveId, number: u64) -> Vec<u8> {
    scoped(HELD, &id.scope).text(id.name.as_str()).number(number).build()
}

fn replay_key(id: &ReplayId) -> Vec<u8> {
    scoped(REPLAYS, &id.scope).text(id.name.as_str()).build()
}

fn last_text(prefix: &[u8], key: &[u8]) -> Option<String> {
    Parser::after(prefix, key)?.text()
}

fn bus_key(id: &BusId) -> Vec<u8> {
    named(BUSES, id).build()
}

fn rule_key(id: &RuleId) -> Vec<u8> {
    named(RULES, &id.bus).text(id.name.as_str()).build()
}

fn revision_key(id: &BusId) -> Vec<u8> {
    named(REVISIONS, id).build()
}

fn named(space: Space, bus: &BusId) -> Key {
    scoped(space, &bus.scope).text(bus.name.as_str())
}

fn scoped(space: Space, scope: &Scope) -> Key {
    Key::new(space, scope.account.as_str(), scope.region.as_str())
}

fn get<T: DeserializeOwned>(read: &mut impl Read, row: &'static str, key: &[u8]) -> Result<Option<T>, Error> {
    read.get(key)?.map(|value| Ok(row::decode(row, LAYOUT, &value)?)).transpose()
}

fn unreadable(row: &'static str) -> Error {
    Unreadable { row, layout: Some(LAYOUT), reason: "its key has another form".to_owned() }.into()
}
