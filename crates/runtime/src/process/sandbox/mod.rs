//! Sandboxes: a process with its own view of files, processes, users and network, from which nothing leads out but
//! the listeners that it is given.
//!
//! Start reading at [`Sandboxes`]. `launcher` runs in a process of its own and starts `init` inside; `message` is what
//! they say. A sandbox is made in two steps: an empty one ([`Blank`]: namespaces, cgroup, listeners), of which a few
//! are kept ready because they belong to no function yet, and the function that it becomes ([`Sandbox`]).
//!
//! Invariants:
//! - A sandbox ends with its value: dropping it kills everything inside.
//! - It ends with the server too, however that dies: its init watches the control socket.

mod cgroup;
mod init;
mod landlock;
mod launcher;
pub mod message;
mod seccomp;

use std::collections::VecDeque;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketFlags, SocketType};
use tokio::io::unix::AsyncFd;
use tokio::sync::Semaphore;

use crate::options::Options;
use cgroup::Cgroups;
pub use cgroup::Group;
pub use init::TASK_ROOT;
pub use launcher::main as launcher_main;
use message::{Bind, Limits, Notice, Plan, Start, View};

/// The user inside a user namespace, and the first of those that root hands out, one for each sandbox.
const UID_INSIDE: u32 = 993;
const UID_FIRST: u32 = 1_000_000_000;
const UIDS: u32 = 65_536;

/// Files that one environment may have open, and processes and threads that it may have.
///
/// Source: Lambda quotas, "File descriptors" and "Execution processes/threads" (read 2026-11-24).
const FILES_MAX: u64 = 1_024;
const PROCESSES_MAX: u64 = 1_024;

/// Sandboxes being started at one time: more only wait for one another's processor time.
const STARTS_MAX: usize = 32;

/// Empty sandboxes kept ready. Each is one small process; without them a cold start waits for version 1 cgroups.
const SPARES: usize = 3;

/// What a function may write ahead of being heard.
const LOG_PIPE_BYTES: usize = 256 * 1024;

/// An empty sandbox stands within milliseconds; a machine that needs longer than this is out of order.
const START_TIMEOUT: Duration = Duration::from_secs(10);

pub const RUNTIME_API_PORT: u16 = 9001;
pub const GATEWAY_PORT: u16 = 4566;

/// What of the sandbox works on this machine.
#[derive(Debug, Clone)]
pub struct Doctor {
    pub tier: Tier,
    /// Sentences for the user: what is missing, and what that means.
    pub missing: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Started by root: every namespace, a user for each sandbox.
    Full,
    /// Started by an ordinary user through a user namespace.
    Rootless,
    /// No sandbox can be made here, and so no process runs.
    None,
}

/// Starts sandboxes through the launcher.
pub struct Sandboxes {
    command: Vec<std::ffi::OsString>,
    launcher: Mutex<Option<(Child, OwnedFd)>>,
    root: PathBuf,
    code: PathBuf,
    cgroups: Cgroups,
    /// How sandboxes are made here, as the probe found.
    tier: Mutex<Tier>,
    /// Directories of ours that every sandbox shows.
    own: Vec<Bind>,
    /// The same, and the host's.
    system: View,
    count: AtomicU32,
    starts: Semaphore,
    spares: Mutex<VecDeque<Blank>>,
}

/// An empty sandbox, which can become any function's.
pub struct Blank {
    control: AsyncFd<OwnedFd>,
    uid: u32,
    /// The inodes of the directories of ours that it shows.
    shows: Vec<Option<u64>>,
    body: Body,
    listeners: Vec<TcpListener>,
}

/// A running program and everything that it started.
pub struct Sandbox {
    control: AsyncFd<OwnedFd>,
    pub body: Arc<Body>,
}

/// The handle of a sandbox's processes. Kills them when dropped.
pub struct Body {
    pidfd: Option<AsyncFd<OwnedFd>>,
    group: Option<Group>,
    /// Whether the group limits memory; else somebody must watch.
    pub memory_is_limited: bool,
}

/// What a function needs of its sandbox.
pub struct Wanted {
    /// The name of its unpacked code.
    pub code: Option<String>,
    pub programs: Vec<Vec<String>>,
    pub environment: Vec<(String, String)>,
    pub memory_bytes: u64,
    pub tmp_bytes: u64,
}

