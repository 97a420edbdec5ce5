//! `nought usage`: what functions have used, and what that would cost by a price sheet.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use services::usage::Counts;
use services::usage::price::{PriceSheet, gib_seconds};

use crate::cli;
use crate::client::Client;

/// Lambda's list prices, for comparison.
const PRICES: &str = include_str!("prices.toml");

#[derive(Deserialize)]
struct Line {
    function: String,
    version: String,
    counts: Counts,
}

pub async fn run(command: cli::Usage) -> Result<()> {
    if command.print_prices {
        print!("{PRICES}");
        return Ok(());
    }
    let sheet = sheet(&command)?;
    let client = Client::new(&command.connection)?;
    let now = millis(SystemTime::now());
    let from = now - millis_of(Duration::from_secs(command.since.saturating_mul(3600)));
    let span = json!({ "from_millis": from, "to_millis": now + 60_000 });
    let lines = client.own(Method::POST, "/_nought/usage", &span).await?;
    let lines: Vec<Line> = serde_json::from_value(lines).context("the server's answer is not a list of counts")?;
    match command.connection.json {
        true => println!("{}", Value::Array(lines.iter().map(|line| to_json(line, &sheet)).collect())),
        false => print(&lines, &sheet),
    }
    Ok(())
}

fn sheet(command: &cli::Usage) -> Result<PriceSheet> {
    match &command.prices {
        None => toml::from_str(PRICES).context("in the price sheet of the program"),
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            toml::from_str(&text).with_context(|| format!("in {}", path.display()))
        }
    }
}

fn to_json(line: &Line, sheet: &PriceSheet) -> Value {
    json!({
        "function": line.function,
        "version": line.version,
        "counts": line.counts,
        "cost": sheet.cost(&line.counts).total(),
        "currency": sheet.currency,
    })
}

fn print(lines: &[Line], sheet: &PriceSheet) {
    println!(
        "{:<32} {:>8} {:>10} {:>8} {:>8} {:>12} {:>12} {:>10} {:>14}",
        "function", "version", "requests", "errors", "cold", "billed ms", "GB-s", "cpu ms", sheet.currency
    );
    let mut total = Counts::default();
    for Line { function, version, counts } in lines {
        print_line(function, version, counts, sheet);
        total.add(counts);
    }
    print_line("all", "", &total, sheet);
}

fn print_line(function: &str, version: &str, counts: &Counts, sheet: &PriceSheet) {
    println!(
        "{function:<32} {version:>8} {:>10} {:>8} {:>8} {:>12} {:>12.3} {:>10} {:>14.8}",
        counts.requests,
        counts.errors,
        counts.cold_starts,
        counts.billed_millis,
        gib_seconds(counts),
        counts.cpu_micros / 1000,
        sheet.cost(counts).total()
    );
}

fn millis(at: SystemTime) -> i64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, millis_of)
}

fn millis_of(duration: Duration) -> i64 {
    duration.as_millis().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Counts, PRICES, PriceSheet};

    #[test]
    fn a_million_requests_of_a_gibibyte_second_cost_what_the_list_says() {
        let sheet: PriceSheet = toml::from_str(PRICES).expect("a price sheet");
        let counts = Counts { requests: 1_000_000, billed_mib_millis: 1024 * 1000 * 1_000_000, ..Counts::default() };
        assert!((sheet.cost(&counts).total() - (0.20 + 16.666_7)).abs() < 1e-6);
    }
}
