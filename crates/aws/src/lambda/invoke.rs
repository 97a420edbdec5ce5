//! Invoke: run a function and answer with what it answers, or note down that it is to be run.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::IgnoredAny;
use services::delivery::{self, Cause, Envelopes as _, InvokeLater};
use services::function::Unroutable;
use services::invoke::{self, Invoked, Throttle};
use services::run::{Failure, Output, Payload};

use super::arn::Target;
use super::envelope::Envelopes;
use super::refusal::{conflict, not_found, state_text, unavailable};
use crate::call::{Call, caller_trace};
use crate::error::{self, Error};
use crate::shapes::lambda as shapes;
use crate::shapes::lambda::error::{
    INVALID_REQUEST_CONTENT_EXCEPTION, RESOURCE_NOT_READY_EXCEPTION, SERVICE_EXCEPTION, TOO_MANY_REQUESTS_EXCEPTION,
};

/// Largest event of a synchronous invocation (6 MiB). Source: Lambda quotas, "Invocation payload" (read 2026-11-24).
pub const PAYLOAD_BYTES_MAX: usize = 6_291_456;

/// What a plain Invoke is as a CloudEvent.
const EVENT_KIND: &str = "nought.invoke";

pub async fn invoke(call: Call, input: shapes::InvocationRequest) -> Result<shapes::InvocationResponse, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    match input.invocation_type.as_deref() {
        Some("DryRun") => dry_run(&call, &target),
        Some("Event") => later(&call, target, input).await,
        Some(_) | None => now(&call, target, input).await,
    }
}

/// Whether it could be run.
fn dry_run(call: &Call, target: &Target) -> Result<shapes::InvocationResponse, Error> {
    match call.services.routes().resolve(&target.id, target.qualifier.as_ref(), 0) {
        Err(Unroutable::Absent) => Err(absent(call, target)),
        Ok(_) | Err(Unroutable::Pending | Unroutable::Failed(_)) => Ok(answer(204)),
    }
}

async fn later(
    call: &Call,
    target: Target,
    input: shapes::InvocationRequest,
) -> Result<shapes::InvocationResponse, Error> {
    let given = input.payload.len();
    if given > delivery::PAYLOAD_BYTES_MAX {
        return Err(error::REQUEST_ENTITY_TOO_LARGE.with(format!(
            "{given} byte payload is too large for the Event invocation type (limit {} bytes)",
            delivery::PAYLOAD_BYTES_MAX
        )));
    }
    let later = InvokeLater {
        function: target.id.clone(),
        qualifier: target.qualifier.clone(),
        document: document(input.payload)?,
        kind: EVENT_KIND.into(),
        source: target.arn(call).into(),
        client_context: client_context(input.client_context.as_deref())?,
        // As in Lambda, the answer's id is the one that the function sees and logs.
        request_id: Some(call.request_id.clone()),
        cause: Cause { trace: caller_trace(&call.headers), request: Some(call.request_id.clone()), depth: 0 },
    };
    match call.services.invoke_later(later).await {
        Ok(_) => Ok(answer(202)),
        Err(delivery::Error::Unroutable(unroutable)) => Err(refuse(call, &target, unroutable)),
        Err(error) => Err(unavailable(&error)),
    }
}

async fn now(
    call: &Call,
    target: Target,
    input: shapes::InvocationRequest,
) -> Result<shapes::InvocationResponse, Error> {
    let source = target.arn(call).into();
    let invoke = invoke::Invoke {
        account: target.id.scope.account.clone(),
        region: target.id.scope.region.clone(),
        name: target.id.name.clone(),
        qualifier: target.qualifier.clone(),
        choice: None,
        payload: Payload::Event { document: document(input.payload)?, kind: EVENT_KIND.into(), source },
        trace: caller_trace(&call.headers),
        client_context: client_context(input.client_context.as_deref())?,
        request_id: Some(call.request_id.clone()),
        tail: input.log_type.as_deref() == Some("Tail"),
    };
    match call.services.invoke(invoke).await {
        Ok(invoked) => answered(invoked).await,
        Err(error) => Err(refused(call, &target, error)),
    }
}

