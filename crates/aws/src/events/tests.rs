//! What clients of EventBridge see: documents to operations, and what comes back.

use serde_json::{Value, json};

use crate::wire::Wire;

/// Calls one after the other; an answer is its document, or for an error `STATUS CODE: TEXT`.
async fn check(cases: &[(&str, Value, Value)]) {
    let wire = Wire::new().await;
    for (operation, input, wanted) in cases {
        let (status, said) = wire.call("events", &format!("AWSEvents.{operation}"), input.clone()).await;
        let said = match (status, said["__type"].as_str()) {
            (200, _) => said,
            (_, kind) => {
                json!(format!("{status} {}: {}", kind.unwrap_or("?"), said["message"].as_str().unwrap_or("?")))
            }
        };
        assert_eq!(said, *wanted, "{operation} {input}");
    }
}

const PREFIX: &str = "arn:aws:events:eu-central-1:000000000000";
const FUNCTION: &str = "arn:aws:lambda:eu-central-1:000000000000:function:f";

#[tokio::test]
async fn buses_are_made_described_and_deleted() {
    let arn = format!("{PREFIX}:event-bus/orders");
    check(&[
        (
            "CreateEventBus",
            json!({"Name": "orders", "Description": "d"}),
            json!({"EventBusArn": arn, "Description": "d"}),
        ),
        (
            "CreateEventBus",
            json!({"Name": "orders"}),
            json!("400 ResourceAlreadyExistsException: Event bus orders already exists."),
        ),
        (
            "CreateEventBus",
            json!({"Name": "a/b"}),
            json!("400 ValidationException: Event bus name must not contain '/'."),
        ),
        (
            "DescribeEventBus",
            json!({"Name": arn}),
            json!({"Name": "orders", "Arn": arn, "Description": "d", "CreationTime": 0.0, "LastModifiedTime": 0.0}),
        ),
        ("DescribeEventBus", json!({}), json!({"Name": "default", "Arn": format!("{PREFIX}:event-bus/default")})),
        (
            "DescribeEventBus",
            json!({"Name": "no"}),
            json!("400 ResourceNotFoundException: Event bus no does not exist."),
        ),
        (
            "ListEventBuses",
            json!({"Limit": 1, "NamePrefix": "d"}),
            json!({"EventBuses": [{"Name": "default", "Arn": format!("{PREFIX}:event-bus/default")}]}),
        ),
        (
            "DeleteEventBus",
            json!({"Name": "default"}),
            json!("400 ValidationException: Cannot delete event bus default."),
        ),
        ("DeleteEventBus", json!({"Name": "orders"}), json!({})),
        ("DeleteEventBus", json!({"Name": "orders"}), json!({})),
    ])
    .await;
}

#[tokio::test]
async fn rules_are_put_listed_and_switched() {
    let pattern = r#"{"source":["a"]}"#;
    let rule = |state: &str| {
        json!({
            "Name": "r", "Arn": format!("{PREFIX}:rule/r"), "EventPattern": pattern, "State": state,
            "EventBusName": "default"
        })
    };
    let described = |state: &str| {
        let mut rule = rule(state);
        rule["CreatedBy"] = json!("000000000000");
        rule
    };
    check(&[
        ("PutRule", json!({"Name": "r", "EventPattern": pattern}), json!({"RuleArn": format!("{PREFIX}:rule/r")})),
        (
            "PutRule",
            json!({"Name": "r"}),
            json!("400 ValidationException: Parameter(s) EventPattern or ScheduleExpression must be specified."),
        ),
        (
            "PutRule",
            json!({"Name": "r", "ScheduleExpression": "rate(1 minutes)"}),
            json!("400 ValidationException: Parameter ScheduleExpression is not valid."),
        ),
        (
            "PutRule",
            json!({"Name": "r", "EventPattern": "{\"source\":\"a\"}"}),
            json!(
                "400 InvalidEventPatternException: Event pattern is not valid. Reason: \"source\" must be an object or an array\n at [Source: (String)\"{\"source\":\"a\"}\"; line: 1, column: 12]"
            ),
        ),
        (
            "PutRule",
            json!({"Name": "r", "EventPattern": pattern, "EventBusName": "no"}),
            json!("400 ResourceNotFoundException: Event bus no does not exist."),
        ),
        (
            "PutRule",
            json!({"Name": "r r", "EventPattern": pattern}),
            json!(
                "400 ValidationException: 1 validation error detected: Value 'r r' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
            ),
        ),
        ("DescribeRule", json!({"Name": "r"}), described("ENABLED")),
        ("DisableRule", json!({"Name": "r"}), json!({})),
        ("DescribeRule", json!({"Name": "r"}), described("DISABLED")),
        ("EnableRule", json!({"Name": "r", "EventBusName": "default"}), json!({})),
        ("ListRules", json!({"NamePrefix": "r"}), json!({"Rules": [rule("ENABLED")]})),
        (
            "DescribeRule",
            json!({"Name": "no"}),
            json!("400 ResourceNotFoundException: Rule no does not exist on EventBus default."),
        ),
        ("DeleteRule", json!({"Name": "r"}), json!({})),
        ("DeleteRule", json!({"Name": "r"}), json!({})),
        ("ListRules", json!({}), json!({"Rules": []})),
    ])
    .await;
}

