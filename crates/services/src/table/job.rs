//! What tables do that takes long: copies, restores, exports, imports, and the sweep of the past. Each is a row with the
//! time it is due, and is done one after the other, beside the short work of `background`.
//!
//! Always true: a job's row goes in the commit of its last effect, so after a crash it goes on where it was, or begins
//! anew and nothing of the first attempt is seen.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use store::key::{Key, Parser, Space};
use store::{BlobRef, Order, Read, Store, Timestamp, Tx};
use tokio::sync::watch;

use super::background;
use super::backup::{self, BackupId};
use super::change::{self, Change};
use super::error::Error;
use super::rows::{self, TableRow};
use super::schema::{History, Table, TableId, TableName};
use super::{Tables, history, key, layout};
use crate::name::{AccountId, Region};
use crate::row::{self, Unreadable};

const JOBS: Space = Space::new(0x0215);
const LAYOUT: u8 = 1;

/// How often the past of a table is swept.
const SWEEP_EVERY: Duration = Duration::from_secs(24 * 3600);
/// The wait after the store could not be read or written.
const RETRY: Duration = Duration::from_secs(1);
/// The longest wait for a job that is due later: clocks are set.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Items that are written at once, and their bytes.
const ITEMS_AT_ONCE: usize = 64;
const BYTES_AT_ONCE: usize = 1 << 20;
/// Jobs that are looked through for those that concern a table.
const JOBS_MAX: usize = 10_000;

/// Whose job: a table's id as rows have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    account: String,
    region: String,
    name: String,
}

impl From<&TableId> for Place {
    fn from(id: &TableId) -> Place {
        Place { account: id.account.to_string(), region: id.region.to_string(), name: id.name.as_str().to_owned() }
    }
}

impl Place {
    pub fn id(&self) -> Result<TableId, Unreadable> {
        let parsed = || {
            Some(TableId {
                account: AccountId::parse(&self.account).ok()?,
                region: Region::parse(&self.region).ok()?,
                name: TableName::parse(&self.name).ok()?,
            })
        };
        parsed().ok_or_else(|| unreadable("it names no table"))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Job {
    /// Copies a table into its backup.
    BackUp { place: Place, id: String },
    /// Fills a table from a copy; so many bytes of it are done.
    Fill { place: Place, number: u64, from: Content, offset: u64 },
    /// Deletes a backup whose time is over.
    Expire { place: Place, id: String },
    /// Leaves the rows of a deleted table for deletion once nothing copies them.
    Drop { table: Box<Source> },
    /// Deletes what is too old of a table's past.
    Sweep { place: Place, number: u64, history: u64, cursor: Option<Vec<u8>> },
}

/// Where a table's items come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Content {
    Backup {
        place: Place,
        id: String,
        blob: String,
    },
    Past {
        table: Box<Source>,
        second: i64,
    },
    /// A copy of the past that was made for this job alone.
    Copy {
        blob: String,
    },
}

/// A table whose past is copied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Source {
    place: Place,
    table: TableRow,
}

impl From<&Table> for Box<Source> {
    fn from(table: &Table) -> Box<Source> {
        Box::new(Source { place: (&table.id).into(), table: table.into() })
    }
}

impl Source {
    pub fn table(&self) -> Result<Table, Unreadable> {
        Ok(self.table.clone().table(&self.place.id()?))
    }
}

impl Job {
    /// Whether it still has to read a backup.
    pub fn reads(&self, backup: &BackupId) -> bool {
        match self {
            Job::BackUp { place, id } | Job::Fill { from: Content::Backup { place, id, .. }, .. } => {
                *id == backup.id && *place == Place::from(&backup.table)
            }
            Job::Fill { .. } | Job::Expire { .. } | Job::Sweep { .. } | Job::Drop { .. } => false,
        }
    }

