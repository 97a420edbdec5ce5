//! The operation table of an API: one row for each operation, and nothing else knows the list.
//!
//! Start reading at [`Row::new`]. The table drives dispatch, authorization, metrics labels and the refusal of what is
//! not there. A handler is an async function from a call and a generated input to a generated output:
//!
//! ```ignore
//! async fn get_policy(call: Call, input: GetPolicyRequest) -> Result<GetPolicyResponse, Error> { .. }
//!
//! Row::new(&lambda::GET_POLICY_OPERATION, "lambda:GetPolicy", function_arn, get_policy)
//! ```

use std::future::Future;

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value};
use services::run::{Body, BoxFuture};

use crate::call::Call;
use crate::error::{self, Error, Kind};
use crate::protocol::{self, query};
use crate::shape::{Described, Input, Member, Output, Protocol, Service};
use crate::{check, uri};

/// Longest body of an operation that does not say otherwise, in bytes.
///
/// Source: Lambda and CloudWatch Logs take documents up to 1 MiB; larger ones are refused (read 2026-11-24).
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// Members of a request by their wire keys, before the limits are checked. Labels of the path are always there.
pub type Members = Map<String, Value>;

/// Names the resource that a request touches, as an ARN, or `*`.
pub type Resource = fn(&Call, &Members) -> String;

/// A right that a request needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    pub action: &'static str,
    pub resource: String,
}

pub struct Table {
    /// The service in a credential scope, such as `lambda`.
    pub scope: &'static str,
    pub service: &'static Service,
    /// What this service calls a request that breaks a limit of the model.
    pub invalid: &'static Kind,
    pub rows: Vec<Row>,
}

pub struct Row {
    pub described: &'static Described,
    /// The IAM action; it differs from the operation's name here and there (`lambda:InvokeFunction`).
    pub action: &'static str,
    pub resource: Resource,
    pub body_bytes_max: usize,
    pub members: &'static [Member],
    /// What it needs, where that depends on the request; then `action` is only the one it is listed with.
    each: Option<fn(&Call, &Members) -> Vec<Need>>,
    /// Whether it ends when its caller hangs up.
    ends_with_caller: bool,
    run: Handler,
}

type Handler =
    Box<dyn Fn(Call, Received, Answering) -> BoxFuture<'static, Result<Response<Body>, Error>> + Send + Sync>;

/// A request after its protocol is done with.
#[derive(Debug, Default)]
pub struct Received {
    pub members: Members,
    pub payload: Bytes,
}

/// How the answer is written.
#[derive(Clone, Copy)]
pub struct Answering {
    pub protocol: Protocol,
    pub invalid: &'static Kind,
    pub described: &'static Described,
}

/// Where a request leads.
pub enum Found<'a> {
    Row {
        row: &'a Row,
        labels: Members,
    },
    /// An operation of the real service that Nought does not have.
    NotImplemented(&'static str),
    Unknown,
}

impl Row {
    pub fn new<I, O, F, Fut>(described: &'static Described, action: &'static str, resource: Resource, handler: F) -> Row
    where
        I: Input,
        O: Output + 'static,
        F: Fn(Call, I) -> Fut + Send + Sync + Copy + 'static,
        Fut: Future<Output = Result<O, Error>> + Send,
    {
        let run: Handler = Box::new(move |call, received, answering| {
            Box::pin(async move {
                let request_id = call.request_id.clone();
                let output = handler(call, input(received, answering)?).await?;
                protocol::write(answering, output, &request_id)
            })
        });
        Row {
            described,
            action,
            resource,
            body_bytes_max: BODY_BYTES_MAX,
            members: I::members(),
            each: None,
            ends_with_caller: false,
            run,
        }
    }

    /// For operations that take more, or must take less, than [`BODY_BYTES_MAX`].
    #[must_use]
    pub fn body_max(mut self, bytes: usize) -> Row {
        self.body_bytes_max = bytes;
        self
    }

    /// For operations that need more than one right, or not always the same.
    #[must_use]
    pub fn needing(mut self, each: fn(&Call, &Members) -> Vec<Need>) -> Row {
        self.each = Some(each);
        self
    }

    /// The rights that a request needs.
    pub fn needs(&self, call: &Call, members: &Members) -> Vec<Need> {
        match self.each {
            Some(each) => each(call, members),
            None => vec![Need { action: self.action, resource: (self.resource)(call, members) }],
        }
    }

    /// For operations that wait for something only their caller wants, and are safe to drop.
    #[must_use]
    pub fn ends_with_caller(mut self) -> Row {
        self.ends_with_caller = true;
        self
    }
}

fn action(form: Option<&query::Form>) -> &str {
    form.and_then(|form| form.get("Action")).unwrap_or_default()
}

/// Checks the limits and makes the typed input.
fn input<I: Input>(received: Received, answering: Answering) -> Result<I, Error> {
    let invalid = answering.invalid;
    if let Protocol::QueryCompatible { older, .. } = answering.protocol
        && let Some(name) = check::missing(I::members(), &received.members, older, answering.described.name)
    {
        return Err(error::MISSING_PARAMETER.with(format!("The request must contain the parameter {name}.")));
    }
    check::limits(I::members(), &received.members).map_err(|text| invalid.with(text))?;
    let mut input: I = serde_json::from_value(Value::Object(received.members))
        .map_err(|error| error::SERIALIZATION.with(error.to_string()))?;
    input.set_payload(received.payload);
    Ok(input)
}

