//! Copies of tables: backups, and the tables that are made of them or of a table's past.
//!
//! Start reading at [`Tables::back_up`] and [`Tables::restore`]. Both only write down what is to be done, in one commit
//! with the row that shows it; `job` does it, after a restart too.
//!
//! Always true: a backup that is available holds one state of its table, later than the request for it. A table that is
//! being filled takes and shows no items.

use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{Order, Read, Timestamp, Tx};

use super::Tables;
use super::error::{Error as TableError, parameter};
use super::history;
use super::job::{self, Job};
use super::rows::{self, Counted, TableRow};
use super::schema::{Billing, History, Index, OnDemand, Reach, Restored, Settings, Table, TableId, Throughput};
use crate::name::{AccountId, Region};
use crate::random;
use crate::row;

const BACKUPS: Space = Space::new(0x0214);
const LAYOUT: u8 = 1;

/// How long the backup of a deleted table is kept. Source: developer guide, "Point-in-time recovery" (read 2026-11-24).
const SYSTEM_BACKUP_DAYS: i64 = 35;
const DAY_MILLIS: i64 = 24 * 3600 * 1_000;

/// Why a copy was not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Backup not found")]
    NoSuchBackup,
    #[error(
        "There is another ongoing conflicting backup control plane operation on the table. The backup is either being created, deleted or restored to a table."
    )]
    BackupInUse,
    #[error("Point in time recovery is not enabled for table '{name}'")]
    NoPast { name: String },
    /// The time is before what is known, or has not come yet.
    #[error("The time is not between EarliestRestorableDateTime and LatestRestorableDateTime")]
    OutsidePast,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BackupId {
    pub table: TableId,
    pub id: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Backup {
    pub id: BackupId,
    pub name: String,
    pub kind: Kind,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
    pub available: bool,
    /// The table as it was then, and what was in it.
    pub table: Table,
    pub counted: Counted,
    /// Names the blob of its items.
    pub(super) blob: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    User,
    /// Of a table with a past that was deleted.
    System,
}

#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    kind: Kind,
    created_millis: i64,
    expires_millis: Option<i64>,
    table: TableRow,
    items: i64,
    bytes: i64,
    blob: Option<String>,
}

/// What a new table is to be made of.
#[derive(Debug, Clone)]
pub struct Restore {
    pub target: TableId,
    pub source: Source,
    pub changed: Changed,
}

#[derive(Debug, Clone)]
pub enum Source {
    Backup(BackupId),
    /// A table at a time; without one, as it is.
    Past {
        table: TableId,
        at: Option<Timestamp>,
    },
}

/// What is to be different from the source. Indexes are those to be kept, by name.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    pub billing: Option<Billing>,
    pub throughput: Option<Throughput>,
    pub on_demand: Option<OnDemand>,
    pub encrypted: Option<bool>,
    pub global: Option<Vec<String>>,
    pub local: Option<Vec<String>>,
}

/// Which backups are listed.
#[derive(Debug, Clone)]
pub struct ListBackups {
    pub account: AccountId,
    pub region: Region,
    pub table: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Of one kind only.
    pub kind: Option<Kind>,
    pub after: Option<BackupId>,
    pub limit: usize,
}

impl Tables {
    /// Writes down that a table is to be copied.
    pub async fn back_up(&self, id: &TableId, name: &str) -> Result<Backup, TableError> {
        self.store
            .transact(|tx| {
                let table = self.catalog.open(tx, id)?;
                let backup = begin(tx, &table, name, Kind::User)?;
                job::put(tx, tx.now(), &Job::BackUp { place: id.into(), id: backup.id.id.clone() });
                Ok(backup)
            })
            .await
    }

    pub fn backup(&self, id: &BackupId) -> Result<Backup, TableError> {
        self.store.read(|read| existing(read, id))
    }

