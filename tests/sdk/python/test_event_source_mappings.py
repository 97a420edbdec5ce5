"""Event source mappings with boto3: a queue runs a Python function."""

import itertools
import json
import os
import time

import botocore.exceptions
import pytest
from nought import LAMBDA, client, python, until

SQS, LOGS = client("sqs"), client("logs")
_numbers = itertools.count(1)

# Prints each batch, fails as bodies say, and answers with the messages that it failed with.
TELLER = """
import json

def handler(event, context):
    print("EVENT " + json.dumps(event))
    bodies = [record["body"] for record in event["Records"]]
    if "raise" in bodies:
        raise ValueError("asked to")
    failed = [record["messageId"] for record in event["Records"] if record["body"] == "fail"]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
"""


def queue(suffix="", **attributes):
    name = f"esm{os.getpid()}-{next(_numbers)}{suffix}"
    return SQS.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def arn(url):
    return SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def send(url, *bodies, **more):
    return [SQS.send_message(QueueUrl=url, MessageBody=body, **more)["MessageId"] for body in bodies]


class Told:
    """What a function printed, each event once."""

    def __init__(self, function):
        self.group, self.seen = f"/aws/lambda/{function}", set()

    def next(self):
        try:
            events = LOGS.filter_log_events(logGroupName=self.group, filterPattern="EVENT")["events"]
        except LOGS.exceptions.ResourceNotFoundException:
            return None
        for event in events:
            if event["eventId"] not in self.seen:
                self.seen.add(event["eventId"])
                return json.loads(event["message"].removeprefix("EVENT "))["Records"]
        return None


