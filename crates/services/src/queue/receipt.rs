//! Receipts: what a consumer shows to settle a message that it received.
//!
//! A receipt names the queue, the message's place and which of its receives it was, with a code that only this
//! installation can make. It needs no row: what it claims is compared with what the queue knows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::rows::{Log, Place};

/// Bytes of the code in a receipt.
const CODE_BYTES: usize = 16;

/// Bytes of what a receipt says: queue, content, log, number, receive.
const CLAIM_BYTES: usize = 8 + 8 + 1 + 8 + 4;

/// One receive of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    pub(super) uid: u64,
    pub(super) content: u64,
    pub(super) place: Place,
    pub(super) receive: u32,
}

/// Makes and reads receipts.
pub(super) struct Receipts([u8; 32]); // the key of the codes

impl Receipts {
    pub fn new(key: [u8; 32]) -> Receipts {
        Receipts(key)
    }

    pub fn write(&self, receipt: &Receipt) -> String {
        let claim = claim(receipt);
        STANDARD.encode([claim.as_slice(), &self.code(&claim)].concat())
    }

    /// `None` for a text that this installation did not write.
    pub fn read(&self, text: &str) -> Option<Receipt> {
        let bytes = STANDARD.decode(text).ok()?;
        let (said, code) = bytes.split_at_checked(CLAIM_BYTES)?;
        // Receipts are no secrets of others: who could time this comparison has one already.
        (self.code(said).as_slice() == code).then(|| of_claim(said)).flatten()
    }

    fn code(&self, claim: &[u8]) -> [u8; CODE_BYTES] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length will do");
        mac.update(claim);
        *mac.finalize().into_bytes().first_chunk().expect("a SHA-256 has 32 bytes")
    }
}

fn claim(receipt: &Receipt) -> Vec<u8> {
    [
        receipt.uid.to_be_bytes().as_slice(),
        &receipt.content.to_be_bytes(),
        &[receipt.place.log as u8],
        &receipt.place.number.to_be_bytes(),
        &receipt.receive.to_be_bytes(),
    ]
    .concat()
}

fn of_claim(claim: &[u8]) -> Option<Receipt> {
    let (uid, rest) = claim.split_first_chunk::<8>()?;
    let (content, rest) = rest.split_first_chunk::<8>()?;
    let (log, rest) = rest.split_first()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let log = if *log == 0 { Log::Now } else { Log::Later };
    Some(Receipt {
        uid: u64::from_be_bytes(*uid),
        content: u64::from_be_bytes(*content),
        place: Place { log, number: u64::from_be_bytes(*number) },
        receive: u32::from_be_bytes(rest.try_into().ok()?),
    })
}