    /// Whether it still has to read a table or its past.
    pub fn copies(&self, table: &Table) -> bool {
        match self {
            Job::Fill { from: Content::Past { table: source, .. }, .. } => source.table.number() == table.number,
            Job::BackUp { place, .. } => *place == Place::from(&table.id),
            Job::Fill { .. } | Job::Expire { .. } | Job::Sweep { .. } | Job::Drop { .. } => false,
        }
    }
}

/// The prefix of all, for who waits for one.
fn all() -> Key {
    Key::global(JOBS)
}

pub(super) fn put(tx: &mut Tx, due: Timestamp, job: &Job) {
    let id = tx.random();
    tx.put(all().signed(due.millis()).bytes(&id).build(), row::encode(LAYOUT, job));
}

/// Has the past of a table swept from tomorrow on.
pub(super) fn sweep(tx: &mut Tx, table: &Table, history: &History) {
    let place = (&table.id).into();
    let job = Job::Sweep { place, number: table.number, history: history.number, cursor: None };
    put(tx, tx.now() + SWEEP_EVERY, &job);
}

/// Whether there is such a job.
pub(super) fn any(read: &mut impl Read, is: impl Fn(&Job) -> bool) -> Result<bool, Error> {
    for (_, value) in read.scan(all().range(), Order::Forward, JOBS_MAX)? {
        if is(&row::decode("job", LAYOUT, &value)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unreadable(reason: &str) -> Unreadable {
    Unreadable { row: "job", layout: Some(LAYOUT), reason: reason.to_owned() }
}

/// A job, the row that it is, and when it is due.
struct Next {
    row: Vec<u8>,
    due: Timestamp,
    job: Job,
}

/// Does what is due until `stop` is true.
pub(crate) async fn run(tables: Tables, mut stop: watch::Receiver<bool>) {
    let store: Store = tables.store.clone();
    let mut written = store.watch(&all().build());
    loop {
        let wait = match tables.do_job().await {
            Ok(true) => Duration::ZERO,
            Ok(false) => tables.until_next(),
            Err(error) => {
                tracing::error!(%error, "the long work on tables waits");
                RETRY
            }
        };
        if !background::rest(wait, written.changed(), &mut stop).await {
            return;
        }
    }
}

impl Tables {
    fn next_job(&self) -> Result<Option<Next>, Error> {
        self.store.read(|read| {
            let Some((row, value)) = read.scan(all().range(), Order::Forward, 1)?.into_iter().next() else {
                return Ok(None);
            };
            let due = Parser::after(&all().build(), &row).and_then(|mut rest| rest.signed());
            let due = due.ok_or_else(|| unreadable("its key has no time"))?;
            let job = row::decode("job", LAYOUT, &value)?;
            Ok(Some(Next { row: row.to_vec(), due: Timestamp::from_millis(due), job }))
        })
    }

    fn until_next(&self) -> Duration {
        let next = self.next_job().ok().flatten();
        next.map_or(LOOK_EVERY, |next| next.due.since(self.store.clock()).min(LOOK_EVERY))
    }

    /// Does one step of the job that has been due for the longest; whether there was one.
    pub(super) async fn do_job(&self) -> Result<bool, Error> {
        let Some(next) = self.next_job()?.filter(|next| next.due <= self.store.clock()) else { return Ok(false) };
        match next.job {
            Job::BackUp { place, id } => self.finish_backup(next.row, BackupId { table: place.id()?, id }).await,
            Job::Fill { place, number, from, offset } => self.fill_from(next.row, place, number, from, offset).await,
            Job::Expire { place, id } => self.expire_backup(next.row, BackupId { table: place.id()?, id }).await,
            Job::Drop { table } => self.drop_copied(next.row, *table).await,
            Job::Sweep { place, number, history, cursor } => {
                self.sweep_past(next.row, place, number, history, cursor).await
            }
        }?;
        Ok(true)
    }

    /// Writes all items of a table into a blob: what its rows are at one time, or were at the end of a second.
    async fn copy(&self, table: Table, second: Option<i64>) -> Result<BlobRef, Error> {
        let store = self.store.clone();
        let copied = tokio::task::spawn_blocking(move || {
            let writer = store.read(|read| {
                let mut writer = store.blobs().write();
                let each = |item: &Bytes| {
                    let length = u32::try_from(item.len()).map_err(|_| unreadable("an item is too long"))?;
                    writer.write(&length.to_le_bytes())?;
                    Ok(writer.write(item)?)
                };
                match (second, &table.settings.history) {
                    (Some(second), Some(history)) => history::items_at(read, &table, history, second, each)?,
                    (Some(_) | None, _) => history::items_now(read, &table, each)?,
                }
                Ok::<_, Error>(writer)
            })?;
            Ok(writer.finish()?)
        });
        copied.await.unwrap_or_else(|error| Err(store::Error::Unavailable(error.to_string()).into()))
    }

    async fn finish_backup(&self, row: Vec<u8>, id: BackupId) -> Result<(), Error> {
        let backup = self.backup(&id)?;
        let blob = self.copy(backup.table.clone(), None).await?;
        self.store
            .transact(|tx| {
                let mut backup = backup.clone();
                tx.keep_blob(&blob);
                backup.blob = Some(blob.to_string());
                backup::put(tx, &backup);
                if backup.kind == backup::Kind::System {
                    rows::drop_table(tx, &backup.table);
                }
                tx.delete(row.clone());
                Ok(())
            })
            .await
    }

    async fn expire_backup(&self, row: Vec<u8>, id: BackupId) -> Result<(), Error> {
        self.store
            .transact(|tx| {
                // One that is being restored goes when that is done.
                if any(tx, |job| job.reads(&id))? {
                    put(tx, tx.now() + LOOK_EVERY, &Job::Expire { place: (&id.table).into(), id: id.id.clone() });
                } else if let Ok(backup) = backup::existing(tx, &id) {
                    backup::forget(tx, &backup);
                }
                tx.delete(row.clone());
                Ok(())
            })
            .await
    }

    async fn drop_copied(&self, row: Vec<u8>, source: Source) -> Result<(), Error> {
        self.store
            .transact(|tx| {
                let table = source.table()?;
                match any(tx, |job| job.copies(&table))? {
                    true => put(tx, tx.now() + RETRY, &Job::Drop { table: Box::new(source.clone()) }),
                    false => rows::drop_table(tx, &table),
                }
                tx.delete(row.clone());
                Ok(())
            })
            .await
    }

    async fn fill_from(
        &self,
        row: Vec<u8>,
        place: Place,
        number: u64,
        from: Content,
        offset: u64,
    ) -> Result<(), Error> {
        let (name, own) = match &from {
            Content::Backup { blob, .. } => (blob, false),
            Content::Copy { blob } => (blob, true),
            Content::Past { table, second } => {
                let blob = self.copy(table.table()?, Some(*second)).await?;
                let from = Content::Copy { blob: blob.to_string() };
                let job = Job::Fill { place, number, from, offset };
                return self
                    .store
                    .transact(|tx| {
                        tx.keep_blob(&blob);
                        tx.put(row.clone(), row::encode(LAYOUT, &job));
                        Ok(())
                    })
                    .await;
            }
        };
        let blob = BlobRef::parse(name).ok_or_else(|| unreadable("it names no blob"))?;
        let mut items = CopiedItems::open(&self.store, &blob, offset).await?;
        loop {
            let batch = items.next().await?;
            let at = items.at;
            let ended = batch.is_empty();
            let id = place.id()?;
            let done = self
                .store
                .transact(|tx| {
                    let table = self.catalog.find(tx, &id)?.filter(|table| table.number == number);
                    if let Some(table) = &table {
                        batch.iter().try_for_each(|item| enter(tx, table, item))?;
                    }
                    if ended || table.is_none() {
                        if let Some(table) = table {
                            let mut table = (*table).clone();
                            table.settings.loading = false;
                            rows::put_table(tx, &table);
                        }
                        if own {
                            tx.drop_blob(&blob);
                        }
                        tx.delete(row.clone());
                        return Ok(true);
                    }
                    let job = Job::Fill { place: place.clone(), number, from: from.clone(), offset: at };
                    tx.put(row.clone(), row::encode(LAYOUT, &job));
                    Ok::<_, Error>(false)
                })
                .await?;
            if done {
                return Ok(());
            }
        }
    }

    async fn sweep_past(
        &self,
        row: Vec<u8>,
        place: Place,
        number: u64,
        history_number: u64,
        cursor: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        self.store
            .transact(|tx| {
                let table = self.catalog.find(tx, &place.id()?)?.filter(|table| table.number == number);
                let history = table.as_ref().and_then(|table| table.settings.history.clone());
                let (Some(table), Some(history)) = (table, history.filter(|history| history.number == history_number))
                else {
                    tx.delete(row.clone());
                    return Ok(());
                };
                match history::sweep(tx, &table, &history, cursor.clone())? {
                    Some(next) => {
                        let place = place.clone();
                        let job = Job::Sweep { place, number, history: history_number, cursor: Some(next) };
                        tx.put(row.clone(), row::encode(LAYOUT, &job));
                    }
                    None => {
                        tx.delete(row.clone());
                        sweep(tx, &table, &history);
                    }
                }
                Ok(())
            })
            .await
    }
}

fn enter(tx: &mut Tx, table: &Table, bytes: &Bytes) -> Result<(), Error> {
    let item = layout::decode(bytes)?;
    let row = key::item_row(table, &item);
    let key = table.key_item(&item);
    change::apply(tx, Change { table, row, key: &key, old: None, new: Some(&item), expired: false })?;
    Ok(())
}

/// The items of a copy, some at a time.
struct CopiedItems {
    reader: Option<store::blob::BlobReader>,
    held: BytesMut,
    /// Where in the copy the next one begins.
    at: u64,
}

impl CopiedItems {
    /// From an offset that a batch before has ended at.
    async fn open(store: &Store, blob: &BlobRef, offset: u64) -> Result<CopiedItems, Error> {
        let (store, blob) = (store.clone(), blob.clone());
        let opened = tokio::task::spawn_blocking(move || match offset {
            // The whole is checked against its hash.
            0 => store.blobs().open(&blob),
            _ => store.blobs().open_part(&blob, offset..blob.length),
        });
        let reader = opened.await.unwrap_or_else(|error| Err(store::Error::Unavailable(error.to_string())))?;
        Ok(CopiedItems { reader: Some(reader), held: BytesMut::new(), at: offset })
    }

    /// Nothing, after the last.
    async fn next(&mut self) -> Result<Vec<Bytes>, Error> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < ITEMS_AT_ONCE && bytes < BYTES_AT_ONCE {
            match self.take_item() {
                Some(item) => {
                    bytes += item.len();
                    batch.push(item);
                }
                None if !self.read().await? => break,
                None => {}
            }
        }
        Ok(batch)
    }

    fn take_item(&mut self) -> Option<Bytes> {
        let length = usize::try_from(u32::from_le_bytes(*self.held.first_chunk()?)).ok()?;
        if self.held.len() < 4 + length {
            return None;
        }
        self.held.advance(4);
        self.at += 4 + length as u64;
        Some(self.held.split_to(length).freeze())
    }

    async fn read(&mut self) -> Result<bool, Error> {
        let Some(mut reader) = self.reader.take() else { return Ok(false) };
        let read = tokio::task::spawn_blocking(move || reader.next().map(|piece| (reader, piece)));
        let read = read.await.unwrap_or_else(|error| Err(store::Error::Unavailable(error.to_string())));
        let (reader, piece) = read?;
        match piece {
            Some(piece) => {
                self.held.extend_from_slice(&piece);
                self.reader = Some(reader);
                Ok(true)
            }
            None if self.held.is_empty() => Ok(false),
            None => Err(unreadable("its copy ends within an item").into()),
        }
    }
}
