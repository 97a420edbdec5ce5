"""SQS with boto3: messages from their send to their end."""

import hashlib
import itertools
import os
import threading
import time

import botocore.exceptions
import pytest

from nought import client

SQS = client("sqs")
_numbers = itertools.count(1)


def make(suffix="", **attributes):
    name = f"q{os.getpid()}-{next(_numbers)}{suffix}"
    return SQS.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def receive(url, **settings):
    return SQS.receive_message(QueueUrl=url, **settings).get("Messages", [])


def arn(url):
    return SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def counts(url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    attributes = SQS.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return [int(attributes[name]) for name in names]


def code(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_a_message_is_received_with_all_that_was_sent_and_deleted():
    url = make()
    sent = SQS.send_message(
        QueueUrl=url,
        MessageBody="hello",
        MessageAttributes={
            "kind.text": {"DataType": "String", "StringValue": "a"},
            "kind.bytes": {"DataType": "Binary.raw", "BinaryValue": b"\x00\xff"},
            "number": {"DataType": "Number", "StringValue": "1.5"},
        },
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}},
    )
    # boto3 compares the digests of bodies; those of attributes are compared here.
    message = receive(url, AttributeNames=["All"], MessageAttributeNames=["kind.*"])[0]
    assert message["Body"] == "hello"
    assert message["MD5OfBody"] == hashlib.md5(b"hello").hexdigest()
    assert set(message["MessageAttributes"]) == {"kind.text", "kind.bytes"}
    assert message["MessageAttributes"]["kind.bytes"]["BinaryValue"] == b"\x00\xff"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["Attributes"]["AWSTraceHeader"].startswith("Root=1-5759e988")
    assert message["MessageId"] == sent["MessageId"]
    assert counts(url) == [0, 1, 0]
    SQS.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert counts(url) == [0, 0, 0]


def test_a_batch_answers_for_each_of_its_entries():
    url = make()
    entries = [{"Id": f"m{number}", "MessageBody": f"body {number}"} for number in range(9)]
    answer = SQS.send_message_batch(QueueUrl=url, Entries=[*entries, {"Id": "bad", "MessageBody": "x", "DelaySeconds": 901}])
    assert [one["Id"] for one in answer["Successful"]] == [one["Id"] for one in entries]
    assert [one["Code"] for one in answer["Failed"]] == ["InvalidParameterValue"]
    messages = receive(url, MaxNumberOfMessages=10)
    assert [one["Body"] for one in messages] == [one["MessageBody"] for one in entries]
    gone = SQS.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]} for number, one in enumerate(messages)]
    )
    assert len(gone["Successful"]) == 9 and "Failed" not in gone
    assert code(SQS.send_message_batch, QueueUrl=url, Entries=[]) == "AWS.SimpleQueueService.EmptyBatchRequest"
    twice = [{"Id": "a", "MessageBody": "x"}] * 2
    assert code(SQS.send_message_batch, QueueUrl=url, Entries=twice) == "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"


def test_a_receive_that_waits_gets_a_message_as_soon_as_it_is_sent():
    url = make()
    threading.Timer(0.5, lambda: SQS.send_message(QueueUrl=url, MessageBody="late")).start()
    began = time.monotonic()
    assert [one["Body"] for one in receive(url, WaitTimeSeconds=10)] == ["late"]
    assert time.monotonic() - began < 3
    began = time.monotonic()
    assert receive(url, WaitTimeSeconds=1) == []
    assert time.monotonic() - began > 0.9


def test_a_message_that_is_let_go_comes_again_at_once_even_to_who_waits():
    url = make()
    SQS.send_message(QueueUrl=url, MessageBody="again")
    handle = receive(url)[0]["ReceiptHandle"]
    threading.Timer(0.3, lambda: SQS.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)).start()
    assert [one["Body"] for one in receive(url, WaitTimeSeconds=10)] == ["again"]


