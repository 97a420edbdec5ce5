//! `nought demo`: the platform with the sample application of `examples/`, each step shown with its answer and its time.
//!
//! Start at [`run`]. It is an ordinary client of an ordinary server; the sample is in the program, so that it runs
//! from anywhere.

mod jpeg;
mod pillow;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::cli;
use crate::client::{Client, Key};
use crate::config::Settings;
use crate::deploy::{self, Deployed, Urls};
use crate::package::Package;
use crate::server::{self, Mode, Server};

const HELLO: &[u8] = include_bytes!("../../../../examples/guests/hello-rust/hello.wasm");
const PHOTO: &[u8] = include_bytes!("../../../../examples/demo/landscape.jpg");
const SHRINK: &str = include_str!("../../../../examples/demo/shrink/lambda_function.py");
const REGION: &str = "us-east-1";
const WIDTH: u32 = 320;

/// Warm requests to each function, one after the other.
const HELLO_WARM: usize = 1000;
const SHRINK_WARM: usize = 20;

pub async fn run(command: cli::Demo) -> Result<()> {
    let temporary = tempfile::Builder::new().prefix("nought-demo-").tempdir().context("cannot make a directory")?;
    let settings = Settings::read(&command.serving, temporary.path())?;
    let server = Server::start(&settings, Mode::Local).await?;
    println!("listening on {}", server.endpoint());
    let shown = show(&server).await;
    let ended = match (&shown, command.once) {
        (Ok(()), false) => {
            println!("\nserving until Ctrl-C; what is in {} ends with it", settings.data.display());
            server.wait(server::stop_asked_for()?).await
        }
        (Ok(()), true) | (Err(_), _) => server.stop().await,
    };
    shown.and(ended)
}

async fn show(server: &Server) -> Result<()> {
    let client = Client::with_key(&server.endpoint(), REGION, Key::conventional())?;
    let hello = hello(&client).await.context("the WebAssembly component")?;
    let shrink = shrink(&client, server.interpreters()).await.context("the Python function")?;
    step("logs");
    for deployed in [Some(&hello), shrink.as_ref()].into_iter().flatten() {
        println!("   {}", last_report(&client, &deployed.name).await?);
    }
    step("URLs");
    for deployed in [Some(&hello), shrink.as_ref()].into_iter().flatten() {
        let Some(urls) = &deployed.urls else { bail!("{} has no URL", deployed.name) };
        println!("   {:<8} {}\n            {}", deployed.name, urls.path, urls.host);
    }
    println!("\ntry  curl {}", urls(&hello)?.path);
    if let Some(shrink) = &shrink {
        println!("     curl --data-binary @photo.jpg -o small.jpg '{}?width={WIDTH}'", urls(shrink)?.path);
    }
    println!(
        "     AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws --endpoint-url {} --region {REGION} lambda list-functions",
        server.endpoint()
    );
    Ok(())
}

async fn hello(client: &Client) -> Result<Deployed> {
    step(&format!(
        "hello: a WebAssembly component of {} KiB, in a fresh instance for every request",
        HELLO.len() / 1024
    ));
    let package = Package::component("hello", HELLO)?;
    let deployed = deploy::deploy(client, &package, true).await?;
    println!("   deployed in {} ms (compiled to machine code)", deployed.took.as_millis());
    let urls = urls(&deployed)?;
    let get = || Request::get(&urls.path).body(Full::default()).context("the URL");
    let (answer, took) = timed(client, get()?).await?;
    println!("   GET {}  -> {} {:?}", urls.path, answer.status(), String::from_utf8_lossy(answer.body()));
    println!("   first {}", millis(took));
    let mut times = Vec::with_capacity(HELLO_WARM);
    for _ in 0..HELLO_WARM {
        times.push(timed(client, get()?).await?.1);
    }
    println!("   {HELLO_WARM} more, one by one: {}", spread(&mut times));
    by_host(client, urls).await?;
    Ok(deployed)
}

