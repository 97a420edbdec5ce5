//! Signatures of documents, such as the policy of a form, which say beside themselves who made them and when.

use hmac::Mac as _;
use sha1::{Digest as _, Sha1};

use super::claim::{read_credential, read_signature};
use super::{ALGORITHM, Instant, Refusal, Scope, hmac, signing_key};

/// A document's signature, and all that is said about it. Nothing of it is proven before [`DocumentClaim::verify`].
pub struct DocumentClaim {
    pub access_key_id: String,
    pub scope: Scope,
    signature: Vec<u8>,
}

impl DocumentClaim {
    /// Of the fields that stand beside the document.
    pub fn read(algorithm: &str, credential: &str, date: &str, signature: &str) -> Result<DocumentClaim, Refusal> {
        if algorithm != ALGORITHM {
            return Err(Refusal::Unsupported { authorization: algorithm.to_owned() });
        }
        let (access_key_id, scope) = read_credential(credential)?;
        let at = Instant::parse(date)
            .ok_or_else(|| Refusal::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{date}'.")))?;
        if scope.date != at.date() {
            return Err(Refusal::ScopeDate { scope: scope.date, at });
        }
        if scope.service != "s3" {
            return Err(Refusal::Service { service: "s3" });
        }
        Ok(DocumentClaim { access_key_id, scope, signature: read_signature(signature)? })
    }

    /// Whether the signature is the one that this secret makes of the document, as it was sent.
    pub fn verify(&self, secret: &str, document: &str) -> Result<(), Refusal> {
        let computed = hmac(&signing_key(secret, &self.scope), document);
        computed.verify_slice(&self.signature).map_err(|_| Refusal::Mismatch)
    }
}

/// The same for Signature Version 2, which knows of the secret alone. What boto3 still signs forms with unless told
/// otherwise.
pub fn verify_document_of_version_2(secret: &str, document: &str, signature: &[u8]) -> Result<(), Refusal> {
    let computed = hmac_sha1(secret.as_bytes(), document.as_bytes());
    // Both are hashed once more, under the secret, to be compared in constant time.
    let blind = |bytes: &[u8]| hmac(secret.as_bytes(), &hex::encode(bytes));
    let wanted = blind(&computed).finalize().into_bytes();
    blind(signature).verify_slice(&wanted).map_err(|_| Refusal::Mismatch)
}

/// RFC 2104. The `hmac` of this workspace takes hashes of an older interface than its `sha1` has.
fn hmac_sha1(key: &[u8], text: &[u8]) -> [u8; 20] {
    const BLOCK_BYTES: usize = 64;
    let mut block = [0; BLOCK_BYTES];
    match key.len() > BLOCK_BYTES {
        true => block[..20].copy_from_slice(&Sha1::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let (inner, outer) = (block.map(|byte| byte ^ 0x36), block.map(|byte| byte ^ 0x5c));
    let inside = Sha1::new_with_prefix(inner).chain_update(text).finalize();
    Sha1::new_with_prefix(outer).chain_update(inside).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The policy of the example in the S3 API reference, "Browser-Based Upload using HTTP POST" (read 2026-11-24), has
    /// line breaks that the page does not show; these are the test vectors of RFC 2202 for the hash alone.
    #[test]
    fn the_hash_of_version_2_is_that_of_rfc_2202() {
        for (key, text, wanted) in [
            (&b"Jefe"[..], &b"what do ya want for nothing?"[..], "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (
                &[0xaa; 80],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "aa4ae5e15272d00e95705637ce8a3b55ed402112",
            ),
        ] {
            assert_eq!(hex::encode(hmac_sha1(key, text)), wanted);
        }
    }
}
