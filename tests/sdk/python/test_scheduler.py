"""EventBridge Scheduler with boto3: schedules and groups, and what fires."""

import datetime
import itertools
import json
import os
import time

from nought import ACCOUNT, REGION, ROLE, arn as function_arn, client, python, queue_arn, refused

SCHEDULER, SQS, EVENTS, LOGS = client("scheduler"), client("sqs"), client("events"), client("logs")
_numbers = itertools.count(1)
OFF = {"Mode": "OFF"}
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
MISSING, CONFLICT, INVALID = "ResourceNotFoundException", "ConflictException", "ValidationException"


def fresh(prefix, suffix=""):
    return f"{prefix}{os.getpid()}-{next(_numbers)}{suffix}"


def queue(suffix="", **attributes):
    return SQS.create_queue(QueueName=fresh("sch", suffix), Attributes=attributes)["QueueUrl"]


def target(arn=QUEUE, **more):
    return {"Arn": arn, "RoleArn": ROLE, **more}


def create(name=None, expression="rate(1 hour)", to=None, **more):
    name = name or fresh("s")
    arguments = {"FlexibleTimeWindow": OFF, **more}
    made = SCHEDULER.create_schedule(Name=name, ScheduleExpression=expression, Target=to or target(), **arguments)
    group = more.get("GroupName", "default")
    assert made["ScheduleArn"] == f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{group}/{name}"
    return name


def soon(seconds=1):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def message(url, seconds=10):
    found = SQS.receive_message(
        QueueUrl=url, WaitTimeSeconds=seconds, MessageAttributeNames=["All"], AttributeNames=["All"]
    ).get("Messages", [])
    for one in found:
        SQS.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return found[0] if found else None


def gone(name, **more):
    try:
        SCHEDULER.get_schedule(Name=name, **more)
    except SCHEDULER.exceptions.ResourceNotFoundException:
        return True
    return False


