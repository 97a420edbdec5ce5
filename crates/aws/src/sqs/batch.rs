//! What all batch requests have in common: entries with ids of their own, each with its own outcome.

use std::collections::HashSet;

use crate::error::Error;
use crate::shapes::sqs::{BatchResultErrorEntry, error};

/// Source: Amazon SQS developer guide, "Amazon SQS message quotas" (read 2026-11-24).
const ENTRIES_MAX: usize = 10;
/// Source: Amazon SQS API model, SendMessageBatchRequestEntry (read 2026-11-24).
const ID_LETTERS_MAX: usize = 80;

/// Refuses a batch as a whole: by how many entries it has, and by their ids.
pub fn check<'a>(kind: &str, ids: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Error> {
    match ids.len() {
        0 => {
            return Err(error::EMPTY_BATCH_REQUEST.with(format!("There should be at least one {kind} in the request.")));
        }
        1..=ENTRIES_MAX => {}
        count => {
            return Err(error::TOO_MANY_ENTRIES_IN_BATCH_REQUEST
                .with(format!("Maximum number of entries per request are {ENTRIES_MAX}. You have sent {count}.")));
        }
    }
    let mut seen = HashSet::new();
    for id in ids {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if !(1..=ID_LETTERS_MAX).contains(&id.len()) || !id.chars().all(allowed) {
            return Err(error::INVALID_BATCH_ENTRY_ID.with(
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
                 It can be at most 80 letters long.",
            ));
        }
        if !seen.insert(id) {
            return Err(error::BATCH_ENTRY_IDS_NOT_DISTINCT.with(format!("Id {id} repeated.")));
        }
    }
    Ok(())
}

/// An entry that failed. Its code is the Query protocol's, in JSON too.
pub fn failed(id: String, error: &Error) -> BatchResultErrorEntry {
    BatchResultErrorEntry {
        id,
        sender_fault: error.kind.status < 500,
        code: super::OLDER.error(error.kind.code).0.to_owned(),
        message: Some(error.message.clone().into_owned()),
    }
}

/// A list of outcomes as answers have it: nothing where there are none.
pub fn some<T>(outcomes: Vec<T>) -> Option<Vec<T>> {
    (!outcomes.is_empty()).then_some(outcomes)
}
