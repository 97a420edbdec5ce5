//! In front of `s3s` and behind it: who asks, what `s3s` is to see of the request, and what the client is to see of its
//! errors.
//!
//! `s3s` gets requests without their signatures, which `auth` has verified, but for those whose bodies are signed chunk by
//! chunk: these it verifies again, from the same secret. See `docs/decisions/0005-s3s-behind-a-front.md`.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{AUTHORIZATION, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Error, S3ErrorCode, S3Result};
use services::Services;
use services::bucket::BucketName;
use services::bucket::create::existing;
use services::identity::key::Known;
use services::identity::{self, Context, Principal};
use services::name::{AccountId, Region};
use services::run::{Body, RequestId};
use sha2::{Digest, Sha256};

use super::face::{Ask, Face};
use super::host::{Address, Hosts};
use super::refusal::{self, PayloadDiffers, Refusal, refusal};
use super::table::{self, On, Row};
use super::{cors, post};
use crate::api::{Served, authority};
use crate::auth::{self, Claim, UNSIGNED_PAYLOAD, sha256_hex};
use crate::call::{Call, Peer};

/// Longest document of a request, in bytes: a completion of 10,000 parts with all checksums has about 4 MB.
const DOCUMENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The region of who does not say: that of AWS's global endpoint.
const REGION: &str = "us-east-1";

/// S3, over the services. Cheap to clone.
#[derive(Clone)]
pub struct S3 {
    services: Services,
    authority: Option<Box<str>>,
    hosts: Hosts,
    service: S3Service,
}

/// What a request says of its signature.
pub enum Unverified {
    None,
    Claim(Claim),
    Refused(auth::Refusal),
}

/// One request on its way through `s3s`, which passes it to our handlers.
#[derive(Clone)]
pub struct Passing {
    pub call: Arc<Call>,
    /// Set once it is known which operation it is.
    row: Arc<OnceLock<&'static Row>>,
    /// Why it did not happen.
    refused: Arc<OnceLock<Refusal>>,
    /// Its signature is of Version 2, which `s3s` alone verifies.
    of_version_2: bool,
    /// The status of the answer, where it is not the one that `s3s` gives.
    status: Arc<OnceLock<StatusCode>>,
}

impl Passing {
    /// Notes the refusal, and gives `s3s` an error to end with.
    pub fn refuse(&self, refusal: Refusal) -> S3Error {
        // Only the first one counts: it is what ended the request.
        let _ = self.refused.set(refusal);
        S3Error::new(S3ErrorCode::InternalError)
    }

    pub fn answer_with(&self, status: StatusCode) {
        let _ = self.status.set(status);
    }

    /// How the request is called in its answer.
    pub fn ids(&self) -> (Box<str>, String) {
        let id = &self.call.request_id;
        (id.0.clone(), host_id(id))
    }

    /// Whether the caller may do this as well.
    pub fn authorize(&self, action: &str, bucket: &str, key: Option<&str>) -> Result<(), Refusal> {
        let resource = match key {
            Some(key) => format!("arn:aws:s3:::{bucket}/{key}"),
            None => format!("arn:aws:s3:::{bucket}"),
        };
        authorize(&self.call, action, &resource, Some(bucket))
    }
}

tokio::task_local! {
    /// The secret of the key that signed the request that is being served, for `s3s` to verify chunks with.
    static SECRET: Option<Box<str>>;
}

impl S3 {
    pub fn new(services: Services, authority: Option<Box<str>>) -> S3 {
        let mut builder = S3ServiceBuilder::new(Face);
        let mut config = S3Config::default();
        config.xml_max_body_size = DOCUMENT_BYTES_MAX;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        let hosts = Hosts { domain: authority.clone() };
        builder.set_host(hosts.clone());
        builder.set_auth(Verified);
        builder.set_access(Access);
        S3 { services, authority, hosts, service: builder.build() }
    }