impl Table {
    /// Finds the operation that a request is addressed to.
    ///
    /// `form` is there for the Query protocol only.
    pub fn find(&self, parts: &http::request::Parts, form: Option<&query::Form>) -> Found<'_> {
        match self.service.protocol {
            Protocol::RestJson => self.find_path(parts.method.as_str(), &parts.uri),
            Protocol::Json { target, .. } => {
                let header = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
                let named =
                    header.and_then(|header| header.strip_prefix(target)).and_then(|rest| rest.strip_prefix('.'));
                self.find_name(named.unwrap_or_default())
            }
            Protocol::Query { .. } => self.find_name(action(form)),
            Protocol::QueryCompatible { older, .. } => {
                let header = parts.headers.get("x-amz-target").map(|value| value.to_str().unwrap_or_default());
                let named = header.and_then(|header| header.strip_prefix(older.target)?.strip_prefix('.'));
                self.find_name(named.unwrap_or_else(|| action(form)))
            }
        }
    }

    /// Whether `X-Amz-Target` names an operation of this service.
    pub fn is_target(&self, parts: &http::request::Parts) -> bool {
        let header = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
        match self.service.protocol {
            Protocol::Json { target, .. } => header.strip_prefix(target).is_some_and(|rest| rest.starts_with('.')),
            Protocol::RestJson | Protocol::Query { .. } | Protocol::QueryCompatible { .. } => false,
        }
    }

    /// Whether the path and method are those of an operation, known or implemented.
    pub fn has_path(&self, method: &str, uri: &http::Uri) -> bool {
        self.service.protocol == Protocol::RestJson && !matches!(self.find_path(method, uri), Found::Unknown)
    }

    fn find_name(&self, name: &str) -> Found<'_> {
        if let Some(row) = self.rows.iter().find(|row| row.described.name == name) {
            return Found::Row { row, labels: Members::new() };
        }
        match self.service.others.iter().find(|other| other.name == name) {
            Some(other) => Found::NotImplemented(other.name),
            None => Found::Unknown,
        }
    }

    fn find_path(&self, method: &str, uri: &http::Uri) -> Found<'_> {
        let labels = |pattern| uri::labels(pattern, uri.path(), uri.query());
        for row in self.rows.iter().filter(|row| row.described.method == method) {
            if let Some(labels) = labels(row.described.path) {
                return Found::Row { row, labels };
            }
        }
        let others = self.service.others.iter().filter(|other| other.method == method && labels(other.path).is_some());
        // Of two that fit, the one that names a query is meant.
        match others.max_by_key(|other| other.path.contains('?')) {
            Some(other) => Found::NotImplemented(other.name),
            None => Found::Unknown,
        }
    }

    fn answering(&self, row: &Row, protocol: Protocol) -> Answering {
        Answering { protocol, invalid: self.invalid, described: row.described }
    }

    /// Runs an operation that the caller may perform. It goes on to its end, in a task of its own: a client that hangs up
    /// does not leave a change half done, nor end the function that it invoked; but see [`Row::ends_with_caller`].
    pub async fn run(
        &self,
        row: &Row,
        call: Call,
        received: Received,
        protocol: Protocol,
    ) -> Result<Response<Body>, Error> {
        let running = (row.run)(call, received, self.answering(row, protocol));
        if row.ends_with_caller {
            return running.await;
        }
        let running = tokio::spawn(running);
        running.await.unwrap_or_else(|error| Err(Error::internal(&error)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::shape::{Shape, Text};

    #[test]
    fn every_pattern_of_every_table_compiles() {
        fn walk(shape: &Shape) {
            match shape {
                Shape::Text(Text { pattern: Some(pattern), .. }) => assert!(pattern.compiles(), "{}", pattern.text),
                Shape::List { element, .. } => walk(element),
                Shape::Map { key, value, .. } => [key, value].into_iter().for_each(|shape| walk(shape)),
                Shape::Structure(members) => members.iter().for_each(|member| walk(member.shape)),
                Shape::Text(_)
                | Shape::Boolean
                | Shape::Integer(_)
                | Shape::Long(_)
                | Shape::Double(_)
                | Shape::Blob(_) => {}
            }
        }
        let rows = crate::api::tables().into_iter().flat_map(|table| &table.rows);
        rows.flat_map(|row| row.members).for_each(|member| walk(member.shape));
    }

    #[test]
    fn an_operation_is_in_its_table_once_and_never_among_the_refused() {
        for table in crate::api::tables() {
            let mut seen = BTreeSet::new();
            let rows = table.rows.iter().map(|row| row.described.name);
            let refused = table.service.others.iter().map(|other| other.name);
            rows.chain(refused).for_each(|name| assert!(seen.insert(name), "{} {name}", table.scope));
        }
    }
}
