//! How functions lie in the store.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | FUNCTIONS | name | [`Function`] |
//! | VERSIONS | name, number (0 is `$LATEST`) | [`Details`] |
//! | ALIASES | name, alias | [`Alias`] |
//! | URLS | name, alias or empty | [`Url`] |
//! | POLICIES | name, qualifier or empty | statements |
//! | EVENT_CONFIGS | name, qualifier | [`EventConfigRow`] |
//! | USAGE | | [`Usage`] |
//! | PACKAGES | (global) code | [`Package`] |
//! | UNUSED | (global) code | nothing: its package is dropped, what was made of it is still there |
//!
//! All are layout 1, the only one so far.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::key::{Key, Parser, Space};
use store::{Order, Range, Read, Tx};

use super::account::Usage;
use super::alias::Alias;
use super::event_config::{EventConfig, EventConfigRow};
use super::package::Package;
use super::url::Url;
use super::{AliasName, Details, Error, FunctionId, Numbered, Qualifier, Scope};
use crate::identity::Statement;
use crate::name::{AccountId, FunctionName, Region, Version};
use crate::row::{self, Unreadable};
use crate::run::{CodeId, Kind};

const FUNCTIONS: Space = Space::new(0x0110);
const VERSIONS: Space = Space::new(0x0111);
const ALIASES: Space = Space::new(0x0112);
const URLS: Space = Space::new(0x0113);
const POLICIES: Space = Space::new(0x0114);
const USAGE: Space = Space::new(0x0115);
const PACKAGES: Space = Space::new(0x0116);
const UNUSED: Space = Space::new(0x0117);
const EVENT_CONFIGS: Space = Space::new(0x0118);

const LAYOUT: u8 = 1;

/// How many rows one read of a scan that goes to the end takes.
const SCAN_ROWS: usize = 1_000;

/// What a function has beside its versions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Function {
    /// Number of the version published last; numbers are never given again.
    pub published: u64,
    pub reserved: Option<u32>,
    pub tags: BTreeMap<String, String>,
}

pub(super) fn function(read: &mut impl Read, id: &FunctionId) -> Result<Option<Function>, Error> {
    get(read, "function", named(FUNCTIONS, id))
}

/// The function's row, or the refusal that there is none.
pub(super) fn existing(read: &mut impl Read, id: &FunctionId) -> Result<Function, Error> {
    function(read, id)?.ok_or(Error::NoSuchFunction { qualifier: None })
}

pub(super) fn put_function(tx: &mut Tx, id: &FunctionId, function: &Function) {
    put(tx, named(FUNCTIONS, id), function);
}

/// Names of functions after `after`, in order.
pub(super) fn function_names(
    read: &mut impl Read,
    scope: &Scope,
    after: Option<&FunctionName>,
    limit: usize,
) -> Result<Vec<FunctionName>, Error> {
    let prefix = scoped(FUNCTIONS, scope);
    let mut range = prefix.range();
    if let Some(name) = after {
        range = range.after(&prefix.clone().text(name.as_str()).build());
    }
    let found = read.scan(range, Order::Forward, limit)?;
    found.iter().map(|(key, _)| function_name(Parser::after(&prefix.clone().build(), key))).collect()
}

/// Every function there is.
pub(super) fn all_functions(read: &mut impl Read) -> Result<Vec<FunctionId>, Error> {
    let mut all = Vec::new();
    each(read, Key::global(FUNCTIONS).range(), |key, _| {
        let damaged = || unreadable("function", "its key has another form");
        let (_, account, region, rest) = Parser::of(key).ok_or_else(damaged)?;
        let scope = Scope {
            account: AccountId::parse(&account).map_err(|_| damaged())?,
            region: Region::parse(&region).map_err(|_| damaged())?,
        };
        all.push(FunctionId { scope, name: function_name(Some(rest))? });
        Ok(())
    })?;
    Ok(all)
}

pub(super) fn details(read: &mut impl Read, id: &FunctionId, version: Version) -> Result<Option<Details>, Error> {
    if version == Version::Number(0) {
        return Ok(None); // its key is the one of `$LATEST`
    }
    get(read, "version", named(VERSIONS, id).number(version_number(version)))
}

