//! Signature Version 4, once: the server verifies with it and our command line signs with it.
//!
//! Start reading at [`Claim::read`] (what a request says of itself), [`Claim::verify`] and [`sign`]. The canonical form
//! that both hash is in [`canonical`].
//!
//! Always true:
//! - A request that carries any part of a signature is judged as signed; it never falls back to unsigned.
//! - Secrets are compared in constant time and are in no error.
//!
//! Nothing here knows who a key belongs to or what he may do: `services::identity` does.
//!
//! Source: "AWS Signature Version 4 for API requests" in the IAM User Guide (read 2026-11-24).

pub mod canonical;
mod claim;
mod document;
mod refusal;
mod sign;
mod time;

pub use claim::{Claim, Scope};
pub use document::{DocumentClaim, verify_document_of_version_2};
pub use refusal::Refusal;
pub use sign::{Signer, sign};
pub use time::Instant;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// How far the clocks of signer and server may differ.
pub const SKEW_MINUTES: i64 = 5;
/// The same for S3. Source: "Authenticating Requests", S3 API reference (read 2026-11-24).
const SKEW_MINUTES_OF_S3: i64 = 15;
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// In the place of a payload hash: the body is not covered by the signature.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

fn skew_minutes(service: &str) -> i64 {
    match service {
        "s3" => SKEW_MINUTES_OF_S3,
        _ => SKEW_MINUTES,
    }
}

/// SHA-256 in hexadecimal, as payload hashes are written.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn hmac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac
}

/// The signature before it is written out, so that the verifier can compare it in constant time.
fn signature(secret: &str, scope: &Scope, at: Instant, canonical: &str) -> Hmac<Sha256> {
    let hash = sha256_hex(canonical.as_bytes());
    hmac(&signing_key(secret, scope), &format!("{ALGORITHM}\n{at}\n{scope}\n{hash}"))
}

fn signing_key(secret: &str, scope: &Scope) -> Vec<u8> {
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [scope.date.as_str(), &scope.region, &scope.service, "aws4_request"] {
        key = hmac(&key, part).finalize().into_bytes().to_vec();
    }
    key
}

#[cfg(test)]
mod tests;
