//! A recording layer under SQLite: its files' writes, cuts, syncs and deletions go into the [`Recording`] that covers them.
//!
//! It is a copy of SQLite's own file layer in which opening and deleting, and of each opened file writing, cutting, syncing and
//! closing, are replaced by functions that record and then call the original. Everything else is the original.
//!
//! `unsafe` is needed because SQLite's file layer is a table of C functions. It is in this test crate, never in the product.
#![expect(unsafe_code, reason = "SQLite's file layer is a table of C functions")]

use std::collections::HashMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError};

use rusqlite::ffi::{
    SQLITE_IOERR_FSYNC, SQLITE_OK, sqlite3_file, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find,
    sqlite3_vfs_register,
};

use super::record::{Event, Recording};

static RECORDINGS: Mutex<Vec<Arc<Recording>>> = Mutex::new(Vec::new());
static FILES: OnceLock<Mutex<HashMap<usize, Opened>>> = OnceLock::new();
static ORIGINAL: OnceLock<Original> = OnceLock::new();

/// The functions that are replaced.
struct Original {
    open: unsafe extern "C" fn(*mut sqlite3_vfs, *const c_char, *mut sqlite3_file, c_int, *mut c_int) -> c_int,
    delete: unsafe extern "C" fn(*mut sqlite3_vfs, *const c_char, c_int) -> c_int,
}

/// A file that SQLite has open and a recording covers.
#[derive(Clone)]
struct Opened {
    path: PathBuf,
    recording: Arc<Recording>,
    methods: sqlite3_io_methods,
}

/// Records what SQLite does under the recording's directory from now on, in this process.
pub fn record(recording: Arc<Recording>) {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(install);
    RECORDINGS.lock().unwrap_or_else(PoisonError::into_inner).push(recording);
}

fn install() {
    // SAFETY: `sqlite3_vfs_find` gives SQLite's own layer, which lives as long as the process and is not changed. The copy
    // is leaked, so it lives as long too, and has the same shape as the original: only functions of the same types differ.
    unsafe {
        let own = *sqlite3_vfs_find(std::ptr::null());
        let open = own.xOpen.expect("SQLite's own layer opens files");
        let delete = own.xDelete.expect("SQLite's own layer deletes files");
        assert!(ORIGINAL.set(Original { open, delete }).is_ok(), "installed once");
        let copy = sqlite3_vfs {
            zName: c"recording".as_ptr(),
            pNext: std::ptr::null_mut(),
            xOpen: Some(open_recorded),
            xDelete: Some(delete_recorded),
            ..own
        };
        assert_eq!(sqlite3_vfs_register(Box::leak(Box::new(copy)), 1), SQLITE_OK);
    }
}

fn original() -> &'static Original {
    ORIGINAL.get().expect("set before the layer is registered")
}

fn files() -> MutexGuard<'static, HashMap<usize, Opened>> {
    FILES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

fn opened(file: *mut sqlite3_file) -> Opened {
    files().get(&(file as usize)).expect("only files that were opened here have these functions").clone()
}

/// SAFETY: `name` is a C string or null, as SQLite passes it.
unsafe fn recording_of(name: *const c_char) -> Option<(PathBuf, Arc<Recording>)> {
    if name.is_null() {
        return None;
    }
    // SAFETY: not null, and SQLite's file names are C strings that live through the call.
    let name = unsafe { CStr::from_ptr(name) };
    let path = Path::new(OsStr::from_bytes(name.to_bytes()));
    let recordings = RECORDINGS.lock().unwrap_or_else(PoisonError::into_inner);
    let recording = recordings.iter().find(|recording| recording.covers(path))?;
    Some((recording.relative(path), recording.clone()))
}

unsafe extern "C" fn open_recorded(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite's arguments are passed on as they are; the file is ours to fill until we return.
    unsafe {
        let covered = recording_of(name);
        let existed = covered.is_some() && Path::new(OsStr::from_bytes(CStr::from_ptr(name).to_bytes())).exists();
        let result = (original().open)(vfs, name, file, flags, out_flags);
        let Some((path, recording)) = covered.filter(|_| result == SQLITE_OK) else { return result };
        if !existed {
            recording.add(Event::Create(path.clone()));
        }
        let methods = *(*file).pMethods;
        let replaced = sqlite3_io_methods {
            xClose: Some(close_recorded),
            xWrite: Some(write_recorded),
            xTruncate: Some(truncate_recorded),
            xSync: Some(sync_recorded),
            // Else SQLite would write through a mapping, which nobody sees.
            iVersion: methods.iVersion.min(2),
            ..methods
        };
        files().insert(file as usize, Opened { path, recording, methods });
        (*file).pMethods = Box::leak(Box::new(replaced));
        result
    }
}

unsafe extern "C" fn close_recorded(file: *mut sqlite3_file) -> c_int {
    let opened = files().remove(&(file as usize)).expect("only files that were opened here have these functions");
    // SAFETY: the original function of this very file.
    unsafe { opened.methods.xClose.expect("every file can be closed")(file) }
}

unsafe extern "C" fn write_recorded(file: *mut sqlite3_file, bytes: *const c_void, count: c_int, offset: i64) -> c_int {
    let opened = opened(file);
    // SAFETY: SQLite gives `count` readable bytes; then the original function of this very file.
    unsafe {
        let written = std::slice::from_raw_parts(bytes.cast::<u8>(), usize::try_from(count).expect("a length"));
        let offset_bytes = u64::try_from(offset).expect("an offset");
        opened.recording.add(Event::Write { path: opened.path, offset: offset_bytes, bytes: written.to_vec() });
        opened.methods.xWrite.expect("every file can be written")(file, bytes, count, offset)
    }
}

unsafe extern "C" fn truncate_recorded(file: *mut sqlite3_file, length: i64) -> c_int {
    let opened = opened(file);
    let length_bytes = u64::try_from(length).expect("a length");
    opened.recording.add(Event::Truncate { path: opened.path, length: length_bytes });
    // SAFETY: the original function of this very file.
    unsafe { opened.methods.xTruncate.expect("every file can be cut")(file, length) }
}

unsafe extern "C" fn sync_recorded(file: *mut sqlite3_file, flags: c_int) -> c_int {
    let opened = opened(file);
    if opened.recording.fails() {
        return SQLITE_IOERR_FSYNC;
    }
    // SAFETY: the original function of this very file.
    let result = unsafe { opened.methods.xSync.expect("every file can be synced")(file, flags) };
    if result == SQLITE_OK {
        opened.recording.add(Event::Sync(opened.path));
    }
    result
}

unsafe extern "C" fn delete_recorded(vfs: *mut sqlite3_vfs, name: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: SQLite's arguments are passed on as they are.
    unsafe {
        let covered = recording_of(name);
        let result = (original().delete)(vfs, name, sync_directory);
        if let Some((path, recording)) = covered.filter(|_| result == SQLITE_OK) {
            let directory = path.parent().unwrap_or(Path::new("")).to_owned();
            recording.add(Event::Remove(path));
            if sync_directory != 0 {
                recording.add(Event::SyncDirectory(directory));
            }
        }
        result
    }
}
