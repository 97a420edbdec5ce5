//! Control groups: what limits, measures and kills a sandbox, in version 1, version 2 or both beside each other.
//!
//! Start reading at [`Cgroups::find`]. Version 2's tree counts CPU time and is where sandboxes are born when it is
//! there; memory and processes are limited by whichever version has those controllers.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The groups of this server, under which every sandbox has its own.
#[derive(Debug, Default)]
pub struct Cgroups {
    unified: Option<PathBuf>,
    memory: Option<Controller>,
    processes: Option<Controller>,
}

#[derive(Debug)]
enum Controller {
    /// The directory in the controller's own version 1 hierarchy.
    Own(PathBuf),
    /// Version 2: the unified directory has it.
    Unified,
}

/// One sandbox's groups. Removed with the value, once they are empty.
#[derive(Debug, Default)]
pub struct Group {
    unified: Option<PathBuf>,
    memory: Option<(PathBuf, bool)>,
    processes: Option<(PathBuf, bool)>,
}

impl Cgroups {
    /// Finds what this process may create groups in, and makes the server's own.
    pub fn find() -> Cgroups {
        let (Ok(own), Ok(mounts)) = (fs::read_to_string("/proc/self/cgroup"), fs::read_to_string("/proc/self/mounts"))
        else {
            return Cgroups::default();
        };
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // One process may have several: a doctor beside a server, or tests.
        let name = format!("nought-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let make = |base: PathBuf| -> Option<PathBuf> {
            sweep(&base);
            let place = base.join(&name);
            fs::create_dir(&place).ok().map(|()| place)
        };
        let unified_base = base(&own, &mounts, None);
        let delegated = unified_base.as_deref().is_some_and(|base| delegate(base).is_ok());
        let unified = unified_base.and_then(make);
        let below = unified.as_deref().filter(|place| delegated && enable(place).is_ok());
        let controller = |controller: &str| match below {
            Some(_) => Some(Controller::Unified),
            None => base(&own, &mounts, Some(controller)).and_then(make).map(Controller::Own),
        };
        let (memory, processes) = (controller("memory"), controller("pids"));
        Cgroups { memory, processes, unified }
    }

    pub fn limits_memory(&self) -> bool {
        self.memory.is_some()
    }

    pub fn limits_processes(&self) -> bool {
        self.processes.is_some()
    }

    pub fn counts_cpu(&self) -> bool {
        self.unified.is_some()
    }

    pub fn group(&self, name: &str) -> io::Result<Group> {
        let make = |base: &Path| -> io::Result<PathBuf> {
            let place = base.join(name);
            fs::create_dir(&place)?;
            Ok(place)
        };
        let unified = self.unified.as_deref().map(make).transpose()?;
        let place = |controller: &Option<Controller>| -> io::Result<Option<(PathBuf, bool)>> {
            Ok(match controller {
                None => None,
                Some(Controller::Own(base)) => Some((make(base)?, false)),
                Some(Controller::Unified) => unified.clone().map(|place| (place, true)),
            })
        };
        Ok(Group { memory: place(&self.memory)?, processes: place(&self.processes)?, unified })
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        let own = [&self.memory, &self.processes].into_iter().flatten().filter_map(|controller| match controller {
            Controller::Own(place) => Some(place),
            Controller::Unified => None,
        });
        for place in own.chain(&self.unified) {
            // A leftover is empty and harmless: it is in use for as long as a sandbox is dying.
            let _ = fs::remove_dir(place);
        }
    }
}

impl Group {
    /// Files into which a process writes itself to enter.
    pub fn enter(&self) -> Vec<PathBuf> {
        let own = |place: &Option<(PathBuf, bool)>| {
            place
                .iter()
                .filter(|(_, unified)| !unified)
                .map(|(place, _)| place.join("cgroup.procs"))
                .collect::<Vec<_>>()
        };
        [own(&self.memory), own(&self.processes)].concat()
    }

    pub fn born_in(&self) -> Option<&Path> {
        self.unified.as_deref()
    }

    pub fn limit(&self, memory_bytes: u64, processes: u64) -> io::Result<()> {
        if let Some((place, unified)) = &self.memory {
            let file = if *unified { "memory.max" } else { "memory.limit_in_bytes" };
            fs::write(place.join(file), memory_bytes.to_string())?;
            let (file, value) = if *unified { ("memory.swap.max", "0") } else { ("memory.swappiness", "0") };
            // Absent where the kernel has no swap.
            let _ = fs::write(place.join(file), value);
        }
        if let Some((place, _)) = &self.processes {
            fs::write(place.join("pids.max"), processes.to_string())?;
        }
        Ok(())
    }

