//! Power loss: a workload on a recorded store, and what is missing after the power went at some instant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use store::journal::Query;
use store::key::{Key, Space};
use store::{BlobRef, Error, Options, Order, Read, Store, Timestamp};

use super::record::{Event, Recording, RecordingDisk, Site, after_power_loss};
use super::vfs;

const SPACE: Space = Space::new(1);
/// Steps at least, and after the log has started over often enough.
const STEPS: u64 = 60;
/// The checkpoints are made by a thread of their own, whenever it gets to run.
const STEPS_MAX: u64 = 20_000;
/// The log starts over above this size; what it had must then be in the map's file.
const WAL_BYTES: u64 = 128 * 1024;
const LOGS_WANTED: usize = 3;
const BLOB_BYTES: usize = 70_000;

/// Syncs without which nothing can be lost that was acknowledged: SQLite's rollback journal exists only while an empty
/// map is made, before anything is acknowledged.
const BEFORE_ANYTHING: &str = "map.sqlite-journal";

/// What a run found.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Power losses that were tried with every sync in place.
    pub instants: usize,
    /// Steps that were acknowledged before one of them and are gone, over all of them.
    pub lost: u64,
    /// Every kind of sync there was.
    pub sites: Vec<Site>,
    /// Those without which nothing seemed to be lost: either they are not needed, or the harness is blind to them.
    pub unneeded: Vec<Site>,
}

/// A folder in memory where there is one: the disk is simulated here, and thousands of real syncs would only take time.
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a directory")
}

/// Runs the workload once, then tries power losses: with every sync, and with each kind of sync taken out.
pub fn run(scratch: &Path, instants_max: usize) -> Verdict {
    let events = record_workload(scratch);
    let instants = instants(&events, instants_max);
    let lost = instants.iter().map(|instant| lost_at(scratch, &events[..*instant], None)).sum();
    let needed = |site: &Site| *site != Site::File(BEFORE_ANYTHING.to_owned());
    let sites: BTreeSet<Site> = events.iter().filter_map(Site::of).filter(needed).collect();
    let unneeded = sites.iter().filter(|site| !loses_without(scratch, &events, &instants, site));
    Verdict {
        instants: instants.len(),
        lost,
        unneeded: unneeded.cloned().collect(),
        sites: sites.into_iter().collect(),
    }
}

fn loses_without(scratch: &Path, events: &[Event], instants: &[usize], site: &Site) -> bool {
    instants.iter().rev().any(|instant| lost_at(scratch, &events[..*instant], Some(site)) > 0)
}

/// Right behind acknowledgements, where the most can be lost, and between them.
fn instants(events: &[Event], most: usize) -> Vec<usize> {
    let acknowledged: Vec<usize> =
        (1..=events.len()).filter(|end| matches!(events[end - 1], Event::Acknowledged(_))).collect();
    let every = acknowledged.len().div_ceil(most / 2).max(1);
    let between = (1..=most / 2).map(|part| events.len() * part / (most / 2 + 1));
    let mut instants: Vec<usize> = acknowledged.into_iter().step_by(every).chain(between).collect();
    instants.push(events.len());
    instants.sort_unstable();
    instants.dedup();
    instants
}

fn record_workload(scratch: &Path) -> Vec<Event> {
    let directory = scratch.join("recorded");
    std::fs::create_dir_all(&directory).expect("a directory");
    let recording = Recording::new(&directory);
    vfs::record(recording.clone());
    let options = Options {
        disk: Arc::new(RecordingDisk(recording.clone())),
        wal_bytes: WAL_BYTES,
        reserve_bytes: 4096,
        ..Options::default()
    };
    let store = Store::open(&directory, options).expect("opened");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut ends = STEPS_MAX;
    for step in 0..STEPS_MAX {
        if ends == STEPS_MAX && logs_begun(&recording) >= LOGS_WANTED {
            ends = step + STEPS;
        }
        if step == ends {
            break;
        }
        runtime.block_on(take_step(&store, step)).expect("done");
        recording.add(Event::Acknowledged(step));
    }
    let events = recording.events(); // what closing does comes too late to be needed
    drop(store);
    events
}

fn logs_begun(recording: &Recording) -> usize {
    let begins_log = |event: &Event| match event {
        Event::Write { path, offset: 0, .. } => path.to_string_lossy().ends_with("-wal"),
        _ => false,
    };
    recording.count(begins_log)
}

fn row(step: u64) -> Vec<u8> {
    Key::global(SPACE).text("row").number(step).build()
}

fn blob_row(step: u64) -> Vec<u8> {
    Key::global(SPACE).text("blob").number(step).build()
}

fn secret_row(step: u64) -> Vec<u8> {
    Key::global(SPACE).text("secret").number(step).build()
}

