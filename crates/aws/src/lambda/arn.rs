//! The names that functions go by: name, partial ARN, full ARN, each with a version or an alias or without.

use std::fmt::Display;

use services::function::{AliasName, FunctionId, Qualifier, Scope};
use services::name::{FunctionName, Version};

use crate::call::Call;
use crate::error::{self, Error};
use crate::operation::Members;
use crate::shapes::lambda::error::{INVALID_PARAMETER_VALUE_EXCEPTION, RESOURCE_NOT_FOUND_EXCEPTION};

/// Longest name without an ARN around it. Source: Lambda API reference, `FunctionName` (read 2026-11-24).
const NAME_CHARS_MAX: usize = 64;

/// A function as a request names it.
pub struct Target {
    pub id: FunctionId,
    pub qualifier: Option<Qualifier>,
}

impl Target {
    /// Reads a name that may bring its qualifier along, beside one that is given on its own.
    pub fn read(call: &Call, name: &str, qualifier: Option<&str>) -> Result<Target, Error> {
        let parts = Parts::of(name);
        let text = match (parts.qualifier, qualifier) {
            (Some(derived), Some(given)) if derived != given => {
                return Err(INVALID_PARAMETER_VALUE_EXCEPTION
                    .with("The derived qualifier from the function name does not match the specified qualifier."));
            }
            (derived, given) => given.or(derived),
        };
        check_place(call, &parts)?;
        let id = FunctionId { scope: scope(call), name: function_name(parts.name)? };
        let qualifier = match text.map(Qualifier::parse).transpose() {
            Ok(qualifier) => qualifier,
            // The model takes more than any version or alias can be called.
            Err(malformed) => {
                let arn = function_arn(call, &format!("{}:{}", id.name, malformed.given));
                return Err(RESOURCE_NOT_FOUND_EXCEPTION.with(format!("Function not found: {arn}")));
            }
        };
        Ok(Target { id, qualifier })
    }

    /// As [`Target::read`], for operations that only take a function as a whole; `$LATEST` is let pass.
    pub fn whole(call: &Call, name: &str, refusal: &'static str) -> Result<FunctionId, Error> {
        let target = Target::read(call, name, None)?;
        match target.qualifier {
            None | Some(Qualifier::Version(Version::Latest)) => Ok(target.id),
            Some(_) => Err(INVALID_PARAMETER_VALUE_EXCEPTION.with(refusal)),
        }
    }

    /// The alias, for what is on a function or one of its aliases and on no version.
    pub fn alias(&self) -> Result<Option<&AliasName>, Error> {
        match &self.qualifier {
            None => Ok(None),
            Some(Qualifier::Alias(alias)) => Ok(Some(alias)),
            Some(Qualifier::Version(version)) => Err(Error::constraint(
                &version.to_string(),
                "qualifier",
                "Member must satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)",
            )),
        }
    }

    /// With the qualifier, where the request gave one.
    pub fn arn(&self, call: &Call) -> String {
        arn(call, &self.id, self.qualifier.as_ref())
    }
}

/// What of a name is there.
struct Parts<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Takes a name apart that fits the model's pattern; of any other text the last part is the name.
    fn of(text: &'a str) -> Parts<'a> {
        let rest = match text.strip_prefix("arn:").and_then(|rest| rest.split_once(":lambda:")) {
            Some((_, rest)) => rest,
            None => text,
        };
        let mut parts: Vec<&str> = rest.split(':').collect();
        let mut take = |is: &dyn Fn(&str) -> bool| match parts.len() > 1 && is(parts[0]) {
            true => Some(parts.remove(0)),
            false => None,
        };
        let region = take(&|part| part.contains('-') && services::name::Region::parse(part).is_ok() && is_region(part));
        let account = take(&|part| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit()));
        take(&|part| part == "function");
        Parts { region, account, name: parts[0], qualifier: parts.get(1).copied() }
    }
}

/// `xx-word-1`, as the model has regions; a function may be called `my-job`.
fn is_region(text: &str) -> bool {
    let pieces: Vec<&str> = text.split('-').collect();
    let last_is_digit = pieces.last().is_some_and(|last| last.len() == 1 && last.as_bytes()[0].is_ascii_digit());
    pieces.len() >= 3 && pieces.iter().any(|piece| piece.len() == 2) && last_is_digit
}

fn check_place(call: &Call, parts: &Parts<'_>) -> Result<(), Error> {
    let (region, account) = (call.region.as_str(), call.account.as_str());
    if let Some(other) = parts.region.filter(|named| *named != region) {
        return Err(RESOURCE_NOT_FOUND_EXCEPTION
            .with(format!("Functions from '{other}' are not reachable in this region ('{region}')")));
    }
    match parts.account.filter(|named| *named != account) {
        Some(other) => Err(error::ACCESS_DENIED.with(format!(
            "User: {} is not authorized to perform this operation on resource: arn:aws:lambda:{region}:{other}:function:{} because no resource-based policy allows it",
            call.caller.arn(),
            parts.name
        ))),
        None => Ok(()),
    }
}

fn function_name(text: &str) -> Result<FunctionName, Error> {
    FunctionName::parse(text).map_err(|_| {
        let constraint = match text.len() > NAME_CHARS_MAX {
            true => "Member must have length less than or equal to 64",
            false => "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+",
        };
        Error::constraint(text, "functionName", constraint)
    })
}

/// The alias of a request that names it in the path.
pub fn alias_name(text: &str) -> Result<AliasName, Error> {
    AliasName::parse(text).map_err(|_| {
        let pattern = "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
        Error::constraint(text, "name", pattern)
    })
}

pub fn scope(call: &Call) -> Scope {
    Scope { account: call.account.clone(), region: call.region.clone() }
}

pub fn arn(call: &Call, id: &FunctionId, qualifier: Option<&Qualifier>) -> String {
    match qualifier {
        Some(qualifier) => function_arn(call, &format!("{}:{qualifier}", id.name)),
        None => function_arn(call, &id.name),
    }
}

/// The ARN of any function, wherever it is.
pub fn of(id: &FunctionId, qualifier: Option<&Qualifier>) -> String {
    let FunctionId { scope: Scope { account, region }, name } = id;
    let arn = format!("arn:aws:lambda:{region}:{account}:function:{name}");
    match qualifier {
        Some(qualifier) => format!("{arn}:{qualifier}"),
        None => arn,
    }
}

fn function_arn(call: &Call, name: &dyn Display) -> String {
    call.arn("lambda", format_args!("function:{name}"))
}

/// The resource of operations on a function: its ARN, with the qualifier if there is one.
pub fn resource(call: &Call, members: &Members) -> String {
    let text = |key: &str| members.get(key).and_then(serde_json::Value::as_str);
    let parts = Parts::of(text("FunctionName").unwrap_or_default());
    let (region, account) =
        (parts.region.unwrap_or(call.region.as_str()), parts.account.unwrap_or(call.account.as_str()));
    let arn = format!("arn:aws:lambda:{region}:{account}:function:{}", parts.name);
    match text("Qualifier").or(parts.qualifier) {
        Some(qualifier) => format!("{arn}:{qualifier}"),
        None => arn,
    }
}

/// The resource of operations that name it by its ARN.
pub fn tagged(_: &Call, members: &Members) -> String {
    members.get("Resource").and_then(serde_json::Value::as_str).unwrap_or("*").to_owned()
}

/// For operations on everything there is.
pub fn anything(_: &Call, _: &Members) -> String {
    "*".to_owned()
}
