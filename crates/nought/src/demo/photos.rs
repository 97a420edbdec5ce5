//! The sample application: a page, a bucket that browsers put photos into, and a function that the put runs.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use serde_json::{Value, json};

use super::python::{self, Function};
use super::steps::{millis, spread, timed, title, urls};
use super::{PHOTO, bucket, jpeg, queue};
use crate::client::{Client, Encoded};
use crate::deploy::{self, Deployed};
use crate::server::Server;
use crate::wheels::Wheels;

const PHOTOS: &str = "photos";
pub const THUMBNAILS: &str = "thumbnails";
/// Where the thumbnail function says what it has made.
pub const MADE: &str = "thumbnails-made";
/// Where the page's uploads go.
const PREFIX: &str = "uploads/";

/// Longest wait for a thumbnail: a cold start on a busy machine takes seconds.
const THUMBNAIL_WAIT_MAX: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(5);

/// Further photos, one after the other, and with the first.
const WARM: usize = 5;
pub const SHOWN: usize = 1 + WARM;

/// The application's two functions.
pub struct Application {
    pub page: Deployed,
    pub thumbnail: Deployed,
}

/// One photo's way.
struct Shown {
    key: String,
    asked: Duration,
    stored: Duration,
    /// From the put's acknowledgement to the thumbnail.
    followed: Duration,
    small: Bytes,
}

/// Nothing where the machine lacks what it needs.
pub async fn show(client: &Client, server: &Server, pillow: &Wheels) -> Result<Option<Application>> {
    title("photos: a page uploads straight into a bucket, and the put runs a function that makes the thumbnail");
    if !python::boto3(server.interpreters(), server.data()).await? {
        return Ok(None);
    }
    let application = deploy(client, server, pillow).await?;
    let first = once(client, &application.page).await?;
    let (from, to) = (jpeg::size(PHOTO)?, jpeg::size(&first.small)?);
    println!(
        "   POST {}upload  -> the right to put one photo at {PHOTOS}/{}  {}",
        urls(&application.page)?.path,
        first.key,
        millis(first.asked)
    );
    println!(
        "   PUT {}/{PHOTOS}/ landscape.jpg {from}, {} KiB  -> stored  {}",
        server.endpoint(),
        PHOTO.len() / 1024,
        millis(first.stored)
    );
    println!("   {THUMBNAILS}/{} {to}, {} KiB", first.key, first.small.len() / 1024);
    println!("   from the put's acknowledgement to the thumbnail: first {} (cold)", millis(first.followed));
    let mut times = Vec::with_capacity(WARM);
    for _ in 0..WARM {
        times.push(once(client, &application.page).await?.followed);
    }
    println!("   {WARM} more, one by one: {}", spread(&mut times));
    Ok(Some(application))
}

async fn deploy(client: &Client, server: &Server, pillow: &Wheels) -> Result<Application> {
    for name in [PHOTOS, THUMBNAILS] {
        bucket::make(client, name).await?;
    }
    queue::make(client, MADE, &json!({})).await?;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let thumbnail = Function {
        name: "thumbnail",
        files: &[("lambda_function.py", include_str!("../../../../examples/demo/thumbnail/lambda_function.py"))],
        variables: vec![pair("THUMBNAILS", THUMBNAILS), pair("MADE", MADE)],
    };
    let page = Function {
        name: "photos",
        files: &[
            ("lambda_function.py", include_str!("../../../../examples/demo/photos/lambda_function.py")),
            ("index.html", include_str!("../../../../examples/demo/photos/index.html")),
        ],
        variables: vec![
            pair("PHOTOS", PHOTOS),
            pair("THUMBNAILS", THUMBNAILS),
            pair("PUBLIC_ENDPOINT", &server.endpoint()),
        ],
    };
    let thumbnail = thumbnail.package(&pillow.runtime, Some(pillow.clone())).await?;
    let thumbnail = deploy::deploy(client, &thumbnail, false).await?;
    let page = deploy::deploy(client, &page.package(&pillow.runtime, None).await?, true).await?;
    bucket::notify(client, PHOTOS, PREFIX, &thumbnail.arn).await?;
    println!("   deployed photos in {} ms, thumbnail in {} ms", page.took.as_millis(), thumbnail.took.as_millis());
    println!("   buckets {PHOTOS} and {THUMBNAILS}; an object under {PHOTOS}/{PREFIX} runs thumbnail");
    Ok(Application { page, thumbnail })
}

/// Does what the page does.
async fn once(client: &Client, page: &Deployed) -> Result<Shown> {
    let page = &urls(page)?.path;
    let size = json!({ "size": PHOTO.len() }).to_string();
    let request = Request::post(format!("{page}upload")).body(Full::from(size))?;
    let (given, asked) = timed(client, request).await.context("asking for the right to upload")?;
    let given: Value = serde_json::from_slice(given.body())?;
    let (Some(key), Some(url)) = (given["key"].as_str(), given["url"].as_str()) else {
        bail!("the page's answer was {given}");
    };
    let request =
        Request::put(url).header(header::CONTENT_TYPE, "image/jpeg").body(Full::new(Bytes::from_static(PHOTO)))?;
    let (_, stored) = timed(client, request).await.context("putting the photo")?;
    let followed = wait(client, key).await?;
    let request = Request::get(format!("{page}thumbnail?key={}", Encoded(key))).body(Full::default())?;
    let (found, _) = timed(client, request).await.context("asking for the thumbnail")?;
    let found: Value = serde_json::from_slice(found.body())?;
    let Some(url) = found["url"].as_str() else { bail!("the page's answer was {found}") };
    let (small, _) = timed(client, Request::get(url).body(Full::default())?).await.context("getting the thumbnail")?;
    Ok(Shown { key: key.to_owned(), asked, stored, followed, small: small.into_body() })
}

/// Waits until an object is among the thumbnails, and says how long that was.
pub async fn wait(client: &Client, key: &str) -> Result<Duration> {
    let began = Instant::now();
    while !bucket::has(client, THUMBNAILS, key).await? {
        if began.elapsed() > THUMBNAIL_WAIT_MAX {
            let waited = THUMBNAIL_WAIT_MAX.as_secs();
            bail!("no {THUMBNAILS}/{key} came within {waited} s: `nought logs` of its function may say why");
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(began.elapsed())
}
