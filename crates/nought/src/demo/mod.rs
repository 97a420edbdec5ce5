//! `nought demo`: the platform with the sample application of `examples/`, each step shown with its answer and its time.
//!
//! Start at [`run`]. It is an ordinary client of an ordinary server; the sample is in the program, so that it runs
//! from anywhere. Each step is a module: [`hello`], [`shrink`], [`photos`],
//! [`album`].

mod album;
mod bucket;
mod hello;
mod jpeg;
mod photos;
mod python;
mod queue;
mod shrink;
mod steps;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use steps::{title, urls};

use crate::cli;
use crate::client::{Client, Key};
use crate::config::Settings;
use crate::deploy::Deployed;
use crate::server::{self, Mode, Server};

const PHOTO: &[u8] = include_bytes!("../../../../examples/demo/landscape.jpg");
const REGION: &str = "us-east-1";

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
    let hello = hello::show(&client).await.context("the WebAssembly component")?;
    let shrink = shrink::show(&client, server).await.context("the Python function")?;
    let photos = match &shrink {
        Some((_, pillow)) => photos::show(&client, server, pillow).await.context("the photos")?,
        None => None,
    };
    let album = match (&photos, &shrink) {
        (Some(_), Some((_, pillow))) => Some(album::show(&client, &pillow.runtime).await.context("the album")?),
        _ => None,
    };
    let shrink = shrink.as_ref().map(|(shrink, _)| shrink);
    let page = photos.as_ref().map(|photos| &photos.page);
    let thumbnail = photos.as_ref().map(|photos| &photos.thumbnail);
    title("logs");
    for deployed in [Some(&hello), shrink, page, thumbnail, album.as_ref()].into_iter().flatten() {
        println!("   {}", last_report(&client, &deployed.name).await?);
    }
    title("URLs");
    for deployed in [Some(&hello), shrink].into_iter().flatten() {
        println!("   {:<8} {}\n            {}", deployed.name, urls(deployed)?.path, urls(deployed)?.host);
    }
    if let Some(page) = page {
        // By its other form it would be another site than the bucket, and buckets do not answer pages of others yet.
        println!("   {:<8} {}", page.name, urls(page)?.path);
    }
    to_try(server, &hello, shrink, page)
}

fn to_try(server: &Server, hello: &Deployed, shrink: Option<&Deployed>, page: Option<&Deployed>) -> Result<()> {
    println!("\ntry  curl {}", urls(hello)?.path);
    if let Some(shrink) = shrink {
        println!("     curl --data-binary @photo.jpg -o small.jpg '{}?width={}'", urls(shrink)?.path, shrink::WIDTH);
    }
    println!(
        "     AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws --endpoint-url {} --region {REGION} lambda list-functions",
        server.endpoint()
    );
    if let Some(page) = page {
        println!("     in a browser  {}", urls(page)?.path);
    }
    Ok(())
}

/// The newest REPORT line of a function's log: what the invocation took, and how much memory.
async fn last_report(client: &Client, name: &str) -> Result<String> {
    let input = json!({ "logGroupName": format!("/aws/lambda/{name}"), "filterPattern": "REPORT" });
    let page = client.logs("FilterLogEvents", &input).await?;
    let last = page["events"].as_array().and_then(|events| events.last()).and_then(|event| event["message"].as_str());
    Ok(last.map_or_else(|| Value::Null.to_string(), |line| line.trim_end().replace('\t', "  ")))
}
