//! Landlock: a second wall behind the mounts. Reading and executing everywhere, writing in `/tmp` and devices only.
//!
//! A kernel without it is not an error here: the mounts are the first wall, and the probe reports what is missing.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::launcher::owned;

// Rights and structures from linux/landlock.h, ABI versions 1 and 2 (read 2026-11-24).
const EXECUTE: u64 = 1 << 0;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const ALL_1: u64 = (1 << 13) - 1;
/// Version 2 adds renaming between directories, which is refused wherever it is not named.
const ALL_2: u64 = (1 << 14) - 1;
const READ: u64 = EXECUTE | READ_FILE | READ_DIR;
const RULE_PATH_BENEATH: u32 = 1;
const CREATE_RULESET_VERSION: u32 = 1;

#[repr(C, packed)]
struct PathBeneath {
    allowed: u64,
    parent: i32,
}

/// The kernel's ABI version, when it has Landlock and it is switched on.
pub fn version() -> Option<i64> {
    // SAFETY: with this flag the kernel takes no structure.
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u64>(), 0, CREATE_RULESET_VERSION) };
    (version > 0).then_some(version)
}

/// Needs `no_new_privs`; nothing can be mounted afterwards.
pub fn restrict() -> io::Result<()> {
    let all = match version() {
        None => return Ok(()),
        Some(1) => ALL_1,
        Some(_) => ALL_2,
    };
    // SAFETY: the structure of ABI 1 is this one number, with its size.
    let rules =
        owned(unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const all, size_of::<u64>(), 0) })?;
    allow(&rules, "/", READ)?;
    allow(&rules, "/tmp", all)?;
    allow(&rules, "/dev", READ | WRITE_FILE)?;
    allow(&rules, "/proc", READ | WRITE_FILE)?;
    // SAFETY: plain numbers.
    match unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules.as_raw_fd(), 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn allow(rules: &OwnedFd, path: &str, allowed: u64) -> io::Result<()> {
    let parent = File::open(path)?;
    let rule = PathBeneath { allowed, parent: parent.as_raw_fd() };
    // SAFETY: the structure has the kernel's packed layout and outlives the call, as does the directory.
    match unsafe {
        libc::syscall(libc::SYS_landlock_add_rule, rules.as_raw_fd(), RULE_PATH_BENEATH, &raw const rule, 0)
    } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
