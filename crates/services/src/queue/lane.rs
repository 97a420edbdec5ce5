//! What the owner of a queue's shard holds in memory, and how it is rebuilt from rows.
//!
//! Start reading at [`Lane::pick`]. Memory changes first and the rows follow in one commit; if that commit fails, the
//! lane is given up and read anew once nothing else of it is under way.

mod expire;

pub use expire::has_old;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use store::{Order, Read, Timestamp, counter};

use super::bag::Bag;
use super::error::Error;
use super::flights::{Flights, Touched};
use super::groups::Groups;
use super::message::{Message, Past};
use super::queues::Seen;
use super::receipt::Receipt;
use super::rows::{self, Content, Flight, Log, Place, Stored};
use super::settings::VISIBILITY_MAX;
use super::{DEDUPLICATION_TIME, IN_FLIGHT_MAX};

/// Rows that are read at once while a lane is rebuilt.
const PAGE_ROWS: usize = 512;

/// Messages that one pick looks at: most are given out, some turn out to be dead or too old.
const LOOKS_MAX: usize = 200;

/// What is added to a deadline in a row, so that after a restart nobody gets a message sooner than its consumer was told:
/// the consumer's time begins when the commit is over.
const COMMIT_ALLOWANCE: Duration = Duration::from_millis(500);

/// One instant by both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub now: Timestamp,
    pub elapsed: Duration,
}

impl Moment {
    /// When a time of day comes, by the clock that does not jump; zero for what is past.
    pub fn elapsed_at(self, at: Timestamp) -> Duration {
        if at <= self.now { Duration::ZERO } else { self.elapsed + at.since(self.now) }
    }
}

/// How many messages a queue has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
}

pub struct Lane {
    flights: Flights,
    line: Line,
    /// Messages that have left, ever.
    removed: i64,
    /// Flight rows that the last process left behind.
    stale_rows: Vec<u64>,
    /// What a FIFO queue gave to receive attempts.
    attempts: BTreeMap<String, Attempt>,
    under_way: usize,
    broken: bool,
}

enum Line {
    Bag(Bag),
    Groups(Groups),
}

/// The groups that one pick takes from.
#[derive(Default)]
struct Turn {
    current: Option<Arc<str>>,
    passed: BTreeSet<Arc<str>>,
}

struct Attempt {
    until: Duration,
    given: Vec<(Place, u32)>,
}

/// What one receive asks for.
pub struct Ask<'a> {
    pub max: usize,
    pub visibility: Duration,
    pub attempt: Option<&'a str>,
    /// Whether there is a queue for dead letters.
    pub dead_letters: bool,
}

/// What a pick has changed in memory; the rows follow.
#[derive(Default)]
pub struct Picked {
    pub taken: Vec<Taken>,
    /// Received too often: they go to the dead-letter queue.
    pub dead: Vec<Left>,
    /// Older than the queue keeps messages.
    pub old: Vec<Left>,
    pub changes: Changes,
}

/// A message that is given out.
#[derive(Clone)]
pub struct Taken {
    pub place: Place,
    pub message: Message,
    pub receives: u32,
    pub first_received: Timestamp,
}

/// A message that leaves the queue.
pub struct Left {
    pub place: Place,
    pub message: Message,
    /// What became of it here.
    pub past: Option<Past>,
}

/// What a change of a lane writes.
#[derive(Default)]
pub struct Changes {
    /// A flight row and its number.
    pub flights: Option<(u64, Vec<Flight>)>,
    /// When it was made.
    begun: Duration,
    pub flight_rows_over: Vec<u64>,
    /// Messages that are deleted, with the numbers of their bodies.
    pub deleted: Vec<(Place, u64)>,
    /// Groups that are free of one message when it is written.
    released: Vec<Arc<str>>,
}

impl Changes {
    /// What of these changes is the leaving of some messages.
    pub fn deletion_of(&self, places: &[Place]) -> Changes {
        let deleted = self.deleted.iter().filter(|(place, _)| places.contains(place)).copied().collect();
        Changes { deleted, ..Changes::default() }
    }

    /// What of these changes is flight rows that have nothing to say any more.
    pub fn rows_over(&self) -> Changes {
        Changes { flight_rows_over: self.flight_rows_over.clone(), ..Changes::default() }
    }

    pub fn is_nothing(&self) -> bool {
        self.flights.is_none() && self.flight_rows_over.is_empty() && self.deleted.is_empty()
    }

