//! Requests of the platform's own to the outside, such as notifications to HTTP endpoints.
//!
//! Always true: whoever may name an address may be told only of what he could reach himself. So what a function has asked
//! for goes by the rule for functions, and nothing reaches the local link with its metadata services.

use bytes::Bytes;
use http::header::HOST;
use http::uri::{PathAndQuery, Scheme, Uri};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use services::outside::{self, Request};
use services::run::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::options::Egress;
use crate::{egress, tls};

/// Sends requests.
#[derive(Debug, Clone, Copy)]
pub struct Outside {
    /// Whether functions reach the outside.
    pub functions: Egress,
}

impl outside::Outside for Outside {
    fn post(&self, request: Request) -> BoxFuture<'static, Result<u16, String>> {
        let (functions, timeout) = (self.functions, request.timeout);
        Box::pin(async move {
            match tokio::time::timeout(timeout, post(functions, request)).await {
                Ok(answered) => answered,
                Err(_) => Err(format!("no answer within {timeout:?}")),
            }
        })
    }
}

async fn post(functions: Egress, request: Request) -> Result<u16, String> {
    let uri: Uri = request.url.parse().map_err(|error| format!("{error}"))?;
    let authority = uri.authority().ok_or("the URL names no host")?;
    let secure = uri.scheme() == Some(&Scheme::HTTPS);
    let (host, port) = (authority.host(), authority.port_u16().unwrap_or(if secure { 443 } else { 80 }));
    let connected = match request.by_function {
        true => egress::connect(functions, host, port).await,
        false => egress::connect_nearby(host, port).await,
    };
    let stream = connected.map_err(|refused| refused.to_string())?;
    let sent = to_send(&uri, &request)?;
    if !secure {
        return answered(stream, sent).await;
    }
    let bare_host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare_host.to_owned()).map_err(|error| error.to_string())?;
    let connector = TlsConnector::from(tls::config().map_err(|error| error.to_string())?);
    answered(connector.connect(name, stream).await.map_err(|error| error.to_string())?, sent).await
}

fn to_send(uri: &Uri, request: &Request) -> Result<http::Request<Full<Bytes>>, String> {
    let target = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let host = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host); // what stands before is a password
    let mut built = http::Request::post(Uri::from(target)).header(HOST, host);
    for (name, value) in &request.headers {
        built = built.header(*name, value);
    }
    built.body(Full::new(request.body.clone())).map_err(|error| error.to_string())
}

async fn answered(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: http::Request<Full<Bytes>>,
) -> Result<u16, String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await;
    connection.abort(); // nobody reads the body
    answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
}
