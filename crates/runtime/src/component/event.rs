//! Events as HTTP: a JSON document becomes a POST with CloudEvents headers, and the response becomes a result.
//!
//! Source: CloudEvents 1.0.2, HTTP protocol binding, binary content mode (read 2026-11-24).

use std::fmt::Write;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use services::run::{Body, BodyError, Failure, RequestId, Trace};
use services::trace;

use super::crash::error_document;

/// Largest result of an invocation that is not HTTP, in bytes.
///
/// Source: Lambda's error text, "Response payload size exceeded maximum allowed payload size (6291556 bytes)".
pub(super) const RESULT_BYTES_MAX: u64 = 6_291_556;

/// The name that an event's request is sent to. It is nobody's address.
const HOST_OF_EVENTS: HeaderValue = HeaderValue::from_static("nought.internal");

/// Carries the caller's client context; the name that Lambda's Runtime API gives it.
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("lambda-runtime-client-context");

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What makes an event's request, beside its document.
pub(super) struct Envelope<'a> {
    pub request_id: &'a RequestId,
    pub kind: &'a str,
    pub source: &'a str,
    pub client_context: Option<&'a str>,
}

/// A POST to `/` in CloudEvents binary mode.
pub(super) fn request(document: Bytes, envelope: &Envelope<'_>) -> Request<Body> {
    let length = document.len();
    let body = Full::new(document).map_err(|never| match never {}).boxed_unsync();
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    let headers = request.headers_mut();
    headers.insert(HOST, HOST_OF_EVENTS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert("ce-specversion", HeaderValue::from_static("1.0"));
    headers.insert("ce-id", attribute(&envelope.request_id.0));
    headers.insert("ce-type", attribute(envelope.kind));
    headers.insert("ce-source", attribute(envelope.source));
    if let Some(context) = envelope.client_context.and_then(json) {
        headers.insert(CLIENT_CONTEXT, context);
    }
    request
}

/// A context attribute as a header value: whatever is not printable ASCII, and space, `"` and `%`, is percent-encoded
/// (section 3.1.3.2).
fn attribute(text: &str) -> HeaderValue {
    let mut value = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' | b'"' | b'%' => write!(value, "%{byte:02X}").expect("a String takes every write"),
            b'!'..=b'~' => value.push(char::from(byte)),
            _ => write!(value, "%{byte:02X}").expect("a String takes every write"),
        }
    }
    HeaderValue::from_str(&value).expect("what is left is printable ASCII")
}

/// JSON as a header value, UTF-8 as it is. Its line breaks and tabs can only stand between tokens.
fn json(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_bytes(text.replace(['\n', '\r', '\t'], " ").as_bytes()).ok()
}

/// W3C trace context, version 00.
pub(super) fn traceparent(trace: &Trace) -> HeaderValue {
    HeaderValue::try_from(trace::render_w3c(trace)).expect("hexadecimal digits and dashes are ASCII")
}

/// Why a response's body is not there.
#[derive(Debug)]
pub(super) enum Unread {
    TooLarge {
        bytes: u64,
    },
    /// It broke off.
    Broken(BodyError),
}

/// Reads a whole response body of at most [`RESULT_BYTES_MAX`].
pub(super) async fn read(mut body: Body) -> Result<Bytes, Unread> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else { continue };
        let bytes = (read.len() + data.len()) as u64;
        if bytes > RESULT_BYTES_MAX {
            return Err(Unread::TooLarge { bytes });
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

/// A status of 400 or more is an error of the function's own making, with the body as its message.
pub(super) fn result(status: StatusCode, body: Bytes) -> Result<Bytes, Failure> {
    match status.is_client_error() || status.is_server_error() {
        true => Err(Failure::Function { document: error_document(status.as_str(), &String::from_utf8_lossy(&body)) }),
        false => Ok(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_cloud_event_in_binary_mode() {
        let envelope = Envelope {
            request_id: &RequestId("the-id".into()),
            kind: "com.example.Object Created",
            source: "arn:aws:lambda:x:0:function:é%",
            client_context: Some("{\n\"a\":1}"),
        };
        let request = request(Bytes::from_static(b"{}"), &envelope);
        assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/"));
        for (name, expected) in [
            ("content-type", "application/json"),
            ("content-length", "2"),
            ("ce-specversion", "1.0"),
            ("ce-id", "the-id"),
            ("ce-type", "com.example.Object%20Created"),
            ("ce-source", "arn:aws:lambda:x:0:function:%C3%A9%25"),
            ("lambda-runtime-client-context", r#"{ "a":1}"#),
        ] {
            assert_eq!(request.headers()[name], expected, "{name}");
        }
    }

    #[test]
    fn statuses_from_400_on_are_errors_of_the_function() {
        for (status, expected) in [
            (200, Ok("body")),
            (204, Ok("body")),
            (302, Ok("body")),
            (404, Err(r#"{"errorType":"404","errorMessage":"body"}"#)),
            (500, Err(r#"{"errorType":"500","errorMessage":"body"}"#)),
        ] {
            let status = StatusCode::from_u16(status).expect("the case is a status");
            let given = match result(status, Bytes::from_static(b"body")) {
                Ok(body) => Ok(body),
                Err(Failure::Function { document }) => Err(document),
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(given, expected.map(Bytes::from).map_err(Bytes::from), "{status}");
        }
    }
}
