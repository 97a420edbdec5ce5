//! `nought dev`: a server for one folder on this machine, which deploys the folder again whenever it changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{EventKind, RecursiveMode, Watcher};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::cli::{self, PackageFlags};
use crate::client::{Client, Key};
use crate::config::Settings;
use crate::deploy;
use crate::package::{self, Package};
use crate::server::{self, Mode, Server};

const REGION: &str = "us-east-1";
/// Editors write a file in several steps: quiet for this long means done.
const QUIET: Duration = Duration::from_millis(50);
/// A folder that never is quiet is deployed all the same.
const QUIET_WAIT_MAX: Duration = Duration::from_millis(500);

pub async fn run(command: cli::Dev) -> Result<()> {
    let folder = command.folder.canonicalize();
    let folder = folder.with_context(|| format!("cannot find {}", command.folder.display()))?;
    let settings = Settings::read(&command.serving, &data_folder(&folder))?;
    let server = Server::start(&settings, Mode::Local).await?;
    let asked = server::stop_asked_for()?;
    println!("listening on {}", server.endpoint());
    let client = Client::with_key(&server.endpoint(), REGION, Key::conventional())?;
    let watched = tokio::select! {
        watched = deploy_on_change(&client, &folder, &command.package) => watched,
        () = asked => Ok(()),
    };
    watched.and(server.stop().await)
}

/// Outside of the folder, where its changes would be seen as changes of the function; kept from one day to the next.
fn data_folder(folder: &Path) -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/state"));
    let base = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).or_else(home).unwrap_or_else(std::env::temp_dir);
    let hash = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    base.join("nought/dev").join(format!("{name}-{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3]))
}

/// Deploys, and again at every change, for ever. What cannot be deployed is said, and the next change is another try.
async fn deploy_on_change(client: &Client, folder: &Path, flags: &PackageFlags) -> Result<()> {
    // One place: more changes before the next deployment are the same change.
    let (changed, mut changes) = mpsc::channel(1);
    let root = folder.to_owned();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.map_or(true, |event| concerns(&root, &event)) {
            // Full: a deployment is on its way already. Closed: the command is ending.
            let _ = changed.try_send(());
        }
    })
    .context("cannot watch files")?;
    watcher.watch(folder, RecursiveMode::Recursive).with_context(|| format!("cannot watch {}", folder.display()))?;
    loop {
        match deploy_once(client, folder, flags).await {
            Ok(deployed) => deployed.print(),
            Err(error) => eprintln!("not deployed: {error:#}"),
        }
        changes.recv().await.context("the watch on the folder ended")?;
        settle(&mut changes).await;
    }
}

async fn deploy_once(client: &Client, folder: &Path, flags: &PackageFlags) -> Result<deploy::Deployed> {
    let (folder, flags) = (folder.to_owned(), flags.clone());
    let package = tokio::task::spawn_blocking(move || Package::read(&folder, &flags)).await??;
    deploy::deploy(client, &package, true).await
}

/// Waits until the folder has been quiet for a moment.
async fn settle(changes: &mut mpsc::Receiver<()>) {
    let busy = async { while let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await {} };
    // Out of patience is as good as quiet.
    drop(tokio::time::timeout(QUIET_WAIT_MAX, busy).await);
}

/// Whether an event may change the package: somebody wrote, in a place that belongs to it.
fn concerns(root: &Path, event: &notify::Event) -> bool {
    let inside = |path: &PathBuf| {
        let relative = path.strip_prefix(root).unwrap_or(path);
        // The manifest stays out of the package and decides over it.
        relative.file_name().is_some_and(|name| name == package::MANIFEST)
            || !relative.iter().any(|part| part.to_str().is_some_and(package::is_left_out))
    };
    !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(inside)
}

#[cfg(test)]
mod tests {
    use super::concerns;
    use notify::event::{AccessKind, CreateKind};
    use notify::{Event, EventKind};
    use std::path::Path;

    #[test]
    fn only_writes_to_the_package_concern_it() {
        let written = EventKind::Create(CreateKind::File);
        for (kind, path, expected) in [
            (written, "/f/app.py", true),
            (written, "/f/lib/a.py", true),
            (written, "/f/nought.toml", true),
            (written, "/f/.git/index", false),
            (written, "/f/lib/__pycache__/a.pyc", false),
            (EventKind::Access(AccessKind::Read), "/f/app.py", false),
        ] {
            assert_eq!(concerns(Path::new("/f"), &Event::new(kind).add_path(path.into())), expected, "{path}");
        }
    }
}