    pub fn write(&self, tx: &mut store::Tx, content: &Content) {
        if let Some((number, flights)) = &self.flights {
            tx.put(content.flight(*number), rows::encode_flights(flights));
        }
        for number in &self.flight_rows_over {
            tx.delete(content.flight(*number));
        }
        for (place, body) in &self.deleted {
            rows::delete_message(tx, content, *place, *body);
        }
        match i64::try_from(self.deleted.len()) {
            Ok(0) | Err(_) => {}
            Ok(deleted) => tx.add(content.removed(), deleted),
        }
    }
}

impl Lane {
    /// Reads what the flight rows say. Costs as much as there are messages that were received and not deleted.
    pub fn load(read: &mut impl Read, content: &Content, fifo: bool, now: Moment) -> Result<Lane, Error> {
        let removed = read.get(&content.removed())?.and_then(|row| counter(&row)).unwrap_or(0);
        let mut lane = Lane {
            flights: Flights::default(),
            line: if fifo { Line::Groups(Groups::default()) } else { Line::Bag(Bag::default()) },
            removed,
            stale_rows: Vec::new(),
            attempts: BTreeMap::new(),
            under_way: 0,
            broken: false,
        };
        let mut range = content.flights();
        loop {
            let page = read.scan(range.clone(), Order::Forward, PAGE_ROWS)?;
            for (key, row) in &page {
                let number = content.flight_number(key)?;
                lane.restore(read, content, &rows::decode_flights(row)?, number, now)?;
            }
            match page.last() {
                Some((last, _)) if page.len() == PAGE_ROWS => range = range.after(last),
                Some(_) | None => break,
            }
        }
        if let Line::Groups(groups) = &mut lane.line {
            groups.restore(&lane.flights);
        }
        Ok(lane)
    }

    /// Takes in what a flight row says. It speaks for all of its messages before any of them leaves: else it would be over
    /// with the first that has gone.
    fn restore(
        &mut self,
        read: &mut impl Read,
        content: &Content,
        flights: &[Flight],
        number: u64,
        now: Moment,
    ) -> Result<(), Error> {
        let mut gone = Vec::new();
        for flight in flights {
            let row = read.get(&content.message(flight.place))?;
            let group = match (&row, &self.line) {
                (Some(row), Line::Groups(_)) => {
                    rows::decode_message(read, content, row)?.message.group.map(Arc::<str>::from)
                }
                (_, Line::Bag(_)) | (None, Line::Groups(_)) => None,
            };
            let over = self.flights.fly(flight, group, now.elapsed_at(flight.until), number);
            self.stale_rows.extend(over);
            if row.is_none() {
                gone.push(flight.place);
            }
        }
        for place in gone {
            let over = self.flights.remove(place).and_then(|(_, over)| over);
            self.stale_rows.extend(over);
        }
        Ok(())
    }

    pub fn begin(&mut self) -> Result<(), Error> {
        if self.broken {
            return Err(Error::Recovering);
        }
        self.under_way += 1;
        Ok(())
    }

    /// A change is written, or failed to be. Says whether the lane must be read anew.
    #[must_use]
    pub fn end(&mut self, changes: &Changes, written: bool, elapsed: Duration) -> bool {
        self.under_way -= 1;
        if let Some((row, flights)) = &changes.flights {
            let places = flights.iter().map(|flight| flight.place);
            self.flights.prolong(places, *row, elapsed.saturating_sub(changes.begun));
        }
        self.broken |= !written;
        if let Line::Groups(groups) = &mut self.line {
            changes.released.iter().for_each(|name| groups.release(name));
        }
        self.broken && self.under_way == 0
    }

    /// Takes messages that may be given out, and those that have to leave on the way to them.
    pub fn pick(&mut self, read: &mut impl Read, seen: Seen<'_>, ask: &Ask<'_>) -> Result<Picked, Error> {
        let Seen { content, settings, now } = seen;
        self.land(now);
        if let Some(again) = self.repeat(read, content, now, ask)? {
            return Ok(again);
        }
        let mut picked = Picked::default();
        if self.flights.flying() >= IN_FLIGHT_MAX {
            return match self.line {
                Line::Bag(_) => Err(Error::TooManyInFlight),
                Line::Groups(_) => Ok(picked),
            };
        }
        let mut turn = Turn::default();
        for _ in 0..LOOKS_MAX {
            if picked.taken.len() == ask.max {
                break;
            }
            let Some((place, row)) = self.next(read, content, now, &mut turn)? else { break };
            let Stored { message, body } = rows::decode_message(read, content, &row)?;
            let past = self.past(place);
            let receives = past.map_or(0, |past| past.receives);
            let dead = ask.dead_letters && settings.is_dead(receives);
            if dead || settings.is_too_old(message.sent, now.now) {
                let group = message.group.as_deref().map(Arc::from);
                self.leave(place, body, group, &mut picked.changes);
                let left = Left { place, message, past };
                if dead {
                    picked.dead.push(left)
                } else {
                    picked.old.push(left)
                }
                continue;
            }
            self.give(place, Stored { message, body }, now, ask.visibility, &mut picked);
        }
        picked.changes.flight_rows_over.append(&mut self.stale_rows);
        if let Some(attempt) = ask.attempt.filter(|_| !picked.taken.is_empty()) {
            let given = picked.taken.iter().map(|taken| (taken.place, taken.receives)).collect();
            let until = now.elapsed + DEDUPLICATION_TIME;
            self.attempts.retain(|_, attempt| attempt.until > now.elapsed);
            self.attempts.insert(attempt.to_owned(), Attempt { until, given });
        }
        Ok(picked)
    }

