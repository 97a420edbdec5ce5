//! Access keys: an id that is told and a secret that is not.
//!
//! Start reading at [`Keys`]. The root key is a row, made at the first start and sealed; a pair from the
//! environment stands beside it for as long as the process runs.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use store::{Read, Store, Timestamp, Tx};

use super::{Error, Principal, Sessions, rows};
use crate::name::AccountId;

/// The pair that local tools send by convention.
const TEST: &str = "test";

/// An access key pair. Its secret is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    id: Box<str>, // Invariant: `parse` and `generate` are the only constructors.
    secret: Box<str>,
}

impl AccessKey {
    /// Source: IAM API model, `accessKeyIdType` (16 to 128 of `\w`, read 2026-11-24).
    pub fn parse(id: &str, secret: &str) -> Result<AccessKey, Error> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let good_id = (16..=128).contains(&id.len()) && id.bytes().all(word);
        let good_secret = (8..=128).contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic());
        match good_id && good_secret {
            true => Ok(AccessKey { id: id.into(), secret: secret.into() }),
            false => Err(Error::Malformed { text: id.to_owned() }),
        }
    }

    fn generate(tx: &mut Tx) -> AccessKey {
        let secret = [tx.random(), tx.random()].concat();
        AccessKey { id: id("AKIA", &tx.random()).into(), secret: BASE64.encode(&secret[..30]).into() }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// For printing a new key once, and for signing.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "AccessKey({})", self.id)
    }
}

/// The id of a key: a prefix that tells its kind, and 16 characters of base 32.
pub(super) fn id(prefix: &str, random: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digits = random.iter().take(16).map(|byte| char::from(DIGITS[usize::from(byte & 31)]));
    prefix.chars().chain(digits).collect()
}

/// What decides which keys are known.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A root key pair from the environment; without one, the stored pair is the root's.
    pub root: Option<AccessKey>,
    /// Accept `test`/`test` from loopback.
    pub test_on_loopback: bool,
}

/// A key that is known, whose it is, and what its signatures are made with.
#[derive(Clone)]
pub struct Known {
    pub principal: Principal,
    pub secret: Box<str>,
}

/// Every key that opens this installation.
pub struct Keys {
    account: AccountId,
    root: AccessKey,
    root_is_new: bool,
    test_on_loopback: bool,
    sessions: Sessions,
}

impl Keys {
    /// Loads the root's key, and makes one where there is none.
    pub async fn open(store: &Store, account: AccountId, options: Options) -> Result<Keys, Error> {
        let (root, root_is_new) = match options.root {
            Some(root) => (root, false),
            None => root(store, &account).await?,
        };
        let sessions = Sessions::new(&store.master_key_derive("function session credentials"));
        Ok(Keys { account, root, root_is_new, test_on_loopback: options.test_on_loopback, sessions })
    }

    pub fn root(&self) -> &AccessKey {
        &self.root
    }

    /// The root's key, if this start made it: the one time that it is printed.
    pub fn new_root(&self) -> Option<&AccessKey> {
        self.root_is_new.then_some(&self.root)
    }

    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Who a key belongs to, by the key alone: [`Services::who`](crate::Services::who) is for those who let callers in.
    pub(crate) fn find(
        &self,
        id: &str,
        session_token: Option<&str>,
        loopback: bool,
        now: Timestamp,
    ) -> Result<Known, Error> {
        let root = || Principal::Root { account: self.account.clone() };
        match session_token {
            _ if self.test_on_loopback && loopback && id == TEST => {
                Ok(Known { principal: root(), secret: TEST.into() })
            }
            Some(token) => {
                let (session, secret) = self.sessions.verify(id, token, now)?;
                Ok(Known { principal: Principal::Function(Box::new(session)), secret })
            }
            None if id == self.root.id() => Ok(Known { principal: root(), secret: self.root.secret.clone() }),
            None => Err(Error::UnknownKey { id: id.to_owned() }),
        }
    }
}

async fn root(store: &Store, account: &AccountId) -> Result<(AccessKey, bool), Error> {
    store
        .transact(|tx| match stored_root(store, tx, account)? {
            Some(root) => Ok((root, false)),
            None => {
                let root = AccessKey::generate(tx);
                let sealed = store.seal(root.secret.as_bytes())?;
                tx.put(rows::root_key(account), rows::encode(&root.id, &sealed));
                Ok((root, true))
            }
        })
        .await
}

fn stored_root(store: &Store, read: &mut impl Read, account: &AccountId) -> Result<Option<AccessKey>, Error> {
    let Some(row) = read.get(&rows::root_key(account))? else { return Ok(None) };
    let (id, sealed) = rows::decode(&row)?;
    let secret = store.unseal(&sealed)?;
    let secret = String::from_utf8(secret).map_err(|_| Error::Malformed { text: id.clone() })?;
    AccessKey::parse(&id, &secret).map(Some)
}
