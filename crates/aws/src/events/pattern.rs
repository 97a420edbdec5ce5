//! TestEventPattern: whether a pattern matches an event.

use serde_json::Value;
use services::pattern::Pattern;

use super::refusal::{bad_pattern, invalid};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::events as shapes;

/// What an event must have. `resources` may be missing, whatever the documentation says.
const REQUIRED: [&str; 6] = ["id", "account", "source", "time", "region", "detail-type"];

pub async fn test(_: Call, input: shapes::TestEventPatternRequest) -> Result<shapes::TestEventPatternResponse, Error> {
    let event: Value = serde_json::from_str(&input.event).map_err(|_| bad_event())?;
    if REQUIRED.iter().any(|name| event.get(name).is_none()) {
        return Err(bad_event());
    }
    let pattern = Pattern::parse(&input.event_pattern).map_err(|reason| bad_pattern(&reason))?;
    Ok(shapes::TestEventPatternResponse { result: Some(pattern.matches(&event)) })
}

fn bad_event() -> Error {
    invalid("Parameter Event is not valid.")
}
