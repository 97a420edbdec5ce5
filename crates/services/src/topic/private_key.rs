//! The private key: RSA of 2,048 bits, as notifications are signed (RFC 8017, RSASSA-PKCS1-v1_5).
//!
//! `ring`, which signs elsewhere, has no SHA-1, and that is how signature version 1 is defined.

use rand_core::{CryptoRng, RngCore};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, Pkcs1v15Sign, RsaPrivateKey};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Signature;

const BITS: usize = 2_048;
const EXPONENT: u32 = 65_537;

/// What stands before a digest (RFC 8017, 9.2).
const SHA1_PREFIX: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];
const SHA256_PREFIX: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

pub(super) struct PrivateKey(RsaPrivateKey);

/// The key as it is kept: the primes, in hexadecimal.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept([String; 2]);

impl PrivateKey {
    pub fn random() -> Result<PrivateKey, rsa::Error> {
        RsaPrivateKey::new(&mut SystemRandom, BITS).map(PrivateKey)
    }

    pub fn keep(&self) -> Kept {
        Kept([0, 1].map(|which: usize| self.0.primes()[which].to_str_radix(16)))
    }

    /// None for what are no primes of such a key.
    pub fn read(Kept(primes): &Kept) -> Option<PrivateKey> {
        let [one, other] = [0, 1].map(|which: usize| BigUint::parse_bytes(primes[which].as_bytes(), 16));
        let key = RsaPrivateKey::from_p_q(one?, other?, BigUint::from(EXPONENT)).ok()?;
        (key.size() == BITS / 8).then_some(PrivateKey(key))
    }

    /// Modulus and exponent of the public key, as unsigned numbers of which the first byte counts most.
    pub fn public(&self) -> (Vec<u8>, Vec<u8>) {
        (self.0.n().to_bytes_be(), self.0.e().to_bytes_be())
    }

    pub fn sign(&self, with: Signature, bytes: &[u8]) -> Result<Vec<u8>, rsa::Error> {
        let (prefix, digest) = match with {
            Signature::Sha1 => (&SHA1_PREFIX[..], <Sha1 as sha1::Digest>::digest(bytes).to_vec()),
            Signature::Sha256 => (&SHA256_PREFIX[..], Sha256::digest(bytes).to_vec()),
        };
        let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: prefix.into() };
        // With randomness, so that what is exponentiated is blinded.
        self.0.sign_with_rng(&mut SystemRandom, scheme, &digest)
    }
}

/// The system's generator as the crate wants it.
struct SystemRandom;

impl CryptoRng for SystemRandom {}

impl RngCore for SystemRandom {
    fn next_u32(&mut self) -> u32 {
        u32::from_be_bytes(crate::random::bytes())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_be_bytes(crate::random::bytes())
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system's random generator answers once it is up");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}
