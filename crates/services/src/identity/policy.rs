//! Policy statements and the one evaluator of them.
//!
//! Start reading at [`evaluate`]. A statement is written and read as the policy language has it, so that the
//! text a user sends is the text that is stored and shown.

use serde::{Deserialize, Deserializer, Serialize};

use super::condition::Conditions;
use super::{Principal, Request, pattern};

pub use super::condition::UnknownOperator;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    Allow,
    Deny,
}

/// One statement. In a resource's policy it names principals; in a principal's own policy it names none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Statement {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    pub effect: Effect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principals>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_principal: Option<Principals>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<OneOrMany>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_action: Option<OneOrMany>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<OneOrMany>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_resource: Option<OneOrMany>,
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub condition: Conditions,
}

impl Statement {
    /// Allows these principals one action on one resource.
    pub fn allow(sid: &str, principal: Principals, action: &str, resource: &str) -> Statement {
        Statement {
            sid: Some(sid.to_owned()),
            effect: Effect::Allow,
            principal: Some(principal),
            not_principal: None,
            action: Some(OneOrMany::One(action.to_owned())),
            not_action: None,
            resource: Some(OneOrMany::One(resource.to_owned())),
            not_resource: None,
            condition: Conditions::default(),
        }
    }

    /// Narrows the statement by one more condition.
    pub fn when(mut self, operator: &str, key: &str, value: &str) -> Result<Statement, UnknownOperator> {
        self.condition = std::mem::take(&mut self.condition).and(Conditions::one(operator, key, value)?);
        Ok(self)
    }

    fn applies(&self, principal: &Principal, request: &Request<'_>) -> bool {
        self.names(principal)
            && chosen(&self.action, &self.not_action, |pattern| action_fits(pattern, request.action))
            && chosen(&self.resource, &self.not_resource, |pattern| resource_fits(pattern, request))
            && self.condition.hold(request.context)
    }

    fn names(&self, principal: &Principal) -> bool {
        match (&self.principal, &self.not_principal) {
            (Some(named), _) => named.include(principal),
            (None, Some(excluded)) => !excluded.include(principal),
            (None, None) => true,
        }
    }
}

/// Who a statement is about: everyone, or lists by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Principals {
    Everyone(Star),
    Listed(Listed),
}

impl Principals {
    pub fn everyone() -> Principals {
        Principals::Everyone(Star::Star)
    }

    /// As AddPermission takes it: `*`, a service's name, an account id or an ARN.
    pub fn parse(text: &str) -> Principals {
        let one = || Some(OneOrMany::One(text.to_owned()));
        match text {
            "*" => Principals::everyone(),
            _ if text.ends_with(".amazonaws.com") => Principals::Listed(Listed { service: one(), ..Listed::default() }),
            _ => Principals::Listed(Listed { aws: one(), ..Listed::default() }),
        }
    }

    fn include(&self, principal: &Principal) -> bool {
        match self {
            Principals::Everyone(Star::Star) => true,
            Principals::Listed(listed) => listed.include(principal),
        }
    }
}

/// The text `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Star {
    #[serde(rename = "*")]
    Star,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Account ids, or ARNs of accounts, users, roles and sessions.
    #[serde(rename = "AWS", default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<OneOrMany>,
    #[serde(rename = "Service", default, skip_serializing_if = "Option::is_none")]
    pub service: Option<OneOrMany>,
    #[serde(rename = "Federated", default, skip_serializing_if = "Option::is_none")]
    pub federated: Option<OneOrMany>,
    #[serde(rename = "CanonicalUser", default, skip_serializing_if = "Option::is_none")]
    pub canonical_user: Option<OneOrMany>,
}

impl Listed {
    fn include(&self, principal: &Principal) -> bool {
        let services = self.service.iter().flat_map(OneOrMany::iter);
        let names = || self.aws.iter().flat_map(OneOrMany::iter);
        match principal {
            Principal::Service { name } => services.into_iter().any(|listed| listed == *name),
            Principal::Anonymous => names().any(|listed| listed == "*"),
            Principal::Root { account } => names().any(|listed| listed == "*" || is_account(listed, account.as_str())),
            Principal::Function(session) => names().any(|listed| {
                listed == "*"
                    || is_account(listed, session.account.as_str())
                    || listed == session.arn()
                    || session.role.as_deref() == Some(listed)
            }),
        }
    }
}

/// Whether the text means an account as a whole: its id, or its root's ARN.
fn is_account(listed: &str, account: &str) -> bool {
    let id = listed.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root"));
    id.unwrap_or(listed) == account
}

/// Policies write a list of one as the text alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            OneOrMany::One(text) => std::slice::from_ref(text).iter(),
            OneOrMany::Many(texts) => texts.iter(),
        }
        .map(String::as_str)
    }

    /// Whether what it means depends on the request: `${aws:SourceIp}`.
    pub(super) fn has_variables(&self) -> bool {
        self.iter().any(|text| text.contains("${"))
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    /// Numbers and truth values are read as their text: policies may write either.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneOrMany, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Scalar {
            Text(String),
            Truth(bool),
            Number(serde_json::Number),
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(Scalar),
            Many(Vec<Scalar>),
        }
        let text = |scalar| match scalar {
            Scalar::Text(text) => text,
            Scalar::Truth(truth) => truth.to_string(),
            Scalar::Number(number) => number.to_string(),
        };
        Ok(match Written::deserialize(deserializer)? {
            Written::One(scalar) => OneOrMany::One(text(scalar)),
            Written::Many(scalars) => OneOrMany::Many(scalars.into_iter().map(text).collect()),
        })
    }
}

/// What a set of statements says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    /// A statement forbids it, whatever others allow.
    Deny,
    /// No statement applies.
    Silent,
}

/// Whether the verdict is the same for all requests with the same principal, action and resource, whatever their
/// contexts have beside `key`.
pub fn looks_only_at(statements: &[Statement], key: &str) -> bool {
    statements.iter().all(|statement| {
        let resources = statement.resource.iter().chain(&statement.not_resource);
        statement.condition.look_only_at(key) && !resources.into_iter().any(OneOrMany::has_variables)
    })
}

/// Weighs every statement that applies.
pub fn evaluate(statements: &[Statement], principal: &Principal, request: &Request<'_>) -> Verdict {
    let mut verdict = Verdict::Silent;
    for statement in statements.iter().filter(|statement| statement.applies(principal, request)) {
        match statement.effect {
            Effect::Deny => return Verdict::Deny,
            Effect::Allow => verdict = Verdict::Allow,
        }
    }
    verdict
}

/// Of an element and its `Not` form, the one that is there decides; a statement with neither applies to nothing.
fn chosen(element: &Option<OneOrMany>, not_element: &Option<OneOrMany>, fits: impl Fn(&str) -> bool) -> bool {
    match (element, not_element) {
        (Some(patterns), None) => patterns.iter().any(fits),
        (None, Some(patterns)) => !patterns.iter().any(fits),
        (Some(_), Some(_)) | (None, None) => false,
    }
}

fn action_fits(pattern: &str, action: &str) -> bool {
    pattern::like(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

fn resource_fits(pattern: &str, request: &Request<'_>) -> bool {
    pattern::substitute(pattern, request.context).is_some_and(|pattern| pattern::arn_like(&pattern, request.resource))
}
