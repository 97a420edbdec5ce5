//! The command line's way to a running server: signed HTTP requests like any other client's.
//!
//! Start at [`Client::new`].

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws::auth;
use bytes::Bytes;
use http::uri::{PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;

use crate::cli::Connection;
use crate::{DATA_DEFAULT, root_key};

/// Longest wait for an answer: a function may run 15 minutes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(960);
/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What developers' SDKs are set to everywhere: `dev` and `demo` accept it from this machine.
const CONVENTIONAL: &str = "test";

/// A key pair to sign with.
#[derive(Clone)]
pub struct Key {
    pub id: String,
    pub secret: String,
    pub session_token: Option<String>,
}

impl Key {
    pub fn conventional() -> Key {
        Key { id: CONVENTIONAL.to_owned(), secret: CONVENTIONAL.to_owned(), session_token: None }
    }
}

pub struct Client {
    endpoint: Uri,
    region: String,
    key: Key,
    http: legacy::Client<HttpConnector, Full<Bytes>>,
}

/// Why a call has no answer. One variant for each thing the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no server answers at {endpoint}: start one with `nought serve`, or name it with --endpoint ({reason})")]
    Unreachable { endpoint: String, reason: String },
    /// The server understood and said no.
    #[error("{code}: {message}{}", hint(code))]
    Refused { status: StatusCode, code: String, message: String },
    #[error("the server at {endpoint} gave an answer that is not Nought's: {reason}")]
    Strange { endpoint: String, reason: String },
}

/// What to do next, where an error code alone tells.
fn hint(code: &str) -> &'static str {
    match code {
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "InvalidClientTokenId" => {
            "\n  set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the server's root key, or name its data directory with --data"
        }
        "ResourceNotFoundException" => "\n  `nought list` shows what there is in this region",
        _ => "",
    }
}

impl Client {
    pub fn new(connection: &Connection) -> Result<Client> {
        let key = root_key::for_client(connection.data.as_deref().unwrap_or(Path::new(DATA_DEFAULT)))?;
        Client::with_key(&connection.endpoint, &connection.region, key)
    }

    pub fn with_key(endpoint: &str, region: &str, key: Key) -> Result<Client> {
        let parsed: Uri = endpoint.parse().with_context(|| format!("{endpoint:?} is not a URL"))?;
        if parsed.scheme() != Some(&Scheme::HTTP) || parsed.authority().is_none() {
            bail!("{endpoint:?} is not an endpoint of the form http://HOST:PORT");
        }
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .build_http();
        Ok(Client { endpoint: parsed, region: region.to_owned(), key, http })
    }

    /// `http://HOST:PORT`, without a slash at its end.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.endpoint.authority().expect("checked when made"))
    }

    /// A request of the Lambda API; the answer is its JSON, or null where it has none.
    pub async fn lambda(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let answer = self.call("lambda", method, path, &[("content-type", "application/json")], body).await?;
        self.json(answer.body())
    }

    /// A request of the CloudWatch Logs API.
    pub async fn logs(&self, operation: &str, input: &Value) -> Result<Value, Error> {
        self.targeted("logs", "application/x-amz-json-1.1", &format!("Logs_20140328.{operation}"), input).await
    }

    /// A request of the SQS API.
    pub async fn sqs(&self, operation: &str, input: &Value) -> Result<Value, Error> {
        self.targeted("sqs", "application/x-amz-json-1.0", &format!("AmazonSQS.{operation}"), input).await
    }

    async fn targeted(&self, service: &str, media: &str, target: &str, input: &Value) -> Result<Value, Error> {
        let headers = [("content-type", media), ("x-amz-target", target)];
        let answer = self.call(service, Method::POST, "/", &headers, input.to_string().into()).await?;
        self.json(answer.body())
    }

    /// A request of the server's own interface, under `/_nought/`.
    pub async fn own(&self, method: Method, path: &str, body: &Value) -> Result<Value, Error> {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let answer = self.call("nought", method, path, &[("content-type", "application/json")], body).await?;
        self.json(answer.body())
    }

    /// Signs and sends one request; any status that is not a success is an error.
    pub async fn call(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response<Bytes>, Error> {
        let mut request = Request::builder().method(method).uri(self.uri(path)?);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let authority = self.endpoint.authority().expect("checked when made");
        let request = request.header(header::HOST, authority.as_str()).body(()).map_err(|error| self.strange(error))?;
        let (mut head, ()) = request.into_parts();
        auth::sign(&mut head, &body, &self.signer(service), auth::Instant::now())
            .map_err(|error| self.strange(error))?;
        let answer = self.send(Request::from_parts(head, Full::new(body))).await?;
        match answer.status().is_success() {
            true => Ok(answer),
            false => Err(refused(&answer)),
        }
    }

    /// Sends a request as it is, unsigned, and reads the whole answer.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Error> {
        let unreachable = |reason: String| Error::Unreachable { endpoint: self.endpoint(), reason };
        let exchange = async {
            let answer = self.http.request(request).await.map_err(|error| unreachable(root_cause(&error)))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| self.strange(error))?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        match tokio::time::timeout(ANSWER_TIMEOUT, exchange).await {
            Ok(answered) => answered,
            Err(_) => Err(unreachable(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()))),
        }
    }

    fn signer<'a>(&'a self, service: &'a str) -> auth::Signer<'a> {
        auth::Signer {
            access_key_id: &self.key.id,
            secret: &self.key.secret,
            session_token: self.key.session_token.as_deref(),
            region: &self.region,
            service,
        }
    }

    fn uri(&self, path: &str) -> Result<Uri, Error> {
        let path: PathAndQuery = path.parse().map_err(|error| self.strange(error))?;
        let mut parts = self.endpoint.clone().into_parts();
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|error| self.strange(error))
    }

    fn json(&self, bytes: &Bytes) -> Result<Value, Error> {
        match bytes.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::from_slice(bytes).map_err(|error| self.strange(error)),
        }
    }

    fn strange(&self, reason: impl fmt::Display) -> Error {
        Error::Strange { endpoint: self.endpoint(), reason: reason.to_string() }
    }
}

fn refused(answer: &Response<Bytes>) -> Error {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let header = answer.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let code = header.or(body["__type"].as_str()).unwrap_or("Error");
    let code = code.rsplit('#').next().unwrap_or(code).split(':').next().unwrap_or(code).to_owned();
    let said = ["Message", "message", "errorMessage"].iter().find_map(|key| body[*key].as_str());
    let message = match said {
        Some(said) => said.to_owned(),
        None => format!("{} {}", answer.status(), String::from_utf8_lossy(answer.body()).trim()),
    };
    Error::Refused { status: answer.status(), code, message }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => root_cause(source),
        None => error.to_string(),
    }
}

/// Text as one segment of a path or one value of a query.
pub struct Encoded<'a>(pub &'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => write!(out, "{}", byte as char)?,
                _ => write!(out, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}
