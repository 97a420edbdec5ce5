//! The command line of `nought`.

use std::fs;
use std::path::PathBuf;

use it::{Nought, Starting, component};
use serde_json::{Value, json};

use crate::life::eventually;

/// A folder with a Python function that answers with its event.
fn python_folder(nought: &Nought, name: &str) -> PathBuf {
    let folder = nought.folder().join(name);
    fs::create_dir(&folder).expect("a folder");
    fs::write(
        folder.join("lambda_function.py"),
        "def lambda_handler(event, context):\n    print('said', event)\n    return event\n",
    )
    .expect("a file");
    folder
}

fn text(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_folder_is_deployed_by_what_its_files_say() {
    let nought = Nought::start();
    let folder = python_folder(&nought, "greet");
    let deployed = nought.json(&["deploy", folder.to_str().expect("a path")]);
    assert_eq!((&deployed["name"], &deployed["change"]), (&json!("greet"), &json!("created")), "{deployed}");
    assert_eq!(nought.invoke("greet", r#"{"a":1}"#), json!({"a": 1}));
    let again = nought.json(&["deploy", folder.to_str().expect("a path")]);
    assert_eq!(again["change"], "unchanged");
    fs::write(folder.join("lambda_function.py"), "def lambda_handler(event, context):\n    return 'new'\n")
        .expect("a file");
    assert_eq!(nought.json(&["deploy", folder.to_str().expect("a path")])["change"], "updated");
    assert_eq!(nought.invoke("greet", "{}"), "new");
}

#[test]
fn a_manifest_says_what_flags_do_not() {
    let nought = Nought::start();
    let folder = nought.folder().join("manifest");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("code.py"), "import os\ndef run(event, context):\n    return os.environ['WHO']\n")
        .expect("a file");
    fs::write(
        folder.join("nought.toml"),
        "name = 'named'\nhandler = 'code.run'\nruntime = 'python3.11'\n[environment]\nWHO = 'me'\n",
    )
    .expect("a manifest");
    assert_eq!(nought.json(&["deploy", folder.to_str().expect("a path")])["name"], "named");
    assert_eq!(nought.invoke("named", "{}"), "me");
}

#[test]
fn a_component_file_is_deployed_and_listed() {
    let nought = Nought::start();
    let path = nought.deploy(&component("hello-rust"), "hello", &["--memory", "256"]);
    assert_eq!(nought.get(&path).text(), "hello");
    let listed = nought.json(&["list"]);
    assert_eq!((&listed[0]["FunctionName"], &listed[0]["MemorySize"]), (&json!("hello"), &json!(256)));
    assert!(text(&nought.run(&["list"])).contains("hello"));
}

#[test]
fn a_failing_function_fails_the_command_and_shows_why() {
    let nought = Nought::start();
    nought.deploy(&component("behave-rust"), "behave", &[]);
    let failed = nought.run(&["invoke", "behave", r#"{"do":"trap"}"#]);
    assert!(!failed.status.success());
    assert!(text(&failed).contains("Runtime.ExitError"), "{}", text(&failed));
    let logged = nought.run(&["invoke", "behave", r#"{"do":"print","out":"a line"}"#, "--log"]);
    assert!(text(&logged).contains("a line"), "{}", text(&logged));
}

#[test]
fn logs_are_shown_and_followed() {
    let nought = Nought::start();
    let folder = python_folder(&nought, "talk");
    nought.deploy(&folder, "talk", &[]);
    nought.invoke("talk", r#"{"n":1}"#);
    eventually("the log is there", || text(&nought.run(&["logs", "talk"])).contains("said {'n': 1}"));
    let shown = nought.run(&["logs", "talk", "--json"]);
    let first = String::from_utf8_lossy(&shown.stdout).lines().next().map(str::to_owned).unwrap_or_default();
    assert!(serde_json::from_str::<Value>(&first).is_ok(), "{first:?}");
    let missing = nought.run(&["logs", "nobody"]);
    assert!(!missing.status.success() && text(&missing).contains("nobody"), "{}", text(&missing));
}

#[test]
fn errors_say_what_to_do_next() {
    let nought = Nought::start();
    let missing = nought.run(&["invoke", "missing"]);
    assert!(!missing.status.success());
    assert!(text(&missing).contains("nought list"), "{}", text(&missing));
    let stranger =
        nought.command(&["list"]).env("AWS_SECRET_ACCESS_KEY", "wrong").output().expect("the program starts");
    assert!(!stranger.status.success());
    assert!(text(&stranger).contains("AWS_SECRET_ACCESS_KEY"), "{}", text(&stranger));
    let nobody = nought.command(&["list", "--endpoint", "http://127.0.0.1:1"]).output().expect("the program starts");
    assert!(!nobody.status.success());
    assert!(text(&nobody).contains("nought serve"), "{}", text(&nobody));
    let nothing = nought.run(&["deploy", "no/such/folder"]);
    assert!(!nothing.status.success() && text(&nothing).contains("no/such/folder"), "{}", text(&nothing));
}

#[test]
fn a_backup_of_a_running_server_is_a_data_directory() {
    let nought = Nought::start();
    let path = nought.deploy(&component("hello-rust"), "hello", &[]);
    let copy = nought.folder().join("copy");
    let backup = nought.run(&["backup", "--to", copy.to_str().expect("a path")]);
    assert!(backup.status.success(), "{}", text(&backup));
    nought.deploy(&component("behave-rust"), "after", &[]);
    let restored = Starting::default().data(&copy).start();
    assert_eq!(restored.get(&path).text(), "hello");
    assert_eq!(restored.json(&["list"]).as_array().map(Vec::len), Some(1));
    let again = nought.run(&["backup", "--to", copy.to_str().expect("a path")]);
    assert!(!again.status.success(), "a backup over a full directory");
}

#[test]
fn the_doctor_looks_at_the_machine() {
    let nought = Nought::start();
    let found = nought.json(&["doctor"]);
    let names: Vec<_> = found.as_array().expect("a list").iter().map(|one| one["name"].to_string()).collect();
    assert!(names.iter().any(|name| name.contains("sandbox")), "{names:?}");
}

#[test]
fn dev_and_demo_listen_on_loopback_only() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in [vec!["demo"], vec!["dev", "."]] {
        let output = std::process::Command::new(it::binary())
            .args(command)
            .args(["--listen", "0.0.0.0:0", "--data"])
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .output()
            .expect("the program starts");
        assert!(!output.status.success());
        assert!(text(&output).contains("loopback") || text(&output).contains("127.0.0.1"), "{}", text(&output));
    }
}

#[test]
fn strict_runtimes_refuse_what_is_not_here() {
    let nought = Starting::default().argument("--strict-runtimes").start();
    let folder = python_folder(&nought, "strict");
    let refused = nought.run(&["deploy", folder.to_str().expect("a path"), "--runtime", "python3.8"]);
    assert!(!refused.status.success());
    assert!(text(&refused).contains("python3.8"), "{}", text(&refused));
}