def test_a_schedule_is_made_described_changed_and_deleted():
    name = create(Description="d", ScheduleExpressionTimezone="Europe/Berlin", to=target(Input="hello"))
    got = SCHEDULER.get_schedule(Name=name)
    assert abs(got.pop("CreationDate").timestamp() - time.time()) < 10 and got.pop("LastModificationDate")
    del got["ResponseMetadata"]
    assert got == {
        "Arn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}",
        "GroupName": "default",
        "Name": name,
        "ScheduleExpression": "rate(1 hour)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "State": "ENABLED",
        "Description": "d",
        "FlexibleTimeWindow": OFF,
        "ActionAfterCompletion": "NONE",
        "Target": {
            "Arn": QUEUE,
            "RoleArn": ROLE,
            "Input": "hello",
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185},
        },
    }
    SCHEDULER.update_schedule(
        Name=name,
        ScheduleExpression="cron(0 9 ? * MON-FRI *)",
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
        Target=target(),
        State="DISABLED",
    )
    got = SCHEDULER.get_schedule(Name=name)
    assert got["State"] == "DISABLED" and "Description" not in got and got["ScheduleExpressionTimezone"] == "UTC"
    assert got["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}
    SCHEDULER.delete_schedule(Name=name)
    for call in [SCHEDULER.get_schedule, SCHEDULER.delete_schedule]:
        with refused(MISSING, 404, f"Schedule {name} does not exist."):
            call(Name=name)
    with refused(MISSING, 404):
        SCHEDULER.update_schedule(Name=name, ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target=target())


def test_a_token_makes_a_schedule_once():
    name = create(ClientToken="one")
    create(name, ClientToken="one")
    with refused(CONFLICT, 409, f"Schedule {name} already exists."):
        create(name, ClientToken="two")


def test_what_cannot_be_is_refused():
    for expression in ["rate(0 hours)", "rate(1 fortnight)", "cron(* * * * * *)", "at(2030-01-01)", "tomorrow"]:
        with refused(INVALID, 400, f"Invalid Schedule Expression {expression}."):
            create(expression=expression)
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    with refused(INVALID, 400, "The StartDate you specify cannot be earlier than 5 minutes ago."):
        create(StartDate=past)
    bad = [
        {"ScheduleExpressionTimezone": "Mars/Olympus"},
        {"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}},
        {"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}},
        {"FlexibleTimeWindow": {"Mode": "SOMETIMES"}},
        {"EndDate": past},
        {"State": "MAYBE"},
        {"to": target("nowhere")},
        {"to": target(RoleArn="role")},
        {"to": target(f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default")},
        {"to": target(QUEUE + ".fifo")},
        {"to": target(RetryPolicy={"MaximumRetryAttempts": 186})},
        {"name": "a b"},
    ]
    for arguments in bad:
        with refused(INVALID, 400):
            create(**arguments)
    with refused(MISSING, 404, "Schedule group absent does not exist."):
        create(GroupName="absent")


def test_a_group_is_made_tagged_and_deleted_with_its_schedules():
    group = fresh("g")
    made = SCHEDULER.create_schedule_group(Name=group, Tags=[{"Key": "a", "Value": "1"}])
    arn = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{group}"
    assert made["ScheduleGroupArn"] == arn
    got = SCHEDULER.get_schedule_group(Name=group)
    assert (got["Name"], got["Arn"], got["State"]) == (group, arn, "ACTIVE") and got["CreationDate"]
    with refused(CONFLICT, 409, f"Schedule group {group} already exists."):
        SCHEDULER.create_schedule_group(Name=group)
    SCHEDULER.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    SCHEDULER.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert SCHEDULER.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    name = create(GroupName=group)
    SCHEDULER.delete_schedule_group(Name=group)
    with refused(MISSING, 404, f"Schedule group {group} does not exist."):
        SCHEDULER.get_schedule_group(Name=group)
    with refused(MISSING, 404):
        SCHEDULER.get_schedule(Name=name, GroupName=group)
    with refused(INVALID, 400):
        SCHEDULER.delete_schedule_group(Name="default")


def test_groups_and_schedules_are_listed_by_page():
    group = fresh("list")
    for letter in "abc":
        SCHEDULER.create_schedule_group(Name=group + letter)
        create(letter + "1", GroupName=group + "a")
    create("a2", GroupName=group + "a", State="DISABLED")
    create("a1", GroupName=group + "b")
    first = SCHEDULER.list_schedule_groups(NamePrefix=group, MaxResults=2)
    rest = SCHEDULER.list_schedule_groups(NamePrefix=group, MaxResults=2, NextToken=first["NextToken"])
    assert [one["Name"][-1] for one in first["ScheduleGroups"] + rest["ScheduleGroups"]] == ["a", "b", "c"]
    assert "default" in [one["Name"] for one in SCHEDULER.list_schedule_groups()["ScheduleGroups"]]

    def names(**wanted):
        pages = SCHEDULER.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 2}, **wanted)
        return [one["Name"] for page in pages for one in page["Schedules"]]

    assert names(GroupName=group + "a") == ["a1", "a2", "b1", "c1"]
    assert names(GroupName=group + "a", NamePrefix="a") == ["a1", "a2"]
    assert names(GroupName=group + "a", State="DISABLED") == ["a2"]
    (one,) = SCHEDULER.list_schedules(GroupName=group + "b")["Schedules"]
    assert one["Target"] == {"Arn": QUEUE} and one["State"] == "ENABLED" and one["GroupName"] == group + "b"
    with refused(MISSING, 404):
        SCHEDULER.list_schedules(GroupName="absent")


def test_a_time_fires_once_and_the_schedule_goes():
    to = queue()
    text = '{"at": "<aws.scheduler.scheduled-time>", "arn": "<aws.scheduler.schedule-arn>"}'
    at = soon(2)
    name = create(
        expression=f"at({at})", to=target(queue_arn(to), Input=text), ActionAfterCompletion="DELETE"
    )
    found = message(to)
    assert json.loads(found["Body"]) == {
        "at": at + "Z",
        "arn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}",
    }
    due = datetime.datetime.fromisoformat(at + "+00:00").timestamp()
    assert 0 <= int(found["Attributes"]["SentTimestamp"]) / 1000 - due < 0.5
    assert gone(name) and message(to, 1) is None


def test_a_time_of_a_zone_is_a_time_there():
    to = queue()
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2, hours=9)
    expression = f"at({at.strftime('%Y-%m-%dT%H:%M:%S')})"
    name = create(expression=expression, to=target(queue_arn(to), Input="now"), ScheduleExpressionTimezone="Asia/Tokyo")
    assert message(to)["Body"] == "now"
    assert not gone(name)


def test_what_is_not_given_is_the_services_own_event():
    to = queue()
    name = create(expression=f"at({soon(1)})", to=target(queue_arn(to)))
    event = json.loads(message(to)["Body"])
    assert event["source"] == "aws.scheduler" and event["detail-type"] == "Scheduled Event" and event["detail"] == "{}"
    assert event["resources"] == [f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}"]


def test_a_fifo_queue_and_a_bus_and_a_function_are_targets():
    fifo = queue(".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    plain, function = queue(), python("def handler(event, context):\n    print('EVENT', event['n'])\n")
    bus = fresh("bus")
    bus_arn = EVENTS.create_event_bus(Name=bus)["EventBusArn"]
    EVENTS.put_rule(Name="r", EventBusName=bus, EventPattern=json.dumps({"source": ["my.clock"]}))
    EVENTS.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "1", "Arn": queue_arn(plain)}])
    head = {"DetailType": "tick", "Source": "my.clock"}
    at = f"at({soon(1)})"
    create(expression=at, to=target(queue_arn(fifo), Input="f", SqsParameters={"MessageGroupId": "g"}))
    create(expression=at, to=target(bus_arn, Input='{"n": 1}', EventBridgeParameters=head))
    create(expression=at, to=target(function_arn(function), Input='{"n": 7}'))
    found = message(fifo)
    assert found["Body"] == "f" and found["Attributes"]["MessageGroupId"] == "g"
    event = json.loads(message(plain)["Body"])
    assert event["detail"] == {"n": 1} and event["detail-type"] == "tick" and event["source"] == "my.clock"
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            events = LOGS.filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern="EVENT")["events"]
        except LOGS.exceptions.ResourceNotFoundException:
            events = []
        if events:
            break
        time.sleep(0.05)
    assert [event["message"].strip() for event in events] == ["EVENT 7"]


