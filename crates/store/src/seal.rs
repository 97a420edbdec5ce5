//! Secrets at rest, and the master key under which they are.
//!
//! The master key is 32 random bytes in a file that its owner alone may read. Each purpose has a key of its own, derived
//! from it, so that what is made with one of them tells nothing about another. Whoever has the data but not this file
//! cannot read the secrets.

use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::disk::{self, Disk};
use crate::error::{Error, unavailable};

const FILE: &str = "master.key";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// The first byte of what was sealed says how.
const LAYOUT: u8 = 1;

pub(crate) struct MasterKey([u8; KEY_BYTES]);

impl MasterKey {
    pub(crate) fn random() -> Result<MasterKey, Error> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(unavailable)?;
        Ok(MasterKey(key))
    }

    pub(crate) fn fixed(key: [u8; KEY_BYTES]) -> MasterKey {
        MasterKey(key)
    }

    /// Reads the key file of a data directory, or makes it: it is durable before anything is sealed with it.
    pub(crate) fn open(disk: &dyn Disk, directory: &Path) -> Result<MasterKey, Error> {
        let path = directory.join(FILE);
        match disk::read(disk, &path) {
            Ok(found) => match found.try_into() {
                Ok(key) => Ok(MasterKey(key)),
                Err(_) => Err(Error::Damaged { place: "the master key", reason: format!("{}", path.display()) }),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = MasterKey::random()?;
                key.write(disk, directory).map_err(|error| crate::error::from_io("the master key", &error))?;
                Ok(key)
            }
            Err(error) => Err(crate::error::from_io("the master key", &error)),
        }
    }

    /// Writes the key file, whole or not at all.
    pub(crate) fn write(&self, disk: &dyn Disk, directory: &Path) -> std::io::Result<()> {
        let unfinished = directory.join("master.key.new");
        if disk.length(&unfinished).is_ok() {
            disk.remove(&unfinished)?;
        }
        let mut file = disk.create(&unfinished)?;
        file.write(&self.0)?;
        file.sync()?;
        disk.rename(&unfinished, &directory.join(FILE))?;
        disk.sync_dir(directory)
    }

    /// The key for one purpose: HMAC-SHA-256 of its name under the master key.
    pub(crate) fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    pub(crate) fn seal(&self, secret: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(unavailable)?;
        let sealed = self.cipher().encrypt(Nonce::from_slice(&nonce), secret);
        let sealed = sealed.map_err(|_| Error::Unavailable("the secret is too long to be sealed".to_owned()))?;
        Ok([&[LAYOUT], nonce.as_slice(), &sealed].concat())
    }

    pub(crate) fn unseal(&self, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let damaged = |reason: &str| Error::Damaged { place: "a sealed secret", reason: reason.to_owned() };
        let (&[layout], rest) = sealed.split_first_chunk::<1>().ok_or_else(|| damaged("it is empty"))?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(|| damaged("it is cut off"))?;
        match layout {
            LAYOUT => self
                .cipher()
                .decrypt(Nonce::from_slice(nonce), rest)
                .map_err(|_| damaged("it was not sealed with this master key, or it was changed")),
            _ => Err(damaged("it has a layout that this version does not know")),
        }
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(Key::from_slice(&self.derive("seal")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_comes_back_only_with_its_own_key_and_unchanged() {
        let key = MasterKey::fixed([1; 32]);
        let sealed = key.seal(b"secret").expect("sealed");
        assert_eq!(key.unseal(&sealed), Ok(b"secret".to_vec()));
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_ne!(sealed, key.seal(b"secret").expect("sealed again"), "every seal has its own nonce");
        assert!(MasterKey::fixed([2; 32]).unseal(&sealed).is_err());
        for byte in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[byte] ^= 1;
            assert!(key.unseal(&changed).is_err(), "byte {byte}");
        }
        assert!(key.unseal(b"").is_err());
        assert_ne!(key.derive("one"), key.derive("two"));
    }
}
