//! The component that is committed built behaves as the one built from its sources.

use it::{Nought, component, repository};

#[test]
fn the_committed_component_behaves_as_its_sources_do() {
    let nought = Nought::start();
    let committed = nought.deploy(&repository().join("examples/guests/hello-rust/hello.wasm"), "committed", &[]);
    let rebuilt = nought.deploy(&component("hello-rust"), "rebuilt", &[]);
    for path in [&committed, &rebuilt] {
        for (method, body) in [("GET", ""), ("POST", "a body"), ("PUT", "")] {
            let answer = nought.request(method, path, body.as_bytes());
            assert_eq!((answer.status, answer.text().as_str()), (200, "hello"), "{method} {path}");
        }
    }
}

#[test]
fn a_thousand_requests_have_a_thousand_instances_and_no_process() {
    let nought = Nought::start();
    let path = nought.deploy(&component("behave-rust"), "behave", &[]);
    let processes = children(nought.id());
    for _ in 0..100 {
        assert_eq!(nought.get(&format!("{path}calls")).text(), r#"{"calls":1}"#);
    }
    assert_eq!(children(nought.id()), processes);
}

fn children(of: u32) -> usize {
    let processes = std::fs::read_dir("/proc").expect("Linux has /proc");
    let parent =
        |status: String| status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse::<u32>().ok());
    let statuses =
        processes.flatten().filter_map(|process| std::fs::read_to_string(process.path().join("status")).ok());
    statuses.filter_map(parent).filter(|parent| *parent == of).count()
}