def test_dead_letters_tell_where_they_come_from_and_go_back():
    dead = make()
    url = make(VisibilityTimeout="0", RedrivePolicy='{"deadLetterTargetArn":"%s","maxReceiveCount":"1"}' % arn(dead))
    sent = SQS.send_message(QueueUrl=url, MessageBody="poison")
    assert len(receive(url)) == 1
    assert receive(url) == []
    letter = receive(dead, AttributeNames=["All"], VisibilityTimeout=0)[0]
    assert letter["MessageId"] == sent["MessageId"]
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == arn(url)
    assert SQS.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    SQS.start_message_move_task(SourceArn=arn(dead))
    assert [one["Body"] for one in receive(url, WaitTimeSeconds=10)] == ["poison"]
    task = SQS.list_message_move_tasks(SourceArn=arn(dead))["Results"][0]
    assert task["ApproximateNumberOfMessagesMoved"] == 1


def test_a_fifo_queue_keeps_order_in_a_group_and_takes_nothing_twice():
    url = make(".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    numbers = [SQS.send_message(QueueUrl=url, MessageBody=f"{n}", MessageGroupId="g")["SequenceNumber"] for n in range(5)]
    assert numbers == sorted(numbers) and len(set(numbers)) == 5 and len(numbers[0]) == 20
    again = SQS.send_message(QueueUrl=url, MessageBody="0", MessageGroupId="g")
    assert again["SequenceNumber"] == numbers[0]
    first = receive(url, MaxNumberOfMessages=2)
    assert [one["Body"] for one in first] == ["0", "1"]
    assert receive(url) == []
    for one in first:
        SQS.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    assert [one["Body"] for one in receive(url, MaxNumberOfMessages=10)] == ["2", "3", "4"]


def test_a_message_of_one_mebibyte_is_taken_and_a_longer_one_is_not():
    url = make()
    body = "é" * (1 << 19)
    SQS.send_message(QueueUrl=url, MessageBody=body)
    assert receive(url)[0]["Body"] == body
    assert code(SQS.send_message, QueueUrl=url, MessageBody=body + "x") == "InvalidParameterValue"
    assert code(SQS.send_message, QueueUrl=url, MessageBody="\x01") == "InvalidMessageContents"


def test_queues_are_listed_by_prefix_and_page_by_page():
    prefix = f"list{os.getpid()}-"
    urls = [SQS.create_queue(QueueName=f"{prefix}{number}")["QueueUrl"] for number in range(5)]
    assert SQS.list_queues(QueueNamePrefix=prefix)["QueueUrls"] == urls
    pages = SQS.get_paginator("list_queues").paginate(QueueNamePrefix=prefix, PaginationConfig={"PageSize": 2})
    assert [page["QueueUrls"] for page in pages] == [urls[:2], urls[2:4], urls[4:]]
    SQS.delete_queue(QueueUrl=urls[0])
    assert code(SQS.get_queue_url, QueueName=f"{prefix}0") == "AWS.SimpleQueueService.NonExistentQueue"


def test_attributes_tags_and_permissions_are_kept():
    url = make(VisibilityTimeout="7")
    SQS.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "3", "MaximumMessageSize": "2048"})
    attributes = SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (attributes["VisibilityTimeout"], attributes["DelaySeconds"], attributes["MaximumMessageSize"]) == ("7", "3", "2048")
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert code(SQS.set_queue_attributes, QueueUrl=url, Attributes={"DelaySeconds": "901"}) == "InvalidAttributeValue"
    SQS.tag_queue(QueueUrl=url, Tags={"a": "1", "b": "2"})
    SQS.untag_queue(QueueUrl=url, TagKeys=["a"])
    assert SQS.list_queue_tags(QueueUrl=url)["Tags"] == {"b": "2"}
    SQS.add_permission(QueueUrl=url, Label="other", AWSAccountIds=["111122223333"], Actions=["SendMessage"])
    assert "111122223333" in SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    SQS.remove_permission(QueueUrl=url, Label="other")
    assert "Attributes" not in SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
