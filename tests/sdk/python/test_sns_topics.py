"""SNS with boto3: topics, subscriptions, and what subscribers are told."""

import itertools
import json
import os
import time

import botocore.exceptions
import pytest

from nought import ACCOUNT, REGION, client

SNS = client("sns")
SQS = client("sqs")
_numbers = itertools.count(1)


def name(suffix=""):
    return f"t{os.getpid()}-{next(_numbers)}{suffix}"


def topic(suffix="", **attributes):
    if suffix == ".fifo":
        attributes["FifoTopic"] = "true"
    return SNS.create_topic(Name=name(suffix), Attributes=attributes)["TopicArn"]


def queue(suffix="", **attributes):
    if suffix == ".fifo":
        attributes["FifoQueue"] = "true"
    url = SQS.create_queue(QueueName=name(suffix), Attributes=attributes)["QueueUrl"]
    return url, SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def subscribe(topic_arn, queue_arn, **attributes):
    subscribed = SNS.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, Attributes=attributes)
    return subscribed["SubscriptionArn"]


def receive(url, count=1, seconds=10):
    """As many messages as are wanted, each deleted."""
    got, end = [], time.monotonic() + seconds
    while len(got) < count and time.monotonic() < end:
        answer = SQS.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["All"], MessageAttributeNames=["All"]
        )
        for message in answer.get("Messages", []):
            got.append(message)
            SQS.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return got


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_topic_is_made_once_and_shown():
    called = name()
    arn = SNS.create_topic(Name=called, Attributes={"DisplayName": "Shown"}, Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
    assert arn == f"arn:aws:sns:{REGION}:{ACCOUNT}:{called}"
    assert SNS.create_topic(Name=called, Attributes={"DisplayName": "Shown"})["TopicArn"] == arn
    assert refusal(SNS.create_topic, Name=called, Attributes={"DisplayName": "Other"}) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
    )
    assert refusal(SNS.create_topic, Name=called, Tags=[{"Key": "a", "Value": "c"}]) == (
        "InvalidParameter",
        "Invalid parameter: Tags Reason: Topic already exists with different tags",
    )
    attributes = SNS.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert attributes["DisplayName"] == "Shown" and attributes["Owner"] == ACCOUNT
    assert attributes["SubscriptionsConfirmed"] == "0"
    policy = json.loads(attributes["Policy"])
    assert policy["Statement"][0]["Resource"] == arn
    assert json.loads(attributes["EffectiveDeliveryPolicy"])["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 3
    SNS.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="New")
    assert SNS.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "New"
    assert arn in [one["TopicArn"] for page in SNS.get_paginator("list_topics").paginate() for one in page["Topics"]]
    SNS.delete_topic(TopicArn=arn)
    SNS.delete_topic(TopicArn=arn)
    assert refusal(SNS.get_topic_attributes, TopicArn=arn) == ("NotFound", "Topic does not exist")


def test_names_and_attributes_that_are_none_are_refused():
    for called, attributes, text in [
        ("a b", {}, "Invalid parameter: Topic Name"),
        ("a.fifo", {}, "Invalid parameter: Topic Name"),
        ("x" * 257, {}, "Invalid parameter: Topic Name"),
        ("a", {"Nonsense": "1"}, "Invalid parameter: Attributes Reason: Unknown attribute Nonsense"),
        (
            "a",
            {"ContentBasedDeduplication": "true"},
            "Invalid parameter: Attributes Reason: Unknown attribute ContentBasedDeduplication",
        ),
    ]:
        assert refusal(SNS.create_topic, Name=called, Attributes=attributes) == ("InvalidParameter", text)
    code, text = refusal(SNS.create_topic, Name="a", Attributes={"FifoTopic": "true"})
    assert code == "InvalidParameter" and text.startswith("Fifo Topic names must end with .fifo")
    arn = topic()
    assert refusal(SNS.set_topic_attributes, TopicArn=arn, AttributeName="Nonsense", AttributeValue="1") == (
        "InvalidParameter",
        "Invalid parameter: AttributeName",
    )
    assert refusal(SNS.get_topic_attributes, TopicArn="x") == (
        "InvalidParameter",
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
    )