/// The host form of the URL, as it reaches the server from a client whose resolver knows names under `localhost`.
async fn by_host(client: &Client, urls: &Urls) -> Result<()> {
    let host = urls.host.trim_start_matches("http://").trim_end_matches('/');
    let request = Request::get(format!("{}/", client.endpoint())).header(header::HOST, host).body(Full::default())?;
    let (answer, took) = timed(client, request).await?;
    println!("   GET {}  -> {}  {}", urls.host, answer.status(), millis(took));
    Ok(())
}

async fn shrink(client: &Client, interpreters: &[std::path::PathBuf]) -> Result<Option<Deployed>> {
    step("shrink: a Python function with Pillow, which makes a photo small");
    let interpreters = interpreters.to_owned();
    let fetched = tokio::task::spawn_blocking(move || pillow::fetch(&interpreters)).await?;
    let pillow = match fetched {
        Ok(pillow) => pillow,
        Err(error) => {
            println!("   left out: {error:#}");
            return Ok(None);
        }
    };
    let package = {
        let pillow = pillow.clone();
        tokio::task::spawn_blocking(move || pillow.package("shrink", SHRINK)).await??
    };
    println!("   {} from {}, {} KiB zipped", pillow.name(), pillow.folder().display(), package.archive.len() / 1024);
    let deployed = deploy::deploy(client, &package, true).await?;
    println!("   deployed in {} ms for {}", deployed.took.as_millis(), package.runtime);
    if let Some(notice) = &deployed.notice {
        println!("   {notice}");
    }
    let (small, took) = shrink_once(client, &deployed).await?;
    let (from, to) = (jpeg::size(PHOTO)?, jpeg::size(&small)?);
    println!("   POST landscape.jpg {from}, {} KiB  -> {to}, {} KiB", PHOTO.len() / 1024, small.len() / 1024);
    println!("   first {} (cold: a new process in its own sandbox)", millis(took));
    let mut times = Vec::with_capacity(SHRINK_WARM);
    for _ in 0..SHRINK_WARM {
        times.push(shrink_once(client, &deployed).await?.1);
    }
    println!("   {SHRINK_WARM} more, one by one: {}", spread(&mut times));
    Ok(Some(deployed))
}

async fn shrink_once(client: &Client, deployed: &Deployed) -> Result<(Bytes, Duration)> {
    let uri = format!("{}?width={WIDTH}", urls(deployed)?.path);
    let request = Request::post(uri)
        .header(header::CONTENT_TYPE, "image/jpeg")
        .body(Full::new(Bytes::from_static(PHOTO)))
        .context("the URL")?;
    let (answer, took) = timed(client, request).await?;
    Ok((answer.into_body(), took))
}

async fn timed(client: &Client, request: Request<Full<Bytes>>) -> Result<(Response<Bytes>, Duration)> {
    let began = Instant::now();
    let answer = client.send(request).await?;
    let took = began.elapsed();
    match answer.status().is_success() {
        true => Ok((answer, took)),
        false => bail!("the answer was {} {}", answer.status(), String::from_utf8_lossy(answer.body())),
    }
}

/// The newest REPORT line of a function's log: what the invocation took, and how much memory.
async fn last_report(client: &Client, name: &str) -> Result<String> {
    let input = json!({ "logGroupName": format!("/aws/lambda/{name}"), "filterPattern": "REPORT" });
    let page = client.logs("FilterLogEvents", &input).await?;
    let last = page["events"].as_array().and_then(|events| events.last()).and_then(|event| event["message"].as_str());
    Ok(last.map_or_else(|| Value::Null.to_string(), |line| line.trim_end().replace('\t', "  ")))
}

fn urls(deployed: &Deployed) -> Result<&Urls> {
    deployed.urls.as_ref().with_context(|| format!("{} has no URL", deployed.name))
}

fn step(title: &str) {
    println!("\n{title}");
}

fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: usize| millis(times[(times.len() * part / 100).min(times.len() - 1)]);
    format!("p50 {}, p99 {}", at(50), at(99))
}

fn millis(took: Duration) -> String {
    format!("{:.2} ms", took.as_secs_f64() * 1e3)
}
