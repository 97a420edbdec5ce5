//! S3: buckets and objects over HTTP.
//!
//! Start reading at [`S3::serve`]. `s3s` finds the operation, reads its XML and headers and writes its answer; what is
//! around it is ours: `front` (signatures, and what `s3s` is to see of a request), `table` (which operations there are
//! and who may use them), `refusal` (errors). The operations are in `bucket`, `object`, `list`, `upload`, `config`, `notification` and
//! `lifecycle`, and `face` joins them to `s3s`; forms with files do not go through it, and are in `post`.
//!
//! Always true:
//! - Every signature has been verified by `auth` before `s3s` sees the request; it verifies chunks once more on their own.
//! - Every operation has been authorized by its row of the table before its input is read.
//! - A body is never in memory as a whole, on its way in or out, unless it is a document.

mod about;
mod bucket;
mod config;
mod cors;
pub mod event;
mod face;
mod front;
mod host;
mod lifecycle;
mod list;
mod notification;
mod object;
mod post;
mod refusal;
pub mod table;
#[cfg(test)]
mod tests;
mod upload;

pub use front::{S3, Unverified};
