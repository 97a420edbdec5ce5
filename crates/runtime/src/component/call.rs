//! One call of a component's handler, in a fresh instance, in either generation of `wasi:http`.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use services::run::Observer;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre as ProxyPreTwo;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p3::bindings::ServicePre;
use wasmtime_wasi_http::{WasiBody, WasiHttpView, p3};

use super::cache::Loaded;
use super::crash::Crash;
use super::guest::Guest;
use super::ledger::Ledger;

/// A response whose body is still being written, or the `wasi:http` error code that the guest gave in its place.
pub(super) type Head = Result<Response<WasiBody>, String>;

/// Instantiates, calls the handler, and stays until the guest has nothing left to do. The response leaves through
/// `head` as soon as it begins.
pub(super) async fn serve(
    loaded: Arc<Loaded>,
    mut store: Store<Guest>,
    request: Request<WasiBody>,
    head: oneshot::Sender<Head>,
    ledger: Arc<Ledger>,
    observer: Arc<dyn Observer>,
) {
    let called = match &loaded.pre {
        ProxyPre::P2(pre) => call_two(pre, &mut store, request, head).await,
        ProxyPre::P3(pre) => call_three(pre, &mut store, request, head).await,
    };
    let crash = called.err().map(|error| {
        let crash = Crash::of(&error, ledger.memory_was_refused());
        if let Crash::Trapped(_) = crash {
            // Where it happened is of use to the function's author only, so it goes to the function's log.
            observer.wrote(Bytes::from(format!("{error:?}\n")));
        }
        crash
    });
    ledger.guest_ended(crash);
}

async fn call_two(
    pre: &ProxyPreTwo<Guest>,
    store: &mut Store<Guest>,
    request: Request<WasiBody>,
    head: oneshot::Sender<Head>,
) -> wasmtime::Result<()> {
    let scheme = match request.uri().scheme_str() {
        Some("https") => Scheme::Https,
        _ => Scheme::Http,
    };
    let request = store.data_mut().http().new_incoming_request(scheme, request)?;
    let answer = store.data_mut().http().new_response_outparam_from_callback(move |answer| {
        // Nobody may be waiting for it any more.
        let _ = head.send(answer.map_err(|code| format!("{code:?}")));
    })?;
    let proxy = pre.instantiate_async(&mut *store).await?;
    proxy.wasi_http_incoming_handler().call_handle(&mut *store, request, answer).await
}

async fn call_three(
    pre: &ServicePre<Guest>,
    store: &mut Store<Guest>,
    request: Request<WasiBody>,
    head: oneshot::Sender<Head>,
) -> wasmtime::Result<()> {
    let service = pre.instantiate_async(&mut *store).await?;
    // How the guest's reading of the request went is the guest's affair.
    let (request, _) = p3::Request::from_http(store.data_mut().http().hooks, request);
    store
        .run_concurrent(async |accessor| -> wasmtime::Result<()> {
            let answer = match service.handle(accessor, request).await? {
                Ok(response) => Ok(accessor.with(|store| response.into_http(store, async { Ok(()) }))?),
                Err(code) => Err(format!("{code:?}")),
            };
            // Nobody may be waiting for it any more.
            let _ = head.send(answer);
            poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
            Ok(())
        })
        .await?
}