def test_tags_and_permissions():
    arn = topic()
    SNS.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    SNS.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert SNS.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert refusal(SNS.list_tags_for_resource, ResourceArn=arn + "-none")[0] == "ResourceNotFound"
    SNS.add_permission(TopicArn=arn, Label="l", AWSAccountId=["111122223333"], ActionName=["Publish"])
    statement = json.loads(SNS.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])["Statement"][-1]
    assert statement == {
        "Sid": "l",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "SNS:Publish",
        "Resource": arn,
    }
    again = {"TopicArn": arn, "Label": "l", "AWSAccountId": ["111122223333"], "ActionName": ["Publish"]}
    assert refusal(SNS.add_permission, **again)[0] == "InvalidParameter"
    SNS.remove_permission(TopicArn=arn, Label="l")
    assert len(json.loads(SNS.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])["Statement"]) == 1


def test_subscriptions_are_listed_set_and_ended():
    arn, (_, queue_arn) = topic(), queue()
    subscription = subscribe(arn, queue_arn)
    assert subscription.startswith(arn + ":") and len(subscription.rsplit(":", 1)[1]) == 36
    assert subscribe(arn, queue_arn) == subscription
    assert refusal(
        SNS.subscribe, TopicArn=arn, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"}
    ) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
    )
    listed = SNS.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert listed == [
        {"SubscriptionArn": subscription, "Owner": ACCOUNT, "Protocol": "sqs", "Endpoint": queue_arn, "TopicArn": arn}
    ]
    pages = SNS.get_paginator("list_subscriptions").paginate()
    assert subscription in [one["SubscriptionArn"] for page in pages for one in page["Subscriptions"]]
    SNS.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue='{"kind": ["a"]}'
    )
    attributes = SNS.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert attributes["FilterPolicy"] == '{"kind": ["a"]}' and attributes["FilterPolicyScope"] == "MessageAttributes"
    assert attributes["PendingConfirmation"] == "false" and attributes["RawMessageDelivery"] == "false"
    assert SNS.get_topic_attributes(TopicArn=arn)["Attributes"]["SubscriptionsConfirmed"] == "1"
    SNS.unsubscribe(SubscriptionArn=subscription)
    SNS.unsubscribe(SubscriptionArn=subscription)
    assert SNS.get_topic_attributes(TopicArn=arn)["Attributes"]["SubscriptionsDeleted"] == "1"
    assert refusal(SNS.get_subscription_attributes, SubscriptionArn=subscription) == (
        "NotFound",
        "Subscription does not exist",
    )


