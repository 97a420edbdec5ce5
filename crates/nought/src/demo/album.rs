//! A worker behind a queue: it hears of each thumbnail by a message, and what it cannot take ends in a dead-letter queue.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use bytes::Bytes;
use serde_json::json;

use super::python::Function;
use super::queue::{self, Queue};
use super::steps::{millis, title};
use super::{bucket, photos};
use crate::client::Client;
use crate::deploy::{self, Deployed};

const FAILED: &str = "album-failed";
/// A message that fails comes again when the function's time is over.
const TIMEOUT_SECS: u32 = 3;
const RECEIVES_MAX: u32 = 2;
/// Longest wait for messages to be taken, or to end in the dead-letter queue.
const WAIT_MAX: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// A thumbnail of which a message tells before it is there.
const LATE: &str = "uploads/late.jpg";

pub async fn show(client: &Client, runtime: &str) -> Result<Deployed> {
    title("album: each thumbnail is a message on a queue, and a worker takes it");
    let made = queue::make(client, photos::MADE, &json!({})).await?;
    let failed = queue::make(client, FAILED, &json!({})).await?;
    let redrive = json!({ "deadLetterTargetArn": failed.arn, "maxReceiveCount": RECEIVES_MAX }).to_string();
    queue::set(client, &made, &json!({ "RedrivePolicy": redrive, "VisibilityTimeout": TIMEOUT_SECS.to_string() }))
        .await?;
    let function = Function {
        name: "album",
        files: &[("lambda_function.py", include_str!("../../../../examples/demo/album/lambda_function.py"))],
        variables: vec![("THUMBNAILS".to_owned(), photos::THUMBNAILS.to_owned())],
    };
    let mut package = function.package(runtime, None).await?;
    package.timeout_secs = Some(TIMEOUT_SECS);
    let album = deploy::deploy(client, &package, false).await?;
    until(client, &made, photos::SHOWN).await?;
    queue::run(client, &made, &album.arn).await?;
    println!("   deployed album in {} ms; a message on {} runs it", album.took.as_millis(), photos::MADE);
    let took = until(client, &made, 0).await?;
    println!("   {} messages waited for it: taken after {}", photos::SHOWN, millis(took));

    queue::send(client, &made, &json!({ "key": LATE })).await?;
    let died = until(client, &failed, 1).await?;
    println!(
        "   a message of a thumbnail that is not there: failed {RECEIVES_MAX} times, in {FAILED} after {:.1} s",
        died.as_secs_f64()
    );
    bucket::put(client, photos::THUMBNAILS, LATE, Bytes::from_static(super::PHOTO)).await?;
    queue::redrive(client, &failed).await?;
    let taken = photos::wait(client, &format!("album/{LATE}.json")).await?;
    println!("   the thumbnail put and the message moved back: taken after {}", millis(taken));
    Ok(album)
}

/// Waits until a queue has so many messages, and says how long that was.
async fn until(client: &Client, queue: &Queue, count: usize) -> Result<Duration> {
    let began = Instant::now();
    loop {
        match queue::count(client, queue).await? {
            found if found == count => return Ok(began.elapsed()),
            found if began.elapsed() > WAIT_MAX => {
                bail!("{} has {found} messages and not {count}: `nought logs album` may say why", queue.arn)
            }
            _ => tokio::time::sleep(POLL).await,
        }
    }
}
