//! Request bodies, read whole and never beyond a bound: each has its own, and all that are being read have one together.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use services::run::Body;

use crate::error::{self, Error};

/// What all bodies that are being read may hold in memory, in bytes: whoever may send bodies to many connections at once
/// gets refusals, and the machine keeps its memory.
const HELD_BYTES_MAX: usize = 512 * 1024 * 1024;

static BODIES: Budget = Budget { bytes_max: HELD_BYTES_MAX, held: AtomicUsize::new(0) };

/// Reads a body to its end, or refuses it as soon as it is known to be longer than `bytes_max`. `operation` is for the
/// refusal.
pub async fn read(body: Body, bytes_max: usize, operation: &str) -> Result<Bytes, Error> {
    read_within(&BODIES, body, bytes_max, operation).await
}

async fn read_within(budget: &Budget, mut body: Body, bytes_max: usize, operation: &str) -> Result<Bytes, Error> {
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large(bytes_max, operation));
    }
    let mut all = BytesMut::new();
    let mut held = Held { budget, bytes: 0 };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            error::BODY_UNREADABLE.with(format!("The request body could not be read to its end: {error}"))
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if all.len() + data.len() > bytes_max {
            return Err(too_large(bytes_max, operation));
        }
        held.grow(data.len())?;
        all.extend_from_slice(&data);
    }
    Ok(all.freeze())
}

struct Budget {
    bytes_max: usize,
    held: AtomicUsize,
}

/// One body's part of the budget, given back when it has been read or given up.
struct Held<'a> {
    budget: &'a Budget,
    bytes: usize,
}

impl Held<'_> {
    fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        self.bytes += bytes;
        match self.budget.held.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.budget.bytes_max {
            true => Ok(()),
            false => Err(error::SERVICE_UNAVAILABLE.with("Too many request bodies are being read: try again later.")),
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn too_large(bytes_max: usize, operation: &str) -> Error {
    // Lambda's own name of what its API calls Invoke, as in the refusals that people report (read 2026-11-24).
    let operation = if operation == "Invoke" { "InvokeFunction" } else { operation };
    error::REQUEST_ENTITY_TOO_LARGE
        .with(format!("Request must be smaller than {bytes_max} bytes for the {operation} operation"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::whole;

    #[tokio::test]
    async fn bodies_that_are_read_at_one_time_have_a_bound_together() {
        let budget = Budget { bytes_max: 10, held: AtomicUsize::new(0) };
        let body = || whole(Bytes::from_static(b"123456"));
        let mut first = Held { budget: &budget, bytes: 0 };
        first.grow(6).expect("there is room for one");
        assert!(read_within(&budget, body(), 6, "Invoke").await.is_err());
        drop(first);
        assert!(read_within(&budget, body(), 6, "Invoke").await.is_ok());
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
    }
}
