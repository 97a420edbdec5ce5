//! Usage is exact after a clean stop, and at most one flush short after a crash.

use it::{Nought, component};
use serde_json::Value;

fn counted(nought: &Nought, count: &str) -> u64 {
    let lines = nought.json(&["usage"]);
    let lines = lines.as_array().expect("a list of functions");
    lines.iter().filter_map(|line| line["counts"][count].as_u64()).sum()
}

#[test]
fn usage_is_exact_after_a_clean_stop() {
    let nought = Nought::start();
    let path = nought.deploy(&component("behave-rust"), "behave", &[]);
    for _ in 0..50 {
        assert_eq!(nought.get(&path).status, 200);
    }
    for _ in 0..3 {
        assert_eq!(nought.get(&format!("{path}trap")).status, 502);
    }
    let nought = nought.again();
    assert_eq!(counted(&nought, "requests"), 53);
    assert_eq!(counted(&nought, "errors"), 3);
    assert!(counted(&nought, "billed_millis") >= 53);
    assert!(counted(&nought, "cpu_micros") > 0);
    assert!(counted(&nought, "bytes_out") > 0);
}

#[test]
fn usage_is_at_most_one_flush_short_after_a_kill() {
    let mut nought = Nought::start();
    let path = nought.deploy(&component("behave-rust"), "behave", &[]);
    for _ in 0..50 {
        assert_eq!(nought.get(&path).status, 200);
    }
    // An invocation that takes longer than the flush interval: all before it is on disk when it ends.
    assert_eq!(nought.get(&format!("{path}sleep?ms=500")).status, 200);
    nought.kill();
    let nought = nought.again();
    let requests = counted(&nought, "requests");
    assert!((50..=51).contains(&requests), "{requests} of 51 requests were counted");
}

#[test]
fn usage_is_priced_by_a_sheet() {
    let nought = Nought::start();
    let path = nought.deploy(&component("hello-rust"), "hello", &[]);
    nought.get(&path);
    let printed = nought.run(&["usage", "--print-prices"]);
    let sheet = nought.folder().join("prices.toml");
    std::fs::write(&sheet, &printed.stdout).expect("the price sheet");
    let priced = nought.json(&["usage", "--prices", sheet.to_str().expect("a readable path")]);
    assert!(priced[0]["cost"].as_f64().is_some_and(|cost| cost > 0.0), "{priced}");
    assert!(priced[0]["currency"].is_string());
}

#[test]
fn cold_starts_and_init_time_are_counted() {
    let nought = Nought::start();
    let folder = nought.folder().join("cold");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("app.py"), "def handler(event, context):\n    return 1\n").expect("a file");
    nought.deploy(&folder, "cold", &["--handler", "app.handler", "--runtime", "python3.11"]);
    for _ in 0..3 {
        assert_eq!(nought.invoke("cold", "{}"), Value::from(1));
    }
    let nought = nought.again();
    assert_eq!(counted(&nought, "cold_starts"), 1);
    assert!(counted(&nought, "init_micros") > 1000);
    assert_eq!(counted(&nought, "requests"), 3);
}
