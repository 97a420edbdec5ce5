//! Signing, for our own command line and for tests.

use hmac::Mac;
use http::HeaderValue;
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;

use super::{ALGORITHM, Instant, Scope, canonical, sha256_hex, signature};

/// Who signs, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    pub access_key_id: &'a str,
    pub secret: &'a str,
    pub session_token: Option<&'a str>,
    pub region: &'a str,
    pub service: &'a str,
}

/// Adds the headers of a signature to a request that has its `Host` header and its `x-amz-` headers already. A hash of
/// the body that these state is signed as it is.
pub fn sign(parts: &mut Parts, body: &[u8], signer: &Signer<'_>, at: Instant) -> Result<(), http::Error> {
    parts.headers.insert("x-amz-date", HeaderValue::try_from(at.to_string())?);
    if let Some(token) = signer.session_token {
        parts.headers.insert("x-amz-security-token", HeaderValue::try_from(token)?);
    }
    let names = parts.headers.keys().map(http::HeaderName::as_str);
    let mut signed: Vec<String> =
        names.filter(|name| *name == HOST.as_str() || name.starts_with("x-amz-")).map(str::to_owned).collect();
    signed.sort_unstable();
    let scope = Scope { date: at.date(), region: signer.region.to_owned(), service: signer.service.to_owned() };
    let stated = parts.headers.get("x-amz-content-sha256").and_then(|hash| hash.to_str().ok()).map(str::to_owned);
    let hash = stated.unwrap_or_else(|| sha256_hex(body));
    let canonical = canonical::request(parts, &signed, &hash, signer.service);
    let signature = hex::encode(signature(signer.secret, &scope, at, &canonical).finalize().into_bytes());
    let (key, signed) = (signer.access_key_id, signed.join(";"));
    let header = format!("{ALGORITHM} Credential={key}/{scope}, SignedHeaders={signed}, Signature={signature}");
    parts.headers.insert(AUTHORIZATION, HeaderValue::try_from(header)?);
    Ok(())
}
