//! Groups and streams, and the names that they have in the journal.
//!
//! A journal stream is `account:region:group`, a NUL and the stream: the journal finds what has the same group fast.

use std::fmt::Write as _;

use store::Timestamp;

use super::calendar::Date;
use crate::name::{AccountId, FunctionName, Region};
use crate::run::{EnvironmentId, FunctionVersion};

/// Every function's group begins with this. Source: Lambda developer guide, "Sending Lambda function logs to CloudWatch
/// Logs" (read 2026-11-24).
pub const FUNCTION_GROUP_PREFIX: &str = "/aws/lambda/";

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group {
    pub account: AccountId,
    pub region: Region,
    pub name: String,
}

/// The group that a function writes to.
pub fn function_group(account: &AccountId, region: &Region, function: &FunctionName) -> Group {
    Group { account: account.clone(), region: region.clone(), name: format!("{FUNCTION_GROUP_PREFIX}{function}") }
}

impl Group {
    /// What the journal names of its streams begin with.
    pub(super) fn journal_prefix(&self) -> String {
        format!("{}{}\0", place(&self.account, &self.region), self.name)
    }
}

/// What the journal names of all streams in a place begin with.
pub(super) fn place(account: &AccountId, region: &Region) -> String {
    format!("{account}:{region}:")
}

/// The group, with account and region before it, and the stream of a journal name.
pub(super) fn split(journal_name: &str) -> Option<(&str, &str)> {
    journal_name.split_once('\0')
}

/// The stream of an environment that started at an instant: `2026/11/24/[$LATEST]id`.
pub(super) fn environment_stream(
    function: &FunctionVersion,
    environment: &EnvironmentId,
    started: Timestamp,
) -> String {
    let Date { year, month, day } = Date::of(started);
    let mut name = String::with_capacity(160);
    let written = write!(
        name,
        "{}:{}:{FUNCTION_GROUP_PREFIX}{}\0{year:04}/{month:02}/{day:02}/[{}]{}",
        function.account, function.region, function.name, function.version, environment.0
    );
    written.expect("a String takes every write");
    name
}
