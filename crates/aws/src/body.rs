//! Request bodies, read whole and never beyond a bound.

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use services::run::Body;

use crate::error::{self, Error};

/// Reads a body to its end, or refuses it as soon as it is known to be longer than `bytes_max`. `operation` is for the
/// refusal.
pub async fn read(mut body: Body, bytes_max: usize, operation: &str) -> Result<Bytes, Error> {
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large(bytes_max, operation));
    }
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            error::BODY_UNREADABLE.with(format!("The request body could not be read to its end: {error}"))
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if all.len() + data.len() > bytes_max {
            return Err(too_large(bytes_max, operation));
        }
        all.extend_from_slice(&data);
    }
    Ok(all.freeze())
}

fn too_large(bytes_max: usize, operation: &str) -> Error {
    // Lambda's own name of what its API calls Invoke, as in the refusals that people report (read 2026-11-24).
    let operation = if operation == "Invoke" { "InvokeFunction" } else { operation };
    error::REQUEST_ENTITY_TOO_LARGE
        .with(format!("Request must be smaller than {bytes_max} bytes for the {operation} operation"))
}
