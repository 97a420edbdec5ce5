//! Files, behind a trait: blobs and the journal write through it, so that tests can record, drop and fail what it does.
//!
//! SQLite writes its own files; for these the tests put a recording layer under SQLite instead.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::lock;

/// A file system. A write is durable after `sync` of its file; a name, after `sync_dir` of its directory.
pub trait Disk: Send + Sync + 'static {
    /// Makes a directory where there is none; its parent must exist.
    fn create_dir(&self, path: &Path) -> Result<()>;
    /// A new, empty file that its owner alone may read and write. An error where the name exists.
    fn create(&self, path: &Path) -> Result<Box<dyn DiskFile>>;
    /// An existing file, to be continued at its end.
    fn append(&self, path: &Path) -> Result<Box<dyn DiskFile>>;
    /// Reads at an offset until the buffer is full or the file ends; says how much.
    fn read_at(&self, path: &Path, offset: u64, buffer: &mut [u8]) -> Result<usize>;
    fn length(&self, path: &Path) -> Result<u64>;
    /// The names in a directory, sorted.
    fn list(&self, path: &Path) -> Result<Vec<String>>;
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;
    fn remove(&self, path: &Path) -> Result<()>;
    fn sync_dir(&self, path: &Path) -> Result<()>;
}

/// A file that is being written.
pub trait DiskFile: Send {
    /// Writes all of it at the end of the file, or fails with some of it written.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
    fn truncate(&mut self, length: u64) -> Result<()>;
    fn sync(&mut self) -> Result<()>;
}

/// The whole content of a file.
pub(crate) fn read(disk: &dyn Disk, path: &Path) -> Result<Vec<u8>> {
    let length = usize::try_from(disk.length(path)?).map_err(|_| Error::from(ErrorKind::FileTooLarge))?;
    let mut content = vec![0; length];
    let read = disk.read_at(path, 0, &mut content)?;
    content.truncate(read);
    Ok(content)
}

/// The machine's files.
pub struct SystemDisk;

struct SystemFile(fs::File);

impl Disk for SystemDisk {
    fn create_dir(&self, path: &Path) -> Result<()> {
        match fs::create_dir(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    fn create(&self, path: &Path) -> Result<Box<dyn DiskFile>> {
        let file = fs::OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        Ok(Box::new(SystemFile(file)))
    }

    fn append(&self, path: &Path) -> Result<Box<dyn DiskFile>> {
        Ok(Box::new(SystemFile(fs::OpenOptions::new().append(true).open(path)?)))
    }

    fn read_at(&self, path: &Path, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let file = fs::File::open(path)?;
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn length(&self, path: &Path) -> Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn list(&self, path: &Path) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Path) -> Result<()> {
        fs::File::open(path)?.sync_all()
    }
}

impl DiskFile for SystemFile {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(bytes)
    }

    fn truncate(&mut self, length: u64) -> Result<()> {
        self.0.set_len(length)
    }

    fn sync(&mut self) -> Result<()> {
        self.0.sync_data()
    }
}

/// Files in memory, for stores in memory.
#[derive(Clone, Default)]
pub(crate) struct MemoryDisk(Arc<Mutex<MemoryFiles>>);

#[derive(Default)]
struct MemoryFiles {
    files: BTreeMap<PathBuf, Vec<u8>>,
    directories: BTreeSet<PathBuf>,
}

struct MemoryFile {
    disk: MemoryDisk,
    path: PathBuf,
}

impl MemoryDisk {
    fn with<T>(&self, path: &Path, body: impl FnOnce(&mut Vec<u8>) -> T) -> Result<T> {
        lock(&self.0).files.get_mut(path).map(body).ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Disk for MemoryDisk {
    fn create_dir(&self, path: &Path) -> Result<()> {
        lock(&self.0).directories.insert(path.to_owned());
        Ok(())
    }

    fn create(&self, path: &Path) -> Result<Box<dyn DiskFile>> {
        match lock(&self.0).files.insert(path.to_owned(), Vec::new()) {
            None => Ok(Box::new(MemoryFile { disk: self.clone(), path: path.to_owned() })),
            Some(_) => Err(ErrorKind::AlreadyExists.into()),
        }
    }

    fn append(&self, path: &Path) -> Result<Box<dyn DiskFile>> {
        self.with(path, |_| ())?;
        Ok(Box::new(MemoryFile { disk: self.clone(), path: path.to_owned() }))
    }

    fn read_at(&self, path: &Path, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.with(path, |content| {
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
            let read = buffer.len().min(content.len() - from);
            buffer[..read].copy_from_slice(&content[from..from + read]);
            read
        })
    }

    fn length(&self, path: &Path) -> Result<u64> {
        self.with(path, |content| content.len() as u64)
    }

    fn list(&self, path: &Path) -> Result<Vec<String>> {
        let files = lock(&self.0);
        let names = files.files.keys().chain(&files.directories).filter(|name| name.parent() == Some(path));
        let mut names: Vec<_> =
            names.filter_map(|name| Some(name.file_name()?.to_string_lossy().into_owned())).collect();
        names.sort();
        Ok(names)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let mut files = lock(&self.0);
        let content = files.files.remove(from).ok_or(ErrorKind::NotFound)?;
        files.files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<()> {
        lock(&self.0).files.remove(path).map(|_| ()).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, _path: &Path) -> Result<()> {
        Ok(())
    }
}

impl DiskFile for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.disk.with(&self.path, |content| content.extend_from_slice(bytes))
    }

    fn truncate(&mut self, length: u64) -> Result<()> {
        self.disk.with(&self.path, |content| content.truncate(usize::try_from(length).unwrap_or(usize::MAX)))
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }
}
