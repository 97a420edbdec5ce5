//! Random bytes for ids on the hot path: one system call for some hundred ids.
//!
//! Ids that end up in rows come from `store::Tx` instead, so that a transaction can run again.

use std::cell::RefCell;

/// How much one call to the system fetches.
const POOL_BYTES: usize = 4096;

struct Pool {
    bytes: [u8; POOL_BYTES],
    used: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL_BYTES], used: POOL_BYTES }) };
}

/// Bytes from the system's generator. No byte is given out twice.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    const { assert!(N <= POOL_BYTES) };
    POOL.with_borrow_mut(|pool| {
        if pool.used + N > POOL_BYTES {
            getrandom::fill(&mut pool.bytes).expect("the system's random generator answers once it is up");
            pool.used = 0;
        }
        let mut taken = [0; N];
        let part = &mut pool.bytes[pool.used..pool.used + N];
        taken.copy_from_slice(part);
        part.fill(0);
        pool.used += N;
        taken
    })
}

/// The text of a version 4 UUID made of these bytes.
pub(crate) fn uuid(mut bytes: [u8; 16]) -> Box<str> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(DIGITS[usize::from(byte >> 4)].into());
        text.push(DIGITS[usize::from(byte & 0x0f)].into());
    }
    text.into_boxed_str()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_uuid_carries_its_version_and_variant() {
        assert_eq!(&*super::uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(&*super::uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn bytes_do_not_repeat_across_a_refill() {
        let drawn: std::collections::HashSet<[u8; 24]> = (0..1_000).map(|_| super::bytes()).collect();
        assert_eq!(drawn.len(), 1_000);
    }
}