#[tokio::test]
async fn targets_are_put_listed_and_removed() {
    let target = json!({
        "Id": "1", "Arn": FUNCTION, "RoleArn": "arn:aws:iam::000000000000:role/r",
        "InputTransformer": {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": "{\"n\": <n>}"},
        "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-central-1:000000000000:dead"},
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60}
    });
    let many: Vec<Value> = (0..6).map(|n| json!({"Id": format!("t{n}"), "Arn": FUNCTION})).collect();
    let with = |target: Value| json!({"Rule": "r", "Targets": [target]});
    check(&[
        (
            "PutTargets",
            with(target.clone()),
            json!("400 ResourceNotFoundException: Rule r does not exist on EventBus default."),
        ),
        (
            "PutRule",
            json!({"Name": "r", "ScheduleExpression": "rate(5 minutes)"}),
            json!({"RuleArn": format!("{PREFIX}:rule/r")}),
        ),
        ("PutTargets", with(target.clone()), json!({"FailedEntryCount": 0, "FailedEntries": []})),
        ("ListTargetsByRule", json!({"Rule": "r"}), json!({"Targets": [target]})),
        ("ListRuleNamesByTarget", json!({"TargetArn": FUNCTION}), json!({"RuleNames": ["r"]})),
        (
            "PutTargets",
            json!({"Rule": "r", "Targets": many}),
            json!("400 LimitExceededException: The requested resource exceeds the maximum number allowed."),
        ),
        (
            "PutTargets",
            with(json!({"Id": "2", "Arn": "nothing"})),
            json!("400 ValidationException: Parameter nothing is not valid. Reason: Provided Arn is not in correct format."),
        ),
        (
            "PutTargets",
            with(json!({"Id": "2", "Arn": "arn:aws:sqs:eu-central-1:000000000000:jobs.fifo"})),
            json!("400 ValidationException: Parameter(s) SqsParameters must be specified for target: 2."),
        ),
        (
            "PutTargets",
            with(json!({"Id": "2", "Arn": FUNCTION, "InputTransformer": {"InputTemplate": "<x>"}})),
            json!("400 ValidationException: InputTemplate for target 2 contains invalid placeholder x."),
        ),
        ("DeleteRule", json!({"Name": "r"}), json!("400 ValidationException: Rule can't be deleted since it has targets.")),
        (
            "RemoveTargets",
            json!({"Rule": "r", "Ids": ["1", "9"]}),
            json!({"FailedEntryCount": 1, "FailedEntries": [{
                "TargetId": "9", "ErrorCode": "ResourceNotFoundException",
                "ErrorMessage": "Rule r does not have a target with the Id 9."
            }]}),
        ),
        ("ListTargetsByRule", json!({"Rule": "r"}), json!({"Targets": []})),
    ])
    .await;
}

