//! The interpreters of this machine, for naming a runtime that runs here without a detour.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Named where the machine has none of its own: the newest that Lambda had (read 2026-11-24).
const PYTHON_DEFAULT: &str = "python3.14";
const NODE_DEFAULT: &str = "nodejs24.x";
const PYTHON_MINORS: std::ops::RangeInclusive<u32> = 9..=14;
const NODE_MAJORS: [u32; 4] = [18, 20, 22, 24];
const FOLDERS: [&str; 2] = ["/usr/bin", "/usr/local/bin"];

/// The newest Python where the server looks for one, and in `more`.
pub fn newest_python(more: &[PathBuf]) -> Option<PathBuf> {
    let folders = || FOLDERS.iter().map(Path::new).chain(more.iter().map(PathBuf::as_path));
    PYTHON_MINORS
        .rev()
        .find_map(|minor| folders().map(|folder| folder.join(format!("python3.{minor}"))).find(|path| path.exists()))
}

/// The runtime of an interpreter's file: `/usr/bin/python3.11` is `python3.11`.
pub fn name_of(python: &Path) -> String {
    python.file_name().map_or_else(|| PYTHON_DEFAULT.to_owned(), |name| name.to_string_lossy().into_owned())
}

pub fn python_runtime() -> String {
    newest_python(&[]).map_or_else(|| PYTHON_DEFAULT.to_owned(), |python| name_of(&python))
}

/// The Node.js that this machine has, if Lambda had it too.
pub fn node_runtime() -> String {
    let output = Command::new("node").arg("--version").output();
    let major = output.ok().and_then(|output| {
        let text = String::from_utf8(output.stdout).ok()?;
        text.trim().trim_start_matches('v').split('.').next()?.parse::<u32>().ok()
    });
    match major {
        Some(major) if NODE_MAJORS.contains(&major) => format!("nodejs{major}.x"),
        _ => NODE_DEFAULT.to_owned(),
    }
}
