//! The engine for tests and simulation: a map in memory. What is durable is what is in it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::engine::{ApplyError, Changes, Engine, Limits, Order, Range, Row, State, Version};
use crate::error::Error;
use crate::lock;

#[derive(Default)]
pub(crate) struct Memory {
    map: Mutex<(Arc<BTreeMap<Bytes, Row>>, Version)>,
}

impl Engine for Memory {
    fn limits(&self) -> Limits {
        crate::LIMITS
    }

    fn snapshot(&self) -> Result<Box<dyn State + '_>, Error> {
        let map = lock(&self.map);
        Ok(Box::new(MemoryState(map.0.clone(), map.1)))
    }

    fn apply(&self, changes: &Arc<Changes>, version: Version) -> Result<(), ApplyError> {
        let mut map = lock(&self.map);
        let rows = Arc::make_mut(&mut map.0); // copies only where a snapshot is being read
        for (key, row) in changes.iter() {
            match row {
                Some(row) => rows.insert(key.clone(), row.clone()),
                None => rows.remove(key),
            };
        }
        map.1 = version;
        Ok(())
    }

    fn version(&self) -> Result<Version, Error> {
        Ok(lock(&self.map).1)
    }

    fn backup(&self, _to: &Path) -> Result<(), Error> {
        Err(Error::Unavailable("a store in memory has no backup".to_owned()))
    }
}

struct MemoryState(Arc<BTreeMap<Bytes, Row>>, Version);

impl State for MemoryState {
    fn as_of(&self) -> Version {
        self.1
    }

    fn get(&mut self, key: &[u8]) -> Result<Option<Row>, Error> {
        Ok(self.0.get(key).cloned())
    }

    fn scan(&mut self, range: &Range, order: Order, limit: usize) -> Result<Vec<(Bytes, Row)>, Error> {
        Ok(entries(&self.0, range, order).take(limit).map(|(key, row)| (key.clone(), row.clone())).collect())
    }
}

/// The entries of an ordered map within a range; none where the range is empty or upside down.
pub(crate) fn entries<'a, T>(
    map: &'a BTreeMap<Bytes, T>,
    range: &Range,
    order: Order,
) -> Box<dyn Iterator<Item = (&'a Bytes, &'a T)> + 'a> {
    if range.from >= range.to {
        return Box::new(std::iter::empty());
    }
    let bounds = (Bound::Included(range.from.as_slice()), Bound::Excluded(range.to.as_slice()));
    let within = map.range::<[u8], _>(bounds);
    match order {
        Order::Forward => Box::new(within),
        Order::Reverse => Box::new(within.rev()),
    }
}
