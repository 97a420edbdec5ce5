//! What each service's requests and answers hold. Written by `cargo xtask shapes`; see `shape` for the vocabulary.

pub mod dynamodb;
pub mod dynamodbstreams;
pub mod events;
pub mod kinesis;
pub mod lambda;
pub mod logs;
pub mod scheduler;
pub mod sns;
pub mod sqs;
pub mod sts;