    /// Answers a request; never fails.
    pub async fn serve(
        &self,
        unverified: Unverified,
        parts: Parts,
        body: Body,
        peer: Peer,
        request_id: &RequestId,
    ) -> (Served, Response<Body>) {
        let (method, resource) = (parts.method.clone(), refusal::resource(&parts));
        let row = Arc::new(OnceLock::new());
        let host_id = host_id(request_id);
        let address = self.hosts.address(&parts);
        let asked = cors::asked(&self.services, &parts, address.bucket.as_deref());
        let answer = match cors::is_preflight(&parts) {
            true => cors::preflight(&self.services, &parts, address.bucket.as_deref()),
            false => {
                let request = Arrived { unverified, parts, body, peer, request_id, row: row.clone() };
                self.answer(&address, request).await
            }
        };
        let mut response = answer.unwrap_or_else(|refusal| refusal.respond(&method, &resource, request_id, &host_id));
        let id = HeaderValue::from_str(&request_id.0).unwrap_or(HeaderValue::from_static(""));
        response.headers_mut().insert("x-amz-request-id", id);
        response.headers_mut().insert("x-amz-id-2", HeaderValue::from_str(&host_id).expect("base 64 is a value"));
        response.headers_mut().insert("server", HeaderValue::from_static("AmazonS3"));
        if let Some(asked) = asked.filter(|_| method != Method::OPTIONS) {
            asked.tell(response.headers_mut());
        }
        let operation = row.get().map_or("", |row: &&Row| row.name);
        (Served { service: "s3", operation }, response)
    }

    async fn answer(&self, address: &Address, request: Arrived<'_>) -> Result<Response<Body>, Refusal> {
        match post::bucket_of(&request.parts, address)? {
            Some(bucket) => self.answer_form(bucket, request).await,
            None => self.answer_operation(request).await,
        }
    }

    /// A form with a file, which says in itself who made it.
    async fn answer_form(&self, bucket: &str, mut request: Arrived<'_>) -> Result<Response<Body>, Refusal> {
        if let Some(row) = table::find(post::OPERATION) {
            let _ = request.row.set(row);
        }
        let mut signer = self.signer(&request.unverified, &request.parts, &request.peer)?;
        let body = as_signed(&request.parts, std::mem::take(&mut request.body), &request.unverified);
        let form = post::read(&request.parts, body).await?;
        if let Some((principal, region)) = post::author(&self.services, &form, &request.peer)? {
            signer.principal = principal;
            signer.region = region.unwrap_or(signer.region);
        }
        let passing = self.passing(signer, &request);
        let headers = request.parts.headers;
        post::post_object(Ask { input: (), headers, query: String::new(), passing, trailers: None }, bucket, form).await
    }

    async fn answer_operation(&self, mut request: Arrived<'_>) -> Result<Response<Body>, Refusal> {
        let signer = self.signer(&request.unverified, &request.parts, &request.peer)?;
        let secret = signer.secret.clone();
        let body = as_signed(&request.parts, std::mem::take(&mut request.body), &request.unverified);
        let passing = self.passing(signer, &request);
        let mut parts = request.parts;
        if !is_streaming(&parts) {
            strip_signature(&mut parts)?;
        }
        parts.extensions.insert(passing.clone());
        let request = Request::from_parts(parts, s3s::Body::http_body_unsync(body));
        let response = SECRET.scope(secret, self.service.call(request)).await;
        let response = response.map_err(|error| {
            tracing::error!(?error, "s3s could not answer");
            refusal(500, "InternalError", "We encountered an internal error. Please try again.")
        })?;
        if let Some(refused) = passing.refused.get() {
            return Err(refused.clone());
        }
        let mut response = response.map(|body| body.map_err(Into::into).boxed_unsync());
        if let Some(status) = passing.status.get() {
            *response.status_mut() = *status;
        }
        match response.status().as_u16() {
            status @ 400.. => Err(refusal::of_s3s(status, &text(response.into_body()).await)),
            _ => Ok(response),
        }
    }

    fn passing(&self, signer: Signer, request: &Arrived<'_>) -> Passing {
        let call = Arc::new(Call {
            services: self.services.clone(),
            account: signer.principal.account().cloned().unwrap_or_default(),
            region: signer.region,
            caller: signer.principal,
            request_id: request.request_id.clone(),
            authority: self.authority.clone().unwrap_or_else(|| authority(&request.parts).into()),
            headers: request.parts.headers.clone(),
            peer: request.peer.clone(),
        });
        Passing {
            call,
            row: request.row.clone(),
            refused: Arc::default(),
            of_version_2: signer.of_version_2,
            status: Arc::default(),
        }
    }

