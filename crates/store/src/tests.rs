//! The embedded store as a whole: what survives, what is refused, what is found out.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rusqlite::Connection;

use crate::blob::{GRACE, SMALL_BYTES_MAX};
use crate::clock::ManualClock;
use crate::journal::Query;
use crate::key::{Key, Space};
use crate::shard::ShardId;
use crate::{BlobRef, Error, OpenError, Options, Order, Read, Store, Timestamp, wait};

const SPACE: Space = Space::new(1);

fn key(name: &str) -> Vec<u8> {
    Key::new(SPACE, "000000000000", "here").text(name).build()
}

fn open(directory: &Path) -> Store {
    Store::open(directory, Options::default()).expect("opened")
}

fn put(store: &Store, name: &str, value: &[u8]) -> Result<(), Error> {
    wait::for_it(store.transact(|tx| {
        tx.put(key(name), value.to_vec());
        Ok(())
    }))
}

fn get(store: &Store, name: &str) -> Result<Option<Bytes>, Error> {
    store.read(|snapshot| snapshot.get(&key(name)))
}

fn keep(store: &Store, blob: &BlobRef) {
    let kept = store.transact(|tx| {
        tx.keep_blob(blob);
        Ok::<_, Error>(())
    });
    wait::for_it(kept).expect("committed");
}

fn drop_blob(store: &Store, blob: &BlobRef) {
    let dropped = store.transact(|tx| {
        tx.drop_blob(blob);
        Ok::<_, Error>(())
    });
    wait::for_it(dropped).expect("committed");
}

fn body(length: usize) -> Bytes {
    (0..length).map(|at| (at >> 5) as u8).collect()
}

#[test]
fn everything_is_there_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let (small, large) = (body(100), body(SMALL_BYTES_MAX + 1));
    let store = open(directory.path());
    put(&store, "row", b"value").expect("committed");
    let blobs = [&small, &large].map(|body| store.blobs().put(body.clone()).expect("put"));
    blobs.iter().for_each(|blob| keep(&store, blob));
    let names = blobs.each_ref().map(BlobRef::to_string);
    let sealed = store.seal(b"secret").expect("sealed");
    let derived = store.master_key_derive("sessions");
    store.journal().append("s", &(Timestamp::from_millis(5)..=Timestamp::from_millis(5)), b"line").expect("appended");
    let fence = store.fence(ShardId(9));
    drop(store);

    let store = open(directory.path());
    assert_eq!(get(&store, "row"), Ok(Some(Bytes::from_static(b"value"))));
    let read = names.map(|name| store.blobs().read(&BlobRef::parse(&name).expect("a name")).expect("read"));
    assert_eq!(read, [small, large]);
    assert_eq!(store.unseal(&sealed), Ok(b"secret".to_vec()));
    assert_eq!(store.master_key_derive("sessions"), derived);
    assert_eq!(journal_lines(&store), ["line"]);
    assert!(store.fence(ShardId(9)) > fence, "each start has its own epoch");
}

fn journal_lines(store: &Store) -> Vec<String> {
    let (from, to) = (Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX));
    let query = Query { stream_prefix: "", from, to, order: Order::Forward, beyond: None, limit: 100 };
    let page = store.journal().read(&query).expect("read");
    page.records.iter().map(|record| String::from_utf8_lossy(&record.bytes).into_owned()).collect()
}

#[test]
fn a_directory_has_one_process_at_a_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    let second = Store::open(directory.path(), Options::default());
    assert!(matches!(second, Err(OpenError::InUse { .. })));
    drop(store);
    open(directory.path());
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let directory = tempfile::tempdir().expect("a directory");
    drop(open(directory.path()));
    let map = Connection::open(directory.path().join("map.sqlite")).expect("opened");
    map.execute("UPDATE meta SET value = 2 WHERE name = 'format'", []).expect("changed");
    drop(map);
    let refused = Store::open(directory.path(), Options::default()).err().expect("refused").to_string();
    assert!(refused.contains("format 2") && refused.contains("reads up to 1"), "{refused}");
}

