//! How data streams lie in the store.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | DATA_STREAMS | name | [`Row`] |
//! | CONSUMERS | stream number, name | when it was registered |
//!
//! Both are layout 1, the only one so far.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Order, Read, Timestamp, Tx};

use super::consumer::Consumer;
use super::{Error, Mode, Stream, StreamId, StreamName};
use crate::function::Scope;
use crate::row::{self, Unreadable};
use crate::stream::{Lane, SCAN_ROWS};

const DATA_STREAMS: Space = Space::new(0x0223);
const CONSUMERS: Space = Space::new(0x0224);
const LAYOUT: u8 = 1;
const ROW: &str = "data stream";

#[derive(Serialize, Deserialize)]
struct Row {
    lane: u64,
    created_millis: i64,
    mode: Mode,
    retention_hours: u32,
    tags: BTreeMap<String, String>,
}

pub(super) fn find(read: &mut impl Read, id: &StreamId) -> Result<Option<Stream>, Error> {
    Ok(read.get(&key(id))?.map(|bytes| decode(id.clone(), &bytes)).transpose()?)
}

pub(super) fn put(tx: &mut Tx, stream: &Stream) {
    let row = Row {
        lane: stream.lane.number,
        created_millis: stream.created.millis(),
        mode: stream.mode,
        retention_hours: stream.retention_hours,
        tags: stream.tags.clone(),
    };
    tx.put(key(&stream.id), row::encode(LAYOUT, &row));
}

pub(super) fn delete(tx: &mut Tx, id: &StreamId) {
    tx.delete(key(id));
}

/// Streams of an account and region whose names come after `after`, in their order.
pub fn list(read: &mut impl Read, scope: &Scope, after: Option<&str>, limit: usize) -> Result<Vec<Stream>, Error> {
    let prefix = Key::new(DATA_STREAMS, scope.account.as_str(), scope.region.as_str());
    let mut range = prefix.range();
    if let Some(name) = after {
        range = range.after(&prefix.clone().text(name).build());
    }
    let prefix = prefix.build();
    let found = read.scan(range, Order::Forward, limit)?;
    let parsed = found.iter().map(|(key, bytes)| {
        let name = Parser::after(&prefix, key).and_then(|mut rest| StreamName::parse(&rest.text()?).ok());
        let name = name.ok_or_else(|| unreadable("its key has another form"))?;
        decode(StreamId { scope: scope.clone(), name }, bytes)
    });
    Ok(parsed.collect::<Result<_, _>>()?)
}

fn decode(id: StreamId, bytes: &[u8]) -> Result<Stream, Unreadable> {
    let Row { lane, created_millis, mode, retention_hours, tags } = row::decode(ROW, LAYOUT, bytes)?;
    let Scope { account, region } = id.scope.clone();
    let created = Timestamp::from_millis(created_millis);
    Ok(Stream { id, lane: Lane { account, region, number: lane }, created, mode, retention_hours, tags })
}

fn key(id: &StreamId) -> Vec<u8> {
    Key::new(DATA_STREAMS, id.scope.account.as_str(), id.scope.region.as_str()).text(id.name.as_str()).build()
}

pub(super) fn put_consumer(tx: &mut Tx, stream: &Stream, consumer: &Consumer) {
    tx.put(consumer_key(stream, consumer.name.as_str()), row::encode(LAYOUT, &consumer.created.millis()));
}

pub(super) fn delete_consumer(tx: &mut Tx, stream: &Stream, name: &str) {
    tx.delete(consumer_key(stream, name));
}

pub(super) fn consumers(read: &mut impl Read, stream: &Stream) -> Result<Vec<Consumer>, Error> {
    let prefix = of_stream(stream);
    let found = read.scan(prefix.range(), Order::Forward, SCAN_ROWS)?;
    let prefix = prefix.build();
    let parsed = found.iter().map(|(key, bytes)| {
        let name = Parser::after(&prefix, key).and_then(|mut rest| StreamName::parse(&rest.text()?).ok());
        let name = name.ok_or_else(|| unreadable("the key of a consumer has another form"))?;
        let created = Timestamp::from_millis(row::decode(ROW, LAYOUT, bytes)?);
        Ok::<_, Unreadable>(Consumer { name, created })
    });
    Ok(parsed.collect::<Result<_, _>>()?)
}

fn consumer_key(stream: &Stream, name: &str) -> Vec<u8> {
    of_stream(stream).text(name).build()
}

fn of_stream(stream: &Stream) -> Key {
    let lane = &stream.lane;
    Key::new(CONSUMERS, lane.account.as_str(), lane.region.as_str()).number(lane.number)
}

fn unreadable(reason: &str) -> Unreadable {
    Unreadable { row: ROW, layout: Some(LAYOUT), reason: reason.to_owned() }
}
