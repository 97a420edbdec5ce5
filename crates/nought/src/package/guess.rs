//! What files say about how they run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::interpreter::{node_runtime, python_runtime};
use super::{Entry, PackedFile};

/// Where a handler is looked for, in this order, and the functions it may be in each.
const PYTHON_FILES: [&str; 4] = ["lambda_function.py", "app.py", "handler.py", "main.py"];
const PYTHON_NAMES: [&str; 3] = ["lambda_handler", "handler", "main"];
const NODE_STEMS: [&str; 4] = ["index", "app", "handler", "main"];
const NODE_ENDINGS: [&str; 3] = ["mjs", "js", "cjs"];
const NODE_NAMES: [&str; 2] = ["handler", "lambdaHandler"];

/// How the files of a folder run, if they tell.
pub fn entry(root: &Path, files: &[PackedFile]) -> Result<Option<Entry>> {
    let find = |name: &str| files.iter().find(|file| file.name == name);
    if component(files).is_some() || find("bootstrap").is_some_and(|file| file.executable) {
        return Ok(Some(Entry::native("bootstrap")));
    }
    if let Some(file) = PYTHON_FILES.iter().find_map(|name| find(name)) {
        return python(file).map(Some);
    }
    let node = NODE_STEMS.iter().flat_map(|stem| NODE_ENDINGS.map(|ending| format!("{stem}.{ending}")));
    match node.into_iter().find_map(|name| find(&name)) {
        Some(file) => node_entry(root, file).map(Some),
        None => Ok(None),
    }
}

/// How an archive runs: only what needs no look at its texts is told.
pub fn entry_of_zip(bytes: &[u8]) -> Option<Entry> {
    let archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).ok()?;
    let has = |name: &str| archive.file_names().any(|found| found == name);
    let stem = |name: &&&str| has(name);
    match () {
        () if has("bootstrap.wasm") || has("bootstrap") => Some(Entry::native("bootstrap")),
        () if has("lambda_function.py") => {
            Some(Entry { runtime: python_runtime(), handler: "lambda_function.lambda_handler".to_owned() })
        }
        () if ["index.mjs", "index.js", "index.cjs"].iter().find(stem).is_some() => {
            Some(Entry { runtime: node_runtime(), handler: "index.handler".to_owned() })
        }
        () => None,
    }
}

/// A lone component, whatever its name, is `bootstrap.wasm` in the archive.
pub fn rename_component(files: &mut [PackedFile]) {
    if let Some(position) = component(files) {
        files[position].name = "bootstrap.wasm".to_owned();
    }
}

fn component(files: &[PackedFile]) -> Option<usize> {
    let is_component = |file: &PackedFile| file.name.ends_with(".wasm") && !file.name.contains('/');
    match files.iter().position(|file| file.name == "bootstrap.wasm") {
        Some(position) => Some(position),
        None if files.iter().filter(|file| is_component(file)).count() == 1 => files.iter().position(is_component),
        None => None,
    }
}

fn python(file: &PackedFile) -> Result<Entry> {
    let text = fs::read_to_string(&file.path).with_context(|| format!("cannot read {}", file.path.display()))?;
    let defines = |name: &&str| text.contains(&format!("def {name}(")) || text.contains(&format!("\n{name} = "));
    let name = PYTHON_NAMES.iter().find(|name| defines(name)).unwrap_or(&PYTHON_NAMES[0]);
    let module = file.name.trim_end_matches(".py");
    Ok(Entry { runtime: python_runtime(), handler: format!("{module}.{name}") })
}

fn node_entry(root: &Path, file: &PackedFile) -> Result<Entry> {
    let path = root.join(&file.name);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = NODE_NAMES.iter().find(|name| text.contains(**name)).unwrap_or(&NODE_NAMES[0]);
    let module = file.name.rsplit_once('.').map_or(file.name.as_str(), |(stem, _)| stem);
    Ok(Entry { runtime: node_runtime(), handler: format!("{module}.{name}") })
}
