//! The Python function that a photo is sent to: cold, and warm.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;

use super::python::Function;
use super::steps::{millis, spread, timed, title, urls};
use super::{PHOTO, jpeg, python};
use crate::client::Client;
use crate::deploy::{self, Deployed};
use crate::server::Server;
use crate::wheels::Wheels;

const SOURCE: &str = include_str!("../../../../examples/demo/shrink/lambda_function.py");
pub const WIDTH: u32 = 320;

/// Warm requests, one after the other.
const WARM: usize = 20;

/// The function, and Pillow for others; nothing where the machine lacks what it needs.
pub async fn show(client: &Client, server: &Server) -> Result<Option<(Deployed, Wheels)>> {
    title("shrink: a Python function with Pillow, which makes a photo small");
    let Some(pillow) = python::pillow(server.interpreters()).await? else { return Ok(None) };
    let function = Function { name: "shrink", files: &[("lambda_function.py", SOURCE)], variables: Vec::new() };
    let package = function.package(&pillow.runtime, Some(pillow.clone())).await?;
    println!("   Pillow from {}, {} KiB zipped", pillow.folder.display(), package.archive.len() / 1024);
    let deployed = deploy::deploy(client, &package, true).await?;
    println!("   deployed in {} ms for {}", deployed.took.as_millis(), package.runtime);
    if let Some(notice) = &deployed.notice {
        println!("   {notice}");
    }
    let (small, took) = once(client, &deployed).await?;
    let (from, to) = (jpeg::size(PHOTO)?, jpeg::size(&small)?);
    println!("   POST landscape.jpg {from}, {} KiB  -> {to}, {} KiB", PHOTO.len() / 1024, small.len() / 1024);
    println!("   first {} (cold: a new process in its own sandbox)", millis(took));
    let mut times = Vec::with_capacity(WARM);
    for _ in 0..WARM {
        times.push(once(client, &deployed).await?.1);
    }
    println!("   {WARM} more, one by one: {}", spread(&mut times));
    Ok(Some((deployed, pillow)))
}

async fn once(client: &Client, deployed: &Deployed) -> Result<(Bytes, Duration)> {
    let uri = format!("{}?width={WIDTH}", urls(deployed)?.path);
    let request = Request::post(uri)
        .header(header::CONTENT_TYPE, "image/jpeg")
        .body(Full::new(Bytes::from_static(PHOTO)))
        .context("the URL")?;
    let (answer, took) = timed(client, request).await?;
    Ok((answer.into_body(), took))
}
