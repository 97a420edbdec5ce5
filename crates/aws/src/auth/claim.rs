//! What a request says of its own signature, in the `Authorization` header or in the query string.

use std::fmt;

use hmac::Mac;
use http::header::{AUTHORIZATION, DATE};
use http::request::Parts;

use super::{ALGORITHM, Instant, Refusal, SKEW_MINUTES, UNSIGNED_PAYLOAD, canonical, signature, skew_minutes};
use crate::uri;

/// Longest life of a presigned URL, in seconds (7 days).
///
/// Source: "Authenticating Requests: Using Query Parameters", S3 API reference (read 2026-11-24).
const EXPIRES_SECONDS_MAX: i64 = 604_800;

/// A signature and all that it says about itself. Nothing of it is proven before [`Claim::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub access_key_id: String,
    pub scope: Scope,
    pub session_token: Option<String>,
    signed_headers: Vec<String>,
    signature: Vec<u8>,
    at: Instant,
    /// Seconds that a presigned URL is good for; `None` for a signature in the header.
    expires: Option<i64>,
}

/// Where and when a signing key is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub date: String,
    pub region: String,
    pub service: String,
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

impl Claim {
    /// `None` for a request without any signature.
    pub fn read(parts: &Parts) -> Result<Option<Claim>, Refusal> {
        let query = uri::pairs(parts.uri.query().unwrap_or_default());
        let presigned = query.iter().any(|(name, _)| name == "X-Amz-Algorithm" || name == "X-Amz-Signature");
        match (parts.headers.get(AUTHORIZATION), presigned) {
            (Some(header), _) => from_header(parts, &String::from_utf8_lossy(header.as_bytes())),
            (None, true) => from_query(&query).map(Some),
            (None, false) => Ok(None),
        }
    }

    /// Whether the claim could be true now: its time, its scope, the headers it covers. Needs no key and no body.
    pub fn check(&self, parts: &Parts, now: Instant) -> Result<(), Refusal> {
        if self.scope.date != self.at.date() {
            return Err(Refusal::ScopeDate { scope: self.scope.date.clone(), at: self.at });
        }
        let skew = skew_minutes(&self.scope.service);
        if self.at > now.plus_minutes(skew) {
            return Err(Refusal::NotYetCurrent { at: self.at, now });
        }
        let oldest = match self.expires {
            Some(seconds) => now.plus_seconds(-seconds),
            None => now.plus_minutes(-skew),
        };
        if self.at < oldest {
            return Err(Refusal::Expired { at: self.at, oldest, now, presigned: self.expires.is_some() });
        }
        self.covers(parts)
    }

    /// The host and all `x-amz-` headers that are there must be signed, or anyone on the way could change them.
    fn covers(&self, parts: &Parts) -> Result<(), Refusal> {
        let covered = |name: &str| self.signed_headers.iter().any(|signed| signed == name);
        if !covered("host") {
            return Err(Refusal::Unsigned { header: "host".to_owned() });
        }
        let mut names = parts.headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
        match names.find(|name| !covered(name)) {
            Some(name) => Err(Refusal::Unsigned { header: name.to_owned() }),
            None => Ok(()),
        }
    }

    /// Whether it is in the query string, made before the request.
    pub fn is_presigned(&self) -> bool {
        self.expires.is_some()
    }

    /// The payload hash that the request states, which the body must have; `None` where it states none, and the body's
    /// own hash is what was signed.
    pub fn stated_hash<'a>(&self, parts: &'a Parts) -> Option<&'a str> {
        parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok())
    }

    /// Whether the signature is the one that this secret makes. `body_hash` is the SHA-256 of the body, in hexadecimal.
    pub fn verify(&self, parts: &Parts, secret: &str, body_hash: &str) -> Result<(), Refusal> {
        let payload_hash = match self.stated_hash(parts) {
            Some(UNSIGNED_PAYLOAD) => UNSIGNED_PAYLOAD,
            Some(stated) if stated != body_hash => return Err(Refusal::Mismatch),
            Some(_) | None => body_hash,
        };
        let canonical = canonical::request(parts, &self.signed_headers, payload_hash, &self.scope.service);
        let computed = signature(secret, &self.scope, self.at, &canonical);
        computed.verify_slice(&self.signature).map_err(|_| Refusal::Mismatch)
    }
}

