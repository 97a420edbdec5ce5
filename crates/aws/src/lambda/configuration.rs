//! A function's settings, to and from the wire.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use services::function::{
    Architecture, Destination, Details, Fault, FunctionId, Qualifier, Reason, Settings, SettingsChange, State, Tracing,
    Update,
};
use services::name::Version;

use super::refusal::{NO_HANDLER, invalid, not_yet};
use super::{arn, event_invoke};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::lambda as shapes;
use crate::{sns, sqs};

/// What a function has that sets nothing. Source: Lambda API reference, CreateFunction (read 2026-11-24).
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(3);
const MEMORY_MIB_DEFAULT: u32 = 128;
const EPHEMERAL_MIB_DEFAULT: u32 = 512;

/// The settings of a new function.
pub fn settings(input: &shapes::CreateFunctionRequest) -> Result<Settings, Error> {
    refuse_parts(&Parts::of_create(input))?;
    if input.package_type.as_deref() == Some("Image") {
        return Err(not_yet("PackageType Image"));
    }
    let (Some(runtime), Some(handler)) = (&input.runtime, &input.handler) else { return Err(invalid(NO_HANDLER)) };
    let mut settings = Settings {
        runtime: runtime.clone(),
        role: input.role.clone(),
        handler: handler.clone(),
        description: String::new(),
        timeout: TIMEOUT_DEFAULT,
        memory_mib: MEMORY_MIB_DEFAULT,
        ephemeral_mib: EPHEMERAL_MIB_DEFAULT,
        environment: Default::default(),
        architecture: Architecture::X86_64,
        tracing: Tracing::PassThrough,
        dead_letter: None,
    };
    SettingsChange {
        description: input.description.clone(),
        timeout: input.timeout.map(seconds),
        memory_mib: input.memory_size.map(mebibytes),
        ephemeral_mib: input.ephemeral_storage.as_ref().map(|storage| mebibytes(storage.size)),
        environment: input.environment.as_ref().map(|given| given.variables.clone().unwrap_or_default()),
        architecture: architecture(input.architectures.as_deref()),
        tracing: tracing(input.tracing_config.as_ref()),
        dead_letter: dead_letter(input.dead_letter_config.as_ref())?,
        ..SettingsChange::default()
    }
    .apply(&mut settings);
    Ok(settings)
}

/// The change of settings that a request asks for.
pub fn change(input: &shapes::UpdateFunctionConfigurationRequest) -> Result<SettingsChange, Error> {
    refuse_parts(&Parts::of_update(input))?;
    Ok(SettingsChange {
        runtime: input.runtime.clone(),
        role: input.role.clone(),
        handler: input.handler.clone(),
        description: input.description.clone(),
        timeout: input.timeout.map(seconds),
        memory_mib: input.memory_size.map(mebibytes),
        ephemeral_mib: input.ephemeral_storage.as_ref().map(|storage| mebibytes(storage.size)),
        environment: input.environment.as_ref().map(|given| given.variables.clone().unwrap_or_default()),
        architecture: None,
        tracing: tracing(input.tracing_config.as_ref()),
        dead_letter: dead_letter(input.dead_letter_config.as_ref())?,
    })
}

/// Settings that Nought does not have. Their empty and default forms are taken: they ask for nothing.
struct Parts<'a> {
    vpc: Option<&'a shapes::VpcConfig>,
    key: Option<&'a str>,
    layers: Option<&'a [String]>,
    file_systems: bool,
    image: bool,
    signing: Option<&'a str>,
    snap_start: Option<&'a shapes::SnapStart>,
    logging: Option<&'a shapes::LoggingConfig>,
    name: &'a str,
}

