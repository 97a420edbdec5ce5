//! Why a signature was not accepted, and what each protocol calls it.

use super::{Instant, SKEW_MINUTES};
use crate::error::{Error, Kind};
use crate::shape::Protocol;

/// One variant for each thing a caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Missing Authentication Token")]
    Missing,
    /// Another scheme than Signature Version 4.
    #[error("Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization={}", .authorization.split_whitespace().next().unwrap_or_default())]
    Unsupported { authorization: String },
    #[error("{0}")]
    Incomplete(String),
    #[error("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{}', from '{at}'.", .at.date())]
    ScopeDate { scope: String, at: Instant },
    #[error("Credential should be scoped to a valid region. ")]
    Region,
    #[error("Credential should be scoped to correct service: '{service}'. ")]
    Service { service: &'static str },
    #[error("Signature not yet current: {at} is still later than {} ({now} + {SKEW_MINUTES} min.)", .now.plus_minutes(SKEW_MINUTES))]
    NotYetCurrent { at: Instant, now: Instant },
    #[error("{}", expired(*.at, *.oldest, *.now, *.presigned))]
    Expired { at: Instant, oldest: Instant, now: Instant, presigned: bool },
    #[error("'{header}' must be a 'SignedHeader' in the AWS Authorization.")]
    Unsigned { header: String },
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

fn expired(at: Instant, oldest: Instant, now: Instant, presigned: bool) -> String {
    match presigned {
        true => format!("Signature expired: {at} is now earlier than {oldest} ({now} - X-Amz-Expires)"),
        false => format!("Signature expired: {at} is now earlier than {oldest} ({now} - {SKEW_MINUTES} min.)"),
    }
}

impl Refusal {
    /// The refusal as an error of the protocol.
    ///
    /// Codes: "Common errors" of Lambda (rest-json), CloudWatch Logs (json) and STS (query), read 2026-11-24.
    /// The JSON services answer 400, the others 403.
    pub fn error(&self, protocol: Protocol) -> Error {
        let [json, rest, query] = match self {
            Refusal::Missing => &MISSING,
            Refusal::Unsupported { .. } | Refusal::Incomplete(_) => &INCOMPLETE,
            Refusal::UnknownKey => &UNKNOWN_KEY,
            Refusal::ExpiredToken => &EXPIRED_TOKEN,
            Refusal::ScopeDate { .. }
            | Refusal::Region
            | Refusal::Service { .. }
            | Refusal::NotYetCurrent { .. }
            | Refusal::Expired { .. }
            | Refusal::Unsigned { .. }
            | Refusal::Mismatch => &INVALID,
        };
        let kind = match protocol {
            Protocol::Json { .. } | Protocol::QueryCompatible { form: false, .. } => json,
            Protocol::RestJson => rest,
            Protocol::Query { .. } | Protocol::QueryCompatible { form: true, .. } => query,
        };
        kind.with(match (self, protocol) {
            (Refusal::Missing, Protocol::Query { .. }) => "Request is missing Authentication Token".to_owned(),
            _ => self.to_string(),
        })
    }
}

const fn kind(code: &'static str, status: u16) -> Kind {
    Kind { code, status, message: "message", typed: false }
}

/// The codes of one refusal in the three protocols: json, rest-json, query.
type Codes = [Kind; 3];

const fn codes(json: &'static str, query: &'static str) -> Codes {
    [kind(json, 400), kind(json, 403), kind(query, 403)]
}

static MISSING: Codes = codes("MissingAuthenticationTokenException", "MissingAuthenticationToken");
static INCOMPLETE: Codes = codes("IncompleteSignatureException", "IncompleteSignature");
static UNKNOWN_KEY: Codes = codes("UnrecognizedClientException", "InvalidClientTokenId");
static EXPIRED_TOKEN: Codes = codes("ExpiredTokenException", "ExpiredToken");
static INVALID: Codes = codes("InvalidSignatureException", "SignatureDoesNotMatch");
