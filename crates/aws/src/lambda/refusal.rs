//! What Lambda says when an operation on a function is refused.
//!
//! Texts: answers of the service quoted in public issue threads and the API reference (read 2026-11-24), to the letter
//! where one was found. What Nought refuses because it does not exist yet says so.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use services::function::settings::{ENVIRONMENT_BYTES_MAX, MEMORY_MIB_MAX, OutOfBounds, RUNTIMES};
use services::function::{self, FunctionId, Qualifier, UNPACKED_BYTES_MAX};
use services::run::PrepareError;

use super::arn;
use crate::call::Call;
use crate::error::{self, Error};
use crate::shapes::lambda::error::{
    CODE_STORAGE_EXCEEDED_EXCEPTION, INVALID_PARAMETER_VALUE_EXCEPTION, POLICY_LENGTH_EXCEEDED_EXCEPTION,
    PRECONDITION_FAILED_EXCEPTION, RESOURCE_CONFLICT_EXCEPTION, RESOURCE_NOT_FOUND_EXCEPTION, SERVICE_EXCEPTION,
};

/// The error for a refusal of an operation on `id`.
pub fn refuse(call: &Call, id: &FunctionId, refusal: function::Error) -> Error {
    use function::Error as Refusal;
    let named = |qualifier: Option<&Qualifier>| arn::arn(call, id, qualifier);
    let alias_arn = |alias| named(Some(&Qualifier::Alias(alias)));
    match refusal {
        Refusal::NoSuchFunction { qualifier } => not_found(format!("Function not found: {}", named(qualifier.as_ref()))),
        Refusal::NoSuchAlias(alias) => not_found(format!("Cannot find alias arn: {}", alias_arn(alias))),
        Refusal::NoSuchUrl => not_found("The resource you requested does not exist."),
        Refusal::NoPolicy => not_found("The resource you requested does not exist."),
        Refusal::NoEventConfig => not_found(format!("The function {} doesn't have an EventInvokeConfig", named(None))),
        Refusal::DestinationIsItself => invalid("You can't specify the function as a destination for itself."),
        Refusal::NoSuchDestination(_) => invalid(refusal.to_string()),
        Refusal::NoSuchStatement => not_found("Statement is not found in resource policy."),
        Refusal::FunctionExists => conflict(format!("Function already exist: {}", id.name)),
        Refusal::AliasExists => conflict("Alias already exists"),
        Refusal::UrlExists => conflict(format!(
            "Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig exists for this Lambda function",
            named(None)
        )),
        Refusal::StatementExists => conflict("The statement id provided already exists."),
        Refusal::UpdateInProgress => conflict(format!(
            "The operation cannot be performed at this time. An update is in progress for resource: {}",
            named(None)
        )),
        Refusal::Pending => conflict(state_text("Pending")),
        Refusal::StaleRevision { .. } => stale("GetFunction/GetAlias"),
        Refusal::CodeDiffers { .. } => invalid(refusal.to_string()),
        Refusal::AliasesRefer(aliases) => {
            let names: Vec<&str> = aliases.iter().map(function::AliasName::as_str).collect();
            conflict(format!("Unable to delete version because the following aliases reference it: [{}]", names.join(", ")))
        }
        Refusal::LatestStays => invalid("$LATEST version cannot be deleted without deleting the function."),
        Refusal::AliasStays => invalid("Deletion of aliases is not currently supported."),
        Refusal::OutOfBounds(bound) => out_of_bounds(bound),
        Refusal::TooManyWeights => invalid("Number of items in AdditionalVersionWeights cannot be greater than 1"),
        Refusal::WeightOnFirst(version) => invalid(format!(
            "Invalid function version {version}. Function version {version} is already included in routing configuration."
        )),
        Refusal::WeightOnLatest => invalid("$LATEST is not supported for an alias pointing to more than 1 version"),
        Refusal::BadWeight => error::VALIDATION.with(
            "1 validation error detected: Value at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]",
        ),
        Refusal::TooMuchReserved { minimum } => invalid(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{minimum}]."
        )),
        Refusal::TooManyTags => invalid("Number of tags exceeds resource tag limit."),
        Refusal::ReservedTag => invalid("Invalid tag key. Customers cannot set tag keys starting with aws: (case insensitive)"),
        Refusal::PolicyTooLong { bytes } => POLICY_LENGTH_EXCEEDED_EXCEPTION.with(format!(
            "The final policy size ({bytes}) is bigger than the limit ({}).",
            function::permission::POLICY_BYTES_MAX
        )),
        Refusal::PolicyOnLatest => invalid("We currently do not support adding policies for $LATEST."),
        Refusal::Package(error) => package(&error),
        Refusal::PackageTooLarge { .. } => error::REQUEST_ENTITY_TOO_LARGE
            .with(format!("Zipped size must be smaller than {} bytes", function::PACKAGE_BYTES_MAX)),
        Refusal::CodeStorageFull { .. } => CODE_STORAGE_EXCEEDED_EXCEPTION.with("Code storage limit exceeded."),
        Refusal::Store(store) => unavailable(&store),
        Refusal::Unreadable(row) => Error::internal(&row),
    }
}

