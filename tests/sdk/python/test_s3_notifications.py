"""Notifications of S3 with boto3: what changes in a bucket is told to functions and queues."""

import itertools
import json
import os
import time

import pytest

from nought import ACCOUNT, LAMBDA, REGION, arn, client, python, refused

S3 = client("s3")
SQS = client("sqs")
_numbers = itertools.count(1)

SAY = """
import json
def handler(event, context):
    print("EVENT " + json.dumps(event))
"""


def bucket(versions=False):
    name = f"notify-{os.getpid()}-{next(_numbers)}"
    S3.create_bucket(Bucket=name)
    if versions:
        S3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def queue(suffix=""):
    name = f"s3-{os.getpid()}-{next(_numbers)}{suffix}"
    attributes = {"FifoQueue": "true"} if suffix else {}
    url = SQS.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def received(url, count):
    """The bodies of the next messages, in the order in which they come."""
    bodies = []
    for _ in range(50):
        messages = SQS.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        for message in messages:
            SQS.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        bodies += [json.loads(message["Body"]) for message in messages]
        if len(bodies) >= count:
            return bodies
    raise AssertionError(f"{len(bodies)} of {count} messages came")


def configure(name, **configuration):
    S3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=configuration)


def to_queue(queue_arn, *events, rules=(), **more):
    one = {"QueueArn": queue_arn, "Events": [f"s3:{event}" for event in events], **more}
    if rules:
        one["Filter"] = {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in rules]}}
    return one


def allow(function, name, sid="s3"):
    LAMBDA.add_permission(
        FunctionName=function,
        StatementId=sid,
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{name}",
        SourceAccount=ACCOUNT,
    )


def test_a_put_runs_a_function():
    name, function, logs = bucket(), python(SAY), client("logs")
    allow(function, name)
    configure(name, LambdaFunctionConfigurations=[{"LambdaFunctionArn": arn(function), "Events": ["s3:ObjectCreated:*"]}])
    S3.put_object(Bucket=name, Key="red flower.jpg", Body=b"hello")
    for _ in range(200):
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern="EVENT")["events"]
        except logs.exceptions.ResourceNotFoundException:
            events = []
        if events:
            break
        time.sleep(0.1)
    [record] = json.loads(events[0]["message"].split("EVENT ", 1)[1])["Records"]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == name
    assert record["s3"]["object"]["key"] == "red+flower.jpg"


