//! What deployed functions cost while nobody calls them.

use std::fs;

use it::Nought;

use crate::promise;
use crate::requests::variant;

const FUNCTIONS: usize = 1000;
const RESIDENT_MB_MAX: f64 = 20.0;

/// Compares two starts of one server: on an empty folder, and with a thousand functions, half components and half
/// Python, each with code of its own.
pub fn run() -> bool {
    let nought = Nought::start().again();
    let empty = Usage::of(&nought);
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..FUNCTIONS {
        let name = format!("idle-{number}");
        let path = if number % 2 == 0 {
            let file = folder.path().join(format!("{name}.wasm"));
            fs::write(&file, variant("hello-rust", number)).expect("a component");
            file
        } else {
            let package = folder.path().join(&name);
            fs::create_dir(&package).expect("a folder");
            let source = format!("def lambda_handler(event, context):\n    return {number}\n");
            fs::write(package.join("lambda_function.py"), source).expect("a file");
            package
        };
        nought.json(&["deploy", path.to_str().expect("a readable path"), "--name", &name]);
    }
    let deployed = Usage::of(&nought);
    let nought = nought.again();
    let started = Usage::of(&nought);
    println!(
        "resident: empty {:.1} MB, after {FUNCTIONS} deployments {:.1} MB, started with them {:.1} MB",
        empty.mb, deployed.mb, started.mb
    );
    println!(
        "processes: empty {}, after deployments {}, started with them {}",
        empty.processes, deployed.processes, started.processes
    );
    let added = started.mb - empty.mb;
    let memory =
        promise("resident memory of 1,000 idle functions", added, "MB", added < RESIDENT_MB_MAX, "under 20 MB");
    let processes = started.processes as f64 - empty.processes as f64;
    memory & promise("processes of 1,000 idle functions", processes, "", processes <= 0.0, "none")
}

struct Usage {
    mb: f64,
    processes: usize,
}

impl Usage {
    /// Of the server and all that it started.
    fn of(nought: &Nought) -> Usage {
        let mut family = vec![nought.id()];
        let all = statuses();
        let mut at = 0;
        while at < family.len() {
            let parent = family[at];
            family.extend(all.iter().filter(|process| process.parent == parent).map(|process| process.id));
            at += 1;
        }
        let resident = all.iter().filter(|process| family.contains(&process.id)).map(|process| process.resident_kb);
        Usage { mb: resident.sum::<u64>() as f64 / 1000.0, processes: family.len() }
    }
}

struct Process {
    id: u32,
    parent: u32,
    resident_kb: u64,
}

fn statuses() -> Vec<Process> {
    let processes = fs::read_dir("/proc").expect("Linux has /proc").flatten();
    let texts = processes.filter_map(|entry| fs::read_to_string(entry.path().join("status")).ok());
    texts
        .filter_map(|text| {
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
            Some(Process {
                id: field("Pid:")?.parse().ok()?,
                parent: field("PPid:")?.parse().ok()?,
                resident_kb: field("VmRSS:").and_then(|resident| resident.parse().ok()).unwrap_or(0),
            })
        })
        .collect()
}
