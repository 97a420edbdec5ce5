//! Shapes of `lambda`, written by `cargo xtask shapes` from `models/lambda.json`: change them there.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::shape::{Blob, Described, Input, Limits, Member, Other, Output, Place, Protocol, Service, Shape, Text};

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AccountLimit {
    #[serde(rename = "TotalCodeSize", skip_serializing_if = "Option::is_none")]
    pub total_code_size: Option<i64>,
    #[serde(rename = "CodeSizeUnzipped", skip_serializing_if = "Option::is_none")]
    pub code_size_unzipped: Option<i64>,
    #[serde(rename = "CodeSizeZipped", skip_serializing_if = "Option::is_none")]
    pub code_size_zipped: Option<i64>,
    #[serde(rename = "ConcurrentExecutions", skip_serializing_if = "Option::is_none")]
    pub concurrent_executions: Option<i32>,
    #[serde(rename = "UnreservedConcurrentExecutions", skip_serializing_if = "Option::is_none")]
    pub unreserved_concurrent_executions: Option<i32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AccountUsage {
    #[serde(rename = "TotalCodeSize", skip_serializing_if = "Option::is_none")]
    pub total_code_size: Option<i64>,
    #[serde(rename = "FunctionCount", skip_serializing_if = "Option::is_none")]
    pub function_count: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct AddPermissionRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "StatementId")]
    pub statement_id: String,
    #[serde(rename = "Action")]
    pub action: String,
    #[serde(rename = "Principal")]
    pub principal: String,
    #[serde(rename = "SourceArn")]
    pub source_arn: Option<String>,
    #[serde(rename = "FunctionUrlAuthType")]
    pub function_url_auth_type: Option<String>,
    #[serde(rename = "InvokedViaFunctionUrl")]
    pub invoked_via_function_url: Option<bool>,
    #[serde(rename = "SourceAccount")]
    pub source_account: Option<String>,
    #[serde(rename = "EventSourceToken")]
    pub event_source_token: Option<String>,
    #[serde(rename = "Qualifier")]
    pub qualifier: Option<String>,
    #[serde(rename = "RevisionId")]
    pub revision_id: Option<String>,
    #[serde(rename = "PrincipalOrgID")]
    pub principal_org_id: Option<String>,
}

