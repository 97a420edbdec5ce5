"""Events on buses with boto3: rules feed functions, queues and other buses."""

import datetime
import itertools
import json
import os
import time

import pytest
from nought import ACCOUNT, LAMBDA, REGION, arn as function_arn, client, python, queue_arn, refused, until

EVENTS, SQS, LOGS = client("events"), client("sqs"), client("logs")
_numbers = itertools.count(1)

TELLER = """
import json

def handler(event, context):
    print("EVENT " + json.dumps(event))
"""


def fresh(prefix, suffix=""):
    return f"{prefix}{os.getpid()}-{next(_numbers)}{suffix}"


def queue(suffix="", **attributes):
    return SQS.create_queue(QueueName=fresh("ev", suffix), Attributes=attributes)["QueueUrl"]


def bus():
    name = fresh("bus")
    assert EVENTS.create_event_bus(Name=name)["EventBusArn"] == f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{name}"
    return name


def rule(on, pattern, *targets, **more):
    name = fresh("rule")
    EVENTS.put_rule(Name=name, EventBusName=on, EventPattern=json.dumps(pattern), **more)
    listed = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    assert EVENTS.put_targets(Rule=name, EventBusName=on, Targets=listed)["FailedEntryCount"] == 0
    return name


def put(on, detail, source="my.app", kind="order", **more):
    entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": on, **more}
    answer = EVENTS.put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0, answer
    return answer["Entries"][0]["EventId"]


def message(url, seconds=10):
    found = SQS.receive_message(
        QueueUrl=url, WaitTimeSeconds=seconds, MessageAttributeNames=["All"], AttributeNames=["All"]
    ).get("Messages", [])
    for one in found:
        SQS.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return found[0] if found else None


def body(url, seconds=10):
    found = message(url, seconds)
    return found and found["Body"]


def test_an_event_reaches_a_queue_to_the_letter():
    on, to = bus(), queue()
    rule(on, {"source": ["my.app"]}, {"Arn": queue_arn(to)})
    at = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.timezone.utc)
    event_id = put(on, {"n": 1, "deep": {"list": [1.50, "ü"]}}, Time=at, Resources=["arn:one", "arn:two"])
    event = json.loads(body(to))
    assert event == {
        "version": "0",
        "id": event_id,
        "detail-type": "order",
        "source": "my.app",
        "account": ACCOUNT,
        "time": "2026-03-04T05:06:07Z",
        "region": REGION,
        "resources": ["arn:one", "arn:two"],
        "detail": {"n": 1, "deep": {"list": [1.5, "ü"]}},
    }


def test_only_matching_rules_that_are_enabled_fire():
    on, yes, no, off = bus(), queue(), queue(), queue()
    rule(on, {"detail": {"n": [{"numeric": [">", 5]}]}}, {"Arn": queue_arn(yes)})
    rule(on, {"detail": {"n": [{"numeric": ["<=", 5]}]}}, {"Arn": queue_arn(no)})
    disabled = rule(on, {"detail": {"n": [{"exists": True}]}}, {"Arn": queue_arn(off)}, State="DISABLED")
    put(on, {"n": 6})
    assert json.loads(body(yes))["detail"] == {"n": 6}
    assert body(no, 0) is None and body(off, 0) is None
    EVENTS.enable_rule(Name=disabled, EventBusName=on)
    put(on, {"n": 7})
    assert json.loads(body(off))["detail"] == {"n": 7}


def test_every_form_of_input_reaches_its_target():
    on = bus()
    template = {"InputPathsMap": {"n": "$.detail.n", "who": "$.detail.who"}, "InputTemplate": '{"n": <n>, "text": "for <who>"}'}
    text = {"InputPathsMap": {"who": "$.detail.who"}, "InputTemplate": '"<who> has it from <aws.events.rule-name>"'}
    whole = {"InputTemplate": '{"all": <aws.events.event.json>, "rule": <aws.events.rule-arn>}'}
    forms = [
        {},
        {"Input": '{"constant": true}'},
        {"InputPath": "$.detail.who"},
        {"InputTransformer": template},
        {"InputTransformer": text},
    ]
    queues = [queue() for _ in range(6)]
    name = rule(on, {"source": ["my.app"]}, *[{"Arn": queue_arn(to), **form} for to, form in zip(queues, forms)])
    other = rule(on, {"source": ["my.app"]}, {"Arn": queue_arn(queues[5]), "InputTransformer": whole})
    put(on, {"n": 3, "who": "Ann"})
    got = [body(to) for to in queues]
    assert json.loads(got[0])["detail"] == {"n": 3, "who": "Ann"}
    assert got[1] == '{"constant": true}'
    assert got[2] == '"Ann"'
    assert json.loads(got[3]) == {"n": 3, "text": "for Ann"}
    assert got[4] == f'"Ann has it from {name}"'
    last = json.loads(got[5])
    assert last["all"]["detail"] == {"n": 3, "who": "Ann"} and last["rule"].endswith(f"rule/{on}/{other}")


