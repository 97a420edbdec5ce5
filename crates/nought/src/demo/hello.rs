//! The component: deployed, called a thousand times, and by both forms of its URL.

use anyhow::{Context, Result};
use http::{Request, header};
use http_body_util::Full;

use super::steps::{millis, spread, timed, title, urls};
use crate::client::Client;
use crate::deploy::{self, Deployed, Urls};
use crate::package::Package;

const COMPONENT: &[u8] = include_bytes!("../../../../examples/guests/hello-rust/hello.wasm");

/// Warm requests, one after the other.
const WARM: usize = 1000;

pub async fn show(client: &Client) -> Result<Deployed> {
    title(&format!(
        "hello: a WebAssembly component of {} KiB, in a fresh instance for every request",
        COMPONENT.len() / 1024
    ));
    let package = Package::component("hello", COMPONENT)?;
    let deployed = deploy::deploy(client, &package, true).await?;
    println!("   deployed in {} ms (compiled to machine code)", deployed.took.as_millis());
    let urls = urls(&deployed)?;
    let get = || Request::get(&urls.path).body(Full::default()).context("the URL");
    let (answer, took) = timed(client, get()?).await?;
    println!("   GET {}  -> {} {:?}", urls.path, answer.status(), String::from_utf8_lossy(answer.body()));
    println!("   first {}", millis(took));
    let mut times = Vec::with_capacity(WARM);
    for _ in 0..WARM {
        times.push(timed(client, get()?).await?.1);
    }
    println!("   {WARM} more, one by one: {}", spread(&mut times));
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
