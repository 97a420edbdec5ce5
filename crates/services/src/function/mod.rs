//! Functions: what they are set to, what code they have, and under which names they are reached.
//!
//! Start reading at [`Details`] (one version of a function) and [`Functions`] (the operations that wait: they
//! prepare code, commit, and refresh the routes). The rules themselves are functions on a transaction:
//! `lifecycle`, [`version`], [`alias`], [`url`], [`permission`], [`concurrency`], [`event_config`], [`tag`].
//!
//! Invariants:
//! - [`Routes`] shows a change before the change is acknowledged.
//! - While an update is being prepared, and after one that failed, the code that ran before goes on running.
//! - A package is stored once, whoever has it, and dropped with the last version that refers to it.
//! - A published version never changes; only its permissions do.
//! - Nothing here knows ARNs, AWS JSON or how code is executed.

pub mod account;
pub mod alias;
pub mod concurrency;
mod deploy;
mod error;
pub mod event_config;
mod lifecycle;
mod package;
pub mod permission;
mod qualifier;
mod route;
mod rows;
pub mod settings;
pub mod tag;
pub mod url;
pub mod version;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::{Read, Timestamp};

pub use deploy::{Create, Functions, UpdateCode};
pub use error::Error;
pub use event_config::{Destination, EventConfig};
pub use lifecycle::UpdateSettings;
pub use package::{PACKAGE_BYTES_MAX, UNPACKED_BYTES_MAX};
pub use qualifier::{AliasName, Qualifier};
pub use route::{Route, Routes, URL_AUTH_KEY, Unroutable, UrlRoute};
pub use settings::{Architecture, Settings, SettingsChange, Tracing};

use crate::name::{AccountId, FunctionName, Region, Version};
use crate::run::{CodeId, Kind, PrepareError, Prepared, Revision};

/// Where names are unique: an account in a region.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    pub account: AccountId,
    pub region: Region,
}

/// A function among all functions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId {
    pub scope: Scope,
    pub name: FunctionName,
}

impl fmt::Display for FunctionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}", self.scope.account, self.scope.region, self.name)
    }
}

/// One version of a function, `$LATEST` among them: what it is set to, its code, and where it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Details {
    pub settings: Settings,
    pub code: Code,
    /// Changes with every change of the version, its state and permissions included: what clients compare.
    pub revision: String,
    #[serde(with = "rows::millis")]
    pub modified: Timestamp,
    pub state: State,
    /// How the last change of code or settings went. `None` until the function has first become active.
    pub update: Option<Update>,
    /// Names code and settings as they were last given; `running` has the same once they are ready.
    build: String,
    /// What runs now. Behind `code` and `settings` while an update is prepared or after it failed.
    running: Option<Running>,
}

/// A package, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    #[serde(with = "rows::code_id")]
    pub id: CodeId,
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Its code is being prepared for the first time.
    Pending,
    /// `notice` is something that the user should know about how it runs.
    Active {
        notice: Option<String>,
    },
    Failed(Reason),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Update {
    InProgress,
    Successful,
    Failed(Reason),
}

/// Why code could not be made ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub fault: Fault,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    Package,
    Runtime,
    Platform,
}

impl From<&PrepareError> for Reason {
    fn from(error: &PrepareError) -> Reason {
        let fault = match error {
            PrepareError::BadArchive(_)
            | PrepareError::UnsafePath(_)
            | PrepareError::TooLarge { .. }
            | PrepareError::BadComponent(_) => Fault::Package,
            PrepareError::NoInterpreter(_) => Fault::Runtime,
            PrepareError::Unavailable(_) => Fault::Platform,
        };
        Reason { fault, text: error.to_string() }
    }
}

/// Code and settings as they are executed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Running {
    build: String,
    settings: Settings,
    code: Code,
    #[serde(with = "rows::KindRow")]
    kind: Kind,
    notice: Option<String>,
}

impl Details {
    /// Whether `prepare` still has to come to its end for this version.
    fn unsettled(&self) -> bool {
        self.state == State::Pending || self.update == Some(Update::InProgress)
    }

    /// How the code that is asked for was prepared, if it runs already under the runtime that is asked for.
    fn prepared(&self) -> Option<Prepared> {
        let running = self.running.as_ref()?;
        let same = running.code == self.code && running.settings.runtime == self.settings.runtime;
        same.then(|| Prepared { kind: running.kind, notice: running.notice.clone() })
    }

    /// How long an invocation of this version may take.
    fn longest_run(&self) -> Duration {
        let running = self.running.as_ref().map(|running| running.settings.timeout);
        running.unwrap_or_default().max(self.settings.timeout)
    }

    /// The state that environments of this version belong to, if it can run.
    fn running_revision(&self, version: Version) -> Option<Revision> {
        self.running.as_ref().map(|running| Revision(format!("{}:{version}", running.build).into()))
    }
}

/// A version's number and the rest of it.
pub type Numbered = (Version, Details);

/// The version that a qualifier names, `$LATEST` where there is none. Of a weighted alias, the first version.
pub fn find(read: &mut impl Read, id: &FunctionId, qualifier: Option<&Qualifier>) -> Result<Numbered, Error> {
    let version = match qualifier {
        None => Version::Latest,
        Some(Qualifier::Version(version)) => *version,
        Some(Qualifier::Alias(name)) => match rows::alias(read, id, name)? {
            Some(alias) => alias.version(),
            None => return Err(Error::NoSuchFunction { qualifier: qualifier.cloned() }),
        },
    };
    match rows::details(read, id, version)? {
        Some(details) => Ok((version, details)),
        None => Err(Error::NoSuchFunction { qualifier: qualifier.cloned() }),
    }
}

/// The first functions by name after `after`, with their `$LATEST`; at most `limit`.
pub fn list(
    read: &mut impl Read,
    scope: &Scope,
    after: Option<&FunctionName>,
    limit: usize,
) -> Result<Vec<(FunctionId, Details)>, Error> {
    let mut found = Vec::new();
    for name in rows::function_names(read, scope, after, limit)? {
        let id = FunctionId { scope: scope.clone(), name };
        if let Some(details) = rows::details(read, &id, Version::Latest)? {
            found.push((id, details));
        }
    }
    Ok(found)
}