impl Input for AddPermissionRequest {
    fn members() -> &'static [Member] {
        &ADD_PERMISSION_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AddPermissionResponse {
    #[serde(rename = "Statement", skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

impl Output for AddPermissionResponse {}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AliasConfiguration {
    #[serde(rename = "AliasArn", skip_serializing_if = "Option::is_none")]
    pub alias_arn: Option<String>,
    #[serde(rename = "Name", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(rename = "FunctionVersion", skip_serializing_if = "Option::is_none")]
    pub function_version: Option<String>,
    #[serde(rename = "Description", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(rename = "RoutingConfig", skip_serializing_if = "Option::is_none")]
    pub routing_config: Option<AliasRoutingConfiguration>,
    #[serde(rename = "RevisionId", skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<String>,
}

impl Output for AliasConfiguration {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct AliasRoutingConfiguration {
    #[serde(rename = "AdditionalVersionWeights", skip_serializing_if = "Option::is_none")]
    pub additional_version_weights: Option<BTreeMap<String, f64>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Concurrency {
    #[serde(rename = "ReservedConcurrentExecutions", skip_serializing_if = "Option::is_none")]
    pub reserved_concurrent_executions: Option<i32>,
}

impl Output for Concurrency {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct Cors {
    #[serde(rename = "AllowCredentials", skip_serializing_if = "Option::is_none")]
    pub allow_credentials: Option<bool>,
    #[serde(rename = "AllowHeaders", skip_serializing_if = "Option::is_none")]
    pub allow_headers: Option<Vec<String>>,
    #[serde(rename = "AllowMethods", skip_serializing_if = "Option::is_none")]
    pub allow_methods: Option<Vec<String>>,
    #[serde(rename = "AllowOrigins", skip_serializing_if = "Option::is_none")]
    pub allow_origins: Option<Vec<String>>,
    #[serde(rename = "ExposeHeaders", skip_serializing_if = "Option::is_none")]
    pub expose_headers: Option<Vec<String>>,
    #[serde(rename = "MaxAge", skip_serializing_if = "Option::is_none")]
    pub max_age: Option<i32>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct CreateAliasRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Name")]
    pub name: String,
    #[serde(rename = "FunctionVersion")]
    pub function_version: String,
    #[serde(rename = "Description")]
    pub description: Option<String>,
    #[serde(rename = "RoutingConfig")]
    pub routing_config: Option<AliasRoutingConfiguration>,
}

impl Input for CreateAliasRequest {
    fn members() -> &'static [Member] {
        &CREATE_ALIAS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct CreateFunctionRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Runtime")]
    pub runtime: Option<String>,
    #[serde(rename = "Role")]
    pub role: String,
    #[serde(rename = "Handler")]
    pub handler: Option<String>,
    #[serde(rename = "Code")]
    pub code: FunctionCode,
    #[serde(rename = "Description")]
    pub description: Option<String>,
    #[serde(rename = "Timeout")]
    pub timeout: Option<i32>,
    #[serde(rename = "MemorySize")]
    pub memory_size: Option<i32>,
    #[serde(rename = "Publish")]
    pub publish: Option<bool>,
    #[serde(rename = "VpcConfig")]
    pub vpc_config: Option<VpcConfig>,
    #[serde(rename = "PackageType")]
    pub package_type: Option<String>,
    #[serde(rename = "DeadLetterConfig")]
    pub dead_letter_config: Option<DeadLetterConfig>,
    #[serde(rename = "Environment")]
    pub environment: Option<Environment>,
    #[serde(rename = "KMSKeyArn")]
    pub kms_key_arn: Option<String>,
    #[serde(rename = "TracingConfig")]
    pub tracing_config: Option<TracingConfig>,
    #[serde(rename = "Tags")]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(rename = "Layers")]
    pub layers: Option<Vec<String>>,
    #[serde(rename = "FileSystemConfigs")]
    pub file_system_configs: Option<Vec<FileSystemConfig>>,
    #[serde(rename = "CodeSigningConfigArn")]
    pub code_signing_config_arn: Option<String>,
    #[serde(rename = "ImageConfig")]
    pub image_config: Option<ImageConfig>,
    #[serde(rename = "Architectures")]
    pub architectures: Option<Vec<String>>,
    #[serde(rename = "EphemeralStorage")]
    pub ephemeral_storage: Option<EphemeralStorage>,
    #[serde(rename = "SnapStart")]
    pub snap_start: Option<SnapStart>,
    #[serde(rename = "LoggingConfig")]
    pub logging_config: Option<LoggingConfig>,
}

impl Input for CreateFunctionRequest {
    fn members() -> &'static [Member] {
        &CREATE_FUNCTION_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct CreateFunctionUrlConfigRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Qualifier")]
    pub qualifier: Option<String>,
    #[serde(rename = "AuthType")]
    pub auth_type: String,
    #[serde(rename = "Cors")]
    pub cors: Option<Cors>,
    #[serde(rename = "InvokeMode")]
    pub invoke_mode: Option<String>,
}

impl Input for CreateFunctionUrlConfigRequest {
    fn members() -> &'static [Member] {
        &CREATE_FUNCTION_URL_CONFIG_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CreateFunctionUrlConfigResponse {
    #[serde(rename = "FunctionUrl")]
    pub function_url: String,
    #[serde(rename = "FunctionArn")]
    pub function_arn: String,
    #[serde(rename = "AuthType")]
    pub auth_type: String,
    #[serde(rename = "Cors", skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
    #[serde(rename = "CreationTime")]
    pub creation_time: String,
    #[serde(rename = "InvokeMode", skip_serializing_if = "Option::is_none")]
    pub invoke_mode: Option<String>,
}

impl Output for CreateFunctionUrlConfigResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct DeadLetterConfig {
    #[serde(rename = "TargetArn", skip_serializing_if = "Option::is_none")]
    pub target_arn: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct DeleteAliasRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Name")]
    pub name: String,
}

impl Input for DeleteAliasRequest {
    fn members() -> &'static [Member] {
        &DELETE_ALIAS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct DeleteFunctionConcurrencyRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
}

impl Input for DeleteFunctionConcurrencyRequest {
    fn members() -> &'static [Member] {
        &DELETE_FUNCTION_CONCURRENCY_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct DeleteFunctionRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Qualifier")]
    pub qualifier: Option<String>,
}

impl Input for DeleteFunctionRequest {
    fn members() -> &'static [Member] {
        &DELETE_FUNCTION_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DeleteFunctionResponse {
    #[serde(rename = "StatusCode", skip_serializing_if = "Option::is_none")]
    pub status_code: Option<i32>,
}

impl Output for DeleteFunctionResponse {
    fn outside_body() -> &'static [(Place, &'static str)] {
        &[(Place::Status, "StatusCode")]
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct DeleteFunctionUrlConfigRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Qualifier")]
    pub qualifier: Option<String>,
}

impl Input for DeleteFunctionUrlConfigRequest {
    fn members() -> &'static [Member] {
        &DELETE_FUNCTION_URL_CONFIG_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Environment {
    #[serde(rename = "Variables")]
    pub variables: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EnvironmentError {
    #[serde(rename = "ErrorCode", skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    #[serde(rename = "Message", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EnvironmentResponse {
    #[serde(rename = "Variables", skip_serializing_if = "Option::is_none")]
    pub variables: Option<BTreeMap<String, String>>,
    #[serde(rename = "Error", skip_serializing_if = "Option::is_none")]
    pub error: Option<EnvironmentError>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct EphemeralStorage {
    #[serde(rename = "Size")]
    pub size: i32,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct FileSystemConfig {
    #[serde(rename = "Arn")]
    pub arn: String,
    #[serde(rename = "LocalMountPath")]
    pub local_mount_path: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct FunctionCode {
    #[serde(rename = "ZipFile")]
    pub zip_file: Option<Blob>,
    #[serde(rename = "S3Bucket")]
    pub s3_bucket: Option<String>,
    #[serde(rename = "S3Key")]
    pub s3_key: Option<String>,
    #[serde(rename = "S3ObjectVersion")]
    pub s3_object_version: Option<String>,
    #[serde(rename = "ImageUri")]
    pub image_uri: Option<String>,
    #[serde(rename = "SourceKMSKeyArn")]
    pub source_kms_key_arn: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FunctionCodeLocation {
    #[serde(rename = "RepositoryType", skip_serializing_if = "Option::is_none")]
    pub repository_type: Option<String>,
    #[serde(rename = "Location", skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(rename = "ImageUri", skip_serializing_if = "Option::is_none")]
    pub image_uri: Option<String>,
    #[serde(rename = "SourceKMSKeyArn", skip_serializing_if = "Option::is_none")]
    pub source_kms_key_arn: Option<String>,
    #[serde(rename = "Error", skip_serializing_if = "Option::is_none")]
    pub error: Option<FunctionCodeLocationError>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FunctionCodeLocationError {
    #[serde(rename = "ErrorCode", skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    #[serde(rename = "Message", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FunctionConfiguration {
    #[serde(rename = "FunctionName", skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
    #[serde(rename = "FunctionArn", skip_serializing_if = "Option::is_none")]
    pub function_arn: Option<String>,
    #[serde(rename = "Runtime", skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    #[serde(rename = "Role", skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(rename = "Handler", skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    #[serde(rename = "CodeSize", skip_serializing_if = "Option::is_none")]
    pub code_size: Option<i64>,
    #[serde(rename = "Description", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(rename = "Timeout", skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i32>,
    #[serde(rename = "MemorySize", skip_serializing_if = "Option::is_none")]
    pub memory_size: Option<i32>,
    #[serde(rename = "LastModified", skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    #[serde(rename = "CodeSha256", skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,
    #[serde(rename = "Version", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(rename = "VpcConfig", skip_serializing_if = "Option::is_none")]
    pub vpc_config: Option<VpcConfigResponse>,
    #[serde(rename = "DeadLetterConfig", skip_serializing_if = "Option::is_none")]
    pub dead_letter_config: Option<DeadLetterConfig>,
    #[serde(rename = "Environment", skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentResponse>,
    #[serde(rename = "KMSKeyArn", skip_serializing_if = "Option::is_none")]
    pub kms_key_arn: Option<String>,
    #[serde(rename = "TracingConfig", skip_serializing_if = "Option::is_none")]
    pub tracing_config: Option<TracingConfigResponse>,
    #[serde(rename = "MasterArn", skip_serializing_if = "Option::is_none")]
    pub master_arn: Option<String>,
    #[serde(rename = "RevisionId", skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<String>,
    #[serde(rename = "Layers", skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<Layer>>,
    #[serde(rename = "State", skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(rename = "StateReason", skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,
    #[serde(rename = "StateReasonCode", skip_serializing_if = "Option::is_none")]
    pub state_reason_code: Option<String>,
    #[serde(rename = "LastUpdateStatus", skip_serializing_if = "Option::is_none")]
    pub last_update_status: Option<String>,
    #[serde(rename = "LastUpdateStatusReason", skip_serializing_if = "Option::is_none")]
    pub last_update_status_reason: Option<String>,
    #[serde(rename = "LastUpdateStatusReasonCode", skip_serializing_if = "Option::is_none")]
    pub last_update_status_reason_code: Option<String>,
    #[serde(rename = "FileSystemConfigs", skip_serializing_if = "Option::is_none")]
    pub file_system_configs: Option<Vec<FileSystemConfig>>,
    #[serde(rename = "PackageType", skip_serializing_if = "Option::is_none")]
    pub package_type: Option<String>,
    #[serde(rename = "ImageConfigResponse", skip_serializing_if = "Option::is_none")]
    pub image_config_response: Option<ImageConfigResponse>,
    #[serde(rename = "Architectures", skip_serializing_if = "Option::is_none")]
    pub architectures: Option<Vec<String>>,
    #[serde(rename = "EphemeralStorage", skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage: Option<EphemeralStorage>,
    #[serde(rename = "SnapStart", skip_serializing_if = "Option::is_none")]
    pub snap_start: Option<SnapStartResponse>,
    #[serde(rename = "RuntimeVersionConfig", skip_serializing_if = "Option::is_none")]
    pub runtime_version_config: Option<RuntimeVersionConfig>,
    #[serde(rename = "LoggingConfig", skip_serializing_if = "Option::is_none")]
    pub logging_config: Option<LoggingConfig>,
}

impl Output for FunctionConfiguration {}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FunctionUrlConfig {
    #[serde(rename = "FunctionUrl")]
    pub function_url: String,
    #[serde(rename = "FunctionArn")]
    pub function_arn: String,
    #[serde(rename = "CreationTime")]
    pub creation_time: String,
    #[serde(rename = "LastModifiedTime")]
    pub last_modified_time: String,
    #[serde(rename = "Cors", skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
    #[serde(rename = "AuthType")]
    pub auth_type: String,
    #[serde(rename = "InvokeMode", skip_serializing_if = "Option::is_none")]
    pub invoke_mode: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct GetAccountSettingsRequest {}

impl Input for GetAccountSettingsRequest {
    fn members() -> &'static [Member] {
        &GET_ACCOUNT_SETTINGS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GetAccountSettingsResponse {
    #[serde(rename = "AccountLimit", skip_serializing_if = "Option::is_none")]
    pub account_limit: Option<AccountLimit>,
    #[serde(rename = "AccountUsage", skip_serializing_if = "Option::is_none")]
    pub account_usage: Option<AccountUsage>,
}

impl Output for GetAccountSettingsResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct GetAliasRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Name")]
    pub name: String,
}

impl Input for GetAliasRequest {
    fn members() -> &'static [Member] {
        &GET_ALIAS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct GetFunctionConcurrencyRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
}

impl Input for GetFunctionConcurrencyRequest {
    fn members() -> &'static [Member] {
        &GET_FUNCTION_CONCURRENCY_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GetFunctionConcurrencyResponse {
    #[serde(rename = "ReservedConcurrentExecutions", skip_serializing_if = "Option::is_none")]
    pub reserved_concurrent_executions: Option<i32>,
}

impl Output for GetFunctionConcurrencyResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct GetFunctionConfigurationRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Qualifier")]
    pub qualifier: Option<String>,
}

impl Input for GetFunctionConfigurationRequest {
    fn members() -> &'static [Member] {
        &GET_FUNCTION_CONFIGURATION_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct GetFunctionRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Qualifier")]
    pub qualifier: Option<String>,
}

impl Input for GetFunctionRequest {
    fn members() -> &'static [Member] {
        &GET_FUNCTION_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GetFunctionResponse {
    #[serde(rename = "Configuration", skip_serializing_if = "Option::is_none")]
    pub configuration: Option<FunctionConfiguration>,
    #[serde(rename = "Code", skip_serializing_if = "Option::is_none")]
    pub code: Option<FunctionCodeLocation>,
    #[serde(rename = "Tags", skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(rename = "Concurrency", skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
}

impl Output for GetFunctionResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct GetFunctionUrlConfigRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Qualifier")]
    pub qualifier: Option<String>,
}

impl Input for GetFunctionUrlConfigRequest {
    fn members() -> &'static [Member] {
        &GET_FUNCTION_URL_CONFIG_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GetFunctionUrlConfigResponse {
    #[serde(rename = "FunctionUrl")]
    pub function_url: String,
    #[serde(rename = "FunctionArn")]
    pub function_arn: String,
    #[serde(rename = "AuthType")]
    pub auth_type: String,
    #[serde(rename = "Cors", skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
    #[serde(rename = "CreationTime")]
    pub creation_time: String,
    #[serde(rename = "LastModifiedTime")]
    pub last_modified_time: String,
    #[serde(rename = "InvokeMode", skip_serializing_if = "Option::is_none")]
    pub invoke_mode: Option<String>,
}

impl Output for GetFunctionUrlConfigResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct GetPolicyRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Qualifier")]
    pub qualifier: Option<String>,
}

impl Input for GetPolicyRequest {
    fn members() -> &'static [Member] {
        &GET_POLICY_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GetPolicyResponse {
    #[serde(rename = "Policy", skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    #[serde(rename = "RevisionId", skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<String>,
}

impl Output for GetPolicyResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct ImageConfig {
    #[serde(rename = "EntryPoint", skip_serializing_if = "Option::is_none")]
    pub entry_point: Option<Vec<String>>,
    #[serde(rename = "Command", skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    #[serde(rename = "WorkingDirectory", skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ImageConfigError {
    #[serde(rename = "ErrorCode", skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    #[serde(rename = "Message", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ImageConfigResponse {
    #[serde(rename = "ImageConfig", skip_serializing_if = "Option::is_none")]
    pub image_config: Option<ImageConfig>,
    #[serde(rename = "Error", skip_serializing_if = "Option::is_none")]
    pub error: Option<ImageConfigError>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct InvocationRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "X-Amz-Invocation-Type")]
    pub invocation_type: Option<String>,
    #[serde(rename = "X-Amz-Log-Type")]
    pub log_type: Option<String>,
    #[serde(rename = "X-Amz-Client-Context")]
    pub client_context: Option<String>,
    #[serde(skip)]
    pub payload: Bytes,
    #[serde(rename = "Qualifier")]
    pub qualifier: Option<String>,
}

impl Input for InvocationRequest {
    fn members() -> &'static [Member] {
        &INVOCATION_REQUEST
    }
    fn set_payload(&mut self, payload: Bytes) {
        self.payload = payload;
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct InvocationResponse {
    #[serde(rename = "StatusCode", skip_serializing_if = "Option::is_none")]
    pub status_code: Option<i32>,
    #[serde(rename = "X-Amz-Function-Error", skip_serializing_if = "Option::is_none")]
    pub function_error: Option<String>,
    #[serde(rename = "X-Amz-Log-Result", skip_serializing_if = "Option::is_none")]
    pub log_result: Option<String>,
    #[serde(skip)]
    pub payload: Bytes,
    #[serde(rename = "X-Amz-Executed-Version", skip_serializing_if = "Option::is_none")]
    pub executed_version: Option<String>,
}

impl Output for InvocationResponse {
    fn outside_body() -> &'static [(Place, &'static str)] {
        &[
            (Place::Status, "StatusCode"),
            (Place::Header, "X-Amz-Function-Error"),
            (Place::Header, "X-Amz-Log-Result"),
            (Place::Header, "X-Amz-Executed-Version"),
        ]
    }
    fn take_payload(&mut self) -> Option<Bytes> {
        Some(std::mem::take(&mut self.payload))
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Layer {
    #[serde(rename = "Arn", skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    #[serde(rename = "CodeSize", skip_serializing_if = "Option::is_none")]
    pub code_size: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ListAliasesRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "FunctionVersion")]
    pub function_version: Option<String>,
    #[serde(rename = "Marker")]
    pub marker: Option<String>,
    #[serde(rename = "MaxItems")]
    pub max_items: Option<i32>,
}

impl Input for ListAliasesRequest {
    fn members() -> &'static [Member] {
        &LIST_ALIASES_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ListAliasesResponse {
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    #[serde(rename = "Aliases", skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<AliasConfiguration>>,
}

impl Output for ListAliasesResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ListFunctionUrlConfigsRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Marker")]
    pub marker: Option<String>,
    #[serde(rename = "MaxItems")]
    pub max_items: Option<i32>,
}

impl Input for ListFunctionUrlConfigsRequest {
    fn members() -> &'static [Member] {
        &LIST_FUNCTION_URL_CONFIGS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ListFunctionUrlConfigsResponse {
    #[serde(rename = "FunctionUrlConfigs")]
    pub function_url_configs: Vec<FunctionUrlConfig>,
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}

impl Output for ListFunctionUrlConfigsResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ListFunctionsRequest {
    #[serde(rename = "MasterRegion")]
    pub master_region: Option<String>,
    #[serde(rename = "FunctionVersion")]
    pub function_version: Option<String>,
    #[serde(rename = "Marker")]
    pub marker: Option<String>,
    #[serde(rename = "MaxItems")]
    pub max_items: Option<i32>,
}

impl Input for ListFunctionsRequest {
    fn members() -> &'static [Member] {
        &LIST_FUNCTIONS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ListFunctionsResponse {
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    #[serde(rename = "Functions", skip_serializing_if = "Option::is_none")]
    pub functions: Option<Vec<FunctionConfiguration>>,
}

impl Output for ListFunctionsResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ListTagsRequest {
    #[serde(rename = "Resource")]
    pub resource: String,
}

impl Input for ListTagsRequest {
    fn members() -> &'static [Member] {
        &LIST_TAGS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ListTagsResponse {
    #[serde(rename = "Tags", skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

impl Output for ListTagsResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ListVersionsByFunctionRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Marker")]
    pub marker: Option<String>,
    #[serde(rename = "MaxItems")]
    pub max_items: Option<i32>,
}

impl Input for ListVersionsByFunctionRequest {
    fn members() -> &'static [Member] {
        &LIST_VERSIONS_BY_FUNCTION_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ListVersionsByFunctionResponse {
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    #[serde(rename = "Versions", skip_serializing_if = "Option::is_none")]
    pub versions: Option<Vec<FunctionConfiguration>>,
}

impl Output for ListVersionsByFunctionResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct LoggingConfig {
    #[serde(rename = "LogFormat", skip_serializing_if = "Option::is_none")]
    pub log_format: Option<String>,
    #[serde(rename = "ApplicationLogLevel", skip_serializing_if = "Option::is_none")]
    pub application_log_level: Option<String>,
    #[serde(rename = "SystemLogLevel", skip_serializing_if = "Option::is_none")]
    pub system_log_level: Option<String>,
    #[serde(rename = "LogGroup", skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct PublishVersionRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "CodeSha256")]
    pub code_sha256: Option<String>,
    #[serde(rename = "Description")]
    pub description: Option<String>,
    #[serde(rename = "RevisionId")]
    pub revision_id: Option<String>,
}

impl Input for PublishVersionRequest {
    fn members() -> &'static [Member] {
        &PUBLISH_VERSION_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct PutFunctionConcurrencyRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "ReservedConcurrentExecutions")]
    pub reserved_concurrent_executions: i32,
}

impl Input for PutFunctionConcurrencyRequest {
    fn members() -> &'static [Member] {
        &PUT_FUNCTION_CONCURRENCY_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct RemovePermissionRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "StatementId")]
    pub statement_id: String,
    #[serde(rename = "Qualifier")]
    pub qualifier: Option<String>,
    #[serde(rename = "RevisionId")]
    pub revision_id: Option<String>,
}

impl Input for RemovePermissionRequest {
    fn members() -> &'static [Member] {
        &REMOVE_PERMISSION_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RuntimeVersionConfig {
    #[serde(rename = "RuntimeVersionArn", skip_serializing_if = "Option::is_none")]
    pub runtime_version_arn: Option<String>,
    #[serde(rename = "Error", skip_serializing_if = "Option::is_none")]
    pub error: Option<RuntimeVersionError>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RuntimeVersionError {
    #[serde(rename = "ErrorCode", skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    #[serde(rename = "Message", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct SnapStart {
    #[serde(rename = "ApplyOn")]
    pub apply_on: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SnapStartResponse {
    #[serde(rename = "ApplyOn", skip_serializing_if = "Option::is_none")]
    pub apply_on: Option<String>,
    #[serde(rename = "OptimizationStatus", skip_serializing_if = "Option::is_none")]
    pub optimization_status: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct TagResourceRequest {
    #[serde(rename = "Resource")]
    pub resource: String,
    #[serde(rename = "Tags")]
    pub tags: BTreeMap<String, String>,
}

impl Input for TagResourceRequest {
    fn members() -> &'static [Member] {
        &TAG_RESOURCE_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct TracingConfig {
    #[serde(rename = "Mode")]
    pub mode: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TracingConfigResponse {
    #[serde(rename = "Mode", skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct UntagResourceRequest {
    #[serde(rename = "Resource")]
    pub resource: String,
    #[serde(rename = "tagKeys")]
    pub tag_keys: Vec<String>,
}

impl Input for UntagResourceRequest {
    fn members() -> &'static [Member] {
        &UNTAG_RESOURCE_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct UpdateAliasRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Name")]
    pub name: String,
    #[serde(rename = "FunctionVersion")]
    pub function_version: Option<String>,
    #[serde(rename = "Description")]
    pub description: Option<String>,
    #[serde(rename = "RoutingConfig")]
    pub routing_config: Option<AliasRoutingConfiguration>,
    #[serde(rename = "RevisionId")]
    pub revision_id: Option<String>,
}

impl Input for UpdateAliasRequest {
    fn members() -> &'static [Member] {
        &UPDATE_ALIAS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct UpdateFunctionCodeRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "ZipFile")]
    pub zip_file: Option<Blob>,
    #[serde(rename = "S3Bucket")]
    pub s3_bucket: Option<String>,
    #[serde(rename = "S3Key")]
    pub s3_key: Option<String>,
    #[serde(rename = "S3ObjectVersion")]
    pub s3_object_version: Option<String>,
    #[serde(rename = "ImageUri")]
    pub image_uri: Option<String>,
    #[serde(rename = "Architectures")]
    pub architectures: Option<Vec<String>>,
    #[serde(rename = "Publish")]
    pub publish: Option<bool>,
    #[serde(rename = "DryRun")]
    pub dry_run: Option<bool>,
    #[serde(rename = "RevisionId")]
    pub revision_id: Option<String>,
    #[serde(rename = "SourceKMSKeyArn")]
    pub source_kms_key_arn: Option<String>,
}

impl Input for UpdateFunctionCodeRequest {
    fn members() -> &'static [Member] {
        &UPDATE_FUNCTION_CODE_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct UpdateFunctionConfigurationRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Role")]
    pub role: Option<String>,
    #[serde(rename = "Handler")]
    pub handler: Option<String>,
    #[serde(rename = "Description")]
    pub description: Option<String>,
    #[serde(rename = "Timeout")]
    pub timeout: Option<i32>,
    #[serde(rename = "MemorySize")]
    pub memory_size: Option<i32>,
    #[serde(rename = "VpcConfig")]
    pub vpc_config: Option<VpcConfig>,
    #[serde(rename = "Environment")]
    pub environment: Option<Environment>,
    #[serde(rename = "Runtime")]
    pub runtime: Option<String>,
    #[serde(rename = "DeadLetterConfig")]
    pub dead_letter_config: Option<DeadLetterConfig>,
    #[serde(rename = "KMSKeyArn")]
    pub kms_key_arn: Option<String>,
    #[serde(rename = "TracingConfig")]
    pub tracing_config: Option<TracingConfig>,
    #[serde(rename = "RevisionId")]
    pub revision_id: Option<String>,
    #[serde(rename = "Layers")]
    pub layers: Option<Vec<String>>,
    #[serde(rename = "FileSystemConfigs")]
    pub file_system_configs: Option<Vec<FileSystemConfig>>,
    #[serde(rename = "ImageConfig")]
    pub image_config: Option<ImageConfig>,
    #[serde(rename = "EphemeralStorage")]
    pub ephemeral_storage: Option<EphemeralStorage>,
    #[serde(rename = "SnapStart")]
    pub snap_start: Option<SnapStart>,
    #[serde(rename = "LoggingConfig")]
    pub logging_config: Option<LoggingConfig>,
}

impl Input for UpdateFunctionConfigurationRequest {
    fn members() -> &'static [Member] {
        &UPDATE_FUNCTION_CONFIGURATION_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct UpdateFunctionUrlConfigRequest {
    #[serde(rename = "FunctionName")]
    pub function_name: String,
    #[serde(rename = "Qualifier")]
    pub qualifier: Option<String>,
    #[serde(rename = "AuthType")]
    pub auth_type: Option<String>,
    #[serde(rename = "Cors")]
    pub cors: Option<Cors>,
    #[serde(rename = "InvokeMode")]
    pub invoke_mode: Option<String>,
}

impl Input for UpdateFunctionUrlConfigRequest {
    fn members() -> &'static [Member] {
        &UPDATE_FUNCTION_URL_CONFIG_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct UpdateFunctionUrlConfigResponse {
    #[serde(rename = "FunctionUrl")]
    pub function_url: String,
    #[serde(rename = "FunctionArn")]
    pub function_arn: String,
    #[serde(rename = "AuthType")]
    pub auth_type: String,
    #[serde(rename = "Cors", skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
    #[serde(rename = "CreationTime")]
    pub creation_time: String,
    #[serde(rename = "LastModifiedTime")]
    pub last_modified_time: String,
    #[serde(rename = "InvokeMode", skip_serializing_if = "Option::is_none")]
    pub invoke_mode: Option<String>,
}

impl Output for UpdateFunctionUrlConfigResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct VpcConfig {
    #[serde(rename = "SubnetIds")]
    pub subnet_ids: Option<Vec<String>>,
    #[serde(rename = "SecurityGroupIds")]
    pub security_group_ids: Option<Vec<String>>,
    #[serde(rename = "Ipv6AllowedForDualStack")]
    pub ipv6_allowed_for_dual_stack: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct VpcConfigResponse {
    #[serde(rename = "SubnetIds", skip_serializing_if = "Option::is_none")]
    pub subnet_ids: Option<Vec<String>>,
    #[serde(rename = "SecurityGroupIds", skip_serializing_if = "Option::is_none")]
    pub security_group_ids: Option<Vec<String>>,
    #[serde(rename = "VpcId", skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    #[serde(rename = "Ipv6AllowedForDualStack", skip_serializing_if = "Option::is_none")]
    pub ipv6_allowed_for_dual_stack: Option<bool>,
}

static ACTION: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("(lambda:[*]|lambda:[a-zA-Z]+|[*])")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(10000.0) },
    hidden: false,
});
static ADD_PERMISSION_REQUEST: [Member; 12] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &NAMESPACED_FUNCTION_NAME,
    },
    Member { name: "StatementId", key: "StatementId", place: Place::Body, required: true, shape: &STATEMENT_ID },
    Member { name: "Action", key: "Action", place: Place::Body, required: true, shape: &ACTION },
    Member { name: "Principal", key: "Principal", place: Place::Body, required: true, shape: &PRINCIPAL },
    Member { name: "SourceArn", key: "SourceArn", place: Place::Body, required: false, shape: &ARN },
    Member {
        name: "FunctionUrlAuthType",
        key: "FunctionUrlAuthType",
        place: Place::Body,
        required: false,
        shape: &FUNCTION_URL_AUTH_TYPE,
    },
    Member {
        name: "InvokedViaFunctionUrl",
        key: "InvokedViaFunctionUrl",
        place: Place::Body,
        required: false,
        shape: &INVOKED_VIA_FUNCTION_URL,
    },
    Member { name: "SourceAccount", key: "SourceAccount", place: Place::Body, required: false, shape: &SOURCE_OWNER },
    Member {
        name: "EventSourceToken",
        key: "EventSourceToken",
        place: Place::Body,
        required: false,
        shape: &EVENT_SOURCE_TOKEN,
    },
    Member {
        name: "Qualifier",
        key: "Qualifier",
        place: Place::Query,
        required: false,
        shape: &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER,
    },
    Member { name: "RevisionId", key: "RevisionId", place: Place::Body, required: false, shape: &STRING },
    Member {
        name: "PrincipalOrgID",
        key: "PrincipalOrgID",
        place: Place::Body,
        required: false,
        shape: &PRINCIPAL_ORG_ID,
    },
];
static ADDITIONAL_VERSION: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("[0-9]+")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(1024.0) },
    hidden: false,
});
static ADDITIONAL_VERSION_WEIGHTS: Shape = Shape::Map { key: &ADDITIONAL_VERSION, value: &WEIGHT, hidden: false };
static ALIAS: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("(?!^[0-9]+$)([a-zA-Z0-9-_]+)")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(128.0) },
    hidden: false,
});
static ALIAS_ROUTING_CONFIGURATION: [Member; 1] = [Member {
    name: "AdditionalVersionWeights",
    key: "AdditionalVersionWeights",
    place: Place::Body,
    required: false,
    shape: &ADDITIONAL_VERSION_WEIGHTS,
}];
static ALIAS_ROUTING_CONFIGURATION_SHAPE: Shape = Shape::Structure(&ALIAS_ROUTING_CONFIGURATION);
static ALLOW_CREDENTIALS: Shape = Shape::Boolean;
static ALLOW_METHODS_LIST: Shape = Shape::List { element: &METHOD, limits: Limits { min: Some(0.0), max: Some(6.0) } };
static ALLOW_ORIGINS_LIST: Shape =
    Shape::List { element: &ORIGIN, limits: Limits { min: Some(0.0), max: Some(100.0) } };
static APPLICATION_LOG_LEVEL: Shape = Shape::Text(Text {
    pattern: None,
    values: &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static ARCHITECTURE: Shape = Shape::Text(Text {
    pattern: None,
    values: &["x86_64", "arm64"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static ARCHITECTURES_LIST: Shape =
    Shape::List { element: &ARCHITECTURE, limits: Limits { min: Some(1.0), max: Some(1.0) } };
static ARN: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(
        "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)",
    )),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(10000.0) },
    hidden: false,
});
static BLOB: Shape = Shape::Blob(Limits { min: None, max: None });
static BOOLEAN: Shape = Shape::Boolean;
static CODE_SIGNING_CONFIG_ARN: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(
        "arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:code-signing-config:csc-[a-z0-9]{17}",
    )),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(200.0) },
    hidden: false,
});
static CORS: [Member; 6] = [
    Member {
        name: "AllowCredentials",
        key: "AllowCredentials",
        place: Place::Body,
        required: false,
        shape: &ALLOW_CREDENTIALS,
    },
    Member { name: "AllowHeaders", key: "AllowHeaders", place: Place::Body, required: false, shape: &HEADERS_LIST },
    Member {
        name: "AllowMethods",
        key: "AllowMethods",
        place: Place::Body,
        required: false,
        shape: &ALLOW_METHODS_LIST,
    },
    Member {
        name: "AllowOrigins",
        key: "AllowOrigins",
        place: Place::Body,
        required: false,
        shape: &ALLOW_ORIGINS_LIST,
    },
    Member { name: "ExposeHeaders", key: "ExposeHeaders", place: Place::Body, required: false, shape: &HEADERS_LIST },
    Member { name: "MaxAge", key: "MaxAge", place: Place::Body, required: false, shape: &MAX_AGE },
];
static CORS_SHAPE: Shape = Shape::Structure(&CORS);
static CREATE_ALIAS_REQUEST: [Member; 5] = [
    Member { name: "FunctionName", key: "FunctionName", place: Place::Label, required: true, shape: &FUNCTION_NAME },
    Member { name: "Name", key: "Name", place: Place::Body, required: true, shape: &ALIAS },
    Member {
        name: "FunctionVersion",
        key: "FunctionVersion",
        place: Place::Body,
        required: true,
        shape: &VERSION_WITH_LATEST_PUBLISHED,
    },
    Member { name: "Description", key: "Description", place: Place::Body, required: false, shape: &DESCRIPTION },
    Member {
        name: "RoutingConfig",
        key: "RoutingConfig",
        place: Place::Body,
        required: false,
        shape: &ALIAS_ROUTING_CONFIGURATION_SHAPE,
    },
];
static CREATE_FUNCTION_REQUEST: [Member; 24] = [
    Member { name: "FunctionName", key: "FunctionName", place: Place::Body, required: true, shape: &FUNCTION_NAME },
    Member { name: "Runtime", key: "Runtime", place: Place::Body, required: false, shape: &RUNTIME },
    Member { name: "Role", key: "Role", place: Place::Body, required: true, shape: &ROLE_ARN },
    Member { name: "Handler", key: "Handler", place: Place::Body, required: false, shape: &HANDLER },
    Member { name: "Code", key: "Code", place: Place::Body, required: true, shape: &FUNCTION_CODE_SHAPE },
    Member { name: "Description", key: "Description", place: Place::Body, required: false, shape: &DESCRIPTION },
    Member { name: "Timeout", key: "Timeout", place: Place::Body, required: false, shape: &TIMEOUT },
    Member { name: "MemorySize", key: "MemorySize", place: Place::Body, required: false, shape: &MEMORY_SIZE },
    Member { name: "Publish", key: "Publish", place: Place::Body, required: false, shape: &BOOLEAN },
    Member { name: "VpcConfig", key: "VpcConfig", place: Place::Body, required: false, shape: &VPC_CONFIG_SHAPE },
    Member { name: "PackageType", key: "PackageType", place: Place::Body, required: false, shape: &PACKAGE_TYPE },
    Member {
        name: "DeadLetterConfig",
        key: "DeadLetterConfig",
        place: Place::Body,
        required: false,
        shape: &DEAD_LETTER_CONFIG_SHAPE,
    },
    Member { name: "Environment", key: "Environment", place: Place::Body, required: false, shape: &ENVIRONMENT_SHAPE },
    Member { name: "KMSKeyArn", key: "KMSKeyArn", place: Place::Body, required: false, shape: &KMS_KEY_ARN },
    Member {
        name: "TracingConfig",
        key: "TracingConfig",
        place: Place::Body,
        required: false,
        shape: &TRACING_CONFIG_SHAPE,
    },
    Member { name: "Tags", key: "Tags", place: Place::Body, required: false, shape: &TAGS },
    Member { name: "Layers", key: "Layers", place: Place::Body, required: false, shape: &LAYER_LIST },
    Member {
        name: "FileSystemConfigs",
        key: "FileSystemConfigs",
        place: Place::Body,
        required: false,
        shape: &FILE_SYSTEM_CONFIG_LIST,
    },
    Member {
        name: "CodeSigningConfigArn",
        key: "CodeSigningConfigArn",
        place: Place::Body,
        required: false,
        shape: &CODE_SIGNING_CONFIG_ARN,
    },
    Member { name: "ImageConfig", key: "ImageConfig", place: Place::Body, required: false, shape: &IMAGE_CONFIG_SHAPE },
    Member {
        name: "Architectures",
        key: "Architectures",
        place: Place::Body,
        required: false,
        shape: &ARCHITECTURES_LIST,
    },
    Member {
        name: "EphemeralStorage",
        key: "EphemeralStorage",
        place: Place::Body,
        required: false,
        shape: &EPHEMERAL_STORAGE_SHAPE,
    },
    Member { name: "SnapStart", key: "SnapStart", place: Place::Body, required: false, shape: &SNAP_START_SHAPE },
    Member {
        name: "LoggingConfig",
        key: "LoggingConfig",
        place: Place::Body,
        required: false,
        shape: &LOGGING_CONFIG_SHAPE,
    },
];
static CREATE_FUNCTION_URL_CONFIG_REQUEST: [Member; 5] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &FUNCTION_URL_FUNCTION_NAME,
    },
    Member {
        name: "Qualifier",
        key: "Qualifier",
        place: Place::Query,
        required: false,
        shape: &FUNCTION_URL_QUALIFIER,
    },
    Member { name: "AuthType", key: "AuthType", place: Place::Body, required: true, shape: &FUNCTION_URL_AUTH_TYPE },
    Member { name: "Cors", key: "Cors", place: Place::Body, required: false, shape: &CORS_SHAPE },
    Member { name: "InvokeMode", key: "InvokeMode", place: Place::Body, required: false, shape: &INVOKE_MODE },
];
static DEAD_LETTER_CONFIG: [Member; 1] =
    [Member { name: "TargetArn", key: "TargetArn", place: Place::Body, required: false, shape: &RESOURCE_ARN }];
static DEAD_LETTER_CONFIG_SHAPE: Shape = Shape::Structure(&DEAD_LETTER_CONFIG);
static DELETE_ALIAS_REQUEST: [Member; 2] = [
    Member { name: "FunctionName", key: "FunctionName", place: Place::Label, required: true, shape: &FUNCTION_NAME },
    Member { name: "Name", key: "Name", place: Place::Label, required: true, shape: &ALIAS },
];
static DELETE_FUNCTION_CONCURRENCY_REQUEST: [Member; 1] =
    [Member { name: "FunctionName", key: "FunctionName", place: Place::Label, required: true, shape: &FUNCTION_NAME }];
static DELETE_FUNCTION_REQUEST: [Member; 2] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &NAMESPACED_FUNCTION_NAME,
    },
    Member {
        name: "Qualifier",
        key: "Qualifier",
        place: Place::Query,
        required: false,
        shape: &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER,
    },
];
static DELETE_FUNCTION_URL_CONFIG_REQUEST: [Member; 2] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &FUNCTION_URL_FUNCTION_NAME,
    },
    Member {
        name: "Qualifier",
        key: "Qualifier",
        place: Place::Query,
        required: false,
        shape: &FUNCTION_URL_QUALIFIER,
    },
];
static DESCRIPTION: Shape = Shape::Text(Text {
    pattern: None,
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(256.0) },
    hidden: false,
});
static ENVIRONMENT: [Member; 1] = [Member {
    name: "Variables",
    key: "Variables",
    place: Place::Body,
    required: false,
    shape: &ENVIRONMENT_VARIABLES,
}];
static ENVIRONMENT_SHAPE: Shape = Shape::Structure(&ENVIRONMENT);
static ENVIRONMENT_VARIABLE_NAME: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("[a-zA-Z]([a-zA-Z0-9_])+")),
    values: &[],
    limits: Limits { min: None, max: None },
    hidden: true,
});
static ENVIRONMENT_VARIABLE_VALUE: Shape =
    Shape::Text(Text { pattern: None, values: &[], limits: Limits { min: None, max: None }, hidden: true });
