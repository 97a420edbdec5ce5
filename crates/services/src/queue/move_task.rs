//! Move tasks: dead letters go back to where they came from, or to another queue.
//!
//! A task is a row; what it has moved is counted in the commit that moves it. A restart goes on with what is running.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::{Order, Read, Timestamp, Tx};

use super::catalog::{each, goes_to};
use super::error::Error;
use super::lane::{Left, Picked};
use super::message::Message;
use super::name::{QueueId, in_row, in_row_or_none};
use super::queues::{Queue, Queues, UnderWay};
use super::rows::{self, Place};
use crate::random;
use crate::row;

const LAYOUT: u8 = 1;

/// Messages that are moved at once.
const STEP_MESSAGES: usize = 100;

/// Tasks that are remembered for a queue. Source: Amazon SQS API model, ListMessageMoveTasks (read 2026-11-24).
const TASKS_MAX: usize = 10;

/// How long a task waits after a step that failed before it is given up.
const RETRY: Duration = Duration::from_secs(1);
const RETRIES_MAX: usize = 5;

/// What to move.
#[derive(Debug, Clone)]
pub struct StartMove {
    pub source: QueueId,
    /// Each message's own source without it.
    pub destination: Option<QueueId>,
    pub per_second_max: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveStatus {
    Running,
    Completed,
    Cancelled,
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveTask {
    pub handle: String,
    #[serde(with = "in_row")]
    pub source: QueueId,
    #[serde(with = "in_row_or_none")]
    pub destination: Option<QueueId>,
    pub per_second_max: Option<u32>,
    pub status: MoveStatus,
    pub moved: u64,
    pub to_move: u64,
    #[serde(with = "rows::millis")]
    pub started: Timestamp,
}

impl MoveTask {
    fn key(&self) -> Vec<u8> {
        rows::move_task(&self.source, self.started, &self.handle)
    }

    fn is_active(&self) -> bool {
        self.status == MoveStatus::Running
    }
}

impl Queues {
    /// Begins to move what is in a dead-letter queue. Gives the task's handle.
    pub async fn start_move(&self, start: &StartMove) -> Result<String, Error> {
        let to_move = self.counts(&start.source).await?.visible;
        let task = self
            .store()
            .transact(|tx| {
                rows::existing(tx, &start.source)?;
                let mut is_dead_letter_queue = false;
                each(tx, rows::queues(Some(&start.source.scope)), |_, queue| {
                    is_dead_letter_queue |= goes_to(queue, &start.source);
                    !is_dead_letter_queue
                })?;
                if !is_dead_letter_queue {
                    return Err(Error::NotADeadLetterQueue);
                }
                if let Some(destination) = &start.destination {
                    rows::existing(tx, destination)?;
                }
                let before = tasks_of(tx, &start.source)?;
                if before.iter().any(MoveTask::is_active) {
                    return Err(Error::MoveRunning);
                }
                before.iter().skip(TASKS_MAX - 1).for_each(|old| tx.delete(old.key()));
                let task = MoveTask {
                    handle: random::uuid(tx.random()).into(),
                    source: start.source.clone(),
                    destination: start.destination.clone(),
                    per_second_max: start.per_second_max,
                    status: MoveStatus::Running,
                    moved: 0,
                    to_move,
                    started: tx.now(),
                };
                put(tx, &task);
                Ok(task)
            })
            .await?;
        let handle = task.handle.clone();
        self.spawn_move(task);
        Ok(handle)
    }

    /// The last tasks of a queue, newest first.
    pub fn moves(&self, source: &QueueId) -> Result<Vec<MoveTask>, Error> {
        self.store().read(|read| {
            rows::existing(read, source)?;
            tasks_of(read, source)
        })
    }

    /// Ends a task; says how much it had moved.
    pub async fn cancel_move(&self, source: &QueueId, handle: &str) -> Result<u64, Error> {
        self.store()
            .transact(|tx| {
                let tasks = tasks_of(tx, source)?;
                let mut task = tasks.into_iter().find(|task| task.handle == handle).ok_or(Error::NoSuchMove)?;
                if task.status != MoveStatus::Running {
                    return Err(Error::MoveEnded);
                }
                task.status = MoveStatus::Cancelled;
                put(tx, &task);
                Ok(task.moved)
            })
            .await
    }

    /// Goes on with what the last process was moving.
    pub(super) fn resume_moves(&self) {
        let rows = self.store().read(|read| read.scan(rows::moves(), Order::Forward, usize::MAX));
        for (_, row) in rows.unwrap_or_default() {
            match decode(&row) {
                Ok(task) if task.is_active() => self.spawn_move(task),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "a move task is not resumed"),
            }
        }
    }

    fn spawn_move(&self, task: MoveTask) {
        let queues = self.clone();
        tokio::spawn(async move { queues.move_all(task).await });
    }

    async fn move_all(&self, task: MoveTask) {
        let mut stop = self.stop();
        let mut failures = 0;
        let step = task.per_second_max.map_or(STEP_MESSAGES, |max| STEP_MESSAGES.min(max.max(1) as usize));
        let pause = task.per_second_max.map(|max| Duration::from_secs_f64(step as f64 / f64::from(max.max(1))));
        loop {
            let pause = match self.move_some(&task, step).await {
                Ok(true) => {
                    failures = 0;
                    pause.unwrap_or_default()
                }
                Ok(false) => return,
                Err(error) if failures == RETRIES_MAX => {
                    tracing::warn!(source = %task.source, %error, "a move task is given up");
                    let failed = self.end_move(&task, MoveStatus::Failed(reason(&error))).await;
                    if let Err(error) = failed {
                        tracing::warn!(source = %task.source, %error, "a move task could not be ended");
                    }
                    return;
                }
                Err(_) => {
                    failures += 1;
                    RETRY
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Moves some messages; says whether there may be more to do.
    async fn move_some(&self, task: &MoveTask, max: usize) -> Result<bool, Error> {
        let now = self.store().read(|read| tasks_of(read, &task.source))?;
        if !now.iter().any(|known| known.handle == task.handle && known.status == MoveStatus::Running) {
            return Ok(false);
        }
        let UnderWay { queue, value: picked } =
            self.with_lane(&task.source, |lane, read, seen| lane.take_away(read, seen, max))?;
        if picked.dead.is_empty() {
            queue.end(&picked.changes, true);
            self.end_move(task, MoveStatus::Completed).await?;
            return Ok(false);
        }
        let moved = self.write_moves(&queue, task, &picked).await;
        queue.end(&picked.changes, moved.is_ok());
        moved.map(|()| true)
    }

    /// Writes a step: one commit for each queue that messages go to.
    async fn write_moves(&self, queue: &Arc<Queue>, task: &MoveTask, picked: &Picked) -> Result<(), Error> {
        let mut by_target: BTreeMap<QueueId, Vec<&Left>> = BTreeMap::new();
        for left in &picked.dead {
            let target = task.destination.as_ref().or(left.message.dead_letter_source.as_ref());
            by_target.entry(target.ok_or(Error::NoMoveTarget)?.clone()).or_default().push(left);
        }
        for (target, moved) in by_target {
            let now = self.store().clock();
            let messages: Vec<Message> = moved.iter().map(|left| anew(&left.message, now)).collect();
            let places: Vec<Place> = moved.iter().map(|left| left.place).collect();
            let changes = picked.changes.deletion_of(&places);
            let (queue, task, count) = (queue.clone(), task.clone(), messages.len() as u64);
            let also = move |tx: &mut Tx| {
                queue.check(tx)?;
                changes.write(tx, &queue.content);
                count_moved(tx, &task, count)
            };
            self.carry(messages, &target, Box::new(also)).await?;
        }
        let over = picked.changes.rows_over();
        let write = |tx: &mut Tx| {
            queue.check(tx)?;
            over.write(tx, &queue.content);
            Ok(())
        };
        self.store().transact(write).await
    }

    async fn end_move(&self, task: &MoveTask, status: MoveStatus) -> Result<(), Error> {
        self.store()
            .transact(|tx| {
                let known = tasks_of(tx, &task.source)?.into_iter().find(|known| known.handle == task.handle);
                if let Some(mut known) = known.filter(MoveTask::is_active) {
                    known.status = status.clone();
                    put(tx, &known);
                }
                Ok(())
            })
            .await
    }
}

/// A message that is moved by a task is a new one, but for what it says.
///
/// Source: Amazon SQS developer guide, "Learn how to configure a dead-letter queue redrive": a new id and time (read
/// 2026-11-24).
fn anew(message: &Message, now: Timestamp) -> Message {
    let id = random::uuid(random::bytes()).into();
    Message { id, sent: now, due: now, dead_letter_source: None, past: None, ..message.clone() }
}

fn count_moved(tx: &mut Tx, task: &MoveTask, moved: u64) -> Result<(), Error> {
    if let Some(mut known) = tasks_of(tx, &task.source)?.into_iter().find(|known| known.handle == task.handle) {
        known.moved += moved;
        put(tx, &known);
    }
    Ok(())
}

/// The tasks of a queue, newest first.
fn tasks_of(read: &mut impl Read, source: &QueueId) -> Result<Vec<MoveTask>, Error> {
    let rows = read.scan(rows::moves_of(source), Order::Reverse, TASKS_MAX)?;
    rows.iter().map(|(_, row)| decode(row)).collect()
}

fn put(tx: &mut Tx, task: &MoveTask) {
    tx.put(task.key(), row::encode(LAYOUT, task));
}

fn decode(bytes: &[u8]) -> Result<MoveTask, Error> {
    Ok(row::decode("move task", LAYOUT, bytes)?)
}

/// What the owner of the queue is told.
fn reason(error: &Error) -> String {
    match error {
        Error::NoSuchQueue(_) => "AWS.SimpleQueueService.NonExistentQueue",
        Error::NoMoveTarget => "CouldNotDetermineMessageSource",
        _ => "InternalError",
    }
    .to_owned()
}
