//! What comes next in a FIFO queue: the first message of the oldest group that nobody is working on.
//!
//! Start reading at [`Groups::next_group`]. In memory are the places of the first [`WINDOW`] messages, by group.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use store::{Order, Read};

use super::error::Error;
use super::flights::Flights;
use super::lane::Moment;
use super::rows::{self, Content, Log, Place};

/// Messages among which a group that is free is looked for.
///
/// Source: Amazon SQS developer guide, "Avoid large message backlogs with the same message group ID" (read 2026-11-24).
const WINDOW: usize = 120_000;

/// Rows of the log that are read at once.
const PAGE_ROWS: usize = 64;

#[derive(Debug, Default)]
pub struct Groups {
    /// Everything in the log below is in a group, or gone.
    cursor: u64,
    /// Messages in groups, those in flight included.
    known: usize,
    groups: HashMap<Arc<str>, Group>,
    /// Groups that have something to give, by the number of their first message.
    free: BTreeSet<(u64, Arc<str>)>,
    /// Groups whose first message is delayed.
    delayed: BTreeSet<(Duration, Arc<str>)>,
}

#[derive(Debug, Default)]
struct Group {
    /// What nobody has, each with the time when it is due.
    waiting: std::collections::BTreeMap<u64, Duration>,
    /// How many of its messages somebody has, or is deleting.
    held: usize,
}

impl Groups {
    /// Takes in what is touched: once, before anything else.
    pub fn restore(&mut self, flights: &Flights) {
        for (place, touched) in flights.touched() {
            let Some(name) = &touched.group else { continue };
            self.known += 1;
            let group = self.groups.entry(name.clone()).or_default();
            match touched.flies() {
                true => group.held += 1,
                false => {
                    group.waiting.insert(place.number, Duration::ZERO);
                }
            }
        }
        let names: Vec<Arc<str>> = self.groups.keys().cloned().collect();
        names.iter().for_each(|name| self.place(name));
    }

    /// The oldest group that is free and not among `passed`.
    pub fn next_group(
        &mut self,
        read: &mut impl Read,
        content: &Content,
        flights: &Flights,
        now: Moment,
        passed: &BTreeSet<Arc<str>>,
    ) -> Result<Option<Arc<str>>, Error> {
        loop {
            self.take_due(now);
            let free = self.free.iter().map(|(_, name)| name).find(|name| !passed.contains(*name));
            if let Some(name) = free {
                return Ok(Some(name.clone()));
            }
            if self.known >= WINDOW || !self.read_page(read, content, flights, now)? {
                return Ok(None);
            }
        }
    }

    /// The group's next message that is due; it is held then.
    pub fn take(
        &mut self,
        read: &mut impl Read,
        content: &Content,
        flights: &Flights,
        now: Moment,
        name: &Arc<str>,
    ) -> Result<Option<Place>, Error> {
        let next = |groups: &Groups| {
            let first = groups.groups.get(name)?.waiting.first_key_value()?;
            (*first.1 <= now.elapsed).then_some(*first.0)
        };
        // More of the group may lie just beyond what has been read.
        if next(self).is_none() && self.known < WINDOW {
            self.read_page(read, content, flights, now)?;
        }
        let Some(number) = next(self) else { return Ok(None) };
        self.unplace(name);
        if let Some(group) = self.groups.get_mut(name) {
            group.waiting.remove(&number);
            group.held += 1;
        }
        Ok(Some(Place { log: Log::Now, number }))
    }

    /// A message that was held can be received again.
    pub fn put_back(&mut self, place: Place, name: &Arc<str>) {
        self.unplace(name);
        let group = self.groups.entry(name.clone()).or_default();
        group.waiting.insert(place.number, Duration::ZERO);
        group.held = group.held.saturating_sub(1);
        self.place(name);
    }

    /// A message that nobody holds is held.
    pub fn hold(&mut self, place: Place, name: &Arc<str>) {
        self.unplace(name);
        if let Some(group) = self.groups.get_mut(name)
            && group.waiting.remove(&place.number).is_some()
        {
            group.held += 1;
        }
    }

    /// Whether the message has been read, and so is in a group or gone.
    pub fn knows(&self, number: u64) -> bool {
        number < self.cursor
    }

    /// A message that nobody has read leaves; all before it have left or are known.
    pub fn skip(&mut self, number: u64) {
        self.cursor = self.cursor.max(number + 1);
    }

    /// A message that was held has left the queue.
    pub fn release(&mut self, name: &Arc<str>) {
        self.unplace(name);
        self.known = self.known.saturating_sub(1);
        if let Some(group) = self.groups.get_mut(name) {
            group.held = group.held.saturating_sub(1);
            if group.held == 0 && group.waiting.is_empty() {
                self.groups.remove(name);
            }
        }
        self.place(name);
    }

    /// How many messages are delayed, among those that the window has room for.
    pub fn delayed(
        &mut self,
        read: &mut impl Read,
        content: &Content,
        flights: &Flights,
        now: Moment,
    ) -> Result<usize, Error> {
        while self.known < WINDOW && self.read_page(read, content, flights, now)? {}
        self.take_due(now);
        let later = |group: &Group| group.waiting.values().filter(|due| **due > now.elapsed).count();
        Ok(self.groups.values().map(later).sum())
    }

    pub fn next_due(&self) -> Option<Duration> {
        self.delayed.first().map(|(due, _)| *due)
    }

    /// Whether there were any rows left to read.
    fn read_page(
        &mut self,
        read: &mut impl Read,
        content: &Content,
        flights: &Flights,
        now: Moment,
    ) -> Result<bool, Error> {
        let page = read.scan(content.messages_from(Log::Now, self.cursor), Order::Forward, PAGE_ROWS)?;
        for (key, row) in &page {
            let number = content.number(Log::Now, key)?;
            self.cursor = number + 1;
            if flights.get(Place { log: Log::Now, number }).is_some() {
                continue;
            }
            let message = rows::decode_message(read, content, row)?.message;
            let name: Arc<str> = message.group.unwrap_or_default().into();
            self.unplace(&name);
            self.known += 1;
            let group = self.groups.entry(name.clone()).or_default();
            group.waiting.insert(number, now.elapsed_at(message.due));
            self.place(&name);
        }
        Ok(!page.is_empty())
    }

    fn take_due(&mut self, now: Moment) {
        while let Some((due, name)) = self.delayed.first().cloned().filter(|(due, _)| *due <= now.elapsed) {
            self.delayed.remove(&(due, name.clone()));
            if let Some(first) = self.groups.get(&name).and_then(|group| group.waiting.keys().next()) {
                self.free.insert((*first, name));
            }
        }
    }

    /// Puts a group where it is looked for: nowhere while one of its messages is held.
    fn place(&mut self, name: &Arc<str>) {
        let Some(group) = self.groups.get(name).filter(|group| group.held == 0) else { return };
        let Some((number, due)) = group.waiting.first_key_value() else { return };
        match due.is_zero() {
            true => self.free.insert((*number, name.clone())),
            false => self.delayed.insert((*due, name.clone())),
        };
    }

    fn unplace(&mut self, name: &Arc<str>) {
        let Some((number, due)) = self.groups.get(name).and_then(|group| group.waiting.first_key_value()) else {
            return;
        };
        self.free.remove(&(*number, name.clone()));
        self.delayed.remove(&(*due, name.clone()));
    }
}