#[test]
fn a_value_that_the_disk_changed_is_an_error_and_never_an_answer() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    put(&store, "row", b"value").expect("committed");
    put(&store, "other", b"value").expect("committed");
    drop(store);
    let map = Connection::open(directory.path().join("map.sqlite")).expect("opened");
    let changed = "UPDATE map SET value = CAST(substr(value, 1, 12) || 'VALUE' AS BLOB) WHERE key = ?1";
    assert_eq!(map.execute(changed, [key("row")]), Ok(1));
    drop(map);
    let store = open(directory.path());
    assert!(matches!(get(&store, "row"), Err(Error::Damaged { .. })));
    let range = Key::new(SPACE, "000000000000", "here").range();
    let scanned = store.read(|snapshot| snapshot.scan(range, Order::Forward, 9));
    assert!(matches!(scanned, Err(Error::Damaged { .. })));
    assert_eq!(get(&store, "other"), Ok(Some(Bytes::from_static(b"value"))));
}

#[test]
fn secrets_are_in_a_file_of_their_owner_and_nowhere_in_the_clear() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    let sealed = store.seal(b"a very secret secret").expect("sealed");
    put(&store, "secret", &sealed).expect("committed");
    let mode = std::fs::metadata(directory.path().join("master.key")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(store);
    for name in ["map.sqlite", "map.sqlite-wal"] {
        let content = std::fs::read(directory.path().join(name)).unwrap_or_default();
        assert!(!content.windows(20).any(|window| window == b"a very secret secret"), "{name}");
    }
}

#[test]
fn bodies_come_back_as_they_went_whatever_their_size_and_however_they_are_written() {
    let directory = tempfile::tempdir().expect("a directory");
    for store in [Store::memory(), open(directory.path())] {
        for length in [0, 1, SMALL_BYTES_MAX, SMALL_BYTES_MAX + 1, 3_000_000] {
            let body = body(length);
            let whole = store.blobs().put(body.clone()).expect("put");
            let mut writer = store.blobs().write();
            body.chunks(50_000).for_each(|piece| writer.write(piece).expect("written"));
            let pieced = writer.finish().expect("finished");
            for blob in [whole, pieced] {
                keep(&store, &blob);
                let named = BlobRef::parse(&blob.to_string()).expect("a name");
                assert_eq!(named.length, length as u64);
                assert_eq!(store.blobs().read(&named).expect("read"), body, "{length}");
                assert_eq!(store.blobs().path(&named).is_some(), length > SMALL_BYTES_MAX);
                let mut reader = store.blobs().open(&named).expect("opened");
                let mut read = Vec::new();
                while let Some(piece) = reader.next().expect("read") {
                    read.extend_from_slice(&piece);
                }
                assert_eq!(read, body);
            }
        }
    }
    for text in ["", "1-2-3", "1-2-3-zz", "1-2-3-00-4"] {
        assert_eq!(BlobRef::parse(text), None, "{text}");
    }
}

#[test]
fn a_changed_or_missing_body_is_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    let blob = store.blobs().put(body(100_000)).expect("put");
    keep(&store, &blob);
    let path = store.blobs().path(&blob).expect("a file");
    let mut content = std::fs::read(&path).expect("read");
    content[70_000] ^= 1;
    std::fs::write(&path, &content).expect("written");
    assert!(matches!(store.blobs().read(&blob), Err(Error::Damaged { .. })));
    std::fs::write(&path, &content[..70_000]).expect("written");
    assert!(matches!(store.blobs().read(&blob), Err(Error::Damaged { .. })));
    std::fs::remove_file(&path).expect("removed");
    assert!(matches!(store.blobs().read(&blob), Err(Error::Damaged { .. })));
}

#[test]
fn a_dropped_body_goes_after_its_grace_and_an_unkept_one_with_its_process() {
    let directory = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    let options = || Options { clock: clock.clone(), ..Options::default() };
    let collect = |store: &Store| wait::for_it(store.collect_garbage()).expect("collected");
    let store = Store::open(directory.path(), options()).expect("opened");
    let put = || store.blobs().put(body(100_000)).expect("put");
    let (kept, dropped, unkept) = (put(), put(), put());
    [&kept, &dropped].into_iter().for_each(|blob| keep(&store, blob));
    drop(store.blobs().write()); // nothing was written
    leave_unfinished(&store, directory.path());
    drop_blob(&store, &dropped);
    clock.advance(GRACE - Duration::from_millis(1));
    assert_eq!(collect(&store), 0);
    assert!(store.blobs().read(&dropped).is_ok(), "those who know of it may still read it");
    clock.advance(Duration::from_millis(2));
    assert_eq!(collect(&store), 1);
    assert!(store.blobs().read(&dropped).is_err());
    assert_eq!(files_in(&directory.path().join("blobs")).len(), 3);
    drop(store);

    let store = Store::open(directory.path(), options()).expect("opened");
    crate::blob::sweep(store.inner()).expect("swept");
    clock.advance(GRACE + Duration::from_millis(1));
    collect(&store);
    assert!(store.blobs().read(&kept).is_ok());
    assert!(store.blobs().read(&unkept).is_err());
    assert_eq!(files_in(&directory.path().join("blobs")).len(), 1);
}

