//! What comes next in a standard queue: what is visible again or due, then the log from a cursor on.
//!
//! Start reading at [`Bag::next`]. In memory are one page of the log, the places of delayed messages, and the places of
//! messages that came back.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use store::{Order, Read};

use super::error::Error;
use super::flights::Flights;
use super::lane::Moment;
use super::rows::{self, Content, Log, Place};

/// Rows of the log that are read at once.
const PAGE_ROWS: usize = 32;

#[derive(Debug, Default)]
pub struct Bag {
    /// Everything in the log below is known: touched, or gone.
    cursor: u64,
    /// The rows from the cursor on, as they were read.
    ready: VecDeque<(u64, Bytes)>,
    /// As `cursor`, of the log of delayed messages.
    cursor_later: u64,
    delayed: BTreeSet<(Duration, Place)>,
    /// Came back, or is due now.
    visible: BTreeSet<Place>,
}

impl Bag {
    /// The next message's place and row. It is in nobody's hands then: the caller lets it fly, removes it, or puts it back.
    pub fn next(
        &mut self,
        read: &mut impl Read,
        content: &Content,
        flights: &Flights,
        now: Moment,
    ) -> Result<Option<(Place, Bytes)>, Error> {
        self.read_delayed(read, content, flights, now)?;
        while let Some(place) = self.visible.pop_first() {
            if let Some(row) = read.get(&content.message(place))? {
                return Ok(Some((place, row)));
            }
        }
        if self.ready.is_empty() {
            self.read_page(read, content, flights)?;
        }
        Ok(self.ready.pop_front().map(|(number, row)| (Place { log: Log::Now, number }, row)))
    }

    pub fn put_back(&mut self, place: Place) {
        self.visible.insert(place);
    }

    pub fn remove(&mut self, place: Place) {
        self.visible.remove(&place);
    }

    /// A message at the head of its log leaves; all before it have left or are touched.
    pub fn pass_over(&mut self, place: Place) {
        self.visible.remove(&place);
        match place.log {
            Log::Now => {
                self.ready.retain(|(ready, _)| *ready != place.number);
                self.cursor = self.cursor.max(place.number + 1);
            }
            Log::Later => {
                self.delayed.retain(|(_, delayed)| *delayed != place);
                self.cursor_later = self.cursor_later.max(place.number + 1);
            }
        }
    }

    /// How many were delayed and are not due, after reading all that there are.
    pub fn delayed(
        &mut self,
        read: &mut impl Read,
        content: &Content,
        flights: &Flights,
        now: Moment,
    ) -> Result<usize, Error> {
        self.read_delayed(read, content, flights, now)?;
        Ok(self.delayed.len())
    }

    pub fn next_due(&self) -> Option<Duration> {
        self.delayed.first().map(|(due, _)| *due)
    }

    /// Gives back the memory of the page; the log is read again from there.
    pub fn rest(&mut self) {
        if let Some((number, _)) = self.ready.front() {
            self.cursor = *number;
            self.ready = VecDeque::new();
        }
    }

    fn read_page(&mut self, read: &mut impl Read, content: &Content, flights: &Flights) -> Result<(), Error> {
        loop {
            let page = read.scan(content.messages_from(Log::Now, self.cursor), Order::Forward, PAGE_ROWS)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            self.cursor = content.number(Log::Now, last)? + 1;
            for (key, row) in page {
                let number = content.number(Log::Now, &key)?;
                // After a restart the log is read from its start, and what is touched is known already.
                if flights.get(Place { log: Log::Now, number }).is_none() {
                    self.ready.push_back((number, row));
                }
            }
            if !self.ready.is_empty() {
                return Ok(());
            }
        }
    }

    fn read_delayed(
        &mut self,
        read: &mut impl Read,
        content: &Content,
        flights: &Flights,
        now: Moment,
    ) -> Result<(), Error> {
        loop {
            let page = read.scan(content.messages_from(Log::Later, self.cursor_later), Order::Forward, PAGE_ROWS)?;
            for (key, row) in &page {
                let place = Place { log: Log::Later, number: content.number(Log::Later, key)? };
                self.cursor_later = place.number + 1;
                if flights.get(place).is_none() {
                    let due = rows::decode_message(read, content, row)?.message.due;
                    self.delayed.insert((now.elapsed_at(due), place));
                }
            }
            if page.len() < PAGE_ROWS {
                break;
            }
        }
        while let Some((due, place)) = self.delayed.first().copied().filter(|(due, _)| *due <= now.elapsed) {
            self.delayed.remove(&(due, place));
            self.visible.insert(place);
        }
        Ok(())
    }
}