fn out_of_bounds(bound: OutOfBounds) -> Error {
    let at_most = |value: String, at, most: u64| {
        Error::constraint(&value, at, &format!("Member must have value less than or equal to {most}"))
    };
    match bound {
        OutOfBounds::Runtime { given } => invalid(format!(
            "Value {given} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or be a valid ARN",
            RUNTIMES.join(", ")
        )),
        OutOfBounds::Handler { chars: 0 } => invalid(NO_HANDLER),
        OutOfBounds::Handler { chars } => length("handler", chars, function::settings::HANDLER_CHARS_MAX),
        OutOfBounds::Description { chars } => length("description", chars, function::settings::DESCRIPTION_CHARS_MAX),
        OutOfBounds::Timeout { given } => {
            at_most(given.as_secs().to_string(), "timeout", function::settings::TIMEOUT_MAX.as_secs())
        }
        OutOfBounds::Memory { mib } => at_most(mib.to_string(), "memorySize", MEMORY_MIB_MAX.into()),
        OutOfBounds::Ephemeral { mib } => {
            at_most(mib.to_string(), "ephemeralStorage.size", function::settings::EPHEMERAL_MIB_MAX.into())
        }
        OutOfBounds::Environment { measured } => invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the {}KB limit. String measured: {measured}",
            ENVIRONMENT_BYTES_MAX / 1024
        )),
        OutOfBounds::ReservedVariables { names } => invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {}",
            names.join(", ")
        )),
    }
}

fn length(at: &str, given: usize, most: usize) -> Error {
    Error::constraint(
        &format!("{given} characters"),
        at,
        &format!("Member must have length less than or equal to {most}"),
    )
}

/// Packages that can never run are the caller's mistake; a machine that has no room is not.
fn package(error: &PrepareError) -> Error {
    match error {
        PrepareError::BadArchive(_) => {
            invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
        }
        PrepareError::TooLarge { .. } => {
            invalid(format!("Unzipped size must be smaller than {UNPACKED_BYTES_MAX} bytes"))
        }
        PrepareError::UnsafePath(text) | PrepareError::BadComponent(text) | PrepareError::NoInterpreter(text) => {
            invalid(text.clone())
        }
        PrepareError::Unavailable(_) => {
            tracing::error!(%error, "a package could not be made ready");
            SERVICE_EXCEPTION.with("An error occurred and the request cannot be processed.")
        }
    }
}

pub fn unavailable(store: &dyn std::fmt::Display) -> Error {
    tracing::error!(error = %store, "the store refused");
    error::SERVICE_UNAVAILABLE.with("Service is unavailable. Please try again later.")
}

/// The revision in the request is not the latest; `operation` tells it.
pub fn stale(operation: &str) -> Error {
    PRECONDITION_FAILED_EXCEPTION.with(format!(
        "The Revision Id provided does not match the latest Revision Id. Call the {operation} API to retrieve the latest Revision Id"
    ))
}

/// The code to publish is not the code that is there.
pub fn code_differs(given: &str, latest: function::Code) -> Error {
    invalid(format!(
        "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the CodeSHA256 in $LATEST.",
        STANDARD.encode(latest.id.0)
    ))
}

/// What a function that does not run says, in the state that it is in.
pub fn state_text(state: &str) -> String {
    format!("The operation cannot be performed at this time. The function is currently in the following state: {state}")
}

pub const NO_HANDLER: &str =
    "Runtime and Handler are mandatory parameters for functions created with deployment packages.";

/// Refuses what Nought does not have.
pub fn not_yet(what: &str) -> Error {
    invalid(format!("{what} does not exist in Nought yet: leave it out of the request."))
}

pub fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    INVALID_PARAMETER_VALUE_EXCEPTION.with(text)
}

pub fn not_found(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    RESOURCE_NOT_FOUND_EXCEPTION.with(text)
}

pub fn conflict(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    RESOURCE_CONFLICT_EXCEPTION.with(text)
}
