//! From a request to the operation that answers it.
//!
//! Start reading at [`Api::serve`]. The order of routing is fixed: function URLs (by path, then by host), the scope of
//! the signature, `X-Amz-Target`, a form's `Action`, and S3 for the rest. No other path decides: `2015-03-31` is a legal
//! bucket name.
//!
//! Always true: a body is bounded, and is read only after the signature's claim has been checked as far as it can be
//! without the body.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::request::Parts;
use http::{Request, Response};
use services::Services;
use services::identity;
use services::identity::key::Known;
use services::name::Region;
use services::run::{Body, RequestId};

use crate::auth::{Claim, Instant, Refusal, UNSIGNED_PAYLOAD, sha256_hex};
use crate::body;
use crate::call::{Call, Peer};
use crate::error::{self, Error};
use crate::operation::{BODY_BYTES_MAX, Found, Row, Table};
use crate::protocol::{self, query};
use crate::s3::{S3, Unverified};
use crate::shape::Protocol;
use crate::{dynamodb, events, kinesis, lambda, logs, scheduler, sns, sqs, sts, url};

/// The whole of AWS that is here. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    services: Services,
    options: Arc<Options>,
    s3: S3,
}

#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `host:port` for URLs in answers; without it they name the host that the client asked.
    pub authority: Option<Box<str>>,
}

/// What a request turned out to be, for logs and metrics: an extension of every response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// Such as `lambda`, or `url` for a function URL.
    pub service: &'static str,
    /// Such as `Invoke`; empty where the request named none that is known.
    pub operation: &'static str,
}

/// Every API's table.
pub(crate) fn tables() -> [&'static Table; 10] {
    [
        &dynamodb::TABLE,
        &dynamodb::stream::TABLE,
        &events::TABLE,
        &kinesis::TABLE,
        &lambda::TABLE,
        &logs::TABLE,
        &scheduler::TABLE,
        &sns::TABLE,
        &sqs::TABLE,
        &sts::TABLE,
    ]
}

/// The table of a scope; where several share it, the one that the request's target is in.
fn table(scope: &str, parts: &Parts) -> Option<&'static Table> {
    let tables = || tables().into_iter().filter(|table| table.scope == scope);
    tables().find(|table| table.is_target(parts)).or_else(|| tables().next())
}

impl Api {
    pub fn new(services: Services, options: Options) -> Api {
        let s3 = S3::new(services.clone(), options.authority.clone());
        Api { services, options: Arc::new(options), s3 }
    }

    /// Answers a request; never fails.
    pub async fn serve(&self, request: Request<Body>, peer: Peer) -> Response<Body> {
        let request_id = RequestId::draw();
        let (served, mut response) = match url::address(request.uri(), request.headers()) {
            Some(address) => {
                let served = Served { service: "url", operation: "InvokeFunctionUrl" };
                (served, url::serve(&self.services, address, request, peer, &request_id).await)
            }
            None => self.serve_api(request, peer, &request_id).await,
        };
        response.extensions_mut().insert(served);
        // A function URL that ran a function has the invocation's id already.
        let id = HeaderValue::from_str(&request_id.0).unwrap_or(HeaderValue::from_static(""));
        response.headers_mut().entry("x-amzn-requestid").or_insert(id);
        response
    }

    async fn serve_api(&self, request: Request<Body>, peer: Peer, request_id: &RequestId) -> (Served, Response<Body>) {
        let (parts, body) = request.into_parts();
        let claim = match Claim::read(&parts) {
            Ok(Some(claim)) if claim.scope.service == "s3" => {
                return self.s3.serve(Unverified::Claim(claim), parts, body, peer, request_id).await;
            }
            Ok(Some(claim)) => claim,
            Ok(None) if !is_other(&parts) => {
                return self.s3.serve(Unverified::None, parts, body, peer, request_id).await;
            }
            Err(refusal) if !is_other(&parts) => {
                return self.s3.serve(Unverified::Refused(refusal), parts, body, peer, request_id).await;
            }
            Ok(None) => match sns::Link::read(&parts.method, &parts.uri) {
                Some(link) => return self.follow(link, request_id).await,
                None => return (NOTHING, refuse(&Refusal::Missing, &parts, request_id)),
            },
            Err(refusal) => return (NOTHING, refuse(&refusal, &parts, request_id)),
        };
        match table(&claim.scope.service, &parts) {
            Some(table) => self.serve_table(table, claim, parts, body, peer, request_id).await,
            None => (NOTHING, refuse_service(&claim.scope.service, &parts, request_id)),
        }
    }

