//! The first process of a sandbox: builds its world, gives up every right, starts the program, reaps.
//!
//! Start reading at [`main`]. The order matters and is the order of the code: what needs a right comes before it is
//! given up.
//!
//! Invariants:
//! - The program starts with no capability, no way to gain one, and the system-call filter on.
//! - When the program ends, or the server does, this process ends, and the kernel ends the sandbox with it.

use std::ffi::CString;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::launcher::{because, c_string, owned};
use super::message::{self, Limits, Notice, Plan, Start};
use super::{landlock, seccomp};

/// Where code lies, and where programs start.
pub const TASK_ROOT: &str = "/var/task";

/// Where an empty sandbox has the code of every function, until it becomes one of them.
const ALL_CODE: &str = "/.code";

/// How every file system of a sandbox is mounted.
const QUIET: libc::c_ulong = libc::MS_NOSUID | libc::MS_NODEV;

/// Files of the kernel that tell of the whole machine, hidden where there are any.
///
/// Source: moby `daemon/pkg/oci/defaults.go`, masked and read-only paths (read 2026-11-24).
const HIDDEN: [&str; 10] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
];

/// Those that can be read and, by root, written.
const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// One file or directory of `/tmp` for so many bytes of it: they cost the kernel memory of its own.
const TMP_BYTES_PER_FILE: u64 = 4_096;

const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

pub fn main(start: &Start, control: &OwnedFd, go: OwnedFd) -> ! {
    let mut byte = [0];
    // The stage closes the pipe without a word when it could not map ids; it has told the server why.
    if rustix::io::read(&go, &mut byte) == Ok(1)
        && let Err(error) = live(start, control)
    {
        say(control, &Notice::Broken { what: error.to_string() });
    }
    exit(0)
}

/// Tells the server something. When it cannot be told it is gone, and so is this process soon.
pub fn say(control: &OwnedFd, notice: &Notice) {
    let _ = message::send(control.as_fd(), notice, &[]);
}

fn live(start: &Start, control: &OwnedFd) -> io::Result<()> {
    furnish(start)?;
    offer(start, control).map_err(|error| because("open the sandbox's network", error))?;
    let Some((plan, descriptors)) = message::receive::<Plan>(control.as_fd())? else { return Ok(()) };
    let log = descriptors.into_iter().next().ok_or_else(|| io::Error::other("a plan without a log"))?;
    move_in(start, &plan)?;
    redirect(&log)?;
    drop(log);
    limit(&plan.limits)?;
    give_up_rights(start).map_err(|error| because("give up rights", error))?;
    landlock::restrict().map_err(|error| because("apply Landlock", error))?;
    seccomp::apply().map_err(|error| because("filter system calls", error))?;
    supervise(&plan, control)
}

/// Everything of the new root that is the same for all functions; then in, with no way back.
///
/// Leaving the old root makes the kernel wait for milliseconds, which a function that is about to start has not got.
fn furnish(start: &Start) -> io::Result<()> {
    let Start { root, system, uid, .. } = start;
    mount("none", Path::new("/"), "", libc::MS_REC | libc::MS_PRIVATE, "")?;
    mount("nought", root, "tmpfs", QUIET, "mode=0755,size=1m")?;
    // A directory that is being replaced at this moment is not shown.
    for bind in system.binds.iter().filter(|bind| bind.source.exists()) {
        bind_read_only(&bind.source, &inside(root, &bind.target))?;
    }
    bind_read_only(&start.code, &inside(root, Path::new(ALL_CODE)))?;
    for (link, target) in &system.links {
        symlink(target, inside(root, link)).map_err(|error| because(&format!("link {}", link.display()), error))?;
    }
    make_devices(root)?;
    write_etc(root, *uid)?;
    let proc = make_dir(root, "/proc")?;
    mount("proc", &proc, "proc", QUIET | libc::MS_NOEXEC, "")?;
    for folder in ["/opt", "/tmp", TASK_ROOT] {
        make_dir(root, folder)?;
    }
    std::env::set_current_dir(root)?;
    rustix::process::pivot_root(".", ".").map_err(|error| because("pivot into the new root", error.into()))?;
    rustix::mount::unmount(".", rustix::mount::UnmountFlags::DETACH)?;
    std::env::set_current_dir("/")?;
    set_read_only(Path::new("/"), false)?;
    cover_proc()?;
    // More likely to be killed than the server when the machine runs out of memory.
    fs::write("/proc/self/oom_score_adj", "500")
}