static ENVIRONMENT_VARIABLES: Shape =
    Shape::Map { key: &ENVIRONMENT_VARIABLE_NAME, value: &ENVIRONMENT_VARIABLE_VALUE, hidden: true };
static EPHEMERAL_STORAGE: [Member; 1] =
    [Member { name: "Size", key: "Size", place: Place::Body, required: true, shape: &EPHEMERAL_STORAGE_SIZE }];
static EPHEMERAL_STORAGE_SHAPE: Shape = Shape::Structure(&EPHEMERAL_STORAGE);
static EPHEMERAL_STORAGE_SIZE: Shape = Shape::Integer(Limits { min: Some(512.0), max: Some(32768.0) });
static EVENT_SOURCE_TOKEN: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("[a-zA-Z0-9._\\-]+")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(256.0) },
    hidden: false,
});
static FILE_SYSTEM_ARN: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(
        "arn:aws[a-zA-Z-]*:elasticfilesystem:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:access-point/fsap-[a-f0-9]{17}$|^arn:aws[-a-z]*:s3files:[0-9a-z-:]+:file-system/fs-[0-9a-f]{17,40}/access-point/fsap-[0-9a-f]{17,40}",
    )),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(256.0) },
    hidden: false,
});
static FILE_SYSTEM_CONFIG: [Member; 2] = [
    Member { name: "Arn", key: "Arn", place: Place::Body, required: true, shape: &FILE_SYSTEM_ARN },
    Member {
        name: "LocalMountPath",
        key: "LocalMountPath",
        place: Place::Body,
        required: true,
        shape: &LOCAL_MOUNT_PATH,
    },
];
static FILE_SYSTEM_CONFIG_SHAPE: Shape = Shape::Structure(&FILE_SYSTEM_CONFIG);
static FILE_SYSTEM_CONFIG_LIST: Shape =
    Shape::List { element: &FILE_SYSTEM_CONFIG_SHAPE, limits: Limits { min: Some(0.0), max: Some(1.0) } };