async fn answered(invoked: Invoked) -> Result<shapes::InvocationResponse, Error> {
    let (payload, failed) = match invoked.answer.outcome {
        Ok(Output::Document(document)) => (document, false),
        Ok(Output::Http(_)) => return Err(Error::internal(&"an event was answered with an HTTP response")),
        Err(Failure::Function { document }) => (document, true),
        Err(Failure::ResponseTooLarge { bytes_max, .. }) => (Envelopes.response_too_large(bytes_max), true),
        Err(Failure::NoRoom(text)) => {
            tracing::warn!(%text, "no room for an environment");
            return Err(throttled("ConcurrentInvocationLimitExceeded"));
        }
        Err(Failure::Platform(text)) => {
            tracing::error!(%text, "an invocation failed in the platform");
            return Err(SERVICE_EXCEPTION.with("An error occurred and the request cannot be processed."));
        }
    };
    let log_result = match invoked.tail {
        Some(tail) => Some(STANDARD.encode(tail.ended().await)),
        None => None,
    };
    Ok(shapes::InvocationResponse {
        function_error: failed.then(|| "Unhandled".to_owned()),
        log_result,
        payload,
        executed_version: Some(invoked.executed_version.to_string()),
        ..answer(200)
    })
}

fn answer(status: i32) -> shapes::InvocationResponse {
    shapes::InvocationResponse { status_code: Some(status), ..Default::default() }
}

/// The event: JSON, `{}` where there is none.
fn document(payload: Bytes) -> Result<Bytes, Error> {
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    // What is ignored is not looked at as text: that it is UTF-8 has to be seen first.
    let parsed = match std::str::from_utf8(&payload) {
        Ok(text) => serde_json::from_str::<IgnoredAny>(text).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match parsed {
        Ok(IgnoredAny) => Ok(payload),
        Err(error) => Err(INVALID_REQUEST_CONTENT_EXCEPTION
            .with(format!("Could not parse request body into json: Could not parse payload into json: {error}"))),
    }
}

/// The JSON of a client context, which travels as base64.
fn client_context(header: Option<&str>) -> Result<Option<Box<str>>, Error> {
    let Some(header) = header.filter(|header| !header.is_empty()) else { return Ok(None) };
    let text = STANDARD.decode(header).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match text.filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()) {
        Some(text) => Ok(Some(text.into())),
        None => {
            Err(INVALID_REQUEST_CONTENT_EXCEPTION.with("Client context must be a valid Base64-encoded JSON object."))
        }
    }
}

fn refused(call: &Call, target: &Target, error: invoke::Error) -> Error {
    match error {
        invoke::Error::Unroutable(unroutable) => refuse(call, target, unroutable),
        invoke::Error::Throttled(Throttle::Reserved) => throttled("ReservedFunctionConcurrentInvocationLimitExceeded"),
        invoke::Error::Throttled(Throttle::Total) => throttled("ConcurrentInvocationLimitExceeded"),
        invoke::Error::NotPrepared(error) => RESOURCE_NOT_READY_EXCEPTION.with(error.to_string()),
        invoke::Error::Stopping => error::SERVICE_UNAVAILABLE.with("Service is shutting down. Please try again later."),
    }
}

fn refuse(call: &Call, target: &Target, unroutable: Unroutable) -> Error {
    match unroutable {
        Unroutable::Absent => absent(call, target),
        Unroutable::Pending => conflict(state_text("Pending")),
        Unroutable::Failed(_) => conflict(state_text("Failed")),
    }
}

fn absent(call: &Call, target: &Target) -> Error {
    not_found(format!("Function not found: {}", target.arn(call)))
}

fn throttled(reason: &'static str) -> Error {
    TOO_MANY_REQUESTS_EXCEPTION.with("Rate Exceeded.").field("Reason", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_json_in_utf_8() {
        for (payload, taken) in [(&b"\"\xc3\xa9\""[..], true), (b"\"\xff\"", false), (b"{", false), (b"", true)] {
            assert_eq!(document(Bytes::copy_from_slice(payload)).is_ok(), taken, "{}", payload.escape_ascii());
        }
    }
}