fn cover_proc() -> io::Result<()> {
    for name in HIDDEN.iter().map(Path::new).filter(|name| name.exists()) {
        match name.is_dir() {
            true => mount("nought", name, "tmpfs", QUIET | libc::MS_RDONLY, "mode=0555,size=4k")?,
            false => mount("/dev/null", name, "", libc::MS_BIND, "")?,
        }
    }
    READ_ONLY.iter().map(Path::new).filter(|name| name.exists()).try_for_each(|name| bind_read_only(name, name))
}

/// What is this function's own. The code of all others disappears under an empty directory.
fn move_in(start: &Start, plan: &Plan) -> io::Result<()> {
    if let Some(code) = &plan.code {
        bind_read_only(&Path::new(ALL_CODE).join(code), Path::new(TASK_ROOT))?;
    }
    mount("nought", Path::new(ALL_CODE), "tmpfs", QUIET | libc::MS_RDONLY, "mode=0000,size=4k")?;
    let files = plan.tmp_bytes / TMP_BYTES_PER_FILE;
    let options = format!("mode=0700,uid={},size={},nr_inodes={files}", start.uid, plan.tmp_bytes);
    mount("nought", Path::new("/tmp"), "tmpfs", QUIET, &options)
}

/// Brings loopback up and passes out listeners that live in this network namespace.
fn offer(start: &Start, control: &OwnedFd) -> io::Result<()> {
    // SAFETY: a name of at most 64 bytes, with its length.
    unsafe { libc::sethostname(c"nought".as_ptr(), 6) };
    loopback_up()?;
    // SAFETY: takes plain numbers; the process is this one.
    let pidfd = owned(unsafe { libc::syscall(libc::SYS_pidfd_open, libc::getpid(), 0) })?;
    let listeners = start
        .ports
        .iter()
        .map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)))
        .collect::<io::Result<Vec<TcpListener>>>()?;
    let mut descriptors: Vec<BorrowedFd> = vec![pidfd.as_fd()];
    descriptors.extend(listeners.iter().map(AsFd::as_fd));
    message::send(control.as_fd(), &Notice::Ready, &descriptors)
}

fn loopback_up() -> io::Result<()> {
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None)?;
    // SAFETY: all zeroes is a valid `ifreq`, a structure of plain numbers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
    // SAFETY: the request outlives the call and is of the type that this ioctl reads.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) }.into())
}

fn bind_read_only(source: &Path, place: &Path) -> io::Result<()> {
    let failed = |error| because(&format!("show {} as {}", source.display(), place.display()), error);
    let is_dir = fs::metadata(source).map_err(failed)?.is_dir();
    let made = match (place.exists(), is_dir) {
        (true, _) => Ok(()),
        (false, true) => fs::create_dir_all(place),
        (false, false) => place.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(place, "")),
    };
    made.map_err(failed)?;
    mount(source, place, "", libc::MS_BIND | libc::MS_REC, "").map_err(failed)?;
    set_read_only(place, true).map_err(failed)
}

/// `mount_setattr`: every mount below too, and device files and set-user-id bits mean nothing.
fn set_read_only(place: &Path, recursive: bool) -> io::Result<()> {
    let path = c_string(place.as_os_str().as_encoded_bytes())?;
    // SAFETY: all zeroes is "change nothing" in this structure of plain numbers.
    let mut change: libc::mount_attr = unsafe { std::mem::zeroed() };
    change.attr_set = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID;
    if recursive {
        change.attr_set |= libc::MOUNT_ATTR_NODEV;
    }
    let flags = if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path and the structure outlive the call.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            &raw const change,
            size_of::<libc::mount_attr>(),
        )
    })
}

