//! Consumers: readers of a stream that have registered under a name.

use store::{Read, Timestamp, Tx};

use super::{Error, Stream, StreamId, StreamName, find as find_stream, rows};

/// Source: Kinesis quotas, "Registered consumers per data stream" (read 2026-11-24).
pub const CONSUMERS_MAX: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// In the form of a stream's name.
    pub name: StreamName,
    pub created: Timestamp,
}

pub fn register(tx: &mut Tx, id: &StreamId, name: &StreamName) -> Result<Consumer, Error> {
    let stream = find_stream(tx, id)?;
    let known = list(tx, &stream)?;
    if known.iter().any(|consumer| consumer.name == *name) {
        return Err(Error::ConsumerExists);
    }
    if known.len() >= CONSUMERS_MAX {
        return Err(Error::TooManyConsumers);
    }
    let consumer = Consumer { name: name.clone(), created: tx.now() };
    rows::put_consumer(tx, &stream, &consumer);
    Ok(consumer)
}

pub fn list(read: &mut impl Read, stream: &Stream) -> Result<Vec<Consumer>, Error> {
    rows::consumers(read, stream)
}

pub fn find(read: &mut impl Read, id: &StreamId, name: &str) -> Result<Consumer, Error> {
    let stream = find_stream(read, id)?;
    let found = list(read, &stream)?.into_iter().find(|consumer| consumer.name.as_str() == name);
    found.ok_or(Error::NoSuchConsumer)
}

pub fn deregister(tx: &mut Tx, id: &StreamId, name: &str) -> Result<(), Error> {
    let consumer = find(tx, id, name)?;
    let stream = find_stream(tx, id)?;
    delete(tx, &stream, &consumer.name);
    Ok(())
}

pub(super) fn delete(tx: &mut Tx, stream: &Stream, name: &StreamName) {
    rows::delete_consumer(tx, stream, name.as_str());
}
