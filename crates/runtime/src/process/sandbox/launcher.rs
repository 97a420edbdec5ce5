//! The launcher: a tiny single-threaded process that starts sandboxes.
//!
//! It exists because cloning a large threaded server takes hundreds of milliseconds and this takes 0.2.
//! Start reading at [`main`]. Every request is carried out by a stage process of its own, so that a slow step
//! (entering a version 1 cgroup waits 12 ms for the kernel) delays no other request.
//!
//! Invariants:
//! - One thread, always: memory may be allocated after a fork.
//! - The launcher ends with the server: its standard input is the server's socket.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::init;
use super::message::{self, Notice, Start};

/// From linux/sched.h; the `libc` crate's constant does not fit its type.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Serves requests on standard input until the server closes it.
pub fn main() -> ! {
    let socket = io::stdin();
    // Children are never waited for: the kernel reaps them, and orphans of a stage come to this process.
    // SAFETY: the calls take plain numbers and change only this process.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
        // What an init makes is for another user to read.
        libc::umask(0o022);
        // Whoever started the server may have left descriptors open, which no function is to inherit.
        libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0);
    }
    loop {
        match message::receive::<Start>(socket.as_fd()) {
            Ok(Some((start, descriptors))) => begin(&start, descriptors),
            Ok(None) => std::process::exit(0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => std::process::exit(1),
        }
    }
}

fn begin(start: &Start, descriptors: Vec<OwnedFd>) {
    let Some(control) = descriptors.into_iter().next() else { return };
    // SAFETY: this process has one thread, so the child may go on as an ordinary program.
    match unsafe { libc::fork() } {
        0 => stage(start, control),
        // The server sees the control socket close and reports that the start failed.
        _ => drop(control),
    }
}

/// Enters the cgroups, clones the init into its namespaces, and is gone.
fn stage(start: &Start, control: OwnedFd) -> ! {
    if let Err(error) = clone_init(start, &control) {
        init::say(&control, &Notice::Broken { what: error.to_string() });
    }
    // SAFETY: ends this process without running anything that its parent registered.
    unsafe { libc::_exit(0) }
}

fn clone_init(start: &Start, control: &OwnedFd) -> io::Result<()> {
    for procs in &start.enter {
        fs::write(procs, "0").map_err(|error| because(&format!("enter {}", procs.display()), error))?;
    }
    let born_in = start.born_in.as_ref().map(fs::File::open).transpose()?;
    let (go, gone) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let pid = clone(flags(start), born_in.as_ref().map(AsRawFd::as_raw_fd))
        .map_err(|error| because("make namespaces", error))?;
    if pid == 0 {
        drop(gone);
        init::main(start, control, go);
    }
    if start.user_namespace {
        map_ids(pid, start.uid).map_err(|error| because("map ids", error))?;
    }
    rustix::io::write(&gone, b"g")?;
    Ok(())
}

fn flags(start: &Start) -> u64 {
    let namespaces = libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    let user = if start.user_namespace { libc::CLONE_NEWUSER } else { 0 };
    (namespaces | user) as u64
}

/// `clone3` with the memory copied, as fork does.
fn clone(flags: u64, cgroup: Option<RawFd>) -> io::Result<i32> {
    // SAFETY: all zeroes is the kernel's "nothing asked for" in this structure of plain numbers.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = flags;
    arguments.exit_signal = libc::SIGCHLD as u64;
    if let Some(cgroup) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup as u64;
    }
    // SAFETY: the structure outlives the call; without CLONE_VM the child has its own copy of everything, and one thread.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of::<libc::clone_args>()) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        pid => Ok(pid as i32),
    }
}

/// One user inside, and it is not root there: to the host it is the server's own.
fn map_ids(pid: i32, uid: u32) -> io::Result<()> {
    // SAFETY: both take nothing and cannot fail.
    let (own_uid, own_gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    fs::write(format!("/proc/{pid}/setgroups"), "deny")?;
    fs::write(format!("/proc/{pid}/uid_map"), format!("{uid} {own_uid} 1"))?;
    fs::write(format!("/proc/{pid}/gid_map"), format!("{uid} {own_gid} 1"))
}

pub fn because(what: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what}: {error}"))
}

pub fn c_string(text: impl Into<Vec<u8>>) -> io::Result<CString> {
    CString::new(text).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a zero byte in a name"))
}

/// Wraps a descriptor that a raw system call returned.
pub fn owned(descriptor: i64) -> io::Result<OwnedFd> {
    match descriptor {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the kernel just gave this descriptor to the caller, who hands it over whole.
        number => Ok(unsafe { OwnedFd::from_raw_fd(number as RawFd) }),
    }
}
