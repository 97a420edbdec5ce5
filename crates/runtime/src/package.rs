//! Packages: a zip archive or a bare WebAssembly file becomes a read-only tree named by its content.
//!
//! Start reading at [`Package::read`] and [`unpack`].
//!
//! Invariants:
//! - A tree under `code/` is whole: it is made beside its place, synced and renamed.
//! - Nothing in a package writes outside its tree or names a file outside it.
//! - Sizes are counted while inflating: what an archive claims about itself is not believed.

use std::fs::{self, File, Permissions};
use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use services::run::{CodeId, PrepareError};
use zip::ZipArchive;
use zip::read::ZipFile;

/// Files, links and directories in one package. Ours: bounds inodes and the time to unpack.
const ENTRIES_MAX: usize = 100_000;

/// Longest symlink target, as Linux has it (PATH_MAX).
const LINK_BYTES_MAX: u64 = 4_096;

/// Names in one path. Ours: every directory costs a walk down to it, and nested `node_modules` reach about 30.
const PATH_DEPTH_MAX: usize = 128;

const COMPONENT_FILE: &str = "bootstrap.wasm";
const WASM_MAGIC: &[u8] = b"\0asm";

/// What a package holds, by how it will run.
#[derive(Debug)]
pub enum Package {
    /// The bytes of a WebAssembly file.
    Component(Bytes),
    /// A zip archive of files for a process.
    Process,
}

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

impl Package {
    /// Tells the kinds apart. Only `provided.*` runtimes may be components.
    pub fn read(package: &Bytes, runtime: &str, unpacked_bytes_max: u64) -> Result<Package, PrepareError> {
        let may_be_component = runtime.starts_with("provided");
        if package.starts_with(WASM_MAGIC) {
            return match may_be_component {
                true => Ok(Package::Component(package.clone())),
                false => Err(PrepareError::BadComponent(format!(
                    "a WebAssembly file runs under the runtime provided.al2023, not {runtime}"
                ))),
            };
        }
        let mut archive = open(package)?;
        match may_be_component.then(|| archive.index_for_name(COMPONENT_FILE)).flatten() {
            Some(index) => Ok(Package::Component(read_component(&mut archive, index, unpacked_bytes_max)?)),
            None => Ok(Package::Process),
        }
    }
}

/// The place of unpacked code under the runtime's directory.
pub fn tree(dir: &Path, code: &CodeId) -> PathBuf {
    dir.join("code").join(hex::encode(code.0))
}

/// Unpacks a zip archive into [`tree`]. Finds its work done when the tree is there.
pub fn unpack(dir: &Path, code: &CodeId, package: &[u8], unpacked_bytes_max: u64) -> Result<(), PrepareError> {
    let place = tree(dir, code);
    if place.is_dir() {
        return Ok(());
    }
    let beside = beside(&place).map_err(unavailable)?;
    let made = fill(&beside, package, unpacked_bytes_max).and_then(|()| publish(&beside, &place).map_err(unavailable));
    if made.is_err() {
        // The error being reported matters more than a leftover, which the next start sweeps.
        let _ = fs::remove_dir_all(&beside);
    }
    made
}

/// Deletes trees that a crash left half made.
pub fn sweep(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir.join("code"))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn open(package: &[u8]) -> Result<Archive<'_>, PrepareError> {
    let archive = ZipArchive::new(Cursor::new(package)).map_err(bad_archive)?;
    match archive.len() {
        0 => Err(PrepareError::BadArchive("the zip archive is empty".to_owned())),
        entries if entries > ENTRIES_MAX => Err(PrepareError::BadArchive(format!(
            "the zip archive has {entries} entries and the limit is {ENTRIES_MAX}"
        ))),
        _ => Ok(archive),
    }
}

fn read_component(archive: &mut Archive, index: usize, bytes_max: u64) -> Result<Bytes, PrepareError> {
    let entry = archive.by_index(index).map_err(bad_archive)?;
    let mut wasm = Vec::new();
    entry.take(bytes_max + 1).read_to_end(&mut wasm).map_err(bad_entry)?;
    match wasm.len() as u64 > bytes_max {
        true => Err(PrepareError::TooLarge { bytes_max }),
        false => Ok(wasm.into()),
    }
}

fn beside(place: &Path) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let beside = place.with_file_name(format!(".{}", hex::encode(random)));
    fs::create_dir_all(&beside)?;
    fs::set_permissions(&beside, Permissions::from_mode(0o755))?;
    Ok(beside)
}

fn publish(beside: &Path, place: &Path) -> io::Result<()> {
    let handle = File::open(beside)?;
    rustix::fs::syncfs(&handle)?;
    match fs::rename(beside, place) {
        // Somebody else made the same tree meanwhile: it has the same content.
        Err(_) if place.is_dir() => fs::remove_dir_all(beside),
        renamed => renamed,
    }
}

/// Files first, links last: no entry is written through a link, and links start in real directories.
fn fill(root: &Path, package: &[u8], bytes_max: u64) -> Result<(), PrepareError> {
    let mut archive = open(package)?;
    let mut room = Room { bytes_max, bytes_left: bytes_max, entries_left: ENTRIES_MAX };
    let mut links = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(bad_archive)?;
        let path = safe_path(entry.name())?;
        if entry.is_symlink() {
            let target = link_target(&mut entry, &path)?;
            links.push((path, target));
        } else if entry.is_dir() {
            room.make_dir(&root.join(path))?;
        } else {
            room.write_file(&root.join(path), &mut entry)?;
        }
    }
    for (path, target) in links {
        refuse_links_above(root, &path)?;
        let place = root.join(path);
        room.make_parent(&place)?;
        room.take_entry()?;
        symlink(target, place).map_err(in_the_way)?;
    }
    Ok(())
}