static FUNCTION_CODE: [Member; 6] = [
    Member { name: "ZipFile", key: "ZipFile", place: Place::Body, required: false, shape: &BLOB },
    Member { name: "S3Bucket", key: "S3Bucket", place: Place::Body, required: false, shape: &S3_BUCKET },
    Member { name: "S3Key", key: "S3Key", place: Place::Body, required: false, shape: &S3_KEY },
    Member {
        name: "S3ObjectVersion",
        key: "S3ObjectVersion",
        place: Place::Body,
        required: false,
        shape: &S3_OBJECT_VERSION,
    },
    Member { name: "ImageUri", key: "ImageUri", place: Place::Body, required: false, shape: &STRING },
    Member {
        name: "SourceKMSKeyArn",
        key: "SourceKMSKeyArn",
        place: Place::Body,
        required: false,
        shape: &KMS_KEY_ARN,
    },
];
static FUNCTION_CODE_SHAPE: Shape = Shape::Structure(&FUNCTION_CODE);
static FUNCTION_NAME: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(
        "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
    )),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(140.0) },
    hidden: false,
});
static FUNCTION_URL_AUTH_TYPE: Shape = Shape::Text(Text {
    pattern: None,
    values: &["NONE", "AWS_IAM"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static FUNCTION_URL_FUNCTION_NAME: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(
        "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]{1,64})(:((?!\\d+$)[0-9a-zA-Z-_]+))?",
    )),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(140.0) },
    hidden: false,
});
static FUNCTION_URL_QUALIFIER: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("((?!^\\d+$)^[0-9a-zA-Z-_]+$)")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(128.0) },
    hidden: false,
});
static FUNCTION_VERSION: Shape =
    Shape::Text(Text { pattern: None, values: &["ALL"], limits: Limits { min: None, max: None }, hidden: false });
