//! Bodies of objects: on their way in ([`Objects::receive`](super::Objects::receive)), at rest, and on their way out
//! ([`read::ObjectReader`]).
//!
//! Always true:
//! - A body that is larger than what the map takes is never in memory as a whole.
//! - At rest a body is encrypted in chunks, each sealed on its own, so that a range is read without the rest. Its key
//!   is made of the platform's (or the sender's own) and a salt that no other body has.
//! - A body that no row names is deleted: at once, or after a crash by the store.

mod chunk;
pub mod read;
mod receive;

pub use receive::{Expected, Plan, Received};

use chacha20poly1305::Key;
use hmac::{Hmac, Mac as _};
use md5::Digest as _;
use sha2::Sha256;
use store::Store;

use super::Error;
use super::object::Encryption;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The platform's key for bodies, from which each gets its own.
#[derive(Clone)]
pub(super) struct Vault([u8; 32]);

impl Vault {
    pub fn new(store: &Store) -> Vault {
        Vault(store.master_key_derive("bodies of objects"))
    }

    fn key(&self, whose: &BodyKey, salt: &[u8; 16]) -> Key {
        let root = match whose {
            BodyKey::Platform => &self.0,
            BodyKey::Customer(key) => &key.0,
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(root).expect("HMAC takes keys of every length");
        mac.update(b"body");
        mac.update(salt);
        mac.finalize().into_bytes()
    }
}

/// Whose key a body is encrypted with.
#[derive(Clone, PartialEq, Eq)]
pub enum BodyKey {
    Platform,
    Customer(CustomerKey),
}

impl BodyKey {
    pub(super) fn encryption(&self) -> Encryption {
        match self {
            BodyKey::Platform => Encryption::Platform,
            BodyKey::Customer(key) => Encryption::Customer { md5: key.md5() },
        }
    }

    /// Whether this is the key of an object that is encrypted so.
    pub(super) fn check(&self, encryption: &Encryption) -> Result<(), Error> {
        match (self, encryption) {
            (BodyKey::Platform, Encryption::Platform) => Ok(()),
            (BodyKey::Platform, Encryption::Customer { .. }) => Err(Error::CustomerKeyNeeded),
            (BodyKey::Customer(_), Encryption::Platform) => Err(Error::CustomerKeyNotNeeded),
            (BodyKey::Customer(key), Encryption::Customer { md5 }) if key.md5() != *md5 => Err(Error::WrongCustomerKey),
            (BodyKey::Customer(_), Encryption::Customer { .. }) => Ok(()),
        }
    }
}

/// A key that a sender brings with each request and that is kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomerKey([u8; 32]);

impl CustomerKey {
    pub fn new(key: [u8; 32]) -> CustomerKey {
        CustomerKey(key)
    }

    /// In base 64.
    pub fn md5(&self) -> String {
        BASE64.encode(md5::Md5::digest(self.0))
    }
}

impl std::fmt::Debug for BodyKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            BodyKey::Platform => "Platform",
            BodyKey::Customer(_) => "Customer(..)",
        })
    }
}
