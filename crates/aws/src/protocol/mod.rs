//! The wire forms of AWS: how a request's members are found and an answer is written.
//!
//! Start reading at [`read`], [`write`] and [`write_error`]. Shapes say where a member travels; nothing here knows
//! an operation by name.

mod json;
pub(crate) mod query;
mod rest;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use services::run::{Body, RequestId};

use self::query::Names;
use crate::error::Error;
use crate::operation::{Answering, Members, Received, Row};
use crate::shape::{Output, Protocol};

/// Finds the members of a request. `labels` come from the path.
pub fn read(protocol: Protocol, row: &Row, parts: &Parts, labels: Members, body: Bytes) -> Result<Received, Error> {
    let members = row.members;
    match protocol {
        Protocol::RestJson => rest::read(members, parts, labels, body),
        Protocol::Json { .. } => json::read(members, &body),
        Protocol::Query { maps, .. } => query::read(Names::Wrapped(maps), members, parts, &body),
        Protocol::QueryCompatible { form: true, older } => {
            query::read(Names::Older(older, row.described.name), members, parts, &body)
        }
        Protocol::QueryCompatible { form: false, .. } => json::read(members, &body),
    }
}

pub fn write<O: Output>(answering: Answering, output: O, request_id: &RequestId) -> Result<Response<Body>, Error> {
    match answering.protocol {
        Protocol::RestJson => rest::write(answering.described, output),
        Protocol::Json { version, target } => json::write(version, target, &output),
        Protocol::Query { namespace, maps, .. } => {
            query::write(namespace, Names::Wrapped(maps), answering.described, &output, request_id)
        }
        Protocol::QueryCompatible { form: true, older } => {
            let names = Names::Older(older, answering.described.name);
            query::write(older.namespace, names, answering.described, &output, request_id)
        }
        Protocol::QueryCompatible { form: false, older } => json::write(older.json_version, "", &output),
    }
}

pub fn write_error(protocol: Protocol, error: &Error, request_id: &RequestId) -> Response<Body> {
    let mut response = match protocol {
        Protocol::RestJson => rest::write_error(error),
        Protocol::Json { version, target } => json::write_error(version, target, error),
        Protocol::Query { namespace, .. } => query::write_error(namespace, error.kind.code, error, request_id),
        Protocol::QueryCompatible { form: true, older } => {
            query::write_error(older.namespace, older.error(error.kind.code).0, error, request_id)
        }
        Protocol::QueryCompatible { form: false, older } => json::write_error_compatible(older, error),
    };
    for (name, value) in &error.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The answer to a request that leads nowhere.
pub fn write_unknown(protocol: Protocol, form: Option<&query::Form>, request_id: &RequestId) -> Response<Body> {
    match protocol {
        Protocol::RestJson => rest::write_unknown(),
        Protocol::Json { version, target } => json::write_unknown(version, target),
        Protocol::Query { namespace, .. } => query::write_unknown(namespace, form, request_id),
        Protocol::QueryCompatible { form: true, older } => query::write_unknown(older.namespace, form, request_id),
        Protocol::QueryCompatible { form: false, older } => json::write_unknown(older.json_version, ""),
    }
}

pub(crate) fn respond(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(whole(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(crate) fn whole(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn sender_or_receiver(status: u16) -> &'static str {
    if status < 500 { "Sender" } else { "Receiver" }
}