def test_a_universal_target_calls_what_it_names():
    to = queue()
    call = json.dumps({"QueueUrl": to, "MessageBody": "by the API"})
    create(expression=f"at({soon(1)})", to=target("arn:aws:scheduler:::aws-sdk:sqs:sendMessage", Input=call))
    assert message(to)["Body"] == "by the API"
    with refused(INVALID, 400, "Invalid RequestJson provided. Reason: "):
        create(to=target("arn:aws:scheduler:::aws-sdk:sqs:sendMessage", Input="{"))
    with refused("NotImplementedException"):
        create(to=target("arn:aws:scheduler:::aws-sdk:ec2:stopInstances", Input="{}"))


def test_what_the_target_does_not_get_is_a_dead_letter():
    gone_queue, dead = queue(), queue()
    to = target(queue_arn(gone_queue), Input="lost", DeadLetterConfig={"Arn": queue_arn(dead)})
    SQS.delete_queue(QueueUrl=gone_queue)
    name = create(expression=f"at({soon(1)})", to=to)
    letter = message(dead)
    facts = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert letter["Body"] == "lost" and facts["SCHEDULE_ARN"].endswith(f"schedule/default/{name}")
    assert facts["TARGET_ARN"] == to["Arn"] and facts["ERROR_CODE"] and facts["ERROR_MESSAGE"]


def test_a_schedule_that_is_off_does_not_fire_until_it_is_on():
    to = queue()
    name = create(expression=f"at({soon(1)})", to=target(queue_arn(to), Input="x"), State="DISABLED")
    assert message(to, 2) is None
    SCHEDULER.update_schedule(
        Name=name, ScheduleExpression=f"at({soon(1)})", FlexibleTimeWindow=OFF, Target=target(queue_arn(to), Input="y")
    )
    assert message(to)["Body"] == "y"


def test_a_rate_begins_with_its_start():
    to = queue()
    start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    name = create(expression="rate(1 minute)", to=target(queue_arn(to), Input="tick"), StartDate=start)
    assert message(to)["Body"] == "tick"
    SCHEDULER.delete_schedule(Name=name)