pub(super) fn put_details(tx: &mut Tx, id: &FunctionId, version: Version, details: &Details) {
    put(tx, named(VERSIONS, id).number(version_number(version)), details);
}

pub(super) fn delete_details(tx: &mut Tx, id: &FunctionId, version: Version) {
    tx.delete(named(VERSIONS, id).number(version_number(version)).build());
}

/// Versions after `after`, `$LATEST` first and then by number; at most `limit`.
pub(super) fn versions(
    read: &mut impl Read,
    id: &FunctionId,
    after: Option<Version>,
    limit: usize,
) -> Result<Vec<Numbered>, Error> {
    let prefix = named(VERSIONS, id);
    let mut range = prefix.range();
    if let Some(version) = after {
        range = range.after(&prefix.clone().number(version_number(version)).build());
    }
    let prefix = prefix.build();
    let found = read.scan(range, Order::Forward, limit)?;
    found
        .iter()
        .map(|(key, value)| {
            let number = Parser::after(&prefix, key).and_then(|mut parser| parser.number());
            let number = number.ok_or_else(|| unreadable("version", "its key has another form"))?;
            Ok((version_of(number), row::decode("version", LAYOUT, value)?))
        })
        .collect()
}

pub(super) fn all_versions(read: &mut impl Read, id: &FunctionId) -> Result<Vec<Numbered>, Error> {
    let mut all = Vec::new();
    loop {
        let page = versions(read, id, all.last().map(|(version, _)| *version), SCAN_ROWS)?;
        let full = page.len() == SCAN_ROWS;
        all.extend(page);
        if !full {
            return Ok(all);
        }
    }
}

pub(super) fn alias(read: &mut impl Read, id: &FunctionId, name: &AliasName) -> Result<Option<Alias>, Error> {
    get(read, "alias", named(ALIASES, id).text(name.as_str()))
}

pub(super) fn put_alias(tx: &mut Tx, id: &FunctionId, name: &AliasName, alias: &Alias) {
    put(tx, named(ALIASES, id).text(name.as_str()), alias);
}

pub(super) fn delete_alias(tx: &mut Tx, id: &FunctionId, name: &AliasName) {
    tx.delete(named(ALIASES, id).text(name.as_str()).build());
}

pub(super) fn aliases(read: &mut impl Read, id: &FunctionId) -> Result<Vec<(AliasName, Alias)>, Error> {
    let mut all = Vec::new();
    each_named(read, "alias", named(ALIASES, id), |name, alias| {
        all.push((alias_name(name)?, alias));
        Ok(())
    })?;
    Ok(all)
}

pub(super) fn url(read: &mut impl Read, id: &FunctionId, alias: Option<&AliasName>) -> Result<Option<Url>, Error> {
    get(read, "function URL", named(URLS, id).text(alias.map_or("", AliasName::as_str)))
}

pub(super) fn put_url(tx: &mut Tx, id: &FunctionId, alias: Option<&AliasName>, url: &Url) {
    put(tx, named(URLS, id).text(alias.map_or("", AliasName::as_str)), url);
}

pub(super) fn delete_url(tx: &mut Tx, id: &FunctionId, alias: Option<&AliasName>) {
    tx.delete(named(URLS, id).text(alias.map_or("", AliasName::as_str)).build());
}

pub(super) fn urls(read: &mut impl Read, id: &FunctionId) -> Result<Vec<(Option<AliasName>, Url)>, Error> {
    let mut all = Vec::new();
    each_named(read, "function URL", named(URLS, id), |name, url| {
        let alias = (!name.is_empty()).then(|| alias_name(name)).transpose()?;
        all.push((alias, url));
        Ok(())
    })?;
    Ok(all)
}

pub(super) fn policy(
    read: &mut impl Read,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
) -> Result<Vec<Statement>, Error> {
    Ok(get(read, "policy", policy_key(id, qualifier))?.unwrap_or_default())
}

/// Writes the statements, or deletes the row where there are none left.
pub(super) fn put_policy(tx: &mut Tx, id: &FunctionId, qualifier: Option<&Qualifier>, statements: &Vec<Statement>) {
    match statements.is_empty() {
        true => tx.delete(policy_key(id, qualifier).build()),
        false => put(tx, policy_key(id, qualifier), statements),
    }
}

/// What the statements are on, and they.
type Policy = (Option<Qualifier>, Vec<Statement>);

