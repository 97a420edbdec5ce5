//! What the HTTP side of Nought costs; run by `cargo xtask bench`, which builds what this needs and says so.
//!
//! Start reading at [`main`]. Peers and Nought take turns in one run on the same cores; the load generator is `wrk`.
//! A line that promises a bound is printed with it, and missing one makes the run fail.

mod idle;
mod plain;
mod requests;
mod rivals;
mod samples;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["plain"] => {
            plain::serve();
            ExitCode::SUCCESS
        }
        [part] => run(part),
        _ => {
            eprintln!("usage: bench http | first | warm | native | idle");
            ExitCode::FAILURE
        }
    }
}

fn run(part: &str) -> ExitCode {
    let kept = match part {
        "http" => rivals::run(),
        "first" => requests::first(),
        "warm" => requests::warm(),
        "native" => requests::native(),
        "idle" => idle::run(),
        _ => {
            eprintln!("no measurement named {part:?}");
            false
        }
    };
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a figure with the bound it must keep, and says whether it does.
fn promise(what: &str, figure: f64, unit: &str, keeps: bool, bound: &str) -> bool {
    let mark = if keeps { "kept" } else { "MISSED" };
    println!("{what}: {figure:.3} {unit} ({bound}: {mark})");
    keeps
}
