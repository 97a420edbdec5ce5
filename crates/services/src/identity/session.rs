//! Credentials of running functions: nothing is stored, the token says whose it is and proves it.
//!
//! A token is base64 of a layout byte, JSON claims and an HMAC over both. The access key id and the secret are
//! derived from the token with the same key, so whoever holds the master key can check all three.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use store::Timestamp;

use super::Error;
use crate::function::{FunctionId, Scope};
use crate::name::{AccountId, FunctionName, Region};
use crate::run::{Credentials, FunctionVersion, Revision};

/// How long credentials are good. An environment that lives longer than this has lost its own.
pub const LIFE: Duration = Duration::from_secs(36 * 3600);
/// Credentials are given to environments that start for this long, and made anew after it.
const REUSE: Duration = Duration::from_secs(3600);
/// Made credentials that are remembered.
const REMEMBERED_MAX: usize = 4096;
const LAYOUT: u8 = 1;
const PROOF_BYTES: usize = 32;

/// A running function as a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSession {
    pub account: AccountId,
    pub region: Region,
    pub function: FunctionName,
    /// The ARN of the role in the function's configuration.
    pub role: Option<Box<str>>,
    pub expires: Timestamp,
}

impl FunctionSession {
    pub(crate) fn function_id(&self) -> FunctionId {
        let scope = Scope { account: self.account.clone(), region: self.region.clone() };
        FunctionId { scope, name: self.function.clone() }
    }

    /// The ARN of the role's session, which has the function's name.
    pub(super) fn arn(&self) -> String {
        let role = self.role.as_deref().and_then(|role| role.rsplit('/').next()).unwrap_or(self.function.as_str());
        format!("arn:aws:sts::{}:assumed-role/{role}/{}", self.account, self.function)
    }
}

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    account: String,
    region: String,
    function: String,
    role: Option<Box<str>>,
    expires_millis: i64,
}

/// Makes and checks session credentials.
pub struct Sessions {
    key: Hmac<Sha256>,
    made: Mutex<HashMap<Revision, (Timestamp, Credentials)>>,
}

impl Sessions {
    /// `key` is derived from the master key and used for nothing else.
    pub fn new(key: &[u8; 32]) -> Sessions {
        let key = Hmac::new_from_slice(key).expect("HMAC takes keys of every length");
        Sessions { key, made: Mutex::default() }
    }

    /// Credentials for an environment of this function.
    pub fn credentials(&self, function: &FunctionVersion, role: Option<&str>, now: Timestamp) -> Credentials {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((until, credentials)) = made.get(&function.revision)
            && now < *until
        {
            return credentials.clone();
        }
        if made.len() >= REMEMBERED_MAX {
            made.clear();
        }
        let credentials = self.issue(function, role, now + LIFE);
        made.insert(function.revision.clone(), (now + REUSE, credentials.clone()));
        credentials
    }

    fn issue(&self, function: &FunctionVersion, role: Option<&str>, expires: Timestamp) -> Credentials {
        let claims = Claims {
            account: function.account.as_str().to_owned(),
            region: function.region.as_str().to_owned(),
            function: function.name.as_str().to_owned(),
            role: role.map(Box::from),
            expires_millis: expires.millis(),
        };
        let mut token = crate::row::encode(LAYOUT, &claims);
        let proof = self.derive("token", &token);
        token.extend_from_slice(&proof);
        Credentials {
            access_key_id: self.access_key_id(&token).into(),
            secret_access_key: self.secret(&token).into(),
            session_token: BASE64.encode(&token).into(),
            expires: SystemTime::UNIX_EPOCH + Duration::from_millis(expires.millis().max(0).unsigned_abs()),
        }
    }

    /// Whose credentials these are, and the secret that their signatures are made with.
    pub fn verify(
        &self,
        access_key_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<(FunctionSession, Box<str>), Error> {
        let token = BASE64.decode(token).map_err(|_| Error::BadToken)?;
        let (claimed, proof) = token.split_last_chunk::<PROOF_BYTES>().ok_or(Error::BadToken)?;
        let mut mac = self.key.clone();
        mac.update(b"token");
        mac.update(claimed);
        mac.verify_slice(proof).map_err(|_| Error::BadToken)?;
        if *access_key_id != *self.access_key_id(&token) {
            return Err(Error::BadToken);
        }
        let session = read(claimed).ok_or(Error::BadToken)?;
        match session.expires > now {
            true => Ok((session, self.secret(&token))),
            false => Err(Error::ExpiredToken),
        }
    }

    fn access_key_id(&self, token: &[u8]) -> Box<str> {
        super::key::id("ASIA", &self.derive("id", token)).into()
    }

    fn secret(&self, token: &[u8]) -> Box<str> {
        BASE64.encode(&self.derive("secret", token)[..30]).into()
    }

    fn derive(&self, purpose: &str, from: &[u8]) -> [u8; 32] {
        let mut mac = self.key.clone();
        mac.update(purpose.as_bytes());
        mac.update(from);
        mac.finalize().into_bytes().into()
    }
}

fn read(claimed: &[u8]) -> Option<FunctionSession> {
    let claims: Claims = crate::row::decode("session token", LAYOUT, claimed).ok()?;
    Some(FunctionSession {
        account: AccountId::parse(&claims.account).ok()?,
        region: Region::parse(&claims.region).ok()?,
        function: FunctionName::parse(&claims.function).ok()?,
        role: claims.role,
        expires: Timestamp::from_millis(claims.expires_millis),
    })
}
