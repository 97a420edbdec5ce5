//! Where the things are that tests run. `cargo xtask test` names them; without it the usual places are taken.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The program under test.
pub fn binary() -> PathBuf {
    named("NOUGHT_IT_BINARY", || profile_folder().join("nought"))
}

/// Built guest functions.
pub fn guests() -> PathBuf {
    named("NOUGHT_IT_GUESTS", || profile_folder().with_file_name("guests"))
}

/// The file of a built WebAssembly guest.
pub fn component(name: &str) -> PathBuf {
    guests().join(format!("{name}.wasm"))
}

/// The Python environment with boto3, the AWS command line and pytest.
pub fn python() -> PathBuf {
    named("NOUGHT_IT_PYTHON", || panic!("NOUGHT_IT_PYTHON is not set: run `cargo xtask test --only NAME`"))
}

/// The folder with the AWS SDK for JavaScript.
pub fn javascript() -> PathBuf {
    named("NOUGHT_IT_JAVASCRIPT", || panic!("NOUGHT_IT_JAVASCRIPT is not set: run `cargo xtask test --only NAME`"))
}

pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate is two folders deep")
}

pub fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has /proc");
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:")).and_then(|ids| ids.split_whitespace().nth(1));
    user == Some("0")
}

/// Records that a test could not run here and why; `cargo xtask test` lists them at its end.
pub fn skipped(test: &str, reason: &str) {
    println!("skipped: {test}: {reason}");
    if let Some(path) = std::env::var_os("NOUGHT_IT_SKIPPED") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the list of skipped tests");
        writeln!(file, "{test}: {reason}").expect("the list of skipped tests");
    }
}

fn named(variable: &str, usual: impl FnOnce() -> PathBuf) -> PathBuf {
    std::env::var_os(variable).map_or_else(usual, PathBuf::from)
}

/// `<target>/debug` or `<target>/release`: the test itself is in `deps` below it.
fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    test.ancestors().nth(2).expect("a test is in the target folder").to_owned()
}