def test_a_queue_is_told_of_every_change():
    name, (url, queue_arn) = bucket(versions=True), queue()
    events = ["ObjectCreated:*", "ObjectRemoved:*", "ObjectTagging:*"]
    configure(name, QueueConfigurations=[to_queue(queue_arn, *events, Id="all")])
    [test] = received(url, 1)
    assert {key: test[key] for key in ("Service", "Event", "Bucket")} == {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Bucket": name,
    }
    put = S3.put_object(Bucket=name, Key="a/ü", Body=b"hello")
    S3.copy_object(Bucket=name, Key="b", CopySource={"Bucket": name, "Key": "a/ü"})
    S3.put_object_tagging(Bucket=name, Key="b", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    S3.delete_object_tagging(Bucket=name, Key="b")
    upload = S3.create_multipart_upload(Bucket=name, Key="c")["UploadId"]
    part = S3.upload_part(Bucket=name, Key="c", UploadId=upload, PartNumber=1, Body=b"part")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    S3.complete_multipart_upload(Bucket=name, Key="c", UploadId=upload, MultipartUpload=parts)
    marker = S3.delete_object(Bucket=name, Key="a/ü")["VersionId"]
    S3.delete_object(Bucket=name, Key="a/ü", VersionId=put["VersionId"])
    records = {record["eventName"]: record for body in received(url, 7) for record in body["Records"]}
    assert set(records) == {
        "ObjectCreated:Put",
        "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
        "ObjectTagging:Put",
        "ObjectTagging:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "ObjectRemoved:Delete",
    }
    record = records["ObjectCreated:Put"]
    assert record["eventVersion"] == "2.1" and record["eventSource"] == "aws:s3" and record["awsRegion"] == REGION
    assert record["s3"]["configurationId"] == "all" and record["s3"]["s3SchemaVersion"] == "1.0"
    assert record["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{name}"
    metadata = put["ResponseMetadata"]["HTTPHeaders"]
    assert record["responseElements"] == {key: metadata[key] for key in ("x-amz-request-id", "x-amz-id-2")}
    stored = record["s3"]["object"]
    assert (stored["key"], stored["size"], stored["versionId"]) == ("a/%C3%BC", 5, put["VersionId"])
    assert stored["eTag"] == put["ETag"].strip('"')
    made = records["ObjectRemoved:DeleteMarkerCreated"]["s3"]["object"]
    assert made["versionId"] == marker
    assert int(stored["sequencer"], 16) < int(made["sequencer"], 16) and len(stored["sequencer"]) == len(made["sequencer"])
    assert records["ObjectTagging:Put"]["eventVersion"] == "2.3"


def test_filters_choose_by_prefix_and_suffix():
    name, (url, queue_arn) = bucket(), queue()
    rules = [("prefix", "in/"), ("suffix", ".jpg")]
    configure(name, QueueConfigurations=[to_queue(queue_arn, "ObjectCreated:Put", rules=rules)])
    for key in ("in/a.png", "out/a.jpg", "in/a.jpg"):
        S3.put_object(Bucket=name, Key=key, Body=b"")
    told = received(url, 2)
    assert [record["s3"]["object"]["key"] for body in told for record in body.get("Records", [])] == ["in/a.jpg"]
    [one] = S3.get_bucket_notification_configuration(Bucket=name)["QueueConfigurations"]
    assert one["Id"] and one["Events"] == ["s3:ObjectCreated:Put"]
    assert one["Filter"]["Key"]["FilterRules"] == [
        {"Name": "Prefix", "Value": "in/"},
        {"Name": "Suffix", "Value": ".jpg"},
    ]
    configure(name)
    assert "QueueConfigurations" not in S3.get_bucket_notification_configuration(Bucket=name)


UNABLE = "Unable to validate the following destination configurations"


@pytest.mark.parametrize(
    "rules, other, text",
    [
        ((), (), "Configurations overlap. Configurations on the same bucket cannot share a common event type."),
        ([("prefix", "a")], [("prefix", "ab")], "Configuration is ambiguously defined."),
        ([("prefix", "a"), ("prefix", "b")], (), "Cannot specify more than one prefix rule in a filter."),
        ([("infix", "a")], (), "filter rule name must be either prefix or suffix"),
    ],
)
def test_what_is_not_clear_is_refused(rules, other, text):
    name, (_, queue_arn) = bucket(), queue()
    with refused("InvalidArgument", 400, text):
        one, two = to_queue(queue_arn, "ObjectCreated:*", rules=rules), to_queue(queue_arn, "ObjectCreated:Put", rules=other)
        configure(name, QueueConfigurations=[one, two])


def test_destinations_are_looked_at():
    name, function = bucket(), python(SAY)
    to_function = {"LambdaFunctionArn": arn(function), "Events": ["s3:ObjectCreated:*"]}
    with refused("InvalidArgument", 400, UNABLE):
        configure(name, LambdaFunctionConfigurations=[to_function])
    with refused("InvalidArgument", 400, UNABLE):
        configure(name, QueueConfigurations=[to_queue(f"arn:aws:sqs:{REGION}:{ACCOUNT}:nothing", "ObjectCreated:*")])
    with refused("InvalidArgument", 400, "The event 's3:Nothing' is not supported for notifications"):
        configure(name, QueueConfigurations=[to_queue(queue()[1], "Nothing")])
    with refused("InvalidArgument", 400, "FIFO SQS queues are not supported."):
        configure(name, QueueConfigurations=[to_queue(queue(".fifo")[1], "ObjectCreated:*")])
    S3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={"LambdaFunctionConfigurations": [to_function]},
        SkipDestinationValidation=True,
    )
    allow(function, name)
    configure(name, LambdaFunctionConfigurations=[to_function])
