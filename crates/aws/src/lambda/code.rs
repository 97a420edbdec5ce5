//! Code on its way in and out: uploads, updates, and links to download it.

use bytes::Bytes;
use hmac::{Hmac, Mac};
use http::{Response, StatusCode, Uri};
use services::Services;
use services::function::UpdateCode;
use services::run::{Body, CodeId};
use sha2::Sha256;

use super::arn::Target;
use super::configuration::{architecture, render};
use super::function::{LATEST_ONLY, published};
use super::refusal::{invalid, not_yet, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::protocol::whole;
use crate::shapes::lambda as shapes;
use crate::uri;

/// Largest body of an upload: 50 MiB as base64, and the settings beside it. Source: "Request must be smaller than
/// 70167211 bytes for the CreateFunction operation", as the service answers (read 2026-11-24).
pub const UPLOAD_BYTES_MAX: usize = 70_167_211;

/// Where packages are downloaded: the path goes on with the code's id.
pub const PATH: &str = "/_nought/code/";

/// How long a link is good. Source: Lambda API reference, GetFunction, `Code.Location` (10 minutes, read 2026-11-24).
const LINK_MILLIS: i64 = 10 * 60 * 1000;

pub async fn update(
    call: Call,
    input: shapes::UpdateFunctionCodeRequest,
) -> Result<shapes::FunctionConfiguration, Error> {
    let id = Target::whole(&call, &input.function_name, LATEST_ONLY)?;
    let source = shapes::FunctionCode {
        zip_file: input.zip_file,
        s3_bucket: input.s3_bucket,
        s3_key: input.s3_key,
        s3_object_version: input.s3_object_version,
        image_uri: input.image_uri,
        source_kms_key_arn: input.source_kms_key_arn,
    };
    let update = UpdateCode {
        package: of_create(source)?,
        architecture: architecture(input.architectures.as_deref()),
        revision: input.revision_id,
        publish: input.publish.unwrap_or(false),
        dry_run: input.dry_run.unwrap_or(false),
    };
    let updated = call.services.functions().update_code(&id, update).await;
    let updated = updated.map_err(|error| refuse(&call, &id, error))?;
    Ok(render(&call, &id, &updated, published(&updated.0).as_ref()))
}

/// The package that a request brings.
pub fn of_create(code: shapes::FunctionCode) -> Result<Bytes, Error> {
    let elsewhere = code.s3_bucket.is_some() || code.s3_key.is_some() || code.image_uri.is_some();
    match code.zip_file {
        Some(_) if elsewhere => {
            Err(invalid("Please do not provide other FunctionCode parameters when providing a ZipFile."))
        }
        Some(package) if package.0.is_empty() => Err(invalid("Uploaded file must be a non-empty zip")),
        Some(package) => Ok(package.0),
        None if code.image_uri.is_some() => Err(not_yet("Code from ImageUri")),
        None if elsewhere => Err(not_yet("Code from S3Bucket and S3Key")),
        None => Err(invalid("Please provide a source for function code.")),
    }
}

/// A link to the package that works for a while, for whoever has it.
pub fn location(call: &Call, code: &CodeId) -> String {
    let expires = call.services.store().clock().millis() + LINK_MILLIS;
    format!("http://{}{}", call.authority, link(&call.services, code, expires))
}

pub(super) fn link(services: &Services, code: &CodeId, expires_millis: i64) -> String {
    let code = hex::encode(code.0);
    let signature = hex::encode(seal(services, &code, expires_millis).finalize().into_bytes());
    format!("{PATH}{code}?expires={expires_millis}&signature={signature}")
}

/// Answers a GET of a link that [`location`] made.
pub async fn download(services: &Services, link: &Uri) -> Response<Body> {
    let Some(code) = verify(services, link) else {
        return plain(StatusCode::FORBIDDEN, "text/plain", FORBIDDEN.into());
    };
    match services.functions().package(&code).await {
        Ok(Some(package)) => plain(StatusCode::OK, "application/zip", package),
        Ok(None) => plain(StatusCode::NOT_FOUND, "text/plain", "This code is no longer there.\n".into()),
        Err(error) => {
            tracing::error!(%error, "a package could not be read");
            plain(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "The package cannot be read now.\n".into())
        }
    }
}

const FORBIDDEN: &str = "This link is not valid or has expired: ask GetFunction for a new one.\n";

fn verify(services: &Services, link: &Uri) -> Option<CodeId> {
    let text = link.path().strip_prefix(PATH)?;
    let query = uri::pairs(link.query()?);
    let value = |key: &str| query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    let expires: i64 = value("expires")?.parse().ok()?;
    let signature = hex::decode(value("signature")?).ok()?;
    seal(services, text, expires).verify_slice(&signature).ok()?;
    let mut code = CodeId([0; 32]);
    hex::decode_to_slice(text, &mut code.0).ok()?;
    (services.store().clock().millis() < expires).then_some(code)
}

fn seal(services: &Services, code: &str, expires: i64) -> Hmac<Sha256> {
    let key = services.store().master_key_derive("links to download code");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(format!("{code}\n{expires}").as_bytes());
    mac
}

fn plain(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    response
}
