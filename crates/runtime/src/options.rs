//! What the binary decides about running code. Defaults suit one machine.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Options {
    /// Where unpacked code, compiled components and our own bootstraps live. Created when missing.
    pub dir: PathBuf,
    /// The program and its first arguments that end in [`crate::launcher_main`].
    pub launcher: Vec<OsString>,
    /// Refuse to start where the sandbox is not whole.
    pub require_sandbox: bool,
    /// Refuse a runtime whose exact interpreter version is missing, instead of taking the nearest.
    pub strict_runtimes: bool,
    /// Directories with interpreters, looked into after `/usr/bin` and `/usr/local/bin`.
    pub interpreter_dirs: Vec<PathBuf>,
    /// What functions may reach outside Nought.
    pub egress: Egress,
    /// How long an environment without an invocation is kept.
    pub idle: Duration,
    /// Process environments on this machine, busy and idle together.
    pub environments_max: usize,
    /// WebAssembly instances that run at one time.
    pub instances_max: usize,
}

/// `--function-egress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Egress {
    Open,
    None,
}

impl Options {
    /// The defaults, with everything under `dir` and the running program as its own launcher.
    pub fn new(dir: impl Into<PathBuf>) -> Options {
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
        Options {
            dir: dir.into(),
            launcher: vec![program.into_os_string(), crate::LAUNCHER_ARGUMENT.into()],
            require_sandbox: false,
            strict_runtimes: false,
            interpreter_dirs: Vec::new(),
            egress: Egress::Open,
            idle: Duration::from_secs(600),
            environments_max: 1_000,
            instances_max: 1_000,
        }
    }
}
