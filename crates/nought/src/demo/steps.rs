//! What every step of the demo needs: a title, a request with its time, and how times are shown.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;

use crate::client::Client;
use crate::deploy::{Deployed, Urls};

pub fn title(text: &str) {
    println!("\n{text}");
}

/// Sends a request; an answer that is not a success is an error.
pub async fn timed(client: &Client, request: Request<Full<Bytes>>) -> Result<(Response<Bytes>, Duration)> {
    let began = Instant::now();
    let answer = client.send(request).await?;
    let took = began.elapsed();
    match answer.status().is_success() {
        true => Ok((answer, took)),
        false => bail!("the answer was {} {}", answer.status(), String::from_utf8_lossy(answer.body())),
    }
}

pub fn urls(deployed: &Deployed) -> Result<&Urls> {
    deployed.urls.as_ref().with_context(|| format!("{} has no URL", deployed.name))
}

pub fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: usize| millis(times[(times.len() * part / 100).min(times.len() - 1)]);
    format!("p50 {}, p99 {}", at(50), at(99))
}

pub fn millis(took: Duration) -> String {
    format!("{:.2} ms", took.as_secs_f64() * 1e3)
}
