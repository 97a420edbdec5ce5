//! Hello world as a WASI 0.3 `wasi:http/service` component.

use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::{wit_future, wit_stream};

struct Hello;

impl wasip3::exports::http::handler::Guest for Hello {
    async fn handle(_request: Request) -> Result<Response, ErrorCode> {
        let (mut body, frames) = wit_stream::new();
        let (trailers, no_trailers) = wit_future::new(|| Ok(None));
        let (response, _sent) = Response::new(Fields::new(), Some(frames), no_trailers);
        drop(trailers);
        wit_bindgen::spawn_local(async move {
            body.write_all(b"hello from 0.3".to_vec()).await;
        });
        Ok(response)
    }
}

wasip3::http::service::export!(Hello);
