//! What a user sets on a function, and the bounds of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event_config::Destination;

/// Longest timeout. Source: Lambda quotas, "Function timeout" (read 2026-11-24).
pub const TIMEOUT_MAX: Duration = Duration::from_secs(900);
/// Least and most memory. Source: Lambda quotas, "Function memory allocation" (read 2026-11-24).
pub const MEMORY_MIB_MIN: u32 = 128;
pub const MEMORY_MIB_MAX: u32 = 10_240;
/// Size of `/tmp`. Source: Lambda API model, `EphemeralStorageSize` (read 2026-11-24).
pub const EPHEMERAL_MIB_MIN: u32 = 512;
pub const EPHEMERAL_MIB_MAX: u32 = 10_240;
/// All environment variables together, as JSON. Source: Lambda quotas (read 2026-11-24).
pub const ENVIRONMENT_BYTES_MAX: usize = 4_096;
/// Source: Lambda API model, `Handler` and `Description` (read 2026-11-24).
pub const HANDLER_CHARS_MAX: usize = 128;
pub const DESCRIPTION_CHARS_MAX: usize = 256;

/// Every runtime that Lambda ever had. Source: Lambda API model, `Runtime` (botocore 1.43.11, read 2026-11-24).
pub const RUNTIMES: [&str; 46] = [
    "nodejs",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "java8",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "dotnet6",
    "dotnet8",
    "dotnet10",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "ruby4.0",
    "provided",
    "provided.al2",
    "provided.al2023",
];

/// Variables that the platform sets itself. Source: Lambda developer guide, "Defined runtime environment variables"
/// (read 2026-11-24), without `TZ`, which the service takes although the guide says otherwise.
pub const RESERVED_VARIABLES: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// What a user sets on a function. Within its bounds once [`Settings::check`] has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub runtime: String,
    /// The role whose permissions the function has, as the face names roles.
    pub role: String,
    pub handler: String,
    pub description: String,
    pub timeout: Duration,
    pub memory_mib: u32,
    pub ephemeral_mib: u32,
    pub environment: BTreeMap<String, String>,
    pub architecture: Architecture,
    pub tracing: Tracing,
    /// The queue or topic for events that the function has failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<Destination>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Architecture {
    X86_64,
    Arm64,
}

/// Whether the function asks for traces of its own, or follows the caller's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tracing {
    PassThrough,
    Active,
}

/// What of the settings is out of bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutOfBounds {
    #[error("{given:?} is no runtime that Lambda ever had: choose one of {}", RUNTIMES.join(", "))]
    Runtime { given: String },
    #[error("handler of {chars} characters: give 1 to {HANDLER_CHARS_MAX}")]
    Handler { chars: usize },
    #[error("description of {chars} characters: the limit is {DESCRIPTION_CHARS_MAX}")]
    Description { chars: usize },
    #[error("timeout of {given:?}: give 1 s to {TIMEOUT_MAX:?}")]
    Timeout { given: Duration },
    #[error("memory of {mib} MiB: give {MEMORY_MIB_MIN} to {MEMORY_MIB_MAX}")]
    Memory { mib: u32 },
    #[error("ephemeral storage of {mib} MiB: give {EPHEMERAL_MIB_MIN} to {EPHEMERAL_MIB_MAX}")]
    Ephemeral { mib: u32 },
    /// `measured` is the JSON whose length counts.
    #[error("environment variables of {} bytes: the limit is {ENVIRONMENT_BYTES_MAX}", measured.len())]
    Environment { measured: String },
    #[error("reserved environment variables: {}", names.join(", "))]
    ReservedVariables { names: Vec<String> },
}

impl Settings {
    /// Holds every field against its bounds; the first that breaks one is named.
    pub fn check(&self) -> Result<(), OutOfBounds> {
        self.check_texts()?;
        if !(Duration::from_secs(1)..=TIMEOUT_MAX).contains(&self.timeout) {
            return Err(OutOfBounds::Timeout { given: self.timeout });
        }
        if !(MEMORY_MIB_MIN..=MEMORY_MIB_MAX).contains(&self.memory_mib) {
            return Err(OutOfBounds::Memory { mib: self.memory_mib });
        }
        if !(EPHEMERAL_MIB_MIN..=EPHEMERAL_MIB_MAX).contains(&self.ephemeral_mib) {
            return Err(OutOfBounds::Ephemeral { mib: self.ephemeral_mib });
        }
        self.check_environment()
    }

    fn check_texts(&self) -> Result<(), OutOfBounds> {
        if !RUNTIMES.contains(&self.runtime.as_str()) {
            return Err(OutOfBounds::Runtime { given: self.runtime.clone() });
        }
        let chars = self.handler.chars().count();
        if !(1..=HANDLER_CHARS_MAX).contains(&chars) {
            return Err(OutOfBounds::Handler { chars });
        }
        check_description(&self.description)
    }

    fn check_environment(&self) -> Result<(), OutOfBounds> {
        let reserved = |name: &&String| RESERVED_VARIABLES.contains(&name.as_str());
        let names: Vec<String> = self.environment.keys().filter(reserved).cloned().collect();
        if !names.is_empty() {
            return Err(OutOfBounds::ReservedVariables { names });
        }
        let measured = serde_json::to_string(&self.environment).expect("a map of texts is JSON");
        match measured.len() <= ENVIRONMENT_BYTES_MAX {
            true => Ok(()),
            false => Err(OutOfBounds::Environment { measured }),
        }
    }
}

/// Descriptions of functions, versions and aliases have one bound.
pub(super) fn check_description(text: &str) -> Result<(), OutOfBounds> {
    match text.chars().count() {
        chars if chars <= DESCRIPTION_CHARS_MAX => Ok(()),
        chars => Err(OutOfBounds::Description { chars }),
    }
}

/// A change of some settings; `None` keeps what is there.
#[derive(Debug, Clone, Default)]
pub struct SettingsChange {
    pub runtime: Option<String>,
    pub role: Option<String>,
    pub handler: Option<String>,
    pub description: Option<String>,
    pub timeout: Option<Duration>,
    pub memory_mib: Option<u32>,
    pub ephemeral_mib: Option<u32>,
    pub environment: Option<BTreeMap<String, String>>,
    pub architecture: Option<Architecture>,
    pub tracing: Option<Tracing>,
    /// `Some(None)` takes it away.
    pub dead_letter: Option<Option<Destination>>,
}

impl SettingsChange {
    pub fn apply(&self, to: &mut Settings) {
        set(&mut to.runtime, &self.runtime);
        set(&mut to.role, &self.role);
        set(&mut to.handler, &self.handler);
        set(&mut to.description, &self.description);
        set(&mut to.timeout, &self.timeout);
        set(&mut to.memory_mib, &self.memory_mib);
        set(&mut to.ephemeral_mib, &self.ephemeral_mib);
        set(&mut to.environment, &self.environment);
        set(&mut to.architecture, &self.architecture);
        set(&mut to.tracing, &self.tracing);
        set(&mut to.dead_letter, &self.dead_letter);
    }
}

fn set<T: Clone>(field: &mut T, given: &Option<T>) {
    if let Some(value) = given {
        field.clone_from(value);
    }
}