    /// Who signed the request, if anyone did.
    fn signer(&self, unverified: &Unverified, parts: &Parts, peer: &Peer) -> Result<Signer, Refusal> {
        let refused = |error: auth::Refusal| refusal::of_signature(&error);
        match unverified {
            Unverified::None => {
                let region = Region::parse(REGION).map_err(|_| refused(auth::Refusal::Region))?;
                match self.signer_of_version_2(parts, peer).map_err(refused)? {
                    Some(Known { principal, secret }) => {
                        Ok(Signer { principal, region, secret: Some(secret), of_version_2: true })
                    }
                    None => Ok(Signer { principal: Principal::Anonymous, region, secret: None, of_version_2: false }),
                }
            }
            Unverified::Refused(error) => Err(refused(error.clone())),
            Unverified::Claim(claim) => {
                let known = crate::api::check(&self.services, claim, parts, peer).map_err(refused)?;
                let hash = signed_hash(claim, parts)?;
                claim.verify(parts, &known.secret, &hash).map_err(refused)?;
                let region = Region::parse(&claim.scope.region).map_err(|_| refused(auth::Refusal::Region))?;
                Ok(Signer { principal: known.principal, region, secret: Some(known.secret), of_version_2: false })
            }
        }
    }

    /// Whose key a URL names that was signed by Version 2. Such URLs are what boto3 still makes unless told otherwise, and
    /// they end with the time that they carry. Whether the signature is right, `s3s` decides; see [`Access`].
    fn signer_of_version_2(&self, parts: &Parts, peer: &Peer) -> Result<Option<Known>, auth::Refusal> {
        let pairs = crate::uri::pairs(parts.uri.query().unwrap_or_default());
        let find = |name: &str| pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let (Some(key), Some(_), Some(_)) = (find("AWSAccessKeyId"), find("Signature"), find("Expires")) else {
            return Ok(None);
        };
        let token = find("x-amz-security-token");
        self.services.who(key, token, peer.is_loopback()).map(Some).map_err(|error| match error {
            identity::Error::ExpiredToken => auth::Refusal::ExpiredToken,
            _ => auth::Refusal::UnknownKey,
        })
    }
}

/// A request as it came.
struct Arrived<'a> {
    unverified: Unverified,
    parts: Parts,
    body: Body,
    peer: Peer,
    request_id: &'a RequestId,
    /// Set once it is known which operation it is.
    row: Arc<OnceLock<&'static Row>>,
}

struct Signer {
    principal: Principal,
    region: Region,
    secret: Option<Box<str>>,
    of_version_2: bool,
}

/// The payload hash that the signature covers. Whether the body has it is seen when the body has come.
fn signed_hash(claim: &Claim, parts: &Parts) -> Result<String, Refusal> {
    match (claim.stated_hash(parts), claim.is_presigned()) {
        (Some(stated), _) => Ok(stated.to_owned()),
        (None, true) => Ok(UNSIGNED_PAYLOAD.to_owned()),
        (None, false) => {
            Err(refusal(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"))
        }
    }
}

fn stated_hash(parts: &Parts) -> Option<&str> {
    parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok())
}

/// Whether the body is cut into chunks with signatures or trailers of their own.
fn is_streaming(parts: &Parts) -> bool {
    stated_hash(parts).is_some_and(|hash| hash.starts_with("STREAMING-"))
}

/// The body, which ends with an error where it differs from the hash that was signed.
fn as_signed(parts: &Parts, body: Body, unverified: &Unverified) -> Body {
    let stated = stated_hash(parts).filter(|_| matches!(unverified, Unverified::Claim(_)));
    match stated {
        None | Some(UNSIGNED_PAYLOAD) => body,
        Some(_) if is_streaming(parts) => body,
        Some(stated) => {
            let checked =
                futures_util::stream::unfold(Some((body, Sha256::new(), stated.to_ascii_lowercase())), |state| async {
                    let (mut body, mut hash, stated) = state?;
                    match body.frame().await {
                        Some(Ok(frame)) => {
                            if let Some(data) = frame.data_ref() {
                                hash.update(data);
                            }
                            Some((Ok(frame), Some((body, hash, stated))))
                        }
                        Some(Err(error)) => Some((Err(error), None)),
                        None => {
                            let computed = hex::encode(hash.finalize());
                            (computed != stated).then(|| (Err(PayloadDiffers { stated, computed }.into()), None))
                        }
                    }
                });
            http_body_util::StreamBody::new(checked).boxed_unsync()
        }
    }
}

/// Takes a signature that was verified out of the request, so that `s3s` does not verify it in its own way.
fn strip_signature(parts: &mut Parts) -> Result<(), Refusal> {
    parts.headers.remove(AUTHORIZATION);
    let Some(query) = parts.uri.query().filter(|query| query.contains("X-Amz-")) else { return Ok(()) };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-")).collect();
    let path = parts.uri.path();
    let target = if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    let mut uri = std::mem::take(&mut parts.uri).into_parts();
    let target = target.parse().map_err(|_| refusal(400, "InvalidURI", "Couldn't parse the specified URI."))?;
    uri.path_and_query = Some(target);
    parts.uri = Uri::from_parts(uri).map_err(|_| refusal(400, "InvalidURI", "Couldn't parse the specified URI."))?;
    Ok(())
}

async fn text(body: Body) -> String {
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Another name of the request, as long as the service's.
fn host_id(request_id: &RequestId) -> String {
    BASE64.encode(sha256_hex(request_id.0.as_bytes()))
}

/// The key that signed has been verified: its secret serves for chunks.
struct Verified;

#[async_trait]
impl S3Auth for Verified {
    async fn get_secret_key(&self, _access_key: &str) -> S3Result<SecretKey> {
        let secret = SECRET.try_with(Clone::clone).ok().flatten();
        secret.map(|secret| SecretKey::from(String::from(secret))).ok_or(S3ErrorCode::InvalidAccessKeyId.into())
    }
}

/// Asks the operation table.
struct Access;

#[async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(passing) = context.extensions_mut().get::<Passing>().cloned() else {
            return Err(S3ErrorCode::InternalError.into());
        };
        let Some(row) = table::find(context.s3_op().name()) else {
            return Err(passing.refuse(refusal::not_implemented()));
        };
        let _ = passing.row.set(row);
        // Only what `s3s` has verified has credentials here: a form is read before a URL's signature is.
        if passing.of_version_2 && context.credentials().is_none() {
            return Err(passing.refuse(refusal::access_denied()));
        }
        let allowed = allow(&passing, row, context);
        allowed.map_err(|refusal| passing.refuse(refusal))
    }
}