fn body(step: u64) -> Vec<u8> {
    (0..BLOB_BYTES as u64).map(|at| (at.wrapping_mul(step + 1) >> 3) as u8).collect()
}

/// A row in each; in some also a blob, a journal record or a secret.
async fn take_step(store: &Store, step: u64) -> Result<(), Error> {
    let blob = match step % 10 {
        3 => Some(store.blobs().put(body(step).into())?),
        _ => None,
    };
    let secret = match step % 10 {
        5 => Some(store.seal(&step.to_be_bytes())?),
        _ => None,
    };
    if step % 10 == 7 {
        let at = Timestamp::from_millis(0);
        store.journal().append("s", &(at..=at), &step.to_be_bytes())?;
        store.journal().sync()?;
    }
    store
        .transact(|tx| {
            tx.put(row(step), vec![step as u8; 2000]);
            if let Some(blob) = &blob {
                tx.keep_blob(blob);
                tx.put(blob_row(step), blob.to_string().into_bytes());
            }
            if let Some(secret) = &secret {
                tx.put(secret_row(step), secret.clone());
            }
            Ok(())
        })
        .await
}

/// How many acknowledged steps are not wholly there after a power loss behind these events.
fn lost_at(scratch: &Path, events: &[Event], without: Option<&Site>) -> u64 {
    let acknowledged: Vec<u64> = events
        .iter()
        .filter_map(|event| if let Event::Acknowledged(step) = event { Some(*step) } else { None })
        .collect();
    let directory = tempfile::tempdir_in(scratch).expect("a directory");
    lay_out(directory.path(), &after_power_loss(events, without));
    let Ok(store) = Store::open(directory.path(), Options { reserve_bytes: 4096, ..Options::default() }) else {
        return acknowledged.len() as u64;
    };
    let journal = journal_of(&store);
    acknowledged.iter().filter(|step| !is_whole(&store, &journal, **step)).count() as u64
}

fn lay_out(directory: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for (path, content) in files {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().expect("below the directory")).expect("made");
        std::fs::write(path, content).expect("written");
    }
}

fn journal_of(store: &Store) -> BTreeSet<Vec<u8>> {
    let (from, to) = (Timestamp::from_millis(0), Timestamp::from_millis(1));
    let query = Query { stream_prefix: "s", from, to, order: Order::Forward, beyond: None, limit: usize::MAX };
    let records = store.journal().read(&query).map(|page| page.records).unwrap_or_default();
    records.into_iter().map(|record| record.bytes.to_vec()).collect()
}

fn is_whole(store: &Store, journal: &BTreeSet<Vec<u8>>, step: u64) -> bool {
    let get = |key: Vec<u8>| store.read(|snapshot| snapshot.get(&key)).ok().flatten();
    let has_row = get(row(step)).is_some_and(|value| value.as_ref() == vec![step as u8; 2000].as_slice());
    let rest = match step % 10 {
        3 => {
            let blob = get(blob_row(step)).and_then(|text| BlobRef::parse(&String::from_utf8_lossy(&text)));
            blob.and_then(|blob| store.blobs().read(&blob).ok()).is_some_and(|read| read == body(step))
        }
        5 => {
            let secret = get(secret_row(step)).and_then(|sealed| store.unseal(&sealed).ok());
            secret.is_some_and(|secret| secret == step.to_be_bytes())
        }
        7 => journal.contains(step.to_be_bytes().as_slice()),
        _ => true,
    };
    has_row && rest
}

/// A store whose syncs fail from some step on: what it told about its end, and what it acknowledged after it.
pub fn fail_syncs(scratch: &Path) -> (Vec<String>, u64) {
    let directory = scratch.join("failing");
    std::fs::create_dir_all(&directory).expect("a directory");
    let recording = Recording::new(&directory);
    vfs::record(recording.clone());
    let told: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let listener = told.clone();
    let on_fatal: store::OnFatal =
        Arc::new(move |reason: &str| listener.lock().expect("no panic before").push(reason.to_owned()));
    let store =
        Store::open(&directory, Options { on_fatal, reserve_bytes: 4096, ..Options::default() }).expect("opened");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(take_step(&store, 0)).expect("done");
    recording.syncs_fail.store(true, Ordering::SeqCst);
    let failed = runtime.block_on(take_step(&store, 1));
    assert_eq!(failed, Err(Error::Unknown));
    recording.syncs_fail.store(false, Ordering::SeqCst); // even a disk that has recovered changes nothing now
    let acknowledged = (2..10).filter(|step| runtime.block_on(take_step(&store, *step)).is_ok()).count();
    let told = told.lock().expect("no panic before").clone();
    (told, acknowledged as u64)
}
