//! Lambda: the functions API.
//!
//! Start reading at [`TABLE`]. Each operation decodes ([`arn`], [`configuration`], [`code`]), calls one rule of
//! `services::function`, and encodes. What a refusal says is in [`refusal`].
//!
//! Never here: what is allowed and what is not. The rules are in `services`.

mod account;
mod alias;
pub(crate) mod arn;
pub mod code;
mod concurrency;
mod configuration;
mod envelope;
mod event_invoke;
mod function;
mod invoke;
mod mapping;
mod page;
mod permission;
mod refusal;
mod tag;
mod url;
mod version;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::error;
use crate::operation::{Row, Table};
use crate::shapes::lambda as shapes;
use arn::{anything, resource, tagged};

pub use envelope::Envelopes;

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "lambda",
    service: &shapes::SERVICE,
    invalid: &error::VALIDATION,
    rows: functions().into_iter().chain(versions()).chain(callers()).chain(mappings()).collect(),
});

fn functions() -> Vec<Row> {
    vec![
        Row::new(&shapes::CREATE_FUNCTION_OPERATION, "lambda:CreateFunction", resource, function::create)
            .body_max(code::UPLOAD_BYTES_MAX),
        Row::new(&shapes::GET_FUNCTION_OPERATION, "lambda:GetFunction", resource, function::get),
        Row::new(
            &shapes::GET_FUNCTION_CONFIGURATION_OPERATION,
            "lambda:GetFunctionConfiguration",
            resource,
            function::get_configuration,
        ),
        Row::new(&shapes::LIST_FUNCTIONS_OPERATION, "lambda:ListFunctions", anything, function::list),
        Row::new(&shapes::DELETE_FUNCTION_OPERATION, "lambda:DeleteFunction", resource, function::delete),
        Row::new(&shapes::UPDATE_FUNCTION_CODE_OPERATION, "lambda:UpdateFunctionCode", resource, code::update)
            .body_max(code::UPLOAD_BYTES_MAX),
        Row::new(
            &shapes::UPDATE_FUNCTION_CONFIGURATION_OPERATION,
            "lambda:UpdateFunctionConfiguration",
            resource,
            function::update_configuration,
        ),
        Row::new(&shapes::GET_ACCOUNT_SETTINGS_OPERATION, "lambda:GetAccountSettings", anything, account::settings),
        Row::new(
            &shapes::PUT_FUNCTION_CONCURRENCY_OPERATION,
            "lambda:PutFunctionConcurrency",
            resource,
            concurrency::put,
        ),
        Row::new(
            &shapes::GET_FUNCTION_CONCURRENCY_OPERATION,
            "lambda:GetFunctionConcurrency",
            resource,
            concurrency::get,
        ),
        Row::new(
            &shapes::DELETE_FUNCTION_CONCURRENCY_OPERATION,
            "lambda:DeleteFunctionConcurrency",
            resource,
            concurrency::delete,
        ),
        Row::new(&shapes::TAG_RESOURCE_OPERATION, "lambda:TagResource", tagged, tag::add),
        Row::new(&shapes::UNTAG_RESOURCE_OPERATION, "lambda:UntagResource", tagged, tag::remove),
        Row::new(&shapes::LIST_TAGS_OPERATION, "lambda:ListTags", tagged, tag::list),
    ]
}

fn versions() -> Vec<Row> {
    vec![
        Row::new(&shapes::PUBLISH_VERSION_OPERATION, "lambda:PublishVersion", resource, version::publish),
        Row::new(
            &shapes::LIST_VERSIONS_BY_FUNCTION_OPERATION,
            "lambda:ListVersionsByFunction",
            resource,
            version::list,
        ),
        Row::new(&shapes::CREATE_ALIAS_OPERATION, "lambda:CreateAlias", resource, alias::create),
        Row::new(&shapes::GET_ALIAS_OPERATION, "lambda:GetAlias", resource, alias::get),
        Row::new(&shapes::UPDATE_ALIAS_OPERATION, "lambda:UpdateAlias", resource, alias::update),
        Row::new(&shapes::DELETE_ALIAS_OPERATION, "lambda:DeleteAlias", resource, alias::delete),
        Row::new(&shapes::LIST_ALIASES_OPERATION, "lambda:ListAliases", resource, alias::list),
    ]
}

