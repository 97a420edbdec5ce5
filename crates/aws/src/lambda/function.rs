//! Functions as a whole: created, shown, listed, changed, deleted.

use services::function::{self, Create, FunctionId, Qualifier, UpdateSettings, concurrency, tag, version};
use services::name::{FunctionName, Version};

use super::arn::{self, Target};
use super::code;
use super::configuration::{change, render, settings};
use super::page;
use super::refusal::refuse;
use crate::call::Call;
use crate::error::Error;
use crate::shapes::lambda as shapes;

/// Said to whoever wants to change a version.
pub const LATEST_ONLY: &str = "Current operation does not support versions other than $LATEST.";

pub async fn create(call: Call, input: shapes::CreateFunctionRequest) -> Result<shapes::FunctionConfiguration, Error> {
    let id = Target::whole(&call, &input.function_name, LATEST_ONLY)?;
    let settings = settings(&input)?;
    let publish = input.publish.unwrap_or(false);
    let package = code::of_create(input.code)?;
    let new = Create { settings, package, tags: input.tags.unwrap_or_default(), publish };
    let created = call.services.functions().create(&id, new).await;
    let created = created.map_err(|error| refuse(&call, &id, error))?;
    // Other than UpdateFunctionCode, it names the function and not the version that it has published.
    // Source: answers of the service, measured in github.com/floci-io/floci/pull/2825 (read 2026-11-24).
    Ok(render(&call, &id, &created, None))
}

/// The qualifier of a published version; `$LATEST` goes without.
pub fn published(version: &Version) -> Option<Qualifier> {
    match version {
        Version::Latest => None,
        Version::Number(_) => Some(Qualifier::Version(*version)),
    }
}

pub async fn get(call: Call, input: shapes::GetFunctionRequest) -> Result<shapes::GetFunctionResponse, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let found = call.services.functions().read(|read| {
        let found = function::find(read, &target.id, target.qualifier.as_ref())?;
        Ok((found, tag::tags(read, &target.id)?, concurrency::reserved(read, &target.id)?))
    });
    let (found, tags, reserved) = found.map_err(|error| refuse(&call, &target.id, error))?;
    let reserved = reserved.and_then(|reserved| i32::try_from(reserved).ok());
    Ok(shapes::GetFunctionResponse {
        configuration: Some(render(&call, &target.id, &found, target.qualifier.as_ref())),
        code: Some(shapes::FunctionCodeLocation {
            repository_type: Some("S3".to_owned()),
            location: Some(code::location(&call, &found.1.code.id)),
            ..Default::default()
        }),
        tags: (!tags.is_empty()).then_some(tags),
        concurrency: reserved.map(|reserved| shapes::Concurrency { reserved_concurrent_executions: Some(reserved) }),
    })
}

pub async fn get_configuration(
    call: Call,
    input: shapes::GetFunctionConfigurationRequest,
) -> Result<shapes::FunctionConfiguration, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let found = call.services.functions().read(|read| function::find(read, &target.id, target.qualifier.as_ref()));
    let found = found.map_err(|error| refuse(&call, &target.id, error))?;
    Ok(render(&call, &target.id, &found, target.qualifier.as_ref()))
}

pub async fn list(call: Call, input: shapes::ListFunctionsRequest) -> Result<shapes::ListFunctionsResponse, Error> {
    let size = page::size(input.max_items);
    let all = input.function_version.is_some();
    let after = page::after(input.marker.as_deref(), place)?;
    let scope = arn::scope(&call);
    let found = call.services.functions().read(|read| match all {
        true => version::list_all(read, &scope, after.as_ref(), size + 1),
        false => {
            let latest = function::list(read, &scope, after.as_ref().map(|(name, _)| name), size + 1)?;
            Ok(latest.into_iter().map(|(id, details)| (id, (Version::Latest, details))).collect())
        }
    });
    let found = found.map_err(|error: function::Error| Error::internal(&error))?;
    let (found, next_marker) = page::cut(found, size, |(id, (version, _))| format!("{}:{version}", id.name));
    let shown = |(id, found): &(FunctionId, (Version, function::Details))| {
        let qualifier = all.then_some(Qualifier::Version(found.0));
        render(&call, id, found, qualifier.as_ref())
    };
    Ok(shapes::ListFunctionsResponse { next_marker, functions: Some(found.iter().map(shown).collect()) })
}

/// The last function of a page, from its marker.
fn place(text: &str) -> Option<(FunctionName, Version)> {
    let (name, version) = text.split_once(':')?;
    Some((FunctionName::parse(name).ok()?, Version::parse(version).ok()?))
}

pub async fn update_configuration(
    call: Call,
    input: shapes::UpdateFunctionConfigurationRequest,
) -> Result<shapes::FunctionConfiguration, Error> {
    let id = Target::whole(&call, &input.function_name, LATEST_ONLY)?;
    let update = UpdateSettings { change: change(&input)?, revision: input.revision_id };
    let updated = call.services.functions().update_settings(&id, &update).await;
    let updated = updated.map_err(|error| refuse(&call, &id, error))?;
    Ok(render(&call, &id, &(Version::Latest, updated), None))
}

pub async fn delete(call: Call, input: shapes::DeleteFunctionRequest) -> Result<shapes::DeleteFunctionResponse, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let deleted = call.services.functions().delete(&target.id, target.qualifier.as_ref()).await;
    deleted.map_err(|error| refuse(&call, &target.id, error))?;
    Ok(shapes::DeleteFunctionResponse { status_code: Some(204) })
}
