//! Permissions: who else may call a function, one of its versions or aliases.
//!
//! A statement counts for exactly the name that it was given to: one on the function says nothing about its aliases.

use store::{Read, Tx};

use super::lifecycle::{check_revision, unique};
use super::{Error, FunctionId, Qualifier, rows};
use crate::identity::Statement;
use crate::name::Version;

/// All statements of one name, as JSON. Source: Lambda quotas, "Function resource-based policy" (read 2026-11-24).
pub const POLICY_BYTES_MAX: usize = 20_480;

/// What a policy's JSON has around its statements: version, id and brackets.
const POLICY_FRAME_BYTES: usize = r#"{"Version":"2012-10-17","Id":"default","Statement":}"#.len();

/// Adds a statement. Its id must be new among those of the name.
pub fn add(
    tx: &mut Tx,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
    statement: &Statement,
    revision: Option<&str>,
) -> Result<(), Error> {
    let mut statements = open(tx, id, qualifier, revision)?;
    if statements.iter().any(|known| known.sid == statement.sid) {
        return Err(Error::StatementExists);
    }
    statements.push(statement.clone());
    let bytes = POLICY_FRAME_BYTES + serde_json::to_string(&statements).expect("statements are JSON").len();
    if bytes > POLICY_BYTES_MAX {
        return Err(Error::PolicyTooLong { bytes });
    }
    close(tx, id, qualifier, &statements)
}

/// Removes the statement of that id.
pub fn remove(
    tx: &mut Tx,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
    sid: &str,
    revision: Option<&str>,
) -> Result<(), Error> {
    let mut statements = open(tx, id, qualifier, revision)?;
    if statements.is_empty() {
        return Err(Error::NoPolicy);
    }
    let before = statements.len();
    statements.retain(|statement| statement.sid.as_deref() != Some(sid));
    match statements.len() == before {
        true => Err(Error::NoSuchStatement),
        false => close(tx, id, qualifier, &statements),
    }
}

/// The statements, and the revision of the version or alias that they are on.
pub fn policy(
    read: &mut impl Read,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
) -> Result<(Vec<Statement>, String), Error> {
    let revision = revision_of(read, id, qualifier)?;
    let statements = rows::policy(read, id, qualifier)?;
    match statements.is_empty() {
        true => Err(Error::NoPolicy),
        false => Ok((statements, revision)),
    }
}

fn open(
    tx: &mut Tx,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
    revision: Option<&str>,
) -> Result<Vec<Statement>, Error> {
    check_revision(&revision_of(tx, id, qualifier)?, revision)?;
    rows::policy(tx, id, qualifier)
}

/// Writes the statements and gives the version or alias a new revision.
fn close(
    tx: &mut Tx,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
    statements: &Vec<Statement>,
) -> Result<(), Error> {
    rows::put_policy(tx, id, qualifier, statements);
    match qualifier {
        Some(Qualifier::Alias(name)) => {
            let mut alias = super::alias::find(tx, id, name)?;
            alias.revision = unique(tx);
            rows::put_alias(tx, id, name, &alias);
        }
        Some(Qualifier::Version(_)) | None => {
            let (version, mut details) = super::find(tx, id, qualifier)?;
            details.revision = unique(tx);
            rows::put_details(tx, id, version, &details);
        }
    }
    Ok(())
}

fn revision_of(read: &mut impl Read, id: &FunctionId, qualifier: Option<&Qualifier>) -> Result<String, Error> {
    match qualifier {
        Some(Qualifier::Version(Version::Latest)) => Err(Error::PolicyOnLatest),
        Some(Qualifier::Alias(name)) => Ok(super::alias::find(read, id, name)?.revision),
        Some(Qualifier::Version(Version::Number(_))) | None => Ok(super::find(read, id, qualifier)?.1.revision),
    }
}
