"""Streams of tables with boto3: read as they are, and with functions that they run."""

import itertools
import json
import os
import time

import botocore.exceptions
import pytest
from nought import LAMBDA, client, events_of, python, until

TABLES, STREAMS, SQS = client("dynamodb"), client("dynamodbstreams"), client("sqs")
_numbers = itertools.count(1)

# Prints each batch, fails as keys say, and answers with the records that it failed with.
TELLER = """
import json

def handler(event, context):
    print("EVENT " + json.dumps(event))
    keys = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    if "raise" in keys:
        raise ValueError("asked to")
    failed = [record for record in event["Records"] if record["dynamodb"]["Keys"]["id"]["S"] == "fail"]
    return {"batchItemFailures": [{"itemIdentifier": one["dynamodb"]["SequenceNumber"]} for one in failed]}
"""


def table(view="NEW_AND_OLD_IMAGES"):
    """A table with a stream: its name, and the stream's ARN."""
    name = f"streamed{os.getpid()}-{next(_numbers)}"
    made = TABLES.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
    )["TableDescription"]
    TABLES.get_waiter("table_exists").wait(TableName=name)
    return name, made["LatestStreamArn"]


def put(name, *keys, **more):
    for key in keys:
        TABLES.put_item(TableName=name, Item={"id": {"S": key}, **more})


def records(arn, kind="TRIM_HORIZON", **more):
    """All records of all shards."""
    found = []
    for shard in STREAMS.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        at = STREAMS.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType=kind, **more)
        iterator = at["ShardIterator"]
        while iterator:
            page = STREAMS.get_records(ShardIterator=iterator)
            found += page["Records"]
            iterator = page.get("NextShardIterator") if page["Records"] else None
    return found


def keys(events):
    return [record["dynamodb"]["Keys"]["id"]["S"] for event in events for record in event["Records"]]


def map_to(function, arn, **settings):
    settings = {"StartingPosition": "TRIM_HORIZON", **settings}
    return LAMBDA.create_event_source_mapping(EventSourceArn=arn, FunctionName=function, **settings)


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_changes_are_told_in_their_order_with_both_images():
    name, arn = table()
    put(name, "a", n={"N": "1"})
    put(name, "a", n={"N": "2"})
    TABLES.delete_item(TableName=name, Key={"id": {"S": "a"}})
    TABLES.transact_write_items(
        TransactItems=[{"Put": {"TableName": name, "Item": {"id": {"S": one}}}} for one in ("b", "c")]
    )
    found = records(arn)
    assert [record["eventName"] for record in found] == ["INSERT", "MODIFY", "REMOVE", "INSERT", "INSERT"]
    modified = found[1]["dynamodb"]
    assert (modified["OldImage"]["n"], modified["NewImage"]["n"]) == ({"N": "1"}, {"N": "2"})
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in found]
    assert numbers == sorted(set(numbers))
    assert found[0]["awsRegion"] == "us-east-1" and found[0]["eventSource"] == "aws:dynamodb"
    later = records(arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=found[2]["dynamodb"]["SequenceNumber"])
    assert len(later) == 2
    assert records(arn, "LATEST") == []


