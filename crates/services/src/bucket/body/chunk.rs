//! Sealed chunks: how a body is encrypted so that any part of it can be read alone.
//!
//! A body is cut every [`CHUNK_BYTES`]; each piece is sealed with ChaCha20-Poly1305 under the body's own key, with its
//! number as the nonce. A chunk that was changed, moved or taken from another body does not open; one that is missing at
//! the end is noticed by the length, which the object's row has.

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce, Tag};

/// Plain bytes in a chunk.
pub const CHUNK_BYTES: u64 = 64 * 1024;
/// What sealing adds to a chunk.
pub const TAG_BYTES: usize = 16;
/// A chunk that is sealed.
pub const SEALED_BYTES: u64 = CHUNK_BYTES + TAG_BYTES as u64;

pub struct Chunks(ChaCha20Poly1305);

impl Chunks {
    pub fn new(key: &Key) -> Chunks {
        Chunks(ChaCha20Poly1305::new(key))
    }

    /// Encrypts a chunk where it is and puts its tag behind it.
    pub fn seal(&self, number: u64, chunk: &mut Vec<u8>) {
        let tag = self.0.encrypt_in_place_detached(&nonce(number), &[], chunk);
        chunk.extend_from_slice(&tag.expect("a chunk is far below the limit of the cipher"));
    }

    /// Decrypts a sealed chunk where it is; the plain text is all but its last [`TAG_BYTES`]. `None` where it does not
    /// open.
    pub fn open(&self, number: u64, sealed: &mut [u8]) -> Option<usize> {
        let plain = sealed.len().checked_sub(TAG_BYTES)?;
        let (chunk, tag) = sealed.split_at_mut(plain);
        self.0.decrypt_in_place_detached(&nonce(number), &[], chunk, Tag::from_slice(tag)).ok()?;
        Some(plain)
    }
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = Nonce::default();
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    nonce
}
