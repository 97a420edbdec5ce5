//! Queues as the demo sets them up: made, with a function that their messages run, and looked at.

use anyhow::{Context, Result};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{self, Client};

/// A queue by both of its names.
pub struct Queue {
    pub url: String,
    pub arn: String,
}

/// Makes a queue with these attributes; one that is there with the same stays.
pub async fn make(client: &Client, name: &str, attributes: &Value) -> Result<Queue> {
    let input = json!({ "QueueName": name, "Attributes": attributes });
    let made = client.sqs("CreateQueue", &input).await.with_context(|| format!("cannot make the queue {name}"))?;
    let url = made["QueueUrl"].as_str().context("a queue without a URL")?.to_owned();
    let arn = attribute(client, &url, "QueueArn").await?;
    Ok(Queue { url, arn })
}

pub async fn set(client: &Client, queue: &Queue, attributes: &Value) -> Result<()> {
    let input = json!({ "QueueUrl": queue.url, "Attributes": attributes });
    client.sqs("SetQueueAttributes", &input).await.map(drop).context("cannot change the queue")
}

/// Runs a function, named by its ARN, for the messages of a queue; those that it names as failed come again.
pub async fn run(client: &Client, queue: &Queue, function: &str) -> Result<()> {
    let input = json!({
        "EventSourceArn": queue.arn,
        "FunctionName": function,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    });
    match client.lambda(Method::POST, "/2015-03-31/event-source-mappings/", Some(&input)).await {
        Ok(_) | Err(client::Error::Refused { status: StatusCode::CONFLICT, .. }) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot have {} run {function}", queue.arn)),
    }
}

pub async fn send(client: &Client, queue: &Queue, body: &Value) -> Result<()> {
    let input = json!({ "QueueUrl": queue.url, "MessageBody": body.to_string() });
    client.sqs("SendMessage", &input).await.map(drop).context("cannot send a message")
}

/// How many messages are in a queue, with those that somebody has received and not deleted.
pub async fn count(client: &Client, queue: &Queue) -> Result<usize> {
    let visible: usize = attribute(client, &queue.url, "ApproximateNumberOfMessages").await?.parse()?;
    let in_flight: usize = attribute(client, &queue.url, "ApproximateNumberOfMessagesNotVisible").await?.parse()?;
    Ok(visible + in_flight)
}

/// Moves the messages of a dead-letter queue back to where they came from.
pub async fn redrive(client: &Client, dead: &Queue) -> Result<()> {
    let input = json!({ "SourceArn": dead.arn });
    client.sqs("StartMessageMoveTask", &input).await.map(drop).context("cannot move the messages back")
}

async fn attribute(client: &Client, url: &str, name: &str) -> Result<String> {
    let input = json!({ "QueueUrl": url, "AttributeNames": [name] });
    let found = client.sqs("GetQueueAttributes", &input).await.with_context(|| format!("cannot look at {url}"))?;
    Ok(found["Attributes"][name].as_str().with_context(|| format!("{url} has no {name}"))?.to_owned())
}
