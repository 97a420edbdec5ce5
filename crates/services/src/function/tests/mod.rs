//! Scripts through the rules ([`rules`]) and through [`Functions`](super::Functions) with a runtime that is told how
//! preparations end ([`deployed`]).

mod deployed;
mod rules;

use std::collections::BTreeMap;
use std::time::Duration;

use super::{AliasName, Architecture, Details, FunctionId, Qualifier, Scope, Settings, State, Tracing, Update};
use crate::name::{AccountId, FunctionName, Region, Version};

fn id(name: &str) -> FunctionId {
    let region = Region::parse("eu-central-1").expect("a region");
    FunctionId {
        scope: Scope { account: AccountId::default(), region },
        name: FunctionName::parse(name).expect("a name"),
    }
}

/// `name` or `name:qualifier`.
fn named(text: &str) -> (FunctionId, Option<Qualifier>) {
    match text.split_once(':') {
        Some((name, qualifier)) => (id(name), Some(Qualifier::parse(qualifier).expect("a qualifier"))),
        None => (id(text), None),
    }
}

fn alias(text: &str) -> AliasName {
    AliasName::parse(text).expect("an alias")
}

fn settings() -> Settings {
    Settings {
        runtime: "python3.12".to_owned(),
        role: "arn:aws:iam::000000000000:role/worker".to_owned(),
        handler: "app.handler".to_owned(),
        description: String::new(),
        timeout: Duration::from_secs(3),
        memory_mib: 128,
        ephemeral_mib: 512,
        environment: BTreeMap::new(),
        architecture: Architecture::X86_64,
        tracing: Tracing::PassThrough,
        dead_letter: None,
    }
}

/// `VERSION STATE UPDATE`, and the memory that is set and that runs.
fn shown((version, details): &(Version, Details)) -> String {
    let state = match &details.state {
        State::Pending => "pending",
        State::Active { .. } => "active",
        State::Failed(_) => "failed",
    };
    let update = match &details.update {
        None => "-",
        Some(Update::InProgress) => "in-progress",
        Some(Update::Successful) => "successful",
        Some(Update::Failed(_)) => "failed",
    };
    let runs = details.running.as_ref().map_or("-".to_owned(), |running| running.settings.memory_mib.to_string());
    format!("{version} {state} {update} set {} runs {runs}", details.settings.memory_mib)
}