    /// Links in what endpoints are told need no signature: they carry what nobody else knows.
    async fn follow(&self, link: sns::Link, request_id: &RequestId) -> (Served, Response<Body>) {
        let served = Served { service: sns::TABLE.scope, operation: link.operation().name };
        let answer = link.follow(&self.services, request_id).await;
        let protocol = sns::TABLE.service.protocol;
        (served, answer.unwrap_or_else(|error| protocol::write_error(protocol, &error, request_id)))
    }

    async fn serve_table(
        &self,
        table: &'static Table,
        claim: Claim,
        parts: Parts,
        body: Body,
        peer: Peer,
        request_id: &RequestId,
    ) -> (Served, Response<Body>) {
        let protocol = table.service.protocol.of(&parts);
        let fail = |error: Error| protocol::write_error(protocol, &error, request_id);
        let served = |operation| Served { service: table.scope, operation };
        let mut signed = Signed { claim, parts, body: Unread::Stream(body) };
        let form = match signed.form(&self.services, table, protocol, &peer).await {
            Ok(form) => form,
            Err(error) => return (served(""), fail(error)),
        };
        let (row, labels) = match table.find(&signed.parts, form.as_ref()) {
            Found::Row { row, labels } => (row, labels),
            Found::NotImplemented(name) => return (served(name), fail(not_implemented(name))),
            Found::Unknown => {
                return (served(""), protocol::write_unknown(protocol, form.as_ref(), request_id));
            }
        };
        let answer = async {
            let (known, bytes) = self.authenticate(&mut signed, protocol, row, &peer).await?;
            let received = protocol::read(protocol, row, &signed.parts, labels, bytes)?;
            let call = self.call(&signed, known, peer, request_id)?;
            row.needs(&call, &received.members).iter().try_for_each(|need| call.may(need))?;
            table.run(row, call, received, protocol).await
        };
        (served(row.described.name), answer.await.unwrap_or_else(fail))
    }

    /// Who signed the request, and its whole body.
    async fn authenticate(
        &self,
        signed: &mut Signed,
        protocol: Protocol,
        row: &Row,
        peer: &Peer,
    ) -> Result<(Known, Bytes), Error> {
        let refuse = |refusal: Refusal| refusal.error(protocol);
        let known = check(&self.services, &signed.claim, &signed.parts, peer).map_err(refuse)?;
        let bytes = std::mem::replace(&mut signed.body, Unread::Bytes(Bytes::new()))
            .read(row.body_bytes_max, row.described.name)
            .await?;
        verify(&signed.claim, &signed.parts, &known, &bytes).map_err(refuse)?;
        Ok((known, bytes))
    }

    fn call(&self, signed: &Signed, known: Known, peer: Peer, request_id: &RequestId) -> Result<Call, Error> {
        let protocol_refusal = |_| error::VALIDATION.with("The region in the credential scope is not a region.");
        Ok(Call {
            services: self.services.clone(),
            account: known.principal.account().cloned().unwrap_or_default(),
            region: Region::parse(&signed.claim.scope.region).map_err(protocol_refusal)?,
            caller: known.principal,
            request_id: request_id.clone(),
            authority: self.options.authority.clone().unwrap_or_else(|| authority(&signed.parts).into()),
            headers: signed.parts.headers.clone(),
            peer,
        })
    }
}

const NOTHING: Served = Served { service: "", operation: "" };

/// A request with a signature whose body may have been read already.
struct Signed {
    claim: Claim,
    parts: Parts,
    body: Unread,
}

enum Unread {
    Stream(Body),
    Bytes(Bytes),
}

impl Unread {
    async fn read(self, bytes_max: usize, operation: &str) -> Result<Bytes, Error> {
        match self {
            Unread::Stream(stream) => body::read(stream, bytes_max, operation).await,
            Unread::Bytes(bytes) => Ok(bytes),
        }
    }
}

