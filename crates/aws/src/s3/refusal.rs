//! Errors in S3's form: code, status and text, with the elements that belong to each.
//!
//! Codes, statuses and texts: S3 API reference, "Error responses" (read 2026-11-24).

use std::borrow::Cow;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use services::bucket::tag::TagError;
use services::bucket::{Error, Object};
use services::run::{Body, RequestId};

use super::post::{Malformed, malformed};
use crate::auth;
use crate::protocol::query::escape;
use crate::protocol::whole;

/// An operation did not happen.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub code: Cow<'static, str>,
    pub status: u16,
    pub message: Cow<'static, str>,
    /// More elements, such as `Key`.
    pub fields: Vec<(&'static str, String)>,
    pub headers: Vec<(&'static str, String)>,
}

pub fn refusal(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal { code: code.into(), status, message: message.into(), fields: Vec::new(), headers: Vec::new() }
}

/// An argument that cannot be what it is.
pub fn invalid_argument(name: &str, value: &str, message: impl Into<Cow<'static, str>>) -> Refusal {
    refusal(400, "InvalidArgument", message).field("ArgumentName", name).field("ArgumentValue", value)
}

pub fn malformed_xml() -> Refusal {
    refusal(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

pub fn not_implemented() -> Refusal {
    refusal(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
}

pub fn access_denied() -> Refusal {
    refusal(403, "AccessDenied", "Access Denied")
}

impl Refusal {
    pub fn field(mut self, name: &'static str, value: impl Into<String>) -> Refusal {
        self.fields.push((name, value.into()));
        self
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Refusal {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer; one to HEAD, and one that nothing has changed, has no body.
    pub fn respond(&self, method: &Method, path: &str, request_id: &RequestId, host_id: &str) -> Response<Body> {
        let bodyless = method == Method::HEAD || self.status == 304;
        let body = if bodyless { String::new() } else { self.xml(path, request_id, host_id) };
        let mut response = Response::new(whole(body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.status != 304 {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        }
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::from_str(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    fn xml(&self, path: &str, request_id: &RequestId, host_id: &str) -> String {
        let fields: String =
            self.fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escape(&printable(value)))).collect();
        // An error that says more of what it is about does not name the resource, in the service either.
        let resource = match self.fields.is_empty() {
            true => format!("<Resource>{}</Resource>", escape(path)),
            false => fields,
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>{resource}\
             <RequestId>{}</RequestId><HostId>{host_id}</HostId></Error>",
            self.code,
            escape(&printable(&self.message)),
            request_id.0
        )
    }
}

/// XML cannot hold most control characters, in any way.
fn printable(text: &str) -> Cow<'_, str> {
    let forbidden = |character: char| character < ' ' && !matches!(character, '\t' | '\n' | '\r');
    match text.contains(forbidden) {
        true => text.replace(forbidden, "\u{fffd}").into(),
        false => text.into(),
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        match error {
            Error::InvalidBucketName { name } => {
                refusal(400, "InvalidBucketName", "The specified bucket is not valid.").field("BucketName", name)
            }
            Error::KeyTooLong { given } => refusal(400, "KeyTooLongError", "Your key is too long")
                .field("Size", given.to_string())
                .field("MaxSizeAllowed", "1024"),
            Error::NoSuchBucket { name } => {
                refusal(404, "NoSuchBucket", "The specified bucket does not exist").field("BucketName", name)
            }
            Error::BucketAlreadyOwnedByYou { name } => refusal(
                409,
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
            )
            .field("BucketName", name),
            Error::BucketAlreadyExists { name } => refusal(
                409,
                "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
                 Please select a different name and try again.",
            )
            .field("BucketName", name),
            Error::TooManyBuckets { .. } => {
                refusal(400, "TooManyBuckets", "You have attempted to create more buckets than allowed")
            }
            Error::BucketNotEmpty { name } => {
                refusal(409, "BucketNotEmpty", "The bucket you tried to delete is not empty").field("BucketName", name)
            }
            Error::VersioningIsLocked => refusal(
                409,
                "InvalidBucketState",
                "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
            ),
            Error::NoSuchKey { key } => {
                refusal(404, "NoSuchKey", "The specified key does not exist.").field("Key", key)
            }
            Error::DeleteMarker { key, version, newest: true } => {
                refusal(404, "NoSuchKey", "The specified key does not exist.")
                    .field("Key", key)
                    .header("x-amz-delete-marker", "true")
                    .header("x-amz-version-id", version.to_string())
            }
            Error::DeleteMarker { version, newest: false, .. } => {
                refusal(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
                    .field("Method", "GET")
                    .field("ResourceType", "DeleteMarker")
                    .header("allow", "DELETE")
                    .header("x-amz-delete-marker", "true")
                    .header("x-amz-version-id", version.to_string())
            }
            Error::NoSuchVersion { key, version } => {
                refusal(404, "NoSuchVersion", "The specified version does not exist.")
                    .field("Key", key)
                    .field("VersionId", version)
            }
            Error::MalformedVersion { version } => {
                invalid_argument("versionId", &version, "Invalid version id specified")
            }
            Error::NoSuchUpload { upload } => refusal(
                404,
                "NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted \
                 or completed.",
            )
            .field("UploadId", upload),
            Error::PreconditionFailed { condition } => {
                refusal(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
                    .field("Condition", condition)
            }
            Error::NotModified { object } => not_modified(&object),
            Error::RangeNotSatisfiable { size } => {
                refusal(416, "InvalidRange", "The requested range is not satisfiable")
                    .field("ActualObjectSize", size.to_string())
                    .header("content-range", format!("bytes */{size}"))
            }
            Error::NoSuchPart { parts } => {
                refusal(416, "InvalidPartNumber", "The requested partnumber is not satisfiable")
                    .field("ActualPartCount", parts.to_string())
            }
            Error::TooLarge { given, max } => {
                refusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
                    .field("ProposedSize", given.to_string())
                    .field("MaxSizeAllowed", max.to_string())
            }
            Error::TooSmall { given, min } => {
                refusal(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
                    .field("ProposedSize", given.to_string())
                    .field("MinSizeAllowed", min.to_string())
            }
            Error::Incomplete => incomplete(),
            Error::Body(error) => of_body(&*error),
            Error::BadDigest => {
                refusal(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
            }
            Error::BadChecksum { algorithm } => refusal(
                400,
                "BadDigest",
                format!("The {algorithm} you specified did not match the calculated checksum."),
            ),
            Error::InvalidPart { number, etag } => refusal(
                400,
                "InvalidPart",
                "One or more of the specified parts could not be found.  The part may not have been uploaded, or the \
                 specified entity tag may not match the part's entity tag.",
            )
            .field("PartNumber", number.to_string())
            .field("ETag", etag),
            Error::InvalidPartOrder => refusal(
                400,
                "InvalidPartOrder",
                "The list of parts was not in ascending order. Parts must be ordered by part number.",
            ),
            Error::PartTooSmall { number, size, min, etag } => {
                refusal(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
                    .field("ProposedSize", size.to_string())
                    .field("MinSizeAllowed", min.to_string())
                    .field("PartNumber", number.to_string())
                    .field("ETag", etag)
            }
            Error::NoParts => malformed_xml(),
            Error::WrongSize { stated, size } => refusal(
                400,
                "InvalidRequest",
                format!("The provided 'x-amz-mp-object-size' header value {stated} does not match what was computed: {size}"),
            ),
            Error::Locked => {
                refusal(403, "AccessDenied", "Access Denied because object protected by object lock.")
            }
            Error::RetentionShortened => {
                refusal(403, "AccessDenied", "Access Denied because object protected by object lock.")
            }
            Error::NoObjectLock => refusal(400, "InvalidRequest", "Bucket is missing Object Lock Configuration"),
            Error::NoRetention => refusal(
                404,
                "NoSuchObjectLockConfiguration",
                "The specified object does not have a ObjectLock configuration",
            ),
            Error::RetentionInThePast => {
                refusal(400, "InvalidArgument", "The retain until date must be in the future!")
            }
            Error::CustomerKeyNeeded => refusal(
                400,
                "InvalidRequest",
                "The object was stored using a form of Server Side Encryption. The correct parameters must be provided \
                 to retrieve the object.",
            ),
            Error::CustomerKeyNotNeeded => refusal(
                400,
                "InvalidRequest",
                "The encryption parameters are not applicable to this object.",
            ),
            Error::WrongCustomerKey => access_denied(),
            Error::NoConfig { kind } => no_config(kind),
            Error::Notifications(invalid) => super::notification::refused(&invalid),
            Error::Tags(error) => of_tags(&error),
            Error::Store(store::Error::Full) => {
                refusal(503, "ServiceUnavailable", "The disk that holds the data is full. Reduce what is stored.")
            }
            Error::Unreadable(_) | Error::Store(_) => {
                tracing::error!(%error, "a request failed inside");
                refusal(500, "InternalError", "We encountered an internal error. Please try again.")
            }
        }
    }
}

fn no_config(kind: &str) -> Refusal {
    match kind {
        "tags" => refusal(404, "NoSuchTagSet", "The TagSet does not exist"),
        "cors" => refusal(404, "NoSuchCORSConfiguration", "The CORS configuration does not exist"),
        "lifecycle" => refusal(404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
        "public access block" => {
            refusal(404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
        }
        _ => refusal(404, "NoSuchConfiguration", "The specified configuration does not exist."),
    }
}

pub fn incomplete() -> Refusal {
    refusal(
        400,
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
}

fn of_tags(error: &TagError) -> Refusal {
    match error {
        TagError::TooMany { max: 10 } => refusal(400, "BadRequest", "Object tags cannot be greater than 10"),
        TagError::TooMany { .. } => refusal(400, "BadRequest", "Bucket tag count cannot be greater than 50"),
        TagError::Key { key } => {
            refusal(400, "InvalidTag", "The TagKey you have provided is invalid").field("TagKey", key)
        }
        TagError::Value { value } => {
            refusal(400, "InvalidTag", "The TagValue you have provided is invalid").field("TagValue", value)
        }
        TagError::Twice { key } => {
            refusal(400, "InvalidTag", "Cannot provide multiple Tags with the same key").field("TagKey", key)
        }
        TagError::System => refusal(400, "InvalidTag", "System tags cannot be added/updated by requester"),
    }
}

fn not_modified(object: &Object) -> Refusal {
    let headers = super::about::validators(object);
    headers
        .into_iter()
        .fold(refusal(304, "NotModified", "Not Modified"), |refusal, (name, value)| refusal.header(name, value))
}

/// A body that differs from the hash that its signature covers.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the body has the SHA-256 {computed}, and {stated} was signed")]
pub struct PayloadDiffers {
    pub stated: String,
    pub computed: String,
}

/// What went wrong with a body on its way in. `s3s` tells its own errors by text alone.
fn of_body(error: &(dyn std::error::Error + 'static)) -> Refusal {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(PayloadDiffers { stated, computed }) = error.downcast_ref() {
            return refusal(
                400,
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )
            .field("ClientComputedContentSHA256", stated)
            .field("S3ComputedContentSHA256", computed);
        }
        if error.is::<Malformed>() {
            return malformed();
        }
        cause = error.source();
    }
    let text = error.to_string();
    if text.contains("SignatureMismatch") {
        of_signature(&auth::Refusal::Mismatch)
    } else if text.contains("FormatError") || text.contains("TooLarge") || text.contains("TooMany") {
        refusal(400, "InvalidRequest", "The body is not in the form that its aws-chunked encoding says")
    } else {
        incomplete()
    }
}

/// What S3 calls a signature that was not accepted.
pub fn of_signature(error: &auth::Refusal) -> Refusal {
    match error {
        auth::Refusal::Missing => access_denied(),
        auth::Refusal::Unsupported { .. } => refusal(
            400,
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        ),
        auth::Refusal::Incomplete(text) => match text.contains("query-string") || text.starts_with("X-Amz-") {
            true => refusal(400, "AuthorizationQueryParametersError", text.clone()),
            false => refusal(400, "AuthorizationHeaderMalformed", text.clone()),
        },
        auth::Refusal::ScopeDate { .. } => {
            refusal(400, "AuthorizationHeaderMalformed", format!("The authorization header is malformed; {error}"))
        }
        auth::Refusal::Region | auth::Refusal::Service { .. } => refusal(
            400,
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; the region or the service is wrong",
        ),
        auth::Refusal::Expired { presigned: true, .. } => refusal(403, "AccessDenied", "Request has expired"),
        auth::Refusal::NotYetCurrent { .. } | auth::Refusal::Expired { presigned: false, .. } => refusal(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        auth::Refusal::Unsigned { header } => {
            refusal(403, "AccessDenied", "There were headers present in the request which were not signed")
                .field("HeadersNotSigned", header)
        }
        auth::Refusal::UnknownKey => {
            refusal(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        }
        auth::Refusal::ExpiredToken => refusal(400, "ExpiredToken", "The provided token has expired."),
        auth::Refusal::Mismatch => refusal(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing \
             method.",
        ),
    }
}

/// An error that `s3s` wrote: its code and text, in our form.
pub fn of_s3s(status: u16, xml: &str) -> Refusal {
    let element = |name: &str| {
        let (_, rest) = xml.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| unescape(text))
    };
    let code = element("Code").unwrap_or_else(|| "InternalError".to_owned());
    let told = element("Message");
    let (status, text) = match (code.as_str(), told) {
        ("InvalidURI", _) => (400, "Couldn't parse the specified URI.".to_owned()),
        ("InvalidBucketName", _) => (400, "The specified bucket is not valid.".to_owned()),
        ("KeyTooLongError", _) => (400, "Your key is too long".to_owned()),
        ("MalformedXML", _) => (400, malformed_xml().message.into_owned()),
        ("MissingContentLength", _) => (411, "You must provide the Content-Length HTTP header.".to_owned()),
        ("MethodNotAllowed", _) => (405, "The specified method is not allowed against this resource.".to_owned()),
        ("MaxMessageLengthExceeded", _) => (400, "Your request was too big.".to_owned()),
        ("NotImplemented", Some(told)) if told == "Unknown operation" => {
            return refusal(405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
        }
        (_, told) => (status, told.unwrap_or_default()),
    };
    Refusal { code: code.into(), status, message: text.into(), fields: Vec::new(), headers: Vec::new() }
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}

/// The path as an error names it.
pub fn resource(parts: &Parts) -> String {
    crate::uri::decode(parts.uri.path()).into_owned()
}
