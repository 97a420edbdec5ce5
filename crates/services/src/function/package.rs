//! Packages: stored once by content, counted by reference.
//!
//! A version refers to the code that it was given last, and to the code that it still runs where that is another build.

use serde::{Deserialize, Serialize};
use store::{BlobRef, Tx};

use super::{Code, Details, Error, rows};
use crate::run::CodeId;

/// Largest package as it is uploaded. Source: Lambda quotas, "Deployment package, zipped" (read 2026-11-24).
pub const PACKAGE_BYTES_MAX: u64 = 52_428_800;
/// Largest package once unpacked. Source: Lambda quotas, "Deployment package, unzipped" (read 2026-11-24).
pub const UNPACKED_BYTES_MAX: u64 = 262_144_000;

/// A stored package and how many references there are to it, over all accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Package {
    #[serde(with = "rows::blob")]
    pub blob: BlobRef,
    pub references: u64,
}

/// A package that is stored and not yet referred to.
#[derive(Debug, Clone)]
pub(super) struct Uploaded {
    pub code: Code,
    pub blob: BlobRef,
}

/// Takes an upload in. Where the package is there already, the upload is dropped.
pub(super) fn admit(tx: &mut Tx, uploaded: &Uploaded) -> Result<(), Error> {
    match rows::package(tx, &uploaded.code.id)? {
        Some(_) => tx.drop_blob(&uploaded.blob),
        None => {
            tx.keep_blob(&uploaded.blob);
            rows::delete_unused(tx, &uploaded.code.id);
            let package = Package { blob: uploaded.blob.clone(), references: 0 };
            rows::put_package(tx, &uploaded.code.id, &package);
        }
    }
    Ok(())
}

/// Counts the references of a version that was `before` and is `after`. Gives the code that nothing refers to any more.
pub(super) fn exchange(tx: &mut Tx, before: Option<&Details>, after: Option<&Details>) -> Result<Vec<CodeId>, Error> {
    for code in after.into_iter().flat_map(references) {
        count(tx, &code, 1)?;
    }
    let mut dropped = Vec::new();
    for code in before.into_iter().flat_map(references) {
        if count(tx, &code, -1)? == 0 {
            dropped.push(code);
        }
    }
    Ok(dropped)
}

fn references(details: &Details) -> impl Iterator<Item = CodeId> {
    let behind = details.running.as_ref().filter(|running| running.build != details.build);
    std::iter::once(details.code.id).chain(behind.map(|running| running.code.id))
}

/// Changes the number of references and drops the package with its last. What was made of it is noted as unused.
fn count(tx: &mut Tx, code: &CodeId, by: i64) -> Result<u64, Error> {
    let stored = rows::package(tx, code)?.expect("code that a version refers to is admitted first and counted");
    let references = stored.references.saturating_add_signed(by);
    match references {
        0 => {
            tx.drop_blob(&stored.blob);
            rows::delete_package(tx, code);
            rows::put_unused(tx, code);
        }
        _ => rows::put_package(tx, code, &Package { references, ..stored }),
    }
    Ok(references)
}