pub(super) fn policies(read: &mut impl Read, id: &FunctionId) -> Result<Vec<Policy>, Error> {
    let mut all = Vec::new();
    each_named(read, "policy", named(POLICIES, id), |name, statements| {
        let parsed = (!name.is_empty()).then(|| Qualifier::parse(name)).transpose();
        all.push((parsed.map_err(|error| unreadable("policy", &error.to_string()))?, statements));
        Ok(())
    })?;
    Ok(all)
}

pub(super) fn event_config(
    read: &mut impl Read,
    id: &FunctionId,
    qualifier: &Qualifier,
) -> Result<Option<EventConfig>, Error> {
    let row: Option<EventConfigRow> = get(read, EVENT_CONFIG, event_config_key(id, qualifier))?;
    row.map(EventConfigRow::parse).transpose().map_err(|error| unreadable(EVENT_CONFIG, &error.to_string()))
}

pub(super) fn put_event_config(tx: &mut Tx, id: &FunctionId, qualifier: &Qualifier, config: &EventConfig) {
    put(tx, event_config_key(id, qualifier), &config.to_row());
}

pub(super) fn delete_event_config(tx: &mut Tx, id: &FunctionId, qualifier: &Qualifier) {
    tx.delete(event_config_key(id, qualifier).build());
}

pub(super) fn event_configs(read: &mut impl Read, id: &FunctionId) -> Result<Vec<(Qualifier, EventConfig)>, Error> {
    let mut all = Vec::new();
    each_named(read, EVENT_CONFIG, named(EVENT_CONFIGS, id), |name, row: EventConfigRow| {
        let damaged = |error: crate::name::Malformed| unreadable(EVENT_CONFIG, &error.to_string());
        all.push((Qualifier::parse(name).map_err(damaged)?, row.parse().map_err(damaged)?));
        Ok(())
    })?;
    Ok(all)
}

const EVENT_CONFIG: &str = "configuration of asynchronous invocations";

fn event_config_key(id: &FunctionId, qualifier: &Qualifier) -> Key {
    named(EVENT_CONFIGS, id).text(&qualifier.to_string())
}

/// Deletes every row of a function but its packages and sums, which count.
pub(super) fn delete_function(tx: &mut Tx, id: &FunctionId) -> Result<(), Error> {
    tx.delete(named(FUNCTIONS, id).build());
    for space in [VERSIONS, ALIASES, URLS, POLICIES, EVENT_CONFIGS] {
        let mut keys = Vec::new();
        each(tx, named(space, id).range(), |key, _| {
            keys.push(key.to_vec());
            Ok(())
        })?;
        keys.into_iter().for_each(|key| tx.delete(key));
    }
    Ok(())
}

pub(super) fn usage(read: &mut impl Read, scope: &Scope) -> Result<Option<Usage>, Error> {
    get(read, "usage of functions", scoped(USAGE, scope))
}

pub(super) fn put_usage(tx: &mut Tx, scope: &Scope, usage: &Usage) {
    put(tx, scoped(USAGE, scope), usage);
}

pub(super) fn package(read: &mut impl Read, code: &CodeId) -> Result<Option<Package>, Error> {
    get(read, "package", Key::global(PACKAGES).bytes(&code.0))
}

pub(super) fn put_package(tx: &mut Tx, code: &CodeId, package: &Package) {
    put(tx, Key::global(PACKAGES).bytes(&code.0), package);
}

pub(super) fn delete_package(tx: &mut Tx, code: &CodeId) {
    tx.delete(Key::global(PACKAGES).bytes(&code.0).build());
}

pub(super) fn is_unused(read: &mut impl Read, code: &CodeId) -> Result<bool, Error> {
    Ok(read.get(&Key::global(UNUSED).bytes(&code.0).build())?.is_some())
}

pub(super) fn put_unused(tx: &mut Tx, code: &CodeId) {
    put(tx, Key::global(UNUSED).bytes(&code.0), &());
}

pub(super) fn delete_unused(tx: &mut Tx, code: &CodeId) {
    tx.delete(Key::global(UNUSED).bytes(&code.0).build());
}