def told(tells, seconds=10):
    """The next batch that the function was run with; `None` if none comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if records := tells.next():
            return records
        time.sleep(0.05)
    return None


def bodies(records):
    return sorted(record["body"] for record in records)


def left(url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return [int(SQS.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][name]) for name in names]


@pytest.fixture
def teller():
    """A function, and what it tells of its events."""
    function = python(TELLER, Timeout=3)
    return function, Told(function)


def map_to(function, url, **settings):
    created = LAMBDA.create_event_source_mapping(EventSourceArn=arn(url), FunctionName=function, **settings)
    assert created["State"] == "Creating"
    return created["UUID"]


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_message_comes_as_lambda_writes_it_and_is_deleted(teller):
    function, tells = teller
    source = queue()
    map_to(function, source)
    attributes = {"kind": {"DataType": "String", "StringValue": "a"}, "raw": {"DataType": "Binary", "BinaryValue": b"\0"}}
    (sent,) = send(source, "hello", MessageAttributes=attributes)
    (record,) = told(tells)
    assert record["messageId"] == sent and record["body"] == "hello"
    assert record["eventSource"] == "aws:sqs" and record["eventSourceARN"] == arn(source)
    assert record["awsRegion"] == "us-east-1" and record["md5OfBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(record["attributes"])
    assert record["messageAttributes"] == {
        "kind": {"stringValue": "a", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
        "raw": {"binaryValue": "AA==", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
    }
    until(lambda: left(source) == [0, 0])


def test_only_what_the_function_failed_with_comes_back_and_ends_as_a_dead_letter(teller):
    function, tells = teller
    dead = queue()
    policy = json.dumps({"deadLetterTargetArn": arn(dead), "maxReceiveCount": 2})
    source = queue(VisibilityTimeout="3", RedrivePolicy=policy)
    send(source, "good", "fail", "better")
    map_to(function, source, FunctionResponseTypes=["ReportBatchItemFailures"], MaximumBatchingWindowInSeconds=1)
    assert bodies(told(tells)) == ["better", "fail", "good"]
    again = told(tells)
    assert bodies(again) == ["fail"] and again[0]["attributes"]["ApproximateReceiveCount"] == "2"
    until(lambda: left(dead) == [1, 0])
    assert left(source) == [0, 0]


def test_a_batch_that_raises_comes_back_as_a_whole(teller):
    function, tells = teller
    source = queue(VisibilityTimeout="3")
    send(source, "raise", "good")
    uuid = map_to(function, source, MaximumBatchingWindowInSeconds=1)
    assert bodies(told(tells)) == ["good", "raise"]
    assert set(bodies(told(tells))) <= {"good", "raise"}
    LAMBDA.delete_event_source_mapping(UUID=uuid)


def test_a_filter_drops_what_it_does_not_want(teller):
    function, tells = teller
    source = queue()
    pattern = json.dumps({"body": {"kind": ["wanted"]}})
    map_to(function, source, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    send(source, json.dumps({"kind": "other"}), "text", json.dumps({"kind": "wanted"}))
    assert bodies(told(tells)) == ['{"kind": "wanted"}']
    until(lambda: left(source) == [0, 0])


def test_a_window_gathers_a_batch(teller):
    function, tells = teller
    source = queue()
    map_to(function, source, BatchSize=50, MaximumBatchingWindowInSeconds=2)
    for number in range(20):
        send(source, str(number))
    assert len(told(tells)) == 20


def test_a_fifo_group_stays_in_order(teller):
    function, tells = teller
    source = queue(".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    map_to(function, source, BatchSize=2)
    for number in range(6):
        send(source, str(number), MessageGroupId="g")
    seen = []
    while len(seen) < 6:
        records = told(tells)
        assert {record["attributes"]["MessageGroupId"] for record in records} == {"g"}
        seen += [record["body"] for record in records]
    assert sorted(seen) == [str(number) for number in range(6)]


def test_a_mapping_that_is_disabled_stops_at_once_and_goes_on_when_enabled(teller):
    function, tells = teller
    source = queue()
    uuid = map_to(function, source)
    assert LAMBDA.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    assert LAMBDA.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    assert LAMBDA.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
    send(source, "later")
    assert told(tells, seconds=1) is None and left(source) == [1, 0]
    assert LAMBDA.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    assert bodies(told(tells)) == ["later"]
    assert LAMBDA.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    assert refusal(LAMBDA.get_event_source_mapping, UUID=uuid)[0] == "ResourceNotFoundException"


def test_mappings_are_listed_by_source_and_by_function(teller):
    function, _ = teller
    sources = [queue(), queue()]
    uuids = sorted(map_to(function, source) for source in sources)
    listed = LAMBDA.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    assert [mapping["UUID"] for mapping in listed] == uuids
    first = LAMBDA.list_event_source_mappings(FunctionName=function, MaxItems=1)
    rest = LAMBDA.list_event_source_mappings(FunctionName=function, Marker=first["NextMarker"])
    assert [one["EventSourceMappings"][0]["UUID"] for one in (first, rest)] == uuids
    (one,) = LAMBDA.list_event_source_mappings(EventSourceArn=arn(sources[0]))["EventSourceMappings"]
    assert one["BatchSize"] == 10 and one["State"] == "Enabled" and one["StateTransitionReason"] == "USER_INITIATED"


def test_what_cannot_be_is_refused_in_lambdas_words(teller):
    function, _ = teller
    source, hasty = queue(), queue(VisibilityTimeout="1")
    uuid = map_to(function, source)
    invalid = "InvalidParameterValueException"
    twice = f'An event source mapping with SQS arn (" {arn(source)} ") and function (" {function} ") already exists. '
    twice += f"Please update or delete the existing mapping with UUID {uuid}"
    short = "Queue visibility timeout: 1 seconds is less than Function timeout: 3 seconds"
    window = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    cases = [
        ({}, ("ResourceConflictException", twice)),
        ({"EventSourceArn": arn(hasty)}, (invalid, short)),
        ({"BatchSize": 11}, (invalid, window)),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, (invalid, "Invalid filter pattern definition.")),
    ]
    for changes, wanted in cases:
        arguments = {"EventSourceArn": arn(source), "FunctionName": function, **changes}
        assert refusal(LAMBDA.create_event_source_mapping, **arguments) == wanted, changes
    gone = {"EventSourceArn": arn(source) + "-absent", "FunctionName": function}
    code, text = refusal(LAMBDA.create_event_source_mapping, **gone)
    assert code == invalid and "AWS.SimpleQueueService.NonExistentQueue" in text