    /// Memory that processes hold themselves, without files and without `/tmp`.
    pub fn held_bytes(&self) -> Option<u64> {
        let (place, unified) = self.memory.as_ref()?;
        let key = if *unified { "anon" } else { "total_rss" };
        keyed(&place.join("memory.stat"), key)
    }

    /// Whether the kernel killed something here for want of memory.
    pub fn ran_out(&self) -> bool {
        let killed = self.memory.as_ref().and_then(|(place, unified)| {
            keyed(&place.join(if *unified { "memory.events" } else { "memory.oom_control" }), "oom_kill")
        });
        killed.is_some_and(|killed| killed > 0)
    }

    pub fn cpu(&self) -> Option<Duration> {
        keyed(&self.unified.as_ref()?.join("cpu.stat"), "usage_usec").map(Duration::from_micros)
    }

    fn places(&self) -> impl Iterator<Item = &Path> {
        let own = [&self.memory, &self.processes].into_iter().flatten();
        own.filter(|(_, unified)| !unified).map(|(place, _)| place.as_path()).chain(self.unified.as_deref())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for place in self.places() {
            let _ = fs::remove_dir(place);
        }
    }
}

/// Removes the groups of servers that are gone. Groups in use refuse to be removed.
fn sweep(base: &Path) {
    let servers = fs::read_dir(base).into_iter().flatten().flatten();
    let gone = servers.filter(|entry| {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix("nought-")?.split_once('-')?.0.parse::<u32>().ok());
        pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists())
    });
    for server in gone {
        for group in fs::read_dir(server.path()).into_iter().flatten().flatten() {
            let _ = fs::remove_dir(group.path());
        }
        let _ = fs::remove_dir(server.path());
    }
}

/// This process's directory in the hierarchy of `controller`, or in the unified one.
fn base(own: &str, mounts: &str, controller: Option<&str>) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (number, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let found = match controller {
            Some(controller) => controllers.split(',').any(|name| name == controller),
            None => number == "0" && controllers.is_empty(),
        };
        found.then_some(path)
    })?;
    let mount = mounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let (place, kind, options) = (fields.get(1)?, fields.get(2)?, fields.get(3)?);
        let found = match controller {
            Some(controller) => *kind == "cgroup" && options.split(',').any(|option| option == controller),
            None => *kind == "cgroup2",
        };
        found.then_some(*place)
    })?;
    let base = Path::new(mount).join(path.trim_start_matches('/'));
    base.is_dir().then_some(base)
}

/// Version 2 gives controllers to children only of groups without processes: the server moves into a leaf when it must.
fn delegate(base: &Path) -> io::Result<()> {
    let controllers = fs::read_to_string(base.join("cgroup.controllers"))?;
    if !["memory", "pids"].iter().all(|wanted| controllers.split_whitespace().any(|name| name == *wanted)) {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "memory and pids are not delegated"));
    }
    if enable(base).is_ok() {
        return Ok(());
    }
    let leaf = base.join("nought-server");
    fs::create_dir_all(&leaf)?;
    fs::write(leaf.join("cgroup.procs"), "0")?;
    enable(base)
}

fn enable(place: &Path) -> io::Result<()> {
    fs::write(place.join("cgroup.subtree_control"), "+memory +pids")
}

fn keyed(file: &Path, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hierarchys_directory_is_its_mount_and_our_path_in_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let at = dir.path().display();
        for place in ["unified/a", "memory/b/c", "cpu,cpuacct"] {
            fs::create_dir_all(dir.path().join(place)).expect("made");
        }
        let own = "9:name=systemd:/\n8:pids:/\n4:memory:/b/c\n2:cpu,cpuacct:/\n0::/a\n";
        let mounts = format!(
            "proc /proc proc rw 0 0\ncgroup {at}/memory cgroup rw,relatime,memory 0 0\n\
             cgroup {at}/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\ncgroup2 {at}/unified cgroup2 rw 0 0\n"
        );
        let rows = [
            (None, Some("unified/a")),
            (Some("memory"), Some("memory/b/c")),
            (Some("cpu"), Some("cpu,cpuacct")),
            (Some("pids"), None),
        ];
        for (controller, expected) in rows {
            assert_eq!(base(own, &mounts, controller), expected.map(|place| dir.path().join(place)), "{controller:?}");
        }
    }
}
