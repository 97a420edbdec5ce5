//! A record of the journal: some events of one invocation.
//!
//! Layout 1: the byte 1, the trace (16 bytes), the request id (a length byte, then text), then the events, each as
//! milliseconds after the record's own time (u32, little endian), length (u32) and text.

use std::ops::RangeInclusive;

use store::Timestamp;

const LAYOUT: u8 = 1;
const EVENT_HEAD_BYTES: usize = 8;

/// Builds a record, event by event.
pub(super) struct Builder {
    begun: Timestamp,
    /// Of the last event.
    last: Timestamp,
    bytes: Vec<u8>,
    head_bytes: usize,
}

impl Builder {
    pub fn new(begun: Timestamp, trace: &[u8; 16], request_id: &str, capacity: usize) -> Builder {
        let id = &request_id.as_bytes()[..request_id.len().min(usize::from(u8::MAX))];
        let mut bytes = Vec::with_capacity(capacity);
        bytes.push(LAYOUT);
        bytes.extend_from_slice(trace);
        bytes.push(u8::try_from(id.len()).expect("cut to 255"));
        bytes.extend_from_slice(id);
        Builder { begun, last: begun, head_bytes: bytes.len(), bytes }
    }

    /// Adds an event whose text `write` appends. Returns the text.
    pub fn event(&mut self, at: Timestamp, write: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        self.last = self.last.max(at);
        let delay = u32::try_from(at.since(self.begun).as_millis()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&delay.to_le_bytes());
        let length_at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        let text_at = self.bytes.len();
        write(&mut self.bytes);
        let length = u32::try_from(self.bytes.len() - text_at).expect("events are bounded far below 4 GiB");
        self.bytes[length_at..text_at].copy_from_slice(&length.to_le_bytes());
        &self.bytes[text_at..]
    }

    pub fn times(&self) -> RangeInclusive<Timestamp> {
        self.begun..=self.last
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.len() == self.head_bytes
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Begins a new record of the same invocation in the same memory.
    pub fn restart(&mut self, begun: Timestamp) {
        (self.begun, self.last) = (begun, begun);
        self.bytes.truncate(self.head_bytes);
    }
}

/// A record that is read.
pub(super) struct Record<'a> {
    pub trace: [u8; 16],
    pub request_id: &'a str,
    begun: Timestamp,
    events: &'a [u8],
}

impl<'a> Record<'a> {
    /// `None` for bytes that are no record of this layout.
    pub fn parse(begun: Timestamp, bytes: &'a [u8]) -> Option<Record<'a>> {
        let rest = bytes.strip_prefix(&[LAYOUT])?;
        let (trace, rest) = rest.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first()?;
        let (id, events) = rest.split_at_checked(usize::from(*length))?;
        Some(Record { trace: *trace, request_id: std::str::from_utf8(id).ok()?, begun, events })
    }

    /// Each event's time and text. Stops at damage.
    pub fn events(&self) -> impl Iterator<Item = (Timestamp, &'a [u8])> {
        let (begun, mut rest) = (self.begun, self.events);
        std::iter::from_fn(move || {
            let (head, after) = rest.split_first_chunk::<EVENT_HEAD_BYTES>()?;
            let [delay, length] =
                [&head[..4], &head[4..]].map(|part| u32::from_le_bytes(part.try_into().expect("half of eight bytes")));
            let (text, after) = after.split_at_checked(length as usize)?;
            rest = after;
            Some((begun + std::time::Duration::from_millis(delay.into()), text))
        })
    }
}
