//! `cargo xtask crash`: kills and power losses, and the count of what was acknowledged and is gone.

use std::path::Path;

use it::crash::{kill, power, services};

/// Instants of the power loss that are tried with every sync in place.
const INSTANTS: usize = 120;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["load", directory, round] => kill::load(Path::new(directory), round.parse().expect("a round's number")),
        ["services", rounds] => kill_services(rounds.parse().expect("a number of rounds")),
        ["run", rounds, scratch] => run(rounds.parse().expect("a number of rounds"), Path::new(scratch)),
        _ => panic!("usage: crash run ROUNDS FOLDER | services ROUNDS"),
    }
}

fn kill_services(rounds: u64) {
    let seed = services::seed();
    println!("seed {seed}");
    let findings = services::run(rounds, seed, |findings| {
        if findings.rounds % 20 == 0 {
            println!("killed {}: {} broken; {:?}", findings.rounds, findings.broken.len(), findings.counts);
        }
    });
    println!("kill -9 of the server: {} rounds, {} broken", findings.rounds, findings.broken.len());
    findings.counts.iter().for_each(|(what, count)| println!("  {what}: {count}"));
    assert!(findings.broken.is_empty(), "{:#?}", findings.broken);
}

fn run(rounds: u64, scratch: &Path) {
    let scratch = tempfile::tempdir_in(scratch).expect("a directory for the stores");
    let loader = std::env::current_exe().expect("a program knows its own file");
    let tally = kill::run(&loader, &scratch.path().join("killed"), rounds, |tally| {
        if tally.rounds % 20 == 0 {
            println!("killed {}: {} acknowledged, {} lost", tally.rounds, tally.acknowledged, tally.lost);
        }
    });
    println!("kill -9: {} rounds, {} commits acknowledged, {} lost", tally.rounds, tally.acknowledged, tally.lost);
    let verdict = power::run(power::scratch().path(), INSTANTS);
    println!("power loss: {} instants, {} acknowledged steps lost", verdict.instants, verdict.lost);
    let proven = verdict.sites.len() - verdict.unneeded.len();
    println!("of {} kinds of sync, {proven} are proven: without it something is lost", verdict.sites.len());
    assert_eq!((tally.lost, verdict.lost), (0, 0), "acknowledged and gone");
    assert!(verdict.unneeded.is_empty(), "nothing is lost without {:?}", verdict.unneeded);
}
