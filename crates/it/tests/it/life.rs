//! The server's own life: it keeps what it acknowledged, stops cleanly, and starts again.

use std::thread;
use std::time::{Duration, Instant};

use it::{Nought, Starting, component};

#[test]
fn functions_survive_a_clean_restart() {
    let nought = Nought::start();
    let path = nought.deploy(&component("hello-rust"), "hello", &[]);
    assert_eq!(nought.get(&path).text(), "hello");
    let nought = nought.again();
    assert_eq!(nought.get(&path).text(), "hello");
    assert_eq!(nought.json(&["list"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn functions_survive_a_kill_right_after_their_acknowledgement() {
    let mut nought = Nought::start();
    for round in 0..3 {
        let name = format!("hello-{round}");
        let path = nought.deploy(&component("hello-rust"), &name, &[]);
        nought.kill();
        nought = nought.again();
        assert_eq!(nought.get(&path).text(), "hello", "round {round}");
        assert_eq!(nought.json(&["list"]).as_array().map(Vec::len), Some(round + 1));
    }
}

#[test]
fn an_accepted_event_runs_even_if_the_server_is_killed_at_once() {
    let mut nought = Nought::start();
    let folder = nought.folder().join("later");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("app.py"), "def handler(event, context):\n    print('ran', event['mark'])\n")
        .expect("a file");
    nought.deploy(&folder, "later", &["--handler", "app.handler", "--runtime", "python3.11"]);
    let accepted = nought.run(&["invoke", "later", r#"{"mark":"m-1"}"#, "--later"]);
    assert!(accepted.status.success(), "{accepted:?}");
    nought.kill();
    let nought = nought.again();
    eventually("the event ran after the restart", || {
        String::from_utf8_lossy(&nought.run(&["logs", "later"]).stdout).contains("ran m-1")
    });
}

#[test]
fn a_stop_lets_running_invocations_finish() {
    let mut nought = Nought::start();
    let path = nought.deploy(&component("behave-rust"), "behave", &["--timeout", "20"]);
    let slow = {
        let (address, path) = (nought.address(), format!("{path}sleep?ms=1500"));
        thread::spawn(move || it::request(address, "GET", &path, b""))
    };
    eventually("the request runs", || nought.metric("nought_requests_running") >= 2.0);
    nought.signal("TERM");
    let answer = slow.join().expect("the request's thread").expect("an answer in spite of the stop");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(nought.wait().success());
    assert!(it::request(nought.address(), "GET", &path, b"").is_err(), "it still answers");
}

#[test]
fn a_stop_without_work_is_quick_and_clean() {
    for signal in ["TERM", "INT"] {
        let mut nought = Nought::start();
        let begin = Instant::now();
        nought.signal(signal);
        assert!(nought.wait().success(), "{signal}: {}", nought.errors());
        assert!(begin.elapsed() < Duration::from_secs(5), "{signal}");
    }
}

#[test]
fn a_data_directory_has_one_server() {
    let nought = Nought::start();
    let second = nought.command(&["serve", "--listen", "127.0.0.1:0", "--data"]).arg(nought.data()).output();
    let second = second.expect("the program starts");
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("in use") || said.contains("another") || said.contains("lock"), "{said}");
    assert_eq!(nought.get("/_nought/health").status, 200);
}

#[test]
fn a_generated_root_key_is_printed_once_to_standard_error() {
    let nought = Starting::default()
        .environment("NOUGHT_ROOT_ACCESS_KEY_ID", "")
        .environment("NOUGHT_ROOT_SECRET_ACCESS_KEY", "")
        .start();
    eventually("the key is printed", || nought.errors().contains("AKIA"));
    assert!(!nought.output().contains("AKIA"));
    let nought = nought.again();
    assert_eq!(nought.get("/_nought/health").status, 200);
    assert!(!nought.errors().contains("AWS_SECRET_ACCESS_KEY="), "printed again: {}", nought.errors());
}

#[test]
fn processes_of_functions_end_with_the_server() {
    let mut nought = Nought::start();
    let folder = nought.folder().join("pid");
    std::fs::create_dir(&folder).expect("a folder");
    let source = "import subprocess\ndef handler(event, context):\n    subprocess.Popen(['/bin/sleep', '71717'], start_new_session=True)\n    return 1\n";
    std::fs::write(folder.join("app.py"), source).expect("a file");
    nought.deploy(&folder, "pid", &["--handler", "app.handler", "--runtime", "python3.11"]);
    assert_eq!(nought.invoke("pid", "{}"), 1);
    assert!(running("71717"));
    nought.kill();
    eventually("the function's processes ended with the server", || !running("71717"));
}

/// Whether a process has this word among its arguments.
fn running(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("Linux has /proc");
    processes.flatten().any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    })
}

/// Waits until something is true that becomes true by itself.
pub fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is() {
        assert!(Instant::now() < end, "not within 30 s: {what}");
        thread::yield_now();
    }
}
