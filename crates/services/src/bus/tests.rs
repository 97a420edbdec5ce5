//! Scripts through the rules, and what targets are sent.

use std::collections::BTreeMap;

use bytes::Bytes;
use store::{Store, Tx};

use super::input::{Firing, Input, Invalid};
use super::rule::{Place, Receiver, Settings, Target};
use super::{BusId, BusName, Error, RuleId, RuleName, rule};
use crate::function::Scope;
use crate::name::{AccountId, Region};

fn bus(name: &str) -> BusId {
    let region = Region::parse("eu-central-1").expect("a region");
    BusId { scope: Scope { account: AccountId::default(), region }, name: BusName::parse(name).expect("a name") }
}

fn rule(text: &str) -> RuleId {
    let (name, of) = text.split_once('@').unwrap_or((text, super::DEFAULT));
    RuleId { bus: bus(of), name: RuleName::parse(name).expect("a name") }
}

fn target(id: &str) -> Target {
    let place = Place { account: String::new(), region: String::new(), name: "jobs".to_owned() };
    Target {
        id: id.to_owned(),
        arn: "arn".to_owned(),
        receiver: Receiver::Queue(place),
        role: None,
        input: Input::Whole,
        group: None,
        partition_key_path: None,
        dead_letter: None,
        retry: None,
    }
}

/// One word for what to do, then its arguments.
fn step(tx: &mut Tx, line: &str) -> Result<String, Error> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let settings = |pattern: &str| match pattern {
        "-" => Settings::default(),
        _ if pattern.starts_with('{') => Settings { pattern: Some(pattern.to_owned()), ..Settings::default() },
        _ => Settings { schedule: Some(pattern.replace('_', " ")), ..Settings::default() },
    };
    let none = BTreeMap::new();
    match words[..] {
        ["create", name] => super::create(tx, &bus(name), &super::Settings::default(), &none)?,
        ["delete", name] => super::delete(tx, &bus(name))?,
        ["buses"] => {
            let all = super::list(tx, &bus("default").scope, "", None, 100)?;
            return Ok(all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" "));
        }
        ["put", name, pattern] => rule::put(tx, &rule(name), "arn", &settings(pattern), &none)?,
        ["drop", name] => rule::delete(tx, &rule(name))?,
        ["rules", name] => {
            let all = rule::list(tx, &bus(name), "", None, 100)?;
            let shown = all.iter().map(|(name, rule)| format!("{name}:{}", rule.targets.len()));
            return Ok(shown.collect::<Vec<_>>().join(" "));
        }
        ["add", name, ref ids @ ..] => {
            rule::put_targets(tx, &rule(name), &ids.iter().map(|id| target(id)).collect::<Vec<_>>())?;
        }
        ["remove", name, ref ids @ ..] => {
            let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            return Ok(rule::remove_targets(tx, &rule(name), &ids)?.join(" "));
        }
        ["with", arn] => {
            let names = rule::names_by_target(tx, &bus("default"), arn, None, 100)?;
            return Ok(names.iter().map(RuleName::as_str).collect::<Vec<_>>().join(" "));
        }
        _ => panic!("{line}"),
    }
    Ok("-".to_owned())
}

/// Runs each line in a transaction of its own and compares what it says, or its error.
async fn check(script: &[(&str, &str)]) {
    let store = Store::memory();
    for (line, wanted) in script {
        let said = store.transact(|tx| step(tx, line)).await;
        assert_eq!(said.unwrap_or_else(|error| error.to_string()), *wanted, "{line}");
    }
}

#[tokio::test]
async fn buses_come_and_go_but_the_default_stays() {
    check(&[
        ("buses", "default"),
        ("create orders", "-"),
        ("create orders", "there is a bus orders already"),
        ("create default", "there is a bus default already"),
        ("buses", "default orders"),
        ("put r@orders {\"a\":[1]}", "-"),
        ("delete orders", "the bus has rules"),
        ("drop r@orders", "-"),
        ("delete orders", "-"),
        ("delete orders", "-"),
        ("delete default", "the default bus stays"),
        ("rules orders", "there is no bus orders"),
    ])
    .await;
}

#[tokio::test]
async fn rules_have_a_pattern_or_a_schedule_that_parses() {
    check(&[
        ("create orders", "-"),
        ("put r {\"a\":[1]}", "-"),
        ("put r -", "a rule needs a pattern or a schedule"),
        ("put r rate(5_minutes)", "-"),
        ("put r rate(1_minute)", "-"),
        ("put r rate(1_minutes)", "the schedule is no expression"),
        ("put r rate(5_minute)", "the schedule is no expression"),
        ("put r at(2026-11-24T09:30:00)", "the schedule is no expression"),
        ("put r@orders rate(5_minutes)", "schedules are for the default bus"),
        ("put r@nowhere {\"a\":[1]}", "there is no bus nowhere"),
        ("rules default", "r:0"),
    ])
    .await;
}