    fn next(
        &mut self,
        read: &mut impl Read,
        content: &Content,
        now: Moment,
        turn: &mut Turn,
    ) -> Result<Option<(Place, Bytes)>, Error> {
        let groups = match &mut self.line {
            Line::Bag(bag) => return bag.next(read, content, &self.flights, now),
            Line::Groups(groups) => groups,
        };
        // As many of the oldest group as there are, then of the next one.
        loop {
            if let Some(name) = &turn.current
                && let Some(place) = groups.take(read, content, &self.flights, now, name)?
            {
                match read.get(&content.message(place))? {
                    Some(row) => return Ok(Some((place, row))),
                    None => groups.release(name),
                }
                continue;
            }
            turn.passed.extend(turn.current.take());
            turn.current = groups.next_group(read, content, &self.flights, now, &turn.passed)?;
            if turn.current.is_none() {
                return Ok(None);
            }
        }
    }

    fn past(&self, place: Place) -> Option<Past> {
        let touched = self.flights.get(place)?;
        Some(Past { receives: touched.receives, first_received: touched.first_received })
    }

    fn give(&mut self, place: Place, stored: Stored, now: Moment, visibility: Duration, picked: &mut Picked) {
        let Stored { message, body } = stored;
        let before = self.flights.get(place);
        let receives = before.map_or(0, |touched| touched.receives) + 1;
        let first_received = before.map_or(now.now, |touched| touched.first_received);
        let until = now.now + visibility;
        let flight = Flight { place, body, receives, sent: message.sent, first_received, received: now.now, until };
        let group = message.group.as_deref().map(Arc::from);
        self.fly(flight, group, now.elapsed + visibility, &mut picked.changes);
        picked.changes.begun = now.elapsed;
        picked.taken.push(Taken { place, message, receives, first_received });
    }

    fn fly(&mut self, mut flight: Flight, group: Option<Arc<str>>, until: Duration, changes: &mut Changes) {
        let (row, flights) = changes.flights.get_or_insert_with(|| (self.flights.row(), Vec::new()));
        changes.flight_rows_over.extend(self.flights.fly(&flight, group, until, *row));
        flight.until = flight.until + COMMIT_ALLOWANCE;
        flights.push(flight);
    }

    fn leave(&mut self, place: Place, body: u64, group: Option<Arc<str>>, changes: &mut Changes) {
        let over = self.flights.remove(place).and_then(|(_, over)| over);
        changes.flight_rows_over.extend(over);
        changes.deleted.push((place, body));
        changes.released.extend(group);
        self.removed += 1;
    }

    /// What the same attempt was given before, if nobody has changed that since.
    fn repeat(
        &mut self,
        read: &mut impl Read,
        content: &Content,
        now: Moment,
        ask: &Ask<'_>,
    ) -> Result<Option<Picked>, Error> {
        let Some(attempt) = ask.attempt.and_then(|attempt| self.attempts.get(attempt)) else { return Ok(None) };
        let given = attempt.given.clone();
        let flies = |(place, receives): &(Place, u32)| {
            self.flights.get(*place).is_some_and(|touched| touched.flies() && touched.receives == *receives)
        };
        if attempt.until <= now.elapsed || !given.iter().all(flies) {
            return Ok(None);
        }
        let mut picked = Picked::default();
        for (place, receives) in given {
            let Some(row) = read.get(&content.message(place))? else { continue };
            let Stored { message, .. } = rows::decode_message(read, content, &row)?;
            let Some(touched) = self.flights.get(place).cloned() else { continue };
            let first_received = touched.first_received;
            self.fly_on(place, &touched, now, ask.visibility, &mut picked.changes);
            picked.taken.push(Taken { place, message, receives, first_received });
        }
        Ok(Some(picked))
    }

