//! Buckets as the demo sets them up: made, and with a function that their objects run.

use anyhow::{Context, Result};
use aws::auth::sha256_hex;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;

use crate::client::{self, Client, Encoded};

/// Makes a bucket; one that is there stays.
pub async fn make(client: &Client, name: &str) -> Result<()> {
    let made = call(client, Method::PUT, &format!("/{name}"), Bytes::new()).await;
    made.map(drop).with_context(|| format!("cannot make the bucket {name}"))
}

/// Runs a function, named by its ARN, for every object that is put under a prefix.
pub async fn notify(client: &Client, bucket: &str, prefix: &str, function: &str) -> Result<()> {
    let permission = json!({
        "StatementId": format!("{bucket}-bucket"),
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceArn": format!("arn:aws:s3:::{bucket}"),
    });
    let path = format!("/2015-03-31/functions/{}/policy", Encoded(function));
    match client.lambda(Method::POST, &path, Some(&permission)).await {
        Ok(_) | Err(client::Error::Refused { status: StatusCode::CONFLICT, .. }) => {}
        Err(error) => return Err(error).with_context(|| format!("cannot let {bucket} run {function}")),
    }
    let configuration = format!(
        "<NotificationConfiguration><CloudFunctionConfiguration><Id>thumbnails</Id>\
         <CloudFunction>{function}</CloudFunction><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule>\
         <Name>prefix</Name><Value>{prefix}</Value></FilterRule></S3Key></Filter></CloudFunctionConfiguration>\
         </NotificationConfiguration>"
    );
    let put = call(client, Method::PUT, &format!("/{bucket}?notification"), configuration.into()).await;
    put.map(drop).with_context(|| format!("cannot have {bucket} run {function}"))
}

/// Puts a small object.
pub async fn put(client: &Client, bucket: &str, key: &str, body: Bytes) -> Result<()> {
    let put = call(client, Method::PUT, &format!("/{bucket}/{key}"), body).await;
    put.map(drop).with_context(|| format!("cannot put {key} into {bucket}"))
}

/// Whether there is an object.
pub async fn has(client: &Client, bucket: &str, key: &str) -> Result<bool> {
    match call(client, Method::HEAD, &format!("/{bucket}/{key}"), Bytes::new()).await {
        Ok(_) => Ok(true),
        Err(client::Error::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn call(client: &Client, method: Method, path: &str, body: Bytes) -> Result<Bytes, client::Error> {
    let hash = sha256_hex(&body);
    let headers = [("x-amz-content-sha256", hash.as_str())];
    client.call("s3", method, path, &headers, body).await.map(http::Response::into_body)
}
