//! Who calls, and what they may do.
//!
//! Start reading at [`authorize`], the one place where a request is let in or refused. Policies and their
//! evaluation are in [`policy`], access keys in [`key`], the credentials of running functions in [`session`].
//!
//! Invariants:
//! - An explicit deny wins over every allow; what nobody allows is refused.
//! - Secrets are sealed in the store and never printed, logged or part of an error.
//! - Nothing here reads a signature or a header: `aws` verifies, and asks who the key belongs to.
//!
//! This is the first form: the account's root key and the functions' own credentials exist, users and roles
//! with policies of their own do not. Until they do, a function's credentials carry the rights of its account
//! within its account. Account ids and role names in policies are read as ARNs, because policies write them so.

mod condition;
pub mod key;
mod pattern;
pub mod policy;
mod rows;
pub mod session;

pub use condition::Context;
pub use key::{AccessKey, Keys};
pub use policy::{Effect, Statement, Verdict, evaluate};
pub use session::{FunctionSession, Sessions};

use crate::name::AccountId;

/// Why credentials are nobody's, or rows of them cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such key; or one that is only for loopback, from elsewhere.
    #[error("no access key {id:?}")]
    UnknownKey { id: String },
    /// A session token that this installation did not issue, or that belongs to another access key.
    #[error("the session token is not one of ours for this access key")]
    BadToken,
    #[error("the session token has expired")]
    ExpiredToken,
    #[error(
        "{text:?} is no access key pair: an id of 16 to 128 letters, digits or _, and a secret of 8 to 128 visible characters"
    )]
    Malformed { text: String },
    #[error(transparent)]
    Unreadable(#[from] crate::row::Unreadable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Who is behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// No signature at all.
    Anonymous,
    /// The account itself: may do everything in it.
    Root { account: AccountId },
    /// A running function with the session credentials it was given.
    Function(Box<FunctionSession>),
    /// The platform on behalf of one of its services, such as `s3.amazonaws.com`.
    Service { name: &'static str },
}

impl Principal {
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Principal::Root { account } => Some(account),
            Principal::Function(session) => Some(&session.account),
            Principal::Anonymous | Principal::Service { .. } => None,
        }
    }

    /// The ARN as GetCallerIdentity shows it; empty for who has none.
    pub fn arn(&self) -> String {
        match self {
            Principal::Root { account } => format!("arn:aws:iam::{account}:root"),
            Principal::Function(session) => session.arn(),
            Principal::Anonymous | Principal::Service { .. } => String::new(),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Such as `lambda:InvokeFunction`.
    pub action: &'a str,
    /// The ARN of the resource, or `*` for an action that has none.
    pub resource: &'a str,
    /// The account that the resource is in.
    pub owner: &'a AccountId,
    pub context: &'a Context,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement allows it.
    NotAllowed,
}

impl Decision {
    pub fn allowed(self) -> bool {
        self == Decision::Allowed
    }
}

/// Decides over one request, given the policy of the resource that it touches.
pub fn authorize(principal: &Principal, request: &Request<'_>, resource_policy: &[Statement]) -> Decision {
    if let Principal::Root { account } = principal
        && account == request.owner
    {
        return Decision::Allowed;
    }
    match evaluate(resource_policy, principal, request) {
        Verdict::Deny => Decision::Denied,
        Verdict::Allow => Decision::Allowed,
        Verdict::Silent if principal.account() == Some(request.owner) => Decision::Allowed,
        Verdict::Silent => Decision::NotAllowed,
    }
}

#[cfg(test)]
mod tests;
