//! `nought backup`: a copy of everything, taken from a running server or from the directory of a stopped one.

use std::path::Path;

use anyhow::{Context, Result, bail};
use http::Method;
use serde_json::json;

use crate::cli;
use crate::client::Client;

pub async fn run(command: cli::Backup) -> Result<()> {
    let to = std::path::absolute(&command.to).with_context(|| format!("cannot use {}", command.to.display()))?;
    match (command.offline, &command.connection.data) {
        (true, Some(data)) => {
            let (data, to) = (data.clone(), to.clone());
            tokio::task::spawn_blocking(move || copy(&data, &to)).await??;
        }
        (true, None) => bail!("--offline needs --data"),
        (false, _) => {
            let client = Client::new(&command.connection)?;
            client.own(Method::POST, "/_nought/backup", &json!({ "to": to })).await?;
        }
    }
    match command.connection.json {
        true => println!("{}", json!({ "to": to })),
        false => println!(
            "copied to {}: put the server's master.key beside it, and `nought serve --data` starts it",
            to.display()
        ),
    }
    Ok(())
}

fn copy(data: &Path, to: &Path) -> Result<()> {
    let store = store::Store::open(data, store::Options::default())
        .with_context(|| format!("cannot open the store in {}", data.display()))?;
    store.backup(to).with_context(|| format!("cannot copy to {}", to.display()))
}