impl Signed {
    /// The parameters of a Query request, whose operation is among them. Only of a body whose sender's key is known.
    async fn form(
        &mut self,
        services: &Services,
        table: &Table,
        protocol: Protocol,
        peer: &Peer,
    ) -> Result<Option<query::Form>, Error> {
        match protocol {
            Protocol::Query { .. } | Protocol::QueryCompatible { form: true, .. } => {}
            Protocol::QueryCompatible { form: false, .. } | Protocol::Json { .. } | Protocol::RestJson => {
                return Ok(None);
            }
        }
        let bytes_max = table.rows.iter().map(|row| row.body_bytes_max).max().unwrap_or(BODY_BYTES_MAX);
        check(services, &self.claim, &self.parts, peer).map_err(|refusal| refusal.error(protocol))?;
        let bytes = std::mem::replace(&mut self.body, Unread::Bytes(Bytes::new())).read(bytes_max, "requested").await?;
        self.body = Unread::Bytes(bytes.clone());
        Ok(Some(query::Form::read(&self.parts, &bytes)))
    }
}

/// Whether the claim could be true, and whose key it names: all that can be known before the body.
pub(crate) fn check(services: &Services, claim: &Claim, parts: &Parts, peer: &Peer) -> Result<Known, Refusal> {
    claim.check(parts, Instant::now())?;
    Region::parse(&claim.scope.region).map_err(|_| Refusal::Region)?;
    let token = claim.session_token.as_deref();
    services.who(&claim.access_key_id, token, peer.is_loopback()).map_err(|error| match error {
        identity::Error::ExpiredToken => Refusal::ExpiredToken,
        _ => Refusal::UnknownKey,
    })
}

/// Whether the signature is right for this body.
pub(crate) fn verify(claim: &Claim, parts: &Parts, known: &Known, body: &[u8]) -> Result<(), Refusal> {
    let hash = match claim.stated_hash(parts) {
        // Not covered by the signature: no use hashing it.
        Some(UNSIGNED_PAYLOAD) => String::new(),
        Some(_) | None => sha256_hex(body),
    };
    claim.verify(parts, &known.secret, &hash)
}

fn not_implemented(operation: &str) -> Error {
    error::NOT_IMPLEMENTED.with(format!("The operation {operation} is not implemented."))
}

/// The protocol that a request looks like, for errors before it is known whom it is for.
fn guess(parts: &Parts) -> Protocol {
    if let Some(target) = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()) {
        let addressed = tables().into_iter().map(|table| table.service.protocol).find(|protocol| match protocol {
            Protocol::Json { target: known, .. } => {
                target.strip_prefix(known).is_some_and(|rest| rest.starts_with('.'))
            }
            Protocol::RestJson | Protocol::Query { .. } | Protocol::QueryCompatible { .. } => false,
        });
        addressed.unwrap_or(Protocol::Json { version: "1.1", target: "" })
    } else if looks_like_form(parts) {
        sts::TABLE.service.protocol
    } else {
        Protocol::RestJson
    }
}

fn looks_like_form(parts: &Parts) -> bool {
    let form = parts.headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(FORM.as_bytes()));
    form || parts.uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("Action=")))
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Whether a request without a good signature is for another API than S3, by the look of it.
fn is_other(parts: &Parts) -> bool {
    let rest = || tables().into_iter().any(|table| table.has_path(parts.method.as_str(), &parts.uri));
    parts.headers.contains_key("x-amz-target") || looks_like_form(parts) || rest()
}

fn refuse(refusal: &Refusal, parts: &Parts, request_id: &RequestId) -> Response<Body> {
    let protocol = guess(parts);
    protocol::write_error(protocol, &refusal.error(protocol), request_id)
}

/// Signed for a service that is not here.
fn refuse_service(service: &str, parts: &Parts, request_id: &RequestId) -> Response<Body> {
    let protocol = guess(parts);
    let error = error::NOT_IMPLEMENTED.with(format!("The service {service} is not implemented."));
    protocol::write_error(protocol, &error, request_id)
}

/// `host:port` as the client wrote it.
pub(crate) fn authority(parts: &Parts) -> String {
    let header = parts.headers.get(HOST).and_then(|value| value.to_str().ok());
    header.or(parts.uri.authority().map(|authority| authority.as_str())).unwrap_or("localhost").to_owned()
}
