//! From an upload to running code: create, update, settle, delete.
//!
//! A change is written first and prepared afterwards; [`settle`] writes how the preparation ended. A version that is
//! not settled is found again at start-up, so a stop in between loses nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use store::{Read, Tx};

use super::package::Uploaded;
use super::settings::{Settings, SettingsChange};
use super::{
    Architecture, Details, Error, FunctionId, Numbered, Qualifier, Reason, Running, State, Update, account, package,
    rows, tag, version,
};
use crate::name::Version;
use crate::run::{CodeId, PrepareError, Prepared, Revision};

/// A change of settings. `revision` is what the caller believes to be the latest.
#[derive(Debug, Clone, Default)]
pub struct UpdateSettings {
    pub change: SettingsChange,
    pub revision: Option<String>,
}

/// What a change has left behind, for whoever executes code to clean up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Leftovers {
    pub revisions: Vec<Revision>,
    pub code: Vec<CodeId>,
    /// How long invocations of these may still take.
    pub runs_on: Duration,
}

pub(super) fn check_absent(read: &mut impl Read, id: &FunctionId) -> Result<(), Error> {
    match rows::function(read, id)? {
        Some(_) => Err(Error::FunctionExists),
        None => Ok(()),
    }
}

/// A new function, pending until it is settled. With `publish` it has version 1 at once, which settles with it.
pub(super) fn create(
    tx: &mut Tx,
    id: &FunctionId,
    settings: &Settings,
    tags: &BTreeMap<String, String>,
    uploaded: &Uploaded,
    publish: bool,
) -> Result<Numbered, Error> {
    check_absent(tx, id)?;
    settings.check()?;
    tag::check(tags)?;
    let details = Details {
        settings: settings.clone(),
        code: uploaded.code,
        revision: unique(tx),
        modified: tx.now(),
        state: State::Pending,
        update: None,
        build: unique(tx),
        running: None,
    };
    account::change(tx, &id.scope, |usage| {
        usage.functions += 1;
        usage.code_bytes += uploaded.code.bytes;
    })?;
    package::admit(tx, uploaded)?;
    package::exchange(tx, None, Some(&details))?;
    rows::put_function(tx, id, &rows::Function { tags: tags.clone(), ..rows::Function::default() });
    rows::put_details(tx, id, Version::Latest, &details);
    match publish {
        true => version::publish_latest(tx, id, None),
        false => Ok((Version::Latest, details)),
    }
}

/// `$LATEST`, if a change may start from it: settled, and of the revision that the caller knows.
pub(super) fn changeable(read: &mut impl Read, id: &FunctionId, revision: Option<&str>) -> Result<Details, Error> {
    let (_, details) = super::find(read, id, None)?;
    check_revision(&details.revision, revision)?;
    if details.state == State::Pending {
        return Err(Error::Pending);
    }
    if details.update == Some(Update::InProgress) {
        return Err(Error::UpdateInProgress);
    }
    Ok(details)
}

pub(super) fn check_revision(latest: &str, given: Option<&str>) -> Result<(), Error> {
    match given {
        Some(given) if given != latest => Err(Error::StaleRevision { given: given.to_owned() }),
        Some(_) | None => Ok(()),
    }
}

/// New code for `$LATEST`; what ran before runs on until the new code is settled.
pub(super) fn update_code(
    tx: &mut Tx,
    id: &FunctionId,
    uploaded: &Uploaded,
    architecture: Option<Architecture>,
    revision: Option<&str>,
    publish: bool,
) -> Result<(Numbered, Leftovers), Error> {
    let before = changeable(tx, id, revision)?;
    let mut after = before.clone();
    after.code = uploaded.code;
    after.settings.architecture = architecture.unwrap_or(after.settings.architecture);
    package::admit(tx, uploaded)?;
    let leftovers = begin(tx, id, &before, &mut after)?;
    match publish {
        true => Ok((version::publish_latest(tx, id, None)?, leftovers)),
        false => Ok(((Version::Latest, after), leftovers)),
    }
}

/// New settings for `$LATEST`; the old ones hold until the change is settled.
pub(super) fn update_settings(tx: &mut Tx, id: &FunctionId, update: &UpdateSettings) -> Result<Details, Error> {
    let before = changeable(tx, id, update.revision.as_deref())?;
    let mut after = before.clone();
    update.change.apply(&mut after.settings);
    after.settings.check()?;
    begin(tx, id, &before, &mut after)?;
    Ok(after)
}

/// Marks the update as begun. Code and settings that are the same as before stay the same build.
fn begin(tx: &mut Tx, id: &FunctionId, before: &Details, after: &mut Details) -> Result<Leftovers, Error> {
    after.revision = unique(tx);
    after.modified = tx.now();
    after.update = Some(Update::InProgress);
    if after.code != before.code || after.settings != before.settings {
        after.build = unique(tx);
    }
    account::change(tx, &id.scope, |usage| {
        usage.code_bytes = (usage.code_bytes + after.code.bytes).saturating_sub(before.code.bytes);
    })?;
    let code = package::exchange(tx, Some(before), Some(after))?;
    rows::put_details(tx, id, Version::Latest, after);
    Ok(Leftovers { revisions: Vec::new(), code, runs_on: before.longest_run() })
}

