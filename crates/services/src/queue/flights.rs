//! Messages that were received and not deleted: how often, and until when nobody else gets them.
//!
//! Start reading at [`Flights::fly`]. A message is touched by its first receive and stays so until it leaves the queue;
//! it flies until its deadline, and is visible again after it. As touched messages are received before untouched ones,
//! there are never many more of them than may fly at once.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use store::Timestamp;

use super::rows::{Flight, Place};

/// What a consumer sees of a message's past, and when it comes back.
#[derive(Debug, Clone)]
pub struct Touched {
    pub body: u64,
    pub receives: u32,
    pub sent: Timestamp,
    pub first_received: Timestamp,
    /// The last time.
    pub received: Timestamp,
    /// Its group, in a FIFO queue.
    pub group: Option<Arc<str>>,
    /// When it is visible again, by the clock that does not jump; `None` while it is.
    until: Option<Duration>,
    /// The flight row that says so.
    row: u64,
}

impl Touched {
    pub fn flies(&self) -> bool {
        self.until.is_some()
    }
}

#[derive(Debug, Default)]
pub struct Flights {
    touched: HashMap<Place, Touched>,
    deadlines: BTreeSet<(Duration, Place)>,
    /// How many messages each flight row still speaks for.
    rows: HashMap<u64, u32>,
    row_next: u64,
}

impl Flights {
    pub fn get(&self, place: Place) -> Option<&Touched> {
        self.touched.get(&place)
    }

    pub fn touched(&self) -> impl Iterator<Item = (Place, &Touched)> {
        self.touched.iter().map(|(place, touched)| (*place, touched))
    }

    /// How many fly.
    pub fn flying(&self) -> usize {
        self.deadlines.len()
    }

    pub fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|(until, _)| *until)
    }

    /// The number of a flight row that is about to be written.
    pub fn row(&mut self) -> u64 {
        self.row_next += 1;
        self.row_next
    }

    /// A message begins to fly, or flies on with another deadline. Gives the flight row that has nothing to say any more.
    pub fn fly(&mut self, flight: &Flight, group: Option<Arc<str>>, until: Duration, row: u64) -> Option<u64> {
        let Flight { place, body, receives, sent, first_received, received, .. } = *flight;
        self.row_next = self.row_next.max(row);
        let touched = Touched { body, receives, sent, first_received, received, group, until: Some(until), row };
        *self.rows.entry(row).or_default() += 1;
        self.deadlines.insert((until, place));
        let before = self.touched.insert(place, touched)?;
        if let Some(ended) = before.until.filter(|ended| *ended != until) {
            self.deadlines.remove(&(ended, place));
        }
        self.leave_row(before.row)
    }

    /// The deadlines that a flight row gave move on: their consumers hear of them only now.
    pub fn prolong(&mut self, places: impl Iterator<Item = Place>, row: u64, by: Duration) {
        for place in places {
            let Some(touched) = self.touched.get_mut(&place).filter(|touched| touched.row == row) else { continue };
            if let Some(until) = &mut touched.until {
                self.deadlines.remove(&(*until, place));
                *until += by;
                self.deadlines.insert((*until, place));
            }
        }
    }

    /// Messages whose deadline has passed: they are visible from now on.
    pub fn land(&mut self, elapsed: Duration) -> Vec<Place> {
        let mut landed = Vec::new();
        while let Some((until, place)) = self.deadlines.first().copied().filter(|(until, _)| *until <= elapsed) {
            self.deadlines.remove(&(until, place));
            if let Some(touched) = self.touched.get_mut(&place) {
                touched.until = None;
            }
            landed.push(place);
        }
        landed
    }

    /// A message leaves the queue. Gives it, and the flight row that has nothing to say any more.
    pub fn remove(&mut self, place: Place) -> Option<(Touched, Option<u64>)> {
        let touched = self.touched.remove(&place)?;
        if let Some(until) = touched.until {
            self.deadlines.remove(&(until, place));
        }
        let row = self.leave_row(touched.row);
        Some((touched, row))
    }

    fn leave_row(&mut self, row: u64) -> Option<u64> {
        let left = self.rows.get_mut(&row)?;
        *left -= 1;
        (*left == 0).then(|| {
            self.rows.remove(&row);
            row
        })
    }
}
