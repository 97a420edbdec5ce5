//! The event that a process gets for an HTTP request: payload format 2.0.
//!
//! Start reading at [`document`]. What has no value is left out, as in the events that functions really get.
//!
//! Source: "Request payload format", Lambda developer guide (read 2026-11-24); for requests without a signature the
//! account is `anonymous`, as captured events show.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, USER_AGENT};
use http::request::Parts;
use serde::Serialize;
use services::identity::Principal;
use services::name::{AccountId, Region};
use services::run::{RequestId, Trace};
use services::trace;

use super::Address;
use crate::uri;

/// All that goes into an event.
pub struct Facts<'a> {
    pub parts: &'a Parts,
    pub body: &'a [u8],
    pub address: &'a Address,
    pub account: &'a AccountId,
    pub region: &'a Region,
    /// The access key and who it belongs to, where the URL wants a signature.
    pub caller: Option<(&'a str, &'a Principal)>,
    pub source_ip: IpAddr,
    pub request_id: &'a RequestId,
    pub trace: Option<&'a Trace>,
    pub now_millis: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'static str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Authorizer<'a>>,
    domain_name: String,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'static str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
struct Authorizer<'a> {
    iam: Iam<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Iam<'a> {
    access_key: &'a str,
    account_id: String,
    caller_id: String,
    cognito_identity: Option<()>,
    principal_org_id: Option<()>,
    user_arn: String,
    user_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: String,
    source_ip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
}

/// The event as JSON.
pub fn document(facts: &Facts<'_>) -> Bytes {
    let (body, is_base64_encoded) = body(facts);
    let event = Event {
        version: "2.0",
        route_key: "$default",
        raw_path: facts.address.target.path(),
        raw_query_string: facts.address.target.query().unwrap_or_default(),
        cookies: cookies(facts.parts),
        headers: headers(facts),
        query_string_parameters: joined(uri::pairs(facts.address.target.query().unwrap_or_default())),
        request_context: context(facts),
        body,
        is_base64_encoded,
    };
    serde_json::to_vec(&event).expect("an event is text and numbers").into()
}

fn context<'a>(facts: &'a Facts<'_>) -> RequestContext<'a> {
    let authorizer = facts.caller.map(|(key, principal)| Authorizer { iam: iam(key, principal) });
    RequestContext {
        account_id: if authorizer.is_some() { facts.account.as_str() } else { "anonymous" },
        api_id: &facts.address.id,
        authorizer,
        domain_name: facts.address.domain_name(facts.region),
        domain_prefix: &facts.address.id,
        http: Http {
            method: facts.parts.method.as_str(),
            path: facts.address.target.path(),
            protocol: format!("{:?}", facts.parts.version),
            source_ip: facts.source_ip.to_string(),
            user_agent: facts.parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()),
        },
        request_id: &facts.request_id.0,
        route_key: "$default",
        stage: "$default",
        time: time(facts.now_millis),
        time_epoch: facts.now_millis,
    }
}

fn iam<'a>(key: &'a str, principal: &Principal) -> Iam<'a> {
    let account = principal.account().map(ToString::to_string).unwrap_or_default();
    let arn = principal.arn();
    // A session is its role's id and its name; the root is the account.
    let id = match arn.split_once(":assumed-role/") {
        Some((_, session)) => session.replace('/', ":"),
        None => account.clone(),
    };
    Iam {
        access_key: key,
        account_id: account,
        caller_id: id.clone(),
        cognito_identity: None,
        principal_org_id: None,
        user_arn: arn,
        user_id: id,
    }
}

/// `24/Nov/2026:13:00:00 +0000`.
fn time(millis: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    instant.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

/// Each cookie by itself, whatever number of headers they came in.
fn cookies(parts: &Parts) -> Vec<String> {
    let headers = parts.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    headers
        .flat_map(|header| header.split(';'))
        .map(|cookie| cookie.trim().to_owned())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// Names in lower case, several values of one name joined by commas, and what a load balancer would add.
fn headers(facts: &Facts<'_>) -> BTreeMap<String, String> {
    let sent = facts.parts.headers.iter();
    let mut all = joined(
        sent.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())),
    );
    let host = || facts.parts.uri.authority().map(ToString::to_string).unwrap_or_default();
    let port = all.entry("host".to_owned()).or_insert_with(host).rsplit_once(':').map(|(_, port)| port.to_owned());
    all.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    all.insert("x-forwarded-port".to_owned(), port.unwrap_or_else(|| "80".to_owned()));
    let before = all.get("x-forwarded-for").map(|before| format!("{before}, ")).unwrap_or_default();
    all.insert("x-forwarded-for".to_owned(), format!("{before}{}", facts.source_ip));
    if let Some(trace) = facts.trace {
        all.insert("x-amzn-trace-id".to_owned(), trace::render_xray(trace));
    }
    all
}

fn joined(pairs: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::<String, String>::new();
    for (name, value) in pairs {
        match all.get_mut(&name) {
            Some(before) => {
                before.push(',');
                before.push_str(&value);
            }
            None => {
                all.insert(name, value);
            }
        }
    }
    all
}

/// Text as it is, anything else as base64.
fn body(facts: &Facts<'_>) -> (Option<String>, bool) {
    if facts.body.is_empty() {
        return (None, false);
    }
    let content_type = facts.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let encoded = facts.parts.headers.contains_key(http::header::CONTENT_ENCODING);
    match std::str::from_utf8(facts.body) {
        Ok(text) if is_text(content_type) && !encoded => (Some(text.to_owned()), false),
        Ok(_) | Err(_) => (Some(STANDARD.encode(facts.body)), true),
    }
}

/// Content types that are passed on as text.
///
/// Source: "Working with binary media types for HTTP APIs", API Gateway developer guide (read 2026-11-24).
fn is_text(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let named = ["application/json", "application/javascript", "application/xml"].contains(&kind.as_str());
    named || kind.starts_with("text/") || kind.ends_with("+json") || kind.ends_with("+xml")
}
