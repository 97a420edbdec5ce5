//! The edge: where a request is counted, logged and sent on.
//!
//! Start at [`Edge::answer`]. `/_nought/` is the platform's own (`control`); the rest is the AWS face's.
//! Always true: one log line and one count for each request, whatever came of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws::{Api, Peer, Served};
use http::{Request, Response};
use services::Services;
use services::run::{Body, BoxFuture};

use crate::control;
use crate::front::Handle;
use crate::metrics::{Label, Metrics};

/// Paths under this prefix are the platform's own.
pub const PREFIX: &str = "/_nought/";

/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Edge(Arc<Shared>);

struct Shared {
    api: Api,
    services: Services,
    metrics: Metrics,
}

/// What one log line says.
struct Line<'a> {
    served: Served,
    method: &'a http::Method,
    path: &'a str,
    peer: &'a Peer,
    took: Duration,
}

impl Edge {
    pub fn new(api: Api, services: Services) -> Edge {
        Edge(Arc::new(Shared { api, services, metrics: Metrics::default() }))
    }

    pub fn services(&self) -> &Services {
        &self.0.services
    }

    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    async fn answer(self, request: Request<Body>, peer: Peer) -> Response<Body> {
        let running = self.metrics().begin();
        let began = Instant::now();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = match path.starts_with(PREFIX) {
            true => control::serve(&self, request, &peer).await,
            false => self.0.api.serve(request, peer.clone()).await,
        };
        drop(running);
        let took = began.elapsed();
        let served = response.extensions().get().copied().unwrap_or(Served { service: "", operation: "" });
        let Served { service: api, operation } = served;
        self.metrics().record(Label { api, operation }, response.status().as_u16(), took);
        log(&response, &Line { served, method: &method, path: &path, peer: &peer, took });
        response
    }
}

impl Handle for Edge {
    fn handle(&self, request: Request<Body>, peer: Peer) -> BoxFuture<'static, Response<Body>> {
        Box::pin(self.clone().answer(request, peer))
    }
}

/// The path without its query: a query may carry a signature.
fn log(response: &Response<Body>, line: &Line<'_>) {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let function = match line.peer {
        Peer::Function(function) => function.name.as_str(),
        Peer::Address(_) => "",
    };
    tracing::info!(
        api = line.served.service,
        operation = line.served.operation,
        status = response.status().as_u16(),
        micros = line.took.as_micros() as u64,
        method = line.method.as_str(),
        path = line.path,
        request_id = header("x-amzn-requestid"),
        error = header("x-amzn-errortype"),
        peer = %line.peer.ip(),
        function,
        "request"
    );
}
