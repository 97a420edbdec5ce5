//! What led to an event.

use serde::{Deserialize, Serialize};

use crate::run::{RequestId, Trace};
use crate::trace;

/// Kept with every event, so that a chain of events can be followed back, and broken when it does not end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The place in a trace from which the event was sent.
    #[serde(with = "w3c", default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// The request that sent it.
    #[serde(with = "request_id", default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// How many events came before it in its chain.
    #[serde(default)]
    pub depth: u32,
}

mod w3c {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Trace, trace};

    pub fn serialize<S: Serializer>(trace: &Option<Trace>, out: S) -> Result<S::Ok, S::Error> {
        trace.as_ref().map(trace::render_w3c).serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Trace>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.and_then(|text| trace::parse_w3c(&text)))
    }
}

mod request_id {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::RequestId;

    pub fn serialize<S: Serializer>(id: &Option<RequestId>, out: S) -> Result<S::Ok, S::Error> {
        id.as_ref().map(|id| &id.0).serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<RequestId>, D::Error> {
        Ok(Option::<Box<str>>::deserialize(from)?.map(RequestId))
    }
}