/// A link below another link would lie elsewhere than its path says, and could climb higher than its path is deep.
fn refuse_links_above(root: &Path, path: &Path) -> Result<(), PrepareError> {
    match path.ancestors().skip(1).find(|above| root.join(above).is_symlink()) {
        None => Ok(()),
        Some(link) => Err(PrepareError::UnsafePath(format!(
            "the package has an entry below a symlink: {:?} lies below {:?}",
            path.display(),
            link.display()
        ))),
    }
}

fn safe_path(name: &str) -> Result<PathBuf, PrepareError> {
    let path = Path::new(name);
    let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let named = path.components().any(|part| matches!(part, Component::Normal(_)));
    let depth = path.components().count();
    if depth > PATH_DEPTH_MAX {
        let text = format!("the package has a path that is {depth} names deep and the limit is {PATH_DEPTH_MAX}");
        return Err(PrepareError::BadArchive(text));
    }
    match inside && named && !name.contains('\0') {
        true => Ok(path.to_owned()),
        false => Err(PrepareError::UnsafePath(format!("the package has a path that leaves it: {name:?}"))),
    }
}

/// A link may climb only with leading `..`, and no higher than the package's root: links that pass through other
/// links then cannot add up to a way out.
fn link_target(entry: &mut ZipFile<'_, Cursor<&[u8]>>, path: &Path) -> Result<PathBuf, PrepareError> {
    let mut target = String::new();
    entry.take(LINK_BYTES_MAX).read_to_string(&mut target).map_err(bad_entry)?;
    let depth = path.components().filter(|part| matches!(part, Component::Normal(_))).count() - 1;
    let climbs = Path::new(&target).components().take_while(|part| matches!(part, Component::ParentDir)).count();
    let rest_is_plain = Path::new(&target)
        .components()
        .skip(climbs)
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    match !target.is_empty() && !target.contains('\0') && climbs <= depth && rest_is_plain {
        true => Ok(PathBuf::from(target)),
        false => Err(PrepareError::UnsafePath(format!(
            "the package has a symlink that leaves it: {:?} points to {target:?}",
            path.display()
        ))),
    }
}

/// What may still be made of one package. Directories that are only in the names of files count as well.
struct Room {
    bytes_max: u64,
    bytes_left: u64,
    entries_left: usize,
}

impl Room {
    fn write_file(&mut self, place: &Path, entry: &mut ZipFile<'_, Cursor<&[u8]>>) -> Result<(), PrepareError> {
        self.make_parent(place)?;
        self.take_entry()?;
        // Archives with the same name twice exist; the last one wins, as with unzip.
        if place.is_file() {
            fs::remove_file(place).map_err(unavailable)?;
        }
        let mut file = File::create_new(place).map_err(in_the_way)?;
        let mode = entry.unix_mode().unwrap_or(0);
        let mut block = [0; 64 * 1024];
        loop {
            let read = entry.read(&mut block).map_err(bad_entry)?;
            if read == 0 {
                break;
            }
            let left = self.bytes_left.checked_sub(read as u64);
            self.bytes_left = left.ok_or(PrepareError::TooLarge { bytes_max: self.bytes_max })?;
            file.write_all(&block[..read]).map_err(unavailable)?;
        }
        // Readable by the sandbox whatever the archive says; executable as it says; writable by nobody.
        file.set_permissions(Permissions::from_mode(mode & 0o111 | 0o444)).map_err(unavailable)
    }

    fn make_parent(&mut self, place: &Path) -> Result<(), PrepareError> {
        self.make_dir(place.parent().expect("a safe path lies below the root"))
    }

    /// Open to the sandbox's user, whatever this process's umask is.
    fn make_dir(&mut self, place: &Path) -> Result<(), PrepareError> {
        if place.is_dir() {
            return Ok(());
        }
        self.make_parent(place)?;
        self.take_entry()?;
        fs::create_dir(place).map_err(in_the_way)?;
        fs::set_permissions(place, Permissions::from_mode(0o755)).map_err(unavailable)
    }

    fn take_entry(&mut self) -> Result<(), PrepareError> {
        let left = self.entries_left.checked_sub(1);
        self.entries_left = left.ok_or_else(|| {
            PrepareError::BadArchive(format!("the package has more than {ENTRIES_MAX} files and directories"))
        })?;
        Ok(())
    }
}

fn bad_archive(error: zip::result::ZipError) -> PrepareError {
    PrepareError::BadArchive(format!(
        "Could not unzip uploaded file: {error}. Please check your file, then try to upload again."
    ))
}

fn bad_entry(error: io::Error) -> PrepareError {
    PrepareError::BadArchive(format!(
        "Could not unzip uploaded file: {error}. Please check your file, then try to upload again."
    ))
}

/// Two entries that cannot both be, or a name that the file system refuses.
fn in_the_way(error: io::Error) -> PrepareError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::PermissionDenied => unavailable(error),
        _ => bad_entry(error),
    }
}

fn unavailable(error: io::Error) -> PrepareError {
    PrepareError::Unavailable(format!("the package could not be unpacked on this machine: {error}"))
}

#[cfg(test)]
mod tests;