pub(super) fn all_unused(read: &mut impl Read) -> Result<Vec<CodeId>, Error> {
    let prefix = Key::global(UNUSED);
    let start = prefix.clone().build();
    let mut all = Vec::new();
    each(read, prefix.range(), |key, _| {
        let bytes = Parser::after(&start, key).and_then(|mut parser| parser.bytes());
        let id = bytes.and_then(|bytes| bytes.try_into().ok());
        all.push(CodeId(id.ok_or_else(|| unreadable("unused code", "its key has another form"))?));
        Ok(())
    })?;
    Ok(all)
}

fn scoped(space: Space, scope: &Scope) -> Key {
    Key::new(space, scope.account.as_str(), scope.region.as_str())
}

fn named(space: Space, id: &FunctionId) -> Key {
    scoped(space, &id.scope).text(id.name.as_str())
}

fn policy_key(id: &FunctionId, qualifier: Option<&Qualifier>) -> Key {
    named(POLICIES, id).text(&qualifier.map(Qualifier::to_string).unwrap_or_default())
}

fn version_number(version: Version) -> u64 {
    match version {
        Version::Latest => 0,
        Version::Number(number) => number,
    }
}

fn version_of(number: u64) -> Version {
    match number {
        0 => Version::Latest,
        number => Version::Number(number),
    }
}

fn function_name(parser: Option<Parser<'_>>) -> Result<FunctionName, Error> {
    let text = parser.and_then(|mut parser| parser.text());
    let name = text.and_then(|text| FunctionName::parse(&text).ok());
    name.ok_or_else(|| unreadable("function", "its key has another form"))
}

fn alias_name(text: &str) -> Result<AliasName, Error> {
    AliasName::parse(text).map_err(|error| unreadable("alias", &error.to_string()))
}

fn unreadable(row: &'static str, reason: &str) -> Error {
    Unreadable { row, layout: None, reason: reason.to_owned() }.into()
}

fn get<T: DeserializeOwned>(read: &mut impl Read, row: &'static str, key: Key) -> Result<Option<T>, Error> {
    match read.get(&key.build())? {
        Some(value) => Ok(Some(row::decode(row, LAYOUT, &value)?)),
        None => Ok(None),
    }
}

fn put<T: Serialize>(tx: &mut Tx, key: Key, value: &T) {
    tx.put(key.build(), row::encode(LAYOUT, value));
}

/// Visits a range to its end, page by page.
fn each(
    read: &mut impl Read,
    mut range: Range,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    loop {
        let page = read.scan(range.clone(), Order::Forward, SCAN_ROWS)?;
        for (key, value) in &page {
            visit(key, value)?;
        }
        match page.last() {
            Some((key, _)) if page.len() == SCAN_ROWS => range = range.after(key),
            _ => return Ok(()),
        }
    }
}

/// Visits the rows under a function whose keys end in one text.
fn each_named<T: DeserializeOwned>(
    read: &mut impl Read,
    row: &'static str,
    prefix: Key,
    mut visit: impl FnMut(&str, T) -> Result<(), Error>,
) -> Result<(), Error> {
    let start = prefix.clone().build();
    each(read, prefix.range(), |key, value| {
        let name = Parser::after(&start, key).and_then(|mut parser| parser.text());
        let name = name.ok_or_else(|| unreadable(row, "its key has another form"))?;
        visit(&name, row::decode(row, LAYOUT, value)?)
    })
}

/// [`Kind`] as rows spell it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Kind")]
pub(super) enum KindRow {
    Component,
    Process,
}

/// [`CodeId`] as 64 hexadecimal digits.
pub(super) mod code_id {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::run::CodeId;

    pub fn serialize<S: Serializer>(id: &CodeId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(id.0))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CodeId, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(D::Error::custom)?;
        Ok(CodeId(bytes))
    }
}

/// [`store::Timestamp`] as milliseconds since 1970.
pub(super) mod millis {
    use serde::{Deserialize, Deserializer, Serializer};
    use store::Timestamp;

    pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.millis())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}

/// [`store::BlobRef`] as its text.
pub(super) mod blob {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use store::BlobRef;

    pub fn serialize<S: Serializer>(blob: &BlobRef, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(blob)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BlobRef, D::Error> {
        let text = String::deserialize(deserializer)?;
        BlobRef::parse(&text).ok_or_else(|| D::Error::custom("not a blob's name"))
    }
}
