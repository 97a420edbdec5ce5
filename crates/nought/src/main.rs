//! The binary `nought`: flags, configuration, sockets, signals, and the floors joined.
//!
//! Start at [`server::Server::start`] (a server), [`front::serve`] (its port) or [`cli::Command`] (what can be asked).
//! This crate names all others and has no rules of its own.

mod backup;
mod cli;
mod client;
mod config;
mod control;
mod demo;
mod deploy;
mod dev;
mod doctor;
mod edge;
mod front;
mod gateway;
mod invoke;
mod libraries;
mod list;
mod logging;
mod logs;
mod metrics;
mod package;
mod patience;
mod root_key;
mod server;
mod usage;
mod wheels;

use anyhow::{Context, Result};
use clap::Parser;

use cli::{Cli, Command, LogFormat};

/// Requests are many small allocations that another thread may free. Measured (2026-11-24, hello-world component through a
/// function URL, 64 connections, four rounds taking turns): 12 % more requests per second than with glibc's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Data directory of commands that are given none.
const DATA_DEFAULT: &str = "data";

fn main() -> std::process::ExitCode {
    // Before anything starts a thread: the launcher forks, and must be alone in its process.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == runtime::LAUNCHER_ARGUMENT) {
        runtime::launcher_main();
    }
    match run(Cli::parse().command) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let (format, quiet) = match &command {
        Command::Serve(serving) | Command::Dev(cli::Dev { serving, .. }) => (serving.log_format, false),
        Command::Demo(cli::Demo { serving, .. }) => (serving.log_format, true),
        Command::Deploy(_)
        | Command::Invoke(_)
        | Command::Logs(_)
        | Command::List(_)
        | Command::Usage(_)
        | Command::Backup(_)
        | Command::Doctor(_)
        | Command::Libraries(_) => (LogFormat::Text, true),
    };
    let _flush = logging::start(format, quiet);
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    tokio.block_on(async {
        match command {
            Command::Serve(serving) => server::run(serving).await,
            Command::Dev(command) => dev::run(command).await,
            Command::Demo(command) => demo::run(command).await,
            Command::Deploy(command) => deploy::run(command).await,
            Command::Invoke(command) => invoke::run(command).await,
            Command::Logs(command) => logs::run(command).await,
            Command::List(connection) => list::run(connection).await,
            Command::Usage(command) => usage::run(command).await,
            Command::Backup(command) => backup::run(command).await,
            Command::Doctor(command) => doctor::run(&command).await,
            Command::Libraries(command) => libraries::run(&command),
        }
    })
}
