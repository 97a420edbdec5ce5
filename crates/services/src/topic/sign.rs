//! The key with which notifications are signed, so that who gets one over HTTP can tell where it comes from.
//!
//! It is made when it is first needed, and kept sealed: `KEYS`, one row for the installation.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use store::key::{Key, Space};
use store::{Read, Store, Tx};
use tokio::sync::OnceCell;

use super::private_key::PrivateKey;
use super::{Error, Signature, certificate};

const KEYS: Space = Space::new(0x0329);

/// The installation's one signer, once somebody has asked for it.
#[derive(Clone)]
pub struct Signers {
    store: Store,
    signer: Arc<OnceCell<Arc<Signer>>>,
}

pub struct Signer {
    key: PrivateKey,
    /// In PEM.
    pub certificate: String,
    /// Names the certificate: part of its digest.
    pub fingerprint: String,
}

impl Signers {
    pub fn new(store: Store) -> Signers {
        Signers { store, signer: Arc::default() }
    }

    pub async fn signer(&self) -> Result<Arc<Signer>, Error> {
        self.signer.get_or_try_init(|| self.load()).await.cloned()
    }

    async fn load(&self) -> Result<Arc<Signer>, Error> {
        let row = Key::global(KEYS).build();
        let found = self.store.read(|read| read.get(&row))?;
        let sealed = match found {
            Some(sealed) => sealed.to_vec(),
            None => self.make(row).await?,
        };
        let unsealed = self.store.unseal(&sealed)?;
        Ok(Arc::new(Signer::read(&unsealed)?))
    }

    /// Makes a key, unless somebody else was faster.
    async fn make(&self, row: Vec<u8>) -> Result<Vec<u8>, Error> {
        let made = tokio::task::spawn_blocking(PrivateKey::random).await.map_err(unusable)?;
        let made = made.map_err(unusable)?.keep();
        let sealed = self.store.seal(&serde_json::to_vec(&made).expect("texts are JSON"))?;
        let put = |tx: &mut Tx| match tx.get(&row)? {
            Some(known) => Ok(known.to_vec()),
            None => {
                tx.put(row.clone(), sealed.clone());
                Ok::<_, Error>(sealed.clone())
            }
        };
        self.store.transact(put).await
    }
}

impl Signer {
    fn read(kept: &[u8]) -> Result<Signer, Error> {
        let kept = serde_json::from_slice(kept).map_err(unusable)?;
        let key = PrivateKey::read(&kept).ok_or_else(|| unusable("its primes are none"))?;
        let sign = |bytes: &[u8]| key.sign(Signature::Sha256, bytes);
        let certificate = certificate::write(key.public(), sign).map_err(unusable)?;
        let fingerprint = hex::encode(&Sha256::digest(certificate.as_bytes())[..16]);
        Ok(Signer { key, certificate, fingerprint })
    }

    /// In base64.
    pub fn sign(&self, with: Signature, text: &str) -> Result<String, Error> {
        let signature = self.key.sign(with, text.as_bytes()).map_err(unusable)?;
        Ok(STANDARD.encode(signature))
    }
}

fn unusable(error: impl std::fmt::Display) -> Error {
    Error::Key(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_key_stays_and_signs_alike() {
        let store = Store::memory();
        let signer = Signers::new(store.clone()).signer().await.expect("a key");
        let again = Signers::new(store).signer().await.expect("the same key");
        assert_eq!(signer.certificate, again.certificate);
        for with in [Signature::Sha1, Signature::Sha256] {
            let signature = signer.sign(with, "text").expect("signed");
            assert_eq!(signature.len(), 344);
            assert_eq!(signature, again.sign(with, "text").expect("signed"));
        }
    }
}