impl<'a> Parts<'a> {
    fn of_create(input: &'a shapes::CreateFunctionRequest) -> Parts<'a> {
        Parts {
            vpc: input.vpc_config.as_ref(),
            key: input.kms_key_arn.as_deref(),
            layers: input.layers.as_deref(),
            file_systems: input.file_system_configs.as_ref().is_some_and(|configs| !configs.is_empty()),
            image: input.image_config.as_ref().is_some_and(|image| *image != shapes::ImageConfig::default()),
            signing: input.code_signing_config_arn.as_deref(),
            snap_start: input.snap_start.as_ref(),
            logging: input.logging_config.as_ref(),
            name: &input.function_name,
        }
    }

    fn of_update(input: &'a shapes::UpdateFunctionConfigurationRequest) -> Parts<'a> {
        Parts {
            vpc: input.vpc_config.as_ref(),
            key: input.kms_key_arn.as_deref(),
            layers: input.layers.as_deref(),
            file_systems: input.file_system_configs.as_ref().is_some_and(|configs| !configs.is_empty()),
            image: input.image_config.as_ref().is_some_and(|image| *image != shapes::ImageConfig::default()),
            signing: None,
            snap_start: input.snap_start.as_ref(),
            logging: input.logging_config.as_ref(),
            name: &input.function_name,
        }
    }
}

fn refuse_parts(parts: &Parts<'_>) -> Result<(), Error> {
    let filled = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let text = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
    let there = [
        ("VpcConfig", parts.vpc.is_some_and(|vpc| filled(&vpc.subnet_ids) || filled(&vpc.security_group_ids))),
        ("KMSKeyArn", text(parts.key)),
        ("Layers", parts.layers.is_some_and(|layers| !layers.is_empty())),
        ("FileSystemConfigs", parts.file_systems),
        ("ImageConfig", parts.image),
        ("CodeSigningConfigArn", text(parts.signing)),
        ("SnapStart", parts.snap_start.is_some_and(|snap| snap.apply_on.as_deref() == Some("PublishedVersions"))),
    ];
    if let Some((what, _)) = there.into_iter().find(|(_, there)| *there) {
        return Err(not_yet(what));
    }
    parts.logging.map_or(Ok(()), |logging| refuse_logging(logging, parts.name))
}

/// Logs are text and go to the function's own group.
fn refuse_logging(logging: &shapes::LoggingConfig, name: &str) -> Result<(), Error> {
    if logging.log_format.as_deref() == Some("JSON") {
        return Err(not_yet("LoggingConfig with LogFormat JSON"));
    }
    if logging.application_log_level.is_some() || logging.system_log_level.is_some() {
        return Err(invalid("Log level is not supported for Text log format. Use JSON log format to set log levels."));
    }
    let own = |group: &str| group.strip_prefix("/aws/lambda/").is_some_and(|of| name.split(':').any(|part| part == of));
    match logging.log_group.as_deref() {
        Some(group) if !own(group) => Err(not_yet("A LogGroup of another name")),
        Some(_) | None => Ok(()),
    }
}

pub fn architecture(given: Option<&[String]>) -> Option<Architecture> {
    given?.first().map(|name| match name.as_str() {
        "arm64" => Architecture::Arm64,
        _ => Architecture::X86_64,
    })
}

/// Where events go that a function has failed with; an empty target takes it away.
fn dead_letter(given: Option<&shapes::DeadLetterConfig>) -> Result<Option<Option<Destination>>, Error> {
    let Some(config) = given else { return Ok(None) };
    let Some(arn) = config.target_arn.as_deref().filter(|arn| !arn.is_empty()) else { return Ok(Some(None)) };
    let queue = sqs::queue_of_arn(arn).filter(|id| !id.name.is_fifo()).map(Destination::Queue);
    let topic = || sns::address::of_arn(arn).filter(|id| !id.name.is_fifo()).map(Destination::Topic);
    match queue.or_else(topic) {
        Some(destination) => Ok(Some(Some(destination))),
        None => Err(invalid(format!("The provided dead letter target {arn} is invalid."))),
    }
}

fn tracing(given: Option<&shapes::TracingConfig>) -> Option<Tracing> {
    given?.mode.as_deref().map(|mode| match mode {
        "Active" => Tracing::Active,
        _ => Tracing::PassThrough,
    })
}

fn seconds(given: i32) -> Duration {
    Duration::from_secs(u64::try_from(given).unwrap_or(0))
}

fn mebibytes(given: i32) -> u32 {
    u32::try_from(given).unwrap_or(0)
}

/// A version as answers show it. `qualifier` is what its ARN ends in.
pub fn render(
    call: &Call,
    id: &FunctionId,
    (version, details): &(Version, Details),
    qualifier: Option<&Qualifier>,
) -> shapes::FunctionConfiguration {
    let settings = &details.settings;
    let (state, reason) = state(&details.state);
    let (update, update_reason) = details.update.as_ref().map(update).unzip();
    let update_reason = update_reason.flatten();
    shapes::FunctionConfiguration {
        function_name: Some(id.name.to_string()),
        function_arn: Some(arn::arn(call, id, qualifier)),
        runtime: Some(settings.runtime.clone()),
        role: Some(settings.role.clone()),
        handler: Some(settings.handler.clone()),
        code_size: i64::try_from(details.code.bytes).ok(),
        description: Some(settings.description.clone()),
        timeout: i32::try_from(settings.timeout.as_secs()).ok(),
        memory_size: i32::try_from(settings.memory_mib).ok(),
        last_modified: Some(last_modified(details.modified.millis())),
        code_sha256: Some(STANDARD.encode(details.code.id.0)),
        version: Some(version.to_string()),
        environment: (!settings.environment.is_empty()).then(|| shapes::EnvironmentResponse {
            variables: Some(settings.environment.clone()),
            ..Default::default()
        }),
        dead_letter_config: settings.dead_letter.as_ref().map(|destination| shapes::DeadLetterConfig {
            target_arn: Some(event_invoke::destination_arn(destination)),
        }),
        tracing_config: Some(shapes::TracingConfigResponse { mode: Some(tracing_name(settings.tracing).to_owned()) }),
        revision_id: Some(details.revision.clone()),
        state: Some(state.to_owned()),
        state_reason: reason.as_ref().map(|(text, _)| text.clone()),
        state_reason_code: reason.and_then(|(_, code)| code).map(str::to_owned),
        last_update_status: update.map(str::to_owned),
        last_update_status_reason: update_reason.as_ref().map(|(text, _)| text.clone()),
        last_update_status_reason_code: update_reason.and_then(|(_, code)| code).map(str::to_owned),
        package_type: Some("Zip".to_owned()),
        architectures: Some(vec![architecture_name(settings.architecture).to_owned()]),
        ephemeral_storage: i32::try_from(settings.ephemeral_mib).ok().map(|size| shapes::EphemeralStorage { size }),
        snap_start: Some(shapes::SnapStartResponse {
            apply_on: Some("None".to_owned()),
            optimization_status: Some("Off".to_owned()),
        }),
        runtime_version_config: Some(shapes::RuntimeVersionConfig {
            runtime_version_arn: Some(format!("arn:aws:lambda:{}::runtime:{}", call.region, settings.runtime)),
            error: None,
        }),
        logging_config: Some(shapes::LoggingConfig {
            log_format: Some("Text".to_owned()),
            log_group: Some(format!("/aws/lambda/{}", id.name)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A text and a code, where there is one.
type Explained = Option<(String, Option<&'static str>)>;

fn state(state: &State) -> (&'static str, Explained) {
    match state {
        State::Pending => ("Pending", Some(("The function is being created.".to_owned(), Some("Creating")))),
        State::Active { notice } => ("Active", notice.clone().map(|notice| (notice, None))),
        State::Failed(reason) => ("Failed", Some((reason.text.clone(), Some(reason_code(reason))))),
    }
}

fn update(update: &Update) -> (&'static str, Explained) {
    match update {
        Update::InProgress => ("InProgress", Some(("The function is being created.".to_owned(), Some("Creating")))),
        Update::Successful => ("Successful", None),
        Update::Failed(reason) => ("Failed", Some((reason.text.clone(), Some(reason_code(reason))))),
    }
}

fn reason_code(reason: &Reason) -> &'static str {
    match reason.fault {
        Fault::Package => "InvalidZipFileException",
        Fault::Runtime => "InvalidRuntime",
        Fault::Platform => "InternalError",
    }
}

fn tracing_name(tracing: Tracing) -> &'static str {
    match tracing {
        Tracing::PassThrough => "PassThrough",
        Tracing::Active => "Active",
    }
}

fn architecture_name(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "arm64",
    }
}

/// `2026-11-24T13:00:00.000+0000`
fn last_modified(millis: i64) -> String {
    written(millis, "%Y-%m-%dT%H:%M:%S%.3f+0000")
}

/// `2026-11-24T13:00:00.000Z`
pub fn iso(millis: i64) -> String {
    written(millis, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

fn written(millis: i64, format: &str) -> String {
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime(format).to_string()
}
