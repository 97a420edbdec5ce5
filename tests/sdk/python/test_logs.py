"""CloudWatch Logs: what functions wrote, by group, stream, time and pattern."""

import time
import uuid

import pytest
from nought import client, fail, guest_zip, make, python, refused, succeed, until

LOGS = client("logs")
SAY = "def handler(event, context):\n    print(event['say'])\n"


@pytest.fixture(scope="module")
def spoken():
    name = python(SAY)
    for word in ("one", "two", "three ERROR here"):
        succeed(name, {"say": word})
    group = f"/aws/lambda/{name}"
    until(lambda: len(messages(group)) >= 12)
    return group


def unique():
    return uuid.uuid4().hex[:12]


def messages(group, **filters):
    try:
        pages = LOGS.get_paginator("filter_log_events").paginate(logGroupName=group, **filters)
        return [event["message"] for page in pages for event in page["events"]]
    except LOGS.exceptions.ResourceNotFoundException:
        return []


def test_every_line_is_there_in_order(spoken):
    seen = messages(spoken)
    words = [message.strip() for message in seen if message.strip() in ("one", "two", "three ERROR here")]
    assert words == ["one", "two", "three ERROR here"]
    for kind in ("START", "END", "REPORT"):
        assert sum(message.startswith(kind) for message in seen) == 3


def test_events_have_times_streams_and_ids(spoken):
    events = LOGS.filter_log_events(logGroupName=spoken)["events"]
    now = time.time() * 1000
    assert all(now - 120_000 < event["timestamp"] <= now + 1000 for event in events)
    assert all(event["timestamp"] <= event["ingestionTime"] + 1000 for event in events)
    assert len({event["eventId"] for event in events}) == len(events)
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)


def test_a_pattern_selects(spoken):
    assert [message.strip() for message in messages(spoken, filterPattern="ERROR")] == ["three ERROR here"]
    assert [message.strip() for message in messages(spoken, filterPattern='"ERROR here"')] == ["three ERROR here"]
    assert messages(spoken, filterPattern='"nothing-like-it"') == []
    with refused("InvalidParameterException", 400, "Invalid filter pattern"):
        messages(spoken, filterPattern="not-quoted")


def test_a_range_of_time_selects(spoken):
    now = int(time.time() * 1000)
    assert messages(spoken, startTime=now + 60_000) == []
    assert messages(spoken, endTime=now - 600_000) == []
    assert len(messages(spoken, startTime=now - 600_000, endTime=now + 60_000)) >= 12


def test_pages_join_to_the_whole(spoken):
    whole = messages(spoken)
    assert messages(spoken, PaginationConfig={"PageSize": 2}) == whole


def test_streams_are_described_and_read(spoken):
    streams = LOGS.describe_log_streams(logGroupName=spoken)["logStreams"]
    assert len(streams) >= 1
    stream = streams[0]["logStreamName"]
    assert "[$LATEST]" in stream
    forward = LOGS.get_log_events(logGroupName=spoken, logStreamName=stream, startFromHead=True)
    assert forward["events"][0]["message"].startswith(("INIT_START", "START"))
    assert forward["nextForwardToken"].startswith("f/")
    again = LOGS.get_log_events(
        logGroupName=spoken, logStreamName=stream, startFromHead=True, nextToken=forward["nextForwardToken"]
    )
    assert again["events"] == []
    last = LOGS.get_log_events(logGroupName=spoken, logStreamName=stream, limit=1)["events"]
    assert last[-1]["message"].startswith("REPORT")


def test_groups_are_described_by_prefix(spoken):
    groups = LOGS.describe_log_groups(logGroupNamePrefix=spoken)["logGroups"]
    assert [group["logGroupName"] for group in groups] == [spoken]
    assert groups[0]["arn"].startswith("arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/")
    assert LOGS.describe_log_groups(logGroupNamePrefix="/aws/lambda/not-there")["logGroups"] == []


