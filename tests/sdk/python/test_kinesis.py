"""Data streams with boto3."""

import base64
import itertools
import json
import os
import time

import botocore.exceptions
import pytest
from nought import LAMBDA, ROLE, client, events_of, python, until

KINESIS = client("kinesis")
_numbers = itertools.count(1)

TELLER = """
import json

def handler(event, context):
    print("EVENT " + json.dumps(event))
"""


def stream(shards=1, **settings):
    name = f"stream{os.getpid()}-{next(_numbers)}"
    KINESIS.create_stream(StreamName=name, ShardCount=shards, **settings)
    KINESIS.get_waiter("stream_exists").wait(StreamName=name)
    return name


def arn(name):
    return KINESIS.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def put(name, *keys):
    return [KINESIS.put_record(StreamName=name, PartitionKey=key, Data=key.encode()) for key in keys]


def read(name, shard, kind="TRIM_HORIZON", **more):
    """The records of a shard, and what its last page said."""
    at = KINESIS.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType=kind, **more)
    iterator, found = at["ShardIterator"], []
    while True:
        page = KINESIS.get_records(ShardIterator=iterator)
        found += page["Records"]
        iterator = page.get("NextShardIterator")
        if not iterator or not page["Records"]:
            return found, page


def shards(name):
    return KINESIS.list_shards(StreamName=name)["Shards"]


def told(function):
    return [record for event in events_of(function) for record in event["Records"]]


def data(records):
    return [base64.b64decode(record["kinesis"]["data"]).decode() for record in records]


def test_records_are_read_in_the_order_in_which_they_were_put():
    name = stream()
    sent = [one["SequenceNumber"] for one in put(name, "a", "b", "c")]
    many = KINESIS.put_records(
        StreamName=name, Records=[{"PartitionKey": "x", "Data": str(number)} for number in range(50)]
    )
    assert many["FailedRecordCount"] == 0 and len({one["SequenceNumber"] for one in many["Records"]}) == 50
    found, page = read(name, "shardId-000000000000")
    assert [record["Data"] for record in found[:3]] == [b"a", b"b", b"c"]
    assert [record["SequenceNumber"] for record in found[:3]] == sent and len(found) == 53
    assert page["MillisBehindLatest"] == 0
    later, _ = read(name, "shardId-000000000000", "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=sent[1])
    assert len(later) == 51
    since, _ = read(name, "shardId-000000000000", "AT_TIMESTAMP", Timestamp=found[0]["ApproximateArrivalTimestamp"])
    assert len(since) == 53
    assert read(name, "shardId-000000000000", "LATEST")[0] == []


def test_a_shard_is_split_and_merged():
    name = stream()
    put(name, "before")
    half = str(2**127)
    KINESIS.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=half)
    found, page = read(name, "shardId-000000000000")
    assert len(found) == 1 and len(page["ChildShards"]) == 2
    assert [shard.get("ParentShardId") for shard in shards(name)] == [None] + ["shardId-000000000000"] * 2
    KINESIS.merge_shards(
        StreamName=name, ShardToMerge="shardId-000000000001", AdjacentShardToMerge="shardId-000000000002"
    )
    assert put(name, "after")[0]["ShardId"] == "shardId-000000000003"
    KINESIS.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    open_shards = [shard for shard in shards(name) if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    assert [shard["HashKeyRange"]["StartingHashKey"] for shard in open_shards] == ["0", half]


def test_what_is_not_there_is_refused():
    with pytest.raises(KINESIS.exceptions.ResourceNotFoundException) as caught:
        KINESIS.describe_stream(StreamName="gone")
    assert caught.value.response["Error"]["Message"] == "Stream gone under account 000000000000 not found."
    name = stream()
    with pytest.raises(KINESIS.exceptions.ResourceInUseException):
        KINESIS.create_stream(StreamName=name, ShardCount=1)
    KINESIS.delete_stream(StreamName=name)
    KINESIS.get_waiter("stream_not_exists").wait(StreamName=name)


def test_records_run_a_function_with_the_event_of_lambda():
    name = stream(2)
    put(name, "a")
    function = python(TELLER)
    made = LAMBDA.create_event_source_mapping(
        EventSourceArn=arn(name), FunctionName=function, StartingPosition="TRIM_HORIZON", BatchSize=10
    )
    assert made["EventSourceArn"] == arn(name) and made["BatchSize"] == 10
    (record,) = until(lambda: told(function))
    assert record["eventSource"] == "aws:kinesis" and record["eventName"] == "aws:kinesis:record"
    assert record["eventSourceARN"] == arn(name) and record["invokeIdentityArn"] == ROLE
    assert record["eventVersion"] == "1.0" and record["awsRegion"] == "us-east-1"
    kinesis = record["kinesis"]
    assert record["eventID"] in {f"shardId-00000000000{shard}:{kinesis['sequenceNumber']}" for shard in (0, 1)}
    assert (kinesis["kinesisSchemaVersion"], kinesis["partitionKey"], kinesis["data"]) == ("1.0", "a", "YQ==")
    assert abs(kinesis["approximateArrivalTimestamp"] - time.time()) < 60
    KINESIS.update_shard_count(StreamName=name, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    put(name, *(f"k{number}" for number in range(20)))
    until(lambda: len(told(function)) == 21)
    assert set(data(told(function))) == {"a"} | {f"k{number}" for number in range(20)}


def test_a_mapping_filters_data_and_begins_at_a_time():
    name = stream()
    put(name, "early")
    time.sleep(0.01)
    begin = time.time()
    for kind in ("wanted", "other", "wanted"):
        KINESIS.put_record(StreamName=name, PartitionKey="k", Data=json.dumps({"kind": kind}))
    function = python(TELLER)
    made = LAMBDA.create_event_source_mapping(
        EventSourceArn=arn(name),
        FunctionName=function,
        StartingPosition="AT_TIMESTAMP",
        StartingPositionTimestamp=begin,
        FilterCriteria={"Filters": [{"Pattern": json.dumps({"data": {"kind": ["wanted"]}})}]},
    )
    assert made["StartingPosition"] == "AT_TIMESTAMP"
    until(lambda: len(told(function)) == 2)
    assert [json.loads(one) for one in data(told(function))] == [{"kind": "wanted"}] * 2


def test_a_mapping_needs_a_position():
    name, function = stream(), python(TELLER)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        LAMBDA.create_event_source_mapping(EventSourceArn=arn(name), FunctionName=function)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert "startingPosition" in caught.value.response["Error"]["Message"]
