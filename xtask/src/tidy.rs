//! Rules of the house that neither the compiler nor clippy can say.
//!
//! Start reading at [`RULES`]. A rule returns what breaks it, one line each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::{program, root};

/// A rule and how to find what breaks it.
type Rule = (&'static str, fn(&Tree) -> Vec<String>);

const RULES: [Rule; 6] = [
    ("crates depend only downward", downward),
    ("heavy dependencies stay behind their fence", fenced),
    ("no crate is named for nothing in particular", named),
    ("the README and ARCHITECTURE.md stay short", short_documents),
    ("a file is one idea", short_files),
    ("nothing of this machine is in the tree", portable),
];

/// The floors, lowest first: a crate may depend on crates of lower floors only.
const FLOORS: [&[&str]; 5] = [&["store"], &["services"], &["aws", "console", "runtime"], &["nought"], &["it", "xtask"]];

/// Dependencies that cost much, and the crates that may have them.
const FENCES: [(&str, &[&str]); 6] = [
    ("wasmtime", &["runtime"]),
    ("wasmtime-wasi", &["runtime"]),
    ("wasmtime-wasi-http", &["runtime"]),
    ("rusqlite", &["store", "it"]), // `it` lays a recording file layer under it
    ("clap", &["nought", "xtask"]),
    ("hyper", &["aws", "nought", "runtime", "it", "xtask"]),
];

const NAMES_REFUSED: [&str; 5] = ["common", "util", "utils", "types", "base"];

const DOCUMENTS: [(&str, usize); 2] = [("README.md", 120), ("ARCHITECTURE.md", 300)];

/// Longest source file, in lines; generated ones (marked `@generated` in their first lines) are exempt.
const FILE_LINES_MAX: usize = 700;

/// What the rules look at.
struct Tree {
    packages: Vec<Package>,
    files: BTreeMap<PathBuf, String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

pub fn run() -> Result<()> {
    let tree = Tree::read()?;
    let mut broken = 0;
    for (rule, check) in RULES {
        for line in check(&tree) {
            println!("tidy: {rule}: {line}");
            broken += 1;
        }
    }
    ensure!(broken == 0, "{broken} places break the rules of the house");
    println!("tidy: {} rules hold over {} files", RULES.len(), tree.files.len());
    Ok(())
}

impl Tree {
    fn read() -> Result<Tree> {
        let json = program::quiet(program::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: Metadata = serde_json::from_str(&json).context("reading cargo metadata")?;
        let listed = program::quiet(Command::new("git").arg("ls-files").current_dir(root()))?;
        let text = |path: &str| Some((PathBuf::from(path), fs::read_to_string(root().join(path)).ok()?));
        Ok(Tree { packages: metadata.packages, files: listed.lines().filter_map(text).collect() })
    }
}

fn downward(tree: &Tree) -> Vec<String> {
    let floor = |name: &str| FLOORS.iter().position(|crates| crates.contains(&name));
    let mut broken = Vec::new();
    for package in &tree.packages {
        let Some(own) = floor(&package.name) else {
            broken.push(format!("{} has no floor: give it one in xtask/src/tidy.rs", package.name));
            continue;
        };
        let upward = package.dependencies.iter().filter(|dependency| {
            floor(&dependency.name).is_some_and(|below| below >= own && FLOORS[own] != ["it", "xtask"])
        });
        broken.extend(upward.map(|dependency| format!("{} depends on {}", package.name, dependency.name)));
    }
    broken
}

fn fenced(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for package in &tree.packages {
        let shipped = package.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"));
        for dependency in shipped {
            let fence = FENCES.iter().find(|(heavy, _)| *heavy == dependency.name);
            if fence.is_some_and(|(_, allowed)| !allowed.contains(&package.name.as_str())) {
                broken.push(format!("{} depends on {}", package.name, dependency.name));
            }
        }
    }
    broken
}

fn named(tree: &Tree) -> Vec<String> {
    let refused = |package: &&Package| NAMES_REFUSED.contains(&package.name.as_str());
    tree.packages.iter().filter(refused).map(|package| package.name.clone()).collect()
}

fn short_documents(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, lines_max) in DOCUMENTS {
        match tree.files.get(Path::new(name)).map(|text| text.lines().count()) {
            None => broken.push(format!("{name} is missing")),
            Some(lines) if lines > lines_max => broken.push(format!("{name} has {lines} lines, at most {lines_max}")),
            Some(_) => {}
        }
    }
    broken
}

fn short_files(tree: &Tree) -> Vec<String> {
    let source =
        |path: &Path| path.extension().is_some_and(|end| ["rs", "py", "mjs", "js"].iter().any(|one| end == *one));
    let generated = |text: &str| text.lines().take(5).any(|line| line.contains("@generated"));
    let long = tree.files.iter().filter(|(path, text)| source(path) && !generated(text));
    long.filter_map(|(path, text)| {
        let lines = text.lines().count();
        (lines > FILE_LINES_MAX).then(|| format!("{} has {lines} lines, at most {FILE_LINES_MAX}", path.display()))
    })
    .collect()
}

/// No file names the folders that the tree, its builds or its user happen to live in here.
fn portable(tree: &Tree) -> Vec<String> {
    let here = [Some(root().to_owned()), std::env::home_dir().map(|home| home.join(".cache"))];
    let here: Vec<String> = here.into_iter().flatten().map(|path| path.display().to_string()).collect();
    let mut broken = Vec::new();
    for (path, text) in &tree.files {
        for (number, line) in text.lines().enumerate() {
            if here.iter().any(|place| line.contains(place.as_str())) {
                broken.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    broken
}
