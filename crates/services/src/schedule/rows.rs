//! How schedules lie in the store.
//!
//! | table | key after account and region | row |
//! |---|---|---|
//! | GROUPS | group | [`Group`] |
//! | SCHEDULES | group, schedule | [`Schedule`] |
//!
//! Both are layout 1, the only one so far.

use bytes::Bytes;
use store::key::{Key, Parser, Space};
use store::{Order, Read, Tx};

use super::group::Group;
use super::{Error, GROUPS_MAX, GroupId, Name, Schedule, ScheduleId};
use crate::function::Scope;
use crate::row::{self, Unreadable};

const GROUPS: Space = Space::new(0x0320);
const SCHEDULES: Space = Space::new(0x0321);

const LAYOUT: u8 = 1;

/// Rows that are read at once.
const PAGE_ROWS: usize = 256;

/// The default group is there without a row.
pub(super) fn group(read: &mut impl Read, id: &GroupId) -> Result<Option<Group>, Error> {
    let row = read.get(&group_key(id))?;
    let group = row.map(|row| row::decode("schedule group", LAYOUT, &row)).transpose()?;
    Ok(group.or_else(|| (id.name == Name::default_group()).then(Group::default)))
}

pub(super) fn put_group(tx: &mut Tx, id: &GroupId, group: &Group) {
    tx.put(group_key(id), row::encode(LAYOUT, group));
}

pub(super) fn delete_group(tx: &mut Tx, id: &GroupId) {
    tx.delete(group_key(id));
}

/// All groups that have a row, by name.
pub(super) fn groups(read: &mut impl Read, scope: &Scope) -> Result<Vec<(Name, Group)>, Error> {
    let prefix = scoped(GROUPS, scope);
    let rows = read.scan(prefix.range(), Order::Forward, GROUPS_MAX + 1)?;
    let group = |(key, row): &(Bytes, Bytes)| {
        let [name] = names(&prefix, key)?;
        Ok((name, row::decode("schedule group", LAYOUT, row)?))
    };
    rows.iter().map(group).collect()
}

pub(super) fn schedule(read: &mut impl Read, id: &ScheduleId) -> Result<Option<Schedule>, Error> {
    let row = read.get(&schedule_key(id))?;
    Ok(row.map(|row| row::decode("schedule", LAYOUT, &row)).transpose()?)
}

pub(super) fn put_schedule(tx: &mut Tx, id: &ScheduleId, schedule: &Schedule) {
    tx.put(schedule_key(id), row::encode(LAYOUT, schedule));
}

pub(super) fn delete_schedule(tx: &mut Tx, id: &ScheduleId) {
    tx.delete(schedule_key(id));
}

/// Up to `limit` schedules of a group, or of all, that fit; by group and name, after `after`.
pub(super) fn schedules(
    read: &mut impl Read,
    scope: &Scope,
    group: Option<&Name>,
    after: Option<&(Name, Name)>,
    limit: usize,
    fits: impl Fn(&ScheduleId, &Schedule) -> bool,
) -> Result<Vec<(ScheduleId, Schedule)>, Error> {
    let all = scoped(SCHEDULES, scope);
    let mut range = match group {
        Some(group) => all.clone().text(group.as_str()).range(),
        None => all.range(),
    };
    if let Some((group, name)) = after {
        range = range.after(&all.clone().text(group.as_str()).text(name.as_str()).build());
    }
    let mut found = Vec::new();
    loop {
        let page = read.scan(range.clone(), Order::Forward, PAGE_ROWS)?;
        for (key, row) in &page {
            let [group, name] = names(&all, key)?;
            let id = ScheduleId { group: GroupId { scope: scope.clone(), name: group }, name };
            let schedule = row::decode("schedule", LAYOUT, row)?;
            if fits(&id, &schedule) {
                found.push((id, schedule));
            }
            if found.len() == limit {
                return Ok(found);
            }
        }
        match page.last() {
            Some((last, _)) if page.len() == PAGE_ROWS => range = range.after(last),
            Some(_) | None => return Ok(found),
        }
    }
}

fn names<const COUNT: usize>(prefix: &Key, key: &[u8]) -> Result<[Name; COUNT], Error> {
    let unreadable =
        || Unreadable { row: "schedule", layout: Some(LAYOUT), reason: "its key has another form".to_owned() };
    let mut rest = Parser::after(&prefix.clone().build(), key).ok_or_else(unreadable)?;
    let mut names = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        let name = rest.text().and_then(|name| Name::parse(&name).ok());
        names.push(name.ok_or_else(unreadable)?);
    }
    names.try_into().map_err(|_| unreadable().into())
}

fn group_key(id: &GroupId) -> Vec<u8> {
    scoped(GROUPS, &id.scope).text(id.name.as_str()).build()
}

fn schedule_key(id: &ScheduleId) -> Vec<u8> {
    scoped(SCHEDULES, &id.group.scope).text(id.group.name.as_str()).text(id.name.as_str()).build()
}

fn scoped(space: Space, scope: &Scope) -> Key {
    Key::new(space, scope.account.as_str(), scope.region.as_str())
}