/// Writes how the preparation of `build` ended, in `$LATEST` and in a version that was published meanwhile.
/// A build that has been replaced since is passed over.
pub(super) fn settle(
    tx: &mut Tx,
    id: &FunctionId,
    build: &str,
    outcome: &Result<Prepared, PrepareError>,
) -> Result<Leftovers, Error> {
    let mut leftovers = Leftovers::default();
    let Some(function) = rows::function(tx, id)? else { return Ok(leftovers) };
    for version in [Version::Latest, Version::Number(function.published)] {
        match rows::details(tx, id, version)? {
            Some(before) if before.build == build && before.unsettled() => {
                let after = settled(unique(tx), &before, outcome);
                let replaced = before.running_revision(version);
                leftovers
                    .revisions
                    .extend(replaced.filter(|_| before.running_revision(version) != after.running_revision(version)));
                leftovers.code.extend(package::exchange(tx, Some(&before), Some(&after))?);
                leftovers.runs_on = leftovers.runs_on.max(before.longest_run());
                rows::put_details(tx, id, version, &after);
            }
            Some(_) | None => {}
        }
    }
    Ok(leftovers)
}

/// A version after its preparation.
fn settled(revision: String, before: &Details, outcome: &Result<Prepared, PrepareError>) -> Details {
    let mut after = Details { revision, ..before.clone() };
    match outcome {
        Ok(prepared) => {
            after.state = State::Active { notice: prepared.notice.clone() };
            after.update = Some(Update::Successful);
            after.running = Some(Running {
                build: before.build.clone(),
                settings: before.settings.clone(),
                code: before.code,
                kind: prepared.kind,
                notice: prepared.notice.clone(),
            });
        }
        Err(error) if before.state == State::Pending => after.state = State::Failed(Reason::from(error)),
        Err(error) => after.update = Some(Update::Failed(Reason::from(error))),
    }
    after
}

/// Deletes a function with all it has, or one of its versions. A version that is not there is as good as deleted.
pub(super) fn delete(tx: &mut Tx, id: &FunctionId, qualifier: Option<&Qualifier>) -> Result<Leftovers, Error> {
    let function = rows::existing(tx, id)?;
    match qualifier {
        None => delete_all(tx, id, &function),
        Some(Qualifier::Version(Version::Latest)) => Err(Error::LatestStays),
        Some(Qualifier::Alias(_)) => Err(Error::AliasStays),
        Some(Qualifier::Version(version @ Version::Number(_))) => delete_version(tx, id, *version),
    }
}

fn delete_all(tx: &mut Tx, id: &FunctionId, function: &rows::Function) -> Result<Leftovers, Error> {
    let mut leftovers = Leftovers::default();
    let mut code_bytes = 0;
    for (version, details) in rows::all_versions(tx, id)? {
        code_bytes += details.code.bytes;
        leftovers.runs_on = leftovers.runs_on.max(details.longest_run());
        leftovers.revisions.extend(details.running_revision(version));
        leftovers.code.extend(package::exchange(tx, Some(&details), None)?);
    }
    rows::delete_function(tx, id)?;
    account::change(tx, &id.scope, |usage| {
        usage.functions = usage.functions.saturating_sub(1);
        usage.code_bytes = usage.code_bytes.saturating_sub(code_bytes);
        usage.reserved = usage.reserved.saturating_sub(function.reserved.unwrap_or(0));
    })?;
    Ok(leftovers)
}

fn delete_version(tx: &mut Tx, id: &FunctionId, version: Version) -> Result<Leftovers, Error> {
    let Some(details) = rows::details(tx, id, version)? else { return Ok(Leftovers::default()) };
    let aliases = rows::aliases(tx, id)?;
    let referring: Vec<_> =
        aliases.into_iter().filter(|(_, alias)| alias.refers(version)).map(|(name, _)| name).collect();
    if !referring.is_empty() {
        return Err(Error::AliasesRefer(referring));
    }
    rows::delete_details(tx, id, version);
    rows::put_policy(tx, id, Some(&Qualifier::Version(version)), &Vec::new());
    rows::delete_event_config(tx, id, &Qualifier::Version(version));
    account::change(tx, &id.scope, |usage| usage.code_bytes = usage.code_bytes.saturating_sub(details.code.bytes))?;
    Ok(Leftovers {
        revisions: details.running_revision(version).into_iter().collect(),
        code: package::exchange(tx, Some(&details), None)?,
        runs_on: details.longest_run(),
    })
}

/// A random UUID, as revision ids and builds are.
pub(super) fn unique(tx: &mut Tx) -> String {
    let mut bytes = tx.random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}
