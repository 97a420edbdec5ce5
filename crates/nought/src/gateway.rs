//! The gateway: what a running function finds at its `127.0.0.1:4566`.
//!
//! The same front as everyone's, with the function as the peer; and, for the outside, an HTTP proxy: CONNECT for
//! `https`, absolute-form requests for `http`, both by the rules of [`egress`].
//!
//! Always true: a request for the platform itself never leaves through the proxy, and a proxied connection ends when
//! the function's does.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use aws::Peer;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use runtime::Egress;
use runtime::egress::{self, Refused};
use services::run::{Body, BoxFuture, Connection, FunctionVersion, Revision};

use crate::front::{self, Handle, Limits};
use crate::patience::{Steady, Streams, pump};

/// Longest silence of a tunnel before it is closed.
const TUNNEL_IDLE_MAX: Duration = Duration::from_secs(300);

/// Of the connections that functions may have open, one function may have half: one that leaks them does not take the
/// others' away, and one that runs a thousand times at once has two for each.
const SHARE: usize = 2;

/// Headers between one client and one proxy, which are not passed on (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

pub struct Gateway {
    /// Set once the services are open: functions need the gateway and the services need the functions.
    handle: OnceLock<Arc<dyn Handle>>,
    builder: auto::Builder<Streams>,
    egress: Egress,
    client_timeout: Duration,
    room: Arc<Room>,
}

/// How many connections functions have open, and may have.
struct Room {
    connections_max: usize,
    open: Mutex<HashMap<Revision, usize>>,
}

/// The right to one connection, given back when dropped.
struct Place {
    room: Arc<Room>,
    of: Revision,
}

impl Room {
    fn new(connections_max: usize) -> Arc<Room> {
        Arc::new(Room { connections_max, open: Mutex::default() })
    }

    /// `None` if this function, or all of them, have as many as they may.
    fn take(self: &Arc<Room>, of: &Revision) -> Option<Place> {
        let mut open = self.lock();
        let all: usize = open.values().sum();
        let own = open.get(of).copied().unwrap_or(0);
        if all >= self.connections_max || own >= (self.connections_max / SHARE).max(1) {
            return None;
        }
        open.insert(of.clone(), own + 1);
        Some(Place { room: Arc::clone(self), of: of.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Revision, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.room.lock();
        match open.get_mut(&self.of) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => {
                open.remove(&self.of);
            }
        }
    }
}

impl Gateway {
    pub fn new(egress: Egress, limits: Limits) -> Arc<Gateway> {
        let Limits { connections_max, client_timeout, .. } = limits;
        let builder = front::builder(client_timeout);
        let room = Room::new(connections_max);
        Arc::new(Gateway { handle: OnceLock::new(), builder, egress, client_timeout, room })
    }

    /// Says who answers. Called once, before the first function runs.
    pub fn open(&self, handle: Arc<dyn Handle>) {
        assert!(self.handle.set(handle).is_ok(), "the gateway is opened once");
    }

    async fn platform(
        &self,
        request: Request<Incoming>,
        from: Arc<FunctionVersion>,
    ) -> Result<Response<Body>, Infallible> {
        let Some(handle) = self.handle.get() else {
            return Ok(front::text(StatusCode::SERVICE_UNAVAILABLE, "the platform is starting\n"));
        };
        let peer = Peer::Function(from);
        front::answer(Arc::clone(handle), in_origin_form(request), peer, self.client_timeout).await
    }
}

/// A gateway as the runtime holds it.
pub struct Shared(pub Arc<Gateway>);

impl services::run::Gateway for Shared {
    fn serve(&self, connection: Box<dyn Connection>, from: Arc<FunctionVersion>) -> BoxFuture<'static, ()> {
        let gateway = Arc::clone(&self.0);
        Box::pin(async move {
            let Some(_place) = gateway.room.take(&from.revision) else {
                tracing::warn!(function = %from.name, "it, or all functions, have too many connections open: one more is refused");
                return;
            };
            let io = TokioIo::new(Steady::new(connection, gateway.client_timeout));
            let service = {
                let (gateway, from) = (Arc::clone(&gateway), Arc::clone(&from));
                service_fn(move |request| answer(Arc::clone(&gateway), request, Arc::clone(&from)))
            };
            if let Err(error) = gateway.builder.serve_connection_with_upgrades(io, service).await {
                tracing::debug!(%error, function = %from.name, "a function's connection ended early");
            }
        })
    }
}

async fn answer(
    gateway: Arc<Gateway>,
    request: Request<Incoming>,
    from: Arc<FunctionVersion>,
) -> Result<Response<Body>, Infallible> {
    let outside = match destination(&request) {
        Destination::Platform => return gateway.platform(request, from).await,
        Destination::Tunnel(to) => tunnel(gateway.egress, request, to).await,
        Destination::Proxied(to) => forward(gateway.egress, request, to).await,
    };
    Ok(outside.unwrap_or_else(refusal))
}

