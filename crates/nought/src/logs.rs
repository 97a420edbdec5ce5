//! `nought logs`: what a function has written, through CloudWatch Logs' FilterLogEvents.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use http::StatusCode;
use serde_json::{Value, json};

use crate::cli;
use crate::client::{self, Client};

/// Time between two looks while following.
const FOLLOW_PAUSE: Duration = Duration::from_millis(500);
/// How far behind the newest line a look begins again: lines of the same moment may still be on their way to the disk.
const OVERLAP_MILLIS: u64 = 5_000;

pub async fn run(command: cli::Logs) -> Result<()> {
    let client = Client::new(&command.connection)?;
    let mut shown = Shown { from: millis_now().saturating_sub(command.since * 60_000), ..Shown::default() };
    let mut any = false;
    loop {
        any |= look(&client, &command, &mut shown).await?;
        if !command.follow {
            break;
        }
        tokio::time::sleep(FOLLOW_PAUSE).await;
    }
    if !any && !command.connection.json {
        eprintln!("{} has written nothing in the last {} minutes", command.function, command.since);
    }
    Ok(())
}

/// Which lines have been shown, so that overlapping looks show each once.
#[derive(Default)]
struct Shown {
    from: u64,
    seen: BTreeSet<(u64, String)>,
}

impl Shown {
    fn is_new(&mut self, at: u64, id: &str) -> bool {
        self.seen.insert((at, id.to_owned()))
    }

    fn advance(&mut self) {
        let newest = self.seen.last().map_or(self.from, |(at, _)| *at);
        self.from = self.from.max(newest.saturating_sub(OVERLAP_MILLIS));
        self.seen = self.seen.split_off(&(self.from, String::new()));
    }
}

/// Prints what is new, and says whether anything was.
async fn look(client: &Client, command: &cli::Logs, shown: &mut Shown) -> Result<bool> {
    let mut any = false;
    let mut token: Option<String> = None;
    loop {
        let mut input = json!({ "logGroupName": group(&command.function), "startTime": shown.from });
        if let Some(token) = &token {
            input["nextToken"] = json!(token);
        }
        let page = match client.logs("FilterLogEvents", &input).await {
            Ok(page) => page,
            Err(client::Error::Refused { status: StatusCode::BAD_REQUEST, code, .. })
                if code == "ResourceNotFoundException" =>
            {
                match command.follow {
                    true => return Ok(any),
                    false => bail!("{} has no log: it has not run yet, or its name is another", command.function),
                }
            }
            Err(error) => return Err(error.into()),
        };
        for event in page["events"].as_array().into_iter().flatten() {
            let at = event["timestamp"].as_u64().unwrap_or_default();
            if shown.is_new(at, event["eventId"].as_str().unwrap_or_default()) {
                any = true;
                print(event, command.connection.json)?;
            }
        }
        token = page["nextToken"].as_str().map(str::to_owned);
        if token.is_none() {
            shown.advance();
            return Ok(any);
        }
    }
}

fn print(event: &Value, as_json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match as_json {
        true => writeln!(out, "{event}")?,
        false => writeln!(out, "{}", event["message"].as_str().unwrap_or_default().trim_end_matches('\n'))?,
    }
    Ok(())
}

fn group(function: &str) -> String {
    match function.starts_with('/') {
        true => function.to_owned(),
        false => format!("/aws/lambda/{function}"),
    }
}

fn millis_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
