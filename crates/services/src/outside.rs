//! The border to whatever sends requests to the outside.

use std::time::Duration;

use bytes::Bytes;

use crate::run::BoxFuture;

/// Sends requests over HTTP and HTTPS.
pub trait Outside: std::fmt::Debug + Send + Sync + 'static {
    /// The status of the answer, or why there is none. Redirections are not followed.
    fn post(&self, request: Request) -> BoxFuture<'static, Result<u16, String>>;
}

/// A request to an absolute URL.
#[derive(Debug, Clone)]
pub struct Request {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    /// Whether a function has named the URL: then it reaches what functions reach.
    pub by_function: bool,
    /// For all of it.
    pub timeout: Duration,
}
