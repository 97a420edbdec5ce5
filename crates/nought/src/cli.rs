//! The command line: what can be asked of `nought`, as types. Nothing here acts.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Functions that answer HTTP requests, on your own machines.
#[derive(Debug, Parser)]
#[command(name = "nought", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve functions until stopped
    Serve(Serving),
    /// Serve one folder on this machine and deploy it again at every change
    Dev(Dev),
    /// Start the platform with the sample application and show it at work
    Demo(Demo),
    /// Make a function of a folder, a zip archive or a WebAssembly component, or give it new code
    Deploy(Deploy),
    /// Run a function once and print its answer
    Invoke(Invoke),
    /// Show what a function has written
    Logs(Logs),
    /// List functions
    List(Connection),
    /// Show what functions have used, and what it would cost by a price sheet
    Usage(Usage),
    /// Copy a data directory, of a running server or of a stopped one
    Backup(Backup),
    /// Say what of this machine Nought can use, and what is missing
    Doctor(Doctor),
    /// Make an AWS SDK importable for functions: boto3, or the AWS SDK for JavaScript
    Libraries(Libraries),
}

/// What every serving command takes. A flag wins over the environment, the environment over the configuration file.
#[derive(Debug, Clone, Args)]
pub struct Serving {
    /// Address to listen on; port 0 picks a free one [default: 127.0.0.1:4566]
    #[arg(long, value_name = "ADDR", env = "NOUGHT_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Directory that keeps everything; made if it does not exist
    #[arg(long, value_name = "DIR", env = "NOUGHT_DATA")]
    pub data: Option<PathBuf>,
    /// Configuration file (TOML) [default: config.toml in the data directory, if there is one]
    #[arg(long, value_name = "FILE", env = "NOUGHT_CONFIG")]
    pub config: Option<PathBuf>,
    /// Whether functions may reach the outside [default: open]
    #[arg(long, value_name = "WHICH", env = "NOUGHT_FUNCTION_EGRESS")]
    pub function_egress: Option<Egress>,
    /// Refuse a function whose exact interpreter version is not on this machine
    #[arg(long)]
    pub strict_runtimes: bool,
    /// Refuse to start where the full sandbox does not work
    #[arg(long)]
    pub require_sandbox: bool,
    /// How log lines look, on standard error
    #[arg(long, value_name = "HOW", default_value = "text")]
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Egress {
    Open,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct Dev {
    /// Folder of the function
    pub folder: PathBuf,
    #[command(flatten)]
    pub package: PackageFlags,
    #[command(flatten)]
    pub serving: Serving,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// End after the steps instead of serving on
    #[arg(long)]
    pub once: bool,
    #[command(flatten)]
    pub serving: Serving,
}

/// What a function is called and how it runs. Without a flag `nought.toml` decides, and without that the files do.
#[derive(Debug, Clone, Default, Args)]
pub struct PackageFlags {
    /// Name of the function [default: the folder's or file's name]
    #[arg(long)]
    pub name: Option<String>,
    /// Handler, such as `app.handler`
    #[arg(long)]
    pub handler: Option<String>,
    /// Runtime, such as `python3.11`, `nodejs22.x` or `provided.al2023`
    #[arg(long)]
    pub runtime: Option<String>,
    /// Memory in MiB
    #[arg(long, value_name = "MIB")]
    pub memory: Option<u32>,
    /// Longest run in seconds
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u32>,
    /// Environment variable of the function; may be given several times
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub environment: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub struct Deploy {
    /// Folder, zip archive or WebAssembly component
    pub path: PathBuf,
    #[command(flatten)]
    pub package: PackageFlags,
    /// Give the function a public URL
    #[arg(long)]
    pub url: bool,
    #[command(flatten)]
    pub connection: Connection,
}

/// Which server a command talks to, and as whom.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// Where the server is
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub endpoint: String,
    /// Region of the functions
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
    pub region: String,
    /// Data directory of the server, to sign with its root key when the environment names no key
    #[arg(long, value_name = "DIR", env = "NOUGHT_DATA")]
    pub data: Option<PathBuf>,
    /// Answer in JSON, for machines
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Invoke {
    /// Name, name:alias, or ARN
    pub function: String,
    /// JSON document; `-` reads standard input [default: {}]
    pub payload: Option<String>,
    /// File with the document
    #[arg(long, value_name = "FILE", conflicts_with = "payload")]
    pub file: Option<PathBuf>,
    /// Also print the end of the function's log, on standard error
    #[arg(long)]
    pub log: bool,
    /// Accept the event durably and do not wait for the answer
    #[arg(long, conflicts_with = "log")]
    pub later: bool,
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Args)]
pub struct Logs {
    /// Name of the function
    pub function: String,
    /// Keep showing what is written from now on
    #[arg(short, long)]
    pub follow: bool,
    /// How many minutes back to begin
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    pub since: u64,
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Args)]
pub struct Usage {
    /// Price sheet (TOML) [default: the one in the program; --print-prices shows it]
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Print the price sheet in the program and end
    #[arg(long)]
    pub print_prices: bool,
    /// How many hours back to count from
    #[arg(long, value_name = "HOURS", default_value_t = 24 * 30)]
    pub since: u64,
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Args)]
pub struct Backup {
    /// Directory that receives the copy; it must not exist or be empty
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// The server is stopped: read its data directory (--data) instead of asking it
    #[arg(long, requires = "data")]
    pub offline: bool,
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// Data directory whose disk is measured
    #[arg(long, value_name = "DIR", env = "NOUGHT_DATA", default_value = "data")]
    pub data: PathBuf,
    /// Answer in JSON, for machines
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Libraries {
    /// Which language
    pub language: Language,
    /// Data directory of the server
    #[arg(long, value_name = "DIR", env = "NOUGHT_DATA", default_value = "data")]
    pub data: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Python,
    Node,
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not NAME=VALUE")),
    }
}
