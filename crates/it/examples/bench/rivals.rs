//! Requests per second of a hello world: Nought, the plain server, workerd and `wasmtime serve`, taking turns.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use it::Nought;

use crate::promise;
use crate::samples::median;

const ROUNDS: usize = 5;
const SECONDS: usize = 4;
const CONNECTIONS: usize = 64;
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A server to load: where, at which path, and the processes that go with it.
struct Rival {
    name: &'static str,
    targets: Vec<String>,
    processes: Vec<Child>,
}

impl Drop for Rival {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

pub fn run() -> bool {
    println!("load generator: wrk, {CONNECTIONS} connections, {SECONDS} s a turn, {ROUNDS} rounds; median of each");
    let nought = Nought::start();
    let deploy = |guest: &str, name: &str| {
        let path = nought.deploy(&it::component(guest), name, &[]);
        format!("http://{}{path}", nought.address())
    };
    let (still, stock) = (deploy("hello-rust", "still"), deploy("stock-rust", "stock"));
    let mut rivals = vec![
        plain(),
        Rival { name: "nought", targets: vec![still], processes: Vec::new() },
        Rival { name: "nought, stock guest", targets: vec![stock], processes: Vec::new() },
    ];
    rivals.extend(workerd());
    rivals.extend(wasmtime_serve("wasmtime serve, stock guest", "stock-rust"));
    rivals.extend(wasmtime_serve("wasmtime serve", "hello-rust"));
    let rates = take_turns(&rivals);
    for (rival, rates) in rivals.iter().zip(&rates) {
        println!("{}: {:.0} requests/s (rounds: {rates:.0?})", rival.name, median(rates.clone()));
    }
    let rate = |name: &str| rivals.iter().position(|rival| rival.name == name).map(|at| &rates[at]);
    let ratio = |one: &str, other: &str| {
        let pairs = rate(one)?.iter().zip(rate(other)?);
        Some(median(pairs.map(|(one, other)| one / other).collect()))
    };
    let mut kept = true;
    for (one, other, least) in [
        ("nought", "plain hyper", 0.2),
        ("nought", "workerd", 2.0),
        ("nought, stock guest", "wasmtime serve, stock guest", 1.5),
    ] {
        match ratio(one, other) {
            Some(ratio) => {
                kept &=
                    promise(&format!("{one} / {other}"), ratio, "times", ratio >= least, &format!("at least {least}"));
            }
            None => println!("{one} / {other}: not measured, {other} is not here"),
        }
    }
    kept
}

/// One short turn of each to warm up, then the rounds; requests per second by rival and round.
fn take_turns(rivals: &[Rival]) -> Vec<Vec<f64>> {
    for rival in rivals {
        rival.load(1);
    }
    let mut rates = vec![Vec::new(); rivals.len()];
    for _ in 0..ROUNDS {
        for (rival, rates) in rivals.iter().zip(&mut rates) {
            rates.push(rival.load(SECONDS));
        }
    }
    rates
}

impl Rival {
    /// Loads all its processes at once and adds their rates up.
    fn load(&self, seconds: usize) -> f64 {
        let connections = CONNECTIONS / self.targets.len();
        let threads = (2 / self.targets.len()).max(1);
        let loads: Vec<_> = self
            .targets
            .iter()
            .map(|target| {
                let target = target.clone();
                thread::spawn(move || wrk(&target, threads, connections, seconds))
            })
            .collect();
        loads.into_iter().map(|load| load.join().expect("wrk ran")).sum()
    }
}

fn wrk(target: &str, threads: usize, connections: usize, seconds: usize) -> f64 {
    let output = Command::new("wrk")
        .args([format!("-t{threads}"), format!("-c{connections}"), format!("-d{seconds}s"), target.to_owned()])
        .output()
        .expect("wrk is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "{target} fails under load:\n{text}");
    let line = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    line.and_then(|rate| rate.trim().parse().ok()).unwrap_or_else(|| panic!("wrk said:\n{text}"))
}

fn plain() -> Rival {
    let own = std::env::current_exe().expect("a program knows its own file");
    let mut process = Command::new(own).arg("plain").stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("its first line");
    let target = line.trim().strip_prefix("listening on ").expect("where it listens").to_owned() + "/";
    Rival { name: "plain hyper", targets: vec![target], processes: vec![process] }
}

/// As many processes as there are cores: one uses only one.
fn workerd() -> Option<Rival> {
    let program = named("NOUGHT_BENCH_WORKERD")?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let folder = tempfile::tempdir().expect("a folder").keep();
    let config = folder.join("hello.capnp");
    std::fs::write(&config, WORKERD).expect("its configuration");
    let mut rival = Rival { name: "workerd", targets: Vec::new(), processes: Vec::new() };
    for _ in 0..cores {
        let port = free_port();
        let mut command = Command::new(&program);
        command.arg("serve").arg(&config).arg(format!("--socket-addr=http=127.0.0.1:{port}"));
        rival.add(&mut command, port);
    }
    Some(rival)
}

const WORKERD: &str = r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .hello)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const hello :Workerd.Worker = (
  modules = [(name = "hello", esModule = "export default { fetch() { return new Response('hello'); } };")],
  compatibilityDate = "2025-01-01",
);
"#;

fn wasmtime_serve(name: &'static str, guest: &str) -> Option<Rival> {
    let program = named("NOUGHT_BENCH_WASMTIME")?;
    let port = free_port();
    let mut rival = Rival { name, targets: Vec::new(), processes: Vec::new() };
    let mut command = Command::new(program);
    command.arg("serve").arg(format!("--addr=127.0.0.1:{port}")).arg(it::component(guest));
    rival.add(&mut command, port);
    Some(rival)
}

impl Rival {
    fn add(&mut self, command: &mut Command, port: u16) {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.processes.push(command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")));
        let address = format!("127.0.0.1:{port}").parse().expect("an address");
        let end = std::time::Instant::now() + START_TIMEOUT;
        while !it::request(address, "GET", "/", b"").is_ok_and(|answer| answer.status == 200) {
            assert!(std::time::Instant::now() < end, "{command:?} does not answer");
            thread::yield_now();
        }
        self.targets.push(format!("http://{address}/"));
    }
}

/// A port that was free a moment ago, for programs that cannot say which one they took.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| Path::new(path).exists())
}