impl Sandboxes {
    /// Starts the launcher and runs one real sandbox to see what this machine allows.
    pub fn new(options: &Options, dir: &Path, own: Vec<Bind>) -> io::Result<Sandboxes> {
        let root = dir.join("root");
        std::fs::create_dir_all(&root)?;
        // SAFETY: takes nothing and cannot fail.
        let root_user = unsafe { libc::geteuid() } == 0;
        Ok(Sandboxes {
            command: options.launcher.clone(),
            launcher: Mutex::new(None),
            root: root.canonicalize()?,
            code: dir.join("code"),
            cgroups: Cgroups::find(),
            tier: Mutex::new(if root_user { Tier::Full } else { Tier::Rootless }),
            system: system_view(own.clone()),
            own,
            count: AtomicU32::new(0),
            starts: Semaphore::new(STARTS_MAX),
            spares: Mutex::default(),
        })
    }

    /// Builds one real sandbox, all of it but the program, and says how that went. Where root may not (inside many
    /// containers), tries what an ordinary user would do.
    pub async fn probe(&self) -> Doctor {
        let mut failed = self.probe_once().await;
        if failed.is_err() && self.tier() == Tier::Full {
            *lock(&self.tier) = Tier::Rootless;
            failed = failed.or(self.probe_once().await);
        }
        let Err(error) = failed else { return Doctor { tier: self.tier(), missing: self.missing() } };
        *lock(&self.tier) = Tier::None;
        Doctor {
            tier: Tier::None,
            missing: vec![format!(
                "no sandbox can be made here ({error}): functions that are processes will not run. Run as root, or allow \
                 user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)"
            )],
        }
    }

    fn tier(&self) -> Tier {
        *lock(&self.tier)
    }

    async fn probe_once(&self) -> io::Result<()> {
        let (_, blank) = self.start().await?;
        let nothing = Wanted {
            code: None,
            programs: Vec::new(),
            environment: Vec::new(),
            memory_bytes: 64 << 20,
            tmp_bytes: 1 << 20,
        };
        let (sandbox, _, _) = self.fill(blank, &nothing)?;
        match sandbox.notice().await? {
            Some(Notice::NoProgram) => Ok(()),
            Some(Notice::Broken { what }) => Err(io::Error::other(what)),
            other => Err(io::Error::other(format!("the probe ended with {other:?}"))),
        }
    }

    fn missing(&self) -> Vec<String> {
        let rows = [
            (self.tier() == Tier::Full, "no rights of root: all sandboxes are one user to the host"),
            (
                self.cgroups.limits_memory(),
                "no memory cgroup: memory is watched ten times a second and not limited by the kernel",
            ),
            (self.cgroups.limits_processes(), "no pids cgroup: processes are limited by resource limits alone"),
            (self.cgroups.counts_cpu(), "no version 2 cgroup: CPU time is read from /proc"),
            (landlock::version().is_some(), "no Landlock: files are protected by mounts alone"),
        ];
        rows.into_iter().filter(|(there, _)| !there).map(|(_, what)| what.to_owned()).collect()
    }

    /// A sandbox that is about to run the first of the wanted programs that exists, its listeners, and its log.
    ///
    /// Says as well when its start began: waiting for a turn is not part of it.
    pub async fn launch(
        self: &Arc<Self>,
        wanted: Wanted,
    ) -> io::Result<(Instant, (Sandbox, Vec<TcpListener>, OwnedFd))> {
        let begun = Instant::now();
        while let Some(spare) = self.take_spare() {
            // A spare may have died in waiting; the next, or a new one, takes its place.
            if let Ok(sandbox) = self.fill(spare, &wanted) {
                return Ok((begun, sandbox));
            }
        }
        let (begun, blank) = self.start().await?;
        Ok((begun, self.fill(blank, &wanted)?))
    }

    /// A spare that shows what a new sandbox would: directories mounted into it may have been replaced since.
    fn take_spare(&self) -> Option<Blank> {
        let shown = self.shown();
        let mut spares = lock(&self.spares);
        spares.retain(|spare| spare.shows == shown);
        spares.pop_front()
    }

    /// Which directories a new sandbox would show, by inode.
    fn shown(&self) -> Vec<Option<u64>> {
        use std::os::unix::fs::MetadataExt;
        self.own.iter().map(|bind| std::fs::metadata(&bind.source).ok().map(|metadata| metadata.ino())).collect()
    }

    /// Makes empty sandboxes in the background until enough are ready.
    pub fn replenish(self: &Arc<Self>) {
        let wanted = SPARES.saturating_sub(lock(&self.spares).len());
        for _ in 0..wanted {
            let sandboxes = Arc::downgrade(self);
            tokio::spawn(async move {
                let Some(sandboxes) = sandboxes.upgrade() else { return };
                // A start that fails here is tried again, and reported, by the launch that needs it.
                if let Ok((_, blank)) = sandboxes.start().await {
                    let mut spares = lock(&sandboxes.spares);
                    if spares.len() < SPARES {
                        spares.push_back(blank);
                    }
                }
            });
        }
    }

