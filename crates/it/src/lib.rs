//! The whole, tested: runs the real binary as its users do.
//!
//! Start reading at [`Nought`]. The tests are in `tests/it`, one module for each thing that must hold; what SDKs and
//! the AWS command line do is in `tests/sdk`, run from here.
//!
//! Always true:
//! - A test has a server of its own: its own folder, a port that the system picked, a root key that the test chose.
//! - A server ends with its test, killed by its own process id.

mod client;
pub mod crash;
mod http;
mod nought;
mod place;

pub use client::{ACCOUNT, Client, Failed, REGION};
pub use http::{Answer, Connection, request};
pub use nought::{KEY, Nought, SECRET, Starting};
pub use place::{binary, component, guests, is_root, javascript, python, repository, skipped};
