//! How buses lie in the store.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | BUSES | bus | [`Bus`] |
//! | RULES | bus, rule | [`Rule`] with its targets |
//! | REVISIONS | bus | a counter: it changes with every rule of the bus |
//!
//! Events that wait are in `waiting`. All are layout 1, the only one so far.

use serde::de::DeserializeOwned;
use store::key::{Key, Parser, Space};
use store::{Order, Read, Tx};

use super::rule::Rule;
use super::{Bus, BusId, BusName, Error, RuleId, RuleName};
use crate::function::Scope;
use crate::row::{self, Unreadable};

const BUSES: Space = Space::new(0x0300);
const RULES: Space = Space::new(0x0301);
const REVISIONS: Space = Space::new(0x0302);

const LAYOUT: u8 = 1;

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
