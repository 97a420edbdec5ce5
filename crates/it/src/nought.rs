//! A running server and the ways a test treats it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::http::{self, Answer};
use crate::place;

/// The root key of every server under test.
pub const KEY: &str = "AKIATESTTESTTESTTEST";
pub const SECRET: &str = "secret/of+the/tests0123456789ABCDEFabcdef";

/// What the server writes on standard error, in the test's folder.
const ERRORS: &str = "standard-error";

const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(60);
/// Of a failed test's server, at its end.
const ERROR_LINES_SHOWN: usize = 30;

/// How a server is to be started.
pub struct Starting {
    command: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    user: Option<u32>,
    data: Option<PathBuf>,
}

/// A server, ended when dropped.
pub struct Nought {
    process: Child,
    address: SocketAddr,
    folder: Arc<TempDir>,
    starting: Starting,
    output: Lines,
}

/// What a process wrote so far, line by line, as it comes.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<String>>);

impl Default for Starting {
    fn default() -> Starting {
        Starting { command: "serve".into(), arguments: Vec::new(), environment: Vec::new(), user: None, data: None }
    }
}

impl Starting {
    /// Another serving command than `serve`.
    pub fn command(mut self, name: &str) -> Starting {
        self.command = name.into();
        self
    }

    pub fn argument(mut self, argument: impl Into<OsString>) -> Starting {
        self.arguments.push(argument.into());
        self
    }

    pub fn environment(mut self, name: &str, value: impl Into<OsString>) -> Starting {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// As this user instead of the test's own; only root can.
    pub fn user(mut self, id: u32) -> Starting {
        self.user = Some(id);
        self
    }

    /// On this data directory instead of a new one.
    pub fn data(mut self, folder: &Path) -> Starting {
        self.data = Some(folder.to_owned());
        self
    }

    pub fn start(self) -> Nought {
        let folder = tempfile::Builder::new().prefix("nought-it-").tempdir().expect("a temporary folder");
        Nought::start_in(Arc::new(folder), self)
    }
}

impl Nought {
    /// A server as `nought serve` starts it.
    pub fn start() -> Nought {
        Starting::default().start()
    }

    fn start_in(folder: Arc<TempDir>, starting: Starting) -> Nought {
        let data = starting.data.clone().unwrap_or_else(|| folder.path().join("data"));
        let program = starting.program(folder.path());
        let mut command = starting.as_user(&program, folder.path());
        command
            .arg(&starting.command)
            .args(&starting.arguments)
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .env("NOUGHT_ROOT_ACCESS_KEY_ID", KEY)
            .env("NOUGHT_ROOT_SECRET_ACCESS_KEY", SECRET)
            .envs(starting.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // To a file: reading along would take processor time from the server that is measured.
            .stderr(File::create(folder.path().join(ERRORS)).expect("a file for standard error"));
        let mut process = command.spawn().unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        let output = Lines::default();
        let (send, first_line) = mpsc::channel();
        output.collect(process.stdout.take().expect("piped"), send);
        let line = first_line.recv_timeout(START_TIMEOUT).unwrap_or_default();
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let Some(address) = address else {
            let _ = process.kill();
            let _ = process.wait();
            let errors = read_errors(folder.path());
            panic!("the server did not say where it listens, but {line:?} and on standard error:\n{errors}");
        };
        Nought { process, address, folder, starting, output }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder of the test's own beside the data directory.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the server wrote on standard output so far.
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// What the server wrote on standard error so far.
    pub fn errors(&self) -> String {
        read_errors(self.folder.path())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, b"")
    }

    pub fn request(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        http::request(self.address, method, path, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.errors()))
    }

