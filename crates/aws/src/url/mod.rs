//! Function URLs: an HTTP request runs a function.
//!
//! Start reading at [`serve`]. A URL is reached by host (`<id>.lambda-url.<region>.localhost`) and by path
//! (`/_url/<id>/..`): many resolvers do not know names under `localhost`. A component gets the request as it is, a
//! process gets it as an event ([`event`]) and answers with a document ([`answer`]).
//!
//! Always true: the resource policy decides over every request but a preflight; what a caller may not do costs no
//! invocation.

mod address;
mod answer;
mod cors;
mod event;
mod refusal;

pub use address::{Address, address};

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::request::Parts;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt, Limited};
use services::Services;
use services::function::url::Auth;
use services::function::{Route, URL_AUTH_KEY, UrlRoute};
use services::identity::{self, Context, Decision, Principal};
use services::invoke::{self, Invoke, Invoked};
use services::run::{Body, Failure, Kind, Output, Payload, RequestId, Trace};
use services::trace;

use crate::api;
use crate::auth::Claim;
use crate::body;
use crate::call::{Peer, caller_trace};
use crate::error::Error;
use crate::protocol::{self, whole};
use crate::shape::Protocol;

/// Longest body that becomes an event, in bytes.
///
/// Source: Lambda quotas, "Invocation payload", synchronous (6 MB; read 2026-11-24).
const EVENT_BODY_BYTES_MAX: usize = 6 * 1024 * 1024;

/// Longest body that a component is sent, in bytes. It is streamed, so that this bounds time and not memory.
const STREAMED_BODY_BYTES_MAX: usize = 1 << 30;

/// Answers a request to a function URL.
pub async fn serve(
    services: &Services,
    address: Address,
    request: Request<Body>,
    peer: Peer,
    request_id: &RequestId,
) -> Response<Body> {
    let found = services.routes().url(&address.id).filter(|route| address.is_in(&route.function.scope.region));
    let Some(route) = found else {
        return refusal::absent();
    };
    let (parts, body) = request.into_parts();
    if let Some(response) = route.url.cors.as_ref().and_then(|cors| cors::preflight(cors, &parts)) {
        return response;
    }
    let asked = route.url.cors.is_some().then(|| parts.headers.clone());
    let call = UrlCall { services, route: &route, address: &address, peer: &peer, request_id };
    let mut response = match call.run(parts, body).await {
        Ok(response) => response,
        Err(error) => refuse(&error),
    };
    if let (Some(cors), Some(asked)) = (&route.url.cors, asked) {
        cors::allow(cors, &asked, response.headers_mut());
    }
    response
}

fn refuse(error: &Error) -> Response<Body> {
    // The id is put into the header by the caller.
    protocol::write_error(Protocol::RestJson, error, &RequestId("".into()))
}

/// A request to a URL that exists.
struct UrlCall<'a> {
    services: &'a Services,
    route: &'a UrlRoute,
    address: &'a Address,
    peer: &'a Peer,
    request_id: &'a RequestId,
}

/// Who calls, for the event.
struct Caller {
    principal: Principal,
    access_key_id: Option<String>,
}

/// A body as far as it has been read.
enum Content {
    Stream(Body),
    Whole(Bytes),
}

