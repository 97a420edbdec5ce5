//! What Nought costs, measured from outside over HTTP; run by `cargo xtask bench`, which builds what this needs and says
//! so.
//!
//! Start reading at [`main`]. Peers and Nought take turns in one run on the same cores; the load generator is `wrk` for
//! plain requests, and threads of this program for those that must be signed.
//! A line that promises a bound is printed with it, and missing one makes the run fail.

mod events;
mod files;
mod idle;
mod latency;
mod load;
mod objects;
mod peer;
mod plain;
mod process;
mod queues;
mod raw;
mod requests;
mod rivals;
mod samples;
mod tables;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["plain"] => {
            plain::serve();
            ExitCode::SUCCESS
        }
        ["files", folder] => {
            files::serve(std::path::Path::new(folder));
            ExitCode::SUCCESS
        }
        [part] => ended(run(part)),
        [part, count] => ended(run_with(part, count.parse().expect("a count"))),
        _ => {
            eprintln!("usage: bench PART [COUNT]; `cargo xtask bench --help` names the parts");
            ExitCode::FAILURE
        }
    }
}

fn run(part: &str) -> bool {
    match part {
        "http" => rivals::run(),
        "first" => requests::first(),
        "warm" => requests::warm(),
        "native" => requests::native(),
        "idle" => idle::run(),
        "objects" => objects::run(),
        "queues" => queues::run(),
        "tables" => tables::run(),
        "events" => events::run(),
        "latency" => latency::run(),
        _ => panic!("no measurement named {part:?}"),
    }
}

/// Measurements of something large, whose size is asked for.
fn run_with(part: &str, count: u64) -> bool {
    match part {
        "list" => objects::list(count),
        "memory" => objects::memory(count),
        "queue-backlog" => queues::backlog(count),
        "table-growth" => tables::growth(count),
        "event-backlog" => events::backlog(count),
        _ => panic!("no measurement named {part:?} of a size"),
    }
}

fn ended(kept: bool) -> ExitCode {
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a figure with the bound it must keep, and says whether it does.
fn promise(what: &str, figure: f64, unit: &str, keeps: bool, bound: &str) -> bool {
    let mark = if keeps { "kept" } else { "MISSED" };
    println!("{what}: {figure:.3} {unit} ({bound}: {mark})");
    keeps
}
