//! Archives that depend on nothing but the files' names, bytes and execute bits.

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{MANIFEST, PackedFile};

/// Files of one package, at most.
const FILES_MAX: usize = 100_000;

/// What belongs to the folder and not to the function.
const LEFT_OUT: [&str; 12] = [
    MANIFEST,
    ".git",
    ".hg",
    ".svn",
    ".nought",
    ".venv",
    ".idea",
    ".vscode",
    ".aws-sam",
    ".serverless",
    ".DS_Store",
    "__pycache__",
];

/// Whether a file or folder of this name stays out of packages.
pub fn is_left_out(name: &str) -> bool {
    LEFT_OUT.contains(&name)
}

/// The files under a folder that belong to the function, in order of their names.
pub fn files(root: &Path) -> Result<Vec<PackedFile>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(is_left_out) {
                continue;
            }
            check_inside(root, &path)?;
            let metadata = fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
            match metadata.is_dir() {
                true => folders.push(path),
                false if metadata.is_file() => {
                    found.push(packed(root, path, metadata.permissions().mode() & 0o111 != 0)?)
                }
                false => bail!("{} is neither a file nor a folder: a package cannot hold it", path.display()),
            }
            if found.len() + folders.len() > FILES_MAX {
                bail!("{} has over {FILES_MAX} files: is it the folder of a function?", root.display());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A link may point to what is in the folder, and must not go round in it.
fn check_inside(root: &Path, path: &Path) -> Result<()> {
    if !path.is_symlink() {
        return Ok(());
    }
    let target = path.canonicalize().with_context(|| format!("the link {} leads nowhere", path.display()))?;
    if !target.starts_with(root) {
        bail!("the link {} leads out of the folder: put a copy in its place", path.display());
    }
    if path.starts_with(&target) {
        bail!("the link {} leads to a folder that it is in", path.display());
    }
    Ok(())
}

fn packed(root: &Path, path: std::path::PathBuf, executable: bool) -> Result<PackedFile> {
    let relative = path.strip_prefix(root).expect("what is found is under the root");
    match relative.to_str() {
        Some(name) => Ok(PackedFile { name: name.to_owned(), path, executable }),
        None => bail!("{} has a name that is not UTF-8: a package cannot hold it", path.display()),
    }
}

pub fn zip(root: &Path, files: &[PackedFile]) -> Result<Vec<u8>> {
    if files.is_empty() {
        bail!("{} has no files: there is nothing to deploy", root.display());
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        let bytes = fs::read(&file.path).with_context(|| format!("cannot read {}", file.path.display()))?;
        add(&mut writer, &file.name, file.executable, &bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

pub fn zip_one(name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    add(&mut writer, name, false, bytes)?;
    Ok(writer.finish()?.into_inner())
}

fn add(writer: &mut ZipWriter<Cursor<Vec<u8>>>, name: &str, executable: bool, bytes: &[u8]) -> Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(if executable { 0o755 } else { 0o644 });
    writer.start_file(name, options)?;
    writer.write_all(bytes)?;
    Ok(())
}
