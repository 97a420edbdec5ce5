//! Interpreters of this machine, and which of them runs a runtime's name.
//!
//! Start reading at [`find`].

use std::path::{Path, PathBuf};

/// A language whose functions run on the host's interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Python,
    Node,
}

/// Version numbers that order as people count: 3.9 before 3.11, 20 before 24.
pub type VersionNumber = (u32, u32);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    pub program: PathBuf,
    pub version: VersionNumber,
    /// What its sandbox must show besides the system directories.
    pub prefix: Option<PathBuf>,
}

/// The interpreter that runs a runtime, and whether it is the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub interpreter: Interpreter,
    pub notice: Option<String>,
}

impl Language {
    /// Reads `python3.12` or `nodejs22.x`; `None` for runtimes that bring their own program.
    pub fn of_runtime(runtime: &str) -> Option<(Language, VersionNumber)> {
        if let Some(version) = runtime.strip_prefix("python") {
            let (major, minor) = version.split_once('.')?;
            return Some((Language::Python, (major.parse().ok()?, minor.parse().ok()?)));
        }
        let version = runtime.strip_prefix("nodejs")?.strip_suffix(".x")?;
        Some((Language::Node, (version.parse().ok()?, 0)))
    }

    fn name(self, version: VersionNumber) -> String {
        match self {
            Language::Python => format!("python{}.{}", version.0, version.1),
            Language::Node => format!("nodejs{}.x", version.0),
        }
    }

    /// Whether a file name may be this language's interpreter.
    fn takes(self, file_name: &str) -> bool {
        let rest = match self {
            Language::Python => file_name.strip_prefix("python3"),
            Language::Node => file_name.strip_prefix("nodejs").or_else(|| file_name.strip_prefix("node")),
        };
        rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-'))
    }
}

/// All interpreters of a language in `dirs`, each program once.
///
/// Asks every candidate for its version, which takes some tens of milliseconds: call it once.
pub fn find(language: Language, dirs: &[PathBuf]) -> Vec<Interpreter> {
    let mut found: Vec<Interpreter> = Vec::new();
    for dir in dirs {
        let Ok(entries) = std::fs::read_dir(dir) else { continue };
        let mut names: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        names.sort();
        for path in names {
            let named = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| language.takes(name));
            let Some(program) = named.then(|| path.canonicalize().ok()).flatten() else { continue };
            if found.iter().all(|known| known.program != program)
                && let Some(version) = ask_version(&program)
            {
                found.push(Interpreter { prefix: prefix(&program), program, version });
            }
        }
    }
    found
}

/// The exact version, else the nearest: the smallest newer one, else the newest there is.
pub fn choose(
    language: Language,
    wanted: VersionNumber,
    found: &[Interpreter],
    strict: bool,
) -> Result<Choice, String> {
    let name = language.name(wanted);
    if let Some(exact) = found.iter().find(|interpreter| same(language, interpreter.version, wanted)) {
        return Ok(Choice { interpreter: exact.clone(), notice: None });
    }
    let newer = found.iter().filter(|interpreter| interpreter.version > wanted).min_by_key(|found| found.version);
    let nearest = newer.or_else(|| found.iter().max_by_key(|found| found.version));
    let install = "put its interpreter into /usr/bin, /usr/local/bin or a directory named in the configuration";
    match nearest {
        Some(nearest) if !strict => Ok(Choice {
            interpreter: nearest.clone(),
            notice: Some(format!("{name} is not on this machine: {} runs it", language.name(nearest.version))),
        }),
        Some(nearest) => Err(format!(
            "{name} is not on this machine and strict runtimes are on (the nearest is {}): {install}",
            language.name(nearest.version)
        )),
        None => Err(format!("no interpreter for {name} is on this machine: {install}")),
    }
}

fn same(language: Language, version: VersionNumber, wanted: VersionNumber) -> bool {
    match language {
        Language::Python => version == wanted,
        Language::Node => version.0 == wanted.0,
    }
}

fn ask_version(program: &Path) -> Option<VersionNumber> {
    let output = std::process::Command::new(program).arg("--version").env_clear().output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    // "Python 3.11.2" or "v20.19.2".
    let number = text.trim().trim_start_matches("Python ").trim_start_matches('v');
    let mut parts = number.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// `/opt/python3.13` for `/opt/python3.13/bin/python3.13`; nothing for what the system directories hold. A `bin` without
/// a `lib` beside it is all there is: a program in `~/bin` must not show the home to functions.
fn prefix(program: &Path) -> Option<PathBuf> {
    let system = ["/usr", "/bin", "/lib", "/nix/store"].iter().any(|dir| program.starts_with(dir));
    let folder = program.parent()?;
    let above = folder.parent().filter(|above| folder.ends_with("bin") && above.join("lib").is_dir());
    let root = above.unwrap_or(folder);
    (!system && root != Path::new("/")).then(|| root.to_owned())
}

#[cfg(test)]
mod tests;
