//! Groups that outlive their functions: the journal cannot list the groups that it has, and the rows of the functions
//! are gone.
//!
//! One row for each, `account region group`, from the end of its function to the end of its log.

use store::key::{Key, Parser, Space};
use store::{Order, Read, Store, Tx};

use super::{Group, read};
use crate::name::{AccountId, Region};
use crate::row;

const LEFT: Space = Space::new(0x0150);

const LAYOUT: u8 = 1;
/// Rows that one read of a scan that goes to the end takes.
const SCAN_ROWS: usize = 1_000;

/// Notes that a group's function goes and its log stays.
pub(crate) fn leave(tx: &mut Tx, group: &Group) {
    tx.put(key(group), row::encode(LAYOUT, &()));
}

/// The groups of an account in a region that have been left, by name.
pub fn left(read: &mut impl Read, account: &AccountId, region: &Region) -> Result<Vec<Group>, store::Error> {
    scan(read, Key::new(LEFT, account.as_str(), region.as_str()))
}

/// The groups that have been left, anywhere, and whose log has gone by now. Reads the disk.
pub(crate) fn emptied(store: &Store) -> Result<Vec<Group>, store::Error> {
    let mut emptied = Vec::new();
    for group in store.read(|read| scan(read, Key::global(LEFT)))? {
        if read::begins(store, &group)?.is_none() {
            emptied.push(group);
        }
    }
    Ok(emptied)
}

pub(crate) async fn forget(store: &Store, groups: &[Group]) -> Result<(), store::Error> {
    match groups {
        [] => Ok(()),
        _ => {
            let forget = |tx: &mut Tx| {
                groups.iter().for_each(|group| tx.delete(key(group)));
                Ok(())
            };
            store.transact(forget).await
        }
    }
}

fn key(group: &Group) -> Vec<u8> {
    Key::new(LEFT, group.account.as_str(), group.region.as_str()).text(&group.name).build()
}

fn scan(read: &mut impl Read, prefix: Key) -> Result<Vec<Group>, store::Error> {
    let mut range = prefix.range();
    let mut found = Vec::new();
    loop {
        let page = read.scan(range.clone(), Order::Forward, SCAN_ROWS)?;
        found.extend(page.iter().filter_map(|(key, _)| group(key)));
        match page.last() {
            Some((key, _)) if page.len() == SCAN_ROWS => range = range.after(key),
            Some(_) | None => return Ok(found),
        }
    }
}

fn group(key: &[u8]) -> Option<Group> {
    let (_, account, region, mut rest) = Parser::of(key)?;
    Some(Group { account: AccountId::parse(&account).ok()?, region: Region::parse(&region).ok()?, name: rest.text()? })
}
