//! Servers of others, or of this program itself, that are measured beside Nought.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A server that ends when dropped.
pub struct Peer {
    pub address: SocketAddr,
    process: Child,
    _folder: Option<TempDir>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The plain file server (`files.rs`), on the disk that Nought uses.
pub fn files() -> Peer {
    let folder = tempfile::Builder::new().prefix("nought-files-").tempdir().expect("a temporary folder");
    let own = std::env::current_exe().expect("a program knows its own file");
    let mut process =
        Command::new(own).arg("files").arg(folder.path()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("its first line");
    let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
    Peer { address: address.expect("where it listens"), process, _folder: Some(folder) }
}

/// `moto_server`, where it is named; without it nothing is compared with it, and that is said.
pub fn moto() -> Option<Peer> {
    let Some(program) = std::env::var_os("NOUGHT_BENCH_MOTO").map(PathBuf::from) else {
        println!("moto_server is not named by NOUGHT_BENCH_MOTO: not compared with");
        return None;
    };
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let mut command = Command::new(program);
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    let process = command.spawn().expect("moto_server starts");
    let peer = Peer { address: SocketAddr::from(([127, 0, 0, 1], port)), process, _folder: None };
    let end = Instant::now() + START_TIMEOUT;
    while it::request(peer.address, "GET", "/moto-api/", b"").is_err() {
        assert!(Instant::now() < end, "moto_server does not answer");
        thread::yield_now();
    }
    Some(peer)
}
