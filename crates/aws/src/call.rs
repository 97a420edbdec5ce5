//! One call of an operation: who calls, where, and what a handler needs beside its input.

use std::net::SocketAddr;
use std::sync::Arc;

use http::HeaderMap;
use services::Services;
use services::identity::{self, Context, Principal};
use services::name::{AccountId, Region};
use services::run::{FunctionVersion, RequestId, Trace};
use services::trace;

use crate::error::{self, Error};
use crate::operation::Need;

/// What every handler is given. The signature has been verified and the caller may do what he asks for.
pub struct Call {
    pub services: Services,
    /// The caller's account: operations act within it.
    pub account: AccountId,
    /// From the scope of the signature.
    pub region: Region,
    pub caller: Principal,
    pub request_id: RequestId,
    /// `host:port` as the client wrote it, for URLs in answers.
    pub authority: Box<str>,
    pub headers: HeaderMap,
    pub peer: Peer,
}

/// Where a connection comes from.
#[derive(Debug, Clone)]
pub enum Peer {
    Address(SocketAddr),
    /// A running function, through the listener inside its sandbox.
    Function(Arc<FunctionVersion>),
}

impl Peer {
    pub fn is_loopback(&self) -> bool {
        matches!(self, Peer::Address(address) if address.ip().to_canonical().is_loopback())
    }

    /// The address to show; a function is on this machine.
    pub fn ip(&self) -> std::net::IpAddr {
        match self {
            Peer::Address(address) => address.ip().to_canonical(),
            Peer::Function(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        }
    }
}

impl Call {
    /// `arn:aws:<service>:<region>:<account>:<resource>` of something in the caller's account and region.
    pub fn arn(&self, service: &str, resource: impl std::fmt::Display) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    /// Refuses what the caller has no right to.
    pub fn may(&self, need: &Need) -> Result<(), Error> {
        let context = Context::default().with("aws:SourceIp", self.peer.ip().to_string());
        let Need { action, resource } = need;
        let request = identity::Request { action, resource, owner: &self.account, context: &context };
        match identity::authorize(&self.caller, &request, &[]).allowed() {
            true => Ok(()),
            false => Err(self.denied(action, resource)),
        }
    }

    /// The caller asks for something beyond his rights, in the words of IAM.
    pub fn denied(&self, action: &str, resource: &str) -> Error {
        let caller = self.caller.arn();
        error::ACCESS_DENIED.with(format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
        ))
    }
}

/// The caller's place in its trace, from either of the headers in use; X-Ray's goes first, as in the service.
pub fn caller_trace(headers: &HeaderMap) -> Option<Trace> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let xray = text("x-amzn-trace-id").and_then(trace::parse_xray);
    xray.or_else(|| text("traceparent").and_then(trace::parse_w3c))
}
