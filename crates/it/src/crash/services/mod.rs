//! kill -9 of the real binary under load: after each restart everything that was acknowledged is there, nothing is
//! there by half, and every event reaches its function.
//!
//! Start reading at [`run`]. Each [`Load`] works on one kind of thing with threads of its own, all of them at once on
//! the same server, and remembers what was acknowledged; what was in flight at the kill may have happened or not, but
//! wholly.

mod dice;
mod events;
mod history;
mod objects;
mod queues;
mod register;
mod tables;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::client::Client;
use crate::nought::{Nought, Starting};
use dice::Dice;

/// Longest time under load before a kill. The instant is drawn anew in each round.
const LOAD_MAX: Duration = Duration::from_millis(1200);
const LOAD_MIN: Duration = Duration::from_millis(150);
/// A minute between attempts takes 0.6 s.
const CONFIG: &str = "retry_scale = 0.01\n";

/// What all rounds together found.
#[derive(Debug, Default)]
pub struct Findings {
    pub rounds: u64,
    /// How many of each kind were acknowledged, or looked at.
    pub counts: BTreeMap<&'static str, u64>,
    /// What must not be, each in a sentence.
    pub broken: Vec<String>,
}

impl Findings {
    fn count(&mut self, what: &'static str, more: u64) {
        *self.counts.entry(what).or_default() += more;
    }

    fn check(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            let round = self.rounds;
            self.broken.push(format!("round {round}: {}", otherwise()));
        }
    }
}

/// Work on one kind of thing, and the memory of what was acknowledged.
trait Load: Send {
    /// Makes what the work needs, before the first round.
    fn prepare(&mut self, nought: &Nought);

    /// Works until the server is gone.
    fn work(&mut self, address: SocketAddr, seed: u64);

    /// After the restart: compares what is there with what was acknowledged.
    fn check(&mut self, client: &mut Client, findings: &mut Findings);

    /// After the last round: what can only be said once everything has come to rest.
    fn finish(&mut self, client: &mut Client, findings: &mut Findings);
}

/// For a run that nobody wants to repeat exactly.
pub fn seed() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("random");
    u64::from_le_bytes(bytes)
}

/// Kills a server under load again and again.
pub fn run(rounds: u64, seed: u64, mut each: impl FnMut(&Findings)) -> Findings {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    std::fs::write(&config, CONFIG).expect("a file");
    let mut nought = Starting::default().argument("--config").argument(config).start();
    let mut loads: [Box<dyn Load>; 4] = [
        // First, because its messages are hidden for a short time only.
        Box::new(queues::Queues::new()),
        Box::new(objects::Objects::new()),
        Box::new(events::Events::default()),
        Box::new(tables::Tables::new()),
    ];
    for load in &mut loads {
        load.prepare(&nought);
    }
    let mut findings = Findings::default();
    let mut dice = Dice::new(seed);
    for _ in 0..rounds {
        under_load(&mut nought, &mut loads, &mut dice);
        nought = nought.again();
        findings.rounds += 1;
        let mut client = Client::new(nought.address());
        for load in &mut loads {
            load.check(&mut client, &mut findings);
        }
        each(&findings);
    }
    for load in &mut loads {
        load.finish(&mut Client::new(nought.address()), &mut findings);
    }
    findings
}

fn under_load(nought: &mut Nought, loads: &mut [Box<dyn Load>], dice: &mut Dice) {
    let address = nought.address();
    std::thread::scope(|scope| {
        for load in loads {
            let seed = dice.next();
            scope.spawn(move || load.work(address, seed));
        }
        let span = (LOAD_MAX - LOAD_MIN).as_millis() as u64;
        // The random instant itself: nothing is waited for.
        std::thread::sleep(LOAD_MIN + Duration::from_millis(dice.below(span)));
        nought.kill();
    });
}
