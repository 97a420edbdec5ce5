//! Aliases: names for a version, or for two by weight.

use serde::{Deserialize, Serialize};
use store::{Read, Tx};

use super::lifecycle::{check_revision, unique};
use super::settings::check_description;
use super::{AliasName, Error, FunctionId, Qualifier, rows};
use crate::name::Version;

/// A name for a version. Some share of the invocations may go to a second one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alias {
    /// A version's number; 0 is `$LATEST`.
    number: u64,
    pub description: String,
    /// Invariant: from another published version, with a weight from 0 to 1.
    second: Option<Weight>,
    /// Changes with every change of the alias and its permissions.
    pub revision: String,
}

/// The share of invocations that a version gets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    pub number: u64,
    pub share: f64,
}

/// What a user sets on an alias.
#[derive(Debug, Clone, Default)]
pub struct AliasChange {
    pub version: Option<Version>,
    pub description: Option<String>,
    /// All further versions with their shares; empty for none, `None` to keep them.
    pub weights: Option<Vec<(Version, f64)>>,
    pub revision: Option<String>,
}

impl Alias {
    pub fn version(&self) -> Version {
        match self.number {
            0 => Version::Latest,
            number => Version::Number(number),
        }
    }

    pub fn second(&self) -> Option<(Version, f64)> {
        self.second.map(|weight| (Version::Number(weight.number), weight.share))
    }

    pub fn refers(&self, version: Version) -> bool {
        self.version() == version || self.second().is_some_and(|(second, _)| second == version)
    }

    /// The version for one invocation. `random` is spread evenly over all numbers.
    pub fn choose(&self, random: u64) -> Version {
        match self.second() {
            Some((version, share)) if (random as f64) < share * u64::MAX as f64 => version,
            Some(_) | None => self.version(),
        }
    }

    fn point(&mut self, version: Version, weights: &[(Version, f64)]) -> Result<(), Error> {
        self.number = match version {
            Version::Latest => 0,
            Version::Number(number) => number,
        };
        self.second = match weights {
            [] => None,
            [(_, share)] if !(0.0..=1.0).contains(share) => return Err(Error::BadWeight),
            [(second, _)] if *second == version => return Err(Error::WeightOnFirst(version)),
            [(Version::Number(number), share)] if version != Version::Latest => {
                Some(Weight { number: *number, share: *share })
            }
            [_] => return Err(Error::WeightOnLatest),
            [_, ..] => return Err(Error::TooManyWeights),
        };
        Ok(())
    }
}

pub fn create(
    tx: &mut Tx,
    id: &FunctionId,
    name: &AliasName,
    version: Version,
    change: &AliasChange,
) -> Result<Alias, Error> {
    rows::existing(tx, id)?;
    if rows::alias(tx, id, name)?.is_some() {
        return Err(Error::AliasExists);
    }
    let mut alias = Alias { number: 0, description: String::new(), second: None, revision: String::new() };
    apply(tx, id, &mut alias, &AliasChange { version: Some(version), ..change.clone() })?;
    rows::put_alias(tx, id, name, &alias);
    Ok(alias)
}

pub fn update(tx: &mut Tx, id: &FunctionId, name: &AliasName, change: &AliasChange) -> Result<Alias, Error> {
    let mut alias = find(tx, id, name)?;
    check_revision(&alias.revision, change.revision.as_deref())?;
    apply(tx, id, &mut alias, change)?;
    rows::put_alias(tx, id, name, &alias);
    Ok(alias)
}

fn apply(tx: &mut Tx, id: &FunctionId, alias: &mut Alias, change: &AliasChange) -> Result<(), Error> {
    if let Some(description) = &change.description {
        check_description(description)?;
        alias.description.clone_from(description);
    }
    let weights = change.weights.clone().unwrap_or_else(|| alias.second().into_iter().collect());
    alias.point(change.version.unwrap_or(alias.version()), &weights)?;
    for version in std::iter::once(alias.version()).chain(alias.second().map(|(version, _)| version)) {
        super::find(tx, id, Some(&Qualifier::Version(version)))?;
    }
    alias.revision = unique(tx);
    Ok(())
}

pub fn find(read: &mut impl Read, id: &FunctionId, name: &AliasName) -> Result<Alias, Error> {
    rows::existing(read, id)?;
    rows::alias(read, id, name)?.ok_or_else(|| Error::NoSuchAlias(name.clone()))
}

/// Aliases by name; with `version`, those that refer to it.
pub fn list(read: &mut impl Read, id: &FunctionId, version: Option<Version>) -> Result<Vec<(AliasName, Alias)>, Error> {
    rows::existing(read, id)?;
    let all = rows::aliases(read, id)?;
    Ok(all.into_iter().filter(|(_, alias)| version.is_none_or(|version| alias.refers(version))).collect())
}

/// Deletes the alias with its URL, permissions and configuration of asynchronous invocations. One that is not there is as good as deleted.
pub fn delete(tx: &mut Tx, id: &FunctionId, name: &AliasName) -> Result<(), Error> {
    rows::existing(tx, id)?;
    rows::delete_alias(tx, id, name);
    rows::delete_url(tx, id, Some(name));
    rows::put_policy(tx, id, Some(&Qualifier::Alias(name.clone())), &Vec::new());
    rows::delete_event_config(tx, id, &Qualifier::Alias(name.clone()));
    Ok(())
}
