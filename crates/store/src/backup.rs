//! A copy of everything while the store is in use: a directory that can be opened like the original.
//!
//! The map is copied as of one instant, the blobs after it while the collector stands still, so every blob that the map
//! names is there. The master key is not in it: it is needed to read the sealed secrets, and belongs somewhere else.

use std::path::Path;

use crate::blob;
use crate::error::{Error, from_io};
use crate::store::Inner;

const NOTE: &str = "This is a backup of a Nought data directory. To use it, copy `master.key` from the original into it: \
without that file Nought makes a new one, and the secrets in this backup cannot be read any more.\n";

/// The directory must be empty or not be there.
pub(crate) fn write(store: &Inner, to: &Path) -> Result<(), Error> {
    let failed = |error: std::io::Error| from_io("writing the backup", &error);
    std::fs::create_dir_all(to).map_err(failed)?;
    if std::fs::read_dir(to).map_err(failed)?.next().is_some() {
        return Err(Error::Unavailable(format!("{} is not empty: give a new directory for the backup", to.display())));
    }
    blob::copy_all(store, || store.engine.backup(to), to)?;
    store.journal.copy_all(to)?;
    std::fs::write(to.join("README.txt"), NOTE).map_err(failed)?;
    std::fs::File::open(to).and_then(|directory| directory.sync_all()).map_err(failed)
}