static GET_ACCOUNT_SETTINGS_REQUEST: [Member; 0] = [];
static GET_ALIAS_REQUEST: [Member; 2] = [
    Member { name: "FunctionName", key: "FunctionName", place: Place::Label, required: true, shape: &FUNCTION_NAME },
    Member { name: "Name", key: "Name", place: Place::Label, required: true, shape: &ALIAS },
];
static GET_FUNCTION_CONCURRENCY_REQUEST: [Member; 1] =
    [Member { name: "FunctionName", key: "FunctionName", place: Place::Label, required: true, shape: &FUNCTION_NAME }];
static GET_FUNCTION_CONFIGURATION_REQUEST: [Member; 2] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &NAMESPACED_FUNCTION_NAME,
    },
    Member {
        name: "Qualifier",
        key: "Qualifier",
        place: Place::Query,
        required: false,
        shape: &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER,
    },
];
static GET_FUNCTION_REQUEST: [Member; 2] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &NAMESPACED_FUNCTION_NAME,
    },
    Member {
        name: "Qualifier",
        key: "Qualifier",
        place: Place::Query,
        required: false,
        shape: &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER,
    },
];
static GET_FUNCTION_URL_CONFIG_REQUEST: [Member; 2] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &FUNCTION_URL_FUNCTION_NAME,
    },
    Member {
        name: "Qualifier",
        key: "Qualifier",
        place: Place::Query,
        required: false,
        shape: &FUNCTION_URL_QUALIFIER,
    },
];
static GET_POLICY_REQUEST: [Member; 2] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &NAMESPACED_FUNCTION_NAME,
    },
    Member {
        name: "Qualifier",
        key: "Qualifier",
        place: Place::Query,
        required: false,
        shape: &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER,
    },
];
static HANDLER: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("[^\\s]+")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(128.0) },
    hidden: false,
});
static HEADER: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(".*")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(1024.0) },
    hidden: false,
});
static HEADERS_LIST: Shape = Shape::List { element: &HEADER, limits: Limits { min: Some(0.0), max: Some(100.0) } };
static IMAGE_CONFIG: [Member; 3] = [
    Member { name: "EntryPoint", key: "EntryPoint", place: Place::Body, required: false, shape: &STRING_LIST },
    Member { name: "Command", key: "Command", place: Place::Body, required: false, shape: &STRING_LIST },
    Member {
        name: "WorkingDirectory",
        key: "WorkingDirectory",
        place: Place::Body,
        required: false,
        shape: &WORKING_DIRECTORY,
    },
];
static IMAGE_CONFIG_SHAPE: Shape = Shape::Structure(&IMAGE_CONFIG);
static INVOCATION_REQUEST: [Member; 6] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &NAMESPACED_FUNCTION_NAME,
    },
    Member {
        name: "InvocationType",
        key: "X-Amz-Invocation-Type",
        place: Place::Header,
        required: false,
        shape: &INVOCATION_TYPE,
    },
    Member { name: "LogType", key: "X-Amz-Log-Type", place: Place::Header, required: false, shape: &LOG_TYPE },
    Member {
        name: "ClientContext",
        key: "X-Amz-Client-Context",
        place: Place::Header,
        required: false,
        shape: &STRING,
    },
    Member { name: "Payload", key: "Payload", place: Place::Payload, required: false, shape: &BLOB },
    Member {
        name: "Qualifier",
        key: "Qualifier",
        place: Place::Query,
        required: false,
        shape: &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER,
    },
];
static INVOCATION_TYPE: Shape = Shape::Text(Text {
    pattern: None,
    values: &["Event", "RequestResponse", "DryRun"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static INVOKE_MODE: Shape = Shape::Text(Text {
    pattern: None,
    values: &["BUFFERED", "RESPONSE_STREAM"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static INVOKED_VIA_FUNCTION_URL: Shape = Shape::Boolean;
static KMS_KEY_ARN: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(10000.0) },
    hidden: false,
});
static LAYER_LIST: Shape = Shape::List { element: &LAYER_VERSION_ARN, limits: Limits { min: None, max: None } };
static LAYER_VERSION_ARN: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(
        "((arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))",
    )),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(2048.0) },
    hidden: false,
});
static LIST_ALIASES_REQUEST: [Member; 4] = [
    Member { name: "FunctionName", key: "FunctionName", place: Place::Label, required: true, shape: &FUNCTION_NAME },
    Member {
        name: "FunctionVersion",
        key: "FunctionVersion",
        place: Place::Query,
        required: false,
        shape: &VERSION_WITH_LATEST_PUBLISHED,
    },
    Member { name: "Marker", key: "Marker", place: Place::Query, required: false, shape: &STRING },
    Member { name: "MaxItems", key: "MaxItems", place: Place::Query, required: false, shape: &MAX_LIST_ITEMS },
];
static LIST_FUNCTION_URL_CONFIGS_REQUEST: [Member; 3] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &FUNCTION_URL_FUNCTION_NAME,
    },
    Member { name: "Marker", key: "Marker", place: Place::Query, required: false, shape: &STRING },
    Member { name: "MaxItems", key: "MaxItems", place: Place::Query, required: false, shape: &MAX_ITEMS },
];
static LIST_FUNCTIONS_REQUEST: [Member; 4] = [
    Member { name: "MasterRegion", key: "MasterRegion", place: Place::Query, required: false, shape: &MASTER_REGION },
    Member {
        name: "FunctionVersion",
        key: "FunctionVersion",
        place: Place::Query,
        required: false,
        shape: &FUNCTION_VERSION,
    },
    Member { name: "Marker", key: "Marker", place: Place::Query, required: false, shape: &STRING },
    Member { name: "MaxItems", key: "MaxItems", place: Place::Query, required: false, shape: &MAX_LIST_ITEMS },
];
static LIST_TAGS_REQUEST: [Member; 1] =
    [Member { name: "Resource", key: "Resource", place: Place::Label, required: true, shape: &TAGGABLE_RESOURCE }];
