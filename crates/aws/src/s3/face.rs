//! Joins our handlers to the operations of `s3s`: each has one line here.

use std::future::Future;

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use s3s::dto;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use services::Services;

use super::front::Passing;
use super::refusal::Refusal;
use super::{bucket, config, lifecycle, list, notification, object, upload};

pub struct Face;

/// What a handler is given.
pub struct Ask<I> {
    pub input: I,
    pub headers: HeaderMap,
    pub query: String,
    pub passing: Passing,
    /// They are there once the body has come.
    pub trailers: Option<s3s::TrailingHeaders>,
}

impl<I> Ask<I> {
    pub fn services(&self) -> &Services {
        &self.passing.call.services
    }

    /// A parameter of the query, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        crate::uri::pairs(&self.query).into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }
}

/// What a handler gives.
pub type Answer<O> = Result<Told<O>, Refusal>;

/// An output, and what travels in headers of its own making.
pub struct Told<O> {
    pub output: O,
    pub headers: HeaderMap,
    pub status: Option<StatusCode>,
}

impl<O> From<O> for Told<O> {
    fn from(output: O) -> Told<O> {
        Told { output, headers: HeaderMap::new(), status: None }
    }
}

pub fn told<O>(output: O, headers: HeaderMap) -> Told<O> {
    Told { output, headers, status: None }
}

async fn answer<I, O, Fut>(request: S3Request<I>, handler: impl FnOnce(Ask<I>) -> Fut) -> S3Result<S3Response<O>>
where
    Fut: Future<Output = Answer<O>>,
{
    let Some(passing) = request.extensions.get::<Passing>().cloned() else {
        return Err(S3Error::new(S3ErrorCode::InternalError));
    };
    let ask = Ask {
        input: request.input,
        // Those that were signed: `s3s` changes the length of a body in chunks.
        headers: passing.call.headers.clone(),
        query: request.uri.query().unwrap_or_default().to_owned(),
        passing: passing.clone(),
        trailers: request.trailing_headers,
    };
    match handler(ask).await {
        Ok(Told { output, headers, status }) => {
            if let Some(status) = status {
                passing.answer_with(status);
            }
            Ok(S3Response::with_headers(output, headers))
        }
        Err(refusal) => Err(passing.refuse(refusal)),
    }
}

macro_rules! operations {
    ($($method:ident($input:ident) -> $output:ident = $handler:path;)*) => {
        #[async_trait]
        impl s3s::S3 for Face {$(
            async fn $method(&self, request: S3Request<dto::$input>) -> S3Result<S3Response<dto::$output>> {
                answer(request, $handler).await
            }
        )*}
    };
}

operations! {
    create_bucket(CreateBucketInput) -> CreateBucketOutput = bucket::create_bucket;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = bucket::delete_bucket;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = bucket::get_bucket_location;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = bucket::get_bucket_versioning;
    head_bucket(HeadBucketInput) -> HeadBucketOutput = bucket::head_bucket;
    list_buckets(ListBucketsInput) -> ListBucketsOutput = bucket::list_buckets;
    put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput = bucket::put_bucket_versioning;

    copy_object(CopyObjectInput) -> CopyObjectOutput = object::copy_object;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput = object::delete_object;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = object::delete_objects;
    get_object(GetObjectInput) -> GetObjectOutput = object::get_object;
    get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput = object::get_object_attributes;
    head_object(HeadObjectInput) -> HeadObjectOutput = object::head_object;
    put_object(PutObjectInput) -> PutObjectOutput = object::put_object;

    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput = list::list_multipart_uploads;
    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput = list::list_object_versions;
    list_objects(ListObjectsInput) -> ListObjectsOutput = list::list_objects;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = list::list_objects_v2;
    list_parts(ListPartsInput) -> ListPartsOutput = list::list_parts;

    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = upload::abort_multipart_upload;
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput = upload::complete_multipart_upload;
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput = upload::create_multipart_upload;
    upload_part(UploadPartInput) -> UploadPartOutput = upload::upload_part;
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = upload::upload_part_copy;

    delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput = config::delete_bucket_cors;
    delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput = config::delete_bucket_encryption;
    delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput = config::delete_bucket_tagging;
    delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput = config::delete_object_tagging;
    delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput = config::delete_public_access_block;
    get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = config::get_bucket_acl;
    get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput = config::get_bucket_cors;
    get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput = config::get_bucket_encryption;
    get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput = config::get_bucket_ownership_controls;
    get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = config::get_bucket_policy;
    get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput = config::get_bucket_tagging;
    get_object_acl(GetObjectAclInput) -> GetObjectAclOutput = config::get_object_acl;
    get_object_legal_hold(GetObjectLegalHoldInput) -> GetObjectLegalHoldOutput = config::get_object_legal_hold;
    get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput = config::get_object_lock_configuration;
    get_object_retention(GetObjectRetentionInput) -> GetObjectRetentionOutput = config::get_object_retention;
    get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = config::get_object_tagging;
    get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput = config::get_public_access_block;
    put_bucket_acl(PutBucketAclInput) -> PutBucketAclOutput = config::put_bucket_acl;
    put_bucket_cors(PutBucketCorsInput) -> PutBucketCorsOutput = config::put_bucket_cors;
    put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput = config::put_bucket_encryption;
    put_bucket_ownership_controls(PutBucketOwnershipControlsInput) -> PutBucketOwnershipControlsOutput = config::put_bucket_ownership_controls;
    put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput = config::put_bucket_tagging;
    put_object_acl(PutObjectAclInput) -> PutObjectAclOutput = config::put_object_acl;
    put_object_legal_hold(PutObjectLegalHoldInput) -> PutObjectLegalHoldOutput = config::put_object_legal_hold;
    put_object_lock_configuration(PutObjectLockConfigurationInput) -> PutObjectLockConfigurationOutput = config::put_object_lock_configuration;
    put_object_retention(PutObjectRetentionInput) -> PutObjectRetentionOutput = config::put_object_retention;
    put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = config::put_object_tagging;
    delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput = lifecycle::delete_bucket_lifecycle;
    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput = lifecycle::get_bucket_lifecycle_configuration;
    put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput = lifecycle::put_bucket_lifecycle_configuration;

    get_bucket_notification_configuration(GetBucketNotificationConfigurationInput) -> GetBucketNotificationConfigurationOutput = notification::get_bucket_notification_configuration;
    put_bucket_notification_configuration(PutBucketNotificationConfigurationInput) -> PutBucketNotificationConfigurationOutput = notification::put_bucket_notification_configuration;
    put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput = config::put_public_access_block;
}
