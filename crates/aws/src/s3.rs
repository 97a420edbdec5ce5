//! S3 is not here yet: everything that looks like it is refused in S3's own form.

use http::Response;
use http::request::Parts;
use services::run::{Body, RequestId};

use crate::protocol::query::escape;
use crate::protocol::respond;

/// The XML error that S3 clients read.
pub fn refuse(parts: &Parts, request_id: &RequestId) -> Response<Body> {
    let (resource, id) = (escape(parts.uri.path()), &request_id.0);
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NotImplemented</Code><Message>Buckets are not \
         implemented.</Message><Resource>{resource}</Resource><RequestId>{id}</RequestId></Error>"
    );
    respond(501, "application/xml", xml)
}
