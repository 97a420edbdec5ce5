//! `/_nought/`: what the platform says of itself, and what our command line asks of it.
//!
//! Start at [`serve`]. Health and metrics are open to whoever reaches the port, except running functions; the rest is
//! for the root key's signature, with `nought` as the service in its scope. Links to download code carry their own.

use std::path::PathBuf;

use aws::auth::{self, Claim};
use aws::{Peer, Served};
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Value, json};
use services::identity::Principal;
use services::name::{AccountId, Region};
use services::run::Body;
use services::usage;
use store::Timestamp;

use crate::edge::{Edge, PREFIX};
use crate::front;
use crate::metrics::{Figure, FigureKind};

/// Service name in the scope of signatures for these paths.
const SCOPE: &str = "nought";
/// Longest body that these paths take.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Why the platform's own interface says no.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{0}")]
    Signature(String),
    #[error("only the root key may ask for this")]
    NotRoot,
    #[error("{0}")]
    Malformed(String),
    #[error("{0}")]
    Failed(String),
    #[error("there is nothing at this path")]
    Unknown,
}

/// Who asked, as far as it matters here.
struct Caller {
    account: AccountId,
    region: Region,
}

pub async fn serve(edge: &Edge, request: Request<Body>, peer: &Peer) -> Response<Body> {
    let path = request.uri().path().trim_start_matches(PREFIX).to_owned();
    let (operation, mut response) = match (request.method(), path.as_str()) {
        (&Method::GET, "health") => ("Health", answer(Ok(json!({ "status": "ok" })))),
        (&Method::GET, "metrics") if matches!(peer, Peer::Address(_)) => ("Metrics", metrics(edge)),
        (&Method::GET, link) if link.starts_with("code/") => {
            ("DownloadCode", aws::lambda::code::download(edge.services(), request.uri()).await)
        }
        (&Method::GET, link) if link.starts_with("sns/") => {
            ("DownloadCertificate", aws::sns::certificate(edge.services(), request.uri().path()).await)
        }
        (&Method::POST, "usage") => ("Usage", answer(usage(edge, request, peer).await)),
        (&Method::POST, "backup") => ("Backup", answer(backup(edge, request, peer).await)),
        _ => ("", answer(Err(Refused::Unknown))),
    };
    response.extensions_mut().insert(Served { service: SCOPE, operation });
    response
}

fn metrics(edge: &Edge) -> Response<Body> {
    let figures = [Figure {
        name: "nought_invocations_running",
        help: "Invocations that run now.",
        kind: FigureKind::Gauge,
        value: edge.services().running().into(),
    }];
    let mut response = Response::new(front::full(edge.metrics().render(&figures)));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Span {
    from_millis: i64,
    to_millis: i64,
}

async fn usage(edge: &Edge, request: Request<Body>, peer: &Peer) -> Result<Value, Refused> {
    let (caller, body) = authenticate(edge, request, peer).await?;
    let Span { from_millis, to_millis } = parse(&body)?;
    let query = usage::Query {
        account: caller.account,
        region: caller.region,
        from: Timestamp::from_millis(from_millis),
        to: Timestamp::from_millis(to_millis),
        function: None,
    };
    let services = edge.services();
    let failed = |error: usage::Error| Refused::Failed(error.to_string());
    // What gathers in memory counts too: who asks after an invocation expects to see it.
    services.meter().flush(services.store()).await.map_err(failed)?;
    let totals = services.store().read(|snapshot| usage::totals(snapshot, &query)).map_err(failed)?;
    let lines = totals.into_iter().map(|((function, version), counts)| {
        json!({ "function": function.as_str(), "version": version.to_string(), "counts": counts })
    });
    Ok(Value::Array(lines.collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Destination {
    to: PathBuf,
}

async fn backup(edge: &Edge, request: Request<Body>, peer: &Peer) -> Result<Value, Refused> {
    let (_, body) = authenticate(edge, request, peer).await?;
    let Destination { to } = parse(&body)?;
    if !to.is_absolute() {
        return Err(Refused::Malformed(format!("{} is not an absolute path", to.display())));
    }
    let store = edge.services().store().clone();
    let shown = to.display().to_string();
    let copied = tokio::task::spawn_blocking(move || store.backup(&to)).await;
    copied.map_err(|error| Refused::Failed(error.to_string()))?.map_err(|error| Refused::Failed(error.to_string()))?;
    Ok(json!({ "to": shown }))
}

/// The caller, who is the root, and the body that was signed.
async fn authenticate(edge: &Edge, request: Request<Body>, peer: &Peer) -> Result<(Caller, Bytes), Refused> {
    let wrong = |refusal: auth::Refusal| Refused::Signature(refusal.to_string());
    let (parts, body) = request.into_parts();
    let claim = Claim::read(&parts).map_err(wrong)?;
    let claim = claim.ok_or_else(|| Refused::Signature("the request is not signed".to_owned()))?;
    claim.check(&parts, auth::Instant::now()).map_err(wrong)?;
    if claim.scope.service != SCOPE {
        return Err(Refused::Signature(format!("the signature is for the service {:?}", claim.scope.service)));
    }
    let region = Region::parse(&claim.scope.region).map_err(|error| Refused::Signature(error.to_string()))?;
    let services = edge.services();
    let known = services
        .who(&claim.access_key_id, claim.session_token.as_deref(), peer.is_loopback())
        .map_err(|error| Refused::Signature(error.to_string()))?;
    let body = read(body).await?;
    claim.verify(&parts, &known.secret, &auth::sha256_hex(&body)).map_err(wrong)?;
    match known.principal {
        Principal::Root { account } => Ok((Caller { account, region }, body)),
        Principal::Anonymous | Principal::Function(_) | Principal::Service { .. } => Err(Refused::NotRoot),
    }
}

async fn read(mut body: Body) -> Result<Bytes, Refused> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refused::Malformed(error.to_string()))?;
        bytes.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
        if bytes.len() > BODY_BYTES_MAX {
            return Err(Refused::Malformed(format!("the body is over {BODY_BYTES_MAX} bytes")));
        }
    }
    Ok(bytes.into())
}

fn parse<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::Malformed(error.to_string()))
}

fn answer(outcome: Result<Value, Refused>) -> Response<Body> {
    let (status, body) = match outcome {
        Ok(body) => (StatusCode::OK, body),
        Err(refused) => {
            let (status, code) = match refused {
                Refused::Signature(_) => (StatusCode::FORBIDDEN, "InvalidSignatureException"),
                Refused::NotRoot => (StatusCode::FORBIDDEN, "AccessDeniedException"),
                Refused::Malformed(_) => (StatusCode::BAD_REQUEST, "ValidationException"),
                Refused::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
                Refused::Unknown => (StatusCode::NOT_FOUND, "NotFound"),
            };
            (status, json!({ "__type": code, "message": refused.to_string() }))
        }
    };
    let mut response = Response::new(front::full(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