    fn fly_on(&mut self, place: Place, touched: &Touched, now: Moment, visibility: Duration, changes: &mut Changes) {
        let until = now.now + visibility;
        let flight = Flight {
            place,
            body: touched.body,
            receives: touched.receives,
            sent: touched.sent,
            first_received: touched.first_received,
            received: touched.received,
            until,
        };
        self.fly(flight, touched.group.clone(), now.elapsed + visibility, changes);
        changes.begun = now.elapsed;
    }

    /// A consumer is done with a message. One that has left already is no mistake.
    pub fn delete(&mut self, receipt: &Receipt, now: Moment, changes: &mut Changes) -> Result<(), Error> {
        self.land(now);
        let place = receipt.place;
        let Some(touched) = self.flights.get(place).cloned() else { return Ok(()) };
        match &mut self.line {
            // Whoever received it has done its work, even if that took too long.
            Line::Bag(bag) => bag.remove(place),
            Line::Groups(_) if touched.flies() && touched.receives == receipt.receive => {}
            Line::Groups(_) => return Err(Error::ExpiredReceipt),
        }
        self.leave(place, touched.body, touched.group, changes);
        Ok(())
    }

    /// Gives a message in flight another deadline, counted from now.
    ///
    /// Source: Amazon SQS API model, ChangeMessageVisibility: more than what is left of twelve hours is an error (read
    /// 2026-11-24); they count from the receive (aws/aws-sdk-net issue 794, read 2026-11-24).
    pub fn change_visibility(
        &mut self,
        receipt: &Receipt,
        now: Moment,
        visibility: Duration,
        changes: &mut Changes,
    ) -> Result<(), Error> {
        self.land(now);
        let touched = self.flights.get(receipt.place).cloned().ok_or(Error::NotInFlight)?;
        if !touched.flies() || touched.receives != receipt.receive {
            return Err(Error::NotInFlight);
        }
        if !visibility.is_zero() && now.now.since(touched.received) + visibility > VISIBILITY_MAX {
            return Err(Error::HiddenTooLong { asked: visibility });
        }
        self.fly_on(receipt.place, &touched, now, visibility, changes);
        Ok(())
    }

    /// Takes visible messages away from the queue, whatever became of them: for a move task.
    pub fn take_away(&mut self, read: &mut impl Read, seen: Seen<'_>, max: usize) -> Result<Picked, Error> {
        let Seen { content, now, .. } = seen;
        self.land(now);
        let mut picked = Picked::default();
        let mut turn = Turn::default();
        while picked.dead.len() < max {
            let Some((place, row)) = self.next(read, content, now, &mut turn)? else { break };
            let Stored { message, body } = rows::decode_message(read, content, &row)?;
            let group = message.group.as_deref().map(Arc::from);
            self.leave(place, body, group, &mut picked.changes);
            picked.dead.push(Left { place, message, past: None });
        }
        Ok(picked)
    }

    pub fn counts(&mut self, read: &mut impl Read, seen: Seen<'_>) -> Result<Counts, Error> {
        let Seen { content, settings, now } = seen;
        self.land(now);
        let delayed = match &mut self.line {
            Line::Bag(bag) => bag.delayed(read, content, &self.flights, now)?,
            Line::Groups(_) if settings.delay.is_zero() => 0,
            Line::Groups(groups) => groups.delayed(read, content, &self.flights, now)?,
        };
        let mut all = -self.removed;
        for log in [Log::Now, Log::Later] {
            all += read.get(&content.log(log))?.and_then(|row| counter(&row)).unwrap_or(0);
        }
        let all = u64::try_from(all).unwrap_or(0);
        let (in_flight, delayed) = (self.flights.flying() as u64, delayed as u64);
        Ok(Counts { visible: all.saturating_sub(in_flight + delayed), in_flight, delayed })
    }

    /// When something becomes visible without anybody's doing.
    pub fn next_change(&self) -> Option<Duration> {
        let due = match &self.line {
            Line::Bag(bag) => bag.next_due(),
            Line::Groups(groups) => groups.next_due(),
        };
        due.into_iter().chain(self.flights.next_deadline()).min()
    }

    /// Gives back memory that only saves time.
    pub fn rest(&mut self) {
        if let Line::Bag(bag) = &mut self.line {
            bag.rest();
        }
    }

    fn land(&mut self, now: Moment) {
        for place in self.flights.land(now.elapsed) {
            let group = self.flights.get(place).and_then(|touched| touched.group.clone());
            match (&mut self.line, group) {
                (Line::Bag(bag), _) => bag.put_back(place),
                (Line::Groups(groups), Some(name)) => groups.put_back(place, &name),
                (Line::Groups(_), None) => {}
            }
        }
    }
}
