//! As an ordinary user: the same program, without root and without cgroups.

use it::{Starting, component};

/// The user that owns nothing.
const NOBODY: u32 = 65534;

#[test]
fn functions_run_for_an_ordinary_user() {
    let starting = match it::is_root() {
        true => Starting::default().user(NOBODY),
        false => Starting::default(),
    };
    let nought = starting.start();
    let path = nought.deploy(&component("hello-rust"), "hello", &[]);
    assert_eq!(nought.get(&path).text(), "hello");
    let folder = nought.folder().join("python");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(
        folder.join("app.py"),
        "import os\ndef handler(event, context):\n    return [os.getuid() != 0, event]\n",
    )
    .expect("a file");
    nought.deploy(&folder, "python", &["--handler", "app.handler", "--runtime", "python3.11"]);
    assert_eq!(nought.invoke("python", r#"{"n":1}"#).to_string(), r#"[true,{"n":1}]"#);
}

#[test]
fn the_full_sandbox_runs_for_root() {
    if !it::is_root() {
        it::skipped("rootless::the_full_sandbox_runs_for_root", "cgroups and users of their own need root");
        return;
    }
    let nought = it::Nought::start();
    let found = nought.json(&["doctor"]).to_string();
    assert!(found.contains("full"), "{found}");
}