    /// Runs a command of `nought` against this server.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// A command of `nought` against this server, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(place::binary());
        command
            .args(arguments)
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address))
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_REGION")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command with `--json` that must succeed, and parses what it prints.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let text = success(arguments, &output);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("nought {arguments:?} printed {text:?}: {error}"))
    }

    /// Deploys a file or folder under a name, with a public URL, and returns the URL's path: `/_url/<id>/`.
    pub fn deploy(&self, path: &Path, name: &str, more: &[&str]) -> String {
        let path = path.to_str().expect("a readable path");
        let deployed = self.json(&[&["deploy", path, "--name", name, "--url"], more].concat());
        let url = deployed["url"].as_str().unwrap_or_else(|| panic!("no URL in {deployed}"));
        url[url.find("/_url/").unwrap_or_else(|| panic!("not the path form: {url}"))..].to_owned()
    }

    /// Runs a function and parses its answer.
    pub fn invoke(&self, name: &str, event: &str) -> Value {
        let arguments = ["invoke", name, event];
        let text = success(&arguments, &self.run(&arguments));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name} answered {text:?}: {error}"))
    }

    /// The number behind a line of the metrics page that begins with `name`, summed over its labels.
    pub fn metric(&self, name: &str) -> f64 {
        let page = self.get("/_nought/metrics").text();
        let values = page.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// Asks the server to stop and waits for its end.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Sends a signal by name, without waiting for what follows.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill -s {name}");
    }

    /// Waits for a server that was told to stop.
    pub fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + STOP_TIMEOUT;
        loop {
            match self.process.try_wait().expect("the server is our child") {
                Some(status) => return status,
                None if Instant::now() > end => panic!("the server did not stop\n{}", self.errors()),
                None => thread::yield_now(),
            }
        }
    }

    /// Ends the server as a power cut would: at once.
    pub fn kill(&mut self) {
        self.process.kill().expect("the server is our child");
        self.process.wait().expect("the server is our child");
    }

    /// The same server again, on the same folder, after its end.
    pub fn again(mut self) -> Nought {
        if self.process.try_wait().expect("the server is our child").is_none() {
            self.stop();
        }
        let folder = Arc::clone(&self.folder);
        let starting = std::mem::take(&mut self.starting);
        drop(self);
        Nought::start_in(folder, starting)
    }
}

impl Drop for Nought {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            let errors = self.errors();
            let lines: Vec<_> = errors.lines().collect();
            let last = &lines[lines.len().saturating_sub(ERROR_LINES_SHOWN)..];
            eprintln!("--- the end of the server's standard error\n{}", last.join("\n"));
        }
    }
}

impl Starting {
    /// The program; for another user a copy that this user may read and run.
    fn program(&self, folder: &Path) -> PathBuf {
        let program = place::binary();
        let Some(user) = self.user else {
            return program;
        };
        let copy = folder.join("nought");
        if !copy.exists() {
            std::fs::copy(&program, &copy).expect("copying the program");
            std::os::unix::fs::chown(folder, Some(user), Some(user)).expect("only root starts servers as other users");
        }
        copy
    }

    fn as_user(&self, program: &Path, folder: &Path) -> Command {
        let Some(user) = self.user else {
            return Command::new(program);
        };
        let mut command = Command::new("setpriv");
        let ids = [format!("--reuid={user}"), format!("--regid={user}")];
        command.args(ids).args(["--clear-groups", "--inh-caps=-all", "--"]).arg(program).env("HOME", folder);
        command
    }
}

impl Lines {
    /// Reads to the end on a thread of its own; the first line also goes to `first`.
    fn collect(&self, from: impl Read + Send + 'static, first: mpsc::Sender<String>) {
        let lines = self.clone();
        let mut first = Some(first);
        thread::spawn(move || {
            let mut reader = BufReader::new(from);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                let text = String::from_utf8_lossy(&line).into_owned();
                if let Some(first) = first.take() {
                    let _ = first.send(text.clone());
                }
                lines.0.lock().expect("no reader panics").push_str(&text);
                line.clear();
            }
        });
    }

    fn text(&self) -> String {
        self.0.lock().expect("no reader panics").clone()
    }
}

fn read_errors(folder: &Path) -> String {
    let bytes = std::fs::read(folder.join(ERRORS)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn success(arguments: &[&str], output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "nought {arguments:?} failed ({}):\n{text}{errors}", output.status);
    text
}
