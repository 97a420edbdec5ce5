"""Buses, rules, targets, permissions, tags and patterns with boto3."""

import itertools
import json
import os

from nought import ACCOUNT, REGION, client, refused

EVENTS = client("events")
_numbers = itertools.count(1)
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
PATTERN = json.dumps({"source": ["my.app"]})
MISSING, INVALID = "ResourceNotFoundException", "ValidationException"


def fresh(prefix):
    return f"{prefix}{os.getpid()}-{next(_numbers)}"


def bus(**settings):
    name = fresh("bus")
    EVENTS.create_event_bus(Name=name, **settings)
    return name


def test_a_bus_is_made_described_changed_and_deleted():
    name = bus(Description="one", Tags=[{"Key": "k", "Value": "v"}])
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{name}"
    described = EVENTS.describe_event_bus(Name=name)
    assert (described["Arn"], described["Description"]) == (arn, "one") and described["CreationTime"]
    with refused("ResourceAlreadyExistsException", 400, f"Event bus {name} already exists."):
        EVENTS.create_event_bus(Name=name)
    assert EVENTS.update_event_bus(Name=name, Description="two")["Description"] == "two"
    assert EVENTS.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    EVENTS.put_rule(Name="r", EventBusName=name, EventPattern=PATTERN)
    with refused(INVALID, 400):
        EVENTS.delete_event_bus(Name=name)
    EVENTS.delete_rule(Name="r", EventBusName=name)
    EVENTS.delete_event_bus(Name=name)
    EVENTS.delete_event_bus(Name=name)
    with refused(MISSING, 400, f"Event bus {name} does not exist."):
        EVENTS.describe_event_bus(Name=name)
    with refused(INVALID, 400, "Cannot delete event bus default."):
        EVENTS.delete_event_bus(Name="default")


def test_buses_are_listed_by_page_and_the_default_is_one_of_them():
    prefix = fresh("page")
    for letter in "abc":
        EVENTS.create_event_bus(Name=f"{prefix}{letter}")
    first = EVENTS.list_event_buses(NamePrefix=prefix, Limit=2)
    rest = EVENTS.list_event_buses(NamePrefix=prefix, Limit=2, NextToken=first["NextToken"])
    assert [one["Name"][-1] for one in first["EventBuses"] + rest["EventBuses"]] == ["a", "b", "c"]
    assert "NextToken" not in rest
    assert [one["Name"] for one in EVENTS.list_event_buses(NamePrefix="default")["EventBuses"]] == ["default"]


def test_a_rule_is_put_described_listed_and_deleted():
    on, name = bus(), fresh("rule")
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{on}/{name}"
    made = EVENTS.put_rule(Name=name, EventBusName=on, EventPattern=PATTERN, Description="d", State="DISABLED")
    assert made["RuleArn"] == arn
    described = EVENTS.describe_rule(Name=name, EventBusName=on)
    del described["ResponseMetadata"]
    assert described == {
        "Name": name,
        "Arn": arn,
        "EventPattern": PATTERN,
        "State": "DISABLED",
        "Description": "d",
        "EventBusName": on,
        "CreatedBy": ACCOUNT,
    }
    EVENTS.enable_rule(Name=name, EventBusName=on)
    (listed,) = EVENTS.list_rules(EventBusName=on)["Rules"]
    assert listed["State"] == "ENABLED" and listed["Arn"] == arn
    EVENTS.put_targets(Rule=name, EventBusName=on, Targets=[{"Id": "1", "Arn": QUEUE}])
    assert EVENTS.list_rule_names_by_target(TargetArn=QUEUE, EventBusName=on)["RuleNames"] == [name]
    with refused(INVALID, 400, "Rule can't be deleted since it has targets."):
        EVENTS.delete_rule(Name=name, EventBusName=on)
    removed = EVENTS.remove_targets(Rule=name, EventBusName=on, Ids=["1", "2"])
    assert removed["FailedEntryCount"] == 1 and removed["FailedEntries"][0]["TargetId"] == "2"
    EVENTS.delete_rule(Name=name, EventBusName=on)
    EVENTS.delete_rule(Name=name, EventBusName=on)
    with refused(MISSING, 400, f"Rule {name} does not exist on EventBus {on}."):
        EVENTS.describe_rule(Name=name, EventBusName=on)