    /// A page of backups in the order of their tables and times, and whether there are more.
    pub fn backups(&self, list: &ListBackups) -> Result<(Vec<Backup>, bool), TableError> {
        let prefix = Key::new(BACKUPS, list.account.as_str(), list.region.as_str());
        let within = match &list.table {
            Some(name) => prefix.clone().text(name),
            None => prefix.clone(),
        };
        let mut range = within.range();
        if let Some(after) = &list.after {
            range = range.after(&backup_key(after));
        }
        let wanted = |backup: &Backup| {
            list.kind.is_none_or(|kind| kind == backup.kind)
                && list.from.is_none_or(|from| backup.created >= from)
                && list.to.is_none_or(|to| backup.created < to)
        };
        self.store.read(|read| {
            let mut found = Vec::new();
            loop {
                let page = read.scan(range.clone(), Order::Forward, list.limit + 1)?;
                for (row_key, value) in &page {
                    let backup = decode(&list.account, &list.region, row_key, value)?;
                    if wanted(&backup) {
                        found.push(backup);
                    }
                    if found.len() > list.limit {
                        found.pop();
                        return Ok((found, true));
                    }
                }
                match page.last() {
                    Some((last, _)) if page.len() > list.limit => range = range.clone().after(last),
                    Some(_) | None => return Ok((found, false)),
                }
            }
        })
    }

    pub async fn delete_backup(&self, id: &BackupId) -> Result<Backup, TableError> {
        self.store
            .transact(|tx| {
                let backup = existing(tx, id)?;
                if !backup.available || job::any(tx, |job| job.reads(&backup.id))? {
                    return Err(Error::BackupInUse.into());
                }
                forget(tx, &backup);
                Ok(backup)
            })
            .await
    }

    /// Makes a table that is filled in the background.
    pub async fn restore(&self, restore: &Restore) -> Result<Table, TableError> {
        self.store
            .transact(|tx| {
                if self.catalog.find(tx, &restore.target)?.is_some() {
                    return Err(TableError::TableExists { name: restore.target.name.as_str().to_owned() });
                }
                let now = tx.now();
                let (source, from, at, backup) = match &restore.source {
                    Source::Backup(id) => {
                        let backup = existing(tx, id)?;
                        let blob = backup.blob.clone().ok_or(Error::BackupInUse)?;
                        let from = job::Content::Backup { place: (&id.table).into(), id: id.id.clone(), blob };
                        (backup.table, from, backup.created, Some(id.id.clone()))
                    }
                    Source::Past { table, at } => {
                        let table = (*self.catalog.open(tx, table)?).clone();
                        let at = moment(&table, *at, now)?;
                        let from = job::Content::Past { table: (&table).into(), second: history::second(at) };
                        (table, from, at, None)
                    }
                };
                let restored = Restored { at_millis: at.millis(), table: source.id.name.as_str().to_owned(), backup };
                let table = remake(tx, &source, restore, restored)?;
                rows::put_table(tx, &table);
                let place = (&restore.target).into();
                job::put(tx, now, &Job::Fill { place, number: table.number, from, offset: 0 });
                Ok(table)
            })
            .await
    }

    /// Keeps a table's past from now on, or no longer.
    pub async fn set_history(&self, id: &TableId, days: Option<i32>) -> Result<std::sync::Arc<Table>, TableError> {
        self.alter(id, |tx, table| {
            if let (Some(history), Some(days)) = (&mut table.settings.history, days) {
                history.days = days;
                return Ok(());
            }
            match days {
                Some(days) => {
                    let history = History { number: table.next_index, since_millis: tx.now().millis(), days };
                    table.next_index += 1;
                    job::sweep(tx, table, &history);
                    table.settings.history = Some(history);
                }
                None if job::any(tx, |job| job.copies(table))? => {
                    let name = table.id.name.as_str();
                    let text = "Attempt to change a resource which is still in use: Table is being copied";
                    return Err(TableError::InUse(format!("{text}: {name}").into()));
                }
                None => {
                    if let Some(history) = table.settings.history.take() {
                        rows::drop_prefixes(tx, vec![history::lane(table, &history).build()]);
                    }
                }
            }
            Ok(())
        })
        .await
    }
}

