//! Messages that a queue has kept for long enough leave.
//!
//! Start reading at [`has_old`], which looks at rows only: a queue that keeps nothing for too long is not read into memory
//! for it. Messages lie in each log by age, but for dead letters, which keep their age; those are looked at again when
//! they are received.

use std::sync::Arc;

use store::{Order, Read, Timestamp};

use super::super::error::Error;
use super::super::flights::Touched;
use super::super::queues::Seen;
use super::super::rows::{self, Content, Log, Place, Stored};
use super::super::settings::Settings;
use super::{Changes, Lane, Line};

/// Rows of a log that are read at once.
const PAGE_ROWS: usize = 32;

/// Whether the oldest message of a log is too old.
pub fn has_old(read: &mut impl Read, content: &Content, settings: &Settings, now: Timestamp) -> Result<bool, Error> {
    for log in [Log::Now, Log::Later] {
        if let Some((_, row)) = read.scan(content.messages_from(log, 0), Order::Forward, 1)?.first()
            && settings.is_too_old(rows::decode_message(read, content, row)?.message.sent, now)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Lane {
    /// Messages that are older than the queue keeps them leave, `max` at most.
    pub fn expire(&mut self, read: &mut impl Read, seen: Seen<'_>, max: usize) -> Result<Changes, Error> {
        self.land(seen.now);
        let mut changes = Changes::default();
        self.expire_touched(seen, max, &mut changes);
        for log in [Log::Now, Log::Later] {
            self.expire_untouched(read, seen, log, max, &mut changes)?;
        }
        Ok(changes)
    }

    fn expire_touched(&mut self, seen: Seen<'_>, max: usize, changes: &mut Changes) {
        let old = |touched: &Touched| !touched.flies() && seen.settings.is_too_old(touched.sent, seen.now.now);
        let touched: Vec<(Place, Touched)> =
            self.flights.touched().filter(|(_, touched)| old(touched)).map(|(p, t)| (p, t.clone())).take(max).collect();
        for (place, touched) in touched {
            match (&mut self.line, &touched.group) {
                (Line::Bag(bag), _) => bag.remove(place),
                (Line::Groups(groups), Some(name)) => groups.hold(place, name),
                (Line::Groups(_), None) => {}
            }
            self.leave(place, touched.body, touched.group, changes);
        }
    }

    fn expire_untouched(
        &mut self,
        read: &mut impl Read,
        seen: Seen<'_>,
        log: Log,
        max: usize,
        changes: &mut Changes,
    ) -> Result<(), Error> {
        let Seen { content, settings, now } = seen;
        let mut range = content.messages_from(log, 0);
        while changes.deleted.len() < max {
            let page = read.scan(range.clone(), Order::Forward, PAGE_ROWS)?;
            let Some((last, _)) = page.last() else { break };
            range = range.after(last);
            for (key, row) in page {
                let place = Place { log, number: content.number(log, &key)? };
                if self.flights.get(place).is_some() || changes.deleted.iter().any(|(gone, _)| *gone == place) {
                    continue;
                }
                let Stored { message, body } = rows::decode_message(read, content, &row)?;
                if !settings.is_too_old(message.sent, now.now) {
                    return Ok(());
                }
                let group = self.pass_over(place, message.group.as_deref().map(Arc::from));
                self.leave(place, body, group, changes);
            }
        }
        Ok(())
    }

    /// Nobody is given this message any more. Gives the group that holds it until it has left.
    fn pass_over(&mut self, place: Place, group: Option<Arc<str>>) -> Option<Arc<str>> {
        match (&mut self.line, group) {
            (Line::Bag(bag), _) => {
                bag.pass_over(place);
                None
            }
            (Line::Groups(groups), Some(name)) if groups.knows(place.number) => {
                groups.hold(place, &name);
                Some(name)
            }
            (Line::Groups(groups), _) => {
                groups.skip(place.number);
                None
            }
        }
    }
}
