//! A recording of what happened to the files under a directory, and the disk that a power loss would leave.
//!
//! The model is the harshest that file systems promise: a file has the content of its last sync, a directory the names of
//! its last sync, and nothing else survives.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Result;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use store::disk::{Disk, DiskFile, SystemDisk};

/// Paths are relative to the recorded directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    CreateDirectory(PathBuf),
    Create(PathBuf),
    Write {
        path: PathBuf,
        offset: u64,
        bytes: Vec<u8>,
    },
    Truncate {
        path: PathBuf,
        length: u64,
    },
    Sync(PathBuf),
    SyncDirectory(PathBuf),
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove(PathBuf),
    /// The workload was told that its step with this number is done.
    Acknowledged(u64),
}

pub struct Recording {
    root: PathBuf,
    events: Mutex<Vec<Event>>,
    /// Syncs of SQLite's files fail while it is set.
    pub syncs_fail: AtomicBool,
}

impl Recording {
    pub fn new(root: &Path) -> Arc<Recording> {
        Arc::new(Recording { root: root.to_owned(), events: Mutex::default(), syncs_fail: AtomicBool::new(false) })
    }

    pub fn covers(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
    }

    pub fn add(&self, event: Event) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn count(&self, which: impl Fn(&Event) -> bool) -> usize {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|event| which(event)).count()
    }

    pub fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_owned()
    }

    pub fn fails(&self) -> bool {
        self.syncs_fail.load(Ordering::SeqCst)
    }
}

/// Records what the store does to its own files; SQLite's are recorded by [`super::vfs`].
pub struct RecordingDisk(pub Arc<Recording>);

struct RecordingFile {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    length: u64,
    recording: Arc<Recording>,
}

impl RecordingDisk {
    fn file(&self, path: &Path, file: Box<dyn DiskFile>) -> Result<Box<dyn DiskFile>> {
        let length = SystemDisk.length(path)?;
        Ok(Box::new(RecordingFile { file, path: self.0.relative(path), length, recording: self.0.clone() }))
    }
}

impl Disk for RecordingDisk {
    fn create_dir(&self, path: &Path) -> Result<()> {
        if !path.is_dir() {
            self.0.add(Event::CreateDirectory(self.0.relative(path)));
        }
        SystemDisk.create_dir(path)
    }

    fn create(&self, path: &Path) -> Result<Box<dyn DiskFile>> {
        let file = SystemDisk.create(path)?;
        self.0.add(Event::Create(self.0.relative(path)));
        self.file(path, file)
    }

    fn append(&self, path: &Path) -> Result<Box<dyn DiskFile>> {
        self.file(path, SystemDisk.append(path)?)
    }

    fn read_at(&self, path: &Path, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        SystemDisk.read_at(path, offset, buffer)
    }

    fn length(&self, path: &Path) -> Result<u64> {
        SystemDisk.length(path)
    }

    fn list(&self, path: &Path) -> Result<Vec<String>> {
        SystemDisk.list(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.0.add(Event::Rename { from: self.0.relative(from), to: self.0.relative(to) });
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        SystemDisk.remove(path)?;
        self.0.add(Event::Remove(self.0.relative(path)));
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> Result<()> {
        SystemDisk.sync_dir(path)?;
        self.0.add(Event::SyncDirectory(self.0.relative(path)));
        Ok(())
    }
}

impl DiskFile for RecordingFile {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let (path, offset) = (self.path.clone(), self.length);
        self.recording.add(Event::Write { path, offset, bytes: bytes.to_vec() });
        self.length += bytes.len() as u64;
        self.file.write(bytes)
    }

    fn truncate(&mut self, length: u64) -> Result<()> {
        self.recording.add(Event::Truncate { path: self.path.clone(), length });
        self.length = length;
        self.file.truncate(length)
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync()?;
        self.recording.add(Event::Sync(self.path.clone()));
        Ok(())
    }
}

/// A kind of sync: of the files, or of the directories, that play one part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    File(String),
    Directory(String),
}

