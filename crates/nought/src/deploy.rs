//! Deploying: a package becomes a function, or new code of the one there is.
//!
//! Start at [`deploy`]. It is a client like any other: what it does, the AWS CLI can do.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::client::{self, Client};
use crate::package::Package;

const PREFIX: &str = "/2015-03-31/functions";
/// Name of the role in new functions: nothing is asked of it until roles exist, and Lambda's API demands one.
const ROLE: &str = "arn:aws:iam::000000000000:role/nought";
/// Longest wait for a function to become ready. Compiling a large component takes most of it.
const READY_MAX: Duration = Duration::from_secs(300);
const POLL_FIRST: Duration = Duration::from_millis(5);
const POLL_MAX: Duration = Duration::from_millis(250);

/// What a deployment came to.
#[derive(Debug, Clone)]
pub struct Deployed {
    pub name: String,
    pub arn: String,
    /// Whether anything changed; the same code with the same configuration is left alone.
    pub change: Change,
    /// Something that the server says about how it runs.
    pub notice: Option<String>,
    pub urls: Option<Urls>,
    pub took: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Created,
    Updated,
    Unchanged,
}

/// The two forms of one function URL.
#[derive(Debug, Clone)]
pub struct Urls {
    /// `http://<id>.lambda-url.<region>.localhost:4566/`
    pub host: String,
    /// `http://127.0.0.1:4566/_url/<id>/`, for resolvers that do not know names under `localhost`.
    pub path: String,
}

/// The command: reads the package, deploys it and says what came of it.
pub async fn run(command: crate::cli::Deploy) -> Result<()> {
    let client = Client::new(&command.connection)?;
    let path: PathBuf = command.path.clone();
    let flags = command.package.clone();
    let package = tokio::task::spawn_blocking(move || Package::read(&path, &flags)).await??;
    if !command.connection.json {
        eprintln!(
            "deploying {} ({}, {}, {} KiB)",
            package.name,
            package.runtime,
            package.handler,
            package.archive.len().div_ceil(1024)
        );
    }
    let deployed = deploy(&client, &package, command.url).await?;
    match command.connection.json {
        true => println!("{}", deployed.to_json()),
        false => deployed.print(),
    }
    Ok(())
}

/// Creates the function or brings it up to date, and waits until it can be invoked.
pub async fn deploy(client: &Client, package: &Package, url: bool) -> Result<Deployed> {
    let began = Instant::now();
    let change = match client.lambda(Method::GET, &configuration_path(&package.name), None).await {
        Ok(present) => update(client, package, &present).await?,
        Err(client::Error::Refused { status: StatusCode::NOT_FOUND, .. }) => {
            create(client, package).await?;
            Change::Created
        }
        Err(error) => return Err(error.into()),
    };
    let ready = wait_until_ready(client, &package.name).await?;
    let urls = match url || package.url {
        true => Some(open_url(client, &package.name).await?),
        false => None,
    };
    Ok(Deployed {
        name: package.name.clone(),
        arn: text(&ready, "FunctionArn").to_owned(),
        change,
        notice: ready["StateReason"].as_str().filter(|reason| !reason.is_empty()).map(str::to_owned),
        urls,
        took: began.elapsed(),
    })
}

async fn create(client: &Client, package: &Package) -> Result<()> {
    let mut input = configuration(package);
    input.insert("FunctionName".to_owned(), json!(package.name));
    input.insert("Role".to_owned(), json!(ROLE));
    input.insert("Code".to_owned(), json!({ "ZipFile": BASE64.encode(&package.archive) }));
    let made = client.lambda(Method::POST, PREFIX, Some(&Value::Object(input))).await;
    made.map(drop).with_context(|| format!("cannot create the function {}", package.name))
}

async fn update(client: &Client, package: &Package, present: &Value) -> Result<Change> {
    let mut change = Change::Unchanged;
    let wanted = configuration(package);
    if wanted.iter().any(|(key, value)| present.get(key) != Some(value) && !is_empty_environment(key, value, present)) {
        let path = configuration_path(&package.name);
        let changed = client.lambda(Method::PUT, &path, Some(&Value::Object(wanted))).await;
        changed.with_context(|| format!("cannot change the configuration of {}", package.name))?;
        wait_until_ready(client, &package.name).await?;
        change = Change::Updated;
    }
    if text(present, "CodeSha256") != code_sha256(&package.archive) {
        let path = format!("{PREFIX}/{}/code", package.name);
        let input = json!({ "ZipFile": BASE64.encode(&package.archive) });
        let changed = client.lambda(Method::PUT, &path, Some(&input)).await;
        changed.with_context(|| format!("cannot give {} its new code", package.name))?;
        change = Change::Updated;
    }
    Ok(change)
}