#[tokio::test]
async fn a_rule_has_up_to_five_targets_and_is_not_dropped_with_any() {
    check(&[
        ("put r {\"a\":[1]}", "-"),
        ("add r 1 2 3 4 5", "-"),
        ("add r 6", "the limit of targets is reached"),
        ("add r 5", "-"),
        ("put r {\"a\":[2]}", "-"),
        ("rules default", "r:5"),
        ("with arn", "r"),
        ("with other", ""),
        ("drop r", "the rule has targets"),
        ("remove r 1 2 3 4 9", "9"),
        ("remove r 5", ""),
        ("drop r", "-"),
        ("drop r", "-"),
        ("add r 1", "there is no rule 000000000000/eu-central-1/default/r"),
    ])
    .await;
}

const EVENT: &str = r#"{"id":"1","detail-type":"t","time":"2026-11-24T09:30:00Z","detail":{"n":5,"text":"a \"b\"","list":[{"x":1},{"x":2}],"o":{"k":"v"}}}"#;

fn template(template: &str) -> Input {
    let paths = [
        ("n", "$.detail.n"),
        ("text", "$.detail.text"),
        ("xs", "$.detail.list[*].x"),
        ("second", "$.detail.list[1].x"),
        ("o", "$.detail.o"),
        ("type", "$['detail-type']"),
        ("none", "$.detail.none"),
    ];
    let paths = paths.into_iter().map(|(name, path)| (name.to_owned(), path.to_owned())).collect();
    Input::Template { paths, template: template.to_owned() }
}

#[test]
fn targets_are_sent_what_their_input_says() {
    for (input, wanted) in [
        (Input::Whole, EVENT),
        (Input::Constant(r#"{"a": 1}"#.to_owned()), r#"{"a": 1}"#),
        (Input::Path("$.detail.o".to_owned()), r#"{"k":"v"}"#),
        (Input::Path("$.detail.none".to_owned()), "null"),
        (template(r#"{"a": <n>, "b": <text>}"#), r#"{"a": 5, "b": "a \"b\""}"#),
        (template(r#"{"a": "<n> of <text>"}"#), r#"{"a": "5 of a \"b\""}"#),
        (template(r#"{"a": <xs>, "b": <second>}"#), r#"{"a": [1,2], "b": 2}"#),
        (template(r#"{"a": <o>, "b": "is <o>"}"#), r#"{"a": {"k":"v"}, "b": "is {k:v}"}"#),
        (template(r#"{"a": <none>, "b": "<none>"}"#), r#"{"a": "", "b": ""}"#),
        (template(r#""<type> in <aws.events.rule-name>""#), r#""t in r""#),
        (
            template(r#"{"a": <aws.events.rule-arn>, "t": <aws.events.event.ingestion-time>}"#),
            r#"{"a": "arn:r", "t": "T"}"#,
        ),
        (
            template(r#"{"e": <aws.events.event>}"#),
            r#"{"e": {"id":"1","detail-type":"t","time":"2026-11-24T09:30:00Z"}}"#,
        ),
        (template(r#"{"e": <aws.events.event.json>}"#), &format!("{{\"e\": {EVENT}}}")),
        (template(r#"{"a": "1 < 2 <> <n>"}"#), r#"{"a": "1 < 2 <> 5"}"#),
    ] {
        assert_eq!(input.check(), Ok(()), "{input:?}");
        let firing = Firing { rule_arn: "arn:r", rule_name: "r", received: "T" };
        let sent = input.render(&Bytes::from_static(EVENT.as_bytes()), &firing);
        assert_eq!(String::from_utf8_lossy(&sent), wanted, "{input:?}");
    }
}

#[test]
fn inputs_that_cannot_be_rendered_are_refused() {
    for (input, wanted) in [
        (Input::Constant("{".to_owned()), Invalid::NotJson),
        (Input::Path("detail".to_owned()), Invalid::BadPath("detail".to_owned())),
        (Input::Path("$.".to_owned()), Invalid::BadPath("$.".to_owned())),
        (template("<other>"), Invalid::UnknownPlaceholder("other".to_owned())),
        (template("[<aws.events.event.json>]"), Invalid::OnlyInObjects("aws.events.event.json".to_owned())),
    ] {
        assert_eq!(input.check(), Err(wanted), "{input:?}");
    }
}
