//! The operation table of S3: one row for each operation, and nothing else knows the list.
//!
//! Names: S3 API reference. Actions: Service Authorization Reference, "Actions, resources, and condition keys for Amazon
//! S3" (both read 2026-11-24).

/// An operation.
pub struct Row {
    pub name: &'static str,
    /// The IAM action.
    pub action: &'static str,
    /// The action where the request names a version.
    pub of_version: Option<&'static str>,
    pub on: On,
    /// Whether it is here; one that is not refuses.
    pub here: bool,
}

/// What an operation is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Account,
    Bucket,
    Object,
}

const fn row(name: &'static str, action: &'static str, on: On) -> Row {
    Row { name, action, of_version: None, on, here: true }
}

const fn versioned(name: &'static str, action: &'static str, of_version: &'static str) -> Row {
    Row { name, action, of_version: Some(of_version), on: On::Object, here: true }
}

const fn absent(name: &'static str, action: &'static str, on: On) -> Row {
    Row { name, action, of_version: None, on, here: false }
}

use On::{Account, Bucket, Object};

pub static ROWS: &[Row] = &[
    row("AbortMultipartUpload", "s3:AbortMultipartUpload", Object),
    row("CompleteMultipartUpload", "s3:PutObject", Object),
    row("CopyObject", "s3:PutObject", Object),
    row("CreateBucket", "s3:CreateBucket", Bucket),
    row("CreateMultipartUpload", "s3:PutObject", Object),
    row("DeleteBucket", "s3:DeleteBucket", Bucket),
    row("DeleteBucketCors", "s3:PutBucketCORS", Bucket),
    row("DeleteBucketEncryption", "s3:PutEncryptionConfiguration", Bucket),
    row("DeleteBucketLifecycle", "s3:PutLifecycleConfiguration", Bucket),
    row("DeleteBucketTagging", "s3:PutBucketTagging", Bucket),
    versioned("DeleteObject", "s3:DeleteObject", "s3:DeleteObjectVersion"),
    versioned("DeleteObjectTagging", "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
    // Each key is authorized on its own as well.
    row("DeleteObjects", "s3:DeleteObject", Bucket),
    row("DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock", Bucket),
    row("GetBucketAcl", "s3:GetBucketAcl", Bucket),
    row("GetBucketCors", "s3:GetBucketCORS", Bucket),
    row("GetBucketEncryption", "s3:GetEncryptionConfiguration", Bucket),
    row("GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", Bucket),
    row("GetBucketLocation", "s3:GetBucketLocation", Bucket),
    row("GetBucketNotificationConfiguration", "s3:GetBucketNotification", Bucket),
    row("GetBucketOwnershipControls", "s3:GetBucketOwnershipControls", Bucket),
    row("GetBucketPolicy", "s3:GetBucketPolicy", Bucket),
    row("GetBucketTagging", "s3:GetBucketTagging", Bucket),
    row("GetBucketVersioning", "s3:GetBucketVersioning", Bucket),
    versioned("GetObject", "s3:GetObject", "s3:GetObjectVersion"),
    versioned("GetObjectAcl", "s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    versioned("GetObjectAttributes", "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"),
    row("GetObjectLegalHold", "s3:GetObjectLegalHold", Object),
    row("GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration", Bucket),
    row("GetObjectRetention", "s3:GetObjectRetention", Object),
    versioned("GetObjectTagging", "s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
    row("GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", Bucket),
    row("HeadBucket", "s3:ListBucket", Bucket),
    versioned("HeadObject", "s3:GetObject", "s3:GetObjectVersion"),
    row("ListBuckets", "s3:ListAllMyBuckets", Account),
    row("ListMultipartUploads", "s3:ListBucketMultipartUploads", Bucket),
    row("ListObjectVersions", "s3:ListBucketVersions", Bucket),
    row("ListObjects", "s3:ListBucket", Bucket),
    row("ListObjectsV2", "s3:ListBucket", Bucket),
    row("ListParts", "s3:ListMultipartUploadParts", Object),
    // By `post`, not by `s3s`.
    row("PostObject", "s3:PutObject", Object),
    row("PutBucketAcl", "s3:PutBucketAcl", Bucket),
    row("PutBucketCors", "s3:PutBucketCORS", Bucket),
    row("PutBucketEncryption", "s3:PutEncryptionConfiguration", Bucket),
    row("PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration", Bucket),
    row("PutBucketNotificationConfiguration", "s3:PutBucketNotification", Bucket),
    row("PutBucketOwnershipControls", "s3:PutBucketOwnershipControls", Bucket),
    row("PutBucketTagging", "s3:PutBucketTagging", Bucket),
    row("PutBucketVersioning", "s3:PutBucketVersioning", Bucket),
    row("PutObject", "s3:PutObject", Object),
    versioned("PutObjectAcl", "s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
    row("PutObjectLegalHold", "s3:PutObjectLegalHold", Object),
    row("PutObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration", Bucket),
    row("PutObjectRetention", "s3:PutObjectRetention", Object),
    versioned("PutObjectTagging", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
    row("PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock", Bucket),
    row("UploadPart", "s3:PutObject", Object),
    row("UploadPartCopy", "s3:PutObject", Object),
    absent("CreateBucketMetadataTableConfiguration", "s3:CreateBucketMetadataTableConfiguration", Bucket),
    absent("CreateSession", "s3express:CreateSession", Bucket),
    absent("DeleteBucketAnalyticsConfiguration", "s3:PutAnalyticsConfiguration", Bucket),
    absent("DeleteBucketIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration", Bucket),
    absent("DeleteBucketInventoryConfiguration", "s3:PutInventoryConfiguration", Bucket),
    absent("DeleteBucketMetadataTableConfiguration", "s3:DeleteBucketMetadataTableConfiguration", Bucket),
    absent("DeleteBucketMetricsConfiguration", "s3:PutMetricsConfiguration", Bucket),
    absent("DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls", Bucket),
    absent("DeleteBucketPolicy", "s3:DeleteBucketPolicy", Bucket),
    absent("DeleteBucketReplication", "s3:PutReplicationConfiguration", Bucket),
    absent("DeleteBucketWebsite", "s3:DeleteBucketWebsite", Bucket),
    absent("GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration", Bucket),
    absent("GetBucketAnalyticsConfiguration", "s3:GetAnalyticsConfiguration", Bucket),
    absent("GetBucketIntelligentTieringConfiguration", "s3:GetIntelligentTieringConfiguration", Bucket),
    absent("GetBucketInventoryConfiguration", "s3:GetInventoryConfiguration", Bucket),
    absent("GetBucketLogging", "s3:GetBucketLogging", Bucket),
    absent("GetBucketMetadataTableConfiguration", "s3:GetBucketMetadataTableConfiguration", Bucket),
    absent("GetBucketMetricsConfiguration", "s3:GetMetricsConfiguration", Bucket),
    absent("GetBucketPolicyStatus", "s3:GetBucketPolicyStatus", Bucket),
    absent("GetBucketReplication", "s3:GetReplicationConfiguration", Bucket),
    absent("GetBucketRequestPayment", "s3:GetBucketRequestPayment", Bucket),
    absent("GetBucketWebsite", "s3:GetBucketWebsite", Bucket),
    absent("GetObjectTorrent", "s3:GetObjectTorrent", Object),
    absent("ListBucketAnalyticsConfigurations", "s3:GetAnalyticsConfiguration", Bucket),
    absent("ListBucketIntelligentTieringConfigurations", "s3:GetIntelligentTieringConfiguration", Bucket),
    absent("ListBucketInventoryConfigurations", "s3:GetInventoryConfiguration", Bucket),
    absent("ListBucketMetricsConfigurations", "s3:GetMetricsConfiguration", Bucket),
    absent("ListDirectoryBuckets", "s3express:ListAllMyDirectoryBuckets", Account),
    absent("PutBucketAccelerateConfiguration", "s3:PutAccelerateConfiguration", Bucket),
    absent("PutBucketAnalyticsConfiguration", "s3:PutAnalyticsConfiguration", Bucket),
    absent("PutBucketIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration", Bucket),
    absent("PutBucketInventoryConfiguration", "s3:PutInventoryConfiguration", Bucket),
    absent("PutBucketLogging", "s3:PutBucketLogging", Bucket),
    absent("PutBucketMetricsConfiguration", "s3:PutMetricsConfiguration", Bucket),
    // Comes with the evaluation of bucket policies: one that is not enforced must not be accepted.
    absent("PutBucketPolicy", "s3:PutBucketPolicy", Bucket),
    absent("PutBucketReplication", "s3:PutReplicationConfiguration", Bucket),
    absent("PutBucketRequestPayment", "s3:PutBucketRequestPayment", Bucket),
    absent("PutBucketWebsite", "s3:PutBucketWebsite", Bucket),
    absent("RestoreObject", "s3:RestoreObject", Object),
    absent("SelectObjectContent", "s3:GetObject", Object),
    absent("WriteGetObjectResponse", "s3-object-lambda:WriteGetObjectResponse", Account),
];

pub fn find(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}
