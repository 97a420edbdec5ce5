//! Timers: each fires once its time has come, in the commit that sets its next time.

use std::time::Duration;

use bytes::Bytes;
use store::{Range, ShardId, Snapshot, Timestamp, Tx};

use super::feed::Feed;
use super::receiver::{Address, Dispatch, Receivers, Sender};
use super::{Cause, Delivered, Error};
use crate::bus::event::{Event, iso};
use crate::bus::input::Firing;
use crate::bus::{RuleId, archive, replay, rule};
use crate::random;
use crate::schedule::{self, Fired, ScheduleId};
use crate::services::Services;
use crate::timer::rows::{self, Timer, What};

/// From here on a timer says that it was late: the service promises a minute (EventBridge Scheduler User Guide,
/// "Schedule types", read 2026-11-24).
const LATE: Duration = Duration::from_secs(60);

pub(super) struct Timers {
    receivers: Receivers,
}

impl Timers {
    pub fn new(services: Services) -> Timers {
        Timers { receivers: Receivers::new(services) }
    }

    fn fire_rule(&self, tx: &mut Tx, id: &RuleId, due: Timestamp) -> Result<(), Error> {
        let Some(rule) = rule::fire(tx, id, due)? else { return Ok(()) };
        let event = random::uuid(tx.random());
        let event = Event {
            id: &event,
            detail_type: "Scheduled Event",
            source: "aws.events",
            scope: &id.bus.scope,
            at: due,
            resources: std::slice::from_ref(&rule.arn),
            detail: "{}",
        };
        let document = event.document().expect("an empty object is JSON");
        let firing = Firing { rule_arn: &rule.arn, rule_name: id.name.as_str(), received: &iso(due) };
        for target in &rule.targets {
            self.receivers.send(
                tx,
                &Dispatch {
                    to: Address::of(target),
                    sender: Sender::Rule(&rule.arn),
                    document: target.input.render(&document, &firing),
                    kind: event.detail_type,
                    source: event.source,
                    cause: &Cause::default(),
                },
            )?;
        }
        Ok(())
    }

    fn fire_schedule(&self, tx: &mut Tx, id: &ScheduleId, timer: Timestamp) -> Result<(), Error> {
        let Some(Fired { schedule, due }) = schedule::fire(tx, id, timer)? else { return Ok(()) };
        let target = &schedule.settings.target;
        let execution = random::uuid(tx.random());
        let given = target.document.as_ref().or(target.input.as_ref());
        let given = given.map(|text| {
            text.replace("<aws.scheduler.schedule-arn>", &schedule.arn)
                .replace("<aws.scheduler.scheduled-time>", &iso(due))
                .replace("<aws.scheduler.execution-id>", &execution)
                .replace("<aws.scheduler.attempt-number>", "1")
        });
        let (kind, source) = match &target.event {
            Some(head) => (head.detail_type.as_str(), head.source.as_str()),
            None => ("Scheduled Event", "aws.scheduler"),
        };
        let event = |detail: &str| {
            let event = Event {
                id: &execution,
                detail_type: kind,
                source,
                scope: &id.group.scope,
                at: due,
                resources: std::slice::from_ref(&schedule.arn),
                detail,
            };
            event.document()
        };
        // Where nothing is given, the service's own event is: its detail is a text.
        let document = match (given, &target.event) {
            (Some(text), None) => Some(Bytes::from(text)),
            (Some(text), Some(_)) => event(&text),
            (None, Some(_)) => event("{}"),
            (None, None) => event("\"{}\""),
        };
        let Some(document) = document else {
            tracing::warn!(what = %id, "an event is dropped: its detail is not JSON");
            return Ok(());
        };
        let to = Address {
            arn: &target.arn,
            receiver: &target.receiver,
            group: target.group.as_deref(),
            retry: Some(&target.retry),
            dead_letter: target.dead_letter.as_ref().map(|dead_letter| &dead_letter.queue),
        };
        let sender = Sender::Schedule { arn: &schedule.arn, due };
        self.receivers.send(tx, &Dispatch { to, sender, document, kind, source, cause: &Cause::default() })
    }
}

impl Feed for Timers {
    type Item = Timer;

    fn rows() -> Vec<u8> {
        rows::all()
    }

    fn scan(read: &mut Snapshot, range: Range, limit: usize) -> Result<Vec<Timer>, Error> {
        Ok(rows::scan(read, range, limit)?)
    }

    fn key(timer: &Timer) -> Vec<u8> {
        timer.key()
    }

    fn due(timer: &Timer) -> Timestamp {
        timer.due
    }

    fn shard(timer: &Timer) -> ShardId {
        timer.shard()
    }

    fn bytes(_: &Timer) -> usize {
        Receivers::OVERHEAD_BYTES
    }

    fn pass_on(&self, tx: &mut Tx, timer: &Timer, _: &Delivered, _: &mut usize) -> Result<(), Error> {
        if !timer.is_set(tx)? {
            return Ok(()); // unset since it was claimed
        }
        let late = tx.now().since(timer.due);
        if late > LATE {
            tracing::warn!(what = %timer.what, ?late, "a timer fires late");
        }
        timer.unset(tx);
        match &timer.what {
            What::Rule(id) => self.fire_rule(tx, id, timer.due),
            What::Schedule(id) => self.fire_schedule(tx, id, timer.due),
            What::Archive(id) => Ok(archive::sweep(tx, id, timer.due)?),
            What::Replay(id) => Ok(replay::go_on(tx, id, timer.due)?),
        }
    }
}