static LIST_VERSIONS_BY_FUNCTION_REQUEST: [Member; 3] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &NAMESPACED_FUNCTION_NAME,
    },
    Member { name: "Marker", key: "Marker", place: Place::Query, required: false, shape: &STRING },
    Member { name: "MaxItems", key: "MaxItems", place: Place::Query, required: false, shape: &MAX_LIST_ITEMS },
];
static LOCAL_MOUNT_PATH: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("/mnt/[a-zA-Z0-9-_.]+")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(160.0) },
    hidden: false,
});
static LOG_FORMAT: Shape = Shape::Text(Text {
    pattern: None,
    values: &["JSON", "Text"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static LOG_GROUP: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("[\\.\\-_/#A-Za-z0-9]+")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(512.0) },
    hidden: false,
});
static LOG_TYPE: Shape = Shape::Text(Text {
    pattern: None,
    values: &["None", "Tail"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static LOGGING_CONFIG: [Member; 4] = [
    Member { name: "LogFormat", key: "LogFormat", place: Place::Body, required: false, shape: &LOG_FORMAT },
    Member {
        name: "ApplicationLogLevel",
        key: "ApplicationLogLevel",
        place: Place::Body,
        required: false,
        shape: &APPLICATION_LOG_LEVEL,
    },
    Member {
        name: "SystemLogLevel",
        key: "SystemLogLevel",
        place: Place::Body,
        required: false,
        shape: &SYSTEM_LOG_LEVEL,
    },
    Member { name: "LogGroup", key: "LogGroup", place: Place::Body, required: false, shape: &LOG_GROUP },
];
static LOGGING_CONFIG_SHAPE: Shape = Shape::Structure(&LOGGING_CONFIG);
static MASTER_REGION: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("ALL|(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(50.0) },
    hidden: false,
});
static MAX_AGE: Shape = Shape::Integer(Limits { min: Some(0.0), max: Some(86400.0) });
static MAX_ITEMS: Shape = Shape::Integer(Limits { min: Some(1.0), max: Some(50.0) });
static MAX_LIST_ITEMS: Shape = Shape::Integer(Limits { min: Some(1.0), max: Some(10000.0) });
static MEMORY_SIZE: Shape = Shape::Integer(Limits { min: Some(128.0), max: Some(32768.0) });
static METHOD: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(".*")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(6.0) },
    hidden: false,
});
static NAMESPACED_FUNCTION_NAME: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(
        "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
    )),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(256.0) },
    hidden: false,
});
static NAMESPACED_STATEMENT_ID: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("([a-zA-Z0-9-_.]+)")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(100.0) },
    hidden: false,
});
static NULLABLE_BOOLEAN: Shape = Shape::Boolean;
static NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(128.0) },
    hidden: false,
});
static ORIGIN: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(".*")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(253.0) },
    hidden: false,
});
static PACKAGE_TYPE: Shape = Shape::Text(Text {
    pattern: None,
    values: &["Zip", "Image"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static PRINCIPAL: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("[^\\s]+")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(2048.0) },
    hidden: false,
});
static PRINCIPAL_ORG_ID: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("o-[a-z0-9]{10,32}")),
    values: &[],
    limits: Limits { min: Some(12.0), max: Some(34.0) },
    hidden: false,
});
static PUBLISH_VERSION_REQUEST: [Member; 4] = [
    Member { name: "FunctionName", key: "FunctionName", place: Place::Label, required: true, shape: &FUNCTION_NAME },
    Member { name: "CodeSha256", key: "CodeSha256", place: Place::Body, required: false, shape: &STRING },
    Member { name: "Description", key: "Description", place: Place::Body, required: false, shape: &DESCRIPTION },
    Member { name: "RevisionId", key: "RevisionId", place: Place::Body, required: false, shape: &STRING },
];
static PUT_FUNCTION_CONCURRENCY_REQUEST: [Member; 2] = [
    Member { name: "FunctionName", key: "FunctionName", place: Place::Label, required: true, shape: &FUNCTION_NAME },
    Member {
        name: "ReservedConcurrentExecutions",
        key: "ReservedConcurrentExecutions",
        place: Place::Body,
        required: true,
        shape: &RESERVED_CONCURRENT_EXECUTIONS,
    },
];
static REMOVE_PERMISSION_REQUEST: [Member; 4] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &NAMESPACED_FUNCTION_NAME,
    },
    Member {
        name: "StatementId",
        key: "StatementId",
        place: Place::Label,
        required: true,
        shape: &NAMESPACED_STATEMENT_ID,
    },
    Member {
        name: "Qualifier",
        key: "Qualifier",
        place: Place::Query,
        required: false,
        shape: &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER,
    },
    Member { name: "RevisionId", key: "RevisionId", place: Place::Query, required: false, shape: &STRING },
];
static RESERVED_CONCURRENT_EXECUTIONS: Shape = Shape::Integer(Limits { min: Some(0.0), max: None });
static RESOURCE_ARN: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(10000.0) },
    hidden: false,
});
static ROLE_ARN: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(10000.0) },
    hidden: false,
});
static RUNTIME: Shape =
    Shape::Text(Text { pattern: None, values: &[], limits: Limits { min: None, max: None }, hidden: false });
static S3_BUCKET: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("[0-9A-Za-z\\.\\-_]*(?<!\\.)")),
    values: &[],
    limits: Limits { min: Some(3.0), max: Some(63.0) },
    hidden: false,
});
static S3_KEY: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(".*")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(1024.0) },
    hidden: false,
});
static S3_OBJECT_VERSION: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(".*")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(1024.0) },
    hidden: false,
});
static SECURITY_GROUP_ID: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("sg-[0-9a-zA-Z]*")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(1024.0) },
    hidden: false,
});
static SECURITY_GROUP_IDS: Shape =
    Shape::List { element: &SECURITY_GROUP_ID, limits: Limits { min: Some(0.0), max: Some(5.0) } };
static SNAP_START: [Member; 1] =
    [Member { name: "ApplyOn", key: "ApplyOn", place: Place::Body, required: false, shape: &SNAP_START_APPLY_ON }];
static SNAP_START_SHAPE: Shape = Shape::Structure(&SNAP_START);
static SNAP_START_APPLY_ON: Shape = Shape::Text(Text {
    pattern: None,
    values: &["PublishedVersions", "None"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static SOURCE_OWNER: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("\\d{12}")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(12.0) },
    hidden: false,
});
static STATEMENT_ID: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("([a-zA-Z0-9-_]+)")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(100.0) },
    hidden: false,
});
static STRING: Shape =
    Shape::Text(Text { pattern: None, values: &[], limits: Limits { min: None, max: None }, hidden: false });
static STRING_LIST: Shape = Shape::List { element: &STRING, limits: Limits { min: Some(0.0), max: Some(1500.0) } };
static SUBNET_ID: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("subnet-[0-9a-z]*")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(1024.0) },
    hidden: false,
});
static SUBNET_IDS: Shape = Shape::List { element: &SUBNET_ID, limits: Limits { min: Some(0.0), max: Some(16.0) } };
static SYSTEM_LOG_LEVEL: Shape = Shape::Text(Text {
    pattern: None,
    values: &["DEBUG", "INFO", "WARN"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static TAG_KEY: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(128.0) },
    hidden: false,
});
static TAG_KEY_LIST: Shape = Shape::List { element: &TAG_KEY, limits: Limits { min: None, max: None } };
static TAG_RESOURCE_REQUEST: [Member; 2] = [
    Member { name: "Resource", key: "Resource", place: Place::Label, required: true, shape: &TAGGABLE_RESOURCE },
    Member { name: "Tags", key: "Tags", place: Place::Body, required: true, shape: &TAGS },
];
static TAG_VALUE: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(256.0) },
    hidden: false,
});
static TAGGABLE_RESOURCE: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new(
        "arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|(capacity-provider|network-connector):[a-zA-Z0-9-_]{1,64})",
    )),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(10000.0) },
    hidden: false,
});
static TAGS: Shape = Shape::Map { key: &TAG_KEY, value: &TAG_VALUE, hidden: false };
static TIMEOUT: Shape = Shape::Integer(Limits { min: Some(1.0), max: Some(5400.0) });
static TRACING_CONFIG: [Member; 1] =
    [Member { name: "Mode", key: "Mode", place: Place::Body, required: false, shape: &TRACING_MODE }];
