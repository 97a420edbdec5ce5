//! `nought demo --once` shows everything and ends.

use std::process::Command;

#[test]
fn the_demo_runs_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(it::binary())
        .args(["demo", "--once", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path().join("data"))
        .current_dir(folder.path())
        .output()
        .expect("the program starts");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}{}", String::from_utf8_lossy(&output.stderr));
    assert!(shown.starts_with("listening on http://127.0.0.1:"), "{shown}");
    shows(&shown, &["hello", "200 OK", "/_url/", ".lambda-url.us-east-1.localhost:", "REPORT RequestId: "]);
    match shown.lines().find(|line| line.contains("left out: ")) {
        Some(line) => println!("skipped: the demo's photos, {}", line.trim()),
        None => shows(
            &shown,
            &[
                "landscape.jpg 1600x1067, 154 KiB  -> stored",
                "thumbnails/uploads/",
                ".jpg 320x213, ",
                "from the put's acknowledgement to the thumbnail: first ",
                "6 messages waited for it: taken after ",
                "failed 2 times, in album-failed after ",
                "the thumbnail put and the message moved back: taken after ",
                "in a browser  http://127.0.0.1:",
            ],
        ),
    }
}

fn shows(shown: &str, parts: &[&str]) {
    for part in parts {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
}
