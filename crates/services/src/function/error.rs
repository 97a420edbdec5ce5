//! Why an operation on functions did not happen.

use super::settings::OutOfBounds;
use super::{AliasName, Qualifier};
use crate::name::Version;
use crate::row::Unreadable;
use crate::run::PrepareError;

/// One variant for each thing that a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such function, version or alias")]
    NoSuchFunction { qualifier: Option<Qualifier> },
    #[error("there is no alias {0} of this function")]
    NoSuchAlias(AliasName),
    #[error("this function has no URL")]
    NoSuchUrl,
    #[error("nothing is configured for asynchronous invocations of this function")]
    NoEventConfig,
    #[error("a function cannot be its own destination")]
    DestinationIsItself,
    #[error("the destination is not there")]
    NoSuchDestination(super::Destination),
    #[error("there are no permissions on this function")]
    NoPolicy,
    #[error("there is no statement of that id among the permissions")]
    NoSuchStatement,
    #[error("a function of that name exists already")]
    FunctionExists,
    #[error("an alias of that name exists already")]
    AliasExists,
    #[error("the function has a URL already")]
    UrlExists,
    #[error("a statement of that id exists already")]
    StatementExists,
    /// The last change is still being prepared: try again once it is done.
    #[error("an update is in progress")]
    UpdateInProgress,
    #[error("the function is still being created")]
    Pending,
    /// Read the latest revision and decide again.
    #[error("the function has changed since revision {given} was read")]
    StaleRevision { given: String },
    #[error("the code is not the one named")]
    CodeDiffers { latest: super::Code },
    #[error("aliases refer to this version")]
    AliasesRefer(Vec<AliasName>),
    #[error("$LATEST goes with the function")]
    LatestStays,
    #[error("an alias is deleted by DeleteAlias")]
    AliasStays,
    #[error(transparent)]
    OutOfBounds(#[from] OutOfBounds),
    #[error("an alias points to at most two versions")]
    TooManyWeights,
    #[error("{0} is the alias's first version already")]
    WeightOnFirst(Version),
    #[error("an alias with weights needs published versions")]
    WeightOnLatest,
    #[error("a weight is a number from 0 to 1")]
    BadWeight,
    #[error("at least {minimum} executions must stay unreserved")]
    TooMuchReserved { minimum: u32 },
    #[error("more than {} tags", super::tag::TAGS_MAX)]
    TooManyTags,
    #[error("tag keys that begin with aws: are the platform's")]
    ReservedTag,
    #[error("permissions of {bytes} bytes: the limit is {}", super::permission::POLICY_BYTES_MAX)]
    PolicyTooLong { bytes: usize },
    #[error("$LATEST has the function's permissions")]
    PolicyOnLatest,
    /// The package is refused; nothing has changed.
    #[error(transparent)]
    Package(#[from] PrepareError),
    #[error("package of {bytes} bytes: the limit is {}", super::PACKAGE_BYTES_MAX)]
    PackageTooLarge { bytes: u64 },
    #[error("the account's packages would take {bytes} bytes: the limit is {}", super::account::CODE_BYTES_MAX)]
    CodeStorageFull { bytes: u64 },
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}
