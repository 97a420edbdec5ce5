//! Cross-origin requests, where a URL has a configuration for them: preflights are answered without the function, and
//! its answers get the configured headers in place of its own.
//!
//! Source: "Cross-origin resource sharing (CORS)", Lambda developer guide, and the Fetch standard (read 2026-11-24).

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderName, HeaderValue, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use services::function::url::Cors;
use services::run::Body;

use crate::protocol::whole;

/// The answer to a preflight; `None` for any other request.
pub fn preflight(cors: &Cors, parts: &Parts) -> Option<Response<Body>> {
    let asks = parts.headers.contains_key(ORIGIN) && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if parts.method != Method::OPTIONS || !asks {
        return None;
    }
    let mut response = Response::new(whole(""));
    if allow(cors, &parts.headers, response.headers_mut()) {
        let headers = response.headers_mut();
        set(headers, ACCESS_CONTROL_ALLOW_METHODS, cors.allow_methods.as_deref().map(|methods| methods.join(",")));
        set(headers, ACCESS_CONTROL_ALLOW_HEADERS, cors.allow_headers.as_deref().map(|names| names.join(",")));
        set(headers, ACCESS_CONTROL_MAX_AGE, cors.max_age_secs.map(|seconds| seconds.to_string()));
    }
    Some(response)
}

/// Adds the headers that let the request's origin read the answer. Whether it may.
pub fn allow(cors: &Cors, request: &HeaderMap, response: &mut HeaderMap) -> bool {
    let Some(origin) = request.get(ORIGIN).and_then(|origin| origin.to_str().ok()) else { return false };
    let allowed = cors.allow_origins.as_deref().unwrap_or_default();
    if !allowed.iter().any(|pattern| fits(pattern, origin)) {
        return false;
    }
    let credentials = cors.allow_credentials == Some(true);
    // Browsers take no `*` together with credentials.
    let anyone = !credentials && allowed.iter().any(|pattern| pattern == "*");
    set(response, ACCESS_CONTROL_ALLOW_ORIGIN, Some(if anyone { "*".to_owned() } else { origin.to_owned() }));
    if !anyone {
        response.append(VARY, HeaderValue::from_static("Origin"));
    }
    if credentials {
        response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    set(response, ACCESS_CONTROL_EXPOSE_HEADERS, cors.expose_headers.as_deref().map(|names| names.join(",")));
    true
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<String>) {
    let value = value.filter(|value| !value.is_empty()).and_then(|value| HeaderValue::from_str(&value).ok());
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

/// A pattern is an origin, or has one `*` that stands for any text: `https://*.example.com`.
fn fits(pattern: &str, origin: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == origin,
        Some((before, after)) => {
            origin.len() >= before.len() + after.len() && origin.starts_with(before) && origin.ends_with(after)
        }
    }
}
