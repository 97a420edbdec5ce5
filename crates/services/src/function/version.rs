//! Published versions: numbered, and fixed for good.

use store::{Read, Tx};

use super::lifecycle::{changeable, unique};
use super::settings::check_description;
use super::{Details, Error, FunctionId, Numbered, Reason, Scope, State, Update, account, package, rows};
use crate::name::{FunctionName, Version};
use crate::run::CodeId;

/// What to publish, and what the caller believes `$LATEST` to be.
#[derive(Debug, Clone, Default)]
pub struct Publish {
    pub code: Option<CodeId>,
    /// In place of the description that `$LATEST` has.
    pub description: Option<String>,
    pub revision: Option<String>,
}

/// Publishes `$LATEST`. Where nothing has changed since the last version, that one is the answer.
pub(super) fn publish(tx: &mut Tx, id: &FunctionId, publish: &Publish) -> Result<Numbered, Error> {
    if let Some(description) = &publish.description {
        check_description(description)?;
    }
    let latest = changeable(tx, id, publish.revision.as_deref())?;
    match publish.code {
        Some(code) if code != latest.code.id => Err(Error::CodeDiffers { latest: latest.code }),
        Some(_) | None => publish_latest(tx, id, publish.description.as_deref()),
    }
}

/// Publishes `$LATEST` as it is, settled or not: a version that is not settles with it.
pub(super) fn publish_latest(tx: &mut Tx, id: &FunctionId, description: Option<&str>) -> Result<Numbered, Error> {
    let mut function = rows::existing(tx, id)?;
    let (_, latest) = super::find(tx, id, None)?;
    let last = Version::Number(function.published);
    match rows::details(tx, id, last)? {
        Some(published) if published.build == latest.build => return Ok((last, published)),
        Some(_) | None => {}
    }
    function.published += 1;
    let version = Version::Number(function.published);
    let details = as_version(tx, latest, description);
    account::change(tx, &id.scope, |usage| usage.code_bytes += details.code.bytes)?;
    package::exchange(tx, None, Some(&details))?;
    rows::put_function(tx, id, &function);
    rows::put_details(tx, id, version, &details);
    Ok((version, details))
}

/// `latest` as a version of its own: what is in progress or failed there is so for the version from its start.
fn as_version(tx: &mut Tx, latest: Details, description: Option<&str>) -> Details {
    let mut details = Details { revision: unique(tx), ..latest };
    if let Some(description) = description {
        details.settings.description = description.to_owned();
    }
    match details.update.take() {
        Some(Update::InProgress) => details.state = State::Pending,
        Some(Update::Failed(reason)) => details.state = State::Failed(reason),
        Some(Update::Successful) => details.update = Some(Update::Successful),
        None => {}
    }
    if let State::Pending | State::Failed(Reason { .. }) = details.state {
        details.running = None;
    }
    details
}

/// Versions after `after`: `$LATEST` first, then by number; at most `limit`.
pub fn list(
    read: &mut impl Read,
    id: &FunctionId,
    after: Option<Version>,
    limit: usize,
) -> Result<Vec<Numbered>, Error> {
    rows::existing(read, id)?;
    rows::versions(read, id, after, limit)
}

/// The versions of all functions after one of them: by name, `$LATEST` first; at most `limit`.
pub fn list_all(
    read: &mut impl Read,
    scope: &Scope,
    after: Option<&(FunctionName, Version)>,
    limit: usize,
) -> Result<Vec<(FunctionId, Numbered)>, Error> {
    let mut found = Vec::new();
    let mut next = after.map(|(name, version)| (name.clone(), Some(*version)));
    let mut last = None;
    while found.len() < limit {
        let (name, after) = match next.take() {
            Some(begun) => begun,
            None => match rows::function_names(read, scope, last.as_ref(), 1)?.pop() {
                Some(name) => (name, None),
                None => break,
            },
        };
        last = Some(name.clone());
        let id = FunctionId { scope: scope.clone(), name };
        let versions = rows::versions(read, &id, after, limit - found.len())?;
        found.extend(versions.into_iter().map(|version| (id.clone(), version)));
    }
    Ok(found)
}
