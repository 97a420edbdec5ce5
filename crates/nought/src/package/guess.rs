//! What files say about how they run.

use std::fs;
use std::io::{Cursor, Read};

use anyhow::{Context, Result};
use zip::ZipArchive;

use super::interpreter::{node_runtime, python_runtime};
use super::{Entry, PackedFile};

/// Where a handler is looked for, in this order, and the functions it may be in each.
const PYTHON_FILES: [&str; 4] = ["lambda_function.py", "app.py", "handler.py", "main.py"];
const PYTHON_NAMES: [&str; 3] = ["lambda_handler", "handler", "main"];
const NODE_STEMS: [&str; 4] = ["index", "app", "handler", "main"];
const NODE_ENDINGS: [&str; 3] = ["mjs", "js", "cjs"];
const NODE_NAMES: [&str; 2] = ["handler", "lambdaHandler"];

/// As much of a source in an archive as is looked at.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// What a package holds, whether it is a folder or an archive.
pub trait Files {
    fn has(&self, name: &str) -> bool;
    fn is_executable(&mut self, name: &str) -> bool;
    fn text(&mut self, name: &str) -> Result<String>;
}

/// How files run, if they tell. A component is told by the caller, who knows under which name it goes.
pub fn entry(files: &mut impl Files) -> Result<Option<Entry>> {
    if files.has("bootstrap.wasm") || (files.has("bootstrap") && files.is_executable("bootstrap")) {
        return Ok(Some(Entry::native("bootstrap")));
    }
    if let Some(name) = PYTHON_FILES.iter().find(|name| files.has(name)) {
        let text = files.text(name)?;
        let defines = |name: &&str| text.contains(&format!("def {name}(")) || text.contains(&format!("\n{name} = "));
        let function = PYTHON_NAMES.iter().find(|name| defines(name)).unwrap_or(&PYTHON_NAMES[0]);
        let module = name.trim_end_matches(".py");
        return Ok(Some(Entry { runtime: python_runtime(), handler: format!("{module}.{function}") }));
    }
    let mut node = NODE_STEMS.iter().flat_map(|stem| NODE_ENDINGS.map(|ending| (stem, format!("{stem}.{ending}"))));
    let Some((stem, name)) = node.find(|(_, name)| files.has(name)) else { return Ok(None) };
    let text = files.text(&name)?;
    let function = NODE_NAMES.iter().find(|name| text.contains(**name)).unwrap_or(&NODE_NAMES[0]);
    Ok(Some(Entry { runtime: node_runtime(), handler: format!("{stem}.{function}") }))
}

impl Files for &[PackedFile] {
    fn has(&self, name: &str) -> bool {
        self.iter().any(|file| file.name == name)
    }

    fn is_executable(&mut self, name: &str) -> bool {
        self.iter().any(|file| file.name == name && file.executable)
    }

    fn text(&mut self, name: &str) -> Result<String> {
        let file = self.iter().find(|file| file.name == name).context("the file is gone")?;
        fs::read_to_string(&file.path).with_context(|| format!("cannot read {}", file.path.display()))
    }
}

impl Files for ZipArchive<Cursor<&[u8]>> {
    fn has(&self, name: &str) -> bool {
        self.index_for_name(name).is_some()
    }

    fn is_executable(&mut self, name: &str) -> bool {
        self.by_name(name).is_ok_and(|file| file.unix_mode().is_none_or(|mode| mode & 0o111 != 0))
    }

    fn text(&mut self, name: &str) -> Result<String> {
        let mut text = String::new();
        let file = self.by_name(name).with_context(|| format!("cannot read {name} in the archive"))?;
        file.take(TEXT_BYTES_MAX).read_to_string(&mut text).with_context(|| format!("cannot read {name}"))?;
        Ok(text)
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
