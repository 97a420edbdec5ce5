//! Function URLs: an HTTP address for a function or one of its aliases.

use serde::{Deserialize, Serialize};
use store::{Read, Timestamp, Tx};

use super::{AliasName, Error, FunctionId, Qualifier, rows};

/// How many letters and digits a URL's id has.
const ID_CHARS: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Url {
    /// 32 of a-z and 2-7: the first label of the host name.
    pub id: String,
    pub auth: Auth,
    pub cors: Option<Cors>,
    pub mode: Mode,
    #[serde(with = "rows::millis")]
    pub created: Timestamp,
    #[serde(with = "rows::millis")]
    pub modified: Timestamp,
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auth {
    /// Whoever the permissions let in, unsigned requests too.
    None,
    /// Signed requests of principals that may.
    Iam,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    Buffered,
    Streaming,
}

/// What browsers are told about calls from other origins. An absent field sends no header.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    pub allow_credentials: Option<bool>,
    pub allow_headers: Option<Vec<String>>,
    pub allow_methods: Option<Vec<String>>,
    pub allow_origins: Option<Vec<String>>,
    pub expose_headers: Option<Vec<String>>,
    pub max_age_secs: Option<u32>,
}

/// What a user sets on a URL; `None` keeps what is there.
#[derive(Debug, Clone, Default)]
pub struct UrlChange {
    pub auth: Option<Auth>,
    pub cors: Option<Cors>,
    pub mode: Option<Mode>,
}

pub fn create(
    tx: &mut Tx,
    id: &FunctionId,
    alias: Option<&AliasName>,
    auth: Auth,
    change: &UrlChange,
) -> Result<Url, Error> {
    super::find(tx, id, alias.cloned().map(Qualifier::Alias).as_ref())?;
    if rows::url(tx, id, alias)?.is_some() {
        return Err(Error::UrlExists);
    }
    let now = tx.now();
    let mut url = Url { id: new_id(tx), auth, cors: None, mode: Mode::Buffered, created: now, modified: now };
    apply(&mut url, change);
    rows::put_url(tx, id, alias, &url);
    Ok(url)
}

pub fn update(tx: &mut Tx, id: &FunctionId, alias: Option<&AliasName>, change: &UrlChange) -> Result<Url, Error> {
    let mut url = find(tx, id, alias)?;
    apply(&mut url, change);
    url.modified = tx.now();
    rows::put_url(tx, id, alias, &url);
    Ok(url)
}

fn apply(url: &mut Url, change: &UrlChange) {
    url.auth = change.auth.unwrap_or(url.auth);
    url.mode = change.mode.unwrap_or(url.mode);
    if let Some(cors) = &change.cors {
        url.cors = (*cors != Cors::default()).then(|| cors.clone());
    }
}

pub fn find(read: &mut impl Read, id: &FunctionId, alias: Option<&AliasName>) -> Result<Url, Error> {
    rows::url(read, id, alias)?.ok_or(Error::NoSuchUrl)
}

/// All URLs of a function: its own first, then those of its aliases by name.
pub fn list(read: &mut impl Read, id: &FunctionId) -> Result<Vec<(Option<AliasName>, Url)>, Error> {
    rows::existing(read, id)?;
    rows::urls(read, id)
}

pub fn delete(tx: &mut Tx, id: &FunctionId, alias: Option<&AliasName>) -> Result<(), Error> {
    find(tx, id, alias)?;
    rows::delete_url(tx, id, alias);
    Ok(())
}

/// 160 random bits in base 32.
fn new_id(tx: &mut Tx) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let drawn = tx.random().into_iter().chain(tx.random());
    drawn.take(ID_CHARS).map(|byte| char::from(DIGITS[usize::from(byte % 32)])).collect()
}