impl Site {
    pub fn of(event: &Event) -> Option<Site> {
        match event {
            Event::Sync(path) => Some(Site::File(part(path))),
            Event::SyncDirectory(path) => Some(Site::Directory(part(path))),
            Event::CreateDirectory(_)
            | Event::Create(_)
            | Event::Write { .. }
            | Event::Truncate { .. }
            | Event::Rename { .. }
            | Event::Remove(_)
            | Event::Acknowledged(_) => None,
        }
    }
}

/// The path with its numbers taken out: `blobs/07/1-2.new` is `blobs/*/*.new`.
fn part(path: &Path) -> String {
    let generic = |name: &str| match name.split_once('.') {
        Some((stem, kind)) if is_number(stem) => format!("*.{kind}"),
        _ if is_number(name) => "*".to_owned(),
        _ => name.to_owned(),
    };
    path.iter().map(|name| generic(&name.to_string_lossy())).collect::<Vec<_>>().join("/")
}

fn is_number(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') && name.bytes().any(|byte| byte.is_ascii_digit())
}

#[derive(Default, Clone)]
struct File {
    now: Vec<u8>,
    synced: Vec<u8>,
}

/// The files as programs see them, and as a power loss leaves them.
#[derive(Default)]
struct Model {
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    synced_names: BTreeMap<PathBuf, usize>,
    directories: BTreeSet<PathBuf>,
    synced_directories: BTreeSet<PathBuf>,
}

/// What is on the disk after a power loss behind these events, had the syncs of `without` done nothing.
pub fn after_power_loss(events: &[Event], without: Option<&Site>) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut model = Model::default();
    for event in events {
        if without.is_none() || Site::of(event).as_ref() != without {
            model.apply(event, without);
        }
    }
    let reachable = |path: &Path| {
        let above = path.ancestors().skip(1).filter(|directory| !directory.as_os_str().is_empty());
        above.into_iter().all(|directory| model.synced_directories.contains(directory))
    };
    let names = model.synced_names.iter().filter(|(path, _)| reachable(path));
    names.map(|(path, file)| (path.clone(), model.files[*file].synced.clone())).collect()
}

impl Model {
    fn apply(&mut self, event: &Event, without: Option<&Site>) {
        match event {
            Event::CreateDirectory(path) => drop(self.directories.insert(path.clone())),
            Event::Create(path) => {
                self.names.insert(path.clone(), self.files.len());
                self.files.push(File::default());
            }
            Event::Write { path, offset, bytes } => self.change(path, |content| {
                let from = usize::try_from(*offset).expect("test files are small");
                content.resize(content.len().max(from + bytes.len()), 0);
                content[from..from + bytes.len()].copy_from_slice(bytes);
            }),
            Event::Truncate { path, length } => {
                self.change(path, |content| content.resize(usize::try_from(*length).expect("test files are small"), 0));
            }
            Event::Sync(path) => {
                if let Some(&file) = self.names.get(path) {
                    self.files[file].synced = self.files[file].now.clone();
                }
                // SQLite syncs the directory together with a log that it has just made.
                let directory = Event::SyncDirectory(path.parent().unwrap_or(Path::new("")).to_owned());
                let is_log = path.to_string_lossy().ends_with("-wal");
                if is_log && !self.synced_names.contains_key(path) && Site::of(&directory).as_ref() != without {
                    self.apply(&directory, without);
                }
            }
            Event::SyncDirectory(path) => {
                let inside = |name: &PathBuf| name.parent() == Some(path);
                self.synced_names.retain(|name, _| !inside(name));
                self.synced_names
                    .extend(self.names.iter().filter(|(name, _)| inside(name)).map(|(n, f)| (n.clone(), *f)));
                self.synced_directories.extend(self.directories.iter().filter(|name| inside(name)).cloned());
            }
            Event::Rename { from, to } => {
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                }
            }
            Event::Remove(path) => drop(self.names.remove(path)),
            Event::Acknowledged(_) => {}
        }
    }

    fn change(&mut self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let file = *self.names.get(path).unwrap_or_else(|| panic!("{} was written and never made", path.display()));
        change(&mut self.files[file].now);
    }
}