fn make_devices(root: &Path) -> io::Result<()> {
    let dev = make_dir(root, "/dev")?;
    for name in DEVICES {
        let place = dev.join(name);
        fs::write(&place, "")?;
        mount(Path::new("/dev").join(name), &place, "", libc::MS_BIND, "")?;
    }
    let links = [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")];
    links.into_iter().try_for_each(|(name, target)| symlink(target, dev.join(name)))
}

/// The few files that name look-ups read; the host's own say too much.
fn write_etc(root: &Path, uid: u32) -> io::Result<()> {
    let etc = make_dir(root, "/etc")?;
    fs::write(etc.join("passwd"), format!("root:x:0:0::/:/sbin/nologin\nsandbox:x:{uid}:{uid}::/tmp:/sbin/nologin\n"))?;
    fs::write(etc.join("group"), format!("root:x:0:\nsandbox:x:{uid}:\n"))?;
    fs::write(etc.join("hosts"), "127.0.0.1 localhost nought\n::1 localhost\n")?;
    fs::write(etc.join("nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n")?;
    fs::write(etc.join("resolv.conf"), "")
}

fn redirect(log: &OwnedFd) -> io::Result<()> {
    let null = fs::File::open("/dev/null")?;
    for (from, to) in [(null.as_raw_fd(), 0), (log.as_raw_fd(), 1), (log.as_raw_fd(), 2)] {
        // SAFETY: plain descriptor numbers; the standard three belong to this process alone.
        check(unsafe { libc::dup2(from, to) }.into())?;
    }
    Ok(())
}

fn limit(limits: &Limits) -> io::Result<()> {
    let rows =
        [(libc::RLIMIT_NOFILE, limits.files_max), (libc::RLIMIT_NPROC, limits.processes_max), (libc::RLIMIT_CORE, 0)];
    for (resource, max) in rows {
        let limit = libc::rlimit { rlim_cur: max, rlim_max: max };
        // SAFETY: the structure outlives the call.
        check(unsafe { libc::setrlimit(resource, &raw const limit) }.into())?;
    }
    Ok(())
}

/// Raw system calls: the C library's versions wait for threads that this process does not have.
fn give_up_rights(start: &Start) -> io::Result<()> {
    let uid = start.uid;
    // SAFETY (the whole function): plain numbers and structures that outlive their calls; one thread.
    unsafe {
        // Numbers past the last that the kernel knows are refused.
        let last = (0..64).find(|capability| libc::prctl(libc::PR_CAPBSET_DROP, *capability) == -1);
        if last == Some(0) && !start.user_namespace {
            return Err(io::Error::last_os_error());
        }
        if !start.user_namespace {
            check(libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()))?;
            check(libc::syscall(libc::SYS_setresgid, uid, uid, uid))?;
            check(libc::syscall(libc::SYS_setresuid, uid, uid, uid))?;
        }
        // _LINUX_CAPABILITY_VERSION_3, this process; then effective, permitted, inheritable, twice.
        let header = [0x2008_0522_u32, 0];
        let none = [0_u32; 6];
        check(libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()))?;
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).into())?;
        check(libc::prctl(libc::PR_SET_DUMPABLE, 0).into())
    }
}

fn supervise(plan: &Plan, control: &OwnedFd) -> io::Result<()> {
    // SAFETY: a set on this stack, initialised by the call; the launcher's "ignore" would lose exit codes.
    let children = unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        owned(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC).into())?
    };
    // SAFETY: one thread, so the child may go on as an ordinary program.
    match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        0 => run(plan, control),
        program => reap(program, &children, control),
    }
    Ok(())
}