impl UrlCall<'_> {
    async fn run(&self, parts: Parts, body: Body) -> Result<Response<Body>, Error> {
        let (caller, content) = self.authenticate(&parts, body).await?;
        self.authorize(&caller)?;
        let trace = caller_trace(&parts.headers);
        // Which version of a weighted alias it is decides how the request is handed over.
        let choice = invoke::choice();
        let mut route = self.resolve(choice)?;
        let payload = match route.version.kind {
            Kind::Component => self.request(parts, content)?,
            Kind::Process => {
                let event = self.event(&parts, &caller, trace.as_ref(), content).await?;
                // The code may have changed while the body came in.
                route = self.resolve(choice)?;
                event
            }
        };
        let invoked = self.services.invoke_found(route, self.invoke(payload, trace)).await;
        let invoked = invoked.map_err(refusal::not_run)?;
        respond(invoked)
    }

    /// AWS_IAM wants a signature, which covers the body; NONE looks at none.
    async fn authenticate(&self, parts: &Parts, body: Body) -> Result<(Caller, Content), Error> {
        if self.route.url.auth == Auth::None {
            let caller = Caller { principal: Principal::Anonymous, access_key_id: None };
            return Ok((caller, Content::Stream(body)));
        }
        let refuse = |refusal: crate::auth::Refusal| refusal.error(Protocol::RestJson);
        let Some(claim) = Claim::read(parts).map_err(refuse)? else {
            return Err(refusal::forbidden());
        };
        if claim.scope.service != "lambda" {
            return Err(refuse(crate::auth::Refusal::Service { service: "lambda" }));
        }
        let known = api::check(self.services, &claim, parts, self.peer).map_err(refuse)?;
        let bytes = body::read(body, EVENT_BODY_BYTES_MAX, "InvokeFunction").await?;
        api::verify(&claim, parts, &known, &bytes).map_err(refuse)?;
        let caller = Caller { principal: known.principal, access_key_id: Some(claim.access_key_id) };
        Ok((caller, Content::Whole(bytes)))
    }

    fn authorize(&self, caller: &Caller) -> Result<(), Error> {
        let decision = match &caller.principal {
            Principal::Anonymous => self.route.anonymous(|| self.decide(&Principal::Anonymous)),
            known => self.decide(known),
        };
        match decision.allowed() {
            true => Ok(()),
            false => Err(refusal::forbidden()),
        }
    }

    fn decide(&self, principal: &Principal) -> Decision {
        let id = &self.route.function;
        let auth = match self.route.url.auth {
            Auth::None => "NONE",
            Auth::Iam => "AWS_IAM",
        };
        let context = Context::default().with(URL_AUTH_KEY, auth).with("aws:SourceIp", self.peer.ip().to_string());
        let resource = self.arn();
        let request = identity::Request {
            action: "lambda:InvokeFunctionUrl",
            resource: &resource,
            owner: &id.scope.account,
            context: &context,
        };
        identity::authorize(principal, &request, &self.route.policy)
    }

    fn arn(&self) -> String {
        let id = &self.route.function;
        let alias = self.route.alias.as_ref().map(|alias| format!(":{alias}")).unwrap_or_default();
        format!("arn:aws:lambda:{}:{}:function:{}{alias}", id.scope.region, id.scope.account, id.name)
    }

    /// The code that is chosen.
    fn resolve(&self, choice: u64) -> Result<Route, Error> {
        let route = self.services.routes().resolve(&self.route.function, self.route.qualifier().as_ref(), choice);
        route.map_err(|error| refusal::not_run(error.into()))
    }

    fn request(&self, mut parts: Parts, content: Content) -> Result<Payload, Error> {
        let sent = std::mem::replace(&mut parts.uri, self.address.target.clone());
        // HTTP/2 has the host in its target, which the function sees without it.
        if let Some(host) = sent.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
            parts.headers.entry(HOST).or_insert(host);
        }
        let body = match content {
            Content::Whole(bytes) => whole(bytes),
            Content::Stream(body) if body.is_end_stream() => body,
            Content::Stream(body) => Limited::new(body, STREAMED_BODY_BYTES_MAX).boxed_unsync(),
        };
        Ok(Payload::Http(Box::new(Request::from_parts(parts, body))))
    }

    async fn event(
        &self,
        parts: &Parts,
        caller: &Caller,
        trace: Option<&Trace>,
        content: Content,
    ) -> Result<Payload, Error> {
        let bytes = match content {
            Content::Whole(bytes) => bytes,
            Content::Stream(body) => body::read(body, EVENT_BODY_BYTES_MAX, "InvokeFunction").await?,
        };
        let document = event::document(&event::Facts {
            parts,
            body: &bytes,
            address: self.address,
            account: &self.route.function.scope.account,
            region: &self.route.function.scope.region,
            caller: caller.access_key_id.as_deref().map(|key| (key, &caller.principal)),
            source_ip: self.peer.ip(),
            request_id: self.request_id,
            trace,
            now_millis: self.services.store().clock().millis(),
        });
        Ok(Payload::Event { document, kind: "aws.lambda.url".into(), source: self.arn().into() })
    }

    fn invoke(&self, payload: Payload, trace: Option<Trace>) -> Invoke {
        let id = &self.route.function;
        Invoke {
            account: id.scope.account.clone(),
            region: id.scope.region.clone(),
            name: id.name.clone(),
            qualifier: self.route.qualifier(),
            choice: None, // the code is found already
            payload,
            trace,
            client_context: None,
            request_id: Some(self.request_id.clone()),
            tail: false,
        }
    }
}

fn respond(invoked: Invoked) -> Result<Response<Body>, Error> {
    let mut response = match invoked.answer.outcome {
        Ok(Output::Document(document)) => answer::response(&document),
        Ok(Output::Http(response)) => *response,
        Err(Failure::Function { .. } | Failure::ResponseTooLarge { .. }) => answer::bad_gateway(),
        Err(Failure::NoRoom(cause)) => return Err(refusal::no_room(&cause)),
        Err(Failure::Platform(cause)) => return Err(Error::internal(&cause)),
    };
    if let Ok(trace) = HeaderValue::try_from(trace::render_xray(&invoked.trace)) {
        response.headers_mut().insert("x-amzn-trace-id", trace);
    }
    Ok(response)
}

#[cfg(test)]
mod tests;