def test_subscriptions_that_cannot_be_are_refused():
    arn, (_, queue_arn), (_, fifo_arn) = topic(), queue(), queue(".fifo")
    for protocol, endpoint, text in [
        ("nonsense", "x", "Invalid parameter: Amazon SNS does not support this protocol string: nonsense"),
        ("http", "https://x", "Invalid parameter: Endpoint must match the specified protocol"),
        ("sqs", "x", "Invalid parameter: SQS endpoint ARN"),
        ("lambda", "x", "Invalid parameter: Lambda endpoint ARN"),
        (
            "sqs",
            fifo_arn,
            "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
        ),
    ]:
        assert refusal(SNS.subscribe, TopicArn=arn, Protocol=protocol, Endpoint=endpoint) == ("InvalidParameter", text)
    for protocol in ["email", "sms", "application"]:
        assert refusal(SNS.subscribe, TopicArn=arn, Protocol=protocol, Endpoint="x")[0] == "NotImplementedException"
    assert refusal(SNS.subscribe, TopicArn=arn + "-none", Protocol="sqs", Endpoint=queue_arn)[0] == "NotFound"
    prefix = "Invalid parameter: Attributes Reason: "
    for attributes, text in [
        ({"RawMessageDelivery": "maybe"}, "RawMessageDelivery: Invalid value [maybe]. Must be true or false."),
        ({"FilterPolicy": "{"}, "FilterPolicy: failed to parse JSON."),
        (
            {"FilterPolicy": '{"a": {"b": ["c"]}}'},
            "FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy",
        ),
        (
            {"FilterPolicyScope": "Nonsense"},
            "FilterPolicyScope: Invalid value [Nonsense]. Please use either MessageBody or MessageAttributes",
        ),
        ({"RedrivePolicy": '{"deadLetterTargetArn": "x"}'}, "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
        (
            {"RedrivePolicy": '{"maxReceiveCount": 1}'},
            "RedrivePolicy: invalid JSON. Attribute maxReceiveCount is unknown.",
        ),
    ]:
        given = {"TopicArn": arn, "Protocol": "sqs", "Endpoint": queue_arn, "Attributes": attributes}
        assert refusal(SNS.subscribe, **given) == ("InvalidParameter", prefix + text)


def test_a_queue_is_told_in_an_envelope_or_raw():
    arn, (url, queue_arn), (raw_url, raw_arn) = topic(), queue(), queue()
    subscription = subscribe(arn, queue_arn)
    subscribe(arn, raw_arn, RawMessageDelivery="true")
    published = SNS.publish(
        TopicArn=arn,
        Message="hello",
        Subject="greeting",
        MessageAttributes={
            "kind": {"DataType": "String", "StringValue": "a"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        },
    )
    envelope = json.loads(receive(url)[0]["Body"])
    signature = envelope.pop("Signature")
    assert len(signature) > 300
    assert envelope.pop("SigningCertURL").endswith(".pem") and envelope.pop("Timestamp").endswith("Z")
    assert envelope.pop("UnsubscribeURL").endswith("Action=Unsubscribe&SubscriptionArn=" + subscription.replace(":", "%3A"))
    assert envelope == {
        "Type": "Notification",
        "MessageId": published["MessageId"],
        "TopicArn": arn,
        "Subject": "greeting",
        "Message": "hello",
        "SignatureVersion": "1",
        "MessageAttributes": {
            "kind": {"Type": "String", "Value": "a"},
            "bytes": {"Type": "Binary", "Value": "AP8="},
        },
    }
    raw = receive(raw_url)[0]
    assert raw["Body"] == "hello"
    assert raw["MessageAttributes"]["kind"] == {"DataType": "String", "StringValue": "a"}
    assert raw["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\xff"


def test_messages_can_differ_by_protocol():
    arn, (url, queue_arn) = topic(), queue()
    subscribe(arn, queue_arn, RawMessageDelivery="true")
    bodies = {"default": "for all", "sqs": "for queues", "lambda": "for functions"}
    SNS.publish(TopicArn=arn, Message=json.dumps(bodies), MessageStructure="json")
    assert receive(url)[0]["Body"] == "for queues"
    for message, text in [
        ("{", "Invalid parameter: Message Structure - JSON message body failed to parse"),
        ('{"sqs": "a"}', "Invalid parameter: Message Structure - No default entry in JSON message body"),
    ]:
        assert refusal(SNS.publish, TopicArn=arn, Message=message, MessageStructure="json")[1] == text


def test_filters_choose_by_attributes_and_by_body():
    arn, (url, queue_arn), (body_url, body_arn) = topic(), queue(), queue()
    subscribe(arn, queue_arn, RawMessageDelivery="true", FilterPolicy='{"kind": ["a"], "size": [{"numeric": [">", 5]}]}')
    subscribe(
        arn,
        body_arn,
        RawMessageDelivery="true",
        FilterPolicyScope="MessageBody",
        FilterPolicy='{"order": {"state": [{"prefix": "pa"}]}}',
    )
    for kind, size, state in [("a", 4, "new"), ("a", 6, "paid"), ("b", 9, "past")]:
        SNS.publish(
            TopicArn=arn,
            Message=json.dumps({"order": {"state": state}, "size": size}),
            MessageAttributes={
                "kind": {"DataType": "String", "StringValue": kind},
                "size": {"DataType": "Number", "StringValue": str(size)},
            },
        )
    assert [json.loads(message["Body"])["size"] for message in receive(url, 2, 3)] == [6]
    assert sorted(json.loads(message["Body"])["size"] for message in receive(body_url, 3, 3)) == [6, 9]


def test_messages_that_cannot_be_are_refused():
    arn = topic()
    for arguments, code, text in [
        ({"Message": ""}, "InvalidParameter", "Invalid parameter: Empty message"),
        ({"Message": "x" * 262145}, "InvalidParameter", "Invalid parameter: Message too long"),
        ({"Message": "x", "Subject": ""}, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Message": "x", "Subject": "x" * 101}, "InvalidParameter", "Invalid parameter: Subject"),
        (
            {"Message": "x", "MessageAttributes": {"a": {"DataType": "Text", "StringValue": "b"}}},
            "ParameterValueInvalid",
            "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
        ),
        (
            {"Message": "x", "MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}},
            "ParameterValueInvalid",
            "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.",
        ),
    ]:
        assert refusal(SNS.publish, TopicArn=arn, **arguments) == (code, text)
    assert refusal(SNS.publish, TopicArn=arn + "-none", Message="x") == ("NotFound", "Topic does not exist")
    assert refusal(SNS.publish, Message="x")[0] == "InvalidParameter"
    assert refusal(SNS.publish, PhoneNumber="+1555", Message="x")[0] == "NotImplementedException"
    assert refusal(SNS.create_platform_application, Name="a", Platform="GCM", Attributes={})[0] == (
        "NotImplementedException"
    )


def test_a_batch_is_published_entry_by_entry():
    arn, (url, queue_arn) = topic(), queue()
    subscribe(arn, queue_arn, RawMessageDelivery="true")
    entries = [{"Id": "a", "Message": "1"}, {"Id": "b", "Message": ""}, {"Id": "c", "Message": "3"}]
    answer = SNS.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["a", "c"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]] == [("b", "InvalidParameter", True)]
    assert sorted(message["Body"] for message in receive(url, 2)) == ["1", "3"]
    many = [{"Id": str(number), "Message": "x"} for number in range(11)]
    for entries, code in [
        ([], "EmptyBatchRequest"),
        (many, "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "Message": "x"}] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "Message": "x"}], "InvalidBatchEntryId"),
        ([{"Id": str(n), "Message": "x" * 140000} for n in range(2)], "BatchRequestTooLong"),
    ]:
        assert refusal(SNS.publish_batch, TopicArn=arn, PublishBatchRequestEntries=entries)[0] == code


def test_a_fifo_topic_keeps_order_and_takes_each_message_once():
    arn, (url, queue_arn) = topic(".fifo"), queue(".fifo")
    subscribe(arn, queue_arn)
    assert refusal(SNS.publish, TopicArn=arn, Message="x") == (
        "InvalidParameter",
        "Invalid parameter: The MessageGroupId parameter is required for FIFO topics",
    )
    assert refusal(SNS.publish, TopicArn=arn, Message="x", MessageGroupId="g") == (
        "InvalidParameter",
        "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    )
    numbers = []
    for number in range(20):
        sent = {"TopicArn": arn, "Message": str(number), "MessageGroupId": "g", "MessageDeduplicationId": str(number)}
        published = SNS.publish(**sent)
        assert SNS.publish(**sent)["SequenceNumber"] == published["SequenceNumber"]
        numbers.append(published["SequenceNumber"])
    assert numbers == sorted(numbers) and len(numbers[0]) == 20
    got = receive(url, 20)
    envelopes = [json.loads(message["Body"]) for message in got]
    assert [envelope["Message"] for envelope in envelopes] == [str(number) for number in range(20)]
    assert [envelope["SequenceNumber"] for envelope in envelopes] == numbers
    assert got[0]["Attributes"]["MessageGroupId"] == "g" and got[3]["Attributes"]["MessageDeduplicationId"] == "3"


def test_what_a_queue_does_not_get_is_a_dead_letter():
    arn, (dead_url, dead_arn), (url, queue_arn) = topic(), queue(), queue()
    subscribe(arn, queue_arn, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn}), RawMessageDelivery="true")
    SQS.delete_queue(QueueUrl=url)
    SNS.publish(TopicArn=arn, Message="lost")
    assert receive(dead_url)[0]["Body"] == "lost"
