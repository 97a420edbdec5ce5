//! Buckets and the objects in them.
//!
//! Start reading at [`Objects::put`] and [`Objects::get`] (the bytes), `history` (the versions of a key, and the one
//! place where they change) and `list`. Layouts are in `rows`, bodies in `body`.
//!
//! Invariants:
//! - An object is there completely or not at all: its body is durable first, its row comes second, in one commit with
//!   all that the change causes.
//! - A key's current object is one row; older versions and delete markers lie elsewhere, so that listing a bucket walks
//!   over its keys and nothing else.
//! - Every body is encrypted at rest, with a key of its own.
//! - Names of buckets are unique in the installation; everything else of a bucket lies in its account and region, under
//!   an id that is never used again.
//!
//! Nothing here knows HTTP, XML or ARNs: `aws::s3` translates.

pub mod body;
pub mod checksum;
pub mod condition;
pub mod config;
pub mod cors;
pub mod create;
mod error;
mod expire;
pub mod get;
mod history;
pub mod lifecycle;
pub mod list;
pub mod lock;
mod name;
pub mod notification;
pub mod object;
pub mod put;
pub mod remove;
mod rows;
pub mod tag;
#[cfg(test)]
mod tests;
pub mod upload;

pub use checksum::{Algorithm, Checksum, Method};
pub use condition::{Conditions, WriteConditions};
pub use create::{Bucket, Versioning};
pub use error::Error;
pub use history::{Change, ChangeKind};
pub use name::{BucketName, ObjectKey};
pub use notification::{Notifier, Origin};
pub use object::{Object, VersionId};

use std::sync::Arc;

use store::Store;

use crate::delivery::Envelopes;
use body::Vault;

/// All buckets of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    store: Store,
    vault: Vault,
    envelopes: Arc<dyn Envelopes>,
}

impl Objects {
    pub(crate) fn new(store: Store, envelopes: Arc<dyn Envelopes>) -> Objects {
        let vault = Vault::new(&store);
        Objects { store, vault, envelopes }
    }

    /// For the changes that one request makes.
    pub fn notifier(&self, origin: Origin) -> Notifier {
        Notifier::new(self.envelopes.clone(), origin)
    }
}
