//! A client that signs: what tests and measurements call the APIs with.
//!
//! Start reading at [`Client::call`].

use std::fmt::Write;
use std::net::SocketAddr;

use aws::auth::{self, Signer};
use serde_json::Value;

use crate::http::{Answer, Connection};
use crate::nought::{KEY, SECRET};

pub const REGION: &str = "us-east-1";
pub const ACCOUNT: &str = "000000000000";

/// A connection to a server, signed with its root key.
pub struct Client {
    address: SocketAddr,
    connection: Option<Connection>,
}

/// Why a call did not succeed.
#[derive(Debug)]
pub enum Failed {
    /// No whole answer came: the server is gone, and what was asked for may have happened.
    Gone,
    /// The server said no.
    Refused(Answer),
}

impl Failed {
    /// Whether the server refused with this error code.
    pub fn is(&self, code: &str) -> bool {
        matches!(self, Failed::Refused(answer) if answer.text().contains(code))
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Client {
        Client { address, connection: None }
    }

    /// Sends one request; a status of 300 and above is a refusal.
    pub fn call(
        &mut self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Failed> {
        let head = self.head(service, method, path, headers, body);
        match self.send(&head, method, body) {
            Ok(answer) if answer.status < 300 => Ok(answer),
            Ok(answer) => Err(Failed::Refused(answer)),
            Err(_) => {
                self.connection = None;
                Err(Failed::Gone)
            }
        }
    }

    /// A call of S3, whose bodies are left out of the signature.
    pub fn s3(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, Failed> {
        let hash = [("x-amz-content-sha256", auth::UNSIGNED_PAYLOAD)];
        self.call("s3", method, path, &[&hash, headers].concat(), body)
    }

    pub fn dynamodb(&mut self, operation: &str, input: &Value) -> Result<Value, Failed> {
        self.json("dynamodb", "1.0", &format!("DynamoDB_20120810.{operation}"), input)
    }

    pub fn sqs(&mut self, operation: &str, input: &Value) -> Result<Value, Failed> {
        self.json("sqs", "1.0", &format!("AmazonSQS.{operation}"), input)
    }

    pub fn logs(&mut self, operation: &str, input: &Value) -> Result<Value, Failed> {
        self.json("logs", "1.1", &format!("Logs_20140328.{operation}"), input)
    }

    /// A call of the Lambda API.
    pub fn lambda(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        input: &Value,
    ) -> Result<Answer, Failed> {
        self.call("lambda", method, path, headers, input.to_string().as_bytes())
    }

    fn json(&mut self, service: &str, version: &str, target: &str, input: &Value) -> Result<Value, Failed> {
        let kind = format!("application/x-amz-json-{version}");
        let headers = [("content-type", kind.as_str()), ("x-amz-target", target)];
        let answer = self.call(service, "POST", "/", &headers, input.to_string().as_bytes())?;
        // An answer that is cut off is no answer.
        if answer.body.is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_slice(&answer.body).map_err(|_| Failed::Gone)
        }
    }

    fn send(&mut self, head: &str, method: &str, body: &[u8]) -> std::io::Result<Answer> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::open(self.address)?),
        };
        connection.send(head, method, body)
    }

    /// The head of a request with its signature, without the length of the body and the line that ends it.
    pub fn head(&self, service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
        let mut request = http::Request::builder().method(method).uri(path).header("host", self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).expect("a test's own request").into_parts();
        let signer = Signer { access_key_id: KEY, secret: SECRET, session_token: None, region: REGION, service };
        auth::sign(&mut parts, body, &signer, auth::Instant::now()).expect("a test's own headers");
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        for (name, value) in &parts.headers {
            let value = value.to_str().expect("a test's own header");
            write!(head, "{name}: {value}\r\n").expect("writing to a text cannot fail");
        }
        head
    }
}
