//! The front: one port that takes connections and turns them into requests.
//!
//! Start at [`serve`]. HTTP/1.1 and HTTP/2 with prior knowledge are told apart by the first bytes.
//!
//! Always true:
//! - No client holds more than one connection's buffers, and none waits in silence longer than `client_timeout`.
//! - Malformed HTTP is answered with 400 (or 431) by the connection itself and reaches nothing behind it.
//! - A stop takes no new connection, lets the requests that run finish within the grace, and then returns.
//!
//! Nothing here knows what a request means; [`Handle`] does.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use aws::Peer;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use services::run::{Body, BoxFuture};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::config::Settings;
use crate::patience::{Broken, Patient, Steady, Streams, handed};

/// Bytes of a request line with its headers, and the bound of a connection's read buffer.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 256;
/// Rest after a failed accept: out of file descriptors, which only time or an ending connection mends.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers requests. It never fails: what goes wrong is an answer too.
pub trait Handle: Send + Sync + 'static {
    fn handle(&self, request: Request<Body>, peer: Peer) -> BoxFuture<'static, Response<Body>>;
}

/// What every connection is bounded by.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connections_max: usize,
    pub client_timeout: Duration,
    pub stop_grace: Duration,
}

impl From<&Settings> for Limits {
    fn from(settings: &Settings) -> Limits {
        let Settings { connections_max, client_timeout, stop_grace, .. } = *settings;
        Limits { connections_max, client_timeout, stop_grace }
    }
}

/// Takes connections until `stop`, then lets what runs finish.
pub async fn serve(listener: TcpListener, limits: Limits, handle: Arc<dyn Handle>, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let builder = builder(limits.client_timeout);
    let room = Arc::new(Semaphore::new(limits.connections_max));
    tokio::pin!(stop);
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await.expect("the semaphore is never closed");
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, address)) => {
                let connection = connection(&builder, stream, address, limits, &handle, &graceful);
                tokio::spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.stop_grace, graceful.shutdown()).await.is_err() {
        tracing::warn!(grace_secs = limits.stop_grace.as_secs(), "stopped before every request had its answer");
    }
}

/// How connections are served, here and inside functions.
pub fn builder(client_timeout: Duration) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(Streams { limit: client_timeout });
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(client_timeout)
        .max_buf_size(HEADER_BYTES_MAX)
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(client_timeout / 2)
        .keep_alive_timeout(client_timeout / 2)
        .max_header_list_size(HEADER_BYTES_MAX as u32)
        .max_concurrent_streams(STREAMS_MAX);
    builder
}

fn connection(
    builder: &auto::Builder<Streams>,
    stream: TcpStream,
    address: SocketAddr,
    limits: Limits,
    handle: &Arc<dyn Handle>,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + 'static {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the connection stays with delayed packets");
    }
    let begun = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(Steady::new(stream, limits.client_timeout));
    let service = {
        let (handle, begun) = (Arc::clone(handle), Arc::clone(&begun));
        service_fn(move |request| {
            begun.store(true, Ordering::Relaxed);
            answer(Arc::clone(&handle), request, Peer::Address(address), limits.client_timeout)
        })
    };
    let serving = graceful.watch(builder.serve_connection(io, service).into_owned());
    async move {
        if let Err(error) = begun_in_time(serving, &begun, limits.client_timeout).await {
            tracing::debug!(%error, peer = %address, "connection ended early");
        }
    }
}

/// Ends a connection on which no request has begun in time: before the first bytes have told HTTP/1 from HTTP/2, no
/// other timer runs. Once one has, nothing is left of it.
async fn begun_in_time<E>(
    serving: impl Future<Output = Result<(), E>>,
    begun: &AtomicBool,
    limit: Duration,
) -> Result<(), E> {
    let mut serving = pin!(serving);
    let mut silence = Some(Box::pin(tokio::time::sleep(limit)));
    poll_fn(|context| {
        if let Poll::Ready(ended) = serving.as_mut().poll(context) {
            return Poll::Ready(ended);
        }
        if begun.load(Ordering::Relaxed) {
            silence = None;
        }
        match &mut silence {
            Some(silence) => silence.as_mut().poll(context).map(Ok),
            None => Poll::Pending,
        }
    })
    .await
}

/// One request: its body bounded in time, and a body that broke answered as the client's mistake.
pub async fn answer(
    handle: Arc<dyn Handle>,
    request: Request<Incoming>,
    peer: Peer,
    client_timeout: Duration,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let (body, broken) = match body.is_end_stream() {
        true => (empty(), Broken::default()),
        false => {
            let (body, broken) = Patient::new(body, client_timeout);
            (body.boxed_unsync(), broken)
        }
    };
    let response = handle.handle(Request::from_parts(head, body), peer).await;
    Ok(match broken.is_set() && response.status().is_server_error() {
        true => text(http::StatusCode::BAD_REQUEST, "the request's body is malformed, cut short or too slow\n"),
        false => response.map(handed),
    })
}

pub fn empty() -> Body {
    http_body_util::Empty::new().map_err(|never: Infallible| match never {}).boxed_unsync()
}

pub fn full(bytes: impl Into<bytes::Bytes>) -> Body {
    http_body_util::Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

pub fn text(status: http::StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(full(message.to_owned()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests;
