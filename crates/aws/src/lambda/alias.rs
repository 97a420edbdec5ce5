//! Aliases.

use services::function::alias::{self, Alias, AliasChange};
use services::function::{AliasName, FunctionId, Qualifier};
use services::name::Version;

use super::arn::{self, Target, alias_name};
use super::page;
use super::refusal::{conflict, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::lambda as shapes;

pub async fn create(call: Call, input: shapes::CreateAliasRequest) -> Result<shapes::AliasConfiguration, Error> {
    let id = Target::read(&call, &input.function_name, None)?.id;
    let name = alias_name(&input.name)?;
    let version = version(&input.function_version)?;
    let change = AliasChange {
        version: None,
        description: input.description,
        weights: weights(input.routing_config)?,
        revision: None,
    };
    let created = call.services.functions().change(&id, |tx| alias::create(tx, &id, &name, version, &change)).await;
    let created = created.map_err(|error| match error {
        services::function::Error::AliasExists => {
            conflict(format!("Alias already exists: {}", alias_arn(&call, &id, &name)))
        }
        error => refuse(&call, &id, error),
    })?;
    Ok(render(&call, &id, &name, &created))
}

pub async fn get(call: Call, input: shapes::GetAliasRequest) -> Result<shapes::AliasConfiguration, Error> {
    let id = Target::read(&call, &input.function_name, None)?.id;
    let name = alias_name(&input.name)?;
    let found = call.services.functions().read(|read| alias::find(read, &id, &name));
    Ok(render(&call, &id, &name, &found.map_err(|error| refuse(&call, &id, error))?))
}

pub async fn update(call: Call, input: shapes::UpdateAliasRequest) -> Result<shapes::AliasConfiguration, Error> {
    let id = Target::read(&call, &input.function_name, None)?.id;
    let name = alias_name(&input.name)?;
    let change = AliasChange {
        version: input.function_version.as_deref().map(version).transpose()?,
        description: input.description,
        weights: weights(input.routing_config)?,
        revision: input.revision_id,
    };
    let updated = call.services.functions().change(&id, |tx| alias::update(tx, &id, &name, &change)).await;
    Ok(render(&call, &id, &name, &updated.map_err(|error| refuse(&call, &id, error))?))
}

pub async fn delete(call: Call, input: shapes::DeleteAliasRequest) -> Result<(), Error> {
    let id = Target::read(&call, &input.function_name, None)?.id;
    let name = alias_name(&input.name)?;
    let deleted = call.services.functions().change(&id, |tx| alias::delete(tx, &id, &name)).await;
    deleted.map_err(|error| refuse(&call, &id, error))
}

pub async fn list(call: Call, input: shapes::ListAliasesRequest) -> Result<shapes::ListAliasesResponse, Error> {
    let id = Target::read(&call, &input.function_name, None)?.id;
    let size = page::size(input.max_items);
    let after = page::after(input.marker.as_deref(), |text| AliasName::parse(text).ok())?;
    let wanted = input.function_version.as_deref().map(version).transpose()?;
    let found = call.services.functions().read(|read| alias::list(read, &id, wanted));
    let mut found = found.map_err(|error| refuse(&call, &id, error))?;
    found.retain(|(name, _)| after.as_ref().is_none_or(|after| name > after));
    let (found, next_marker) = page::cut(found, size, |(name, _)| name.to_string());
    let shown = found.iter().map(|(name, alias)| render(&call, &id, name, alias));
    Ok(shapes::ListAliasesResponse { next_marker, aliases: Some(shown.collect()) })
}

fn version(text: &str) -> Result<Version, Error> {
    Version::parse(text).map_err(|_| {
        let pattern = "Member must satisfy regular expression pattern: (\\$LATEST|[0-9]+)";
        Error::constraint(text, "functionVersion", pattern)
    })
}

/// The weights of a routing configuration. One without weights takes them away.
fn weights(config: Option<shapes::AliasRoutingConfiguration>) -> Result<Option<Vec<(Version, f64)>>, Error> {
    let Some(config) = config else { return Ok(None) };
    let weights = config.additional_version_weights.unwrap_or_default();
    weights.into_iter().map(|(text, share)| Ok((version(&text)?, share))).collect::<Result<_, Error>>().map(Some)
}

fn alias_arn(call: &Call, id: &FunctionId, name: &AliasName) -> String {
    arn::arn(call, id, Some(&Qualifier::Alias(name.clone())))
}

fn render(call: &Call, id: &FunctionId, name: &AliasName, alias: &Alias) -> shapes::AliasConfiguration {
    let routing = alias.second().map(|(version, share)| shapes::AliasRoutingConfiguration {
        additional_version_weights: Some([(version.to_string(), share)].into()),
    });
    shapes::AliasConfiguration {
        alias_arn: Some(alias_arn(call, id, name)),
        name: Some(name.to_string()),
        function_version: Some(alias.version().to_string()),
        description: Some(alias.description.clone()),
        routing_config: routing,
        revision_id: Some(alias.revision.clone()),
    }
}
