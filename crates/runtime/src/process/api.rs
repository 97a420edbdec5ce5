//! The Lambda Runtime API: the wire between an environment's runtime and its session.
//!
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes" (read 2026-11-24).

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use super::session::{Delivered, RESPONSE_BYTES_MAX, Refusal, Reply, Session};

/// Connections that one environment may have open; further ones wait to be accepted. Ours.
const CONNECTIONS_MAX: usize = 64;

/// What hyper may buffer of one connection: heads of requests, which runtimes keep short. Ours.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

const PREFIX: &str = "/2018-06-01/runtime/";

/// How long to wait before accepting again after a failure.
const ACCEPT_AGAIN: std::time::Duration = std::time::Duration::from_millis(50);

/// Serves the environment behind `listener` until the task is aborted.
pub async fn serve(listener: TcpListener, session: Arc<Session>) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    loop {
        let connection = next_connection(&listener).await;
        // Without it answers come later; they come.
        let _ = connection.set_nodelay(true);
        let session = session.clone();
        let service = service_fn(move |request| {
            let session = session.clone();
            async move { Ok::<_, Infallible>(answer(request, &session).await) }
        });
        let mut http = http1::Builder::new();
        http.max_buf_size(BUFFER_BYTES_MAX);
        connections.spawn(http.serve_connection(TokioIo::new(connection), service));
        make_room(&mut connections, CONNECTIONS_MAX).await;
    }
}

/// Waits for a connection. The machine may be short of files for a moment: that must not end those that are open.
pub async fn next_connection(listener: &tokio::net::TcpListener) -> tokio::net::TcpStream {
    loop {
        match listener.accept().await {
            Ok((connection, _)) => return connection,
            Err(error) => {
                tracing::warn!(%error, "a connection from a sandbox could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// Forgets connections that are done, and waits for one while there are too many.
pub async fn make_room<T: 'static>(connections: &mut JoinSet<T>, max: usize) {
    while connections.try_join_next().is_some() {}
    while connections.len() >= max && connections.join_next().await.is_some() {}
}

/// A call of the runtime, parsed.
enum Call<'a> {
    Next,
    Response(&'a str),
    Error(&'a str),
    InitError,
}

fn parse<'a>(method: &Method, path: &'a str) -> Option<Call<'a>> {
    let call = path.strip_prefix(PREFIX)?;
    match (method, call) {
        (&Method::GET, "invocation/next") => return Some(Call::Next),
        (&Method::POST, "init/error") => return Some(Call::InitError),
        _ => {}
    }
    let (request_id, end) = call.strip_prefix("invocation/")?.split_once('/')?;
    match (method, end) {
        (&Method::POST, "response") => Some(Call::Response(request_id)),
        (&Method::POST, "error") => Some(Call::Error(request_id)),
        _ => None,
    }
}

async fn answer(request: Request<Incoming>, session: &Session) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let answered = match parse(&head.method, head.uri.path()) {
        Some(Call::Next) => return next(session).await,
        Some(Call::Response(request_id)) => reply(session, request_id, body, Reply::Answer).await,
        Some(Call::Error(request_id)) => reply(session, request_id, body, Reply::Error).await,
        Some(Call::InitError) => init_error(session, body).await,
        None => return error(StatusCode::NOT_FOUND, "NotFound", "no such call in the Lambda Runtime API 2018-06-01"),
    };
    match answered {
        Ok(()) => json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#.into()),
        Err(refused) => refused,
    }
}

async fn next(session: &Session) -> Response<Full<Bytes>> {
    match session.next().await {
        Ok(Delivered { headers, document }) => {
            let mut response = Response::new(Full::new(document));
            *response.headers_mut() = headers;
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(refusal) => refuse(refusal),
    }
}

async fn reply(
    session: &Session,
    request_id: &str,
    body: Incoming,
    kind: fn(Bytes) -> Reply,
) -> Result<(), Response<Full<Bytes>>> {
    // One body at a time: an environment that sends many at once costs the server the memory of one.
    let _turn = session.bodies.lock().await;
    session.holds(request_id).map_err(refuse)?;
    match read(body).await? {
        Read::Whole(bytes) => session.reply(request_id, kind(bytes)).map_err(refuse),
        Read::TooLarge { bytes } => {
            session.reply(request_id, Reply::TooLarge { bytes }).map_err(refuse)?;
            Err(too_large())
        }
    }
}

async fn init_error(session: &Session, body: Incoming) -> Result<(), Response<Full<Bytes>>> {
    let _turn = session.bodies.lock().await;
    match read(body).await? {
        Read::Whole(bytes) => session.fail_init(bytes).map_err(refuse),
        Read::TooLarge { .. } => Err(too_large()),
    }
}

enum Read {
    Whole(Bytes),
    TooLarge { bytes: u64 },
}

/// Reads to the end even what is too large, without keeping it: a client that still sends would not see the answer.
async fn read(mut body: Incoming) -> Result<Read, Response<Full<Bytes>>> {
    let mut kept = BytesMut::new();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| error(StatusCode::BAD_REQUEST, "InvalidRequest", "the body ended too soon"))?;
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len() as u64;
        if bytes <= RESPONSE_BYTES_MAX {
            kept.extend_from_slice(&data);
        } else {
            kept = BytesMut::new();
        }
    }
    Ok(if bytes > RESPONSE_BYTES_MAX { Read::TooLarge { bytes } } else { Read::Whole(kept.freeze()) })
}

fn refuse(refusal: Refusal) -> Response<Full<Bytes>> {
    match refusal {
        Refusal::WrongRequestId => error(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        Refusal::WrongState => {
            error(StatusCode::FORBIDDEN, "InvalidStateTransition", "the runtime is not in a state for this call")
        }
    }
}

fn too_large() -> Response<Full<Bytes>> {
    let message = format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes).");
    error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
}

fn error(status: StatusCode, kind: &str, message: &str) -> Response<Full<Bytes>> {
    json(status, serde_json::json!({ "errorMessage": message, "errorType": kind }).to_string().into())
}

fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
