//! Events sent to a stream.

use services::log::put::{self, NewEvent, Rejected};
use store::Timestamp;

use super::{group, invalid, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::logs as shapes;

/// A batch, with this much for each event beside its text; how far apart its events may be, in milliseconds.
///
/// Source: CloudWatch Logs API reference, `PutLogEvents` (read 2026-11-24).
const BATCH_BYTES_MAX: usize = 1_048_576;
const EVENT_OVERHEAD_BYTES: usize = 26;
const BATCH_SPAN_MILLIS_MAX: i64 = 24 * 3600 * 1000;
/// Such a batch as JSON: a text may have each of its bytes escaped.
pub const BODY_BYTES_MAX: usize = 8 * BATCH_BYTES_MAX;

pub fn put_log_events(call: Call, input: shapes::PutLogEventsRequest) -> Result<shapes::PutLogEventsResponse, Error> {
    let events = input.log_events;
    let bytes: usize = events.iter().map(|event| event.message.len() + EVENT_OVERHEAD_BYTES).sum();
    if bytes > BATCH_BYTES_MAX {
        return Err(invalid("Upload too large: the maximum batch size is 1048576 bytes."));
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    if let (Some(first), Some(last)) = (events.first(), events.last())
        && last.timestamp.saturating_sub(first.timestamp) > BATCH_SPAN_MILLIS_MAX
    {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    let group = group::named(&call, &input.log_group_name);
    let new =
        |event: shapes::InputLogEvent| NewEvent { at: Timestamp::from_millis(event.timestamp), text: event.message };
    let events: Vec<NewEvent> = events.into_iter().map(new).collect();
    let store = call.services.store();
    let rejected = put::put(store, &group, &input.log_stream_name, &events).map_err(refuse)?;
    Ok(shapes::PutLogEventsResponse {
        // Ignored since 2023, but clients of before send it back.
        next_sequence_token: Some(format!("{:056}", store.clock().millis())),
        rejected_log_events_info: (rejected != Rejected::default()).then(|| told(rejected)),
        rejected_entity_info: None,
    })
}

fn told(rejected: Rejected) -> shapes::RejectedLogEventsInfo {
    let number = |number: Option<usize>| number.and_then(|number| i32::try_from(number).ok());
    shapes::RejectedLogEventsInfo {
        too_new_log_event_start_index: number(rejected.too_new_from),
        too_old_log_event_end_index: number(rejected.too_old_until),
        expired_log_event_end_index: number(rejected.expired_until),
    }
}
