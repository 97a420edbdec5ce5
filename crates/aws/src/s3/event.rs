//! The documents in which changes of objects are told.
//!
//! Source: S3 User Guide, "Event message structure" (read 2026-11-24): version 2.1, and 2.3 for tags and lifecycle rules.

use serde_json::{Value, json};
use services::bucket::notification::{By, ObjectEvent, S3};
use services::bucket::{BucketName, ChangeKind};
use services::identity::Principal;
use services::name::AccountId;

use super::about::iso;
use super::face::Ask;
use crate::auth::sha256_hex;

/// What a delete marker has for an ETag: the MD5 of nothing.
const MARKER_ETAG: &str = "d41d8cd98f00b204e9800998ecf8427e";

pub fn arn(bucket: &BucketName) -> String {
    format!("arn:aws:s3:::{}", bucket.as_str())
}

/// The document of an event.
pub fn document(event: &ObjectEvent<'_>) -> String {
    let bucket = event.bucket;
    let principal = match &event.origin.by {
        By::Caller { principal, .. } => principal_id(principal),
        By::Lifecycle => S3.to_owned(),
    };
    let address = match &event.origin.by {
        By::Caller { address, .. } => address,
        By::Lifecycle => S3,
    };
    let record = json!({
        "eventVersion": version(event.name),
        "eventSource": "aws:s3",
        "awsRegion": bucket.region.as_str(),
        "eventTime": iso(event.at),
        "eventName": event.name,
        "userIdentity": { "principalId": principal },
        "requestParameters": { "sourceIPAddress": address },
        "responseElements": { "x-amz-request-id": event.origin.request_id, "x-amz-id-2": event.origin.host_id },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": event.subscription,
            "bucket": {
                "name": bucket.name.as_str(),
                "ownerIdentity": { "principalId": customer_id(&bucket.account) },
                "arn": arn(&bucket.name),
            },
            "object": object(event),
        },
    });
    json!({ "Records": [record] }).to_string()
}

/// The detail of an event on a bus.
///
/// Source: S3 User Guide, "EventBridge event message structure" (read 2026-11-24).
pub fn detail(event: &ObjectEvent<'_>) -> String {
    let change = event.change;
    let mut object = json!({ "key": change.key.as_str() });
    if let Some(size) = change.size.filter(|_| event.name.starts_with("ObjectCreated:")) {
        object["size"] = json!(size);
    }
    match (&change.etag, change.kind) {
        (Some(etag), _) => object["etag"] = json!(etag),
        (None, ChangeKind::MarkerMade) => object["etag"] = json!(MARKER_ETAG),
        (None, _) => {}
    }
    if event.keeps_versions() {
        object["version-id"] = json!(change.version.to_string());
    }
    let mut detail = json!({
        "version": "0",
        "bucket": { "name": event.bucket.name.as_str() },
        "object": object,
        "request-id": event.origin.request_id,
    });
    match &event.origin.by {
        By::Caller { principal, address } => {
            let account = principal.account().unwrap_or(&event.bucket.account);
            detail["requester"] = json!(account.as_str());
            detail["source-ip-address"] = json!(address);
        }
        By::Lifecycle => detail["requester"] = json!(S3),
    }
    let tagging = matches!(change.kind, ChangeKind::TagsPut | ChangeKind::TagsDeleted);
    if !tagging {
        detail["object"]["sequencer"] = json!(format!("{:018X}", change.sequence));
        detail["reason"] = json!(reason(event.name));
    }
    if let Some(how) = deletion(change.kind) {
        detail["deletion-type"] = json!(how);
    }
    detail.to_string()
}

/// The call that made or deleted an object.
fn reason(name: &str) -> &'static str {
    match name {
        "ObjectCreated:Put" => "PutObject",
        "ObjectCreated:Post" => "POST Object",
        "ObjectCreated:Copy" => "CopyObject",
        "ObjectCreated:CompleteMultipartUpload" => "CompleteMultipartUpload",
        name if name.starts_with("LifecycleExpiration:") => "Lifecycle Expiration",
        _ => "DeleteObject",
    }
}

fn deletion(kind: ChangeKind) -> Option<&'static str> {
    match kind {
        ChangeKind::Deleted { .. } => Some("Permanently Deleted"),
        ChangeKind::MarkerMade => Some("Delete Marker Created"),
        ChangeKind::Put
        | ChangeKind::Post
        | ChangeKind::Copy
        | ChangeKind::CompletedUpload
        | ChangeKind::TagsPut
        | ChangeKind::TagsDeleted
        | ChangeKind::Locked => None,
    }
}

fn version(name: &str) -> &'static str {
    match name.starts_with("ObjectTagging:") || name.starts_with("LifecycleExpiration:") {
        true => "2.3",
        false => "2.1",
    }
}

fn object(event: &ObjectEvent<'_>) -> Value {
    let change = event.change;
    let tagging = matches!(change.kind, ChangeKind::TagsPut | ChangeKind::TagsDeleted);
    let mut object = json!({ "key": form_encoded(change.key.as_str()) });
    if let Some(size) = change.size.filter(|_| !tagging) {
        object["size"] = json!(size);
    }
    match (&change.etag, change.kind) {
        (Some(etag), _) => object["eTag"] = json!(etag),
        (None, ChangeKind::MarkerMade) => object["eTag"] = json!(MARKER_ETAG),
        (None, _) => {}
    }
    if event.keeps_versions() {
        object["versionId"] = json!(change.version.to_string());
    }
    // What does not order the versions of a key has no place in that order.
    if !tagging {
        object["sequencer"] = json!(format!("{:018X}", change.sequence));
    }
    object
}

/// As forms encode text: a space is a plus.
fn form_encoded(key: &str) -> String {
    crate::uri::encode_path(key).replace("%20", "+")
}

fn principal_id(principal: &Principal) -> String {
    match principal {
        Principal::Root { account } => customer_id(account),
        Principal::Function(_) => {
            format!("AWS:{}", principal.arn().rsplit(":assumed-role/").next().unwrap_or_default())
        }
        Principal::Anonymous => "Anonymous".to_owned(),
        Principal::Service { name } => (*name).to_owned(),
    }
}

/// The customer id of an account, which is made of its number.
fn customer_id(account: &AccountId) -> String {
    format!("A{}", sha256_hex(account.as_str().as_bytes())[..13].to_ascii_uppercase())
}

/// What a queue is sent when it is made a destination.
pub fn test_message<I>(ask: &Ask<I>, bucket: &str) -> String {
    let (request_id, host_id) = ask.passing.ids();
    json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": iso(ask.services().store().clock()),
        "Bucket": bucket,
        "RequestId": request_id,
        "HostId": host_id,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_are_encoded_as_in_forms() {
        for (key, wanted) in [("red flower.jpg", "red+flower.jpg"), ("a/b+c=d", "a/b%2Bc%3Dd"), ("ü", "%C3%BC")] {
            assert_eq!(super::form_encoded(key), wanted);
        }
    }
}
