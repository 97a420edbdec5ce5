//! Operations on rules.

use services::bus::rule::{self, Rule, Settings, State};
use services::bus::{BusName, RuleName};

use super::name;
use super::refusal::{bad_token, refuse};
use super::tag::tags_of;
use crate::call::Call;
use crate::error::Error;
use crate::page;
use crate::shapes::events as shapes;

const WITH_READS: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

pub async fn put(call: Call, input: shapes::PutRuleRequest) -> Result<shapes::PutRuleResponse, Error> {
    let id = name::rule(&call, input.event_bus_name.as_deref(), &input.name)?;
    let tags = tags_of(input.tags.as_deref().unwrap_or_default())?;
    let settings = Settings {
        pattern: input.event_pattern.filter(|pattern| !pattern.is_empty()),
        schedule: input.schedule_expression.filter(|schedule| !schedule.is_empty()),
        state: state(input.state.as_deref()),
        description: input.description,
        role: input.role_arn,
    };
    let arn = name::rule_arn(&call, &id.bus.name, &id.name);
    call.services.transact(|tx| rule::put(tx, &id, &arn, &settings, &tags)).await.map_err(refuse)?;
    Ok(shapes::PutRuleResponse { rule_arn: Some(arn) })
}

pub async fn delete(call: Call, input: shapes::DeleteRuleRequest) -> Result<(), Error> {
    let id = name::rule(&call, input.event_bus_name.as_deref(), &input.name)?;
    call.services.transact(|tx| rule::delete(tx, &id)).await.map_err(refuse)
}

pub async fn describe(call: Call, input: shapes::DescribeRuleRequest) -> Result<shapes::DescribeRuleResponse, Error> {
    let id = name::rule(&call, input.event_bus_name.as_deref(), &input.name)?;
    let Rule { arn, settings, .. } = call.services.store().read(|read| rule::get(read, &id)).map_err(refuse)?;
    Ok(shapes::DescribeRuleResponse {
        name: Some(id.name.to_string()),
        arn: Some(arn),
        event_pattern: settings.pattern,
        schedule_expression: settings.schedule,
        state: Some(shown(settings.state)),
        description: settings.description,
        role_arn: settings.role,
        managed_by: None,
        event_bus_name: Some(id.bus.name.to_string()),
        created_by: Some(call.account.to_string()),
    })
}

pub async fn list(call: Call, input: shapes::ListRulesRequest) -> Result<shapes::ListRulesResponse, Error> {
    let (size, after) = (page::size(input.limit), page::after(input.next_token.as_deref()).map_err(bad_token)?);
    let bus = name::bus(&call, input.event_bus_name.as_deref())?;
    let after = after.and_then(|after| RuleName::parse(&after).ok());
    let prefix = input.name_prefix.as_deref().unwrap_or_default();
    let found = call.services.store().read(|read| rule::list(read, &bus, prefix, after.as_ref(), size + 1));
    let (rules, next_token) = page::cut(found.map_err(refuse)?, size, |(name, _)| name.to_string());
    let rules = rules.into_iter().map(|(name, rule)| listed(&bus.name, &name, rule)).collect();
    Ok(shapes::ListRulesResponse { rules: Some(rules), next_token })
}

pub async fn enable(call: Call, input: shapes::EnableRuleRequest) -> Result<(), Error> {
    let id = name::rule(&call, input.event_bus_name.as_deref(), &input.name)?;
    call.services.transact(|tx| rule::set_state(tx, &id, State::Enabled)).await.map_err(refuse)
}

pub async fn disable(call: Call, input: shapes::DisableRuleRequest) -> Result<(), Error> {
    let id = name::rule(&call, input.event_bus_name.as_deref(), &input.name)?;
    call.services.transact(|tx| rule::set_state(tx, &id, State::Disabled)).await.map_err(refuse)
}

fn listed(bus: &BusName, name: &RuleName, rule: Rule) -> shapes::Rule {
    let Rule { arn, settings, .. } = rule;
    shapes::Rule {
        name: Some(name.to_string()),
        arn: Some(arn),
        event_pattern: settings.pattern,
        state: Some(shown(settings.state)),
        description: settings.description,
        schedule_expression: settings.schedule,
        role_arn: settings.role,
        managed_by: None,
        event_bus_name: Some(bus.to_string()),
    }
}

fn state(text: Option<&str>) -> State {
    match text {
        Some("DISABLED") => State::Disabled,
        Some(WITH_READS) => State::EnabledWithReads,
        Some(_) | None => State::Enabled,
    }
}

fn shown(state: State) -> String {
    match state {
        State::Enabled => "ENABLED",
        State::Disabled => "DISABLED",
        State::EnabledWithReads => WITH_READS,
    }
    .to_owned()
}
