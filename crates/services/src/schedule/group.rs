//! Groups: every schedule lies in one, and goes with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::{Read, Timestamp, Tx};

use super::{Error, GROUPS_MAX, GroupId, Name, check_tags, rows, unset};
use crate::function::Scope;

/// Schedules that one commit deletes with their group.
const DELETED_TOGETHER_MAX: usize = 1_000;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub tags: BTreeMap<String, String>,
    /// Who asks for the same thing twice gives the same token.
    token: Option<String>,
    /// Not there for the default group: it has always been.
    created_millis: Option<i64>,
}

impl Group {
    pub fn created(&self) -> Timestamp {
        Timestamp::from_millis(self.created_millis.unwrap_or(0))
    }
}

pub fn create(tx: &mut Tx, id: &GroupId, tags: &BTreeMap<String, String>, token: Option<&str>) -> Result<(), Error> {
    if let Some(known) = rows::group(tx, id)? {
        return match token.is_some() && known.token.as_deref() == token {
            true => Ok(()),
            false => Err(Error::GroupExists(id.name.clone())),
        };
    }
    check_tags(tags)?;
    if rows::groups(tx, &id.scope)?.len() >= GROUPS_MAX {
        return Err(Error::TooManyGroups);
    }
    let token = token.map(ToOwned::to_owned);
    rows::put_group(tx, id, &Group { tags: tags.clone(), token, created_millis: Some(tx.now().millis()) });
    Ok(())
}

pub fn find(read: &mut impl Read, id: &GroupId) -> Result<Group, Error> {
    rows::group(read, id)?.ok_or_else(|| Error::NoSuchGroup(id.name.clone()))
}

/// Deletes some of the group's schedules, and the group once it has none. Says whether it is gone; until then it is to
/// be called again.
pub fn delete(tx: &mut Tx, id: &GroupId) -> Result<bool, Error> {
    if *id.name.as_str() == *super::DEFAULT {
        return Err(Error::DefaultStays);
    }
    find(tx, id)?;
    let some = rows::schedules(tx, &id.scope, Some(&id.name), None, DELETED_TOGETHER_MAX, |_, _| true)?;
    for (schedule, row) in &some {
        unset(tx, schedule, row);
        rows::delete_schedule(tx, schedule);
    }
    let gone = some.len() < DELETED_TOGETHER_MAX;
    if gone {
        rows::delete_group(tx, id);
    }
    Ok(gone)
}

/// Groups whose names begin so, by name, after `after`.
pub fn list(
    read: &mut impl Read,
    scope: &Scope,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(Name, Group)>, Error> {
    let mut groups = rows::groups(read, scope)?;
    let default = GroupId { scope: scope.clone(), name: Name::default_group() };
    if !groups.iter().any(|(name, _)| *name == default.name) {
        groups.push((default.name.clone(), find(read, &default)?));
        groups.sort_by(|one, other| one.0.cmp(&other.0));
    }
    groups.retain(|(name, _)| name.as_str().starts_with(prefix) && after.is_none_or(|after| name.as_str() > after));
    groups.truncate(limit);
    Ok(groups)
}

pub fn tag(tx: &mut Tx, id: &GroupId, tags: &BTreeMap<String, String>) -> Result<(), Error> {
    let mut group = find(tx, id)?;
    group.tags.extend(tags.clone());
    check_tags(&group.tags)?;
    rows::put_group(tx, id, &group);
    Ok(())
}

pub fn untag(tx: &mut Tx, id: &GroupId, keys: &[String]) -> Result<(), Error> {
    let mut group = find(tx, id)?;
    group.tags.retain(|key, _| !keys.contains(key));
    rows::put_group(tx, id, &group);
    Ok(())
}
