//! What a function URL answers when nothing ran.

use http::{HeaderValue, Response};
use services::function::Unroutable;
use services::invoke::{self, Throttle};
use services::run::Body;

use crate::error::{self, Error, Kind};
use crate::protocol::respond;
use crate::shapes::lambda::error as lambda;

const fn capital(code: &'static str, status: u16) -> Kind {
    Kind { code, status, message: "Message", typed: false }
}

// Codes and texts: answers of function URLs quoted in public issue threads (read 2026-11-24).
static FORBIDDEN: Kind = capital("AccessDeniedException", 403);
static NOT_FOUND: Kind = capital("ResourceNotFoundException", 404);
static UNAVAILABLE: Kind = capital("ServiceUnavailableException", 503);

pub fn forbidden() -> Error {
    FORBIDDEN.with(
        "Forbidden. For troubleshooting Function URL authorization issues, see: \
         https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
    )
}

/// No such URL. Lambda says nothing about it, in just this way.
pub fn absent() -> Response<Body> {
    let mut response = respond(404, "application/json", "{\"Message\":null}");
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(NOT_FOUND.code));
    response
}

pub fn no_room(cause: &str) -> Error {
    tracing::warn!(cause, "no room for another environment");
    UNAVAILABLE.with("Service Unavailable")
}

pub fn not_run(error: invoke::Error) -> Error {
    match error {
        invoke::Error::Unroutable(Unroutable::Absent) => NOT_FOUND.with("Function not found"),
        invoke::Error::Unroutable(Unroutable::Pending) => lambda::RESOURCE_CONFLICT_EXCEPTION.with(
            "The operation cannot be performed at this time. The function is currently in the following state: Pending",
        ),
        invoke::Error::Unroutable(Unroutable::Failed(reason)) => {
            tracing::warn!(reason = reason.text, "a function that could not be created was called");
            error::INTERNAL_FAILURE.with("Internal Server Error")
        }
        invoke::Error::Throttled(throttle) => lambda::TOO_MANY_REQUESTS_EXCEPTION.with("Rate Exceeded.").field(
            "Reason",
            match throttle {
                Throttle::Reserved => "ReservedFunctionConcurrentInvocationLimitExceeded",
                Throttle::Total => "ConcurrentInvocationLimitExceeded",
            },
        ),
        invoke::Error::NotPrepared(cause) => Error::internal(&cause),
        invoke::Error::Stopping => UNAVAILABLE.with("Service Unavailable"),
    }
}
