//! `nought list`: the functions there are.

use anyhow::Result;
use http::Method;
use serde_json::{Value, json};

use crate::cli::Connection;
use crate::client::{Client, Encoded};

pub async fn run(connection: Connection) -> Result<()> {
    let client = Client::new(&connection)?;
    let mut functions = Vec::new();
    let mut marker = None;
    loop {
        let page = page(&client, marker.as_deref()).await?;
        functions.extend(page["Functions"].as_array().cloned().unwrap_or_default());
        marker = page["NextMarker"].as_str().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    match connection.json {
        true => println!("{}", json!(functions)),
        false => print(&functions),
    }
    Ok(())
}

async fn page(client: &Client, marker: Option<&str>) -> Result<Value> {
    let path = match marker {
        Some(marker) => format!("/2015-03-31/functions?Marker={}", Encoded(marker)),
        None => "/2015-03-31/functions".to_owned(),
    };
    Ok(client.lambda(Method::GET, &path, None).await?)
}

fn print(functions: &[Value]) {
    if functions.is_empty() {
        eprintln!("no functions here: `nought deploy FOLDER` makes one");
    }
    for function in functions {
        let text = |key: &str| function[key].as_str().unwrap_or("-").to_owned();
        println!(
            "{:<32} {:<16} {:<28} {:>6} MiB {:>9} bytes  {}",
            text("FunctionName"),
            text("Runtime"),
            text("Handler"),
            function["MemorySize"],
            function["CodeSize"],
            text("LastModified")
        );
    }
}