/// Until the program ends or the server is gone.
fn reap(program: i32, children: &OwnedFd, control: &OwnedFd) {
    use rustix::event::{PollFd, PollFlags, poll};
    loop {
        let mut waiting = [PollFd::new(children, PollFlags::IN), PollFd::new(control, PollFlags::IN)];
        if poll(&mut waiting, None).is_err() {
            continue;
        }
        if !waiting[1].revents().is_empty() {
            return;
        }
        let mut record = [0; 128];
        let _ = rustix::io::read(children, &mut record);
        let mut status = 0;
        loop {
            // SAFETY: the status outlives the call.
            match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
                0 | -1 => break,
                ended if ended == program => return say(control, &ending(status)),
                _ => {}
            }
        }
    }
}

fn ending(status: i32) -> Notice {
    match libc::WIFSIGNALED(status) {
        true => Notice::Signaled { signal: libc::WTERMSIG(status) },
        false => Notice::Exited { code: libc::WEXITSTATUS(status) },
    }
}

fn run(plan: &Plan, control: &OwnedFd) -> ! {
    // SAFETY: resets what this process set for itself, so that the program starts as programs expect.
    unsafe {
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        // The kernel's `struct sigaction` for "default" is all zeroes; the C library would refuse its own two signals.
        let default = [0_u64; 4];
        for signal in 1..=64 {
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), std::ptr::null::<u64>(), size_of::<u64>());
        }
        libc::setsid();
    }
    let notice = match plan.programs.iter().find(|program| Path::new(&program[0]).exists()) {
        None => Notice::NoProgram,
        Some(program) => {
            let failed = execute(program, &plan.environment);
            Notice::NotExecutable { program: program[0].clone(), errno: failed.raw_os_error().unwrap_or(0) }
        }
    };
    say(control, &notice);
    exit(1)
}

/// Returns only when the program cannot be executed.
fn execute(program: &[String], environment: &[(String, String)]) -> io::Error {
    let prepared = || -> io::Result<(Vec<CString>, Vec<CString>)> {
        std::env::set_current_dir(TASK_ROOT)?;
        let arguments = program.iter().map(|argument| c_string(argument.as_str()));
        let variables = environment.iter().map(|(name, value)| c_string(format!("{name}={value}")));
        Ok((arguments.collect::<io::Result<_>>()?, variables.collect::<io::Result<_>>()?))
    };
    let (arguments, variables) = match prepared() {
        Ok(prepared) => prepared,
        Err(error) => return error,
    };
    let pointers = |texts: &[CString]| -> Vec<*const libc::c_char> {
        texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
    };
    // SAFETY: both arrays end in null and, like the texts they point to, outlive the call.
    unsafe { libc::execve(arguments[0].as_ptr(), pointers(&arguments).as_ptr(), pointers(&variables).as_ptr()) };
    io::Error::last_os_error()
}

fn mount(source: impl AsRef<Path>, place: &Path, kind: &str, flags: libc::c_ulong, data: &str) -> io::Result<()> {
    let source = c_string(source.as_ref().as_os_str().as_encoded_bytes())?;
    let target = c_string(place.as_os_str().as_encoded_bytes())?;
    let (kind, data) = (c_string(kind)?, c_string(data)?);
    // SAFETY: four texts that outlive the call.
    check(unsafe { libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, data.as_ptr().cast()) }.into())
        .map_err(|error| because(&format!("mount {}", place.display()), error))
}

fn inside(root: &Path, target: &Path) -> PathBuf {
    root.join(target.strip_prefix("/").unwrap_or(target))
}

fn make_dir(root: &Path, target: &str) -> io::Result<PathBuf> {
    let place = inside(root, Path::new(target));
    fs::create_dir_all(&place)?;
    Ok(place)
}

fn check(answer: i64) -> io::Result<()> {
    match answer {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn exit(code: i32) -> ! {
    // SAFETY: ends this process without running anything that its parents registered.
    unsafe { libc::_exit(code) }
}