    /// Ends the launcher, and the spares with it.
    pub fn stop(&self) {
        lock(&self.spares).clear();
        if let Some((mut child, socket)) = lock(&self.launcher).take() {
            drop(socket);
            end(&mut child);
        }
    }

    /// An empty sandbox, and when it was its turn to be made.
    async fn start(&self) -> io::Result<(Instant, Blank)> {
        if self.tier() == Tier::None {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "no sandbox can be made on this machine"));
        }
        let _turn = self.starts.acquire().await.map_err(io::Error::other)?;
        let begun = Instant::now();
        let silent = || io::Error::new(io::ErrorKind::TimedOut, "the launcher of sandboxes does not answer");
        let blank = match self.try_start().await? {
            Some(blank) => blank,
            None => self.try_start().await?.ok_or_else(silent)?,
        };
        Ok((begun, blank))
    }

    /// `None` when the launcher died, or did not answer and was ended: the next try has a new one.
    async fn try_start(&self) -> io::Result<Option<Blank>> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let uid = match self.tier() {
            Tier::Full => UID_FIRST + number % UIDS,
            Tier::Rootless | Tier::None => UID_INSIDE,
        };
        let group = self.cgroups.group(&format!("environment-{number}"))?;
        let start = Start {
            uid,
            user_namespace: self.tier() != Tier::Full,
            enter: group.enter(),
            born_in: group.born_in().map(Path::to_owned),
            ports: vec![RUNTIME_API_PORT, GATEWAY_PORT],
            root: self.root.clone(),
            system: self.system.clone(),
            code: self.code.clone(),
        };
        let shows = self.shown();
        let (ours, theirs) = seqpacket_pair()?;
        let launcher = self.ask(&start, theirs)?;
        let mut body = Body { pidfd: None, group: Some(group), memory_is_limited: self.cgroups.limits_memory() };
        let control = watched(nonblocking(ours)?)?;
        let Ok(heard) = tokio::time::timeout(START_TIMEOUT, receive(&control)).await else {
            self.end_launcher(launcher);
            return Ok(None);
        };
        match heard? {
            Some((Notice::Ready, descriptors)) => {
                let mut descriptors = descriptors.into_iter();
                let pidfd = descriptors.next().ok_or_else(|| io::Error::other("a sandbox without a pidfd"))?;
                body.pidfd = Some(watched(pidfd)?);
                let listeners = descriptors.map(TcpListener::from).collect();
                Ok(Some(Blank { control, uid, shows, body, listeners }))
            }
            Some((Notice::Broken { what }, _)) => Err(io::Error::other(what)),
            Some(other) => Err(io::Error::other(format!("the launcher answered {other:?}"))),
            None => Ok(None),
        }
    }

    /// Passes a request to the launcher, and tells its process id. Starts it first when it is not there or takes no
    /// more requests.
    fn ask(&self, start: &Start, control: OwnedFd) -> io::Result<u32> {
        let mut launcher = lock(&self.launcher);
        if let Some((child, socket)) = &*launcher
            && message::send(socket, start, &[control.as_fd()]).is_ok()
        {
            return Ok(child.id());
        }
        if let Some((mut dead, _)) = launcher.take() {
            end(&mut dead);
        }
        let (child, socket) = launcher.insert(self.spawn_launcher()?);
        message::send(socket, start, &[control.as_fd()])?;
        Ok(child.id())
    }

    /// Ends the launcher unless another has taken its place. Sandboxes that stand do not need it.
    fn end_launcher(&self, pid: u32) {
        let mut launcher = lock(&self.launcher);
        if launcher.as_ref().is_some_and(|(child, _)| child.id() == pid)
            && let Some((mut child, _)) = launcher.take()
        {
            end(&mut child);
        }
    }

    fn spawn_launcher(&self) -> io::Result<(Child, OwnedFd)> {
        let (ours, theirs) = seqpacket_pair()?;
        let (program, arguments) =
            self.command.split_first().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no launcher"))?;
        let mut command = Command::new(program);
        // The server's variables hold its secrets, and sandboxes come of the launcher.
        command.args(arguments).env_clear().stdin(Stdio::from(theirs)).stdout(Stdio::null());
        // Not to be written to by waiting: a launcher that does not read must not hold up the server.
        Ok((command.spawn()?, nonblocking(ours)?))
    }

    fn fill(&self, blank: Blank, wanted: &Wanted) -> io::Result<(Sandbox, Vec<TcpListener>, OwnedFd)> {
        let Blank { control, uid, body, listeners, shows: _ } = blank;
        let (log, theirs) = log_pipe(self.tier(), uid)?;
        if let Some(group) = &body.group {
            // The kernel charges /tmp to whoever fills it: the hard limit has room for both, and the watch for the rest.
            group.limit(wanted.memory_bytes + wanted.tmp_bytes, PROCESSES_MAX)?;
        }
        let plan = Plan {
            code: wanted.code.clone(),
            tmp_bytes: wanted.tmp_bytes,
            programs: wanted.programs.clone(),
            environment: wanted.environment.clone(),
            limits: Limits { files_max: FILES_MAX, processes_max: PROCESSES_MAX },
        };
        message::send(control.get_ref(), &plan, &[theirs.as_fd()])?;
        Ok((Sandbox { control, body: Arc::new(body) }, listeners, log))
    }
}