/// Who calls functions, and how.
fn callers() -> Vec<Row> {
    vec![
        Row::new(&shapes::INVOKE_OPERATION, "lambda:InvokeFunction", resource, invoke::invoke)
            .body_max(invoke::PAYLOAD_BYTES_MAX),
        Row::new(
            &shapes::PUT_FUNCTION_EVENT_INVOKE_CONFIG_OPERATION,
            "lambda:PutFunctionEventInvokeConfig",
            resource,
            event_invoke::put,
        ),
        Row::new(
            &shapes::UPDATE_FUNCTION_EVENT_INVOKE_CONFIG_OPERATION,
            "lambda:UpdateFunctionEventInvokeConfig",
            resource,
            event_invoke::update,
        ),
        Row::new(
            &shapes::GET_FUNCTION_EVENT_INVOKE_CONFIG_OPERATION,
            "lambda:GetFunctionEventInvokeConfig",
            resource,
            event_invoke::get,
        ),
        Row::new(
            &shapes::DELETE_FUNCTION_EVENT_INVOKE_CONFIG_OPERATION,
            "lambda:DeleteFunctionEventInvokeConfig",
            resource,
            event_invoke::delete,
        ),
        Row::new(
            &shapes::LIST_FUNCTION_EVENT_INVOKE_CONFIGS_OPERATION,
            "lambda:ListFunctionEventInvokeConfigs",
            resource,
            event_invoke::list,
        ),
        Row::new(&shapes::ADD_PERMISSION_OPERATION, "lambda:AddPermission", resource, permission::add),
        Row::new(&shapes::REMOVE_PERMISSION_OPERATION, "lambda:RemovePermission", resource, permission::remove),
        Row::new(&shapes::GET_POLICY_OPERATION, "lambda:GetPolicy", resource, permission::get),
        Row::new(
            &shapes::CREATE_FUNCTION_URL_CONFIG_OPERATION,
            "lambda:CreateFunctionUrlConfig",
            resource,
            url::create,
        ),
        Row::new(&shapes::GET_FUNCTION_URL_CONFIG_OPERATION, "lambda:GetFunctionUrlConfig", resource, url::get),
        Row::new(
            &shapes::UPDATE_FUNCTION_URL_CONFIG_OPERATION,
            "lambda:UpdateFunctionUrlConfig",
            resource,
            url::update,
        ),
        Row::new(
            &shapes::DELETE_FUNCTION_URL_CONFIG_OPERATION,
            "lambda:DeleteFunctionUrlConfig",
            resource,
            url::delete,
        ),
        Row::new(&shapes::LIST_FUNCTION_URL_CONFIGS_OPERATION, "lambda:ListFunctionUrlConfigs", resource, url::list),
    ]
}

/// What functions are run with the messages of.
fn mappings() -> Vec<Row> {
    vec![
        Row::new(
            &shapes::CREATE_EVENT_SOURCE_MAPPING_OPERATION,
            "lambda:CreateEventSourceMapping",
            anything,
            mapping::create,
        ),
        Row::new(
            &shapes::GET_EVENT_SOURCE_MAPPING_OPERATION,
            "lambda:GetEventSourceMapping",
            mapping::resource,
            mapping::get,
        ),
        Row::new(
            &shapes::LIST_EVENT_SOURCE_MAPPINGS_OPERATION,
            "lambda:ListEventSourceMappings",
            anything,
            mapping::list,
        ),
        Row::new(
            &shapes::UPDATE_EVENT_SOURCE_MAPPING_OPERATION,
            "lambda:UpdateEventSourceMapping",
            mapping::resource,
            mapping::update,
        ),
        Row::new(
            &shapes::DELETE_EVENT_SOURCE_MAPPING_OPERATION,
            "lambda:DeleteEventSourceMapping",
            mapping::resource,
            mapping::delete,
        ),
    ]
}