def test_a_fifo_queue_gets_events_in_their_group():
    on, to = bus(), queue(".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    rule(on, {"source": ["my.app"]}, {"Arn": queue_arn(to), "SqsParameters": {"MessageGroupId": "g"}})
    put(on, {"n": 1})
    found = message(to)
    assert json.loads(found["Body"])["detail"] == {"n": 1} and found["Attributes"]["MessageGroupId"] == "g"


def test_a_bus_feeds_another_bus_with_the_same_event():
    first, second, to = bus(), bus(), queue()
    target = {"Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{second}", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}
    rule(first, {"source": ["my.app"]}, target)
    rule(second, {"source": ["my.app"]}, {"Arn": queue_arn(to)})
    event_id = put(first, {"n": 1})
    assert json.loads(body(to))["id"] == event_id


def told(function, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            group = f"/aws/lambda/{function}"
            events = LOGS.filter_log_events(logGroupName=group, filterPattern="EVENT")["events"]
            if events:
                return [json.loads(event["message"].removeprefix("EVENT ")) for event in events]
        except LOGS.exceptions.ResourceNotFoundException:
            pass
        time.sleep(0.05)
    return []


def permit(function, source):
    LAMBDA.add_permission(
        FunctionName=function,
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=source,
    )


def test_a_function_runs_once_its_policy_lets_the_rule_in():
    on, function, dead = bus(), python(TELLER), queue()
    target = {"Arn": function_arn(function), "DeadLetterConfig": {"Arn": queue_arn(dead)}}
    name = rule(on, {"source": ["my.app"]}, target)
    put(on, {"n": 1})
    letter = message(dead)
    assert json.loads(letter["Body"])["detail"] == {"n": 1}
    facts = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert facts["RULE_ARN"].endswith(f"rule/{on}/{name}") and facts["TARGET_ARN"] == function_arn(function)
    assert facts["ERROR_CODE"] == "NO_PERMISSIONS" and facts["ERROR_MESSAGE"]
    permit(function, facts["RULE_ARN"])
    put(on, {"n": 2})
    assert [event["detail"] for event in told(function)] == [{"n": 2}]


def test_what_a_deleted_queue_does_not_get_is_a_dead_letter():
    on, gone, dead = bus(), queue(), queue()
    target = {"Arn": queue_arn(gone), "DeadLetterConfig": {"Arn": queue_arn(dead)}}
    rule(on, {"source": ["my.app"]}, target)
    SQS.delete_queue(QueueUrl=gone)
    put(on, {"n": 1})
    letter = message(dead)
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def test_a_hundred_events_arrive_once_each():
    on, to = bus(), queue()
    rule(on, {"source": ["my.app"]}, {"Arn": queue_arn(to), "InputPath": "$.detail.n"})
    for start in range(0, 100, 10):
        entries = [
            {"Source": "my.app", "DetailType": "t", "Detail": json.dumps({"n": number}), "EventBusName": on}
            for number in range(start, start + 10)
        ]
        answer = EVENTS.put_events(Entries=entries)
        assert answer["FailedEntryCount"] == 0 and len({entry["EventId"] for entry in answer["Entries"]}) == 10
    seen, end = [], time.monotonic() + 20
    while len(seen) < 100 and time.monotonic() < end:
        found = SQS.receive_message(QueueUrl=to, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        seen += [int(one["Body"]) for one in found]
        for one in found:
            SQS.delete_message(QueueUrl=to, ReceiptHandle=one["ReceiptHandle"])
    assert sorted(seen) == list(range(100))


def test_each_entry_is_taken_or_refused_on_its_own():
    on = bus()
    good = {"Source": "my.app", "DetailType": "t", "Detail": "{}", "EventBusName": on}
    entries = [good, {**good, "Detail": "{"}, {**good, "Detail": "[]"}, {**good, "Source": "aws.s3"}]
    entries += [{key: value for key, value in good.items() if key != missing} for missing in ["Source", "DetailType", "Detail"]]
    answer = EVENTS.put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 6
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        "MalformedDetail",
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "InvalidArgument",
        "InvalidArgument",
        "InvalidArgument",
    ]
    with refused("ValidationException", 400):
        EVENTS.put_events(Entries=[good] * 11)


def test_an_archive_keeps_what_matches_and_replays_it():
    on, to, other = bus(), queue(), queue()
    name, replay = fresh("arc"), fresh("rep")
    source = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{on}"
    archive = f"arn:aws:events:{REGION}:{ACCOUNT}:archive/{name}"
    pattern = json.dumps({"detail": {"keep": [True]}})
    made = EVENTS.create_archive(ArchiveName=name, EventSourceArn=source, EventPattern=pattern, RetentionDays=1)
    assert made["ArchiveArn"] == archive and made["State"] == "ENABLED"
    with refused("ResourceAlreadyExistsException", 400, f"Archive {name} already exists."):
        EVENTS.create_archive(ArchiveName=name, EventSourceArn=source)
    wanted = rule(on, {"source": ["my.app"]}, {"Arn": queue_arn(to)})
    rule(on, {"source": ["my.app"]}, {"Arn": queue_arn(other)})
    begun = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
    for number in range(3):
        put(on, {"keep": number != 1, "n": number})
    assert sorted(json.loads(body(to))["detail"]["n"] for _ in range(3)) == [0, 1, 2]
    until(lambda: EVENTS.describe_archive(ArchiveName=name)["EventCount"] == 2)
    described = EVENTS.describe_archive(ArchiveName=name)
    assert described["EventSourceArn"] == source and described["RetentionDays"] == 1 and described["SizeBytes"] > 100
    (listed,) = EVENTS.list_archives(EventSourceArn=source)["Archives"]
    assert (listed["ArchiveName"], listed["EventCount"]) == (name, 2)
    ended = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    filters = [EVENTS.describe_rule(Name=wanted, EventBusName=on)["Arn"]]
    started = EVENTS.start_replay(
        ReplayName=replay,
        EventSourceArn=archive,
        EventStartTime=begun,
        EventEndTime=ended,
        Destination={"Arn": source, "FilterArns": filters},
    )
    assert started["State"] == "STARTING" and started["ReplayArn"].endswith(f"replay/{replay}")
    again = [json.loads(body(to)) for _ in range(2)]
    assert sorted(event["detail"]["n"] for event in again) == [0, 2]
    assert {event["replay-name"] for event in again} == {replay}
    until(lambda: EVENTS.describe_replay(ReplayName=replay)["State"] == "COMPLETED")
    assert [one["ReplayName"] for one in EVENTS.list_replays(EventSourceArn=archive)["Replays"]] == [replay]
    for _ in range(3):
        assert "replay-name" not in json.loads(body(other))
    assert body(other, 0) is None and EVENTS.describe_archive(ArchiveName=name)["EventCount"] == 2
    with refused("IllegalStatusException", 400):
        EVENTS.cancel_replay(ReplayName=replay)
    EVENTS.delete_archive(ArchiveName=name)
    with refused("ResourceNotFoundException", 400, f"Archive {name} does not exist."):
        EVENTS.describe_archive(ArchiveName=name)


def test_the_default_bus_is_told_of_objects():
    s3, to, name, bucket = client("s3"), queue(), fresh("objects"), fresh("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["EventBridgeConfiguration"] == {}
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    EVENTS.put_rule(Name=name, EventPattern=json.dumps(pattern))
    EVENTS.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue_arn(to)}])
    s3.put_object(Bucket=bucket, Key="a b/ü.txt", Body=b"12345")
    event = json.loads(body(to))
    assert event["detail-type"] == "Object Created" and event["resources"] == [f"arn:aws:s3:::{bucket}"]
    detail = event["detail"]
    assert detail["object"]["key"] == "a b/ü.txt" and detail["object"]["size"] == 5
    assert detail["object"]["etag"] == "827ccb0eea8a706c4c34a16891f84e7b" and detail["object"]["sequencer"]
    assert detail["reason"] == "PutObject" and detail["version"] == "0" and detail["requester"] == ACCOUNT
    s3.delete_object(Bucket=bucket, Key="a b/ü.txt")
    event = json.loads(body(to))
    assert event["detail-type"] == "Object Deleted"
    assert (event["detail"]["reason"], event["detail"]["deletion-type"]) == ("DeleteObject", "Permanently Deleted")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    EVENTS.remove_targets(Rule=name, Ids=["1"])
    EVENTS.delete_rule(Name=name)


@pytest.mark.parametrize("schedule", ["rate(1 minute)", "cron(* * * * ? *)"])
def test_a_schedule_fires_on_time(schedule):
    to = queue()
    name = fresh("tick")
    made = EVENTS.put_rule(Name=name, ScheduleExpression=schedule)["RuleArn"]
    EVENTS.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue_arn(to)}])
    begun = time.time()
    found = None
    while found is None and time.time() < begun + 65:
        found = message(to, 20)
    came = time.time()
    event = json.loads(found["Body"])
    assert event["detail-type"] == "Scheduled Event" and event["source"] == "aws.events"
    assert event["resources"] == [made] and event["detail"] == {} and event["account"] == ACCOUNT
    due = datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()
    assert 0 <= came - due < 2, (came, event["time"])
    if schedule.startswith("cron"):
        assert event["time"].endswith(":00Z")
    EVENTS.remove_targets(Rule=name, Ids=["1"])
    EVENTS.delete_rule(Name=name)
