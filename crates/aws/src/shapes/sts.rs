//! Shapes of `sts`, written by `cargo xtask shapes` from `models/sts.json`: change them there.

use serde::{Deserialize, Serialize};

use crate::shape::{Described, Input, Member, Other, Output, Protocol, Service};

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct GetCallerIdentityRequest {}

impl Input for GetCallerIdentityRequest {
    fn members() -> &'static [Member] {
        &GET_CALLER_IDENTITY_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GetCallerIdentityResponse {
    #[serde(rename = "UserId", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(rename = "Account", skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(rename = "Arn", skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
}

impl Output for GetCallerIdentityResponse {}

static GET_CALLER_IDENTITY_REQUEST: [Member; 0] = [];
pub static SERVICE: Service = Service {
    protocol: Protocol::Query { version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/" },
    others: &[
        Other { name: "AssumeRole", method: "POST", path: "/" },
        Other { name: "AssumeRoleWithSAML", method: "POST", path: "/" },
        Other { name: "AssumeRoleWithWebIdentity", method: "POST", path: "/" },
        Other { name: "AssumeRoot", method: "POST", path: "/" },
        Other { name: "DecodeAuthorizationMessage", method: "POST", path: "/" },
        Other { name: "GetAccessKeyInfo", method: "POST", path: "/" },
        Other { name: "GetDelegatedAccessToken", method: "POST", path: "/" },
        Other { name: "GetFederationToken", method: "POST", path: "/" },
        Other { name: "GetScopedCredentials", method: "POST", path: "/" },
        Other { name: "GetSessionToken", method: "POST", path: "/" },
        Other { name: "GetWebIdentityToken", method: "POST", path: "/" },
    ],
};

pub static GET_CALLER_IDENTITY_OPERATION: Described =
    Described { name: "GetCallerIdentity", method: "POST", path: "/", status: 200 };
