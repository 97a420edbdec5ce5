//! PutEvents: each entry is an event on a bus, or is refused on its own.

use bytes::Bytes;
use serde_json::Value;
use services::bus::event::Event;
use services::bus::{self, BusId};
use services::delivery::Cause;
use services::run::RequestId;
use services::trace;
use store::Timestamp;

use super::name;
use super::refusal::{invalid, refuse};
use crate::call::{Call, caller_trace};
use crate::error::Error;
use crate::operation::Members;
use crate::shapes::events as shapes;

/// All entries together, the largest. Source: EventBridge User Guide, "Calculating PutEvents event entry size" (1 MB since
/// January 2026; 1,048,576 are taken and one more is refused; read 2026-11-24).
const ENTRIES_BYTES_MAX: usize = 1_048_576;
/// The whole request: JSON may write every byte of an entry as six.
pub const BODY_BYTES_MAX: usize = 8 * ENTRIES_BYTES_MAX;
/// What an entry's time counts. Source: as above.
const TIME_BYTES: usize = 14;
/// Sources that begin so are the platform's.
const RESERVED_SOURCE: &str = "aws.";

/// An entry that is taken.
struct Accepted {
    id: String,
    bus: BusId,
    document: Bytes,
    cause: Cause,
}

struct Refused {
    code: &'static str,
    text: String,
}

pub async fn put(call: Call, input: shapes::PutEventsRequest) -> Result<shapes::PutEventsResponse, Error> {
    if input.entries.iter().map(size).sum::<usize>() > ENTRIES_BYTES_MAX {
        return Err(invalid("Total size of the entries in the request is over the limit."));
    }
    let now = call.services.store().clock();
    let mut entries = Vec::with_capacity(input.entries.len());
    for entry in &input.entries {
        let bus = name::bus(&call, entry.event_bus_name.as_deref());
        entries.push(accept(&call, entry, bus, now));
    }
    let put = |tx: &mut store::Tx| {
        let mut accepted = entries.iter().flatten();
        accepted.try_for_each(|event| bus::put(tx, &event.bus, &event.document, &event.cause))
    };
    call.services.transact(put).await.map_err(refuse)?;
    let failed = i32::try_from(entries.iter().filter(|entry| entry.is_err()).count());
    Ok(shapes::PutEventsResponse {
        failed_entry_count: Some(failed.map_err(|error| Error::internal(&error))?),
        entries: Some(entries.into_iter().map(answer).collect()),
    })
}

/// The bus of the first entry stands for all: a policy can tell buses apart only if an entry's bus is its own request.
pub fn bus_of_entries(call: &Call, members: &Members) -> String {
    let first = members.get("Entries").and_then(|entries| entries.get(0));
    let name = first.and_then(|entry| entry.get("EventBusName")).and_then(Value::as_str);
    name::bus_resource(call, name)
}

fn size(entry: &shapes::PutEventsRequestEntry) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let resources: usize = entry.resources.iter().flatten().map(String::len).sum();
    let time = entry.time.map_or(0, |_| TIME_BYTES);
    time + text(&entry.source) + text(&entry.detail_type) + text(&entry.detail) + resources
}

fn accept(
    call: &Call,
    entry: &shapes::PutEventsRequestEntry,
    bus: Result<BusId, Error>,
    now: Timestamp,
) -> Result<Accepted, Refused> {
    let required = |name: &str, value: &Option<String>| {
        value.clone().filter(|value| !value.is_empty()).ok_or_else(|| Refused {
            code: "InvalidArgument",
            text: format!("Parameter {name} is not valid. Reason: {name} is a required argument."),
        })
    };
    let source = required("Source", &entry.source)?;
    let detail_type = required("DetailType", &entry.detail_type)?;
    let detail = required("Detail", &entry.detail)?;
    let malformed = || Refused { code: "MalformedDetail", text: "Detail is malformed.".to_owned() };
    if !matches!(serde_json::from_str(&detail), Ok(Value::Object(_))) {
        return Err(malformed());
    }
    if source.starts_with(RESERVED_SOURCE) {
        let text = "Not authorized for the source.".to_owned();
        return Err(Refused { code: "NotAuthorizedForSourceException", text });
    }
    let bus = bus.map_err(|error| Refused { code: error.kind.code, text: error.message.into_owned() })?;
    let id = RequestId::draw().0.to_string();
    let at = entry.time.map_or(now, |seconds| Timestamp::from_millis((seconds * 1000.0) as i64));
    let event = Event {
        id: &id,
        detail_type: &detail_type,
        source: &source,
        scope: &bus.scope,
        at,
        resources: entry.resources.as_deref().unwrap_or_default(),
        detail: &detail,
    };
    let document = event.document().ok_or_else(malformed)?;
    let given = entry.trace_header.as_deref().and_then(trace::parse_xray);
    let trace = given.or_else(|| caller_trace(&call.headers));
    let cause = Cause { trace, request: Some(call.request_id.clone()), depth: 0 };
    Ok(Accepted { id, bus, document, cause })
}

fn answer(entry: Result<Accepted, Refused>) -> shapes::PutEventsResultEntry {
    match entry {
        Ok(accepted) => shapes::PutEventsResultEntry { event_id: Some(accepted.id), ..Default::default() },
        Err(refused) => shapes::PutEventsResultEntry {
            event_id: None,
            error_code: Some(refused.code.to_owned()),
            error_message: Some(refused.text),
        },
    }
}