/// Leaves the file of a body that nobody finished, as a killed process does.
fn leave_unfinished(store: &Store, directory: &Path) {
    let (blobs, aside) = (directory.join("blobs"), directory.join("aside"));
    let before = files_in(&blobs);
    let mut unfinished = store.blobs().write();
    unfinished.write(&body(100_000)).expect("written");
    let after = files_in(&blobs);
    let begun = after.iter().find(|file| !before.contains(file)).expect("it has a file");
    std::fs::copy(begun, &aside).expect("copied");
    drop(unfinished);
    std::fs::rename(&aside, begun).expect("put back");
}

fn files_in(directory: &Path) -> Vec<PathBuf> {
    let below = std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    below.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

#[test]
fn a_backup_made_under_load_opens_as_one_consistent_state() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(&directory.path().join("original"));
    let blob = store.blobs().put(body(100_000)).expect("put");
    keep(&store, &blob);
    store.journal().append("s", &(Timestamp::from_millis(1)..=Timestamp::from_millis(1)), b"line").expect("appended");
    let sealed = store.seal(b"secret").expect("sealed");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let backup = directory.path().join("backup");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0u64;
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                number += 1;
                let written = store.transact(|tx| {
                    tx.put(key("one"), number.to_be_bytes().to_vec());
                    tx.put(key("two"), number.to_be_bytes().to_vec());
                    Ok::<_, Error>(())
                });
                wait::for_it(written).expect("committed");
            }
        });
        let copied = store.backup(&backup);
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        copied.expect("copied");
    });
    assert!(store.backup(&backup).is_err(), "a backup is not written over");
    std::fs::copy(directory.path().join("original/master.key"), backup.join("master.key")).expect("copied");
    let copy = open(&backup);
    assert_eq!(get(&copy, "one"), get(&copy, "two"));
    assert_eq!(copy.blobs().read(&blob).expect("read"), body(100_000));
    assert_eq!(copy.unseal(&sealed), Ok(b"secret".to_vec()));
    assert_eq!(journal_lines(&copy), ["line"]);
}

#[test]
fn a_full_disk_refuses_and_keeps_what_it_has_and_writes_resume_when_there_is_space() {
    let test = "a_full_disk_refuses_and_keeps_what_it_has_and_writes_resume_when_there_is_space";
    let Some(disk) = SmallDisk::mount(24) else {
        println!("skipped: {test}: only root can mount a small disk");
        return;
    };
    let store = Store::open(
        &disk.path().join("data"),
        Options { reserve_bytes: 2 * 1024 * 1024, wal_bytes: 2 * 1024 * 1024, ..Options::default() },
    )
    .expect("opened");
    let mut kept = 0;
    let refused = loop {
        match put(&store, &format!("row {kept}"), &vec![7; 50_000]) {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, Error::Full);
    assert!(kept > 50, "{kept}");
    let ballast = disk.path().join("ballast"); // someone else takes what is left
    let _ = std::fs::write(&ballast, vec![1u8; 24 * 1024 * 1024]);
    assert_eq!(put(&store, "more", &[7; 50_000]), Err(Error::Full));
    let whole = |number: usize| get(&store, &format!("row {number}")).is_ok_and(|value| value.is_some());
    assert!((0..kept).all(whole), "what was acknowledged stays");
    let deleted = store.transact(|tx| {
        tx.delete(key("row 0"));
        Ok::<_, Error>(())
    });
    assert_eq!(wait::for_it(deleted), Ok(()), "deletes use the reserve");
    std::fs::remove_file(&ballast).expect("removed");
    for number in 1..kept {
        let deleted = store.transact(|tx| {
            tx.delete(key(&format!("row {number}")));
            Ok::<_, Error>(())
        });
        wait::for_it(deleted).expect("deleted");
    }
    let resumed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20)); // the store looks at the disk every 100 ms
        put(&store, "again", b"1").is_ok()
    });
    assert!(resumed, "there is space again");
    assert_eq!(get(&store, "again"), Ok(Some(Bytes::from_static(b"1"))));
}

/// A file system in memory with a fixed size, for as long as it is held.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(mebibytes: u32) -> Option<SmallDisk> {
        let directory = tempfile::tempdir().expect("a directory");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
            .arg(directory.path())
            .stderr(std::process::Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(SmallDisk(directory))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