def test_an_item_that_was_due_is_removed_by_the_service():
    name, arn = table()
    TABLES.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    put(name, "old", until={"N": str(int(time.time()) - 10)})
    removed = until(lambda: [record for record in records(arn) if record["eventName"] == "REMOVE"])
    assert removed[0]["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}


def test_a_stream_is_listed_described_and_switched_off():
    name, arn = table("KEYS_ONLY")
    assert [stream["StreamArn"] for stream in STREAMS.list_streams(TableName=name)["Streams"]] == [arn]
    updated = TABLES.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
    assert "StreamSpecification" not in updated["TableDescription"]
    described = STREAMS.describe_stream(StreamArn=arn)["StreamDescription"]
    assert described["StreamStatus"] == "DISABLED" and described["TableName"] == name
    assert "EndingSequenceNumber" in described["Shards"][0]["SequenceNumberRange"]
    spec = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    again = TABLES.update_table(TableName=name, StreamSpecification=spec)["TableDescription"]
    assert again["LatestStreamArn"] != arn and again["StreamSpecification"] == spec
    assert len(STREAMS.list_streams(TableName=name)["Streams"]) == 2


def test_what_is_not_there_is_refused():
    _, arn = table()
    gone = arn.rsplit("/", 1)[0] + "/2001-01-01T00:00:00.000"
    code, text = refusal(STREAMS.describe_stream, StreamArn=gone)
    assert (code, text) == ("ResourceNotFoundException", f"Requested resource not found: Stream: {gone} not found")
    code, _ = refusal(STREAMS.get_records, ShardIterator="nothing")
    assert code == "ValidationException"
    code, text = refusal(LAMBDA.create_event_source_mapping, EventSourceArn=gone, FunctionName=python(TELLER), StartingPosition="LATEST")
    assert (code, text) == ("InvalidParameterValueException", f"Stream not found: {gone}")


def test_a_change_runs_a_function_with_the_event_of_lambda():
    name, arn = table()
    function = python(TELLER)
    made = map_to(function, arn)
    assert (made["BatchSize"], made["MaximumRetryAttempts"], made["ParallelizationFactor"]) == (100, -1, 1)
    assert made["StartingPosition"] == "TRIM_HORIZON" and made["State"] == "Creating"
    put(name, "a", n={"N": "1"})
    (event,) = until(lambda: events_of(function))
    (record,) = event["Records"]
    assert set(record) == {
        "eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb", "eventSourceARN",
    }
    assert (record["eventName"], record["eventVersion"], record["eventSourceARN"]) == ("INSERT", "1.1", arn)
    change = record["dynamodb"]
    assert change["NewImage"] == {"id": {"S": "a"}, "n": {"N": "1"}} and "OldImage" not in change
    assert (change["SizeBytes"], change["StreamViewType"]) == (9, "NEW_AND_OLD_IMAGES")
    assert isinstance(change["ApproximateCreationDateTime"], int)
    for number in range(20):
        put(name, f"k{number}")
    until(lambda: len(keys(events_of(function))) == 21)
    assert keys(events_of(function)) == ["a"] + [f"k{number}" for number in range(20)]


def test_a_filter_and_a_position_decide_what_comes():
    name, arn = table()
    put(name, "before")
    function = python(TELLER)
    pattern = json.dumps({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["wanted"]}}}})
    map_to(function, arn, StartingPosition="LATEST", FilterCriteria={"Filters": [{"Pattern": pattern}]})
    put(name, "a", kind={"S": "wanted"})
    put(name, "b", kind={"S": "other"})
    put(name, "c", kind={"S": "wanted"})
    until(lambda: "c" in keys(events_of(function)))
    assert keys(events_of(function)) == ["a", "c"]


def test_what_the_function_fails_with_is_found_given_up_and_told_of():
    name, arn = table()
    url = SQS.create_queue(QueueName=f"lost{os.getpid()}-{next(_numbers)}")["QueueUrl"]
    lost = SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    function = python(TELLER)
    put(name, "good", "raise", "better")
    map_to(
        function,
        arn,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": lost}},
    )
    (message,) = until(lambda: SQS.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"), 40)
    document = json.loads(message["Body"])
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["requestContext"]["approximateInvokeCount"] == 2
    assert document["responseContext"] == {
        "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
    }
    batch = document["DDBStreamBatchInfo"]
    assert batch["batchSize"] == 1 and batch["streamArn"] == arn
    assert batch["startSequenceNumber"] == batch["endSequenceNumber"]
    until(lambda: "better" in [one for event in events_of(function) if len(event["Records"]) == 1 for one in keys([event])])


def test_a_partial_answer_goes_on_with_what_failed():
    name, arn = table()
    function = python(TELLER)
    put(name, "one", "fail", "two")
    made = map_to(function, arn, FunctionResponseTypes=["ReportBatchItemFailures"], MaximumRetryAttempts=1)
    assert made["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    until(lambda: len(events_of(function)) >= 2)
    assert keys(events_of(function)[:1]) == ["one", "fail", "two"] and keys(events_of(function)[1:2]) == ["fail", "two"]