/// The moment of a table's past that is meant, if it can be known.
pub(super) fn moment(table: &Table, at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Error> {
    let history = table.settings.history.as_ref();
    let history = history.ok_or_else(|| Error::NoPast { name: table.id.name.as_str().to_owned() })?;
    match at {
        None => Ok(now),
        Some(at) if history::second(at) > history::second(now) => Err(Error::OutsidePast),
        Some(at) if history::second(at) < history::second(history.earliest(now)) => Err(Error::OutsidePast),
        Some(at) => Ok(at),
    }
}

/// What a deleted table leaves: its rows for deletion or, with a past, a backup that is made of them first.
pub(super) fn leave(tx: &mut Tx, table: &Table) -> Result<(), TableError> {
    if table.settings.history.is_none() {
        match job::any(tx, |job| job.copies(table))? {
            // Its rows go when they have been read.
            true => job::put(tx, tx.now(), &Job::Drop { table: table.into() }),
            false => rows::drop_table(tx, table),
        }
        return Ok(());
    }
    let name = format!("{}$DeletedTableBackup", table.id.name.as_str());
    let backup = begin(tx, table, &name, Kind::System)?;
    job::put(tx, tx.now(), &Job::BackUp { place: (&table.id).into(), id: backup.id.id.clone() });
    if let Some(expires) = backup.expires {
        job::put(tx, expires, &Job::Expire { place: (&table.id).into(), id: backup.id.id });
    }
    Ok(())
}

fn begin(tx: &mut Tx, table: &Table, name: &str, kind: Kind) -> Result<Backup, TableError> {
    let created = tx.now();
    let random = tx.random();
    let expires = match kind {
        Kind::User => None,
        Kind::System => Some(Timestamp::from_millis(created.millis() + SYSTEM_BACKUP_DAYS * DAY_MILLIS)),
    };
    let backup = Backup {
        // As the service names them: the millisecond, and what tells two of them apart.
        id: BackupId { table: table.id.clone(), id: format!("{:014}-{}", created.millis(), hex::encode(&random[..4])) },
        name: name.to_owned(),
        kind,
        created,
        expires,
        available: false,
        table: table.clone(),
        counted: rows::counted(tx, table, 0)?,
        blob: None,
    };
    put(tx, &backup);
    Ok(backup)
}

/// A table like another, with nothing in it yet. Source: developer guide, "Restoring a table" (read 2026-11-24): tags,
/// streams, expiry and the past are not restored.
fn remake(tx: &mut Tx, source: &Table, restore: &Restore, restored: Restored) -> Result<Table, TableError> {
    let (uuid, number, now) = (random::uuid(tx.random()), tx.random(), tx.now());
    let [high, ..] = number.as_chunks::<8>().0 else { unreachable!("sixteen bytes are two times eight") };
    let Changed { billing, throughput, on_demand, encrypted, global, local } = &restore.changed;
    let mut indexes = Vec::new();
    for (reach, kept) in [(Reach::Local, local), (Reach::Global, global)] {
        indexes.extend(chosen(source, reach, kept.as_deref())?);
    }
    let billing = billing.unwrap_or(source.settings.billing);
    let throughput = match billing {
        Billing::Provisioned => throughput.unwrap_or(source.settings.throughput),
        Billing::PayPerRequest => Throughput::default(),
    };
    if billing == Billing::Provisioned && throughput == Throughput::default() {
        return Err(parameter(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        ));
    }
    let used = |name: &str| source.key.has(name) || indexes.iter().any(|index: &Index| index.key.has(name));
    let mut attributes = source.settings.attributes.clone();
    attributes.retain(|attribute| used(&attribute.name));
    let settings = Settings {
        uuid: uuid.into(),
        attributes,
        billing,
        on_demand_since_millis: (billing == Billing::PayPerRequest).then_some(now.millis()),
        throughput,
        on_demand: on_demand.or(source.settings.on_demand),
        encrypted: encrypted.unwrap_or(source.settings.encrypted),
        class: source.settings.class,
        loading: true,
        restored: Some(restored),
        ..Settings::default()
    };
    let mut table = Table {
        id: restore.target.clone(),
        settings,
        number: u64::from_be_bytes(*high),
        key: source.key.clone(),
        next_index: source.next_index,
        indexes,
        created: now,
    };
    table.indexes.iter_mut().for_each(|index| {
        index.backfilling = false;
        if billing == Billing::PayPerRequest {
            index.throughput = Throughput::default();
        } else if index.throughput == Throughput::default() && index.reach == Reach::Global {
            index.throughput = throughput;
        }
    });
    Ok(table)
}

fn chosen(source: &Table, reach: Reach, kept: Option<&[String]>) -> Result<Vec<Index>, TableError> {
    let Some(kept) = kept else { return Ok(source.reaching(reach).cloned().collect()) };
    let find = |name: &String| {
        let found = source.reaching(reach).find(|index| index.name == *name).cloned();
        found.ok_or_else(|| parameter(format!("The index is not one of the source table: {name}")))
    };
    kept.iter().map(find).collect()
}

pub(super) fn existing(read: &mut impl Read, id: &BackupId) -> Result<Backup, TableError> {
    let row_key = backup_key(id);
    match read.get(&row_key)? {
        Some(value) => decode(&id.table.account, &id.table.region, &row_key, &value),
        None => Err(Error::NoSuchBackup.into()),
    }
}

pub(super) fn put(tx: &mut Tx, backup: &Backup) {
    let row = Row {
        name: backup.name.clone(),
        kind: backup.kind,
        created_millis: backup.created.millis(),
        expires_millis: backup.expires.map(Timestamp::millis),
        table: (&backup.table).into(),
        items: backup.counted.items,
        bytes: backup.counted.bytes,
        blob: backup.blob.clone(),
    };
    tx.put(backup_key(&backup.id), row::encode(LAYOUT, &row));
}

/// Deletes a backup and its items.
pub(super) fn forget(tx: &mut Tx, backup: &Backup) {
    tx.delete(backup_key(&backup.id));
    if let Some(blob) = backup.blob.as_deref().and_then(store::BlobRef::parse) {
        tx.drop_blob(&blob);
    }
}

fn backup_key(id: &BackupId) -> Vec<u8> {
    let scope = Key::new(BACKUPS, id.table.account.as_str(), id.table.region.as_str());
    scope.text(id.table.name.as_str()).text(&id.id).build()
}

fn decode(account: &AccountId, region: &Region, row_key: &[u8], value: &[u8]) -> Result<Backup, TableError> {
    let row: Row = row::decode("backup", LAYOUT, value)?;
    let prefix = Key::new(BACKUPS, account.as_str(), region.as_str()).build();
    let parsed = Parser::after(&prefix, row_key).and_then(|mut rest| Some((rest.text()?, rest.text()?)));
    let named = parsed.and_then(|(name, id)| {
        let name = super::TableName::parse(&name).ok()?;
        Some(BackupId { table: TableId { account: account.clone(), region: region.clone(), name }, id })
    });
    let id = named.ok_or_else(|| row::Unreadable {
        row: "backup",
        layout: Some(LAYOUT),
        reason: "its key has another form".to_owned(),
    })?;
    Ok(Backup {
        name: row.name,
        kind: row.kind,
        created: Timestamp::from_millis(row.created_millis),
        expires: row.expires_millis.map(Timestamp::from_millis),
        available: row.blob.is_some(),
        table: row.table.table(&id.table),
        counted: Counted { items: row.items, bytes: row.bytes },
        blob: row.blob,
        id,
    })
}