static TRACING_CONFIG_SHAPE: Shape = Shape::Structure(&TRACING_CONFIG);
static TRACING_MODE: Shape = Shape::Text(Text {
    pattern: None,
    values: &["Active", "PassThrough"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static UNTAG_RESOURCE_REQUEST: [Member; 2] = [
    Member { name: "Resource", key: "Resource", place: Place::Label, required: true, shape: &TAGGABLE_RESOURCE },
    Member { name: "TagKeys", key: "tagKeys", place: Place::Query, required: true, shape: &TAG_KEY_LIST },
];
static UPDATE_ALIAS_REQUEST: [Member; 6] = [
    Member { name: "FunctionName", key: "FunctionName", place: Place::Label, required: true, shape: &FUNCTION_NAME },
    Member { name: "Name", key: "Name", place: Place::Label, required: true, shape: &ALIAS },
    Member {
        name: "FunctionVersion",
        key: "FunctionVersion",
        place: Place::Body,
        required: false,
        shape: &VERSION_WITH_LATEST_PUBLISHED,
    },
    Member { name: "Description", key: "Description", place: Place::Body, required: false, shape: &DESCRIPTION },
    Member {
        name: "RoutingConfig",
        key: "RoutingConfig",
        place: Place::Body,
        required: false,
        shape: &ALIAS_ROUTING_CONFIGURATION_SHAPE,
    },
    Member { name: "RevisionId", key: "RevisionId", place: Place::Body, required: false, shape: &STRING },
];
static UPDATE_FUNCTION_CODE_REQUEST: [Member; 11] = [
    Member { name: "FunctionName", key: "FunctionName", place: Place::Label, required: true, shape: &FUNCTION_NAME },
    Member { name: "ZipFile", key: "ZipFile", place: Place::Body, required: false, shape: &BLOB },
    Member { name: "S3Bucket", key: "S3Bucket", place: Place::Body, required: false, shape: &S3_BUCKET },
    Member { name: "S3Key", key: "S3Key", place: Place::Body, required: false, shape: &S3_KEY },
    Member {
        name: "S3ObjectVersion",
        key: "S3ObjectVersion",
        place: Place::Body,
        required: false,
        shape: &S3_OBJECT_VERSION,
    },
    Member { name: "ImageUri", key: "ImageUri", place: Place::Body, required: false, shape: &STRING },
    Member {
        name: "Architectures",
        key: "Architectures",
        place: Place::Body,
        required: false,
        shape: &ARCHITECTURES_LIST,
    },
    Member { name: "Publish", key: "Publish", place: Place::Body, required: false, shape: &BOOLEAN },
    Member { name: "DryRun", key: "DryRun", place: Place::Body, required: false, shape: &BOOLEAN },
    Member { name: "RevisionId", key: "RevisionId", place: Place::Body, required: false, shape: &STRING },
    Member {
        name: "SourceKMSKeyArn",
        key: "SourceKMSKeyArn",
        place: Place::Body,
        required: false,
        shape: &KMS_KEY_ARN,
    },
];
static UPDATE_FUNCTION_CONFIGURATION_REQUEST: [Member; 19] = [
    Member { name: "FunctionName", key: "FunctionName", place: Place::Label, required: true, shape: &FUNCTION_NAME },
    Member { name: "Role", key: "Role", place: Place::Body, required: false, shape: &ROLE_ARN },
    Member { name: "Handler", key: "Handler", place: Place::Body, required: false, shape: &HANDLER },
    Member { name: "Description", key: "Description", place: Place::Body, required: false, shape: &DESCRIPTION },
    Member { name: "Timeout", key: "Timeout", place: Place::Body, required: false, shape: &TIMEOUT },
    Member { name: "MemorySize", key: "MemorySize", place: Place::Body, required: false, shape: &MEMORY_SIZE },
    Member { name: "VpcConfig", key: "VpcConfig", place: Place::Body, required: false, shape: &VPC_CONFIG_SHAPE },
    Member { name: "Environment", key: "Environment", place: Place::Body, required: false, shape: &ENVIRONMENT_SHAPE },
    Member { name: "Runtime", key: "Runtime", place: Place::Body, required: false, shape: &RUNTIME },
    Member {
        name: "DeadLetterConfig",
        key: "DeadLetterConfig",
        place: Place::Body,
        required: false,
        shape: &DEAD_LETTER_CONFIG_SHAPE,
    },
    Member { name: "KMSKeyArn", key: "KMSKeyArn", place: Place::Body, required: false, shape: &KMS_KEY_ARN },
    Member {
        name: "TracingConfig",
        key: "TracingConfig",
        place: Place::Body,
        required: false,
        shape: &TRACING_CONFIG_SHAPE,
    },
    Member { name: "RevisionId", key: "RevisionId", place: Place::Body, required: false, shape: &STRING },
    Member { name: "Layers", key: "Layers", place: Place::Body, required: false, shape: &LAYER_LIST },
    Member {
        name: "FileSystemConfigs",
        key: "FileSystemConfigs",
        place: Place::Body,
        required: false,
        shape: &FILE_SYSTEM_CONFIG_LIST,
    },
    Member { name: "ImageConfig", key: "ImageConfig", place: Place::Body, required: false, shape: &IMAGE_CONFIG_SHAPE },
    Member {
        name: "EphemeralStorage",
        key: "EphemeralStorage",
        place: Place::Body,
        required: false,
        shape: &EPHEMERAL_STORAGE_SHAPE,
    },
    Member { name: "SnapStart", key: "SnapStart", place: Place::Body, required: false, shape: &SNAP_START_SHAPE },
    Member {
        name: "LoggingConfig",
        key: "LoggingConfig",
        place: Place::Body,
        required: false,
        shape: &LOGGING_CONFIG_SHAPE,
    },
];
static UPDATE_FUNCTION_URL_CONFIG_REQUEST: [Member; 5] = [
    Member {
        name: "FunctionName",
        key: "FunctionName",
        place: Place::Label,
        required: true,
        shape: &FUNCTION_URL_FUNCTION_NAME,
    },
    Member {
        name: "Qualifier",
        key: "Qualifier",
        place: Place::Query,
        required: false,
        shape: &FUNCTION_URL_QUALIFIER,
    },
    Member { name: "AuthType", key: "AuthType", place: Place::Body, required: false, shape: &FUNCTION_URL_AUTH_TYPE },
    Member { name: "Cors", key: "Cors", place: Place::Body, required: false, shape: &CORS_SHAPE },
    Member { name: "InvokeMode", key: "InvokeMode", place: Place::Body, required: false, shape: &INVOKE_MODE },
];
static VERSION_WITH_LATEST_PUBLISHED: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("(\\$LATEST(\\.PUBLISHED)?|[0-9]+)")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(1024.0) },
    hidden: false,
});
static VPC_CONFIG: [Member; 3] = [
    Member { name: "SubnetIds", key: "SubnetIds", place: Place::Body, required: false, shape: &SUBNET_IDS },
    Member {
        name: "SecurityGroupIds",
        key: "SecurityGroupIds",
        place: Place::Body,
        required: false,
        shape: &SECURITY_GROUP_IDS,
    },
    Member {
        name: "Ipv6AllowedForDualStack",
        key: "Ipv6AllowedForDualStack",
        place: Place::Body,
        required: false,
        shape: &NULLABLE_BOOLEAN,
    },
];
static VPC_CONFIG_SHAPE: Shape = Shape::Structure(&VPC_CONFIG);
static WEIGHT: Shape = Shape::Double(Limits { min: Some(0.0), max: Some(1.0) });
static WORKING_DIRECTORY: Shape = Shape::Text(Text {
    pattern: None,
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(1000.0) },
    hidden: false,
});
pub static SERVICE: Service = Service {
    protocol: Protocol::RestJson,
    others: &[
        Other {
            name: "AddLayerVersionPermission",
            method: "POST",
            path: "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy",
        },
        Other {
            name: "CheckpointDurableExecution",
            method: "POST",
            path: "/2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint",
        },
        Other { name: "CreateCapacityProvider", method: "POST", path: "/2025-11-30/capacity-providers" },
        Other { name: "CreateCodeSigningConfig", method: "POST", path: "/2020-04-22/code-signing-configs" },
        Other { name: "CreateEventSourceMapping", method: "POST", path: "/2015-03-31/event-source-mappings" },
        Other {
            name: "DeleteCapacityProvider",
            method: "DELETE",
            path: "/2025-11-30/capacity-providers/{CapacityProviderName}",
        },
        Other {
            name: "DeleteCodeSigningConfig",
            method: "DELETE",
            path: "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
        },
        Other {
            name: "DeleteDurableExecution",
            method: "DELETE",
            path: "/2025-12-01/durable-executions/{DurableExecutionArn}",
        },
        Other { name: "DeleteEventSourceMapping", method: "DELETE", path: "/2015-03-31/event-source-mappings/{UUID}" },
        Other {
            name: "DeleteFunctionCodeSigningConfig",
            method: "DELETE",
            path: "/2020-06-30/functions/{FunctionName}/code-signing-config",
        },
        Other {
            name: "DeleteFunctionEventInvokeConfig",
            method: "DELETE",
            path: "/2019-09-25/functions/{FunctionName}/event-invoke-config",
        },
        Other {
            name: "DeleteLayerVersion",
            method: "DELETE",
            path: "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}",
        },
        Other {
            name: "DeleteProvisionedConcurrencyConfig",
            method: "DELETE",
            path: "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
        },
        Other { name: "DeleteResourcePolicy", method: "DELETE", path: "/2026-07-09/resource-policy/{ResourceArn}" },
        Other {
            name: "GetCapacityProvider",
            method: "GET",
            path: "/2025-11-30/capacity-providers/{CapacityProviderName}",
        },
        Other {
            name: "GetCodeSigningConfig",
            method: "GET",
            path: "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
        },
        Other {
            name: "GetDurableExecution",
            method: "GET",
            path: "/2025-12-01/durable-executions/{DurableExecutionArn}",
        },
        Other {
            name: "GetDurableExecutionHistory",
            method: "GET",
            path: "/2025-12-01/durable-executions/{DurableExecutionArn}/history",
        },
        Other {
            name: "GetDurableExecutionState",
            method: "GET",
            path: "/2025-12-01/durable-executions/{DurableExecutionArn}/state",
        },
        Other { name: "GetEventSourceMapping", method: "GET", path: "/2015-03-31/event-source-mappings/{UUID}" },
        Other {
            name: "GetFunctionCodeSigningConfig",
            method: "GET",
            path: "/2020-06-30/functions/{FunctionName}/code-signing-config",
        },
        Other {
            name: "GetFunctionEventInvokeConfig",
            method: "GET",
            path: "/2019-09-25/functions/{FunctionName}/event-invoke-config",
        },
        Other {
            name: "GetFunctionRecursionConfig",
            method: "GET",
            path: "/2024-08-31/functions/{FunctionName}/recursion-config",
        },
        Other {
            name: "GetFunctionScalingConfig",
            method: "GET",
            path: "/2025-11-30/functions/{FunctionName}/function-scaling-config",
        },
        Other {
            name: "GetLayerVersion",
            method: "GET",
            path: "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}",
        },
        Other { name: "GetLayerVersionByArn", method: "GET", path: "/2018-10-31/layers?find=LayerVersion" },
        Other {
            name: "GetLayerVersionPolicy",
            method: "GET",
            path: "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy",
        },
        Other {
            name: "GetProvisionedConcurrencyConfig",
            method: "GET",
            path: "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
        },
        Other { name: "GetResourcePolicy", method: "GET", path: "/2026-07-09/resource-policy/{ResourceArn}" },
        Other {
            name: "GetRuntimeManagementConfig",
            method: "GET",
            path: "/2021-07-20/functions/{FunctionName}/runtime-management-config",
        },
        Other { name: "InvokeAsync", method: "POST", path: "/2014-11-13/functions/{FunctionName}/invoke-async" },
        Other {
            name: "InvokeWithResponseStream",
            method: "POST",
            path: "/2021-11-15/functions/{FunctionName}/response-streaming-invocations",
        },
        Other { name: "ListCapacityProviders", method: "GET", path: "/2025-11-30/capacity-providers" },
        Other { name: "ListCodeSigningConfigs", method: "GET", path: "/2020-04-22/code-signing-configs" },
        Other {
            name: "ListDurableExecutionsByFunction",
            method: "GET",
            path: "/2025-12-01/functions/{FunctionName}/durable-executions",
        },
        Other { name: "ListEventSourceMappings", method: "GET", path: "/2015-03-31/event-source-mappings" },
        Other {
            name: "ListFunctionEventInvokeConfigs",
            method: "GET",
            path: "/2019-09-25/functions/{FunctionName}/event-invoke-config/list",
        },
        Other {
            name: "ListFunctionVersionsByCapacityProvider",
            method: "GET",
            path: "/2025-11-30/capacity-providers/{CapacityProviderName}/function-versions",
        },
        Other {
            name: "ListFunctionsByCodeSigningConfig",
            method: "GET",
            path: "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions",
        },
        Other { name: "ListLayerVersions", method: "GET", path: "/2018-10-31/layers/{LayerName}/versions" },
        Other { name: "ListLayers", method: "GET", path: "/2018-10-31/layers" },
        Other {
            name: "ListProvisionedConcurrencyConfigs",
            method: "GET",
            path: "/2019-09-30/functions/{FunctionName}/provisioned-concurrency?List=ALL",
        },
        Other {
            name: "PauseDurableExecution",
            method: "POST",
            path: "/2025-12-01/durable-executions/{DurableExecutionArn}/pause",
        },
        Other { name: "PublishLayerVersion", method: "POST", path: "/2018-10-31/layers/{LayerName}/versions" },
        Other {
            name: "PutFunctionCodeSigningConfig",
            method: "PUT",
            path: "/2020-06-30/functions/{FunctionName}/code-signing-config",
        },
        Other {
            name: "PutFunctionEventInvokeConfig",
            method: "PUT",
            path: "/2019-09-25/functions/{FunctionName}/event-invoke-config",
        },
        Other {
            name: "PutFunctionRecursionConfig",
            method: "PUT",
            path: "/2024-08-31/functions/{FunctionName}/recursion-config",
        },
        Other {
            name: "PutFunctionScalingConfig",
            method: "PUT",
            path: "/2025-11-30/functions/{FunctionName}/function-scaling-config",
        },
        Other {
            name: "PutProvisionedConcurrencyConfig",
            method: "PUT",
            path: "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
        },
        Other { name: "PutResourcePolicy", method: "PUT", path: "/2026-07-09/resource-policy/{ResourceArn}" },
        Other {
            name: "PutRuntimeManagementConfig",
            method: "PUT",
            path: "/2021-07-20/functions/{FunctionName}/runtime-management-config",
        },
        Other {
            name: "RemoveLayerVersionPermission",
            method: "DELETE",
            path: "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}",
        },
        Other {
            name: "ResumeDurableExecution",
            method: "POST",
            path: "/2025-12-01/durable-executions/{DurableExecutionArn}/resume",
        },
        Other {
            name: "SendDurableExecutionCallbackFailure",
            method: "POST",
            path: "/2025-12-01/durable-execution-callbacks/{CallbackId}/fail",
        },
        Other {
            name: "SendDurableExecutionCallbackHeartbeat",
            method: "POST",
            path: "/2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat",
        },
        Other {
            name: "SendDurableExecutionCallbackSuccess",
            method: "POST",
            path: "/2025-12-01/durable-execution-callbacks/{CallbackId}/succeed",
        },
        Other {
            name: "StopDurableExecution",
            method: "POST",
            path: "/2025-12-01/durable-executions/{DurableExecutionArn}/stop",
        },
        Other {
            name: "UpdateCapacityProvider",
            method: "PUT",
            path: "/2025-11-30/capacity-providers/{CapacityProviderName}",
        },
        Other {
            name: "UpdateCodeSigningConfig",
            method: "PUT",
            path: "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
        },
        Other { name: "UpdateEventSourceMapping", method: "PUT", path: "/2015-03-31/event-source-mappings/{UUID}" },
        Other {
            name: "UpdateFunctionEventInvokeConfig",
            method: "POST",
            path: "/2019-09-25/functions/{FunctionName}/event-invoke-config",
        },
    ],
};