def test_a_rule_that_cannot_be_is_refused_in_the_services_words():
    on = bus()
    cases = [
        ({}, INVALID, "Parameter(s) EventPattern or ScheduleExpression must be specified."),
        ({"EventPattern": "{"}, "InvalidEventPatternException", "Event pattern is not valid. Reason: "),
        ({"EventPattern": '{"a": 1}'}, "InvalidEventPatternException", "Event pattern is not valid. Reason: "),
        ({"ScheduleExpression": "rate(1 minute)"}, INVALID, "ScheduleExpression is supported only on the default event bus."),
    ]
    for arguments, code, text in cases:
        with refused(code, 400, text):
            EVENTS.put_rule(Name="r", EventBusName=on, **arguments)
    for schedule in ["rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "cron(* * * * *)", "cron(* * * * * *)", "x"]:
        with refused(INVALID, 400, "Parameter ScheduleExpression is not valid."):
            EVENTS.put_rule(Name="r", ScheduleExpression=schedule)
    with refused(MISSING, 400):
        EVENTS.put_rule(Name="r", EventBusName="absent", EventPattern=PATTERN)
    with refused(MISSING, 400):
        EVENTS.put_targets(Rule="absent", EventBusName=on, Targets=[{"Id": "1", "Arn": QUEUE}])


def test_targets_come_back_as_they_were_given():
    on, name = bus(), fresh("rule")
    EVENTS.put_rule(Name=name, EventBusName=on, EventPattern=PATTERN)
    targets = [
        {
            "Id": "a",
            "Arn": QUEUE,
            "InputPath": "$.detail",
            "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60},
            "DeadLetterConfig": {"Arn": QUEUE},
        },
        {"Id": "b", "Arn": QUEUE + ".fifo", "SqsParameters": {"MessageGroupId": "g"}, "Input": "1"},
    ]
    EVENTS.put_targets(Rule=name, EventBusName=on, Targets=targets)
    assert EVENTS.list_targets_by_rule(Rule=name, EventBusName=on)["Targets"] == targets
    first = EVENTS.list_targets_by_rule(Rule=name, EventBusName=on, Limit=1)
    rest = EVENTS.list_targets_by_rule(Rule=name, EventBusName=on, Limit=1, NextToken=first["NextToken"])
    assert first["Targets"] + rest["Targets"] == targets
    with refused("LimitExceededException", 400):
        more = [{"Id": str(number), "Arn": QUEUE} for number in range(4)]
        EVENTS.put_targets(Rule=name, EventBusName=on, Targets=more)
    for bad in [{"Input": "{"}, {"InputPath": "detail"}, {"Input": "1", "InputPath": "$"}, {"Arn": "q"}]:
        with refused(INVALID, 400):
            EVENTS.put_targets(Rule=name, EventBusName=on, Targets=[{"Id": "x", "Arn": QUEUE, **bad}])


def test_a_permission_is_a_statement_of_the_policy():
    on = bus()
    EVENTS.put_permission(EventBusName=on, Action="events:PutEvents", Principal="111122223333", StatementId="s")
    (statement,) = json.loads(EVENTS.describe_event_bus(Name=on)["Policy"])["Statement"]
    assert statement["Sid"] == "s" and statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    EVENTS.remove_permission(EventBusName=on, StatementId="s")
    assert "Policy" not in EVENTS.describe_event_bus(Name=on)
    with refused(MISSING, 400):
        EVENTS.remove_permission(EventBusName=on, StatementId="s")


def test_a_pattern_is_tested_against_an_event():
    event = {
        "id": "1",
        "account": ACCOUNT,
        "source": "my.app",
        "time": "2026-01-01T00:00:00Z",
        "region": REGION,
        "resources": ["arn:one"],
        "detail-type": "t",
        "detail": {"name": "file.PNG", "size": 7, "ip": "10.1.2.3", "tags": ["a", "b"], "none": None},
    }
    cases = [
        ({"source": ["my.app"]}, True),
        ({"source": [{"prefix": "my."}]}, True),
        ({"source": [{"prefix": {"equals-ignore-case": "MY."}}]}, True),
        ({"detail": {"name": [{"suffix": ".PNG"}]}}, True),
        ({"detail": {"name": [{"suffix": {"equals-ignore-case": ".png"}}]}}, True),
        ({"detail": {"name": [{"equals-ignore-case": "FILE.png"}]}}, True),
        ({"detail": {"name": [{"wildcard": "f*.P*"}]}}, True),
        ({"detail": {"name": [{"anything-but": "file.PNG"}]}}, False),
        ({"detail": {"name": [{"anything-but": {"prefix": "x"}}]}}, True),
        ({"detail": {"name": [{"anything-but": {"wildcard": "*.PNG"}}]}}, False),
        ({"detail": {"size": [{"numeric": [">", 5, "<=", 7]}]}}, True),
        ({"detail": {"size": [{"numeric": ["=", 8]}]}}, False),
        ({"detail": {"ip": [{"cidr": "10.0.0.0/8"}]}}, True),
        ({"detail": {"tags": ["b"]}}, True),
        ({"detail": {"none": [None]}}, True),
        ({"detail": {"absent": [{"exists": False}]}}, True),
        ({"$or": [{"source": ["other"]}, {"detail": {"size": [7]}}]}, True),
        ({"$or": [{"source": ["other"]}, {"detail": {"size": [8]}}]}, False),
    ]
    for pattern, wanted in cases:
        answer = EVENTS.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))
        assert answer["Result"] is wanted, pattern
    with refused("InvalidEventPatternException", 400):
        EVENTS.test_event_pattern(EventPattern="{", Event=json.dumps(event))
    with refused(INVALID, 400):
        EVENTS.test_event_pattern(EventPattern=PATTERN, Event="{}")


def test_tags_of_a_rule_change():
    name = fresh("rule")
    arn = EVENTS.put_rule(Name=name, EventPattern=PATTERN, Tags=[{"Key": "a", "Value": "1"}])["RuleArn"]
    EVENTS.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    EVENTS.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert EVENTS.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    EVENTS.delete_rule(Name=name)


def test_what_is_not_there_says_so():
    with refused("NotImplementedException"):
        EVENTS.create_connection(Name="c", AuthorizationType="BASIC", AuthParameters={})
    with refused("NotImplementedException"):
        EVENTS.list_api_destinations()
