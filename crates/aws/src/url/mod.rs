//! Function URLs: an HTTP request runs a function.

use http::{HeaderMap, Request, Response, Uri};
use services::Services;
use services::run::{Body, RequestId};

use crate::call::Peer;

pub struct Address;

pub fn address(_uri: &Uri, _headers: &HeaderMap) -> Option<Address> {
    None
}

pub async fn serve(
    _services: &Services,
    _address: Address,
    _request: Request<Body>,
    _peer: Peer,
    request_id: &RequestId,
) -> Response<Body> {
    let _ = request_id;
    crate::protocol::respond(404, "application/json", "{\"Message\":null}")
}
