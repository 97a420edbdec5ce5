//! A component whose first act is to print what time it is, in nanoseconds since 1970: how long an event takes from its
//! acknowledgement to the first line of its function is measured with it.

use std::io::Write;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Clock;

impl Guest for Clock {
    fn handle(_: IncomingRequest, answer: ResponseOutparam) {
        let now = wasip2::clocks::wall_clock::now();
        let nanoseconds = now.seconds as u128 * 1_000_000_000 + u128::from(now.nanoseconds);
        let mut out = wasip2::cli::stdout::get_stdout();
        let _ = writeln!(out, "began {nanoseconds}");
        let _ = Write::flush(&mut out);
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().expect("a new response has its body");
        ResponseOutparam::set(answer, Ok(response));
        let _ = OutgoingBody::finish(body, None);
    }
}

wasip2::http::proxy::export!(Clock);
