//! Many clients at once, and contestants that take turns.
//!
//! Start reading at [`take_turns`]. Ratios are taken within a round, whose turns ran close together, and their median is
//! what is held against a promise.

use std::thread;
use std::time::{Duration, Instant};

use crate::promise;
use crate::samples::median;

pub const ROUNDS: usize = 3;
pub const TURN: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_millis(500);

/// Somebody who is measured: work for some time, which tells how much it did per second.
pub struct Contestant<'a> {
    pub name: String,
    work: Box<dyn Fn(Duration) -> f64 + 'a>,
}

impl<'a> Contestant<'a> {
    pub fn new(name: &str, work: impl Fn(Duration) -> f64 + 'a) -> Contestant<'a> {
        Contestant { name: name.to_owned(), work: Box::new(work) }
    }
}

/// What each contestant did per second, round by round.
pub struct Rates(Vec<(String, Vec<f64>)>);

/// One short turn of each to warm up, then the rounds.
pub fn take_turns(contestants: &[Contestant<'_>]) -> Rates {
    for contestant in contestants {
        (contestant.work)(WARM_UP);
    }
    let mut rates: Vec<_> = contestants.iter().map(|contestant| (contestant.name.clone(), Vec::new())).collect();
    for _ in 0..ROUNDS {
        for (contestant, (_, rates)) in contestants.iter().zip(&mut rates) {
            rates.push((contestant.work)(TURN));
        }
    }
    for (name, rates) in &rates {
        println!("{name}: {:.1}/s (rounds: {rates:.1?})", median(rates.clone()));
    }
    Rates(rates)
}

impl Rates {
    /// Whether one is at least so many times as fast as the other.
    pub fn promise(&self, one: &str, other: &str, least: f64) -> bool {
        let pairs = self.rounds(one).iter().zip(self.rounds(other));
        let ratio = median(pairs.map(|(one, other)| one / other).collect());
        promise(&format!("{one} / {other}"), ratio, "times", ratio >= least, &format!("at least {least}"))
    }

    fn rounds(&self, name: &str) -> &[f64] {
        let found = self.0.iter().find(|(found, _)| found == name);
        &found.unwrap_or_else(|| panic!("{name} was not measured")).1
    }
}

/// Runs clients at once, each with its own steps one after the other; how much all of them did per second. A step is
/// given its number and tells how much it did.
pub fn per_second<S: FnMut(u64) -> u64>(clients: u64, time: Duration, client: impl Fn(u64) -> S + Sync) -> f64 {
    let begun = Instant::now();
    let work = |id: u64| {
        let mut step = client(id);
        let mut count = 0;
        for number in 0.. {
            if begun.elapsed() >= time {
                break;
            }
            count += step(number);
        }
        count
    };
    let count: u64 = thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..clients).map(|id| scope.spawn(move || work(id))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no client panics")).sum()
    });
    count as f64 / begun.elapsed().as_secs_f64()
}

/// Does something so many times, shared among clients.
pub fn times<S: FnMut(u64)>(clients: u64, count: u64, client: impl Fn(u64) -> S + Sync) {
    thread::scope(|scope| {
        for id in 0..clients {
            let client = &client;
            scope.spawn(move || {
                let mut step = client(id);
                (id..count).step_by(clients as usize).for_each(&mut step);
            });
        }
    });
}