fn from_header(parts: &Parts, header: &str) -> Result<Option<Claim>, Refusal> {
    let Some(fields) = header.trim().strip_prefix(ALGORITHM) else {
        return Err(Refusal::Unsupported { authorization: header.to_owned() });
    };
    let field = |name: &str| {
        let mut fields = fields.split(',').filter_map(|field| field.trim().split_once('='));
        fields.find(|(found, _)| *found == name).map(|(_, value)| value)
    };
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let (credential, signed, signature) = (field("Credential"), field("SignedHeaders"), field("Signature"));
    let date = text("x-amz-date").or(text(DATE.as_str()));
    let (Some(credential), Some(signed), Some(signature), Some(date)) = (credential, signed, signature, date) else {
        return Err(incomplete(header, credential, signature, signed, date));
    };
    let at = Instant::parse(date).or_else(|| Instant::parse_http(date));
    let at =
        at.ok_or_else(|| Refusal::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{date}'.")))?;
    let (access_key_id, scope) = read_credential(credential)?;
    Ok(Some(Claim {
        access_key_id,
        scope,
        session_token: text("x-amz-security-token").map(str::to_owned),
        signed_headers: split(signed),
        signature: read_signature(signature)?,
        at,
        expires: None,
    }))
}

/// What is missing from the header, in AWS's words.
fn incomplete(
    header: &str,
    credential: Option<&str>,
    signature: Option<&str>,
    signed: Option<&str>,
    date: Option<&str>,
) -> Refusal {
    let mut text = String::new();
    for (found, name) in [(credential, "Credential"), (signature, "Signature"), (signed, "SignedHeaders")] {
        if found.is_none() {
            text.push_str(&format!("Authorization header requires '{name}' parameter. "));
        }
    }
    if date.is_none() {
        text.push_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
    }
    Refusal::Incomplete(format!("{text}Authorization={}", header.split_whitespace().next().unwrap_or_default()))
}

fn from_query(query: &[(String, String)]) -> Result<Claim, Refusal> {
    let field = |name: &str| {
        let value = query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        value.ok_or_else(|| {
            Refusal::Incomplete(format!(
                "AWS query-string parameters must include '{name}'. Re-examine the query-string parameters."
            ))
        })
    };
    if field("X-Amz-Algorithm")? != ALGORITHM {
        return Err(Refusal::Incomplete(format!("Unsupported AWS 'algorithm': '{}'.", field("X-Amz-Algorithm")?)));
    }
    let date = field("X-Amz-Date")?;
    let at = Instant::parse(date)
        .ok_or_else(|| Refusal::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{date}'.")))?;
    let (access_key_id, scope) = read_credential(field("X-Amz-Credential")?)?;
    let expires = match field("X-Amz-Expires") {
        Ok(text) => {
            text.parse().ok().filter(|seconds| (1..=EXPIRES_SECONDS_MAX).contains(seconds)).ok_or_else(|| {
                Refusal::Incomplete(format!(
                    "X-Amz-Expires must be a number from 1 to {EXPIRES_SECONDS_MAX}. Got '{text}'."
                ))
            })?
        }
        Err(missing) if scope.service == "s3" => return Err(missing),
        // Services other than S3 take presigned requests without a life of their own.
        Err(_) => SKEW_MINUTES * 60,
    };
    Ok(Claim {
        access_key_id,
        scope,
        session_token: field("X-Amz-Security-Token").ok().map(str::to_owned),
        signed_headers: split(field("X-Amz-SignedHeaders")?),
        signature: read_signature(field("X-Amz-Signature")?)?,
        at,
        expires: Some(expires),
    })
}

fn split(signed: &str) -> Vec<String> {
    signed.split(';').map(str::to_ascii_lowercase).collect()
}

/// A signature that is no hexadecimal matches nothing.
pub(super) fn read_signature(text: &str) -> Result<Vec<u8>, Refusal> {
    hex::decode(text).map_err(|_| Refusal::Mismatch)
}

pub(super) fn read_credential(credential: &str) -> Result<(String, Scope), Refusal> {
    // From the right: an access key id may hold a slash, a scope may not.
    let parts: Vec<&str> = credential.rsplitn(5, '/').collect();
    match parts[..] {
        ["aws4_request", service, region, date, key]
            if !key.is_empty() && !service.is_empty() && !region.is_empty() =>
        {
            let scope = Scope { date: date.to_owned(), region: region.to_owned(), service: service.to_owned() };
            Ok((key.to_owned(), scope))
        }
        _ => Err(Refusal::Incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
        ))),
    }
}
