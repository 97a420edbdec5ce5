//! Requests that a component sends: to Nought itself without leaving the process, to others by the egress switch.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use services::run::{Connection, FunctionVersion, Gateway};
use tokio::time::{Instant, Sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::GATEWAY;
use crate::egress::{self, Refused};
use crate::options::Egress;
use crate::tls;

/// Longest time to connect, where the guest names none; its own deadline usually comes first.
const CONNECT_MAX: Duration = Duration::from_secs(30);

/// Bytes under way between a component and Nought, in each direction.
const GATEWAY_BUFFER_BYTES: usize = 64 * 1024;

/// What lies around all components: the platform and the outside.
#[derive(Clone)]
pub(super) struct World {
    pub gateway: Arc<dyn Gateway>,
    pub egress: Egress,
}

/// One instance's way out.
pub(super) struct Outgoing {
    world: World,
    function: Arc<FunctionVersion>,
}

type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl Outgoing {
    pub fn new(world: World, function: Arc<FunctionVersion>) -> Outgoing {
        Outgoing { world, function }
    }
}

impl WasiHttpHooks for Outgoing {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let (world, function) = (self.world.clone(), self.function.clone());
        Box::new(async move { send(&world, function, request, options.unwrap_or_default()).await })
    }
}

async fn send(
    world: &World,
    function: Arc<FunctionVersion>,
    mut request: Request<WasiBody>,
    options: RequestOptions,
) -> Result<Sent, Error> {
    let connecting = connect(world, function, request.uri());
    let stream = timeout(options.connect_timeout.unwrap_or(CONNECT_MAX), connecting)
        .await
        .map_err(|_| Error::ConnectionTimeout)??;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    *request.uri_mut() = origin_form(request.uri());
    let mut connection = Box::pin(connection);
    let answering = sender.send_request(request);
    let answer = match options.first_byte_timeout {
        None => drive(&mut connection, answering).await?,
        Some(limit) => {
            timeout(limit, drive(&mut connection, answering)).await.map_err(|_| Error::ConnectionReadTimeout)??
        }
    };
    let response = answer.map(|body| Paced::new(body, options.between_bytes_timeout).boxed_unsync());
    Ok((response, Box::new(async move { connection.await.map_err(Error::from) })))
}

/// Waits for `answer` while its connection does its work.
async fn drive<T>(
    connection: &mut (impl Future<Output = hyper::Result<()>> + Unpin),
    answer: impl Future<Output = hyper::Result<T>>,
) -> Result<T, Error> {
    let mut answer = pin!(answer);
    tokio::select! {
        biased;
        answered = &mut answer => Ok(answered?),
        closed = connection => {
            closed?;
            Ok(answer.await?)
        }
    }
}

async fn connect(world: &World, function: Arc<FunctionVersion>, uri: &Uri) -> Result<Box<dyn Connection>, Error> {
    let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
    let tls = uri.scheme() == Some(&Scheme::HTTPS);
    let host = authority.host();
    let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
    if !tls && is_gateway(host, port) {
        return Ok(Box::new(enter(world, function)));
    }
    let stream = egress::connect(world.egress, host, port).await.map_err(refused)?;
    if !tls {
        return Ok(Box::new(stream));
    }
    let bare_host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare_host.to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?;
    let stream = TlsConnector::from(tls_config()?).connect(name, stream).await.map_err(Error::Tls)?;
    Ok(Box::new(stream))
}

/// The platform, by the address that functions know it under.
fn is_gateway(host: &str, port: u16) -> bool {
    let (_, gateway_port) = GATEWAY.split_once(':').expect("the gateway's address has a port");
    matches!(host, "127.0.0.1" | "localhost") && gateway_port.parse() == Ok(port)
}

fn enter(world: &World, function: Arc<FunctionVersion>) -> impl Connection + 'static {
    let (near, far) = tokio::io::duplex(GATEWAY_BUFFER_BYTES);
    tokio::spawn(world.gateway.serve(Box::new(far), function));
    near
}

fn refused(refused: Refused) -> Error {
    match refused {
        Refused::Closed => Error::HttpRequestDenied,
        Refused::Forbidden { .. } => Error::DestinationIpProhibited,
        Refused::Unknown { .. } => Error::DnsError { rcode: Some(refused.to_string()), info_code: None },
        Refused::Unreachable { .. } => Error::DestinationUnavailable,
    }
}

fn tls_config() -> Result<Arc<ClientConfig>, Error> {
    tls::config().map_err(|error| Error::InternalError(Some(error.to_string())))
}

fn origin_form(uri: &Uri) -> Uri {
    uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")).into()
}

/// A response body whose frames may be at most so far apart.
struct Paced {
    body: Incoming,
    pace: Option<(Duration, Pin<Box<Sleep>>)>,
}

impl Paced {
    fn new(body: Incoming, gap_max: Option<Duration>) -> Paced {
        Paced { body, pace: gap_max.map(|gap| (gap, Box::pin(tokio::time::sleep(gap)))) }
    }
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            if let Some((gap, sleep)) = &mut this.pace {
                sleep.as_mut().reset(Instant::now() + *gap);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        match &mut this.pace {
            None => Poll::Pending,
            Some((_, sleep)) => {
                ready!(sleep.as_mut().poll(context));
                Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
