//! Hello world with an allocator and a formatted answer, as most Rust components are.

use std::io::Write;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Hello;

impl Guest for Hello {
    fn handle(request: IncomingRequest, answer: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let headers = Fields::from_list(&[("content-type".to_owned(), b"text/plain".to_vec())]).expect("a legal header");
        let response = OutgoingResponse::new(headers);
        let body = response.body().expect("a new response has its body");
        ResponseOutparam::set(answer, Ok(response));
        let mut stream = body.write().expect("a new body has its stream");
        // The caller may have gone away: then nobody is left to tell.
        let _ = write!(stream, "hello from {path}").and_then(|()| Write::flush(&mut stream));
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}

wasip2::http::proxy::export!(Hello);
