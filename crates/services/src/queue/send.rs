//! Messages come in.

use store::Tx;

use super::error::Error;
use super::fifo::Incoming;
use super::message::{Message, NewMessage, Sent};
use super::name::QueueId;
use super::queues::Queues;
use super::rows::{self, Content, Log, Place};
use crate::random;

/// Sends a message to a standard queue within a transaction: it is there if the transaction is. A blind append, so that
/// senders do not conflict. FIFO queues take messages through [`Queues::send`] alone.
pub fn emit(tx: &mut Tx, id: &QueueId, new: &NewMessage) -> Result<Sent, Error> {
    let queue = rows::existing(tx, id)?;
    if queue.settings.fifo.is_some() {
        return Err(Error::Fifo);
    }
    let message = Message::new(new, random::uuid(tx.random()).into(), tx.now(), queue.settings.delay);
    append(tx, &Content::of(id, &queue), &message);
    Ok(Sent { id: message.id, sequence: None })
}

/// Appends a message as it is to a standard queue's content.
pub(super) fn append(tx: &mut Tx, content: &Content, message: &Message) {
    let log = if message.due > tx.now() { Log::Later } else { Log::Now };
    let row = rows::encode_message(tx, content, message);
    tx.append(content.log(log), row);
}

impl Queues {
    /// Sends messages, all or none; but a FIFO queue may refuse single ones. What a FIFO queue has been sent within
    /// [`super::DEDUPLICATION_TIME`] is not sent again: the sender is told what became of it then.
    pub async fn send(&self, id: &QueueId, messages: Vec<NewMessage>) -> Result<Vec<Result<Sent, Error>>, Error> {
        if id.name.is_fifo() {
            return self.enqueue(id, messages.into_iter().map(Incoming::New).collect(), None).await;
        }
        let emit_all = |tx: &mut Tx| messages.iter().map(|message| Ok(Ok(emit(tx, id, message)?))).collect();
        self.store().transact(emit_all).await
    }
}

/// Where a FIFO queue's message is.
pub(super) fn place(number: u64) -> Place {
    Place { log: Log::Now, number }
}
