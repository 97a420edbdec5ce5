//! Trims a service model to the operations that Nought implements: no prose, no shapes that nothing reaches.

use std::collections::BTreeSet;

use anyhow::Context;
use serde_json::{Map, Value, json};

/// Members for features that Nought does not have. A request that names one is answered as if it did not, like a
/// member that a service has never heard of.
const MEMBERS_LEFT_OUT: &[&str] = &[
    "AcceleratorConfig",
    "AppSyncParameters",
    "ArchivalSummary",
    "BatchParameters",
    "CapacityProviderConfig",
    "ConfigSha256",
    "DisassociationProtectionEnabled",
    "DurableConfig",
    "DurableExecutionArn",
    "DurableExecutionName",
    "EcsParameters",
    "EndpointId",
    "GlobalTableSettingsReplicationMode",
    "GlobalTableSourceArn",
    "GlobalTableVersion",
    "GlobalTableWitnessUpdates",
    "GlobalTableWitnesses",
    "HttpParameters",
    "MultiRegionConsistency",
    "PublishTo",
    "RedshiftDataParameters",
    "Replicas",
    "ResolvedImageUri",
    "ResolvedS3Object",
    "RunCommandParameters",
    "RuntimeConfig",
    "S3FilesConfig",
    "S3ObjectStorageMode",
    "SageMakerPipelineParameters",
    "SigningJobArn",
    "SigningProfileVersionArn",
    "TagsError",
    "TenancyConfig",
    "TenantId",
    "VectorIndexOverride",
    "VectorIndexUpdates",
    "VectorIndexes",
    "bearerTokenAuthenticationEnabled",
    "dataProtectionStatus",
    "deletionProtectionEnabled",
    "inheritedProperties",
    "retentionPolicyName",
];

/// Errors of features that Nought does not have, by the beginning of their names.
const ERRORS_LEFT_OUT: &[&str] = &[
    "CodeArtifact",
    "CodeSigning",
    "CodeVerification",
    "DurableExecution",
    "EC2",
    "EFS",
    "ENI",
    "FunctionVersionsPer",
    "InvalidCodeSignature",
    "InvalidSecurityGroup",
    "InvalidSubnet",
    "KMS",
    "Kms",
    "RuntimeAlias",
    "RuntimeVersion",
    "S3Files",
    "SnapStart",
    "SubnetIP",
];

/// Shapes whose members need not be there, whatever the model says: answers leave out what is empty, and requests get an
/// error of the service's own.
const NOT_REQUIRED: &[&str] = &[
    "ChangeMessageVisibilityBatchResult",
    "DeleteMessageBatchResult",
    "MessageAttributeValue",
    "MessageSystemAttributeValue",
    "SendMessageBatchResult",
];

/// What of a shape decides how it is written, read and checked.
const SHAPE_KEYS: &[&str] = &["type", "required", "min", "max", "pattern", "enum", "payload", "sensitive"];
const MEMBER_KEYS: &[&str] = &["shape", "location", "locationName"];
const METADATA_KEYS: &[&str] =
    &["apiVersion", "awsQueryCompatible", "jsonVersion", "protocol", "signingName", "targetPrefix", "xmlNamespace"];

pub fn trim(model: &Value, operations: &[&str]) -> anyhow::Result<Value> {
    let mut reached = BTreeSet::new();
    let mut kept = Map::new();
    for name in operations {
        let operation = model["operations"].get(name).with_context(|| format!("no operation {name} in the model"))?;
        let errors: Vec<&str> = operation["errors"].as_array().into_iter().flatten().filter_map(error_kept).collect();
        let mut trimmed = json!({ "http": operation["http"] });
        for side in ["input", "output"] {
            if let Some(shape) = operation[side]["shape"].as_str() {
                trimmed[side] = json!(shape);
                reach(model, shape, &mut reached)?;
            }
        }
        errors.iter().try_for_each(|shape| reach(model, shape, &mut reached))?;
        trimmed["errors"] = json!(errors);
        kept.insert((*name).to_owned(), trimmed);
    }
    let shapes: anyhow::Result<Map<String, Value>> = reached
        .iter()
        .map(|name| {
            let mut trimmed = shape(name, &model["shapes"][name])?;
            if model["metadata"]["protocol"] == "query" {
                name_for_forms(&mut trimmed, &model["shapes"][name]);
            }
            Ok((name.clone(), trimmed))
        })
        .collect();
    Ok(json!({
        "metadata": pick(&model["metadata"], METADATA_KEYS),
        "operations": kept,
        "others": others(model, operations),
        "shapes": shapes?,
    }))
}

fn error_kept(error: &Value) -> Option<&str> {
    error["shape"].as_str().filter(|name| !ERRORS_LEFT_OUT.iter().any(|prefix| name.starts_with(prefix)))
}

/// Operations that the service has and Nought has not: name, method, path.
fn others(model: &Value, operations: &[&str]) -> Vec<Value> {
    let all = model["operations"].as_object().into_iter().flatten();
    all.filter(|(name, _)| !operations.contains(&name.as_str()))
        .map(|(name, operation)| json!([name, operation["http"]["method"], operation["http"]["requestUri"]]))
        .collect()
}

fn reach(model: &Value, name: &str, reached: &mut BTreeSet<String>) -> anyhow::Result<()> {
    if !reached.insert(name.to_owned()) {
        return Ok(());
    }
    let shape = model["shapes"].get(name).with_context(|| format!("no shape {name} in the model"))?;
    let elements = ["member", "key", "value"].into_iter().filter_map(|part| shape[part]["shape"].as_str());
    let members = members(shape).filter_map(|(_, member)| member["shape"].as_str());
    elements.chain(members).try_for_each(|inner| reach(model, inner, reached))
}

fn members(shape: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let all = shape["members"].as_object().into_iter().flatten();
    all.filter(|(name, _)| !MEMBERS_LEFT_OUT.contains(&name.as_str()))
}

fn shape(name: &str, shape: &Value) -> anyhow::Result<Value> {
    let mut trimmed = pick(shape, SHAPE_KEYS);
    if NOT_REQUIRED.contains(&name) {
        trimmed.remove("required");
    }
    for part in ["member", "key", "value"] {
        if let Some(inner) = shape[part]["shape"].as_str() {
            trimmed.insert(part.to_owned(), json!(inner));
        }
    }
    if shape["type"] == "structure" {
        let kept: Map<String, Value> =
            members(shape).map(|(name, member)| (name.clone(), pick(member, MEMBER_KEYS).into())).collect();
        trimmed.insert("members".to_owned(), kept.into());
    }
    if shape["exception"] == true {
        // The JSON services state no status: theirs is 400, or 500 where the fault is not the caller's.
        let unstated = if shape["fault"] == true { 500 } else { 400 };
        let status = shape["error"]["httpStatusCode"].as_u64().unwrap_or(unstated);
        trimmed.insert("status".to_owned(), json!(status));
    }
    Ok(trimmed.into())
}

/// In the Query protocol the keys and values of some maps, and errors, have names of their own.
fn name_for_forms(trimmed: &mut Value, shape: &Value) {
    for (part, name) in [("key", "keyName"), ("value", "valueName")] {
        if let Some(text) = shape[part]["locationName"].as_str() {
            trimmed[name] = json!(text);
        }
    }
    if let Some(code) = shape["error"]["code"].as_str() {
        trimmed["code"] = json!(code);
    }
}

fn pick(from: &Value, keys: &[&str]) -> Map<String, Value> {
    keys.iter().filter_map(|key| Some(((*key).to_owned(), from.get(key)?.clone()))).collect()
}
