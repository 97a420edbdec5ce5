//! The face that AWS clients see: protocols, signatures, shapes, errors, ARNs.
//!
//! Start reading at [`Api::serve`](api::Api::serve): signature, API, operation. What is generated is in [`shapes`], the
//! vocabulary of the tables in [`shape`], the wire forms in [`protocol`].
//!
//! Always true: an operation that is not there refuses with its protocol's error; it never answers success.
//! Nothing here knows rows, keys, engines or WebAssembly.
//!
//! # Adding an operation
//!
//! 1. Name it in `xtask/src/shapes.rs` and run `cargo xtask shapes --from <botocore/data>`: `shapes::<service>` then has
//!    its input and output structures (required members are plain, others are `Option`), `<NAME>_OPERATION`, and the
//!    errors that it may answer in `shapes::<service>::error`.
//! 2. Write the handler. It gets a [`Call`](call::Call) (services, account, region, caller, request id, headers) and an
//!    input whose types and limits have been checked with AWS's own messages, and whose caller was authorized:
//!
//!    ```ignore
//!    async fn get_policy(call: Call, input: shapes::GetPolicyRequest) -> Result<shapes::GetPolicyResponse, Error> {
//!        Err(shapes::error::RESOURCE_NOT_FOUND_EXCEPTION.with("The resource you requested does not exist."))
//!    }
//!    ```
//!
//!    An operation without an output answers `()`. Errors take more members with `.field("Reason", ..)` and headers with
//!    `.header("Retry-After", ..)`; [`Error::constraint`](error::Error::constraint) is a limit that the model does not
//!    state, [`Error::internal`](error::Error::internal) what is nobody's business but ours. A payload that is the whole
//!    body is a plain `Bytes` member; members that travel in headers or the status line are set like any other.
//! 3. Add its [`Row`](operation::Row) to the service's `TABLE`: model, IAM action, resource, handler:
//!
//!    ```ignore
//!    pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
//!        scope: "lambda",
//!        service: &shapes::SERVICE,
//!        invalid: &error::VALIDATION,
//!        rows: vec![Row::new(&shapes::GET_POLICY_OPERATION, "lambda:GetPolicy", function_arn, get_policy)],
//!    });
//!    ```
//!
//!    `function_arn` is a `fn(&Call, &Members) -> String`; `Members` holds labels, query and body by their wire keys,
//!    before limits are checked. `.body_max(bytes)` raises the bound of a body.

pub mod api;
pub mod auth;
mod body;
mod bookmark;
pub mod call;
mod check;
#[cfg(test)]
mod compatibility;
pub mod dynamodb;
pub mod error;
mod events;
mod kinesis;
pub mod lambda;
mod logs;
pub mod operation;
mod page;
pub mod protocol;
mod s3;
mod scheduler;
pub mod shape;
pub mod shapes;
pub mod sns;
mod sqs;
mod sts;
mod uri;
mod url;
#[cfg(test)]
mod wire;

pub use api::{Api, Options, Served};
pub use call::Peer;
pub use lambda::Envelopes;