enum Destination {
    Platform,
    Tunnel(Authority),
    Proxied(Authority),
}

fn destination<B>(request: &Request<B>) -> Destination {
    match request.uri().authority() {
        Some(to) if request.method() == Method::CONNECT => Destination::Tunnel(to.clone()),
        // HTTP/2 requests always carry a host in their URI; only HTTP/1 has a form for proxies.
        Some(to) if request.version() < Version::HTTP_2 && !is_platform(to) => Destination::Proxied(to.clone()),
        Some(_) | None => Destination::Platform,
    }
}

/// Whether an authority is the platform's own, as functions see it: their loopback, or a name under `localhost`.
fn is_platform(authority: &Authority) -> bool {
    let host = authority.host();
    host == "127.0.0.1" || host == "localhost" || host.ends_with(".localhost")
}

async fn tunnel(switch: Egress, request: Request<Incoming>, to: Authority) -> Result<Response<Body>, Refused> {
    let far = egress::connect(switch, to.host(), to.port_u16().unwrap_or(443)).await?;
    tokio::spawn(async move {
        let ended = match hyper::upgrade::on(request).await {
            Ok(near) => pump(TokioIo::new(near), far, TUNNEL_IDLE_MAX).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = ended {
            tracing::debug!(error, %to, "a function's tunnel ended early");
        }
    });
    Ok(Response::new(front::empty()))
}

/// Sends an absolute-form request on, body and answer streamed.
async fn forward(switch: Egress, request: Request<Incoming>, to: Authority) -> Result<Response<Body>, Refused> {
    let unreachable = || Refused::Unreachable { host: to.host().to_owned() };
    if request.uri().scheme() != Some(&Scheme::HTTP) {
        return Err(unreachable());
    }
    let stream = egress::connect(switch, to.host(), to.port_u16().unwrap_or(80)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|_| unreachable())?;
    tokio::spawn(connection);
    let mut request = in_origin_form(request);
    strip(request.headers_mut());
    if let Ok(host) = HeaderValue::from_str(to.as_str()) {
        request.headers_mut().insert(header::HOST, host);
    }
    let mut response = sender.send_request(request).await.map_err(|_| unreachable())?;
    strip(response.headers_mut());
    Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
}

fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
    headers.remove("proxy-connection");
    headers.remove("keep-alive");
}

fn in_origin_form<B>(mut request: Request<B>) -> Request<B> {
    if request.version() < Version::HTTP_2 && request.uri().authority().is_some() {
        let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        *request.uri_mut() = Uri::from(path);
    }
    request
}

fn refusal(refused: Refused) -> Response<Body> {
    let status = match refused {
        Refused::Closed | Refused::Forbidden { .. } => StatusCode::FORBIDDEN,
        Refused::Unknown { .. } | Refused::Unreachable { .. } => StatusCode::BAD_GATEWAY,
    };
    front::text(status, &format!("{refused}\n"))
}

#[cfg(test)]
mod tests {
    use super::{Destination, Room, SHARE, destination, in_origin_form};
    use http::Request;
    use services::run::Revision;

    fn check(method: &str, uri: &str, expected: &str) {
        let request = Request::builder().method(method).uri(uri).body(()).expect("a request");
        let found = match destination(&request) {
            Destination::Platform => format!("platform {}", in_origin_form(request).uri()),
            Destination::Tunnel(to) => format!("tunnel {to}"),
            Destination::Proxied(to) => format!("proxied {to} {}", in_origin_form(request).uri()),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_function_that_takes_all_its_connections_leaves_the_others_theirs() {
        let room = Room::new(2 * SHARE);
        let (greedy, other) = (Revision("greedy".into()), Revision("other".into()));
        let mut held = [room.take(&greedy), room.take(&greedy)].map(|place| place.expect("both are its own"));
        assert!(room.take(&greedy).is_none());
        assert!(room.take(&other).is_some());
        held[0] = room.take(&other).expect("there is room");
        assert!(room.take(&greedy).is_some());
        drop(held);
        assert!(room.lock().is_empty());
    }

    #[test]
    fn the_platform_is_answered_here_and_the_rest_goes_through_the_proxy() {
        check("GET", "/a?b=c", "platform /a?b=c");
        check("GET", "http://127.0.0.1:4566/a", "platform /a");
        check("POST", "http://x.lambda-url.us-east-1.localhost:4566", "platform /");
        check("GET", "http://example.com/a?b=c", "proxied example.com /a?b=c");
        check("CONNECT", "example.com:443", "tunnel example.com:443");
        check("CONNECT", "127.0.0.1:4566", "tunnel 127.0.0.1:4566");
    }
}