def test_a_missing_group_or_stream_is_not_found(spoken):
    with refused("ResourceNotFoundException", 400, "The specified log group does not exist."):
        LOGS.filter_log_events(logGroupName="/aws/lambda/missing")
    with refused("ResourceNotFoundException", 400, "The specified log stream does not exist."):
        LOGS.get_log_events(logGroupName=spoken, logStreamName="missing")


def test_an_unknown_stream_is_not_filtered(spoken):
    with refused("ResourceNotFoundException", 400, "The specified log stream does not exist."):
        LOGS.filter_log_events(logGroupName=spoken, logStreamNames=["missing"])


def test_an_error_and_a_log_record_are_one_event_each():
    name = python(
        "import logging\ndef handler(event, context):\n"
        "    logging.getLogger().warning('first\\n  second')\n    raise ValueError('no good')\n"
    )
    fail(name, {})
    group = f"/aws/lambda/{name}"
    until(lambda: any("REPORT" in message for message in messages(group)))
    found = messages(group)
    assert any(message.startswith("[WARNING]") and message.endswith("first\n  second\n") for message in found), found
    error = "[ERROR] ValueError: no good\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n"
    assert any(message.startswith(error) for message in found), found


def test_a_bad_limit_is_refused(spoken):
    with refused("InvalidParameterException", 400):
        LOGS.filter_log_events(logGroupName=spoken, limit=100_001)


def test_the_log_of_an_error_has_its_stack():
    name = make(guest_zip("zip-python"))
    fail(name, {"do": "fail", "message": "m-0815"})
    until(lambda: any("m-0815" in message for message in messages(f"/aws/lambda/{name}")))


def test_a_group_of_ones_own_keeps_what_is_sent_to_it():
    group, now = f"/own/{unique()}", int(time.time() * 1000)
    LOGS.create_log_group(logGroupName=group, tags={"team": "blue"})
    with refused("ResourceAlreadyExistsException", 400, "The specified log group already exists"):
        LOGS.create_log_group(logGroupName=group)
    LOGS.create_log_stream(logGroupName=group, logStreamName="worker/1")
    sent = [{"timestamp": now + step, "message": f"line {step}"} for step in range(3)]
    answer = LOGS.put_log_events(logGroupName=group, logStreamName="worker/1", logEvents=sent)
    assert "rejectedLogEventsInfo" not in answer
    events = LOGS.get_log_events(logGroupName=group, logStreamName="worker/1", startFromHead=True)["events"]
    assert [(event["timestamp"], event["message"]) for event in events] == [
        (now + step, f"line {step}") for step in range(3)
    ]
    assert messages(group, filterPattern="1") == ["line 1"]
    old = [{"timestamp": now - 15 * 24 * 3600 * 1000, "message": "old"}]
    answer = LOGS.put_log_events(logGroupName=group, logStreamName="worker/1", logEvents=old)
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}

    LOGS.put_retention_policy(logGroupName=group, retentionInDays=14)
    with refused("InvalidParameterException", 400):
        LOGS.put_retention_policy(logGroupName=group, retentionInDays=2)
    (found,) = LOGS.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 14 and found["storedBytes"] > 0
    assert LOGS.list_tags_for_resource(resourceArn=found["logGroupArn"])["tags"] == {"team": "blue"}
    LOGS.delete_log_group(logGroupName=group)
    with refused("ResourceNotFoundException", 400, "The specified log group does not exist."):
        LOGS.filter_log_events(logGroupName=group)


def test_a_group_made_before_its_function_has_what_the_function_writes(spoken):
    name = python(SAY)
    group = f"/aws/lambda/{name}"
    LOGS.create_log_group(logGroupName=group)
    LOGS.put_retention_policy(logGroupName=group, retentionInDays=30)
    assert LOGS.describe_log_streams(logGroupName=group)["logStreams"] == []
    succeed(name, {"say": "hello"})
    until(lambda: "hello\n" in messages(group))
    (found,) = LOGS.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 30
