//! The names that buses and rules go by, and what the ARN of a target names.

use services::bus::rule::{Place, Receiver};
use services::bus::{BusId, BusName, DEFAULT, RuleId, RuleName};
use services::function::Scope;

use super::refusal::{bad_arn, no_such_bus};
use crate::call::Call;
use crate::error::{self, Error};
use crate::operation::Members;

/// The bus that a request names: by name, by ARN, or not at all.
pub fn bus(call: &Call, given: Option<&str>) -> Result<BusId, Error> {
    let text = given.unwrap_or(DEFAULT);
    let name = match text.split_once(":event-bus/") {
        Some((place, name)) if place == format!("arn:aws:events:{}:{}", call.region, call.account) => name,
        Some((_, name)) => return Err(no_such_bus(name)),
        None => text,
    };
    let scope = Scope { account: call.account.clone(), region: call.region.clone() };
    Ok(BusId { scope, name: BusName::parse(name).map_err(|_| no_such_bus(name))? })
}

/// The bus of an ARN, and of nothing else.
pub fn bus_of_arn(call: &Call, arn: &str) -> Result<BusId, Error> {
    match arn.contains(":event-bus/") {
        true => bus(call, Some(arn)),
        false => Err(bad_arn(arn)),
    }
}

pub fn rule(call: &Call, given: Option<&str>, name: &str) -> Result<RuleId, Error> {
    let name = RuleName::parse(name).map_err(|malformed| error::VALIDATION.with(malformed.to_string()))?;
    Ok(RuleId { bus: bus(call, given)?, name })
}

pub fn bus_arn(call: &Call, name: &BusName) -> String {
    call.arn("events", format_args!("event-bus/{name}"))
}

/// Rules of the default bus do not name it.
pub fn rule_arn(call: &Call, bus: &BusName, name: &RuleName) -> String {
    match bus.is_default() {
        true => call.arn("events", format_args!("rule/{name}")),
        false => call.arn("events", format_args!("rule/{bus}/{name}")),
    }
}

/// What has tags.
pub enum Tagged {
    Bus(BusId),
    Rule(RuleId),
}

impl Tagged {
    pub fn read(call: &Call, arn: &str) -> Result<Tagged, Error> {
        let resource = Arn::read(arn).filter(|arn| arn.service == "events").ok_or_else(|| bad_arn(arn))?.resource;
        if let Some(name) = resource.strip_prefix("event-bus/") {
            return Ok(Tagged::Bus(bus(call, Some(name))?));
        }
        let path = resource.strip_prefix("rule/").ok_or_else(|| bad_arn(arn))?;
        let (of, name) = path.rsplit_once('/').unwrap_or((DEFAULT, path));
        Ok(Tagged::Rule(rule(call, Some(of), name)?))
    }
}

/// The parts of an ARN, the partition aside.
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn read(text: &'a str) -> Option<Arn<'a>> {
        let mut parts = text.splitn(6, ':');
        let (arn, partition) = (parts.next()?, parts.next()?);
        let (service, region, account, resource) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let whole = arn == "arn" && partition.starts_with("aws") && !service.is_empty() && !resource.is_empty();
        whole.then_some(Arn { service, region, account, resource })
    }

    fn place(&self, name: &str) -> Place {
        Place { account: self.account.to_owned(), region: self.region.to_owned(), name: name.to_owned() }
    }
}

/// What a target's ARN names; a refusal where it is nothing that a rule can have as a target here.
pub fn receiver(text: &str) -> Result<Receiver, Error> {
    let arn = Arn::read(text).ok_or_else(|| bad_arn(text))?;
    let resource: Vec<&str> = arn.resource.split(':').collect();
    match (arn.service, &resource[..]) {
        ("lambda", ["function", name]) => Ok(Receiver::Function { at: arn.place(name), qualifier: None }),
        ("lambda", ["function", name, qualifier]) => {
            Ok(Receiver::Function { at: arn.place(name), qualifier: Some((*qualifier).to_owned()) })
        }
        ("sqs", [name]) => Ok(Receiver::Queue(arn.place(name))),
        ("events", [resource]) => match resource.strip_prefix("event-bus/") {
            Some(name) => Ok(Receiver::Bus(arn.place(name))),
            None => Err(not_yet(resource.split('/').next().unwrap_or_default())),
        },
        ("sns", [name]) => Ok(Receiver::Topic(arn.place(name))),
        ("kinesis" | "logs", _) => Ok(Receiver::Unserved),
        ("lambda" | "sqs" | "sns", _) => Err(bad_arn(text)),
        (service, _) => Err(not_yet(service)),
    }
}

fn not_yet(kind: &str) -> Error {
    error::NOT_IMPLEMENTED.with(format!("Targets of the kind {kind} are not implemented."))
}

pub fn anything(_: &Call, _: &Members) -> String {
    "*".to_owned()
}

fn text<'a>(members: &'a Members, key: &str) -> Option<&'a str> {
    members.get(key).and_then(serde_json::Value::as_str)
}

pub fn bus_resource(call: &Call, name: Option<&str>) -> String {
    match name.unwrap_or(DEFAULT) {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        name => call.arn("events", format_args!("event-bus/{name}")),
    }
}

fn rule_resource(call: &Call, bus: Option<&str>, rule: Option<&str>) -> String {
    let rule = rule.unwrap_or("*");
    match bus.and_then(|bus| bus.rsplit('/').next()).filter(|bus| *bus != DEFAULT) {
        Some(bus) => call.arn("events", format_args!("rule/{bus}/{rule}")),
        None => call.arn("events", format_args!("rule/{rule}")),
    }
}

pub fn bus_by_name(call: &Call, members: &Members) -> String {
    bus_resource(call, text(members, "Name"))
}

pub fn bus_of_event(call: &Call, members: &Members) -> String {
    bus_resource(call, text(members, "EventBusName"))
}

pub fn bus_of_rules(call: &Call, members: &Members) -> String {
    rule_resource(call, text(members, "EventBusName"), None)
}

pub fn rule_by_name(call: &Call, members: &Members) -> String {
    rule_resource(call, text(members, "EventBusName"), text(members, "Name"))
}

pub fn rule_of_targets(call: &Call, members: &Members) -> String {
    rule_resource(call, text(members, "EventBusName"), text(members, "Rule"))
}

pub fn archive_by_name(call: &Call, members: &Members) -> String {
    call.arn("events", format_args!("archive/{}", text(members, "ArchiveName").unwrap_or("*")))
}

pub fn replay_by_name(call: &Call, members: &Members) -> String {
    call.arn("events", format_args!("replay/{}", text(members, "ReplayName").unwrap_or("*")))
}

pub fn tagged(_: &Call, members: &Members) -> String {
    text(members, "ResourceARN").unwrap_or("*").to_owned()
}