fn allow(passing: &Passing, row: &Row, context: &S3AccessContext<'_>) -> Result<(), Refusal> {
    let (bucket, key) = (context.s3_path().get_bucket_name(), context.s3_path().get_object_key());
    let of_version = row.of_version.filter(|_| names_version(context.uri()));
    let action = of_version.unwrap_or(row.action);
    let resource = match (row.on, bucket, key) {
        (On::Object, Some(bucket), Some(key)) => format!("arn:aws:s3:::{bucket}/{key}"),
        (On::Bucket | On::Object, Some(bucket), _) => format!("arn:aws:s3:::{bucket}"),
        (On::Account, _, _) | (_, None, _) => "*".to_owned(),
    };
    let owned = bucket.filter(|_| row.name != "CreateBucket");
    authorize(&passing.call, action, &resource, owned)?;
    if !row.here {
        return Err(refusal(501, "NotImplemented", format!("The operation {} is not implemented.", row.name)));
    }
    match (passing.call.headers.get("x-amz-expected-bucket-owner"), owned.and_then(|name| owner(&passing.call, name))) {
        (Some(expected), Some(owner)) if expected.as_bytes() != owner.as_str().as_bytes() => {
            Err(refusal::access_denied())
        }
        (Some(_) | None, _) => Ok(()),
    }
}

fn names_version(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("versionId=")))
}

/// Whose a bucket is; nobody's, if it is not there: the operation then says so.
fn owner(call: &Call, bucket: &str) -> Option<AccountId> {
    let name = BucketName::parse(bucket).ok()?;
    call.services.store().read(|read| existing(read, &name)).ok().map(|bucket| bucket.account)
}

fn authorize(call: &Call, action: &str, resource: &str, bucket: Option<&str>) -> Result<(), Refusal> {
    let owner = match bucket {
        None => call.account.clone(),
        Some(bucket) => match owner(call, bucket) {
            Some(owner) => owner,
            None => return Ok(()),
        },
    };
    let context = Context::default().with("aws:SourceIp", call.peer.ip().to_string());
    let request = identity::Request { action, resource, owner: &owner, context: &context };
    match (identity::authorize(&call.caller, &request, &[]).allowed(), &call.caller) {
        (true, _) => Ok(()),
        (false, Principal::Anonymous) => Err(refusal::access_denied()),
        (false, _) => Err(refusal(403, "AccessDenied", call.denied(action, resource).message)),
    }
}
