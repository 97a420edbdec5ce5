//! The certificate of the key that signs notifications: X.509, signed by itself, written in DER by hand because it is the
//! only one and never differs in form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const NAME: &str = "Nought notifications";
/// Two-digit years end with 2049 (RFC 5280, 4.1.2.5.1).
const FROM: &str = "240101000000Z";
const TO: &str = "491231235959Z";

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTF8: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// `sha256WithRSAEncryption` with no parameters, and `commonName`.
const SIGNED_WITH: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00];
/// `rsaEncryption`
const KEY_KIND: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];

/// In PEM. The public key is modulus and exponent; `sign` gives the signature of SHA-256 over what it is given.
pub(super) fn write<E>(
    (modulus, exponent): (Vec<u8>, Vec<u8>),
    sign: impl Fn(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<String, E> {
    let name = value(SEQUENCE, &value(SET, &value(SEQUENCE, &[&COMMON_NAME, &*value(UTF8, NAME.as_bytes())].concat())));
    let valid = value(SEQUENCE, &[value(UTC_TIME, FROM.as_bytes()), value(UTC_TIME, TO.as_bytes())].concat());
    let numbers = value(SEQUENCE, &[positive(&modulus), positive(&exponent)].concat());
    let public_key = value(SEQUENCE, &[&KEY_KIND, &*value(BIT_STRING, &[&[0], &*numbers].concat())].concat());
    let body = [&*value(INTEGER, &[1]), &SIGNED_WITH, &*name, &*valid, &*name, &*public_key].concat();
    let body = value(SEQUENCE, &body);
    let signature = [&[0], &*sign(&body)?].concat();
    Ok(pem(&value(SEQUENCE, &[&*body, &SIGNED_WITH, &*value(BIT_STRING, &signature)].concat())))
}

/// A number that is not negative, whatever its first bit.
fn positive(bytes: &[u8]) -> Vec<u8> {
    value(INTEGER, &[&[0], bytes].concat()[usize::from(bytes[0] < 0x80)..])
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=127 => out.push(short as u8),
        _ => {
            out.push(0x80 | significant.len() as u8);
            out.extend_from_slice(&significant);
        }
    }
    out.extend_from_slice(content);
    out
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| format!("{}\n", String::from_utf8_lossy(line)));
    format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", lines.collect::<String>())
}