fn configuration(package: &Package) -> Map<String, Value> {
    let mut input = Map::new();
    input.insert("Runtime".to_owned(), json!(package.runtime));
    input.insert("Handler".to_owned(), json!(package.handler));
    input.insert("Environment".to_owned(), json!({ "Variables": package.environment }));
    if let Some(memory) = package.memory_mib {
        input.insert("MemorySize".to_owned(), json!(memory));
    }
    if let Some(timeout) = package.timeout_secs {
        input.insert("Timeout".to_owned(), json!(timeout));
    }
    input
}

/// A function without variables has no `Environment` in its description.
fn is_empty_environment(key: &str, wanted: &Value, present: &Value) -> bool {
    let none = json!({ "Variables": {} });
    key == "Environment" && *wanted == none && present.get(key).is_none_or(|value| *value == none)
}

fn code_sha256(archive: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    BASE64.encode(Sha256::digest(archive))
}

async fn wait_until_ready(client: &Client, name: &str) -> Result<Value> {
    let deadline = Instant::now() + READY_MAX;
    let mut pause = POLL_FIRST;
    loop {
        let found = client.lambda(Method::GET, &configuration_path(name), None).await?;
        match (text(&found, "State"), text(&found, "LastUpdateStatus")) {
            ("Failed", _) => bail!("{name} cannot run: {}", text(&found, "StateReason")),
            (_, "Failed") => bail!("{name} keeps its old code: {}", text(&found, "LastUpdateStatusReason")),
            ("Pending", _) | (_, "InProgress") => {}
            _ => return Ok(found),
        }
        if Instant::now() > deadline {
            bail!("{name} is not ready after {} s: the server's log may say why", READY_MAX.as_secs());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(POLL_MAX);
    }
}

/// Makes a URL that anyone may call, or finds the one there is.
async fn open_url(client: &Client, name: &str) -> Result<Urls> {
    let path = format!("/2021-10-31/functions/{name}/url");
    let made = match client.lambda(Method::POST, &path, Some(&json!({ "AuthType": "NONE" }))).await {
        Err(client::Error::Refused { status: StatusCode::CONFLICT, .. }) => {
            client.lambda(Method::GET, &path, None).await
        }
        other => other,
    };
    let made = made.with_context(|| format!("cannot make a URL for {name}"))?;
    let permission = json!({
        "StatementId": "FunctionURLAllowPublicAccess",
        "Action": "lambda:InvokeFunctionUrl",
        "Principal": "*",
        "FunctionUrlAuthType": "NONE",
    });
    match client.lambda(Method::POST, &format!("{PREFIX}/{name}/policy"), Some(&permission)).await {
        Ok(_) | Err(client::Error::Refused { status: StatusCode::CONFLICT, .. }) => {}
        Err(error) => return Err(error).with_context(|| format!("cannot let the public call the URL of {name}")),
    }
    Urls::new(client, text(&made, "FunctionUrl"))
}

impl Urls {
    fn new(client: &Client, host_form: &str) -> Result<Urls> {
        let host = host_form.split("://").nth(1).unwrap_or_default();
        let Some(id) = host.split('.').next().filter(|id| !id.is_empty()) else {
            bail!("the server made a URL that has no id: {host_form:?}");
        };
        Ok(Urls { host: host_form.to_owned(), path: format!("{}/_url/{id}/", client.endpoint()) })
    }
}

impl Deployed {
    pub fn print(&self) {
        let what = match self.change {
            Change::Created => "created",
            Change::Updated => "updated",
            Change::Unchanged => "unchanged",
        };
        println!("{} {what} in {} ms", self.name, self.took.as_millis());
        if let Some(notice) = &self.notice {
            println!("  note  {notice}");
        }
        if let Some(urls) = &self.urls {
            println!("  url   {}\n        {}", urls.path, urls.host);
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "arn": self.arn,
            "change": match self.change {
                Change::Created => "created",
                Change::Updated => "updated",
                Change::Unchanged => "unchanged",
            },
            "notice": self.notice,
            "url": self.urls.as_ref().map(|urls| &urls.path),
            "host_url": self.urls.as_ref().map(|urls| &urls.host),
            "took_ms": self.took.as_millis() as u64,
        })
    }
}

fn configuration_path(name: &str) -> String {
    format!("{PREFIX}/{name}/configuration")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
