//! Checksums of bodies: which there are, how they are computed piece by piece, and how those of parts make one of a whole.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::CrcAlgorithm;
use serde::{Deserialize, Serialize};
use sha1::Digest as _;
use sha2::Digest as _;

/// Source: S3 User Guide, "Checking object integrity" (read 2026-11-24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// What an object gets whose sender states none. Source: as above (default since December 2024).
pub const DEFAULT: Algorithm = Algorithm::Crc64Nvme;

impl Algorithm {
    pub const ALL: [Algorithm; 5] =
        [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme, Algorithm::Sha1, Algorithm::Sha256];

    /// As S3 names it.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "CRC32",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc64Nvme => "CRC64NVME",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
        }
    }

    pub fn parse(name: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    pub fn bytes(self) -> usize {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c => 4,
            Algorithm::Crc64Nvme => 8,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        }
    }

    /// How the checksum of a multipart object is made where nobody says: a CRC of the whole can be made of those of its
    /// parts, a SHA cannot. Source: as above, "Full object and composite checksum types".
    pub fn default_method(self) -> Method {
        match self {
            Algorithm::Crc64Nvme => Method::FullObject,
            Algorithm::Crc32 | Algorithm::Crc32c | Algorithm::Sha1 | Algorithm::Sha256 => Method::Composite,
        }
    }

    pub fn takes(self, method: Method) -> bool {
        match (self, method) {
            (Algorithm::Crc32 | Algorithm::Crc32c, _) => true,
            (Algorithm::Crc64Nvme, method) => method == Method::FullObject,
            (Algorithm::Sha1 | Algorithm::Sha256, method) => method == Method::Composite,
        }
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Algorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Algorithm::Sha1 | Algorithm::Sha256 => None,
        }
    }

    /// The last bytes of a CRC's register, big-endian.
    fn written(self, value: u64) -> Vec<u8> {
        value.to_be_bytes()[8 - self.bytes()..].to_vec()
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What a checksum of a multipart object is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// Of the bytes.
    FullObject,
    /// Of the checksums of the parts.
    Composite,
}

/// A checksum that is kept with its object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    pub algorithm: Algorithm,
    pub method: Method,
    /// Base 64; followed by `-` and the number of parts where it is of these.
    pub value: String,
}

/// Computes a checksum of bytes that come in pieces.
pub enum Digest {
    Crc(Algorithm, Box<crc_fast::Digest>),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Digest {
    pub fn new(algorithm: Algorithm) -> Digest {
        match (algorithm, algorithm.crc()) {
            (Algorithm::Sha1, _) => Digest::Sha1(sha1::Sha1::new()),
            (Algorithm::Sha256, _) => Digest::Sha256(sha2::Sha256::new()),
            (_, crc) => {
                let crc = crc.expect("all but the two above are CRCs");
                Digest::Crc(algorithm, Box::new(crc_fast::Digest::new(crc)))
            }
        }
    }

    pub fn update(&mut self, piece: &[u8]) {
        match self {
            Digest::Crc(_, digest) => digest.update(piece),
            Digest::Sha1(digest) => digest.update(piece),
            Digest::Sha256(digest) => digest.update(piece),
        }
    }

    pub fn finish(self) -> Checksum {
        let (algorithm, value) = match self {
            Digest::Crc(algorithm, digest) => (algorithm, algorithm.written(digest.finalize())),
            Digest::Sha1(digest) => (Algorithm::Sha1, digest.finalize().to_vec()),
            Digest::Sha256(digest) => (Algorithm::Sha256, digest.finalize().to_vec()),
        };
        Checksum { algorithm, method: Method::FullObject, value: BASE64.encode(value) }
    }
}

/// A part's checksum and size, for the checksum of the whole.
pub struct OfPart {
    /// Base 64.
    pub value: String,
    pub size: u64,
}

/// The checksum of an object of parts; `None` where a part's is not one of the algorithm.
pub fn of_parts(algorithm: Algorithm, method: Method, parts: &[OfPart]) -> Option<Checksum> {
    let values = parts.iter().map(|part| {
        let bytes = BASE64.decode(&part.value).ok()?;
        (bytes.len() == algorithm.bytes()).then_some((bytes, part.size))
    });
    let values: Vec<(Vec<u8>, u64)> = values.collect::<Option<_>>()?;
    let value = match method {
        Method::Composite => {
            let mut digest = Digest::new(algorithm);
            values.iter().for_each(|(bytes, _)| digest.update(bytes));
            format!("{}-{}", digest.finish().value, parts.len())
        }
        Method::FullObject => {
            let crc = algorithm.crc()?;
            let number = |bytes: &[u8]| bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
            let whole = values.iter().map(|(bytes, size)| (number(bytes), *size));
            let (whole, _) = whole.reduce(|(before, length), (next, size)| {
                (crc_fast::checksum_combine(crc, before, next, size), length + size)
            })?;
            BASE64.encode(algorithm.written(whole))
        }
    };
    Some(Checksum { algorithm, method, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crc_of_the_whole_is_made_of_those_of_its_parts() {
        for algorithm in Algorithm::ALL {
            let mut digest = Digest::new(algorithm);
            digest.update(b"1234");
            digest.update(b"56789");
            let whole = digest.finish();
            let mut parts = Vec::new();
            for part in [b"1234".as_slice(), b"56789"] {
                let mut digest = Digest::new(algorithm);
                digest.update(part);
                parts.push(OfPart { value: digest.finish().value, size: part.len() as u64 });
            }
            if algorithm.takes(Method::FullObject) {
                assert_eq!(of_parts(algorithm, Method::FullObject, &parts), Some(whole), "{algorithm}");
            }
        }
    }

    /// The check value of each CRC in the catalogue of parametrised CRC algorithms, of the text `123456789`.
    #[test]
    fn crcs_are_those_of_the_catalogue() {
        let check = |algorithm, wanted: &[u8]| {
            let mut digest = Digest::new(algorithm);
            digest.update(b"123456789");
            assert_eq!(digest.finish().value, BASE64.encode(wanted), "{algorithm}");
        };
        check(Algorithm::Crc32, &0xcbf4_3926_u32.to_be_bytes());
        check(Algorithm::Crc32c, &0xe306_9283_u32.to_be_bytes());
        check(Algorithm::Crc64Nvme, &0xae8b_1486_0a79_9888_u64.to_be_bytes());
    }
}