impl Sandbox {
    /// What the init says next; `None` when it is gone without a word (killed, or out of memory).
    pub async fn notice(&self) -> io::Result<Option<Notice>> {
        Ok(receive(&self.control).await?.map(|(notice, _)| notice))
    }
}

impl Body {
    /// Kills the init, and with it everything inside.
    pub fn kill(&self) {
        if let Some(pidfd) = &self.pidfd {
            // Fails only when it is dead already.
            let _ = rustix::process::pidfd_send_signal(pidfd.get_ref(), rustix::process::Signal::KILL);
        }
    }

    /// Until every process inside is gone.
    pub async fn gone(&self) {
        if let Some(pidfd) = &self.pidfd {
            let _ = pidfd.readable().await;
        }
    }

    pub fn group(&self) -> Option<&Group> {
        self.group.as_ref()
    }

    /// The init's process id as the server's `/proc` shows it.
    pub fn pid(&self) -> Option<u32> {
        use std::os::fd::AsRawFd;
        let pidfd = self.pidfd.as_ref()?.get_ref().as_raw_fd();
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{pidfd}")).ok()?;
        info.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok())
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.kill();
        let (pidfd, group) = (self.pidfd.take(), self.group.take());
        // A group can be removed once its processes are gone. Without a runtime the program is ending: leave it.
        if let (Some(pidfd), Ok(runtime)) = (pidfd, tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                let _ = pidfd.readable().await;
                drop(group);
            });
        }
    }
}

/// System directories as they are, and of /etc only what programs need to resolve names, times and certificates.
fn system_view(own: Vec<Bind>) -> View {
    let mut view = View { binds: own, links: Vec::new() };
    for name in ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"] {
        match std::fs::read_link(name) {
            Ok(target) => view.links.push((name.into(), target)),
            Err(_) if Path::new(name).is_dir() => view.binds.push(Bind { source: name.into(), target: name.into() }),
            Err(_) => {}
        }
    }
    let etc = [
        "alternatives",
        "ca-certificates",
        "crypto-policies",
        "ld.so.cache",
        "ld.so.conf",
        "ld.so.conf.d",
        "localtime",
        "mime.types",
        "pki",
        "protocols",
        "services",
        "ssl",
    ];
    for name in etc {
        let place = Path::new("/etc").join(name);
        if place.exists() {
            view.binds.push(Bind { source: place.clone(), target: place });
        }
    }
    view
}

async fn receive(control: &AsyncFd<OwnedFd>) -> io::Result<Option<(Notice, Vec<OwnedFd>)>> {
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionReset;
    match control.async_io(tokio::io::Interest::READABLE, |control| message::receive(control)).await {
        Err(error) if closed(&error) => Ok(None),
        heard => heard,
    }
}

fn watched(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` owns a valid descriptor, and nobody replaces or closes it inside its `AsyncFd`.
    Ok(unsafe { AsyncFd::register_with_interest(descriptor, tokio::io::Interest::READABLE) }?)
}

fn seqpacket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

fn end(launcher: &mut Child) {
    // Both fail only when it is gone already.
    let _ = launcher.kill();
    let _ = launcher.wait();
}

fn nonblocking(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    rustix::io::ioctl_fionbio(&descriptor, true)?;
    Ok(descriptor)
}

/// Read end for the server, write end for the function, which must be able to open it again as `/dev/stdout`.
fn log_pipe(tier: Tier, uid: u32) -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    if tier == Tier::Full {
        std::os::unix::fs::fchown(&writer, Some(uid), Some(uid))?;
    }
    // A larger pipe means fewer turns between function and server; past the user's quota the usual size has to do.
    let _ = rustix::pipe::fcntl_setpipe_size(&writer, LOG_PIPE_BYTES);
    Ok((nonblocking(reader)?, writer))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
