//! What was acknowledged survives a killed process, a power loss and a failing disk.

use std::path::Path;

use it::crash::{kill, power, services};

#[test]
fn nothing_acknowledged_is_lost_to_kill_9() {
    let scratch = tempfile::tempdir().expect("a directory");
    let tally = kill::run(Path::new(env!("CARGO_BIN_EXE_crash")), &scratch.path().join("killed"), 20, |_| ());
    println!("{tally:?}");
    assert_eq!((tally.rounds, tally.lost), (20, 0));
    assert!(tally.acknowledged > 200, "there was load: {tally:?}");
}

#[test]
fn nothing_acknowledged_is_lost_to_a_power_loss_and_every_sync_is_needed() {
    let scratch = power::scratch();
    let verdict = power::run(scratch.path(), 24);
    println!("{verdict:?}");
    assert_eq!(verdict.lost, 0);
    assert_eq!(verdict.unneeded, [], "of {:?}", verdict.sites);
    assert!(verdict.sites.len() >= 9, "{:?}", verdict.sites);
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged() {
    let scratch = power::scratch();
    let (told, acknowledged) = power::fail_syncs(scratch.path());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("COMMIT failed"), "{told:?}");
    assert_eq!(acknowledged, 0);
}

#[test]
fn nothing_acknowledged_by_a_service_is_lost_to_kill_9() {
    let seed = services::seed();
    println!("seed {seed}");
    let findings = services::run(4, seed, |_| ());
    println!("{:#?}", findings.counts);
    assert!(findings.broken.is_empty(), "{:#?}", findings.broken);
    for (what, count) in &findings.counts {
        let rare = what.contains("again") || what.contains("more than once") || what.contains("went on");
        assert!(rare || *count >= 10, "there was load: {what} {count}");
    }
}
