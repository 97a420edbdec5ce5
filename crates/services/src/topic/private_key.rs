//! RSA signatures as notifications have them (RFC 8017, RSASSA-PKCS1-v1_5), over the arithmetic of `num-bigint-dig`.
//!
//! By hand because nothing in the tree signs with SHA-1, as signature version 1 is defined, and a crate for all of RSA is
//! more than these few lines.
//!
//! Always true: what is exponentiated is blinded, and a signature that does not verify never leaves.

use num_bigint_dig::{BigUint, ModInverse, RandBigInt, RandPrime};
use rand_core::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Signature;

const PRIME_BITS: usize = 1_024;
const EXPONENT: u32 = 65_537;

/// What stands before a digest (RFC 8017, 9.2).
const SHA1_PREFIX: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];
const SHA256_PREFIX: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

pub(super) struct PrivateKey {
    primes: [BigUint; 2],
    modulus: BigUint,
    /// The private exponent, modulo each prime less one.
    exponents: [BigUint; 2],
    /// Of the second prime, modulo the first.
    inverse: BigUint,
}

/// The key as it is kept: the primes, in hexadecimal.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept([String; 2]);

impl PrivateKey {
    pub fn random() -> PrivateKey {
        loop {
            let primes = [(); 2].map(|()| SystemRandom.gen_prime(PRIME_BITS));
            if let Some(key) = PrivateKey::of(primes) {
                return key;
            }
        }
    }

    /// None where the primes do not suit: they are alike, too small together, or one less is divided by the exponent.
    fn of(primes: [BigUint; 2]) -> Option<PrivateKey> {
        let [one, other] = &primes;
        let modulus = one * other;
        if one == other || modulus.bits() != 2 * PRIME_BITS {
            return None;
        }
        let less = [one - 1u32, other - 1u32];
        let exponent = inverse(&BigUint::from(EXPONENT), &(&less[0] * &less[1]))?;
        let exponents = less.map(|less| &exponent % less);
        let inverse = inverse(other, one)?;
        Some(PrivateKey { modulus, exponents, inverse, primes })
    }

    pub fn keep(&self) -> Kept {
        Kept([0, 1].map(|which: usize| self.primes[which].to_str_radix(16)))
    }

    pub fn read(Kept(primes): &Kept) -> Option<PrivateKey> {
        let [one, other] = [0, 1].map(|which: usize| BigUint::parse_bytes(primes[which].as_bytes(), 16));
        PrivateKey::of([one?, other?])
    }

    /// Modulus and exponent of the public key, as unsigned numbers of which the first byte counts most.
    pub fn public(&self) -> (Vec<u8>, Vec<u8>) {
        (self.modulus.to_bytes_be(), BigUint::from(EXPONENT).to_bytes_be())
    }

    pub fn sign(&self, with: Signature, bytes: &[u8]) -> Vec<u8> {
        let encoded = BigUint::from_bytes_be(&encode(with, bytes));
        let exponent = BigUint::from(EXPONENT);
        let (blind, unblind) = loop {
            let blind = SystemRandom.gen_biguint_below(&self.modulus);
            if let Some(unblind) = inverse(&blind, &self.modulus) {
                break (blind, unblind);
            }
        };
        let blinded = &encoded * blind.modpow(&exponent, &self.modulus) % &self.modulus;
        let signature = self.exponentiate(&blinded) * unblind % &self.modulus;
        assert_eq!(signature.modpow(&exponent, &self.modulus), encoded, "a signature verifies");
        let bytes = signature.to_bytes_be();
        [vec![0; LENGTH - bytes.len()], bytes].concat()
    }

    /// To the private exponent, by the Chinese remainder theorem.
    fn exponentiate(&self, number: &BigUint) -> BigUint {
        let [one, other] = &self.primes;
        let of_one = number.modpow(&self.exponents[0], one);
        let of_other = number.modpow(&self.exponents[1], other);
        let difference = (&of_one + one - &of_other % one) % one;
        &of_other + difference * &self.inverse % one * other
    }
}

/// Bytes of a signature.
const LENGTH: usize = 2 * PRIME_BITS / 8;

fn encode(with: Signature, bytes: &[u8]) -> Vec<u8> {
    let info = match with {
        Signature::Sha1 => [&SHA1_PREFIX[..], &<Sha1 as sha1::Digest>::digest(bytes)].concat(),
        Signature::Sha256 => [&SHA256_PREFIX[..], &Sha256::digest(bytes)].concat(),
    };
    [&[0, 1], &vec![0xff; LENGTH - info.len() - 3][..], &[0], &info].concat()
}

fn inverse(number: &BigUint, modulus: &BigUint) -> Option<BigUint> {
    number.mod_inverse(modulus)?.to_biguint()
}

/// The system's generator as the arithmetic wants it.
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