pub static ADD_PERMISSION_OPERATION: Described = Described {
    name: "AddPermission",
    method: "POST",
    path: "/2015-03-31/functions/{FunctionName}/policy",
    status: 201,
};
pub static CREATE_ALIAS_OPERATION: Described = Described {
    name: "CreateAlias",
    method: "POST",
    path: "/2015-03-31/functions/{FunctionName}/aliases",
    status: 201,
};
pub static CREATE_FUNCTION_OPERATION: Described =
    Described { name: "CreateFunction", method: "POST", path: "/2015-03-31/functions", status: 201 };
pub static CREATE_FUNCTION_URL_CONFIG_OPERATION: Described = Described {
    name: "CreateFunctionUrlConfig",
    method: "POST",
    path: "/2021-10-31/functions/{FunctionName}/url",
    status: 201,
};
pub static DELETE_ALIAS_OPERATION: Described = Described {
    name: "DeleteAlias",
    method: "DELETE",
    path: "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
    status: 204,
};
pub static DELETE_FUNCTION_OPERATION: Described =
    Described { name: "DeleteFunction", method: "DELETE", path: "/2015-03-31/functions/{FunctionName}", status: 200 };
pub static DELETE_FUNCTION_CONCURRENCY_OPERATION: Described = Described {
    name: "DeleteFunctionConcurrency",
    method: "DELETE",
    path: "/2017-10-31/functions/{FunctionName}/concurrency",
    status: 204,
};
pub static DELETE_FUNCTION_URL_CONFIG_OPERATION: Described = Described {
    name: "DeleteFunctionUrlConfig",
    method: "DELETE",
    path: "/2021-10-31/functions/{FunctionName}/url",
    status: 204,
};
pub static GET_ACCOUNT_SETTINGS_OPERATION: Described =
    Described { name: "GetAccountSettings", method: "GET", path: "/2016-08-19/account-settings", status: 200 };
pub static GET_ALIAS_OPERATION: Described = Described {
    name: "GetAlias",
    method: "GET",
    path: "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
    status: 200,
};
pub static GET_FUNCTION_OPERATION: Described =
    Described { name: "GetFunction", method: "GET", path: "/2015-03-31/functions/{FunctionName}", status: 200 };
pub static GET_FUNCTION_CONCURRENCY_OPERATION: Described = Described {
    name: "GetFunctionConcurrency",
    method: "GET",
    path: "/2019-09-30/functions/{FunctionName}/concurrency",
    status: 200,
};
pub static GET_FUNCTION_CONFIGURATION_OPERATION: Described = Described {
    name: "GetFunctionConfiguration",
    method: "GET",
    path: "/2015-03-31/functions/{FunctionName}/configuration",
    status: 200,
};
pub static GET_FUNCTION_URL_CONFIG_OPERATION: Described = Described {
    name: "GetFunctionUrlConfig",
    method: "GET",
    path: "/2021-10-31/functions/{FunctionName}/url",
    status: 200,
};
pub static GET_POLICY_OPERATION: Described =
    Described { name: "GetPolicy", method: "GET", path: "/2015-03-31/functions/{FunctionName}/policy", status: 200 };
pub static INVOKE_OPERATION: Described =
    Described { name: "Invoke", method: "POST", path: "/2015-03-31/functions/{FunctionName}/invocations", status: 200 };
pub static LIST_ALIASES_OPERATION: Described =
    Described { name: "ListAliases", method: "GET", path: "/2015-03-31/functions/{FunctionName}/aliases", status: 200 };
pub static LIST_FUNCTION_URL_CONFIGS_OPERATION: Described = Described {
    name: "ListFunctionUrlConfigs",
    method: "GET",
    path: "/2021-10-31/functions/{FunctionName}/urls",
    status: 200,
};
pub static LIST_FUNCTIONS_OPERATION: Described =
    Described { name: "ListFunctions", method: "GET", path: "/2015-03-31/functions", status: 200 };
pub static LIST_TAGS_OPERATION: Described =
    Described { name: "ListTags", method: "GET", path: "/2017-03-31/tags/{Resource}", status: 200 };
pub static LIST_VERSIONS_BY_FUNCTION_OPERATION: Described = Described {
    name: "ListVersionsByFunction",
    method: "GET",
    path: "/2015-03-31/functions/{FunctionName}/versions",
    status: 200,
};
pub static PUBLISH_VERSION_OPERATION: Described = Described {
    name: "PublishVersion",
    method: "POST",
    path: "/2015-03-31/functions/{FunctionName}/versions",
    status: 201,
};
pub static PUT_FUNCTION_CONCURRENCY_OPERATION: Described = Described {
    name: "PutFunctionConcurrency",
    method: "PUT",
    path: "/2017-10-31/functions/{FunctionName}/concurrency",
    status: 200,
};
pub static REMOVE_PERMISSION_OPERATION: Described = Described {
    name: "RemovePermission",
    method: "DELETE",
    path: "/2015-03-31/functions/{FunctionName}/policy/{StatementId}",
    status: 204,
};
pub static TAG_RESOURCE_OPERATION: Described =
    Described { name: "TagResource", method: "POST", path: "/2017-03-31/tags/{Resource}", status: 204 };
pub static UNTAG_RESOURCE_OPERATION: Described =
    Described { name: "UntagResource", method: "DELETE", path: "/2017-03-31/tags/{Resource}", status: 204 };
pub static UPDATE_ALIAS_OPERATION: Described = Described {
    name: "UpdateAlias",
    method: "PUT",
    path: "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
    status: 200,
};
pub static UPDATE_FUNCTION_CODE_OPERATION: Described = Described {
    name: "UpdateFunctionCode",
    method: "PUT",
    path: "/2015-03-31/functions/{FunctionName}/code",
    status: 200,
};
pub static UPDATE_FUNCTION_CONFIGURATION_OPERATION: Described = Described {
    name: "UpdateFunctionConfiguration",
    method: "PUT",
    path: "/2015-03-31/functions/{FunctionName}/configuration",
    status: 200,
};
pub static UPDATE_FUNCTION_URL_CONFIG_OPERATION: Described = Described {
    name: "UpdateFunctionUrlConfig",
    method: "PUT",
    path: "/2021-10-31/functions/{FunctionName}/url",
    status: 200,
};

/// Errors as this service writes them.
pub mod error {
    use crate::error::Kind;
    pub static ALIAS_LIMIT_EXCEEDED_EXCEPTION: Kind =
        Kind { code: "AliasLimitExceededException", status: 400, message: "message", typed: true };
    pub static CODE_STORAGE_EXCEEDED_EXCEPTION: Kind =
        Kind { code: "CodeStorageExceededException", status: 400, message: "message", typed: true };
    pub static INVALID_PARAMETER_VALUE_EXCEPTION: Kind =
        Kind { code: "InvalidParameterValueException", status: 400, message: "message", typed: true };
    pub static INVALID_REQUEST_CONTENT_EXCEPTION: Kind =
        Kind { code: "InvalidRequestContentException", status: 400, message: "message", typed: true };
    pub static INVALID_RUNTIME_EXCEPTION: Kind =
        Kind { code: "InvalidRuntimeException", status: 502, message: "Message", typed: true };
    pub static INVALID_ZIP_FILE_EXCEPTION: Kind =
        Kind { code: "InvalidZipFileException", status: 502, message: "Message", typed: true };
    pub static MODE_NOT_SUPPORTED_EXCEPTION: Kind =
        Kind { code: "ModeNotSupportedException", status: 400, message: "message", typed: true };
    pub static NO_PUBLISHED_VERSION_EXCEPTION: Kind =
        Kind { code: "NoPublishedVersionException", status: 400, message: "Message", typed: true };
    pub static POLICY_LENGTH_EXCEEDED_EXCEPTION: Kind =
        Kind { code: "PolicyLengthExceededException", status: 400, message: "message", typed: true };
    pub static PRECONDITION_FAILED_EXCEPTION: Kind =
        Kind { code: "PreconditionFailedException", status: 412, message: "message", typed: true };
    pub static PUBLIC_POLICY_EXCEPTION: Kind =
        Kind { code: "PublicPolicyException", status: 400, message: "Message", typed: true };
    pub static RECURSIVE_INVOCATION_EXCEPTION: Kind =
        Kind { code: "RecursiveInvocationException", status: 400, message: "Message", typed: true };
    pub static REQUEST_TOO_LARGE_EXCEPTION: Kind =
        Kind { code: "RequestTooLargeException", status: 413, message: "message", typed: true };
    pub static RESOURCE_CONFLICT_EXCEPTION: Kind =
        Kind { code: "ResourceConflictException", status: 409, message: "message", typed: true };
    pub static RESOURCE_NOT_FOUND_EXCEPTION: Kind =
        Kind { code: "ResourceNotFoundException", status: 404, message: "Message", typed: true };
    pub static RESOURCE_NOT_READY_EXCEPTION: Kind =
        Kind { code: "ResourceNotReadyException", status: 502, message: "message", typed: true };
    pub static SERIALIZED_REQUEST_ENTITY_TOO_LARGE_EXCEPTION: Kind =
        Kind { code: "SerializedRequestEntityTooLargeException", status: 413, message: "message", typed: true };
    pub static SERVICE_EXCEPTION: Kind =
        Kind { code: "ServiceException", status: 500, message: "Message", typed: true };
    pub static SERVICE_QUOTA_EXCEEDED_EXCEPTION: Kind =
        Kind { code: "ServiceQuotaExceededException", status: 402, message: "Message", typed: true };
    pub static TOO_MANY_REQUESTS_EXCEPTION: Kind =
        Kind { code: "TooManyRequestsException", status: 429, message: "message", typed: true };
    pub static UNSUPPORTED_MEDIA_TYPE_EXCEPTION: Kind =
        Kind { code: "UnsupportedMediaTypeException", status: 415, message: "message", typed: true };
}