#[tokio::test]
async fn patterns_are_tested_against_events() {
    let event = json!({
        "id": "1", "account": "1", "source": "a", "time": "t", "region": "r", "detail-type": "d", "detail": {"n": 5}
    });
    let with = |pattern: &str, event: &Value| json!({"EventPattern": pattern, "Event": event.to_string()});
    check(&[
        ("TestEventPattern", with(r#"{"detail":{"n":[5]}}"#, &event), json!({"Result": true})),
        ("TestEventPattern", with(r#"{"detail":{"n":[6]}}"#, &event), json!({"Result": false})),
        (
            "TestEventPattern",
            with("[]", &event),
            json!(
                "400 InvalidEventPatternException: Event pattern is not valid. Reason: Filter is not an object\n at [Source: (String)\"[]\"; line: 1, column: 2]"
            ),
        ),
        ("TestEventPattern", with("{}", &json!({})), json!("400 ValidationException: Parameter Event is not valid.")),
    ])
    .await;
}

#[tokio::test]
async fn tags_and_permissions_are_kept() {
    let rule = format!("{PREFIX}:rule/r");
    let bus = format!("{PREFIX}:event-bus/default");
    let statement = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"s","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111111111111:root"}},"Action":"events:PutEvents","Resource":"{bus}"}}]}}"#
    );
    let permission = |action: &str| json!({"Action": action, "Principal": "111111111111", "StatementId": "s"});
    check(&[
        (
            "PutRule",
            json!({"Name": "r", "ScheduleExpression": "rate(1 day)", "Tags": [{"Key": "a", "Value": "1"}]}),
            json!({"RuleArn": rule}),
        ),
        ("TagResource", json!({"ResourceARN": rule, "Tags": [{"Key": "b", "Value": "2"}]}), json!({})),
        ("UntagResource", json!({"ResourceARN": rule, "TagKeys": ["a"]}), json!({})),
        ("ListTagsForResource", json!({"ResourceARN": rule}), json!({"Tags": [{"Key": "b", "Value": "2"}]})),
        (
            "ListTagsForResource",
            json!({"ResourceARN": "arn:aws:events:eu-central-1:000000000000:nothing/x"}),
            json!(
                "400 ValidationException: Parameter arn:aws:events:eu-central-1:000000000000:nothing/x is not valid. Reason: Provided Arn is not in correct format."
            ),
        ),
        (
            "RemovePermission",
            json!({"StatementId": "s"}),
            json!("400 ResourceNotFoundException: EventBus does not have a policy."),
        ),
        (
            "PutPermission",
            permission("events:PutRule"),
            json!("400 ValidationException: Provided value in parameter 'action' is not supported."),
        ),
        ("PutPermission", permission("events:PutEvents"), json!({})),
        (
            "DescribeEventBus",
            json!({}),
            json!({"Name": "default", "Arn": bus, "Policy": statement, "LastModifiedTime": 0.0}),
        ),
        (
            "RemovePermission",
            json!({"StatementId": "t"}),
            json!("400 ResourceNotFoundException: Statement with the provided id does not exist."),
        ),
        ("RemovePermission", json!({"StatementId": "s"}), json!({})),
        ("PutPermission", json!({"Policy": "{"}), json!("400 ValidationException: This policy contains invalid Json")),
        ("PutPermission", json!({"Policy": statement}), json!({})),
        ("RemovePermission", json!({"RemoveAllPermissions": true}), json!({})),
    ])
    .await;
}

#[tokio::test]
async fn entries_are_taken_or_refused_one_by_one() {
    let entry =
        |source: &str, kind: &str, detail: &str| json!({"Source": source, "DetailType": kind, "Detail": detail});
    let refused = |code: &str, text: &str| json!({"ErrorCode": code, "ErrorMessage": text});
    let wire = Wire::new().await;
    let entries = [
        entry("a", "t", "{}"),
        entry("", "t", "{}"),
        entry("a", "", "{}"),
        entry("a", "t", ""),
        entry("a", "t", "[]"),
        entry("a", "t", "{"),
        entry("aws.ec2", "t", "{}"),
    ];
    let (status, mut said) = wire.call("events", "AWSEvents.PutEvents", json!({"Entries": entries})).await;
    let id = said["Entries"][0]["EventId"].take();
    assert_eq!(id.as_str().map(str::len), Some(36), "{said}");
    let wanted = json!({"FailedEntryCount": 6, "Entries": [
        {"EventId": null},
        refused("InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        refused("InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."),
        refused("InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."),
        refused("MalformedDetail", "Detail is malformed."),
        refused("MalformedDetail", "Detail is malformed."),
        refused("NotAuthorizedForSourceException", "Not authorized for the source."),
    ]});
    assert_eq!((status, said), (200, wanted));
}

#[tokio::test]
async fn a_request_holds_a_mebibyte_of_events() {
    let wire = Wire::new().await;
    for (bytes, wanted) in [(1_048_576, 200), (1_048_577, 400)] {
        let detail = format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 2 - 8));
        let entry = json!({"Source": "a", "DetailType": "t", "Detail": detail});
        let (status, said) = wire.call("events", "AWSEvents.PutEvents", json!({"Entries": [entry]})).await;
        assert_eq!(status, wanted, "{said}");
    }
}
